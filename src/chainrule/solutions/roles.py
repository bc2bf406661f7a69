"""What people call the parts of a solution: forward pass, cost, activation, parameters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from chainrule.solutions.calls import as_array
from chainrule.solutions.reading import Array, Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.styles import binding
from chainrule.solutions.styles.signatures import signatures

FORWARD = (
    "feed_forward", "feedforward", "feedForward", "network_function", "L_model_forward",
    "model_forward", "forward_propagation", "forward_prop", "forward_pass", "forwardprop",
    "forward_propagate", "propagate_forward", "full_forward_propagation", "forward", "feed_fwd",
    "fwd", "network", "net", "predict",
)  # fmt: skip
COST = (
    "cost", "cost_function", "compute_cost", "compute_loss", "loss", "loss_function", "C", "J",
    "mse", "MSE", "cross_entropy", "cross_entropy_loss", "binary_cross_entropy", "calculate_cost",
    "calculate_loss", "get_cost", "get_cost_value", "calc_cost", "calc_loss", "mse_loss",
    "compute_cost_with_regularization", "cost_fn", "loss_fn", "total_cost", "error",
)  # fmt: skip
ACTIVATION = ("sigma", "sigmoid", "activation", "act", "f", "phi", "tanh", "relu", "ReLU", "g")
SLOPE = (
    "d_sigma", "dsigma", "sigma_prime", "d_sigmoid", "dsigmoid", "sigmoid_prime", "sigmoid_deriv",
    "sigmoid_derivative", "sigmoid_der", "sigmoid_grad", "sigmoidGradient", "sigma_derivative",
    "derivative", "df", "f_prime", "d_f", "d_tanh", "tanh_prime", "tanh_derivative", "d_relu",
    "relu_prime", "relu_derivative", "relu_deriv", "ReLU_deriv", "drelu", "d_activation",
    "activation_derivative", "activation_prime", "d_act", "phi_prime", "dphi", "g_prime", "dtanh",
)  # fmt: skip

COST_NAME = re.compile(r"(total_?)?(cost|loss|error|J|L|C)", re.IGNORECASE)
OUTPUTS = (
    "AL", "aL", "yhat", "y_hat", "Y_hat", "y_pred", "Y_pred", "output", "out", "o", "probs",
)  # fmt: skip


def first(found: Iterable[str], names: Iterable[str], taken: Collection[str] = ()) -> str | None:
    """Return the first of some names that is there."""
    there = set(found) - set(taken)
    return next((name for name in names if name in there), None)


def forward_pass(
    space: Space, params: Collection[str], cost: str | None, gradients: Collection[str]
) -> str | None:
    """Return the function that is a forward pass by what it does; ``None`` if there is none.

    It makes something of the inputs and of all parameters, has no use for targets, and the cost
    calls it, or without one the gradients do. Of several the outermost counts, which is the one
    that ends with the outputs, unless one of them is called as forward passes are.

    Parameters
    ----------
    space : Space
    params : collection of str
        Names of the parameters, as globals or as arguments.
    cost : str or None
    gradients : collection of str
        Functions that return gradients.
    """

    def is_one(name: str) -> bool:
        if not callable(space.names.get(name)) or isinstance(space[name], type):
            return False
        uses = space.reads(name) | set(binding.arguments(space, name))
        # Names that are read hold attributes too: the T in x.T is no target.
        aims = (uses - {"T"}) & set(binding.TARGETS)
        return bool(uses & set(binding.INPUTS)) and set(params) <= uses and not aims

    for callers in ((cost,) if cost else (), gradients):
        called = set().union(*(space.reads(each) for each in callers if each in space))
        fits = [
            name
            for name in space.definitions.found
            if name in called - {cost, *gradients} and is_one(name)
        ]
        inner = set().union(*(space.reads(name) - {name} for name in fits))
        outer = [name for name in fits if name not in inner] or fits
        if fits:
            return first(fits, FORWARD) or outer[0]
    return None


def parameter_names(space: Space, layers: int) -> dict[str, str]:
    """Return what W1 … bL are called as globals: ``w1``, ``W_1``, ``bias1`` and so on."""
    read = set().union(*(space.reads(name) for name in space.definitions.found))
    read |= {each for name in space.definitions.found for each in binding.arguments(space, name)}
    found = {}
    for kind, words in (("W", "W|w|weights?|theta|Theta"), ("b", "b|B|bias(?:es)?")):
        for layer in range(1, layers + 1):
            entry = f"{kind}{layer}"
            pattern = re.compile(rf"^(?:{words})_?{layer}$")
            fits = sorted(name for name in read if pattern.match(name))
            found[entry] = entry if entry in fits or not fits else fits[0]
    return found


def number(space: Space, name: str, result: Any) -> float | Trouble:
    """Return what a cost returned as one number."""
    if isinstance(result, Trouble):
        return result
    if isinstance(result, (tuple, list)) and result and np.size(result[0]) == 1:
        result = result[0]
    array = as_array(name, result, space.place(name))
    if isinstance(array, Trouble):
        return array
    if array.size == 1:
        return float(array.item())
    return Trouble(
        "wrong_type",
        f"{name} returned an array of shape {array.shape}, wanted one number",
        space.place(name),
    )


def cached(space: Space, name: str, result: Any) -> dict[str, Any]:
    """Return what stands in a tuple beside what a function returns, by the names it has there."""
    returns = signatures(space.definitions).get(name)
    if returns is None or not isinstance(result, (tuple, list)):
        return {}
    found: dict[str, Any] = {}
    for names, values in zip(returns.returns, result, strict=False):
        if isinstance(names, tuple) and isinstance(values, (tuple, list)):
            found |= {
                each: value
                for each, value in zip(names, values, strict=False)
                if isinstance(each, str) and each
            }
    return found


def cost_in(space: Space, name: str, result: Any) -> float | None:
    """Return the cost among what a forward pass returns: a number called so; else ``None``."""
    if not isinstance(result, tuple):
        return None
    for said, value in binding.named(space, name, result).items():
        if COST_NAME.fullmatch(said) and np.size(value) == 1:
            return float(np.asarray(value, float).item())
    return None


def last_layer(space: Space, name: str, result: Any, layers: int) -> Array | Trouble:
    """Return the activations of the last layer, of whatever a forward pass returned.

    By their name where it is given (``A2``, ``a2``, ``AL``, ``yhat``), else the last array of a
    tuple, or the first where a cache comes behind it.
    """
    names = {**cached(space, name, result), **binding.named(space, name, result)}
    numbered = (f"{letter}{layers}" for letter in ("a", "A", "a_", "A_"))
    for spelled in (*numbered, *OUTPUTS):
        if isinstance(names.get(spelled), np.ndarray):
            return np.asarray(names[spelled])
    if isinstance(result, (tuple, list)) and len(result):
        if np.ndim(result[0]) == 0 and isinstance(result[0], (float, np.floating)):
            return Trouble("wrong_type", f"{name} returned a cost, and no activations by name")
        if isinstance(result[-1], np.ndarray):
            result = result[-1]
        elif isinstance(result[-1], (list, tuple)) and isinstance(result[0], (list, tuple)):
            result = result[-1][-1] if len(result[-1]) else None  # lists of z and a
        else:
            result = result[0]
    if isinstance(result, (tuple, list)) and len(result) and isinstance(result[-1], np.ndarray):
        result = result[-1]
    if isinstance(result, Mapping):
        return Trouble("wrong_type", f"{name} returned no activations of the last layer")
    return as_array(name, result, space.place(name))
