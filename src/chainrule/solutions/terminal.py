"""A report as lines for a terminal; without colour they read the same.

First a line for every function, then each cause with the line of source that it sits in, what is
computed and what is right, and the change that mends it; then remarks, how the code was read, and
the whole in one line. The words are those of `wording`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chainrule.render.text import PAGE
from chainrule.solutions import wording
from chainrule.solutions.cells import Cell
from chainrule.solutions.findings import Finding, Judged, Place, Report

if TYPE_CHECKING:
    from rich.console import Console

Part = tuple[str, str]  # what is written, and its style
Line = list[Part]

LEAST = 30  # characters for what is wrapped, however narrow the terminal
WIDEST = 30  # of a column of names
STYLES = {
    "right": "green",
    "wrong": "bold red",
    "open": "yellow",
    "heading": "bold",
    "dim": "dim",
    "mend": "cyan",
    "marked": "bold",
}
LABELS = ("computed", "right", "in yours", "spoils", "or", "mend")


def lines(report: Report, width: int = PAGE) -> list[str]:
    """Return a report as lines of plain text.

    Parameters
    ----------
    report : Report
    width : int, optional
        Characters in a line.

    Returns
    -------
    list of str
    """
    drawn = _report(report, width)
    return ["".join(text for text, _ in line).rstrip() for line in drawn]


def show(report: Report, console: Console | None = None) -> None:
    """Print a report, in colour where the terminal has some.

    Parameters
    ----------
    report : Report
    console : rich.console.Console, optional
        Where to; standard output without one.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False) if console is None else console
    width = min(console.width, PAGE) if console.is_terminal else PAGE
    for line in _report(report, width):
        text = Text.assemble(*((part, STYLES.get(style, "")) for part, style in line), end="")
        text.rstrip()
        console.print(text, soft_wrap=True)


def _report(report: Report, width: int) -> Iterator[Line]:
    yield [(wording.name_of(report.path), "heading")]
    if report.style:
        yield from _wrapped([], report.style, width, "dim")
    for heading, judged in wording.groups(report):
        yield from ([], [(heading, "heading")])
        yield from _table(report, judged, width)
    for number, finding in enumerate(report.findings, start=1):
        yield []
        yield from _finding(report, number, finding, width)
    if report.remarks:
        yield from ([], [("remarks", "heading")])
        for remark in report.remarks:
            yield from _remark(remark, width, report.source)
    yield []
    if report.reading:
        yield from _wrapped([("read as   ", "dim")], "; ".join(report.reading), width, "dim")
    kind = {0: "right", 1: "wrong"}.get(report.status, "open")
    yield from _wrapped([], wording.summary(report), width, kind)


def _table(report: Report, judged: Sequence[Judged], width: int) -> Iterator[Line]:
    names, verdicts = (
        min(max(map(len, column)), WIDEST)
        for column in zip(*((each.name, each.verdict.value) for each in report.judged), strict=True)
    )
    seen: Place | None = None
    for each in judged:
        kind = wording.kind(each.verdict)
        words = wording.beside(report, each)
        start: Line = [(f"  {wording.mark(each.verdict)} ", kind), (each.name.ljust(names), "")]
        if words:
            start += [("   ", ""), (each.verdict.value.ljust(verdicts), kind), ("   ", "")]
            yield from _wrapped(start, words, width, "dim")
        else:
            yield [*start, ("   ", ""), (each.verdict.value, kind)]
        place = each.place
        if each.verdict.good or wording.numbered(report, each) or place is None:
            continue
        if place != seen:  # of several in one function, once
            head = place.source.strip().startswith(("def ", "class "))
            yield from _source(place, "    ", width, report.source, 0 if head else wording.AROUND)
        seen = place


def _finding(report: Report, number: int, finding: Finding, width: int) -> Iterator[Line]:
    start: Line = [("✗ ", "wrong"), (f"{number}  ", "heading")]
    yield from _wrapped(start, wording.said(finding, report), width, "heading")
    inner = " " * sum(len(text) for text, _ in start)
    yield from _source(finding.place, inner, width, report.source)
    left = max(len(finding.computed), len(finding.right))
    shape = f"   {finding.shape}" if finding.shape else ""
    rows = {
        "computed": (finding.computed and finding.computed.ljust(left) + shape, "wrong"),
        "right": (finding.right and finding.right.ljust(left) + shape, "right"),
        "in yours": (wording.yours(report, finding), "dim"),
        "spoils": (wording.spoiled(report, finding), ""),
        "or": (wording.ties(finding), "dim"),
        "mend": (wording.called(finding.suggestion, report), "mend"),
    }
    for label in LABELS:
        said, style = rows[label]
        if said:
            yield from _wrapped([(inner + label.ljust(11), "dim")], str(said), width, style)
    for label, line in wording.mended(finding):
        yield from _code([(inner + label.ljust(11), "dim")], line, width)


def _remark(remark: Finding, width: int, source: Sequence[Cell]) -> Iterator[Line]:
    yield from _wrapped([("  · ", "open")], wording.said(remark), width, "")
    yield from _source(remark.place, "    ", width, source, around=0)
    if remark.suggestion:
        yield from _wrapped([("    → ", "dim")], remark.suggestion, width, "mend")


def _source(
    place: Place | None,
    indent: str,
    width: int,
    cells: Sequence[Cell],
    around: int = wording.AROUND,
) -> Iterator[Line]:
    if place is None:
        return
    yield from _wrapped([(indent, "")], wording.where(place, cells), width, "dim")
    shown = wording.excerpt(place, cells, around)
    digits = max((len(str(line.number)) for line in shown), default=0)
    for line in shown:
        style = "marked" if line.marked else "dim"
        tip = "▸ " if line.marked and len(shown) > 1 else "  "
        number = f"{line.number:>{digits}} │ "
        room = max(width - len(indent) - len(tip) - len(number), LEAST)
        first, *more = _cut(line.text, room)
        yield [(indent, ""), (tip, "wrong"), (number, "dim"), (first, style)]
        for rest in more:
            blank = " " * (len(indent) + len(tip) + digits)
            yield [(f"{blank} │ ", "dim"), (rest, style)]


def _code(start: Line, code: str, width: int) -> Iterator[Line]:
    used = sum(len(text) for text, _ in start)
    first, *more = _cut(code, max(width - used, LEAST))
    yield [*start, (first, "mend")]
    yield from ([(" " * used, ""), (rest, "mend")] for rest in more)


def _cut(code: str, room: int) -> list[str]:
    """Break a long line of code; nothing of it is left out."""
    return [code[i : i + room] for i in range(0, len(code), room)] or [""]


def _wrapped(start: Line, said: str, width: int, style: str) -> Iterator[Line]:
    """Yield words after a start, wrapped below where they began."""
    used = sum(len(text) for text, _ in start)
    room = width - used
    below = used
    if room < LEAST:  # the words stand below the start, not beside it
        below = min(len(start[0][0]) if start else 0, max(width - LEAST, 0))
        room = max(width - below, LEAST)
        yield list(start)
        start = [(" " * below, "")]
        if not said:
            return
    first, *more = textwrap.wrap(said, room, break_on_hyphens=False) or [""]
    yield [*start, (first, style)]
    for rest in more:
        yield [(" " * below, ""), (rest, style)]
