"""Calls of other people's functions: what came back as an array, or what went wrong and where."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.solutions.calling import Failed, Unsaid
from chainrule.solutions.expressions import Evaluation, Unknown
from chainrule.solutions.findings import Place
from chainrule.solutions.reading import Array, Trouble
from chainrule.solutions.space import Idle, Space, Unfinished


def blank(space: Space, name: str) -> Trouble | None:
    """Return that a function is unfinished, or one that it calls; ``None`` if they are written."""
    missing = space.unfinished(name)
    return None if missing is None else Trouble("unfinished", missing[0], missing[1])


def as_array(name: str, found: Any, place: Place | None) -> Array | Trouble:
    """Return what a function returned as an array of numbers."""
    if found is None:
        return Trouble("returns_none", f"{name} returned nothing (None)", place)
    if isinstance(found, Unfinished):
        return Trouble("unfinished", str(found), found.place)
    if isinstance(found, Idle):
        sentence = f"{name} comes from a module that is not there"
        return Trouble("not_defined", sentence, place)
    try:
        if hasattr(found, "detach"):  # a tensor
            found = found.detach().cpu().numpy()
        array = np.asarray(found)
    except Exception:  # ``__array__`` of theirs may raise anything: no array either way
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "fiub":
        kind = type(found).__name__
        return Trouble("wrong_type", f"{name} returned {kind}, wanted an array of numbers", place)
    return array


def trouble(failed: Failed, place: Place | None) -> Trouble:
    """Return what was raised, and the line of their code that it came from."""
    if isinstance(failed, Unfinished):
        return Trouble("unfinished", str(failed), failed.place)
    if isinstance(failed, Unsaid):
        return Trouble("", str(failed), place)
    where, problem = failed.place or place, failed.raised
    if isinstance(problem, NameError) and problem.name:
        return Trouble("not_defined", f"{problem.name} is not defined", where)
    return Trouble("raises", _words(problem, str(failed)), where)


def _words(problem: BaseException, said: str) -> str:
    if isinstance(problem, RecursionError):
        return f"it calls itself without end ({said})"
    if isinstance(problem, MemoryError):
        return f"it asks for more memory than it may have ({said})"
    if isinstance(problem, EOFError):
        return f"it waits for input(), and nobody is there to type ({said})"
    return said


def evaluated(space: Space, name: str) -> Any:
    """Return a global by its own defining expression, on the data of the probe; else ``None``.

    What a reading has put into `space.names` is taken as it is; what came from an expression before
    is evaluated anew, so that ``m`` follows the examples.
    """
    try:
        found = Evaluation(space).of(name)
    except Unknown:
        return None
    space.evaluated.add(name)
    return found
