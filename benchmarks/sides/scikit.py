"""scikit-learn's own network, where it can do the workload: classes, softmax, Adam.

A call of ``partial_fit`` is a pass over what it is given, in batches. It is given the examples in
the order of the batches, pass by pass, so that it sees those of all other sides.
"""

from __future__ import annotations

import time

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.workloads import Array, Problem

EPSILON = 1e-9
"""Of its Adam, which adds it before the root is corrected for its start: a tenth of ours is ours
after some ten steps."""


class Scikit:
    """`MLPClassifier` without its penalty, from the common starting weights."""

    def __init__(self, problem: Problem, steps: int, threads: int, engine: str) -> None:
        del threads, engine
        row = problem.workload
        batches = problem.batches(steps)
        if batches is None or row.batch is None or not row.adam or row.output != "softmax":
            raise ValueError("scikit-learn's network cannot do this workload")
        self._problem, self._batches, self._batch = problem, batches, row.batch
        self._pass = row.examples // row.batch  # batches in a pass
        self._x, self._labels = problem.x.T.copy(), problem.y.argmax(axis=0)
        self._classes = np.arange(row.sizes[-1])
        self._model = self._fresh()
        self.remark = ""

    def _fresh(self) -> MLPClassifier:
        row = self._problem.workload
        model = MLPClassifier(
            row.sizes[1:-1],
            activation=row.hidden,
            alpha=0.0,
            epsilon=EPSILON,
            batch_size=self._batch,
            learning_rate_init=row.rate,
            shuffle=False,
        )
        model.partial_fit(
            self._x[: self._batch], self._labels[: self._batch], classes=self._classes
        )
        for layer, (W, b) in enumerate(self._problem.start):
            model.coefs_[layer][...] = W.T
            model.intercepts_[layer][...] = b.ravel()
        del model._optimizer  # made anew at the next call, with nothing remembered
        return model

    def run(self, steps: int) -> float:
        """Train from the starting weights; return the seconds that it took."""
        self._model = self._fresh()
        began = time.perf_counter()
        for first in range(0, steps, self._pass):
            order = self._batches[first : min(first + self._pass, steps)].ravel()
            self._model.partial_fit(self._x[order], self._labels[order], classes=self._classes)
        return time.perf_counter() - began

    def weights(self) -> list[tuple[Array, Array]]:
        """Return what was learnt last."""
        pairs = zip(self._model.coefs_, self._model.intercepts_, strict=True)
        return [(W.T, b) for W, b in pairs]
