"""Pictures: a curve being learnt, the cost, a network with its weights, confusions.

Each function takes numbers and returns a matplotlib `Figure`; give ``ax`` to draw into axes of your
own. There is no ``pyplot`` in here: nothing global changes, and no window opens. One palette, which
the colour-blind can tell apart: blue is positive, right, the network's; orange is negative, wrong,
the target.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from chainrule import notation
from chainrule.arrays import Array, finite, real_array
from chainrule.errors import InvalidType, InvalidValue, ShapeError, UnknownName
from chainrule.history import History
from chainrule.parameters import Parameters

BLUE, ORANGE, GREEN, PINK, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#333333"
NAVY, PALE_BLUE, AMBER = "#0B3C6F", "#7FB8DE", "#F5A83D"
INK, GREY, PALE_GREY, PAPER = "#2B2B2B", "#6B6B6B", "#BDBAB2", "#F7F5F0"
CAPTION: Any = {"va": "baseline", "fontsize": 11, "linespacing": 1.5}
BELOW_LEFT: Any = {"xytext": (-2, -10), "textcoords": "offset points", "ha": "right", "va": "top"}
LEGEND: Any = {"fontsize": 11, "labelcolor": INK, "facecolor": "white", "edgecolor": "none"}
SIGNS = LinearSegmentedColormap.from_list("signs", [ORANGE, PAPER, BLUE])
WRITTEN_NUMBERS = 36  # as many weights and biases as one can read in a diagram
WRITTEN_CLASSES = 40  # as many as leave room for counts in the cells


def curve(
    target: Any, curves: Any = (), final: Any = None, *, title: str = "", ax: Axes | None = None
) -> Figure:
    """Draw a curve in the plane, a network's attempts at it, and its final one.

    Parameters
    ----------
    target : array_like, shape (2, k)
        The points to be learnt, one per column; the last is joined to the first.
    curves : iterable of array_like, shape (2, k) each, optional
        The network's curves in the course of training; later ones are drawn darker.
    final : array_like, shape (2, k), optional
        The network's curve at the end.
    title : str, optional
        Above the picture.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a figure of its own where nothing is said.

    Returns
    -------
    matplotlib.figure.Figure
        The figure drawn into.

    Raises
    ------
    ShapeError, InvalidType, InvalidValue
        If a curve is no finite matrix with two rows.

    Examples
    --------
    >>> curve([[0, 1, 1], [0, 0, 1]], title="A triangle").axes[0].get_title()
    'A triangle'
    """
    goal = _plane("target", target)
    attempts = [_plane(f"curves[{place}]", each) for place, each in enumerate(curves)]
    ends = [] if final is None else [_plane("final", final)]
    ax = ax or _axes(7.0, 7.0)
    _paper(ax, "output 0", "output 1", title)
    ax.set_aspect("equal")
    drawn = np.hstack([goal, goal[:, :1]])  # the target only: a network has to learn that ends meet
    soft: Any = {"solid_capstyle": "round", "solid_joinstyle": "round"}
    ax.plot(*drawn, color=AMBER, alpha=0.6, linewidth=10, zorder=2, label="target", **soft)
    if attempts:
        # One collection, not a line each, so that five hundred curves draw at once.
        age = np.linspace(1, 0, len(attempts))[::-1, np.newaxis]  # a single one is the latest
        colours = (1 - age) * to_rgba(PALE_BLUE, 0.45) + age * to_rgba(BLUE, 0.45)
        lines = LineCollection([each.T for each in attempts], colors=colours, linewidths=0.7)
        ax.add_collection(lines)
        ax.plot([], [], color=BLUE, alpha=0.6, linewidth=1, label="during training")
        ax.autoscale_view()
    for end in ends:
        ax.plot(*end, color=NAVY, linewidth=2.4, zorder=4, label="final", **soft)
    ax.legend(handlelength=2.6, **LEGEND)
    return _figure(ax)


def _plane(name: str, value: Any) -> Array:
    points = real_array(name, value)
    if points.ndim == 2 and points.shape[0] == 2 and points.size:
        return finite(name, points)
    swapped = points.ndim == 2 and points.shape[1] == 2
    remedy = (
        f"rows and columns look swapped; pass {name}.T" if swapped else "give points as columns"
    )
    raise ShapeError(name, points.shape, "(2, k)", remedy)


def cost_history(
    history: History | Mapping[str, History], *, labels: Sequence[str] = (), ax: Axes | None = None
) -> Figure:
    """Draw the cost against the number of updates, on a logarithmic axis.

    Parameters
    ----------
    history : History, or mapping of str to History
        What `train` recorded; or several of them, by label.
    labels : sequence of str, optional
        One for each, for the legend, in place of the keys.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a figure of its own where nothing is said.

    Returns
    -------
    matplotlib.figure.Figure
        The figure drawn into. A cost of 0 has no place on a logarithmic axis; it is shown as a
        triangle at the lower edge.

    Raises
    ------
    InvalidValue
        If there is nothing to draw, or the labels are not as many as the histories.

    Examples
    --------
    >>> cost_history(History([0, 100], [1.0, 0.1])).axes[0].get_yscale()
    'log'
    """
    named = dict(history) if isinstance(history, Mapping) else {"": history}
    if not named or not all(isinstance(each, History) and len(each) for each in named.values()):
        kind = type(history).__name__
        raise InvalidValue(f"history is a {kind}, wanted a History with records: result.history")
    texts = list(labels or named)
    if len(texts) != len(named):
        raise InvalidValue(f"labels has {len(texts)} entries, wanted {len(named)}: one each")
    ax = ax or _axes(7.5, 4.6)
    _paper(ax, "updates", "cost")
    ax.set_yscale("log")
    ax.margins(x=0.03, y=0.09)
    ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    colours = cycle((BLUE, ORANGE, GREEN, PINK, BLACK))
    for label, each, colour in zip(texts, named.values(), colours, strict=False):
        updates, cost = each.iteration, each.cost
        style: Any = {"color": colour, "zorder": 3}
        ax.plot(updates, np.where(cost > 0, cost, np.nan), linewidth=2.2, label=label, **style)
        edge, zeros = ax.get_xaxis_transform(), updates[cost <= 0]
        ax.plot(zeros, 0 * zeros + 0.03, "v", transform=edge, scaley=False, **style)
        if len(named) == 1 and cost[-1] > 0:
            ax.plot(updates[-1], cost[-1], "o", markersize=7, **style)
            last = updates[-1], cost[-1]
            ax.annotate(f"{cost[-1]:.3g}", last, fontsize=11, color=colour, **BELOW_LEFT)
    if any(texts):
        ax.legend(**LEGEND)
    return _figure(ax)


ACROSS = 3.2  # from one layer to the next, where units of the tallest are 1 apart
Layer = dict[int, float]  # the heights of its units, by their numbers; those left out are missing


def network(params: Parameters, *, largest: int = 12, ax: Axes | None = None) -> Figure:
    """Draw a network: its units, and its weights as lines between them.

    A line is blue where the weight is positive and orange where it is negative, the wider and
    stronger the larger it is; a unit is filled with the colour of its bias, by the same scale. The
    values are written there where they are few.

    Parameters
    ----------
    params : Parameters
        Weights and biases.
    largest : int, optional
        Layers with more units than this are abridged: the first, an ellipsis, the last.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a figure of its own where nothing is said.

    Returns
    -------
    matplotlib.figure.Figure
        The figure drawn into. Lines and units bear the parameters' names as ``gid``.

    Raises
    ------
    InvalidType, InvalidValue
        If `params` are no finite parameters, or `largest` is below 3.

    Examples
    --------
    >>> figure = network(Parameters.from_arrays(W1=[[1, -2]], b1=[[3]]))
    >>> [drawn.get_gid() for drawn in figure.axes[0].collections]
    ['a0', 'W1', 'b1']
    """
    if not isinstance(params, Parameters):
        raise InvalidType(f"params is a {type(params).__name__}, wanted Parameters: result.params")
    finite("params.flat", params.flat)
    if largest < 3:
        raise InvalidValue(f"largest is {largest}, wanted at least 3: a unit, an ellipsis, a unit")
    sizes, tallest = params.sizes, min(max(params.sizes), largest)
    layers = [_heights(units, tallest) for units in sizes]
    scale = float(np.max(np.abs(params.flat))) or 1.0
    few = params.flat.size <= WRITTEN_NUMBERS and max(sizes) <= largest and 1e-2 <= scale < 1e3
    wide, high = (2.8, 0.85) if few else (2.5, 0.52)  # inches from layer to layer, unit to unit
    top, foot = tallest / 2 + 0.1, (1 - tallest) / 2 - 0.7 / high
    ax = ax or _axes(1.8 + wide * (len(layers) - 1), 1.0 + high * (top - foot))
    ax.set(xlim=(-0.6, ACROSS * (len(layers) - 1) + 0.6), ylim=(foot - 0.1, top))
    ax.set_axis_off()
    shade: Any = {"cmap": SIGNS, "vmin": -scale, "vmax": scale}
    for number, (layer, units) in enumerate(zip(layers, sizes, strict=True)):
        x, name = ACROSS * number, notation.activations(number)
        biases: Array = np.zeros(len(layer))
        words = f"{name} = x\n{units} × {notation.EXAMPLES}"
        if number:
            weights, before = notation.weights(number), layers[number - 1]
            _lines(ax, weights, x, params[weights] / scale, before, layer)
            if few:
                _values(ax, x, params[weights], before, layer, scale)
            between = f"{weights}\n{units} × {sizes[number - 1]}"
            _write(ax, x - ACROSS / 2, foot, between, color=GREY, **CAPTION)
            words, name = f"{name}\n{notation.biases(number)}  {units} × 1", notation.biases(number)
            biases = params[name][list(layer), 0]
        _write(ax, x, foot, words, **CAPTION)
        filled = _units(ax, name, x, layer, 32 if few else 20, {"c": biases} | shade)
        for y, bias in zip(layer.values(), biases if few and number else (), strict=False):
            colour = "white" if abs(bias) > 0.6 * scale else INK
            _write(ax, x, y, _number(bias, scale), color=colour, zorder=4)
    bar = ax.figure.colorbar(filled, ax=ax, location="bottom", shrink=0.5, aspect=36, pad=0.03)
    bar.set_label("weights (lines), biases (units)", fontsize=11, color=INK)
    bar.ax.spines[:].set_visible(False)
    return _figure(ax)


def _heights(units: int, tallest: int) -> Layer:
    first, last = (units, 0) if units <= tallest else (tallest // 2, (tallest - 1) // 2)
    rows = {unit: unit for unit in range(first)}
    rows |= {units - 1 - back: tallest - 1 - back for back in reversed(range(last))}
    middle = max(rows.values()) / 2
    apart = min(1.35, tallest / (2 * middle + 1))  # smaller layers spread a little
    return {unit: (middle - row) * apart for unit, row in rows.items()}


def _lines(ax: Axes, name: str, x: float, shares: Array, left: Layer, right: Layer) -> None:
    pairs = [(float(shares[to, by]), left[by], right[to]) for to in right for by in left]
    pairs.sort(key=lambda pair: abs(pair[0]))  # the strongest last, on top
    segments = [[(x - ACROSS, start), (x, end)] for _, start, end in pairs]
    colours = [to_rgba(BLUE if s > 0 else ORANGE, 0.1 + 0.85 * abs(s)) for s, _, _ in pairs]
    widths = [0.5 + 3.5 * abs(share) for share, _, _ in pairs]
    lines = LineCollection(segments, colors=colours, linewidths=widths, zorder=1, gid=name)
    ax.add_collection(lines, autolim=False)


def _values(ax: Axes, x: float, values: Array, left: Layer, right: Layer, scale: float) -> None:
    # All in one column, where the lines cross it at equal distances: no value hides another's line.
    # At the fraction t from the larger layer towards the n units of the smaller one, that is where
    # n · t · q, with q between two of the n, equals (1 − t) · p, with p between two of the larger.
    large, small = (left, right) if len(left) >= len(right) else (right, left)
    p, q = (each[0] - each[1] if len(each) > 1 else 1.0 for each in (large, small))
    t = (p if large is left else len(small) * q) / (p + len(small) * q)
    box = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none"}
    for (to, by), value in np.ndenumerate(values):
        height = (1 - t) * left[by] + t * right[to]
        _write(ax, x + (t - 1) * ACROSS, height, _number(value, scale), bbox=box, zorder=2)


def _units(ax: Axes, name: str, x: float, layer: Layer, size: float, fill: Any) -> PathCollection:
    for (unit, above), (following, below) in pairwise(layer.items()):
        if following > unit + 1:
            _write(ax, x, (above + below) / 2, "⋮", fontsize=18)
    ring: Any = {"edgecolors": INK, "linewidths": 1.2, "zorder": 3, "gid": name}
    return ax.scatter([x] * len(layer), list(layer.values()), size**2, **ring, **fill)


def _number(value: Any, scale: float) -> str:
    """Write a value with as many decimals as give the largest three digits."""
    decimals = max(0, 2 - int(np.floor(np.log10(scale))))
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}".replace("-", "−")  # + 0: no −0


def confusion(matrix: Any, labels: Sequence[Any], *, ax: Axes | None = None) -> Figure:
    """Draw a confusion matrix with its counts.

    A cell is the stronger the larger its share of its row: blue on the diagonal, orange beside it.

    Parameters
    ----------
    matrix : array_like of int, shape (n, n)
        How often class i (row) was predicted as class j (column).
    labels : sequence, length n
        Names of the classes.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a figure of its own where nothing is said.

    Returns
    -------
    matplotlib.figure.Figure
        The figure drawn into.

    Raises
    ------
    ShapeError, InvalidType, InvalidValue
        If the matrix is not square, holds anything but counts, or has not as many labels.

    Examples
    --------
    >>> confusion([[8, 2], [0, 10]], ["cat", "dog"]).axes[0].get_title()
    '18 of 20 right (90.0 %)'
    """
    counts, names = finite("matrix", real_array("matrix", matrix)), [str(each) for each in labels]
    n = len(names)
    if counts.shape != (n, n) or not n:
        raise ShapeError("matrix", counts.shape, (n, n), "a row and a column for each label")
    if np.any(counts < 0) or np.any(counts != np.floor(counts)):
        raise InvalidValue("matrix holds numbers that are no counts; do not divide by the totals")
    side = min(3.2 + 0.46 * n, 24.0)
    ax = ax or _axes(side, side)
    # A few errors in a hundred are what one looks for: the root lifts them from the paper.
    share = np.sqrt(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    strength = np.where(np.eye(n, dtype=bool), share, -share)
    edges = np.arange(n + 1) - 0.5
    ax.pcolormesh(edges, edges, strength, cmap=SIGNS, vmin=-1, vmax=1, edgecolors="w", linewidth=2)
    tilted = max(map(len, names)) * n > 8 * side
    ax.set_xticks(range(n), names, rotation=45 * tilted, ha="right" if tilted else "center")
    ax.set_yticks(range(n), names)
    right, total = int(np.trace(counts)), int(counts.sum())
    title = f"{right:,} of {total:,} right ({100 * right / max(total, 1):.1f} %)"
    _paper(ax, "predicted", "true", title)
    ax.set(aspect="equal", ylim=(n - 0.5, -0.5))
    for (row, column), count in np.ndenumerate(counts if n <= WRITTEN_CLASSES else counts[:0]):
        colour = "white" if share[row, column] > 0.6 else INK if count else PALE_GREY
        _write(ax, column, row, f"{int(count):,}", fontsize=10.5, color=colour)
    return _figure(ax)


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure to a file, in one step: nobody who reads it ever meets half a picture.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to write.
    path : str or pathlib.Path
        Where; the suffix says in which format (``.png``, ``.svg``, …), PNG where there is none.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    UnknownName, InvalidValue
        If there is no such format, or no such folder.
    """
    goal, known = Path(path), figure.canvas.get_supported_filetypes()
    kind = goal.suffix[1:].lower() or "png"
    if kind not in known:
        raise UnknownName("picture format", kind, known)
    if not goal.parent.is_dir():
        raise InvalidValue(f"the folder {goal.parent} of {goal.name} is not there: create it first")
    # In the same folder, since only within one file system is a renaming a single step.
    part = goal.with_name(f".{goal.name}.{secrets.token_hex(4)}.part")
    try:
        figure.savefig(part, format=kind, dpi=150, bbox_inches="tight")
        part.replace(goal)
    finally:
        part.unlink(missing_ok=True)
    return goal


def _axes(width: float, height: float) -> Axes:
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def _figure(ax: Axes) -> Figure:
    return ax.figure.canvas.figure  # by the canvas: axes may lie in a subfigure, which is no Figure


def _paper(ax: Axes, xlabel: str, ylabel: str, title: str = "") -> None:
    ax.set(facecolor=PAPER, axisbelow=True)
    ax.grid(color="white", linewidth=1.4)
    ax.spines[:].set_visible(False)
    ax.tick_params(which="both", length=0, labelsize=11, colors=INK)
    ax.set_xlabel(xlabel, fontsize=12, color=INK)
    ax.set_ylabel(ylabel, fontsize=12, color=INK)
    ax.set_title(title or ax.get_title(), fontsize=13, color=INK, pad=12)


def _write(ax: Axes, x: float, y: float, words: str, **style: Any) -> None:
    usual: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "color": INK}
    ax.text(x, y, words, **usual | style)
