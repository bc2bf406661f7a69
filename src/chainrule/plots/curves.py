"""Curves: what is learnt, and the cost on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from chainrule.arrays import Array, finite, real_array
from chainrule.errors import InvalidValue, ShapeError
from chainrule.history import History
from chainrule.plots.paper import (
    AMBER,
    BELOW_LEFT,
    BLACK,
    BLUE,
    GREEN,
    LEGEND,
    NAVY,
    ORANGE,
    PALE_BLUE,
    PINK,
    axes,
    figure_of,
    prepare,
)


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
    ax = ax or axes(7.0, 7.0)
    prepare(ax, "output 0", "output 1", title)
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
    return figure_of(ax)


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
        triangle at the lower edge. The cost of validation data is dashed.

    Raises
    ------
    InvalidValue
        If there is nothing to draw, or the labels are not as many as the histories.

    Examples
    --------
    >>> from chainrule.history import Record
    >>> cost_history(History([Record(0, 1.0), Record(100, 0.1)])).axes[0].get_yscale()
    'log'
    """
    named = dict(history) if isinstance(history, Mapping) else {"": history}
    if not named or not all(isinstance(each, History) and len(each) for each in named.values()):
        kind = type(history).__name__
        raise InvalidValue(f"history is a {kind}, wanted a History with records: result.history")
    texts = list(labels or named)
    if len(texts) != len(named):
        raise InvalidValue(f"labels has {len(texts)} entries, wanted {len(named)}: one each")
    ax = ax or axes(7.5, 4.6)
    prepare(ax, "updates", "cost")
    ax.set_yscale("log")
    ax.margins(x=0.03, y=0.09)
    ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    colours = cycle((BLUE, ORANGE, GREEN, PINK, BLACK))
    for label, each, colour in zip(texts, named.values(), colours, strict=False):
        updates, cost = each.iteration, each.cost
        style: Any = {"color": colour, "zorder": 3}
        validated = bool(np.isfinite(each.validation_cost).any())
        name = label or ("training" if validated else "")
        ax.plot(updates, np.where(cost > 0, cost, np.nan), linewidth=2.2, label=name, **style)
        if validated:
            name = f"{label}, validation" if label else "validation"
            ax.plot(updates, each.validation_cost, "--", linewidth=1.8, label=name, **style)
        edge, zeros = ax.get_xaxis_transform(), updates[cost <= 0]
        ax.plot(zeros, 0 * zeros + 0.03, "v", transform=edge, scaley=False, **style)
        if len(named) == 1 and cost[-1] > 0:
            ax.plot(updates[-1], cost[-1], "o", markersize=7, **style)
            last = updates[-1], cost[-1]
            ax.annotate(f"{cost[-1]:.3g}", last, fontsize=11, color=colour, **BELOW_LEFT)
    if ax.get_legend_handles_labels()[1]:
        ax.legend(**LEGEND)
    return figure_of(ax)
