"""Training: the only loop in Python. It decides; an engine computes.

The loop asks the engine for a stretch of updates at a time, as many as fit before the next
decision: a record in the history, a callback, the end, or a tenth of a second, so that Ctrl-C
and the progress bar are served whatever an update takes. How the updates are cut into stretches
never changes what is computed.
"""

from __future__ import annotations

import math
import operator
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import Engine, Problem, State, choose
from chainrule.errors import InvalidType, InvalidValue, NonFiniteCost
from chainrule.network import Network
from chainrule.optimizers import GradientDescent, Optimizer, positive
from chainrule.parameters import Parameters
from chainrule.randomness import Batches, Streams

RECORDS = 200  # costs in a history, where the caller does not say how often
STRETCH = 0.05  # seconds between two looks at the clock, the keyboard and the progress bar


@dataclass
class History:
    """Costs of all examples in the course of training.

    Attributes
    ----------
    iteration : ndarray of int, shape (k,)
        Number of updates made before each record; the first is 0.
    cost : ndarray of float, shape (k,)
        The cost at that point.
    """

    _iterations: list[int] = field(default_factory=list)
    _costs: list[float] = field(default_factory=list)

    @property
    def iteration(self) -> NDArray[np.intp]:
        """Number of updates made before each record."""
        return np.array(self._iterations, dtype=np.intp)

    @property
    def cost(self) -> NDArray[np.float64]:
        """The cost at each record."""
        return np.array(self._costs)

    def record(self, iteration: int, cost: float) -> None:
        """Add a record, unless there is one of this iteration."""
        if not self._iterations or self._iterations[-1] != iteration:
            self._iterations.append(iteration)
            self._costs.append(cost)

    def __len__(self) -> int:
        return len(self._costs)

    def __repr__(self) -> str:
        if not self._costs:
            return "History(no records)"
        first, last = self._costs[0], self._costs[-1]
        return (
            f"History({len(self)} records, cost {first:.6g} → {last:.6g} "
            f"in {self._iterations[-1]} updates)"
        )


@dataclass(frozen=True)
class TrainingResult:
    """What training returns.

    Parameters
    ----------
    params : Parameters
        After the last update.
    history : History
        Costs in the course of training.
    reason : str
        Why it ended: ``"iterations"`` (all were made), ``"interrupted"`` (Ctrl-C) or
        ``"callback"`` (one returned True).
    iterations : int
        Number of updates made.
    engine : str
        Name of the engine that made them.
    """

    params: Parameters
    history: History
    reason: str
    iterations: int
    engine: str

    def __repr__(self) -> str:
        return f"TrainingResult({self.reason}, {self.history}, {self.engine} engine)"


@dataclass(frozen=True)
class Progress:
    """What a callback is given.

    Parameters
    ----------
    iteration, iterations : int
        Updates made so far, and in all.
    params : Parameters
        The parameters at this point; training goes on with them, so copy what you keep.
    """

    iteration: int
    iterations: int
    params: Parameters
    _engine: Engine

    @cached_property
    def cost(self) -> float:
        """The cost of all examples, computed when asked for."""
        return self._engine.cost(self.params)


Callback = Callable[[Progress], Any]


