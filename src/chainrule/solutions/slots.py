"""Places in a syntax tree that hold an expression, and what could stand there instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

PRODUCTS = ("dot", "matmul", "mm")


@dataclass(frozen=True)
class Scope:
    """What can stand in the place of a name.

    Parameters
    ----------
    kinds : mapping of str to str
        Of names and of attributes, as ``"self.a1"``, what they held when the function ran.
    functions : mapping of str to int
        Those of the file with the number of their arguments.
    keys : frozenset of str
        Texts in the function, of which some are keys of dictionaries.
    passing : frozenset of str
        Names that are another value in every round of a loop: they count nothing.
    """

    kinds: Mapping[str, str]
    functions: Mapping[str, int]
    keys: frozenset[str] = frozenset()
    passing: frozenset[str] = frozenset()

    def like(self, name: str) -> Iterator[str]:
        """Yield other names that held the same kind of thing."""
        kind = self.kinds.get(name)
        start = name.rpartition(".")[0]
        for other, its in self.kinds.items():
            if kind and other != name and its == kind and other.rpartition(".")[0] == start:
                yield other

    def counts(self) -> list[str]:
        """Return names of numbers that something may be divided by or multiplied with."""
        numbers = [name for name, kind in self.kinds.items() if kind == "number"]
        return [name for name in numbers if name not in self.passing]

    def arrays(self) -> list[str]:
        """Return names of arrays."""
        return [name for name, kind in self.kinds.items() if kind == "array"]


@dataclass(frozen=True)
class Slot:
    """A place in a syntax tree that holds an expression, or a statement.

    Parameters
    ----------
    owner : ast.AST
    field : str
    index : int or None
        Where the field is a list.
    """

    owner: ast.AST
    field: str
    index: int | None = None

    def get(self) -> ast.AST:
        """Return what is there."""
        found = getattr(self.owner, self.field)
        node: ast.AST = found if self.index is None else found[self.index]
        return node

    def put(self, node: ast.AST) -> None:
        """Put something else there."""
        if self.index is None:
            setattr(self.owner, self.field, node)
        else:
            getattr(self.owner, self.field)[self.index] = node


def within(slot: Slot) -> Iterator[tuple[Slot, ast.expr]]:
    """Yield the slots of all expressions in one, itself first; functions that are called not."""
    node = slot.get()
    if isinstance(node, ast.expr):
        yield slot, node
    if isinstance(node, ast.Lambda):
        return
    for field, value in ast.iter_fields(node):
        if field == "func" and isinstance(value, ast.Attribute):
            yield from within(Slot(value, "value"))
        elif isinstance(value, ast.AST) and field not in ("func", "ctx", "op"):
            yield from within(Slot(node, field))
        elif isinstance(value, list):
            for index, each in enumerate(value):
                if isinstance(each, ast.AST):
                    yield from within(Slot(node, field, index))


SIZES = ("shape", "size", "len")


def passing(function: ast.AST) -> frozenset[str]:
    r"""Return names that change from round to round in a loop; a size taken there does not.

    Examples
    --------
    >>> code = "for i in range(n):\n    m = x.shape[1]\n    s = x[i]\n    total += s"
    >>> sorted(passing(ast.parse(code)))
    ['i', 's', 'total']
    """
    found: set[str] = set()
    for loop in ast.walk(function):
        if isinstance(loop, (ast.For, ast.comprehension)):
            found |= _stored(loop.target)
        if not isinstance(loop, (ast.For, ast.While)):
            continue
        for node in ast.walk(loop):
            if isinstance(node, ast.AugAssign):
                found |= _stored(node.target)
            elif isinstance(node, ast.Assign) and not _taken(node.value):
                found |= {name for target in node.targets for name in _stored(target)}
    return frozenset(found)


def _stored(node: ast.AST) -> set[str]:
    return {
        each.id
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }


def _taken(node: ast.AST) -> bool:
    """Return whether an expression takes the size of something."""
    return any(
        (isinstance(each, ast.Attribute) and each.attr in SIZES)
        or (isinstance(each, ast.Name) and each.id in SIZES)
        for each in ast.walk(node)
    )


def load(name: str) -> ast.expr:
    """Return the expression that reads a name, or an attribute of one."""
    base, _, attribute = name.rpartition(".")
    if base:
        return ast.Attribute(ast.Name(base, ast.Load()), attribute, ast.Load())
    return ast.Name(name, ast.Load())


def named(node: ast.AST) -> str:
    """Return a name, or an attribute of one; empty for all else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def operand(node: ast.AST) -> bool:
    """Return whether an expression can be followed by ``.T`` as it is."""
    return isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))


def product(node: ast.AST) -> list[Slot]:
    """Return the slots of the two factors of a matrix product; empty if it is none."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return [Slot(node, "left"), Slot(node, "right")]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in PRODUCTS and len(node.args) == 2:
            return [Slot(node, "args", 0), Slot(node, "args", 1)]
        if node.func.attr in PRODUCTS and len(node.args) == 1:
            return [Slot(node.func, "value"), Slot(node, "args", 0)]
    return []
