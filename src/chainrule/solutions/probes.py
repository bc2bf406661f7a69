"""Parameters and data at which mistakes show.

Weights are large, biases are not 0, sizes are all different, inputs have both signs. At usual
initialisations a wrong gradient is almost proportional to the right one, and at equal sizes a
transposed one goes unseen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.parameters import Parameters
from chainrule.solutions.reading import Array, Probe

SQUARE = 5
"""Units of every layer, where code runs only if sizes agree."""

EXAMPLES = (11, 13)
FREE, HOT = "free", "hot"
"""Targets between 0 and 1; or 0 and 1, of several outputs one in every example."""


def probe(
    sizes: Sequence[int], examples: int, seed: int, targets: str = FREE, *, biases: bool = True
) -> Probe:
    """Return a probe.

    Parameters
    ----------
    sizes : sequence of int
        The inputs first.
    examples, seed : int
    targets : {"free", "hot"}, optional
    biases : bool, optional
        Whether they are anything but 0.
    """
    rng = np.random.default_rng(seed)
    params = Parameters(sizes)
    for name, view in params.items():
        spread = 1.75 / np.sqrt(view.shape[1]) if name.startswith("W") else 0.7 * biases
        view[...] = spread * rng.standard_normal(view.shape)
    x = rng.uniform(-1.0, 1.0, (sizes[0], examples))
    if targets == HOT:
        return Probe(params, x, hot(rng, sizes[-1], examples))
    return Probe(params, x, rng.uniform(0.05, 0.95, (sizes[-1], examples)))


def hot(rng: np.random.Generator, outputs: int, examples: int) -> Array:
    """Return zeros and ones: every class is met where there is room, in no order."""
    classes = max(outputs, 2)
    labels = rng.permutation(np.arange(examples) % classes)
    if outputs == 1:
        return labels[None, :].astype(float)
    return np.eye(outputs)[:, labels]


OUTPUTS = 3


def usual_sizes(layers: int, outputs: int = OUTPUTS) -> tuple[int, ...]:
    """Return sizes that are all different, the inputs first.

    Numbers of inputs and outputs are odd primes, so that a factor of 2 is none of them.
    """
    inner = (4, 7, 6, 8, 9, 10, 12, 14, 15)
    return (5, *inner[: layers - 1], outputs)


def other_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    """Return sizes with another number of inputs and of outputs."""
    return (sizes[0] + 2, *sizes[1:-1], sizes[-1] + 2 if sizes[-1] > 1 else 1)
