"""Differences of a cost that somebody else wrote: real numbers only, element by element.

A complex step must not be used on foreign code, where ``abs`` and ``norm`` drop the imaginary
part in silence. Before an element is moved, the network's own weighted sums tell how far it can
be: so far that functions bend little on the way, and no unit crosses a kink.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.arrays import Array
from chainrule.differences import START, extrapolated
from chainrule.errors import InvalidType, InvalidValue
from chainrule.network import Network
from chainrule.parameters import Parameters

CostFunction = Callable[[Parameters, Array, Array], Any]

BEND = 0.25
"""The furthest that the largest step may move a weighted sum."""

SHRINK = 16.0
SHRINKINGS = 4
"""How often, and by how much, a step is made smaller to stay clear of a kink."""


@dataclass(frozen=True)
class Measured:
    """Measured derivatives of one parameter.

    Parameters
    ----------
    value, error : ndarray
        The derivative by every element, and an estimate of its absolute error.
    kinks : ndarray of bool
        Where even the smallest step crosses a kink.
    exact : ndarray of bool
        Where a measured 0 is the derivative itself, and not one that rounding swallowed: nothing
        that moves with the element reaches the cost (a dead unit's weight).
    """

    value: NDArray[np.float64]
    error: NDArray[np.float64]
    kinks: NDArray[np.bool_]
    exact: NDArray[np.bool_]


def number(cost: CostFunction, params: Parameters, x: Array, y: Array) -> float:
    """Return what a person's cost says, as a number.

    Raises
    ------
    InvalidType, InvalidValue
        If it is no finite real number.
    """
    result = _answer(cost, params, x, y)
    if not np.isfinite(result.item()):
        raise InvalidValue(f"cost(params, x, y) returned {result.item()}, wanted a finite number")
    return float(result.item())


def _answer(cost: CostFunction, params: Parameters, x: Array, y: Array) -> Array:
    """Call a person's cost with copies, so that it may overwrite what it is given."""
    result = np.asarray(cost(params.copy(), x.copy(), y.copy()))
    if result.size != 1 or result.dtype.kind not in "fiu":
        raise InvalidType(
            f"cost(params, x, y) returned {result.dtype} of shape {result.shape}, "
            "wanted one real number"
        )
    return result


def precision(cost: CostFunction, params: Parameters, x: Array, y: Array) -> float:
    """Return the machine epsilon of the dtype in which a person's cost answers."""
    dtype = _answer(cost, params, x, y).dtype
    return float(np.finfo(dtype).eps) if dtype.kind == "f" else float(np.finfo(np.float64).eps)


class ForeignCost:
    """A person's cost as a function of single elements of the parameters.

    Parameters
    ----------
    network : Network
        To tell where kinks are.
    cost : callable
        Takes parameters, inputs and targets; returns a number.
    params : Parameters
        In float64.
    x, y : ndarray
        Inputs (n0 × m) and targets (n_L × m).
    """

    def __init__(
        self, network: Network, cost: CostFunction, params: Parameters, x: Array, y: Array
    ) -> None:
        self._network, self._cost, self._x, self._y = network, cost, x, y
        self._params = params.copy()
        self._precision = precision(cost, params, x, y)
        self._size = self._usual_size()
        rows = list(enumerate(network.architecture.activations, start=1))
        self._kinks = [row.kinks for _, row in rows]
        self._names = tuple(notation.weighted_sums(layer) for layer, _ in rows)
        self._sums = self._weighted_sums()

    def jacobian(self, name: str) -> Measured:
        """Return the measured derivative of the cost by every element of a parameter."""
        view = self._params[name]
        value, error = np.zeros(view.shape), np.zeros(view.shape)
        kinks = np.zeros(view.shape, dtype=bool)
        for place in np.ndindex(view.shape):
            step = self._step(view, place)
            if step is None:
                kinks[place] = True
                continue
            function = self._along(view, place)
            slope = extrapolated(function, step, self._precision, self._size)
            value[place], error[place] = slope.value, slope.error
        return Measured(value, error, kinks, np.zeros(view.shape, dtype=bool))

    def _along(self, view: Array, place: tuple[int, ...]) -> Callable[[float], float]:
        def cost_at(offset: float) -> float:
            kept = view[place]
            view[place] = kept + offset
            try:
                return self._value(self._params)
            finally:
                view[place] = kept

        return cost_at

    def _usual_size(self) -> float:
        """Return how large this cost is where the network is not saturated.

        A cost near 0 is often a difference of numbers, or the logarithm of one near 1, that were
        rounded when they were of that size.
        """
        sizes = []
        for factor in (1.0, 0.5, 0.0):
            params = Parameters(self._params.sizes, factor * self._params.flat)
            sizes.append(abs(self._value(params)))
        return max((size for size in sizes if np.isfinite(size)), default=0.0)

    def _value(self, params: Parameters) -> float:
        """Return the cost, or NaN where it is not defined."""
        try:
            return float(_answer(self._cost, params, self._x, self._y).item())
        except (ArithmeticError, ValueError):
            return float("nan")

    def _step(self, view: Array, place: tuple[int, ...]) -> float | None:
        """Return the largest step for an element, or nothing where every step crosses a kink."""
        step = START * max(1.0, abs(float(view[place])))
        ahead = self._moved(view, place, step)
        bend = max(float(np.max(np.abs(z - z0))) for z, z0 in zip(ahead, self._sums, strict=True))
        step = min(step, step * BEND / bend) if bend > 0 else step
        for _ in range(SHRINKINGS):
            sides = (self._moved(view, place, offset) for offset in (step, -step))
            if not any(map(self._crossed, sides)):
                return step
            step /= SHRINK
        return None

    def _moved(self, view: Array, place: tuple[int, ...], offset: float) -> list[Array]:
        kept = view[place]
        view[place] = kept + offset
        try:
            return self._weighted_sums()
        finally:
            view[place] = kept

    def _weighted_sums(self) -> list[Array]:
        values = {notation.activations(0): self._x}
        return self._network.evaluate(self._names, self._params, values)

    def _crossed(self, sums: list[Array]) -> bool:
        """Return whether a weighted sum is no longer on its side of a kink."""
        return any(
            bool(np.any((z > kink) != (z0 > kink)))
            for z, z0, kinks in zip(sums, self._sums, self._kinks, strict=True)
            for kink in kinks
        )


def remarks_on_meaning(
    cost: CostFunction, params: Parameters, x: Array, y: Array
) -> tuple[str, ...]:
    """Return what is odd about the meaning of a person's cost: what no gradient check can see.

    Two changes must leave a cost as it is: to give every example twice, and to append an input
    that has only zero weights.
    """
    usual = number(cost, params.copy(), x, y)
    wider = {name: view.copy() for name, view in params.items()}
    wider["W1"] = np.hstack([wider["W1"], np.zeros((len(wider["W1"]), 1))])
    trials = {
        "repeating the examples": (params.copy(), np.hstack([x, x]), np.hstack([y, y])),
        "appending an input with zero weights": (
            Parameters.from_arrays(wider),
            np.vstack([x, np.ones((1, x.shape[1]))]),
            y,
        ),
    }
    remarks = []
    for change, arguments in trials.items():
        try:
            changed = number(cost, *arguments)
        except Exception as problem:
            remarks.append(f"{change} could not be tried: {type(problem).__name__}: {problem}")
            continue
        if abs(changed - usual) > 1e-6 * max(abs(changed), abs(usual)):
            remarks.append(
                f"{change} changes the cost from {usual:.6g} to {changed:.6g}, so it is not the "
                "mean over the examples: is it, or its penalty, divided by something else? "
                "(cost_normalisation)"
            )
    return tuple(remarks)
