"""Tables in Markdown, and what stands in their cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.sides import SIDES


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in r) + " |" for r in lines)


def duration(seconds: float) -> str:
    """Return a time with three digits and its unit."""
    for size, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def title(side: str) -> str:
    """Return the name of a side, as it is shown."""
    if side in SIDES:
        return SIDES[side].title
    return side.replace("ours", "chainrule")


def count(threads: int | None) -> str:
    """Return a number of threads in words."""
    return {None: "", 1: "one thread"}.get(threads, f"{threads} threads")
