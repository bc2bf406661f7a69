"""The workloads that are not a number of steps: sweep, accuracy, second order, checks, imports."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import Any

from benchmarks import digits, gradients, second_order, workloads
from benchmarks.pool import Failed, Pool, environment
from benchmarks.steps import summary

DTYPE = "float32"  # of the sweep
POWERS = (32, 64, 128, 256)
AROUND = 3
BETWEEN = (40, 48, 56, 80, 96, 112, 160, 192, 224)
GOAL_ACCURACY, PASSES, SPLITS = 0.97, 200, 10
SEEDS = 8
PATIENCE = 8.0  # seconds for gradient descent on one heart
IMPORTS = {
    "numpy": "import numpy",
    "ours": "import chainrule",
    "ours, with NumPy": "from chainrule import Network, check, train",
}


def widths(quick: bool) -> list[int]:
    """Return the widths of the sweep, in order."""
    near = 1 if quick else AROUND
    steep = {w + d for w in POWERS for d in range(-near, near + 1)}
    return sorted(w for w in {*steep, *BETWEEN} if POWERS[0] <= w <= POWERS[-1])


def sweep(
    pool: Pool, sides: list[str], all_cores: int, rounds: int, quick: bool
) -> list[dict[str, Any]]:
    """Return the time of a step for every width: ours with one thread and all, peers at powers."""
    counts = sorted({1, all_cores})
    runners = [("ours", threads) for threads in counts]
    peers = [(side, 1) for side in ("numpy", "torch", "jax") if side in sides]
    plan = [
        (w, side, threads)
        for w in widths(quick)
        for side, threads in [*runners, *(peers if w in POWERS else [])]
    ]
    taken: dict[tuple[int, str, int], list[float]] = {}
    for w, side, threads in plan:
        row = workloads.find(f"sweep-{w}")
        which = {"workload": row.name, "dtype": DTYPE, "steps": row.steps}
        try:
            pool.ask(side, threads, "prepare", **which)
            taken[w, side, threads] = []
        except Failed:
            continue
    for _ in range(rounds):
        for (w, side, threads), found in taken.items():
            steps = workloads.find(f"sweep-{w}").steps
            which = {"workload": f"sweep-{w}", "dtype": DTYPE}
            call = pool.ask(side, threads, "time", steps=1, **which)["seconds"]
            whole = pool.ask(side, threads, "time", steps=steps, **which)["seconds"]
            found.append(max(whole - call, whole / 2) / (steps - 1))
    for side, threads in {(side, threads) for _, side, threads in taken}:
        pool.ask(side, threads, "forget")
    return [
        {
            "width": w,
            "side": side,
            "threads": threads,
            "multiply_adds": workloads.find(f"sweep-{w}").multiply_adds,
            "step_seconds": summary(found),
        }
        for (w, side, threads), found in taken.items()
    ]


def accuracy(pool: Pool, sides: list[str], engine: str, rounds: int, quick: bool) -> dict[str, Any]:
    """Return how long each library needs for a mean accuracy of 97 % over the splits."""
    splits = list(range(3 if quick else SPLITS))
    sides = [side for side in digits.TRAINERS if side in sides]
    found: dict[str, Any] = {"splits": len(splits), "goal": GOAL_ACCURACY, "sides": {}}
    ready: dict[str, dict[str, Any]] = {}
    for side in sides:
        options: dict[str, Any] = {"side": side, "threads": 1}
        if side == "ours":
            options["engine"] = engine
        try:
            curves = [
                pool.call(side, 1, "digits:accuracies", seed=seed, passes=PASSES, **options)
                for seed in splits
            ]
        except Failed as failure:
            found["sides"][side] = {"reason": str(failure)}
            continue
        means = [statistics.mean(each) for each in zip(*curves, strict=True)]
        passes = next((i for i, mean in enumerate(means, 1) if mean >= GOAL_ACCURACY), None)
        found["sides"][side] = {"passes": passes, "best": max(means), "seconds": []}
        if passes is not None:
            ready[side] = {"seeds": splits, "passes": passes, **options}
            pool.call(side, 1, "digits:seconds", **{**ready[side], "seeds": splits[:1]})
    for _ in range(rounds):
        for side, options in ready.items():
            taken = pool.call(side, 1, "digits:seconds", **options) / len(splits)
            found["sides"][side]["seconds"].append(taken)
    _beside_ours(found["sides"])
    return found


def _beside_ours(sides: dict[str, Any]) -> None:
    """Add median, range and ratio to ours, wherever there are seconds."""
    own = sides.get("ours", {}).get("seconds")
    for entry in sides.values():
        if entry.get("seconds"):
            entry["taken"] = summary(entry["seconds"])
            if own:
                pairs = zip(entry["seconds"], own, strict=True)
                entry["ratio"] = summary([peer / ours for peer, ours in pairs])


def second(pool: Pool, engine: str, rounds: int, quick: bool) -> dict[str, Any]:
    """Return how long the heart takes by second-order optimizers, and by gradient descent."""
    seeds = list(range(2 if quick else SEEDS))
    descent = [
        pool.call("ours", 1, "second_order:descend", seed=seed, engine=engine, patience=PATIENCE)
        for seed in seeds
    ]
    found: dict[str, Any] = {
        "target": second_order.TARGET,
        "descent_target": second_order.DESCENT_TARGET,
        "descent_budget": second_order.DESCENT_BUDGET,
        "gradient_descent": descent,
    }
    for name in ("LevenbergMarquardt", "LBFGS"):
        try:
            found[name] = _second(pool, name, engine, seeds, rounds, descent)
        except Failed as failure:
            found[name] = {"reason": str(failure)}
    return found


def _second(
    pool: Pool, name: str, engine: str, seeds: list[int], rounds: int, descent: list[Any]
) -> dict[str, Any]:
    common = {"name": name, "engine": engine}
    runs: list[dict[str, Any]] = []
    for seed in seeds:
        needed = pool.call("ours", 1, "second_order:updates_needed", seed=seed, **common)
        runs.append({"seed": seed, "seconds": [], **needed})
    reached = [run for run in runs if run["updates"]]
    for _ in range(rounds):
        for run in reached:
            which = {"seed": run["seed"], "updates": run["updates"], **common}
            run["seconds"].append(pool.call("ours", 1, "second_order:seconds", **which))
    for run in reached:
        run["taken"] = summary(run["seconds"])
        other = descent[run["seed"]]["seconds"]
        run["faster_than_descent"] = other / run["taken"]["median"]
    return {"runs": runs, "reached": len(reached), "of": len(seeds)}


def check(pool: Pool, sides: list[str], rounds: int, quick: bool) -> dict[str, Any]:
    """Return how long the check of all Jacobians takes, ours and PyTorch's."""
    sizes = [16, 24, 24, 4] if quick else list(gradients.SIZES)
    calls: dict[str, tuple[str, str, dict[str, Any]]] = {
        "ours": ("ours", "gradients:check_ours", {})
    }
    if "torch" in sides:
        for title, fast in (("torch", False), ("torch, fast mode", True)):
            calls[title] = ("torch", "gradients:check_torch", {"threads": 1, "fast": fast})
    found: dict[str, Any] = {title: {"seconds": [], "passed": True} for title in calls}
    for title, (side, function, more) in calls.items():  # once untimed, on a small network
        try:
            pool.call(side, 1, function, sizes=[4, 5, 3], **more)
        except Failed as failure:
            found[title] = {"reason": str(failure)}
    for _ in range(rounds):
        for title, (side, function, more) in calls.items():
            if "reason" not in found[title]:
                answer = pool.call(side, 1, function, sizes=sizes, **more)
                found[title]["seconds"].append(answer["seconds"])
                found[title]["passed"] &= answer["passed"]
    _beside_ours(found)
    return {"sizes": sizes, "sides": found}


def imports(rounds: int) -> dict[str, Any]:
    """Return the seconds of starting Python with one import or the other."""
    sides: dict[str, Any] = {name: {"seconds": []} for name in IMPORTS}
    for line in IMPORTS.values():  # once untimed: files are read, bytecode is written
        subprocess.run([sys.executable, "-c", line], check=True, env=environment(1))
    for _ in range(2 * rounds + 1):
        for name, line in IMPORTS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", line], check=True, env=environment(1))
            sides[name]["seconds"].append(time.perf_counter() - began)
    _beside_ours(sides)
    return {"sides": sides}
