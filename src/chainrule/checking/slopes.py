"""Measured derivatives of a cost of which nothing is known: real differences, and how far off.

At a kink nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.differences import EPSILON, START, Slope, extrapolated, measured, precision

Array = NDArray[np.float64]
Parameters = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Measured:
    """Measured derivatives by one parameter.

    Parameters
    ----------
    value, error : ndarray
        And an estimate of the absolute error.
    known : ndarray of bool
        Where there is a derivative that could be measured.
    """

    value: Array
    error: Array
    known: NDArray[np.bool_]


class Slopes:
    """Measures the derivatives of a cost by its parameters.

    Parameters
    ----------
    cost : callable
        Takes a dict of arrays, returns a number.
    parameters : mapping of str to ndarray
    """

    def __init__(self, cost: Callable[[Parameters], float], parameters: Mapping[str, Any]) -> None:
        self._cost = cost
        self._parameters = {name: np.array(value) for name, value in parameters.items()}
        floats = [v.dtype for v in self._parameters.values() if v.dtype.kind == "f"]
        self._least = max((float(np.finfo(each).eps) for each in floats), default=EPSILON)
        self.here = cost(self._copies())
        self._epsilon = self._precision()

    def _copies(self) -> Parameters:
        return {name: value.copy() for name, value in self._parameters.items()}

    def _precision(self) -> float:
        """Return how precisely the cost is computed, relative to its size."""
        rng = np.random.default_rng(0)
        ways = {
            name: rng.choice([-1.0, 1.0], value.shape) for name, value in self._parameters.items()
        }

        def along(offset: float) -> float:
            moved = self._copies()
            for name, way in ways.items():
                moved[name] = (moved[name] + offset * way).astype(moved[name].dtype)
            return self._cost(moved)

        return precision(along, abs(self.here) or 1.0, self._least)

    def of(self, name: str, places: list[tuple[int, ...]] | None = None) -> Measured:
        """Return the derivatives by the elements of a parameter, all or some.

        Parameters
        ----------
        name : str
        places : list of tuple of int, optional
            The elements that are measured.
        """
        shape = self._parameters[name].shape
        found = Measured(np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=bool))
        for place in places if places is not None else list(np.ndindex(shape)):
            slope = self._slope(self._along(name, place), float(self._parameters[name][place]))
            if slope is not None:
                found.value[place], found.error[place] = slope.value, slope.error
                found.known[place] = True
        return found

    def _along(self, name: str, place: tuple[int, ...]) -> Callable[[float], float]:
        def cost_at(offset: float) -> float:
            moved = self._copies()
            moved[name][place] += offset
            return self._cost(moved)

        return cost_at

    def _slope(self, function: Callable[[float], float], at: float) -> Slope | None:
        step, size = START * max(1.0, abs(at)), abs(self.here)
        if (
            self._least > EPSILON
        ):  # smaller steps would be lost in the rounding of the parameter itself
            return extrapolated(function, step, self._epsilon, size)
        return measured(function, step, self._epsilon, size)
