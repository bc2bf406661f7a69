"""What a report says, in words that are the same in a terminal, on a page and in Jupyter."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from chainrule import notation
from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.verdicts import Verdict
from chainrule.solutions.cells import Cell
from chainrule.solutions.findings import Finding, Judged, Place, Report
from chainrule.solutions.pointing import spelled

AROUND = 2  # lines of source that are shown before and after the one that matters
LONGEST_FUNCTION = 12  # and at most of a function, where the whole of it is meant
DIGITS = 9  # that differences of a cost can vouch for
GROUPS = {  # of roles: heading
    "parts": "what it is made of",
    "gradient": "gradients",
    "update": "update",
}


@dataclass(frozen=True)
class SourceLine:
    """One line of somebody's code, as it is shown.

    Parameters
    ----------
    number : int
        In the cell, or in the file where there are no cells.
    text : str
    marked : bool
        Whether it is the one that is meant.
    """

    number: int
    text: str
    marked: bool


def mark(verdict: Verdict) -> str:
    """Return ✓, ✗ or –."""
    return "✓" if verdict.good else "✗" if verdict.bad else "–"


def kind(verdict: Verdict) -> str:
    """Return ``"right"``, ``"wrong"`` or ``"open"``: what a verdict looks like."""
    return "right" if verdict.good else "wrong" if verdict.bad else "open"


def name_of(path: str) -> str:
    """Return the name of a file without its folders."""
    return PurePath(path).name or path


def where(place: Place, cells: Sequence[Cell] = ()) -> str:
    """Say where something stands.

    Parameters
    ----------
    place : Place
    cells : sequence of Cell, optional
        Of the file: with them the number beside ``In`` is said too.

    Examples
    --------
    >>> where(Place(12, 7, "backward"))
    'backward, cell 7, line 12'
    """
    parts = [place.function] if place.function else []
    cell = cell_name(place, cells)
    return ", ".join([*parts, *([cell] if cell else []), f"line {place.line}"])


def cell_name(place: Place, cells: Sequence[Cell] = ()) -> str:
    """Return what a person calls the cell of a place; empty where there are no cells."""
    if place.cell is None:
        return ""
    cell = _cell(place, cells)
    if cell is None or cell.executed is None:
        return f"cell {place.cell}"
    beside = f"In [{cell.executed}]"
    return beside if cell.executed == place.cell else f"cell {place.cell}, {beside}"


def excerpt(place: Place, cells: Sequence[Cell] = (), around: int = AROUND) -> list[SourceLine]:
    """Return the line that is meant, and its neighbours where the source is at hand.

    Parameters
    ----------
    place : Place
    cells : sequence of Cell, optional
    around : int, optional
        How many neighbours on each side.

    Returns
    -------
    list of SourceLine
        Without the indentation that they share; empty where no line is known.
    """
    cell = _cell(place, cells)
    lines = cell.source.split("\n") if cell is not None else []
    at = place.line - cell.first_line if cell is not None else -1
    if cell is None or not 0 <= at < len(lines) or lines[at].strip() != place.source.strip():
        return [SourceLine(place.line, place.source.strip(), True)] if place.source.strip() else []
    first, last = max(at - around, 0), min(at + around, len(lines) - 1)
    if around and re.match(r"\s*(async )?def\b", lines[at]):  # the function is meant, not its head
        first, last = at, _end_of_function(lines, at)
    else:
        first, last = _within_function(lines, first, at, last)
    while first < at and not lines[first].strip():
        first += 1
    while last > at and not lines[last].strip():
        last -= 1
    shown = [line.expandtabs(4).rstrip() for line in lines[first : last + 1]]
    shared = min(len(line) - len(line.lstrip()) for line in shown if line)
    numbered = enumerate(shown, start=first)
    return [SourceLine(i + cell.first_line, line[shared:], i == at) for i, line in numbered]


def _within_function(lines: Sequence[str], first: int, at: int, last: int) -> tuple[int, int]:
    """Return what is left of an excerpt without the functions before and after."""
    heads = [
        i for i in range(first, last + 1) if re.match(r"\s*(async def|def|class|@)\b", lines[i])
    ]
    first = max((i for i in heads if i <= at), default=first)
    later = [i for i in heads if i > at]
    if re.match(r"\s", lines[at]):  # the body of a function ends where the top level goes on
        later += [i for i in range(at + 1, last + 1) if re.match(r"[^\s#)\]}]", lines[i])]
    return first, min(later, default=last + 1) - 1


def _end_of_function(lines: Sequence[str], at: int) -> int:
    """Return the index of the last line of a function, or of as many as are shown."""
    head = len(lines[at]) - len(lines[at].lstrip())
    last = at
    for i in range(at + 1, min(at + LONGEST_FUNCTION, len(lines))):
        body = lines[i].lstrip()
        if body and body[0] not in ")]}" and len(lines[i]) - len(body) <= head:
            break
        last = i
    return last


def _cell(place: Place, cells: Sequence[Cell]) -> Cell | None:
    """Return the cell that a place is in; of a plain file, the file."""
    return next((each for each in cells if each.number == place.cell), None)


def detail(judged: Judged) -> str:
    """Return the few words beside a verdict."""
    if judged.detail or judged.residual is None or not judged.verdict.good:
        return judged.detail
    digits = int(-math.log10(judged.residual)) if judged.residual > 0 else DIGITS
    return f"agrees to {min(max(digits, 1), DIGITS)} digits"


def beside(report: Report, judged: Judged) -> str:
    """Return what stands beside a verdict: a few words, and where to read on.

    Where the words are but the name of the cause, the cause is pointed at.
    """
    found = [] if judged.verdict.good else numbered(report, judged)
    slugs = {slug for number in found for slug in report.findings[number - 1].slug.split("+")}
    words = "" if found and set(judged.detail.split(", ")) <= slugs else detail(judged)
    see = f"see {' and '.join(map(str, found))}" if found else ""
    return "; ".join(filter(None, [words, see]))


def numbered(report: Report, judged: Judged) -> list[int]:
    """Return the numbers of the findings that explain a line of the report, the first is 1."""
    return [
        number
        for number, finding in enumerate(report.findings, start=1)
        if {judged.entry, judged.name} & set(finding.entries) - {""}
    ]


def spoiled(report: Report, finding: Finding) -> str:
    """Name what a finding explains, as the person's code calls it, in the order of the report."""
    called = {each.entry: each.name for each in report.judged if each.entry}
    order = list(called)
    entries = sorted(
        finding.entries, key=lambda entry: order.index(entry) if entry in called else len(order)
    )
    return ", ".join(dict.fromkeys(called.get(entry, entry) for entry in entries))


