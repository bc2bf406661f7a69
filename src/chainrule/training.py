"""Training: what people call. It checks what they give, and hands it to the loop (`loop`)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from chainrule import notation
from chainrule.arguments import listed, whole, zero_or_more
from chainrule.arrays import Array
from chainrule.callbacks import Callback
from chainrule.checkpoints import Checkpoint
from chainrule.engines import Problem, State, choose, the_same_cost
from chainrule.errors import InvalidType, InvalidValue, ShapeError, UnknownName
from chainrule.history import TrainingResult
from chainrule.loop import Loop
from chainrule.network import Network
from chainrule.optimizers import Optimizer
from chainrule.parameters import Parameters
from chainrule.randomness import Batches, Streams
from chainrule.resuming import Description, TrainingState, must_be_the_same, restore
from chainrule.resuming import remark as forgetful
from chainrule.saturation import remark
from chainrule.schedules import CONSTANT, ReduceOnPlateau, Schedule
from chainrule.second_order import SecondOrder
from chainrule.stopping import Rule
from chainrule.transformations import Noise, Transformation

RECORDS = 200  # costs in a history, where the caller does not say how often


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
    checkpoint: Checkpoint | None = None,
    resume: TrainingState | None = None,
    record_every: int | None = None,
    recorded_cost: str = "all",
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
    checkpoint : Checkpoint, optional
        Writes the state of training to a file every so often, at the end, and on Ctrl-C or SIGTERM.
    resume : TrainingState, optional
        Go on from there as if never stopped, bit for bit: the ``.state`` of a result, or what
        `load_checkpoint` reads. `params` and `rng` are not used then; all else but `iterations`,
        `callbacks`, `checkpoint`, `engine` and `threads` must be as before. (The native engine and
        the reference engine differ in the last bits, and so do instruction sets.)
    record_every : int, optional
        Updates between two records in the history; the start and the end are always recorded. Where
        nothing is said, 200 in all, but no more than one in a pass over the data.
    recorded_cost : {"all", "batches"}, optional
        What a record holds: the cost of all examples and the size of its gradient, evaluated for
        it, without dropout; or the mean of the costs of the batches since the last record, each
        before its update and with its dropout, which takes no time, and no size of the gradient.
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
    if recorded_cost not in ("all", "batches"):
        raise UnknownName("recorded_cost", recorded_cost, ("all", "batches"))
    if checkpoint is not None and not isinstance(checkpoint, Checkpoint):
        raise InvalidType(
            f'checkpoint is {checkpoint!r}, wanted one such as Checkpoint("run.safetensors")'
        )
    problem = Problem(
        net,
        values,
        optimizer,
        (*before, *after),
        schedule,
        batch_size,
        threads,
        recorded_cost == "batches",
    )
    if isinstance(optimizer, SecondOrder):
        the_same_cost(problem, optimizer, plateau)
    held_out = _validation(net, validation, start)
    rules = listed("stop", stop, Rule, "rules such as Patience(20)")
    described = Description(problem, rules, plateau, held_out)
    if resume is not None:
        must_be_the_same(resume, described)
        record_every = resume.record_every if record_every is None else record_every
    loop = Loop(
        choose(engine, problem),
        problem,
        whole("iterations", iterations, 0),
        listed("callbacks", callbacks, Callable, "functions of a Progress"),
        _interval(record_every, iterations, examples, batch_size),
        plateau,
        held_out,
        rules,
        described,
        checkpoint,
    )
    if resume is None:
        streams = Streams(rng)
        batches = None if batch_size is None else Batches(streams, examples, int(batch_size))
        state = State(start, optimizer.start(start.flat.copy()), streams, batches)
    else:
        state = restore(resume, problem)
        loop.recall(resume)
        if forgotten := forgetful(optimizer):
            warnings.warn(forgotten, stacklevel=2)
    reason = loop.run(state, progress)
    said = remark(problem, state, loop.history)
    if said:
        warnings.warn(said, stacklevel=2)
    return loop.result(state, reason)


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
