"""Small functions: activations by their rows of the table, derivatives by differences of them.

A derivative may be meant as a function of z or of the value a: it is wrong if it is neither. Where
it is, a right one is put in its place, so that what it spoils is not looked for elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from chainrule.activations import ACTIVATIONS, find
from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.verdicts import Verdict
from chainrule.differences import measured
from chainrule.solutions import meaning
from chainrule.solutions.calling import Failed, theirs
from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.reading import Array, Reading
from chainrule.solutions.space import Space

DERIVATIVE = re.compile(r"^d_?[A-Za-z]|prime|deriv|_der$|[gG]rad|_d$|^d[A-Z]")


@dataclass(frozen=True)
class Slope:
    """A derivative that somebody wrote.

    Parameters
    ----------
    name : str
    function : callable
        The activation that it should be the derivative of.
    judged : Judged
    finding : Finding or None
        What is wrong with it.
    """

    name: str
    function: Any
    judged: Judged
    finding: Finding | None


def known(reading: Reading, space: Space) -> list[str]:
    """Return the activations that a file defines, as names of the table."""
    found = []
    activation = reading.activation()
    if activation is not None:
        found.append(meaning.activation_named(partial(space.call, activation[1])))
    for name in space.definitions.found:
        if name in ACTIVATIONS and name in space and callable(space[name]):
            found.append(meaning.activation_named(partial(space.call, space[name])))
    return list(dict.fromkeys(name for name in found if name))


def activation(reading: Reading, space: Space) -> Judged | None:
    """Return the line of their activation, where it is one of the table."""
    there = reading.activation()
    name = None if there is None else meaning.activation_named(partial(space.call, there[1]))
    if there is None or name is None:
        return None
    place = space.place(there[0])
    return Judged(there[0], Verdict.RIGHT, "activation", detail=name, place=place)


def slopes(reading: Reading, space: Space) -> Iterator[Slope]:
    """Yield the derivatives in a file that can be held against what they are called after."""
    there, slope = reading.activation(), reading.slope()
    named = [(there[1], *slope)] if slope is not None and there is not None else []
    for function, name in pairs(space):
        if name not in {each for _, each, _ in named}:
            named.append((space[function], name, space[name]))
    for each in named:
        found = _slope(space, *each)
        if found is not None:
            yield found


def pairs(space: Space) -> list[tuple[str, str]]:
    """Return activations and the functions that are called after their derivatives."""
    found = {
        name: each
        for name, each in space.definitions.found.items()
        if len(each.arguments) == 1 and name in space
    }
    result = []
    for name in found:
        if DERIVATIVE.search(name):
            function = matching(name, [each for each in found if not DERIVATIVE.search(each)])
            if function is not None:
                result.append((function, name))
    return result


def matching(slope: str | None, found: Collection[str]) -> str | None:
    """Return the activation that a derivative is called after: ``"relu"`` of ``"d_relu"``."""
    if slope is None:
        return None
    low = slope.lower()
    fits = [name for name in found if name != slope and len(name) > 1 and name.lower() in low]
    return max(fits, key=len, default=None)


def _slope(space: Space, function: Any, name: str, slope: Any) -> Slope | None:
    z = meaning.POINTS
    function = partial(space.call, function)

    def f(at: Array) -> Array:
        return meaning.first(function(at.copy()))

    try:
        with np.errstate(all="ignore"):
            wanted = _differences(f, z)
            at_sum, at_value = (meaning.first(space.call(slope, at.copy())) for at in (z, f(z)))
    except Failed:  # it wants other arguments: the gradients will tell
        return None
    fits = [
        words
        for words, found in (("of z", at_sum), ("of the value a", at_value))
        if found.shape == wanted.shape and np.allclose(found, wanted, rtol=1e-6, atol=1e-8)
    ]
    place = space.place(name)
    if fits:
        detail = f"the derivative, as a function {fits[0]}"
        right = Judged(name, Verdict.RIGHT, "derivative", detail=detail, place=place)
        return Slope(name, function, right, None)
    said = CATALOGUE["derivative_formula"]
    shown = _shown(function, z, at_sum, wanted)
    finding = Finding(
        "derivative_formula", "mistake", said.says, said.mend, (name,), *shown, place=place
    )
    return Slope(name, function, Judged(name, Verdict.WRONG, "derivative", place=place), finding)


def _differences(f: Callable[[Array], Array], z: Array) -> Array:
    """Return the derivative of a function of single entries; NaN where it has none."""
    found = np.full(z.shape, np.nan)
    for place in np.ndindex(z.shape):

        def along(offset: float, place: tuple[int, ...] = place) -> float:
            moved = z.copy()
            moved[place] += offset
            values = f(moved)
            with theirs():
                return float(values[place])

        slope = measured(along)
        if slope is not None:
            found[place] = slope.value
    return found


def _shown(function: Any, z: Array, came: Array, wanted: Array) -> tuple[str, str]:
    """Return what a derivative gives at one point, and what it should."""
    name = meaning.activation_named(function) or "f"
    if came.shape != wanted.shape:
        return "", ""
    worst = int(np.argmax(np.abs(came - wanted)))
    at = f"{z[worst]:g}"
    return f"at z = {at}: {came[worst]:.6g}", f"{name}′({at}) = {wanted[worst]:.6g}"


def right_ones(slope: Slope) -> list[Callable[[Array], Array]]:
    """Return right derivatives for a wrong one: as a function of z, and of a."""
    name = meaning.activation_named(slope.function)
    row = find(name or "identity")

    def of_sum(z: Array) -> Array:
        at = np.asarray(z, dtype=np.float64)
        if name is not None and at.ndim == 2:
            return meaning.slope_of_sum(name, at)
        return _differences(lambda each: meaning.first(slope.function(each)), at)

    options: list[Callable[[Array], Array]] = [of_sum]
    if row.derivative_of_value is not None or row.name in ("relu", "leaky_relu"):
        options.append(lambda a: meaning.slope_of_value(row.name, np.asarray(a, dtype=np.float64)))
    return options


@contextmanager
def instead(space: Space, name: str, function: Callable[[Array], Array]) -> Iterator[None]:
    """Put another function under a name for a while."""
    kept = space.names[name]
    space.names[name] = function
    try:
        yield
    finally:
        space.names[name] = kept
