"""Globals that a function reads though it is given what they stand for."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator

from chainrule.solutions.definitions import FUNCTIONS, Definition
from chainrule.solutions.findings import Finding, Place
from chainrule.solutions.space import Space

HOLDERS = re.compile(r"^(p|params?|parameters|weights|theta|model|net(work)?)$", re.IGNORECASE)


def read_instead(space: Space) -> Iterator[Finding]:
    """Yield remarks on globals that are read in the place of an argument.

    ``params["W2"]`` in a function that is given ``p``, or ``X`` in one that is given ``x`` and
    never reads it: as long as both are the same, every check of the numbers passes.
    """
    tops = {
        name
        for name, made in space.definitions.assignments.items()
        if any(not each.place.function for each in made)
    }
    for definition in space.definitions.found.values():
        node = definition.node
        if isinstance(node, FUNCTIONS):
            reads = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
            bound = {n.id for n in reads if not isinstance(n.ctx, ast.Load)}
            bound |= {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
            loaded = {n.id: n for n in reads if isinstance(n.ctx, ast.Load)}
            for name in sorted((loaded.keys() & tops) - bound):
                argument = _meant(name, definition, loaded.keys())
                if argument:
                    yield _remark(
                        name, argument, definition, _place(space, definition, loaded[name])
                    )


def _meant(name: str, definition: Definition, loaded: Collection[str]) -> str:
    """Return the argument in whose place a global is read; empty if there is none."""
    for argument in definition.arguments:
        same = argument != name and argument.lower() == name.lower() and argument not in loaded
        if same or (HOLDERS.match(argument) and HOLDERS.match(name)):
            return argument
    return ""


def _place(space: Space, definition: Definition, at: ast.Name) -> Place:
    cell, line = definition.place.cell, at.lineno + definition.offset
    lines = space.definitions.sources.get(cell, ())
    source = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return Place(line, cell, definition.name, source)


def _remark(name: str, argument: str, definition: Definition, place: Place) -> Finding:
    words = (
        f"{definition.name} reads {name}, which is global, though it is given {argument}: it does "
        f"not change with {argument}"
    )
    mend = f"read {argument} in the place of {name}"
    return Finding("stale_parameters", "remark", words, mend, (definition.name,), place=place)
