"""Factor and penalty by which a gradient that came is a multiple of one that is wanted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from chainrule.solutions.reading import Array, Trouble
from chainrule.solutions.witness import TOLERANCE


def common(came: Mapping[str, Array | Trouble], wanted: Mapping[str, Array]) -> float:
    """Return the factor that most entries have in common; 1 if none fits."""
    ratios = []
    for entry, value in came.items():
        if not isinstance(value, np.ndarray) or entry not in wanted:
            continue
        right = wanted[entry]
        square = float(np.vdot(right, right))
        if value.shape != right.shape or not square or not np.isfinite(value).all():
            continue
        ratio = float(np.vdot(right, value)) / square
        size = float(np.max(np.abs(right)))
        if ratio and np.max(np.abs(value - ratio * right)) <= TOLERANCE * abs(ratio) * size:
            ratios.append(abs(ratio))  # a sign is no convention
    if not ratios:
        return 1.0
    return max(ratios, key=lambda r: sum(abs(r - other) <= TOLERANCE * r for other in ratios))


def penalty(came: Array | Trouble | None, wanted: Array, weights: Array) -> float:
    """Return how often the weights are in what is left of a Jacobian without the data's part.

    Parameters
    ----------
    came : ndarray or Trouble or None
        Units × inputs, as it was returned.
    wanted : ndarray
        Units × inputs: the data's part, with its factor.
    weights : ndarray
        Units × inputs.

    Returns
    -------
    float
        0 where nothing of that shape was returned.
    """
    if not isinstance(came, np.ndarray) or came.shape != wanted.shape:
        return 0.0
    return float(np.vdot(weights, came - wanted) / np.vdot(weights, weights))
