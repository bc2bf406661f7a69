"""Measured derivatives of a cost of which nothing is known: real differences, and how far off.

Of every element two measurements are taken, with steps far apart, and believed where they agree;
where the slopes to either side differ however small the step, there is a kink, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.checking.foreign import ORDER, POINTS, jitter
from chainrule.differences import START, Slope, extrapolated

Array = NDArray[np.float64]
Parameters = dict[str, NDArray[Any]]

APART, SHRINKINGS, DOUBT = 64.0, 3, 4.0
SIDES = (1e-3, 1e-5)
"""Steps at which the slopes to either side are compared."""

NOISE = 1e-6
"""The distance of the points at which a cost is looked at to see how precise it is."""


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
        kinds = {value.dtype for value in self._parameters.values()}
        self._single = np.dtype(np.float32) in kinds
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
        values = []
        for count in range(1, POINTS + 1):
            moved = self._copies()
            for name, way in ways.items():
                moved[name] = (moved[name] + NOISE * count * way).astype(moved[name].dtype)
            values.append(self._cost(moved))
        least = float(np.finfo(np.float32 if self._single else np.float64).eps)
        found = np.array(values)
        if len(found) <= ORDER or not np.isfinite(found).all():
            return least
        return max(least, DOUBT * jitter(found) / (abs(self.here) or 1.0))

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
        size = abs(self.here)
        step = START * max(1.0, abs(at))
        wide = extrapolated(function, step, self._epsilon, size)
        if self._single:  # smaller steps would be lost in the rounding of the parameter itself
            return wide
        if self._kink(function, size):
            return None
        for _ in range(SHRINKINGS):
            step /= APART
            narrow = extrapolated(function, step, self._epsilon, size)
            apart = abs(wide.value - narrow.value)
            if apart <= DOUBT * (wide.error + narrow.error):
                return min(wide, narrow, key=lambda slope: slope.error)
            wide = narrow
        return None

    def _kink(self, function: Callable[[float], float], size: float) -> bool:
        """Return whether the slopes to either side differ, and go on to as steps get smaller."""
        gaps = []
        for step in SIDES:
            ahead, behind = function(step), function(-step)
            gaps.append(abs(ahead - 2 * self.here + behind) / step)
        noise = 8 * self._epsilon * size / SIDES[-1]
        return bool(gaps[1] > 0.5 * gaps[0] and gaps[1] > noise)
