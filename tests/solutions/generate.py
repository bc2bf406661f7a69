"""From a seed to a solution: its source, what is planted in it, and what is known of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solutions.classes import Classes
from solutions.column import Column
from solutions.dictionaries import Dictionaries
from solutions.losses import Losses
from solutions.manual import Manual
from solutions.words import Words

STYLES: dict[str, type[Words]] = {
    each.style: each for each in (Column, Dictionaries, Classes, Losses, Manual)
}


@dataclass(frozen=True)
class Solution:
    """One person's file.

    Parameters
    ----------
    words : Words
        Whose it is.
    source : str
        Cells begin with ``# %%``.
    planted : tuple of str
        Slugs of the mistakes in it; none where it is right.
    accepted : tuple of frozenset of str
        For each of them the slugs under which it may be reported: itself, and those that cannot be
        told from it here.
    """

    words: Words
    source: str
    planted: tuple[str, ...] = ()
    accepted: tuple[frozenset[str], ...] = ()

    @property
    def style(self) -> str:
        return self.words.style

    @property
    def label(self) -> str:
        planted = "+".join(self.planted) or "right"
        return f"{self.style}-{self.words.seed}-{planted}"

    def cells(self) -> list[dict[str, Any]]:
        """Return its cells as `chainrule.solutions.cells` has them."""
        if self.words.pick("file", "py", "notebook") == "py":
            return [{"source": self.source, "number": None, "executed": None, "first_line": 1}]
        parts = [part.strip("\n") for part in self.source.split("# %%")]
        return [
            {"source": part, "number": number, "executed": None, "first_line": 1}
            for number, part in enumerate(parts, start=1)
        ]

    def write(self, folder: Path) -> Path:
        """Write it as a Python file or a notebook, as the person has it."""
        cells = self.cells()
        name = self.label.replace("+", "_")
        if cells[0]["number"] is None:
            path = folder / f"{name}.py"
            path.write_text(self.source, encoding="utf-8")
            return path
        path = folder / f"{name}.ipynb"
        content = [
            {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
             "source": cell["source"].splitlines(keepends=True)}
            for cell in cells
        ]
        notebook = {"cells": content, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return path


def words_of(style: str, seed: int, **forced: Any) -> Words:
    """Return the person of a seed."""
    return STYLES[style](seed, **forced)


def text_of(words: Words) -> str:
    """Return the person's right solution."""
    source: Any = words
    return "\n".join(source.source()).rstrip("\n") + "\n"


def right(style: str, seed: int, **forced: Any) -> Solution:
    """Return a right solution."""
    words = words_of(style, seed, **forced)
    return Solution(words, text_of(words))
