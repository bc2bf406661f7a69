"""Cells → what they define, by their syntax tree: functions, classes, imports, assignments.

Nothing is run here. What a cell *does* (loops, prints, plots, calls) is left out; what it *defines*
is kept, each with its place. The last definition of a name counts, in the order in which the cells
were run where the file tells, else in that of the file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chainrule.checking.catalogue import CATALOGUE
from chainrule.solutions.cells import Cell
from chainrule.solutions.findings import Finding, Place
from chainrule.solutions.repair import described, is_python2, place
from chainrule.solutions.syntax import parse
from chainrule.solutions.unfinished import NOTHING, Function, blank, blanks

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
NEEDED = re.compile(
    r"^(?!clear|zero|reset).*(forward|back|grad|deriv|prime|loss|cost|delta)|^d_?[A-Zwb]\d*$"
)
"""Names of methods that must be written in every class that has them."""


@dataclass(frozen=True)
class Definition:
    """A function, a class, or a name bound to a lambda.

    Parameters
    ----------
    name : str
    node : ast.stmt
        Its line numbers are those of the cell, or of the file.
    place : Place
    offset : int
        What to add to line numbers of `node` to get those of `place`.
    spelled : mapping of str to str
        What names in `node` are called in their file, where it was made of theirs.
    """

    name: str
    node: ast.stmt
    place: Place
    offset: int = 0
    spelled: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of its positional arguments; none for a class."""
        node: ast.AST = self.node
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            node = node.value or node
        if not isinstance(node, (*FUNCTIONS, ast.Lambda)):
            return ()
        return tuple(each.arg for each in (*node.args.posonlyargs, *node.args.args))


@dataclass(frozen=True)
class Assignment:
    """An assignment outside of loops, at the top or in a function.

    Parameters
    ----------
    name : str
    value : ast.expr
        The expression; of a tuple that is unpacked, the whole of it.
    index : int or None
        Which part of the tuple the name is.
    place : Place
        Its `function` is empty for one at the top.
    whole : bool
        Whether the function declares the name as global; so are all at the top.
    """

    name: str
    value: ast.expr
    index: int | None
    place: Place
    whole: bool = True


