"""One call of a function that somebody else wrote: with a limit on its time, and no way to end us.

Two limits. `SIGALRM` interrupts Python code, and what was called is not called a second time. A
loop in C does not listen to it: when its processor time is up, `faulthandler` writes down where it
hangs and the process ends; the parent begins anew and leaves that function out (`sandbox`).
"""

from __future__ import annotations

import faulthandler
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import IO, Any

import numpy as np

from chainrule.solutions.findings import Place

FILE = re.compile(r"^<(?:cell (\d+)|file): (.+)>$")
GRACE = 1.0
"""Seconds of processor time between the alarm and the end of the process."""
LISTENS = hasattr(signal, "setitimer") and hasattr(signal, "SIGALRM")
"""Whether this system can limit the time of a call."""


class TooLong(Exception):
    """A call took longer than it may, or ended the process when it was tried before."""


class Ended(Exception):
    """Their code wants to end the process."""


class _Ring(BaseException):
    """The alarm: no exception that ``except Exception`` would swallow."""


def file_of(place: Place, name: str) -> str:
    """Return the name of a file for tracebacks, from which `FILE` reads the place again."""
    return f"<{f'cell {place.cell}' if place.cell is not None else 'file'}: {name}>"


def name_of(function: Callable[..., Any]) -> str:
    """Return what a function of theirs is called; empty for one that only wraps a call of ours."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    match = FILE.match(code.co_filename) if code is not None else None
    if match is None:
        return ""
    name = str(getattr(function, "__qualname__", ""))
    return match[2] if "<" in name or not name else name


class Caller:
    """Calls their functions.

    Parameters
    ----------
    seconds : float
        That a call may take.
    avoid : mapping of str to str, optional
        Names of functions that are not to be called, and why.
    say : callable, optional
        Told the name of each function before it is called, when it is another than before.
    """

    def __init__(
        self,
        seconds: float,
        avoid: Mapping[str, str] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.seconds, self.avoid, self.say = seconds, dict(avoid or {}), say
        self._inside, self._last = False, ""
        # Python hands signals to the main thread alone.
        self._listens = LISTENS and threading.current_thread() is threading.main_thread()
        if self._listens:
            signal.signal(signal.SIGALRM, self._ring)

    def call(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...] = (),
        options: Mapping[str, Any] | None = None,
        at: str = "",
    ) -> Any:
        """Call a function.

        Parameters
        ----------
        function : callable
        args : tuple, optional
        options : mapping, optional
            Its keyword arguments.
        at : str, optional
            How it is called in what is said of it; usual: by its name.

        Raises
        ------
        Exception
            Whatever it raises; `TooLong`, `Ended`.
        """
        name = at or name_of(function)
        if name and name in self.avoid:
            raise TooLong(self.avoid[name])
        if self.say is not None and name and name != self._last:
            self._last = name
            self.say(name)
        if not self._listens or self._inside:
            return self._guarded(function, args, options or {})
        began = time.perf_counter()
        try:
            self._inside = True
            signal.setitimer(signal.ITIMER_PROF, self.seconds + GRACE)
            signal.setitimer(signal.ITIMER_REAL, self.seconds, 0.5)  # again, if it was swallowed
            return self._guarded(function, args, options or {})
        except _Ring:
            words = f"it did not end within {self.seconds:g} s: is there a loop without end?"
            if name:
                self.avoid[name] = words
            raise TooLong(words) from None
        finally:
            self._inside = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.setitimer(signal.ITIMER_PROF, 0)
            # It may have swallowed the alarm, and ended by itself past its time.
            if name and time.perf_counter() - began > self.seconds:
                self.avoid.setdefault(name, f"it took longer than {self.seconds:g} s")

    def _guarded(
        self, function: Callable[..., Any], args: tuple[Any, ...], options: Mapping[str, Any]
    ) -> Any:
        try:
            with np.errstate(all="ignore"):
                return function(*args, **options)
        except SystemExit:
            raise Ended("it ends the program: exit() or sys.exit() is called in it") from None
        except KeyboardInterrupt:
            raise Ended("it raises KeyboardInterrupt") from None

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        if self._inside:
            raise _Ring


def watch(trace: IO[Any]) -> None:
    """Let the end of this process leave behind where it was: a loop in C, a crash.

    Parameters
    ----------
    trace : file
        Into which the line is written.
    """
    faulthandler.enable(trace, all_threads=False)
    if LISTENS:
        faulthandler.register(signal.SIGPROF, trace, all_threads=False, chain=True)
