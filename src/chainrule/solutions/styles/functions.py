"""Small functions of a file: activations with their derivatives, costs, and globals they read."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from chainrule.solutions.calling import theirs
from chainrule.solutions.calls import evaluated
from chainrule.solutions.forms import array_of
from chainrule.solutions.space import Space
from chainrule.solutions.styles.arguments import positional, role

GRADIENT = re.compile(r"d_?[A-Za-z]|grad|nabla|J_")
COST = re.compile(
    r"_*(compute_|get_|calc(ulate)?_)?(total_)?(cost|loss|error|mse|mean_squared?_error|"
    r"(binary_|categorical_)?cross_?entropy|bce|cce|objective|sse|log_loss|quadratic_cost|J)"
    r"(_?(function|func|fn|loss|error|cost))?",
    re.IGNORECASE,
)
ACTIVATIONS = (
    "sigmoid",
    "sigma",
    "sig",
    "logistic",
    "tanh",
    "relu",
    "activation",
    "act",
    "nonlin",
    "f",
)
SLOPES = (
    "{}_prime",
    "{}prime",
    "{}_derivative",
    "{}derivative",
    "d_{}",
    "d{}",
    "{}_grad",
    "{}_deriv",
    "{}_der",
    "{}gradient",
    "{}_gradient",
    "{}_d",
    "derivative_{}",
    "der_{}",
    "deriv_{}",
)


def supplied(space: Space, name: str) -> None:
    """Evaluate globals that a function or a class reads, and that are not there yet."""
    for each in sorted(space.reads(name)):
        if each not in space and each in space.definitions.assignments:
            top = any(not a.place.function for a in space.definitions.assignments[each])
            value = evaluated(space, each) if top else None
            if value is not None:
                space.names[each] = value


def only_number(result: Any) -> float | None:
    """Return a number, or the one number in a tuple; else ``None``."""
    parts = result if isinstance(result, tuple) else (result,)
    for part in parts:
        array = None if isinstance(part, (list, dict)) else array_of(part)
        if array is not None and array.size == 1:
            return float(array.reshape(()))
    return None


def cost_in(result: Any, returned: Iterable[Sequence[str]]) -> float | None:
    """Return the number that is the cost: that which is called one, else none of the gradients.

    Parameters
    ----------
    result : object
        Of a function.
    returned : iterable of sequence of str
        The names in its return statements.
    """
    parts = result if isinstance(result, tuple) else (result,)
    for names in returned:
        if len(names) == len(parts):
            pairs = list(zip(names, parts, strict=True))
            called = [part for name, part in pairs if COST.fullmatch(name)]
            others = [part for name, part in pairs if not GRADIENT.match(name)]
            return only_number(tuple(called or others))
    return only_number(result)


def costs_of(space: Space, thing: Any, class_name: str) -> Iterator[Callable[..., Any]]:
    """Yield what may be the cost of an object: its own methods, its cost object, one function.

    Of several functions that nobody says which is used, none.
    """
    for name in dir(type(thing)):
        if COST.fullmatch(name):
            with theirs():  # a property is code of theirs
                method = getattr(thing, name)
            yield method
    with theirs():
        inner = getattr(getattr(thing, "cost", None), "fn", None)
    if inner is not None:
        yield inner
    found = [
        name
        for name, each in space.definitions.found.items()
        if COST.fullmatch(name) and not isinstance(each.node, ast.ClassDef)
    ]
    used = [name for name in found if name in space.reads(class_name)]
    for name in used if used else found if len(found) == 1 else []:
        yield space[name]


def activations_of(
    space: Space, built: type | None = None
) -> tuple[tuple[str, Any] | None, tuple[str, Any] | None]:
    """Return the activation of a file and its derivative, each with its name, where they are told.

    Parameters
    ----------
    space : Space
    built : type, optional
        A class whose static methods count as well.
    """
    functions: dict[str, Any] = {
        name: space[name]
        for name, each in space.definitions.found.items()
        if name in space and not isinstance(each.node, ast.ClassDef)
    }
    if built is not None:
        for name, value in vars(built).items():
            if isinstance(value, staticmethod):
                functions[name] = value.__func__
            elif callable(value) and len(positional(value)) == 2 and _ignores_self(value):
                functions[name] = _without_self(value)
    lower = {name.lower().lstrip("_"): name for name in functions}
    first = None
    for activation in ACTIVATIONS:
        if activation not in lower or role(activation) is not None:
            continue
        name = lower[activation]
        first = first or (name, functions[name])
        for pattern in SLOPES:
            derivative = lower.get(pattern.format(activation))
            if derivative is not None:
                return (name, functions[name]), (derivative, functions[derivative])
    return first, None


def _ignores_self(function: Any) -> bool:
    code = getattr(function, "__code__", None)
    return code is not None and not any("self" in str(name) for name in code.co_names)


def _without_self(function: Any) -> Callable[[Any], Any]:
    return lambda z: function(None, z)
