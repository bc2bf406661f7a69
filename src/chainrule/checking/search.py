"""From what came and what is right to the fewest mistakes that explain it.

Every hypothesis (one mistake in one place, or the same one in several layers) is asked which
entries it predicts to the last digits, alone or with a constant factor. Explanations with one
mistake come first, then those with two; of these the one that explains most entries is taken, then
the one that explains most of the rest, and so on. Where all fail, a constant factor of any size is
said, and in the end that the cause is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from chainrule import expr, notation
from chainrule.checking.causes import Cause, Found, merged
from chainrule.checking.factors import Factor
from chainrule.checking.fitting import ROUNDING, Precision, Rightness
from chainrule.checking.hypotheses import Batch, Made, Numbers, stacked
from chainrule.checking.mutations import RARE, Change, changes, far_fetched, joint
from chainrule.checking.options import Comparison, Option, together
from chainrule.checking.special import Special, early_step, specials
from chainrule.coefficient import Coefficient

Array = NDArray[np.float64]
Blocks = Mapping[str, Array]


class Search:
    """The search for the causes of what came.

    Parameters
    ----------
    numbers : Numbers
    came : mapping of str to ndarray
        Entries (``"W1"``, ``"b1"``, … or intermediate quantities) in their right shapes.
    precision : Precision
    within : bool, optional
        Whether the numbers are those of a derivation that has mistakes already, so that no more
        than one other is looked for.
    """

    def __init__(
        self, numbers: Numbers, came: Blocks, precision: Precision, *, within: bool = False
    ) -> None:
        self._numbers, self._within = numbers, within
        self._with = Comparison(numbers, came, precision)
        self._came, self._names = self._with.came, self._with.names
        self._rightness = Rightness(numbers, precision)
        every = changes(numbers.ground.architecture)
        self._considered: list[Option] = []
        self._ranks = {change: rank for rank, change in enumerate(every)}

    def run(self) -> Found:
        """Return the causes, each said once."""
        with np.errstate(all="ignore"):  # hypotheses overflow, and then do not fit
            return self._run()

    def _run(self) -> Found:
        found = Found()
        left, nearly = self._right(found)
        if left or nearly:
            singles, options = self._singles()
            for entry in nearly:  # right but for 1e-8, say: is it exactly something else?
                exact = [each for each in options if each.entries.get(entry, 1.0) <= ROUNDING]
                if any(each.mistakes == 1 for each in exact):
                    del found.right[entry]
                    left.append(entry)
            left = self._explain(singles, options, left, found)
        found.unknown = tuple(entry for entry in self._came if entry in left)
        found.causes = merged(found.causes)
        return found

    def _right(self, found: Found) -> tuple[list[str], list[str]]:
        left, nearly = [], []
        for entry, came in self._came.items():
            name = self._names[entry]
            off = self._rightness.off(name, came)
            if off <= 1.0:
                if self._rightness.undecidable(name):
                    found.undecidable += (entry,)
                    continue
                found.right[entry] = self._residual(entry)
                if not self._rightness.exact(name, came):
                    nearly.append(entry)
            else:
                left.append(entry)
        return left, nearly

    def _residual(self, entry: str) -> float:
        right = self._numbers.right[self._names[entry]]
        size = float(np.max(np.abs(right), initial=0.0))
        off = float(np.max(np.abs(self._came[entry] - right), initial=0.0))
        return off / size if size else off

    def _explain(
        self, singles: list[Batch], options: list[Option], left: list[str], found: Found
    ) -> list[str]:
        """Go from what is simple to what is far-fetched, while anything is left."""
        left = self._simple(options, left, found)
        if self._within:
            return self._specials(left, found, weak=True)
        left = self._given(left, found)
        left = self._beside(left, found)
        if left:
            left = self._cover(self._pairs(singles, left), left, found)
        left = self._beside(left, found)
        left = self._specials(left, found, weak=True)
        left = self._ratios(left, found)
        return self._beside(left, found)

    def _simple(self, options: list[Option], left: list[str], found: Found) -> list[str]:
        """Look for one mistake in each entry, beside a constant factor."""
        self._considered = options
        once = [each for each in options if each.mistakes == 1]
        left = self._dead(once, left, found)
        left = self._cover(once, left, found)
        left = self._specials(left, found, weak=False)
        left = self._too_early(left, found)
        return self._cover(options, left, found)

    def _beside(self, left: list[str], found: Found) -> list[str]:
        """Look for another mistake, on the ground of those that were found."""
        for cause, made, scale in self._grounds(found):
            numbers = self._numbers.under(made) if left else None
            if numbers is None:
                continue
            came = {entry: self._came[entry] / scale for entry in left}
            more = Search(numbers, came, self._with.precision, within=True).run()
            news = tuple(change for change in made if change not in cause.changes)
            found.causes += [replace(each, changes=(*news, *each.changes)) for each in more.causes]
            found.causes += [
                Cause(made, (entry,), residual) for entry, residual in more.right.items()
            ]
            left = list(more.unknown)
        return left

    def _grounds(self, found: Found) -> Iterator[tuple[Cause, Made, float]]:
        """Yield what was found, with its factor, also as it would be in more layers."""
        habits = joint(self._numbers.ground.architecture)
        together = []
        for cause in list(found.causes):
            scale = cause.factor.value if cause.factor is not None else cause.ratio
            if cause.changes or scale is not None:
                yield cause, cause.changes, 1.0 if scale is None else scale
            if cause.changes:
                together.append(cause)
                for made in habits:
                    if set(made) > set(cause.changes):
                        yield cause, made, 1.0
        every = tuple(dict.fromkeys(change for cause in together for change in cause.changes))
        if len(together) > 1 and len({change.equation for change in every}) == len(every):
            yield replace(together[0], changes=every), every, 1.0

    # hypotheses → options ----------------------------------------------------------------------

    def _singles(self) -> tuple[list[Batch], list[Option]]:
        """Return single mistakes as batches, an equation each, and all options of them."""
        architecture = self._numbers.ground.architecture
        by_equation: dict[str, list[Change]] = {}
        for change in changes(architecture):
            by_equation.setdefault(change.equation, []).append(change)
        base = self._numbers.base()
        singles = [
            batch
            for equation in sorted(by_equation, key=self._numbers.place)
            if (batch := self._numbers.extended(base, by_equation[equation])) is not None
        ]
        options = list(self._with.of(base, self._rank, 0))
        for batch in singles:
            options += self._with.of(batch, self._rank, 1)
        several = filter(None, map(self._numbers.joint, joint(architecture)))
        for batch in stacked(several):
            options += self._with.of(batch, self._rank, 1)
        return singles, self._with.best(options)

    def _rank(self, made: Made) -> int:
        """Return how unusual a mistake is; joint ones go by their first."""
        return self._ranks.get(made[0], len(self._ranks)) if made else 0

    # options → causes --------------------------------------------------------------------------

    def _cover(self, options: Sequence[Option], left: list[str], found: Found) -> list[str]:
        """Take what explains most of what is left, with the fewest mistakes, again and again."""
        while left:
            waiting = set(left)
            best = max(
                (each for each in options if waiting & each.entries.keys()),
                key=lambda each: (
                    len(waiting & each.entries.keys()),
                    -each.mistakes,
                    not each.against,
                    -each.rank,
                ),
                default=None,
            )
            if best is None:
                return left
            explained = tuple(entry for entry in left if entry in best.entries)
            made, factor = self._news(best, found)
            cause = Cause(
                made,
                explained,
                max(best.entries[entry] for entry in explained),
                factor,
                ties=self._ties(best, explained, waiting, [*options, *self._considered]),
                follows=best.follows,
            )
            found.causes.append(cause)
            left = [entry for entry in left if entry not in explained]
        return left

    def _ties(
        self, best: Option, explained: Sequence[str], waiting: set[str], options: Sequence[Option]
    ) -> tuple[str, ...]:
        """Return other names of what explains the same: alike, or up to a 2 that is lost."""
        own = {change.slug for change in best.made} | set(best.factor.slugs if best.factor else ())
        ties = dict.fromkeys(best.factor.ties if best.factor else ())
        for other in options:
            constant = other.factor is not None and other.factor.slugs == ("constant_factor",)
            alike = other.mistakes == best.mistakes or (
                constant and other.mistakes == best.mistakes + 1 and len(best.made) == 1
            )
            if alike and other.made and waiting & other.entries.keys() == set(explained):
                ties.update(dict.fromkeys(change.slug for change in other.made))
        return tuple(slug for slug in ties if slug not in own)

    def _news(self, best: Option, found: Found) -> tuple[Made, Factor | None]:
        """Drop what another cause has said already, unless nothing would be left."""
        known = {change for cause in found.causes for change in cause.changes}
        factors = {cause.factor.words for cause in found.causes if cause.factor}
        fresh = tuple(change for change in best.made if change not in known)
        factor = best.factor
        if factor is not None and factor.words in factors and fresh:
            factor = None
        return (fresh if fresh or factor else best.made), factor

    def _pairs(self, singles: list[Batch], left: list[str]) -> list[Option]:
        """Return pairs of mistakes, of which one changes what the other one makes."""
        names = {self._names[entry] for entry in left}
        options: list[Option] = []
        for first in singles:
            (start,) = first.changed
            for second in singles:
                (equation,) = second.changed
                later = [made[0] for made in second.made if self._numbers.needs(made[0], first)]
                if self._numbers.place(equation) <= self._numbers.place(start) or not later:
                    continue
                both = self._numbers.extended(first, later)
                if both is not None and not names.isdisjoint(both.values):
                    found = self._with.of(both, self._rank_of_pair, 2)
                    options += [each for each in found if not any(map(far_fetched, each.made))]
        return self._with.best(options)

    def _rank_of_pair(self, made: Made) -> int:
        rare = sum(change.slug in RARE for change in made)
        return sum(self._ranks[change] for change in made) + rare * len(self._ranks)

    # beside hypotheses -------------------------------------------------------------------------

    def _specials(self, left: list[str], found: Found, *, weak: bool) -> list[str]:
        rest = []
        for entry in left:
            for special in self._of(entry):
                if special.weak and not weak:
                    continue
                residual = self._with.fit(entry, special.predicted)
                if residual is not None:
                    found.causes.append(
                        Cause((), (entry,), residual, special=special, ties=special.ties)
                    )
                    break
            else:
                rest.append(entry)
        return rest

    def _dead(self, options: Sequence[Option], left: list[str], found: Found) -> list[str]:
        """Say of zeros that they are zeros: other mistakes may have made them, too."""
        rest = []
        for entry in left:
            nothing = np.zeros_like(self._came[entry])
            if self._with.fit(entry, nothing) is None:
                rest.append(entry)
                continue
            ties = dict.fromkeys(
                each.made[0].slug for each in options if entry in each.entries and each.made
            )
            words = f"{notation.text(self._names[entry])} is zero everywhere"
            special = Special("dead_parameter", words, nothing)
            found.causes.append(Cause((), (entry,), 0.0, special=special, ties=tuple(ties)))
        return rest

    def _of(self, entry: str) -> Iterator[Special]:
        if notation.split(entry)[0] in ("W", "b"):
            yield from specials(self._numbers, entry, self._came[entry])

    def _too_early(self, left: list[str], found: Found) -> list[str]:
        """Weights that were updated before δ went back through them."""
        for entry in left:
            kind, layer = notation.split(entry)
            if kind not in ("W", "b"):
                continue
            step = early_step(self._numbers, int(layer), self._came[entry], entry)
            if step is None:
                continue
            made = tuple(
                early_update(self._numbers, below, step) for below in range(int(layer), 0, -1)
            )
            options: list[Option] = []
            for several in (made, made[:1]):
                batch = self._numbers.joint(several)
                if batch is not None:
                    options += self._with.of(batch, self._rank, 1)
            return self._cover(self._with.best(options), left, found)
        return left

    def _given(self, left: list[str], found: Found) -> list[str]:
        """Judge what is left from the intermediate quantities as the person has them."""
        given = {
            name: self._came[entry]
            for entry, name in self._names.items()
            if entry == name and entry not in found.right and not name.startswith("J_")
        }
        given = {name: value for name, value in given.items() if np.isfinite(value).all()}
        if not given or not left:
            return left
        base = self._numbers.base(given)
        found.follows = self._following(base, given, left)
        left = [entry for entry in left if entry not in found.follows]
        options: list[Option] = []
        every = changes(self._numbers.ground.architecture)
        for equation in self._numbers.ground.backward:
            here = [change for change in every if change.equation == equation.name]
            batch = self._numbers.extended(base, here) if here else None
            if batch is None:
                continue
            for option in self._with.of(batch, self._rank, 1):
                entries = {
                    entry: residual
                    for entry, residual in option.entries.items()
                    if entry not in given or entry == equation.name
                }
                if entries and option.factor is None:
                    options.append(replace(option, entries=entries, follows=tuple(given)))
        return self._cover(self._with.best(options), left, found)

    def _following(self, base: Batch, given: Blocks, left: list[str]) -> dict[str, str]:
        """Return which entries follow rightly from a wrong intermediate quantity."""
        follows = {}
        for entry in left:
            name = self._names[entry]
            needs = sorted(self._numbers.ground.equations[name].expr.symbols())
            sources = [each for each in needs if each in base.values]
            if not sources:
                continue
            predicted = self._numbers.again(name, base)[0]
            if self._with.fit(entry, predicted) is not None:
                direct = [source for source in sources if source in given]
                follows[entry] = (direct or sources)[0]
        return follows

    def _ratios(self, left: list[str], found: Found) -> list[str]:
        """Say a constant factor that nothing explains: the last resort."""
        straight = self._with.straight
        factors = {
            entry: float(straight[entry].factor[0])
            for entry in left
            if straight[entry].scaled[0] and self._came[entry].size > 1
        }
        for ratio, same in together(factors):
            residual = max(float(straight[entry].residual[0]) for entry in same)
            found.causes.append(Cause((), tuple(same), residual, ratio=ratio))
        return [entry for entry in left if entry not in factors]


def early_update(numbers: Numbers, layer: int, step: float) -> Change:
    """Return the mistake that the weights above a layer are updated before δ goes through them."""
    above, ground = layer + 1, numbers.ground
    jacobian = ground.symbol(notation.adjoint(notation.weights(above)))
    moved = ground.W(above) - expr.scale(Coefficient(Fraction(step)), jacobian)
    body = moved.T @ ground.delta(above)
    words = f"W{above} was updated, by {step:.4g} J_W{above}, before δ{above} went back through it"
    shown = f"(W{above} − {step:.4g} J_W{above})ᵀ δ{above}"
    name = ground.slope(layer).name
    return Change("updated_too_early", name, body, words, layer, "early", shown)
