"""Rules by which training stops before its last update.

A rule is frozen and can serve many runs; what it has to remember in one of them is in the watcher
that it makes at the start of the run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from chainrule.arguments import at_least, check_fields, positive, zero_or_more
from chainrule.history import History, Record
from chainrule.parameters import Parameters


class Watcher(Protocol):
    """What looks at one run.

    Attributes
    ----------
    reason : str
        Why it stops, in a word.
    best : (Record, Parameters) or None
        What the result is to hold in the place of the last parameters.
    """

    reason: str
    best: tuple[Record, Parameters] | None

    def recorded(self, history: History, params: Parameters) -> bool:
        """Return whether to stop, after a record."""

    def passed(self) -> bool:
        """Return whether to stop, between two stretches of updates."""

    def remember(self) -> dict[str, Any]:
        """Return what it has seen, as numbers and arrays by name, for a run that is resumed."""

    def recall(self, memory: Mapping[str, Any], history: History, like: Parameters) -> None:
        """Take up what `remember` returned.

        `history` has the records of then; parameters are `like` those of then.
        """


@runtime_checkable
class Rule(Protocol):
    """What every stopping rule offers."""

    def watch(self) -> Watcher:
        """Return what looks at one run, from its start."""


@dataclass(frozen=True)
class Tolerance:
    """Stop when the recorded cost has hardly fallen any more.

    Parameters
    ----------
    change : float
        It is to have fallen by at least so much …
    records : int, optional
        … over so many records.

    Examples
    --------
    >>> Tolerance(1e-6).watch().reason
    'tolerance'
    """

    change: float
    records: int = 10

    def __post_init__(self) -> None:
        check_fields(self, change=zero_or_more, records=at_least(1))

    def watch(self) -> Watcher:
        """Return what looks at one run."""
        return _ToleranceWatcher(self)


@dataclass(frozen=True)
class Patience:
    """Stop when the validation cost has not fallen for long; the best parameters are kept.

    Parameters
    ----------
    records : int, optional
        How many records without a lower validation cost are let pass.
    change : float, optional
        By how much it must be lower to count.

    Examples
    --------
    >>> Patience(20).watch().reason
    'patience'
    """

    records: int = 10
    change: float = 0.0

    def __post_init__(self) -> None:
        check_fields(self, change=zero_or_more, records=at_least(1))

    def watch(self) -> Watcher:
        """Return what looks at one run."""
        return _PatienceWatcher(self)


@dataclass(frozen=True)
class TimeLimit:
    """Stop when so much time has passed, at the end of a stretch of updates.

    Parameters
    ----------
    seconds : float
        From the start of training.

    Examples
    --------
    >>> TimeLimit(60).watch().reason
    'time'
    """

    seconds: float

    def __post_init__(self) -> None:
        check_fields(self, seconds=positive)

    def watch(self) -> Watcher:
        """Return what looks at one run."""
        return _Clock(self.seconds)


@dataclass
class _ToleranceWatcher:
    rule: Tolerance
    reason: str = "tolerance"
    best: tuple[Record, Parameters] | None = None

    def recorded(self, history: History, params: Parameters) -> bool:
        del params
        ago = len(history) - 1 - self.rule.records
        if ago < 0:
            return False
        lowest = min(record.cost for record in history.records[ago + 1 :])
        return history.records[ago].cost - lowest < self.rule.change

    def passed(self) -> bool:
        return False

    def remember(self) -> dict[str, Any]:
        return {}  # the history is all that it looks at

    def recall(self, memory: Mapping[str, Any], history: History, like: Parameters) -> None:
        del memory, history, like


@dataclass
class _PatienceWatcher:
    """Remembers the best parameters of a run.

    Parameters
    ----------
    rule : Patience
        What counts as better, and how long to wait.

    Attributes
    ----------
    best : (Record, Parameters) or None
        The record with the lowest validation cost, and a copy of the parameters then.
    """

    rule: Patience
    reason: str = "patience"
    best: tuple[Record, Parameters] | None = None
    _lowest: float = field(default=math.inf, init=False)
    _counted: float = field(default=math.inf, init=False)  # the last that counted as lower
    _waited: int = field(default=0, init=False)

    def recorded(self, history: History, params: Parameters) -> bool:
        """Return whether to stop, after a record."""
        record = history.records[-1]
        cost = record.validation_cost if math.isfinite(record.validation_cost) else math.inf
        if self.best is None or cost < self._lowest:
            self.best, self._lowest = (record, params.copy()), cost
        if cost < self._counted - self.rule.change:
            self._counted, self._waited = cost, 0
        elif len(history) > 1:
            self._waited += 1
        return self._waited >= self.rule.records

    def passed(self) -> bool:
        """Return False: only records count."""
        return False

    def remember(self) -> dict[str, Any]:
        """Return the best parameters, and how long they have been that."""
        memory: dict[str, Any] = {
            "lowest": self._lowest,
            "counted": self._counted,
            "waited": self._waited,
        }
        if self.best is not None:
            record, params = self.best
            memory |= {"iteration": record.iteration, "best": params.flat.copy()}
        return memory

    def recall(self, memory: Mapping[str, Any], history: History, like: Parameters) -> None:
        """Take up what `remember` returned."""
        self._lowest, self._counted = float(memory["lowest"]), float(memory["counted"])
        self._waited = int(memory["waited"])
        if "best" in memory:
            (record,) = (r for r in history.records if r.iteration == memory["iteration"])
            self.best = record, Parameters(like.sizes, np.array(memory["best"]))


class _Clock:
    reason = "time"
    best: tuple[Record, Parameters] | None = None

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._end, self._seconds = now, now() + seconds, seconds

    def recorded(self, history: History, params: Parameters) -> bool:
        del history, params
        return self.passed()

    def passed(self) -> bool:
        return self._now() >= self._end

    def remember(self) -> dict[str, Any]:
        return {"used": self._seconds - (self._end - self._now())}

    def recall(self, memory: Mapping[str, Any], history: History, like: Parameters) -> None:
        del history, like
        self._end -= float(memory["used"])
