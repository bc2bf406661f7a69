"""Training at the top level: ``syn1 += l1.T.dot(l2_delta)`` in a loop, and no cost that is written.

The body of the loop is run once. What it adds to each array is a step of descent if it is −c times
the gradient of the squared error or of a cross-entropy between what is subtracted there, output and
target. Which of them is meant is told by the layer next to the output: where its step fits none,
nothing is judged; where it fits and the step of another layer does not, that one is wrong. Weights
may decay as well.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from chainrule.checking.verdicts import Verdict
from chainrule.solutions import direct
from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.reading import Array, Piece, Reading
from chainrule.solutions.space import Space
from chainrule.solutions.straight import Again, Step, Trace, as_numbers, steps
from chainrule.solutions.styles import edits
from chainrule.solutions.styles.bodies import opened
from chainrule.solutions.styles.own import Own
from chainrule.solutions.witness import TOLERANCE

MOST_EDITS = 1500
ENTRIES = 4
"""Of two unknowns, gradient and decay, fewer numbers would tell nothing."""
COST = "_cost_of_a_loop"
COSTS: Mapping[str, str] = {
    "squared error": "np.sum(({o} - {y})**2) / 2",
    "binary cross-entropy": "-np.sum({y} * np.log({o}) + (1 - {y}) * np.log(1 - {o}))",
    "cross-entropy": "-np.sum({y} * np.log({o}))",
}
"""Costs that may be meant, of the output and the target."""


@dataclass(frozen=True)
class Update:
    """A statement that moves a parameter.

    Parameters
    ----------
    name : str
    place : int
        The step.
    """

    name: str
    place: int

    @property
    def subject(self) -> str:
        """The parameter itself: of it a step is the gradient."""
        return self.name


class Loops:
    """The style."""

    name = "training in a loop at the top level"

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield the reading, if a loop moves arrays by what it has made of a difference."""
        reading = LoopReading(space)
        if reading.found():
            yield cast(Reading, reading)


