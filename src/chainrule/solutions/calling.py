"""One call of a function that somebody else wrote: with a limit on its time, and no way to end us.

Three limits. `SIGPROF` interrupts Python code when its processor time is up, and what was called
is not called a second time. A loop in C does not listen to it: a little later `SIGVTALRM` lets
`faulthandler` write down where it hangs, and ends the process; the parent begins anew and leaves
that function out (`sandbox`). It is processor time, since a verdict must not depend on what else
runs on a machine. Code that sleeps uses none: much later the clock itself ends a call (`SIGALRM`).
If that call was computing, other work is in its way, and it is left to go on: the limit of the
whole file ends it, if need be, and nothing is said of it.
"""

from __future__ import annotations

import faulthandler
import re
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import IO, Any

import numpy as np

from chainrule.solutions.findings import Place
from chainrule.solutions.limits import FUSE, WAITS

FILE = re.compile(r"^<(?:cell (\d+)|file): (.+)>$")
GRACE = 1.0
"""Seconds of processor time between the alarm and the end of the process."""
LISTENS = hasattr(signal, "setitimer")
"""Whether this system can limit the time of a call."""
if LISTENS:  # kept, since `guard.fence` puts them out of the reach of their code
    from signal import setitimer
    from signal import signal as set_handler


class Failed(Exception):
    """What their code did in the place of returning what it should: the cause is what it raised.

    Nothing else may be caught where their code is called, so that a mistake of ours is never taken
    for theirs. An exception without a cause says by itself what is wrong.

    Parameters
    ----------
    words : str
    place : Place, optional
        The line of their code; usual: that which raised the cause.
    """

    def __init__(self, words: str, place: Place | None = None) -> None:
        super().__init__(words)
        self._place = place

    @property
    def place(self) -> Place | None:
        """The innermost line of their code; ``None`` if none was reached."""
        return place_of(self.raised) if self._place is None else self._place

    @property
    def raised(self) -> BaseException:
        """What their code raised; the exception itself where it raised nothing."""
        return self if self.__cause__ is None else self.__cause__


class Unsaid(Failed):
    """How a function is to be called could not be told: nothing is wrong with it."""


class TooLong(Failed):
    """A call took longer than it may, or ended the process when it was tried before."""


class Ended(Failed):
    """Their code wants to end the process."""


class _Ring(BaseException):
    """The alarm: no exception that ``except Exception`` would swallow."""

    def __init__(self, signal_number: int) -> None:
        super().__init__()
        self.by_clock = signal_number == signal.SIGALRM


def place_of(problem: BaseException) -> Place | None:
    """Return the innermost line of their code that an exception came through."""
    found = None
    for frame in traceback.extract_tb(problem.__traceback__, limit=-200):
        match = FILE.match(frame.filename)
        if match and frame.lineno is not None:
            cell = None if match[1] is None else int(match[1])
            found = Place(frame.lineno, cell, frame.name, frame.line or "")
    return found


def said(problem: BaseException) -> str:
    """Return the type of an exception and its message, as Python prints them."""
    try:
        words = str(problem)
    except Exception as inner:  # its own ``__str__`` is theirs as well
        words = f"(its message raises {type(inner).__name__})"
    return f"{type(problem).__name__}: {words}" if words else type(problem).__name__


