"""The order of the judgement: small functions first, then each gradient, then side effects.

A cause found upstream is said once. Whether an entry is right is decided by differences of the
person's own cost; what is wrong with it by the derivation (`checking.search`). Where there is no
cost that can be called, the derivation alone decides, and scale is convention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.diagnosis import Diagnosis, diagnose
from chainrule.checking.verdicts import Verdict
from chainrule.network import Network
from chainrule.parameters import Parameters
from chainrule.solutions import meaning
from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.reading import Array, Probe, Reading, Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.telling import Told

PRIMES = (3, 5, 7, 2)
EXAMPLES = (11, 13)
TOLERANCE = 1e-6


def probe(sizes: Sequence[int], examples: int, seed: int) -> Probe:
    """Return a probe at which mistakes show: large weights, biases that are not 0."""
    rng = np.random.default_rng(seed)
    params = Parameters(sizes)
    for name, view in params.items():
        width = view.shape[1] if name.startswith("W") else 1
        scale = 1.75 / np.sqrt(width) if name.startswith("W") else 0.7
        view[...] = scale * rng.standard_normal(view.shape)
    x = rng.uniform(-1.0, 1.0, (sizes[0], examples))
    y = rng.uniform(0.05, 0.95, (sizes[-1], examples))
    return Probe(params, x, y)


def usual_sizes(layers: int) -> tuple[int, ...]:
    """Return sizes that are different primes, the inputs first."""
    inner = (5, 7, 11, 13, 17, 19, 23)
    return (3, *inner[: layers - 1], 2)


class Judge:
    """The judgement of one reading of a solution.

    Parameters
    ----------
    reading : Reading
    space : Space
    """

    def __init__(self, reading: Reading, space: Space) -> None:
        self.reading, self.space = reading, space
        self.judged: list[Judged] = Told(space.tell)
        self.findings: list[Finding] = []
        self.remarks: list[Finding] = list(reading.notes)
        sizes = reading.sizes() or usual_sizes(reading.layers)
        self.probes = [probe(sizes, m, seed) for seed, m in enumerate(EXAMPLES)]
        other = (sizes[0] + 2, *sizes[1:-1], sizes[-1] + 1)
        self.varied = probe(other, EXAMPLES[1], 2) if reading.sizes() is None else None

    def run(self) -> None:
        """Judge everything, in order."""
        hidden = self._small_functions()
        activations = self._forward(hidden)
        cost = self._cost(activations)
        self._gradients(activations, cost)

    def _small_functions(self) -> str | None:
        name = None
        activation = self.reading.activation()
        if activation is not None:
            name = meaning.activation_named(activation[1])
            self.judged.append(
                Judged(
                    activation[0],
                    Verdict.RIGHT if name else Verdict.NOT_JUDGED,
                    "activation",
                    detail=name or "none of the known activations",
                    place=self.space.place(activation[0]),
                )
            )
        slope = self.reading.slope()
        if slope is not None and activation is not None:
            self._slope(activation[1], *slope)
        return name

    def _slope(self, function: Any, name: str, slope: Any) -> None:
        z, step = meaning.POINTS, 1e-3
        try:
            f = lambda at: np.asarray(function(at.copy()), dtype=float)  # noqa: E731
            wanted = (8 * (f(z + step) - f(z - step)) - f(z + 2 * step) + f(z - 2 * step)) / (
                12 * step
            )
            at_sum = np.asarray(slope(z.copy()), dtype=float)
            at_value = np.asarray(slope(f(z)), dtype=float)
        except Exception:  # it wants other arguments: the gradients will tell
            return
        fits = [
            words
            for words, found in (("of z", at_sum), ("of the value a", at_value))
            if found.shape == wanted.shape and np.allclose(found, wanted, rtol=1e-6, atol=1e-8)
        ]
        place = self.space.place(name)
        verdict = Verdict.RIGHT if fits else Verdict.WRONG
        detail = f"the derivative, as a function {fits[0]}" if fits else ""
        self.judged.append(Judged(name, verdict, "derivative", detail=detail, place=place))
        if not fits:
            entry = CATALOGUE["derivative_formula"]
            self.findings.append(
                Finding(
                    "derivative_formula", "mistake", entry.says, entry.mend, (name,), place=place
                )
            )

    def _forward(self, hidden: str | None) -> tuple[str, ...] | None:
        outputs = self.reading.outputs(self.probes[0])
        if outputs is None or isinstance(outputs, Trouble):
            return None
        found = meaning.recognised(self.probes[0], outputs, hidden)
        return found[0] if found else None

    def _cost(self, activations: tuple[str, ...] | None) -> tuple[str, meaning.Scale] | None:
        probes = [*self.probes, *([self.varied] if self.varied else [])]
        values = [self.reading.cost(each) for each in probes]
        numbers = [each for each in values if isinstance(each, float)]
        if activations is None or len(numbers) < len(values):
            return None
        return meaning.cost_named(activations, probes, numbers)

    def _gradients(
        self, activations: tuple[str, ...] | None, cost: tuple[str, meaning.Scale] | None
    ) -> None:
        here = self.probes[0]
        came = self.reading.gradients(here)
        measured = self._measured(here) if isinstance(self.reading.cost(here), float) else None
        arrays = {entry: value for entry, value in came.items() if not isinstance(value, Trouble)}
        diagnoses: Mapping[str, Diagnosis] = {}
        if activations is not None:
            name, scale = cost or ("squared_error", meaning.Scale(0, {}))
            net = Network(here.params.sizes, activation=list(activations), cost=name)
            factor = scale.value(here)
            scaled = {entry: value / factor for entry, value in arrays.items()}
            diagnoses = diagnose(
                net, here.params, here.x, here.y, scaled, scale_is_convention=cost is None
            )
        for piece in self.reading.pieces:
            value = came.get(piece.entry)
            if value is None or isinstance(value, Trouble):
                detail = value.sentence if value is not None else "it was not returned"
                self.judged.append(
                    Judged(
                        piece.name,
                        Verdict.CANNOT_RUN,
                        entry=piece.entry,
                        detail=detail,
                        place=piece.place,
                    )
                )
                continue
            verdict, residual = Verdict.NOT_JUDGED, None
            if measured is not None and value.shape == measured[piece.entry].shape:
                size = float(np.max(np.abs(measured[piece.entry])))
                residual = float(np.max(np.abs(value - measured[piece.entry]))) / (size or 1.0)
                verdict = Verdict.RIGHT if residual <= TOLERANCE else Verdict.WRONG_UNKNOWN
            found = diagnoses.get(piece.entry)
            if verdict is not Verdict.RIGHT and found is not None:
                verdict, residual = found.verdict, found.residual
            self.judged.append(
                Judged(piece.name, verdict, entry=piece.entry, residual=residual, place=piece.place)
            )
        self._causes(diagnoses)
        self._normalisation(cost)

    def _causes(self, diagnoses: Mapping[str, Diagnosis]) -> None:
        """One finding per cause, however many entries it spoils."""
        wrong = {judged.entry for judged in self.judged if judged.verdict.bad}
        together: dict[tuple[Any, ...], list[Diagnosis]] = {}
        for found in diagnoses.values():
            if found.entry in wrong:
                key = (found.slugs, found.sentence, found.equation if found.computed else "")
                together.setdefault(key, []).append(found)
        places = {piece.entry: piece.place for piece in self.reading.pieces}
        for group in together.values():
            first = group[0]
            self.findings.append(
                Finding(
                    first.slugs[0] if first.slugs else "unknown",
                    "mistake",
                    first.sentence,
                    first.suggestion,
                    tuple(each.entry for each in group),
                    first.computed,
                    first.right,
                    ties=first.ties,
                    place=places.get(first.entry),
                )
            )

    def _normalisation(self, cost: tuple[str, meaning.Scale] | None) -> None:
        if cost is None or cost[1].usual:
            return
        entry = CATALOGUE["cost_normalisation"]
        self.remarks.append(
            Finding("cost_normalisation", "remark", entry.says, entry.mend, ("cost",))
        )

    def _measured(self, here: Probe) -> dict[str, Array]:
        """Differences of their cost, of fourth order."""
        found = {}
        step = 1e-3
        for name, view in here.params.items():
            slopes = np.empty(view.shape)
            for place in np.ndindex(view.shape):
                values = []
                for offset in (2, 1, -1, -2):
                    params = here.params.copy()
                    params[name][place] += offset * step
                    value = self.reading.cost(Probe(params, here.x, here.y))
                    values.append(value if isinstance(value, float) else np.nan)
                slopes[place] = (8 * (values[1] - values[2]) - values[0] + values[3]) / (12 * step)
            found[name] = slopes
        return found
