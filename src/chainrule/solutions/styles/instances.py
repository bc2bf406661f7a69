"""An object of somebody's class ↔ parameters: where it keeps them, and gradients."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.solutions.calling import theirs
from chainrule.solutions.forms import array_of, chained
from chainrule.solutions.reading import Array

WEIGHTS = re.compile(r"^(w|ws|wts?|weights?|theta\d?|syn(apse)?s?|kernel|coef)", re.IGNORECASE)
BIASES = re.compile(r"^(b|bs|bias(es)?|intercept)(_?[a-z]{0,2})?[_\d]*($|_|\[)", re.IGNORECASE)
NO_PARAMETER = re.compile(
    r"^(d[A-Z_]|d[wb]|grad|nabla|delta|prev|last|cache|z|a\d|a$|layer\d|inputs?$|x$|y$|outputs?$|error|"
    r"v_?d?[wb]|m_?d?[wb]|s_?d?[wb]|vel|mom|batch|activations|losses|costs)|_?(grad|error|delta|velocity|momentum)s?$|_d[wb]",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Slot:
    """Where an array is kept: an attribute, or a place in a list or a dictionary.

    Parameters
    ----------
    attribute : str
    key : int, str or None
    """

    attribute: str
    key: Any = None

    @property
    def name(self) -> str:
        """As their code would write it."""
        return self.attribute if self.key is None else f"{self.attribute}[{self.key!r}]"

    @property
    def leaf(self) -> str:
        """The name that tells what it is."""
        return self.key if isinstance(self.key, str) else self.attribute

    def get(self, thing: Any) -> Any:
        """Return what is kept there."""
        with theirs():
            found = getattr(thing, self.attribute)
            return found if self.key is None else found[self.key]

    def put(self, thing: Any, value: Array) -> None:
        """Put an array there."""
        with theirs():
            if self.key is None:
                setattr(thing, self.attribute, value)
                return
            container = getattr(thing, self.attribute)
            if isinstance(container, (tuple, np.ndarray)):
                container = list(container)
                setattr(thing, self.attribute, container)
            container[self.key] = value


@dataclass(frozen=True)
class Anatomy:
    """Where an object keeps the parameters of a network.

    Parameters
    ----------
    slots : mapping of str to Slot
        By our names: ``"W1"``, ``"b1"``, …
    sizes : tuple of int
        The inputs first.
    weights, biases : str
        Their shapes, in the words of `chainrule.solutions.forms.Form`.
    """

    slots: Mapping[str, Slot]
    sizes: tuple[int, ...]
    weights: str
    biases: str

    @property
    def layers(self) -> int:
        """Number of weight matrices."""
        return len(self.sizes) - 1


def attributes(thing: Any) -> Mapping[str, Any]:
    """Return what an object of theirs keeps; nothing of one with ``__slots__``."""
    found: Mapping[str, Any] = getattr(thing, "__dict__", {})
    return found


def slots(thing: Any) -> Iterator[tuple[Slot, Array]]:
    """Yield arrays that an object keeps, in the order in which it got them."""
    for attribute, value in list(attributes(thing).items()):
        if isinstance(value, Mapping):
            entries: Any = value.items()
        elif isinstance(value, (list, tuple)) or (
            isinstance(value, np.ndarray) and value.dtype == object
        ):
            entries = enumerate(value)
        else:
            entries = [(None, value)]
        for key, each in entries:
            array = array_of(each)
            plain = key is not None and not isinstance(each, np.ndarray)
            if array is not None and array.ndim and not plain:
                yield Slot(attribute, key), array


def anatomies(thing: Any, inputs: int | None = None) -> Iterator[Anatomy]:
    """Yield where an object may keep its parameters.

    Parameters
    ----------
    thing : object
    inputs : int, optional
        Number of inputs, where it is known.
    """
    weights: list[tuple[Slot, Array]] = []
    biases: list[tuple[Slot, Array]] = []
    for slot, array in slots(thing):
        leaf = slot.leaf
        if NO_PARAMETER.search(leaf) or NO_PARAMETER.search(slot.attribute):
            continue
        bias = BIASES.search(leaf) or ("bias" in leaf.lower() and array.ndim <= 2)
        if bias:
            biases.append((slot, array))
        elif array.ndim == 2 and (WEIGHTS.search(leaf) or "weight" in leaf.lower()):
            weights.append((slot, array))
    weights, biases = _in_order(weights), _in_order(biases)
    if not weights:
        return
    for orientation, sizes in chained([array.shape for _, array in weights]):
        if inputs is not None and sizes[0] != inputs:
            continue
        shape = _bias_shape(biases, sizes)
        if shape is None:
            continue
        found = {f"W{layer}": slot for layer, (slot, _) in enumerate(weights, start=1)}
        found |= {f"b{layer}": slot for layer, (slot, _) in enumerate(biases, start=1)}
        yield Anatomy(found, sizes, orientation, shape)


def _in_order(found: list[tuple[Slot, Array]]) -> list[tuple[Slot, Array]]:
    """Numbered names by their number; others as they came."""
    numbers = [re.findall(r"\d+", slot.name) for slot, _ in found]
    if all(numbers) and len({tuple(each) for each in numbers}) == len(found):
        return [
            each
            for _, each in sorted(
                zip(numbers, found, strict=True), key=lambda p: [int(n) for n in p[0]]
            )
        ]
    return found


def _bias_shape(biases: list[tuple[Slot, Array]], sizes: tuple[int, ...]) -> str | None:
    if not biases:
        return "none"
    if len(biases) != len(sizes) - 1:
        return None
    for words in ("(n, 1)", "(1, n)", "(n,)"):
        shapes = [{"(n, 1)": (n, 1), "(1, n)": (1, n)}.get(words, (n,)) for n in sizes[1:]]
        if [a.shape for _, a in biases] == shapes:
            return words
    return None


def copied(thing: Any, anatomy: Anatomy) -> dict[str, Array]:
    """Return copies of the parameters as they are now."""
    found = {}
    for entry, slot in anatomy.slots.items():
        array = array_of(slot.get(thing))
        found[entry] = np.array(array, dtype=float) if array is not None else np.empty(0)
    return found


def adds_to(node: ast.AST, names: Collection[str]) -> bool:
    """Return whether attributes of these names are only ever added to, never subtracted from.

    Parameters
    ----------
    node : ast.AST
        A class.
    names : collection of str

    Examples
    --------
    >>> adds_to(ast.parse("self.W += rate * dW"), ["W"]), adds_to(ast.parse("self.W -= dW"), ["W"])
    (True, False)
    """
    found = []
    for each in ast.walk(node):
        if isinstance(each, ast.AugAssign) and isinstance(each.op, (ast.Add, ast.Sub)):
            target = each.target.value if isinstance(each.target, ast.Subscript) else each.target
            if isinstance(target, ast.Attribute) and target.attr in names:
                minus = any(isinstance(part, ast.USub) for part in ast.walk(each.value))
                found.append(isinstance(each.op, ast.Add) and not minus)
    return bool(found) and all(found)


def layer_of(name: str) -> tuple[str, int | None] | None:
    """Return of which kind, and of which layer, a gradient of this name is.

    Examples
    --------
    >>> layer_of("dW2"), layer_of("nabla_b"), layer_of("d_weights1"), layer_of("cost")
    (('W', 2), ('b', None), ('W', 1), None)
    """
    low = name.lower().strip("_")
    if low in ("delta", "deltas") or low.startswith("back"):
        return None
    for _ in range(3):
        low = re.sub(
            r"^(dc_?d|dl_?d|dj_?d|dloss_?d?|dcost_?d?|de_?d|d_?l_?|nabla_?|grads?_?(of_)?|gradients?_?|delta_?|partial_?|d_?(?=[wb]))",
            "",
            low,
        )
    low = re.sub(r"_?(grads?|gradients?|delta|updates?|adjustments?|_d)$", "", low)
    match = re.match(r"^(weights?|w|theta|bias(es)?|b|syn)_?([a-z]*?)_?(\d*)$", low)
    if match is None:
        return None
    kind = "b" if match[1].startswith("b") else "W"
    return kind, int(match[4]) if match[4] else None
