"""Arguments of other people's functions, bound by name: to what is known, and to what is returned.

A value is known by the names that people give it. What a function returns is known by the names in
its return statement, in whatever order they stand there and in the arguments of the next function.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from chainrule.solutions.calling import Failed
from chainrule.solutions.calls import blank, evaluated, trouble
from chainrule.solutions.definitions import Definition
from chainrule.solutions.reading import Trouble
from chainrule.solutions.space import Space

INPUTS = (
    "x", "X", "a0", "A0", "inputs", "input", "data", "x_train", "X_train", "train_x", "x_batch",
    "X_batch", "features", "xs", "input_data", "train_X",
)  # fmt: skip
TARGETS = (
    "y", "Y", "t", "T", "target", "targets", "labels", "label", "y_train", "Y_train", "train_y",
    "y_true", "Y_true", "y_batch", "Y_batch", "ys", "train_Y", "expected", "y_one_hot",
    "Y_one_hot",
)  # fmt: skip
RATES = (
    "learning_rate",
    "lr",
    "alpha",
    "eta",
    "rate",
    "step",
    "step_size",
    "aggression",
    "epsilon",
)
COUNTS = ("m", "M", "N", "n_examples", "num_examples", "batch_size")


class Unbound(Exception):
    """An argument that nothing is known for."""


def known(x: Any, y: Any) -> dict[str, Any]:
    """Return inputs and targets by all their names."""
    return {**dict.fromkeys(INPUTS, x), **dict.fromkeys(TARGETS, y)}


def call(space: Space, name: str, values: Mapping[str, Any]) -> Any:
    """Call a function with arguments by name; what has a default and is not known keeps it.

    Parameters
    ----------
    space : Space
    name : str
    values : mapping of str to object

    Returns
    -------
    object
        What it returns, or a `Trouble`.
    """
    place = space.place(name)
    try:
        arguments = bound(space, name, values)
    except Unbound as problem:
        return Trouble("not_defined", str(problem), place)
    try:
        result = space.call(space[name], *arguments)
    except Failed as problem:
        return blank(space, name) or trouble(problem, place)
    return result if result is not None else blank(space, name)


def bound(space: Space, name: str, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the positional arguments of a function.

    Raises
    ------
    Unbound
        If there is one that nothing is known for.
    """
    try:
        signature = inspect.signature(space[name])
    except (TypeError, ValueError):
        return ()
    found: list[Any] = []
    for argument in signature.parameters.values():
        if argument.kind not in (argument.POSITIONAL_ONLY, argument.POSITIONAL_OR_KEYWORD):
            break
        if argument.name in values:
            found.append(values[argument.name])
        elif argument.default is not argument.empty:
            found.append(argument.default)
        else:
            found.append(_global(space, name, argument.name))
    return tuple(found)


def arguments(space: Space, name: str) -> tuple[str, ...]:
    """Return the names of the arguments of a function that have no default."""
    if name not in space or isinstance(space[name], type):
        return ()
    try:
        signature = inspect.signature(space[name])
    except (TypeError, ValueError):
        return ()
    return tuple(
        each.name
        for each in signature.parameters.values()
        if each.default is each.empty
        and each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    )


def _global(space: Space, name: str, argument: str) -> Any:
    value = evaluated(space, argument)
    if value is None and argument in space and not callable(space[argument]):
        value = space[argument]
    if value is None:
        value = _as_called(space, name, argument)
    if value is None:
        raise Unbound(f"{name} wants {argument}, and nothing in the file says what that is")
    return value


def _as_called(space: Space, name: str, argument: str) -> Any:
    """Return a text that their own calls give for an argument, such as ``activation="tanh"``."""
    trees = [each for each, _ in space.definitions.statements]
    for tree in [*trees, *(each.node for each in space.definitions.found.values())]:
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            given = _given(space, node, argument) if node.func.id == name else None
            value = evaluated(space, given.id) if isinstance(given, ast.Name) else None
            if isinstance(given, ast.Constant):
                value = given.value
            if isinstance(value, str):
                return value
    return None


def _given(space: Space, call: ast.Call, argument: str) -> ast.expr | None:
    """Return what a call gives for an argument of a function of theirs."""
    assert isinstance(call.func, ast.Name)
    names = space.definitions.found[call.func.id].arguments
    by_place = dict(zip(names, call.args, strict=False))
    by_name = {each.arg: each.value for each in call.keywords}
    return by_name.get(argument, by_place.get(argument))


def returned(space: Space, name: str) -> tuple[str, ...]:
    """Return the names in the last return statement of a function, in their order.

    Parameters
    ----------
    space : Space
    name : str

    Returns
    -------
    tuple of str
        Empty for what is no name; of a dictionary, nothing: its keys say it.
    """
    definition = space.definitions.found.get(name)
    return () if definition is None else _returned(definition)


@lru_cache(maxsize=512)
def _returned(definition: Definition) -> tuple[str, ...]:
    if isinstance(definition.node, ast.Assign) and isinstance(definition.node.value, ast.Lambda):
        return _names(definition.node.value.body)
    statements = [
        each for each in _own(definition.node) if isinstance(each, ast.Return) and each.value
    ]
    if not statements:
        return ()
    value = statements[-1].value
    assert value is not None
    return _names(value)


def _own(node: ast.AST) -> list[ast.AST]:
    """Return the nodes of a function without those of functions inside it."""
    found: list[ast.AST] = []
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        each = waiting.pop(0)
        found.append(each)
        if not isinstance(each, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            waiting += ast.iter_child_nodes(each)
    return sorted(
        (each for each in found if hasattr(each, "lineno")), key=lambda each: int(each.lineno)
    )


def _names(value: ast.expr) -> tuple[str, ...]:
    if isinstance(value, (ast.Tuple, ast.List)):
        return tuple(_name(each) for each in value.elts)
    name = _name(value)
    return (name,) if name else ()


def _name(value: ast.expr) -> str:
    """Return how a value is called: a name, an attribute, or the key of a dictionary."""
    if isinstance(value, ast.Name):
        return value.id
    if isinstance(value, ast.Attribute):
        return value.attr
    if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant):
        return str(value.slice.value)
    return ""


def named(space: Space, name: str, result: Any) -> dict[str, Any]:
    """Return what a function returned by name: of the return statement, or of dictionary keys."""
    names = returned(space, name)
    found: dict[str, Any] = {}
    if isinstance(result, dict):
        found |= {str(key): value for key, value in result.items()}
    if isinstance(result, (tuple, list)) and len(names) == len(result):
        found |= {key: value for key, value in zip(names, result, strict=True) if key}
        for value in result:
            if isinstance(value, dict):
                found = {**{str(key): each for key, each in value.items()}, **found}
    elif len(names) == 1:
        found[names[0]] = result
    return found
