"""The shape of what came, compared strictly and apart from its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.checking.fitting import DOUBLE, Precision, precision_of
from chainrule.checking.hypotheses import Numbers
from chainrule.checking.options import equation_of

NEAR = 1e-6
"""Largest relative distance of what explains a shape."""


@dataclass(frozen=True)
class Shaped:
    """What came, brought into the right shape where that is possible.

    Parameters
    ----------
    values : ndarray of float64 or None
        ``None`` where nothing can be compared.
    slug, words : str
        What is wrong with the shape; empty where nothing is.
    precision : Precision
        In which it came.
    """

    values: NDArray[np.float64] | None
    slug: str = ""
    words: str = ""
    precision: Precision = DOUBLE


def shaped(numbers: Numbers, entry: str, came: NDArray[Any]) -> Shaped:
    """Return an entry in the shape that it should have.

    Parameters
    ----------
    numbers : Numbers
    entry : str
    came : ndarray
        As a person's code returned it.
    """
    name = equation_of(entry)
    wanted = numbers.right[name].shape
    precision = precision_of(came)
    values = np.asarray(came, dtype=np.float64)
    if values.shape == wanted:
        return Shaped(values, precision=precision)
    other = _other_layer(numbers, entry, values)
    met = f"it has shape {values.shape}, wanted {wanted}"
    if other is not None:
        return Shaped(None, "wrong_previous_activation", f"{met}: {other}", precision)
    slug, found, words = _other(values, wanted, entry, numbers.examples)
    return Shaped(found, slug, f"{met}: {words}" if words else met, precision)


def _other_layer(numbers: Numbers, entry: str, came: NDArray[np.float64]) -> str | None:
    """Return that δ was multiplied with the activations of a layer of another size, in words."""
    kind, number = notation.split(entry)
    if kind != "W" or not np.isfinite(came).all():
        return None
    layer = int(number)
    delta = numbers.right[notation.adjoint(notation.weighted_sums(layer))]
    for j in range(numbers.ground.layers + 1):
        for name in (notation.activations(j), notation.weighted_sums(j)):
            before = numbers.right.get(name)
            if j == layer - 1 or before is None or came.shape != (len(delta), len(before)):
                continue
            predicted = delta @ before.T
            ratio = float(np.vdot(predicted, came)) / (float(np.vdot(predicted, predicted)) or 1.0)
            size = abs(ratio) * float(np.max(np.abs(predicted)))
            if size and np.max(np.abs(came - ratio * predicted)) <= NEAR * size:
                return f"δ{layer} is multiplied with {name}, where a{layer - 1} belongs"
    return None


def _other(  # noqa: PLR0911 - a table of shapes
    values: NDArray[np.float64], wanted: tuple[int, ...], entry: str, examples: int
) -> tuple[str, NDArray[np.float64] | None, str]:
    rows, columns = wanted
    if entry.startswith("b"):
        if values.shape == (rows, examples):
            words = "one column for every example"
            return "bias_not_summed", values.sum(axis=1, keepdims=True), words
        if values.shape == (examples, rows):
            words = "one row for every example"
            return "bias_not_summed", values.sum(axis=0)[:, None], words
        if values.size == 1 < rows:
            words = "a single number for all units"
            return "bias_summed_over_units", np.full(wanted, values.item()), words
        if values.size == examples != rows and values.ndim <= 2:
            return "bias_summed_over_units", None, "summed over the units, not over the examples"
    if entry.startswith("W") and values.shape == (columns, rows):
        return "transposed", values.T, ""
    if values.size == rows * columns and 1 in wanted:
        return "kept_dimension", values.reshape(wanted), ""
    if values.ndim == 2 and values.T.shape == wanted:
        return "transposed", values.T, ""
    if values.size == rows * columns and values.squeeze().shape == wanted:
        return "kept_dimension", values.reshape(wanted), ""
    if values.ndim == 3 and values.shape in ((*wanted, examples), (examples, *wanted)):
        axis = -1 if values.shape[:2] == wanted else 0
        return "not_expanded", values.sum(axis=axis), "not summed over the examples"
    if values.ndim == 2 and values.shape[0] == values.shape[1]:
        words = "arrays with one axis were spread to a square"
        return "one_dimensional_input", None, words
    if values.shape == (rows, examples):
        return "not_expanded", None, "a column for every example, as δ has it"
    return "not_expanded", None, ""
