"""How the entries of a gradient are judged: right or not by two witnesses, then by which cause.

Where their cost can be called and is one of the table, it is the truth, with its factor. Where it
can be called and is none of the table, differences of it are; but if every entry is that of a usual
cost, it is that which is meant, and theirs is what they print. Where there is none, the usual costs
of that output are tried, and the scale is their convention: one factor, the same in all entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from chainrule.checking.diagnosis import Diagnosis, diagnose
from chainrule.checking.verdicts import Verdict
from chainrule.costs import COSTS
from chainrule.errors import ChainruleError
from chainrule.network import Network
from chainrule.solutions import by_differences, causes, scales
from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.known import Ground, Truth
from chainrule.solutions.reading import Array, Probe, Reading
from chainrule.solutions.witness import TOLERANCE, Witness, tolerance

BELOW = 1e-12
"""Part of the largest entry of a whole gradient below which what differs is rounding."""

BASES = {
    "softmax": ("categorical_cross_entropy", "squared_error"),
    "sigmoid": ("squared_error", "binary_cross_entropy"),
}
"""Costs to try for an output where a file has none."""


@dataclass
class Outcome:
    """What is said of all entries."""

    judged: list[Judged] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)


class Entries:
    """All entries of a person's gradient.

    Parameters
    ----------
    reading : Reading
    probes : sequence of Probe
    ground : Ground
    negative : bool, optional
        Whether the update adds what is returned, so that it should be the negative gradient.
    truth : Truth, optional
        What is right, where that is known already.
    """

    def __init__(
        self,
        reading: Reading,
        probes: Sequence[Probe],
        ground: Ground,
        *,
        negative: bool = False,
        truth: Truth | None = None,
    ) -> None:
        self.reading, self.probes, self.ground = reading, probes, ground
        self.negative = negative
        self.both = [dict(reading.gradients(each)) for each in probes]
        if negative:
            self.both = [
                {e: -value if isinstance(value, np.ndarray) else value for e, value in came.items()}
                for came in self.both
            ]
        self.came = self.both[0]
        self.witnesses = [Witness(reading, each) for each in probes] if ground.callable else []
        self._tried: list[Truth] = []
        self.truth = truth or self._truth()
        self._given = truth is not None
        self.right = {piece.entry: self._right(piece.entry) for piece in reading.pieces}

    @property
    def clean(self) -> bool:
        """Whether every entry is right."""
        return bool(self.right) and all(each is True for each in self.right.values())

    @property
    def score(self) -> tuple[int, int]:
        """How many entries are right, and how many are arrays."""
        arrays = sum(isinstance(each, np.ndarray) for each in self.came.values())
        return sum(self._tells(e) for e, each in self.right.items() if each is True), arrays

    def _tells(self, entry: str) -> bool:
        """Return whether it says something that an entry is right: one number at free scale not."""
        free = self.truth is not None and bool(self.truth.assumed)
        return not free or self.probes[0].params[entry].size > 1

    @property
    def misshapen(self) -> bool:
        """Whether some Jacobian of weights does not run, or has another shape than its weights."""
        shapes = {name: view.shape for name, view in self.probes[0].params.items()}
        return any(
            not isinstance(value, np.ndarray) or value.shape != shapes[entry]
            for entry, value in self.came.items()
            if entry.startswith("W")
        )

    @property
    def misfit(self) -> bool:
        """Whether an entry has a shape of which only other sizes can tell more."""
        unclear = {"not_expanded", "one_dimensional_input"}
        return any(unclear & set(each.slugs) for each in self._diagnoses.values())

    @property
    def unexplained(self) -> bool:
        """Whether something does not run, has another shape, or has no cause that is known."""
        if any(not isinstance(value, np.ndarray) for value in self.came.values()):
            return True
        return any(each.verdict is Verdict.WRONG_UNKNOWN for each in self._diagnoses.values())

    # What is right -----------------------------------------------------------------------------

    def _truth(self) -> Truth | None:
        ground = self.ground
        if ground.activations is not None and ground.cost is not None:
            pairs = [ground.cost.network(ground.activations, each) for each in self.probes]
            return self._made([net for net, _ in pairs], [factor for _, factor in pairs])
        made = map(self._assumed, self._assumptions())
        tried = [each for each in made if each is not None]
        if ground.callable:
            # What they call their cost may be what they print of it, as its root or an accuracy.
            whole = len(self.reading.pieces)
            penalised = (self._penalised(each) for each in tried)
            options = (*tried, *(each for each in penalised if each is not None))
            return next((each for each in options if self._agreeing(each) == whole), None)
        self._tried = tried
        return max(self._tried, key=self._agreeing, default=None)

    def _assumptions(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield activations and costs that may be meant where no cost can be called."""
        known = self.ground.activations
        if known is not None:
            options: list[tuple[str, ...]] = [known]
        elif self.ground.forward:
            return
        else:
            count = self.reading.layers - 1
            inner = dict.fromkeys((*self.ground.likely, "sigmoid", "tanh", "relu"))
            options = [
                (*[inside] * count, out)
                for inside in inner
                if inside != "softmax"
                for out in dict.fromkeys((inside, "sigmoid", "softmax", "identity"))
            ]
        for activations in options:
            for cost in BASES.get(activations[-1], ("squared_error",)):
                yield activations, cost

    def _assumed(self, of: tuple[tuple[str, ...], str]) -> Truth | None:
        activations, cost = of
        try:
            networks = [
                Network(each.params.sizes, activation=list(activations), cost=cost)
                for each in self.probes
            ]
            made = self._made(networks, [1.0, 1.0])
        except ChainruleError:
            return None
        factors = [
            scales.common(came, wanted) for came, wanted in zip(self.both, made.wanted, strict=True)
        ]
        words = f"for {COSTS[cost].title or cost.replace('_', ' ')}"
        return self._made(networks, factors, words)

    def _penalised(self, truth: Truth) -> Truth | None:
        """Return a truth with the penalty that is left where the data's part is taken away."""
        networks = []
        for place, (net, here) in enumerate(zip(truth.networks, self.probes, strict=True)):
            came, wanted = self.both[place].get("W1"), truth.wanted[place]["W1"]
            strength = scales.penalty(came, wanted, here.params["W1"]) / truth.factors[place]
            if not 0.0 < strength < np.inf:
                return None
            known = net.architecture
            networks.append(
                Network(net.sizes, activation=list(known.activations), cost=known.cost, l2=strength)
            )
        return self._made(networks, truth.factors, f"{truth.assumed} with a penalty")

    def _made(
        self, networks: Sequence[Network], factors: Sequence[float], assumed: str = ""
    ) -> Truth:
        wanted = []
        for net, factor, each in zip(networks, factors, self.probes, strict=True):
            _, jacobians = net.value_and_grad(each.params, each.x, each.y)
            wanted.append({name: factor * view for name, view in jacobians.items()})
        return Truth(tuple(networks), tuple(factors), tuple(wanted), assumed)

    def _agreeing(self, truth: Truth) -> int:
        """Return how many entries are as a truth has them."""
        return sum(
            self._near(truth, piece.entry)
            for piece in self.reading.pieces
            if self.probes[0].params[piece.entry].size > 1
        )

    def _off(self, truth: Truth, entry: str) -> float:
        """Return the distance of an entry from what it should be, the larger of both probes."""
        worst = 0.0
        for came, wanted in zip(self.both, truth.wanted, strict=True):
            value = came.get(entry)
            if not isinstance(value, np.ndarray) or value.shape != wanted[entry].shape:
                return np.inf
            largest = max(float(np.max(np.abs(each))) for each in wanted.values())
            size = float(np.max(np.abs(wanted[entry]))) + BELOW / TOLERANCE * largest
            off = float(np.max(np.abs(value - wanted[entry])))
            if off and not (size and np.isfinite(off)):
                return np.inf
            worst = max(worst, off / size if off else 0.0)
        return worst

    def _near(self, truth: Truth, entry: str) -> bool:
        """Return whether an entry is what it should be, in the precision in which it came."""
        value = self.came.get(entry)
        near = tolerance(value) if isinstance(value, np.ndarray) else TOLERANCE
        return self._off(truth, entry) <= near

    def _single(self, entry: str) -> bool:
        value = self.came.get(entry)
        return isinstance(value, np.ndarray) and value.dtype in (np.float32, np.float16)

    def _right(self, entry: str) -> bool | None:
        """Return whether an entry is right; ``None`` where it cannot be said."""
        value = self.came.get(entry)
        if not isinstance(value, np.ndarray):
            return None
        if value.shape != self.probes[0].params[entry].shape:
            return False
        if self.truth is not None and self._near(self.truth, entry):
            return True
        if self.witnesses:
            return self._witnessed(entry)
        return False if self.truth is not None else None

    def _witnessed(self, entry: str) -> bool | None:
        """Return what differences say: those at the second probe where the first has a kink."""
        for witness, came in zip(self.witnesses, self.both, strict=False):  # or there are none
            value = came.get(entry)
            if isinstance(value, np.ndarray):
                agrees = witness.agrees(entry, value)
                if agrees is not None:
                    return agrees
        return None

    @property
    def _other_cost(self) -> bool:
        """Whether the gradient is not that of the cost that is written.

        Differences say so; where they say nothing, as of an accuracy, that it is in no table.
        """
        if not self.ground.callable:
            return False
        said = {self._witnessed(entry) for entry, right in self.right.items() if right}
        return False in said or (self.ground.activations is not None and True not in said)

    # What is said ------------------------------------------------------------------------------

    def judge(self) -> Outcome:
        """Return what is said of every entry, and one finding per cause."""
        outcome = Outcome()
        diagnoses = {} if self.clean else self._diagnoses
        mismatch = causes.mismatch(self, diagnoses)
        for piece in self.reading.pieces:
            value = self.came.get(piece.entry)
            if not isinstance(value, np.ndarray):
                outcome.judged.append(causes.stuck(piece, value))
                continue
            outcome.judged.append(self._judged(piece.entry, diagnoses, mismatch))
        outcome.findings += causes.troubles(self.reading, self.came)
        outcome.findings += causes.infinite(self.reading, self.came)
        singles = [piece for piece in self.reading.pieces if self._single(piece.entry)]
        outcome.remarks += causes.single(singles)
        if self.truth is not None and self.truth.assumed and self._other_cost:
            outcome.remarks.append(causes.printed(self.reading.pieces, self.truth.assumed))
        if mismatch is not None:
            (outcome.findings if mismatch.kind == "mistake" else outcome.remarks).append(mismatch)
        else:
            wrong = {each.entry for each in outcome.judged if each.verdict.bad}
            outcome.findings += causes.findings(self.reading, diagnoses, wrong)
            pieces = [each for each in self.reading.pieces if each.entry in wrong - {*diagnoses}]
            outcome.findings += causes.differing(pieces) if self.witnesses else []
        return outcome

    def _judged(
        self, entry: str, diagnoses: Mapping[str, Diagnosis], mismatch: Finding | None
    ) -> Judged:
        piece = next(each for each in self.reading.pieces if each.entry == entry)
        residual = self._off(self.truth, entry) if self.truth is not None else None
        residual = residual if residual is not None and np.isfinite(residual) else None
        if self.right[entry] is True:
            # What differences of their own cost bear out is right for that, whatever was assumed.
            detail = self.truth.assumed if self.truth is not None else ""
            detail = "" if detail and self._witnessed(entry) else detail
            verdict = Verdict.IMPLIED_COST if detail else Verdict.RIGHT
            return Judged(
                piece.name,
                verdict,
                entry=entry,
                detail=detail,
                residual=residual,
                place=piece.place,
            )
        found = diagnoses.get(entry)
        verdict, detail = Verdict.NOT_JUDGED, "the network was not recognised"
        if self.right[entry] is None and self.witnesses:
            # One witness is no alarm.
            detail = "differences of the cost say nothing here: a kink, or too coarse numbers"
        elif mismatch is not None:
            remark = mismatch.kind == "remark"
            verdict = Verdict.UP_TO_CONSTANT if remark else Verdict.WRONG
            detail = "" if remark else mismatch.slug
            residual = None  # of what it is not held to be
        elif found is not None:
            verdict, detail = found.verdict, ", ".join(found.slugs)
            if found.verdict.good:  # the derivation holds it for right: no alarm on one witness
                detail = ""
                if self.came[entry].dtype == np.float16:  # type: ignore[union-attr]
                    verdict, detail = Verdict.NOT_JUDGED, "float16 is too coarse to tell"
        elif self.right[entry] is False and self.ground.activations is not None:
            verdict, detail = Verdict.WRONG_UNKNOWN, "differences of the cost say something else"
        return Judged(
            piece.name, verdict, entry=entry, detail=detail, residual=residual, place=piece.place
        )

    @cached_property
    def _diagnoses(self) -> Mapping[str, Diagnosis]:
        """What the derivation says of every entry; where it is not known, differences."""
        arrays = {e: value for e, value in self.came.items() if isinstance(value, np.ndarray)}
        arrays = {e: value for e, value in arrays.items() if np.isfinite(value).all()}
        for entry, value in arrays.items():
            shape = self.probes[0].params[entry].shape
            if value.size == 1 and entry.startswith("b") and shape != (1, 1):
                arrays[entry] = np.full(shape, float(value.item()))  # spread, as NumPy would
        if self.truth is None:
            return by_differences.measured(self.witnesses, self.both, arrays, self.right)
        if not arrays:
            return {}
        if self._given or not self.truth.assumed or self._agreeing(self.truth):
            return causes.of_one_number(self, self._under(self.truth, arrays))
        if not self.ground.forward:
            return {}  # neither forward pass nor cost, and nothing fits: all would be a guess
        under = [self._under(each, arrays) for each in self._tried]
        return min(under, key=causes.far_fetched)

    def _under(self, truth: Truth, arrays: Mapping[str, Array]) -> Mapping[str, Diagnosis]:
        """Return what the derivation says, if this is what is meant."""
        here, net = self.probes[0], truth.networks[0]
        scaled = {entry: value / truth.factors[0] for entry, value in arrays.items()}
        raw = diagnose(net, here.params, here.x, here.y, scaled)
        found = causes.beside_penalty(raw, net, here, scaled)
        return causes.dead(found, scaled, truth.wanted[0])
