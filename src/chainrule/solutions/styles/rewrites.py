"""Small changes of one statement of a function, one after the other, until one mends it.

Where no network is known, nothing predicts what a mistake makes of a gradient. But the function can
be changed and asked again: an index by one more or less, a transposition, a term that is made and
never used. A change counts that leaves the loss as it is and makes every gradient right.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from chainrule.solutions.styles import edits

Statement = ast.Assign | ast.AugAssign


@dataclass(frozen=True)
class Rewrite:
    """A function with one statement changed.

    Parameters
    ----------
    slug, words, mend : str
    node : ast.FunctionDef
    before, after : ast.stmt
        The statement as it was, and as it is now.
    """

    slug: str
    words: str
    mend: str
    node: ast.FunctionDef
    before: ast.stmt
    after: ast.stmt


def of_function(node: ast.FunctionDef, gradients: set[str]) -> Iterator[Rewrite]:
    """Yield the function with each small change, the most common mistakes first.

    Parameters
    ----------
    node : ast.FunctionDef
    gradients : set of str
        Names that are returned as gradients.
    """
    held = [each for each in ast.walk(node) if isinstance(each, (ast.Assign, ast.AugAssign))]
    held.sort(key=lambda each: -each.lineno)  # what is made last is a gradient, not the loss
    for kind in (_accumulated, _unused, _shifted, _expression, _swapped):
        for before in held:
            for slug, words, mend, after in kind(node, before, gradients):
                yield Rewrite(slug, words, mend, _rebuilt(node, before, after), before, after)


Change = tuple[str, str, str, ast.stmt]


def _rebuilt(node: ast.FunctionDef, before: ast.stmt, after: ast.stmt) -> ast.FunctionDef:
    """Return a copy of the function in which one statement is another."""
    mark = "_this_statement"
    setattr(before, mark, True)
    try:
        made = copy.deepcopy(node)
    finally:
        delattr(before, mark)

    class Put(ast.NodeTransformer):
        def generic_visit(self, each: ast.AST) -> ast.AST:
            if hasattr(each, mark):
                return ast.copy_location(copy.deepcopy(after), before)
            return super().generic_visit(each)

    found = Put().visit(made)
    assert isinstance(found, ast.FunctionDef)
    return ast.fix_missing_locations(found)


def _target(statement: Statement) -> ast.expr:
    return statement.targets[0] if isinstance(statement, ast.Assign) else statement.target


def _accumulated(
    _node: ast.FunctionDef, statement: Statement, _gradients: set[str]
) -> Iterator[Change]:
    """``=`` for ``+=``, and ``+=`` at indices that may be named twice."""
    target = _target(statement)
    simple = isinstance(target, (ast.Name, ast.Attribute, ast.Subscript))
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and simple:
        made = ast.AugAssign(
            copy.deepcopy(cast(Any, target)), ast.Add(), copy.deepcopy(statement.value)
        )
        words = f"{ast.unparse(target)} is reached on more than one way; = throws the others away"
        yield "lost_path", words, "add what comes on every way: +=", made
    if isinstance(statement, ast.AugAssign) and isinstance(target, ast.Subscript):
        sign = {ast.Add: "add", ast.Sub: "subtract"}.get(type(statement.op))
        if sign is not None:
            of, where = ast.unparse(target.value), ast.unparse(target.slice)
            sliced = any(isinstance(each, ast.Slice) for each in ast.walk(target.slice))
            if sliced:  # no argument is written with a colon
                maker = ast.parse("np.s_", mode="eval").body
                where = ast.unparse(ast.Subscript(maker, target.slice, ast.Load()))
            text = f"np.{sign}.at({of}, {where}, {ast.unparse(statement.value)})"
            words = (
                f"an index that {where} names twice counts once: += writes to {of} instead of "
                "adding up"
            )
            yield "index_scatter", words, f"write {text}", ast.parse(text).body[0]


def _unused(node: ast.FunctionDef, statement: Statement, _gradients: set[str]) -> Iterator[Change]:
    """Add what is made and never read: the way back that was forgotten."""
    reads = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and _is(n, ast.Load)}
    made = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and _is(n, ast.Store)}
    for name in sorted(made - reads):
        target = _target(statement)
        if not isinstance(target, ast.Name) or target.id == name:
            continue
        whole = copy.deepcopy(statement)
        whole.value = ast.BinOp(whole.value, ast.Add(), ast.Name(name, ast.Load()))
        words = f"{name} is made and never used: one way back is lost"
        yield "lost_path", words, f"add {name}", whole


def _shifted(
    _node: ast.FunctionDef, statement: Statement, _gradients: set[str]
) -> Iterator[Change]:
    """Move an index by one more or less."""
    parts = list(ast.walk(statement.value))
    for place, each in enumerate(parts):
        if not isinstance(each, ast.Subscript):
            continue
        for other in _neighbours(each.slice):
            whole = copy.deepcopy(statement)
            part = list(ast.walk(whole.value))[place]
            assert isinstance(part, ast.Subscript)
            part.slice = other
            words = f"{ast.unparse(each)} stands where {ast.unparse(part)} belongs"
            mend = f"write {ast.unparse(part)} in the place of {ast.unparse(each)}"
            yield "wrong_previous_activation", words, mend, whole


def _neighbours(index: ast.expr) -> Iterator[ast.expr]:
    """Yield an index that is one less, and one more, on one of its axes; slices stay."""
    if isinstance(index, ast.Slice):
        return
    if isinstance(index, ast.Tuple):
        for axis, each in enumerate(index.elts):
            for other in _neighbours(each):
                parts = [other if at == axis else part for at, part in enumerate(index.elts)]
                yield ast.Tuple(parts, ast.Load())
        return
    for operator, opposite in ((ast.Sub(), ast.Add), (ast.Add(), ast.Sub)):
        match index:
            case ast.BinOp(left, op, ast.Constant(1)) if isinstance(op, opposite):
                yield left
            case _:
                yield ast.BinOp(index, operator, ast.Constant(1))


def _expression(
    _node: ast.FunctionDef, statement: Statement, _gradients: set[str]
) -> Iterator[Change]:
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, (ast.Add, ast.Sub)):
        other = ast.Sub() if isinstance(statement.op, ast.Add) else ast.Add()
        made = ast.AugAssign(copy.deepcopy(statement.target), other, copy.deepcopy(statement.value))
        yield "sign", f"{ast.unparse(statement)} has the wrong sign", ast.unparse(made), made
    for edit in edits.of_expression(statement):
        yield edit.slug, edit.words, edit.mend, edit.node
    for place, each in enumerate(list(ast.walk(statement.value))):
        minus = isinstance(each, ast.BinOp) and isinstance(each.op, ast.Sub)
        if minus and isinstance(each, ast.BinOp) and not isinstance(each.right, ast.Constant):
            whole = copy.deepcopy(statement)
            part = list(ast.walk(whole.value))[place]
            assert isinstance(part, ast.BinOp)
            part.right = ast.BinOp(part.right, ast.Pow(), ast.Constant(2))
            words = f"{ast.unparse(each)} lacks a square"
            yield "derivative_formula", words, f"write {ast.unparse(part)}", whole


def _swapped(node: ast.FunctionDef, statement: Statement, _gradients: set[str]) -> Iterator[Change]:
    """Another name in the place of one."""
    known = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and _is(n, ast.Store)}
    known |= {each.arg for each in node.args.args}
    known |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id[:1] in "Wbdh"}
    for place, each in enumerate(list(ast.walk(statement.value))):
        if not isinstance(each, ast.Name) or each.id not in known:
            continue
        for name in sorted(known - {each.id}):
            whole = copy.deepcopy(statement)
            part = list(ast.walk(whole.value))[place]
            assert isinstance(part, ast.Name)
            part.id = name
            slug = "wrong_previous_activation"
            if each.id[:1] == "b" and name[:1] == "W":
                slug = "bias_for_weight"
            elif each.id[:1] == name[:1] == "d":
                slug = "delta_not_chained"
            words = f"{each.id} stands where {name} belongs"
            yield slug, words, f"write {name} in the place of {each.id}", whole


def _is(name: ast.Name, context: type) -> bool:
    return isinstance(name.ctx, context)


def last_change(node: ast.FunctionDef, name: str) -> Statement | None:
    """Return the last statement that changes a variable, before those that only make room."""
    found = [
        each
        for each in ast.walk(node)
        if isinstance(each, (ast.Assign, ast.AugAssign)) and name in _targets(each)
    ]
    return max(found, key=lambda each: (not _blank(each), each.lineno), default=None)


def _targets(node: ast.Assign | ast.AugAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    found: set[str] = set()
    for target in targets:
        each = target
        while isinstance(each, (ast.Subscript, ast.Starred)):
            each = each.value
        parts = each.elts if isinstance(each, (ast.Tuple, ast.List)) else [each]
        found |= {part.id for part in parts if isinstance(part, ast.Name)}
    return found


def _blank(node: ast.Assign | ast.AugAssign) -> bool:
    """Return whether a statement does no more than to make room: zeros, zeros_like."""
    return isinstance(node, ast.Assign) and "zeros" in ast.unparse(node.value)
