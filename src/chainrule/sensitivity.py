"""Jacobians of single examples, from the same equations: every example is a batch of its own.

A plan takes stacks of matrices. With the examples along an axis in front, one to a matrix, the sum
over examples in each equation has one term, and what it would add up stays apart. A second axis in
front, along which one output after the other is selected, gives the Jacobian of all outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule import notation
from chainrule.architecture import Architecture
from chainrule.arrays import Array
from chainrule.derive import derive, derive_outputs
from chainrule.errors import InvalidType
from chainrule.evaluate import Plan
from chainrule.examples import inputs
from chainrule.network import Network
from chainrule.parameters import Parameters


def input_jacobian(net: Network, params: Parameters, x: Any) -> Array:
    """Return the Jacobian of the outputs with respect to the inputs, of every example.

    Parameters
    ----------
    net : Network
        Without dropout, whatever its rates.
    params : Parameters
        Of this network.
    x : array_like, shape (n0, m)
        Inputs.

    Returns
    -------
    ndarray, shape (m, n_L, n0)
        Entry [e, k, j] is how output k of example e moves with its input j.

    Examples
    --------
    >>> net = Network([2, 1], activation="identity", cost="squared_error")
    >>> params = Parameters.from_arrays(W1=[[3, 4]], b1=[[0]])
    >>> input_jacobian(net, params, [[1], [1]])
    array([[[3., 4.]]])
    """
    name = notation.activations(0)
    return _of_outputs(net, params, x, [name])[name][..., 0]


def per_example_jacobians(net: Network, params: Parameters, x: Any) -> dict[str, Array]:
    """Return the Jacobian of the outputs by every parameter, of every example.

    This is what second-order methods for least squares are made of.

    Parameters
    ----------
    net : Network
        Without dropout, whatever its rates.
    params : Parameters
        Of this network.
    x : array_like, shape (n0, m)
        Inputs.

    Returns
    -------
    dict of str to ndarray, shape (m, n_L, rows, columns)
        By parameter: entry [e, k, i, j] is how output k of example e moves with W1[i, j].

    Examples
    --------
    >>> net = Network([2, 1], activation="identity", cost="squared_error")
    >>> per_example_jacobians(net, net.initialize(0), [[5, 7], [6, 8]])["W1"][:, 0, 0]
    array([[5., 6.],
           [7., 8.]])
    """
    return _of_outputs(net, params, x, None)


def per_example_gradients(net: Network, params: Parameters, x: Any, y: Any) -> dict[str, Array]:
    """Return the Jacobian of the cost of every example by every parameter.

    Parameters
    ----------
    net : Network
        Without dropout and penalty, whatever it has of them.
    params : Parameters
        Of this network.
    x, y : array_like, shape (n0, m) and (n_L, m)
        Inputs and targets.

    Returns
    -------
    dict of str to ndarray, shape (m, rows, columns)
        By parameter. Their mean over the examples is the Jacobian of the cost without penalty.

    Examples
    --------
    >>> net = Network([1, 1], activation="identity", cost="squared_error")
    >>> params = Parameters.from_arrays(W1=[[1]], b1=[[0]])
    >>> per_example_gradients(net, params, [[2, 3]], [[0, 1]])["b1"].ravel()
    array([4., 4.])
    """
    _check(net)
    values = net.batch(x, y, net.owns(params).dtype)
    apart = {name: _one_by_one(value) for name, value in values.items()}
    plan = _plan(net.architecture, notation.COST, tuple(map(notation.adjoint, params)))
    found = plan({**params.views, **apart}, net.architecture.constants(apart))
    examples = len(apart[notation.TARGETS])
    return {name: _filled(value, (examples,)) for name, value in zip(params, found, strict=True)}


def _of_outputs(
    net: Network, params: Parameters, x: Any, wanted: Sequence[str] | None
) -> dict[str, Array]:
    """Return the Jacobians of all outputs by named quantities, all parameters if none are named.

    Axes: example, output, quantity.
    """
    _check(net)
    dtype = net.owns(params).dtype
    name, outputs = notation.activations(0), net.architecture.outputs
    a0 = inputs(net.architecture, x, dtype)[name]
    values = {
        **params.views,
        name: _one_by_one(a0)[:, np.newaxis],
        notation.SELECTOR: np.eye(outputs, dtype=dtype)[:, :, np.newaxis],
    }
    names = params.names if wanted is None else wanted
    adjoints = tuple(notation.adjoint(each, notation.OUTPUT) for each in names)
    plan = _plan(net.architecture, notation.OUTPUT, adjoints)
    found = plan(values, net.architecture.constants(values))
    front = (a0.shape[1], outputs)
    return {each: _filled(value, front) for each, value in zip(names, found, strict=True)}


def _check(net: Any) -> None:
    if not isinstance(net, Network):
        raise InvalidType(f"net is {net!r}, wanted a Network such as Network([2, 3, 1], …)")


@lru_cache(maxsize=64)
def _plan(architecture: Architecture, of: str, wanted: tuple[str, ...]) -> Plan:
    """Return equations made ready, once for each network."""
    if of == notation.OUTPUT:
        return Plan(derive_outputs(architecture), wanted)
    return Plan(derive(replace(architecture, l2=0.0), dropout=False), wanted)


def _one_by_one(columns: Array) -> Array:
    """Return columns as a stack of matrices with one column each."""
    return columns.T[:, :, np.newaxis]


def _filled(jacobian: Array, front: tuple[int, ...]) -> Array:
    """Return a stack with all its axes in front, for what is the same in every example too."""
    return np.broadcast_to(jacobian, front + jacobian.shape[-2:]).copy()
