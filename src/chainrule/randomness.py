"""Random numbers: what people give as ``rng``, and the separate streams of a training run.

Training draws from three streams, one each for shuffles, noise and dropout, so that switching
one off leaves the others as they were. They are drawn in Python, in blocks of float64, and
handed to whichever engine runs: engines see the same numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InvalidType, InvalidValue

Source = np.random.Generator | np.random.RandomState


def source(rng: Any) -> Source:
    """Return the source of random numbers that a caller gave.

    Parameters
    ----------
    rng : int, numpy.random.Generator, numpy.random.RandomState or None
        A seed, a generator that is used (and so moved on), or nothing for fresh numbers.

    Raises
    ------
    InvalidType, InvalidValue
        If it is none of these, or a negative seed.

    Examples
    --------
    >>> source(7).integers(10), source(np.random.RandomState(7)).randint(10)
    (np.int64(9), 4)
    """
    if isinstance(rng, (np.random.Generator, np.random.RandomState)):
        return rng
    if rng is np.random:  # the module itself, which old notebooks hand around
        return np.random.mtrand._rand
    if rng is None:
        return np.random.default_rng()
    try:
        seed = operator.index(rng)
    except TypeError:
        raise InvalidType(
            f"rng is {rng!r}, wanted a seed (a whole number), a numpy.random.Generator or a "
            "numpy.random.RandomState"
        ) from None
    if seed < 0:
        raise InvalidValue(f"rng is {seed}, wanted a seed that is 0 or larger")
    return np.random.default_rng(seed)


STREAMS = ("shuffles", "noise", "dropout")
BIT_GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
"""Those of NumPy: what a file says must be one of them."""


class Streams:
    """The streams of one training run: shuffles, noise and dropout.

    Parameters
    ----------
    rng : int, numpy.random.Generator, numpy.random.RandomState or None
        What the caller of training gave. From a seed or a Generator, independent streams are
        spawned. A RandomState is itself the stream of noise, so that old notebooks, which draw
        ``np.random.randn()`` in every update, find their numbers again; the others are seeded
        from its state, without moving it on.
    """

    def __init__(self, rng: Any) -> None:
        origin = source(rng)
        self.noise: Source
        self.shuffles: np.random.Generator
        self.dropout: np.random.Generator
        if isinstance(origin, np.random.RandomState):
            # The state is copied, so that shuffles take nothing from the stream of noise.
            copy = np.random.RandomState()
            copy.set_state(origin.get_state())
            self.noise = origin
            self.shuffles = np.random.default_rng(copy.randint(2**32, size=4, dtype="u8"))
            self.dropout = np.random.default_rng(copy.randint(2**32, size=4, dtype="u8"))
        else:
            self.shuffles, self.noise, self.dropout = _spawn(origin, 3)

    @classmethod
    def of(cls, states: Mapping[str, Mapping[str, Any]]) -> Streams:
        """Return streams in the states that `states` gave."""
        found = cls(0)
        for name in STREAMS:
            setattr(found, name, _in_state(name, states[name]))
        return found

    def states(self) -> dict[str, dict[str, Any]]:
        """Return the state of each stream, in numbers, texts and lists alone."""
        return {name: _state_of(getattr(self, name)) for name in STREAMS}

    def noise_block(self, updates: int, draws: int) -> NDArray[np.float64]:
        """Draw standard normal numbers, so many in each of `updates` updates."""
        return self.noise.standard_normal((updates, draws))


@dataclass(frozen=True, eq=False)
class Indices:
    """Which examples some batches consist of.

    Parameters
    ----------
    examples : ndarray of int64
        Those of all batches, one batch after another.
    ends : ndarray of int64, shape (k,)
        Where each batch ends.
    """

    examples: NDArray[np.int64]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, batch: int) -> NDArray[np.int64]:
        if not 0 <= batch < len(self):
            raise IndexError(batch)
        return self.examples[self.ends[batch - 1] if batch else 0 : self.ends[batch]]


class Batches:
    """Indices of one mini-batch after another, for ever.

    Every pass over the data is a new permutation; the last batch of a pass holds what is left.

    Parameters
    ----------
    streams : Streams
        Where permutations are drawn from.
    examples, size : int
        Number of examples, and of examples in a batch.
    shuffled : bool, optional
        Whether the examples are shuffled before each pass.
    """

    def __init__(self, streams: Streams, examples: int, size: int, shuffled: bool = True) -> None:
        self._streams, self._examples, self._size = streams, examples, size
        self._shuffled = shuffled
        self._order: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._position = 0

    @property
    def place(self) -> tuple[NDArray[np.int64], int]:
        """The examples of the present pass, and how many of them were taken."""
        return self._order, self._position

    @place.setter
    def place(self, place: tuple[NDArray[np.int64], int]) -> None:
        order, position = place
        if len(order) not in (0, self._examples) or not 0 <= position <= len(order):
            raise InvalidValue(
                f"the pass over the data has {len(order)} examples and stands at {position}, "
                f"wanted {self._examples} and a place among them"
            )
        if len(order) and not np.array_equal(np.sort(order), np.arange(self._examples)):
            raise InvalidValue("the pass over the data does not have every example once")
        self._order, self._position = order, position

    def take(self) -> NDArray[np.int64]:
        """Return the indices of the next batch."""
        return self.take_many(1).examples

    def take_many(self, count: int) -> Indices:
        """Return the indices of the next `count` batches."""
        parts, ends, taken = [], [], 0
        while count > 0:
            if self._position >= len(self._order):
                order = np.arange(self._examples)
                if self._shuffled:
                    order = self._streams.shuffles.permutation(self._examples)
                self._order, self._position = order.astype(np.int64, copy=False), 0
            left = len(self._order) - self._position
            batches = min(count, -(-left // self._size))
            numbers = min(left, batches * self._size)
            parts.append(self._order[self._position : self._position + numbers])
            within = np.minimum(np.arange(1, batches + 1) * self._size, numbers)
            ends.append(taken + within)
            self._position += numbers
            taken += numbers
            count -= batches
        return Indices(np.concatenate(parts), np.concatenate(ends))


def _spawn(origin: np.random.Generator, count: int) -> list[np.random.Generator]:
    try:
        return origin.spawn(count)
    except TypeError:  # a bit generator seeded the old way has no seed sequence to spawn from
        return [np.random.default_rng(origin.integers(2**63, size=4)) for _ in range(count)]


def _state_of(stream: Source) -> dict[str, Any]:
    if isinstance(stream, np.random.RandomState):
        return {"RandomState": True, **_plain(stream.get_state(legacy=False))}
    return {"RandomState": False, **_plain(stream.bit_generator.state)}


def _in_state(name: str, state: Mapping[str, Any]) -> Source:
    kind = state["bit_generator"]
    if kind not in BIT_GENERATORS:
        raise InvalidValue(
            f"the stream of {name} is drawn by {kind!r}, wanted one of NumPy's own: "
            f"{', '.join(BIT_GENERATORS)}"
        )
    bits = getattr(np.random, kind)(0)
    given = {key: value for key, value in state.items() if key != "RandomState"}
    if state["RandomState"]:
        found = np.random.RandomState(bits)
        found.set_state(given)
        return found
    bits.state = given
    return np.random.Generator(bits)


def _plain(state: Any) -> Any:
    """Return a state with lists in the place of arrays, as JSON can hold it."""
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    if isinstance(state, np.ndarray):
        return state.tolist()
    return state.item() if isinstance(state, np.generic) else state