class LoopReading(Own):
    """The loop, run once.

    Parameters
    ----------
    space : Space
    """

    style = Loops.name

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self._updates: list[Update] = []
        self._truths: dict[str, Array] = {}
        self._values: dict[str, Array] = {}

    def found(self) -> bool:
        """Return whether there are such updates, and an output that is compared with a target."""
        top = self.space.definitions.statements
        moved = {name for node, _ in top for name in _moved(node)}
        if not moved:
            return False
        self.trace = Trace(self.space, opened(self.space, top, sorted(moved)))
        self.trace.run(len(self.trace.steps))
        self._updates = list(self._all_updates(moved))
        if not self._updates or not self._recognised():
            return False
        self.pieces = tuple(
            Piece(each.name, each.name, self.trace.steps[each.place].place)
            for each in self._updates
        )
        return True

    def _all_updates(self, moved: set[str]) -> Iterator[Update]:
        for place, step in enumerate(self.trace.steps):
            for name in sorted(step.assigned & moved):
                first = next(i for i, each in enumerate(self.trace.steps) if name in each.assigned)
                if (
                    first < place
                    and _moves(step.node, name)
                    and self._shift(Update(name, place)) is not None
                ):
                    yield Update(name, place)

    def _shift(self, update: Update, trace: Trace | None = None) -> Array | None:
        """Return by how much an update moves a parameter."""
        records = (self.trace if trace is None else trace).records
        after = as_numbers(records[update.place].get(update.name))
        before = next(
            (r[update.name] for r in reversed(records[: update.place]) if update.name in r), None
        )
        was = as_numbers(before)
        if was is None or after is None or was.shape != after.shape or not was.ndim:
            return None
        return after - was

    # The cost ----------------------------------------------------------------------------------

    def _recognised(self) -> bool:
        """Find the cost that the step of the layer next to the output belongs to."""
        ends = [u.place for u in self._updates]
        for output, target in self._differences(min(ends)):
            for words, formula in COSTS.items():
                truths = self._gradients(output, formula.format(o=output, y=target), min(ends))
                if not truths:
                    continue
                last = max(truths, key=lambda name: truths[name][1])
                shift = self._shift(next(u for u in self._updates if u.name == last))
                if shift is not None and _factor(shift, truths[last][0]) is not None:
                    self._truths = {name: truth for name, (truth, _) in truths.items()}
                    self._last = last
                    self._until = min(ends)
                    self.words = (
                        f"steps along the gradient of the {words} of {output} and {target}",
                    )
                    return True
        return False

    def _differences(self, until: int) -> Iterator[tuple[str, str]]:
        """Yield names that are subtracted from each other: output and target, either way."""
        for step in self.trace.steps[:until]:
            for node in ast.walk(step.node):
                if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
                    names = [e.id for e in (node.left, node.right) if isinstance(e, ast.Name)]
                    shapes = {getattr(self.trace.names.get(name), "shape", None) for name in names}
                    if len(names) == 2 and len(shapes) == 1 and None not in shapes:
                        yield names[0], names[1]
                        yield names[1], names[0]

    def _gradients(self, output: str, formula: str, until: int) -> dict[str, tuple[Array, int]]:
        """Return the gradient of a cost by each parameter, and how late it enters."""
        at = self.trace.last(output, until)
        if at is None:
            return {}
        node = ast.parse(f"{COST} = {formula}").body[0]
        (made,) = steps([(node, self.trace.steps[at].place)], self.space)
        trace = Trace(self.space, [*self.trace.steps[: at + 1], made])
        trace.names["np"] = trace.initial["np"] = np
        trace.records = self.trace.records[: at + 1]
        trace.names = trace.state(at)
        trace.run(at + 2)
        found: dict[str, tuple[Array, int]] = {}
        for name in dict.fromkeys(update.name for update in self._updates):
            begin = trace.last(name, at)
            if begin is None:
                return {}
            again = Again(trace, name, COST, begin, at + 2)
            value = as_numbers(again.value)
            if value is None or not again.reaches or not np.isfinite(again(value)):
                return {}
            if value.size > direct.MOST:
                return {}
            self._values[name] = value
            truth, error = direct.gradient(again, value)
            if not np.isfinite(error).all():
                return {}
            enters = next(i for i, s in enumerate(trace.steps) if i > begin and name in s.reads)
            found[name] = truth, enters
        return found

    # Judgement ---------------------------------------------------------------------------------

    def run(self) -> None:
        """Judge the step of every parameter."""
        factors = self._factors(self.trace)
        scale = factors[self._last] or 1.0
        wrong = [u for u in self._updates if (factors[u.name] or -scale) * scale < 0]
        for update in self._updates:
            factor = factors[update.name]
            place = self.trace.steps[update.place].place
            verdict, detail = Verdict.RIGHT, ""
            if update in wrong or scale < 0:
                verdict = Verdict.WRONG
            elif factor is not None and abs(factor / scale - 1) > TOLERANCE:
                verdict = Verdict.UP_TO_CONSTANT
                detail = (
                    f"its steps are {factor / scale:.4g} times as long as those of {self._last}"
                )
            self.judged.append(
                Judged(update.name, verdict, entry=update.name, detail=detail, place=place)
            )
        if scale < 0 and not any(factors[u.name] is None for u in wrong):
            self._uphill()
        elif wrong:
            self._wrong(wrong, factors)

    def _factors(self, trace: Trace) -> dict[str, float | None]:
        """Return for each parameter the c of step = −c · gradient; ``None`` where there is none."""
        found: dict[str, float | None] = {}
        for update in self._updates:
            shift = self._shift(update, trace)
            truth = self._truths[update.name]
            found[update.name] = None if shift is None else _factor(shift, truth)
            if shift is not None and found[update.name] is None:
                found[update.name] = _with_decay(shift, truth, self._values[update.name])
        return found

    def _uphill(self) -> None:
        first = self._updates[0]
        step = self.trace.steps[first.place]
        self.findings.append(
            Finding(
                "sign", "mistake",
                "every step goes along the gradient, and the cost grows: the error is the wrong "
                "way round, or += stands where -= belongs",
                "change the sign of the steps, or of the error",
                tuple(u.name for u in self._updates), step.place.source, place=step.place,
            )
        )  # fmt: skip

    def _wrong(self, wrong: Sequence[Update], factors: Mapping[str, float | None]) -> None:
        names = tuple(update.name for update in wrong)
        place = self.trace.steps[wrong[0].place].place
        if self._fits(self._late()):
            words = "parameters are moved before the lower layers have used them: " + ", ".join(
                u.name for u in self._updates if u not in wrong
            )
            mend = "make all deltas first, then all updates"
            self._say("updated_too_early", words, mend, names, place)
            return
        edit = self._edited(wrong)
        if edit is not None:
            at, change = edit
            self._say(change.slug, change.words, change.mend, names, self.trace.steps[at].place,
                      change.source)  # fmt: skip
            return
        if all(factors[name] is not None for name in names):
            self._say("sign", "its steps go the other way than those of the other layers",
                      "change the sign", names, place)  # fmt: skip
            return
        # Clipped, signed, noisy: a step may be another on purpose, and one witness is no alarm.
        detail = f"its step is not along the gradient of the cost that {self._last} is moved by"
        for at, each in enumerate(self.judged):
            if each.name in names:
                self.judged[at] = replace(each, verdict=Verdict.NOT_JUDGED, detail=detail)

    def _say(
        self, slug: str, words: str, mend: str, names: tuple[str, ...], place: Any, right: str = ""
    ) -> None:
        self.findings.append(
            Finding(slug, "mistake", words, mend, names, place.source, right, place=place)
        )

    def _fits(self, trace: Trace) -> bool:
        factors = self._factors(trace).values()
        return all(each is not None and each > 0 for each in factors)

    def _late(self) -> Trace:
        """Return a run in which every update sees the parameters as they were."""
        plain = Trace(self.space, self.trace.steps)
        plain.records = self.trace.records[: self._until]
        plain.names = _copies(self.trace.state(self._until - 1))
        updates = {update.place: update.name for update in self._updates}
        for place in range(self._until, len(self.trace.steps)):
            kept = {name: plain.names.get(name) for name in updates.values()}
            kept = {name: copy.copy(value) for name, value in kept.items()}
            plain.run(place + 1)
            if place in updates:
                name = updates[place]
                plain.names[name] = kept[name]
        return plain

    def _edited(self, wrong: Sequence[Update]) -> tuple[int, edits.Edit] | None:
        """Return the small edit of a statement after which all steps are along the gradient."""
        begin = next(
            i for i, step in enumerate(self.trace.steps) if i >= self._enters() and step.fresh
        )
        last = max(update.place for update in self._updates)
        tried = 0
        for at in range(begin, last + 1):
            step = self.trace.steps[at]
            if "clip" in step.place.source:  # what limits a step is meant
                continue
            for subject in wrong:
                for edit in edits.all_of(self.trace, step, _named(step, subject), begin, COST):
                    tried += 1
                    if tried > MOST_EDITS:
                        return None
                    if self._fits(self._with(at, edit)):
                        return at, edit
        return None

    def _enters(self) -> int:
        """Return the first step after the output."""
        places = [
            i for i, s in enumerate(self.trace.steps[: self._until])
            if any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub) for n in ast.walk(s.node))
        ]  # fmt: skip
        reads = {u.name for u in self._updates}
        after = max((i for i, s in enumerate(self.trace.steps[: self._until]) if s.reads & reads
                     and i < (places[-1] if places else 0)), default=0)  # fmt: skip
        return min(after + 1, self._until)

    def _with(self, at: int, edit: edits.Edit) -> Trace:
        changed = list(self.trace.steps)
        changed[at] = changed[at].edited(edit.node)
        trace = Trace(self.space, changed)
        trace.records = self.trace.records[:at]
        trace.names = _copies(self.trace.state(at - 1))
        trace.run(max(update.place for update in self._updates) + 1)
        return trace


