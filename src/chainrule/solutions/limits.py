"""`Limits`: what one file may use while it is judged."""

from __future__ import annotations

from dataclasses import dataclass

MOST_CALLS = 20_000
"""Calls of their code after which no further reading is tried; most files take under 4000.

Counted, and not timed: which reading is taken must not depend on how busy a machine is.
"""
FUSE = 5.0
"""Times the processor time of a call that may pass by the clock: code that sleeps must end too."""
WAITS = 0.01
"""Part of the clock's time below which a call does not compute, but wait.

Where a hundred others share a processor it would be taken for waiting: then the whole has no time.
"""


@dataclass(frozen=True)
class Limits:
    """What one file may use.

    Parameters
    ----------
    seconds : float
        For the whole of it, by the clock.
    call_seconds : float
        Of processor time, for one call of one function.
    memory : int
        Bytes of address space.
    file_size : int
        Bytes of a file that it writes.
    """

    seconds: float = 30.0
    call_seconds: float = 2.0
    memory: int = 4 * 2**30
    file_size: int = 2**24


MENDING = "(changes)"
"""What is told as the place of the process while changes of their code are tried: if it ends there,
no function of theirs is to blame, and it is judged again without."""
