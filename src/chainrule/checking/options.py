"""Hypotheses → options: what each mistake would explain, alone or with a constant factor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.checking.factors import Factor, explain
from chainrule.checking.fitting import BELOW, ROUNDING, WORSE, Fits, Precision, fits
from chainrule.checking.hypotheses import Batch, Made, Numbers

Array = NDArray[np.float64]
Blocks = Mapping[str, Array]

MANY = 3
"""So many entries with the same factor are believed, whatever the factor."""

SAME = 1e-6
"""Factors that are so near are one."""


@dataclass(frozen=True)
class Option:
    """What a hypothesis explains, all of it with one factor.

    Attributes
    ----------
    mistakes, rank : int
        How many mistakes, and how unusual they are.
    made : tuple of Change
    factor : Factor or None
    entries : dict of str to float
        With their residuals.
    against : bool
        Whether it contradicts entries that are right.
    """

    mistakes: int
    rank: int
    made: Made
    factor: Factor | None
    entries: Mapping[str, float]
    against: bool = False
    follows: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """The name of the first mistake in it."""
        slugs = [each.slug for each in self.made] + [*(self.factor.slugs if self.factor else ())]
        return slugs[0] if slugs else ""


class Comparison:
    """What came, held against hypotheses.

    Parameters
    ----------
    numbers : Numbers
    came : mapping of str to ndarray
        Entries (``"W1"``, ``"b1"``, … or intermediate quantities) in their right shapes.
    precision : Precision
    """

    def __init__(self, numbers: Numbers, came: Blocks, precision: Precision) -> None:
        self.numbers, self.precision = numbers, precision
        order = sorted(came, key=lambda entry: numbers.place(equation_of(entry)))
        self.came = {entry: came[entry] for entry in order}
        self.names = {entry: equation_of(entry) for entry in order}
        self.floors = {
            entry: BELOW * float(np.max(numbers.summands(name), initial=0.0))
            for entry, name in self.names.items()
        }
        sizes = numbers.ground.sizes
        self._sizes = {"m": numbers.examples, "d": sizes[0], "k": sizes[-1]}

        base = {name: numbers.right[name][None] for name in self.names.values()}
        self.straight = self._fits(base)
        self._is_right = {
            entry: bool(each.residual[0] <= precision.right and each.plain[0])
            for entry, each in self.straight.items()
        }

    def _fits(self, values: Mapping[str, Array]) -> dict[str, Fits]:
        """Return how well each of several hypotheses fits each entry that they touch."""
        return {
            entry: fits(self.came[entry], values[name], self.floors[entry], self.precision.fits)
            for entry, name in self.names.items()
            if name in values
        }

    def of(self, batch: Batch, rank: Callable[[Made], int], mistakes: int) -> Iterator[Option]:
        """Yield what each hypothesis of a batch explains, with each factor that is explained."""
        base = batch.made == [()] and not batch.values
        touched = self.straight if base else self._fits(batch.values)
        some = np.zeros(len(batch.made), dtype=bool)
        for each in touched.values():
            some |= each.plain | each.scaled
        for place in np.flatnonzero(some):
            plain, scaled = {}, {}
            for entry in self.names:
                each, at = (
                    (touched[entry], place) if entry in touched else (self.straight[entry], 0)
                )
                if each.plain[at]:
                    plain[entry] = float(each.residual[at])
                elif each.scaled[at]:
                    scaled[entry] = (float(each.factor[at]), float(each.residual[at]))
            against = any(entry not in plain and self._is_right[entry] for entry in touched)
            made = batch.made[place]
            order = rank(made)
            if made and plain.keys() & touched.keys():
                yield Option(mistakes, order, made, None, plain, against)
            for factor, entries in self._factors(scaled):
                if made and not entries.keys() & touched.keys():
                    continue
                many = mistakes + len(factor.slugs) + factor.far_fetched
                yield Option(many, order, made, factor, entries, against)

    def _factors(
        self, scaled: Mapping[str, tuple[float, float]]
    ) -> Iterator[tuple[Factor, dict[str, float]]]:
        """Yield entries with the same factor together; of factors, those that are explained.

        A single number is any other times a factor: by itself it says nothing.
        """
        for ratio, same in together({entry: ratio for entry, (ratio, _) in scaled.items()}):
            if sum(self.came[entry].size for entry in same) < 2:
                continue
            biases = all(entry.startswith("b") for entry in same)
            near = max(1e-7, 10 * max(scaled[entry][1] for entry in same))
            factor = explain(ratio, self._sizes, biases_only=biases, near=near)
            if factor is None and len(same) >= MANY:
                factor = Factor(ratio, ("constant_factor",), f"{ratio:.6g}", far_fetched=True)
            if factor is not None:
                yield factor, {entry: scaled[entry][1] for entry in same}

    def best(self, options: Iterable[Option]) -> list[Option]:
        """Drop what fits an entry far worse than something else does."""
        options = list(options)
        best: dict[str, float] = {}
        rounding = {}  # what is nearly right must be something else by far more than that
        for entry, each in self.straight.items():
            rounding[entry] = ROUNDING
            if each.plain[0]:
                best[entry] = float(each.residual[0]) / WORSE**2
                rounding[entry] = min(ROUNDING, float(each.residual[0]) / WORSE)
        for option in options:
            for entry, residual in option.entries.items():
                best[entry] = min(best.get(entry, np.inf), residual)
        kept = []
        for option in options:
            entries = {
                entry: residual
                for entry, residual in option.entries.items()
                if residual <= max(rounding[entry], WORSE * best[entry])
            }
            if entries:
                kept.append(replace(option, entries=entries))
        return kept

    def fit(self, entry: str, predicted: Array) -> float | None:
        """Return the residual of a single prediction; ``None`` where it does not fit as it is."""
        each = fits(self.came[entry], predicted[None], self.floors[entry], self.precision.fits)
        return float(each.residual[0]) if each.plain[0] else None


def together(factors: Mapping[str, float]) -> Iterator[tuple[float, list[str]]]:
    """Yield factors, each with the entries that have it."""
    rest = dict(factors)
    while rest:
        ratio = next(iter(rest.values()))
        same = [entry for entry, each in rest.items() if abs(each - ratio) <= SAME * abs(ratio)]
        yield ratio, same
        rest = {entry: each for entry, each in rest.items() if entry not in same}


def equation_of(entry: str) -> str:
    """Return the name of the equation of an entry: ``"J_W1"`` of ``"W1"``, others as they are."""
    kind, _ = notation.split(entry)
    return notation.adjoint(entry) if kind in ("W", "b") else entry
