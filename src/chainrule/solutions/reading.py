"""What every style of solution offers to the judge: one way to call it, whatever it looks like.

A *reading* is a guess at what the code expects: which names are weights, whether examples are rows
or columns, labels or one-hot, the shape of biases. A style yields its readings, the most likely
first. The judge hands a reading probes in *our* convention (W is units × inputs, examples are
columns) and gets back what the code says, in our convention too; only where a shape is wrong under
every reading is it the code's mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from chainrule.checking.verdicts import Verdict
from chainrule.parameters import Parameters
from chainrule.solutions.findings import Finding, Place
from chainrule.solutions.space import Space

Array = NDArray[Any]


@dataclass(frozen=True)
class Probe:
    """Parameters and data, in our convention.

    Parameters
    ----------
    params : Parameters
    x : ndarray, shape (n0, m)
    y : ndarray, shape (n_L, m)
    """

    params: Parameters
    x: Array
    y: Array

    @property
    def examples(self) -> int:
        """Number of examples."""
        return int(self.x.shape[1])


@dataclass(frozen=True)
class Piece:
    """One entry of a gradient in the person's code.

    Parameters
    ----------
    entry : str
        ``"W1"``, ``"b1"``, … in our names.
    name : str
        What it is called in their code: a function, or a key of what it returns.
    place : Place or None
    """

    entry: str
    name: str
    place: Place | None


@dataclass(frozen=True)
class Trouble:
    """That something could not be had: what was raised, and where in their code.

    Where we did not find out how to call a function, the slug is empty: nothing is wrong with it.
    """

    slug: str
    sentence: str
    place: Place | None = None

    @property
    def verdict(self) -> Verdict:
        """What is to be said of it."""
        if not self.slug:
            return Verdict.NOT_JUDGED
        return Verdict.UNFINISHED if self.slug == "unfinished" else Verdict.CANNOT_RUN


class Reading(Protocol):
    """One way to read a solution."""

    style: str
    words: tuple[str, ...]
    pieces: tuple[Piece, ...]
    layers: int
    notes: list[Finding]

    def sizes(self) -> tuple[int, ...] | None:
        """Return the sizes that the code has fixed inside, the inputs first; else ``None``."""

    def gradients(self, probe: Probe) -> Mapping[str, Array | Trouble]:
        """Return every entry, as their code gives it, turned into our orientation."""

    def cost(self, probe: Probe) -> float | Trouble | None:
        """Return their cost; ``None`` if they have none."""

    def outputs(self, probe: Probe) -> Array | Trouble | None:
        """Return the activations of the last layer, units × examples; ``None`` if not to be had."""

    def activation(self) -> tuple[str, Any] | None:
        """Return name and function of their activation, if there is one for all hidden layers."""

    def slope(self) -> tuple[str, Any] | None:
        """Return name and function of its derivative."""


def names_of(reading: Reading) -> Mapping[str, str]:
    """Return what their functions are called, by role, where a reading says it.

    Roles are ``"forward"``, ``"cost"``, ``"derivative"`` and ``"update"``; a reading says it by an
    attribute ``names``, which it need not have.
    """
    found: Mapping[str, str] = getattr(reading, "names", {})
    return found


def wants_hot(reading: Reading) -> bool:
    """Return whether targets must be zeros and ones: an attribute ``hot``, which need not be."""
    return bool(getattr(reading, "hot", False))


def has_biases(reading: Reading) -> bool:
    """Return whether there are biases at all: an attribute ``biases``, which need not be."""
    return bool(getattr(reading, "biases", True))


@runtime_checkable
class Updating(Protocol):
    """A reading that has an update step as well."""

    def update(
        self, probe: Probe, gradients: Mapping[str, Array], rate: float
    ) -> Mapping[str, Array] | Trouble | None:
        """Return all parameters after one step with these gradients; ``None`` if there is none.

        Parameters
        ----------
        probe : Probe
        gradients : mapping of str to ndarray
            In our orientation.
        rate : float
            The size of the step, where one can be given.
        """


class Style(Protocol):
    """Recognises a way of writing, and yields how it may be read."""

    name: str

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield readings, the most likely first; none where this is another style."""
