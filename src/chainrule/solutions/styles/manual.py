"""Gradients step by step at the top level: ``dlogits``, ``dW2``, ``dh``, … of statements above.

Every ``dX`` is compared with the derivative of the cost by the variable X: X is moved after the
statement that assigns it, the statements after it are run again. Where a gradient is wrong the
right one takes its place before the next is judged, so that each is judged by itself and a cause
is said once. No automatic differentiation is used, not even where the code has tensors.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from chainrule.checking.verdicts import Verdict
from chainrule.solutions import direct
from chainrule.solutions.calling import Failed
from chainrule.solutions.calls import trouble
from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.onestep import OneStep
from chainrule.solutions.pytorch import lacks, tensors
from chainrule.solutions.reading import Array, Piece, Reading
from chainrule.solutions.space import Space
from chainrule.solutions.straight import Again, Step, Trace, as_numbers, like
from chainrule.solutions.styles import edits
from chainrule.solutions.styles.blame import blame
from chainrule.solutions.styles.bodies import bodies
from chainrule.solutions.styles.own import Own
from chainrule.solutions.unfinished import blank

COSTS = ("loss", "cost", "total_loss", "L", "J", "C", "E", "error", "mse", "nll", "loss_value")
GRADIENT = re.compile(
    r"^(?:d(?:L|loss|cost|C|J|E|l)_?d_?(?P<a>\w+)|d_(?P<b>\w+)|d(?P<c>\w+)|grad_?(?P<d>\w+)"
    r"|(?P<e>\w+?)_(?:grad|gradient|bar)|g_(?P<f>\w+))$"
)


@dataclass(frozen=True)
class Version:
    """A gradient from the statement that begins it to the last that changes it.

    Parameters
    ----------
    name, subject : str
        ``"dW2"`` and ``"W2"``.
    first, last : int
        Steps.
    """

    name: str
    subject: str
    first: int
    last: int


class Manual:
    """The style."""

    name = "gradients step by step"

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield the reading, if there are a cost and gradients of what leads to it."""
        for body in bodies(space, COSTS):
            for name in sorted({name for step in body for name in step.reads}):
                space.load(name)
            with tensors():
                reading = ManualReading(space, body)
                if reading.found():
                    yield cast(Reading, reading)
                    return


