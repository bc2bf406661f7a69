"""What had to be done to a cell before it could be read, in words.

The repairs themselves are in `syntax`: magics and shell lines, Python 2, typographic quotes, prose.
"""

from __future__ import annotations

from chainrule.solutions.cells import Cell
from chainrule.solutions.findings import Finding, Place
from chainrule.solutions.syntax import Parsed

PYTHON2 = ("python2", "python2_print", "tabs")


def described(cell: Cell, parsed: Parsed) -> list[Finding]:
    """Return what is to be said of a cell.

    Parameters
    ----------
    cell : Cell
    parsed : Parsed
        What became of its text.

    Returns
    -------
    list of Finding
        Of the kind ``"loader"``, with slugs of `notes.NOTES`.
    """
    said = [
        Finding(
            "repaired", "loader", repair.says, place=place(cell, parsed.lines.get(repair.name, 1))
        )
        for repair in parsed.repairs
        if repair.says
    ]
    if parsed.error is not None:
        kept = "what stands around it was read: functions and classes, no statements"
        if not parsed.tree.body:
            kept = "nothing of this cell was read" if cell.number else "nothing could be read"
        sentence = f"this is no Python: {parsed.error.msg}; {kept}"
        where = place(cell, parsed.error.lineno or 1)
        said.append(Finding("broken_cell", "loader", sentence, place=where))
    return said


def is_python2(parsed: Parsed) -> bool:
    """Return whether a text was written for Python 2, in which `zip` and `map` return lists."""
    return any(repair.name in PYTHON2 for repair in parsed.repairs)


def place(cell: Cell, line: int, function: str = "") -> Place:
    """Return where a line of a cell stands."""
    lines = cell.source.split("\n")
    line = min(max(line, 1), len(lines))
    return Place(line + cell.first_line - 1, cell.number, function, lines[line - 1].strip())
