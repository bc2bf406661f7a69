"""Cells as they are met in the wild → syntax trees, with what had to be done to them.

Magics and shell lines are blanked out, indentation of a whole cell is taken away. Of a cell that
does not parse even so, functions and classes are rescued one by one, never statements: half of
what a broken cell does is something that nobody wrote.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings

from chainrule.solutions.cells import Cell
from chainrule.solutions.findings import Finding, Place

MAGIC = re.compile(r"^(\s*)(%|!|\?|```)")


def parsed(cell: Cell) -> tuple[ast.Module, list[Finding]]:
    """Return the syntax tree of a cell, with the line numbers of the cell, and what was found.

    Parameters
    ----------
    cell : Cell

    Returns
    -------
    tree : ast.Module
    findings : list of Finding
    """
    lines = [MAGIC.sub(r"\1#\2", line) for line in cell.source.split("\n")]
    source = textwrap.dedent("\n".join(lines))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source), []
        except (SyntaxError, ValueError) as problem:
            line = getattr(problem, "lineno", None) or 1
            return _rescued(lines), [_broken(cell, str(problem.args[0]), line)]


def _broken(cell: Cell, what: str, line: int) -> Finding:
    lines = cell.source.split("\n")
    source = lines[line - 1].strip() if line <= len(lines) else ""
    return Finding(
        "raises",
        "loader",
        f"this cell is no Python: {what}; of it, only whole functions and classes were read",
        place=Place(line + cell.first_line - 1, cell.number, "", source),
    )


def _rescued(lines: list[str]) -> ast.Module:
    """Return the functions and classes of a broken cell that parse by themselves."""
    body: list[ast.stmt] = []
    starts = [i for i, line in enumerate(lines) if re.match(r"(def|class|async def)\b", line)]
    for start in starts:
        end = next(
            (
                i
                for i in range(start + 1, len(lines))
                if re.match(r"\S", lines[i]) and lines[i][0] not in "#)]}"
            ),
            len(lines),
        )
        try:
            tree = ast.parse("\n" * start + "\n".join(lines[start:end]))
        except (SyntaxError, ValueError):
            continue
        body += tree.body
    return ast.Module(body, [])
