"""Coefficients: numbers times powers of named constants, exact, such as 2/m or λ/2."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from chainrule import notation
from chainrule.notation import EXAMPLES

Number = int | Fraction

IRRATIONAL: Mapping[str, float] = {
    notation.ROOT_2: math.sqrt(2),
    notation.ROOT_2_PI: math.sqrt(2 * math.pi),
    notation.LOG_2: math.log(2),
}
"""Named constants that are the same in every network."""


@dataclass(frozen=True)
class Coefficient:
    """A number times powers of named constants, such as 2/m or λ/2.

    Parameters
    ----------
    number : fractions.Fraction
        The number, exact.
    powers : tuple of (str, int)
        Name and exponent of each named constant, sorted by name, no exponent zero.

    Examples
    --------
    >>> Coefficient(Fraction(2)) * Coefficient(Fraction(1), (("m", -1),))
    Coefficient(number=Fraction(2, 1), powers=(('m', -1),))
    """

    number: Fraction = Fraction(1)
    powers: tuple[tuple[str, int], ...] = ()

    def __mul__(self, other: Coefficient) -> Coefficient:
        powers = dict(self.powers)
        for name, power in other.powers:
            powers[name] = powers.get(name, 0) + power
        kept = tuple(sorted((name, power) for name, power in powers.items() if power))
        return Coefficient(self.number * other.number, kept)

    def value(self, constants: Mapping[str, float]) -> float:
        """Return the number that this stands for, given the values of the named constants."""
        value = float(self.number)
        for name, power in self.powers:
            value *= (IRRATIONAL[name] if name in IRRATIONAL else constants[name]) ** power
        return value


ONE = Coefficient()
PER_EXAMPLE = Coefficient(powers=((EXAMPLES, -1),))
PER_WEIGHT = Coefficient(powers=((notation.TOTAL_WEIGHT, -1),))


def decimal(number: float) -> Fraction:
    """Return a number as people write it: 0.01 is 1/100, and not what binary digits make of it.

    Examples
    --------
    >>> decimal(0.01)
    Fraction(1, 100)
    """
    return Fraction(repr(float(number)))
