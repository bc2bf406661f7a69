"""From what came and what is right to the fewest mistakes that explain it.

Every hypothesis (one mistake in one place) is asked which entries it predicts to the last digits,
alone or with a constant factor. The one that explains most entries is taken, then the one that
explains most of the rest, and so on; where entries are left, pairs are tried, then a constant
factor of any size, and in the end the first intermediate that is wrong is all that can be said.

Hypotheses are ranked by their residual, never by the angle between gradients: at usual
initialisations a wrong gradient is almost proportional to the right one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.checking.factors import Factor, explain
from chainrule.checking.hypotheses import Numbers
from chainrule.checking.mutations import Change, changes
from chainrule.checking.special import Special, specials

Array = NDArray[np.float64]
Blocks = Mapping[str, Array]

TOLERANCE = 1e-6
"""Largest relative residual at which a hypothesis fits; nearest wrong ones are at 6e-4."""

BELOW = 1e-12
"""What is below this part of the summands is rounding."""


@dataclass(frozen=True)
class Cause:
    """What explains some entries.

    Parameters
    ----------
    changes : tuple of Change
    entries : tuple of str
    residual : float
        The largest, relative.
    factor : Factor or None
        A constant beside the changes.
    special : Special or None
        In the place of changes.
    ratio : float or None
        A constant factor that nothing explains.
    ties : tuple of str
        Slugs of other single mistakes that explain the same entries.
    """

    changes: tuple[Change, ...]
    entries: tuple[str, ...]
    residual: float
    factor: Factor | None = None
    special: Special | None = None
    ratio: float | None = None
    ties: tuple[str, ...] = ()

    @property
    def slugs(self) -> tuple[str, ...]:
        """Names in the catalogue, each once."""
        found = [change.slug for change in self.changes]
        if self.special is not None:
            found.append(self.special.slug)
        if self.factor is not None:
            found += self.factor.slugs
        if self.ratio is not None:
            found.append("constant_factor")
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Fit:
    """That a prediction fits an entry: up to which factor, and how well."""

    factor: float
    residual: float

    @property
    def plain(self) -> bool:
        """Whether there is no factor."""
        return self.factor == 1.0


@dataclass
class Found:
    """The outcome of a search.

    Attributes
    ----------
    right : dict of str to float
        Entries that are right, with their residuals.
    causes : list of Cause
    unknown : tuple of str
        Entries that nothing explains.
    """

    right: dict[str, float] = field(default_factory=dict)
    causes: list[Cause] = field(default_factory=list)
    unknown: tuple[str, ...] = ()


def fit(came: Array, predicted: Array, summands: Array, tolerance: float) -> Fit | None:
    """Return whether a prediction is what came, exactly or up to a factor."""
    floor = BELOW * float(np.max(summands, initial=0.0))
    size = float(np.max(np.abs(predicted), initial=0.0))
    if not np.isfinite(size):
        return None
    off = _largest(came - predicted)
    if off <= tolerance * size + floor:
        return Fit(1.0, off / (size or 1.0))
    square = float(np.vdot(predicted, predicted))
    if size <= floor or not square or not np.isfinite(square):
        return None
    ratio = float(np.vdot(predicted, came)) / square
    off = _largest(came - ratio * predicted)
    if ratio and off <= abs(ratio) * tolerance * size:
        return Fit(ratio, off / (abs(ratio) * size))
    return None


def _largest(of: Array) -> float:
    found = float(np.max(np.abs(of), initial=0.0))
    return found if np.isfinite(found) else np.inf


class Search:
    """The search for the causes of what came.

    Parameters
    ----------
    numbers : Numbers
    came : mapping of str to ndarray
        Entries (``"W1"``, ``"b1"``, …) in their right shapes.
    tolerance : float, optional
    """

    def __init__(self, numbers: Numbers, came: Blocks, tolerance: float = TOLERANCE) -> None:
        self._numbers, self._came, self._tolerance = numbers, came, tolerance
        self._names = {entry: equation_of(entry) for entry in came}
        self._summands = {entry: numbers.summands(name) for entry, name in self._names.items()}
        m = next(iter(numbers.right[notation.TARGETS].shape[1:]))
        sizes = numbers.ground.sizes
        self._sizes = {"m": m, "d": sizes[0], "k": sizes[-1]}

    def run(self) -> Found:
        """Return the causes, each said once."""
        found = Found()
        straight = self._fits({})
        found.right = {entry: each.residual for entry, each in straight.items() if each.plain}
        left = [entry for entry in self._came if entry not in found.right]
        if not left:
            return found
        hypotheses: list[tuple[tuple[Change, ...], dict[str, Fit]]] = [((), straight)]
        for change in changes(self._numbers.ground):
            values = self._numbers.changed([change])
            if values is not None:
                hypotheses.append(((change,), self._fits(values)))
        left = self._cover(hypotheses, left, found)
        left = self._specials(left, found)
        if left:
            singles = [made[0] for made, _ in hypotheses if made]
            left = self._cover(list(self._pairs(singles, left, found)), left, found)
        left = self._ratios(straight, left, found)
        found.unknown = tuple(left)
        return found

    def _fits(self, values: Mapping[str, Array]) -> dict[str, Fit]:
        fits = {}
        for entry, name in self._names.items():
            predicted = values.get(name, self._numbers.right[name])
            each = fit(self._came[entry], predicted, self._summands[entry], self._tolerance)
            if each is not None:
                fits[entry] = each
        return fits

    def _cover(
        self,
        hypotheses: list[tuple[tuple[Change, ...], dict[str, Fit]]],
        left: list[str],
        found: Found,
    ) -> list[str]:
        """Take what explains most of what is left, again and again."""
        options = []
        for rank, (made, fits) in enumerate(hypotheses):
            for factor, entries in self._groups(fits):
                if made or factor is not None:
                    mistakes = len(made) + (len(factor.slugs) if factor else 0)
                    options.append((mistakes, rank, made, factor, entries))
        while left:
            best = max(
                (each for each in options if set(each[4]) & set(left)),
                key=lambda each: (len(set(each[4]) & set(left)), -each[0], -each[1]),
                default=None,
            )
            if best is None:
                return left
            mistakes, _, made, factor, entries = best
            explained = tuple(entry for entry in left if entry in entries)
            ties = tuple(
                dict.fromkeys(
                    other[2][0].slug
                    for other in options
                    if other[0] == mistakes == 1
                    and other[2]
                    and other is not best
                    and set(explained) == set(other[4]) & set(left)
                    and other[2][0].slug not in {change.slug for change in made}
                )
            )
            residual = max(entries[entry].residual for entry in explained)
            made, factor = self._news(made, factor, found)
            found.causes.append(Cause(made, explained, residual, factor, ties=ties))
            left = [entry for entry in left if entry not in explained]
        return left

    def _news(
        self, made: tuple[Change, ...], factor: Factor | None, found: Found
    ) -> tuple[tuple[Change, ...], Factor | None]:
        """Drop what another cause has said already, unless nothing would be left."""
        known = {change for cause in found.causes for change in cause.changes}
        factors = {cause.factor.words for cause in found.causes if cause.factor}
        fresh = tuple(change for change in made if change not in known)
        if factor is not None and factor.words in factors and fresh:
            factor = None
        return (fresh if fresh or factor else made), factor

    def _groups(self, fits: Mapping[str, Fit]) -> Iterator[tuple[Factor | None, dict[str, Fit]]]:
        """Yield entries with the same factor together; of factors, those that are explained."""
        plain = {entry: each for entry, each in fits.items() if each.plain}
        if plain:
            yield None, plain
        rest = [entry for entry in fits if entry not in plain]
        while rest:
            ratio = fits[rest[0]].factor
            same = [e for e in rest if abs(fits[e].factor - ratio) <= self._tolerance * abs(ratio)]
            rest = [entry for entry in rest if entry not in same]
            factor = explain(
                ratio, self._sizes, biases_only=all(entry.startswith("b") for entry in same)
            )
            if factor is not None:
                yield factor, {entry: fits[entry] for entry in same}

    def _pairs(
        self, singles: list[Change], left: list[str], found: Found
    ) -> Iterator[tuple[tuple[Change, ...], dict[str, Fit]]]:
        """Yield pairs of mistakes: first with one that is already found, then any."""
        known = [change for cause in found.causes for change in cause.changes]
        rare = ("derivative_of_other_function", "shortcut_for_other_cost")
        common = [change for change in singles if change.slug not in rare]
        tried = set()
        for first, second in itertools.chain(
            itertools.product(known, singles), itertools.combinations(common, 2)
        ):
            key = frozenset({(first.equation, first.expr), (second.equation, second.expr)})
            if first.equation == second.equation or key in tried:
                continue
            tried.add(key)
            values = self._numbers.changed([first, second])
            if values is None:
                continue
            fits = {e: f for e, f in self._fits(values).items() if e in left}
            if fits:
                yield (first, second), fits

    def _specials(self, left: list[str], found: Found) -> list[str]:
        decay = self._numbers.ground.architecture.l2
        rest = []
        for entry in left:
            if entry not in self._numbers.right:  # an intermediate
                rest.append(entry)
                continue
            for special in specials(self._numbers, entry, self._came[entry], decay):
                each = fit(
                    self._came[entry], special.predicted, self._summands[entry], self._tolerance
                )
                if each is not None and each.plain:
                    cause = Cause((), (entry,), each.residual, special=special)
                    found.causes.append(cause)
                    break
            else:
                rest.append(entry)
        return rest

    def _ratios(self, straight: Mapping[str, Fit], left: list[str], found: Found) -> list[str]:
        """Say a constant factor that nothing explains: the last resort."""
        while True:
            entry = next((each for each in left if each in straight), None)
            if entry is None:
                return left
            ratio = straight[entry].factor
            same = tuple(
                each
                for each in left
                if each in straight and abs(straight[each].factor - ratio) <= 1e-6 * abs(ratio)
            )
            residual = max(straight[each].residual for each in same)
            found.causes.append(Cause((), same, residual, ratio=ratio))
            left = [each for each in left if each not in same]


def equation_of(entry: str) -> str:
    """Return the name of the equation of an entry: ``"J_W1"`` of ``"W1"``, others as they are."""
    kind, _ = notation.split(entry)
    return notation.adjoint(entry) if kind in ("W", "b") else entry
