"""Repeatability and side effects: what a second call shows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.solutions.findings import Finding
from chainrule.solutions.gradients import Entries
from chainrule.solutions.reading import Array, Probe
from chainrule.solutions.witness import Witness

SAME = 1e-9


def repeated(entries: Entries) -> list[Finding]:
    """Return what calling twice, and calling with other parameters, brings to light.

    Parameters
    ----------
    entries : Entries
    """
    reading, (here, there) = entries.reading, entries.probes
    with _same_draws():
        first = reading.gradients(here)
    with _same_draws():
        again = reading.gradients(here)
    # Not just another multiple: the gradient of a hinge is the same over wide regions.
    moved = Probe(there.params, here.x, here.y)
    elsewhere = reading.gradients(moved)
    changed, stale = [], []
    for entry, value in entries.came.items():
        one, two, other = (each.get(entry) for each in (first, again, elsewhere))
        if not isinstance(value, np.ndarray) or not isinstance(one, np.ndarray):
            continue
        if not isinstance(two, np.ndarray) or not _same(one, two):
            changed.append(entry)
            continue
        same = isinstance(other, np.ndarray) and np.any(one) and np.array_equal(one, other)
        if same and _moves(entries, entry, moved, one):
            stale.append(entry)
    found = []
    for slug, spoilt in (("in_place", changed), ("stale_parameters", stale)):
        if spoilt:
            said = CATALOGUE[slug]
            place = next(p.place for p in reading.pieces if p.entry == spoilt[0])
            found.append(Finding(slug, "mistake", said.says, said.mend, tuple(spoilt), place=place))
    return found


@contextmanager
def _same_draws() -> Iterator[None]:
    """Let random numbers be the same in every call: what differs then is not drawn."""
    ours, theirs = random.getstate(), np.random.get_state()  # noqa: NPY002 (people draw from it)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(ours)
        np.random.set_state(theirs)  # noqa: NPY002


def _same(one: Array, two: Array) -> bool:
    return one.shape == two.shape and np.allclose(one, two, rtol=SAME, equal_nan=True)


def _moves(entries: Entries, entry: str, moved: Probe, value: Array) -> bool:
    """Return whether an entry should be another at other parameters; a constant is not stale."""
    if entries.truth is not None:
        net, factor = entries.truth.networks[0], entries.truth.factors[0]
        _, wanted = net.value_and_grad(moved.params, moved.x, moved.y)
        return not _same(factor * wanted[entry], entries.truth.wanted[0][entry])
    if not entries.witnesses or value.shape != moved.params[entry].shape:
        return False
    return Witness(entries.reading, moved).agrees(entry, value) is False
