"""Functions that nobody has written yet: blank, ``...``, ``None`` where a result belongs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

GRADIENT = re.compile(r"^(?:d|db|dW|grad|nabla|delta|J)(?:_?[A-Za-z]{0,2}_?\d*|s|_.+)$")
TODO = re.compile(
    r"#.*(?:your\s+code|code\s+here|todo|implement|fill\s+(?:this\s+)?in|approx\.?\s+\d+\s+line"
    r"|≈\s*\d+\s+line|\d+\s+lines?\s+of\s+code)",
    re.IGNORECASE,
)
BLANK = re.compile(r"\s*([\w.\[\]\"']+)\s*=\s*(None|\.\.\.|)\s*(?:#|;|$)")
NOTHING = "nothing is written in it"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def blanks(function: Function, lines: Sequence[str]) -> tuple[str, int] | None:
    r"""Return what is not written yet in a function, and the line; ``None`` if all of it is.

    Parameters
    ----------
    function : ast.FunctionDef
    lines : sequence of str
        Of the text that its line numbers belong to.

    Examples
    --------
    >>> text = "def J_W1(y):\n    dW1 = None  # YOUR CODE HERE\n    return dW1"
    >>> blanks(ast.parse(text).body[0], text.split("\n"))
    ('dW1 is None', 2)
    """
    body: list[ast.stmt] = function.body
    if _is_text(body[0]):
        body = body[1:]
    if not body or all(_nothing(node) for node in body):
        return NOTHING, (body[0] if body else function).lineno
    for statement in body:
        if isinstance(statement, ast.Raise) and _names_not_implemented(statement.exc):
            return "it raises NotImplementedError", statement.lineno
        if any(isinstance(each, ast.Return) for each in ast.walk(statement)):
            break  # what is raised below is for arguments that it does not know
    for node in _own(function):
        if isinstance(node, ast.Expr) and _is_dots(node.value):
            return "... stands where code belongs", node.lineno
    return _placeholder(function, lines)


def blank(source: str) -> str:
    """Return what is not written yet on a line of code; empty where something is.

    Examples
    --------
    >>> blank("dW1 = None  # about one line"), blank("dW1 = dZ1 @ X.T")
    ('dW1 is None', '')
    """
    match = BLANK.match(source)
    return f"{match[1]} is {match[2] or 'blank'}" if match else ""


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_dots(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _is_none(node: ast.AST | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value in (None, ...))


def _nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Return):
        return _is_none(node.value)
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _names_not_implemented(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Call):
        node = node.func
    return isinstance(node, ast.Name) and node.id in ("NotImplementedError", "NotImplemented")


def _own(function: Function) -> Iterator[ast.AST]:
    """Walk a function, but not the functions and classes inside it."""
    waiting: list[ast.AST] = [function]
    while waiting:
        node = waiting.pop(0)
        yield node
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                waiting.append(child)


def _placeholder(function: Function, lines: Sequence[str]) -> tuple[str, int] | None:
    """Return the first name that is only ever ``None``, though something is made of it.

    ``cache = None`` that is returned may be meant. So it counts where a comment asks for code, or
    where the name is that of a gradient.
    """
    values: dict[str, list[tuple[ast.expr, int]]] = {}
    marked: list[tuple[str, int]] = []
    for node in _own(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for name, value in _pairs(target, node.value):
                    values.setdefault(name, []).append((value, node.lineno))
                if isinstance(target, ast.Subscript) and _is_none(node.value):
                    marked.append(
                        (f"{ast.unparse(target)} is {ast.unparse(node.value)}", node.lineno)
                    )
    names = [each for each in _own(function) if isinstance(each, ast.Name)]
    stored = [each.id for each in names if _stored(each)]
    read = {each.id for each in names if not _stored(each)}
    asked = any(TODO.search(line) for line in _text(function, lines))
    for name, bound in values.items():
        # Bound by nothing else: no loop, no `with`, no `+=`.
        only = len(bound) == stored.count(name) and all(_is_none(value) for value, _ in bound)
        if only and name in read and (asked or GRADIENT.match(name)):
            return f"{name} is {ast.unparse(bound[0][0])}", bound[0][1]
    return marked[0] if asked and marked else None


def _stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, (ast.Tuple, ast.List)):
        whole = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
        parts = value.elts if whole and isinstance(value, (ast.Tuple, ast.List)) else None
        for index, each in enumerate(target.elts):
            yield from _pairs(each, value if parts is None else parts[index])


def _text(function: Function, lines: Sequence[str]) -> Sequence[str]:
    """Return the lines of a function, and the comments below it that are indented as its body."""
    end = function.end_lineno or function.lineno
    while end < len(lines) and re.match(r"\s+#", lines[end]):
        end += 1
    return lines[function.lineno - 1 : end]
