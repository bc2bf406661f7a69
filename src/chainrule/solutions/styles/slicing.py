"""Which statements some names depend on, and what statements read and bind."""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Sequence


def sliced(body: Sequence[ast.stmt], wanted: Collection[str]) -> list[ast.stmt]:
    """Return the statements that some names depend on.

    Parameters
    ----------
    body : sequence of ast.stmt
    wanted : collection of str

    Examples
    --------
    >>> body = ast.parse("z = x; print(z); a = 2 * z; c = a + 1").body
    >>> [ast.unparse(each) for each in sliced(body, {"a"})]
    ['z = x', 'a = 2 * z']
    """
    needed, kept = set(wanted), []
    for each in reversed(body):
        stored = stores(each)
        if not stored & needed:
            continue
        kept.append(each)
        if isinstance(each, ast.Assign) and all(_whole(target) for target in each.targets):
            needed -= stored
        needed |= loads(each)
    return kept[::-1]


def _whole(target: ast.expr) -> bool:
    """Return whether a name is bound anew, and no part of it is changed."""
    return isinstance(target, ast.Name) or (
        isinstance(target, (ast.Tuple, ast.List)) and all(map(_whole, target.elts))
    )


def stores(node: ast.AST) -> frozenset[str]:
    """Return names that are bound, or of which a part is changed."""
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            found.add(each.id)
        elif isinstance(each, (ast.Subscript, ast.Attribute)) and isinstance(each.ctx, ast.Store):
            base: ast.expr = each
            while isinstance(base, (ast.Subscript, ast.Attribute)):
                base = base.value
            found |= {base.id} if isinstance(base, ast.Name) else set()
        elif isinstance(each, ast.Expr) and isinstance(each.value, ast.Call):
            found |= _written(each.value)
        elif isinstance(each, ast.keyword) and each.arg == "out":
            found |= {n.id for n in ast.walk(each.value) if isinstance(n, ast.Name)}
    return frozenset(found)


def _written(call: ast.Call) -> set[str]:
    """Return the names that a call whose result nobody takes may write to: it is there for that."""
    if isinstance(call.func, ast.Name) and call.func.id == "print":
        return set()
    held = call.func.value if isinstance(call.func, ast.Attribute) else None
    parts = [*call.args, *(each.value for each in call.keywords), *([held] if held else [])]
    return {each.id for each in parts if isinstance(each, ast.Name)}


def loads(node: ast.AST) -> set[str]:
    """Return names that are read."""
    found = {
        each.id
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    }
    if isinstance(node, ast.AugAssign):
        found |= stores(node.target)
    return found


def unmeasured(node: ast.stmt) -> ast.stmt:
    """Return a statement without what asks for shapes and lengths only."""

    class Bare(ast.NodeTransformer):
        def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
            if node.attr in ("shape", "size", "ndim", "dtype"):
                return ast.Constant(1)
            return self.generic_visit(node)

        def visit_Call(self, node: ast.Call) -> ast.AST:
            if isinstance(node.func, ast.Name) and node.func.id in ("len", "range"):
                return ast.Constant(1)
            return self.generic_visit(node)

    found = Bare().visit(copy.deepcopy(node))
    assert isinstance(found, ast.stmt)
    return found


def free(body: Sequence[ast.stmt], value: ast.expr) -> list[str]:
    """Return names that are read before they are bound, in their order."""
    bound: set[str] = set()
    found: list[str] = []
    for each in (*body, value):
        inner = {
            name.id
            for part in ast.walk(each)
            if isinstance(part, ast.comprehension)
            for name in ast.walk(part.target)
            if isinstance(name, ast.Name)
        }
        found += [name for name in sorted(loads(each)) if name not in bound | inner]
        bound |= stores(each)
    return list(dict.fromkeys(found))


def imported(node: ast.stmt) -> set[str]:
    """Return names that an import binds."""
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    return {each.asname or each.name.partition(".")[0] for each in node.names}
