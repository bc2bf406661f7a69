"""Globals from their own defining expressions: ``m = x.size``, evaluated on the data of the probe.

The checker never makes a global up, and never takes a value that belongs to other data: that the
person's ``m`` counts what ``x.size`` counts is theirs to say. What they draw, load or read is not
evaluated, since it belongs to their data, not to the probe.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from chainrule.solutions.calling import Failed, TooLong, theirs
from chainrule.solutions.definitions import FUNCTIONS, Assignment
from chainrule.solutions.space import Idle, Space

DEPTH = 12
"""Of chains such as ``m = count``, ``count = n``, ``n = x.shape[1]``."""


class Unknown(Exception):
    """A name has no expression that could be evaluated."""


class Evaluation:
    """Evaluates globals in a copy of the namespace, in which expressions may do their worst.

    Parameters
    ----------
    space : Space
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.names = dict(space.names)
        self.given = set(space.names) - space.evaluated
        self.waiting: list[str] = []

    def of(self, name: str) -> Any:
        """Return the value of a global.

        Raises
        ------
        Unknown
            If none of its expressions can be evaluated.
        """
        if name in self.waiting or len(self.waiting) > DEPTH:
            raise Unknown(name)
        self.waiting.append(name)
        try:
            for each in self._expressions(name):
                try:
                    return self._value(each)
                except TooLong:  # it is this value that their code works with, not an earlier one
                    raise Unknown(name) from None
                except (Failed, Unknown):  # it needs what is not there: an earlier one may not
                    continue
        finally:
            self.waiting.pop()
        raise Unknown(name)

    def _expressions(self, name: str) -> Iterator[Assignment]:
        """Yield what may define a global: the last at the top first, else what functions return."""
        every = self.space.definitions.assignments.get(name, ())
        yield from (each for each in reversed(every) if each.whole)
        if not any(each.whole for each in every):
            for each in reversed(every):
                if name in self._returned(each.place.function):
                    yield each

    def _value(self, assignment: Assignment) -> Any:
        called = self._called(assignment.value)
        if called:
            return self._through(assignment, called)
        found = self._evaluated(assignment.value, assignment.name)
        return _part(found, assignment.index)

    def _called(self, node: ast.expr) -> set[str]:
        """Return the functions and classes of their own that an expression calls."""
        return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} & set(
            self.space.definitions.found
        )

    def _through(self, assignment: Assignment, called: set[str]) -> Any:
        """Evaluate ``m = count(x)``, or the m of ``x, y, m = data()`` by its expression there.

        A call without an argument that the probe has gives what belongs to other data.
        """
        node = assignment.value
        own = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if own and isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            inner = self._inside(node.func.id, assignment)
            if inner is not None:
                return inner[0]
        read = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} - called
        if not read & self._data():
            raise Unknown(assignment.name)
        found = self._evaluated(node, assignment.name)
        return _part(found, assignment.index)

    def _data(self) -> set[str]:
        """Return the names that the probe has set, and those that follow from them."""
        arrays = {n for n in self.given if isinstance(self.space.names[n], np.ndarray)}
        return arrays | self.space.evaluated

    def _inside(self, function: str, assignment: Assignment) -> tuple[Any] | None:
        """Return the value that a function's own expression gives to what it returns, as a 1-tuple.

        Its locals are the globals that they are unpacked to: the x of ``return x, y, m`` is the
        x of ``x, y, m = training_data()``, and that one is the probe's.
        """
        definition = self.space.definitions.found.get(function)
        if definition is None or not isinstance(definition.node, FUNCTIONS):
            return None
        if assignment.index is None:
            return None
        for returned in _returns(definition.node):
            if not isinstance(returned, ast.Tuple) or assignment.index >= len(returned.elts):
                continue
            part = returned.elts[assignment.index]
            if not isinstance(part, ast.Name):
                return (self._evaluated(part, assignment.name),)
            for each in reversed(self.space.definitions.assignments.get(part.id, ())):
                if each.place.function == function and not self._called(each.value):
                    found = self._evaluated(each.value, assignment.name)
                    return (_part(found, each.index),)
        return None

    def _returned(self, function: str) -> set[str]:
        definition = self.space.definitions.found.get(function)
        if definition is None or not isinstance(definition.node, FUNCTIONS):
            return set()
        parts = [
            part
            for value in _returns(definition.node)
            for part in (value.elts if isinstance(value, ast.Tuple) else [value])
        ]
        return {part.id for part in parts if isinstance(part, ast.Name)}

    def _evaluated(self, node: ast.expr, name: str) -> Any:
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
                self._provide(each.id)
        with _drawn_alike(node):
            at, call = f"the expression of {name}", self.space.caller.call
            code = call(compile, (ast.Expression(node), f"<file: {name}>", "eval"), at=at)
            found = call(eval, (code, self.names), at=at)
        if found is None or isinstance(found, Idle):
            raise Unknown(name)
        return found

    def _provide(self, name: str) -> None:
        """Put a name in the copy: the probe's as it is, what follows from it anew."""
        if name in self.given:
            value = self.names[name]
            if isinstance(value, np.ndarray):
                self.names[name] = value.copy()
            return
        if hasattr(builtins, name):
            return
        if self.space.load(name):
            self.names[name] = self.space.names[name]
            return
        try:
            self.names[name] = self.of(name)
        except Unknown:
            if name not in self.names:  # bound inside of the expression, or it will say so itself
                return


@contextmanager
def _drawn_alike(node: ast.expr) -> Iterator[None]:
    """Let what an expression draws be the same each time: a cost must not jump between calls."""
    if not any(isinstance(n, ast.Attribute) and n.attr == "random" for n in ast.walk(node)):
        yield
        return
    state = np.random.get_state()  # noqa: NPY002 (people draw from the global generator)
    np.random.seed(0)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def _part(found: Any, index: int | None) -> Any:
    """Return what an assignment takes of a value."""
    if index is None:
        return found
    with theirs():
        return found[index]


def _returns(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    return [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and node.value is not None
    ]
