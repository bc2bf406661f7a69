"""An array that came, held against measured derivatives: what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.checking.slopes import Measured
from chainrule.checking.verdicts import Verdict

Array = NDArray[np.float64]

CLOSE = 1e-6
"""Relative error at which an element is right still; for less than float64 `COARSE`."""

COARSE = {"float32": 1e-3, "float16": 2e-2}
DOUBT = 8.0
"""So many times the estimate of the error of a measurement is forgiven."""


@dataclass(frozen=True)
class Compared:
    """What was found.

    Parameters
    ----------
    verdict : Verdict
    slugs : tuple of str
    words : str
    ratio : float or None
        A factor that is the same in every element.
    residual : float or None
    ties : tuple of str
    """

    verdict: Verdict
    slugs: tuple[str, ...] = ()
    words: str = ""
    ratio: float | None = None
    residual: float | None = None
    ties: tuple[str, ...] = ()


class _Yardstick:
    """How near is near enough, for each element."""

    def __init__(self, measured: Measured, kind: str) -> None:
        self.value, self.known = measured.value, measured.known
        size = float(np.max(np.abs(measured.value[measured.known]), initial=0.0))
        close = COARSE.get(kind, CLOSE)
        self.allowed = close * np.abs(measured.value) + DOUBT * measured.error + 1e-12 * size
        if kind in COARSE:
            self.allowed = self.allowed + 1e-3 * close * size

    def fits(self, came: Array, wanted: Array | None = None, scale: float = 1.0) -> bool:
        """Return whether an array is what it should be, where that is known."""
        wanted = self.value if wanted is None else wanted
        with np.errstate(all="ignore"):
            off = np.abs(came - scale * wanted)[self.known]
        return bool(np.all(off <= abs(scale) * self.allowed[self.known]))


def coarsest(*arrays: NDArray[Any]) -> str:
    """Return the name of the coarsest floating-point numbers among some arrays."""
    kinds = [each.dtype.name for each in arrays]
    return next((kind for kind in ("float16", "float32") if kind in kinds), "float64")


def compared(came: NDArray[Any], parameter: NDArray[Any], measured: Measured) -> Compared:
    """Return what is wrong with an array.

    Parameters
    ----------
    came : ndarray
    parameter : ndarray
        What it is the gradient by.
    measured : Measured
        The derivatives, of the shape of the parameter.
    """
    kind = coarsest(came, parameter)
    yard = _Yardstick(measured, kind)
    if not measured.known.any():
        words = "the cost has a kink here, in every element: there is no derivative to compare with"
        return Compared(Verdict.NOT_JUDGED, words=words)
    values = np.asarray(came, dtype=np.float64)
    slug, words = "", ""
    if values.shape != parameter.shape:
        slug, words, shaped = _shape(values, yard, parameter.shape)
        if shaped is None:
            return Compared(Verdict.WRONG, (slug,), words)
        values = shaped
    found = _values(values, parameter, yard, kind)
    if not slug:
        return found
    right = found.verdict is Verdict.RIGHT
    verdict = Verdict.WRONG
    if right and slug == "kept_dimension":
        verdict = Verdict.OTHER_SHAPE
    said = "; ".join(filter(None, [words, found.words]))
    return Compared(verdict, (slug, *found.slugs), said, found.ratio, found.residual, found.ties)


def _shape(
    values: Array, yard: _Yardstick, wanted: tuple[int, ...]
) -> tuple[str, str, Array | None]:
    met = f"it has shape {values.shape}, wanted {wanted}"
    if values.size == yard.value.size:
        if values.ndim == 2 and values.T.shape == wanted and min(wanted) > 1:
            return "transposed", met, values.T
        return "kept_dimension", met, values.reshape(wanted)
    for axis in range(values.ndim):
        for keep in (True, False):
            summed = values.sum(axis=axis, keepdims=keep)
            if summed.shape == wanted and yard.fits(summed):
                words = f"{met}: summed over axis {axis} it is right"
                return "not_expanded", words, summed
    return "not_expanded", met, None


def _values(  # noqa: PLR0911 - what is simple comes first
    values: Array, parameter: NDArray[Any], yard: _Yardstick, kind: str
) -> Compared:
    known = yard.known
    if not np.isfinite(values).all():
        count = int(np.count_nonzero(~np.isfinite(values)))
        words = f"{count} of {values.size} elements are not finite: an overflow, or 0/0"
        return Compared(Verdict.WRONG_UNKNOWN, words=words)
    size = float(np.max(np.abs(yard.value[known]), initial=0.0))
    off = float(np.max(np.abs(values - yard.value)[known], initial=0.0))
    residual = off / size if size else off
    if yard.fits(values):
        if kind in COARSE:
            words = f"it is in {kind}: judged to its precision"
            return Compared(Verdict.RIGHT, ("precision",), words, residual=residual)
        unknown = int(np.count_nonzero(~known))
        words = f"{unknown} elements were not measured, or lie on a kink" if unknown else ""
        return Compared(Verdict.RIGHT, (), words, residual=residual)
    wrong = Compared(Verdict.WRONG_UNKNOWN, (), "it is not the derivative of the cost")
    if not values[known].any():
        words = "it is zero everywhere, and the derivative is not"
        return Compared(Verdict.WRONG, ("dead_parameter",), words, residual=residual)
    ratio = _ratio(values, yard)
    if ratio is not None:
        return Compared(Verdict.WRONG, ratio=ratio, residual=residual)
    square = values.ndim == 2 and values.shape[0] == values.shape[1]
    if square and known.all() and yard.fits(values.T):
        return Compared(Verdict.WRONG, ("transposed",), "it is transposed", residual=residual)
    return _parts(values, parameter, yard) or wrong


def _ratio(values: Array, yard: _Yardstick) -> float | None:
    """Return the one factor between both, if there is one; a single number has always one."""
    known = yard.known
    square = float(np.sum(yard.value[known] ** 2))
    if not square:
        return None
    ratio = float(np.sum((yard.value * values)[known])) / square
    return ratio if ratio and yard.fits(values, scale=ratio) else None


def _parts(values: Array, parameter: NDArray[Any], yard: _Yardstick) -> Compared | None:
    """Look for rows, columns, places, and what is added."""
    if not yard.known.all():
        return None
    good = np.abs(values - yard.value) <= yard.allowed
    if good.any() and not values[~good].any() and np.count_nonzero(~good) >= 1:
        lines = _lines(~good)
        if lines:
            return Compared(Verdict.WRONG, ("row_skipped",), f"{lines} is zero, the rest is right")
        words = f"{np.count_nonzero(~good)} of {good.size} elements are zero, the rest is right"
        return Compared(Verdict.WRONG, ("picked_entries",), words)
    lines = _lines(~good)
    if lines:
        return Compared(Verdict.WRONG, ("row_skipped",), f"{lines} is wrong, the rest is right")
    ordered = np.sort(values, axis=None), np.sort(yard.value, axis=None)
    if values.size > 2 and np.max(np.abs(ordered[0] - ordered[1])) <= np.max(yard.allowed):
        words = "its elements are right, but stand in each other's places"
        return Compared(Verdict.WRONG, ("index_scatter",), words)
    return _penalty(values - yard.value, np.asarray(parameter, dtype=np.float64), yard)


def _lines(wrong: NDArray[np.bool_]) -> str:
    """Return which row or column holds all that is wrong, in words."""
    if wrong.ndim == 1 and wrong.size > 1 and np.count_nonzero(wrong) == 1:
        return f"element {int(np.flatnonzero(wrong)[0]) + 1} of {wrong.size}"
    if wrong.ndim != 2:
        return ""
    for axis, what in ((0, "row"), (1, "column")):
        lines = np.flatnonzero(wrong.any(axis=1 - axis))
        if lines.size == 1 and wrong.shape[axis] > 1:
            return f"{what} {int(lines[0]) + 1} of {wrong.shape[axis]}"
    return ""


def _penalty(rest: Array, theta: Array, yard: _Yardstick) -> Compared | None:
    size = float(np.sum(theta**2))
    if np.count_nonzero(theta) < 3 or not size:
        return None
    share = float(np.sum(theta * rest)) / size
    off = np.abs(rest - share * theta)
    if np.any(off > 1e-5 * np.abs(share * theta) + yard.allowed):
        return None
    if share < 0:
        words = f"{-share:.6g} times the parameter is missing: a penalty of the cost"
        return Compared(
            Verdict.WRONG, ("penalty_missing",), words, ties=("penalty_factor", "penalty_sign")
        )
    words = f"{share:.6g} times the parameter is too much: a penalty that the cost has not"
    return Compared(Verdict.WRONG, ("penalty_factor",), words, ties=("penalty_on_bias",))
