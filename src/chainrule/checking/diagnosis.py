"""`diagnose`: what is wrong with a gradient that somebody wrote by hand, by name.

A mistake is a transformation of the derivation (`mutations`). All of them are tried; the fewest
that predict what came to the last digits are the cause (`search`). Functions are asked more than
once (`asking`), which tells what one array cannot. Next to read: `catalogue`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.checking import asking, followup, wording
from chainrule.checking.asking import Answer, Trouble
from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.causes import Cause, Found
from chainrule.checking.diagnoses import Diagnoses, Diagnosis
from chainrule.checking.fitting import DOUBLE, SINGLE, Rightness, looks_single
from chainrule.checking.hypotheses import Numbers
from chainrule.checking.mutations import ground_of
from chainrule.checking.options import equation_of
from chainrule.checking.search import Search
from chainrule.checking.shapes import Shaped, shaped
from chainrule.checking.verdicts import Verdict
from chainrule.errors import InvalidType, UnknownQuantity
from chainrule.network import Network
from chainrule.parameters import Parameters
from chainrule.render import text

__all__ = ["Diagnoses", "Diagnosis", "diagnose"]

NUDGE = 1e-300
"""Moves a weighted sum off a kink, and nothing else."""

Arrays = Mapping[str, NDArray[np.float64]]


def diagnose(
    net: Network,
    params: Parameters,
    x: Any,
    y: Any,
    gradients: Mapping[str, Any],
    *,
    scale_is_convention: bool = False,
) -> Diagnoses:
    """Say what is wrong with hand-written gradients of a network.

    Parameters
    ----------
    net : Network
        What the gradients should be of; its cost is the truth. Dropout plays no part.
    params : Parameters
        Where they were computed. Weights of size 1 and biases that are not 0 show mistakes best.
    x, y : array_like, shape (n0, m) and (n_L, m)
    gradients : mapping of str to array_like or callable
        By parameter (``"W1"``, ``"b1"``), or by the name of an intermediate quantity
        (``"delta2"``, ``"dC_da2"``). A callable is given ``params, x, y``, copies of them; it is
        called several times, also with other parameters and other numbers of examples.
    scale_is_convention : bool, optional
        Whether one factor in all entries is a matter of how the cost is scaled.

    Returns
    -------
    Diagnoses
        A mapping from entries to `Diagnosis`.

    Raises
    ------
    UnknownQuantity
        If the network has no such entry.
    InvalidType
        If gradients are no mapping.

    Examples
    --------
    >>> from chainrule import Network
    >>> net = Network([3, 4, 2], activation="sigmoid", cost="squared_error")
    >>> params = net.initialize(0, scheme="normal", scale=1.0)
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(3, 5)), rng.uniform(size=(2, 5))
    >>> _, jacobians = net.value_and_grad(params, x, y)
    >>> found = diagnose(net, params, x, y, {"W1": jacobians["W1"], "b2": -jacobians["b2"]})
    >>> found["W1"].verdict.value, found["b2"].slugs
    ('right', ('sign',))
    """
    if not isinstance(gradients, Mapping):
        raise InvalidType(
            f"gradients is {type(gradients).__name__}, wanted a mapping from entries to arrays or "
            'functions: {"W1": …, "b1": …}'
        )
    exact = params.astype(np.dtype(np.float64))
    batch = net.batch(x, y, np.dtype(np.float64))
    case = followup.Case(net, exact, batch[notation.activations(0)], batch[notation.TARGETS])
    ground = ground_of(net.architecture)
    names = [*params, *(each.name for each in (*ground.forward, *ground.backward))]
    names.remove(notation.COST)
    answers: dict[str, Answer] = {}
    spelled: dict[str, str] = {}
    for name, given in gradients.items():
        entry = _entry(name, names)
        spelled[entry] = name
        answers[entry] = (
            asking.ask(given, exact, case.x, case.y)
            if callable(given)
            else Answer(asking.array_or_trouble(given))
        )
    result = _judged(case, answers, convention=scale_is_convention)
    for entry, name in spelled.items():
        if callable(gradients[name]) and not isinstance(answers[entry].value, Trouble):
            result[entry] = followup.asked_again(
                case, gradients[name], answers[entry], result[entry]
            )
    return Diagnoses({name: result[_entry(name, names)] for name in gradients})


def _entry(name: str, names: list[str]) -> str:
    entry = notation.code(name)
    for known in (entry, entry.removeprefix("J_")):
        if known in names and not known.startswith("J_"):
            return known
    raise UnknownQuantity("entry", name, names)


def _judged(
    case: followup.Case, answers: Mapping[str, Answer], *, convention: bool
) -> dict[str, Diagnosis]:
    """Return a diagnosis per entry, from one evaluation of each."""
    result: dict[str, Diagnosis] = {}
    shapes: dict[str, Shaped] = {}
    for entry, answer in answers.items():
        if isinstance(answer.value, Trouble):
            found = answer.value
            mend = CATALOGUE[found.slug].mend
            result[entry] = Diagnosis(entry, found.verdict, (found.slug,), found.sentence, mend)
        else:
            shapes[entry] = shaped(case.numbers, entry, answer.value)
    came = {entry: each.values for entry, each in shapes.items() if each.values is not None}
    finite = {entry: values for entry, values in came.items() if np.isfinite(values).all()}
    numbers = _at_kinks(case, finite)
    kinds = [each.precision for each in shapes.values()]
    coarsest = max(kinds, key=lambda each: each.right, default=DOUBLE)
    if coarsest is DOUBLE and looks_single(
        numbers, {equation_of(entry): values for entry, values in finite.items()}
    ):
        coarsest = SINGLE
        shapes = {entry: replace(each, precision=SINGLE) for entry, each in shapes.items()}
    found_causes = Search(numbers, finite, coarsest).run() if finite else Found()
    result.update(_told(numbers, found_causes, convention=convention))
    for entry, values in came.items():
        if entry not in finite:
            result[entry] = _not_finite(numbers, entry, values)
    for entry, each in shapes.items():
        result[entry] = _with_shape(entry, result.get(entry), each)
    return result


def _at_kinks(case: followup.Case, came: Arrays) -> Numbers:
    """Return the numbers under which most is right, where weighted sums lie on a kink."""
    if not case.numbers.kinks:
        return case.numbers
    other = case.at(nudge=NUDGE)

    def right(numbers: Numbers) -> int:
        rightness = Rightness(numbers, DOUBLE)
        return sum(rightness.off(equation_of(entry), each) <= 1 for entry, each in came.items())

    return max((case.numbers, other), key=right)


def _told(numbers: Numbers, found: Found, *, convention: bool) -> dict[str, Diagnosis]:
    """Return what was found, in words."""
    result: dict[str, Diagnosis] = {}
    for entry, residual in found.right.items():
        result[entry] = _right(numbers, entry, residual)
    for entry in found.undecidable:
        words = "units are so saturated that rounding alone may have made it: move the parameters"
        result[entry] = Diagnosis(entry, Verdict.NOT_JUDGED, sentence=words)
    nothing_else = not (found.right or found.unknown or found.follows)
    whole = nothing_else and len(found.causes) == 1
    for cause in found.causes:
        scale = whole and convention and not (cause.changes or cause.special)
        for entry in cause.entries:
            result[entry] = _scaled(entry, cause) if scale else explained(numbers, entry, cause)
    for entry, source in found.follows.items():
        name = notation.text(source)
        words = f"it follows rightly from {name} as given, which is wrong"
        equation = equation_of(entry)
        result[entry] = Diagnosis(entry, Verdict.WRONG, (), words, f"mend {name} first", equation)
    first = found.unknown[0] if found.unknown else ""
    for entry in found.unknown:
        result[entry] = _unknown(numbers, entry, first)
    return result


def _right(numbers: Numbers, entry: str, residual: float) -> Diagnosis:
    ties = _also(numbers, entry)
    return Diagnosis(
        entry, Verdict.RIGHT, equation=equation_of(entry), residual=residual, ties=ties
    )


def _also(numbers: Numbers, entry: str) -> tuple[str, ...]:
    """Return what could not be told from right: with one example, sums over examples."""
    if numbers.examples > 1 or notation.split(entry)[0] not in ("W", "b"):
        return ()
    return ("missing_mean",)


def explained(numbers: Numbers, entry: str, cause: Cause) -> Diagnosis:
    """Return the diagnosis of an entry whose cause is known."""
    equation, right, computed, layer = equation_of(entry), "", "", None
    said = [change for change in cause.changes if change.words]
    if said:
        change = min(said, key=lambda each: numbers.place(each.equation))
        equation, layer = change.equation, change.layer
        right, computed = wording.equations(numbers, change)
    return Diagnosis(
        entry,
        Verdict.WRONG,
        cause.slugs,
        wording.sentence(cause),
        wording.mend(cause),
        equation,
        right,
        computed,
        layer,
        cause.residual,
        cause.ties,
        cause.entries,
        cause,
    )


def _scaled(entry: str, cause: Cause) -> Diagnosis:
    words = cause.factor.words if cause.factor is not None else f"{cause.ratio:.6g}"
    sentence = f"all entries are {words} times those of the usual cost: a matter of its scale"
    return Diagnosis(
        entry,
        Verdict.UP_TO_CONSTANT,
        ("cost_gradient_mismatch",),
        sentence,
        equation=equation_of(entry),
        residual=cause.residual,
        entries=cause.entries,
        cause=cause,
    )


def _unknown(numbers: Numbers, entry: str, first: str) -> Diagnosis:
    equation = equation_of(entry)
    if numbers.kinks:
        words = "a weighted sum lies on a kink of the activation, where it has no derivative"
        return Diagnosis(entry, Verdict.NOT_JUDGED, sentence=words, equation=equation)
    body = numbers.ground.equations[equation].expr
    parts = wording.enumerated([notation.text(name) for name in sorted(body.symbols())])
    shape = text.shape(body.shape)
    right = f"{notation.text(equation)} = {text.inline(body)}   ({shape})"
    if entry == first:
        words = (
            "it is wrong, the first on the way back that is; no mistake of the catalogue, and no "
            "two of them, make this of it"
        )
        mend = f"print what it is made of, {parts}, and compare with net.trace"
    else:
        words = f"it is wrong; {notation.text(equation_of(first))} is so before it"
        mend = f"mend {notation.text(equation_of(first))} first, then look again"
    return Diagnosis(entry, Verdict.WRONG_UNKNOWN, (), words, mend, equation, right)


def _not_finite(numbers: Numbers, entry: str, came: NDArray[np.float64]) -> Diagnosis:
    count = int(np.count_nonzero(~np.isfinite(came)))
    words = f"{count} of {came.size} entries are not finite: an overflow, or 0/0, on the way"
    name = equation_of(entry)
    if np.isinf(Rightness(numbers, DOUBLE).bound(name)).any():
        words += "; units are saturated here, where its formula divides 0 by 0"
        return Diagnosis(entry, Verdict.NOT_JUDGED, (), words, equation=name)
    mend = "look for exp of a large number, log of 0, and divisions"
    return Diagnosis(entry, Verdict.WRONG_UNKNOWN, (), words, mend, name)


def _with_shape(entry: str, found: Diagnosis | None, each: Shaped) -> Diagnosis:
    """Put what is wrong with a shape in front of what is wrong with the values."""
    if not each.slug:
        assert found is not None
        if each.precision is not DOUBLE and found.verdict is Verdict.RIGHT and not found.slugs:
            kind = each.precision.arithmetic.name
            words = f"it is as precise as {kind} is: it, or something on the way, is in {kind}"
            mend = CATALOGUE["precision"].mend
            return replace(found, slugs=("precision",), sentence=words, suggestion=mend)
        return found
    mend = CATALOGUE[each.slug].mend
    if found is None:
        name = equation_of(entry)
        return Diagnosis(entry, Verdict.WRONG, (each.slug,), each.words, mend, name)
    slugs = tuple(dict.fromkeys((each.slug, *found.slugs)))
    sentence = "; ".join(filter(None, [each.words, found.sentence]))
    if found.slugs:
        mend = "; ".join(dict.fromkeys(filter(None, [mend, found.suggestion])))
    other = each.slug == "kept_dimension" and found.verdict.good
    verdict = Verdict.OTHER_SHAPE if other else Verdict.WRONG
    if found.verdict is Verdict.WRONG_UNKNOWN:
        verdict = found.verdict
    return replace(found, verdict=verdict, slugs=slugs, sentence=sentence, suggestion=mend)
