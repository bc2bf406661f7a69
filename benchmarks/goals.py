"""What counts: every goal of the plan, one row each, beside what was measured.

A goal is judged with one thread for every side and, where that makes sense, again with all cores.
Goals against PyTorch are against eager mode, from which they were set; how ``torch.compile`` does
stands in the table of all times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.limits import seconds_at_limit
from benchmarks.sides import SIDES
from benchmarks.steps import ALONE

Results = dict[str, Any]
Verdict = tuple[float | None, str]  # what was measured, and words


@dataclass(frozen=True)
class Beside:
    """Ours is to be so many times faster than a peer, or to reach a part of a rate."""

    workload: str
    dtype: str
    peer: str  # a side, "best" of all peers, or "gemm"
    least: float

    @property
    def words(self) -> str:
        """The goal, as it is shown."""
        if self.peer == "gemm":
            return f"≥ {self.least:.0%} of the rate of matrix products"
        name = "the best peer" if self.peer == "best" else SIDES[self.peer].title
        return f"≥ {self.least:g} × {name}"


STEPS = (
    Beside("heart", "float64", "notebook", 100),
    Beside("heart", "float64", "torch", 100),
    Beside("heart", "float64", "numpy", 18),
    Beside("heart", "float64", "jax", 5),
    Beside("heart32", "float32", "jax", 6),
    Beside("seed", "float64", "notebook", 200),
    Beside("expm", "float32", "torch", 6),
    Beside("expm", "float32", "jax", 2.5),
    Beside("small", "float32", "jax", 1.4),
    Beside("small", "float64", "jax", 1.5),
    Beside("small", "float32", "torch", 6),
    Beside("small", "float64", "torch", 6),
    Beside("mnist", "float32", "torch", 2),
    Beside("mnist", "float32", "sklearn", 3),
    Beside("mnist", "float32", "jax", 1.2),
    Beside("tabular", "float32", "torch", 1.8),
    Beside("tabular", "float64", "torch", 1.8),
    Beside("tabular", "float32", "jax", 1.3),
    Beside("tabular", "float64", "jax", 1.2),
    Beside("tabular", "float32", "gemm", 0.9),
    Beside("tabular", "float64", "gemm", 0.9),
    Beside("higgs", "float32", "torch", 1.55),
    Beside("wide", "float32", "best", 1.1),
    Beside("wide", "float64", "best", 1.05),
    Beside("wide", "float32", "gemm", 0.95),
    Beside("wide", "float64", "gemm", 0.95),
)


def row_of(results: Results, workload: str, dtype: str, threads: int) -> dict[str, Any] | None:
    """Return one row of the timings of steps."""
    for row in results["steps"]:
        if (row["workload"], row["dtype"], row["threads"]) == (workload, dtype, threads):
            found: dict[str, Any] = row
            return found
    return None


def limits_of(results: Results, threads: int) -> dict[str, Any] | None:
    """Return the limits of the machine with so many threads."""
    return next((each for each in results["limits"] if each["threads"] == threads), None)


def gemm_share(results: Results, row: dict[str, Any]) -> float | None:
    """Return ours as a part of the rate of matrix products."""
    step = row["sides"]["ours"].get("step_seconds")
    limits = limits_of(results, row["threads"])
    products = row.get("gemm") or (limits or {}).get(row["dtype"], {})
    if step is None or "gflops" not in products:
        return None
    return float(2 * row["multiply_adds"] / step["median"] / 1e9 / products["gflops"])


def peak_share(results: Results, row: dict[str, Any]) -> float | None:
    """Return ours as a part of the machine's peak: multiply-adds and exponentials."""
    step = row["sides"]["ours"].get("step_seconds")
    limits = limits_of(results, row["threads"])
    if step is None or limits is None:
        return None
    best = seconds_at_limit(limits["peak"], row["dtype"], row)
    return None if best is None else best / step["median"]


def _ratio(entry: dict[str, Any]) -> Verdict:
    if "ratio" not in entry:
        return None, entry.get("reason", entry.get("status", "not measured"))
    found = entry["ratio"]
    words = f"{found['median']:.3g} × ({found['low']:.3g} – {found['high']:.3g})"
    return found["median"], words


def judge_steps(goal: Beside, results: Results, threads: int) -> Verdict:
    """Return what was measured for a goal of the table of steps."""
    row = row_of(results, goal.workload, goal.dtype, threads)
    if row is None:
        return None, "not measured"
    if goal.peer == "gemm":
        share = gemm_share(results, row)
        return share, "not measured" if share is None else f"{share:.1%}"
    if goal.peer != "best":
        return _ratio(row["sides"].get(goal.peer, {"reason": "absent"}))
    peers = {n: e for n, e in row["sides"].items() if n not in ("ours", ALONE) and "ratio" in e}
    if not peers:
        return None, "no peer"
    name = min(peers, key=lambda each: peers[each]["ratio"]["median"])
    value, words = _ratio(peers[name])
    return value, f"{words}, {SIDES[name].title}"


