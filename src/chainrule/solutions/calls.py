"""Calls of other people's functions: what came back as an array, or what went wrong and where."""

from __future__ import annotations

import re
import traceback
from typing import Any

import numpy as np

from chainrule.solutions.findings import Place
from chainrule.solutions.reading import Array, Trouble
from chainrule.solutions.space import Space, TooLong

FILE = re.compile(r"^<(?:cell (\d+)|file): (\w+)>$")


def attempt(
    space: Space, name: str, arguments: tuple[Any, ...], *, last: bool = False
) -> Array | Trouble:
    """Call a function by name and return its result as an array.

    Parameters
    ----------
    space : Space
    name : str
    arguments : tuple
    last : bool, optional
        Whether of a tuple the last array is wanted.
    """
    try:
        found = space.call(space[name], *arguments)
    except (Exception, SystemExit) as problem:
        return trouble(problem, space.place(name))
    if last and isinstance(found, (tuple, list)):
        found = found[-1] if len(found) else None
    return as_array(name, found, space.place(name))


def as_array(name: str, found: Any, place: Place | None) -> Array | Trouble:
    """Return what a function returned as an array of numbers."""
    if found is None:
        return Trouble("returns_none", f"{name} returned nothing (None)", place)
    if hasattr(found, "detach"):  # a tensor
        found = found.detach().cpu().numpy()
    try:
        array = np.asarray(found)
    except ValueError:
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "fiub":
        kind = type(found).__name__
        return Trouble("wrong_type", f"{name} returned {kind}, wanted an array of numbers", place)
    return array


def trouble(problem: BaseException, place: Place | None) -> Trouble:
    """Return what was raised, and the line of their code that it came from."""
    where = place
    for frame in traceback.extract_tb(problem.__traceback__):
        match = FILE.match(frame.filename)
        if match and frame.lineno is not None:
            cell = None if match[1] is None else int(match[1])
            where = Place(frame.lineno, cell, frame.name, "")
    if isinstance(problem, NameError) and problem.name:
        return Trouble("not_defined", f"{problem.name} is not defined", where)
    if isinstance(problem, TooLong):
        return Trouble("raises", str(problem), where)
    return Trouble("raises", f"{type(problem).__name__}: {problem}", where)


def evaluated(space: Space, name: str) -> Any:
    """Return a global by its own defining expression, on the data of the probe; else ``None``.

    Only expressions without calls of the file's own functions count: what a person draws or loads
    is not what is asked for.
    """
    import ast

    for assignment in space.definitions.assignments.get(name, ()):
        calls = {
            node.func.id
            for node in ast.walk(assignment.value)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        if calls & set(space.definitions.found) or assignment.index is not None:
            continue
        code = compile(ast.Expression(assignment.value), "<global>", "eval")
        try:
            return space.call(eval, code, space.names)
        except Exception:  # it needs what is not there: another assignment may not
            continue
    return None
