"""Which reading of a solution is taken: alarm only if it is wrong under every one that runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from chainrule.solutions.judgement import Judge
from chainrule.solutions.probes import HOT
from chainrule.solutions.reading import Reading
from chainrule.solutions.space import Space
from chainrule.solutions.styles import STYLES
from chainrule.solutions.styles.options import Options

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
    styles = (Options(space.options),) if space.options.get("parameters") else STYLES
    for style in styles:
        for reading in style.readings(space):
            judge = judge_of(reading, space)
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


def judge_of(reading: Reading, space: Space, *args: Any, **options: Any) -> Judge:
    """Return the judge of a reading: one that it has itself, else the usual one."""
    own: Callable[..., Judge] | None = getattr(reading, "judge", None)
    return Judge(reading, space, *args, **options) if own is None else own(*args, **options)


def _otherwise(reading: Reading, space: Space) -> Judge | None:
    """Return a judgement with other targets, or for one example, under which it is all right."""
    hot = judge_of(reading, space, HOT)
    if hot.clean:
        return hot
    many = judge_of(reading, space)
    weights = [piece.entry for piece in reading.pieces if piece.entry.startswith("W")]
    if any(many.entries.right[entry] is True for entry in weights):
        return None  # it takes many examples: what is wrong is wrong
    one = judge_of(reading, space, examples=(1, 1))
    if one.clean and many.unexplained:
        return one
    return None
