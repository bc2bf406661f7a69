"""What a second question tells: whether a function repeats itself, and how it scales.

One array says what it is; a function can be asked again: with the same arguments, with other
parameters, with another number of examples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.checking import asking, wording
from chainrule.checking.asking import Answer, Trouble, ask, same
from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.causes import Cause
from chainrule.checking.diagnoses import Diagnosis
from chainrule.checking.factors import explain
from chainrule.checking.fitting import DOUBLE, Rightness
from chainrule.checking.hypotheses import Numbers
from chainrule.checking.mutations import ground_of
from chainrule.checking.options import equation_of
from chainrule.checking.shapes import shaped
from chainrule.checking.verdicts import Verdict
from chainrule.network import Network
from chainrule.parameters import Parameters

Array = NDArray[np.float64]
Function = Callable[..., Any]


class Case:
    """A network with parameters and data, in float64.

    Parameters
    ----------
    net : Network
    params : Parameters
    x, y : ndarray, shape (n0, m) and (n_L, m)
    """

    def __init__(self, net: Network, params: Parameters, x: Any, y: Any) -> None:
        self.net, self.params, self.x, self.y = net, params, x, y
        self.numbers = self.at()

    def at(self, nudge: float = 0.0) -> Numbers:
        """Return the numbers, off the kinks by a nudge."""
        values: dict[str, NDArray[Any]] = {**self.params}
        values.update({notation.activations(0): self.x, notation.TARGETS: self.y})
        return Numbers(ground_of(self.net.architecture), values, nudge)

    def ask(self, function: Function) -> Answer:
        """Call a gradient function here."""
        return ask(function, self.params, self.x, self.y)

    def right(self, entry: str, value: NDArray[Any] | Trouble) -> bool:
        """Return whether what a function returned is right here, its shape included."""
        if isinstance(value, Trouble):
            return False
        each = shaped(self.numbers, entry, value)
        if each.values is None or each.slug:
            return False
        return Rightness(self.numbers, each.precision).off(equation_of(entry), each.values) <= 1.0


def asked_again(case: Case, function: Function, first: Answer, found: Diagnosis) -> Diagnosis:
    """Return what is said of a function when it has been asked again.

    Parameters
    ----------
    case : Case
    function : callable
    first : Answer
        What it returned the first time; an array.
    found : Diagnosis
        What that array said.
    """
    if found.cause is not None and (found.cause.factor or found.cause.ratio is not None):
        found = _scaling(case, function, found)
    if found.verdict is Verdict.WRONG_UNKNOWN or "bias_not_summed" in found.slugs:
        found = _single_example(case, function, found)
    if found.verdict is Verdict.RIGHT:
        several = case.x.shape[1] > 1
        found = (_other_count if several else _several_examples)(case, function, found)
    found = _stale(case, function, first, found)
    return _repeated(case, function, first, found)


def _repeated(case: Case, function: Function, first: Answer, found: Diagnosis) -> Diagnosis:
    """Say that a second call differs, or that arguments were overwritten."""
    second = case.ask(function)
    assert not isinstance(first.value, Trouble)
    if isinstance(second.value, Trouble):
        words = f"a second call with the same arguments fails: {second.value.sentence}"
        return _wrong(found, "in_place", words)
    if not same(first.value, second.value):
        words = (
            "a second call with the same arguments gives something else: what it keeps from call "
            "to call is overwritten, or random"
        )
        return _wrong(found, "in_place", words)
    if first.changed:
        words = f"it overwrites {wording.enumerated(first.changed)}, which belong to the caller"
        return _noted(found, "in_place", words)
    return found


def _stale(case: Case, function: Function, first: Answer, found: Diagnosis) -> Diagnosis:
    """Say that the result does not change with the parameters."""
    assert not isinstance(first.value, Trouble)
    there = Case(case.net, asking.moved(case.params), case.x, case.y)
    name = equation_of(found.entry)
    if same(case.numbers.right[name], there.numbers.right[name]) or not np.any(first.value):
        return found  # it should not change, or is zero everywhere
    answer = there.ask(function)
    if isinstance(answer.value, Trouble) or not same(first.value, answer.value):
        return found
    words = "it does not change with the parameters that it is given: it reads others"
    if found.verdict.good:
        return _noted(found, "stale_parameters", words)
    if found.verdict is Verdict.WRONG_UNKNOWN:
        return _wrong(found, "stale_parameters", words)
    return _noted(found, "stale_parameters", words)


def _scaling(case: Case, function: Function, found: Diagnosis) -> Diagnosis:
    """Tell factors apart by another number of examples."""
    cause = found.cause
    assert cause is not None
    there = Case(case.net, case.params, *asking.fewer(case.x, case.y))
    answer = there.ask(function)
    if isinstance(answer.value, Trouble):
        return found  # it is written for its own number of examples
    each = shaped(there.numbers, found.entry, answer.value)
    with np.errstate(all="ignore"):
        batch = there.numbers.joint(cause.changes) if cause.changes else there.numbers.base()
    if each.values is None or batch is None:
        return found
    name = equation_of(found.entry)
    predicted = batch.values[name][0] if name in batch.values else there.numbers.right[name]
    square = float(np.vdot(predicted, predicted))
    if not square:
        return found
    ratio = float(np.vdot(predicted, each.values)) / square
    here = cause.factor.value if cause.factor is not None else cause.ratio
    assert here is not None
    sizes = {"d": case.net.sizes[0], "k": case.net.sizes[-1]}
    biases = found.entry.startswith("b") and all(name.startswith("b") for name in found.entries)
    factor = explain(
        here,
        {"m": case.x.shape[1], **sizes},
        biases_only=biases,
        again=[(ratio, {"m": there.x.shape[1], **sizes})],
        near=1e-7 if each.precision is DOUBLE else 10 * each.precision.right,
    )
    told = replace(
        cause,
        factor=factor,
        ratio=None if factor is not None else here,
        ties=cause.ties if cause.changes else (factor.ties if factor else ()),
    )
    words = wording.sentence(told)
    return replace(
        found,
        slugs=_slugs(found, cause, told),
        sentence=words,
        suggestion=wording.mend(told),
        ties=told.ties,
        cause=told,
    )


def _other_count(case: Case, function: Function, found: Diagnosis) -> Diagnosis:
    """Say that it is right here, and off by a factor for another number of examples."""
    there = Case(case.net, case.params, *asking.fewer(case.x, case.y))
    answer = there.ask(function)
    if there.numbers.kinks or isinstance(answer.value, Trouble):
        return found  # it is written for its own number of examples
    each = shaped(there.numbers, found.entry, answer.value)
    if each.values is None or each.slug or there.right(found.entry, answer.value):
        return found
    right = there.numbers.right[equation_of(found.entry)]
    square = float(np.vdot(right, right))
    ratio = float(np.vdot(right, each.values)) / square if square else 0.0
    near = np.max(np.abs(each.values - ratio * right)) <= 1e-6 * np.max(np.abs(each.values))
    sizes = {"m": there.x.shape[1], "d": case.net.sizes[0], "k": case.net.sizes[-1]}
    here = {**sizes, "m": case.x.shape[1]}
    factor = explain(ratio, sizes, again=[(1.0, here)]) if near else None
    if factor is None or factor.slugs[0] not in ("wrong_divisor", "global_count"):
        return found
    words = f"it is right here, but {factor.words} times that for {sizes['m']} examples"
    return _noted(found, factor.slugs[0], words)


def _slugs(found: Diagnosis, before: Cause, after: Cause) -> tuple[str, ...]:
    kept = [slug for slug in found.slugs if slug not in before.slugs]  # as that of the shape
    return tuple(dict.fromkeys((*kept, *after.slugs)))


def _single_example(case: Case, function: Function, found: Diagnosis) -> Diagnosis:
    """Say that it is right for one example, and not for several."""
    m = case.x.shape[1]
    if m == 1:
        return found
    for place in (0, m - 1):
        x, y = case.x[:, place : place + 1], case.y[:, place : place + 1]
        there = Case(case.net, case.params, x.copy(), y.copy())
        if not there.right(found.entry, there.ask(function).value):
            return found
    words = f"it is right for one example, and not for {m}"
    return _wrong(found, "one_example_only", words)


def _several_examples(case: Case, function: Function, found: Diagnosis) -> Diagnosis:
    """Say that it is right here, with one example, and would not be with several."""
    there = Case(case.net, case.params, *asking.more(case.x, case.y, 3))
    if there.numbers.kinks:
        return found
    value = there.ask(function).value
    if isinstance(value, Trouble) or there.right(found.entry, value):
        return replace(found, ties=()) if not isinstance(value, Trouble) else found
    words = "it is right for the one example that was given, and would not be for several"
    return _noted(found, "one_example_only", words)


def _wrong(found: Diagnosis, slug: str, words: str) -> Diagnosis:
    entry = CATALOGUE[slug]
    unknown = found.verdict is Verdict.WRONG_UNKNOWN
    return replace(
        found,
        verdict=Verdict.WRONG,
        slugs=tuple(dict.fromkeys((slug, *found.slugs))),
        sentence=words if unknown or not found.sentence else f"{words}; {found.sentence}",
        suggestion=entry.mend,
        right="" if unknown else found.right,
    )


def _noted(found: Diagnosis, slug: str, words: str) -> Diagnosis:
    """Add a word to what is said already, and leave the verdict."""
    return replace(
        found,
        slugs=(*found.slugs, slug),
        sentence="; ".join(filter(None, [found.sentence, words])),
        suggestion="; ".join(filter(None, [found.suggestion, CATALOGUE[slug].mend])),
    )
