"""A report → points, for graders: per function, in all, and in words for the student.

Points are per *entry* of the gradient (``W1``, ``b1``, …), since students name their functions as
they like. What is not judged gets no points, and is listed for somebody to look at: the machine
does not guess. Recipes for nbgrader and otter: ``docs/grading.md``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from chainrule.checking.verdicts import Verdict
from chainrule.errors import InvalidType, InvalidValue
from chainrule.render import text
from chainrule.solutions import wording
from chainrule.solutions.findings import Judged, Report

FRACTIONS: Mapping[Verdict, float] = {
    Verdict.RIGHT: 1.0,
    Verdict.UP_TO_CONSTANT: 1.0,
    Verdict.IMPLIED_COST: 1.0,
    Verdict.OTHER_SHAPE: 0.5,
    Verdict.WRONG: 0.0,
    Verdict.WRONG_UNKNOWN: 0.0,
    Verdict.UNFINISHED: 0.0,
    Verdict.CANNOT_RUN: 0.0,
    Verdict.NOT_JUDGED: 0.0,
}
"""What a verdict is worth, of the points that there are."""


@dataclass(frozen=True)
class Points:
    """What one function got.

    Parameters
    ----------
    got, possible : float
    verdict : Verdict or None
        ``None`` where the solution has no such function.
    words : str
        Why, for the student.
    """

    got: float
    possible: float
    verdict: Verdict | None
    words: str


@dataclass(frozen=True, repr=False)
class Score:
    """What a solution got. Printing shows the text for the student.

    Parameters
    ----------
    points : mapping of str to Points
        By what was asked for: entries (``"W1"``) or names of functions.
    summary : str
        The report in one line.
    advice : tuple of str
        What to mend, one line a cause.
    """

    points: Mapping[str, Points]
    summary: str
    advice: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """All points."""
        return math.fsum(each.got for each in self.points.values())

    @property
    def possible(self) -> float:
        """The points that there are."""
        return math.fsum(each.possible for each in self.points.values())

    @property
    def fraction(self) -> float:
        """Points over those that there are; 0 where there are none."""
        return self.total / self.possible if self.possible else 0.0

    @property
    def open(self) -> tuple[str, ...]:
        """What the machine did not judge, or did not find: somebody should look at it."""
        unsaid = (None, Verdict.NOT_JUDGED)
        return tuple(name for name, each in self.points.items() if each.verdict in unsaid)

    @property
    def text(self) -> str:
        """What the student reads: a line for every function, then what to mend."""
        rows = [
            (name, f"{each.got:g} of {each.possible:g}", each.words)
            for name, each in self.points.items()
        ]
        rows.append(("in all", f"{self.total:g} of {self.possible:g}", ""))
        return "\n".join([*text.columns(rows, indent=""), "", self.summary, *self.advice])

    def __repr__(self) -> str:
        return self.text


def score(
    report: Report,
    weights: Mapping[str, float] | None = None,
    *,
    fractions: Mapping[Verdict, float] = FRACTIONS,
    once: bool = False,
) -> Score:
    """Return the points of a solution.

    Parameters
    ----------
    report : Report
    weights : mapping of str to float, optional
        The points of what was asked for: by entry, ``{"W1": 2, "b1": 1}``, or by the name of a
        function; ``"dW1"`` is ``"W1"``, and so are ``"w"`` and ``"theta"`` where there is a single
        layer. What is not found gets none, and is `open`. Without weights, every gradient that
        was found has one point: say what you asked for, or who leaves a function out loses nothing.
    fractions : mapping of Verdict to float, optional
        What verdicts are worth, where that is not `FRACTIONS`; the others are as there.
    once : bool, optional
        Whether a mistake costs only the first of the functions that it spoils: the others, right
        but for that mistake, get all their points.

    Returns
    -------
    Score
        Points by function, their sum, and a text for the student.

    Raises
    ------
    InvalidValue
        If a weight is negative or no number, or a fraction is not between 0 and 1.

    Examples
    --------
    >>> judged = Judged("dW1", Verdict.RIGHT, entry="W1"), Judged("db1", Verdict.WRONG, entry="b1")
    >>> found = score(Report("solution.py", judged=judged), {"W1": 2, "b1": 1, "W2": 2})
    >>> found.total, found.possible
    (2.0, 5.0)
    >>> print(found)
    W1       2 of 2   dW1: right
    b1       0 of 1   db1: wrong
    W2       0 of 2   not found
    in all   2 of 5
    <BLANKLINE>
    something is wrong: 1 of 2 gradients right
    """
    asked = weights
    if asked is None:
        gradients = (each for each in report.judged if each.role == "gradient")
        asked = {each.entry or each.name: 1.0 for each in gradients}
    worth = {**FRACTIONS, **fractions}
    for name, weight in asked.items():
        _number(f"weights[{name!r}]", weight, math.inf)
    for verdict, part in worth.items():
        _number(f"fractions[{verdict!s}]", part, 1.0)
    points = {}
    paid: set[int] = set()  # findings that have cost points already
    for name, weight in asked.items():
        judged = _find(report, name)
        if judged is None:
            points[name] = Points(0.0, float(weight), None, "not found")
            continue
        causes = set(wording.numbered(report, judged)) if judged.verdict.bad else set()
        spared = once and bool(causes) and causes <= paid
        paid |= causes
        part = 1.0 if spared else worth[judged.verdict]
        words = _words(name, judged, report) + (", counted once" if spared else "")
        points[name] = Points(part * weight, float(weight), judged.verdict, words)
    advice = tuple(
        f"{number}. {finding.sentence}" + (f" → {finding.suggestion}" if finding.suggestion else "")
        for number, finding in enumerate(report.findings, start=1)
    )
    return Score(points, wording.summary(report), advice)


OF = r"(?:(?:J|[dD][CLJE]?|grad(?:ient)?|jac(?:obian)?)_?){0,2}"
"""What people write before what they differentiate by."""
PARAMETER = re.compile(
    rf"{OF}(?:([Ww]|[Ww]eights?|[Tt]heta)|[Bb]|[Bb]ias(?:es)?)_?(\d*)(?:_?grad)?"
)
OTHER = re.compile(rf"{OF}(\w+?)(?:_?grad)?")


def _find(report: Report, name: str) -> Judged | None:
    """Return the line of a report by the entry, else by the name of the function.

    What is called so by nothing may be called otherwise: ``W1`` and ``dW1`` are one, and in a
    solution with a single layer so are ``W1``, ``w`` and ``theta``. Of two that fit none counts.
    """
    by_entry = (each for each in report.judged if each.entry == name)
    by_name = (each for each in report.judged if each.name == name)
    exact = next(by_entry, None) or next(by_name, None)
    if exact is not None:
        return exact
    gradients = [each for each in report.judged if each.role == "gradient"]
    known = {_meant(each.entry or each.name) for each in gradients}
    alone = len([each for each in known if each[:1] == "W" and each[1:].isdecimal()]) == 1
    asked = _meant(name, alone)
    fits = [each for each in gradients if _meant(each.entry or each.name, alone) == asked]
    return fits[0] if len(fits) == 1 else None


def _meant(name: str, alone: bool = True) -> str:
    """Return what a gradient is by: ``W1`` of ``dC_dW1``, and of ``theta`` in an only layer."""
    match = PARAMETER.fullmatch(name)
    if match:
        layer = match[2] or ("1" if alone else "")
        return f"{'W' if match[1] else 'b'}{layer}"
    other = OTHER.fullmatch(name)
    return other[1] if other else name


def _words(name: str, judged: Judged, report: Report) -> str:
    called = "" if judged.name == name else f"{judged.name}: "
    words = "" if judged.verdict.good else wording.beside(report, judged)
    return f"{called}{judged.verdict.value}{f', {words}' if words else ''}"


def _number(what: str, value: Any, most: float) -> None:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise InvalidType(f"{what} is {value!r}, wanted a number")
    if not (0 <= float(value) <= most and math.isfinite(value)):
        wanted = "a number ≥ 0" if most == math.inf else "a number from 0 to 1"
        raise InvalidValue(f"{what} is {value!r}, wanted {wanted}")
