"""Callbacks: what training calls between updates, and what it hands them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from chainrule.arguments import whole
from chainrule.arrays import Array
from chainrule.engines import Engine
from chainrule.parameters import Parameters


@dataclass(frozen=True)
class Progress:
    """What a callback is given.

    Parameters
    ----------
    iteration, iterations : int
        Updates made so far, and in all.
    params : Parameters
        The parameters at this point, good until training goes on: copy what you keep. What is
        written to them is where the next update starts; the optimizer's slots stay.
    engine : Engine
        What carries out the updates.
    learning_rate : float
        Of the next update.
    validation : dict or None
        Checked validation data, if there are any.
    """

    iteration: int
    iterations: int
    params: Parameters
    engine: Engine = field(repr=False)
    learning_rate: float = float("nan")
    validation: dict[str, Array] | None = None

    @cached_property
    def cost(self) -> float:
        """The cost of all examples, computed when asked for."""
        return self.engine.cost(self.params)

    @cached_property
    def validation_cost(self) -> float:
        """The cost of the validation data, computed when asked for; NaN where there are none."""
        if self.validation is None:
            return float("nan")
        return self.engine.cost(self.params, self.validation)


Callback = Callable[[Progress], Any]


class Snapshots:
    """A callback that keeps a copy of the parameters every so many updates.

    Parameters
    ----------
    every : int
        Updates between two snapshots; the start is one too.

    Attributes
    ----------
    iterations : list of int
        Number of updates made before each snapshot.
    params : list of Parameters
        The snapshots.

    Examples
    --------
    >>> from chainrule import GradientDescent, Network, train
    >>> net = Network([1, 1], activation="identity", cost="squared_error")
    >>> snapshots = Snapshots(every=10)
    >>> result = train(
    ...     net,
    ...     net.initialize(0),
    ...     [[1.0]],
    ...     [[2.0]],
    ...     callbacks=[snapshots],
    ...     optimizer=GradientDescent(0.1),
    ...     iterations=25,
    ... )
    >>> snapshots.iterations
    [0, 10, 20, 25]
    """

    def __init__(self, every: int = 100) -> None:
        self.every = whole("every", every, least=1)
        self.iterations: list[int] = []
        self.params: list[Parameters] = []

    def __call__(self, progress: Progress) -> None:
        """Keep a copy."""
        self.iterations.append(progress.iteration)
        self.params.append(progress.params.copy())
