"""results.png: throughput against size with the limits drawn in, the sweep, and all ratios."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cells import count, title
from benchmarks.goals import STEPS, limits_of
from benchmarks.limits import seconds_at_limit
from benchmarks.sides import SIDES

Results = dict[str, Any]
COLORS = {
    "ours": "#d6304a",
    "notebook": "#8a6d3b",
    "numpy": "#3d6fb6",
    "sklearn": "#e69138",
    "torch": "#8e63b5",
    "compile": "#c08fd9",
    "jax": "#2f9e77",
}
MARKERS = {
    "ours": "o",
    "notebook": "P",
    "numpy": "s",
    "sklearn": "D",
    "torch": "^",
    "compile": "v",
    "jax": "X",
}
SIZES = {"jax": 9, "notebook": 9}  # crosses look smaller than they are
INK, FAINT = "#333333", "#dddddd"


def draw(results: Results, path: Path) -> None:
    """Write the picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    style: Any = {
        "font.size": 10,
        "axes.edgecolor": "#999999",
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.titlesize": 11,
    }
    with plt.rc_context(style):
        figure = plt.figure(figsize=(14, 10), layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=(1.1, 1), height_ratios=(1.5, 1))
        for panel, place, there in (
            (throughput, grid[0, 0], results["steps"]),
            (sweep, grid[1, 0], results["sweep"]),
            (ratios, grid[:, 1], results["steps"]),
        ):
            if there:
                panel(figure.add_subplot(place), results)
        legend(figure, results)
        machine = results["machine"]
        figure.supxlabel(
            f"{machine['processor']}, one thread for every side unless said, median and range of "
            f"{results['settings']['rounds']} rounds, {results['made'][:10]}",
            fontsize=9,
            color="#777777",
            ha="left",
            x=0.01,
        )
        figure.savefig(path, dpi=130, facecolor="white")
        plt.close(figure)


def _rows(results: Results) -> list[dict[str, Any]]:
    return [row for row in results["steps"] if row["threads"] == 1]


