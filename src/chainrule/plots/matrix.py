"""Which class was taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chainrule.arrays import finite, real_array
from chainrule.errors import InvalidValue, ShapeError
from chainrule.plots.paper import (
    INK,
    PALE_GREY,
    SIGNS,
    axes,
    figure_of,
    prepare,
    write,
)

WRITTEN_CLASSES = 40  # as many as leave room for counts in the cells


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
    ax = ax or axes(side, side)
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
    prepare(ax, "predicted", "true", title)
    ax.set(aspect="equal", ylim=(n - 0.5, -0.5))
    for (row, column), count in np.ndenumerate(counts if n <= WRITTEN_CLASSES else counts[:0]):
        colour = "white" if share[row, column] > 0.6 else INK if count else PALE_GREY
        write(ax, column, row, f"{int(count):,}", fontsize=10.5, color=colour)
    return figure_of(ax)
