"""Training: the only loop in Python. It decides; an engine computes.

The loop asks the engine for a stretch of updates at a time, as many as fit before the next
decision: a record in the history, a callback, the end, or a twentieth of a second, so that Ctrl-C
and the progress bar are served whatever an update takes. How the updates are cut into stretches
never changes what is computed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.arguments import positive, whole
from chainrule.callbacks import Callback, Progress
from chainrule.engines import Engine, Problem, State, choose
from chainrule.errors import InvalidType, NonFiniteCost
from chainrule.history import History, TrainingResult
from chainrule.network import Network
from chainrule.optimizers import Optimizer
from chainrule.parameters import Parameters
from chainrule.randomness import Batches, Streams
from chainrule.terminal import bar, interrupts

RECORDS = 200  # costs in a history, where the caller does not say how often
STRETCH = 0.05  # seconds between two looks at the clock, the keyboard and the progress bar


def train(
    net: Network,
    params: Parameters,
    x: Any,
    y: Any,
    *,
    optimizer: Optimizer,
    iterations: int,
    batch_size: int | None = None,
    noise: float = 0.0,
    rng: Any = None,
    callbacks: Sequence[Callback] = (),
    engine: str = "auto",
    threads: int | None = None,
    record_every: int | None = None,
    progress: bool | None = None,
) -> TrainingResult:
    """Minimise the cost of a network on examples.

    Parameters
    ----------
    net : Network
    params : Parameters
        Where to start; they are not changed.
    x : array_like, shape (n0, m)
        Inputs, one example per column.
    y : array_like, shape (n_L, m)
        Targets.
    optimizer : Optimizer
        Such as ``GradientDescent(learning_rate=0.1)``.
    iterations : int
        Number of updates to make, exactly.
    batch_size : int, optional
        Examples per update, drawn without replacement and reshuffled after each pass; the last
        batch of a pass holds what is left. All of them where nothing is said, or where it is as
        large as the data.
    noise : float, optional
        In every update each Jacobian, in the order W1, W2, …, b1, b2, …, is multiplied by a
        scalar of its own, 1 + noise · N(0, 1).
    rng : int, numpy.random.Generator or numpy.random.RandomState, optional
        Where shuffles and noise come from. A RandomState is drawn from directly for the noise.
    callbacks : sequence of callable, optional
        Each is called with a `Progress` at the start and every ``callback.every`` updates (as
        often as the history records, where it has no such attribute), and after the last of all
        `iterations`. One that returns True ends training. It sees the parameters themselves:
        copy what you keep, or use `Snapshots`.
    engine : {"auto", "reference", "native"}, optional
        What carries out the updates.
    threads : int, optional
        Threads the engine may use; the reference engine has no use for it.
    record_every : int, optional
        Updates between two costs in the history; the start and the end are always recorded.
    progress : bool, optional
        Whether to show a progress bar; where nothing is said, if the terminal is one.

    Returns
    -------
    TrainingResult
        With ``.params``, ``.history`` and ``.reason``. Ctrl-C ends training early: the result
        holds what was learnt, its reason is ``"interrupted"``.

    Raises
    ------
    NonFiniteCost
        If the cost or a Jacobian stops being finite, with ``.iteration``, the last good
        ``.params`` and the ``.history``.
    ChainruleError
        If the arguments are unsound.

    Examples
    --------
    >>> from chainrule import GradientDescent, Network, train
    >>> net = Network([1, 1], activation="identity", cost="squared_error")
    >>> x, y = [[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]
    >>> result = train(net, net.initialize(0), x, y, optimizer=GradientDescent(0.2), iterations=200)
    >>> result.params.W1.round(6), result.params.b1.round(6), result.reason
    (array([[2.]]), array([[1.]]), 'iterations')
    """
    if not isinstance(net, Network):
        raise InvalidType(f"net is {net!r}, wanted a Network such as Network([2, 3, 1], …)")
    start = net.owns(params).copy()
    values = net.batch(x, y, start.dtype)
    if isinstance(optimizer, type) or not isinstance(optimizer, Optimizer):
        raise InvalidType(
            f"optimizer is {optimizer!r}, wanted an optimizer such as GradientDescent(0.1)"
        )
    problem = Problem(net, values, optimizer, positive("noise", noise, or_zero=True))
    if threads is not None:
        whole("threads", threads, 1)
    chosen = choose(engine, problem)
    streams = Streams(rng)
    examples = values["y"].shape[1]
    batches = None
    if batch_size is not None and whole("batch_size", batch_size, 1) < examples:
        batches = Batches(streams, examples, int(batch_size))
    state = State(start, optimizer.start(start.flat), streams, batches)
    loop = _Loop(chosen, whole("iterations", iterations, 0), callbacks, record_every)
    reason = loop.run(state, optimizer, progress)
    return TrainingResult(state.params, loop.history, reason, state.iteration, chosen.name)


class _Loop:
    """Cuts the updates into stretches and takes the decisions between them."""

    def __init__(
        self,
        engine: Engine,
        iterations: int,
        callbacks: Sequence[Callback],
        record_every: int | None,
    ) -> None:
        self.engine, self.iterations, self.history = engine, iterations, History()
        if record_every is None:
            self.record_every = max(1, math.ceil(iterations / RECORDS))
        else:
            self.record_every = whole("record_every", record_every, 1)
        self.callbacks = [(each, self._interval(each)) for each in _callbacks(callbacks)]

    def run(self, state: State, optimizer: Optimizer, progress: bool | None) -> str:
        """Train to the end and return why it ended."""
        stretch = 1
        with interrupts() as interrupted, bar(progress, self.iterations) as show:
            try:
                stop = self._decide(state, optimizer)
                while not stop and state.iteration < self.iterations:
                    updates = min(stretch, self._until_next_decision(state.iteration))
                    began = time.perf_counter()
                    self.engine.advance(state, updates)
                    seconds = time.perf_counter() - began
                    fitting = int(updates * STRETCH / max(seconds, 1e-9))
                    stretch = max(1, min(2 * updates, fitting))
                    self._raise_if_not_finite(state, optimizer)
                    if interrupted():
                        raise KeyboardInterrupt
                    stop = self._decide(state, optimizer)
                    show(state.iteration, self.history.latest)
                pressed = interrupted()
            except KeyboardInterrupt:
                pressed = True
        self._record(state, optimizer)
        if pressed:
            return "interrupted"
        return "callback" if stop else "iterations"

    def _interval(self, callback: Callback) -> int:
        return whole("every of a callback", getattr(callback, "every", self.record_every), 1)

    def _until_next_decision(self, iteration: int) -> int:
        intervals = [self.record_every, *(every for _, every in self.callbacks)]
        ahead = (every - iteration % every for every in intervals)
        return min(self.iterations - iteration, *ahead)

    def _decide(self, state: State, optimizer: Optimizer) -> bool:
        iteration = state.iteration
        last = iteration == self.iterations
        if last or iteration % self.record_every == 0:
            self._record(state, optimizer)
        stop = False
        for callback, every in self.callbacks:
            if last or iteration % every == 0:
                given = Progress(iteration, self.iterations, state.params, self.engine)
                answer = callback(given)
                stop |= isinstance(answer, (bool, np.bool_)) and bool(answer)
        return stop and not last

    def _record(self, state: State, optimizer: Optimizer) -> None:
        cost = self.engine.cost(state.params)
        if not math.isfinite(cost):
            state.trouble = "the cost"
            self._raise_if_not_finite(state, optimizer)
        self.history.record(state.iteration, cost)

    def _raise_if_not_finite(self, state: State, optimizer: Optimizer) -> None:
        if not state.trouble:
            return
        if state.iteration == 0 and state.trouble != "a parameter":
            advice = "the starting parameters or the data are too large: scale x and y to about 1."
        else:
            advice = "the steps are too long: try a smaller learning rate"
            advice += f", such as {optimizer.learning_rate / 10:g}"
            advice += (
                ", or scale x and y to about 1. "
                "The last good parameters are in .params of this exception."
            )
        raise NonFiniteCost(
            f"{state.trouble} {self._when(state)}; {advice}",
            iteration=state.iteration,
            params=state.last_good,
            history=self.history,
        )

    @staticmethod
    def _when(state: State) -> str:
        if state.trouble == "a parameter":
            return f"would not be finite any more after update {state.iteration + 1}"
        return f"is not finite after {state.iteration} updates"


def _callbacks(callbacks: Any) -> list[Callback]:
    if callable(callbacks) or not isinstance(callbacks, Sequence):
        raise InvalidType(f"callbacks is {callbacks!r}, wanted a list of callables")
    for each in callbacks:
        if not callable(each):
            raise InvalidType(f"a callback is {each!r}, wanted something that can be called")
    return list(callbacks)