@dataclass
class Definitions:
    """All that a file defines.

    Attributes
    ----------
    found : dict of str to Definition
    assignments : dict of str to list of Assignment
        In order.
    imports : list of tuple of ast.stmt and Place
    findings : list of Finding
        What is odd about the file: cells that do not parse, names defined twice.
    statements : list of tuple of ast.stmt and Place
        All that stands at the top, in order.
    unfinished : dict of str to tuple of str and Place
        Functions that nobody has written yet: what is missing, and where. Methods are called
        ``"Class.method"``; those of a class that others are made of may be blank.
    lost : dict of str to tuple of str and Place
        Functions that are no Python: what the parser says, and where.
    python2 : bool
        Whether it is written for Python 2, in which `zip`, `map` and `range` return lists.
    sources : dict of int or None to tuple of str
        The lines of every cell, such that those of places count from the first.
    """

    found: dict[str, Definition] = field(default_factory=dict)
    assignments: dict[str, list[Assignment]] = field(default_factory=dict)
    imports: list[tuple[ast.stmt, Place]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    statements: list[tuple[ast.stmt, Place]] = field(default_factory=list)
    unfinished: dict[str, tuple[str, Place]] = field(default_factory=dict)
    lost: dict[str, tuple[str, Place]] = field(default_factory=dict)
    python2: bool = False
    sources: dict[int | None, tuple[str, ...]] = field(default_factory=dict)


def collect(cells: Sequence[Cell]) -> Definitions:
    """Return what the cells define.

    Parameters
    ----------
    cells : sequence of Cell

    Returns
    -------
    Definitions
    """
    collector = _Collector()
    for cell in ordered(cells):
        collector.read(cell)
    collector.lift()
    collector.spare_bases()
    return collector.into


def ordered(cells: Sequence[Cell]) -> list[Cell]:
    """Return cells as they were run, if the file tells it of all of them, else as they stand."""
    filled = [cell for cell in cells if cell.source.strip()]
    counts = [cell.executed for cell in filled]
    if None in counts or len(set(counts)) < len(counts):  # two sessions, or never run
        return filled
    return sorted(filled, key=lambda cell: cell.executed or 0)


class _Collector:
    """Goes through cells in order; the last definition of a name counts."""

    def __init__(self) -> None:
        self.into = Definitions()
        self.nested: list[tuple[Function, Cell]] = []

    def read(self, cell: Cell) -> None:
        parsed = parse(cell.source)
        self.into.findings += described(cell, parsed)
        lines = (*[""] * (cell.first_line - 1), *cell.source.split("\n"))
        self.into.sources[cell.number] = lines
        self.into.python2 |= is_python2(parsed)
        for name, error in parsed.lost:
            number = error.lineno or 1
            missing = blank("".join(lines[number + cell.first_line - 2 :][:1]))
            into = self.into.unfinished if missing else self.into.lost
            into[name] = (missing or error.msg, place(cell, number, name))
        for node in parsed.tree.body:
            self.into.statements.append((node, place(cell, node.lineno)))
            self._take(node, cell)

    def _take(self, node: ast.stmt, cell: Cell) -> None:
        into = self.into
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            into.imports.append((node, place(cell, node.lineno)))
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            self._define(node.name, node, cell)
        elif isinstance(node, ast.Assign):
            (target, *others) = node.targets
            if isinstance(node.value, ast.Lambda) and isinstance(target, ast.Name) and not others:
                self._define(target.id, node, cell)
            else:
                self._assign(node.targets, node.value, node, cell)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._assign([node.target], node.value, node, cell)
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            for inner in _taken(node):
                self._take(inner, cell)

    def _define(self, name: str, node: ast.stmt, cell: Cell) -> None:
        into, where = self.into, place(cell, node.lineno, name)
        before = into.found.get(name)
        if before is not None and ast.dump(before.node) != ast.dump(node):
            there = _words(before.place)
            sentence = f"{name} is defined twice; the other one, {there}, does not count"
            into.findings.append(Finding("defined_twice", "loader", sentence, place=where))
        into.found[name] = Definition(name, node, where, cell.first_line - 1)
        into.lost.pop(name, None)
        lines = cell.source.split("\n")
        for key, function in _functions(name, node):
            into.unfinished.pop(key, None)
            missing = blanks(function, lines)
            if missing is not None:
                into.unfinished[key] = (missing[0], place(cell, missing[1], function.name))
            self._inside(function, cell)

    def _inside(self, function: Function, cell: Cell) -> None:
        """Take assignments in a function, and functions that stand in it by mistake."""
        shared = {
            name
            for each in ast.walk(function)
            if isinstance(each, ast.Global)
            for name in each.names
        }
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                self._assign(node.targets, node.value, node, cell, function.name, shared)
        names = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
        own = _bound(function)
        for node in function.body:
            if isinstance(node, FUNCTIONS) and node.name not in names and not _free(node) & own:
                self.nested.append((node, cell))

    def _assign(
        self,
        targets: Sequence[ast.expr],
        value: ast.expr,
        node: ast.stmt,
        cell: Cell,
        function: str = "",
        shared: frozenset[str] | set[str] = frozenset(),
    ) -> None:
        for target in targets:
            for name, part, index in _names(target, value):
                where = place(cell, node.lineno, function)
                each = Assignment(name, part, index, where, not function or name in shared)
                self.into.assignments.setdefault(name, []).append(each)

    def lift(self) -> None:
        """Take functions out of others in which they stand by their indentation alone."""
        entry = CATALOGUE["misplaced_definition"]
        for node, cell in self.nested:
            if node.name not in self.into.found:
                self._define(node.name, node, cell)
                where = place(cell, node.lineno, node.name)
                sentence = f"{node.name}: {entry.says}; it was read as if it stood at the top"
                self.into.findings.append(
                    Finding(
                        "misplaced_definition",
                        "loader",
                        sentence,
                        entry.mend,
                        (node.name,),
                        place=where,
                    )
                )

    def spare_bases(self) -> None:
        """Let methods be blank in a class that others are made of, and those of Python's own.

        So may one that other classes have, or the base elsewhere, and this one has no use for,
        such as an update in a layer without parameters; but not what gradients are made of.
        """
        bases = {"ABC", "Protocol"}
        kinds = [d.node for d in self.into.found.values() if isinstance(d.node, ast.ClassDef)]
        for kind in kinds:
            bases |= {ast.unparse(base).rpartition(".")[2] for base in kind.bases}
        own = {kind.name for kind in kinds}
        elsewhere = {k.name for k in kinds if {ast.unparse(b) for b in k.bases} - own - {"object"}}
        abstract = {k.name for k in kinds if any(ast.unparse(b).endswith("ABC") for b in k.bases)}
        for key in list(self.into.unfinished):
            name, dot, method = key.partition(".")
            spared = name in bases | abstract or method.startswith("__")
            meant = method in self._written(kinds) or name in elsewhere
            if dot and (spared or (self._blank(key) and meant)):
                del self.into.unfinished[key]

    def _blank(self, key: str) -> bool:
        """Return whether nothing at all is written in a method that need not do anything."""
        return self.into.unfinished[key][0] == NOTHING and not NEEDED.search(key.rpartition(".")[2])

    def _written(self, kinds: Sequence[ast.ClassDef]) -> set[str]:
        """Return the names of methods that are written in some class."""
        return {
            each.name
            for kind in kinds
            for each in kind.body
            if isinstance(each, FUNCTIONS)
            and f"{kind.name}.{each.name}" not in self.into.unfinished
        }


def _words(where: Place) -> str:
    return f"line {where.line}" if where.cell is None else f"cell {where.cell} line {where.line}"


def _taken(node: ast.If | ast.Try | ast.With) -> Iterator[ast.stmt]:
    """Yield the statements that count: those of an ``else`` first, so that the others win."""
    if isinstance(node, ast.If):
        yield from node.orelse
    if not (
        isinstance(node, ast.If) and isinstance(node.test, ast.Constant) and not node.test.value
    ):
        yield from node.body


def _functions(name: str, node: ast.stmt) -> Iterator[tuple[str, Function]]:
    if isinstance(node, FUNCTIONS):
        yield name, node
    elif isinstance(node, ast.ClassDef):
        for each in node.body:
            if isinstance(each, FUNCTIONS):
                yield f"{name}.{each.name}", each


def _bound(function: Function) -> set[str]:
    """Return the names that are local to a function."""
    arguments = function.args
    listed = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    names = {each.arg for each in listed}
    names |= {n.id for n in _shallow(function) if isinstance(n, ast.Name) and _stored(n)}
    return names - {
        name for n in ast.walk(function) if isinstance(n, ast.Global) for name in n.names
    }


def _free(function: Function) -> set[str]:
    """Return the names that a function reads and does not bind."""
    read = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and not _stored(n)}
    return read - _bound(function)


def _stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _shallow(function: Function) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)


def _names(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr, int | None]]:
    """Yield the names that an assignment binds, each with its expression and the part of it."""
    if isinstance(target, ast.Name):
        yield target.id, value, None
    elif isinstance(target, (ast.Tuple, ast.List)):
        parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
        for index, each in enumerate(target.elts):
            if len(parts) == len(target.elts):
                yield from _names(each, parts[index])
            elif isinstance(each, ast.Name):
                yield each.id, value, index
