"""Differences of a cost that somebody else wrote: real numbers only, element by element.

A complex step must not be used on foreign code, where ``abs`` and ``norm`` drop the imaginary
part in silence. Before an element is moved, the network's own weighted sums tell how far it can
be without a unit crossing a kink.
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

STEPS = tuple(START / 16**k for k in range(4))
"""Steps to start from, largest first; a smaller one is taken only to stay clear of a kink."""


@dataclass(frozen=True)
class Measured:
    """Measured derivatives of one parameter.

    Parameters
    ----------
    value, error : ndarray
        The derivative by every element, and an estimate of its absolute error.
    kinks : ndarray of bool
        Where even the smallest step crosses a kink.
    """

    value: NDArray[np.float64]
    error: NDArray[np.float64]
    kinks: NDArray[np.bool_]


def number(cost: CostFunction, params: Parameters, x: Array, y: Array) -> float:
    """Return what a person's cost says, as a number.

    Raises
    ------
    InvalidType, InvalidValue
        If it is no finite real number.
    """
    result = np.asarray(cost(params, x, y))
    if result.size != 1 or result.dtype.kind not in "fiu":
        raise InvalidType(
            f"cost(params, x, y) returned {result.dtype} of shape {result.shape}, "
            "wanted one real number"
        )
    if not np.isfinite(result.item()):
        raise InvalidValue(f"cost(params, x, y) returned {result.item()}, wanted a finite number")
    return float(result.item())


def precision(cost: CostFunction, params: Parameters, x: Array, y: Array) -> float:
    """Return the machine epsilon of the dtype in which a person's cost answers."""
    dtype = np.asarray(cost(params, x, y)).dtype
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
        self._precision = precision(cost, params.copy(), x, y)
        rows = list(enumerate(network.architecture.activations, start=1))
        self._kinks = {notation.weighted_sums(k): row.kinks for k, row in rows if row.kinks}
        self._sides = self._sides_of_kinks()

    def jacobian(self, name: str) -> Measured:
        """Return the measured derivative of the cost by every element of a parameter."""
        view = self._params[name]
        value, error = np.zeros(view.shape), np.zeros(view.shape)
        kinks = np.zeros(view.shape, dtype=bool)
        for place in np.ndindex(view.shape):
            step = self._step_clear_of_kinks(view, place)
            if step is None:
                kinks[place] = True
                continue
            slope = extrapolated(self._along(view, place), step, self._precision)
            value[place], error[place] = slope.value, slope.error
        return Measured(value, error, kinks)

    def _along(self, view: Array, place: tuple[int, ...]) -> Callable[[float], float]:
        def cost_at(offset: float) -> float:
            kept = view[place]
            view[place] = kept + offset
            try:
                return number(self._cost, self._params, self._x, self._y)
            finally:
                view[place] = kept

        return cost_at

    def _step_clear_of_kinks(self, view: Array, place: tuple[int, ...]) -> float | None:
        largest = max(1.0, abs(float(view[place])))
        for step in STEPS:
            if not self._kinks or not self._crosses(view, place, step * largest):
                return float(step * largest)
        return None

    def _crosses(self, view: Array, place: tuple[int, ...], step: float) -> bool:
        kept = view[place]
        try:
            for offset in (step, -step):
                view[place] = kept + offset
                if self._sides_of_kinks() != self._sides:
                    return True
        finally:
            view[place] = kept
        return False

    def _sides_of_kinks(self) -> list[bytes]:
        """Return on which side of each kink every weighted sum lies."""
        if not self._kinks:
            return []
        values = {notation.activations(0): self._x}
        sums = self._network.evaluate(tuple(self._kinks), self._params, values)
        return [
            (z > kink).tobytes()
            for z, kinks in zip(sums, self._kinks.values(), strict=True)
            for kink in kinks
        ]


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
                "mean over the examples: is it divided by something other than their number? "
                "(cost_normalisation)"
            )
    return tuple(remarks)
