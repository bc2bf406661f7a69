"""Our side: the public call that everybody uses, nothing below it."""

from __future__ import annotations

import time

import chainrule
from benchmarks.workloads import SEED, Array, Problem

NEVER = 10**9


class Ours:
    """`chainrule.train`, from its checks of the arguments to the last record.

    Parameters
    ----------
    problem : Problem
    steps : int
        The most that will be asked for.
    threads : int
    engine : str
    """

    def __init__(self, problem: Problem, steps: int, threads: int, engine: str) -> None:
        del steps
        row = problem.workload
        self._problem, self._threads, self._engine = problem, threads, engine
        self._optimizer: chainrule.Adam | chainrule.GradientDescent
        self._optimizer = (
            chainrule.Adam(row.rate) if row.adam else chainrule.GradientDescent(row.rate)
        )
        self._params = problem.params
        self.remark = ""

    def run(self, steps: int) -> float:
        """Train from the starting weights; return the seconds that it took."""
        problem = self._problem
        began = time.perf_counter()
        result = chainrule.train(
            problem.net,
            problem.params,
            problem.x,
            problem.y,
            optimizer=self._optimizer,
            iterations=steps,
            batch_size=problem.workload.batch,
            rng=SEED,
            engine=self._engine,
            threads=self._threads,
            record_every=NEVER,
            progress=False,
        )
        seconds = time.perf_counter() - began
        self._params, self.remark = result.params, f"engine {result.engine}"
        return seconds

    def weights(self) -> list[tuple[Array, Array]]:
        """Return what was learnt last."""
        layers = range(1, len(self._problem.workload.sizes))
        return [(self._params[f"W{k}"], self._params[f"b{k}"]) for k in layers]
