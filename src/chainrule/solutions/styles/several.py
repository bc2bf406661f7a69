"""Several trainings in one file, as a notebook with one network after the other has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chainrule.solutions.space import Space
from chainrule.solutions.styles.own import Own


class Several(Own):
    """All trainings of a file, one after the other.

    Parameters
    ----------
    space : Space
    parts : sequence of readings
        That judge themselves, each with its place
    """

    def __init__(self, space: Space, parts: Sequence[Any]) -> None:
        super().__init__(space)
        self.style = parts[0].style
        self.parts = parts
        self.words = tuple(dict.fromkeys(word for part in parts for word in part.words))
        self.pieces = tuple(piece for part in parts for piece in part.pieces)

    def run(self) -> None:
        """Judge every training."""
        for part in self.parts:
            part.run()
            where = f"line {part.place.line}"
            for each in part.judged:
                self.judged.append(replace(each, name=f"{each.name} ({where})"))
            self.findings += part.findings
