"""The update step: its sign, its order, and whether the size of the step is used at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.verdicts import Verdict
from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.reading import Array, Probe, Reading, Trouble, Updating, names_of

if TYPE_CHECKING:
    from chainrule.solutions.gradients import Entries

RATES = (0.3, 0.7)
TOLERANCE = 1e-9


def adds(reading: Reading, probe: Probe) -> bool:
    """Return whether the update adds what it is given, so that a gradient should be negative."""
    if not isinstance(reading, Updating):
        return bool(getattr(reading, "adds", False))
    given = _drawn(probe)
    moved = _moved(reading, probe, given, RATES[0])
    if moved is None or isinstance(moved, Trouble):
        return False
    shares = [_share(moved[entry], given[entry]) for entry in moved if entry in given]
    return bool(shares) and all(share is not None and share > 0 for share in shares)


def judged(
    reading: Reading, probes: Sequence[Probe], entries: Entries
) -> tuple[list[Judged], list[Finding]]:
    """Return the line of the update step, and what is wrong with it.

    Parameters
    ----------
    reading : Reading
    probes : sequence of Probe
    entries : Entries
    """
    if not isinstance(reading, Updating):
        return [], []
    here = probes[0]
    given = _drawn(here)
    steps = [_moved(reading, here, given, rate) for rate in RATES]
    name = names_of(reading).get("update", "update")
    place = reading.place("update") if hasattr(reading, "place") else None
    if steps[0] is None:
        return [], []
    if isinstance(steps[0], Trouble):
        line = Judged(name, Verdict.CANNOT_RUN, "update", detail=steps[0].sentence, place=place)
        if steps[0].slug == "unfinished":
            line = Judged(name, Verdict.UNFINISHED, "update", detail="", place=place)
        return [line], []
    if isinstance(steps[1], Trouble) or steps[1] is None:
        return [], []
    slugs, unknown = _spoilt([each for each in steps if isinstance(each, dict)], here, entries)
    findings = [
        _finding(slug, spoilt, name, place, whole=len(spoilt) == len(_drawn(here)))
        for slug, spoilt in slugs.items()
    ]
    bad = any(finding.kind == "mistake" for finding in findings)
    verdict = Verdict.WRONG if bad else Verdict.NOT_JUDGED if unknown else Verdict.RIGHT
    detail = "a step of another kind than steepest descent" if unknown and not bad else ""
    return [Judged(name, verdict, "update", detail=detail, place=place)], findings


def _spoilt(
    steps: Sequence[Mapping[str, Array]], here: Probe, entries: Entries
) -> tuple[dict[str, list[str]], bool]:
    """Return entries by what is wrong with their step, and whether one is of an unknown kind."""
    slugs: dict[str, list[str]] = {}
    unknown = False
    for entry, gradient in _drawn(here).items():
        if not all(entry in moved for moved in steps):
            continue  # this update has no such parameter
        first, second = (_share(moved[entry], gradient) for moved in steps)
        if first is not None and second is not None:
            if first > 0 and not entries.negative:
                slugs.setdefault("sign", []).append(entry)
            elif abs(first - second) <= TOLERANCE:
                slugs.setdefault("aggression", []).append(entry)
        elif _with_penalty(steps, entry, gradient, here):
            slugs.setdefault("penalty_in_update", []).append(entry)
        elif not any(np.any(moved[entry]) for moved in steps):
            slugs.setdefault("dead_parameter", []).append(entry)
        else:
            unknown = True
    return slugs, unknown


def _finding(slug: str, spoilt: Sequence[str], name: str, place: object, whole: bool) -> Finding:
    """Return what is wrong; of a wrong sign in the whole update no single parameter is named."""
    entry = CATALOGUE[slug]
    says, mend = entry.says, entry.mend
    if slug == "sign":
        says = "the update goes up the slope: the gradient is added, where it should be taken off"
        mend = "subtract: W = W − learning_rate · J_W"
    if slug == "dead_parameter":
        says, mend = f"{', '.join(spoilt)} is never updated", "update it as the others"
    where = {"place": place} if place is not None else {}
    kind = "remark" if entry.remark else "mistake"
    names = (name,) if slug == "sign" and whole else (name, *spoilt)
    return Finding(slug, kind, says, mend, names, **where)  # type: ignore[arg-type]


def _drawn(probe: Probe) -> dict[str, Array]:
    """Return gradients that are like nothing else."""
    rng = np.random.default_rng(7)
    return {name: rng.standard_normal(view.shape) for name, view in probe.params.items()}


def _moved(
    reading: Updating, probe: Probe, given: Mapping[str, Array], rate: float
) -> dict[str, Array] | Trouble | None:
    """Return by how much every parameter moves."""
    copies = {name: value.copy() for name, value in given.items()}
    after = reading.update(probe, copies, rate)
    if after is None or isinstance(after, Trouble):
        return after
    found = {}
    for name, value in after.items():
        before = probe.params[name]
        if not isinstance(value, np.ndarray) or value.shape != before.shape:
            return Trouble("wrong_type", f"the update changes the shape of {name}")
        found[name] = value - before
    return found


def _share(moved: Array, gradient: Array) -> float | None:
    """Return c where a parameter moves by c times its gradient, and moves."""
    share = float(np.vdot(gradient, moved)) / float(np.vdot(gradient, gradient))
    if abs(share) < TOLERANCE or not np.isfinite(moved).all():
        return None
    good = np.max(np.abs(moved - share * gradient)) <= 1e-8 * abs(share) * np.max(np.abs(gradient))
    return share if good else None


def _with_penalty(
    steps: Sequence[Mapping[str, Array]], entry: str, gradient: Array, here: Probe
) -> bool:
    """Return whether the step is one down the gradient, with a part of the parameter beside it."""
    for moved in steps:
        columns = np.stack([gradient.ravel(), here.params[entry].ravel()], axis=1)
        if columns.shape[0] <= 2:
            return False
        shares, *_ = np.linalg.lstsq(columns, moved[entry].ravel(), rcond=None)
        off = np.max(np.abs(columns @ shares - moved[entry].ravel()))
        if off > 1e-8 or abs(shares[1]) < 1e-9 or abs(shares[0]) < 1e-9:
            return False
    return True
