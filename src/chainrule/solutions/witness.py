"""Differences of a person's own cost: the first of the two witnesses to an alarm.

Real numbers only, and each believed only where a second one with a far smaller step says the same
(`differences.measured`); at a kink nothing is said. Nothing is said either where the cost is
computed so coarsely, as in float16, that its slope drowns. Whether an entry is right is seen along
two directions drawn at random; element by element it is measured only where it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from chainrule.differences import EPSILON, Slope, measured, precision
from chainrule.parameters import Parameters
from chainrule.solutions.reading import Array, Probe, Reading

TOLERANCE = 1e-6
"""Relative distance at which a gradient in float64 is right still."""

TOLERANCES: Mapping[str, float] = {"float32": 2e-4, "float16": 2e-2}
"""The same of gradients that come in less."""

BELOW = 1e-11
"""What is smaller than this part of the cost's size, nobody can see."""

DOUBT = 4.0
"""So many times the estimated error of a difference is forgiven."""

DROWNS = 0.05
"""The largest error, as a part of what is measured, with which a difference says anything."""


def tolerance(claimed: Array) -> float:
    """Return the relative distance at which a gradient is right still, in its own precision."""
    return TOLERANCES.get(str(claimed.dtype), TOLERANCE)


class Witness:
    """Tells whether a claimed Jacobian is that of their cost.

    Parameters
    ----------
    reading : Reading
    probe : Probe
    """

    def __init__(self, reading: Reading, probe: Probe) -> None:
        self._reading, self._probe = reading, probe
        first, again = (self._cost(probe) for _ in range(2))
        self._size = max(abs(first), 1e-300) if first is not None and np.isfinite(first) else 0.0
        self.usable = first is not None and first == again and bool(np.isfinite(first))
        self._epsilon = self._precision() if self.usable else EPSILON

    @property
    def probe(self) -> Probe:
        """At which it measures."""
        return self._probe

    def agrees(self, entry: str, claimed: Array) -> bool | None:
        """Return whether differences say the same; ``None`` where they say nothing."""
        if not self.usable or not np.isfinite(claimed).all():
            return False if self.usable else None
        rng = np.random.default_rng(0)
        near = tolerance(claimed)
        claimed = np.asarray(claimed, dtype=np.float64)
        length = float(np.linalg.norm(claimed)) / np.sqrt(claimed.size)
        for _ in range(2):
            direction = rng.choice([-1.0, 1.0], claimed.shape) * rng.uniform(0.5, 1, claimed.shape)
            direction /= np.linalg.norm(direction)
            slope = self._slope(self._along(entry, direction))
            if slope is None:
                return None
            size = max(length, abs(slope.value))
            off = abs(float(np.vdot(claimed, direction)) - slope.value)
            if off > near * size + BELOW * self._size + DOUBT * slope.error:
                return False
            if DOUBT * slope.error > DROWNS * size + BELOW * self._size:
                return None
        return True

    def jacobian(self, entry: str) -> Array | None:
        """Return the derivative by every element; ``None`` where one cannot be measured."""
        if not self.usable:
            return None
        found = np.empty(self._probe.params[entry].shape)
        for place in np.ndindex(found.shape):
            direction = np.zeros(found.shape)
            direction[place] = 1.0
            slope = self._slope(self._along(entry, direction))
            if slope is None:
                return None
            found[place] = slope.value
        return found

    def _along(self, entry: str, direction: Array) -> Callable[[float], float]:
        def cost_at(offset: float) -> float:
            params = self._probe.params.copy()
            params[entry][...] += offset * direction
            return self._number(Probe(params, self._probe.x, self._probe.y))

        return cost_at

    def _precision(self) -> float:
        """Return how precisely their cost is computed: it may be in float32 inside."""
        params = self._probe.params
        direction = np.random.default_rng(1).choice([-1.0, 1.0], params.flat.size)

        def along(offset: float) -> float:
            moved = Parameters(params.sizes, params.flat + offset * direction)
            return self._number(Probe(moved, self._probe.x, self._probe.y))

        return precision(along, self._size)

    def _slope(self, along: Callable[[float], float]) -> Slope | None:
        return measured(along, epsilon=self._epsilon, size=self._size)

    def _number(self, probe: Probe) -> float:
        found = self._cost(probe)
        return float("nan") if found is None else found

    def _cost(self, probe: Probe) -> float | None:
        found = self._reading.cost(probe)
        return found if isinstance(found, float) else None
