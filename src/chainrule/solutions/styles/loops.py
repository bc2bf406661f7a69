"""Training at the top level: ``syn1 += l1.T.dot(l2_delta)`` in a loop, and no cost that is written.

The body of the loop is run once (`trainings`). What it adds to each array is a step of descent if
it is −c times the gradient of the cost that is meant (`meant`): where the step of the layer next to
the output fits and that of another layer does not, that one is wrong. Weights may decay as well.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from chainrule.checking.verdicts import Verdict
from chainrule.solutions.calls import trouble
from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.reading import Piece, Reading
from chainrule.solutions.space import Space
from chainrule.solutions.straight import Step, Trace
from chainrule.solutions.styles import edits
from chainrule.solutions.styles.meant import COST, Meant, Update, candidates, copies, meant
from chainrule.solutions.styles.own import Own
from chainrule.solutions.styles.several import Several
from chainrule.solutions.styles.sloped import (
    OF_OUTPUT,
    OF_SUM,
    Call,
    calls,
    instead,
    left_out,
    of_slopes,
    slug_of,
    sums,
)
from chainrule.solutions.styles.trainings import Training, trainings
from chainrule.solutions.witness import TOLERANCE

MOST_EDITS = 1500
UNEVEN = 1e-4
"""By which the ratio of two steps may differ from one example to another."""
SEED = 5
TURNS = 4
"""Of each loop that are tried, until one is found in which every gradient shows."""


class Loops:
    """The style."""

    name = "training in a loop at the top level"

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield the reading, if something moves arrays by what it has made of a difference."""
        best: dict[int, LoopReading] = {}
        for turn in range(TURNS):
            heard = True
            for count, training in enumerate(trainings(space, turn)):
                before = best.get(count)
                if before is None or before.silent:
                    reading = LoopReading(space, training, turn)
                    if reading.found() and (before is None or reading.silent < before.silent):
                        best[count] = reading
                heard &= count in best and not best[count].silent
            if heard:
                break
        if not best:
            for training in trainings(space, 0):
                reading = LoopReading(space, training)
                if reading.spoilt():
                    best[len(best)] = reading
                    break
        readings = [best[count] for count in sorted(best)]
        if readings:
            yield cast(Reading, readings[0] if len(readings) == 1 else Several(space, readings))


