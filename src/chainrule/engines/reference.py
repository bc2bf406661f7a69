"""The reference engine: the evaluated derivation, in Python. Always there, any network."""

from __future__ import annotations

import math

import numpy as np

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
        problem = self._problem
        params = state.params
        jacobians = Parameters(params.sizes, dtype=params.dtype)
        entries = [view.size for view in params.values()]
        draws = state.streams.noise_block(updates, len(entries)) if problem.noise else None
        with np.errstate(all="ignore"):  # what overflows is not finite, and is caught as such
            for update in range(updates):
                cost = problem.network.differentiate(params, self._batch(state), jacobians)
                if not math.isfinite(cost):
                    state.trouble = "the cost"
                    break
                gradient = jacobians.flat
                if draws is not None:
                    gradient = noisy(gradient, problem.noise, draws[update], entries)
                step, state.slots = problem.optimizer.step(gradient, state.slots)
                moved = params.flat - step
                state.last_good.flat[...] = params.flat
                if not np.isfinite(moved).all():
                    good = np.isfinite(jacobians.flat).all()
                    state.trouble = "a parameter" if good else "a Jacobian"
                    break
                params.flat[...] = moved
                state.iteration += 1
        return state

    def cost(self, params: Parameters) -> float:
        """Return the cost of all examples."""
        with np.errstate(all="ignore"):
            (cost,) = self._problem.network.evaluate((notation.COST,), params, self._problem.values)
        return float(cost)

    def _batch(self, state: State) -> dict[str, Array]:
        values = self._problem.values
        if state.batches is None:
            return values
        chosen = state.batches.take()
        return {name: value[:, chosen] for name, value in values.items()}
