"""A change of text: what stands there, what is put there instead, and where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


class NotHere(Exception):
    """This mistake cannot be made in this solution."""


@dataclass(frozen=True)
class Swap:
    """A piece of text, and what is put in its place.

    Parameters
    ----------
    old, new : str
    within : str or None
        The function in which it is replaced; ``None`` for everywhere.
    """

    old: str
    new: str
    within: str | None = None


def needs(condition: Any) -> None:
    """Raise `NotHere` unless something holds."""
    if not condition:
        raise NotHere


def bracketed(text: str) -> str:
    return f"({text})"


def replaced(text: str, old: str, new: str) -> str:
    return re.sub(rf"(?<![\w.]){re.escape(old)}(?!\w)", new.replace("\\", r"\\"), text)


def swapped_in(source: str, swap: Swap) -> str:
    start, end = extent(source, swap.within)
    block = source[start:end]
    first = r"(?<!\w)" if re.match(r"\w", swap.old) else ""
    last = r"(?!\w)" if re.search(r"\w\Z", swap.old) else ""
    if "\n" in swap.old:
        parts = [re.escape(part) for part in re.split(r"\n {4,}", swap.old)]
        pattern = first + r"\n *".join(parts) + last
    else:
        pattern = first + re.escape(swap.old) + last

    def put(match: re.Match[str]) -> str:
        line = block[: match.start()].rpartition("\n")[2]
        indent = line[: len(line) - len(line.lstrip())] if line.strip() else line
        return swap.new.replace("INDENT", indent)

    found, count = re.subn(pattern, put, block)
    needs(count and found != block)
    return source[:start] + found + source[end:]


def extent(source: str, name: str | None) -> tuple[int, int]:
    """Return where a function begins and ends."""
    if name is None:
        return 0, len(source)
    match = re.search(rf"^( *)(def {re.escape(name)}\(|{re.escape(name)} = lambda)", source, re.M)
    needs(match)
    assert match is not None
    body = source.find("\n", match.end()) + 1
    after = re.compile(rf"^ {{0,{len(match[1])}}}[^\s#)]", re.M).search(source, body)
    return match.start(), after.start() if after else len(source)
