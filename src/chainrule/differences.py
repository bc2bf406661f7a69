"""Numerical derivatives of any function: plain numerics, which know nothing of networks.

Two ways, for two kinds of function:

- a *complex step* (Squire and Trapp 1998) for functions of our own, written so that complex
  numbers pass through: no difference is taken, so no digit is lost;
- *extrapolated central differences* (Ridders 1982) for everything else, with an estimate of
  their own error, which is what makes them fit to judge by.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COMPLEX_STEP = 1e-100
"""Small enough that its square vanishes beside any float64, large enough never to underflow."""

START = 2.0**-5
"""First step of the extrapolation, for quantities of size 1."""

LEVELS = 8
"""Halvings of the step at most."""

ENOUGH = 1e-10
"""Relative error at which no smaller step is tried."""


@dataclass(frozen=True)
class Slope:
    """A measured derivative.

    Parameters
    ----------
    value : float
        The derivative.
    error : float
        Estimate of its absolute error, from truncation and from rounding.
    """

    value: float
    error: float


def complex_step(
    function: Callable[[NDArray[np.complex128]], complex], point: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the gradient of a scalar function that takes complex arguments.

    Parameters
    ----------
    function : callable
        Analytic where it is evaluated; takes an array like `point`, returns a number.
    point : ndarray
        Where the gradient is wanted.

    Returns
    -------
    ndarray
        Of the shape of `point`, exact but for rounding.

    Examples
    --------
    >>> complex_step(lambda x: np.sum(x**3), np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    gradient = np.empty_like(point)
    for place in np.ndindex(point.shape):
        moved = point.astype(np.complex128)
        moved[place] += 1j * COMPLEX_STEP
        gradient[place] = function(moved).imag / COMPLEX_STEP
    return gradient


def extrapolated(
    function: Callable[[float], float],
    start: float = START,
    epsilon: float = float(np.finfo(np.float64).eps),
    size: float = 0.0,
) -> Slope:
    """Return the derivative at 0 of a function of one number, by Ridders' method.

    Central differences at halved steps are extrapolated to step 0 in a triangular table; the
    entry with the smallest estimate of its error is the result (C. J. F. Ridders, Advances in
    Engineering Software 4, 1982).

    Parameters
    ----------
    function : callable
        Takes an offset, returns a number.
    start : float, optional
        The largest step.
    epsilon : float, optional
        Relative precision to which the function is computed.
    size : float, optional
        Size of what the function is made of, where that is larger than its values: a small
        difference of large numbers is rounded like the large ones.

    Examples
    --------
    >>> slope = extrapolated(np.exp)
    >>> bool(abs(slope.value - 1) <= slope.error < 1e-12)
    True
    """
    best = Slope(float("nan"), float("inf"))
    previous: list[float] = []
    step = start
    for _ in range(LEVELS):
        above, below = function(step), function(-step)
        if not (np.isfinite(above) and np.isfinite(below)):
            step /= 2
            previous = []
            continue
        rounding = epsilon * max(abs(above), abs(below), size) / step
        row = [(above - below) / (2 * step)]
        for column, older in enumerate(previous, start=1):
            factor = 4.0**column
            row.append((factor * row[-1] - older) / (factor - 1))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - older)) + rounding
            if error <= best.error:
                best = Slope(row[-1], error)
        if best.error <= ENOUGH * abs(best.value):
            break
        previous = row
        step /= 2
    return best
