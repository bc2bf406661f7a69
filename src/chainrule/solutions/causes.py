"""From diagnoses of entries to what is said of a solution: each cause once, with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import notation
from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.diagnosis import Diagnosis
from chainrule.checking.factors import explain
from chainrule.checking.verdicts import Verdict
from chainrule.network import Network
from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.reading import Array, Piece, Probe, Reading, Trouble
from chainrule.solutions.unfinished import blank
from chainrule.solutions.witness import TOLERANCE

if TYPE_CHECKING:
    from chainrule.solutions.gradients import Entries

SHAPES = {"bias_not_summed", "kept_dimension", "transposed"}
"""Mistakes of which a line of code that serves for all layers makes several."""

PENALTIES = (("penalty_factor",), ("penalty_sign",), ("penalty_missing",))
MET = re.compile(r"it has shape \((\d+(?:,|(?:, \d+)+))\), wanted \((\d+(?:, \d+)*)\)")
"""How a shape is said (`checking.shapes`)."""

TWOS = (0.5, 2.0)
"""Factors between a cost and its gradient that are a matter of taste: the square's 2."""


def stuck(piece: Piece, trouble: Trouble | Array | None) -> Judged:
    """Return the line of an entry that could not be had."""
    detail, verdict, place = "it was not returned", Verdict.CANNOT_RUN, piece.place
    if isinstance(trouble, Trouble):
        detail, verdict = trouble.sentence, trouble.verdict
        if verdict is Verdict.UNFINISHED:  # of several blanks, the one that is meant
            own = "" if place is None else blank(place.source)
            detail, place = own or detail, place if own else trouble.place or place
    return Judged(piece.name, verdict, entry=piece.entry, detail=detail, place=place)


def troubles(reading: Reading, came: Mapping[str, Any]) -> list[Finding]:
    """Return one finding for each thing that went wrong in a call, with the entries it costs."""
    together: dict[tuple[Any, ...], list[str]] = {}
    for piece in reading.pieces:
        trouble = came.get(piece.entry)
        if isinstance(trouble, Trouble) and trouble.slug not in ("", "unfinished"):
            missing = trouble.slug == "not_defined"  # once, however many lines call it
            key = (trouble.slug, trouble.sentence, None if missing else trouble.place)
            together.setdefault(key, []).append(piece.entry)
    found = []
    for (slug, sentence, _), entries in together.items():
        place = came[entries[0]].place
        mend = CATALOGUE[slug].mend if slug in CATALOGUE else ""
        found.append(Finding(slug, "mistake", sentence, mend, tuple(entries), place=place))
    return found


def findings(
    reading: Reading, diagnoses: Mapping[str, Diagnosis], wrong: set[str]
) -> list[Finding]:
    """Return one finding per cause, however many entries it spoils."""
    together: dict[tuple[Any, ...], list[Diagnosis]] = {}
    places = {piece.entry: piece.place for piece in reading.pieces}
    for found in diagnoses.values():
        if found.entry in wrong:
            key = (found.slugs, found.sentence, found.equation if found.computed else "")
            if found.slugs and set(found.slugs) <= SHAPES:  # whose sentences have sizes in them
                key = (found.slugs, str(places.get(found.entry)), "")
            together.setdefault(key, []).append(found)
    result = []
    for group in together.values():
        first = group[0]
        right, shape = _parted(first.right)
        result.append(
            Finding(
                "+".join(first.slugs) or "unknown",
                "mistake",
                *_laid(first, reading),
                tuple(each.entry for each in group),
                first.computed,
                right,
                shape,
                ties=first.ties,
                place=places.get(first.entry),
            )
        )
    return result


def _laid(found: Diagnosis, reading: Reading) -> tuple[str, str]:
    """Return sentence and suggestion, with shapes of a bias as it lies in their code."""
    met = MET.search(found.sentence)
    if "kept_dimension" not in found.slugs or met is None:
        return found.sentence, found.suggestion
    flat = met[1].endswith(",")
    wanted = met[2]
    if "biases of shape (1, n)" in reading.words and found.entry.startswith("b"):
        turned = [", ".join(reversed(each.split(", "))) for each in (met[1], wanted)]
        sentence = found.sentence.replace(
            met[0],
            f"it has shape ({met[1] if flat else turned[0]}), wanted ({turned[1]})",
        )
        axis = 0
    else:
        sentence, axis = found.sentence, 1
    mend = f"keep the axis: np.sum(…, axis={axis}, keepdims=True)"
    if not (flat and found.entry.startswith("b")):
        mend = "give it the shape of the parameter: dp.reshape(p.shape)"
    general = CATALOGUE["kept_dimension"].mend
    return sentence, found.suggestion.replace(general, mend)


