"""A step of somebody's backward pass as a fragment of a network, and the mistakes made in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from chainrule import notation
from chainrule.checking.hypotheses import evaluated, unit_columns
from chainrule.checking.mutations import changes, ground_of
from chainrule.network import Network
from chainrule.solutions.reading import Array
from chainrule.solutions.witness import TOLERANCE


@dataclass(frozen=True)
class Named:
    """A mistake of one step.

    Parameters
    ----------
    slug, words : str
    """

    slug: str
    words: str


@dataclass
class Fragment:
    """A step as a fragment of a network.

    Parameters
    ----------
    wanted : str
        The equation that the gradient is.
    sizes : tuple of int
    activation : str
        Of the first layer.
    values : dict of str to ndarray
        What is known of the network, units × examples.
    spelled : dict of str to str
        What people call it.
    turned : bool
        Whether the gradient is to be transposed before it is compared.
    flat : bool
        Whether its entries are compared one by one, whatever its shape.
    """

    wanted: str
    sizes: tuple[int, ...]
    activation: str = "identity"
    values: dict[str, Array] = field(default_factory=dict)
    spelled: dict[str, str] = field(default_factory=dict)
    turned: bool = False
    flat: bool = False

    @property
    def examples(self) -> int:
        """How many there are."""
        return int(self.values["a1"].shape[1])

    def seen(self, came: Array) -> Array:
        """Return a gradient as the network has it."""
        if self.flat:
            return came.reshape(1, -1)
        return came.T if self.turned else came

    def said(self, words: str) -> str:
        """Return words with the names of a network replaced by theirs."""
        names = sorted(self.spelled, key=len, reverse=True)
        pattern = "|".join(map(re.escape, names))
        return re.sub(pattern, lambda m: self.spelled[m[0]], words) if names else words


def mutation(fragment: Fragment, came: Array, truth: Array) -> Named | None:
    """Return the first mistake in the derivation of a fragment that explains what came.

    Parameters
    ----------
    fragment : Fragment
    came, truth : ndarray
        As the person has them.
    """
    layers = len(fragment.sizes) - 1
    activations = [fragment.activation, *["identity"] * (layers - 1)]
    cost = "squared_error" if fragment.activation != "softmax" else "categorical_cross_entropy"
    network = Network(fragment.sizes, activation=activations, cost=cost)
    ground = ground_of(network.architecture)
    met, right = fragment.seen(came), fragment.seen(truth)
    values = {**unit_columns(fragment.sizes), **fragment.values}
    own = ground.equations[fragment.wanted].expr
    for change in changes(network.architecture):
        if change.equation != fragment.wanted or change.expr == own:
            continue
        guess = evaluated(change, values, fragment.examples)
        if guess is not None and guess.shape == met.shape and near(met, guess, right):
            return Named(change.slug, fragment.said(change.words))
    first = _first_example(fragment)
    if first is not None and first.shape == met.shape and near(met, first, right):
        words = f"{fragment.said('δ2')} and {fragment.said('a1')} are taken of one example only"
        return Named("one_example_only", words)
    return None


def _first_example(fragment: Fragment) -> Array | None:
    delta, a = fragment.values.get(notation.adjoint("z2")), fragment.values.get("a1")
    if delta is None or a is None or fragment.wanted != notation.adjoint("W2") or a.shape[1] < 2:
        return None
    return np.asarray(delta[:, :1] @ a[:, :1].T)


def near(met: Array, guess: Array, right: Array) -> bool:
    """Return whether what came is what a guess says, for its size and that of what is right."""
    if not np.isfinite(guess).all():
        return False
    size = float(np.max(np.abs(right), initial=0.0)) + float(np.max(np.abs(guess), initial=0.0))
    return bool(np.max(np.abs(met - guess), initial=0.0) <= TOLERANCE * size)
