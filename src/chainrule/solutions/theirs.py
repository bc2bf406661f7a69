"""The functions of theirs that run in a call of ours, and another code in the place of one.

A function is changed by giving it another code object: whoever holds the function (a class, a
dictionary of functions, another module of a reading) then runs the changed one.
"""

from __future__ import annotations

import ast
import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType, FunctionType

import numpy as np

from chainrule.solutions.calling import FILE
from chainrule.solutions.changes import Function
from chainrule.solutions.definitions import Definition
from chainrule.solutions.reading import Probe, Reading
from chainrule.solutions.slots import Scope, passing
from chainrule.solutions.space import Space


@dataclass
class Theirs:
    """A function of theirs that runs when the gradient is computed.

    Parameters
    ----------
    definition : Definition
        The function, or the class that it is in.
    node : ast.FunctionDef or ast.Lambda
    functions : list of function
        All that hold its code.
    scope : Scope
    """

    definition: Definition
    node: Function
    functions: list[FunctionType]
    scope: Scope

    @property
    def name(self) -> str:
        """What it is called."""
        return self.definition.name if isinstance(self.node, ast.Lambda) else self.node.name

    def compiled(self) -> CodeType | None:
        """Return its code as its tree is now; ``None`` where that cannot be."""
        whole = self.definition.node
        parts = [whole] if self.functions[0].__code__.co_freevars else []
        if isinstance(self.node, ast.Lambda):
            parts = [whole]
        elif not parts:
            parts = [self.node]
        try:
            module = compile(_without_asserts(ast.Module(parts, [])), "<change>", "exec")
        except (SyntaxError, ValueError, TypeError):  # a change that is no Python
            return None
        named = _codes(module, self._code_name, self.node.lineno)
        found = max(named, key=lambda each: each.co_firstlineno, default=None)  # a setter, say
        ours = self.functions[0].__code__.co_freevars
        return found if found is not None and found.co_freevars == ours else None

    @property
    def _code_name(self) -> str:
        return "<lambda>" if isinstance(self.node, ast.Lambda) else self.node.name

    @contextmanager
    def holding(self, code: CodeType) -> Iterator[None]:
        """Run another code in its place."""
        before = [function.__code__ for function in self.functions]
        try:
            for function in self.functions:
                function.__code__ = code
            yield
        finally:
            for function, old in zip(self.functions, before, strict=True):
                function.__code__ = old


def running(reading: Reading, space: Space, probe: Probe) -> list[Theirs]:
    """Return the functions that run when the gradient is computed, not those of the forward pass.

    A function that does both is one of them.
    """
    seen, _ = _watched(lambda: reading.outputs(probe))
    ran, kinds = _watched(lambda: reading.gradients(probe))
    heads = {piece.place.function for piece in reading.pieces if piece.place is not None}
    counts = {
        name: len(each.arguments)
        for name, each in space.definitions.found.items()
        if not isinstance(each.node, ast.ClassDef)
    }
    holders = _holders(space)
    found = []
    for code in ran:
        match = FILE.match(code.co_filename)
        definition = space.definitions.found.get(match[2]) if match else None
        if definition is None or (code in seen and code.co_name not in heads):
            continue
        line = code.co_firstlineno - definition.offset
        node = next(_functions(definition.node, code.co_name, line), None)
        functions = [each for each in holders if each.__code__ is code]
        if node is not None and functions:
            near = {name: _kind(space.names[name]) for name in code.co_names if name in space.names}
            keys = frozenset(
                each.value
                for each in ast.walk(node)
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )
            scope = Scope(_told(near | kinds[code]), counts, keys, passing(node))
            found.append(Theirs(definition, node, functions, scope))
    return found


def _told(kinds: dict[str, str]) -> dict[str, str]:
    return {name: kind for name, kind in kinds.items() if kind}


def _watched(call: Callable[[], object]) -> tuple[list[CodeType], dict[CodeType, dict[str, str]]]:
    """Return the functions of theirs that a call of ours runs, and what their names held."""
    codes: dict[CodeType, dict[str, str]] = {}

    def note(frame: FrameType, event: str, _value: object) -> None:
        code = frame.f_code
        if not FILE.match(code.co_filename):
            return
        held = codes.setdefault(code, {})
        if event == "return":
            for name, value in dict(frame.f_locals).items():
                held[name] = _kind(value)
                if type(value).__module__ == "solution" and hasattr(value, "__dict__"):
                    held |= {f"{name}.{key}": _kind(each) for key, each in vars(value).items()}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(before)
    return list(codes), codes


def _kind(value: object) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return "array"
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return "number"
    return "list" if isinstance(value, list) else ""


def _holders(space: Space) -> list[FunctionType]:
    """Return all functions of theirs, those in classes too."""
    waiting, found = list(space.names.values()), []
    while waiting:
        each = waiting.pop()
        each = getattr(each, "fget", None) or getattr(each, "__func__", each)
        if isinstance(each, FunctionType):
            found.append(each)
        elif isinstance(each, type) and each.__module__ == "solution":
            waiting += list(vars(each).values())
    return found


def _functions(node: ast.AST, name: str, line: int) -> Iterator[Function]:
    for each in ast.walk(node):
        if isinstance(each, ast.Lambda) and name == "<lambda>" and each.lineno == line:
            yield each
        elif isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) and each.name == name:
            heads = (each.lineno, *(mark.lineno for mark in each.decorator_list))
            if line in heads:
                yield each


def _codes(code: CodeType, name: str, line: int) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_name == name and line >= each.co_firstlineno:
                yield each
            yield from _codes(each, name, line)


def _without_asserts(tree: ast.Module) -> ast.Module:
    """Return a tree in which assertions of theirs do nothing."""

    class Passed(ast.NodeTransformer):
        def visit_Assert(self, node: ast.Assert) -> ast.stmt:
            return ast.copy_location(ast.Pass(), node)

    if any(isinstance(each, ast.Assert) for each in ast.walk(tree)):
        tree = Passed().visit(copy.deepcopy(tree))
    return ast.fix_missing_locations(tree)
