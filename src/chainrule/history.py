"""What training records and returns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chainrule.parameters import Parameters


@dataclass
class History:
    """Costs of all examples in the course of training.

    Attributes
    ----------
    iteration : ndarray of int, shape (k,)
        Number of updates made before each record; the first is 0.
    cost : ndarray of float, shape (k,)
        The cost at that point.
    """

    _iterations: list[int] = field(default_factory=list)
    _costs: list[float] = field(default_factory=list)

    @property
    def iteration(self) -> NDArray[np.intp]:
        """Number of updates made before each record."""
        return np.array(self._iterations, dtype=np.intp)

    @property
    def cost(self) -> NDArray[np.float64]:
        """The cost at each record."""
        return np.array(self._costs)

    @property
    def latest(self) -> float:
        """The cost of the last record; NaN where there is none."""
        return self._costs[-1] if self._costs else float("nan")

    def record(self, iteration: int, cost: float) -> None:
        """Add a record, unless there is one of this iteration.

        Parameters
        ----------
        iteration : int
            Number of updates made.
        cost : float
            The cost then.
        """
        if not self._iterations or self._iterations[-1] != iteration:
            self._iterations.append(iteration)
            self._costs.append(cost)

    def __len__(self) -> int:
        return len(self._costs)

    def __repr__(self) -> str:
        if not self._costs:
            return "History(no records)"
        return (
            f"History({len(self)} records, cost {self._costs[0]:.6g} → {self.latest:.6g} "
            f"in {self._iterations[-1]} updates)"
        )


@dataclass(frozen=True)
class TrainingResult:
    """What training returns.

    Parameters
    ----------
    params : Parameters
        After the last update.
    history : History
        Costs in the course of training.
    reason : str
        Why it ended: ``"iterations"`` (all were made), ``"interrupted"`` (Ctrl-C) or
        ``"callback"`` (one returned True).
    iterations : int
        Number of updates made.
    engine : str
        Name of the engine that made them.
    """

    params: Parameters
    history: History
    reason: str
    iterations: int
    engine: str

    def __repr__(self) -> str:
        return f"TrainingResult({self.reason}, {self.history}, {self.engine} engine)"
