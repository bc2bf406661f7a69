"""Derivatives of losses, held against differences of their own values.

An alarm needs two witnesses: differences of the value, and a value that is one of the usual losses,
so that what the derivative is of is known. It must be wrong under every form of predictions and
targets that runs. Two things are right that are not the derivative: a multiple of it by numbers
that people divide by (the mean over examples is taken elsewhere), and one with the derivative of
the output in it, as a − y of cross-entropy, which belongs to the layer before.

Next to read: `valued` (which there are, and how they are called).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.factors import explain
from chainrule.checking.verdicts import Verdict
from chainrule.solutions import direct
from chainrule.solutions.calling import Failed
from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.reading import Array
from chainrule.solutions.space import Space
from chainrule.solutions.styles.climbing import adds
from chainrule.solutions.styles.functions import supplied
from chainrule.solutions.styles.valued import Order, Valued, valued

NEAR = 1e-3
"""Relative distance; an epsilon inside a logarithm stays below it, a wrong formula does not."""
GUARDED = 1e-4
"""How far a value may be off that is known; what an epsilon does there is less."""
DRAWS = ((3, 2), (5, 3))
"""Examples and outputs."""
MEANS = ("1/m", "1/k", "1/(m k)")
DECIDED = (Verdict.RIGHT, Verdict.IMPLIED_COST, Verdict.UP_TO_CONSTANT)


@dataclass(frozen=True)
class Case:
    """Predictions and targets in one form.

    Parameters
    ----------
    a : ndarray
        Predictions.
    y : ndarray
        Targets as they are handed over.
    hot : ndarray
        Targets in the shape of the predictions.
    sizes : mapping of str to int
        Examples, and outputs where there are several.
    axis : int
        Of the outputs.
    """

    a: Array
    y: Array
    hot: Array
    sizes: Mapping[str, int]
    axis: int


def _cases(form: str) -> Iterator[Case]:
    """Yield two of every form, of different sizes; predictions are inside of (0, 1)."""
    for seed, (m, k) in enumerate(DRAWS):
        rng = np.random.default_rng(20 + seed)
        if form in ("rows", "columns", "labels"):
            a = rng.uniform(0.1, 0.9, (m, k))
            labels = np.arange(m) % k
            hot = np.eye(k)[labels]
            y: Array = labels if form == "labels" else hot
            if form == "columns":
                a, y, hot = a.T, hot.T, hot.T
            yield Case(a, y, hot, {"m": m, "k": k}, 0 if form == "columns" else 1)
            continue
        shape = {"column": (m, 1), "row": (1, m), "vector": (m,)}[form]
        hot = np.array(np.arange(m) % 2, float).reshape(shape)
        yield Case(rng.uniform(0.1, 0.9, shape), hot, hot, {"m": m}, 0)


SOFTMAX = "softmax before it"
BY_UNITS = "softmax or sigmoid before it, with the derivative of single units"
FORMS = ("rows", "labels", "columns", "column", "row", "vector")


def _softmax(z: Array, axis: int) -> Array:
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def _sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


def _bases(case: Case, a: Array) -> dict[str, float]:
    """Return the values of the usual losses, summed over everything."""
    y, p, s = case.hot, _softmax(a, case.axis), _sigmoid(a)
    found = {
        "squared error": np.sum((a - y) ** 2),
        "absolute error": np.sum(np.abs(a - y)),
        "binary cross-entropy": -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a)),
        "cross-entropy": -np.sum(y * np.log(a)),
        "binary cross-entropy of sigmoid": -np.sum(y * np.log(s) + (1 - y) * np.log(1 - s)),
    }
    if a.shape[case.axis] > 1 and len(case.sizes) > 1:
        found["cross-entropy of softmax"] = -np.sum(y * np.log(p))
        scaled = a / a.sum(axis=case.axis, keepdims=True)  # some make probabilities of any numbers
        found["cross-entropy of shares"] = -np.sum(y * np.log(scaled))
    return {name: float(value) for name, value in found.items()}


def _shortcuts(base: str, case: Case, wanted: Array) -> dict[str, Array]:
    """Return what is right beside the derivative, and what it is right together with."""
    a, y = case.a, case.hot
    p, s, t = _softmax(a, case.axis), _sigmoid(a), np.tanh(a)
    if base in ("cross-entropy", "cross-entropy of shares"):
        found = {SOFTMAX: a - y, "the softmax in it": p - y, "the sigmoid in it": s - y}
        return found | {BY_UNITS: (a - y) / (a * (1 - a))}
    if base == "binary cross-entropy":
        found = {"sigmoid or softmax before it": a - y, "the sigmoid in it": s - y}
        return found | {"the softmax in it": p - y}
    found = {"sigmoid before it": wanted * a * (1 - a), "tanh before it": wanted * (1 - a**2)}
    if base == "squared error":
        found |= {
            "the sigmoid in it": (s - y) * s * (1 - s),
            "the tanh in it": (t - y) * (1 - t**2),
        }
    return found


@dataclass(frozen=True)
class Said:
    """What one form says of a derivative."""

    verdict: Verdict
    base: str = ""
    slug: str = ""
    words: str = ""
    factor: str = ""


def derivatives(
    space: Space, names: Collection[str] | None = None
) -> Iterator[tuple[Judged, Finding | None]]:
    """Yield what is to be said of the losses of a file, each with its derivative.

    Parameters
    ----------
    space : Space
    names : collection of str, optional
        Of those that are asked for.
    """
    found = []
    for each in valued(space):
        if names is None or each.name in names:
            supplied(space, each.owner or each.slope)
            said = _judged(space, each)
            found += [] if said is None else [said]
    descends = any(line.verdict.good for line, _ in found) or not adds(space)
    for line, finding in found:
        if descends or finding is None or finding.slug != "sign":  # a step may be added
            yield line, finding


def by_units(space: Space) -> bool:
    """Return whether some loss of a file has the derivative (a − y) / (a (1 − a)).

    Together with it, a softmax whose derivative is taken unit by unit, a (1 − a), is right.
    """
    return any(
        said.verdict.good and (said.base == "binary cross-entropy" or BY_UNITS in said.words)
        for each in valued(space)
        for said in _forms(space, each, "rows")
    )


def _judged(space: Space, each: Valued) -> tuple[Judged, Finding | None] | None:
    said = _best(space, each)
    if said is None:
        return None
    detail = said.words if said.verdict.good else ""
    line = Judged(each.name, said.verdict, "gradient", detail=detail, place=each.place)
    if said.verdict is Verdict.UP_TO_CONSTANT:
        words = f"{each.name} is {said.factor} times the derivative of what {each.value} returns"
        mend = "right if that factor is taken elsewhere; else let both have it"
        remark = ("cost_gradient_mismatch", "remark", words, mend)
        return line, Finding(*remark, (each.name,), place=each.place)
    if not said.verdict.bad:
        return line, None
    mistake = CATALOGUE[said.slug]
    told = said.words or "it is not the derivative"
    words = f"{told}; what {each.value} returns is the {said.base}"
    return line, Finding(said.slug, "mistake", words, mistake.mend, (each.name,), place=each.place)


def _best(space: Space, each: Valued) -> Said | None:
    """Return the best that any form says; wrong only where all say so."""
    found: list[Said] = []
    for form in FORMS:
        for said in _forms(space, each, form):
            if said.verdict is Verdict.RIGHT:
                return said
            found.append(said)
    good = [said for said in found if said.verdict.good]
    if good:
        return min(good, key=lambda said: DECIDED.index(said.verdict))
    known = [said for said in found if said.verdict.bad]
    return next((s for s in known if s.slug != "derivative_formula"), next(iter(known), None))


def _forms(space: Space, each: Valued, form: str) -> Iterator[Said]:
    """Yield what is said in one form of the data, for every way of calling that runs."""
    try:
        orders, _ = each.orders(space, each.made(space))
    except Failed:  # it is made of other things: not judged
        return
    cases = list(_cases(form))
    for order in orders:
        try:
            ways = list(each.ways(space, each.made(space), order))
        except Failed:  # no such method: not judged
            return
        for way in ways:
            try:
                said = _said(space, each, cases, order, way)
            except Failed:  # another form or way may run
                continue
            if said is not None:
                yield said


def _said(
    space: Space, each: Valued, cases: list[Case], order: Order, way: tuple[str, ...]
) -> Said | None:
    """Return what is said in one reading; ``None`` where nothing can be."""
    if not each.value:
        came = [each.derivative(space, each.made(space), way, c.a, c.y) for c in cases]
        return _implied(cases, came)

    def value(a: Array, case: Case) -> float:
        return float(np.sum(each.values(space, each.made(space), order, a, case.y)))

    with np.errstate(all="ignore"):
        base = _base(value, cases)
        wanted = [direct.once(lambda a, case=case: value(a, case), case.a) for case in cases]  # type: ignore[misc]
        if not all(np.isfinite(w).all() and w.any() for w in wanted):
            return None
        came = [_slope(space, each, order, way, case, case.a) for case in cases]
        inner = base.endswith(("of softmax", "of sigmoid"))
        if inner and each.renamed(space, each.made(space), order, way):
            fed = [_squashed(case, base) for case in cases]
            other = [_slope(space, each, order, way, c, a) for c, a in zip(cases, fed, strict=True)]
            said = _compared(cases, other, wanted, base)
            if said is not None and said.verdict.good:
                return said
        said = _compared(cases, came, wanted, base)
        if said is not None and said.factor in MEANS:
            first = each.values(space, each.made(space), order, cases[0].a, cases[0].y)
            if first.size > 1:  # their mean is taken elsewhere, and here
                return Said(Verdict.RIGHT, base)
    return said


def _squashed(case: Case, base: str) -> Array:
    return _softmax(case.a, case.axis) if base.endswith("softmax") else _sigmoid(case.a)


def _slope(
    space: Space, each: Valued, order: Order, way: tuple[str, ...], case: Case, a: Array
) -> Array | None:
    thing = each.made(space)
    if thing is not None:  # it may leave there what its derivative needs
        each.values(space, thing, order, case.a, case.y)
    return each.derivative(space, thing, way, a, case.y)


def _base(value: Any, cases: list[Case]) -> str:
    """Return which of the usual losses a value is a multiple of; empty if none."""
    fits: set[str] | None = None
    for case in cases:
        moved = [case.a, 0.9 * case.a, np.sqrt(case.a), case.a**2]
        came = np.array([value(a, case) for a in moved])
        bases = [_bases(case, a) for a in moved]
        here = set()
        for name in bases[0]:
            ratios = came / np.array([each[name] for each in bases])
            if (
                np.isfinite(ratios).all()
                and ratios[0]
                and np.ptp(ratios) <= GUARDED * abs(ratios[0])
            ):
                here.add(name)
        fits = here if fits is None else fits & here
    return min(fits or {""}, key=list(_bases(cases[0], cases[0].a)).index) if fits else ""


def _compared(
    cases: list[Case], came: list[Array | None], wanted: list[Array], base: str
) -> Said | None:
    shaped = [_as(each, w) for each, w in zip(came, wanted, strict=True)]
    if any(each is None for each in shaped):
        return None
    arrays = [each for each in shaped if each is not None]
    ratios = _ratios(arrays, wanted)
    if ratios is not None and all(abs(ratio - 1) <= NEAR for ratio in ratios):
        return Said(Verdict.RIGHT, base)
    for together, others in _together(cases, wanted, base):
        multiple = _ratios(arrays, others)
        if multiple is None or _factor(multiple, cases) is None:
            continue
        if all(ratio > 0 for ratio in multiple):
            return Said(Verdict.IMPLIED_COST, base, words=f"together with {together}")
    if ratios is not None:
        factor = _factor(ratios, cases)
        if factor is not None and "sign" not in factor[0]:
            return Said(Verdict.UP_TO_CONSTANT, base, words=f"{factor[1]} times", factor=factor[1])
    if not base:
        return None  # one witness alone
    return _wrong(arrays, ratios, cases, wanted, base)


def _wrong(
    came: list[Array], ratios: list[float] | None, cases: list[Case], wanted: list[Array], base: str
) -> Said:
    if ratios is not None:
        factor = _factor(ratios, cases)
        if factor is not None:
            return Said(Verdict.WRONG, base, "sign", CATALOGUE["sign"].says)
        words = f"it is {ratios[0]:.6g} times the derivative"
        return Said(Verdict.WRONG, base, "constant_factor", words)
    for _, others in _together(cases, wanted, base):
        multiple = _ratios(came, others)
        if multiple is not None:  # a − y with the wrong sign, or another constant
            slug = "sign" if multiple[0] < 0 else "constant_factor"
            return Said(Verdict.WRONG, base, slug, CATALOGUE[slug].says)
    return Said(Verdict.WRONG, base, "derivative_formula")


def _together(
    cases: list[Case], wanted: list[Array], base: str
) -> Iterator[tuple[str, list[Array]]]:
    if base and not base.endswith(("of softmax", "of sigmoid")):
        found = [_shortcuts(base, case, w) for case, w in zip(cases, wanted, strict=True)]
        for name in found[0]:
            yield name, [each[name] for each in found]


def _implied(cases: list[Case], came: list[Array | None]) -> Said | None:
    """Return whether a derivative without a value is that of cross-entropy, a − y."""
    wanted = [case.a - case.hot for case in cases]
    arrays = [each for c, w in zip(came, wanted, strict=True) if (each := _as(c, w)) is not None]
    ratios = _ratios(arrays, wanted) if len(arrays) == len(wanted) else None
    if ratios is None or any(ratio <= 0 for ratio in ratios):
        return None
    if all(abs(ratio - 1) <= NEAR for ratio in ratios) or _factor(ratios, cases) is not None:
        words = "a − y, as cross-entropy has it together with softmax or sigmoid"
        return Said(Verdict.IMPLIED_COST, words=words)
    return None


def _as(came: Array | None, wanted: Array) -> Array | None:
    if came is None or came.size != wanted.size or not np.isfinite(came).all():
        return None
    return came.reshape(wanted.shape) if came.squeeze().shape == wanted.squeeze().shape else None


def _ratios(came: list[Array], wanted: list[Array]) -> list[float] | None:
    """Return the factors of one on the other; ``None`` where it is no multiple."""
    found = []
    for each, w in zip(came, wanted, strict=True):
        square = float(np.vdot(w, w))
        ratio = float(np.vdot(w, each)) / square if square else 0.0
        size = float(np.max(np.abs(w)))
        if not ratio or np.max(np.abs(each - ratio * w)) > NEAR * abs(ratio) * size:
            return None
        found.append(ratio)
    return found


def _factor(ratios: list[float], cases: list[Case]) -> tuple[tuple[str, ...], str] | None:
    """Return slugs and words of a factor that follows the sizes."""
    if all(abs(ratio - 1) <= NEAR for ratio in ratios):
        return (), "1"
    again = [(ratio, case.sizes) for ratio, case in zip(ratios, cases, strict=True)][1:]
    found = explain(ratios[0], cases[0].sizes, again=again, near=NEAR)
    if found is None or "global_count" in found.slugs:
        return None
    return found.slugs, found.words
