"""Timing of steps: agreement first, then all sides in turn, round after round.

What is compared is the time of a step: that of a call of n + 1 steps, less that of a call of one,
over n. A call's own cost (our checks of the arguments and two records, a peer's dispatch) is
reported apart, and so is the ratio of the whole calls.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.limits import Gemm
from benchmarks.pool import Failed, Pool
from benchmarks.workloads import CHECKED_STEPS, TOLERANCE, Workload

MOVED = 20  # how many tolerances the cost must have moved in the steps of the check
ALONE = "ours, one thread"
CALLS = 3  # of one step in every round, the least of which is the cost of a call there


def summary(values: Sequence[float]) -> dict[str, float]:
    """Return median and range."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


class Entrant:
    """One side in one row of the table.

    Parameters
    ----------
    pool : Pool
    row : Workload
    dtype : str
    side : str
    steps : int
        Of a timing.
    candidates : list of int
        Numbers of threads; the fastest is taken.
    """

    def __init__(
        self, pool: Pool, row: Workload, dtype: str, side: str, steps: int, candidates: list[int]
    ) -> None:
        self._pool, self._side, self._steps = pool, side, steps
        self._which = {"workload": row.name, "dtype": dtype}
        self._seconds: list[float] = []
        self._calls: list[float] = []
        self._costs: list[float] = []
        self.found: dict[str, Any] = {"status": "failed"}
        try:
            self._engage(candidates)
        except Failed as failure:
            self.found["reason"] = str(failure)

    def _ask(self, do: str, steps: int, threads: int) -> dict[str, Any]:
        return self._pool.ask(self._side, threads, do, steps=steps, **self._which)

    def _engage(self, candidates: list[int]) -> None:
        first, trials = {}, {}
        for threads in candidates:
            room = max(self._steps + 1, CHECKED_STEPS)
            first[threads] = self._ask("prepare", room, threads)["first_call_seconds"]
            if len(candidates) > 1:
                few = max(2, self._steps // 10)
                taken = [self._ask("time", few, threads)["seconds"] for _ in range(3)]
                trials[threads] = min(taken)
        self._threads = min(trials, key=lambda each: trials[each]) if trials else candidates[0]
        checked = self._ask("check", CHECKED_STEPS, self._threads)
        self.found |= {
            "threads": self._threads,
            "first_call_seconds": first[self._threads],
            "start": checked["start"],
            "cost": checked["cost"],
            "remark": checked["remark"],
            "status": "engaged",
        }

    @property
    def here(self) -> bool:
        """Whether it can be timed."""
        return bool(self.found["status"] == "engaged")

    def compare(self, cost: float, tolerance: float) -> None:
        """Take it out if its cost after the steps of the check is another, or has not moved."""
        met, start = self.found["cost"], self.found["start"]
        self.found["difference"] = difference = abs(met - cost) / abs(cost)
        if not (math.isfinite(met) and difference <= tolerance):
            self.found |= {
                "status": "disagrees",
                "reason": f"cost {met:.9g} after {CHECKED_STEPS} steps, ours {cost:.9g}",
            }
        elif abs(met - start) <= MOVED * tolerance * abs(start):
            self.found |= {"status": "disagrees", "reason": "the cost has hardly moved"}

    def take(self) -> None:
        """Take one timing, of a call of one step and of all; a side that fails now is out."""
        try:
            calls = [self._ask("time", 1, self._threads)["seconds"] for _ in range(CALLS)]
            answer = self._ask("time", self._steps + 1, self._threads)
        except Failed as failure:
            self.found |= {"status": "failed", "reason": str(failure)}
            return
        self._seconds.append(answer["seconds"])
        self._calls.append(min(calls))
        self._costs.append(answer["cost"])

    @property
    def each(self) -> list[float]:
        """Seconds of a step, by round."""
        call = statistics.median(self._calls)
        return [max(taken - call, taken * 1e-3) / self._steps for taken in self._seconds]

    def close(self, ours: Entrant) -> None:
        """Work out what was found, beside ours."""
        if not self.here or not self._seconds:
            return
        lasting = [cost for cost in self._costs if math.isfinite(cost)]
        if len(lasting) < len(self._costs) or max(lasting) >= self.found["start"]:
            self.found |= {"status": "disagrees", "reason": "the cost did not fall in a timing"}
            return
        self.found |= {
            "status": "timed",
            "seconds": self._seconds,
            "call_seconds": statistics.median(self._calls),
            "step_seconds": summary(self.each),
        }
        if ours.found.get("seconds"):
            pairs = zip(self.each, ours.each, strict=True)
            whole = zip(self._seconds, ours._seconds, strict=True)
            self.found["ratio"] = summary([peer / own for peer, own in pairs])
            self.found["whole_ratio"] = summary([peer / own for peer, own in whole])


def measure(
    pool: Pool,
    row: Workload,
    dtype: str,
    sides: list[str],
    *,
    threads: int,
    rounds: int,
    steps: int,
) -> dict[str, Any]:
    """Return one row: all sides of it, with so many threads at most."""
    counts = sorted({1, max(threads // 2, 1), threads})
    entrants = {
        side: Entrant(pool, row, dtype, side, steps, [threads] if side == "ours" else counts)
        for side in row.sides
        if side in sides
    }
    ours = entrants["ours"]
    if threads > 1:  # beside all cores, one: more threads should never be slower
        entrants[ALONE] = Entrant(pool, row, dtype, "ours", steps, [1])
    found: dict[str, Any] = {
        "workload": row.name,
        "network": row.described,
        "dtype": dtype,
        "threads": threads,
        "steps": steps,
        "multiply_adds": row.multiply_adds,
        "exponentials": row.exponentials,
        "sides": {side: entrant.found for side, entrant in entrants.items()},
    }
    if not ours.here:
        return found
    for entrant in entrants.values():
        if entrant.here:
            entrant.compare(ours.found["cost"], TOLERANCE[dtype])
    racing = [entrant for entrant in entrants.values() if entrant.here]
    products = Gemm(pool, threads, dtype, sides) if row.paced else None
    for _ in range(rounds):
        for entrant in racing:
            if entrant.here:
                entrant.take()
        if products is not None:
            products.take()
    for entrant in racing:
        entrant.close(ours)
    if products is not None:
        found["gemm"] = products.result
    return found


def forget(pool: Pool, sides: list[str], counts: list[int]) -> None:
    """Drop what was prepared for a row."""
    for side in sides:
        for threads in counts:
            if pool.started(side, threads):
                pool.ask(side, threads, "forget")
