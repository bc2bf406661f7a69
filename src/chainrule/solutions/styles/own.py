"""Readings that judge themselves: behind them is a cost and arrays, no network."""

from __future__ import annotations

from typing import Any

from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.reading import Piece
from chainrule.solutions.space import Space
from chainrule.solutions.telling import Told


class Own:
    """What a reading and its judge have in common, where they are one.

    Parameters
    ----------
    space : Space
    """

    style = ""
    hot = False
    layers = 1
    clean = whole = True
    score = (0, 0, 0)

    def __init__(self, space: Space) -> None:
        self.space = space
        self.words: tuple[str, ...] = ()
        self.pieces: tuple[Piece, ...] = ()
        self.notes: list[Finding] = []
        self.judged: list[Judged] = Told(space.tell)
        self.findings: list[Finding] = []
        self.remarks: list[Finding] = []

    def judge(self, *_args: Any, **_options: Any) -> Any:
        """Return itself: it judges."""
        return self

    @property
    def reading(self) -> Any:
        """What it is the judge of: itself."""
        return self
