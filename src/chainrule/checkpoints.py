"""Checkpoints: the state of a training run, written to a file every so often."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chainrule.arguments import at_least, check_fields, positive
from chainrule.network import Network
from chainrule.parameters import Parameters
from chainrule.resuming import TrainingState
from chainrule.storage import save


@dataclass(frozen=True)
class Checkpoint:
    """Write the state of training to a file, so that ``resume`` can go on from it.

    It is written every so many seconds or updates, at the end, and when Ctrl-C or SIGTERM ends
    training; beside its goal, and put in its place in one step, so that whatever happens there is
    either the last one or the one before, and never half a file. `load_checkpoint` reads it.

    Parameters
    ----------
    path : str or path
        The file; ``.safetensors`` is the usual suffix. It is a model too: `load` reads that.
    seconds : float, optional
        Time between two writings, about.
    updates : int, optional
        Updates between two writings, about, in the place of time.

    Examples
    --------
    >>> Checkpoint("run.safetensors", seconds=30)
    Checkpoint(path='run.safetensors', seconds=30.0, updates=None)
    """

    path: str | os.PathLike[str]
    seconds: float = 60.0
    updates: int | None = None

    def __post_init__(self) -> None:
        check_fields(self, seconds=positive)
        if self.updates is not None:
            check_fields(self, updates=at_least(1))

    def saving(self, net: Network) -> Saving:
        """Return what writes in one run.

        Parameters
        ----------
        net : Network
            That is trained.

        Returns
        -------
        Saving
            For the loop of training.
        """
        return Saving(self, net)


class Saving:
    """Writes the checkpoints of one run.

    Parameters
    ----------
    checkpoint : Checkpoint
    net : Network
    now : callable, optional
        A clock in seconds.
    """

    def __init__(
        self, checkpoint: Checkpoint, net: Network, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._checkpoint, self._net, self._now = checkpoint, net, now
        self._written, self._iteration = now(), -1

    def due(self, iteration: int) -> bool:
        """Return whether it is time to write."""
        if self._checkpoint.updates is None:
            return self._now() - self._written >= self._checkpoint.seconds
        self._iteration = max(self._iteration, 0)
        return iteration - self._iteration >= self._checkpoint.updates

    def save(self, state: TrainingState, params: Parameters) -> Path:
        """Write a state, and the parameters that are the best so far as its model."""
        written = save(self._checkpoint.path, self._net, params, state=state)
        self._written, self._iteration = self._now(), state.iteration
        return written
