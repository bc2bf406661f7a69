"""The reference engine: the evaluated derivation, in Python. Always there, any network."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.arrays import Array
from chainrule.engines.least_squares import normal_equations
from chainrule.engines.protocol import Block, Problem, State, norms_per_layer
from chainrule.parameters import Parameters
from chainrule.second_order import SecondOrder
from chainrule.transformations import apply_all

NOTHING = np.empty(0)


class ReferenceEngine:
    """Evaluates the derivation once per update, on NumPy.

    Parameters
    ----------
    problem : Problem
    """

    name = "reference"

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def advance(self, state: State, updates: int) -> State:
        """Make `updates` updates, or fewer if something is not finite, and return the state."""
        jacobians = Parameters(state.params.sizes, dtype=state.params.dtype)
        with np.errstate(all="ignore"):  # what overflows is not finite, and is caught as such
            for block in state.blocks(self._problem, updates):
                for update in range(len(block.learning_rates)):
                    self._update(state, block, update, jacobians)
                    if state.trouble:
                        break
        return state

    def _update(self, state: State, block: Block, update: int, jacobians: Parameters) -> None:
        problem, params, optimizer = self._problem, state.params, self._problem.optimizer
        assert not isinstance(optimizer, SecondOrder)
        batch = self._batch(block, update)
        cost = problem.network.equations.differentiate(params, batch, jacobians)
        if not math.isfinite(cost):
            state.trouble = "the cost"
            return
        gradient = jacobians.flat.copy()  # what is handed out may be kept
        if not np.isfinite(gradient).all():
            state.trouble = "a Jacobian"
            return
        state.last_good.flat[...] = params.flat
        if problem.transformations:
            drawn = NOTHING if block.noise is None else block.noise[update]
            entries = [view.size for view in params.values()]
            gradient = apply_all(problem.transformations, gradient, drawn, entries)
        rate = float(block.learning_rates[update])
        step, slots = optimizer.step(gradient, state.slots, params.flat.copy(), rate)
        moved = params.flat - step
        if not np.isfinite(moved).all():
            state.trouble = "a parameter"
            return
        params.flat[...], state.slots = moved, slots
        state.iteration += 1
        if problem.costs_of_batches:
            state.costs.add(np.array([cost]), block.sizes(problem)[update : update + 1])

    def cost(self, params: Parameters, values: dict[str, Array] | None = None) -> float:
        """Return the cost of all examples, or of others, without dropout."""
        given = self._problem.values if values is None else values
        with np.errstate(all="ignore"):
            (cost,) = self._problem.network.equations.evaluate((notation.COST,), params, given)
        return float(cost)

    def cost_and_norms(self, params: Parameters) -> tuple[float, NDArray[np.float64]]:
        """Return the cost of all examples, and the size of its gradient per layer, no dropout."""
        cost, gradient = self.value_and_gradient(params)
        with np.errstate(all="ignore"):
            return cost, norms_per_layer(Parameters(params.sizes, gradient))

    def value_and_gradient(self, params: Parameters) -> tuple[float, Array]:
        """Return the cost of all examples and its gradient, flat and to keep, no dropout."""
        jacobians = Parameters(params.sizes, dtype=params.dtype)
        equations = self._problem.network.equations
        with np.errstate(all="ignore"):
            cost = equations.differentiate(params, self._problem.values, jacobians)
        return cost, jacobians.flat

    def normal_equations(
        self, params: Parameters
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Return the cost, its gradient, and the Gauss–Newton part of its second derivative."""
        with np.errstate(all="ignore"):
            found = normal_equations(self._problem.network, params, self._problem.values)
        return self.cost(params), *found

    def close(self) -> None:
        """Do nothing: it holds memory only."""

    def _batch(self, block: Block, update: int) -> dict[str, Array]:
        values = self._problem.values
        if block.batches is not None:
            chosen = block.batches[update]
            values = {name: value[:, chosen] for name, value in values.items()}
        return values if block.masks is None else values | block.masks[update]
