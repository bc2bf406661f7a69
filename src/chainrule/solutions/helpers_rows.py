"""The layers of the course on vision, written anew, for classes that import them from beside.

``fc_net.py`` of that course has a network and its loss, and takes what it is made of from
``layers`` and ``layer_utils``: examples in rows, ``(output, cache)`` forward, ``(output gradient,
cache)`` back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Cache = tuple[Any, ...]


def affine_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    """Return x W + b, every example of x as one row, and what the way back needs."""
    return np.asarray(x.reshape(len(x), -1) @ w + b), (x, w, b)


def affine_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Return the gradients with respect to x, w and b."""
    x, w, _ = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)


def relu_forward(x: Array) -> tuple[Array, Array]:
    """Return max(0, x) and x."""
    return np.maximum(0, x), x


def relu_backward(dout: Array, cache: Array) -> Array:
    """Return dout where what went in is positive, else 0."""
    return np.where(cache > 0, dout, 0.0)


def affine_relu_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    """Return both layers, one after the other."""
    a, before = affine_forward(x, w, b)
    out, after = relu_forward(a)
    return out, (before, after)


def affine_relu_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Return the gradients with respect to x, w and b."""
    before, after = cache
    return affine_backward(relu_backward(dout, after), before)


def softmax_loss(x: Array, y: Array) -> tuple[float, Array]:
    """Return the mean cross-entropy of scores with labels, and its gradient by the scores."""
    shifted = x - x.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    each = np.arange(len(x))
    change = np.exp(logs)
    change[each, y] -= 1
    return float(-logs[each, y].mean()), change / len(x)


def svm_loss(x: Array, y: Array) -> tuple[float, Array]:
    """Return the mean hinge loss of scores with labels, and its gradient by the scores."""
    each = np.arange(len(x))
    margins = np.maximum(0, x - x[each, y][:, None] + 1.0)
    margins[each, y] = 0
    change = (margins > 0).astype(float)
    change[each, y] -= change.sum(axis=1)
    return float(margins.sum() / len(x)), change / len(x)


ROWS: Mapping[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (
        affine_forward,
        affine_backward,
        relu_forward,
        relu_backward,
        affine_relu_forward,
        affine_relu_backward,
        softmax_loss,
        svm_loss,
    )
}
"""What those modules hold, without convolutions and normalisation."""
