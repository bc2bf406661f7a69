"""What a search finds: causes, each with the entries that it explains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from chainrule.checking.factors import Factor
from chainrule.checking.hypotheses import Made
from chainrule.checking.special import Special


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
        Slugs of other mistakes that explain the same entries.
    follows : tuple of str
        Wrong quantities, as the person has them, from which it was judged.
    """

    changes: Made
    entries: tuple[str, ...]
    residual: float
    factor: Factor | None = None
    special: Special | None = None
    ratio: float | None = None
    ties: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()

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

    @property
    def alike(self) -> tuple[object, ...]:
        """What two causes have in common that are the same mistake in different places."""
        changes = tuple(dict.fromkeys((each.slug, each.variant) for each in self.changes))
        factor = self.factor.words if self.factor is not None else None
        special = self.special.slug if self.special is not None else None
        return (changes, factor, special, self.ratio, self.follows)


@dataclass
class Found:
    """The outcome of a search.

    Attributes
    ----------
    right : dict of str to float
        Entries that are right, with their residuals.
    undecidable : tuple of str
        Entries that rounding may have moved by anything.
    causes : list of Cause
    follows : dict of str to str
        Entries that follow rightly from a quantity that is wrong, and that quantity.
    unknown : tuple of str
        Entries that nothing explains.
    """

    right: dict[str, float] = field(default_factory=dict)
    undecidable: tuple[str, ...] = ()
    causes: list[Cause] = field(default_factory=list)
    follows: dict[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def merged(causes: Iterable[Cause]) -> list[Cause]:
    """Return causes with the same mistake in several places put together."""
    found: dict[tuple[object, ...], Cause] = {}
    for cause in causes:
        before = found.get(cause.alike)
        if before is None:
            found[cause.alike] = cause
            continue
        found[cause.alike] = replace(
            before,
            changes=tuple(dict.fromkeys((*before.changes, *cause.changes))),
            entries=(*before.entries, *cause.entries),
            residual=max(before.residual, cause.residual),
            ties=tuple(tie for tie in before.ties if tie in cause.ties),
        )
    return list(found.values())
