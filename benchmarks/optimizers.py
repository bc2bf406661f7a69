"""Cost against time for all optimizers on the heart: the picture of docs/training.md.

Each first-order optimizer gets the learning rate that serves it best of a handful, by its cost at
the end; that search is not in the time shown. ``python -m benchmarks.optimizers`` writes the
picture and prints the table beside it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import matplotlib as mpl
import numpy as np

import chainrule

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "optimizers.png"
UPDATES = 200_000  # of first order
RATES: dict[Any, tuple[float, ...]] = {
    chainrule.GradientDescent: (3.0, 7.0, 14.0, 28.0),
    chainrule.Momentum: (0.3, 0.7, 1.4, 2.8),
    chainrule.Nesterov: (0.3, 0.7, 1.4, 2.8),
    chainrule.RMSprop: (3e-4, 1e-3, 3e-3, 1e-2),
    chainrule.Adam: (3e-3, 1e-2, 3e-2, 1e-1),
}
TARGET = 1e-5
Curve = tuple[np.ndarray, np.ndarray, int]


def curve(optimizer: Any, iterations: int) -> Curve:
    """Train on the heart; return seconds and costs on the way, and the updates made."""
    net = chainrule.Network([1, 6, 7, 2], activation="sigmoid", cost="squared_error")
    x, y = chainrule.data.heart(100)
    start = net.initialize(0, scheme="normal", scale=1.0)
    seconds: list[float] = []
    every = max(1, iterations // 1000)

    def clock(_progress: object) -> None:
        seconds.append(time.perf_counter())

    clock.every = every  # type: ignore[attr-defined]
    options: dict[str, Any] = {"threads": 1, "progress": False, "callbacks": [clock]}
    result = chainrule.train(
        net, start, x, y, optimizer=optimizer, iterations=iterations, record_every=every, **options
    )
    cost = result.history.cost[: len(seconds)]
    return np.array(seconds[: len(cost)]) - seconds[0], cost, result.iterations


def best(kind: Any) -> tuple[str, Curve]:
    """Return the name and the curve of an optimizer at the best of its rates."""
    found = []
    for rate in RATES[kind]:
        try:
            found.append((rate, curve(kind(rate), UPDATES)))
        except chainrule.NonFiniteCost:
            continue
    rate, lowest = min(found, key=lambda each: float(each[1][1][-1]))
    return f"{kind.__name__}({rate:g})", lowest


@click.command()
def main() -> None:
    """Draw the picture, print the table."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    for second_order in (chainrule.LBFGS(), chainrule.LevenbergMarquardt()):
        curve(second_order, 2)  # imports SciPy
    curves = dict(map(best, RATES))
    curves["LBFGS()"] = curve(chainrule.LBFGS(), 20_000)
    curves["LevenbergMarquardt()"] = curve(chainrule.LevenbergMarquardt(), 150)
    figure, axes = plt.subplots(figsize=(8, 4.8), layout="constrained")
    colours = ["#7f7f7f", "#9ecae1", "#4292c6", "#a1d99b", "#31a354", "#fd8d3c", "#d62728"]
    click.echo("| optimizer | updates | seconds | cost at the end | seconds to 1e-5 |")
    click.echo("|---|---:|---:|---:|---:|")
    for (name, (seconds, cost, updates)), colour in zip(curves.items(), colours, strict=True):
        lowest = np.minimum.accumulate(cost)
        label = f"{name}   {lowest[-1]:.0e}"
        axes.loglog(seconds[1:], lowest[1:], color=colour, lw=1.8, label=label)
        there = np.flatnonzero(cost < TARGET)
        reached = f"{seconds[there[0]]:.3f}" if there.size else "not reached"
        click.echo(f"| {name} | {updates:,} | {seconds[-1]:.2f} | {cost[-1]:.1e} | {reached} |")
    axes.set_xlabel("seconds, one thread")
    axes.set_ylabel("lowest cost so far")
    axes.legend(frameon=False, fontsize=9, title="lowest cost at the end", alignment="left")
    axes.grid(True, which="major", color="#dddddd", lw=0.6)
    axes.set_title("The heart from one start: cost against time", fontsize=11)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(PICTURE, dpi=130)
    click.echo(f"picture: {PICTURE.name}")


if __name__ == "__main__":
    main()
