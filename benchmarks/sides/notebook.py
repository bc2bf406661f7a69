"""The notebook's own way: every Jacobian runs the network anew, six forward passes a step.

Its functions, in its order and with its formulas; what is left out is what it prints. The
learning rate, which it calls aggression, multiplies every Jacobian, as its text says. It divides
by ``x.size``, which is the number of examples only where there is one input: the workload of the
single example therefore has a fifth of its aggression, 7, as our learning rate.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.workloads import Array, Problem


def sigma(z: Array) -> Array:
    """Return the notebook's activation."""
    return 1 / (1 + np.exp(-z))


def d_sigma(z: Array) -> Array:
    """Return its derivative."""
    return np.cosh(z / 2) ** (-2) / 4


class Notebook:
    """Three layers of weights, as the notebook has them."""

    def __init__(self, problem: Problem, steps: int, threads: int, engine: str) -> None:
        del steps, threads, engine
        self._problem = problem
        self.x, self.y, self.m = problem.x, problem.y, problem.x.size
        self._aggression = problem.workload.rate * problem.x.size / problem.workload.examples
        self.remark = ""

    def _feed_forward(self, a0: Array) -> tuple[Array, ...]:
        z1 = self.W1 @ a0 + self.b1
        a1 = sigma(z1)
        z2 = self.W2 @ a1 + self.b2
        a2 = sigma(z2)
        z3 = self.W3 @ a2 + self.b3
        a3 = sigma(z3)
        return a0, z1, a1, z2, a2, z3, a3

    def _j_W3(self, y: Array) -> Any:
        _a0, _z1, _a1, _z2, a2, z3, a3 = self._feed_forward(self.x)
        J = 2 * (a3 - y)
        J = J * d_sigma(z3)
        J = J @ a2.T
        return J / self.m

    def _j_b3(self, y: Array) -> Any:
        _a0, _z1, _a1, _z2, _a2, z3, a3 = self._feed_forward(self.x)
        J = 2 * (a3 - y)
        J = J * d_sigma(z3)
        return np.sum(J, axis=1, keepdims=True) / self.m

    def _j_W2(self, y: Array) -> Any:
        _a0, _z1, a1, z2, _a2, z3, a3 = self._feed_forward(self.x)
        J = 2 * (a3 - y)
        J = J * d_sigma(z3)
        J = (J.T @ self.W3).T
        J = J * d_sigma(z2)
        J = J @ a1.T
        return J / self.m

    def _j_b2(self, y: Array) -> Any:
        _a0, _z1, _a1, z2, _a2, z3, a3 = self._feed_forward(self.x)
        J = 2 * (a3 - y)
        J = J * d_sigma(z3)
        J = (J.T @ self.W3).T
        J = J * d_sigma(z2)
        return np.sum(J, axis=1, keepdims=True) / self.x.size

    def _j_W1(self, y: Array) -> Any:
        a0, z1, _a1, z2, _a2, z3, a3 = self._feed_forward(self.x)
        J = 2 * (a3 - y)
        J = J * d_sigma(z3)
        J = (J.T @ self.W3).T
        J = J * d_sigma(z2)
        J = (J.T @ self.W2).T
        J = J * d_sigma(z1)
        J = J @ a0.T
        return J / self.m

    def _j_b1(self, y: Array) -> Any:
        _a0, z1, _a1, z2, _a2, z3, a3 = self._feed_forward(self.x)
        J = 2 * (a3 - y)
        J = J * d_sigma(z3)
        J = (J.T @ self.W3).T
        J = J * d_sigma(z2)
        J = (J.T @ self.W2).T
        J = J * d_sigma(z1)
        return np.sum(J, axis=1, keepdims=True) / self.x.size

    def run(self, steps: int) -> float:
        """Train from the starting weights; return the seconds that it took."""
        start = self._problem.start
        (self.W1, self.b1), (self.W2, self.b2), (self.W3, self.b3) = start
        y, aggression = self.y, self._aggression
        began = time.perf_counter()
        for _ in range(steps):
            j_W1, j_W2, j_W3 = self._j_W1(y), self._j_W2(y), self._j_W3(y)
            j_b1, j_b2, j_b3 = self._j_b1(y), self._j_b2(y), self._j_b3(y)
            self.W1 = self.W1 - j_W1 * aggression
            self.W2 = self.W2 - j_W2 * aggression
            self.W3 = self.W3 - j_W3 * aggression
            self.b1 = self.b1 - j_b1 * aggression
            self.b2 = self.b2 - j_b2 * aggression
            self.b3 = self.b3 - j_b3 * aggression
        return time.perf_counter() - began

    def weights(self) -> list[tuple[Array, Array]]:
        """Return what was learnt last."""
        return [(self.W1, self.b1), (self.W2, self.b2), (self.W3, self.b3)]
