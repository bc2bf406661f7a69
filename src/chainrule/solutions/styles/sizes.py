"""Sizes that a file fixes inside: read off where it draws its own weights.

Comments are not to be trusted, and neither are sizes that nothing in the code depends on: these are
tried only where the code does not run at ours.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from chainrule.solutions import roles
from chainrule.solutions.space import Space

DRAWS = frozenset(
    ["randn", "rand", "random", "normal", "uniform", "zeros", "ones", "standard_normal"]
)
LARGEST = 64
"""Sizes above it are those of images: their differences would take minutes."""


def own(space: Space, layers: int) -> Iterator[tuple[int, ...]]:
    """Yield the sizes of a file's own weights, the inputs first, where they are numbers.

    Parameters
    ----------
    space : Space
    layers : int
    """
    names = roles.parameter_names(space, layers)
    shapes = []
    for layer in range(1, layers + 1):
        found = _shape(space, names[f"W{layer}"])
        if found is None:
            return
        shapes.append(found)
    sizes = (shapes[0][1], *(rows for rows, _ in shapes))
    chained = all(after[1] == before[0] for before, after in pairwise(shapes))
    if chained and max(sizes) <= LARGEST:
        yield sizes


def _shape(space: Space, name: str) -> tuple[int, int] | None:
    for assignment in space.definitions.assignments.get(name, ()):
        if assignment.index is not None:
            continue
        for call in ast.walk(assignment.value):
            if isinstance(call, ast.Call) and _called(call.func) in DRAWS:
                numbers = _numbers(space, call, assignment.place.function)
                if len(numbers) == 2:
                    return numbers[0], numbers[1]
    return None


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _numbers(space: Space, call: ast.Call, function: str) -> list[int]:
    """Return the whole numbers among the arguments, names taken from defaults and globals."""
    arguments: list[ast.expr] = [*call.args, *(each.value for each in call.keywords)]
    if len(arguments) >= 1 and isinstance(arguments[0], (ast.Tuple, ast.List)):
        arguments = list(arguments[0].elts)
    elif any(isinstance(each, (ast.Tuple, ast.List)) for each in arguments):
        inner = next(each for each in arguments if isinstance(each, (ast.Tuple, ast.List)))
        arguments = list(inner.elts)
    found = []
    for each in arguments:
        value = _value(space, each, function)
        if isinstance(value, int) and not isinstance(value, bool):
            found.append(value)
    return found


def _value(space: Space, of: ast.expr, function: str) -> Any:
    if isinstance(of, ast.Constant):
        return of.value
    if not isinstance(of, ast.Name):
        return None
    definition = space.definitions.found.get(function)
    if definition is not None and isinstance(definition.node, ast.FunctionDef):
        arguments = definition.node.args
        defaults = zip(arguments.args[::-1], arguments.defaults[::-1], strict=False)
        for argument, default in defaults:
            if argument.arg == of.id and isinstance(default, ast.Constant):
                return default.value
    for assignment in space.definitions.assignments.get(of.id, ()):
        if isinstance(assignment.value, ast.Constant):
            return assignment.value.value
    return None
