"""Mistakes that are seen in the numbers of one entry, beside those made in an equation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.checking.hypotheses import Numbers

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Special:
    """One mistake in one entry.

    Parameters
    ----------
    slug, words : str
    predicted : ndarray
        What it makes of the entry.
    """

    slug: str
    words: str
    predicted: Array


def specials(numbers: Numbers, entry: str, came: Array, decay: float) -> Iterator[Special]:
    """Yield what may explain an entry, with the numbers that it predicts.

    Parameters
    ----------
    numbers : Numbers
    entry : str
        ``"W1"``, ``"b1"``, …
    came : ndarray
        What a person's code returned, in the right shape.
    decay : float
        λ of the penalty in their cost.
    """
    name = notation.adjoint(entry)
    right: Array = numbers.right[name]
    jacobian = notation.text(name)
    if np.any(right):
        yield Special("dead_parameter", f"{jacobian} is zero", np.zeros_like(right))
    if right.ndim == 2 and right.shape[0] == right.shape[1] > 1:
        yield Special("transposed", f"{jacobian} is transposed", right.T)
    yield from _penalties(numbers, entry, came, right, decay)
    yield from _skipped(numbers, entry, came, right)
    yield from _too_early(numbers, entry, came, right)


def _penalties(
    numbers: Numbers, entry: str, came: Array, right: Array, decay: float
) -> Iterator[Special]:
    theta: Array = numbers.right[entry]
    share = _share(came - right, theta)
    if share is None:
        return
    weights = entry.startswith("W")
    name = notation.text(entry)
    predicted = right + share * theta
    if not weights:
        yield Special(
            "penalty_on_bias", f"{share:.6g} {name} is added: no penalty is on it", predicted
        )
    elif decay and abs(share + decay) <= 1e-5 * decay:
        yield Special("penalty_missing", f"λ {name} of the penalty is left out", predicted)
    elif decay and abs(share + 2 * decay) <= 1e-5 * decay:
        yield Special("penalty_sign", f"λ {name} of the penalty is subtracted", predicted)
    else:
        words = f"{share + decay:.6g} {name} stands where the penalty gives {decay:.6g} {name}"
        yield Special("penalty_factor", words, predicted)


def _skipped(numbers: Numbers, entry: str, came: Array, right: Array) -> Iterator[Special]:
    """One row, column or example left out."""
    different = np.abs(came - right) > 1e-9 * np.max(np.abs(right), initial=0.0)
    jacobian = notation.text(notation.adjoint(entry))
    for axis, what in ((0, "row"), (1, "column")):
        if came.shape[axis] < 2:
            continue
        lines = np.flatnonzero(different.any(axis=1 - axis))
        if lines.size == 1:
            predicted = right.copy()
            line = (lines[0], slice(None)) if axis == 0 else (slice(None), lines[0])
            predicted[line] = came[line]
            words = f"{what} {lines[0] + 1} of {jacobian} alone is wrong"
            yield Special("row_skipped", words, predicted)
    parts = contributions(numbers, entry)
    count = parts.shape[-1]
    if count < 2:
        return
    for place in range(count):
        which = f"example {place + 1} of {count}"
        yield Special("row_skipped", f"{which} is left out", right - parts[..., place])
    for place in (0, count - 1):
        which = f"example {place + 1} of {count} alone is counted"
        yield Special("one_example_only", which, parts[..., place])
        yield Special("one_example_only", which, count * parts[..., place])


def contributions(numbers: Numbers, entry: str) -> Array:
    """Return what each example adds to a Jacobian, the examples along the last axis."""
    kind, layer = notation.split(entry)
    delta = numbers.right[notation.adjoint(notation.weighted_sums(int(layer)))]
    if kind == "b":
        return np.asarray(delta[:, None, :])
    before = numbers.right[notation.activations(int(layer) - 1)]
    return np.asarray(np.einsum("im,jm->ijm", delta, before))


def _too_early(numbers: Numbers, entry: str, came: Array, right: Array) -> Iterator[Special]:
    """W above was updated before δ went back through it: h = g − η (what J_W sends back)."""
    _, layer = notation.split(entry)
    above = int(layer) + 1
    if above > numbers.ground.layers:
        return
    weights = notation.adjoint(notation.weights(above))
    sent = numbers.through(int(layer), numbers.right[weights])
    moved = sent[notation.adjoint(entry)]
    share = _share(came - right, moved)
    if share is not None and share < 0:
        step = f"by {-share:.4g} J_W{above}"
        words = f"W{above} was updated ({step}) before δ{above} went back through it"
        yield Special("updated_too_early", words, right + share * moved)


def _share(rest: Array, of: Array) -> float | None:
    """Return c where the rest is c times something, and not 0."""
    size = float(np.vdot(of, of))
    if not size or not np.any(rest):
        return None
    share = float(np.vdot(of, rest)) / size
    good = np.max(np.abs(rest - share * of)) <= 1e-6 * np.max(np.abs(rest))
    return share if good and abs(share) > 1e-12 else None
