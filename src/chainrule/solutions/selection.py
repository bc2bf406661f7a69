"""Which reading of a solution is taken: alarm only if it is wrong under every one that runs."""

from __future__ import annotations

import time

from chainrule.solutions.judgement import Judge
from chainrule.solutions.probes import HOT
from chainrule.solutions.reading import Reading
from chainrule.solutions.space import Space
from chainrule.solutions.styles import STYLES

ENOUGH = 6.0
"""Seconds after which no further reading is tried."""

UNEXPLAINED = frozenset(["raises", "wrong_type", "not_expanded", "one_dimensional_input"])


def judged(space: Space) -> tuple[str, Judge] | None:
    """Return the name of the style and the judgement of the best reading; ``None`` without one.

    Parameters
    ----------
    space : Space
    """
    deadline = time.monotonic() + ENOUGH
    best: tuple[str, Judge] | None = None
    for style in STYLES:
        for reading in style.readings(space):
            judge = Judge(reading, space)
            if judge.whole:
                judge.run()
                return style.name, judge
            if best is None or judge.score > best[1].score:
                best = style.name, judge
            if time.monotonic() > deadline:
                break
        if best is not None and best[1].score[1]:
            break  # it runs: another style would read the same code less well
    if best is None:
        return None
    name, judge = best
    if not judge.clean:
        judge = _otherwise(judge.reading, space) or judge
    judge.run()
    return name, judge


def _otherwise(reading: Reading, space: Space) -> Judge | None:
    """Return a judgement with other targets, or for one example, under which it is all right."""
    hot = Judge(reading, space, HOT)
    if hot.clean:
        return hot
    many = Judge(reading, space)
    weights = [piece.entry for piece in reading.pieces if piece.entry.startswith("W")]
    if any(many.entries.right[entry] is True for entry in weights):
        return None  # it takes many examples: what is wrong is wrong
    one = Judge(reading, space, examples=(1, 1))
    if one.clean and many.unexplained:
        return one
    return None
