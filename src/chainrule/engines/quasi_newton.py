"""Updates by SciPy's L-BFGS-B, a loop that is made to wait: a coroutine by thread.

SciPy offers a loop and no single step, and what the loop remembers stays inside it. Begun anew for
every stretch of updates it would forget, and how training is cut would change what is computed. So
it runs once, in a thread of its own, which works only while `advance` waits for it and hands over
at SciPy's callback; two threads never work at the same time. Why not a loop of our own, and why a
thread: docs/decisions/0008.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import Array
from chainrule.engines.one_thread import one_thread
from chainrule.engines.protocol import Engine, Problem, State
from chainrule.parameters import Parameters
from chainrule.second_order import LBFGS

Evaluate = Callable[[Parameters], tuple[float, Array]]
ENDLESS = 2**62
"""Iterations and costs that SciPy may take: the loop of training counts, and it alone."""
LOOK_UP = 0.05
"""Seconds between two looks for Ctrl-C."""
RISE = 4.0
"""How high a wall is, in units of the fall that the slope promised; its lowest point is then at
1 / (2 RISE + 2), a tenth of the way."""


class QuasiNewton:
    """An engine whose updates are SciPy's, with the costs and gradients of another.

    It is around the other one, not inside: the thread holds what it asks for gradients, and can be
    ended when nobody holds this.

    Parameters
    ----------
    engine : Engine
        Its updates are not used.
    problem : Problem
    optimizer : LBFGS
    """

    def __init__(self, engine: Engine, problem: Problem, optimizer: LBFGS) -> None:
        self.name = engine.name
        self._engine, self._optimizer = engine, optimizer
        self._costs_of_batches, self._examples = problem.costs_of_batches, problem.examples
        self._descent: _Descent | None = None
        self._end: Callable[[], object] = lambda: None

    def advance(self, state: State, updates: int) -> State:
        """Let SciPy make `updates` iterations, or fewer if it ends before, and return the state.

        Where the parameters are not those that it left, it begins anew with them, and with nothing
        remembered.
        """
        if state.trouble or updates < 1:
            return state
        descent = self._descent
        if descent is None or not np.array_equal(descent.params.flat, state.params.flat):
            descent = self._begin(state)
            if descent is None:
                return state
        try:
            with one_thread():
                made = descent.run(updates)
        except BaseException:  # Ctrl-C too: what the thread is at is known no more
            self._forget()
            raise
        state.params.flat[...] = state.last_good.flat[...] = descent.params.flat
        state.iteration += made
        if self._costs_of_batches:  # a batch is all examples
            sizes = np.full(made, self._examples)
            state.costs.add(np.array(descent.costs), sizes)
        most = self._optimizer.most_costs
        spent = most is not None and descent.evaluated >= most
        state.ended = ("costs" if spent else "converged") if descent.over else ""
        return state

    def _begin(self, state: State) -> _Descent | None:
        """Return a descent from the parameters, or nothing where that cannot be."""
        self._forget()
        cost, gradient = self._engine.value_and_gradient(state.params)
        if not math.isfinite(cost):
            state.trouble = "the cost"
            return None
        if not np.isfinite(gradient).all():
            state.trouble = "a Jacobian"
            return None
        here = _Point.of(state.params.flat, cost, gradient)
        evaluate = self._engine.value_and_gradient
        self._descent = _Descent(evaluate, state.params.copy(), here, self._optimizer)
        self._end = weakref.finalize(self, self._descent.end)  # at the latest when this is dropped
        return self._descent

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
        """Return what `Engine.normal_equations` says; L-BFGS has no use for it."""
        return self._engine.normal_equations(params)

    def close(self) -> None:
        """End the thread and close the other engine; a later update would begin anew."""
        self._forget()
        self._engine.close()

    def _forget(self) -> None:
        """End the thread, and with it what SciPy remembers."""
        self._descent = None
        self._end()


@dataclass(frozen=True, eq=False)
class _Point:
    """Where the cost and its gradient are known, all in float64."""

    flat: NDArray[np.float64]
    cost: float
    gradient: NDArray[np.float64]

    @classmethod
    def of(cls, flat: Array, cost: float, gradient: Array) -> _Point:
        return cls(flat.astype(np.float64), cost, gradient.astype(np.float64))


class _Descent:
    """SciPy's loop in its thread.

    Parameters
    ----------
    evaluate : callable
        From parameters to cost and gradient.
    params : Parameters
        Where it begins; after each iteration, where that ended.
    here : _Point
        Cost and gradient there, which are finite.
    optimizer : LBFGS

    Attributes
    ----------
    costs : list of float
        The cost before each of the last iterations that were ordered.
    evaluated : int
        How many costs were evaluated.
    over : bool
        Whether SciPy has ended: no iteration follows.
    """

    def __init__(
        self, evaluate: Evaluate, params: Parameters, here: _Point, optimizer: LBFGS
    ) -> None:
        from scipy.optimize import minimize

        self.params, self.over = params, False
        self._evaluate, self._trial = evaluate, params.copy()
        self._seen = self._accepted = (
            here  # the last finite point; the last that ended an iteration
        )
        self._made = self._left = 0
        self.costs: list[float] = []
        self.evaluated = 0
        self._ended = False
        self._orders: SimpleQueue[int] = SimpleQueue()  # iterations to make
        self._answers: SimpleQueue[BaseException | None] = SimpleQueue()  # they are made, or failed
        self._thread = threading.Thread(
            target=self._minimize, args=(minimize, optimizer), name="chainrule L-BFGS", daemon=True
        )
        self._thread.start()

    # in the thread of the caller ------------------------------------------------------------

    def run(self, updates: int) -> int:
        """Wait for so many iterations, and return how many were made: fewer are the end."""
        if self.over:
            return 0
        self._made, self.costs = 0, []
        self._orders.put(updates)
        error = self._answer()
        if self.over:
            self._thread.join()
        try:
            if error is not None:
                raise error
        finally:
            del error  # it holds this frame
        return self._made

    def _answer(self) -> BaseException | None:
        """Wait, but look up now and then: Ctrl-C may have been sent to the other thread."""
        while True:
            try:
                return self._answers.get(timeout=LOOK_UP)
            except Empty:
                continue

    def end(self) -> None:
        """End the thread, before the next cost that it would ask for."""
        self._ended = True
        self._orders.put(0)
        if threading.current_thread() is not self._thread:  # the collector may run in any thread
            self._thread.join()

    # in its own -----------------------------------------------------------------------------

    def _minimize(self, minimize: Any, optimizer: LBFGS) -> None:
        error = None
        try:
            self._wait()
            with np.errstate(all="ignore"):  # what a thread ignores is its own affair
                minimize(
                    self._cost,
                    self._accepted.flat,
                    jac=True,
                    method="L-BFGS-B",
                    callback=self._iterated,
                    options={
                        "maxcor": optimizer.memory,
                        "ftol": optimizer.cost_tolerance,
                        "gtol": optimizer.gradient_tolerance,
                        "maxiter": ENDLESS,
                        "maxfun": optimizer.most_costs or ENDLESS,
                    },
                )
        except BaseException as raised:  # it comes up in `run`, unless this was asked to end
            error = None if self._ended else raised
        self.over = True
        self._answers.put(error)

    def _wait(self) -> None:
        self._left = self._orders.get()
        if self._ended:
            raise StopIteration  # in its callback, SciPy takes it as a request to stop

    def _iterated(self, flat: NDArray[np.float64]) -> None:
        self.params.flat[...] = flat
        self.costs.append(self._accepted.cost)
        self._accepted = self._seen
        self._made += 1
        self._left -= 1
        if self._left == 0:
            self._answers.put(None)
            self._wait()

    def _cost(self, flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        if self._ended:
            raise StopIteration
        self.evaluated += 1
        if not np.array_equal(flat, self._seen.flat):
            self._trial.flat[...] = flat
            point = _Point.of(flat, *self._evaluate(self._trial))
            numbers = point.cost, point.gradient, self._trial.flat
            if not all(np.isfinite(each).all() for each in numbers):
                return self._wall(flat)
            self._seen = point
        return self._seen.cost, self._seen.gradient

    def _wall(self, flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return what sends the line search back, where the cost or its gradient is not finite.

        Given +inf, it interpolates with inf − inf and gives up where it stands. A parabola through
        the last iterate, with the slope there, and higher at the trial, sends it back to where
        that is lowest. The trial is not accepted: it is above the last iterate.
        """
        here = self._accepted
        promised = abs(float(here.gradient @ (flat - here.flat)))
        return here.cost + RISE * promised, -(2 * RISE + 1) * here.gradient
