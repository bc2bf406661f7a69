"""The sentences of a report: what a verdict means, in plain words."""

from __future__ import annotations

import math
import traceback
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.checking.report import Entry

PACKAGE = Path(__file__).parents[1]


def on_failure(problem: BaseException) -> str:
    """Say what a person's function raised, and on which line of theirs."""
    what = f"{type(problem).__name__}: {problem}"
    frames = [
        frame
        for frame in traceback.extract_tb(problem.__traceback__)
        if PACKAGE not in Path(frame.filename).parents
    ]
    if not frames:
        return f"it cannot be called as f(params, x, y): {what}"
    theirs = [frame for frame in frames if frame.filename == frames[0].filename][-1]
    return f"it raises {what} (line {theirs.lineno} of {Path(theirs.filename).name})"


def on_shape(name: str, met: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """Say what is wrong with a shape, and what it looks like."""
    start = f"has shape {met}, wanted {wanted}, as {name} has"
    if met == wanted[::-1] and len(met) == 2:
        return f"{start}: is it transposed?"
    if int(np.prod(met)) == int(np.prod(wanted)):
        return f"{start}: the entries are as many; is a dimension lost (keepdims=True)?"
    if not notation.is_weights(name) and len(met) == 2 and met[0] == wanted[0]:
        return f"{start}: one column per example; the sum over the examples is missing"
    return start


def _at(entry: Entry) -> str:
    return f"{notation.adjoint(entry.name)}[{', '.join(map(str, entry.place or ()))}]"


def on_wrong(entry: Entry, wrong: int, hint: str) -> str:
    """Say how many elements are wrong, and how far off the worst is."""
    return (
        f"{wrong} of {entry.elements} elements; worst: {_at(entry)} is {entry.claimed:.6g}, "
        f"differences of the cost give {entry.measured:.6g}, "
        f"{_apart(entry.error)}{hint}{_left_out(entry)}"
    )


def hint(claimed: NDArray[np.float64], measured: NDArray[np.float64], near: float) -> str:
    """Return what one glance at a wrong Jacobian shows: a transpose, or one common factor.

    Parameters
    ----------
    claimed, measured : ndarray
        All elements, both finite.
    near : float
        Relative difference up to which numbers count as equal.

    Returns
    -------
    str
        To be added to a sentence; empty if nothing shows.
    """
    size = float(np.max(np.abs(measured), initial=0.0))
    square = claimed.shape == measured.shape[::-1]
    if square and np.allclose(claimed.T, measured, rtol=near, atol=near * size):
        return "; transposed, it would be right"
    seen = np.abs(measured) > near * size
    if size > 0 and seen.any() and np.all(np.abs(claimed[~seen]) <= near * np.abs(claimed).max()):
        ratios = claimed[seen] / measured[seen]
        factor = float(np.median(ratios))
        if abs(factor - 1) > near and np.allclose(ratios, factor, rtol=near, atol=0.0):
            return f"; every element is {factor:.6g} times what it should be"
    return ""


def on_right(entry: Entry, judged: int) -> str:
    """Say how many elements agree, and how well."""
    return (
        f"{judged} of {entry.elements} elements agree; largest relative difference "
        f"{entry.error:.1e}, at {_at(entry)}{_left_out(entry)}"
    )


def _apart(relative: float) -> str:
    if not math.isfinite(relative):
        return "which is no number"
    return f"{relative:.0%} apart" if relative >= 0.01 else f"{relative:.1e} of it apart"


def at_kink(entry: Entry) -> str:
    """Say that nothing is judged at a kink."""
    which = "all" if entry.kinks == entry.elements else f"{entry.kinks} of {entry.elements}"
    return f"not differentiable here, not judged ({which} elements meet a kink)"


def _left_out(entry: Entry) -> str:
    parts = []
    if entry.undecidable:
        parts.append(f"{entry.undecidable} undecidable")
    if entry.kinks:
        parts.append(f"{entry.kinks} at a kink: not differentiable here, not judged")
    return f" ({'; '.join(parts)})" if parts else ""
