"""Training: the only loop in Python. It decides; an engine computes.

The loop asks the engine for a stretch of updates at a time, as many as fit before the next
decision: a record in the history, a callback, the end, or less than a tenth of a second, so that
Ctrl-C and the progress bar are served whatever an update takes. How the updates are cut into
stretches never changes what is computed.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from chainrule import notation
from chainrule.arguments import listed, whole, zero_or_more
from chainrule.arrays import Array
from chainrule.callbacks import Callback, Progress
from chainrule.engines import Engine, Problem, State, choose, the_same_cost
from chainrule.errors import InvalidType, InvalidValue, NonFiniteCost, ShapeError
from chainrule.history import History, Record, TrainingResult
from chainrule.network import Network
from chainrule.optimizers import Optimizer
from chainrule.parameters import Parameters
from chainrule.randomness import Batches, Streams
from chainrule.saturation import remark
from chainrule.schedules import CONSTANT, ReduceOnPlateau, Schedule
from chainrule.second_order import SecondOrder
from chainrule.stopping import Patience, Rule
from chainrule.terminal import bar, interrupts
from chainrule.transformations import Noise, Transformation

RECORDS = 200  # costs in a history, where the caller does not say how often
STRETCH = 0.08  # seconds between two looks at the clock, the keyboard and the progress bar


def train(
    net: Network,
    params: Parameters,
    x: Any,
    y: Any,
    *,
    optimizer: Optimizer | SecondOrder,
    iterations: int,
    batch_size: int | None = None,
    noise: float = 0.0,
    rng: Any = None,
    weights: Any = None,
    validation: tuple[Any, ...] | None = None,
    transformations: Sequence[Transformation] = (),
    schedule: Schedule | ReduceOnPlateau | None = None,
    stop: Sequence[Rule] = (),
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
    optimizer : Optimizer, LevenbergMarquardt or LBFGS
        Such as ``GradientDescent(learning_rate=0.1)``.
    iterations : int
        Number of updates to make, exactly, unless a rule, a callback or Ctrl-C ends it before, or
        `LBFGS` converges.
    batch_size : int, optional
        Examples per update, drawn without replacement and reshuffled after each pass; the last
        batch of a pass holds what is left. All of them where nothing is said, or where it is as
        large as the data.
    noise : float, optional
        In every update each Jacobian, in the order W1, W2, …, b1, b2, …, is multiplied by a
        scalar of its own, 1 + noise · N(0, 1); short for `Noise` as the first transformation.
    rng : int, numpy.random.Generator or numpy.random.RandomState, optional
        Where shuffles, noise and dropout come from. A RandomState is drawn from directly for the
        noise.
    weights : array_like, shape (m,), optional
        How much each example counts.
    validation : tuple of (x, y) or (x, y, weights), optional
        Examples that are not learnt from: their cost is recorded beside the other.
    transformations : sequence of Transformation, optional
        What is done to the gradient before the optimizer sees it, in this order, such as
        ``[ClipByNorm(1.0)]``.
    schedule : callable or ReduceOnPlateau, optional
        Factor on the optimizer's learning rate, by the number of updates made: ``Cosine(1000)``.
    stop : sequence of Rule, optional
        When to end before the last update: ``[Patience(20), TimeLimit(60)]``. With `Patience` the
        result holds the parameters with the lowest validation cost.
    callbacks : sequence of callable, optional
        Each is called with a `Progress` at the start and every ``callback.every`` updates (as
        often as the history records, where it has no such attribute), and after the last of all
        `iterations`. One that returns True ends training. It sees the parameters themselves, and
        may write to them: copy what you keep, or use `Snapshots`.
    engine : {"auto", "reference", "native"}, optional
        What carries out the updates.
    threads : int, optional
        Threads the native engine may use, at most 256, and fewer where no more are to be had; as
        many as there are cores where nothing is said. What is computed does not depend on it, to
        the last bit; small work stays on one thread.
    record_every : int, optional
        Updates between two records in the history; the start and the end are always recorded. Where
        nothing is said, 200 in all, but no more than one in a pass over the data.
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

    Warns
    -----
    UserWarning
        If training is saturated at its end: every Jacobian is exactly 0, and the cost could be
        lower. With `Patience` the result is from before that, perhaps. Where warnings are errors,
        it is raised in the place of the result (docs/training.md says how not to lose that).

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
    values = net.batch(x, y, start.dtype, weights)
    optimizer = _optimizer(optimizer)
    scale = zero_or_more("noise", noise)
    before = (Noise(scale),) if scale else ()
    plateau, schedule = _schedules(schedule)
    wanted = "transformations such as ClipByNorm(1.0)"
    after = listed("transformations", transformations, Transformation, wanted)
    examples = values[notation.TARGETS].shape[1]
    if batch_size is not None and whole("batch_size", batch_size, 1) >= examples:
        batch_size = None
    if threads is not None:
        whole("threads", threads, 1)
    problem = Problem(net, values, optimizer, (*before, *after), schedule, batch_size, threads)
    if isinstance(optimizer, SecondOrder):
        the_same_cost(problem, optimizer, plateau)
    chosen = choose(engine, problem)
    streams = Streams(rng)
    batches = None if batch_size is None else Batches(streams, examples, int(batch_size))
    state = State(start, optimizer.start(start.flat.copy()), streams, batches)
    loop = _Loop(
        chosen,
        problem,
        whole("iterations", iterations, 0),
        listed("callbacks", callbacks, Callable, "functions of a Progress"),
        _interval(record_every, iterations, examples, batch_size),
        plateau,
        _validation(net, validation, start),
        listed("stop", stop, Rule, "rules such as Patience(20)"),
    )
    reason = loop.run(state, progress)
    said = remark(problem, state, loop.history)
    if said:
        warnings.warn(said, stacklevel=2)
    return loop.result(state, reason)


class _Loop:
    """Cuts the updates into stretches and takes the decisions between them."""

    def __init__(
        self,
        engine: Engine,
        problem: Problem,
        iterations: int,
        callbacks: list[Callback],
        record_every: int,
        plateau: ReduceOnPlateau | None,
        validation: dict[str, Array] | None,
        rules: list[Rule],
    ) -> None:
        self.engine, self.problem, self.iterations = engine, problem, iterations
        self.history, self.record_every = History(), record_every
        self.plateau, self.validation = plateau, validation
        self.callbacks = [(each, self._interval(each)) for each in callbacks]
        if validation is None and any(isinstance(rule, Patience) for rule in rules):
            raise InvalidValue(
                "stop has Patience, which looks at the validation cost, but there are no "
                "validation data: pass validation=(x, y)"
            )
        self.watchers = [rule.watch() for rule in rules]

    def run(self, state: State, progress: bool | None) -> str:
        """Train to the end and return why it ended."""
        stretch, reason, pressed = 1, "", False
        with (
            interrupts() as interrupted,
            bar(progress, self.iterations) as show,
            closing(self.engine),
        ):
            try:
                reason = self._decide(state)
                while not reason and state.iteration < self.iterations:
                    updates = min(stretch, self._until_next_decision(state.iteration))
                    began = time.perf_counter()
                    self.engine.advance(state, updates)
                    seconds = time.perf_counter() - began
                    fitting = int(updates * STRETCH / max(seconds, 1e-9))
                    stretch = max(1, min(2 * updates, fitting))
                    self._raise_if_not_finite(state)
                    if interrupted():
                        raise KeyboardInterrupt
                    reason = "converged" if state.converged else self._decide(state)
                    show(state.iteration, self.history.latest)
            except KeyboardInterrupt:
                pressed = True
            try:
                self._record(state)
            except KeyboardInterrupt:  # once more: then the end is not recorded, but handed back
                pressed = True
            if pressed or interrupted():
                return "interrupted"
        return reason or "iterations"

    def result(self, state: State, reason: str) -> TrainingResult:
        """Return what was learnt, the best of it where a rule has kept that."""
        params, best = state.params, None
        for watcher in self.watchers:
            if watcher.best is not None:
                best, params = watcher.best[0].iteration, watcher.best[1]
        return TrainingResult(params, self.history, reason, state.iteration, self.engine.name, best)

    def _rate(self, state: State) -> float:
        """Return the learning rate of the next update; after the last one, that of the last."""
        past = state.iteration >= self.iterations > 0
        return state.learning_rate(self.problem, -1 if past else 0)

    def _interval(self, callback: Callback) -> int:
        return whole("every of a callback", getattr(callback, "every", self.record_every), 1)

    def _until_next_decision(self, iteration: int) -> int:
        intervals = [self.record_every, *(every for _, every in self.callbacks)]
        ahead = (every - iteration % every for every in intervals)
        return min(self.iterations - iteration, *ahead)

    def _decide(self, state: State) -> str:
        """Record and call what is due; return why to stop, or nothing."""
        iteration = state.iteration
        last = iteration == self.iterations
        reason = ""
        if last or iteration % self.record_every == 0:
            reason = self._record(state)
        for callback, every in self.callbacks:
            if last or iteration % every == 0:
                given = Progress(
                    iteration,
                    self.iterations,
                    state.params,
                    self.engine,
                    self._rate(state),
                    self.validation,
                )
                answer = callback(given)
                if isinstance(answer, (bool, np.bool_)) and answer:
                    reason = reason or "callback"
        for watcher in self.watchers:
            if not reason and watcher.passed():
                reason = watcher.reason
        return "" if last else reason

    def _record(self, state: State) -> str:
        """Add a record, unless there is one; return why to stop, or nothing."""
        if self.history.has(state.iteration):
            return ""
        cost, norms = self.engine.cost_and_norms(state.params)
        if not math.isfinite(cost):
            state.trouble = "the cost"
            self._raise_if_not_finite(state)
        validation = math.nan
        if self.validation is not None:
            validation = self.engine.cost(state.params, self.validation)
        if self.plateau is not None:
            watched = cost if self.validation is None else validation
            state.plateau = self.plateau.observe(state.plateau, watched)
        self.history.record(Record(state.iteration, cost, validation, self._rate(state), norms))
        stopping = [each for each in self.watchers if each.recorded(self.history, state.params)]
        return stopping[0].reason if stopping else ""

    def _raise_if_not_finite(self, state: State) -> None:
        if not state.trouble:
            return
        if state.iteration == 0 and state.trouble != "a parameter":
            advice = "the starting parameters or the data are too large: scale x and y to about 1."
        else:
            rate = self.problem.optimizer.learning_rate / 10
            advice = (
                "the steps are too long: try a smaller learning rate, for instance a tenth of it "
                f"({rate:g}), and a tenth of that if it is not enough; or scale x and y to about "
                "1. The last good parameters are in .params of this exception."
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


def _optimizer(given: Any) -> Optimizer | SecondOrder:
    """Return an optimizer, ours or a person's own."""
    met, wanted = repr(given), "an optimizer such as GradientDescent(0.1)"
    if isinstance(given, type):
        if issubclass(given, SecondOrder) or (hasattr(given, "start") and hasattr(given, "step")):
            rate = getattr(given, "learning_rate", 0.1)  # a property of those that need none
            said = f"{rate:g}" if isinstance(rate, float) else ""
            met = f"the class {given.__name__}"
            wanted = f"an instance of it: {given.__name__}({said})"
    elif isinstance(given, (Optimizer, SecondOrder)):
        return given
    elif hasattr(given, "step"):
        parts = ("learning_rate", "start", "step")
        lacking = " and ".join(part for part in parts if not hasattr(given, part))
        met = f"a {type(given).__name__} without {lacking}"
        wanted += f", or one of your own with {', '.join(parts)} (docs/extending-training.md)"
    raise InvalidType(f"optimizer is {met}, wanted {wanted}")


