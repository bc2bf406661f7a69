"""`check_file`: the report on a notebook or a Python file with hand-written gradients.

`check_cells` is the same for cells that are at hand, as in a running notebook.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from chainrule.solutions import cells, sandbox
from chainrule.solutions.cells import Cell
from chainrule.solutions.findings import Report
from chainrule.solutions.sandbox import Limits


def check_file(path: Any, limits: Limits | None = None) -> Report:
    """Judge the gradients in a file.

    Parameters
    ----------
    path : path-like
        A notebook (``.ipynb``), a notebook exported as text, or a Python file.
    limits : Limits, optional
        What it may use of time and memory; see `chainrule.solutions.sandbox`.

    Returns
    -------
    Report
        Printing shows it; in Jupyter it shows itself.

    Raises
    ------
    InvalidValue
        If it is neither.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "solution.py")
    ...     _ = path.write_text("print('nothing to judge')")
    ...     print(check_file(path))
    solution.py
    <BLANKLINE>
    could not be judged: no hand-written gradient was recognised in it
    """
    return check_cells(cells.read(Path(path)), str(path), limits)


def check_cells(read: Sequence[Cell], path: str, limits: Limits | None = None) -> Report:
    """Judge the gradients in cells of code.

    Parameters
    ----------
    read : sequence of Cell
    path : str
        What the report calls them.
    limits : Limits, optional
        What it may use of time and memory; see `chainrule.solutions.sandbox`.

    Returns
    -------
    Report
    """
    chosen = Limits() if limits is None else limits
    request = {
        "path": path,
        "cells": [asdict(cell) for cell in read],
        "call_seconds": chosen.call_seconds,
        "limits": asdict(chosen),
    }
    outcome = sandbox.run(request, chosen)
    for message in reversed(outcome.messages):
        if "report" in message:
            return replace(Report.from_dict(message["report"]), path=path, source=tuple(read))
    at = next((m["at"] for m in reversed(outcome.messages) if "at" in m), "")
    where = f" while {at}" if at else ""
    return Report(
        path, problem=f"{outcome.trouble or 'it ended without a report'}{where}", source=tuple(read)
    )
