"""Updates for least squares: a model of the cost from the Jacobians of single examples.

Written out, with the residuals r = a − y of all examples and outputs and their Jacobian J:
C = Σ w r²/Σw + λ/2 ‖W‖², g = 2 Jᵀwr/Σw + λW, H = 2 JᵀwJ/Σw + λ on the weights. J is made for a few
examples at a time and added up, so that no more than JᵀJ is ever held.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.linalg import LinAlgError
from numpy.typing import NDArray

from chainrule import notation
from chainrule.architecture import Architecture
from chainrule.arrays import Array
from chainrule.engines.one_thread import one_thread
from chainrule.engines.protocol import Engine, Problem, State
from chainrule.errors import InvalidValue
from chainrule.network import Network
from chainrule.parameters import Parameters, shapes
from chainrule.second_order import LevenbergMarquardt, Model
from chainrule.sensitivity import per_example_jacobians

ROOM = 2**22
"""Entries of J that are held at a time."""
MOST = 2**31
"""Bytes that JᵀJ may take."""


class LeastSquares:
    """An engine whose updates are those of Levenberg–Marquardt, with the model of another.

    Parameters
    ----------
    engine : Engine
        Its updates are not used.
    problem : Problem
        Of squared error, and one that `the_same_cost` lets pass.
    optimizer : LevenbergMarquardt
    """

    def __init__(self, engine: Engine, problem: Problem, optimizer: LevenbergMarquardt) -> None:
        self.name = engine.name
        self._engine, self._problem, self._optimizer = engine, problem, optimizer
        self._known: tuple[Array, Model] | None = None

    def advance(self, state: State, updates: int) -> State:
        """Make `updates` updates, fewer if something is not finite, and return the state."""
        with np.errstate(all="ignore"), one_thread():
            for _ in range(updates):
                if state.trouble:
                    break
                self._update(state)
        return state

    def _update(self, state: State) -> None:
        """Make one update: a step, if it lowers the cost, and another damping in any case."""
        model = self._model(state.params)
        if not math.isfinite(model.cost):
            state.trouble = "the cost"
            return
        if not (np.isfinite(model.gradient).all() and np.isfinite(model.hessian).all()):
            state.trouble = "a Jacobian"
            return
        state.last_good.flat[...] = state.params.flat
        gain, moved = math.nan, state.params.copy()
        try:
            step, expected = self._optimizer.propose(model, state.slots)
        except LinAlgError:
            pass  # rounding: more damping helps, as it does against a step that is too long
        else:
            moved.flat[...] = state.params.flat - step
            if expected > 0 and np.isfinite(moved.flat).all():
                gain = (model.cost - self._engine.cost(moved)) / expected
        state.slots = self._optimizer.learn(model, state.slots, gain)
        if gain > 0:
            state.params.flat[...] = moved.flat
        state.iteration += 1
        if self._problem.costs_of_batches:  # a batch is all examples
            state.costs.add(np.array([model.cost]), np.array([self._problem.examples]))

    def _model(self, params: Parameters) -> Model:
        """Return the model at parameters; after a step that was not made, it is still known."""
        if self._known is None or not np.array_equal(self._known[0], params.flat):
            self._known = params.flat.copy(), Model(*self._engine.normal_equations(params))
        return self._known[1]

    def cost(self, params: Parameters, values: dict[str, Array] | None = None) -> float:
        """Return the cost of all examples, or of others, without dropout."""
        return self._engine.cost(params, values)

    def cost_and_norms(self, params: Parameters) -> tuple[float, NDArray[np.float64]]:
        """Return the cost of all examples, and the size of its gradient per layer, no dropout."""
        return self._engine.cost_and_norms(params)

    def value_and_gradient(self, params: Parameters) -> tuple[float, Array]:
        """Return the cost of all examples and its gradient, flat and to keep, no dropout."""
        return self._engine.value_and_gradient(params)

    def normal_equations(
        self, params: Parameters
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Return the cost, and the gradient and Gauss–Newton matrix that the steps are made of."""
        return self._engine.normal_equations(params)

    def close(self) -> None:
        """Close the other engine."""
        self._engine.close()


def must_fit(architecture: Architecture) -> None:
    """Refuse what Levenberg–Marquardt cannot do.

    Parameters
    ----------
    architecture : Architecture
        Of the network.

    Raises
    ------
    InvalidValue
        If the cost is not squared error, or JᵀJ would be too large.
    """
    if architecture.cost.name != "squared_error":
        raise InvalidValue(
            f"the cost is {architecture.cost.name}, wanted squared_error: Levenberg–Marquardt "
            "is for least squares; take Adam or GradientDescent"
        )
    count = sum(rows * columns for rows, columns in shapes(architecture.sizes).values())
    if 8 * count * count > MOST:
        raise InvalidValue(
            f"JᵀJ of {count:,} parameters takes {8 * count**2 / 2**30:,.1f} GiB, wanted at "
            f"most {MOST / 2**30:g}: Levenberg–Marquardt is for small networks; take LBFGS or Adam"
        )


def normal_equations(
    network: Network, params: Parameters, values: dict[str, Array]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the gradient of squared error, and the Gauss–Newton part of its second derivative.

    Parameters
    ----------
    network : Network
        With squared error.
    params : Parameters
    values : dict of str to ndarray
        Inputs, targets and perhaps weights, as `Network.batch` gives them.

    Returns
    -------
    gradient : ndarray of float64, shape (P,)
    hessian : ndarray of float64, shape (P, P)
    """
    x, y = values[notation.activations(0)], values[notation.TARGETS].astype(np.float64)
    outputs, examples = y.shape
    weights = values.get(notation.EXAMPLE_WEIGHTS, np.ones((1, examples)))[0].astype(np.float64)
    roots = np.sqrt(2 * weights / weights.sum())
    count = params.flat.size
    gradient, hessian = np.zeros(count), np.zeros((count, count))
    at_once = max(1, ROOM // (outputs * count))
    for first in range(0, examples, at_once):
        part = slice(first, first + at_once)
        jacobians = per_example_jacobians(network, params, x[:, part])
        rows = [each.reshape(-1, each.shape[-2] * each.shape[-1]) for each in jacobians.values()]
        scale = np.repeat(roots[part], outputs)
        matrix = np.concatenate(rows, axis=1, dtype=np.float64) * scale[:, np.newaxis]
        residuals = (network.forward(params, x[:, part]) - y[:, part]).T.ravel() * scale
        gradient += matrix.T @ residuals
        hessian += matrix.T @ matrix
    penalised = np.concatenate(
        [
            np.full(view.size, network.architecture.l2 * name.startswith("W"))
            for name, view in params.items()
        ]
    )
    gradient += penalised * params.flat
    hessian.flat[:: count + 1] += penalised
    return gradient, hessian
