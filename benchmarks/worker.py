"""One side in a process of its own, with as many cores as it is to have: JSON lines in and out.

Requests: ``prepare`` a workload (an untimed first run included, where peers compile), ``check``
(the cost after some steps), ``time`` (seconds of so many steps), ``forget``, and ``call`` of a
function of this package by name. Every answer has ``error`` where something went wrong.
"""

from __future__ import annotations

import os
import sys


def confine(cores: list[int]) -> None:
    """Let this process, and every thread that it will start, run on these cores only."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


if __name__ == "__main__":  # before anything is imported that counts cores
    confine([int(core) for core in sys.argv[3].split(",")])

import importlib
import json
import time
from dataclasses import dataclass
from typing import Any, TextIO

from threadpoolctl import threadpool_limits

from benchmarks import plain, sides, workloads


@dataclass(frozen=True)
class Prepared:
    """A side that is ready for a workload."""

    runner: Any
    problem: workloads.Problem
    steps: int
    first_call: float


class Worker:
    """Holds prepared workloads and answers requests."""

    def __init__(self, side: str, threads: int, engine: str) -> None:
        self._side, self._threads, self._engine = side, threads, engine
        self._prepared: dict[tuple[str, str], Prepared] = {}

    def prepare(self, workload: str, dtype: str, steps: int) -> dict[str, Any]:
        """Make a workload ready; report what the first run took beyond a second one."""
        known = self._prepared.get((workload, dtype))
        if known is not None and steps <= known.steps:
            return {"first_call_seconds": known.first_call}
        problem = workloads.make(workload, dtype)
        kind = sides.load(self._side)
        began = time.perf_counter()
        runner = kind(problem, steps, self._threads, self._engine)
        first = min(steps, 5)  # of any number of steps, the first run compiles
        runner.run(first)
        once = time.perf_counter() - began
        again = runner.run(first)
        made = Prepared(runner, problem, steps, max(once - again, 0.0))
        self._prepared[workload, dtype] = made
        return {"first_call_seconds": made.first_call}

    def check(self, workload: str, dtype: str, steps: int) -> dict[str, Any]:
        """Report the cost at the start and after some steps, as `plain` computes it."""
        known = self._prepared[workload, dtype]
        known.runner.run(steps)
        weights = (known.problem.start, known.runner.weights())
        before, after = (plain.cost(known.problem, each) for each in weights)
        return {"start": before, "cost": after, "remark": known.runner.remark}

    def time(self, workload: str, dtype: str, steps: int) -> dict[str, Any]:
        """Report the seconds of so many steps, and the cost that they led to."""
        known = self._prepared[workload, dtype]
        seconds = known.runner.run(steps)
        # Threads of a BLAS go on spinning for some 30 ms after a product, into the next timing.
        with threadpool_limits(limits=1, user_api="blas"):
            cost = plain.cost(known.problem, known.runner.weights())
        return {"seconds": seconds, "cost": cost}

    def forget(self) -> dict[str, Any]:
        """Drop what was prepared."""
        self._prepared.clear()
        return {}

    def call(self, function: str, **arguments: Any) -> dict[str, Any]:
        """Report what a function of this package returns."""
        module, _, name = function.partition(":")
        return {
            "value": getattr(importlib.import_module(f"benchmarks.{module}"), name)(**arguments)
        }

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked; an error is an answer."""
        try:
            answer: dict[str, Any] = getattr(self, request.pop("do"))(**request)
        except Exception as error:  # whatever a peer raises belongs in the report
            told = str(error).strip().splitlines() or [""]
            return {"error": f"{type(error).__name__}: {told[0][:200]}"}
        return answer


def serve(worker: Worker, requests: TextIO, answers: TextIO) -> None:
    """Answer until there are no more requests."""
    for line in requests:
        print(json.dumps(worker.answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is not an answer
    serve(Worker(sys.argv[1], int(sys.argv[2]), sys.argv[4]), sys.stdin, channel)