@contextmanager
def theirs() -> Iterator[None]:
    """Let what is wrong with values of theirs be their failure: for a line that takes one apart.

    What came back may have any form: rows of several lengths, too few axes, objects that refuse.
    No call of theirs belongs in here, and as little of ours as there can be.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
        raise Failed(said(problem)) from problem


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


Run = Callable[[], Any]
"""A call that is ready to be made."""


class Caller:
    """Calls their functions.

    Parameters
    ----------
    seconds : float
        Of processor time that a call may take.
    avoid : mapping of str to str, optional
        Names of functions that are not to be called, and why.
    say : callable, optional
        Told the name of each function before it is called, when it is another than before.

    Attributes
    ----------
    calls : int
        How many there were.
    watch : callable or None
        Makes each call in our place: given the function, its arguments and the call itself.
    """

    def __init__(
        self,
        seconds: float,
        avoid: Mapping[str, str] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.seconds, self.avoid, self.say = seconds, dict(avoid or {}), say
        self._where: dict[str, Place | None] = {}
        self._inside, self._last = False, ""
        # Python hands signals to the main thread alone.
        self._listens = LISTENS and threading.current_thread() is threading.main_thread()
        self.calls, self._began = 0, 0.0
        self.watch: Callable[[Callable[..., Any], Any, Any, Run], Any] | None = None
        if self._listens:
            set_handler(signal.SIGPROF, self._ring)
            set_handler(signal.SIGALRM, self._ring)

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
        Failed
            Whatever it raises, as the cause; `TooLong`, `Ended`.
        """
        name = at or name_of(function)
        if name and name in self.avoid:
            raise TooLong(self.avoid[name], self._where.get(name))
        if self.say is not None and name and name != self._last:
            self._last = name
            self.say(name)
        if not self._listens or self._inside:
            return self._guarded(function, args, options or {})
        self.calls += 1
        self._began = time.process_time()
        try:
            self._inside = True
            setitimer(signal.ITIMER_VIRTUAL, self.seconds + GRACE)
            setitimer(signal.ITIMER_REAL, FUSE * self.seconds, 0.5)
            setitimer(signal.ITIMER_PROF, self.seconds, 0.5)  # again, if it was swallowed
            run = partial(self._guarded, function, args, options or {})
            return run() if self.watch is None else self.watch(function, args, options or {}, run)
        except _Ring as ring:
            words = f"it did not end within {self.seconds:g} s: is there a loop without end?"
            if ring.by_clock:
                passed = FUSE * self.seconds
                words = f"it did not end within {passed:g} s, and only waited: does it sleep?"
            where = place_of(ring)
            if name:
                self.avoid[name], self._where[name] = words, where
            raise TooLong(words, where) from None
        finally:
            self._inside = False
            for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL, signal.ITIMER_VIRTUAL):
                setitimer(timer, 0)
            # It may have swallowed the alarm, and ended by itself past its time.
            if name and time.process_time() - self._began > self.seconds:
                self.avoid.setdefault(name, f"it took longer than {self.seconds:g} s")

    @contextmanager
    def under(self, name: str) -> Iterator[None]:
        """Tell this name for whatever is called in here: if the process ends, it is to blame."""
        say = self.say
        if say is not None:
            say(name)
        self.say = None
        try:
            yield
        finally:
            self.say, self._last = say, ""

    def _guarded(
        self, function: Callable[..., Any], args: tuple[Any, ...], options: Mapping[str, Any]
    ) -> Any:
        try:
            with np.errstate(all="ignore"):
                return function(*args, **options)
        except (Failed, _Ring):  # of a call within this one; the alarm is for `call`
            raise
        except SystemExit as problem:
            words = "it ends the program: exit() or sys.exit() is called in it"
            raise Ended(words, place_of(problem)) from None
        except KeyboardInterrupt as problem:
            raise Ended("it raises KeyboardInterrupt", place_of(problem)) from None
        except BaseException as problem:  # theirs, whatever it is: they may derive their own
            raise Failed(said(problem)) from problem

    def _ring(self, number: int, _frame: FrameType | None) -> None:
        if not self._inside:
            return
        if number == signal.SIGALRM:
            computed = time.process_time() - self._began
            if computed >= WAITS * FUSE * self.seconds:
                return  # it computes: that has a limit of its own
        raise _Ring(number)


def watch(trace: IO[Any]) -> None:
    """Let the end of this process leave behind where it was: a loop in C, a crash.

    Parameters
    ----------
    trace : file
        Into which the line is written.
    """
    faulthandler.enable(trace, all_threads=False)
    if LISTENS:
        faulthandler.register(signal.SIGVTALRM, trace, all_threads=False, chain=True)