class Snapshots:
    """A callback that keeps a copy of the parameters every so many updates.

    Parameters
    ----------
    every : int
        Updates between two snapshots; the start is one too.

    Attributes
    ----------
    iterations : list of int
    params : list of Parameters
    """

    def __init__(self, every: int = 100) -> None:
        self.every = _whole("every", every, 1)
        self.iterations: list[int] = []
        self.params: list[Parameters] = []

    def __call__(self, progress: Progress) -> None:
        """Keep a copy."""
        self.iterations.append(progress.iteration)
        self.params.append(progress.params.copy())


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
        often as the history records, where it has no such attribute), and at the end. One that
        returns True ends training.
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
        With ``.params``, ``.history`` and ``.reason``.

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
    start = net.owns(params).copy()
    values = net.batch(x, y, start.dtype)
    if not isinstance(optimizer, Optimizer):
        raise InvalidType(
            f"optimizer is {optimizer!r}, wanted an optimizer such as GradientDescent(0.1)"
        )
    problem = Problem(net, values, optimizer, positive("noise", noise, or_zero=True))
    if threads is not None:
        _whole("threads", threads, 1)
    chosen = choose(engine, problem)
    streams = Streams(rng)
    examples = values["y"].shape[1]
    batches = None
    if batch_size is not None and _whole("batch_size", batch_size, 1) < examples:
        batches = Batches(streams, examples, int(batch_size))
    state = State(start, optimizer.start(start.flat), streams, batches)
    loop = _Loop(chosen, _whole("iterations", iterations, 0), callbacks, record_every)
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
            self.record_every = _whole("record_every", record_every, 1)
        self.callbacks = [(_callable(each), self._interval(each)) for each in callbacks]

    def run(self, state: State, optimizer: Optimizer, progress: bool | None) -> str:
        """Train to the end and return why it ended."""
        stretch = 1
        with _interrupts() as interrupted, _bar(progress, self.iterations) as show:
            try:
                stop = self._decide(state, optimizer)
                while not stop and state.iteration < self.iterations:
                    updates = min(stretch, self._until_next_decision(state.iteration))
                    began = time.perf_counter()
                    self.engine.advance(state, updates)
                    seconds = time.perf_counter() - began
                    stretch = max(1, int(stretch * min(2.0, STRETCH / max(seconds, 1e-9))))
                    self._raise_if_not_finite(state, optimizer)
                    if interrupted():
                        raise KeyboardInterrupt
                    stop = self._decide(state, optimizer)
                    show(state.iteration, self.history)
            except KeyboardInterrupt:
                self._record(state, optimizer)
                return "interrupted"
        return "callback" if stop else "iterations"

    def _interval(self, callback: Callback) -> int:
        return _whole("every of a callback", getattr(callback, "every", self.record_every), 1)

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
                stop = callback(given) is True or stop
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
        if state.iteration == 0:
            advice = "the starting parameters or the data are too large: scale x and y to about 1"
        else:
            advice = "the steps are too long: try a smaller learning rate"
            if isinstance(optimizer, GradientDescent):
                advice += f", such as {optimizer.learning_rate / 10:g}"
            advice += ", or scale x and y to about 1"
        raise NonFiniteCost(
            f"{state.trouble} is not finite after {state.iteration} updates; {advice}. "
            "The last good parameters are in .params of this exception.",
            iteration=state.iteration,
            params=state.last_good,
            history=self.history,
        )


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a request that is seen between two stretches.

    Only where Python's own handler is installed, in the main thread: elsewhere somebody else has
    decided what Ctrl-C means, or it does not arrive.
    """
    seen = False

    def handle(_signal: int, _frame: Any) -> None:
        nonlocal seen
        if seen:
            raise KeyboardInterrupt
        seen = True

    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: seen
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


Show = Callable[[int, History], None]


def _bar(progress: bool | None, iterations: int) -> AbstractContextManager[Show]:
    shown = sys.stderr.isatty() if progress is None else progress
    return _rich_bar(iterations) if shown else nullcontext(lambda _iteration, _history: None)


@contextmanager
def _rich_bar(iterations: int) -> Iterator[Show]:
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("training"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("cost {task.fields[cost]:.6g}"),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=iterations, cost=math.nan)
        yield lambda iteration, history: bar.update(
            task, completed=iteration, cost=history.cost[-1]
        )


def _whole(name: str, value: Any, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidType(f"{name} is {value!r}, wanted a whole number") from None
    if number < least or isinstance(value, bool):
        raise InvalidValue(f"{name} is {value!r}, wanted a whole number, {least} or larger")
    return number


def _callable(callback: Any) -> Callback:
    if not callable(callback):
        raise InvalidType(f"a callback is {callback!r}, wanted something that can be called")
    return callback  # type: ignore[no-any-return]
