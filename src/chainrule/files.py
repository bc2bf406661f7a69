"""Files that are written whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from chainrule.errors import InvalidValue


def write_whole(goal: Path, write: Callable[[Path], None]) -> Path:
    """Write a file beside its goal, and put it in its place in one step when it is complete.

    Parameters
    ----------
    goal : Path
        Where; what is there is replaced.
    write : callable
        Takes a path, and writes the file there.

    Returns
    -------
    Path
        The goal.

    Raises
    ------
    InvalidValue
        If its folder is not there, or it is a folder itself.
    OSError
        If the file cannot be written; what was there before stays.
    """
    if goal.is_dir():
        raise InvalidValue(f"{goal} is a folder, wanted the name of a file in it")
    if not goal.parent.is_dir():
        raise InvalidValue(f"the folder {goal.parent} of {goal.name} is not there: create it first")
    # In the same folder, since only within one file system is a renaming a single step.
    part = goal.with_name(f".{goal.name}.{secrets.token_hex(4)}.part")
    try:
        write(part)
        part.replace(goal)
    finally:
        part.unlink(missing_ok=True)
    return goal
