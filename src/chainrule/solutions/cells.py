"""A file → its cells of code, each with its number and the order in which it was run.

Notebooks (``.ipynb``, of version 3 and 4, also cut ones), notebooks exported as text with
``In [n]:`` marks, files with ``# %%`` marks, pages of Markdown with fenced Python, plain Python.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.errors import InvalidValue
from chainrule.solutions import exports
from chainrule.solutions.syntax import parse

LARGEST = 64 * 2**20
CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


@dataclass(frozen=True)
class Cell:
    """One cell of code.

    Parameters
    ----------
    source : str
    number : int or None
        In a notebook its place among all cells, prose included, the first is 1; in an export the
        number of its mark; ``None`` for a plain file.
    executed : int or None
        The execution count beside it, where there is one.
    first_line : int
        The number of its first line: 1 in a notebook, that of the file everywhere else.
    """

    source: str
    number: int | None = None
    executed: int | None = None
    first_line: int = 1


@dataclass(frozen=True)
class Document:
    """A file that was read.

    Parameters
    ----------
    cells : tuple of Cell
        In the order of the file.
    cut : bool
        Whether it ends in the middle.
    """

    cells: tuple[Cell, ...]
    cut: bool = False


def read(path: Path) -> list[Cell]:
    """Return the cells of code of a file, in its order.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InvalidValue
        If it is no notebook, and no Python either.
    OSError
        If it cannot be read.
    """
    return list(document(path).cells)


def document(path: Path) -> Document:
    """Return a file as cells of code.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Document

    Raises
    ------
    InvalidValue
        If it is no notebook, and no Python either.
    OSError
        If it cannot be read.
    """
    met = path.stat()
    if not stat.S_ISREG(met.st_mode):
        kind = "a folder" if stat.S_ISDIR(met.st_mode) else "no regular file"
        raise InvalidValue(f"{path.name or path} is {kind}, wanted a notebook or a Python file")
    if met.st_size > LARGEST:
        raise InvalidValue(
            f"{path.name} has {met.st_size // 2**20} MiB, wanted at most {LARGEST // 2**20}: "
            "clear its outputs, or pass the file with the code alone"
        )
    text = _decoded(path.name, path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise InvalidValue(f"{path.name} is empty, wanted a notebook or a Python file")
    if path.suffix.lower() == ".ipynb" or text.lstrip().startswith('{"cells"'):
        return _notebook(path.name, text)
    cells = tuple(Cell(*each) for each in exports.split(text))
    if path.suffix.lower() not in (".py", ".pyw") and not any(
        parse(cell.source).tree.body for cell in cells
    ):
        raise InvalidValue(f"{path.name} holds no Python, wanted a notebook or a Python file")
    return Document(cells)


def _decoded(name: str, raw: bytes) -> str:
    for mark, encoding in (
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
        (b"\xef\xbb\xbf", "utf-8-sig"),
    ):
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace")
    head = raw[:4096]
    if b"\0" in head:
        for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):  # text, and no mark before it
            if (
                head[start::2].count(0) > 0.9 * len(head[start::2])
                and 0 not in head[1 - start :: 2]
            ):
                return raw.decode(encoding, errors="replace")
        raise InvalidValue(f"{name} is a binary file, wanted a notebook or a Python file")
    for line in raw.split(b"\n", 2)[:2]:
        match = CODING.match(line)
        if match:
            try:
                return raw.decode(match[1].decode())
            except (LookupError, UnicodeDecodeError):
                break  # it says what it is not
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")  # knows every byte


def _notebook(name: str, text: str) -> Document:
    found, cut = _json(name, text)
    cells = found.get("cells") if isinstance(found, dict) else None
    if cells is None and isinstance(found, dict):  # version 3 kept cells in worksheets
        sheets = found.get("worksheets")
        if isinstance(sheets, list):
            kept = (sheet.get("cells") for sheet in sheets if isinstance(sheet, dict))
            cells = [cell for each in kept if isinstance(each, list) for cell in each]
    if not isinstance(cells, list):
        raise InvalidValue(f'{name} is no notebook: it has no list of "cells"')
    language = _language(found)
    if language not in ("", "python"):
        raise InvalidValue(f"{name} is a notebook in {language}, wanted one in Python")
    return Document(tuple(_code(cells)), cut)


def _language(found: Any) -> str:
    about = found.get("metadata") if isinstance(found, dict) else None
    for key, inner in (("kernelspec", "language"), ("language_info", "name")):
        each = about.get(key) if isinstance(about, dict) else None
        word = each.get(inner) if isinstance(each, dict) else None
        if isinstance(word, str) and word:
            return re.sub(r"^(i?python|sage).*$", "python", word.lower())
    return ""


def _code(cells: list[Any]) -> Iterator[Cell]:
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        lines = cell.get("source", cell.get("input", ""))
        source = "".join(map(str, lines)) if isinstance(lines, list) else str(lines)
        count = cell.get("execution_count", cell.get("prompt_number"))
        source = source.replace("\r\n", "\n").replace("\r", "\n")
        yield Cell(source, number, count if type(count) is int else None)


def _json(name: str, text: str) -> tuple[Any, bool]:
    """Return the JSON, and whether it was cut: then with the cells that are whole."""
    try:
        return json.loads(text), False
    except RecursionError:
        raise InvalidValue(f"{name} is no notebook: it is nested without end") from None
    except json.JSONDecodeError as problem:
        start = re.search(r'"cells"\s*:\s*\[', text)
        whole = list(_whole(text, start.end())) if start else []
        if whole:
            return {"cells": whole}, True
        raise InvalidValue(
            f"{name} is no notebook: it is not JSON (line {problem.lineno}: {problem.msg})"
        ) from None


def _whole(text: str, at: int) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    while True:
        begin = re.compile(r"[\s,]*(?=\{)").match(text, at)
        if begin is None:
            return
        try:
            cell, at = decoder.raw_decode(text, begin.end())
        except (json.JSONDecodeError, RecursionError):
            return  # the cell in which the file ends, or is broken
        yield cell
