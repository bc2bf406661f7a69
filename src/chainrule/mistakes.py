"""Mistakes in a derivative written by hand: what each makes of the right values, by name.

A row predicts what a person's function returns if that mistake is in it. The one whose prediction
agrees with what came is the likely cause; the names are those of the catalogue of mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

NEAR = 1e-6
"""Relative difference up to which a prediction counts as what came."""


@dataclass(frozen=True)
class Evidence:
    """A derivative that was found wrong, and what is known beside it.

    Parameters
    ----------
    claimed, measured : ndarray
        What the person's derivative says, and what differences say, at every point.
    value : ndarray
        The function itself.
    again : callable
        The person's derivative, of any points.
    slope : callable
        Differences of the function, at any points.
    others : mapping of str to ndarray
        Derivatives of other functions at the same points, by name.
    of_activation : bool
        Whether the function is an activation; else it is a cost.
    """

    claimed: Values
    measured: Values
    value: Values
    again: Callable[[Values], Values]
    slope: Callable[[Values], Values]
    others: Mapping[str, Values]
    of_activation: bool = True


@dataclass(frozen=True)
class Mistake:
    """One row.

    Parameters
    ----------
    slug : str
        Its name in the catalogue.
    sentence : str
        What it is, for the person who made it.
    fits : callable
        Takes `Evidence`, returns whether the mistake explains it.
    of_costs_too : bool
        Whether it can be made in the derivative of a cost.
    """

    slug: str
    sentence: str
    fits: Callable[[Evidence], bool]
    of_costs_too: bool = True


def likely_cause(evidence: Evidence) -> str:
    """Return the first mistake that explains what came, in words; empty if none does."""
    return next(iter(_causes(evidence)), "")


def _causes(evidence: Evidence) -> Iterator[str]:
    for row in MISTAKES:
        with np.errstate(all="ignore"):
            if (evidence.of_activation or row.of_costs_too) and row.fits(evidence):
                yield f"; {row.sentence} ({row.slug})"
    for name, other in evidence.others.items():
        if _agree(evidence.claimed, other):
            yield f"; it is the derivative of {name} (derivative_of_other_function)"
    ratio = _common_ratio(evidence)
    if ratio is not None:
        yield f"; it is {ratio:.6g} times what it should be everywhere (constant_factor)"


def _agree(left: Any, right: Any) -> bool:
    found = np.asarray(left, dtype=float)
    if found.shape != np.shape(right):
        return False
    size = min(1.0, float(np.max(np.abs(right), initial=0.0)))
    return bool(np.allclose(found, right, rtol=NEAR, atol=NEAR * size))


def _fed_with_values(evidence: Evidence) -> bool:
    """Return whether the derivative is right if it is given a = f(z) in the place of z."""
    return _agree(evidence.again(evidence.value), evidence.measured)


def _common_ratio(evidence: Evidence) -> float | None:
    size = min(1.0, float(np.max(np.abs(evidence.measured), initial=0.0)))
    seen = np.abs(evidence.measured) > NEAR * size
    if not seen.any() or np.any(np.abs(evidence.claimed[~seen]) > NEAR * size):
        return None
    ratios = evidence.claimed[seen] / evidence.measured[seen]
    middle = float(np.median(ratios))
    return middle if np.allclose(ratios, middle, rtol=NEAR, atol=0.0) else None


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "sign",
        "it has the wrong sign",
        lambda on: _agree(on.claimed, -on.measured),
    ),
    Mistake(
        "function_for_derivative",
        "it is the function itself",
        lambda on: _agree(on.claimed, on.value),
    ),
    Mistake(
        "activation_form_at_sum",
        "it is written for the value a = f(z), as a (1 − a) is, but it is given z: "
        "take f(z) inside it first",
        _fed_with_values,
        of_costs_too=False,
    ),
    Mistake(
        "derivative_at_activation",
        "it is f′ taken at a = f(z) in the place of z",
        lambda on: _agree(on.claimed, on.slope(on.value)),
        of_costs_too=False,
    ),
    Mistake(
        "derivative_reciprocal",
        "it is 1/f′ in the place of f′",
        lambda on: _agree(on.claimed * on.measured, np.ones_like(on.measured)),
    ),
    Mistake(
        "derivative_twice",
        "it is the square of f′",
        lambda on: _agree(on.claimed, on.measured**2),
    ),
)
