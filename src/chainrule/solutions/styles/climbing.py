"""Whether a file adds its steps: then a derivative with the other sign may be meant."""

from __future__ import annotations

import ast
import re

from chainrule.solutions.space import Space
from chainrule.solutions.styles.arguments import role
from chainrule.solutions.styles.stepping import without_rate

STEPPED = re.compile(r"_?(weights?|bias(es)?|[wWb]_?\d*|syn_?\d+|thetas?\d*|params?|parameters)")
"""What a step is added to."""


def adds(space: Space) -> bool:
    """Return whether somewhere a step is added, learning rate times a gradient."""
    nodes = [each.node for each in space.definitions.found.values()]
    nodes += [node for node, _ in space.definitions.statements]
    return any(_steps_up(each) for node in nodes for each in ast.walk(node))


def _steps_up(node: ast.AST) -> bool:
    """Return whether something is added to weights, or a learning rate times something."""
    if not isinstance(node, (ast.AugAssign, ast.BinOp)) or not isinstance(node.op, ast.Add):
        return False
    step = node.right if isinstance(node, ast.BinOp) else node.value
    if without_rate(step, ())[1]:
        return False  # minus the rate: it is taken off
    if any(map(_is_rate, ast.walk(step))):
        return True
    if isinstance(node, ast.BinOp):
        return False
    target = node.target.value if isinstance(node.target, ast.Subscript) else node.target
    return STEPPED.fullmatch(_name(target)) is not None


def _name(node: ast.AST) -> str:
    return str(node.id if isinstance(node, ast.Name) else getattr(node, "attr", ""))


def _is_rate(node: ast.AST) -> bool:
    return role(_name(node)) == "rate"
