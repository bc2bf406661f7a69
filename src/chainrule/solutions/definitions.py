"""Cells → what they define, by their syntax tree: functions, classes, imports, assignments.

Nothing is run here. What a cell *does* (loops, prints, plots, calls) is left out; what it *defines*
is kept, each with its place. The last definition of a name counts, in the order in which the cells
were run where the file tells, else in that of the file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chainrule.solutions.cells import Cell
from chainrule.solutions.findings import Finding, Place
from chainrule.solutions.repair import parsed


@dataclass(frozen=True)
class Definition:
    """A function, a class, or a name bound to a lambda.

    Parameters
    ----------
    name : str
    node : ast.stmt
        Its line numbers are those of the cell, or of the file.
    place : Place
    """

    name: str
    node: ast.stmt
    place: Place

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of its positional arguments; none for a class."""
        node: ast.AST = self.node
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            node = node.value or node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            return ()
        return tuple(each.arg for each in (*node.args.posonlyargs, *node.args.args))


@dataclass(frozen=True)
class Assignment:
    """An assignment outside of loops and conditions, at the top or in a function that sets globals.

    Parameters
    ----------
    name : str
    value : ast.expr
        The expression; of a tuple that is unpacked, the whole of it.
    index : int or None
        Which part of the tuple the name is.
    place : Place
    """

    name: str
    value: ast.expr
    index: int | None
    place: Place


@dataclass
class Definitions:
    """All that a file defines.

    Attributes
    ----------
    found : dict of str to Definition
    assignments : dict of str to list of Assignment
    imports : list of tuple of ast.stmt and Place
    findings : list of Finding
        What is odd about the file: cells that do not parse, names defined twice.
    trees : list of ast.Module
        The cells themselves, in the order in which they count.
    """

    found: dict[str, Definition] = field(default_factory=dict)
    assignments: dict[str, list[Assignment]] = field(default_factory=dict)
    imports: list[tuple[ast.stmt, Place]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    trees: list[ast.Module] = field(default_factory=list)


def collect(cells: Sequence[Cell]) -> Definitions:
    """Return what the cells define.

    Parameters
    ----------
    cells : sequence of Cell

    Returns
    -------
    Definitions
    """
    into = Definitions()
    counted = all(cell.executed is not None for cell in cells)
    order = sorted(cells, key=lambda cell: cell.executed or 0) if counted else cells
    for cell in order:
        tree, findings = parsed(cell)
        into.findings += findings
        into.trees.append(tree)
        lines = cell.source.split("\n")
        for node in tree.body:
            _take(into, node, cell, lines)
    return into


def _take(into: Definitions, node: ast.stmt, cell: Cell, lines: Sequence[str]) -> None:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        into.imports.append((node, _place(node, cell, lines)))
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        place = _place(node, cell, lines, node.name)
        into.found[node.name] = Definition(node.name, node, place)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Assign):
                _assign(into, inner, cell, lines, node.name)
    elif isinstance(node, ast.Assign):
        (target, *others) = node.targets
        if isinstance(node.value, ast.Lambda) and isinstance(target, ast.Name) and not others:
            place = _place(node, cell, lines, target.id)
            into.found[target.id] = Definition(target.id, node, place)
        else:
            _assign(into, node, cell, lines, "")
    elif isinstance(node, (ast.If, ast.Try, ast.With)):
        for inner in node.body:
            _take(into, inner, cell, lines)


def _assign(
    into: Definitions, node: ast.Assign, cell: Cell, lines: Sequence[str], function: str
) -> None:
    for target in node.targets:
        for name, index in _names(target):
            place = _place(node, cell, lines, function)
            into.assignments.setdefault(name, []).append(Assignment(name, node.value, index, place))


def _names(target: ast.expr) -> Iterator[tuple[str, int | None]]:
    if isinstance(target, ast.Name):
        yield target.id, None
    elif isinstance(target, (ast.Tuple, ast.List)):
        for index, each in enumerate(target.elts):
            if isinstance(each, ast.Name):
                yield each.id, index


def _place(node: ast.stmt, cell: Cell, lines: Sequence[str], function: str = "") -> Place:
    source = lines[node.lineno - 1].strip() if node.lineno <= len(lines) else ""
    return Place(node.lineno + cell.first_line - 1, cell.number, function, source)