class ManualReading(Own):
    """The statements, run once, and again with every variable moved."""

    style = Manual.name

    def __init__(self, space: Space, body: Sequence[Step]) -> None:
        super().__init__(space)
        self.trace = Trace(space, body)
        self._begin = 0
        self._cost = ""
        self._versions: list[Version] = []

    # What there is -----------------------------------------------------------------------------

    def found(self) -> bool:
        """Return whether there is a cost, and at least two gradients after it; run up to them."""
        body = self.trace.steps
        begin = self._first_gradient()
        if begin is None:
            return False
        self.trace.run(begin)
        self._begin = begin
        for name in COSTS:
            value = as_numbers(self.trace.names.get(name))
            if value is not None and value.size == 1 and self.trace.last(name, begin) is not None:
                self._cost = name
                break
        else:
            return False
        self._versions = list(self._all_versions(begin))
        subjects = {version.subject for version in self._versions}
        self.pieces = tuple(
            Piece(each.name, each.name, body[each.last].place) for each in self._versions
        )
        self.words = (f"derivatives of {self._cost}, of each variable by itself",)
        return len(subjects) >= 2

    def _first_gradient(self) -> int | None:
        """Return the first step that assigns a gradient of something above, after a cost."""
        known: set[str] = set()
        costs = False
        for place, step in enumerate(self.trace.steps):
            if costs and any(subject_of(name, known) for name in step.fresh):
                return place
            known |= step.assigned
            costs = costs or bool(step.fresh & set(COSTS))
        return None

    def _all_versions(self, begin: int) -> Iterator[Version]:
        body = self.trace.steps
        known = {name for step in body[:begin] for name in step.assigned}
        open_ones: dict[str, Version] = {}
        done: list[Version] = []
        anew_bound: set[str] = set()  # what stands for something else from there on
        for place, step in enumerate(body[begin:], start=begin):
            if self._cost in step.fresh:
                break  # what follows belongs to another example
            for name in step.assigned:
                subject = subject_of(name, known)
                if subject is None or self.trace.last(subject, begin) is None:
                    continue
                if subject in anew_bound:
                    continue
                before = open_ones.get(name)
                anew = name in step.fresh and not isinstance(step.node, ast.For)
                if before is not None and (not anew or name in step.reads):
                    open_ones[name] = replace(before, last=place)
                    continue
                if before is not None and self._used(before, place):
                    done.append(before)
                open_ones[name] = Version(name, subject, place, place)
            anew_bound |= step.fresh
        yield from sorted([*done, *open_ones.values()], key=lambda each: each.last)

    def _used(self, version: Version, until: int) -> bool:
        between = self.trace.steps[version.last + 1 : until]
        return any(version.name in step.reads for step in between)

    # Judgement ---------------------------------------------------------------------------------

    def run(self) -> None:
        """Judge every gradient in the order of the code; a wrong one is replaced by the right."""
        with tensors():
            for version in self._versions:
                self.trace.run(version.last + 1)
                self._one(version)
            self._inherited()
        self._beside()

    def _beside(self) -> None:
        """Say of gradients that are put into a dictionary that nobody has looked at them.

        Such a function would be read as one that returns them, if it ran: it does not.
        """
        known = {name for step in self.trace.steps for name in step.assigned}
        for step in self.trace.steps[self._begin :]:
            key = _key(step.node)
            if key is not None and (key in known or subject_of(key, known) is not None):
                detail = "it is put into a dictionary by code that could not be run as a whole"
                self.judged.append(
                    Judged(key, Verdict.CANNOT_RUN, entry=key, detail=detail, place=step.place)
                )

    def _again(self, subject: str) -> Again | None:
        begin = self.trace.last(subject, self._begin)
        end = self.trace.last(self._cost, self._begin)
        if begin is None or end is None or begin > end:
            return None
        found = Again(self.trace, subject, self._cost, begin, end + 1)
        return found if found.reaches and as_numbers(found.value) is not None else None

    def _one(self, version: Version) -> None:
        again = self._again(version.subject)
        step = self.trace.steps[version.last]
        if again is None:
            return
        at = as_numbers(again.value)
        assert at is not None
        problem = next(
            (self.trace.troubles[i] for i in range(version.first, version.last + 1)
             if i in self.trace.troubles and version.name in self.trace.steps[i].assigned),
            None,
        )  # fmt: skip
        value = self.trace.names.get(version.name)
        came = as_numbers(value)
        if came is None and isinstance(value, (int, float)):
            came = np.array(float(value))
        spread = ""
        if came is not None and came.shape != at.shape and _core(came.shape) == _core(at.shape):
            spread = f"of shape {came.shape}, which spreads like {at.shape}"
            came = came.reshape(at.shape)
        if problem is not None or came is None:
            truth = self._measured(again, at)
            self._missing(version, step, problem, value, truth)
        else:
            one = OneStep(self.trace, version.subject, self._begin, self._gradient, self._cost)
            said = direct.judge(came, again, at, self._sizes(), bias=one.adds())
            self._say(version, step, said, one, came)
            if spread and said.verdict is Verdict.RIGHT:
                self.judged[-1] = replace(self.judged[-1], detail=spread)
            truth = None if said.verdict.good else said.truth
            if said.verdict in (Verdict.RIGHT, Verdict.NOT_JUDGED):
                return
            if truth is None:
                truth = self._measured(again, at)
        if truth is not None and np.isfinite(truth).all():
            self.trace.names[version.name] = like(truth, again.value)

    @staticmethod
    def _measured(again: Again, at: Array) -> Array | None:
        if at.size > direct.MOST:
            return None
        truth = direct.once(again, at)
        return truth if np.isfinite(truth).all() else None

    def _sizes(self) -> dict[str, int]:
        """Return the number of examples, where a name says it."""
        for name in ("n", "N", "m", "batch_size", "num_examples", "B"):
            value = self.trace.names.get(name)
            if isinstance(value, int) and value > 1:
                return {"m": value}
        made = {n for step in self.trace.steps[: self._begin] if step.reads for n in step.fresh}
        axes: list[int] = []
        for name in made:
            array = as_numbers(self.trace.names.get(name))
            axes += set(array.shape) - {1} if array is not None and array.ndim == 2 else set()
        if axes:
            return {"m": max(sorted(set(axes)), key=axes.count)}
        return {}

    def _missing(
        self,
        version: Version,
        step: Step,
        problem: Failed | None,
        value: Any,
        truth: Array | None,
    ) -> None:
        words = f"{version.name} is not written yet"
        verdict, detail, place = Verdict.UNFINISHED, blank(step.place.source) or words, step.place
        if problem is not None and lacks(problem):
            verdict = Verdict.NOT_JUDGED
            detail = f"PyTorch is not installed, and what stands in for it lacks this: {problem}"
        elif problem is not None:
            said = trouble(problem, step.place)
            verdict, detail = Verdict.CANNOT_RUN, said.sentence
            nothing = blank(self.trace.steps[version.first].place.source)
            mend = ""
            if nothing and version.first < version.last:  # something is added to None
                detail = f"{nothing} when something is added to it"
                mend = f"begin with zeros of the shape of {version.subject}, or write = for +="
            found = Finding(
                said.slug, "mistake", detail, mend, entries=(version.name,), place=place
            )
            edit = None
            if truth is not None:
                edit = edits.search(self.trace, version, truth, self._begin, self._cost)
            if edit is not None and said.slug != "not_defined":
                words = f"{edit.words} ({said.sentence})"
                found = replace(
                    found,
                    slug=edit.slug,
                    sentence=words,
                    suggestion=edit.mend,
                    computed=place.source,
                    right=edit.source,
                )
            self.findings.append(found)
        elif value is not None and value is not Ellipsis:
            verdict, detail = Verdict.CANNOT_RUN, f"it is {type(value).__name__}, no array"
        self.judged.append(
            Judged(version.name, verdict, entry=version.name, detail=detail, place=place)
        )

    def _say(
        self, version: Version, step: Step, said: direct.Said, one: OneStep, came: Array
    ) -> None:
        self.judged.append(
            Judged(
                version.name,
                said.verdict,
                entry=version.name,
                detail=said.words if said.verdict is Verdict.NOT_JUDGED else "",
                residual=said.residual,
                place=step.place,
            )
        )
        if not said.verdict.bad:
            return
        found = blame(one, version, said, came)
        self.findings.append(
            Finding(
                found.slugs[0] if found.slugs else "unknown",
                "mistake",
                found.words,
                found.mend,
                (version.name,),
                step.place.source,
                found.right,
                " × ".join(map(str, one.shape)),
                tuple(found.slugs[1:]),
                place=step.place,
            )
        )
        if said.verdict is Verdict.WRONG_UNKNOWN and found.slugs:
            self.judged[-1] = replace(self.judged[-1], verdict=Verdict.WRONG)

    def _gradient(self, subject: str) -> tuple[str, Array] | None:
        """Return what a gradient is called, and what is right: theirs by now, or measured."""
        for each in self._versions:
            value = as_numbers(self.trace.names.get(each.name))
            if each.subject == subject and each.last < len(self.trace.records) - 1:
                return None if value is None else (each.name, value)
        again = self._again(subject)
        at = as_numbers(again.value) if again is not None else None
        if again is None or at is None or at.size > direct.MOST:
            return None
        truth, _ = direct.gradient(again, at)
        return (f"∂{self._cost}/∂{subject}", truth) if np.isfinite(truth).all() else None

    def _inherited(self) -> None:
        """Say of gradients that are right by themselves that they carry on what was wrong above."""
        wrong = [each.name for each in self.judged if each.verdict.bad]
        if not wrong:
            return
        plain = Trace(self.space, self.trace.steps)
        plain.records = self.trace.records[: self._begin]
        plain.names = self.trace.state(self._begin - 1)
        plain.run(self._versions[-1].last + 1)
        for place, each in enumerate(self.judged):
            ours = as_numbers(self.trace.names.get(each.name))
            theirs = as_numbers(plain.names.get(each.name))
            if each.verdict is not Verdict.RIGHT or ours is None or theirs is None:
                continue
            size = 1e-6 * float(np.max(np.abs(ours), initial=0.0)) + 1e-9
            if ours.shape != theirs.shape or not np.allclose(ours, theirs, rtol=0, atol=size):
                detail = f"right by itself; its numbers carry on what is wrong in {wrong[0]}"
                self.judged[place] = replace(each, detail=detail)


def _core(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape without the axes of length 1 in front, which arrays are given as needed."""
    first = next((i for i, n in enumerate(shape) if n != 1), len(shape))
    return shape[first:]


def subject_of(name: str, known: set[str]) -> str | None:
    """Return of what a name is the gradient, if that is known and no gradient itself."""
    match = GRADIENT.match(name)
    if match is None:
        return None
    for each in (*match.groups(), *([name[1:]] if name.startswith("d") else [])):
        if each and each in known:
            return each
    return None


def _key(node: ast.stmt) -> str | None:
    """Return the text by which a statement puts something into a dictionary."""
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return target.slice.value if isinstance(target.slice.value, str) else None
    return None
