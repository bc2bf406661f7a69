"""Whose turn it is to use an engine: a lock that a forked child does not wait for."""

from __future__ import annotations

import os
import threading
from types import TracebackType

from chainrule.errors import EngineUnavailable


class Turns:
    """A lock to enter with ``with``, again and again by the same thread.

    In a process that was forked while another thread was inside, nobody would ever leave it, and
    what it guards lies half done: the child is refused. Any other child starts with a lock of its
    own.

    Raises
    ------
    EngineUnavailable
        On entering, in such a child.
    """

    def __init__(self) -> None:
        self._locks, self._entered = {os.getpid(): threading.RLock()}, 0

    def __enter__(self) -> None:
        process = os.getpid()
        if process not in self._locks and self._entered:
            raise EngineUnavailable(
                "this engine was at work when this process was forked, and lies half done here: "
                "make one of its own in the child"
            )
        self._locks.setdefault(process, threading.RLock()).acquire()
        self._entered += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._entered -= 1
        self._locks[os.getpid()].release()
