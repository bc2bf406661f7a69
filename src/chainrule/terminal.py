"""What training needs of a terminal: Ctrl-C as a request, and a progress bar."""

from __future__ import annotations

import math
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

Show = Callable[[int, float], None]


SIGNALS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
"""What a run says that was ended by a signal."""


@contextmanager
def interrupts(terminating: bool = False) -> Iterator[Callable[[], str]]:
    """Turn the first Ctrl-C into a request that is seen between two stretches.

    Only where Python's own handler is installed, in the main thread: elsewhere somebody else has
    decided what Ctrl-C means, or it does not arrive.

    Parameters
    ----------
    terminating : bool, optional
        Whether SIGTERM is such a request too, where nobody has decided what it means.

    Yields
    ------
    callable
        Returns what was asked for, ``"interrupted"`` or ``"terminated"``, or an empty text.
    """
    seen = ""

    def handle(number: int, _frame: Any) -> None:
        nonlocal seen
        if seen:
            raise KeyboardInterrupt
        seen = SIGNALS[signal.Signals(number)]

    usual: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler}
    if terminating:
        usual[signal.SIGTERM] = signal.SIG_DFL
    main = threading.current_thread() is threading.main_thread()
    ours = {each: was for each, was in usual.items() if main and signal.getsignal(each) is was}
    for each in ours:
        signal.signal(each, handle)
    try:
        yield lambda: seen
    finally:
        for each, was in ours.items():
            signal.signal(each, was)


def bar(wanted: bool | None, total: int) -> AbstractContextManager[Show]:
    """Return a context whose value shows how far training is, given updates made and cost.

    Parameters
    ----------
    wanted : bool or None
        Whether to show it; ``None`` for only if standard error is a terminal.
    total : int
        Updates in all.

    Returns
    -------
    context manager
        Of a callable that takes the updates made and the latest cost.
    """
    shown = sys.stderr.isatty() if wanted is None else wanted
    return _rich_bar(total) if shown else nullcontext(lambda _iteration, _cost: None)


@contextmanager
def _rich_bar(total: int) -> Iterator[Show]:
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("training"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("cost {task.fields[cost]:.6g}"),
        progress.TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with progress.Progress(*columns, console=console, transient=console.is_terminal) as shown:
        task = shown.add_task("", total=total, cost=math.nan)
        yield lambda iteration, cost: shown.update(task, completed=iteration, cost=cost)
