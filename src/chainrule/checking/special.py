"""Mistakes that are seen in the numbers of one entry, beside those made in an equation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.checking.fitting import BELOW
from chainrule.checking.hypotheses import Numbers

Array = NDArray[np.float64]

APART = 1e-3
"""What differs by less, relative, is not told from what is right by its places."""

SHARE = 1e-6
"""Largest relative residual of something that is added to what is right."""


@dataclass(frozen=True)
class Special:
    """One mistake in one entry.

    Parameters
    ----------
    slug, words : str
    predicted : ndarray
        What it makes of the entry.
    ties : tuple of str
        Other names of the same.
    weak : bool
        Whether it fits so easily that everything else is tried first.
    """

    slug: str
    words: str
    predicted: Array
    ties: tuple[str, ...] = ()
    weak: bool = False


def specials(numbers: Numbers, entry: str, came: Array) -> Iterator[Special]:
    """Yield what may explain an entry, with the numbers that it predicts.

    Parameters
    ----------
    numbers : Numbers
    entry : str
        ``"W1"``, ``"b1"``, …
    came : ndarray
        What a person's code returned, in the right shape.
    """
    right: Array = numbers.right[notation.adjoint(entry)]
    jacobian = notation.text(notation.adjoint(entry))
    if right.shape[0] == right.shape[1] > 1:
        yield Special("transposed", f"{jacobian} is transposed", right.T)
    yield from _examples(numbers, entry, right)
    yield from _penalties(numbers, entry, came, right)
    yield from _lines(came, right, jacobian)
    yield from _scattered(came, right, jacobian)


def _lines(came: Array, right: Array, jacobian: str) -> Iterator[Special]:
    """One row, or one column, that is zero, or at least the only one that is wrong."""
    rounding = BELOW * float(np.max(np.abs(right), initial=0.0))
    different = np.abs(came - right) > SHARE * np.abs(right) + rounding
    for axis, what in ((0, "row"), (1, "column")):
        lines = np.flatnonzero(different.any(axis=1 - axis))
        if came.shape[axis] < 2 or lines.size != 1:
            continue
        line = (lines[0], slice(None)) if axis == 0 else (slice(None), lines[0])
        predicted = right.copy()
        predicted[line] = came[line]
        empty = not came[line].any()
        how = "is left out: it is zero" if empty else "alone is wrong"
        words = f"{what} {lines[0] + 1} of {jacobian} {how}"
        yield Special("row_skipped", words, predicted, weak=not empty)


def _scattered(came: Array, right: Array, jacobian: str) -> Iterator[Special]:
    """Entries that are right where they are not zero, or all there in other places."""
    if right.size < 3:
        return
    picked = np.where(came == 0, 0.0, right)
    if came.any() and np.any(picked != right):
        words = f"{np.count_nonzero(came)} of {came.size} entries of {jacobian} are there alone"
        yield Special("picked_entries", words, picked)
    order = np.argsort(came, axis=None)
    predicted = np.empty_like(right)
    predicted.ravel()[order] = np.sort(right, axis=None)
    if np.max(np.abs(predicted - right)) > APART * np.max(np.abs(right)):
        words = f"the entries of {jacobian} are right, but stand in each other's places"
        yield Special("index_scatter", words, predicted)


def _examples(numbers: Numbers, entry: str, right: Array) -> Iterator[Special]:
    """Examples that are left out, or that alone are counted."""
    parts = contributions(numbers, entry)
    count = parts.shape[-1]
    if count < 2:
        return
    for place in range(count):
        which = f"example {place + 1} of {count} is left out"
        if count == 2:
            continue  # then the other alone is counted
        yield Special("row_skipped", which, right - parts[..., place])
    rest = right - parts.sum(axis=-1)  # a penalty
    for place, slug, tie in (
        (count - 1, "lost_path", "one_example_only"),
        (0, "one_example_only", "lost_path"),
    ):
        which = f"example {place + 1} of {count} alone is counted"
        hint = f"{which}: = stands where += belongs?" if place else which
        ties = (tie, "row_skipped") if count == 2 else (tie,)
        yield Special(slug, hint, rest + parts[..., place], ties)
        yield Special(slug, f"{hint}, and not divided by m", rest + count * parts[..., place], ties)


def contributions(numbers: Numbers, entry: str) -> Array:
    """Return what each example adds to a Jacobian, the examples along the last axis."""
    kind, layer = notation.split(entry)
    delta = numbers.right[notation.adjoint(notation.weighted_sums(int(layer)))]
    if kind == "b":
        return np.asarray(delta[:, None, :])
    before = numbers.right[notation.activations(int(layer) - 1)]
    return np.asarray(delta[:, None, :] * before[None, :, :])


def _penalties(numbers: Numbers, entry: str, came: Array, right: Array) -> Iterator[Special]:
    """Penalties with a factor of their own, also beside a factor of the rest."""
    decay = numbers.ground.architecture.l2
    theta: Array = numbers.right[entry]
    name = notation.text(entry)
    if came.size < 2 or not np.isfinite(came).all():
        return
    share = _share(came - right, theta)
    if share is not None:
        predicted = right + share * theta
        if not entry.startswith("W"):
            words = f"{share:.6g} {name} is added, but the cost does not penalise biases"
            yield Special("penalty_on_bias", words, predicted)
        elif decay:
            words = f"{share + decay:.6g} {name} stands where the penalty gives {decay:.6g} {name}"
            yield Special("penalty_factor", words, predicted)
        else:
            words = f"{share:.6g} {name} is added, but the cost has no penalty"
            yield Special("penalty_factor", words, predicted)


def early_step(numbers: Numbers, layer: int, came: Array, entry: str) -> float | None:
    """Return by what part of their Jacobian the weights above a layer were updated too early.

    Then h = g − η (what J_W sends back), with W above a layer already W − η J_W.

    Parameters
    ----------
    numbers : Numbers
    layer : int
    came : ndarray
    entry : str
        Of that layer.

    Returns
    -------
    float or None
        η, positive; ``None`` where that does not explain what came.
    """
    if layer >= numbers.ground.layers or came.size < 2:
        return None
    weights = numbers.right[notation.adjoint(notation.weights(layer + 1))]
    name = notation.adjoint(entry)
    moved = numbers.through(layer, weights)[name]
    share = _share(came - numbers.right[name], moved)
    return -share if share is not None and share < 0 else None


def _share(rest: Array, of: Array) -> float | None:
    """Return c where the rest is c times something, and not 0."""
    with np.errstate(all="ignore"):
        size = float(np.vdot(of, of))
        if not size or not np.isfinite(size) or not np.any(rest) or np.count_nonzero(of) < 2:
            return None
        share = float(np.vdot(of, rest)) / size
        good = np.max(np.abs(rest - share * of)) <= SHARE * np.max(np.abs(rest))
    return share if good and abs(share) > BELOW else None
