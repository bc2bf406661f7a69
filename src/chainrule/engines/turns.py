"""Whose turn it is to use an engine: a lock that a forked child does not wait for."""

from __future__ import annotations

import os
import threading
from types import TracebackType


class Turns:
    """A lock to enter with ``with``, again and again by the same thread.

    A process that is forked while another thread is inside has nobody who would ever leave it: it
    starts with a lock of its own.
    """

    def __init__(self) -> None:
        self._lock, self._process = threading.RLock(), os.getpid()

    def __enter__(self) -> None:
        if os.getpid() != self._process:
            self._lock, self._process = threading.RLock(), os.getpid()
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()
