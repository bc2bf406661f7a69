"""What functions take and return under which names, and by which names they are called.

Nothing is run. A function that returns ``Z1, A1, Z2, A2`` and one that takes ``A1`` are tied by
that name; where the names differ, by those of the caller who hands the one's results to the other.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chainrule.solutions.definitions import Definition, Definitions

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Names = str | tuple["Names", ...]
"""Names of what is returned, nested as it is; ``""`` where there is none."""


@dataclass(frozen=True)
class Signature:
    """A function as its text tells it.

    Parameters
    ----------
    name : str
    node : ast.AST
    arguments : tuple of str
        The positional ones.
    optional : frozenset of str
        Arguments that have a default.
    returns : str or tuple
        Names in its last return statement.
    """

    name: str
    node: Function
    arguments: tuple[str, ...]
    optional: frozenset[str]
    returns: Names

    @property
    def flat(self) -> tuple[str, ...]:
        """Names of all that it returns, those in bundles among them."""
        return tuple(leaves(self.returns))

    def order(self, name: str) -> int:
        """Return the line on which a local variable is assigned last; the end for what is none."""
        lines = [
            node.lineno
            for node in ast.walk(self.node)
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
        ]
        return max(lines, default=10**9)

    def calls(self) -> list[str]:
        """Return the names of functions that it calls, in the order of the text."""
        found = [
            (node.lineno, node.col_offset, node.func.id)
            for node in ast.walk(self.node)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        return [name for _, _, name in sorted(found)]

    def loads(self) -> list[str]:
        """Return the names that it reads, in the order of the text."""
        found = [
            (node.lineno, node.col_offset, node.id)
            for node in ast.walk(self.node)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        ]
        return [name for _, _, name in sorted(found)]

    def turns(self, name: str) -> bool:
        """Return whether it reshapes an array: ``np.reshape(db1, …)``, ``db1[:, None]``."""
        for node in ast.walk(self.node):
            reshapes = isinstance(node, ast.Call) and "reshape" in ast.unparse(node.func)
            widens = isinstance(node, ast.Subscript) and re.search(
                r"None|newaxis", ast.unparse(node.slice)
            )
            if (reshapes or widens) and any(is_name(n, name) for n in ast.walk(node)):
                return True
        return False


def leaves(names: Names) -> Iterator[str]:
    """Yield the names of a nest, one by one.

    Examples
    --------
    >>> list(leaves(("A2", ("Z1", "A1"))))
    ['A2', 'Z1', 'A1']
    """
    if isinstance(names, str):
        yield names
    else:
        for each in names:
            yield from leaves(each)


def signatures(definitions: Definitions) -> dict[str, Signature]:
    """Return the functions of a file by name; classes are left out."""
    found = {}
    for name, definition in definitions.found.items():
        node = _function(definition)
        if node is not None:
            found[name] = _signature(name, node)
    return found


def _function(definition: Definition) -> Function | None:
    node: ast.AST | None = definition.node
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        node = node.value
    return node if isinstance(node, Function) else None


def _signature(name: str, node: Function) -> Signature:
    arguments = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
    usual = arguments[len(arguments) - len(node.args.defaults) :]
    for each, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        arguments.append(each.arg)
        usual += [each.arg] if value is not None else []
    returns: Names = ""
    if not isinstance(node, ast.Lambda):
        bodies = [each for each in _own(node) if isinstance(each, ast.Return) and each.value]
        if bodies:
            last = max(bodies, key=lambda each: each.lineno)
            assert last.value is not None
            returns = _names(last.value, node)
    return Signature(name, node, tuple(arguments), frozenset(usual), returns)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function, not those of functions inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function):
            yield child
            yield from _own(child)


def _names(value: ast.expr, function: ast.AST, depth: int = 0) -> Names:
    if isinstance(value, (ast.Tuple, ast.List)) and value.elts:
        return tuple(_names(each, function, depth + 1) for each in value.elts)
    if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):  # grads[::-1]
        value = value.value
    if isinstance(value, ast.Name):
        bundle = _bundle(value.id, function) if depth < 3 else None
        if bundle is not None:
            return tuple(_names(each, function, depth + 1) for each in bundle)
        return value.id
    return ""


def _bundle(name: str, function: ast.AST) -> Sequence[ast.expr] | None:
    """Return the parts of a tuple or list of several names that a variable is assigned once."""
    values = [
        node.value
        for node in _own(function)
        if isinstance(node, ast.Assign)
        and any(isinstance(each, ast.Name) and each.id == name for each in node.targets)
    ]
    if len(values) == 1 and isinstance(values[0], (ast.Tuple, ast.List)):
        parts = values[0].elts
        if parts and all(isinstance(each, ast.Name) for each in parts):
            changed = any(  # activations = [x], which a loop appends to
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == name
                for node in _own(function)
            )
            return None if changed else parts
    return None


def top(definitions: Definitions) -> ast.Module:
    """Return all cells as one, in the order in which they count."""
    return ast.Module([node for node, _ in definitions.statements], [])


def is_name(node: ast.AST, name: str) -> bool:
    """Return whether a node is a variable of a name."""
    return isinstance(node, ast.Name) and node.id == name


def stored(trees: Sequence[ast.AST]) -> Iterator[str]:
    """Yield the names that are assigned outside of functions, in loops as well."""
    for tree in trees:
        for node in _own(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


@dataclass(frozen=True)
class Site:
    """One place where a function is called.

    Parameters
    ----------
    function : str
    scope : int
        Which function, or the top of which cell, the call is in.
    given : mapping of str to str
        By argument, the caller's variable; what is no plain variable is left out.
    taken : str or tuple
        The caller's names for what is returned.
    """

    function: str
    scope: int
    given: Mapping[str, str]
    taken: Names


def sites(trees: Sequence[ast.AST], known: Mapping[str, Signature]) -> list[Site]:
    """Return the places where functions of the file are called, in the order of the text.

    Parameters
    ----------
    trees : sequence of ast.AST
    known : mapping of str to Signature
    """
    scopes: list[tuple[int, ast.AST]] = [(0, tree) for tree in trees]
    count = 0
    found: list[Site] = []
    while scopes:
        scope, tree = scopes.pop(0)
        for node in _own(tree):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, Function):
                    count += 1
                    scopes.append((count, child))
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                found += _site(node.value, node.targets[0], scope, known)
            elif isinstance(node, (ast.Expr, ast.Return)) and isinstance(node.value, ast.Call):
                found += _site(node.value, None, scope, known)
        for child in ast.iter_child_nodes(tree):
            if isinstance(child, Function):
                count += 1
                scopes.append((count, child))
    return found


def _site(
    call: ast.Call, target: ast.expr | None, scope: int, known: Mapping[str, Signature]
) -> Iterator[Site]:
    if not isinstance(call.func, ast.Name) or call.func.id not in known:
        return
    if any(isinstance(each, ast.Starred) for each in call.args):
        return
    signature = known[call.func.id]
    given = {}
    for argument, value in zip(signature.arguments, call.args, strict=False):
        if isinstance(value, ast.Name):
            given[argument] = value.id
    for keyword in call.keywords:
        if keyword.arg is not None and isinstance(keyword.value, ast.Name):
            given[keyword.arg] = keyword.value.id
    yield Site(signature.name, scope, given, _targets(target))


def _targets(target: ast.expr | None) -> Names:
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, (ast.Tuple, ast.List)):
        return tuple(_targets(each) for each in target.elts)
    return ""
