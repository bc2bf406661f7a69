"""`Limits`: what one file may use while it is judged."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one file may use.

    Parameters
    ----------
    seconds : float
        For the whole of it.
    call_seconds : float
        For one call of one function.
    memory : int
        Bytes of address space.
    file_size : int
        Bytes of a file that it writes.
    """

    seconds: float = 30.0
    call_seconds: float = 2.0
    memory: int = 4 * 2**30
    file_size: int = 2**24
