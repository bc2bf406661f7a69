"""What an engine is given, what it keeps, and the one thing that it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.arrays import Array
from chainrule.network import Network
from chainrule.optimizers import Optimizer, Slots
from chainrule.parameters import Parameters
from chainrule.randomness import Batches, Indices, Streams
from chainrule.schedules import CONSTANT, PlateauMemory, Schedule, factor_of
from chainrule.second_order import SecondOrder
from chainrule.transformations import Transformation, draws_of_all, euclidean

ROOM = 2**22
"""Numbers in a block at most, where one update does not need more."""


@dataclass(frozen=True)
class Problem:
    """What does not change while training runs.

    Parameters
    ----------
    network : Network
    values : dict of str to ndarray
        Checked inputs ``a0`` (n0 × m), targets ``y`` (n_L × m) and, where examples are weighted,
        ``w`` (1 × m), in the dtype of training.
    optimizer : Optimizer, LevenbergMarquardt or LBFGS
    transformations : tuple of Transformation
        Of the gradient, in the order of use.
    schedule : callable
        Takes the number of updates made, returns a factor on the learning rate.
    batch_size : int or None
        Examples of an update, at most; ``None`` for all of them.
    threads : int or None
        Threads that may be used; ``None`` for as many as there are cores.
    costs_of_batches : bool
        Whether the cost before every update is summed up (`State.costs`).
    """

    network: Network
    values: dict[str, Array]
    optimizer: Optimizer | SecondOrder
    transformations: tuple[Transformation, ...] = ()
    schedule: Schedule = CONSTANT
    batch_size: int | None = None
    threads: int | None = None
    costs_of_batches: bool = False

    @property
    def examples(self) -> int:
        """Number of examples, m."""
        return int(self.values[notation.TARGETS].shape[1])


@dataclass(frozen=True)
class Block:
    """What an engine is handed for a stretch of k updates: the same for every engine.

    Parameters
    ----------
    learning_rates : ndarray of float64, shape (k,)
        One per update.
    batches : Indices or None
        The examples of each update; ``None`` for all of them.
    noise : ndarray, shape (k, draws), or None
        Standard normal numbers for the transformations; ``None`` where they take none.
    masks : list of dict or None
        Dropout masks of each update, by name; ``None`` for no dropout.
    """

    learning_rates: NDArray[np.float64]
    batches: Indices | None
    noise: NDArray[np.float64] | None
    masks: list[dict[str, Array]] | None

    def sizes(self, problem: Problem) -> NDArray[np.int64]:
        """Return the number of examples of each update, shape (k,)."""
        if self.batches is None:
            return np.full(len(self.learning_rates), problem.examples, np.int64)
        return np.diff(self.batches.ends, prepend=0)


@dataclass
class Costs:
    """The costs of batches, each before its update, summed up one after another.

    Attributes
    ----------
    total : float
        Sum of the costs, each times the number of its examples.
    examples : int
        How many those were.
    """

    total: float = 0.0
    examples: int = 0

    def add(self, costs: NDArray[np.float64], sizes: NDArray[np.int64]) -> None:
        """Add the costs of some updates, shape (k,), and the numbers of their examples."""
        # One after another, and not pairwise: the sum must not depend on how updates are cut.
        terms = np.concatenate([[self.total], costs * sizes])
        self.total = float(np.add.accumulate(terms)[-1])
        self.examples += int(sizes.sum())

    def take(self) -> float:
        """Return the mean over the examples since the last time, NaN where there are none."""
        mean = self.total / self.examples if self.examples else float("nan")
        self.total, self.examples = 0.0, 0
        return mean


class Holder(Protocol):
    """An engine that has the newest parameters of a state in a form of its own."""

    def give_back(self, state: State) -> None:
        """Write them down (`State.write`), if it still holds the state."""


class State:
    """What changes: enough to go on from here as if never stopped.

    Between two stretches an engine may keep parameters and slots in a form of its own (`lend`).
    Whoever looks at them here makes it write them down first, and read them anew before it goes
    on: what is seen is the newest, and may be changed. An array that was looked at before is not:
    it is good until the next stretch.

    Parameters
    ----------
    params : Parameters
        After `iteration` updates.
    slots : tuple of ndarray
        What the optimizer remembers.
    streams : Streams
        Random numbers.
    batches : Batches or None
        Mini-batches; ``None`` for the full batch in every update.
    plateau : PlateauMemory
        What a schedule that looks at costs has seen; its factor counts beside the schedule.
    iteration : int
        Number of updates made so far.

    Attributes
    ----------
    last_good : Parameters
        The last parameters at which cost and Jacobians were finite.
    trouble : str
        What was found not to be finite; empty while all is well. Once set, no update is made.
    ended : str
        Why the optimizer has come to an end of its own, ``"converged"`` or ``"costs"``: more
        updates would change nothing. Empty while it has not.
    costs : Costs
        Of the batches since the last record, where the problem asks for them.
    """

    def __init__(
        self,
        params: Parameters,
        slots: Slots,
        streams: Streams,
        batches: Batches | None = None,
        plateau: PlateauMemory | None = None,
        iteration: int = 0,
    ) -> None:
        self._params, self._slots, self._last_good = params, slots, params.copy()
        self.streams, self.batches = streams, batches
        self.plateau = PlateauMemory() if plateau is None else plateau
        self.iteration, self.trouble, self.ended = iteration, "", ""
        self.costs = Costs()
        self._holder: Holder | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what copies and pickles are made of: they are lent to nobody."""
        self.settle()
        return {**self.__dict__, "_holder": None}

    @property
    def holder(self) -> Holder | None:
        """Who has the newest parameters and slots; ``None`` where they are written down."""
        return self._holder

    def lend(self, holder: Holder) -> None:
        """Leave parameters and slots with an engine until somebody wants to see them."""
        self._holder = holder

    def settle(self) -> None:
        """Have them written down by whoever holds them."""
        holder = self._holder  # another thread may settle too
        if holder is not None:
            holder.give_back(self)

    def write(self, into: Callable[[Parameters, Slots, Parameters], Slots]) -> None:
        """Take parameters and slots back from their holder, which writes into our arrays."""
        self._slots = into(self._params, self._slots, self._last_good)
        self._holder = None

    @property
    def params(self) -> Parameters:
        """After `iteration` updates."""
        self.settle()
        return self._params

    @params.setter
    def params(self, params: Parameters) -> None:
        self.settle()
        self._params = params

    @property
    def last_good(self) -> Parameters:
        """The last parameters at which cost and Jacobians were finite."""
        self.settle()
        return self._last_good

    @property
    def slots(self) -> Slots:
        """What the optimizer remembers."""
        self.settle()
        return self._slots

    @slots.setter
    def slots(self, slots: Slots) -> None:
        self.settle()
        self._slots = slots

    def learning_rate(self, problem: Problem, ahead: int = 0) -> float:
        """Return the learning rate of the next update, or of one further ahead."""
        factor = factor_of(problem.schedule, self.iteration + ahead)
        return problem.optimizer.learning_rate * self.plateau.factor * factor

    def draw(self, problem: Problem, updates: int) -> Block:
        """Draw what the next updates need of random numbers and rates, in the order of use."""
        if problem.schedule is CONSTANT:
            rates = np.full(updates, self.learning_rate(problem))
        else:
            rates = np.array([self.learning_rate(problem, ahead) for ahead in range(updates)])
        draws = draws_of_all(problem.transformations, len(self._params))
        noise = self.streams.noise_block(updates, draws) if draws else None
        batches = None if self.batches is None else self.batches.take_many(updates)
        masks = None
        if problem.network.architecture.masks:
            sizes = Block(rates, batches, noise, None).sizes(problem)
            masks = [
                problem.network.draw_masks(self.streams.dropout, int(size), self._params.dtype)
                for size in sizes
            ]
        return Block(rates, batches, noise, masks)

    def blocks(self, problem: Problem, updates: int) -> Iterator[Block]:
        """Yield blocks for so many updates, none of which takes much memory."""
        units = sum(problem.network.architecture.masks.values())
        each = draws_of_all(problem.transformations, len(self._params)) + units * problem.examples
        most = max(1, ROOM // max(each, 1))
        start = self.iteration
        while self.iteration < start + updates and not self.trouble:
            yield self.draw(problem, min(most, start + updates - self.iteration))


def norms_per_layer(jacobians: Parameters) -> NDArray[np.float64]:
    """Return the Euclidean norm of the Jacobians of each layer, weights and biases together."""
    layers = range(1, len(jacobians.sizes))
    pairs = [(notation.weights(k), notation.biases(k)) for k in layers]
    norms = [[euclidean(jacobians[name]) for name in pair] for pair in pairs]
    return np.array([euclidean(np.array(pair)) for pair in norms])


class Engine(Protocol):
    """Carries out updates."""

    name: str

    def advance(self, state: State, updates: int) -> State:
        """Make `updates` updates, fewer if that is the end of it; change and return `state`.

        It is the end where something is not finite (``state.trouble``) or the optimizer has nothing
        left to do (``state.ended``).
        """

    def cost(self, params: Parameters, values: dict[str, Array] | None = None) -> float:
        """Return the cost of all examples, or of others, without dropout."""

    def cost_and_norms(self, params: Parameters) -> tuple[float, NDArray[np.float64]]:
        """Return the cost of all examples, and the size of its gradient per layer, no dropout."""

    def value_and_gradient(self, params: Parameters) -> tuple[float, Array]:
        """Return the cost of all examples and its gradient, flat and to keep, no dropout."""

    def normal_equations(
        self, params: Parameters
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Return the cost, its gradient (P) and the Gauss–Newton matrix (P × P) of squared error.

        All in float64, of all examples, without dropout; the penalty is in all three.
        """

    def close(self) -> None:
        """Let go of a state, and of what is held beside memory, such as a thread."""
