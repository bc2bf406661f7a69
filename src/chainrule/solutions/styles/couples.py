"""Which functions of a file are a cost and its gradient, of one layer: by names and arguments.

Two functions belong together where they take the same parameters, and both a penalty or none; those
whose names differ by cost and gradient only go first. Where it is not clear, all are offered.

Next to read: `regression` (how they are called).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.solutions.space import Space
from chainrule.solutions.styles import collecting
from chainrule.solutions.styles.arguments import role

WEIGHTS = re.compile(r"w|W|theta|thetas|weights?|beta|coef|coefficients|parameters|params")
BIAS = re.compile(r"b|bias|intercept")
COST = re.compile(r"cost|loss|^J$|error|mse|objective", re.IGNORECASE)
SLOPE = re.compile(r"grad|deriv|propagat|descent|^dJ", re.IGNORECASE)
SLOPE_NAME = re.compile(r"gradient(_?function)?|grad|deriv(ative)?", re.IGNORECASE)
NO_SLOPE = re.compile(r"check|numerical|approx|plot|test|stochastic|mini_?batch", re.IGNORECASE)
BIAS_SLOPE = re.compile(r"(^|_)d?_?b(ias)?\d?$|db$|bias|intercept", re.IGNORECASE)


@dataclass(frozen=True)
class Couple:
    """A cost and the function that gives its gradient, which may be the same.

    Parameters
    ----------
    cost, slope : str
        Functions; the first empty where there is none.
    weights, bias : str
        Arguments; the second empty where there is none.
    steps : bool
        Whether the second returns parameters after steps of descent.
    """

    cost: str
    slope: str
    weights: str
    bias: str
    steps: bool


def couples(space: Space) -> Iterator[list[Couple]]:
    """Yield gradients, each with the costs that it may be the gradient of; several if unclear."""
    takes = {name: taken for name in space.definitions.found if (taken := _takes(space, name))}
    slopes = [n for n in takes if SLOPE.search(n) and not NO_SLOPE.search(n)]
    both = [n for n in takes if n not in slopes and COST.search(n) and _returns_both(space, n)]
    costs = [n for n in takes if COST.search(n) and n not in slopes]
    for name in both:
        yield [Couple(name, name, *takes[name][0], steps=False)]
    for name in slopes:
        (weights, bias), penalty, steps = takes[name]
        if _returns_both(space, name) and not steps:
            yield [Couple(name, name, weights, bias, steps=False)]
            continue
        fits = [
            cost
            for cost in costs
            if takes[cost][0] == (weights, bias)
            and not takes[cost][2]
            and (steps or takes[cost][1] == penalty)
        ]
        twins = [cost for cost in fits if COST.sub("", cost) == SLOPE_NAME.sub("", name)]
        found = twins or fits or [""]
        yield [Couple(cost, name, weights, bias, steps=steps) for cost in found]


def _takes(space: Space, name: str) -> tuple[tuple[str, str], bool, bool] | None:
    """Return the parameters that a function takes, whether a penalty, and whether it descends."""
    definition = space.definitions.found[name]
    if not isinstance(definition.node, ast.FunctionDef) or name not in space:
        return None
    arguments = [each.arg for each in definition.node.args.args]
    weights = [each for each in arguments if WEIGHTS.fullmatch(each)]
    biases = [each for each in arguments if BIAS.fullmatch(each)]
    roles = [role_of(each) for each in arguments if each not in (*weights, *biases)]
    if len(weights) != 1 or len(biases) > 1 or roles.count("x") != 1 or roles.count("y") != 1:
        return None
    steps = "once" in roles
    penalty = "penalty" in roles or ("rate" in roles and not steps)  # a cost takes no step size
    return (weights[0], biases[0] if biases else ""), penalty, steps


def returns(space: Space, name: str) -> list[list[str]]:
    """Return the names in return statements: of ``dj_dw / m`` that which is divided."""
    found = []
    for each in ast.walk(space.definitions.found[name].node):
        if isinstance(each, ast.Return) and each.value is not None:
            values = each.value.elts if isinstance(each.value, ast.Tuple) else [each.value]
            known = collecting.returned_names(ast.Module([each], []))[0]
            found.append(
                [said or _first_name(value) for said, value in zip(known, values, strict=True)]
            )
    return found


def _first_name(value: ast.expr) -> str:
    """Return the gradient that an expression begins with; empty where it is another thing."""
    names = [each.id for each in ast.walk(value) if isinstance(each, ast.Name)]
    return next((each for each in names if re.match(r"d|grad|nabla", each)), "")


def role_of(argument: str) -> str | None:
    """Return what an argument is for; ``l`` is a penalty here."""
    return "penalty" if argument == "l" else role(argument)


def parts(result: Any, names: Sequence[Sequence[str]]) -> Iterator[tuple[str, Any]]:
    """Yield what a function returned, numbers too, by the names that they have there."""
    if isinstance(result, tuple):
        called = next((each for each in names[::-1] if len(each) == len(result)), None)
        for name, value in zip(called or [""] * len(result), result, strict=True):
            yield from value.items() if isinstance(value, dict) else [(name, value)]
    elif isinstance(result, dict):
        yield from result.items()
    else:
        called = next((each for each in names[::-1] if len(each) == 1), None)
        yield (called or [""])[0], result


def _returns_both(space: Space, name: str) -> bool:
    """Return whether a function returns a cost and gradients, by the names in its return."""
    return any(
        len(names) > 1 and any(COST.search(each) or each in ("J", "j", "L") for each in names)
        for names in returns(space, name)
    )
