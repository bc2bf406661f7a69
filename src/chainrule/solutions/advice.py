"""Why there is nothing to judge, and what to do about it: where gradients stand in a loop, how."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from chainrule.solutions.definitions import Definitions
from chainrule.solutions.findings import Finding, Place

MOST_NAMES = 8


def why_nothing(definitions: Definitions) -> str:
    """Say in one sentence why nothing in a file was judged."""
    if not definitions.found and definitions.findings:
        return "nothing in it could be read as Python"
    loop = next(_loops(definitions), None)
    if loop is not None:
        return (
            f"the gradients stand in a loop at the top level (line {loop[0].line}), which is not "
            "run; put them into a function"
        )
    if not definitions.found:
        return "it defines no function and no class"
    names = ", ".join(list(definitions.found)[:MOST_NAMES])
    more = ", …" if len(definitions.found) > MOST_NAMES else ""
    return (
        f"no hand-written gradient was recognised in it (it defines {names}{more}); "
        'say which it is with --gradient "grad_{p}" --cost NAME --parameters W1,b1'
    )


def loop_at_top(definitions: Definitions) -> list[Finding]:
    """Return how a training loop at the top level becomes functions, if there is one."""
    for place, parameters, data in _loops(definitions):
        given = ", ".join((*data, *parameters))
        returned = ", ".join(f"d_{name}" for name in parameters)
        sentence = (
            f"this loop changes {', '.join(parameters)}; what stands at the top level is not run, "
            "so that its gradients cannot be judged"
        )
        mend = (
            f"def gradients({given}): with the lines of one step, up to the update, and at its end "
            f"return {returned}; def cost({given}): with what the step makes smaller; in the loop, "
            f"call gradients({given})"
        )
        return [Finding("loop_at_top", "loader", sentence, mend, tuple(parameters), place=place)]
    return []


def _loops(definitions: Definitions) -> Iterator[tuple[Place, list[str], list[str]]]:
    """Yield loops at the top level that train: the place, what they change, and their data."""
    known: list[str] = []
    for node, place in definitions.statements:
        if isinstance(node, (ast.For, ast.While)):
            changed = list(dict.fromkeys(n for n in _changed(node) if n in known))
            used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            data = [n for n in known if n in used and n.lower() in ("x", "y", "inputs", "targets")]
            if changed and _multiplies(node):
                yield place, changed, list(dict.fromkeys(data))
        known += [
            each.id
            for each in ast.walk(node)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        ]


def _changed(loop: ast.For | ast.While) -> Iterator[str]:
    """Yield names from which something is taken off, or to which something is added."""
    for node in ast.walk(loop):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
            if isinstance(node.target, ast.Name) and not isinstance(node.value, ast.Constant):
                yield node.target.id
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
            (target, *_), value = node.targets, node.value
            same = isinstance(value.left, ast.Name) and isinstance(target, ast.Name)
            if same and isinstance(value.op, (ast.Add, ast.Sub)) and value.left.id == target.id:  # type: ignore[attr-defined]
                yield target.id  # type: ignore[attr-defined]


def _multiplies(loop: ast.AST) -> bool:
    return any(
        (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult))
        or (isinstance(node, ast.Attribute) and node.attr in ("dot", "matmul"))
        for node in ast.walk(loop)
    )
