"""Steps that people mean as they are: adaptive, clipped, of one example, with a decay.

Where a solution only updates its parameters, its gradient is read off its steps. Such steps are no
multiple of a gradient, and nobody can say then what the gradient was: they are not judged.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chainrule.checking.verdicts import Verdict
from chainrule.solutions.definitions import FUNCTIONS
from chainrule.solutions.findings import Finding

TAKES_STEPS = re.compile(
    r"back_?(ward|prop)|update|train|step|fit|learn|optim|descent|sgd", re.IGNORECASE
)
BENT = frozenset({"sqrt", "norm", "clip", "sign", "minimum", "min", "rsqrt", "hypot"})
"""What makes a step no multiple of its gradient."""
DRAWN = frozenset({"random", "permutation", "shuffle", "choice", "randint", "batch_size"})
OF_SOME = frozenset({"one_example_only", "row_skipped", "unknown", "missing_mean", "wrong_divisor"})
"""What steps by some of the examples look like."""
PLAIN = re.compile(r"it is ([\d.]+) times")
NEAR = 1e-3

WHY = "its step is no multiple of the cost's gradient: fine, if that is meant"


def spared(judge: Any) -> None:
    """Take back what is held against steps that are meant.

    Parameters
    ----------
    judge : Judge
        After it has run; of a reading that returns gradients it is left as it is.
    """
    reading = judge.reading
    if not getattr(reading, "moved", False):
        return
    places = {piece.place.function for piece in reading.pieces if piece.place is not None}
    words = {word for node in _steppers(judge, places) for word in _words(node)}
    ground = getattr(judge, "ground", None)
    penalised = ground is not None and ground.cost is not None and bool(ground.cost.decay)
    gone: set[str] = set()
    for found in list(judge.findings):
        if found.kind == "mistake" and _meant(found, words, penalised):
            judge.findings.remove(found)
            gone |= set(found.entries)
    judge.judged[:] = [
        replace(each, verdict=Verdict.NOT_JUDGED, detail=WHY, residual=None)
        if each.entry in gone and each.verdict.bad
        else each
        for each in judge.judged
    ]


def _meant(found: Finding, words: set[str], penalised: bool) -> bool:
    if words & BENT:
        return True
    if found.slug.startswith("penalty"):
        return not penalised
    if words & DRAWN and found.slug in OF_SOME:
        return True
    factor = PLAIN.search(found.sentence)
    return found.slug == "constant_factor" and factor is not None and _odd(float(factor[1]))


def _odd(factor: float) -> bool:
    """Return whether a factor is no whole number, nor one over it: that of a rate worked out."""
    return min(abs(each - round(each)) for each in (factor, 1 / (factor or 1.0))) > NEAR


def _steppers(judge: Any, places: set[str]) -> Iterator[ast.AST]:
    """Yield the functions and methods that may take the steps."""
    for name, definition in judge.space.definitions.found.items():
        node = definition.node
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, FUNCTIONS) and TAKES_STEPS.search(method.name):
                    yield method
        elif name in places:
            yield node


def _words(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute):
            yield each.attr
        elif isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.arg):
            yield each.arg
