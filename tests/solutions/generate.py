"""From a seed to a solution: its source, what is planted in it, and what is known of it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solutions.alone import Alone, data_of, distance, parameters_of
from solutions.caches import Caches
from solutions.classes import Classes
from solutions.column import Column
from solutions.dictionaries import Dictionaries
from solutions.losses import Losses
from solutions.manual import Manual
from solutions.mistakes import PLANTED, accepted, planted
from solutions.swaps import NotHere, needs
from solutions.words import Words

STYLES: dict[str, type[Words]] = {
    each.style: each for each in (Column, Dictionaries, Caches, Classes, Losses, Manual)
}


FORMATS = ("py", "notebook", "marks")


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
        if self.words.pick("file", *FORMATS) == "py":
            return [{"source": self.source, "number": None, "executed": None, "first_line": 1}]
        parts = [part.strip("\n") for part in self.source.split("# %%")]
        parts[0] += self.words.pick("magics", "", "\n%matplotlib inline", "\n!pip install numpy")
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
        if self.words.pick("file", *FORMATS) == "marks":
            path = folder / f"{name}.py"
            marked = [f"# In[{each['number']}]:\n\n{each['source']}\n\n" for each in cells]
            path.write_text("\n".join(marked), encoding="utf-8")
            return path
        path = folder / f"{name}.ipynb"
        content = [
            {
                "cell_type": "code",
                "metadata": {},
                "outputs": [],
                "execution_count": None,
                "source": cell["source"].splitlines(keepends=True),
            }
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


def wrong(style: str, seed: int, *slugs: str, **choices: Any) -> Solution:
    """Return a solution with mistakes planted in it.

    Raises
    ------
    NotHere
        If they cannot be made in this person's solution, or change nothing.
    """
    rows = [PLANTED[slug] for slug in slugs]
    forced = dict(choices)
    for row in rows:
        forced.update(row.forced)
    words = words_of(style, seed, **forced)
    source = text_of(words)
    for place, slug in enumerate(slugs):
        source = _anywhere(words, source, slug, place)
    _must_differ(words, source, slugs)
    return Solution(words, source, slugs, tuple(accepted(words, slug) for slug in slugs))


def _anywhere(words: Words, source: str, slug: str, place: int) -> str:
    layers = list(range(1, words.layers + 1))
    random.Random(f"{words.seed} {slug} {place}").shuffle(layers)
    for layer in layers:
        try:
            return planted(words, source, slug, layer)
        except NotHere:
            continue
    raise NotHere(slug)


NOT_IN_VALUES = frozenset(
    {"in_place", "precision", "cost_normalisation", "penalty_in_update", "stale_parameters"}
)
"""What a first call at the person's own sizes does not show."""
NOT_RUNNING = frozenset(
    {
        "returns_none",
        "wrong_type",
        "not_defined",
        "missing_definition",
        "misplaced_definition",
        "own_assert_fails",
        "raises",
    }
)


def _must_differ(words: Words, source: str, slugs: tuple[str, ...]) -> None:
    """Raise `NotHere` unless every mistake changes what the solution returns."""
    examples = 4 if words.square else 3
    theta = parameters_of(words, words.seed)
    x, y = data_of(words, words.seed, examples)
    whole = _values(words, source, theta, x, y)
    if set(slugs) & NOT_RUNNING:
        needs(whole is None or "wrong_type" in slugs)
        return
    needs(whole is not None)
    for place, slug in enumerate(slugs):
        if slug in NOT_IN_VALUES:
            continue
        without = text_of(words)
        for other, each in enumerate(slugs):
            if other != place:
                without = _anywhere(words, without, each, other)
        rest = _values(words, without, theta, x, y)
        needs(rest is not None and whole is not None)
        needs(abs(whole[0] - rest[0]) > 1e-4 * abs(rest[0]) or distance(whole[1], rest[1]) > 1e-4)


def _values(words: Words, source: str, theta: Any, x: Any, y: Any) -> Any:
    """Return cost and gradients; ``None`` where they cannot be had."""
    try:
        solution = Alone(words, source)
        cost = solution.cost(theta, x, y) if words.with_cost else 0.0
        found = solution.gradients(theta, x, y)
        if distance(found, found):  # numbers that are none
            return None
    except Exception:  # whatever it raises: it does not run, and that is the answer
        return None
    return cost, found


def sample(
    style: str, slugs: tuple[str, ...], count: int, tries: int = 60, **choices: Any
) -> list[Solution]:
    """Return solutions with these mistakes: as many as are found among the first seeds."""
    found: list[Solution] = []
    for seed in range(tries):
        if len(found) == count:
            break
        try:
            found.append(wrong(style, seed, *slugs, **choices))
        except NotHere:
            continue
    return found
