"""The cost of a workload in plain float64 NumPy: the judge of all sides, and none of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.workloads import Array, Problem


def activate(name: str, z: Array) -> Array:
    """Return the activation of weighted sums, n × m."""
    if name == "identity":
        return z
    if name == "relu":
        return np.asarray(np.maximum(z, 0))
    if name == "tanh":
        return np.asarray(np.tanh(z))
    if name == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-z)))
    powers = np.exp(z - z.max(axis=0))
    return np.asarray(powers / powers.sum(axis=0))


def cost(problem: Problem, weights: Sequence[tuple[Array, Array]]) -> float:
    """Return the cost of all examples for weights (W, b), layer by layer."""
    row = problem.workload
    a: Array = problem.x.astype(np.float64)
    with np.errstate(all="ignore"):  # whoever trains into the sky is told so by the number
        for (W, b), name in zip(weights, row.activations, strict=True):
            z: Array = np.asarray(W, np.float64) @ a + np.asarray(b, np.float64).reshape(-1, 1)
            a = activate(name, z)
        y = problem.y.astype(np.float64)
        if row.cost == "squared_error":
            return float(np.sum((a - y) ** 2) / row.examples)
        return float(-np.sum(y * np.log(a)) / row.examples)
