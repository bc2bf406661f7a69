"""Optimizers and transformations of the gradient: pure functions over flat arrays.

An optimizer is a frozen description. It turns a gradient and its own slots (arrays such as a
momentum) into a step, which is subtracted from the parameters, and new slots. It never sees the
network, the data or the loop, and so serves every engine. A transformation changes the gradient
before the optimizer sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from chainrule.arguments import positive
from chainrule.arrays import Array

Slots = tuple[Array, ...]


@runtime_checkable
class Optimizer(Protocol):
    """What every optimizer offers."""

    @property
    def learning_rate(self) -> float:
        """Factor on every step; what decides about a schedule may hand `step` another."""

    def start(self, flat: Array) -> Slots:
        """Return the slots before the first step; `flat` are the parameters, shape (P,)."""

    def step(
        self, gradient: Array, slots: Slots, flat: Array, learning_rate: float
    ) -> tuple[Array, Slots]:
        """Return the step, shape (P,), and the slots after it; `flat` are the parameters."""


@dataclass(frozen=True)
class GradientDescent:
    """Steepest descent: the step is `learning_rate` times the gradient.

    Parameters
    ----------
    learning_rate : float
        Larger than 0. (The notebook with which this began calls it aggression.)

    Raises
    ------
    InvalidType, InvalidValue
        If `learning_rate` is no finite number larger than 0.

    Examples
    --------
    >>> GradientDescent(0.5).step(np.array([2.0, -4.0]), (), np.zeros(2), 0.5)
    (array([ 1., -2.]), ())
    """

    learning_rate: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", positive("learning_rate", self.learning_rate))

    def start(self, flat: Array) -> Slots:
        """Return no slots: steepest descent remembers nothing.

        Parameters
        ----------
        flat : ndarray, shape (P,)
            The parameters before the first step.

        Returns
        -------
        tuple
            Empty.
        """
        del flat
        return ()

    def step(
        self, gradient: Array, slots: Slots, flat: Array, learning_rate: float
    ) -> tuple[Array, Slots]:
        """Return the step for a gradient.

        Parameters
        ----------
        gradient : ndarray, shape (P,)
            All Jacobians, flat.
        slots : tuple
            As `start` gave them.
        flat : ndarray, shape (P,)
            The parameters.
        learning_rate : float
            Of this update.

        Returns
        -------
        step : ndarray, shape (P,)
            What is to be subtracted from the parameters.
        slots : tuple
            Empty.
        """
        del flat
        return learning_rate * gradient, slots


def noisy(gradient: Array, noise: float, draws: Array, entries: Sequence[int]) -> Array:
    """Multiply each Jacobian by a scalar of its own, 1 + noise · N(0, 1).

    Parameters
    ----------
    gradient : ndarray, shape (P,)
        All Jacobians, flat.
    noise : float
        Standard deviation of the factor.
    draws : ndarray, shape (K,)
        One standard normal number per Jacobian, in their order in memory.
    entries : sequence of int
        How many entries each of the K Jacobians has.

    Returns
    -------
    ndarray, shape (P,)
        In the dtype of the gradient.

    Examples
    --------
    >>> noisy(np.ones(3), 0.1, np.array([1.0, -1.0]), [2, 1])
    array([1.1, 1.1, 0.9])
    """
    factors = np.repeat(1 + noise * draws, entries)
    return gradient * factors.astype(gradient.dtype, copy=False)
