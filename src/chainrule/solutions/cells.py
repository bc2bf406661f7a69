"""A file → its cells of code, each with its number and the order in which it was run.

Notebooks (``.ipynb``), notebooks exported as text with ``In [n]:`` marks, and plain Python files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.errors import InvalidValue

MARK = re.compile(r"^\s*#?\s*In\s?\[\s*(\d+|\s|\*)\s*\]:?\s?(.*)$")
OUT = re.compile(r"^\s*#?\s*Out\s?\[\s*\d+\s*\]:")
LARGEST = 64 * 2**20


@dataclass(frozen=True)
class Cell:
    """One cell of code.

    Parameters
    ----------
    source : str
    number : int or None
        Its place among all cells, prose included, the first is 1; ``None`` for a plain file.
    executed : int or None
        The execution count beside it, where there is one.
    first_line : int
        Line of the file, or of the cell, on which the source begins.
    """

    source: str
    number: int | None = None
    executed: int | None = None
    first_line: int = 1


def read(path: Path) -> list[Cell]:
    """Return the cells of code of a file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Cell
        In the order of the file.

    Raises
    ------
    InvalidValue
        If it is no notebook, and no Python either.
    """
    if path.stat().st_size > LARGEST:
        raise InvalidValue(f"{path.name} has more than {LARGEST // 2**20} MiB: it is no solution")
    raw = path.read_bytes()
    if b"\0" in raw[:4096]:
        raise InvalidValue(f"{path.name} is a binary file, wanted a notebook or Python")
    text = raw.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    if path.suffix == ".ipynb":
        return list(_of_notebook(path.name, text))
    if any(MARK.match(line) for line in text.split("\n")):
        return list(_of_marks(text))
    return [Cell(text)]


def _of_notebook(name: str, text: str) -> Iterator[Cell]:
    try:
        found: Any = json.loads(text)
    except json.JSONDecodeError as problem:
        raise InvalidValue(
            f"{name} is no notebook: it is not JSON (line {problem.lineno}: {problem.msg})"
        ) from None
    cells = found.get("cells") if isinstance(found, dict) else None
    if cells is None and isinstance(found, dict):  # version 3 kept cells in worksheets
        sheets = found.get("worksheets")
        if isinstance(sheets, list):
            cells = [each for sheet in sheets for each in sheet.get("cells", [])]
    if not isinstance(cells, list):
        raise InvalidValue(f'{name} is no notebook: it has no list of "cells"')
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        lines = cell.get("source", cell.get("input", ""))
        source = "".join(map(str, lines)) if isinstance(lines, list) else str(lines)
        count = cell.get("execution_count", cell.get("prompt_number"))
        yield Cell(source, number, count if isinstance(count, int) else None)


def _of_marks(text: str) -> Iterator[Cell]:
    """Cells of an exported notebook: from mark to mark, outputs left out."""
    lines = text.split("\n")
    marks = [place for place, line in enumerate(lines) if MARK.match(line)]
    if any(line.strip() for line in lines[: marks[0]]):
        yield Cell("\n".join(lines[: marks[0]]), None, None, 1)
    for place, end in zip(marks, [*marks[1:], len(lines)], strict=True):
        found = MARK.match(lines[place])
        assert found is not None
        count, rest = found.groups()
        body = lines[place + 1 : end]
        out = next((i for i, line in enumerate(body) if OUT.match(line)), len(body))
        source = "\n".join([rest, *body[:out]])
        number = int(count) if count.strip().isdigit() else None
        yield Cell(source, number, number, place + 1)
