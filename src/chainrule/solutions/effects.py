"""Repeatability and side effects: what a second call shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.solutions.findings import Finding
from chainrule.solutions.reading import Probe, Reading

SAME = 1e-9


def repeated(reading: Reading, probes: Sequence[Probe], entries: Sequence[str]) -> list[Finding]:
    """Return what calling twice, and calling with other parameters, brings to light.

    Parameters
    ----------
    reading : Reading
    probes : sequence of Probe
    entries : sequence of str
        Those that run.
    """
    here = probes[0]
    first = reading.gradients(here)
    again = reading.gradients(here)
    # Not just another multiple: the gradient of a hinge is the same over wide regions.
    elsewhere = reading.gradients(Probe(probes[1].params, here.x, here.y))
    changed, stale = [], []
    for entry in entries:
        one, two, other = (each.get(entry) for each in (first, again, elsewhere))
        if not isinstance(one, np.ndarray) or not isinstance(two, np.ndarray):
            continue
        if one.shape != two.shape or not np.allclose(one, two, rtol=SAME, equal_nan=True):
            changed.append(entry)
        elif isinstance(other, np.ndarray) and np.any(one) and np.array_equal(one, other):
            stale.append(entry)
    found = []
    for slug, spoilt in (("in_place", changed), ("stale_parameters", stale)):
        if spoilt:
            said = CATALOGUE[slug]
            place = next(p.place for p in reading.pieces if p.entry == spoilt[0])
            found.append(Finding(slug, "mistake", said.says, said.mend, tuple(spoilt), place=place))
    return found
