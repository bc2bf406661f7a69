"""The smallest change that mends a gradient: tried in the person's own lines, not guessed.

What the catalogue says of a cause is true of the mathematics, and does not say which line it is in.
So small changes (`changes`) of the functions that run when the gradient is computed are put in one
after the other, in place, and the gradient is computed again. One after which it is right, and
nothing else is wrong that was right, is shown with its line. A finding that is gone with the change
for another one was only its consequence, and is not said.

No verdict depends on this but one: what was wrong by an unknown cause has one then.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import CodeType
from typing import Any

import numpy as np

from chainrule.checking.fitting import SINGLE
from chainrule.checking.verdicts import Verdict
from chainrule.solutions.called import called
from chainrule.solutions.calling import Failed, TooLong
from chainrule.solutions.changed import described
from chainrule.solutions.changes import FITTING, KINDS, Change, changes
from chainrule.solutions.findings import Finding, Mend
from chainrule.solutions.limits import MENDING
from chainrule.solutions.reading import Array
from chainrule.solutions.theirs import Theirs, running
from chainrule.solutions.wanted import Case, cases, cases_of_penalty, penal
from chainrule.solutions.witness import TOLERANCE

MOST = 1500
"""Changes that are tried for one file: counted, for a clock would give another report elsewhere."""
MOST_CALLS = 6000
"""Calls of their code with a change in it: one for every example, if it takes one at a time."""
ENDLESS = 4
"""Changes after which the code may take too long; then no more are tried."""
CALL_SECONDS = 0.5
"""For a call with a change in it."""
NO_CHANGE = frozenset({"not_defined", "missing_definition"})
"""What has to be written, not changed."""
AXIS = re.compile(r": (np\.sum\([^;]*|axis=\d)")
"""In our orientation; the line that was tried has the axis in theirs."""
CONSEQUENCE = re.compile(r"(; )?it is wrong; \S+ is so before it")


@dataclass(frozen=True)
class Made:
    """A change that is in place, and what was there before.

    Parameters
    ----------
    theirs : Theirs
    change : Change
    old : ast.AST
    codes : list of CodeType
    said : Mend
    words, slug : str
    entries : tuple of str
        Those that are right with it, and were not before.
    """

    theirs: Theirs
    change: Change
    old: ast.AST
    codes: list[CodeType]
    said: Mend
    words: str
    slug: str
    entries: tuple[str, ...] = ()

    def undo(self) -> None:
        """Put back what was there."""
        self.change.slot.put(self.old)
        for function, code in zip(self.theirs.functions, self.codes, strict=True):
            function.__code__ = code


class Mending:
    """Finds the changes for the findings of a judgement.

    Parameters
    ----------
    judge : Judge
        After it has run.
    asked : sequence of Case
        What must be right.
    concerned : callable
        Tells which findings are to be mended.
    """

    def __init__(
        self,
        judge: Any,
        asked: Sequence[Case],
        concerned: Callable[[Finding], bool],
    ) -> None:
        self.judge, self.asked, self.concerned = judge, asked, concerned
        self.tried = self.endless = 0
        self.before = judge.space.caller.calls
        self.theirs: list[Theirs] = []
        self.places = {piece.entry: piece.place for piece in judge.reading.pieces}
        self.kept: list[Made] = []
        self.wrong = self._wrong()

    def run(self) -> None:
        """Put changes to the findings, and leave out those that are gone with another's."""
        if not self.wrong or not self.judge.findings:
            return
        space = self.judge.space
        caller = space.caller
        seconds, avoid = caller.seconds, dict(caller.avoid)
        caller.seconds = min(seconds, CALL_SECONDS)
        try:
            self.theirs = running(self.judge.reading, space, self.judge.probes[0])
            findings = [each for each in self.judge.findings if self.concerned(each)]
            self._all([each for each in findings if self._targets(each)])
            self._drop_consequences()
        finally:
            for made in reversed(self.kept):
                made.undo()
            caller.seconds, caller.avoid = seconds, avoid

    def _drop_consequences(self) -> None:
        """Leave out findings on the penalty of which nothing is left with the changes in place."""
        others = [e for e in self.judge.findings if penal(e) and not self.concerned(e)]
        if not self.kept or not others:
            return
        left = self._wrong(whole=True)
        gone = [each for each in others if each.entries and not set(each.entries) & left]
        self.judge.findings[:] = [each for each in self.judge.findings if each not in gone]

    def _targets(self, finding: Finding) -> set[str]:
        """Return the entries that are right when a finding is mended; none if that is not all."""
        functions = {each.name for each in self.theirs}
        more = set(finding.entries) - set(self.places) - functions
        if finding.kind != "mistake" or finding.slug in NO_CHANGE or more:
            return set()
        return set(finding.entries) & self.wrong

    def _all(self, waiting: list[Finding]) -> None:
        """Go through findings, those whose cause is known first; what is mended stays mended."""
        waiting = sorted(waiting, key=lambda each: (not each.computed, each.slug == "unknown"))
        progress = True
        while waiting and progress:
            progress = False
            for finding in list(waiting):
                if finding not in waiting:
                    continue
                made = self._mend(finding)
                if made:
                    waiting.remove(finding)
                    gone = [other for other in waiting if not self._targets(other)]
                    waiting = [other for other in waiting if other not in gone]
                    self._say(finding, made, gone)
                    progress = True

    def _mend(self, finding: Finding) -> list[Made]:
        """Return changes after which all that a finding spoils is right; they stay in place."""
        made: list[Made] = []
        left = self._targets(finding)
        while left:
            found = self._best(finding, left)
            if found is None:
                break
            put = self._put(*found)
            self.wrong = self._wrong()
            made.append(
                replace(put, entries=tuple(e for e in finding.entries if e in left - self.wrong))
            )
            left &= self.wrong
        if left:  # some of it only: that would be another mistake in the place of theirs
            for each in reversed(made):
                each.undo()
            self.wrong = self._wrong()
            return []
        self.kept += made
        return made

    def _best(self, finding: Finding, left: set[str]) -> tuple[Theirs, Change] | None:
        """Return the first change that mends all, or all that its function can; else the most."""
        slug = finding.slug.split("+")[0]
        fitting = FITTING.get(slug, ())
        best: tuple[int, Theirs, Change] | None = None
        for kind in (*fitting, *(kind for kind in KINDS if kind not in fitting)):
            if best is not None and kind not in fitting:
                break  # the same mistake on another line asks for the same kind of change
            for theirs in sorted(self.theirs, key=lambda each: self._distance(each, finding)):
                own = {entry for entry in left if self._in(entry, theirs)}
                for change in changes(theirs.node, theirs.scope, (kind,)):
                    if getattr(change.statement, "ours", False):
                        continue  # no line of theirs
                    if self._spent():
                        return None if best is None else best[1:]
                    mended = self._mended(theirs, change, left)
                    if mended == left or (own and own != left and mended == own):
                        return theirs, change
                    if len(mended) > (best[0] if best else 0):
                        best = len(mended), theirs, change
        return None if best is None else best[1:]

    def _spent(self) -> bool:
        """Return whether so much was tried that no more is."""
        calls = self.judge.space.caller.calls - self.before
        return self.tried >= MOST or calls >= MOST_CALLS or self.endless >= ENDLESS

    def _in(self, entry: str, theirs: Theirs) -> bool:
        place = self.places.get(entry)
        return place is not None and place.function == theirs.name

    def _distance(self, theirs: Theirs, finding: Finding) -> int:
        """Return how far a function is from where a finding is thought to be."""
        if finding.place is not None and finding.place.function == theirs.name:
            return 0
        return 1 if any(self._in(entry, theirs) for entry in finding.entries) else 2

    def _mended(self, theirs: Theirs, change: Change, left: set[str]) -> set[str]:
        """Return what of some entries is right with a change; none if something else is lost."""
        self.tried += 1
        old = change.slot.get()
        change.slot.put(change.new)
        try:
            code = theirs.compiled()
        finally:
            change.slot.put(old)
        if code is None:
            return set()
        with theirs.holding(code):
            wrong = self._wrong(left)
        return left - wrong if wrong <= self.wrong else set()

    def _wrong(self, left: set[str] | None = None, *, whole: bool = False) -> set[str]:
        """Return the entries that are wrong as the code is now; all of `left`, if those are.

        With `whole`, nothing may stay that is a finding of its own.
        """
        wrong: set[str] = set()
        for case in self.asked:
            try:
                came = case.came()
            except Failed as failure:  # a change of their code that does not run
                self.endless += isinstance(failure, TooLong)
                return set(case.wanted)
            sign = (-1.0 if self.judge.entries.negative else 1.0) / self._scale(came, case.wanted)
            wrong |= {
                entry
                for entry, options in case.wanted.items()
                if not any(
                    _near(came.get(entry), sign, each) for each in options[: 1 if whole else None]
                )
            }
            if left is not None and left <= wrong:
                break
        return wrong

    def _scale(self, came: Mapping[str, Any], wanted: Mapping[str, tuple[Array, ...]]) -> float:
        """Return the factor that is their convention, where no cost says which: 1 or positive."""
        truth = self.judge.entries.truth
        last = max((entry for entry in wanted if entry.startswith("W")), default="")
        value = came.get(last)
        if truth is None or not truth.assumed or not isinstance(value, np.ndarray):
            return 1.0
        (first, *_) = wanted[last]
        if value.shape != first.shape or not np.isfinite(value).all():
            return 1.0
        square = float(np.vdot(first, first))
        ratio = float(np.vdot(first, value)) / square if square else 1.0
        return ratio if ratio > 0 else 1.0

    def _put(self, theirs: Theirs, change: Change) -> Made:
        """Put a change in place."""
        old = change.slot.get()
        said, words = described(theirs, change, self.judge.space)
        slug = called(change)
        change.slot.put(change.new)
        codes = [function.__code__ for function in theirs.functions]
        code = theirs.compiled()
        assert code is not None  # it was compiled when it was tried
        for function in theirs.functions:
            function.__code__ = code
        return Made(theirs, change, old, codes, said, words, slug)

    def _say(self, finding: Finding, made: Sequence[Made], gone: Sequence[Finding]) -> None:
        """Put changes to a finding; those that are gone with it were its consequences."""
        judge = self.judge
        entries = dict.fromkeys((*finding.entries, *(e for each in gone for e in each.entries)))
        place = made[0].said.place
        new = replace(
            finding,
            suggestion=AXIS.sub("", finding.suggestion),
            sentence=CONSEQUENCE.sub("", finding.sentence) or finding.sentence,
            entries=tuple(entries),
            mends=tuple(each.said for each in made),
            place=place,
        )
        said = [new]
        if finding.slug == "unknown":  # of changes that are not alike, each is a cause of its own
            said = []
            for words in dict.fromkeys(each.words for each in made):
                alike = [each for each in made if each.words == words]
                mended = [entry for each in alike for entry in each.entries]
                mine = [
                    e for e in entries if e in mended or (not said and e not in finding.entries)
                ]
                cause = replace(
                    new, slug=alike[0].slug, sentence=words, suggestion="", computed="", right=""
                )
                mends = tuple(each.said for each in alike)
                said.append(replace(cause, entries=tuple(mine), mends=mends, place=mends[0].place))
        judge.judged[:] = [
            replace(each, verdict=Verdict.WRONG)
            if each.verdict is Verdict.WRONG_UNKNOWN and each.entry in entries
            else each
            for each in judge.judged
        ]
        judge.findings[:] = [
            one
            for each in judge.findings
            if each not in gone
            for one in (said if each is finding else [each])
        ]


def mended(judge: Any) -> None:
    """Find the lines of what a judgement found, and the changes that mend them.

    Parameters
    ----------
    judge : Judge
        After it has run; one that does not hold entries of a gradient is left as it is.
    """
    caller = judge.space.caller
    if getattr(judge, "entries", None) is None or not judge.findings or MENDING in caller.avoid:
        return
    with caller.under(MENDING):
        _mended(judge)


def _mended(judge: Any) -> None:
    apart = cases_of_penalty(judge)
    Mending(judge, cases(judge), lambda finding: not (apart and penal(finding))).run()
    if apart:
        Mending(judge, apart, penal).run()


def _near(came: object, sign: float, wanted: Array) -> bool:
    if (
        not isinstance(came, np.ndarray)
        or came.shape != wanted.shape
        or came.dtype.kind not in "fi"
    ):
        return False
    tolerance = SINGLE.fits if came.dtype in (np.float32, np.float16) else TOLERANCE
    size = float(np.max(np.abs(wanted), initial=0.0))
    return bool(np.max(np.abs(sign * came - wanted), initial=0.0) <= tolerance * size)
