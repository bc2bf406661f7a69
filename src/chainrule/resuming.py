"""`TrainingState`: where training stands, enough to go on from there as if never stopped.

It is plain data: arrays, and what JSON can hold. So a file of it holds nothing that could run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.arrays import Array
from chainrule.engines import Problem, State
from chainrule.errors import InvalidType, InvalidValue
from chainrule.history import History
from chainrule.parameters import Parameters
from chainrule.randomness import Batches, Streams
from chainrule.schedules import PlateauMemory, ReduceOnPlateau
from chainrule.second_order import LBFGS
from chainrule.stopping import Rule, Watcher


@dataclass(frozen=True, eq=False)
class TrainingState:
    """Where training stands. `train` takes it as ``resume``; a result has it as ``.state``.

    Parameters
    ----------
    described : mapping of str to str
        What was trained, on what and how, in words: it must be the same when training goes on.
    iteration : int
        Number of updates made.
    params, last_good : Parameters
        Now, and the last ones with a finite cost.
    slots : tuple of ndarray
        What the optimizer remembers.
    streams : dict
        State of each stream of random numbers.
    order : ndarray of int64
        The examples of the present pass over the data; empty where there are no batches.
    position : int
        How many of them were seen.
    plateau : PlateauMemory
        What a schedule that looks at costs has seen.
    costs : tuple of float and int
        Sum of the costs of batches since the last record, each times its examples, and the number
        of those.
    record_every : int
        Updates between two records.
    history : History
        So far.
    watchers : tuple of dict
        What each stopping rule remembers: numbers, and arrays.
    ended : str
        Why a stopping rule has ended it: then nothing is left to do. Empty while none has.
    """

    described: Mapping[str, str]
    iteration: int
    params: Parameters
    last_good: Parameters
    slots: tuple[Array, ...]
    streams: dict[str, dict[str, Any]]
    order: NDArray[np.int64]
    position: int
    plateau: PlateauMemory
    costs: tuple[float, int]
    record_every: int
    history: History = field(repr=False)
    watchers: tuple[dict[str, Any], ...] = ()
    ended: str = ""

    def __repr__(self) -> str:
        return f"TrainingState(after {self.iteration} updates of {self.described['network']})"


def capture(
    state: State,
    described: Mapping[str, str],
    record_every: int,
    history: History,
    watchers: Sequence[Watcher],
    ended: str = "",
) -> TrainingState:
    """Return where training stands, copied.

    Parameters
    ----------
    state : State
    described : mapping of str to str
        Of the problem.
    record_every : int
    history : History
    watchers : sequence of Watcher
        Of the stopping rules.
    ended : str, optional
        Why one of them has ended it.
    """
    order, position = (np.empty(0, np.int64), 0)
    if state.batches is not None:
        order, position = state.batches.place
    return TrainingState(
        described,
        state.iteration,
        state.params.copy(),
        state.last_good.copy(),
        tuple(np.array(each) for each in state.slots),
        state.streams.states(),
        order.copy(),
        position,
        state.plateau,
        (state.costs.total, state.costs.examples),
        record_every,
        History(list(history.records)),
        tuple(watcher.remember() for watcher in watchers),
        ended,
    )


def restore(saved: TrainingState, problem: Problem) -> State:
    """Return the state that was captured, in arrays of its own.

    Parameters
    ----------
    saved : TrainingState
        Of the same problem (`must_be_the_same`).
    problem : Problem
    """
    streams = Streams.of(saved.streams)
    batches = None
    if problem.batch_size is not None:
        batches = Batches(streams, problem.examples, problem.batch_size)
        batches.place = saved.order.copy(), saved.position
    slots = tuple(np.array(each) for each in saved.slots)
    state = State(saved.params.copy(), slots, streams, batches, saved.plateau, saved.iteration)
    state.last_good.flat[...] = saved.last_good.flat
    state.costs.total, state.costs.examples = saved.costs
    return state


class Description(Mapping[str, str]):
    """In words, what training does, so that two runs can be told to be of the same kind.

    How many updates are made in all, callbacks, engine and threads are not among it: they may
    change. It is put into words when somebody looks: of much data, the sum takes a while.

    Parameters
    ----------
    problem : Problem
    rules : sequence of Rule
        When to stop.
    plateau : ReduceOnPlateau or None
    validation : dict of str to ndarray, or None
        Examples that are not learnt from.
    """

    def __init__(
        self,
        problem: Problem,
        rules: Sequence[Rule],
        plateau: ReduceOnPlateau | None,
        validation: Mapping[str, Array] | None,
    ) -> None:
        self._of = problem, tuple(rules), plateau, validation

    @cached_property
    def words(self) -> dict[str, str]:
        """All of it."""
        problem, rules, plateau, validation = self._of
        return {
            "network": str(problem.network),
            "dtype": str(problem.values[notation.TARGETS].dtype),
            "data": digest(problem.values),
            "validation data": "none" if validation is None else digest(validation),
            "optimizer": _named(problem.optimizer),
            "transformations": _listed(problem.transformations),
            "schedule": _named(problem.schedule if plateau is None else plateau),
            "batch_size": str(problem.batch_size or "all"),
            "stop": _listed(rules),
            "recorded cost": "of the batches" if problem.costs_of_batches else "of all examples",
        }

    def __getitem__(self, name: str) -> str:
        return str(self._of[0].network) if name == "network" else self.words[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __len__(self) -> int:
        return len(self.words)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (self.words,)


def must_be_the_same(saved: Any, described: Mapping[str, str]) -> TrainingState:
    """Return a state if it is one, and of a training of the same kind.

    Parameters
    ----------
    saved : object
        What a caller gave.
    described : mapping of str to str
        Of the training that is to go on.

    Raises
    ------
    InvalidType
        If it is no state.
    InvalidValue
        If something differs; the message says what.
    """
    if not isinstance(saved, TrainingState):
        raise InvalidType(
            f"resume is a {type(saved).__name__}, wanted the .state of a result, or the "
            "TrainingState that load_checkpoint returns"
        )
    for name, now in described.items():
        before = saved.described.get(name)
        if before != now:
            met = f"{name} is {now}, and was {before}"
            if name.endswith("data"):
                met = f"the {name} are not those of before"
            raise InvalidValue(
                f"resume cannot go on as if never stopped: {met}; pass the same as before, or "
                "begin a new training from the parameters, train(net, state.params, …)"
            )
    return saved


def digest(values: Mapping[str, Array]) -> str:
    """Return a short text that tells one set of arrays from another.

    Parameters
    ----------
    values : mapping of str to ndarray

    Returns
    -------
    str
        The names and shapes, and a BLAKE2 sum of the numbers.
    """
    found = hashlib.blake2b(digest_size=16)
    for name in sorted(values):
        found.update(f"{name}{values[name].shape}".encode())
        found.update(np.ascontiguousarray(values[name]).data)
    shapes = ", ".join(f"{name} {values[name].shape}" for name in sorted(values))
    return f"{shapes}: {found.hexdigest()}"


def remark(optimizer: Any) -> str:
    """Return what to say when training goes on with an optimizer that cannot be captured."""
    if isinstance(optimizer, LBFGS):
        return (
            "L-BFGS goes on from the same parameters, but with nothing remembered: its memory is "
            "inside SciPy and cannot be saved, so the updates differ from those of a run that was "
            "never stopped"
        )
    return ""


def _listed(given: Sequence[Any]) -> str:
    return "; ".join(map(_named, given)) or "none"


def _named(given: Any) -> str:
    """Return a description that is the same in another process."""
    if is_dataclass(given) and not isinstance(given, type):
        inner = ", ".join(
            f"{name}={_named(getattr(given, name))}" for name in given.__dataclass_fields__
        )
        return f"{type(given).__name__}({inner})"
    if isinstance(given, (int, float, str, type(None))):
        return repr(given)
    kind = given if hasattr(given, "__qualname__") else type(given)
    return f"{kind.__module__}.{kind.__qualname__}"
