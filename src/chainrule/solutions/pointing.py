"""From the function that a cause sits in to the line that computes the equation it spoils.

The equation is known as it should be and as it was computed; a line of code is known by the name
that it assigns and those that it reads, as people spell them (`dZ1`, `delta_1`, `J_W1`). The line
that fits best is pointed at; where two fit as well, none is: the whole function is shown then.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from chainrule.solutions.cells import Cell
from chainrule.solutions.findings import Finding, Judged, Place, Report

Said = TypeVar("Said", Finding, Judged)

SPELLINGS: tuple[tuple[str, str], ...] = (  # of a name in small letters and digits → its quantity
    (r"(?:delta|dz|dcdz|dldz|error|err|d)(\d+)", "delta{}"),
    (r"(?:da|dcda|dlda|dh|dlayer)(\d+)", "dC_da{}"),
    (r"(?:j|d|dj|dc|dl|g|grad|gradient|nabla|dcd|dld)w(\d+)", "J_W{}"),
    (r"(?:j|d|dj|dc|dl|g|grad|gradient|nabla|dcd|dld)b(\d+)", "J_b{}"),
    (r"(?:w|weights?|theta)(\d+)", "W{}"),
    (r"(?:b|bias(?:es)?)(\d+)", "b{}"),
    (r"(?:z|s|net|logits?|scores)(\d+)", "z{}"),
    (r"(?:a|h|layer|hidden|act|o)(\d+)", "a{}"),
    (r"(?:x|inputs?|xbatch|xtrain)", "a0"),
    (r"(?:y|t|targets?|labels?|ybatch|ytrain)", "y"),
)
SYMBOL = re.compile(r"∂C/∂a\d+|J_[Wb]\d+|δ\d+|\b[Wbza]\d+|\by\b")
ELSEWHERE = frozenset({"forward_wrong", "cache_mislabelled", "derivative_formula"})
"""Causes that sit in another function than the one that they spoil."""
TARGET, READ, EXTRA = 4, 1, 2  # how much it counts that a name is met
LEAST = 3


@dataclass(frozen=True)
class Line:
    """A statement: what it assigns and what it reads, as quantities of ours.

    Parameters
    ----------
    number : int
        In the source of its cell, the first is 1.
    target : str
    reads : Counter of str
    """

    number: int
    target: str
    reads: Counter[str]


def pointed(report: Report) -> Report:
    """Return a report whose findings point at lines, where they pointed at functions.

    Parameters
    ----------
    report : Report
        With the source that it is of.

    Returns
    -------
    Report
    """
    cells = report.source
    findings = tuple(_spelled_out(_pointed(each, cells), cells) for each in report.findings)
    remarks = tuple(_spelled_out(each, cells) for each in report.remarks)
    judged = tuple(_spelled_out(each, cells) for each in report.judged)
    return replace(report, findings=findings, remarks=remarks, judged=judged)


def _spelled_out(said: Said, cells: Sequence[Cell]) -> Said:
    """Return a finding or a line of the report whose place holds the line as it stands there.

    Styles that know a method by its name and number alone abbreviate its head, as ``def f(…)``.
    """
    place = said.place
    cell = next((each for each in cells if place and each.number == place.cell), None)
    if place is None or cell is None or "(…)" not in place.source:
        return said
    lines = cell.source.split("\n")
    at = place.line - cell.first_line
    head = re.compile(rf"\s*(async )?def {re.escape(place.function)}\b")
    if not 0 <= at < len(lines) or not head.match(lines[at]):
        return said
    return replace(said, place=replace(place, source=lines[at].strip()))


def spelled(finding: Finding, cells: Sequence[Cell]) -> dict[str, str]:
    """Return how a person spells the quantities of an equation, where that is not as we do.

    Parameters
    ----------
    finding : Finding
        With equations and a place.
    cells : sequence of Cell

    Returns
    -------
    dict of str to str
        Their names by our symbols; a capital letter for a small one is no other name.
    """
    place = finding.place
    cell = next((each for each in cells if place and each.number == place.cell), None)
    if place is None or cell is None:
        return {}
    source = cell.source.split("\n")
    start = _head(source, place.line - cell.first_line, place.function)
    if start is None:
        return {}
    named: dict[str, str] = {}
    for name in re.findall(r"[A-Za-z_]\w*", _of_function(source[start - 1 :])):
        named.setdefault(quantity(name), name)
    found = {}
    for symbol in dict.fromkeys(SYMBOL.findall(f"{finding.computed} {finding.right}")):
        name = named.get(quantity(symbol), "")
        plain = name.lower().replace("_", "")
        if name and plain not in (symbol.lower().replace("_", ""), quantity(symbol)):
            found[symbol] = name
    return found


def _pointed(finding: Finding, cells: Sequence[Cell]) -> Finding:
    place = finding.place
    if (
        place is None
        or finding.mends
        or finding.slug in ELSEWHERE
        or not (finding.computed and finding.right)
        or finding.computed == place.source  # it points at the statement already
    ):
        return finding
    cell = next((each for each in cells if each.number == place.cell), None)
    if cell is None:
        return finding
    start = _head(cell.source.split("\n"), place.line - cell.first_line, place.function)
    if start is None:
        return finding
    lines = list(_lines(cell.source, start))
    best = _best(lines, finding.computed, finding.right)
    if best is None:
        return finding
    source = cell.source.split("\n")[best - 1].strip()
    return replace(
        finding, place=Place(best + cell.first_line - 1, place.cell, place.function, source)
    )


def _best(lines: Sequence[Line], computed: str, right: str) -> int | None:
    """Return the line that computes an equation; ``None`` if none does, or two as well."""
    left, _, body = computed.partition(" = ")
    wanted = quantity(left)
    has = Counter(map(quantity, SYMBOL.findall(body)))
    should = Counter(map(quantity, SYMBOL.findall(right.partition(" = ")[2])))
    targets = {wanted}
    if wanted.startswith("dC_da") and all(line.target != wanted for line in lines):
        targets.add(wanted.replace("dC_da", "delta"))  # both in one line
    scores = {}
    for line in lines:
        odd = (has - should) & line.reads
        if not odd and line.target not in targets:
            continue
        extra = sum(odd.values())
        missing = sum(((should - has) & line.reads).values())
        read = sum((has & line.reads).values())
        scores[line.number] = (
            TARGET * (line.target in targets) + READ * read + EXTRA * (extra - missing)
        )
    ranked = sorted(scores.items(), key=lambda each: -each[1])
    if not ranked or ranked[0][1] < LEAST:
        return None
    if len(ranked) > 1 and ranked[1][1] == ranked[0][1]:
        return None
    return ranked[0][0]


def quantity(name: str) -> str:
    """Return the quantity of ours that a name stands for; empty where it is none that is known.

    Examples
    --------
    >>> [quantity(name) for name in ("dZ1", "delta_2", "grad_W3", "X", "δ1", "∂C/∂a2", "cache")]
    ['delta1', 'delta2', 'J_W3', 'a0', 'delta1', 'dC_da2', '']
    """
    plain = re.sub(r"[^a-z0-9]", "", name.lower().replace("δ", "delta").replace("∂", "d"))
    for pattern, spelled in SPELLINGS:
        match = re.fullmatch(pattern, plain)
        if match:
            return spelled.format(*match.groups())
    return ""


def _lines(source: str, start: int) -> Iterator[Line]:
    """Yield the statements of the function that begins on a line."""
    code = "\n" * (start - 1) + textwrap.dedent(_of_function(source.split("\n")[start - 1 :]))
    try:
        (function,) = ast.parse(code).body
    except (SyntaxError, ValueError):  # a cell that was mended: there is no telling its lines
        return
    name = quantity(getattr(function, "name", ""))
    for node in ast.walk(function):
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            called = [_called(target) for target in targets]
            yield Line(node.lineno, next(filter(None, called), ""), _reads(node.value))
        elif isinstance(node, ast.Return) and not isinstance(node.value, (ast.Name, type(None))):
            yield Line(node.lineno, name, _reads(node.value))


def _head(lines: Sequence[str], at: int, function: str) -> int | None:
    """Return the number of the line on which the function begins that a line is in."""
    if not function:  # it stands at the top
        return None
    head = re.compile(rf"\s*(async )?def {re.escape(function)}\b")
    above = range(min(at, len(lines) - 1), -1, -1)
    return next((i + 1 for i in above if head.match(lines[i])), None)


def _of_function(lines: Sequence[str]) -> str:
    head = len(lines[0]) - len(lines[0].lstrip())
    end = 1
    while end < len(lines):
        body = lines[end].lstrip()
        if body and body[0] not in ")]}#" and len(lines[end]) - len(body) <= head:
            break
        end += 1
    return "\n".join(lines[:end])


def _called(node: ast.AST) -> str:
    """Return the quantity that an expression names: a name, an attribute, an entry by its key."""
    if isinstance(node, ast.Name):
        return quantity(node.id)
    if isinstance(node, ast.Attribute):
        return quantity(node.attr)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return quantity(str(node.slice.value)) if isinstance(node.slice.value, str) else ""
    return ""


def _reads(node: ast.AST) -> Counter[str]:
    found = Counter(map(_called, ast.walk(node)))
    del found[""]
    return found
