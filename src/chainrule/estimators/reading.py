"""Weights in scikit-learn's form and in ours, and what a network makes of rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule import notation
from chainrule.estimators import translation
from chainrule.network import Network
from chainrule.parameters import Parameters

ROWS = 4096
"""Rows of a sparse table that are made dense at once, to predict."""


def dense(X: Any) -> NDArray[Any]:
    """Return a table as an array: the engine multiplies dense numbers.

    Parameters
    ----------
    X : ndarray or sparse matrix, shape (n_samples, n_features)

    Raises
    ------
    ValueError
        If it does not fit into memory.
    """
    if not sparse.issparse(X):
        return np.asarray(X)
    try:
        found: NDArray[Any] = X.toarray()
    except MemoryError:
        size = X.shape[0] * X.shape[1] * X.dtype.itemsize / 2**30
        raise ValueError(
            f"X is sparse and takes {size:,.1f} GiB as a dense table, which training needs, wanted "
            "what fits into memory: choose fewer columns (sklearn.decomposition.TruncatedSVD)"
        ) from None
    return found


def drawn(sizes: Sequence[int], activation: Any, random: Any, dtype: Any) -> Parameters:
    """Draw starting weights and biases as scikit-learn does.

    Uniform, with the bound √(6/(n_in + n_out)) of Glorot and Bengio 2010, √(2/(n_in + n_out)) for
    the logistic function.

    Parameters
    ----------
    sizes : sequence of int
        The features first.
    activation : str or sequence of str
    random : numpy.random.RandomState
    dtype : dtype
    """
    params = Parameters(sizes, dtype=dtype)
    names = translation.activations(activation, len(sizes) - 2)
    names.append(names[-1] if names else "identity")
    for layer, name in enumerate(names, start=1):
        inputs, units = sizes[layer - 1], sizes[layer]
        bound = np.sqrt((2.0 if name == "sigmoid" else 6.0) / (inputs + units))
        params[f"W{layer}"][...] = random.uniform(-bound, bound, (inputs, units)).T
        params[f"b{layer}"][...] = random.uniform(-bound, bound, units)[:, np.newaxis]
    return params


def parameters(coefs: Sequence[Any], intercepts: Sequence[Any]) -> Parameters:
    """Return scikit-learn's lists as `Parameters`."""
    arrays: dict[str, Any] = {}
    for layer, (weights, biases) in enumerate(zip(coefs, intercepts, strict=True), start=1):
        arrays[f"W{layer}"] = np.asarray(weights).T
        arrays[f"b{layer}"] = np.asarray(biases)[:, np.newaxis]
    return Parameters.from_arrays(arrays)


def outputs(net: Network, params: Parameters, X: Any) -> NDArray[Any]:
    """Return what a network makes of the rows of a table.

    Parameters
    ----------
    net : Network
    params : Parameters
    X : ndarray or sparse matrix, shape (n_samples, n_features)

    Returns
    -------
    ndarray, shape (n_samples, n_outputs)
    """
    last = net.architecture.layers
    if not sparse.issparse(X):
        return layers(net, params, X, [last])[0]
    X = X.tocsr()
    parts = [
        layers(net, params, X[start : start + ROWS].toarray(), [last])[0]
        for start in range(0, X.shape[0], ROWS)
    ]
    return np.concatenate(parts)


def layers(
    net: Network, params: Parameters, X: NDArray[Any], wanted: Sequence[int]
) -> list[NDArray[Any]]:
    """Return the activations of some layers, shape (n_samples, n_units) each.

    Parameters
    ----------
    net : Network
    params : Parameters
    X : ndarray, shape (n_samples, n_features)
    wanted : sequence of int
        Layers, counted from 1.
    """
    values = {notation.activations(0): X.T.astype(params.dtype, copy=False)}
    names = tuple(map(notation.activations, wanted))
    with np.errstate(all="ignore"):  # what is not finite is the caller's to find
        found = net.equations.evaluate(names, params, values)
    return [np.ascontiguousarray(np.asarray(each).T) for each in found]
