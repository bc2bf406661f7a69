"""One fit: the problem, the state and the loop of it, made of what an estimator says."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import notation
from chainrule.arrays import Array
from chainrule.engines import Problem, State, choose, the_same_cost
from chainrule.errors import NonFiniteCost
from chainrule.estimators.translation import STOCHASTIC, Settings
from chainrule.estimators.watching import Adaptive, NoImprovement
from chainrule.history import TrainingResult
from chainrule.loop import Loop
from chainrule.network import Network
from chainrule.optimizers import Slots
from chainrule.parameters import Parameters
from chainrule.randomness import Batches, Streams
from chainrule.resuming import Description
from chainrule.schedules import CONSTANT, ReduceOnPlateau
from chainrule.second_order import SecondOrder
from chainrule.transformations import ClipByNorm


class NonFiniteFit(NonFiniteCost, ValueError):
    """A fit met a loss or a weight that is not finite.

    Parameters
    ----------
    message, iteration, params, history : object
        As of `NonFiniteCost`.
    """


@dataclass(frozen=True)
class Plan:
    """How updates are counted in passes over the data.

    Parameters
    ----------
    batch_size : int or None
        ``None`` for all examples in every update.
    updates : int
        In a pass.
    """

    batch_size: int | None
    updates: int

    @classmethod
    def of(cls, estimator: Any, samples: int) -> Plan:
        """Return the plan for so many samples."""
        if estimator.solver not in STOCHASTIC:
            return cls(None, 1)
        wanted = 200 if estimator.batch_size == "auto" else estimator.batch_size
        size = min(wanted, samples)
        return cls(None if size == samples else size, math.ceil(samples / size))


@dataclass(frozen=True)
class Run:
    """What a fit hands on to the next one that goes on from it.

    Parameters
    ----------
    result : TrainingResult
    slots : tuple of ndarray
        Of the optimizer.
    """

    result: TrainingResult
    slots: Slots


def run(
    estimator: Any,
    net: Network,
    params: Parameters,
    values: Mapping[str, Array],
    rule: NoImprovement,
    rng: np.random.Generator,
    *,
    passes: int,
    slots: Slots | None = None,
    seen: int = 0,
    held_out: dict[str, Array] | None = None,
) -> Run:
    """Train a network as an estimator says.

    Parameters
    ----------
    estimator : object
        With scikit-learn's parameters.
    net : Network
    params : Parameters
        Where to start; they are changed.
    values : mapping of str to ndarray
        Checked data, as `Network.batch` gives them.
    rule : NoImprovement
    rng : numpy.random.Generator
        For shuffles and dropout.
    passes : int
        Over the data, at most.
    slots : tuple of ndarray, optional
        What the optimizer remembers of before.
    seen : int, optional
        Samples that were seen before.
    held_out : dict of str to ndarray, optional
        Examples that are not learnt from.

    Raises
    ------
    NonFiniteFit
        If something is not finite any more.
    """
    settings = Settings(estimator, rule.part)
    samples = values[notation.TARGETS].shape[1]
    plan = Plan.of(estimator, samples)
    optimizer = settings.optimizer()
    schedule = settings.schedule(plan.updates, samples, seen)
    plateau = schedule if isinstance(schedule, ReduceOnPlateau) else None
    if rule.adaptive:
        plateau = Adaptive(0.2, int(min(rule.passes, 2**31)), change=rule.tol / rule.part)
    clip = estimator.clip_norm
    problem = Problem(
        net,
        dict(values),
        optimizer,
        () if clip is None else (ClipByNorm(clip / rule.part),),
        CONSTANT if isinstance(schedule, ReduceOnPlateau) else schedule,
        plan.batch_size,
        threads(estimator),
        costs_of_batches=True,
    )
    if isinstance(optimizer, SecondOrder):
        the_same_cost(problem, optimizer, plateau)
    streams = Streams(rng)
    batches = None
    if plan.batch_size is not None:
        batches = Batches(streams, samples, plan.batch_size, bool(estimator.shuffle))
    state = State(params, optimizer.start(params.flat.copy()) if slots is None else slots, streams)
    state.batches = batches
    loop = Loop(
        choose(estimator.engine, problem),
        problem,
        passes * plan.updates,
        list(estimator.callbacks or ()),
        plan.updates,
        plateau,
        held_out,
        [rule],
        Description(problem, (), plateau, held_out),
    )
    try:
        reason = loop.run(state, progress=False)
    except NonFiniteCost as problem_met:
        raise NonFiniteFit(
            str(problem_met),
            iteration=problem_met.iteration,
            params=problem_met.params if rule.score is None else loop.best(state),
            history=problem_met.history,
        ) from None
    return Run(loop.result(state, reason), state.slots)


def threads(estimator: Any) -> int | None:
    """Return how many threads a fit may use: joblib tells its workers by OMP_NUM_THREADS."""
    if estimator.n_threads is not None:
        return int(estimator.n_threads)
    said = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, int(said)) if said.isdigit() else None
