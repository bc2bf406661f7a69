"""Optimizers: pure functions over flat arrays, one row each.

An optimizer is a frozen description. It turns a gradient and its own slots (arrays such as a
momentum) into a step, which is subtracted from the parameters, and new slots. It never sees the
network, the data or the loop, and so serves every engine. What changes the gradient before is in
`transformations`, what changes the learning rate in `schedules`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from chainrule.arguments import check_fields, fraction, positive, zero_or_more
from chainrule.arrays import Array

Slots = tuple[Array, ...]


@runtime_checkable
class Optimizer(Protocol):
    """What every optimizer offers; one of a person's own may stand in the place of ours."""

    @property
    def learning_rate(self) -> float:
        """Factor on every step; a schedule may hand `step` another."""

    def start(self, flat: Array) -> Slots:
        """Return the slots before the first step.

        Parameters
        ----------
        flat : ndarray, shape (P,)
            The parameters.

        Returns
        -------
        tuple of ndarray
            What is remembered from step to step.
        """

    def step(
        self, gradient: Array, slots: Slots, flat: Array, learning_rate: float
    ) -> tuple[Array, Slots]:
        """Return the step for a gradient, and the slots after it; no argument is changed.

        Parameters
        ----------
        gradient : ndarray, shape (P,)
            All Jacobians, flat.
        slots : tuple of ndarray
            As `start` or the step before gave them.
        flat : ndarray, shape (P,)
            The parameters.
        learning_rate : float
            Of this update.

        Returns
        -------
        step : ndarray, shape (P,)
            What is to be subtracted from the parameters.
        slots : tuple of ndarray
            For the next step.
        """


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
        If a number is impossible.

    Examples
    --------
    >>> GradientDescent(0.5).step(np.array([2.0, -4.0]), (), np.zeros(2), 0.5)
    (array([ 1., -2.]), ())
    """

    learning_rate: float

    def __post_init__(self) -> None:
        check_fields(self, learning_rate=positive)

    def start(self, flat: Array) -> Slots:
        """Return no slots: steepest descent remembers nothing."""
        del flat
        return ()

    def step(
        self, gradient: Array, slots: Slots, flat: Array, learning_rate: float
    ) -> tuple[Array, Slots]:
        """Follow the gradient."""
        del slots, flat
        return learning_rate * gradient, ()


@dataclass(frozen=True)
class Momentum:
    """Steepest descent with momentum: the step follows a decaying sum of all gradients.

    B. T. Polyak, 1964; written as PyTorch writes it, with the learning rate outside of the sum.

    Parameters
    ----------
    learning_rate : float
        Larger than 0.
    momentum : float, optional
        How much of the sum is kept from step to step, from 0 to below 1.

    Raises
    ------
    InvalidType, InvalidValue
        If a number is impossible.

    Examples
    --------
    >>> step, slots = Momentum(0.5, 0.9).step(np.ones(1), (np.ones(1),), np.zeros(1), 0.5)
    >>> step, slots
    (array([0.95]), (array([1.9]),))
    """

    learning_rate: float
    momentum: float = 0.9

    def __post_init__(self) -> None:
        check_fields(self, learning_rate=positive, momentum=fraction)

    def start(self, flat: Array) -> Slots:
        """Return the sum of no gradients."""
        return (np.zeros_like(flat),)

    def step(
        self, gradient: Array, slots: Slots, flat: Array, learning_rate: float
    ) -> tuple[Array, Slots]:
        """Follow the sum."""
        del flat
        velocity = self.momentum * slots[0] + gradient
        return learning_rate * velocity, (velocity,)


@dataclass(frozen=True)
class Nesterov:
    """Momentum that looks ahead: the gradient counts once more beside the decaying sum.

    Y. Nesterov, 1983; in the form of Sutskever et al., ICML 2013, as PyTorch writes it.

    Parameters
    ----------
    learning_rate : float
        Larger than 0.
    momentum : float, optional
        How much of the sum is kept from step to step, from 0 to below 1.

    Raises
    ------
    InvalidType, InvalidValue
        If a number is impossible.

    Examples
    --------
    >>> step, _ = Nesterov(0.5, 0.9).step(np.ones(1), (np.ones(1),), np.zeros(1), 0.5)
    >>> step
    array([1.355])
    """

    learning_rate: float
    momentum: float = 0.9

    def __post_init__(self) -> None:
        check_fields(self, learning_rate=positive, momentum=fraction)

    def start(self, flat: Array) -> Slots:
        """Return the sum of no gradients."""
        return (np.zeros_like(flat),)

    def step(
        self, gradient: Array, slots: Slots, flat: Array, learning_rate: float
    ) -> tuple[Array, Slots]:
        """Follow the sum as it would be one step on."""
        del flat
        velocity = self.momentum * slots[0] + gradient
        return learning_rate * (gradient + self.momentum * velocity), (velocity,)


@dataclass(frozen=True)
class RMSprop:
    """Every entry of the gradient over the root of the mean of its recent squares.

    T. Tieleman and G. Hinton, lecture 6.5, 2012; ε is added to the root, as PyTorch does.

    Parameters
    ----------
    learning_rate : float, optional
        Larger than 0.
    decay : float, optional
        Of the mean of squares, from 0 to below 1.
    epsilon : float, optional
        Larger than 0; keeps small roots from dividing.

    Raises
    ------
    InvalidType, InvalidValue
        If a number is impossible.

    Examples
    --------
    >>> RMSprop(0.1, decay=0.75).step(np.full(1, 3.0), (np.zeros(1),), np.zeros(1), 0.1)[0].round(6)
    array([0.2])
    """

    learning_rate: float = 1e-2
    decay: float = 0.99
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_fields(self, learning_rate=positive, decay=fraction, epsilon=positive)

    def start(self, flat: Array) -> Slots:
        """Return the mean of no squares."""
        return (np.zeros_like(flat),)

    def step(
        self, gradient: Array, slots: Slots, flat: Array, learning_rate: float
    ) -> tuple[Array, Slots]:
        """Follow the gradient, each entry in units of its own size."""
        del flat
        squares = self.decay * slots[0] + (1 - self.decay) * gradient * gradient
        return learning_rate * gradient / (np.sqrt(squares) + self.epsilon), (squares,)


@dataclass(frozen=True)
class Adam:
    """Mean of recent gradients over the root of the mean of their squares.

    D. P. Kingma and J. Ba, ICLR 2015, algorithm 1. Both means start at 0 and are corrected for it.

    Parameters
    ----------
    learning_rate : float, optional
        Larger than 0.
    beta1, beta2 : float, optional
        Decay of the mean of gradients, and of the mean of squares, from 0 to below 1.
    epsilon : float, optional
        Larger than 0; keeps small roots from dividing.

    Raises
    ------
    InvalidType, InvalidValue
        If a number is impossible.

    Examples
    --------
    >>> adam = Adam(0.1)
    >>> adam.step(np.array([3.0, -0.5]), adam.start(np.zeros(2)), np.zeros(2), 0.1)[0].round(6)
    array([ 0.1, -0.1])
    """

    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_fields(self, learning_rate=positive, beta1=fraction, beta2=fraction, epsilon=positive)

    def start(self, flat: Array) -> Slots:
        """Return the means of nothing, and the number of steps made."""
        return np.zeros_like(flat), np.zeros_like(flat), np.zeros(1)

    def step(
        self, gradient: Array, slots: Slots, flat: Array, learning_rate: float
    ) -> tuple[Array, Slots]:
        """Follow the mean gradient, each entry in units of its own size."""
        del flat
        mean, squares, steps = slots
        count = steps + 1
        mean = self.beta1 * mean + (1 - self.beta1) * gradient
        squares = self.beta2 * squares + (1 - self.beta2) * gradient * gradient
        rate = learning_rate / (1 - self.beta1 ** float(count[0]))
        root = np.sqrt(squares) / (1 - self.beta2 ** float(count[0])) ** 0.5
        return rate * mean / (root + self.epsilon), (mean, squares, count)


@dataclass(frozen=True)
class AdamW:
    """Adam with weight decay apart from the gradient.

    I. Loshchilov and F. Hutter, ICLR 2019: every parameter, biases too, also shrinks by the part
    `learning_rate` · `weight_decay` in every step. The penalty `l2` of a network, by contrast, is
    in the cost and in the gradient, and leaves the biases alone.

    Parameters
    ----------
    learning_rate : float, optional
        Larger than 0.
    beta1, beta2 : float, optional
        Decay of the mean of gradients, and of the mean of squares, from 0 to below 1.
    epsilon : float, optional
        Larger than 0; keeps small roots from dividing.
    weight_decay : float, optional
        0 or larger.

    Raises
    ------
    InvalidType, InvalidValue
        If a number is impossible.

    Examples
    --------
    >>> adam = AdamW(0.1, weight_decay=0.5)
    >>> adam.step(np.zeros(1), adam.start(np.ones(1)), np.ones(1), 0.1)[0]
    array([0.05])
    """

    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 1e-2

    def __post_init__(self) -> None:
        check_fields(self, learning_rate=positive, beta1=fraction, beta2=fraction)
        check_fields(self, epsilon=positive, weight_decay=zero_or_more)

    @property
    def _adam(self) -> Adam:
        return Adam(self.learning_rate, self.beta1, self.beta2, self.epsilon)

    def start(self, flat: Array) -> Slots:
        """Return the slots of Adam."""
        return self._adam.start(flat)

    def step(
        self, gradient: Array, slots: Slots, flat: Array, learning_rate: float
    ) -> tuple[Array, Slots]:
        """Follow Adam, and shrink."""
        step, after = self._adam.step(gradient, slots, flat, learning_rate)
        return step + learning_rate * self.weight_decay * flat, after