def throughput(axes: Any, results: Results) -> None:
    """Draw GFLOP/s of the workloads in float32 over the multiply-adds of a step."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set_title("Throughput against size of a step, float32")
    axes.set(xscale="log", yscale="log", xlabel="multiply-adds in a step", ylabel="GFLOP/s")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(which="major", axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    rows = [row for row in _rows(results) if row["dtype"] == "float32"]
    before, lift = 0.0, 0
    for row in sorted(rows, key=lambda each: float(each["multiply_adds"])):
        size = row["multiply_adds"]
        lift = 0 if size > 2.5 * before or lift else 12  # names of neighbours stand in two lines
        before = size
        rates = {
            side: 2 * size / entry["step_seconds"]["median"] / 1e9
            for side, entry in row["sides"].items()
            if "step_seconds" in entry
        }
        for side, rate in rates.items():
            _mark(axes, side, size, rate)
        best = peak_seconds(results, row)
        if best is not None:
            axes.plot(size, 2 * size / best / 1e9, "_", color=INK, markersize=16, markeredgewidth=2)
        axes.axvline(size, color=FAINT, linewidth=0.8, linestyle=":", zorder=1)
        axes.annotate(
            row["workload"],
            (size, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, -26 + lift),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
    _limits(axes, results)
    axes.margins(x=0.08)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * 2.1)


def peak_seconds(results: Results, row: dict[str, Any]) -> float | None:
    """Return the time of a step at the limit of the machine."""
    found = limits_of(results, row["threads"])
    return None if found is None else seconds_at_limit(found["peak"], row["dtype"], row)


def legend(figure: Any, results: Results) -> None:
    """Name all sides once, above everything."""
    from matplotlib.lines import Line2D

    timed = {s for row in _rows(results) for s, e in row["sides"].items() if "step_seconds" in e}
    handles = [
        Line2D(
            [], [], color=COLORS[side], marker=MARKERS[side], linestyle="none", markersize=9,
            markeredgecolor="white", label=title(side),
        )
        for side in SIDES
        if side in timed
    ]  # fmt: skip
    for words, marker in (("goal", "|"), ("limit of the machine", "_")):
        look: Any = {"color": INK, "markersize": 12, "markeredgewidth": 2, "linestyle": "none"}
        handles.append(Line2D([], [], marker=marker, label=words, **look))
    figure.legend(
        handles=handles, loc="outside upper left", ncols=len(handles), frameon=False,
        handletextpad=0.2, columnspacing=1.4,
    )  # fmt: skip


def _mark(axes: Any, side: str, x: float, y: float) -> None:
    ours = side == "ours"
    axes.plot(
        x,
        y,
        MARKERS[side],
        color=COLORS[side],
        markersize=9 if ours else SIZES.get(side, 7),
        markeredgecolor="white",
        markeredgewidth=0.7,
        zorder=4 if ours else 3,
        linestyle="none",
    )


def _limits(axes: Any, results: Results) -> None:
    """Draw the peak and the rate of matrix products, with one thread, in float32."""
    limits = limits_of(results, 1)
    if limits is None:
        return
    lines = []
    if "float32" in limits["peak"]:
        lines.append((limits["peak"]["float32"]["fma_gflops"], "multiply-add peak", "bottom"))
    if "gflops" in limits["float32"]:
        lines.append((limits["float32"]["gflops"], "matrix product, 2048³", "top"))
    for rate, words, side in lines:
        axes.axhline(rate, color=INK, linewidth=1, linestyle=(0, (4, 2)), zorder=2)
        axes.annotate(
            f"{words}: {rate:.0f} GFLOP/s",
            (0.14, rate),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2 if side == "bottom" else -2),
            textcoords="offset points",
            va=side,
            fontsize=9,
        )


def sweep(axes: Any, results: Results) -> None:
    """Draw throughput over the width of the layers, width by width."""
    axes.set_title("Sweep of widths: 10-w-w-10, 128 examples, float32")
    axes.set(xlabel="w", ylabel="GFLOP/s")
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    curves: dict[tuple[str, int], list[tuple[int, float]]] = {}
    for row in results["sweep"]:
        rate = 2 * row["multiply_adds"] / row["step_seconds"]["median"] / 1e9
        curves.setdefault((row["side"], row["threads"]), []).append((row["width"], rate))
    for (side, threads), points in curves.items():
        w, rates = np.array(sorted(points)).T
        ours = side == "ours"
        axes.plot(
            w,
            rates,
            color=COLORS[side],
            marker=MARKERS[side] if threads == 1 else None,
            markersize=4 if ours else 6,
            linewidth=1.6 if ours else 0.8,
            linestyle="-" if ours and threads == 1 else (0, (3, 2)),
            label=count(threads) if ours else None,
        )
    limits = limits_of(results, 1)
    if curves and limits and "float32" in limits["peak"]:
        peak = limits["peak"]["float32"]["fma_gflops"]
        axes.axhline(peak, color=INK, linewidth=1, linestyle=(0, (4, 2)))
        axes.annotate(
            "peak of one thread",
            (0, peak),
            xycoords=("axes fraction", "data"),
            xytext=(6, 2),
            textcoords="offset points",
            fontsize=9,
        )
    if curves:
        axes.set_xticks([32, 64, 96, 128, 160, 192, 224, 256])
        axes.set_ylim(0, axes.get_ylim()[1] * 1.06)
        axes.legend(frameon=False, fontsize=9, loc="lower right")


def goal_of(row: dict[str, Any], side: str) -> float | None:
    """Return how many times faster than this side the plan wants ours to be."""
    for goal in STEPS:
        named = (goal.workload, goal.dtype, goal.peer)
        if named == (row["workload"], row["dtype"], side):
            return goal.least
    return None


def ratios(axes: Any, results: Results) -> None:
    """Draw how many times longer each peer takes for a step, with the range over the rounds."""
    from matplotlib.ticker import FuncFormatter

    axes.set_title("Time of a step over ours (right of 1: chainrule is faster)")
    axes.set(xscale="log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g} ×"))
    axes.grid(axis="x", which="major", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    rows = _rows(results)
    names = []
    for place, row in enumerate(rows):
        names.append(f"{row['workload']}\n{row['network']}, {row['dtype']}")
        if place % 2:
            axes.axhspan(place - 0.5, place + 0.5, color="#f6f6f6", zorder=0)
        shown = [side for side in SIDES if "ratio" in row["sides"].get(side, {}) and side != "ours"]
        for at, side in enumerate(shown):
            found = row["sides"][side]["ratio"]
            y = place + (at - (len(shown) - 1) / 2) * 0.14
            axes.plot((found["low"], found["high"]), (y, y), color=COLORS[side], linewidth=2)
            _mark(axes, side, found["median"], y)
            goal = goal_of(row, side)
            if goal is not None:
                axes.plot(goal, y, "|", color=COLORS[side], markersize=11, markeredgewidth=2)
    axes.axvline(1, color=COLORS["ours"], linewidth=1.6, zorder=2)
    axes.set_yticks(range(len(rows)), names, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.5, -0.5)
