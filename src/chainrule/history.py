"""What training records and returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.parameters import Parameters


@dataclass(frozen=True, eq=False)
class Record:
    """One look at training.

    Parameters
    ----------
    iteration : int
        Number of updates made before.
    cost : float
        Of all examples, without dropout.
    validation_cost : float
        Of the validation data; NaN where there are none.
    learning_rate : float
        Of the next update; after the last one, of that.
    gradient_norm : ndarray of float, shape (L,)
        Per layer: Euclidean norm of the Jacobians by its weights and biases together, of the cost
        of all examples.
    """

    iteration: int
    cost: float
    validation_cost: float = float("nan")
    learning_rate: float = float("nan")
    gradient_norm: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


@dataclass
class History:
    """Costs, learning rate and size of the gradient in the course of training.

    Attributes
    ----------
    iteration : ndarray of int, shape (k,)
        Number of updates made before each record; the first is 0.
    cost : ndarray of float, shape (k,)
        The cost of all examples at that point, without dropout.
    validation_cost : ndarray of float, shape (k,)
        The cost of the validation data; NaN where there are none.
    learning_rate : ndarray of float, shape (k,)
        That of the update that came next.
    gradient_norm : ndarray of float, shape (k, L)
        Per layer: Euclidean norm of the Jacobians by its weights and biases together.
    """

    records: list[Record] = field(default_factory=list)

    @property
    def iteration(self) -> NDArray[np.intp]:
        """Number of updates made before each record."""
        return np.array([record.iteration for record in self.records], dtype=np.intp)

    @property
    def cost(self) -> NDArray[np.float64]:
        """The cost at each record."""
        return np.array([record.cost for record in self.records])

    @property
    def validation_cost(self) -> NDArray[np.float64]:
        """The cost of the validation data at each record."""
        return np.array([record.validation_cost for record in self.records])

    @property
    def learning_rate(self) -> NDArray[np.float64]:
        """The learning rate of the update after each record."""
        return np.array([record.learning_rate for record in self.records])

    @property
    def gradient_norm(self) -> NDArray[np.float64]:
        """The size of the gradient at each record, per layer."""
        return np.array([record.gradient_norm for record in self.records])

    @property
    def latest(self) -> float:
        """The cost of the last record; NaN where there is none."""
        return self.records[-1].cost if self.records else float("nan")

    def record(self, record: Record) -> None:
        """Add a record, unless there is one of this iteration.

        Parameters
        ----------
        record : Record
            The newest.
        """
        if not self.has(record.iteration):
            self.records.append(record)

    def has(self, iteration: int) -> bool:
        """Return whether the last record is of this iteration.

        Parameters
        ----------
        iteration : int
            Number of updates made.

        Returns
        -------
        bool
            False where there is no record at all.
        """
        return bool(self.records) and self.records[-1].iteration == iteration

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        if not self.records:
            return "History(no records)"
        first, last = self.records[0], self.records[-1]
        return (
            f"History({len(self)} records, cost {first.cost:.6g} → {last.cost:.6g} "
            f"in {last.iteration} updates)"
        )


@dataclass(frozen=True)
class TrainingResult:
    """What training returns.

    Parameters
    ----------
    params : Parameters
        After the last update; with `Patience`, those with the lowest validation cost.
    history : History
        Costs in the course of training.
    reason : str
        Why it ended: ``"iterations"`` (all were made), ``"interrupted"`` (Ctrl-C),
        ``"terminated"`` (SIGTERM, where there is a checkpoint), ``"callback"`` (one returned True),
        ``"converged"`` (`LBFGS` found nothing left to do), ``"costs"`` (it has evaluated as many as
        it may), or that of a stopping rule:
        ``"tolerance"``, ``"patience"``, ``"time"``.
    iterations : int
        Number of updates made.
    engine : str
        Name of the engine that made them.
    best_iteration : int or None
        With `Patience`: number of updates after which `params` were found.
    state : TrainingState or None
        Where training stands, for ``train(…, resume=result.state)``; ``None`` where Ctrl-C came
        twice, in the middle of an update, or a stopping rule cannot say what it remembers.
    """

    params: Parameters
    history: History
    reason: str
    iterations: int
    engine: str
    best_iteration: int | None = None
    state: Any = field(default=None, repr=False)

    def __repr__(self) -> str:
        best = "" if self.best_iteration is None else f"best after {self.best_iteration}, "
        return f"TrainingResult({self.reason}, {best}{self.history}, {self.engine} engine)"
