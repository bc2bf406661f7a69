"""`diagnose_function`: what is wrong with the gradient of any function, the network unknown.

The truth are differences of the cost. What can be said without a derivation is said: factors and
what they depend on, signs, shapes, rows, zeros, and how the function behaves when it is called
again. It is meant for backward passes that are written by hand, in whatever library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.checking import wording
from chainrule.checking.asking import ENDS, OF_THEIRS, Trouble, array_or_trouble, same, trouble_of
from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.comparing import COARSE, Compared, coarsest, compared
from chainrule.checking.diagnoses import Diagnoses, Diagnosis
from chainrule.checking.examples_axis import Repeated, repeated
from chainrule.checking.factors import explain
from chainrule.checking.slopes import Measured, Slopes
from chainrule.checking.verdicts import Verdict
from chainrule.checking.wording import enumerated
from chainrule.errors import InvalidType, InvalidValue

MOST = 400
"""Elements of one parameter that are measured; of larger ones a sample."""

Arrays = dict[str, NDArray[Any]]


def diagnose_function(
    cost: Callable[..., Any],
    gradient: Callable[..., Any],
    parameters: Mapping[str, Any],
    data: Mapping[str, Any] | Sequence[Any] = (),
) -> Diagnoses:
    """Say what is wrong with a gradient of any function, by differences of it.

    Parameters
    ----------
    cost : callable
        Called as ``cost(parameters, *data)``, or ``cost(parameters, **data)`` where data is a
        mapping; returns a number.
    gradient : callable
        Called likewise; returns a mapping from the names of the parameters to arrays.
    parameters : mapping of str to array_like
        Both functions get copies, as a dict of arrays.
    data : sequence or mapping, optional
        What else the functions take. Arrays whose first axis, or whose last, has the same length
        are taken to have one entry per example along it.

    Returns
    -------
    Diagnoses
        A mapping from names of parameters to `Diagnosis`.

    Raises
    ------
    InvalidType, InvalidValue
        If the cost is no finite real number or another one in a second call, or parameters are no
        arrays of real numbers.

    Examples
    --------
    >>> def cost(p, x, y):
    ...     return np.mean((p["w"] @ x + p["b"] - y) ** 2)
    >>> def gradient(p, x, y):
    ...     r = p["w"] @ x + p["b"] - y
    ...     return {"w": 2 * r @ x.T, "b": 2 * r.mean(axis=1, keepdims=True)}
    >>> rng = np.random.default_rng(0)
    >>> p = {"w": rng.normal(size=(1, 3)), "b": rng.normal(size=(1, 1))}
    >>> found = diagnose_function(cost, gradient, p, (rng.normal(size=(3, 5)), np.ones((1, 5))))
    >>> found["w"].slugs, found["b"].verdict.value
    (('missing_mean',), 'right')
    """
    case = Foreign(cost, gradient, parameters, data)
    once, twice = (case.cost_of(case.parameters) for _ in range(2))
    if once != twice:
        raise InvalidValue(
            f"the cost is not the same twice: {once:.9g}, then {twice:.9g} for the same arguments; "
            "draw random numbers from a seed that it sets anew in every call"
        )
    first, troubles = case.gradients()
    kept = {name: value.copy() for name, value in first.items()}  # a later call may overwrite it
    slopes = Slopes(case.cost_of, case.parameters)
    truth = {name: slopes.of(name, _places(case, name)) for name in kept}
    found: dict[str, Compared] = {}
    for name, value in kept.items():
        found[name] = compared(value, case.parameters[name], truth[name])
    result = {name: _trouble(name, each) for name, each in troubles.items()}
    right = [name for name, each in found.items() if each.verdict is Verdict.RIGHT]
    for name, each in found.items():
        result[name] = _told(case, name, each, truth[name], right)
    result = _calls(case, first, kept, result)
    return Diagnoses({name: result[name] for name in case.parameters})


class Foreign:
    """Somebody's cost and gradient, called with copies.

    Parameters
    ----------
    cost, gradient : callable
    parameters : mapping of str to array_like
    data : sequence or mapping
    """

    def __init__(
        self,
        cost: Callable[..., Any],
        gradient: Callable[..., Any],
        parameters: Mapping[str, Any],
        data: Mapping[str, Any] | Sequence[Any],
    ) -> None:
        self._cost, self._gradient = cost, gradient
        self.parameters: Arrays = {}
        if not isinstance(parameters, Mapping):
            raise InvalidType(
                f"parameters is {type(parameters).__name__}, wanted a mapping from names to arrays"
            )
        for name, value in parameters.items():
            array = array_or_trouble(value)
            if isinstance(array, Trouble):
                raise InvalidType(f"parameter {name}: {array.sentence}")
            self.parameters[name] = array.copy()
        if not isinstance(data, (Mapping, list, tuple)):
            raise InvalidType(
                f"data is {type(data).__name__}, wanted a tuple such as (x, y), or a mapping"
            )
        self.named = isinstance(data, Mapping)
        self.data: dict[Any, Any] = (
            dict(data) if isinstance(data, Mapping) else dict(enumerate(data))
        )

    def at(self, parameters: Arrays | None = None, data: dict[Any, Any] | None = None) -> Foreign:
        """Return the same functions with other arguments."""
        chosen = self.data if data is None else data
        return Foreign(
            self._cost,
            self._gradient,
            self.parameters if parameters is None else parameters,
            chosen if self.named else list(chosen.values()),
        )

    def _call(
        self, function: Callable[..., Any], parameters: Arrays
    ) -> tuple[Any, Arrays, list[Any]]:
        given = {name: value.copy() for name, value in parameters.items()}
        data = {
            key: value.copy() if isinstance(value, np.ndarray) else value
            for key, value in self.data.items()
        }
        with np.errstate(all="ignore"):
            result = function(given, **data) if self.named else function(given, *data.values())
        return result, given, list(data.values())

    def cost_of(self, parameters: Arrays) -> float:
        """Return the cost, a finite number."""
        try:
            result, _, _ = self._call(self._cost, parameters)
        except SystemExit as problem:  # it must not end whoever asks
            raise InvalidValue(f"the cost: {ENDS}") from problem
        try:
            value = float(np.asarray(result).item())
        except (TypeError, ValueError) as problem:
            raise InvalidType(
                f"the cost returned {result!r}, wanted one real number: sum over what is left"
            ) from problem
        if not np.isfinite(value):
            raise InvalidValue(f"the cost is {value}, wanted a finite number: move the parameters")
        return value

    def gradients(self) -> tuple[Arrays, dict[str, Trouble]]:
        """Return what the gradient function returns: arrays, and what is wrong with the others."""
        try:
            result, self.given, self.given_data = self._call(self._gradient, self.parameters)
        except OF_THEIRS as problem:  # whatever it is
            return {}, dict.fromkeys(self.parameters, trouble_of(problem))
        if isinstance(result, (tuple, list)) and len(result) == len(self.parameters):
            result = dict(zip(self.parameters, result, strict=True))
        if not isinstance(result, Mapping):
            wanted = ", ".join(self.parameters)
            words = f"it returns {type(result).__name__}, wanted a mapping with {wanted}"
            slug = "returns_none" if result is None else "wrong_type"
            verdict = Verdict.UNFINISHED if result is None else Verdict.CANNOT_RUN
            return {}, dict.fromkeys(self.parameters, Trouble(verdict, slug, words))
        arrays: Arrays = {}
        troubles = {}
        for name in self.parameters:
            if name not in result:
                words = f"what it returns has no {name!r}, only {', '.join(map(repr, result))}"
                troubles[name] = Trouble(Verdict.UNFINISHED, "dead_parameter", words)
                continue
            value = array_or_trouble(result[name])
            if isinstance(value, Trouble):
                troubles[name] = value
            else:
                arrays[name] = value
        return arrays, troubles


def _places(case: Foreign, name: str) -> list[tuple[int, ...]] | None:
    shape = case.parameters[name].shape
    size = int(np.prod(shape))
    if size <= MOST:
        return None
    chosen = np.random.default_rng(0).choice(size, MOST, replace=False)
    return [tuple(map(int, np.unravel_index(place, shape))) for place in chosen]


def _trouble(name: str, trouble: Trouble) -> Diagnosis:
    mend = CATALOGUE[trouble.slug].mend
    return Diagnosis(name, trouble.verdict, (trouble.slug,), trouble.sentence, mend)


def _told(
    case: Foreign, name: str, each: Compared, truth: Measured, right: Sequence[str]
) -> Diagnosis:
    slugs, words, ties = each.slugs, each.words, each.ties
    if each.ratio is not None:
        slugs, said, ties = _factor(case, name, each.ratio)
        slugs = (*each.slugs, *slugs)
        words = "; ".join(filter(None, [words, said]))
    elif each.verdict is Verdict.WRONG_UNKNOWN and (beside := _beside_penalty(case, name, truth)):
        slugs, words = beside
    elif each.verdict is Verdict.WRONG_UNKNOWN and _single_example(case, name):
        slugs, words = ("one_example_only",), "it is right for one example, and not for several"
    verdict = Verdict.WRONG if slugs and each.verdict is Verdict.WRONG_UNKNOWN else each.verdict
    if verdict is Verdict.WRONG_UNKNOWN and right:
        verb = "are" if len(right) > 1 else "is"
        words += f"; {enumerated(right)} {verb} right: look at what {name} has for itself"
    mends = dict.fromkeys(filter(None, (CATALOGUE[slug].mend for slug in slugs)))
    return Diagnosis(
        name, verdict, slugs, words, "; ".join(mends), residual=each.residual, ties=ties
    )


def _factor(case: Foreign, name: str, ratio: float) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """Explain a factor by the sizes of the data, and by what it is where examples are repeated."""
    near = max(1e-5, COARSE.get(coarsest(case.parameters[name]), 0.0))
    for again in repeated(case.data):
        there = _ratio(case, name, again)
        if there is None:
            continue
        factor = explain(
            ratio,
            again.sizes,
            again=[(there, again.sizes_again)],
            biases_only=case.parameters[name].size in case.parameters[name].shape,
            near=near,
        )
        if factor is not None:
            return factor.slugs, wording.factor(factor), factor.ties
    factor = explain(ratio, {}, near=near)
    if factor is not None:
        return factor.slugs, wording.factor(factor), ()
    return ("constant_factor",), f"it is {ratio:.6g} times what it should be, in every element", ()


def _ratio(case: Foreign, name: str, again: Repeated) -> float | None:
    """Return the factor where examples are repeated; ``None`` where that does not run."""
    there = case.at(data=again.data)
    try:
        slopes = Slopes(there.cost_of, there.parameters)
    except OF_THEIRS:  # of a cost that takes no other number of examples: another axis may do
        return None
    came = there.gradients()[0].get(name)
    if came is None or came.shape != case.parameters[name].shape:
        return None
    place = np.unravel_index(int(np.argmax(np.abs(came))), came.shape)
    at = tuple(map(int, place))
    measured = slopes.of(name, [at])
    if not measured.known[at] or not measured.value[at]:
        return None
    return float(came[at] / measured.value[at])


MEANS = (
    (1, "missing_mean", "all but a penalty is m times what it should be"),
    (-1, "double_mean", "all but a penalty is 1/m of what it should be"),
)
"""Power of the number of examples, slug, words."""


def _beside_penalty(
    case: Foreign, name: str, truth: Measured
) -> tuple[tuple[str, ...], str] | None:
    """Return that a mean is missing, or taken twice, in what depends on the examples.

    With every example twice, what is added for each of them shows: the rest is a penalty, and both
    together must be right once the first is mended.
    """
    for again in repeated(case.data):
        here, there = (each.gradients()[0].get(name) for each in (case, case.at(data=again.data)))
        if here is None or there is None or not here.shape == there.shape == truth.value.shape:
            continue
        for power, slug, words in MEANS:
            m, more = (float(sizes["m"]) ** power for sizes in (again.sizes, again.sizes_again))
            part = (there - here) / (more - m)
            mended = here - m * part + part
            fits = compared(mended, case.parameters[name], truth).verdict is Verdict.RIGHT
            if fits and again.sizes["m"] > 1:
                return (slug,), f"{words}: {CATALOGUE[slug].says}"
    return None


def _single_example(case: Foreign, name: str) -> bool:
    for again in repeated(case.data):
        if again.sizes["m"] < 2:
            continue
        there = case.at(data=again.first)
        try:
            measured = Slopes(there.cost_of, there.parameters).of(name, _places(case, name))
        except OF_THEIRS:  # of a cost that takes no single example
            continue
        came = there.gradients()[0].get(name)
        if came is not None:
            return compared(came, case.parameters[name], measured).verdict is Verdict.RIGHT
    return False


def _calls(
    case: Foreign, first: Arrays, kept: Arrays, result: dict[str, Diagnosis]
) -> dict[str, Diagnosis]:
    """Add what calling the gradient again shows."""
    if not first:
        return result
    given, data = case.given, case.given_data
    changed = [name for name, value in given.items() if not _equal(value, case.parameters[name])]
    changed += [
        f"data {key}" if not case.named else str(key)
        for key, was, now in zip(case.data, case.data.values(), data, strict=True)
        if isinstance(was, np.ndarray) and not _equal(was, now)
    ]
    raw, _ = case.gradients()
    second = {name: value.copy() for name, value in raw.items()}
    other = {name: 0.7 * value + 0.05 for name, value in case.parameters.items()}
    moved_case = case.at(other)
    moved, _ = moved_case.gradients()
    for name, value in kept.items():
        found = result[name]
        if name not in second or not same(value, second[name]):
            words = "a second call with the same arguments gives something else"
            found = _noted(found, "in_place", words, Verdict.WRONG)
        elif np.shares_memory(first[name], raw[name]):
            words = "every call returns the same piece of memory: the next one overwrites this one"
            found = _noted(found, "in_place", words)
        shared = [
            each for each in first if each != name and np.shares_memory(first[each], first[name])
        ]
        if shared:
            words = f"it shares its memory with that of {enumerated(shared)}: one changes with it"
            found = _noted(found, "in_place", words)
        if any(np.shares_memory(first[name], each) for each in given.values()):
            words = "it is a view of the parameters: an update in place changes both"
            found = _noted(found, "in_place", words)
        if changed:
            words = f"the call overwrites {enumerated(changed)}, which belong to the caller"
            found = _noted(found, "in_place", words)
        if name in moved and same(value, moved[name]) and _moves(case, moved_case, name, value):
            words = "it does not change with the parameters that it is given: it reads others"
            found = _noted(found, "stale_parameters", words)
        result[name] = found
    return result


def _moves(case: Foreign, moved: Foreign, name: str, value: NDArray[Any]) -> bool:
    """Return whether the true gradient changes from here to there, at its largest element."""
    if not np.any(value):
        return False
    at = tuple(map(int, np.unravel_index(int(np.argmax(np.abs(value))), value.shape)))
    if len(at) != case.parameters[name].ndim:
        return False
    here, there = (Slopes(each.cost_of, each.parameters).of(name, [at]) for each in (case, moved))
    if not (here.known[at] and there.known[at]):
        return False
    error = 10 * float(here.error[at] + there.error[at])
    return abs(float(here.value[at] - there.value[at])) > error + 1e-6 * abs(float(here.value[at]))


def _equal(left: NDArray[Any], right: NDArray[Any]) -> bool:
    return np.array_equal(left, right, equal_nan=True)


def _noted(found: Diagnosis, slug: str, words: str, verdict: Verdict | None = None) -> Diagnosis:
    mend = CATALOGUE[slug].mend
    return Diagnosis(
        found.entry,
        verdict or found.verdict,
        tuple(dict.fromkeys((*found.slugs, slug))),
        "; ".join(filter(None, [found.sentence, words])),
        "; ".join(dict.fromkeys(filter(None, [found.suggestion, mend]))),
        residual=found.residual,
        ties=found.ties,
    )
