"""Whether predictions are what came: exactly, or up to one factor.

Two yardsticks. Whether a gradient is *right* is asked of every element by itself, against its own
size and the rounding errors that it may have. Whether a *mistake* explains it is asked of the
whole: by the residual, never by the angle, since at usual initialisations a wrong gradient is
almost proportional to the right one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.checking.hypotheses import Numbers

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

BELOW = 1e-12
"""What is below this part of the summands is rounding."""

WORSE = 1e3
"""A hypothesis whose residual is so many times that of another is out, unless both are rounding."""

ROUNDING = 1e-11
"""A residual below is rounding."""

SLACK = 16.0
"""So many times the first-order estimate of rounding errors is forgiven."""


VISIBLE, COARSE = 1e-10, 1e-4
"""Relative errors between these are not made by float64, but by float32."""

MOST, SEVERAL = 0.9, 4
"""The part of all elements, and the least number, that must have such errors."""


@dataclass(frozen=True)
class Precision:
    """How precisely a person's code computes.

    Parameters
    ----------
    right : float
        The relative error at which an element is right still: costs that keep a logarithm from 0
        by adding 1e-8 are no mistakes.
    fits : float
        The largest relative residual at which a mistake explains an entry.
    arithmetic : numpy.dtype
        The coarsest floating-point numbers that came.
    """

    right: float
    fits: float
    arithmetic: np.dtype[np.floating]


DOUBLE = Precision(1e-6, 1e-6, np.dtype(np.float64))
SINGLE = Precision(1e-4, 2e-4, np.dtype(np.float32))
HALF = Precision(1e-2, 2e-2, np.dtype(np.float16))


def precision_of(came: NDArray[np.generic]) -> Precision:
    """Return how precise what came can be, by its dtype."""
    if came.dtype.kind != "f":
        return DOUBLE
    return {2: HALF, 4: SINGLE}.get(came.dtype.itemsize, DOUBLE)


@dataclass(frozen=True)
class Fits:
    """How well a stack of predictions fits one entry.

    Parameters
    ----------
    plain, scaled : ndarray of bool, shape (hypotheses,)
        Whether each fits as it is, or up to a factor.
    factor, residual : ndarray, shape (hypotheses,)
        The factor (1 where plain), and the relative distance.
    """

    plain: Flags
    scaled: Flags
    factor: Array
    residual: Array


def fits(came: Array, predicted: Array, floor: float, tolerance: float) -> Fits:
    """Return how well each of a stack of predictions fits what came.

    Parameters
    ----------
    came : ndarray, shape (rows, columns)
    predicted : ndarray, shape (hypotheses, rows, columns)
    floor : float
        What is rounding, absolute.
    tolerance : float
        Relative to the largest element of the prediction.
    """
    with np.errstate(all="ignore"):
        axes = (1, 2)
        size = np.max(np.abs(predicted), axis=axes, initial=0.0)
        off = np.max(np.abs(came - predicted), axis=axes, initial=0.0)
        plain = off <= tolerance * size + floor
        square = np.sum(predicted * predicted, axis=axes)
        ratio = np.sum(predicted * came, axis=axes) / square
        beside = np.max(np.abs(came - ratio[:, None, None] * predicted), axis=axes, initial=0.0)
        scaled = (beside <= np.abs(ratio) * tolerance * size) & (size > floor) & (ratio != 0)
        scaled &= ~plain
        scaled_residual = beside / (np.abs(ratio) * size)
        plain_residual = np.where(off <= floor, 0.0, off / size)
    residual = np.where(plain, plain_residual, np.where(scaled, scaled_residual, np.inf))
    return Fits(plain, scaled, np.where(plain, 1.0, ratio), residual)


class Rightness:
    """Judges elements by themselves; what that takes is computed when it is first needed.

    Parameters
    ----------
    numbers : Numbers
    precision : Precision
    """

    def __init__(self, numbers: Numbers, precision: Precision) -> None:
        self._numbers, self._precision = numbers, precision
        self._bounds: Mapping[str, Array] | None = None

    def off(self, name: str, came: Array) -> float:
        """Return by how many times what is allowed the worst element is off: right up to 1."""
        right = self._numbers.right[name]
        with np.errstate(all="ignore"):
            distance = np.abs(came - right)
            allowed = self._precision.right * np.abs(right)
            if np.all(distance <= allowed):  # nan is not
                return float(np.max(distance / np.where(allowed > 0, allowed, 1.0), initial=0.0))
            allowed = allowed + SLACK * self.bound(name)
            share = np.where(np.isposinf(allowed), 0.0, distance / allowed)
        return float(np.max(np.where(np.isnan(share), np.inf, share), initial=0.0))

    def undecidable(self, name: str) -> bool:
        """Return whether rounding may have moved all elements by anything."""
        return bool(np.all(np.isinf(self.bound(name))))

    def exact(self, name: str, came: Array) -> bool:
        """Return whether an entry is right to rounding."""
        right = self._numbers.right[name]
        distance = np.abs(came - right)
        floor = BELOW * np.max(self._numbers.summands(name), initial=0.0)
        if np.all(distance <= BELOW * np.abs(right) + 1e-3 * floor):
            return True
        return bool(np.all(distance <= SLACK * self.bound(name)))

    def bound(self, name: str) -> Array:
        """Return how far rounding may have moved each element."""
        if self._bounds is None:
            self._bounds = self._numbers.rounding(np.finfo(self._precision.arithmetic))
        shape = self._numbers.right[name].shape
        return np.broadcast_to(self._bounds.get(name, np.zeros(shape)), shape)


def looks_single(numbers: Numbers, came: Mapping[str, Array]) -> bool:
    """Return whether nearly all elements that are not far off are off as float32 would be.

    Something on the way was in float32 then, though the result is in float64.

    Parameters
    ----------
    numbers : Numbers
    came : mapping of str to ndarray
        By the names of equations.
    """
    shares = []
    for name, value in came.items():
        right = numbers.right[name]
        with np.errstate(all="ignore"):
            share = np.abs(value - right) / np.abs(right)
        shares.append(share[np.isfinite(share) & (right != 0)])
    small = np.concatenate(shares) if shares else np.zeros(0)
    small = small[small < COARSE]
    return small.size >= SEVERAL and bool(np.mean(small > VISIBLE) >= MOST)
