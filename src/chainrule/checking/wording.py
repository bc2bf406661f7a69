"""A cause → sentences for a learner: what was computed, what is right, the smallest change."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule import notation
from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.causes import Cause
from chainrule.checking.factors import Factor
from chainrule.checking.hypotheses import Made, Numbers
from chainrule.checking.mutations import Change
from chainrule.render import text


def sentence(cause: Cause) -> str:
    """Return what was done, in words."""
    words = _changes(cause.changes)
    if cause.special is not None:
        words.append(cause.special.words)
    if cause.factor is not None:
        words.append(factor(cause.factor))
    if cause.ratio is not None:
        words.append(f"it is {cause.ratio:.6g} times what it should be, in every entry")
    if cause.follows:
        names = enumerated([notation.text(name) for name in cause.follows])
        words.append(f"judged from {names} as given")
    return "; ".join(words)


def _changes(made: Made) -> list[str]:
    """Return the words of mistakes; the same one in several layers is said once."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in made:
        if change.words:
            slug = change.slug.replace("_output_", "_").replace("_hidden_", "_")
            groups.setdefault((slug, change.variant), []).append(change)
    found = []
    for group in groups.values():
        first, *others = dict.fromkeys(group)
        layers = sorted({each.layer for each in others} - {first.layer}, reverse=True)
        places = enumerated([str(layer) for layer in layers]) if layers else ""
        also = f"; the same in layer {places}" if layers else ""
        found.append(first.words + also)
    return found


def factor(of: Factor) -> str:
    """Return a factor in words: what was done, and the number."""
    says = [CATALOGUE[slug].says for slug in of.slugs]
    if of.slugs == ("sign",):
        return says[0]
    same = f" (which here is also {enumerated(of.others, 'or')})" if of.others else ""
    return f"{' and '.join(says)}: it is {of.words}{same} times what it should be"


def mend(cause: Cause) -> str:
    """Return the smallest change that mends it."""
    return "; ".join(dict.fromkeys(filter(None, (CATALOGUE[slug].mend for slug in cause.slugs))))


def equations(numbers: Numbers, change: Change) -> tuple[str, str]:
    """Return the equation as it should be, with its shape, and as the code has it."""
    ground, left = numbers.ground, notation.text(change.equation)
    wanted = ground.equations[change.equation]
    shape = text.shape(wanted.shape)
    right = f"{left} = {text.inline(wanted.expr)}   ({shape})"
    return right, f"{left} = {change.shown or text.inline(change.expr)}"


def enumerated(items: Sequence[str], last: str = "and") -> str:
    """Return items as people list them.

    Examples
    --------
    >>> enumerated(["a", "b", "c"]), enumerated(["m"], "or")
    ('a, b and c', 'm')
    """
    *first, end = items
    return f"{', '.join(first)} {last} {end}" if first else end
