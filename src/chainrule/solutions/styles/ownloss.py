"""A function that returns its loss together with gradients, of whatever network there is.

Recurrent cells, word vectors, anything that ends in ``return loss, dWxh, dWhh, …``: the loss that
comes back is the cost, and its differences by each global array or argument are the truth. No
network is recognised, so that causes are those that can be told from the arrays alone.
"""

from __future__ import annotations

import ast
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from chainrule.checking.verdicts import Verdict
from chainrule.solutions import direct
from chainrule.solutions.calling import Failed, theirs
from chainrule.solutions.calls import trouble
from chainrule.solutions.findings import Finding, Judged, Place
from chainrule.solutions.reading import Array, Piece, Reading
from chainrule.solutions.space import Space
from chainrule.solutions.straight import Trace, as_numbers
from chainrule.solutions.styles import rewrites, supplies
from chainrule.solutions.styles.bodies import opened
from chainrule.solutions.styles.manual import COSTS, subject_of
from chainrule.solutions.styles.own import Own
from chainrule.solutions.witness import TOLERANCE

SEED = 0
MOST_REWRITES = 1200


class OwnLoss:
    """The style."""

    name = "a loss and its gradients, returned together"

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield the reading, if such a function runs."""
        reading = OwnLossReading(space)
        if reading.found():
            yield cast(Reading, reading)


class OwnLossReading(Own):
    """All such functions of a file, each judged by the loss that it returns.

    Parameters
    ----------
    space : Space
    """

    style = OwnLoss.name

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self._functions: list[_Function] = []

    def found(self) -> bool:
        """Return whether a function returns a number, and gradients by what it reads."""
        named = {
            name: parts
            for name, definition in self.space.definitions.found.items()
            if isinstance(definition.node, ast.FunctionDef)
            and (parts := supplies.parts_returned(definition.node)) is not None
        }
        if not named:
            return False
        top = [(supplies.small(node), place) for node, place in self.space.definitions.statements]
        trace = Trace(self.space, opened(self.space, top, COSTS))
        trace.run(len(trace.steps))
        own = self.space.definitions.found
        known = {name: value for name, value in trace.names.items() if name not in own}
        for name, parts in named.items():
            function = _Function(self.space, name, parts, known)
            if function.supplied():
                self._functions.append(function)
        self.pieces = tuple(
            Piece(entry, f"{each.name}: {entry}", each.place(entry))
            for each in self._functions
            for entry in each.subjects
        )
        self.words = ("derivatives of the loss that is returned, by differences of it",)
        return bool(self._functions)

    def run(self) -> None:
        """Judge every gradient of every function."""
        for function in self._functions:
            judged, findings, remarks = function.judged()
            if len(self._functions) > 1:
                judged = [replace(each, name=f"{function.name}: {each.name}") for each in judged]
            self.judged.extend(judged)
            self.findings += findings
            self.remarks += remarks


class _Function:
    """One function, and values with which it runs.

    Parameters
    ----------
    space : Space
    name : str
    parts : sequence of str
        What the return statement names.
    known : mapping of str to object
        Globals, as the statements of the file leave them.
    """

    def __init__(
        self, space: Space, name: str, parts: Sequence[str], known: Mapping[str, Any]
    ) -> None:
        self.space, self.name, self.parts = space, name, list(parts)
        self.node = cast(ast.FunctionDef, space.definitions.found[name].node)
        self.values: dict[str, Any] = {}
        self.subjects: dict[str, str] = {}
        self._loss = next(
            i
            for i, part in enumerate(parts)
            if supplies.LOSS.search(part) and not supplies.bare(part)
        )
        reads = space.reads(name)
        self._globals = {
            n: v for n, v in known.items() if n in reads or n in supplies.local_reads(space)
        }
        self._known = known

    def place(self, entry: str) -> Place | None:
        """Return the statement that last changes a gradient before it is returned."""
        definition = self.space.definitions.found[self.name].place
        node = rewrites.last_change(self.node, entry)
        if node is None:
            return definition
        line = definition.line + node.lineno - self.node.lineno
        source = ast.unparse(node).split("\n")[0]
        return replace(definition, line=line, function=self.name, source=source)

    # Values ------------------------------------------------------------------------------------

    def supplied(self) -> bool:
        """Find values with which it returns a number and arrays; return whether there are such."""
        best = -1
        for values in supplies.choices(self.space, self.name, self._known):
            rng = np.random.default_rng(SEED)
            lively = {
                name: supplies.lively(rng, value)
                for name, value in {**self._globals, **values}.items()
            }
            result = self._result(lively)
            if result is None:
                continue
            subjects = self._matched(result, lively)
            fitting = sum(
                np.shape(result[self.parts.index(part)]) == np.shape(lively[subject])
                for part, subject in subjects.items()
            )
            if subjects and fitting > best:
                best, self.values, self.subjects = fitting, lively, subjects
            if subjects and fitting == len(self._wanted()):
                break
        return best > 0

    def _wanted(self) -> list[str]:
        return [part for part in self.parts if supplies.bare(part) is not None]

    def _matched(self, result: Sequence[Any], values: Mapping[str, Any]) -> dict[str, str]:
        """Return for each gradient the argument or global that it belongs to, by its name."""
        arrays = {n for n, v in values.items() if as_numbers(v) is not None and np.ndim(v)}
        found: dict[str, str] = {}
        for part in self._wanted():
            claim = result[self.parts.index(part)]
            if as_numbers(claim) is None:
                continue
            subject = subject_of(part, arrays) or supplies.alike(part, arrays)
            if subject is not None:
                found[part] = subject
        return found

    def _result(self, values: Mapping[str, Any]) -> list[Any] | None:
        try:
            result = self._call(values)
        except Failed:  # other values may do
            return None
        if not isinstance(result, (tuple, list)) or len(result) != len(self.parts):
            return None
        return list(result) if np.isfinite(supplies.number(result[self._loss])) else None

    def _call(self, values: Mapping[str, Any]) -> Any:
        """Call it: arguments by name, and globals likewise; random draws are the same each time."""
        named = {
            each: supplies.copied(values[each])
            for each in supplies.arguments(self.space, self.name)
            if each in values
        }
        before = dict(self.space.names)
        self.space.names.update({k: supplies.copied(v) for k, v in values.items()})
        random.seed(SEED)
        np.random.seed(SEED)  # noqa: NPY002 (theirs draws from it)
        try:
            with supplies.no_clipping():
                return self.space.call(self.space[self.name], **named)
        finally:
            self.space.names.clear()
            self.space.names.update(before)

    # Judgement ---------------------------------------------------------------------------------

    def judged(self) -> tuple[list[Judged], list[Finding], list[Finding]]:
        """Return a line for each gradient, findings, and remarks."""
        try:
            result = self._call(self.values)
            with theirs():
                result = list(result)
        except Failed as problem:  # it ran before: said with its line
            said = trouble(problem, self.space.place(self.name))
            line = Judged(self.name, Verdict.CANNOT_RUN, detail=said.sentence, place=said.place)
            return [line], [], []
        found: dict[str, direct.Said] = {}
        for part, subject in self.subjects.items():
            at = as_numbers(self.values[subject])
            claim = as_numbers(result[self.parts.index(part)])
            assert at is not None
            assert claim is not None
            found[part] = direct.judge(claim, self._cost_of(subject), at, {}, subject[:1] in "bB")
        factor = self._factor(found, result)
        lines = [self._line(part, said, factor) for part, said in found.items()]
        missing = [part for part in self._wanted() if part not in self.subjects]
        for part in missing:
            detail = "nothing that it could be the derivative by was found by its name"
            lines.append(
                Judged(part, Verdict.NOT_JUDGED, entry=part, detail=detail, place=self.place(part))
            )
        if factor is not None:
            words = (
                f"all gradients are {factor:.6g} times the derivatives of the loss that is returned"
            )
            remark = Finding(
                "cost_gradient_mismatch", "remark", words,
                "give both the same factor, if the loss is more than a number to look at",
                tuple(found), place=self.space.place(self.name),
            )  # fmt: skip
            return lines, [], [remark]
        wrong = [part for part, said in found.items() if said.verdict.bad]
        if any(not found[part].slugs for part in wrong) or len(wrong) > 1:
            rewrite = self._mended(found, result)
            if rewrite is not None:
                return [self._named(line) for line in lines], [self._of(rewrite, wrong)], []
        return lines, self._findings(found), []

    @staticmethod
    def _named(line: Judged) -> Judged:
        unknown = line.verdict is Verdict.WRONG_UNKNOWN
        return replace(line, verdict=Verdict.WRONG) if unknown else line

    def _of(self, rewrite: rewrites.Rewrite, wrong: Sequence[str]) -> Finding:
        definition = self.space.definitions.found[self.name].place
        line = definition.line + rewrite.before.lineno - self.node.lineno
        source = ast.unparse(rewrite.before)
        return Finding(
            rewrite.slug, "mistake", rewrite.words, rewrite.mend, tuple(wrong), source,
            ast.unparse(rewrite.after),
            place=replace(definition, line=line, function=self.name, source=source),
        )  # fmt: skip

    def _mended(
        self, found: Mapping[str, direct.Said], result: Sequence[Any]
    ) -> rewrites.Rewrite | None:
        """Return the small change of a statement after which all gradients are right."""
        wanted: dict[str, Array] = {}
        for part, said in found.items():
            claim = said.truth if said.verdict.bad else as_numbers(result[self.parts.index(part)])
            if claim is None or not np.isfinite(claim).all():
                return None
            wanted[part] = claim
        loss = supplies.number(result[self._loss])
        own = self.space.names[self.name]
        tried = rewrites.of_function(self.node, set(found))
        try:
            for rewrite in itertools.islice(tried, MOST_REWRITES):
                if self._mends(rewrite, wanted, loss):
                    return rewrite
        finally:
            self.space.names[self.name] = own
        return None

    def _mends(self, rewrite: rewrites.Rewrite, wanted: Mapping[str, Array], loss: float) -> bool:
        try:
            code = compile(ast.Module([rewrite.node], []), "<rewrite>", "exec")
            self.space.caller.call(exec, (code, self.space.names), at=f"{self.name}, changed")
        except Failed:  # a default of theirs that does not run twice
            return False
        result = self._result(self.values)
        if result is None or abs(supplies.number(result[self._loss]) - loss) > 1e-12 * (
            1 + abs(loss)
        ):
            return False
        for part, truth in wanted.items():
            came = as_numbers(result[self.parts.index(part)])
            size = TOLERANCE * float(np.max(np.abs(truth), initial=0.0)) + 1e-9
            if came is None or came.shape != truth.shape or not np.allclose(came, truth, 0, size):
                return False
        return True

    def _factor(self, found: Mapping[str, direct.Said], result: Sequence[Any]) -> float | None:
        """Return the one positive factor by which all gradients differ from the derivatives."""
        factors = []
        for part, said in found.items():
            claim = as_numbers(result[self.parts.index(part)])
            truth = said.truth
            if truth is None or claim is None or claim.shape != truth.shape:
                return None
            known = np.isfinite(truth)
            square = float(np.sum(truth[known] ** 2))
            ratio = float(np.sum(claim[known] * truth[known])) / square if square else 0.0
            near = TOLERANCE * float(np.max(np.abs(claim), initial=0.0)) + 1e-9
            if ratio <= 0 or np.max(np.abs(claim - ratio * truth)[known], initial=0.0) > near:
                return None
            factors.append(ratio)
        one = len(factors) > 1 and np.allclose(factors, factors[0], rtol=1e-5)
        return factors[0] if one and abs(factors[0] - 1) > 1e-5 else None

    def _line(self, part: str, said: direct.Said, factor: float | None) -> Judged:
        verdict, detail = said.verdict, ""
        if factor is not None:
            verdict = Verdict.UP_TO_CONSTANT
        elif verdict is Verdict.NOT_JUDGED:
            detail = said.words
        return Judged(
            part, verdict, entry=part, detail=detail, residual=said.residual, place=self.place(part)
        )

    def _findings(self, found: Mapping[str, direct.Said]) -> list[Finding]:
        """Return a finding for each cause: what one and the same thing is wrong with is one."""
        causes: dict[tuple[tuple[str, ...], str], list[str]] = {}
        for part, said in found.items():
            if said.verdict.bad:
                words = said.words if said.slugs else ""
                causes.setdefault((said.slugs, words), []).append(part)
        return [
            self._finding(parts, slugs, words, found[parts[0]])
            for (slugs, words), parts in causes.items()
        ]

    def _finding(
        self, parts: Sequence[str], slugs: tuple[str, ...], words: str, said: direct.Said
    ) -> Finding:
        several = len(parts) > 1
        if not slugs:
            listed = ", ".join(parts)
            words = (
                f"{listed} {'are' if several else 'is'} not the "
                f"{'derivatives' if several else 'derivative'} of {self.parts[self._loss]} by "
                f"{', '.join(self.subjects[part] for part in parts)}"
            )
        place = self.place(parts[0])
        shape = " × ".join(map(str, np.shape(self.values[self.subjects[parts[0]]])))
        return Finding(
            slugs[0] if slugs else "unknown",
            "mistake",
            words,
            said.mend,
            tuple(parts),
            place.source if place is not None else "",
            "",
            "" if several else shape,
            tuple(slugs[1:]),
            place=place,
        )

    def _cost_of(self, subject: str) -> direct.Cost:
        def cost(moved: Array) -> float:
            try:
                result = self._call({**self.values, subject: moved})
                with theirs():
                    return supplies.number(result[self._loss])
            except Failed:  # said by the caller: not judged
                return float("nan")

        return cost
