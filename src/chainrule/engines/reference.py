"""The reference engine: the evaluated derivation, in Python. Always there, any network."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.arrays import Array
from chainrule.engines.protocol import Problem, State
from chainrule.optimizers import noisy
from chainrule.parameters import Parameters


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
        problem, params = self._problem, state.params
        jacobians = Parameters(params.sizes, dtype=params.dtype)
        entries = [view.size for view in params.values()]
        block = state.draw(problem, updates)
        with np.errstate(all="ignore"):  # what overflows is not finite, and is caught as such
            for update in range(updates):
                batch = self._batch(block.batches[update] if block.batches else None)
                cost = problem.network.equations.differentiate(params, batch, jacobians)
                if not math.isfinite(cost):
                    state.trouble = "the cost"
                    break
                gradient = jacobians.flat
                if not np.isfinite(gradient).all():
                    state.trouble = "a Jacobian"
                    break
                state.last_good.flat[...] = params.flat
                if block.noise is not None:
                    gradient = noisy(gradient, problem.noise, block.noise[update], entries)
                rate = block.learning_rates[update]
                step, slots = problem.optimizer.step(gradient, state.slots, params.flat, rate)
                moved = params.flat - step
                if not np.isfinite(moved).all():
                    state.trouble = "a parameter"
                    break
                params.flat[...], state.slots = moved, slots
                state.iteration += 1
        return state

    def cost(self, params: Parameters) -> float:
        """Return the cost of all examples."""
        with np.errstate(all="ignore"):
            (cost,) = self._problem.network.equations.evaluate(
                (notation.COST,), params, self._problem.values
            )
        return float(cost)

    def _batch(self, chosen: NDArray[np.intp] | None) -> dict[str, Array]:
        values = self._problem.values
        if chosen is None:
            return values
        return {name: value[:, chosen] for name, value in values.items()}
