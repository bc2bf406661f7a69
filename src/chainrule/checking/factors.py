"""A constant factor between what came and what is right → where it comes from.

A factor is explained as ±2^i times powers of the sizes that people divide by: the number of
examples m, of inputs d, of outputs k. Probes have sizes that are different primes, so that there is
one explanation; where sizes agree there are more, and all are said.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

NEAR = 1e-6
TWOS = (0, 1, -1, 2, -2)
POWERS = (0, 1, -1, 2, -2)


@dataclass(frozen=True)
class Factor:
    """An explained factor.

    Parameters
    ----------
    value : float
    slugs : tuple of str
        One for each mistake in it: the sign, the mean, a constant.
    words : str
        The factor as people would write it: ``"−2/m"``.
    others : tuple of str
        The same number in other words, where sizes agree.
    """

    value: float
    slugs: tuple[str, ...]
    words: str
    others: tuple[str, ...] = ()


def explain(value: float, sizes: Mapping[str, int], *, biases_only: bool = False) -> Factor | None:
    """Return where a factor comes from, the simplest explanation first.

    Parameters
    ----------
    value : float
        What came over what is right; not 1.
    sizes : mapping of str to int
        ``m``, ``d``, ``k``.
    biases_only : bool, optional
        Whether it is met in biases alone: then 1/m is a mean where the sum belongs.

    Returns
    -------
    Factor or None
        ``None`` where the number is none of these.

    Examples
    --------
    >>> explain(-7.0, {"m": 7, "d": 3, "k": 2}).slugs
    ('sign', 'missing_mean')
    >>> explain(7 / 3, {"m": 7, "d": 3, "k": 2}).words
    'm/d'
    """
    found = sorted(
        (
            (_cost(two, powers), two, powers)
            for two in TWOS
            for powers in itertools.product(POWERS, repeat=len(sizes))
            if _near(abs(value), _product(two, powers, sizes))
        ),
        key=lambda each: each[0],
    )
    found = [each for each in found if each[0] <= 6]
    if not found:
        return None
    _, two, powers = found[0]
    named = dict(zip(sizes, powers, strict=True))
    words = [_words(value < 0, each[1], dict(zip(sizes, each[2], strict=True))) for each in found]
    slugs = (*(["sign"] if value < 0 else []), *_slugs(two, named, biases_only))
    simple = [text for text, each in zip(words, found, strict=True) if each[0] <= found[0][0] + 2]
    return Factor(value, slugs, words[0], tuple(simple[1:]))


def _slugs(two: int, powers: Mapping[str, int], biases_only: bool) -> list[str]:
    slugs = []
    m = powers.get("m", 0)
    others = {name: power for name, power in powers.items() if name != "m" and power}
    if others:
        slugs.append("wrong_divisor")
    elif m == 1:
        slugs.append("missing_mean")
    elif m == -1:
        slugs.append("bias_mean_again" if biases_only else "double_mean")
    elif m:
        slugs.append("wrong_divisor")
    if two:
        slugs.append("constant_factor")
    return slugs


def _product(two: int, powers: tuple[int, ...], sizes: Mapping[str, int]) -> float:
    value = 2.0**two
    for size, power in zip(sizes.values(), powers, strict=True):
        value *= float(size) ** power
    return value


def _cost(two: int, powers: tuple[int, ...]) -> int:
    """Return how far-fetched it is: a number of examples is more usual than one of inputs."""
    return abs(two) * 2 + sum(
        abs(power) * (1 if place == 0 else 2) for place, power in enumerate(powers)
    )


def _near(left: float, right: float) -> bool:
    return abs(left - right) <= NEAR * right


def _words(negative: bool, two: int, powers: Mapping[str, int]) -> str:
    above = [str(2**two)] if two > 0 else []
    below = [str(2**-two)] if two < 0 else []
    for name, power in powers.items():
        (above if power > 0 else below).extend([name] * abs(power))
    top = " ".join(above) or "1"
    bottom = " ".join(below)
    text = f"{top}/{bottom if len(below) == 1 else f'({bottom})'}" if below else top
    return f"−{text}" if negative else text