def _schedules(schedule: Any) -> tuple[ReduceOnPlateau | None, Schedule]:
    """Return what looks at costs, and what looks at the number of the update."""
    if schedule is None:
        return None, CONSTANT
    if isinstance(schedule, ReduceOnPlateau):
        return schedule, CONSTANT
    if isinstance(schedule, type) or not callable(schedule):
        raise InvalidType(f"schedule is {schedule!r}, wanted one such as Cosine(1000)")
    return None, schedule


def _interval(record_every: Any, iterations: int, examples: int, batch_size: int | None) -> int:
    if record_every is not None:
        return whole("record_every", record_every, 1)
    a_pass = math.ceil(examples / batch_size) if batch_size else 1
    return max(1, math.ceil(iterations / RECORDS), a_pass)


def _validation(net: Network, given: Any, params: Parameters) -> dict[str, Array] | None:
    if given is None:
        return None
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise InvalidType(
            f"validation is a {type(given).__name__}, wanted (x, y) or (x, y, weights)"
        )
    x, y, *weights = given
    try:
        return net.batch(x, y, params.dtype, *weights)
    except (ShapeError, InvalidValue, InvalidType) as error:
        place = f"in validation=(x, y{', weights' if weights else ''}), "
        if isinstance(error, ShapeError):
            quantity = place + error.quantity
            raise ShapeError(quantity, error.met, error.wanted, error.remedy) from None
        raise type(error)(place + str(error)) from None
