"""What all pictures share: one palette, which the colour-blind can tell apart, paper, and saving.

Blue is positive, right, the network's; orange is negative, wrong, the target.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from chainrule.errors import UnknownName
from chainrule.files import write_whole

BLUE, ORANGE, GREEN, PINK, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#333333"
NAVY, PALE_BLUE, AMBER = "#0B3C6F", "#7FB8DE", "#F5A83D"
INK, GREY, PALE_GREY, PAPER = "#2B2B2B", "#6B6B6B", "#BDBAB2", "#F7F5F0"
CAPTION: Any = {"va": "baseline", "fontsize": 11, "linespacing": 1.5}
BELOW_LEFT: Any = {"xytext": (-2, -10), "textcoords": "offset points", "ha": "right", "va": "top"}
LEGEND: Any = {"fontsize": 11, "labelcolor": INK, "facecolor": "white", "edgecolor": "none"}
SIGNS = LinearSegmentedColormap.from_list("signs", [ORANGE, PAPER, BLUE])


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

    def write(part: Path) -> None:
        figure.savefig(part, format=kind, dpi=150, bbox_inches="tight")

    return write_whole(goal, write)


def axes(width: float, height: float) -> Axes:
    """Return axes in a figure of their own; sizes are in inches."""
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def figure_of(ax: Axes) -> Figure:
    """Return the figure in which axes lie."""
    return ax.figure.canvas.figure  # by the canvas: axes may lie in a subfigure, which is no Figure


def prepare(ax: Axes, xlabel: str, ylabel: str, title: str = "") -> None:
    """Lay out axes: paper, a faint grid, titles."""
    ax.set(facecolor=PAPER, axisbelow=True)
    ax.grid(color="white", linewidth=1.4)
    ax.spines[:].set_visible(False)
    ax.tick_params(which="both", length=0, labelsize=11, colors=INK)
    ax.set_xlabel(xlabel, fontsize=12, color=INK)
    ax.set_ylabel(ylabel, fontsize=12, color=INK)
    ax.set_title(title or ax.get_title(), fontsize=13, color=INK, pad=12)


def write(ax: Axes, x: float, y: float, words: str, **style: Any) -> None:
    """Write words into a picture."""
    usual: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "color": INK}
    ax.text(x, y, words, **usual | style)
