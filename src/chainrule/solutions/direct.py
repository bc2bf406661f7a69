"""Arrays against differences of somebody's cost, where no network is known.

A claimed gradient is first asked along a few random directions, which sees an error in any element;
only where that disagrees are differences taken by every element, to say what is wrong: the sign, a
factor, a transposition, a shape, one row. At a kink nothing is judged (`differences.measured`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.factors import explain
from chainrule.checking.verdicts import Verdict
from chainrule.differences import measured
from chainrule.solutions import witness
from chainrule.solutions.reading import Array

Cost = Callable[[Array], float]

DIRECTIONS = 3
MOST = 4096
"""Elements of an array by which differences are taken one by one."""


@dataclass(frozen=True)
class Said:
    """What is said of one array.

    Parameters
    ----------
    verdict : Verdict
    residual : float or None
    slug, words : str
        The cause, where it is known.
    slugs : tuple of str
        All of them, where there are several.
    truth : ndarray or None
        What is right, where it was measured by every element.
    ties : tuple of str
        What else it may be called.
    """

    verdict: Verdict
    residual: float | None = None
    slugs: tuple[str, ...] = ()
    words: str = ""
    truth: Array | None = None
    ties: tuple[str, ...] = ()

    @property
    def mend(self) -> str:
        """The smallest change that mends it."""
        return "; ".join(filter(None, (CATALOGUE[slug].mend for slug in self.slugs)))


def gradient(cost: Cost, at: Array) -> tuple[Array, Array]:
    """Return differences by every element, and their errors.

    Parameters
    ----------
    cost : callable
        Of an array like `at`; it is given copies.
    at : ndarray

    Returns
    -------
    value, error : ndarray
        Errors are infinite at kinks.
    """
    value, error = np.empty(at.shape), np.empty(at.shape)
    for place in np.ndindex(at.shape):

        def along(offset: float, place: tuple[int, ...] = place) -> float:
            moved = at.astype(float)
            moved[place] += offset
            return cost(moved)

        found = measured(along)
        value[place], error[place] = (found.value, found.error) if found else (np.nan, np.inf)
    return value, error


STEP = 1e-3
"""Of differences that nothing is judged by."""


def once(cost: Cost, at: Array) -> Array:
    """Return differences by every element with one step: to go on with, not to judge by.

    Parameters
    ----------
    cost : callable
    at : ndarray
    """
    found = np.empty(at.shape)
    for place in np.ndindex(at.shape):
        values = []
        for offset in (2, 1, -1, -2):
            moved = at.astype(float)
            moved[place] += offset * STEP
            values.append(cost(moved))
        found[place] = (8 * (values[1] - values[2]) - values[0] + values[3]) / (12 * STEP)
    return found


def judge(came: Array, cost: Cost, at: Array, sizes: Mapping[str, int], bias: bool = False) -> Said:
    """Return what is to be said of a claimed gradient.

    Parameters
    ----------
    came : ndarray
        What somebody's code returned for ∂cost/∂at.
    cost : callable
        Of an array like `at`.
    at : ndarray
    sizes : mapping of str to int
        That factors may come of: ``m``, ``d``, ``k``.
    bias : bool, optional
        Whether it is a bias.
    """
    came = np.asarray(came)
    tolerance = witness.tolerance(came)
    values = came.astype(float)
    if values.shape == at.shape and np.isfinite(values).all():
        residual = _along_directions(values, cost, at, tolerance)
        if residual is not None and residual <= tolerance:
            return Said(Verdict.RIGHT, residual)
    if at.size > MOST:
        return Said(Verdict.WRONG_UNKNOWN if values.shape == at.shape else Verdict.WRONG)
    truth, error = gradient(cost, at)
    known = np.isfinite(error)
    if not known.any():
        return Said(Verdict.NOT_JUDGED, words="not differentiable here: a kink, or it overflows")
    return compared(values, np.where(known, truth, np.nan), error, tolerance, sizes, bias)


def _along_directions(came: Array, cost: Cost, at: Array, tolerance: float) -> float | None:
    """Return the largest relative distance along random directions; ``None`` at a kink."""
    rng = np.random.default_rng(at.size)
    worst = 0.0
    for _ in range(DIRECTIONS):
        direction = rng.choice([-1.0, 1.0], at.shape) * rng.uniform(0.5, 1.0, at.shape)
        direction /= max(1.0, float(np.sqrt(at.size)))
        found = measured(_line(cost, at, direction))
        if found is None:
            return None
        claimed = float(np.sum(came * direction))
        size = float(np.sqrt(np.sum((came * direction) ** 2))) + abs(found.value)
        off = max(0.0, abs(claimed - found.value) - 10 * found.error)
        worst = max(worst, off / size if off else 0.0)
        if worst > tolerance:
            break
    return worst


def _line(cost: Cost, at: Array, direction: Array) -> Callable[[float], float]:
    return lambda offset: cost(at.astype(float) + offset * direction)


def compared(  # noqa: PLR0911, PLR0912 (one return for each cause)
    came: Array,
    truth: Array,
    error: Array,
    tolerance: float,
    sizes: Mapping[str, int],
    bias: bool = False,
) -> Said:
    """Compare a claim with what is right, element by element, and name the difference.

    Parameters
    ----------
    came, truth : ndarray
        NaN where the truth is not known.
    error : ndarray
        Of the truth.
    tolerance : float
    sizes : mapping of str to int
    bias : bool, optional
    """
    known = np.isfinite(error) & np.isfinite(truth)
    size = float(np.max(np.abs(truth[known]), initial=0.0))
    doubt = 10 * float(np.max(error[known], initial=0.0))

    def off(claim: Array) -> float:
        found = float(np.max(np.abs(claim - truth)[known], initial=0.0))
        return found if np.isfinite(found) else np.inf

    def fits(claim: Array) -> bool:
        return off(claim) <= tolerance * size + doubt

    if came.shape != truth.shape:
        return _of_shape(came, truth, fits, bias)
    residual = off(came) / (size or 1.0)
    if fits(came):
        return Said(Verdict.RIGHT, residual, truth=truth)
    wrong = Verdict.WRONG

    def said(slugs: tuple[str, ...], words: str) -> Said:
        return Said(wrong, residual, slugs, words, truth)

    if not came.any():
        return said(("dead_parameter",), "it is zero")
    if fits(-came):
        return said(("sign",), "it has the wrong sign")
    if came.ndim == 2 and came.shape[0] == came.shape[1] > 1 and fits(came.T):
        return said(("transposed",), "it is transposed")
    square = float(np.sum(truth[known] ** 2))
    ratio = float(np.sum(came[known] * truth[known])) / square if square else 0.0
    if abs(ratio) > 1e-12 and size > 100 * doubt and fits(came / ratio):
        factor = explain(ratio, sizes, biases_only=bias)
        if factor is not None:
            found = said(factor.slugs, f"it is {factor.words} times what it should be")
            return replace(found, ties=factor.ties)
        slugs = (*(["sign"] if ratio < 0 else []), "constant_factor")
        return said(slugs, f"it is {ratio:.6g} times what it should be")
    different = known & (np.abs(came - truth) > tolerance * size + doubt)
    for axis, what in ((0, "row"), (1, "column")):
        if came.ndim == 2 and came.shape[axis] > 2:
            lines = np.flatnonzero(different.any(axis=1 - axis))
            if lines.size == 1:
                return said(("row_skipped",), f"{what} {lines[0] + 1} alone is wrong")
    if came.ndim == 1 and came.size > 2 and different.sum() == 1:
        which = int(np.flatnonzero(different)[0]) + 1
        return said(("row_skipped",), f"entry {which} alone is wrong")
    if bias and came.size > 1 and np.allclose(came, came.flat[0], rtol=1e-9):
        spread = abs(float(came.flat[0]) - float(np.sum(truth)))
        if spread <= tolerance * size + doubt:
            return said(("bias_summed_over_units",), CATALOGUE["bias_summed_over_units"].says)
    return Said(Verdict.WRONG_UNKNOWN, residual, truth=truth)


def _of_shape(came: Array, truth: Array, fits: Callable[[Array], bool], bias: bool) -> Said:
    met = f"it has shape {came.shape}, wanted {truth.shape}"
    if came.size == truth.size:
        turned = came.ndim == truth.ndim == 2 and came.T.shape == truth.shape
        if turned and not bias and fits(came.T):
            ties = ("kept_dimension",) if 1 in truth.shape else ()
            return Said(Verdict.WRONG, None, ("transposed",), met, truth, ties)
        if fits(came.reshape(truth.shape)):
            return Said(Verdict.OTHER_SHAPE, None, ("kept_dimension",), met, truth)
    if bias and came.size == 1 and fits(truth - float(np.sum(truth)) + float(came.sum())):
        slug = "bias_summed_over_units"
        return Said(Verdict.WRONG, None, (slug,), f"{met}: {CATALOGUE[slug].says}", truth)
    for axis in range(came.ndim):
        summed = came.sum(axis=axis)
        if summed.size == truth.size and fits(summed.reshape(truth.shape)):
            slug = "bias_not_summed" if bias else "not_expanded"
            words = f"{met}: the sum over axis {axis} is missing"
            return Said(Verdict.WRONG, None, (slug,), words, truth)
    return Said(Verdict.WRONG, None, ("not_expanded",), met, truth)
