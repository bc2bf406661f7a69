"""Numerical derivatives of any function: plain numerics, which know nothing of networks.

Two ways, for two kinds of function:

- a *complex step* (Squire and Trapp 1998) for functions of our own, written so that complex
  numbers pass through: no difference is taken, so no digit is lost;
- *extrapolated central differences* (Ridders 1982) for everything else, with an estimate of
  their own error, which is what makes them fit to judge by.

Of a function that somebody else wrote, nothing is known: how precisely it computes (`precision`),
whether it has a kink nearby (`measured`, which says nothing there).
"""

from __future__ import annotations

import math
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

EPSILON = float(np.finfo(np.float64).eps)

APART = 64.0
SHRINKINGS = 4
DOUBT = 4.0
"""Two measurements, with steps that far apart, may differ by that many times their errors; where
they differ by more, smaller steps are tried, so often."""

SIDES = (1e-3, 1e-5)
"""Steps at which the slopes to either side are compared."""

SPACINGS = tuple(10.0**power for power in range(-6, 0))
POINTS, ORDER = 9, 5
"""Where a function is looked at to see how much it jitters, and the order of differences taken."""

ROUGHLY = 4.0
"""Factor on the jitter, which few values tell only roughly."""


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
    epsilon: float = EPSILON,
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


def measured(
    function: Callable[[float], float],
    start: float | None = None,
    epsilon: float = EPSILON,
    size: float = 0.0,
) -> Slope | None:
    """Return the derivative at 0 of a function of which nothing is known, where it can be told.

    It is measured twice, with steps far apart, and believed where both say the same: a function may
    have kinks, which an estimate of errors does not know of. Where the slopes to either side
    differ, however small the step, there is no derivative.

    Parameters
    ----------
    function : callable
        Takes an offset, returns a number.
    start : float, optional
        The largest step; by itself as large as its precision asks for.
    epsilon : float, optional
        Relative precision to which the function is computed.
    size : float, optional
        Size of what the function is made of.

    Returns
    -------
    Slope or None
        ``None`` where it cannot be told.

    Examples
    --------
    >>> bool(abs(measured(np.exp).value - 1) < 1e-9), measured(abs) is None
    (True, True)
    """
    step = max(2.0**-8, epsilon ** (1 / ORDER)) if start is None else start
    here = function(0.0)
    if not np.isfinite(here) or _kink(function, here, epsilon * max(abs(here), size)):
        return None
    wide = extrapolated(function, step, epsilon, size)
    for _ in range(SHRINKINGS):
        step /= APART
        narrow = extrapolated(function, step, epsilon, size)
        if not abs(wide.value - narrow.value) > DOUBT * (wide.error + narrow.error):
            best = min(wide, narrow, key=lambda slope: slope.error)
            return best if np.isfinite(best.error) else None
        wide = narrow
    return None


def _kink(function: Callable[[float], float], here: float, rounding: float) -> bool:
    """Return whether the slopes to either side differ, and go on to as steps get smaller."""
    gaps = [abs(function(step) - 2 * here + function(-step)) / step for step in SIDES]
    return bool(gaps[1] > 0.5 * gaps[0] and gaps[1] > 2 * DOUBT * rounding / SIDES[-1])


def precision(function: Callable[[float], float], size: float, epsilon: float = EPSILON) -> float:
    """Return to what part of its size a function of one number is computed.

    More than `epsilon` where it jitters, since it computes in another precision, rounds, or draws
    random numbers. The jitter is what remains of neighbouring values in a table of high differences
    (Moré and Wild, Estimating computational noise, SIAM J. Sci. Comput. 33, 2011).

    Parameters
    ----------
    function : callable
        Takes an offset, returns a number.
    size : float
        Of its values; not 0.
    epsilon : float, optional
        What it is at least.
    """
    for spacing in SPACINGS:
        # To one side: there may be a kink here.
        values = np.array([function(spacing * count) for count in range(1, POINTS + 1)])
        if not np.isfinite(values).all():
            return epsilon
        steps = np.abs(np.diff(values))
        if not steps.any():
            continue  # so coarse that it does not move at all
        noise = jitter(values) if spacing == SPACINGS[0] else float(steps[steps > 0].min())
        return max(epsilon, ROUGHLY * noise / size)
    return epsilon


def jitter(values: NDArray[np.float64]) -> float:
    """Return the standard deviation of the noise in values of a smooth function, equally spaced."""
    differences = np.diff(values, ORDER)
    scale = math.factorial(ORDER) ** 2 / math.factorial(2 * ORDER)
    return math.sqrt(scale * float(np.mean(differences**2)))
