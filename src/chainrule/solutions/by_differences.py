"""What differences of a cost say of entries, where no network or cost of ours is like theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chainrule import notation
from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.diagnosis import Diagnosis
from chainrule.checking.factors import explain
from chainrule.checking.verdicts import Verdict
from chainrule.solutions.causes import multiple
from chainrule.solutions.reading import Array
from chainrule.solutions.witness import TOLERANCE, Witness


def measured(
    witnesses: Sequence[Witness],
    both: Sequence[Mapping[str, Any]],
    arrays: Mapping[str, Array],
    right: Mapping[str, bool | None],
) -> Mapping[str, Diagnosis]:
    """Return what can be said by differences alone: sign, factor, transposition.

    Their cost can be called, and no network or cost of ours is like it. A factor is held against
    the sizes of both probes: one that follows the number of examples is a mean.
    """
    found: dict[str, Diagnosis] = {}
    if not witnesses:
        return found
    witness = witnesses[0]
    for entry, came in arrays.items():
        if right.get(entry) is not False:
            continue
        wanted = witness.jacobian(entry)
        if wanted is None:
            continue
        options = [("", came)]
        if came.T.shape == wanted.shape and 1 not in wanted.shape:
            options.append(("transposed", came.T))
        elif came.shape != wanted.shape and came.size == wanted.size:
            options = [("kept_dimension", came.reshape(wanted.shape))]
        for slug, value in options:
            diagnosis = _plain(entry, slug, value, wanted)
            if diagnosis is not None:
                found[entry] = diagnosis
                if diagnosis.slugs[-1] == "constant_factor" and not slug:
                    found[entry] = _explained(diagnosis, witnesses, both)
                break
    return found


def _explained(
    found: Diagnosis, witnesses: Sequence[Witness], both: Sequence[Mapping[str, Any]]
) -> Diagnosis:
    """Return a diagnosis whose factor is that of a size, where it is so at both probes."""
    entry = found.entry
    seen = []
    for witness, came in zip(witnesses, both, strict=False):
        wanted = witness.jacobian(entry)
        ratio = None if wanted is None else multiple(came.get(entry), wanted)
        if ratio is not None:
            here = witness.probe
            seen.append((ratio, {"m": here.examples, "d": len(here.x), "k": len(here.y)}))
    if len(seen) < 2:
        return found
    (value, sizes), *again = seen
    factor = explain(value, sizes, biases_only=entry.startswith("b"), again=again)
    if factor is None or factor.far_fetched:
        return found
    said = "; ".join(CATALOGUE[slug].says for slug in factor.slugs)
    words = f"{said}: it is {factor.words} times what differences of the cost say"
    return replace(found, slugs=factor.slugs, sentence=words, suggestion=_mends(factor.slugs))


def _mends(slugs: Sequence[str]) -> str:
    """Return what the catalogue says, without a square as example: this cost is of another kind."""
    return "; ".join(CATALOGUE[slug].mend.split(": (a − y)²")[0] for slug in slugs)


def _plain(entry: str, slug: str, came: Array, wanted: Array) -> Diagnosis | None:
    ratio = multiple(came, wanted)
    if ratio is None or not ratio:
        return None
    slugs = [slug] if slug else []
    words = [CATALOGUE[slug].says] if slug else []
    if ratio < 0:
        slugs.append("sign")
        words.append(CATALOGUE["sign"].says)
    if abs(abs(ratio) - 1) > TOLERANCE:
        slugs.append("constant_factor")
        words.append(f"it is {abs(ratio):.6g} times what differences of the cost say")
    if not slugs:
        return None
    verdict = Verdict.OTHER_SHAPE if slugs == ["kept_dimension"] else Verdict.WRONG
    name = notation.text(notation.adjoint(entry))
    return replace(
        Diagnosis(entry, verdict, tuple(slugs), "; ".join(words), _mends(slugs)), equation=name
    )
