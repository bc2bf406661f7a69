"""Weights from and to other libraries: scikit-learn's lists, PyTorch's ``state_dict``.

Only arrays change hands. Neither library is imported: whatever has the right attributes will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule import notation
from chainrule.arrays import Array, real_array
from chainrule.errors import InvalidType, InvalidValue, ShapeError
from chainrule.parameters import Parameters


def from_sklearn(model: Any, intercepts: Sequence[Any] | None = None) -> Parameters:
    """Return the weights of a fitted scikit-learn network, or of its two lists.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor or sequence of array_like
        Fitted; or its ``coefs_``, of shapes (n_in, n_out), beside `intercepts`.
    intercepts : sequence of array_like, optional
        Its ``intercepts_``, of shapes (n_out,).

    Returns
    -------
    params : Parameters
        With W1 = ``coefs_[0].T`` and so on, copied; float32 where all arrays are.

    Raises
    ------
    InvalidType, InvalidValue, ShapeError
        If the model is not fitted, or the lists do not fit each other.

    Examples
    --------
    >>> from_sklearn([[[1.0, 2.0, 3.0]]], [[0.0, 0.0, 0.0]])
    Parameters(1-3, float64: W1 3 × 1, b1 3 × 1)
    """
    if intercepts is None:
        if not (hasattr(model, "coefs_") and hasattr(model, "intercepts_")):
            raise InvalidType(
                f"model is a {type(model).__name__} without coefs_ and intercepts_, wanted a "
                "fitted MLPClassifier or MLPRegressor: call fit first, or pass both lists"
            )
        model, intercepts = model.coefs_, model.intercepts_
    coefs, biases = list(model), list(intercepts)
    if len(coefs) != len(biases):
        raise InvalidValue(
            f"there are {len(coefs)} coefs and {len(biases)} intercepts, wanted one of each per "
            "layer"
        )
    arrays = {}
    for layer, (coef, intercept) in enumerate(zip(coefs, biases, strict=True), start=1):
        W = _matrix(f"coefs[{layer - 1}]", coef).T
        b = real_array(f"intercepts[{layer - 1}]", intercept)
        if b.shape != (len(W),):
            remedy = f"coefs[{layer - 1}] leads to {len(W)} units; give one number for each"
            raise ShapeError(f"intercepts[{layer - 1}]", b.shape, (len(W),), remedy)
        arrays[notation.weights(layer)] = W
        arrays[notation.biases(layer)] = b[:, np.newaxis]
    return Parameters.from_arrays(arrays)


def to_sklearn(params: Parameters) -> tuple[list[Array], list[Array]]:
    """Return weights as scikit-learn keeps them.

    Parameters
    ----------
    params : Parameters
        Of any network.

    Returns
    -------
    coefs : list of ndarray, shapes (n_in, n_out)
        Copies, one per layer.
    intercepts : list of ndarray, shapes (n_out,)
        Likewise.

    Examples
    --------
    >>> coefs, intercepts = to_sklearn(Parameters([2, 3, 1]))
    >>> [coef.shape for coef in coefs], [intercept.shape for intercept in intercepts]
    ([(2, 3), (3, 1)], [(3,), (1,)])
    """
    layers = range(1, len(params.sizes))
    coefs = [params[notation.weights(layer)].T.copy() for layer in layers]
    return coefs, [params[notation.biases(layer)][:, 0].copy() for layer in layers]


_ENTRY = re.compile(r"(?P<module>.*?)\.?(?P<kind>weight|bias)\Z")


def from_state_dict(state: Mapping[str, Any]) -> Parameters:
    """Return the weights of a PyTorch model that is a sequence of linear layers.

    Parameters
    ----------
    state : mapping of str to tensor or array_like
        Its ``state_dict()``: ``"0.weight"`` (n_out, n_in), ``"0.bias"`` (n_out,), ``"2.weight"``, …
        in any module. Where names differ in their numbers alone, layers come in the order of the
        numbers; else in that of the mapping.

    Returns
    -------
    params : Parameters
        Copied; a layer without bias gets one of zeros. Half precision becomes float32.

    Raises
    ------
    InvalidType, InvalidValue, ShapeError
        If an entry is not of a linear layer, or layers do not fit each other.

    Examples
    --------
    >>> from_state_dict({"0.weight": [[1.0, 2.0]], "0.bias": [3.0]}).b1
    array([[3.]])
    """
    if not isinstance(state, Mapping):
        raise InvalidType(
            f"state is a {type(state).__name__}, wanted a mapping: model.state_dict()"
        )
    layers: dict[str, dict[str, Array]] = {}
    for name, tensor in state.items():
        found = _ENTRY.match(str(name))
        array = _from_tensor(str(name), tensor)
        dimensions = {"weight": 2, "bias": 1}
        if found is None or array.ndim != dimensions[found["kind"]]:
            raise InvalidValue(
                f"{name} has shape {array.shape}: it is neither weight nor bias of a linear layer; "
                "only a sequence of linear layers, with activations between, can be taken over"
            )
        layers.setdefault(found["module"], {})[found["kind"]] = array
    if not layers:
        raise InvalidValue("state is empty, wanted the weights of at least one linear layer")
    arrays = {}
    for layer, module in enumerate(_in_order(layers), start=1):
        entry = layers[module]
        if "weight" not in entry:
            raise InvalidValue(f"{module}.weight is missing beside {module}.bias")
        W = entry["weight"]
        bias = entry.get("bias", np.zeros(len(W), W.dtype))
        if bias.shape != (len(W),):
            raise ShapeError(f"{module}.bias", bias.shape, (len(W),), "one number per unit")
        arrays[notation.weights(layer)] = W
        arrays[notation.biases(layer)] = bias[:, np.newaxis]
    return Parameters.from_arrays(arrays)


def to_state_dict(params: Parameters, modules: Iterable[str] | None = None) -> dict[str, Array]:
    """Return weights as PyTorch names and shapes them.

    With ``state = to_state_dict(params)``,
    ``model.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})``
    fills an ``nn.Sequential`` of linear layers with an activation after each.

    Parameters
    ----------
    params : Parameters
        Of any network.
    modules : iterable of str, optional
        Name of each linear layer; ``"0"``, ``"2"``, ``"4"``, … where nothing is said.

    Returns
    -------
    dict of str to ndarray
        Copies, ``"0.weight"`` (n_out, n_in), ``"0.bias"`` (n_out,), …

    Raises
    ------
    InvalidValue
        If the names are not as many as the layers.

    Examples
    --------
    >>> list(to_state_dict(Parameters([2, 3, 1])))
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """
    layers = len(params.sizes) - 1
    names = [str(2 * k) for k in range(layers)] if modules is None else list(modules)
    if len(names) != layers:
        raise InvalidValue(f"modules has {len(names)} names, wanted {layers}: one per layer")
    state = {}
    for layer, name in enumerate(names, start=1):
        state[f"{name}.weight"] = params[notation.weights(layer)].copy()
        state[f"{name}.bias"] = params[notation.biases(layer)][:, 0].copy()
    return state


def _matrix(name: str, value: Any) -> Array:
    array = real_array(name, value)
    if array.ndim != 2:
        raise ShapeError(name, array.shape, "(n_in, n_out)", "give one matrix per layer")
    return array


def _from_tensor(name: str, tensor: Any) -> Array:
    """Return a tensor, on whatever device and in whatever precision, as an array."""
    for step in ("detach", "cpu", "float" if _is_half(tensor) else "", "numpy"):
        if step and hasattr(tensor, step):
            tensor = getattr(tensor, step)()
    return real_array(name, tensor)


def _is_half(tensor: Any) -> bool:
    return str(getattr(tensor, "dtype", "")) in ("torch.bfloat16", "torch.float16")


def _in_order(modules: Iterable[str]) -> list[str]:
    """Return names in the order of their numbers, where nothing else differs: 10 comes after 2."""
    names = list(modules)
    if len({re.sub(r"\d+", "#", name) for name in names}) > 1:
        return names
    return sorted(names, key=lambda name: [int(digits) for digits in re.findall(r"\d+", name)])
