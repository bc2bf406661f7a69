"""How a function takes its parameters: as arguments, in a dictionary, or as one unrolled vector."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from chainrule.solutions.space import Space

WEIGHT = re.compile(r"^(W|w|weights?|Theta|theta|V)_?(\d*)$")
BIAS = re.compile(r"^(b|bias|biases|B)_?(\d*)$")
HOLDER = re.compile(r"^(params?|parameters|model|weights|theta|net|network|p)$")
VECTOR = re.compile(
    r"^(nn_?params|theta|params|initial_theta|thetas?|weights|initial_nn_params|flat|vec)$"
)
INPUT, HIDDEN, OUTPUT = (
    re.compile(words)
    for words in (
        r"^(input_(layer_)?(size|dim)|n_?in|num_features|n_x|D|input_units)$",
        r"^(hidden_(layer_)?(size|dim|units)|n_?hid(den)?|n_h|H)$",
        r"^(num_?labels|output_(layer_)?(size|dim|units)|n_?out|num_classes|n_classes|K|C|n_y)$",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """How a function takes its parameters.

    Parameters
    ----------
    name : str
        The function.
    layers : int
    direct : dict of str to str
        Argument by entry, for parameters that are arguments.
    holder : str
        Argument that is a dictionary of them, or the unrolled vector.
    keys : dict of str to str
        Key by entry.
    vector : str
        Order in which the vector is unrolled, ``"C"`` or ``"F"``; empty where there is none.
    """

    name: str
    layers: int
    direct: Mapping[str, str] = field(default_factory=dict)
    holder: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    vector: Literal["C", "F", ""] = ""


def layouts(space: Space, name: str) -> Iterator[Layout]:
    """Yield how a function may take its parameters."""
    arguments = space.definitions.found[name].arguments
    direct: dict[str, str] = {}
    for kind, pattern in (("W", WEIGHT), ("b", BIAS)):
        found = [(int(m[2] or 1), arg) for arg in arguments if (m := pattern.match(arg))]
        for layer, (_, arg) in enumerate(sorted(found), start=1):
            direct[f"{kind}{layer}"] = arg
    layers = sum(entry.startswith("W") for entry in direct)
    sized = [any(pattern.match(arg) for arg in arguments) for pattern in (INPUT, OUTPUT)]
    if all(sized):
        holder = next((arg for arg in arguments if VECTOR.match(arg)), None)
        if holder is not None:
            inner = any(HIDDEN.match(arg) for arg in arguments)
            orders: tuple[Literal["C", "F"], ...] = ("C", "F")
            for order in orders:
                yield Layout(name, 2 if inner else 1, holder=holder, vector=order)
    if layers:
        yield Layout(name, layers, direct)
    holder = next((arg for arg in arguments if HOLDER.match(arg)), None)
    if holder is not None:
        keys = {}
        for constant in _constants(space, name):
            if (m := re.fullmatch(r"([Wb])_?(\d+)", constant)) is not None:
                keys[f"{m[1]}{int(m[2])}"] = constant
        layers = sum(entry.startswith("W") for entry in keys)
        if layers and all(f"W{layer}" in keys for layer in range(1, layers + 1)):
            yield Layout(name, layers, holder=holder, keys=keys)


def _constants(space: Space, name: str) -> list[str]:
    nodes = [space.definitions.found[name].node]
    nodes += [
        space.definitions.found[each].node
        for each in space.reads(name)
        if each in space.definitions.found
    ]
    return [
        each.value
        for node in nodes
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
