"""A slope by its formula in the place of a call: a derivative that is wrong, or wrongly fed.

``sigmoid_derivative(a)`` is right if the function returns a (1 − a), and wrong if it takes the
sigmoid of a first. Each formula is put in the place of such calls; that under which every step fits
tells what the call should be, and what the call returned tells the mistake.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.solutions.calling import Failed
from chainrule.solutions.reading import Array
from chainrule.solutions.straight import Trace, as_numbers
from chainrule.solutions.styles.edits import Edit


def _sigmoid(v: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-v)))


OF_OUTPUT: Mapping[str, Callable[[Array], Array]] = {
    "{0} * (1 - {0})": lambda v: v * (1 - v),
    "1 - {0} ** 2": lambda v: 1 - v**2,
    "({0} > 0)": lambda v: np.asarray(v > 0, float),
}
"""Slopes as functions of what the function returned."""
OF_SUM: Mapping[str, Callable[[Array], Array]] = {
    "np.exp(-{0}) / (1 + np.exp(-{0})) ** 2": lambda v: _sigmoid(v) * (1 - _sigmoid(v)),
    "(1 - np.tanh({0}) ** 2)": lambda v: 1 - np.tanh(v) ** 2,
}
"""Slopes as functions of what the function was given."""
NUMPY = ("np", "numpy")
FUNCTIONS: tuple[Callable[[Array], Array], ...] = (
    _sigmoid,
    np.tanh,
    lambda v: np.maximum(v, 0),
)


@dataclass(frozen=True)
class Call:
    """A call of somebody's function of one array, and flags.

    Parameters
    ----------
    function : str
    argument : str
        What it is given.
    node : ast.Call
    """

    function: str
    argument: str
    node: ast.Call


def calls(trace: Trace, node: ast.AST) -> Iterator[Call]:
    """Yield the calls in a statement of functions of theirs that take one array."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.args:
            flags = [*each.args[1:], *(k.value for k in each.keywords)]
            own = each.func.id in trace.space.definitions.found
            if own and all(isinstance(flag, ast.Constant) for flag in flags):
                yield Call(each.func.id, ast.unparse(each.args[0]), each)


def of_slopes(trace: Trace, node: ast.stmt, names: dict[str, Any]) -> Iterator[Edit]:
    """Yield a statement with a formula in the place of each call of a derivative.

    Parameters
    ----------
    trace : Trace
    node : ast.stmt
    names : dict
        As they are before the statement.
    """
    for call in calls(trace, node):
        for text in (*OF_OUTPUT, *OF_SUM):
            slug = slug_of(trace, call, text, names)
            if slug is not None:
                new = text.format(call.argument)
                words = f"{ast.unparse(call.node)} stands where the slope is {new}"
                mend = f"write {new} in the place of {ast.unparse(call.node)}"
                yield Edit(slug, words, mend, instead(node, call.function, text))


def left_out(trace: Trace, node: ast.stmt, place: int) -> Iterator[Edit]:
    """Yield a statement with the slope of something of its shape beside, or a sum over one axis.

    Parameters
    ----------
    trace : Trace
        Run to its end.
    node : ast.stmt
    place : int
        The first step of the backward pass.
    """
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return
    came = as_numbers(trace.names.get(node.targets[0].id))
    forward = dict.fromkeys(name for step in trace.steps[:place] for name in sorted(step.fresh))
    for name in forward:
        array = as_numbers(trace.names.get(name))
        if came is None or array is None or not array.ndim or array.shape != came.shape:
            continue
        for text in OF_OUTPUT:
            factor = ast.parse(f"({text.format(name)})", mode="eval").body
            whole = copy.deepcopy(node)
            whole.value = ast.BinOp(whole.value, ast.Mult(), factor)
            yield Edit(
                "missing_hidden_derivative",
                f"the slope of the function that makes {name} is left out",
                f"multiply with {ast.unparse(factor)}",
                ast.fix_missing_locations(ast.copy_location(whole, node)),
            )


def sums(node: ast.stmt) -> Iterator[Edit]:
    """Yield a statement with each sum or mean of all entries over one axis alone."""
    for place, each in enumerate(ast.walk(node)):
        if not isinstance(each, ast.Call) or not isinstance(each.func, ast.Attribute):
            continue
        whole_array = len(each.args) == (1 if ast.unparse(each.func.value) in NUMPY else 0)
        if each.func.attr not in ("sum", "mean") or not whole_array or each.keywords:
            continue
        for axis in (0, 1):
            for kept in (True, False):
                whole = copy.deepcopy(node)
                call = list(ast.walk(whole))[place]
                assert isinstance(call, ast.Call)
                call.keywords.append(ast.keyword("axis", ast.Constant(axis)))
                if kept:
                    call.keywords.append(ast.keyword("keepdims", ast.Constant(True)))
                words = f"{ast.unparse(each)} adds up the units too"
                mend = f"write {ast.unparse(call)}"
                made = ast.fix_missing_locations(ast.copy_location(whole, node))
                yield Edit("bias_summed_over_units", words, mend, made)


def slug_of(trace: Trace, call: Call, text: str, names: dict[str, Any]) -> str | None:
    """Return what is wrong with a call if a formula is right in its place; ``None`` if nothing."""
    held = dict(names)
    line = ast.parse(f"_given, _came = {call.argument}, {ast.unparse(call.node)}")
    before = dict(trace.space.names)
    trace.space.names.update(held)
    code = compile(line, "<statement>", "exec")
    try:
        trace.space.caller.call(exec, (code, trace.space.names), at=call.function)
        given, came = (trace.space.names.get(n) for n in ("_given", "_came"))
    except Failed:  # it says so where it stands
        return None
    finally:
        trace.space.names.clear()
        trace.space.names.update(before)
    v, came = as_numbers(given), as_numbers(came)
    if v is None or came is None or v.shape != came.shape:
        return None
    if np.allclose(came, {**OF_OUTPUT, **OF_SUM}[text](v)):
        return None
    return _slug(v, came, text in OF_OUTPUT)


def _slug(v: Array, came: Array, of_output: bool) -> str:
    """Return what a slope is taken for, where another is right: of the output, or the sum."""
    at_sum = any(np.allclose(came, slope(v)) for slope in OF_SUM.values())
    at_output = any(np.allclose(came, slope(v)) for slope in OF_OUTPUT.values())
    if any(np.allclose(came, function(v)) for function in FUNCTIONS):
        return "function_for_derivative"
    if at_sum and of_output:
        return "derivative_at_activation"
    if at_output and not of_output:
        return "activation_form_at_sum"
    return "derivative_of_other_function" if at_sum or at_output else "derivative_formula"


def instead(node: ast.stmt, function: str, text: str) -> ast.stmt:
    """Return a statement with a formula of the argument in the place of a function's calls."""

    class Put(ast.NodeTransformer):
        def visit_Call(self, each: ast.Call) -> ast.AST:
            self.generic_visit(each)
            if isinstance(each.func, ast.Name) and each.func.id == function and each.args:
                made = ast.parse(f"({text.format(ast.unparse(each.args[0]))})", mode="eval").body
                return ast.copy_location(made, each)
            return each

    made = Put().visit(copy.deepcopy(node))
    return ast.fix_missing_locations(ast.copy_location(made, node))  # type: ignore[no-any-return]
