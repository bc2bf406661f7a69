"""Shapes that are tried where a file tells none, and values that show mistakes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.solutions.reading import Array
from chainrule.solutions.styles.arguments import role

EXAMPLES, FEATURES = 11, 3
SHAPES: tuple[tuple[int, ...], ...] = (
    (),
    (FEATURES,),
    (FEATURES, 2),
    (2, FEATURES),
    (FEATURES, 1),
    (1, FEATURES),
    (2,),
    (2, 1),
    (1, 2),
    (1,),
    (1, 1),
)


def shapes(name: str) -> Sequence[tuple[int, ...]]:
    """Return shapes to try, the most likely first."""
    meant = role(name)
    if meant == "x":
        return ((EXAMPLES, FEATURES), (FEATURES, EXAMPLES), (EXAMPLES,), (FEATURES,))
    if meant == "y":
        return ((EXAMPLES,), (EXAMPLES, 1), (1, EXAMPLES), (EXAMPLES, 2), (2, EXAMPLES), ())
    if name[:1] in "bB":
        return ((), (2,), (1, 2), (2, 1), (1,), (1, 1))
    if name[:1] == "W":
        return SHAPES[2:] + SHAPES[:2]
    return SHAPES


def lively(rng: np.random.Generator, value: Array) -> Array:
    """Return a start that shows mistakes: not all zeros, not all the same."""
    if value.size and np.ptp(value) == 0:
        return value + 0.5 * rng.standard_normal(value.shape)
    return value
