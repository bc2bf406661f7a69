"""`Told`: lines of a report, each said as soon as it is known; `doubted`: lines without alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from chainrule.checking.verdicts import Verdict
from chainrule.solutions.findings import Judged


class Told(list[Judged]):
    """A list that tells what is added to it: the process may die before the report is whole.

    Parameters
    ----------
    tell : callable or None
    """

    def __init__(self, tell: Callable[[Judged], None] | None) -> None:
        super().__init__()
        self.tell = tell

    def append(self, judged: Judged) -> None:
        """Add a line, and tell it."""
        super().append(judged)
        if self.tell is not None:
            self.tell(judged)

    def extend(self, judged: Iterable[Judged]) -> None:
        """Add lines, and tell them."""
        for each in judged:
            self.append(each)


def doubted(lines: Sequence[Judged], why: str) -> list[Judged]:
    """Return lines in which nothing is called wrong, if there is a reason for it."""
    if not why:
        return list(lines)
    return [
        replace(line, verdict=Verdict.NOT_JUDGED, detail="", residual=None)
        if line.verdict.bad
        else line
        for line in lines
    ]
