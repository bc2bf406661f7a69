"""Schedules of the learning rate: factors on the optimizer's own, by the number of the update.

A schedule is a function of the number of updates made before, 0 for the first, and any function of
a person's own may stand in the place of these rows. `ReduceOnPlateau` alone looks at the recorded
cost; what it has seen is handed to it, so that it stays a pure function too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from chainrule.arguments import at_least, check_fields, fraction, positive, zero_or_more
from chainrule.errors import InvalidType, InvalidValue

Schedule = Callable[[int], float]


@dataclass(frozen=True)
class Constant:
    """The optimizer's own learning rate in every update.

    Examples
    --------
    >>> Constant()(1000)
    1.0
    """

    def __call__(self, iteration: int) -> float:
        """Return 1."""
        del iteration
        return 1.0


CONSTANT = Constant()


@dataclass(frozen=True)
class StepDecay:
    """Multiplied by a factor every so many updates.

    Parameters
    ----------
    every : int
        Updates between two changes.
    factor : float, optional
        Larger than 0.

    Examples
    --------
    >>> [StepDecay(100, 0.5)(iteration) for iteration in (0, 99, 100, 250)]
    [1.0, 1.0, 0.5, 0.25]
    """

    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_fields(self, every=at_least(1), factor=positive)

    def __call__(self, iteration: int) -> float:
        """Return the factor of an update."""
        return float(self.factor ** (iteration // self.every))


@dataclass(frozen=True)
class Cosine:
    """Half a wave of a cosine from 1 down to `final`, which is kept from then on.

    I. Loshchilov and F. Hutter, ICLR 2017, without restarts.

    Parameters
    ----------
    updates : int
        How many updates the way down takes.
    final : float, optional
        Factor at its end, 0 or larger.

    Examples
    --------
    >>> [round(Cosine(100)(iteration), 3) for iteration in (0, 50, 100, 200)]
    [1.0, 0.5, 0.0, 0.0]
    """

    updates: int
    final: float = 0.0

    def __post_init__(self) -> None:
        check_fields(self, updates=at_least(1), final=zero_or_more)

    def __call__(self, iteration: int) -> float:
        """Return the factor of an update."""
        return _half_wave(1.0, self.final, iteration / self.updates)


@dataclass(frozen=True)
class WarmUp:
    """A straight line from nearly 0 up to 1, and then another schedule from its beginning.

    Parameters
    ----------
    updates : int
        How many updates the way up takes; the first has 1/updates, the last of them 1.
    then : callable, optional
        The schedule that follows; constant where nothing is said.

    Examples
    --------
    >>> [WarmUp(4)(iteration) for iteration in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """

    updates: int
    then: Schedule = CONSTANT

    def __post_init__(self) -> None:
        check_fields(self, updates=at_least(1))
        if not callable(self.then):
            raise InvalidType(f"then is {self.then!r}, wanted a schedule such as Cosine(1000)")

    def __call__(self, iteration: int) -> float:
        """Return the factor of an update."""
        if iteration < self.updates:
            return (iteration + 1) / self.updates
        return float(self.then(iteration - self.updates))


@dataclass(frozen=True)
class OneCycle:
    """Up to 1 and down to nearly 0, both ways half a wave of a cosine.

    L. N. Smith and N. Topin, 2017, with the two phases of PyTorch. The optimizer's learning rate is
    that of the top.

    Parameters
    ----------
    updates : int
        How many updates the cycle takes; from then on the last factor is kept.
    rise : float, optional
        Part of the updates that go up, from 0 to below 1.
    start : float, optional
        Factor of the first update.
    final : float, optional
        Factor of the last update, in units of `start`.

    Examples
    --------
    >>> [round(OneCycle(101, rise=0.5)(iteration), 3) for iteration in (0, 49, 100)]
    [0.04, 1.0, 0.0]
    """

    updates: int
    rise: float = 0.3
    start: float = 0.04
    final: float = 1e-4

    def __post_init__(self) -> None:
        check_fields(self, updates=at_least(2), rise=fraction, start=positive, final=zero_or_more)

    def __call__(self, iteration: int) -> float:
        """Return the factor of an update."""
        top = self.rise * self.updates - 1
        last = self.updates - 1
        if iteration <= top and top > 0:
            return _half_wave(self.start, 1.0, iteration / top)
        top = max(top, 0.0)
        return _half_wave(1.0, self.start * self.final, (iteration - top) / (last - top))


@dataclass(frozen=True)
class PlateauMemory:
    """What `ReduceOnPlateau` has seen.

    Parameters
    ----------
    factor : float
        On the learning rate, now.
    best : float
        The lowest cost recorded so far.
    waited : int
        Records since then, or since the last reduction.
    resting : int
        Records left in which nothing is counted.
    """

    factor: float = 1.0
    best: float = math.inf
    waited: int = 0
    resting: int = 0


@dataclass(frozen=True)
class ReduceOnPlateau:
    """Multiplied by a factor whenever the recorded cost has stopped falling.

    It looks at the validation cost where there is one.

    Parameters
    ----------
    factor : float, optional
        By which the learning rate is multiplied, from 0 to below 1.
    patience : int, optional
        Records without a lower cost that are let pass.
    threshold : float, optional
        A cost is lower if it is by more than this part of the lowest so far.
    cooldown : int, optional
        Records after a reduction in which nothing is counted.
    least : float, optional
        The factor in all goes no lower.

    Examples
    --------
    >>> schedule = ReduceOnPlateau(0.5, patience=1)
    >>> memory = PlateauMemory()
    >>> for cost in (1.0, 1.0, 1.0):
    ...     memory = schedule.observe(memory, cost)
    >>> memory.factor
    0.5
    """

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    cooldown: int = 0
    least: float = 0.0

    def __post_init__(self) -> None:
        check_fields(self, factor=fraction, patience=at_least(0), cooldown=at_least(0))
        check_fields(self, threshold=zero_or_more, least=zero_or_more)

    def observe(self, memory: PlateauMemory, cost: float) -> PlateauMemory:
        """Return what is known after another record.

        Parameters
        ----------
        memory : PlateauMemory
            What was known before.
        cost : float
            The recorded cost.

        Returns
        -------
        PlateauMemory
            With the factor that holds from now on.
        """
        waited, best = memory.waited + 1, memory.best
        if math.isinf(best) or cost < best - self.threshold * abs(best):
            waited, best = 0, cost
        resting = memory.resting
        if resting:
            resting, waited = resting - 1, 0
        if waited > self.patience:
            factor = max(memory.factor * self.factor, self.least)
            return PlateauMemory(factor, best, 0, self.cooldown)
        return replace(memory, best=best, waited=waited, resting=resting)


def factor_of(schedule: Schedule, iteration: int) -> float:
    """Return what a schedule says, if it is a factor.

    Raises
    ------
    InvalidType, InvalidValue
        If it is not a finite number of at least 0.
    """
    found: Any = schedule(iteration)
    try:
        factor = float(found)
    except (TypeError, ValueError):
        raise InvalidType(
            f"schedule({iteration}) is {found!r}, wanted a factor on the learning rate"
        ) from None
    if not (math.isfinite(factor) and factor >= 0):
        raise InvalidValue(
            f"schedule({iteration}) is {factor}, wanted a finite factor, 0 or larger"
        )
    return factor


def _half_wave(start: float, end: float, way: float) -> float:
    """Return the cosine's way from `start` to `end`, of which a part was made."""
    return end + (start - end) * (1 + math.cos(math.pi * min(way, 1.0))) / 2
