"""Backward passes of a file that no judged gradient goes through: they are listed, not passed over.

A file is all right only if every backward pass in it is. So what looks like one by its name, and
is neither judged nor called by what is judged, gets a line of its own: not judged.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from chainrule.checking.verdicts import Verdict
from chainrule.solutions.definitions import FUNCTIONS, Definition, Definitions
from chainrule.solutions.findings import Judged, Place
from chainrule.solutions.slots import product
from chainrule.solutions.styles.arguments import role

BACK = re.compile(
    r"back_?(ward|prop)|bprop|(^|_)(prime|gradients?|grads?|derivative|deriv)$", re.IGNORECASE
)
BACKWARD = re.compile(r"back_?(ward|prop)|bprop", re.IGNORECASE)
NO_PASS = re.compile(
    r"check|numeric|approx|plot|test|print|show|clear|zero|reset|clip|descent|update|train|one_step|^_*(no|add|set|has|requires|accumulate)_",
    re.IGNORECASE,
)
JUDGES = frozenset({"gradient", "derivative", "update"})
"""Roles of lines that say something of a backward pass; cost and forward pass do not."""

WHY = "no gradient that was judged goes through it"


def unread(definitions: Definitions, judged: Sequence[Judged]) -> list[Judged]:
    """Return lines for backward passes that were not judged; none where nothing was.

    Parameters
    ----------
    definitions : Definitions
    judged : sequence of Judged
        What is said of the file.
    """
    lines = [each for each in judged if each.role in JUDGES]
    if not lines:
        return []
    reached = _reached(definitions, lines)
    said = {each.name for each in judged} | {each.name.split(":")[0] for each in judged}
    said |= _trainers(definitions, {each.name for each in lines if each.entry})
    return [
        Judged(name, Verdict.NOT_JUDGED, "gradient", detail=WHY, place=place)
        for name, place in passes(definitions)
        if name not in said and name.split(".")[0] not in reached
    ]


def _trainers(definitions: Definitions, gradients: set[str]) -> set[str]:
    """Return functions that take step after step by gradients that are judged."""
    found = set()
    for name, definition in definitions.found.items():
        parts = list(ast.walk(definition.node))
        loops = any(isinstance(each, (ast.For, ast.While)) for each in parts)
        called = {each.func.id for each in parts
                  if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)}  # fmt: skip
        if loops and called & gradients:
            found.add(name)
    return found


def passes(definitions: Definitions) -> Iterator[tuple[str, Place]]:
    """Yield functions and methods that are backward passes by their names and arguments."""
    for name, definition in definitions.found.items():
        node = definition.node
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, FUNCTIONS) and (
                    (_is_pass(method) and not _hands_on(method)) or _trains(method)
                ):
                    line = method.lineno + definition.offset
                    place = Place(line, definition.place.cell, method.name)
                    yield f"{name}.{method.name}", place
        # The derivative of an activation has one argument, and is judged beside it.
        elif isinstance(node, FUNCTIONS) and _trains(node):
            yield name, definition.place
        elif isinstance(node, FUNCTIONS) and _is_pass(node):
            if len(definition.arguments) < 2 and not BACKWARD.search(name):
                continue
            yield name, definition.place


def _trains(node: ast.AST) -> bool:
    """Return whether it takes steps in a loop by what it works out itself, with a product."""
    if not any(isinstance(each, (ast.For, ast.While)) for each in ast.walk(node)):
        return False
    made = {
        target.id
        for each in ast.walk(node)
        if isinstance(each, ast.Assign) and _product(each.value)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    return any(
        _product(step) or made & {n.id for n in ast.walk(step) if isinstance(n, ast.Name)}
        for step in map(_step, ast.walk(node))
        if step is not None
    )


def _step(node: ast.AST) -> ast.expr | None:
    """Return what is taken off something in a statement, with a rate in it."""
    step: ast.expr | None = None
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub):
        step = node.value
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
        own = ast.unparse(node.value.left) == ast.unparse(node.targets[0])
        if own and isinstance(node.value.op, ast.Sub):
            step = node.value.right
    if step is None:
        return None
    names = {getattr(n, "attr", None) or getattr(n, "id", "") for n in ast.walk(step)}
    return step if any(role(name) == "rate" for name in names if name) else None


def _product(node: ast.AST) -> bool:
    return any(list(product(each)) for each in ast.walk(node))


def _is_pass(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    named = BACK.search(node.name) and not NO_PASS.search(node.name)
    return bool(named) and not all(map(_is_empty, node.body))


def _is_empty(node: ast.stmt) -> bool:
    """Return whether a statement computes nothing: that of a base class, or not written yet."""
    if isinstance(node, ast.Return):
        return node.value is None or isinstance(node.value, ast.Constant)
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or isinstance(node, (ast.Pass, ast.Raise))


def _hands_on(node: ast.AST) -> bool:
    """Return whether all it does is to call the backward passes of others: those are looked at.

    What multiplies matrices beside it has weights of its own.
    """
    if any(
        isinstance(each, ast.BinOp) and isinstance(each.op, ast.MatMult) for each in ast.walk(node)
    ):
        return False
    called = [
        each.func.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute)
    ]
    scaled = [
        part
        for each in ast.walk(node)
        if isinstance(each, ast.BinOp)
        for part in (each.left, each.right)
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute)
    ]
    if any(BACK.search(part.func.attr) for part in scaled if isinstance(part.func, ast.Attribute)):
        return False  # it changes what comes back
    products = any(name in ("dot", "matmul", "einsum", "outer", "tensordot") for name in called)
    return not products and any(map(BACK.search, called))


def _reached(definitions: Definitions, lines: Sequence[Judged]) -> set[str]:
    """Return the functions and classes that are judged, and all that they use or are made of."""
    waiting = [name for name, each in definitions.found.items() if _is_judged(name, each, lines)]
    methods: dict[str, set[str]] = {}
    for name, each in definitions.found.items():
        for method in each.node.body if isinstance(each.node, ast.ClassDef) else ():
            if isinstance(method, FUNCTIONS):
                methods.setdefault(method.name, set()).add(name)
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in reached or name not in definitions.found:
            continue
        reached.add(name)
        node = definitions.found[name].node
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                waiting.append(part.id)
            elif isinstance(part, ast.Attribute):  # whose object it is of, only running it tells
                own = isinstance(part.value, ast.Name) and part.value.id == "self"
                waiting += () if own else methods.get(part.attr, ())
    return reached


def _is_judged(name: str, definition: Definition, lines: Sequence[Judged]) -> bool:
    node, start = definition.node, definition.node.lineno + definition.offset
    end = (node.end_lineno or node.lineno) + definition.offset
    return any(
        re.match(rf"{re.escape(name)}($|[.:])", each.name)
        or (
            each.place is not None
            and each.place.cell == definition.place.cell
            and start <= each.place.line <= end
        )
        for each in lines
    )
