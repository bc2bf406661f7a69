"""Calls of other people's functions: what came back as an array, or what went wrong and where."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np

from chainrule.solutions.calling import FILE, Ended, TooLong
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
    except Exception:  # ragged lists, and objects that refuse: no array either way
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "fiub":
        kind = type(found).__name__
        return Trouble("wrong_type", f"{name} returned {kind}, wanted an array of numbers", place)
    return array


def trouble(problem: BaseException, place: Place | None) -> Trouble:
    """Return what was raised, and the line of their code that it came from."""
    if isinstance(problem, Unfinished):
        return Trouble("unfinished", str(problem), problem.place)
    where = place
    for frame in traceback.extract_tb(problem.__traceback__, limit=-200):
        match = FILE.match(frame.filename)
        if match and frame.lineno is not None:
            cell = None if match[1] is None else int(match[1])
            where = Place(frame.lineno, cell, frame.name, frame.line or "")
    if isinstance(problem, NameError) and problem.name:
        return Trouble("not_defined", f"{problem.name} is not defined", where)
    return Trouble("raises", _words(problem), where)


def _words(problem: BaseException) -> str:
    if isinstance(problem, (TooLong, Ended)):
        return str(problem)
    said = f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__
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
