"""Problems for the native engine, and what both engines make of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule import Momentum, Network, Parameters
from chainrule.engines import Problem, State
from chainrule.engines.native import NativeEngine
from chainrule.engines.reference import ReferenceEngine
from chainrule.randomness import Batches, Streams
from chainrule.schedules import CONSTANT

LAYOUTS = (-1, 0, 3, 100)
"""Widest layers that keep examples in lanes: as measured, none, the narrow ones, all."""


@dataclass(frozen=True)
class Task:
    """One training problem, with all that an engine is given."""

    net: Network
    params: Parameters
    x: np.ndarray
    y: np.ndarray
    optimizer: Any
    weights: Any = None
    batch_size: int | None = None
    transformations: tuple[Any, ...] = ()
    schedule: Any = CONSTANT
    threads: int | None = 1

    def problem(self, dtype=None) -> Problem:
        dtype = np.dtype(dtype or self.params.dtype)
        values = self.net.batch(self.x, self.y, dtype, self.weights)
        rest = (self.transformations, self.schedule, self.batch_size, self.threads)
        return Problem(self.net, values, self.optimizer, *rest)

    def state(self, rng=5, dtype=None) -> State:
        """A state at the start: the same whatever engine it is handed to."""
        params = self.params.astype(dtype or self.params.dtype).copy()
        streams, size = Streams(rng), self.batch_size
        batches = None if size is None else Batches(streams, self.x.shape[1], size)
        return State(params, self.optimizer.start(params.flat.copy()), streams, batches)

    def native(self, *, layout=-1, threads=1, guarded=False, values=None) -> NativeEngine:
        """The native engine, on exactly so many threads, however small the work is."""
        problem = replace(self.problem(), threads=threads)
        problem = replace(problem, values=values or problem.values)
        options = {"widest_lanes": layout, "every_thread": True, "guarded": guarded}
        return NativeEngine(problem, **options)

    def reference(self, dtype=None) -> ReferenceEngine:
        return ReferenceEngine(self.problem(dtype))


AS_IT_IS = Momentum(1e-3, momentum=0.0)
"""After one update with it, its slot holds the gradient that the update was made with."""


def gradient_of_update(engine, state) -> np.ndarray:
    """The gradient of the next update: of its batch, with its masks, noise and clipping."""
    engine.advance(state, 1)
    assert state.trouble == ""
    return state.slots[0]


def same_state(one: State, other: State) -> None:
    """Two states are the same, to the last bit."""
    assert (one.iteration, one.trouble) == (other.iteration, other.trouble)
    assert one.params == other.params
    assert one.last_good == other.last_good
    for mine, theirs in zip(one.slots, other.slots, strict=True):
        np.testing.assert_array_equal(mine, theirs)
