"""Second-order optimizers: rows that ask for more than a gradient, or more than one.

Levenberg–Marquardt here is the pure part: what step a local model of the cost suggests, and what
is to be remembered once the cost there is known. Where the model comes from is the engines' affair.
L-BFGS is a description alone: its updates are SciPy's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from chainrule.arguments import at_least, check_fields, positive, zero_or_more
from chainrule.arrays import Array

Slots = tuple[Array, ...]
LARGEST = 1e150
"""Damping at which nothing moves any more; it grows no further."""


@dataclass(frozen=True)
class Model:
    """The cost near some parameters, to second order: C − gᵀs + ½ sᵀHs for the parameters less s.

    Parameters
    ----------
    cost : float
        C there.
    gradient : ndarray of float64, shape (P,)
        g.
    hessian : ndarray of float64, shape (P, P)
        H, or what stands for it.
    """

    cost: float
    gradient: NDArray[np.float64]
    hessian: NDArray[np.float64]


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Solve (H + μI) s = g for the step s; μ falls after steps that do as predicted, else it grows.

    For squared error, all examples at once, and networks of up to a few thousand parameters. H is
    the Gauss–Newton part of the second derivative, 2 JᵀJ over the examples, with the penalty. An
    update whose step would not lower the cost leaves the parameters where they are and raises μ.
    D. W. Marquardt, SIAM J. Appl. Math. 11, 1963; the rule for μ is that of H. B. Nielsen, 1999.

    Parameters
    ----------
    damping : float, optional
        μ at the start, in units of the largest diagonal entry of H; larger than 0.

    Raises
    ------
    InvalidType, InvalidValue
        If the number is impossible.

    Examples
    --------
    >>> from chainrule import Network, train
    >>> net = Network([1, 1], activation="identity", cost="squared_error")
    >>> x, y = [[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]
    >>> result = train(net, net.initialize(0), x, y, optimizer=LevenbergMarquardt(), iterations=6)
    >>> result.params.W1.round(6), result.params.b1.round(6)
    (array([[2.]]), array([[1.]]))
    """

    title: ClassVar[str] = "Levenberg–Marquardt"
    damping: float = 1e-3

    def __post_init__(self) -> None:
        check_fields(self, damping=positive)

    @property
    def learning_rate(self) -> float:
        """1: how long a step is follows from the damping."""
        return 1.0

    def start(self, flat: Array) -> Slots:
        """Return the damping, 0 as long as there is none, and what it is multiplied by next.

        Parameters
        ----------
        flat : ndarray, shape (P,)
            The parameters.

        Returns
        -------
        tuple of ndarray
            What is remembered from update to update.
        """
        del flat
        return np.zeros(1), np.full(1, 2.0)

    def damped(self, model: Model, slots: Slots) -> float:
        """Return μ.

        Parameters
        ----------
        model : Model
            Of the cost, at the parameters.
        slots : tuple of ndarray
            As `start` or the update before gave them.

        Returns
        -------
        float
            Larger than 0.
        """
        return float(slots[0][0]) or self.damping * (float(model.hessian.diagonal().max()) or 1.0)

    def propose(self, model: Model, slots: Slots) -> tuple[NDArray[np.float64], float]:
        """Return a step, to be subtracted from the parameters, and by how much C should fall.

        Parameters
        ----------
        model : Model
            Of the cost, at the parameters.
        slots : tuple of ndarray
            As `start` or the update before gave them.

        Returns
        -------
        step : ndarray of float64, shape (P,)
            To be subtracted from the parameters.
        expected : float
            By how much the model says that the cost falls.

        Raises
        ------
        numpy.linalg.LinAlgError
            If H + μI is not positive definite, as rounding may have it.
        """
        from scipy.linalg import cho_factor, cho_solve

        damped = model.hessian.copy()
        damped.flat[:: len(damped) + 1] += self.damped(model, slots)
        step = cho_solve(cho_factor(damped, overwrite_a=True), model.gradient)
        expected = model.gradient @ step - step @ (model.hessian @ step) / 2
        return step, float(expected)

    def learn(self, model: Model, slots: Slots, gain: float) -> Slots:
        """Return what is remembered, when it is known how the step did.

        Parameters
        ----------
        model : Model
            That the step was made of.
        slots : tuple of ndarray
            Before the step.
        gain : float
            Fall of the cost in units of what `propose` expected; 0 or less (or not a number) if
            the step is not to be made.

        Returns
        -------
        tuple of ndarray
            For the next update.
        """
        damping, growth = self.damped(model, slots), float(slots[1][0])
        if gain > 0:
            damping *= max(1 / 3, 1 - (2 * min(gain, 2.0) - 1) ** 3)
            return np.full(1, damping), np.full(1, 2.0)
        return np.full(1, min(damping * growth, LARGEST)), np.full(1, min(2 * growth, LARGEST))


@dataclass(frozen=True)
class LBFGS:
    """Go where the last few gradients point, as far as a line search finds it good: L-BFGS-B.

    For any cost, all examples at once. From how the gradient changed in the last steps it knows in
    which directions the cost is steep and in which it is flat, and needs no learning rate. An
    update is one iteration of ``scipy.optimize.minimize(method="L-BFGS-B")``, most often one cost
    and gradient, more where the line search asks for them. R. H. Byrd, P. Lu, J. Nocedal and
    C. Zhu, SIAM J. Sci. Comput. 16, 1995.

    SciPy ends where the gradient is zero, the cost falls no further in the precision at hand, or a
    tolerance is met: the parameters stay, further updates change nothing, and `train` ends with
    ``"converged"``. It computes in float64; parameters in float32 are rounded whenever the cost is
    asked for, so that the end comes earlier.

    Parameters
    ----------
    memory : int, optional
        How many steps it looks back; each takes the room of two gradients.
    gradient_tolerance : float, optional
        It ends where no entry of the gradient is larger.
    cost_tolerance : float, optional
        It ends where an update lowers the cost by no more than this part of it (or of 1, where the
        cost is smaller).
    most_costs : int, optional
        It ends when so many costs have been evaluated, with the reason ``"costs"``.

    Raises
    ------
    InvalidType, InvalidValue
        If the number is impossible.

    Examples
    --------
    >>> from chainrule import Network, train
    >>> net = Network([1, 1], activation="identity", cost="squared_error")
    >>> x, y = [[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]
    >>> result = train(net, net.initialize(0), x, y, optimizer=LBFGS(), iterations=100)
    >>> result.params.W1.round(6), result.params.b1.round(6), result.reason
    (array([[2.]]), array([[1.]]), 'converged')
    """

    title: ClassVar[str] = "L-BFGS"
    memory: int = 10
    gradient_tolerance: float = 0.0
    cost_tolerance: float = 0.0
    most_costs: int | None = None

    def __post_init__(self) -> None:
        check_fields(self, memory=at_least(1))
        check_fields(self, gradient_tolerance=zero_or_more, cost_tolerance=zero_or_more)
        if self.most_costs is not None:
            check_fields(self, most_costs=at_least(1))

    @property
    def learning_rate(self) -> float:
        """1: how long a step is follows from the line search."""
        return 1.0

    def start(self, flat: Array) -> Slots:
        """Return nothing: what is remembered is inside SciPy.

        Parameters
        ----------
        flat : ndarray, shape (P,)
            The parameters.

        Returns
        -------
        tuple of ndarray
            Empty.
        """
        del flat
        return ()


SecondOrder = LevenbergMarquardt | LBFGS
"""What stands in the place of an `Optimizer` and is none: it takes all examples in every update."""
