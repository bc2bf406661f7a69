"""Sizes at which plain functions may run: free ones, one output, those that the file has fixed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Any

from chainrule.solutions.calling import Failed
from chainrule.solutions.calls import evaluated
from chainrule.solutions.forms import Form, array_of, chained
from chainrule.solutions.probes import usual_sizes
from chainrule.solutions.space import Space
from chainrule.solutions.styles.plan import Plan
from chainrule.solutions.styles.returned import entry_named, parts
from chainrule.solutions.styles.signatures import stored, top

BINARY = re.compile(r"log\w*\(1(\.0?)? ?-|binary|bce", re.IGNORECASE)
"""A cost of one output, as a rule."""
SMALL = 13
"""Most outputs at which sizes of theirs are taken over for the outputs alone."""


class Sizes:
    """The sizes to try, in order.

    Parameters
    ----------
    space : Space
    plan : Plan
    form : Form
    """

    def __init__(self, space: Space, plan: Plan, form: Form) -> None:
        self._space, self._plan, self._form = space, plan, form

    def possible(self) -> Iterator[tuple[int, ...] | None]:
        """Yield sizes: free, one output, so many outputs as theirs, theirs."""
        usual = usual_sizes(self._plan.arrangement.layers)
        theirs = self._theirs()
        single = self._plan.cost is not None and BINARY.search(ast.unparse(self._plan.cost.node))
        if (theirs is None and single) or (theirs is not None and theirs[-1] == 1):
            yield (*usual[:-1], 1)
        yield None
        if theirs is None or theirs[-1] != 1:
            yield (*usual[:-1], 1)
        if theirs is not None:
            if theirs[-1] <= SMALL:
                yield (*usual[:-1], theirs[-1])
            yield theirs

    def _theirs(self) -> tuple[int, ...] | None:
        """Return the sizes of parameters that are made without arguments, or at the top."""
        for shapes in self._made():
            weights = [shapes.get(f"W{i}") for i in range(1, self._plan.arrangement.layers + 1)]
            known = [shape for shape in weights if shape is not None]
            if len(known) == len(weights):
                for orientation, sizes in chained(known):
                    if orientation == self._form.weights:
                        return sizes
        return None

    def _made(self) -> Iterator[dict[str, tuple[int, ...]]]:
        """Yield shapes of parameters, by our names."""
        arrangement = self._plan.arrangement
        for name, each in self._plan.known.items():
            if not re.search(r"init|param|weight|create|make", name, re.IGNORECASE):
                continue
            if set(each.arguments) - each.optional:
                continue
            try:
                result = self._space.call(self._space[name])
            except Failed:  # it loads what is not there: it tells no sizes
                continue
            site = self._plan.site(each)
            made = parts(each.returns, result, site.taken if site else "")
            yield self._shapes((part.name, part.value) for part in made)
        at_top = set(stored([top(self._space.definitions)]))
        yield self._shapes(
            (name, evaluated(self._space, name)) for name in arrangement.names if name in at_top
        )

    def _shapes(self, values: Iterable[tuple[str, Any]]) -> dict[str, tuple[int, ...]]:
        found = {}
        for name, value in values:
            meant = entry_named(name, self._plan.arrangement.names)
            array = array_of(value)
            if meant is not None and array is not None:
                found[meant[0]] = array.shape
        return found
