"""Differences of a person's own cost: the first of the two witnesses to an alarm.

Real numbers only, of fourth order, and each believed only where a second one with half its step
says the same; near a kink steps are made smaller, and where that does not help nothing is said.
Whether an entry is right is seen along two directions drawn at random; element by element it is
measured only where it is not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chainrule.solutions.reading import Array, Probe, Reading

STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
TOLERANCE = 1e-6
AGREE = 1e-8
"""Part of a derivative within which two differences must say the same."""

ROUNDING = 1e-14
"""Part of the cost's size to which it is thought to be computed, with room."""

BELOW = 1e-11
"""What is smaller than this part of the cost's size, nobody can see."""


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

    def agrees(self, entry: str, claimed: Array) -> bool | None:
        """Return whether differences say the same; ``None`` where they say nothing."""
        if not self.usable or not np.isfinite(claimed).all():
            return False if self.usable else None
        rng = np.random.default_rng(0)
        length = float(np.linalg.norm(claimed)) / np.sqrt(claimed.size)
        for _ in range(2):
            direction = rng.choice([-1.0, 1.0], claimed.shape) * rng.uniform(0.5, 1, claimed.shape)
            direction /= np.linalg.norm(direction)
            slope = self._slope(self._along(entry, direction))
            if slope is None:
                return None
            off = abs(float(np.vdot(claimed, direction)) - slope)
            if off > TOLERANCE * max(length, abs(slope)) + BELOW * self._size:
                return False
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
            found[place] = slope
        return found

    def _along(self, entry: str, direction: Array) -> Callable[[float], float]:
        def cost_at(offset: float) -> float:
            params = self._probe.params.copy()
            params[entry][...] += offset * direction
            found = self._cost(Probe(params, self._probe.x, self._probe.y))
            return float("nan") if found is None else found

        return cost_at

    def _slope(self, along: Callable[[float], float]) -> float | None:
        for step in STEPS:
            far, one, half = (
                (along(scale * step) - along(-scale * step)) / step for scale in (2.0, 1.0, 0.5)
            )
            wide, narrow = (8 * one - far) / 12, (8 * half - one) / 6
            blur = ROUNDING * self._size / step
            if abs(wide - narrow) <= AGREE * max(abs(wide), abs(narrow)) + blur:
                return narrow
        return None

    def _cost(self, probe: Probe) -> float | None:
        found = self._reading.cost(probe)
        return found if isinstance(found, float) else None
