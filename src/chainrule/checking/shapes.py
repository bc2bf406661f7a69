"""The shape of what came, compared strictly and apart from its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.checking.hypotheses import Numbers
from chainrule.checking.search import equation_of


@dataclass(frozen=True)
class Shaped:
    """What came, brought into the right shape where that is possible.

    Parameters
    ----------
    values : ndarray of float64 or None
        ``None`` where nothing can be compared.
    slug, words : str
        What is wrong with the shape; empty where nothing is.
    single : bool
        Whether it was computed in less than float64.
    """

    values: NDArray[np.float64] | None
    slug: str = ""
    words: str = ""
    single: bool = False


def shaped(numbers: Numbers, entry: str, came: NDArray[Any]) -> Shaped:
    """Return an entry in the shape that it should have.

    Parameters
    ----------
    numbers : Numbers
    entry : str
    came : ndarray
        As a person's code returned it.
    """
    wanted = numbers.right[equation_of(entry)].shape
    single = came.dtype.kind == "f" and came.dtype.itemsize < 8
    values = came.astype(float)
    if values.shape == wanted:
        return Shaped(values, single=single)
    met = f"it has shape {values.shape}, wanted {wanted}"
    examples = numbers.right["y"].shape[1]
    if entry.startswith("b") and values.ndim == 2 and values.shape == (wanted[0], examples):
        summed = values.sum(axis=1, keepdims=True)
        return Shaped(summed, "bias_not_summed", f"{met}: one column for every example", single)
    if values.size == max(wanted[0], 1) * wanted[1] and 1 in wanted:
        return Shaped(values.reshape(wanted), "kept_dimension", met, single)
    if values.ndim == 2 and values.T.shape == wanted:
        return Shaped(values.T, "transposed", met, single)
    if values.size == np.prod(wanted) and values.squeeze().shape == tuple(
        n for n in wanted if n > 1
    ):
        return Shaped(values.reshape(wanted), "kept_dimension", met, single)
    square = values.ndim == 2 and values.shape[0] == values.shape[1] and 1 in wanted
    return Shaped(None, "one_dimensional_input" if square else "not_expanded", met, single)