def said(finding: Finding, report: Report | None = None) -> str:
    """Return the sentence of a finding, with its name in the catalogue.

    Gradients are called as in the report that it is of.
    """
    slugs = finding.slug.split("+")
    known = f"  ({' and '.join(slugs)})" if all(slug in CATALOGUE for slug in slugs) else ""
    return f"{called(finding.sentence, report)}{known}"


def called(words: str, report: Report | None) -> str:
    """Return words in which gradients have the names of the person's code.

    Examples
    --------
    >>> called(
    ...     "mend J_W1 first", Report("a.py", judged=(Judged("dW1", Verdict.WRONG, entry="W1"),))
    ... )
    'mend dW1 first'
    """
    names = {each.entry: each.name for each in report.judged if each.entry} if report else {}
    return re.sub(r"\bJ_([Wb]\d+)\b", lambda found: names.get(found[1], found[0]), words)


def yours(report: Report, finding: Finding) -> str:
    """Say how the person's code spells the quantities of the equations; empty where as we do."""
    names = spelled(finding, report.source)
    return ", ".join(f"{name} is {symbol}" for symbol, name in names.items())


def mended(finding: Finding) -> list[tuple[str, str]]:
    """Return the lines that were tried and mend it, each with what stands before it.

    Examples
    --------
    >>> from chainrule.solutions.findings import Mend
    >>> mended(Finding("sign", "mistake", "", mends=(Mend("return a - y", Place(4)),)))
    [('write', 'return a - y')]
    """
    first, *others = finding.mends or (None,)
    said = [("write", first.line)] if first is not None else []
    return said + [(f"line {each.place.line}", each.line) for each in others if each is not None]


def ties(finding: Finding) -> str:
    """Say which other mistakes give the same numbers; empty where none does.

    Examples
    --------
    >>> ties(Finding("transposed", "mistake", "it is transposed", ties=("sign",)))
    'it has the wrong sign (sign): here that gives the same numbers'
    """
    others = [
        f"{CATALOGUE[slug].says} ({slug})" if slug in CATALOGUE else slug for slug in finding.ties
    ]
    return f"{'; or '.join(others)}: here that gives the same numbers" if others else ""


def symbol(judged: Judged) -> str:
    """Return the symbol of what a gradient is, where their code calls it otherwise.

    Examples
    --------
    >>> symbol(Judged("nabla_w[0]", Verdict.RIGHT, entry="W1"))
    'J_W1'
    """
    if not judged.entry:
        return ""
    spelled = notation.adjoint(judged.entry) if judged.entry[0] in "Wb" else judged.entry
    return "" if spelled == judged.name else notation.text(spelled)


def groups(report: Report) -> Iterator[tuple[str, list[Judged]]]:
    """Yield the lines of a report in groups, the heading first."""
    found: dict[str, list[Judged]] = {heading: [] for heading in GROUPS.values()}
    for each in report.judged:
        found[GROUPS.get(each.role, GROUPS["parts"])].append(each)
    yield from ((heading, lines) for heading, lines in found.items() if lines)


def summary(report: Report) -> str:
    """Return the whole in one line.

    Examples
    --------
    >>> summary(Report("a.py", problem="it took longer than 60 s"))
    'could not be judged: it took longer than 60 s'
    """
    gradients = [each for each in report.judged if each.role == "gradient"]
    good = sum(each.verdict.good for each in gradients)
    bad = sum(each.verdict.bad for each in report.judged)
    said = [f"{good} of {_count(len(gradients), 'gradient')} right"] if gradients else []
    if report.findings:
        said.append(_count(len(report.findings), "thing") + " to mend")
    for verdict in (Verdict.UNFINISHED, Verdict.CANNOT_RUN, Verdict.NOT_JUDGED):
        number = sum(each.verdict is verdict for each in report.judged)
        said += [f"{number} {verdict.value}"] if number else []
    if report.remarks:
        said.append(_count(len(report.remarks), "remark"))
    if report.status == 0:
        start = "all right"
    elif report.problem:
        start = "could not be judged"
        said.insert(0, report.problem)
    elif bad:
        start = "something is wrong"
    else:
        start = "not all could be judged" if gradients else "could not be judged"
    return f"{start}: {', '.join(said)}" if said else start


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
