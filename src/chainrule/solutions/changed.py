"""A change as people read it: the line after it, spelled as theirs is, and what it is in words."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Mapping

from chainrule.solutions.changes import Change
from chainrule.solutions.findings import Mend, Place
from chainrule.solutions.space import Space
from chainrule.solutions.theirs import Theirs

NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
HELD = "held_{}_"
"""Stands for a part of their line in what is put there."""


def described(theirs: Theirs, change: Change, space: Space) -> tuple[Mend, str]:
    """Return the line as it is after a change, and the change in words.

    Parameters
    ----------
    theirs : Theirs
    change : Change
        Not in place.
    space : Space
    """
    statement, offset = change.statement, theirs.definition.offset
    old, new = change.slot.get(), change.new
    lines = space.definitions.sources.get(theirs.definition.place.cell, ())
    number = getattr(old, "lineno", getattr(statement, "lineno", 1)) + offset
    source = lines[number - 1] if 0 < number <= len(lines) else ""
    place = Place(number, theirs.definition.place.cell, theirs.name, source.strip())
    own = {id(node) for node in ast.walk(statement)}
    change.slot.put(new)
    try:
        whole = ast.unparse(statement)
    finally:
        change.slot.put(old)
    text = _line(source, old, new, own, whole) if isinstance(new, ast.expr) else ""
    spelled = theirs.definition.spelled
    return Mend(as_spelled(text or whole.strip(), spelled), place), as_spelled(
        _words(old, new), spelled
    )


def as_spelled(text: str, spelled: Mapping[str, str]) -> str:
    """Return code with the names that are theirs in the place of ours.

    Examples
    --------
    >>> as_spelled("d = x @ W.T", {"W": "self.W"})
    'd = x @ self.W.T'
    """
    return NAME.sub(lambda found: spelled.get(found[0], found[0]), text)


def _words(old: ast.AST, new: ast.AST) -> str:
    if not (isinstance(old, ast.expr) and isinstance(new, ast.expr)):
        return "it is added where it should be taken off, or the other way round"
    before, after = ast.unparse(old), ast.unparse(new)
    if isinstance(new, ast.UnaryOp) and new.operand is old:
        return f"{before} has the wrong sign"
    if isinstance(new, ast.BinOp) and new.left is old and isinstance(new.op, (ast.Mult, ast.Div)):
        verb = "multiplied with" if isinstance(new.op, ast.Mult) else "divided by"
        return f"{before} is not {verb} {ast.unparse(new.right)}"
    if isinstance(old, ast.BinOp) and new in (old.left, old.right):
        other = old.right if new is old.left else old.left
        return f"{ast.unparse(other)} is too much in {before}"
    return f"{before} stands where {after} belongs"


def _line(source: str, old: ast.AST, new: ast.expr, own: set[int], whole: str) -> str:
    """Return a line with a part of it changed, all else as it was written; empty if not to be had.

    Of a statement in several lines, or in a cell that was mended before it could be read, the place
    is not known.
    """
    first, last = getattr(old, "col_offset", None), getattr(old, "end_col_offset", None)
    if first is None or last is None or getattr(old, "end_lineno", 0) != getattr(old, "lineno", 1):
        return ""
    data = source.encode()
    for inner in ("{}", "({})"):
        after = _kept(new, own, data, inner)
        bare = data[first - 1 : first] + data[last : last + 1] == b"()"  # not needed round a name
        ends = [(first - 1, last + 1), (first, last)] if bare else [(first, last)]
        for (start, end), outer in itertools.product(ends, ("{}", "({})")):
            line: str = (data[:start] + outer.format(after).encode() + data[end:]).decode().strip()
            code = line.partition(";")[0] if line.startswith("return") else line
            try:
                same = ast.unparse(ast.parse(code)) == whole
            except (SyntaxError, ValueError):  # one line of several
                continue
            if same:
                return line
    return ""


def _kept(new: ast.expr, own: set[int], data: bytes, around: str) -> str:
    """Return an expression as text; parts that are theirs are spelled as they spelled them."""
    parts: list[str] = []

    class Holds(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if id(node) in own and isinstance(node, ast.expr):
                text = data[node.col_offset : node.end_col_offset].decode()
                compound = isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Compare))
                parts.append(around.format(text) if compound else text)
                return ast.Name(HELD.format(len(parts) - 1), ast.Load())
            return self.generic_visit(node)

    text = ast.unparse(Holds().visit(_shallow(new, own)))
    for number, part in enumerate(parts):
        text = text.replace(HELD.format(number), part)
    return text


def _shallow(node: ast.AST, own: set[int]) -> ast.AST:
    """Return a copy of a tree in which parts that are theirs are the same objects."""
    if id(node) in own:
        return node
    made = type(node)()
    for field, value in ast.iter_fields(node):
        copied = value
        if isinstance(value, ast.AST):
            copied = _shallow(value, own)
        elif isinstance(value, list):
            copied = [_shallow(each, own) if isinstance(each, ast.AST) else each for each in value]
        setattr(made, field, copied)
    return made
