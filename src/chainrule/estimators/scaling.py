"""`Scaling`: zero mean and unit variance of each column, and how a network is folded with it.

A network that is trained on scaled inputs and targets is the same function as one of raw inputs
and targets with other weights in its first and last layer. So `coefs_` stay in raw units, and
nothing has to be scaled when it predicts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.parameters import Parameters

Matrix = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Scaling:
    """What is subtracted from each column, and what it is divided by then.

    Parameters
    ----------
    mean : ndarray of float64, shape (n_columns,)
    scale : ndarray of float64, shape (n_columns,)
        Larger than 0.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def none(cls, columns: int) -> Scaling:
        """Return the scaling that changes nothing."""
        return cls(np.zeros(columns), np.ones(columns))

    @classmethod
    def of(cls, table: Matrix, weights: NDArray[np.float64] | None = None) -> Scaling:
        """Return the mean and standard deviation of each column.

        Parameters
        ----------
        table : ndarray, shape (n_samples, n_columns)
            Finite numbers.
        weights : ndarray, shape (n_samples,), optional
            How much each row counts: a weight of 2 is the row twice.

        Returns
        -------
        Scaling
            A column that is constant, to rounding, has its own mean and the scale 1.
        """
        largest = np.abs(table).max(axis=0, initial=0.0).astype(np.float64)
        unit = np.where(largest > 0, largest, 1.0)  # squares of huge numbers are none
        mean = np.average(table / unit, axis=0, weights=weights)
        away = table / unit - mean
        deviation = np.sqrt(np.average(away * away, axis=0, weights=weights))
        # Below that, what is left of a constant column is rounding of its mean.
        varies = deviation > 10 * len(table) * np.finfo(table.dtype).eps
        return cls(mean * unit, np.where(varies, deviation * unit, 1.0))

    @property
    def changes_nothing(self) -> bool:
        """Whether it is `none`."""
        return bool((self.mean == 0).all() and (self.scale == 1).all())

    def apply(self, table: Matrix) -> Matrix:
        """Return the scaled table, in its own dtype."""
        if self.changes_nothing:
            return table
        scaled: Matrix = ((table - self.mean) / self.scale).astype(table.dtype, copy=False)
        return scaled


def to_raw(params: Parameters, inputs: Scaling, targets: Scaling) -> Parameters:
    """Return the parameters that do with raw numbers what `params` do with scaled ones.

    Parameters
    ----------
    params : Parameters
    inputs, targets : Scaling
        Targets may be scaled only if the last activation is the identity.
    """
    raw = params.copy()
    last = len(params.sizes) - 1
    _scale_rows(raw, last, targets.scale)
    raw[f"b{last}"][...] += targets.mean[:, np.newaxis]
    first = raw["W1"].astype(np.float64) / inputs.scale
    raw["b1"][...] -= (first @ inputs.mean)[:, np.newaxis]
    raw["W1"][...] = first
    return raw


def to_scaled(params: Parameters, inputs: Scaling, targets: Scaling) -> Parameters:
    """Return what `to_raw` turns into `params`, to rounding.

    Parameters
    ----------
    params : Parameters
    inputs, targets : Scaling
    """
    scaled = params.copy()
    last = len(params.sizes) - 1
    first = scaled["W1"].astype(np.float64)
    scaled["b1"][...] += (first @ inputs.mean)[:, np.newaxis]
    scaled["W1"][...] = first * inputs.scale
    scaled[f"b{last}"][...] -= targets.mean[:, np.newaxis]
    _scale_rows(scaled, last, 1 / targets.scale)
    return scaled


def _scale_rows(params: Parameters, layer: int, factors: NDArray[np.float64]) -> None:
    params[f"W{layer}"][...] *= factors[:, np.newaxis]
    params[f"b{layer}"][...] *= factors[:, np.newaxis]
