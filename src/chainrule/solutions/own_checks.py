"""Checks of gradients that people write themselves, where they are wrong in a way that shows.

A check is a function that is called after one. Two mistakes are seen in its text: that it divides
by the sum of both gradients with their signs, which may be 0 where both are large, and that it
takes differences of what the forward pass returns, where those of the cost belong.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from chainrule.checking.catalogue import CATALOGUE
from chainrule.solutions.definitions import Definition
from chainrule.solutions.findings import Finding, Place
from chainrule.solutions.reading import Reading, names_of
from chainrule.solutions.space import Space

CHECKS = re.compile(
    r"(check|test|verify|compare)\w*grad|grad\w*(check|test|verif|compar)|numerical\w*grad",
    re.IGNORECASE,
)


def about(reading: Reading, space: Space) -> list[Finding]:
    """Return the remarks on the checks in a file.

    Parameters
    ----------
    reading : Reading
    space : Space
    """
    forward = names_of(reading).get("forward", "")
    found: list[Finding] = []
    for definition in space.definitions.found.values():
        if isinstance(definition.node, ast.FunctionDef) and CHECKS.search(definition.node.name):
            found += _signed(definition)
            found += _of_outputs(definition, forward)
    return found


def _signed(definition: Definition) -> Iterator[Finding]:
    """Find ``abs(g - h) / (g + h)``: a large difference of opposite numbers may vanish in it."""
    for node in _quotients(definition):
        below = node.right
        if not isinstance(below, ast.BinOp) or not isinstance(below.op, ast.Add):
            continue
        both = {ast.dump(below.left), ast.dump(below.right)}
        plain = all(isinstance(each, _PLAIN) for each in (below.left, below.right))
        if plain and both in _differences(node.left):
            words = (
                f"{definition.name} divides by {ast.unparse(below)}, with their signs: where "
                "they cancel it is 0, and where both are negative the error is"
            )
            mend = "divide by the sum of their sizes: np.linalg.norm(g) + np.linalg.norm(h)"
            yield _said(definition, node, words, mend)


_PLAIN = (ast.Name, ast.Subscript, ast.Attribute)


def _of_outputs(definition: Definition, forward: str) -> Iterator[Finding]:
    """Find differences of what the forward pass returns."""
    outputs = set()
    for node in ast.walk(definition.node):
        if isinstance(node, ast.Assign) and forward and _calls(node.value, forward):
            for target in node.targets:
                first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
                outputs.add(ast.dump(first).replace("Store()", "Load()"))
    for node in _quotients(definition):
        above = node.left
        if not isinstance(above, ast.BinOp) or not isinstance(above.op, ast.Sub):
            continue
        sides = (above.left, above.right)
        if all(_calls(each, forward) or ast.dump(each) in outputs for each in sides):
            words = (
                f"{definition.name} takes differences of what {forward} returns, and the "
                "gradient is that of the cost"
            )
            yield _said(definition, node, words, CATALOGUE["checker_wrong"].mend)
            return


def _quotients(definition: Definition) -> Iterator[ast.BinOp]:
    for node in ast.walk(definition.node):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield node


def _differences(node: ast.AST) -> list[set[str]]:
    """Return what is subtracted from what inside an expression."""
    return [
        {ast.dump(each.left), ast.dump(each.right)}
        for each in ast.walk(node)
        if isinstance(each, ast.BinOp) and isinstance(each.op, ast.Sub)
    ]


def _calls(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _said(definition: Definition, node: ast.expr, words: str, mend: str) -> Finding:
    name = definition.name
    line = definition.place.line + node.lineno - definition.node.lineno
    place = Place(line, definition.place.cell, name, ast.unparse(node))
    says = f"{CATALOGUE['checker_wrong'].says}: {words}"
    return Finding("checker_wrong", "remark", says, mend, (name,), place=place)