def _copies(names: Mapping[str, Any]) -> dict[str, Any]:
    """Return names with arrays of their own: they are moved in place."""
    return {n: v.copy() if isinstance(v, np.ndarray) else v for n, v in names.items()}


@dataclass(frozen=True)
class _Named:
    name: str
    subject: str


def _named(step: Step, update: Update) -> _Named:
    return _Named(next(iter(sorted(step.assigned)), ""), update.name)


def _factor(shift: Array, truth: Array) -> float | None:
    """Return c where shift = −c · truth; ``None`` where it is not."""
    square = float(np.sum(truth**2))
    if not square or not np.isfinite(shift).all() or not shift.any():
        return None
    ratio = float(np.sum(shift * truth)) / square
    off = np.max(np.abs(shift - ratio * truth))
    return -ratio if off <= TOLERANCE * float(np.max(np.abs(shift))) else None


def _with_decay(shift: Array, truth: Array, value: Array) -> float | None:
    """Return c where shift = −c · truth − k · value: weights decay, biases often do not."""
    if shift.size < ENTRIES or not np.isfinite(shift).all():
        return None
    basis = np.stack([truth.ravel(), value.ravel()], axis=1)
    (along, decay), _, rank, _ = np.linalg.lstsq(basis, shift.ravel(), rcond=None)
    off = np.max(np.abs(basis @ (along, decay) - shift.ravel()))
    fits = rank == basis.shape[1] and off <= TOLERANCE * np.max(np.abs(shift))
    return -float(along) if fits and along * decay > 0 else None


def _moved(node: ast.stmt) -> Iterator[str]:
    """Yield names that statements in a loop add to, or take from."""
    if not isinstance(node, (ast.For, ast.While)):
        return
    for each in ast.walk(node):
        if isinstance(each, (ast.Assign, ast.AugAssign)):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            yield from (name for name in names if _moves(each, name))


def _moves(node: ast.stmt, name: str) -> bool:
    """Return whether a statement is ``P += …``, ``P -= …``, ``P = P + …`` or ``P = P - …``."""
    if isinstance(node, ast.AugAssign):
        own = isinstance(node.target, ast.Name) and node.target.id == name
        return own and isinstance(node.op, (ast.Add, ast.Sub))
    value = getattr(node, "value", None)
    return (
        isinstance(node, ast.Assign)
        and isinstance(value, ast.BinOp)
        and isinstance(value.op, (ast.Add, ast.Sub))
        and isinstance(value.left, ast.Name)
        and value.left.id == name
    )
