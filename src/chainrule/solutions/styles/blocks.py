"""Objects of layer classes, made and called: ``forward(x)``, ``backward(gradient, rate)``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.solutions.calling import Failed, theirs
from chainrule.solutions.findings import Place
from chainrule.solutions.reading import Array
from chainrule.solutions.space import Space
from chainrule.solutions.styles.arguments import bind, positional, role
from chainrule.solutions.styles.functions import activations_of
from chainrule.solutions.witness import TOLERANCE

RATE = 0.5
SEED = 7
OUTPUT = re.compile(r"_?(outputs?|out|a|activations?|y)", re.IGNORECASE)
HANDED_ON = re.compile(
    r"_?(d_?(inputs?|x)|(grad|gradient)s?_?(inputs?|x)|(inputs?|x)_?(grad|gradient)s?)",
    re.IGNORECASE,
)
"""Attributes in which a layer leaves what it hands on."""


class Tanh:
    """A layer that is right, for files that have none of their own between two others."""

    def forward(self, x: Array) -> Array:
        """Return tanh of every entry."""
        self.value = np.tanh(x)
        return self.value

    def backward(self, gradient: Array) -> Array:
        """Return the gradient with respect to what went in."""
        return np.asarray(gradient * (1.0 - self.value**2))


def layer_classes(space: Space) -> Iterator[str]:
    """Yield the classes of a file that have a way forward, and one back that takes one array."""
    for name, definition in space.definitions.found.items():
        if isinstance(definition.node, ast.ClassDef) and _is_layer(space.names.get(name)):
            yield name


def _is_layer(built: Any) -> bool:
    if not isinstance(built, type):
        return False
    forward, backward = way_of(built, "forward"), way_of(built, "backward")
    if forward is None or backward is None:
        return False
    wanted = [p for p in positional(backward) if p.default is p.empty and p.name != "self"]
    return len([p for p in wanted if role(p.name) not in ("rate",)]) == 1


def way_of(thing: Any, way: str) -> Any:
    """Return the method of a layer, or of its class, that goes one way; ``None`` without one."""
    found = getattr(thing, way, None) or getattr(thing, f"{way}_propagation", None)
    return found if callable(found) else None


def dense(space: Space, name: str, inputs: int, units: int) -> Any:
    """Return a layer with weights; ``None`` if its class does not take two sizes."""
    built = space[name]
    wanted = [p.name for p in positional(built) if p.default is p.empty]
    if len(wanted) < 2:
        return None
    named = {wanted[0]: inputs, wanted[1]: units}
    arguments = bind(built, {"rate": RATE, "penalty": 0.0}, named)
    if arguments is None:
        return None
    np.random.seed(SEED)  # noqa: NPY002 (people draw from the global generator)
    return space.caller.call(built, (), arguments, at=f"{name}.__init__")


def activation(space: Space, name: str) -> Any:
    """Return a layer without weights; ``None`` if it is not known what its class takes."""
    built = space[name]
    wanted = [p for p in positional(built) if p.default is p.empty]
    if not wanted:
        return space.caller.call(built, at=f"{name}.__init__")
    first, second = activations_of(space)
    if len(wanted) == 2 and first is not None and second is not None:
        return space.caller.call(built, (first[1], second[1]), at=f"{name}.__init__")
    return None


def unit_by_unit(space: Space, name: str) -> bool:
    """Return whether a class is an activation that takes every entry by itself."""
    z = np.array([[-1.3, 0.4], [0.7, -0.2], [2.0, 1.1]])
    moved = z.copy()
    moved[1, 0] += 0.5
    others = np.array(z == moved)
    try:
        thing = activation(space, name)
        if thing is None:
            return False
        before, after = (numbers(space, thing, "forward", at) for at in (z, moved))
    except Failed:  # it wants something else
        return False
    return before.shape == after.shape == z.shape and bool(
        np.array_equal(before[others], after[others])
    )


def passed(
    space: Space, thing: Any, way: str, value: Array, rate: float = RATE, training: bool = False
) -> Any:
    """Call a layer one way, and return what comes out, or what it keeps of it."""
    method = way_of(thing, way)
    arguments: dict[str, Any] = {}
    for each in positional(method):
        if role(each.name) == "rate":
            arguments[each.name] = rate
        elif not arguments or all(role(a) == "rate" for a in arguments):
            arguments[each.name] = value
        elif each.default is each.empty:
            arguments[each.name] = training if way == "forward" else rate
    result = space.call(method, **arguments)
    if isinstance(result, tuple) and result:
        result = result[0]
    if result is not None:
        return result
    pattern = OUTPUT if way == "forward" else HANDED_ON
    kept = [
        held for name, held in vars(thing).items() if pattern.fullmatch(name) and held is not None
    ]
    return kept[0] if kept else None


def numbers(space: Space, thing: Any, way: str, value: Array, training: bool = False) -> Array:
    """Return what `passed` does as numbers; what is handed over is copied."""
    found = passed(space, thing, way, value.copy(), training=training)
    with theirs():
        return np.array(found, dtype=float)


def place_of(space: Space, name: str, way: str = "backward") -> Place | None:
    """Return where a class goes one way."""
    place, node = space.place(name), node_of(space, name, way)
    if place is None or node is None:
        return place
    line = node.lineno + space.definitions.found[name].offset
    return Place(line, place.cell, node.name, f"def {node.name}(…)")


def node_of(space: Space, name: str, way: str = "backward") -> ast.FunctionDef | None:
    """Return the definition of the method that goes one way; ``None`` if it is inherited."""
    for node in ast.walk(space.definitions.found[name].node):
        if isinstance(node, ast.FunctionDef) and node.name in (way, f"{way}_propagation"):
            return node
    return None


def same(one: Array, other: Array) -> bool:
    """Return whether two arrays agree, for the size of the larger one."""
    size = max(float(np.max(np.abs(one))), float(np.max(np.abs(other))))
    return one.shape == other.shape and bool(np.max(np.abs(one - other)) <= TOLERANCE * size)
