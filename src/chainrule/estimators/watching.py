"""When the fit of an estimator ends: scikit-learn's rules, as a rule of the training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.estimators.translation import LEAST_RATE
from chainrule.history import History, Record
from chainrule.parameters import Parameters
from chainrule.schedules import PlateauMemory, ReduceOnPlateau

Score = Callable[[Parameters], float]


@dataclass(frozen=True)
class Adaptive(ReduceOnPlateau):
    """scikit-learn's "adaptive" learning rate: a fifth of it when the loss has stopped falling.

    It falls when it is lower than ever by at least `change`.

    Parameters
    ----------
    change : float
        In units of our cost.
    """

    change: float = 0.0

    def observe(self, memory: PlateauMemory, cost: float) -> PlateauMemory:
        """Return what is known after another record."""
        waited = memory.waited + 1 if cost > memory.best - self.change else 0
        factor = memory.factor
        if waited > self.patience:
            factor, waited = factor * self.factor, 0
        return PlateauMemory(factor, min(memory.best, cost), waited)


@dataclass
class Seen:
    """What an estimator remembers of its fits: a warm start goes on from there.

    Attributes
    ----------
    losses, scores, validation_losses : list of float
        One per pass over the data.
    best_loss, best_score : float
        The lowest, and the highest.
    waited : int
        Passes since the last one that was better by `tol`.
    """

    losses: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    best_loss: float = math.inf
    best_score: float = -math.inf
    waited: int = 0


@dataclass(frozen=True, eq=False)
class NoImprovement:
    """Stop when loss or score has not been better by `tol` for more than so many passes.

    Parameters
    ----------
    seen : Seen
        What came before; it is gone on with.
    tol : float
    passes : float
        May be infinite.
    part : float
        What `translation.half` gives: losses are reported in scikit-learn's units.
    score : callable, optional
        Of parameters on held-out examples: then it is looked at, and the best are kept.
    adaptive : bool, optional
        Whether the learning rate falls first (`Adaptive`), to the lowest.
    say : callable, optional
        Is told of each pass in words.
    """

    seen: Seen
    tol: float
    passes: float
    part: float
    score: Score | None = None
    adaptive: bool = False
    say: Callable[[str], object] | None = None

    def watch(self) -> Watching:
        """Return what looks at one run."""
        return Watching(self)


class Watching:
    """Looks at one run.

    Parameters
    ----------
    rule : NoImprovement
    """

    reason = "no improvement"

    def __init__(self, rule: NoImprovement) -> None:
        self.rule = rule
        self.best: tuple[Record, Parameters] | None = None

    def recorded(self, history: History, params: Parameters) -> bool:
        """Return whether to stop, after a record."""
        rule, seen, record = self.rule, self.rule.seen, history.records[-1]
        seen.losses.append(record.cost * rule.part)
        if not math.isnan(record.validation_cost):
            seen.validation_losses.append(record.validation_cost * rule.part)
        self._say(f"Iteration {len(seen.losses)}, loss = {seen.losses[-1]:.8f}", record)
        if rule.score is None:
            better = seen.losses[-1] <= seen.best_loss - rule.tol
        else:
            better = self._scored(record, params)
        seen.best_loss = min(seen.best_loss, seen.losses[-1])
        seen.waited = 0 if better else seen.waited + 1
        if seen.waited <= rule.passes:
            return False
        if rule.adaptive and record.learning_rate > LEAST_RATE * rule.part:
            seen.waited = 0
            return False
        return True

    def _scored(self, record: Record, params: Parameters) -> bool:
        rule, seen = self.rule, self.rule.seen
        assert rule.score is not None
        score = rule.score(params)
        seen.scores.append(score)
        self._say(f"Validation score: {score:f}", None)
        better = score >= seen.best_score + rule.tol
        if self.best is None or score > seen.best_score:
            self.best = record, params.copy()
        seen.best_score = float(np.fmax(seen.best_score, score))
        return better

    def _say(self, words: str, record: Record | None) -> None:
        if self.rule.say is not None:
            rate = "" if record is None else f", learning rate {record.learning_rate:.3g}"
            self.rule.say(words + rate)

    def passed(self) -> bool:
        """Return False: only records count."""
        return False

    def remember(self) -> dict[str, Any]:
        """Return nothing: `Seen` is the estimator's."""
        return {}

    def recall(self, memory: Mapping[str, Any], history: History, like: Parameters) -> None:
        """Take up nothing."""
