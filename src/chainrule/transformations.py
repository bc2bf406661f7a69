"""Transformations of the gradient, before the optimizer sees it: pure functions, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from chainrule.arguments import check_fields, positive, zero_or_more
from chainrule.arrays import Array


@runtime_checkable
class Transformation(Protocol):
    """What every transformation offers."""

    def draws(self, jacobians: int) -> int:
        """Return how many standard normal numbers it takes in every update.

        Parameters
        ----------
        jacobians : int
            Number of Jacobians that the gradient is made of.

        Returns
        -------
        int
            0 where nothing is random.
        """

    def apply(self, gradient: Array, drawn: Array, entries: Sequence[int]) -> Array:
        """Return another gradient.

        Parameters
        ----------
        gradient : ndarray, shape (P,)
            All Jacobians, flat; it is not changed.
        drawn : ndarray, shape (draws,)
            Standard normal numbers.
        entries : sequence of int
            How many entries each of the Jacobians has, in their order in memory.

        Returns
        -------
        ndarray, shape (P,)
            In the dtype of the gradient.
        """


@dataclass(frozen=True)
class Noise:
    """Multiply each Jacobian by a scalar of its own, 1 + scale · N(0, 1).

    Parameters
    ----------
    scale : float
        Standard deviation of the factor, 0 or larger.

    Examples
    --------
    >>> Noise(0.1).apply(np.ones(3), np.array([1.0, -1.0]), [2, 1])
    array([1.1, 1.1, 0.9])
    """

    scale: float

    def __post_init__(self) -> None:
        check_fields(self, scale=zero_or_more)

    def draws(self, jacobians: int) -> int:
        """Return one for each Jacobian."""
        return jacobians

    def apply(self, gradient: Array, drawn: Array, entries: Sequence[int]) -> Array:
        """Return the gradient, each Jacobian with its factor."""
        factors = np.repeat(1 + self.scale * drawn, entries)
        return gradient * factors.astype(gradient.dtype, copy=False)


@dataclass(frozen=True)
class ClipByNorm:
    """Shorten a gradient that is longer than a limit to that length; its direction stays.

    R. Pascanu, T. Mikolov and Y. Bengio, ICML 2013, algorithm 1.

    Parameters
    ----------
    limit : float
        Largest Euclidean norm of all Jacobians together, larger than 0.

    Examples
    --------
    >>> ClipByNorm(1.0).apply(np.array([3.0, 4.0]), np.empty(0), [2])
    array([0.6, 0.8])
    """

    limit: float

    def __post_init__(self) -> None:
        check_fields(self, limit=positive)

    def draws(self, jacobians: int) -> int:
        """Return 0."""
        del jacobians
        return 0

    def apply(self, gradient: Array, drawn: Array, entries: Sequence[int]) -> Array:
        """Return the gradient, no longer than the limit."""
        del drawn, entries
        norm = euclidean(gradient)
        if norm <= self.limit:
            return gradient
        largest = np.max(np.abs(gradient))
        return np.asarray(gradient / largest * (self.limit * (float(largest) / norm)))


@dataclass(frozen=True)
class ClipByValue:
    """Bring every entry of the gradient between −limit and limit.

    Parameters
    ----------
    limit : float
        Larger than 0.

    Examples
    --------
    >>> ClipByValue(1.0).apply(np.array([3.0, -0.5]), np.empty(0), [2])
    array([ 1. , -0.5])
    """

    limit: float

    def __post_init__(self) -> None:
        check_fields(self, limit=positive)

    def draws(self, jacobians: int) -> int:
        """Return 0."""
        del jacobians
        return 0

    def apply(self, gradient: Array, drawn: Array, entries: Sequence[int]) -> Array:
        """Return the gradient, no entry beyond the limit."""
        del drawn, entries
        return np.clip(gradient, -self.limit, self.limit)


def euclidean(array: Array) -> float:
    """Return the Euclidean norm of all entries, which does not overflow before it must."""
    largest = float(np.max(np.abs(array), initial=0.0))
    if largest == 0 or not np.isfinite(largest):
        return largest
    # Not by BLAS: its threads would go on spinning, and take a core from those that train.
    return largest * float(np.sqrt(np.sum(np.square(array.astype(np.float64) / largest))))


def draws_of_all(transformations: Sequence[Transformation], jacobians: int) -> int:
    """Return how many standard normal numbers an update takes."""
    return sum(each.draws(jacobians) for each in transformations)


def apply_all(
    transformations: Sequence[Transformation],
    gradient: Array,
    drawn: Array,
    entries: Sequence[int],
) -> Array:
    """Return the gradient after all transformations, in their order."""
    start = 0
    for each in transformations:
        end = start + each.draws(len(entries))
        gradient = each.apply(gradient, drawn[start:end], entries)
        start = end
    return gradient