def _parted(equation: str) -> tuple[str, str]:
    """Part an equation from the shape that stands behind it in parentheses."""
    body, gap, shape = equation.rpartition("   (")
    return (body, shape.removesuffix(")")) if gap else (equation, "")


def mismatch(entries: Entries, diagnoses: Mapping[str, Diagnosis]) -> Finding | None:
    """Return that cost and gradient differ by one factor, where that is all there is.

    The 2 of a square is a matter of taste. So is what a cost is divided by that is no mean over the
    examples, if the gradient is that of one that is. A mean that the cost has and the gradient has
    not is a mistake, and so is any other factor.
    """
    truth, cost = entries.truth, entries.ground.cost
    factor_only = not any(found.verdict.good or found.computed for found in diagnoses.values())
    whole = set(diagnoses) == {piece.entry for piece in entries.reading.pieces}
    if truth is None or cost is None or not diagnoses or not factor_only or not whole:
        return None
    ratios, shares = [], []
    for place, here in enumerate(entries.probes):
        ratio = _same([_data_ratio(entries, place, entry) for entry in diagnoses])
        if ratio is None:
            return None
        ratios.append(ratio)
        shares.append(ratio * cost.scale.value(here))
    outputs = float(entries.probes[0].y.shape[0])
    usual = [two / k for two in (1.0, *TWOS) for k in (1.0, outputs)]
    where = entries.reading.pieces[0].place
    free = not cost.scale.usual or _all_one_of(ratios, TWOS)
    if free and _all_one_of(shares, usual):
        said = CATALOGUE["cost_gradient_mismatch"]
        slugs = ("cost_gradient_mismatch", "constant_factor")
        slug, tie = slugs[::-1] if cost.scale.usual else slugs
        words = f"{said.says}: the gradient is {ratios[0]:.6g} times that of the cost"
        return Finding(slug, "remark", words, said.mend, tuple(diagnoses), ties=(tie,), place=where)
    return _global_count(entries, ratios, tuple(diagnoses))


def _all_one_of(numbers: Sequence[float], wanted: Sequence[float]) -> bool:
    """Return whether all numbers are one and the same of those that are wanted."""
    return any(all(abs(each - one) <= TOLERANCE * one for each in numbers) for one in wanted)


def of_one_number(entries: Entries, diagnoses: Mapping[str, Diagnosis]) -> Mapping[str, Diagnosis]:
    """Return diagnoses in which what is one number only, and not explained, may be a factor.

    One number has always a ratio to another; a ratio that is the same power of the sizes at both
    numbers of examples is none by chance.
    """
    found = dict(diagnoses)
    for entry, each in diagnoses.items():
        came = entries.came.get(entry)
        if each.verdict is not Verdict.WRONG_UNKNOWN or not _one_number(came):
            continue
        ratios = [_data_ratio(entries, place, entry) for place in range(len(entries.probes))]
        measured = [
            (ratio, {"m": here.examples, "d": len(here.x), "k": len(here.y)})
            for ratio, here in zip(ratios, entries.probes, strict=True)
            if ratio is not None
        ]
        if len(measured) < 2:
            continue
        (value, sizes), *again = measured
        factor = explain(value, sizes, biases_only=entry.startswith("b"), again=again)
        if factor is None or factor.far_fetched:
            continue
        said = "; ".join(CATALOGUE[slug].says for slug in factor.slugs)
        words = f"{said}: it is {factor.words} times what it should be"
        mend = "; ".join(CATALOGUE[slug].mend for slug in factor.slugs)
        found[entry] = replace(
            each, verdict=Verdict.WRONG, slugs=factor.slugs, sentence=words, suggestion=mend
        )
    return found