class LoopReading(Own):
    """The loop, run once.

    Parameters
    ----------
    space : Space
    training : Training
    turn : int, optional
        Which one of the loop it is.
    """

    style = Loops.name

    def __init__(self, space: Space, training: Training, turn: int = 0) -> None:
        super().__init__(space)
        for name in sorted({name for step in training.steps for name in step.reads}):
            space.load(name)
        self.moved = training.moved
        self.place = training.place
        self.trace = Trace(space, training.steps)
        self._meant: Meant | None = None
        self._slope: tuple[str, Call, str, int] | None = None
        self._even = False  # whether all steps have to be of one length to be right
        self.turn = turn

    def found(self) -> bool:
        """Return whether there are such updates, and an output that is compared with a target."""
        self._start()
        return self._take(meant(self.trace, self.moved))

    def spoilt(self) -> bool:
        """Return whether a slope that is wrong in every layer keeps the steps from fitting."""
        self._start()
        for each in candidates(self.trace, self.moved):
            several = sum(truth.gradient.size > 1 for truth in each.truths.values()) > 1
            if several and self._take(each):
                self._slope = self._wrong_slope(each.place)
                if self._slope is not None:
                    return True
        return False

    def _wrong_slope(self, place: int) -> tuple[str, Call, str, int] | None:
        """Return slug, call, formula and step of the derivative with which no step fits."""
        told: set[tuple[str, str]] = set()
        for at, step in enumerate(self.trace.steps[place:], start=place):
            for call in calls(self.trace, step.node):
                for text in (*OF_OUTPUT, *OF_SUM):
                    if (call.function, text) in told:
                        continue
                    told.add((call.function, text))
                    slug = slug_of(self.trace, call, text, self.trace.state(at - 1))
                    if slug is None:
                        continue
                    changed = [
                        each.edited(instead(each.node, call.function, text)) if i >= place else each
                        for i, each in enumerate(self.trace.steps)
                    ]
                    if self._fits(self._from(place, changed)):
                        return slug, call, text, at
        return None

    def _start(self) -> None:
        np.random.seed(SEED)  # noqa: NPY002 (theirs: what they seed it with is not run)
        random.seed(SEED)
        self.trace.run(len(self.trace.steps))

    def _take(self, found: Meant | None) -> bool:
        self._meant = found
        if found is None:
            return False
        self._updates = found.updates
        self._last = found.last
        self._until = min(u.place for u in self._updates)
        self.pieces = tuple(
            Piece(each.name, each.name, self.trace.steps[each.place].place)
            for each in self._updates
        )
        self._words = found.words
        self.words = (f"steps along the gradient of the {found.words}",)
        return True

    @property
    def silent(self) -> int:
        """How many parameters have a gradient of zero, by which nothing can be told."""
        return 0 if self._meant is None else self._meant.silent

    def _factors(self, trace: Trace) -> dict[str, float | None]:
        assert self._meant is not None
        return self._meant.factors(trace)

    def _zero(self, name: str) -> bool:
        assert self._meant is not None
        return not self._meant.truths[name].gradient.any()

    # Judgement ---------------------------------------------------------------------------------

    def run(self) -> None:
        """Judge the step of every parameter."""
        if self._slope is not None:
            self._spoilt(*self._slope)
            return
        factors = self._factors(self.trace)
        scale = factors[self._last] or 1.0
        wrong = [u for u in self._updates if (factors[u.name] or -scale) * scale < 0]
        wrong = [u for u in wrong if u.place not in self.trace.troubles and not self._rests(u)]
        fit = not any(factors[u.name] is None for u in wrong)
        if scale > 0:
            uneven = self._uneven(factors)
            self._even = bool(uneven)
            wrong += uneven
        for update in self._updates:
            factor = factors[update.name]
            place = self.trace.steps[update.place].place
            verdict, detail = Verdict.RIGHT, ""
            raised = self.trace.troubles.get(update.place)
            if raised is not None:
                said = trouble(raised, place)
                verdict, detail = Verdict.CANNOT_RUN, said.sentence
                self._say(said.slug, said.sentence, "", (update.name,), place)
            elif self._rests(update):
                verdict, detail = Verdict.NOT_JUDGED, "its gradient is zero for these data"
            elif update in wrong or (scale < 0 and fit):
                verdict = Verdict.WRONG
            elif scale < 0:  # which sign is meant, the others would have to say
                verdict, detail = Verdict.NOT_JUDGED, "some of the steps beside it are no gradients"
            elif factor is not None and abs(factor / scale - 1) > TOLERANCE:
                verdict = Verdict.UP_TO_CONSTANT
                detail = (
                    f"its steps are {factor / scale:.4g} times as long as those of {self._last}"
                )
            self.judged.append(
                Judged(update.name, verdict, entry=update.name, detail=detail, place=place)
            )
        if scale < 0 and fit:
            self._uphill()
        elif wrong:
            self._wrong(wrong, factors)

    def _uneven(self, factors: Mapping[str, float | None]) -> list[Update]:
        """Return updates whose steps have another ratio to those of the last layer at other data.

        Of one example and one output all errors are along the gradient; how long steps are tells.
        """
        scale = factors[self._last]
        known = {n: f for n, f in factors.items() if f is not None and scale is not None and f > 0}
        odd = [n for n, f in known.items() if abs(f / (scale or 1.0) - 1) > TOLERANCE]
        if not odd:
            return []
        for training in trainings(self.space, self.turn + 1):
            if training.place != self.place:
                continue
            other = LoopReading(self.space, training)
            if other.found() and other._last == self._last:
                there = other._factors(other.trace)
                base = there[self._last]
                return [
                    u
                    for u in self._updates
                    if u.name in odd
                    and (f := there.get(u.name))
                    and base
                    and scale
                    and abs(f / base / (known[u.name] / scale) - 1) > UNEVEN
                ]
        return []

    def _rests(self, update: Update) -> bool:
        """Return whether a parameter stays where it is, as its gradient says."""
        shift = update.shift(self.trace)
        return self._zero(update.name) and (shift is None or not shift.any())

    def _spoilt(self, slug: str, call: Call, text: str, at: int) -> None:
        """Say of all steps that they are spoilt by one derivative."""
        names = tuple(update.name for update in self._updates)
        for update in self._updates:
            place = self.trace.steps[update.place].place
            # What stands after the last derivative may be right by itself, and is not asked.
            self.judged.append(Judged(update.name, Verdict.WRONG, entry=update.name, place=place))
        called = ast.unparse(call.node)
        right = text.format(call.argument)
        words = (
            f"{called} stands where the slope is {right}: with it every step is along the gradient "
            f"of the {self._words}"
        )
        place = self.trace.steps[at].place
        if slug == "derivative_formula":
            place = self.space.place(call.function) or place
        step = self.trace.steps[at]
        source = ast.unparse(instead(step.node, call.function, text))
        self._say(slug, words, f"write {right} in the place of {called}", names, place, source)

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
        if all((factors[name] or 0) * (factors[self._last] or 0) < 0 for name in names):
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
        factors = self._factors(trace)
        scale = factors[self._last]
        if scale is None or scale <= 0:
            return False
        return all(
            each is not None and each > 0 and (not self._even or abs(each / scale - 1) < UNEVEN)
            for each in factors.values()
        )

    def _late(self) -> Trace:
        """Return a run in which every update sees the parameters as they were."""
        plain = Trace(self.space, self.trace.steps)
        plain.records = self.trace.records[: self._until]
        plain.names = copies(self.trace.state(self._until - 1))
        updates = {u.place: u.name for u in self._updates if u.name == u.result}
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
                for edit in (
                    *of_slopes(self.trace, step.node, self.trace.state(at - 1)),
                    *edits.all_of(self.trace, step, _named(step, subject), begin, COST),
                    *sums(step.node),
                    *left_out(self.trace, step.node, begin),
                ):
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
        return self._from(at, changed)

    def _from(self, at: int, changed: list[Step]) -> Trace:
        """Return a run of other steps from one of them on."""
        trace = Trace(self.space, changed)
        trace.records = self.trace.records[:at]
        trace.names = copies(self.trace.state(at - 1))
        trace.run(max(update.place for update in self._updates) + 1)
        return trace


@dataclass(frozen=True)
class _Named:
    name: str
    subject: str


def _named(step: Step, update: Update) -> _Named:
    return _Named(next(iter(sorted(step.assigned)), ""), update.name)
