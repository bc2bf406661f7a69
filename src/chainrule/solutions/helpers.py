"""The helper modules of courses that are not beside a notebook, written anew.

A notebook that says ``from dnn_utils_v2 import sigmoid, relu_backward`` counts on a file that its
reader does not have. What such modules usually hold is here, by the conventions of the courses:
examples in columns, a cache beside the value where the course has one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.solutions.helpers_rows import ROWS

Array = NDArray[Any]
Member = Callable[..., Any]


def sigmoid(Z: Any) -> Array:
    """Return 1 / (1 + exp(−Z)), without overflow."""
    z = np.asarray(Z, dtype=float)
    small = np.exp(-np.abs(z))
    found: Array = np.where(z >= 0, 1.0, small) / (1.0 + small)
    return found


def relu(Z: Any) -> Array:
    """Return max(0, Z)."""
    return np.asarray(np.maximum(0.0, Z))


def softmax(Z: Any) -> Array:
    """Return the softmax over units, that is along the first axis."""
    raised = np.exp(Z - np.max(Z, axis=0, keepdims=True))
    return np.asarray(raised / np.sum(raised, axis=0, keepdims=True))


def softmax_of_rows(Z: Any) -> Array:
    """Return the softmax over units where examples are rows, that is along the last axis."""
    return softmax(np.asarray(Z).T).T


def turn(names: dict[str, Any], rows: bool) -> bool:
    """Let a softmax that is stood in for run over units, and return whether there is one.

    Modules that are no course's own do not tell which axis theirs runs along; a reading does.

    Parameters
    ----------
    names : dict
        The globals of somebody's code.
    rows : bool
        Whether examples are rows.
    """
    ours = (softmax, softmax_of_rows)
    found = [name for name, value in names.items() if any(value is each for each in ours)]
    names.update(dict.fromkeys(found, ours[rows]))
    return bool(found)


def sigmoid_backward(dA: Array, cache: Array) -> Array:
    """Return dA ∘ s (1 − s) with s = sigmoid(cache)."""
    s = sigmoid(cache)
    return np.asarray(dA * s * (1.0 - s))


def relu_backward(dA: Array, cache: Array) -> Array:
    """Return dA where the cached sum is positive, else 0."""
    return np.where(np.asarray(cache) > 0, dA, 0.0)


def softmax_backward(dA: Array, cache: Array) -> Array:
    """Return the Jacobian of the softmax over units, times dA."""
    p = softmax(cache)
    return np.asarray(p * (dA - np.sum(dA * p, axis=0, keepdims=True)))


def sigmoid_prime(z: Array) -> Array:
    """Return the derivative of the sigmoid at z."""
    return np.asarray(sigmoid(z) * (1.0 - sigmoid(z)))


def initialize_parameters(n_x: int, n_h: int, n_y: int) -> dict[str, Array]:
    """Return small random weights and biases 0 for two layers."""
    return initialize_parameters_deep([n_x, n_h, n_y])


def initialize_parameters_deep(layer_dims: Sequence[int]) -> dict[str, Array]:
    """Return random weights, divided by the root of the inputs, and biases 0."""
    draw = np.random.RandomState(1)
    found: dict[str, Array] = {}
    for layer in range(1, len(layer_dims)):
        fan_out, fan_in = layer_dims[layer], layer_dims[layer - 1]
        found[f"W{layer}"] = draw.randn(fan_out, fan_in) / np.sqrt(fan_in)
        found[f"b{layer}"] = np.zeros((fan_out, 1))
    return found


def linear_forward(A: Array, W: Array, b: Array) -> tuple[Array, tuple[Array, Array, Array]]:
    """Return W A + b, and what the way back needs."""
    return np.asarray(W @ A + b), (A, W, b)


def linear_activation_forward(
    A_prev: Array, W: Array, b: Array, activation: str
) -> tuple[Array, Any]:
    """Return the activations of a layer, and (linear cache, activation cache)."""
    Z, linear = linear_forward(A_prev, W, b)
    function = {"sigmoid": sigmoid, "relu": relu, "softmax": softmax}[activation]
    return function(Z), (linear, Z)


def L_model_forward(X: Array, parameters: Mapping[str, Array]) -> tuple[Array, list[Any]]:  # noqa: N802
    """Return the outputs of relu layers with a sigmoid at the end, and the caches of the layers."""
    A, caches, last = X, [], len(parameters) // 2
    for layer in range(1, last + 1):
        kind = "sigmoid" if layer == last else "relu"
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        A, cache = linear_activation_forward(A, W, b, kind)
        caches.append(cache)
    return A, caches


def compute_cost(AL: Array, Y: Array) -> Any:
    """Return the binary cross-entropy: summed over outputs, mean over the examples."""
    return np.squeeze(-np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / Y.shape[1])


def linear_backward(dZ: Array, cache: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
    """Return the gradients with respect to A_prev, W and b, with 1/m in those of W and b."""
    A_prev, W, _ = cache
    m = A_prev.shape[1]
    return W.T @ dZ, dZ @ A_prev.T / m, np.sum(dZ, axis=1, keepdims=True) / m


def linear_activation_backward(
    dA: Array, cache: Any, activation: str
) -> tuple[Array, Array, Array]:
    """Return the gradients of one layer."""
    linear, Z = cache
    back = {
        "sigmoid": sigmoid_backward,
        "relu": relu_backward,
        "softmax": softmax_backward,
    }[activation]
    return linear_backward(back(dA, Z), linear)


def L_model_backward(AL: Array, Y: Array, caches: Sequence[Any]) -> dict[str, Array]:  # noqa: N802
    """Return the gradients of `compute_cost` through `L_model_forward`."""
    dA = (1 - Y) / (1 - AL) - Y / AL
    grads: dict[str, Array] = {}
    for layer in range(len(caches), 0, -1):
        kind = "sigmoid" if layer == len(caches) else "relu"
        dA, dW, db = linear_activation_backward(dA, caches[layer - 1], kind)
        grads |= {f"dA{layer - 1}": dA, f"dW{layer}": dW, f"db{layer}": db}
    return grads


def update_parameters(
    parameters: Mapping[str, Array], grads: Mapping[str, Array], learning_rate: float
) -> dict[str, Array]:
    """Return parameters − learning_rate · gradients."""
    return {name: value - learning_rate * grads[f"d{name}"] for name, value in parameters.items()}


def forward_propagation(X: Array, parameters: Mapping[str, Array]) -> tuple[Array, tuple[Any, ...]]:
    """Return the outputs and Z, A, W, b of three layers in one flat cache (relu, relu, sigmoid)."""
    A, cache = X, []
    for layer, function in ((1, relu), (2, relu), (3, sigmoid)):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        Z, _ = linear_forward(A, W, b)
        A = function(Z)
        cache += [Z, A, W, b]
    return A, tuple(cache)


def backward_propagation(X: Array, Y: Array, cache: Sequence[Any]) -> dict[str, Array]:
    """Return the gradients of `compute_cost` through `forward_propagation`."""
    _, A1, _, _, _, A2, W2, _, _, A3, W3, _ = cache
    m = X.shape[1]
    dZ3 = A3 - Y
    dA2 = W3.T @ dZ3
    dZ2 = relu_backward(dA2, cache[4])
    dA1 = W2.T @ dZ2
    dZ1 = relu_backward(dA1, cache[0])
    grads: dict[str, Array] = {"dZ3": dZ3, "dA2": dA2, "dZ2": dZ2, "dA1": dA1, "dZ1": dZ1}
    for layer, dZ, A in ((3, dZ3, A2), (2, dZ2, A1), (1, dZ1, X)):
        grads[f"dW{layer}"] = dZ @ A.T / m
        grads[f"db{layer}"] = np.sum(dZ, axis=1, keepdims=True) / m
    return grads


def _cached(function: Callable[[Any], Array]) -> Member:
    """Return the form that returns a value and its cache, as the course of deep networks has it."""

    def both(Z: Any) -> tuple[Array, Any]:
        return function(Z), Z

    return both


PLAIN: Mapping[str, Member] = {
    "sigmoid": sigmoid,
    "relu": relu,
    "softmax": softmax,
    "tanh": np.tanh,
    "sigmoid_prime": sigmoid_prime,
    "sigmoid_derivative": sigmoid_prime,
    "sigmoid_backward": sigmoid_backward,
    "relu_backward": relu_backward,
    "softmax_backward": softmax_backward,
    "initialize_parameters": initialize_parameters_deep,
    "forward_propagation": forward_propagation,
    "backward_propagation": backward_propagation,
    "compute_cost": compute_cost,
    "compute_loss": compute_cost,
    "update_parameters": update_parameters,
}
LAYERED: Mapping[str, Member] = {
    **PLAIN,
    "sigmoid": _cached(sigmoid),
    "relu": _cached(relu),
    "softmax": _cached(softmax),
    "initialize_parameters": initialize_parameters,
    "initialize_parameters_deep": initialize_parameters_deep,
    "linear_forward": linear_forward,
    "linear_activation_forward": linear_activation_forward,
    "L_model_forward": L_model_forward,
    "linear_backward": linear_backward,
    "linear_activation_backward": linear_activation_backward,
    "L_model_backward": L_model_backward,
}
MODULES: tuple[tuple[re.Pattern[str], Mapping[str, Member]], ...] = (
    (re.compile(r"^dnn(_app)?_utils(_v\d+)?(_\w+)?$"), LAYERED),
    (re.compile(r"^(planar|reg|init|gc|opt|opt_utils|nn)_utils(_v?\d\w*)?$"), PLAIN),
    (re.compile(r"^(layers|layer_utils)$"), ROWS),
    (re.compile(r"^(activations?|activation_functions?|functions|utils|helpers?)$"), PLAIN),
)
"""Names of modules, and what they usually hold."""


ALONE: Mapping[str, Member] = {
    **dict.fromkeys(("sigmoid", "Sigmoid", "sigmoid_function", "logistic"), sigmoid),
    **dict.fromkeys(("relu", "ReLU", "Relu"), relu),
    **dict.fromkeys(("sigmoidGradient", "sigmoid_gradient", "sigmoid_prime"), sigmoid_prime),
}
"""Functions that are what their name says, whatever module that is not there they come from."""


def members(module: str) -> Mapping[str, Member] | None:
    """Return what the helper module of a course usually holds; ``None`` if it is no such module.

    Parameters
    ----------
    module : str

    Examples
    --------
    >>> value, cache = members("dnn_utils_v2")["relu"](np.array([-1.0, 2.0]))
    >>> value
    array([0., 2.])
    >>> members("numpy") is None
    True
    """
    last = module.rpartition(".")[2]
    return next((held for pattern, held in MODULES if pattern.match(last)), None)