def threads_help(results: Results) -> Verdict:
    """Return how many times faster expm is with all cores than with one thread."""
    row = row_of(results, "expm", "float32", results["machine"]["cores"])
    return _ratio(row["sides"].get(ALONE, {})) if row else (None, "not measured")


def _widths(results: Results, threads: int) -> dict[int, float]:
    return {
        row["width"]: row["step_seconds"]["median"]
        for row in results["sweep"]
        if row["side"] == "ours" and row["threads"] == threads
    }


def neighbours(results: Results, threads: int) -> Verdict:
    """Return the largest step in time between widths w and w + 1, either way."""
    times = _widths(results, threads)
    pairs = [
        (max(times[w] / t, t / times[w]), w) for v, t in times.items() if (w := v + 1) in times
    ]
    if not pairs:
        return None, "not measured"
    worst, w = max(pairs)
    return worst, f"{worst:.2f} × at {w - 1} – {w}"


def never_slower(results: Results) -> Verdict:
    """Return the smallest gain of all cores over one thread, over the widths."""
    one, many = (_widths(results, n) for n in (1, results["machine"]["cores"]))
    gains = [(one[w] / many[w], w) for w in many if w in one]
    if not gains or results["machine"]["cores"] == 1:
        return None, "not measured"
    worst, w = min(gains)
    return worst, f"{worst:.2f} × at {w}"


def _accuracy(results: Results) -> Verdict:
    return _ratio(results["accuracy"].get("sides", {}).get("sklearn", {}))


def _gradcheck(results: Results) -> Verdict:
    return _ratio(results["gradcheck"].get("sides", {}).get("torch", {"reason": "absent"}))


def _import(results: Results) -> Verdict:
    found = results["import"].get("sides", {}).get("numpy", {}).get("ratio")
    return (
        (1 / found["median"], f"{1 / found['median']:.2f} ×") if found else (None, "not measured")
    )


def _all_reach(results: Results) -> Verdict:
    found = results["second order"].get("LevenbergMarquardt", {})
    if "reached" not in found:
        return None, found.get("reason", "not measured")
    updates = [run["updates"] for run in found["runs"] if run["updates"]]
    words = f"{found['reached']} of {found['of']}"
    if updates:
        words += f", {min(updates)} – {max(updates)} updates"
    return found["reached"] / found["of"], words


def _faster_than_descent(results: Results) -> Verdict:
    found = results["second order"].get("LevenbergMarquardt", {})
    gains = [r["faster_than_descent"] for r in found.get("runs", []) if "faster_than_descent" in r]
    if not gains:
        return None, "not measured"
    unreached = sum(not run["reached"] for run in results["second order"]["gradient_descent"])
    words = f"{min(gains):.3g} × at least, up to {max(gains):.3g} ×"
    told = f"; of {len(gains)} descents {unreached} missed their target"
    return min(gains), words + told * bool(unreached)


OTHERS: tuple[tuple[str, str, Callable[[Results], Verdict], float, bool], ...] = (
    ("expm", "all cores ≥ 1.5 × one thread", threads_help, 1.5, True),
    ("sweep", "more threads never slower (≥ 0.97 ×: noise)", never_slower, 0.97, True),
    ("accuracy", "97 % on the digits ≥ 5 × scikit-learn", _accuracy, 5, True),
    ("second order", "all seeds reach 1e-5", _all_reach, 1, True),
    ("second order", "≥ 20 × gradient descent to 5e-4", _faster_than_descent, 20, True),
    ("gradcheck", "≥ 10 × torch.autograd.gradcheck", _gradcheck, 10, True),
    ("import", "≤ 2 × import numpy", _import, 2, False),
)


def judge(results: Results) -> Iterator[dict[str, Any]]:
    """Yield every goal with what was measured and whether it was met; None where it was not."""
    counts = sorted({1, results["machine"]["cores"]})

    def verdict(
        workload: str, goal: str, threads: int | None, found: Verdict, limit: float, upward: bool
    ) -> dict[str, Any]:
        value, words = found
        met = None if value is None else bool(value >= limit if upward else value <= limit)
        return {
            "workload": workload,
            "goal": goal,
            "threads": threads,
            "measured": words,
            "value": value,
            "limit": limit,
            "met": met,
        }

    wanted = results["settings"]["workloads"]
    for goal in STEPS:
        if goal.workload not in wanted:
            continue
        name = f"{goal.workload}, {goal.dtype}"
        for threads in counts:
            found = judge_steps(goal, results, threads)
            yield verdict(name, goal.words, threads, found, goal.least, True)
    for threads in counts if "sweep" in wanted else ():
        found = neighbours(results, threads)
        yield verdict("sweep", "neighbours within 1.3 ×", threads, found, 1.3, False)
    for workload, words, measure, limit, upward in OTHERS:
        if workload not in wanted:
            continue
        yield verdict(workload, words, None, measure(results), limit, upward)
