"""What a gradient should be once it is mended: at the probes, with a penalty where there is one.

A change that is right at a penalty of 0 may spoil what the penalty adds, as a mean that is taken of
both does. So the penalty is one more case. What it should add is measured by differences of the
cost with it; where what it adds is a finding of its own, it may stay as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from chainrule.solutions import direct
from chainrule.solutions.findings import Finding
from chainrule.solutions.reading import Array, Probe

PENALTY = 0.7


@dataclass(frozen=True)
class Case:
    """One way to call for the gradient, and what it should be.

    Parameters
    ----------
    came : callable
        Returns the entries as they are now.
    wanted : mapping of str to tuple of ndarray
        What each may be.
    """

    came: Callable[[], Mapping[str, Any]]
    wanted: Mapping[str, tuple[Array, ...]]


def penal(finding: Finding) -> bool:
    """Return whether a finding is on the penalty alone."""
    return finding.slug.startswith("penalty")


def cases(judge: Any) -> list[Case]:
    """Return what must be right when a finding is mended, those on the penalty aside."""
    reading = judge.reading
    found = [
        Case(partial(reading.gradients, probe), {e: (value,) for e, value in wanted.items()})
        for probe, wanted in zip(judge.probes, _wanted(judge.entries), strict=False)
    ]
    added = _added(judge)
    if not found or added is None:
        return found
    right, theirs = added
    spoilt = {entry for each in judge.findings if penal(each) for entry in each.entries}
    wanted = {
        entry: tuple(
            value + each[entry]
            for each in ((right, theirs) if entry in spoilt else (right,))
            if entry in each
        )
        for entry, (value,) in found[0].wanted.items()
    }
    return [*found, _with_penalty(judge, {e: each for e, each in wanted.items() if each})]


def cases_of_penalty(judge: Any) -> list[Case]:
    """Return what must be right when the penalty is mended: nothing else is changed by that."""
    added = _added(judge)
    if added is None:
        return []
    here, sign = judge.probes[0], _sign(judge)
    now = {
        entry: sign * value
        for entry, value in judge.reading.penalised(here, 0.0).items()
        if isinstance(value, np.ndarray)
    }
    wanted = {e: (value + added[0][e],) for e, value in now.items() if e in added[0]}
    plain = Case(partial(judge.reading.penalised, here, 0.0), {e: (now[e],) for e in wanted})
    return [_with_penalty(judge, wanted), plain]


def _with_penalty(judge: Any, wanted: Mapping[str, tuple[Array, ...]]) -> Case:
    return Case(partial(judge.reading.penalised, judge.probes[0], PENALTY), wanted)


def _sign(judge: Any) -> float:
    return -1.0 if judge.entries.negative else 1.0


def _added(judge: Any) -> tuple[dict[str, Array], dict[str, Array]] | None:
    """Return what a penalty should add to each entry, and what it adds; ``None`` without one."""
    reading, here = judge.reading, judge.probes[0]
    if not hasattr(reading, "penalised") or not reading.has_penalty():
        return None
    if not all(isinstance(reading.penalised_cost(here, each), float) for each in (0.0, PENALTY)):
        return None

    def more(entry: str, moved: Array) -> float:
        params = here.params.copy()
        params[entry][...] = moved
        there = Probe(params, here.x, here.y)
        with_it, without = (reading.penalised_cost(there, each) for each in (PENALTY, 0.0))
        known = isinstance(with_it, float) and isinstance(without, float)
        return with_it - without if known else float("nan")

    with_it, without = (reading.penalised(here, each) for each in (PENALTY, 0.0))
    right, theirs = {}, {}
    for piece in reading.pieces:
        entry = piece.entry
        value, _ = direct.gradient(partial(more, entry), here.params[entry])
        if np.isfinite(value).all():
            right[entry] = value
        now, before = with_it.get(entry), without.get(entry)
        shapes = [getattr(each, "shape", None) for each in (now, before, here.params[entry])]
        if shapes[0] is not None and shapes[0] == shapes[1] == shapes[2]:
            theirs[entry] = _sign(judge) * (now - before)
    return right, theirs


def _wanted(entries: Any) -> list[dict[str, Array]]:
    """Return what the entries should be, on the probes on which that is known."""
    if entries.truth is not None:
        return [dict(each) for each in entries.truth.wanted]
    found: dict[str, Array] = {}
    for entry in entries.right if entries.witnesses else ():
        measured = entries.witnesses[0].jacobian(entry)
        if measured is not None:
            found[entry] = measured
    return [found]
