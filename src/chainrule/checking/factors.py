"""A constant factor between what came and what is right → where it comes from.

A factor is explained as ±2^i times powers of the sizes that people divide by: the number of
examples m, of inputs d, of outputs k. Where sizes agree, or are small, several explanations fit:
all are said. A second measurement with another number of examples rules some of them out.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

NEAR = 1e-7
TWOS = (0, 1, -1, 2, -2)
POWERS = (0, 1, -1, 2, -2)
FAR_FETCHED = 7
MOST = 1_000_000
"""The largest number of examples of another data set that is thought of."""

Sizes = Mapping[str, int]


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
    ties : tuple of str
        What these others are called, where that is something else.
    far_fetched : bool
        Whether it is no number that people divide by.
    """

    value: float
    slugs: tuple[str, ...]
    words: str
    others: tuple[str, ...] = ()
    ties: tuple[str, ...] = ()
    far_fetched: bool = False


def explain(
    value: float,
    sizes: Sizes,
    *,
    biases_only: bool = False,
    again: Sequence[tuple[float, Sizes]] = (),
    near: float = NEAR,
) -> Factor | None:
    """Return where a factor comes from, the simplest explanation first.

    Parameters
    ----------
    value : float
        What came over what is right; not 1.
    sizes : mapping of str to int
        ``m``, ``d``, ``k``; the number of examples first.
    biases_only : bool, optional
        Whether it is met in biases alone: then 1/m is a mean where the sum belongs.
    again : sequence of (float, mapping), optional
        The same factor at other sizes.
    near : float, optional
        How near, relative, it must be.

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
    >>> sizes = {"m": 4, "d": 3, "k": 2}
    >>> explain(4.0, sizes).slugs, explain(4.0, sizes, again=[(4.0, {**sizes, "m": 6})]).slugs
    (('missing_mean',), ('constant_factor',))
    """
    measured = [(value, sizes), *again]
    found = [
        (cost, two, powers)
        for cost, two, powers in _candidates(len(sizes))
        if all(
            abs(abs(ratio) - _product(two, powers, each)) <= near * abs(ratio)
            for ratio, each in measured
        )
    ]
    if not found:
        return _other_count(value, sizes, again, near)
    best = found[0][0]
    spelled = [
        (
            _words(value < 0, two, dict(zip(sizes, powers, strict=True))),
            (
                *(["sign"] if value < 0 else []),
                *_slugs(two, dict(zip(sizes, powers, strict=True)), biases_only),
            ),
        )
        for cost, two, powers in found
        if cost <= best + 3
    ]
    words, slugs = spelled[0]
    ties = dict.fromkeys(slug for _, each in spelled[1:] for slug in each if slug not in slugs)
    return Factor(value, slugs, words, tuple(text for text, _ in spelled[1:]), tuple(ties))


@lru_cache
def _candidates(count: int) -> tuple[tuple[int, int, tuple[int, ...]], ...]:
    """Return far-fetchedness, power of two, and powers of the sizes, the simplest first."""
    found = [
        (_cost(two, powers), two, powers)
        for two in TWOS
        for powers in itertools.product(POWERS, repeat=count)
        if (two or any(powers)) and _cost(two, powers) <= FAR_FETCHED
    ]
    minus = (0, 0, (0,) * count)  # −1: nothing but the sign
    return (minus, *sorted(found, key=lambda each: each[0]))


def _other_count(
    value: float, sizes: Sizes, again: Sequence[tuple[float, Sizes]], near: float
) -> Factor | None:
    """Explain a factor as m over a whole number: the examples of another data set."""
    if "m" not in sizes:
        return None
    counts = [each["m"] / abs(ratio) for ratio, each in [(value, sizes), *again]]
    count = round(counts[0])
    if not 1 < count <= MOST or any(abs(each - count) > near * count for each in counts):
        return None
    slugs = ("sign", "global_count") if value < 0 else ("global_count",)
    words = f"−m/{count}" if value < 0 else f"m/{count}"
    return Factor(value, slugs, words, ties=() if again else ("constant_factor",))


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


def _product(two: int, powers: tuple[int, ...], sizes: Sizes) -> float:
    value = 2.0**two
    for size, power in zip(sizes.values(), powers, strict=True):
        value *= float(size) ** power
    return value


def _cost(two: int, powers: tuple[int, ...]) -> int:
    """Return how far-fetched it is.

    A number of examples is more usual than one of inputs, and to divide by one of inputs more than
    to multiply with it.
    """
    examples, others = sum(powers[:1]), powers[1:]
    squares = sum(abs(power) == 2 for power in powers)
    above = sum(power > 0 for power in others)
    return 2 * abs(two) + 2 * squares + 2 * above + abs(examples) + 3 * sum(map(abs, others))


def _words(negative: bool, two: int, powers: Mapping[str, int]) -> str:
    above = [str(2**two)] if two > 0 else []
    below = [str(2**-two)] if two < 0 else []
    for name, power in powers.items():
        (above if power > 0 else below).extend([name] * abs(power))
    top = " ".join(above) or "1"
    bottom = " ".join(below)
    text = f"{top}/{bottom if len(below) == 1 else f'({bottom})'}" if below else top
    return f"−{text}" if negative else text