def _one_number(came: Array | Trouble | None) -> bool:
    return isinstance(came, np.ndarray) and came.size == 1


def _data_ratio(entries: Entries, place: int, entry: str) -> float | None:
    """Return what an entry is over what it should be, penalties left aside."""
    assert entries.truth is not None
    came, wanted = entries.both[place][entry], entries.truth.wanted[place][entry]
    if not isinstance(came, np.ndarray) or came.shape != wanted.shape:
        return None
    decay = entries.truth.networks[place].architecture.l2 * entries.truth.factors[place]
    if decay and entry.startswith("W"):
        penalty = decay * entries.probes[place].params[entry]
        aside = multiple(came - penalty, wanted - penalty)
        return multiple(came, wanted) if aside is None else aside
    return multiple(came, wanted)


def _global_count(
    entries: Entries, ratios: Sequence[float], spoilt: tuple[str, ...]
) -> Finding | None:
    """Return that the number of examples is another than that of the data, always the same one."""
    counts = [here.examples / ratio for here, ratio in zip(entries.probes, ratios, strict=True)]
    first = counts[0]
    same = all(abs(each - first) <= TOLERANCE * first for each in counts)
    varied = entries.probes[0].examples != entries.probes[1].examples
    if not same or not varied or first < 2.5 or abs(first - round(first)) > 1e-4:
        return None
    sizes = entries.probes[0].params.sizes
    if round(first) in {*sizes, sizes[0] * sizes[-1]}:
        return None
    said = CATALOGUE["global_count"]
    words = f"it is divided by {round(first)}, whatever the number of examples: {said.says}"
    place = entries.reading.pieces[0].place
    return Finding("global_count", "mistake", words, said.mend, spoilt, place=place)


def infinite(reading: Reading, came: Mapping[str, Any]) -> list[Finding]:
    """Return that entries are not finite: at these probes, no right gradient is."""
    spoilt = []
    for piece in reading.pieces:
        value = came.get(piece.entry)
        if isinstance(value, np.ndarray) and not np.isfinite(value).all():
            spoilt.append(piece)
    if not spoilt:
        return []
    words = (
        "it is not finite: it is divided by something that is 0, as it would be by the slope of "
        "an activation where that is flat"
    )
    entries = tuple(piece.entry for piece in spoilt)
    mend = CATALOGUE["derivative_reciprocal"].mend
    place = spoilt[0].place
    return [Finding("derivative_reciprocal", "mistake", words, mend, entries, place=place)]


def differing(pieces: Sequence[Piece]) -> list[Finding]:
    """Return that entries are not the derivatives of the cost that is written, if there are any."""
    if not pieces:
        return []
    words = "differences of the cost that is written say something else"
    entries = tuple(piece.entry for piece in pieces)
    return [Finding("unknown", "mistake", words, "", entries, place=pieces[0].place)]


def printed(pieces: Sequence[Piece], assumed: str) -> Finding:
    """Return the remark that the gradient is that of a usual cost, and theirs is another."""
    words = (
        f"the gradient is right {assumed}, up to one factor; the cost that is written is another"
    )
    entries = tuple(piece.entry for piece in pieces)
    mend = "differentiate the cost that is written, or write the one that is differentiated"
    place = pieces[0].place
    return Finding("cost_gradient_mismatch", "remark", words, mend, entries, place=place)


def single(pieces: Sequence[Piece]) -> list[Finding]:
    """Return the remark on what was computed in less than float64."""
    if not pieces:
        return []
    said = CATALOGUE["precision"]
    entries = tuple(piece.entry for piece in pieces)
    return [Finding("precision", "remark", said.says, said.mend, entries, place=pieces[0].place)]


