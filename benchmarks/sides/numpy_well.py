"""NumPy as somebody writes it who wants it fast: one pass, no temporaries, one flat update.

Examples are columns, so that narrow layers run over long rows. Batches are gathered from a copy
with examples in rows, where each is in one piece; the product takes the transposed view as it is.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks.workloads import Array, Problem

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class NumpyWell:
    """All that is allocated is allocated once."""

    def __init__(self, problem: Problem, steps: int, threads: int, engine: str) -> None:
        del threads, engine
        row, dtype = problem.workload, problem.dtype
        self._problem, self._row = problem, row
        self._batches = problem.batches(steps)
        flat = problem.params.flat
        self._flat, self._gradient = np.empty_like(flat), np.empty_like(flat)
        self._params, self._slopes = self._views(self._flat), self._views(self._gradient)
        sizes, m = row.sizes[1:], row.per_step
        self._z = [np.empty((size, m), dtype) for size in sizes]
        self._delta = [np.empty((size, m), dtype) for size in sizes]
        self._x, self._y = problem.x, problem.y
        self._x_rows, self._y_rows = (np.ascontiguousarray(v.T) for v in (problem.x, problem.y))
        self._x_batch = np.empty((m, row.sizes[0]), dtype)
        self._y_batch = np.empty((m, row.sizes[-1]), dtype)
        self.remark = ""

    def _views(self, flat: Array) -> list[tuple[Array, Array]]:
        sizes, views, at = self._row.sizes, [], 0
        shapes = list(zip(sizes[1:], sizes[:-1], strict=True)) + [(n, 1) for n in sizes[1:]]
        for rows, columns in shapes:
            views.append(flat[at : at + rows * columns].reshape(rows, columns))
            at += rows * columns
        return list(zip(views[: len(sizes) - 1], views[len(sizes) - 1 :], strict=True))

    def _activate(self, name: str, z: Array) -> None:
        if name == "sigmoid":
            np.negative(z, out=z)
            np.exp(z, out=z)
            z += 1
            np.reciprocal(z, out=z)
        elif name == "tanh":
            np.tanh(z, out=z)
        elif name == "relu":
            np.maximum(z, 0, out=z)
        elif name == "softmax":
            z -= z.max(axis=0)
            np.exp(z, out=z)
            z /= z.sum(axis=0)

    def _times_slope(self, name: str, delta: Array, a: Array) -> None:
        """Multiply δ by the derivative, from the activation, which is spent."""
        if name == "sigmoid":
            delta *= a
            np.subtract(1, a, out=a)
            delta *= a
        elif name == "tanh":
            np.multiply(a, a, out=a)
            np.subtract(1, a, out=a)
            delta *= a
        elif name == "relu":
            delta *= a > 0

    def _differentiate(self, x: Array, y: Array) -> None:
        """Fill the gradient."""
        names, m = self._row.activations, self._row.per_step
        a, inputs = x, []
        for (W, b), z, name in zip(self._params, self._z, names, strict=True):
            inputs.append(a)
            np.matmul(W, a, out=z)
            np.add(z, b, out=z)
            self._activate(name, z)
            a = z
        delta = self._delta[-1]
        np.subtract(a, y, out=delta)
        if self._row.cost == "squared_error":
            delta *= 2 / m
            self._times_slope(names[-1], delta, a)
        else:
            delta *= 1 / m
        for layer in reversed(range(len(names))):
            slope_W, slope_b = self._slopes[layer]
            np.matmul(delta, inputs[layer].T, out=slope_W)
            np.sum(delta, axis=1, keepdims=True, out=slope_b)
            if layer:
                below = self._delta[layer - 1]
                np.matmul(self._params[layer][0].T, delta, out=below)
                self._times_slope(names[layer - 1], below, inputs[layer])
                delta = below

    def run(self, steps: int) -> float:
        """Train from the starting weights; return the seconds that it took."""
        self._flat[...] = self._problem.params.flat
        mean, squares, spare = (np.zeros_like(self._flat) for _ in range(3))
        x, y, gradient = self._x, self._y, self._gradient
        began = time.perf_counter()
        for step in range(steps):
            if self._batches is not None:
                chosen = self._batches[step]
                np.take(self._x_rows, chosen, axis=0, out=self._x_batch, mode="clip")
                np.take(self._y_rows, chosen, axis=0, out=self._y_batch, mode="clip")
                x, y = self._x_batch.T, self._y_batch.T
            self._differentiate(x, y)
            if self._row.adam:
                self._adam(step + 1, mean, squares, spare)
            else:
                gradient *= self._row.rate
                self._flat -= gradient
        return time.perf_counter() - began

    def _adam(self, count: int, mean: Array, squares: Array, spare: Array) -> None:
        gradient = self._gradient
        mean *= BETA1
        np.multiply(gradient, 1 - BETA1, out=spare)
        mean += spare
        squares *= BETA2
        np.multiply(gradient, gradient, out=gradient)
        gradient *= 1 - BETA2
        squares += gradient
        np.sqrt(squares, out=spare)
        spare *= (1 - BETA2**count) ** -0.5
        spare += EPSILON
        np.divide(mean, spare, out=spare)
        spare *= self._row.rate / (1 - BETA1**count)
        self._flat -= spare

    def weights(self) -> list[tuple[Array, Array]]:
        """Return what was learnt last."""
        return self._params
