"""The forward pass of somebody's object: which method it is, and which result the outputs."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.solutions.calling import theirs
from chainrule.solutions.reading import Array
from chainrule.solutions.space import Space
from chainrule.solutions.styles.arguments import bind, positional, role
from chainrule.solutions.styles.collecting import returned_names
from chainrule.solutions.styles.instances import slots

NAMES = (
    "forward",
    "feed",
    "fprop",
    "query",
    "run",
    "think",
    "propagate",
    "__call__",
    "loss",
    "predict",
    "output",
)
"""What forward passes are called, the most telling first."""

FORWARD = re.compile(
    r"_*(feed_?forward\w*|forward\w*|fprop|query|run|think|propagate|__call__|loss|predict\w*|output)",
    re.IGNORECASE,
)


def forward_pass(
    space: Space, thing: Any, values: Mapping[str, Any], backward: str
) -> tuple[Array | None, Any]:
    """Return the outputs as their code has them, and what else came with them.

    Parameters
    ----------
    space : Space
    thing : object
    values : mapping of str to object
        By role; ``shape`` is that of the outputs.
    backward : str
        The method that gives gradients: it is a forward pass only where it does without targets.
    """
    names = [each for each in dir(type(thing)) if FORWARD.fullmatch(each)]
    names.sort(key=lambda n: next((i for i, o in enumerate(NAMES) if o in n.lower()), 99))
    without = {key: value for key, value in values.items() if key not in ("y", "o")}
    for name in names:
        with theirs():  # a property is code of theirs
            method = getattr(thing, name)
        arguments = _arguments(method, without, values, name == backward)
        if arguments is None:
            continue
        if "loss" in name.lower() and "x" not in {role(each) for each in arguments}:
            continue
        kept = {slot.name: array.copy() for slot, array in slots(thing)}
        result = space.call(method, **arguments)
        if result is None:
            return _left(thing, kept, values["shape"]), None
        return _picked(space, thing, name, result)
    return None, None


def _arguments(
    method: Any, without: Mapping[str, Any], values: Mapping[str, Any], backward: bool
) -> dict[str, Any] | None:
    optional = {role(each.name) for each in positional(method) if each.default is not each.empty}
    if backward and "y" not in optional:
        return None
    arguments = bind(method, without)
    if arguments is None:
        wanted = [each for each in positional(method) if each.default is each.empty]
        if len(wanted) == 1:  # feedforward(a)
            return {wanted[0].name: values["x"]}
    return arguments


def _left(thing: Any, kept: Mapping[str, Array], shape: tuple[int, ...]) -> Array | None:
    """Return the outputs where they are left in an attribute."""
    fresh = [
        (array, slot.leaf)
        for slot, array in slots(thing)
        if not np.array_equal(kept.get(slot.name, np.empty(0)), array) and array.shape == shape
    ]
    fresh = [each for each in fresh if not each[1].lower().startswith("z")] or fresh
    named = [each for each in fresh if role(each[1]) == "o"] or fresh
    return named[-1][0] if named else None


def _picked(space: Space, thing: Any, name: str, result: Any) -> tuple[Any, Any]:
    """Return outputs and cache of what came back."""
    if not isinstance(result, (tuple, list)):
        return result, None
    node = method_node(space, type(thing), name)
    names = [] if node is None else returned_names(node)
    called = next((each for each in names if len(each) == len(result)), [""] * len(result))
    arrays = [
        (part, word)
        for part, word in zip(result, called, strict=True)
        if isinstance(part, np.ndarray)
    ]
    rest = [part for part in result if not isinstance(part, np.ndarray)]
    good = [part for part, word in arrays if not word.lower().startswith("z")]
    good = good or [part for part, _ in arrays]
    cache = rest[-1] if rest else result
    if not good:
        return None, cache
    return (good[0] if rest else good[-1]), cache


def method_node(space: Space, built: type, method: str) -> ast.FunctionDef | None:
    """Return the definition of a method, in a class or in those that it is made of."""
    for each in built.__mro__:
        definition = space.definitions.found.get(each.__name__)
        for node in ast.walk(definition.node) if definition else ():
            if isinstance(node, ast.FunctionDef) and node.name == method:
                return node
    return None
