"""`check_file`: the report on a notebook or a Python file with hand-written gradients."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from chainrule.checking.verdicts import Verdict
from chainrule.errors import InvalidValue
from chainrule.solutions import cells, guard, sandbox
from chainrule.solutions.cells import Cell
from chainrule.solutions.findings import Finding, Judged, Place, Report
from chainrule.solutions.limits import MENDING, Limits
from chainrule.solutions.pointing import pointed
from chainrule.solutions.sandbox import Outcome
from chainrule.solutions.telling import doubted

MOST_STARTS = 6
"""Of the process, each without the function that ended it before."""
LEAST_SECONDS = 1.0
"""That must be left for another start."""


def check_file(
    path: str | os.PathLike[str],
    limits: Limits | None = None,
    options: Mapping[str, Any] | None = None,
) -> Report:
    """Judge the gradients in a file.

    Parameters
    ----------
    path : path-like
        A notebook (``.ipynb``), a notebook exported as text, or a Python file.
    limits : Limits, optional
        What it may use of time and memory; see `chainrule.solutions.limits`.
    options : mapping, optional
        ``gradient``, ``cost``, ``parameters``: names that the person's functions go by.

    Returns
    -------
    Report
        Printing shows it; in Jupyter it shows itself. Of what is neither, or cannot be read, its
        `problem` says so: one such file ends no loop over a folder of them.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "solution.py")
    ...     _ = path.write_text("print('nothing to judge')")
    ...     print(check_file(path))
    solution.py
    <BLANKLINE>
    could not be judged: it defines no function and no class
    """
    try:
        document = cells.document(Path(path))
    except InvalidValue as problem:
        return Report(str(path), problem=str(problem))
    except OSError as problem:
        return Report(str(path), problem=f"it cannot be read: {problem.strerror or problem}")
    except ValueError as problem:  # a NUL in the name of a path
        return Report(str(path), problem=f"it cannot be read: {problem}")
    report = check_cells(document.cells, str(path), limits, options)
    if not document.cut:
        return report
    last = document.cells[-1] if document.cells else Cell("")
    sentence = "the notebook ends in the middle: cells after this one are lost"
    cut = Finding("cut_file", "loader", sentence, place=Place(last.first_line, last.number))
    return replace(report, remarks=(cut, *report.remarks))


def check_cells(
    read: Sequence[Cell],
    path: str = "",
    limits: Limits | None = None,
    options: Mapping[str, Any] | None = None,
) -> Report:
    """Judge the gradients in cells of code.

    Parameters
    ----------
    read : sequence of Cell
    path : str, optional
        What they are called in the report.
    limits, options : optional
        As of `check_file`.

    Returns
    -------
    Report
    """
    chosen = Limits() if limits is None else limits
    began = time.monotonic()
    avoid: dict[str, str] = {}
    places: dict[str, Place | None] = {}
    told: dict[str, Judged] = {}
    trouble = ""
    for _ in range(MOST_STARTS):
        left = chosen.seconds - (time.monotonic() - began)
        if avoid and left < LEAST_SECONDS:
            break
        now = replace(chosen, seconds=max(left, LEAST_SECONDS))
        request = {
            "path": path,
            "cells": [asdict(cell) for cell in read],
            "call_seconds": chosen.call_seconds,
            "limits": asdict(now),
            "avoid": avoid,
            "options": dict(options or {}),
        }
        outcome = sandbox.run(request, now)
        found = next((m["report"] for m in reversed(outcome.messages) if "report" in m), None)
        failure = next((m["failure"] for m in outcome.messages if "failure" in m), "")
        if found is not None and not failure:
            seconds = time.monotonic() - began
            report = replace(Report.from_dict(found), seconds=seconds, source=tuple(read))
            return _with_places(_stopped(pointed(report), outcome.trouble), avoid, places)
        told |= {each.name: each for each in _told(outcome)}
        name = _at(outcome)
        trouble = outcome.trouble or "the process ended without a report"
        if failure:  # a mistake of ours: what it led us to call wrong may be right
            told = {line.name: line for line in doubted([*told.values()], failure)}
        if failure or not name or name in avoid:
            trouble = failure or trouble
            break
        avoid[name], places[name] = trouble, _place(outcome, name, read)
    partial = _partial(path, told, avoid, places, trouble, time.monotonic() - began)
    return replace(partial, source=tuple(read))


def _told(outcome: Outcome) -> list[Judged]:
    return [Judged.from_dict(m["judged"]) for m in outcome.messages if "judged" in m]


def _at(outcome: Outcome) -> str:
    """Return the function that was called last, before the process died."""
    return next((str(m["at"]) for m in reversed(outcome.messages) if "at" in m), "")


def _place(outcome: Outcome, name: str, given: Sequence[Cell]) -> Place | None:
    if outcome.line is None:
        return None
    number, function, line = outcome.line
    cell = next((each for each in given if each.number == number), None)
    lines = cell.source.split("\n")[line - cell.first_line :] if cell is not None else []
    return Place(line, number, function or name, lines[0].strip() if lines else "")


def _stopped(report: Report, trouble: str) -> Report:
    """Return a report with a remark, if the process ended while lines that mend were looked for."""
    if not trouble:
        return report
    sentence = f"lines that would mend it were looked for, not to the end: {trouble}"
    return replace(report, remarks=(*report.remarks, Finding("not_mended", "loader", sentence)))


def _with_places(
    report: Report, avoid: Mapping[str, str], places: Mapping[str, Place | None]
) -> Report:
    """Say of functions that ended the process where they did, and of the system what it lacks."""
    remarks = [
        Finding("raises", "loader", f"{name}: {words}", "", (name,), place=places.get(name))
        for name, words in avoid.items()
        if name != MENDING
    ]
    missing = guard.unlimited()
    if missing:
        sentence = f"on this system {', '.join(missing)} cannot be limited"
        remarks.append(Finding("not_limited", "loader", sentence))
    return replace(report, remarks=(*report.remarks, *remarks))


def _partial(
    path: str,
    told: Mapping[str, Judged],
    avoid: Mapping[str, str],
    places: Mapping[str, Place | None],
    trouble: str,
    seconds: float,
) -> Report:
    """Put together what was known before the end."""
    hung = [
        Judged(name, Verdict.CANNOT_RUN, "other", detail=words, place=places.get(name))
        for name, words in avoid.items()
        if name not in told and name != MENDING
    ]
    return Report(
        path, judged=(*told.values(), *hung), problem=trouble or "nothing was said", seconds=seconds
    )
