"""A person's own assertions: taken out of the functions, watched, and reported.

``assert dW.shape == (4, 3)`` holds for the sizes of an exercise and for no others, so it must not
stop a judgement. It becomes a call that notes whether it would have held.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from chainrule.solutions.definitions import Definition
from chainrule.solutions.findings import Finding, Place


class OwnAsserts:
    """All assertions of a file."""

    NAME: ClassVar[str] = "__chainrule_holds__"

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.held: set[int] = set()
        self.failed: set[int] = set()

    def taken_out(self, definition: Definition) -> ast.stmt:
        """Return a copy of a definition, in which assertions only note whether they hold."""
        node = copy.deepcopy(definition.node)
        if not any(isinstance(each, ast.Assert) for each in ast.walk(node)):
            return node
        found = _Watched(self, definition).visit(node)
        assert isinstance(found, ast.stmt)
        return ast.fix_missing_locations(found)

    def hold(self, number: int, test: Callable[[], Any]) -> None:
        """Note whether an assertion holds; this is what their code calls in its place."""
        try:
            (self.held if test() else self.failed).add(number)
        except Exception:  # theirs, as the assertion is: what cannot be asked does not hold
            self.failed.add(number)

    def findings(self) -> list[Finding]:
        """Return what is to be said of them."""
        said = [
            Finding(
                "own_assert_fails",
                "loader",
                f"this assertion does not hold for the numbers that were tried in "
                f"{self.places[number].function}; it was taken out, and may hold for yours",
                entries=(self.places[number].function,),
                place=self.places[number],
            )
            for number in sorted(self.failed - self.held)  # at sizes of a reading not taken
        ]
        if self.places and not said:
            many = len(self.places)
            sentence = (
                f"{many} assertion{'s' if many > 1 else ''} of your own taken out: none fails"
            )
            said.append(Finding("own_assert", "loader", sentence, place=self.places[0]))
        return said


class _Watched(ast.NodeTransformer):
    def __init__(self, asserts: OwnAsserts, definition: Definition) -> None:
        self.asserts, self.definition = asserts, definition

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        if any(isinstance(each, ast.NamedExpr) for each in ast.walk(node)):
            return ast.copy_location(ast.Pass(), node)  # it binds a name: no function can ask it
        where = replace(
            self.definition.place,
            line=node.lineno + self.definition.offset,
            source=f"assert {ast.unparse(node.test)}",
        )
        self.asserts.places.append(where)
        no_arguments = ast.arguments([], [], None, [], [], None, [])
        call = ast.Call(
            ast.Name(OwnAsserts.NAME, ast.Load()),
            [ast.Constant(len(self.asserts.places) - 1), ast.Lambda(no_arguments, node.test)],
            [],
        )
        return ast.copy_location(ast.Expr(call), node)
