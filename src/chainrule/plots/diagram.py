"""A network with its weights, as circles and lines."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from chainrule import notation
from chainrule.arrays import Array, finite
from chainrule.errors import InvalidType, InvalidValue
from chainrule.parameters import Parameters
from chainrule.plots.paper import (
    BLUE,
    CAPTION,
    GREY,
    INK,
    ORANGE,
    SIGNS,
    axes,
    figure_of,
    write,
)

WRITTEN_NUMBERS = 36  # as many weights and biases as one can read in a diagram


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
    ax = ax or axes(1.8 + wide * (len(layers) - 1), 1.0 + high * (top - foot))
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
            write(ax, x - ACROSS / 2, foot, between, color=GREY, **CAPTION)
            words, name = f"{name}\n{notation.biases(number)}  {units} × 1", notation.biases(number)
            biases = params[name][list(layer), 0]
        write(ax, x, foot, words, **CAPTION)
        filled = _units(ax, name, x, layer, 32 if few else 20, {"c": biases} | shade)
        for y, bias in zip(layer.values(), biases if few and number else (), strict=False):
            colour = "white" if abs(bias) > 0.6 * scale else INK
            write(ax, x, y, _number(bias, scale), color=colour, zorder=4)
    bar = ax.figure.colorbar(filled, ax=ax, location="bottom", shrink=0.5, aspect=36, pad=0.03)
    bar.set_label("weights (lines), biases (units)", fontsize=11, color=INK)
    bar.ax.spines[:].set_visible(False)
    return figure_of(ax)


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
        write(ax, x + (t - 1) * ACROSS, height, _number(value, scale), bbox=box, zorder=2)


def _units(ax: Axes, name: str, x: float, layer: Layer, size: float, fill: Any) -> PathCollection:
    for (unit, above), (following, below) in pairwise(layer.items()):
        if following > unit + 1:
            write(ax, x, (above + below) / 2, "⋮", fontsize=18)
    ring: Any = {"edgecolors": INK, "linewidths": 1.2, "zorder": 3, "gid": name}
    return ax.scatter([x] * len(layer), list(layer.values()), size**2, **ring, **fill)


def _number(value: Any, scale: float) -> str:
    """Write a value with as many decimals as give the largest three digits."""
    decimals = max(0, 2 - int(np.floor(np.log10(scale))))
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}".replace("-", "−")  # + 0: no −0
