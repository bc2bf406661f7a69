"""Second order: the heart to a cost of 1e-5, beside gradient descent to 5e-4; in our process."""

from __future__ import annotations

import time
from typing import Any

import chainrule

TARGET, DESCENT_TARGET, DESCENT_BUDGET = 1e-5, 5e-4, 200_000
MOST, NEVER = 2_000, 10**9
STRETCH = 1_000  # updates of gradient descent between two looks at the cost


def _heart(seed: int) -> dict[str, Any]:
    net = chainrule.Network([1, 6, 7, 2], activation="sigmoid", cost="squared_error")
    x, y = chainrule.data.heart(100)
    return {"net": net, "params": net.initialize(seed, scheme="normal"), "x": x, "y": y}


def optimizer_named(name: str) -> Any:
    """Return one of our second-order optimizers."""
    return getattr(chainrule, name)()


def updates_needed(name: str, seed: int, engine: str) -> dict[str, Any]:
    """Return after how many updates the cost is first below the target, None if never."""
    common = {"optimizer": optimizer_named(name), "engine": engine, "progress": False}
    result = chainrule.train(
        **_heart(seed),
        **common,
        iterations=MOST,
        record_every=1,
        callbacks=[_Below(TARGET, 1)],
    )
    below = [i for i, cost in enumerate(result.history.cost) if cost < TARGET]
    updates = int(result.history.iteration[below[0]]) if below else None
    return {"updates": updates, "engine": result.engine}


def seconds(name: str, seed: int, engine: str, updates: int) -> float:
    """Return the seconds of so many updates."""
    given = _heart(seed)
    began = time.perf_counter()
    chainrule.train(
        **given,
        optimizer=optimizer_named(name),
        engine=engine,
        iterations=updates,
        record_every=NEVER,
        progress=False,
    )
    return time.perf_counter() - began


class _Below:
    """Stops when the cost is below a target."""

    def __init__(self, target: float, every: int) -> None:
        self.target, self.every = target, every

    def __call__(self, progress: Any) -> bool:
        return bool(progress.cost < self.target)


def descend(seed: int, engine: str, patience: float) -> dict[str, Any]:
    """Let gradient descent at 7.0 run to its target, its budget, or the end of our patience."""
    given = _heart(seed)
    began = time.perf_counter()
    result = chainrule.train(
        **given,
        optimizer=chainrule.GradientDescent(7.0),
        engine=engine,
        iterations=DESCENT_BUDGET,
        record_every=NEVER,
        progress=False,
        callbacks=[_Below(DESCENT_TARGET, STRETCH)],
        stop=[chainrule.TimeLimit(patience)],
    )
    taken = time.perf_counter() - began
    cost = result.history.latest
    return {
        "seconds": taken,
        "updates": int(result.history.iteration[-1]),
        "cost": cost,
        "reached": bool(cost < DESCENT_TARGET),
        "engine": result.engine,
    }
