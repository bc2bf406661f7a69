"""Losses as people write them, a value and its derivative: which there are, how they are called.

Two functions, ``mse(y_true, y_pred)`` and ``mse_prime(y_true, y_pred)``, or a class with a method
for each; the derivative may use what the value left in the object. Which argument are the
predictions is told by its name; where it is not, both are tried.

Next to read: `derivatives` (how they are judged).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.solutions.calling import Unsaid, theirs
from chainrule.solutions.definitions import FUNCTIONS
from chainrule.solutions.findings import Place
from chainrule.solutions.forms import array_of
from chainrule.solutions.reading import Array
from chainrule.solutions.space import Space
from chainrule.solutions.styles import blocks
from chainrule.solutions.styles.arguments import bind, positional

TARGET = re.compile(r"true|target|label|actual|expected|desired|truth|^_?(y|t|gt|real|d)$", re.I)
PREDICTED = re.compile(
    r"pred|hat|out|prob|logit|score|input|activation|^_?(a|al|p|x|z|o|h|yh|dvalues?)$", re.I
)
UPSTREAM = re.compile(r"grad|upstream|^d_?(out|y|z|l|loss|values?)$|delta|error", re.I)

DERIVED = r"prime|derivative|deriv|der|gradients?|grad|backward|back|bwd|backprop|delta|d"
SLOPE = re.compile(rf"(^|_)({DERIVED})(_|$)|prime$|derivative$|[gG]radient$", re.I)
PLAIN = re.compile(
    rf"prime|derivative|gradient|(?<![a-z])({DERIVED})(?![a-z])|loss|error|cost|function|compute"
    r"|calculate|calc|get|forward|_",
    re.I,
)
VALUE_METHODS = (
    r"forward|loss|__call__|call|fn|f|function|value|error|cost|(compute|calc|calculate)(_\w+)?"
    r"|loss_?\w*|cost_?\w*|evaluate|apply|output"
)
SLOPE_METHODS = rf"(loss|cost|local|input|compute|calc|calculate)?_?({DERIVED}|df)(_?(loss|cost))?"
LOSS = re.compile(r"loss|cost|error|entropy|mse|mae|bce|cce|sse|rmse|nll|likelihood|square", re.I)

Order = tuple[int, ...]


@dataclass(frozen=True)
class Valued:
    """A value and its derivative by the predictions.

    Parameters
    ----------
    name : str
        What the derivative is called: ``"mse_prime"``, ``"MSE.backward"``.
    value, slope : str
        Functions, or methods; `value` is empty where there is none.
    owner : str
        The class; empty for functions.
    place : Place or None
        Of the derivative.
    """

    name: str
    value: str
    slope: str
    owner: str
    place: Place | None

    def made(self, space: Space) -> Any:
        """Return a new object of the class; ``None`` for functions."""
        if not self.owner:
            return None
        arguments = bind(space[self.owner], {})
        if arguments is None:
            raise Unsaid(f"what {self.owner} is made of says nothing")
        return space.caller.call(space[self.owner], (), arguments, at=f"{self.owner}.__init__")

    def method(self, space: Space, thing: Any, name: str) -> Any:
        """Return one of the two, ready to be called."""
        if thing is None:
            return space[name]
        with theirs():  # a property is code of theirs
            return getattr(thing, name)

    def values(self, space: Space, thing: Any, order: Order, a: Array, y: Array) -> Array:
        """Return the value: a number, or several, as one for each example.

        Parameters
        ----------
        space : Space
        thing : object
            Of `made`.
        order : tuple of int
            Places of predictions and targets among its arguments.
        a, y : ndarray
            Predictions and targets as they are written there.
        """
        given: list[Any] = [None, None]
        given[order[0]], given[order[1]] = a.copy(), y.copy()
        found = space.call(self.method(space, thing, self.value), *given)
        if isinstance(found, tuple) and found:
            found = found[0]
        array = array_of(found)
        if array is None or array.dtype.kind not in "fiu" or array.size > max(a.size, 1):
            raise Unsaid(f"{self.value} returns no number")
        return array

    def orders(self, space: Space, thing: Any) -> tuple[list[Order], bool]:
        """Return where predictions and targets may be in the value, and whether that is told."""
        wanted = required(self.method(space, thing, self.value or self.slope))
        if len(wanted) != 2:
            return [], False
        return _orders(wanted)

    def ways(self, space: Space, thing: Any, order: Order) -> Iterator[tuple[str, ...]]:
        """Yield what the arguments of the derivative may be: ``a``, ``y`` or ``up``.

        Parameters
        ----------
        space : Space
        thing : object
        order : tuple of int
            That of the value.
        """
        wanted = required(self.method(space, thing, self.slope))
        usual = [""] * 2
        usual[order[0]], usual[order[1]] = "a", "y"
        if len(wanted) == 2:
            orders, told = _orders(wanted)
            if told:
                usual[orders[0][0]], usual[orders[0][1]] = "a", "y"
            yield tuple(usual)
        elif not wanted and self.value:
            yield ()
        elif len(wanted) == 1 and self.value:
            kinds = [k for k, p in (("y", TARGET), ("up", UPSTREAM), ("a", PREDICTED))
                     if p.search(wanted[0])]  # fmt: skip
            for kind in kinds or ("up", "a", "y"):
                yield (kind,)

    def renamed(self, space: Space, thing: Any, order: Order, way: Sequence[str]) -> bool:
        """Return whether predictions are called something else in the derivative.

        Then they may be something else, as what comes out of the softmax in the value.
        """
        names = required(self.method(space, thing, self.value))
        others = required(self.method(space, thing, self.slope))
        return "a" in way and others[way.index("a")] != names[order[0]]

    def derivative(
        self, space: Space, thing: Any, way: Sequence[str], a: Array, y: Array
    ) -> Array | None:
        """Return the derivative as an array; ``None`` where it is something else."""
        hand = {"a": a.copy(), "y": y.copy(), "up": 1.0}
        found = space.call(self.method(space, thing, self.slope), *(hand[each] for each in way))
        if found is None and thing is not None:
            found = _left(thing)
        if isinstance(found, dict) and len(found) == 1:
            found = next(iter(found.values()))
        array = array_of(found)
        return None if array is None or array.dtype.kind not in "fiu" else np.array(array, float)


def _left(thing: Any) -> Any:
    """Return what a method left in its object: ``dinputs``, ``grad_input``."""
    kept = [held for name, held in vars(thing).items() if blocks.HANDED_ON.fullmatch(name)]
    return kept[0] if len(kept) == 1 else None


def required(function: Any) -> list[str]:
    """Return the names of the arguments that have no default."""
    return [each.name for each in positional(function) if each.default is each.empty]


def _orders(wanted: Sequence[str]) -> tuple[list[Order], bool]:
    sure = [bool(TARGET.search(each)) and not PREDICTED.search(each) for each in wanted]
    if sure == [True, False]:
        return [(1, 0)], True
    if sure == [False, True]:
        return [(0, 1)], True
    if list(wanted) == ["y", "t"]:
        return [(0, 1)], True
    return [(0, 1), (1, 0)], False


def valued(space: Space) -> Iterator[Valued]:
    """Yield the losses of a file that have a derivative."""
    yield from _functions(space)
    for name, definition in space.definitions.found.items():
        node = definition.node
        if not isinstance(node, ast.ClassDef) or not isinstance(space.names.get(name), type):
            continue
        own = [each for each in node.body if isinstance(each, FUNCTIONS)]
        slope = next((n for n in own if re.fullmatch(SLOPE_METHODS, n.name, re.I)), None)
        if slope is None:
            continue
        value = _value_method(space.names[name])
        if not LOSS.search(name) and not value:
            continue
        line, source = slope.lineno + definition.offset, f"def {slope.name}(…)"
        place = Place(line, definition.place.cell, slope.name, source)
        yield Valued(f"{name}.{slope.name}", value, slope.name, name, place)


def _functions(space: Space) -> Iterator[Valued]:
    found = {
        name: PLAIN.sub("", name).lower()
        for name, each in space.definitions.found.items()
        if not isinstance(each.node, ast.ClassDef)
        and name in space
        and callable(space[name])
        and len(required(space[name])) == 2
    }
    for name, stem in found.items():
        if SLOPE.search(name):
            values = [n for n, other in found.items() if other == stem and not SLOPE.search(n)]
            if len(values) == 1:
                yield Valued(name, values[0], name, "", space.place(name))


def _value_method(built: type) -> str:
    """Return the method that takes predictions and targets; empty without one."""
    for pattern in (*VALUE_METHODS.split("|")[:3], VALUE_METHODS):
        for name in dir(built):
            method = getattr(built, name, None)
            if re.fullmatch(pattern, name) and not SLOPE.search(name) and callable(method):
                wanted = [each for each in required(method) if each != "self"]
                if len(wanted) == 2 and any(map(TARGET.search, wanted)):
                    return name
    return ""