def beside_penalty(
    diagnoses: Mapping[str, Diagnosis], net: Network, probe: Probe, came: Mapping[str, Array]
) -> Mapping[str, Diagnosis]:
    """Return diagnoses with factors on the data's part alone, where a penalty stands beside it."""
    decay = net.architecture.l2
    if not decay:
        return diagnoses
    plain = Network(
        net.sizes, activation=list(net.architecture.activations), cost=net.architecture.cost
    )
    _, wanted = plain.value_and_grad(probe.params, probe.x, probe.y)
    sizes = {"m": probe.examples, "d": probe.x.shape[0], "k": probe.y.shape[0]}
    found = dict(diagnoses)
    for entry, each in diagnoses.items():
        if entry.startswith("W") and each.computed and each.slugs in PENALTIES:
            part = multiple(came[entry] - wanted[entry], probe.params[entry])
            if part is not None or each.slugs == ("penalty_missing",):
                found[entry] = _in_numbers(each, part or 0.0, decay)
        if each.verdict is not Verdict.WRONG_UNKNOWN or not entry.startswith("W"):
            continue
        ratio = multiple(came[entry] - decay * probe.params[entry], wanted[entry])
        factor = None if ratio is None else explain(ratio, sizes)
        if factor is not None:
            mends = "; ".join(CATALOGUE[slug].mend for slug in factor.slugs)
            words = f"it is {factor.words} times what it should be, the penalty left aside"
            found[entry] = replace(
                each,
                verdict=Verdict.WRONG,
                slugs=factor.slugs,
                sentence=words,
                suggestion=mends,
            )
    return found


def _in_numbers(found: Diagnosis, part: float, decay: float) -> Diagnosis:
    """Return a diagnosis whose equations have the penalty as it was measured.

    What λ is and what it is divided by stands in their cost, and ours would be another λ.
    """
    right, shape = _parted(found.right)
    data = re.split(r" [+−] \(?λ", right)[0]
    name = notation.text(found.entry)
    sign = "−" if part < 0 else "+"
    computed = f"{data} {sign} {abs(part):.4g} {name}" if part else data
    return replace(found, computed=computed, right=f"{data} + {decay:.4g} {name}   ({shape})")


def far_fetched(diagnoses: Mapping[str, Diagnosis]) -> tuple[int, int]:
    """Return how much has to be wrong for these diagnoses to hold: what has no name weighs most."""
    unknown = sum(each.verdict is Verdict.WRONG_UNKNOWN for each in diagnoses.values())
    return unknown, sum(len(each.slugs) for each in diagnoses.values())


def dead(
    diagnoses: Mapping[str, Diagnosis], came: Mapping[str, Array], wanted: Mapping[str, Array]
) -> Mapping[str, Diagnosis]:
    """Return diagnoses in which zeros are zeros, whatever else may come out as zero."""
    found = dict(diagnoses)
    said = CATALOGUE["dead_parameter"]
    for entry, each in diagnoses.items():
        if each.verdict.bad and not np.any(came[entry]) and np.any(wanted[entry]):
            others = tuple(slug for slug in each.slugs if slug != "dead_parameter")
            found[entry] = Diagnosis(
                entry, Verdict.WRONG, ("dead_parameter",), said.says, said.mend, ties=others
            )
    return found


def _same(ratios: Sequence[float | None]) -> float | None:
    """Return a positive factor that all have in common."""
    known = [ratio for ratio in ratios if ratio is not None]
    if len(known) < len(ratios) or min(known) <= 0:
        return None
    return known[0] if max(known) - min(known) <= TOLERANCE * known[0] else None


def multiple(came: Any, wanted: Array) -> float | None:
    """Return c where something is c times what is wanted; ``None`` where it is not."""
    if not isinstance(came, np.ndarray) or came.shape != wanted.shape:
        return None
    square = float(np.vdot(wanted, wanted))
    if not square:
        return None
    ratio = float(np.vdot(wanted, came)) / square
    fits = np.max(np.abs(came - ratio * wanted)) <= TOLERANCE * abs(ratio) * np.max(np.abs(wanted))
    return ratio if fits else None


def merged(found: Sequence[Finding]) -> list[Finding]:
    """Return findings, those of which another one's cause is a tie put to that one.

    Who has made one mistake in several places has mostly made the same one, though in one of them
    something else gives the same numbers.
    """
    left = list(found)
    for each in found:
        other = next((o for o in left if o is not each and o.slug in each.ties), None)
        if other is None or each not in left or each.kind != other.kind:
            continue
        left.remove(each)
        entries = (*other.entries, *each.entries)
        left[left.index(other)] = replace(other, entries=entries)
    return left
