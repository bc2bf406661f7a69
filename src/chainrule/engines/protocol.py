"""What an engine is given, what it keeps, and the one thing that it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import Array
from chainrule.network import Network
from chainrule.optimizers import Optimizer, Slots
from chainrule.parameters import Parameters
from chainrule.randomness import Batches, Streams


@dataclass(frozen=True)
class Problem:
    """What does not change while training runs.

    Parameters
    ----------
    network : Network
    values : dict of str to ndarray
        Checked inputs ``a0`` (n0 × m) and targets ``y`` (n_L × m), in the dtype of training.
    optimizer : Optimizer
    noise : float
        Of the gradient transformation; 0 for none.
    """

    network: Network
    values: dict[str, Array]
    optimizer: Optimizer
    noise: float = 0.0


@dataclass(frozen=True)
class Block:
    """What an engine is handed for a stretch of k updates: the same for every engine.

    Parameters
    ----------
    learning_rates : list of float
        One per update.
    batches : list of ndarray of int or None
        The examples of each update; ``None`` for all of them.
    noise : ndarray, shape (k, parameters), or None
        Standard normal numbers, one per Jacobian in each update; ``None`` for no noise.
    """

    learning_rates: list[float]
    batches: list[NDArray[np.intp]] | None
    noise: NDArray[np.float64] | None


@dataclass
class State:
    """What changes: enough to go on from here as if never stopped.

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
    iteration : int
        Number of updates made so far.
    last_good : Parameters
        The last parameters at which cost and Jacobians were finite.
    trouble : str
        What was found not to be finite; empty while all is well. Once set, no update is made.
    """

    params: Parameters
    slots: Slots
    streams: Streams
    batches: Batches | None = None
    iteration: int = 0
    last_good: Parameters = field(init=False)
    trouble: str = ""

    def __post_init__(self) -> None:
        self.last_good = self.params.copy()

    def draw(self, problem: Problem, updates: int) -> Block:
        """Draw what the next updates need of random numbers and rates, in the order of use."""
        noise = None
        if problem.noise:
            noise = self.streams.noise_block(updates, len(self.params))
        batches = None
        if self.batches is not None:
            batches = [self.batches.take() for _ in range(updates)]
        return Block([problem.optimizer.learning_rate] * updates, batches, noise)


class Engine(Protocol):
    """Carries out updates."""

    name: str

    def advance(self, state: State, updates: int) -> State:
        """Make `updates` updates, fewer if something is not finite; change and return `state`."""

    def cost(self, params: Parameters) -> float:
        """Return the cost of all examples."""
