"""How far rounding may have moved each element of a Jacobian.

A first-order running error analysis (Higham, Accuracy and Stability of Numerical Algorithms,
2002, chapter 3) along the equations of the derivation: beside each value stands a bound on its
error in units of the machine epsilon. An error bound grows with the size of the *summands*, not
with that of the sum: where large terms cancel, the bound says that few digits are left.

The check uses it as a yardstick only, never to compute a derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation import Derivation
from chainrule.equation import Equation
from chainrule.evaluate import Plan
from chainrule.expr import LEAVES, OPERATIONS_OF_NUMBERS, Expr, Op

Values = NDArray[np.float64]
Bounded = tuple[Any, Any]  # a value and its bound

LARGE = 700.0
"""Beyond this an exponential overflows."""

FUNCTION = 4.0
"""Units in the last place that an exponential, a logarithm or what is built of them may be off."""


FAR = 0.5
WAYS = (-0.83, -0.61, -0.37, -0.19, 0.23, 0.41, 0.59, 0.79)
"""Parts of an error, tried beside the whole where it is larger than `FAR`."""


def bounds(
    derivation: Derivation,
    values: Mapping[str, Values],
    constants: Mapping[str, float],
    arithmetic: np.finfo[Any],
) -> dict[str, Values]:
    """Return, for every equation but the cost, a bound on the rounding error of its value.

    Parameters
    ----------
    derivation : Derivation
    values : mapping of str to ndarray
        Inputs, targets, parameters and all intermediate values, in float64.
    constants : mapping of str to float
        The named constants, as `Architecture.constants` gives them.
    arithmetic : numpy.finfo
        Of the floating-point numbers whose rounding is asked for.

    Returns
    -------
    dict of str to ndarray
        In units of the machine epsilon, of the shape of the value.
    """
    analysis = _Analysis(values, constants, arithmetic)
    for equation in derivation:
        if equation.shape:
            _, analysis.known[equation.name] = analysis.of(equation.expr)
    return {
        name: np.broadcast_to(bound, values[name].shape) for name, bound in analysis.known.items()
    }


def growth(terms: int) -> float:
    """Return the errors that a sum of so many terms collects, in units of one rounding.

    The worst case is proportional to `terms`; errors of either sign make it its root.
    """
    return 4 + 2 * math.sqrt(terms)


class _Analysis:
    def __init__(
        self,
        values: Mapping[str, Values],
        constants: Mapping[str, float],
        arithmetic: np.finfo[Any],
    ) -> None:
        self.values, self.constants = values, constants
        self.epsilon = float(arithmetic.eps)
        self.underflow = float(arithmetic.tiny) / self.epsilon
        self.known: dict[str, Values] = {}

    def of(self, node: Expr) -> Bounded:
        """Return the value of an expression and the bound on its error."""
        if node.op is Op.SYMBOL:
            value = self.values[node.name]
            return value, self.known.get(node.name, np.zeros_like(value))
        value = self.value(node)
        if node.op in LEAVES:
            return value, np.zeros_like(value)
        bounded = [self.of(arg) for arg in node.args]
        if node.op in _BOUNDS:
            return value, _BOUNDS[node.op](self, node, value, *bounded)
        assert node.op in ENTRYWISE
        return value, self.by_moving(node, value, bounded)

    def value(self, node: Expr, moved: Mapping[str, Values] | None = None) -> Values:
        """Return the value of an expression, with some symbols moved."""
        plan = Plan([Equation("value", node)], ["value"])
        return np.asarray(plan({**self.values, **(moved or {})}, self.constants)[0])

    def by_moving(self, node: Expr, value: Values, bounded: list[Bounded]) -> Values:
        """Bound a function of single entries by moving its arguments as far as they may be off."""
        names = [f"_{place}" for place in range(len(node.args))]
        symbols = tuple(
            Expr(Op.SYMBOL, (), arg.shape, name=name)
            for name, arg in zip(names, node.args, strict=True)
        )
        function = Expr(node.op, symbols, node.shape, function=node.function)
        base = {name: np.asarray(x) for name, (x, _) in zip(names, bounded, strict=True)}
        bound = FUNCTION * np.abs(value) + self.underflow
        for name, (x, error) in zip(names, bounded, strict=True):
            # As far as it may be off; where that is far, a wave could be back where it was.
            far = self.epsilon * float(np.max(error, initial=0.0)) > FAR
            for side in (-1.0, 1.0, *(WAYS if far else ())):
                moved = x + side * self.epsilon * error
                for kink in _jumps(node, name, base):
                    moved = np.where((x > kink) == (moved > kink), moved, x)
                there = self.value(function, base | {name: moved})
                bound = bound + np.abs(there - value) / self.epsilon
        return bound


def _jumps(node: Expr, name: str, values: Mapping[str, Values]) -> list[Any]:
    """Return where a derivative jumps, for one argument: kinks are looked after apart."""
    if node.op is Op.WHERE_POSITIVE:
        return [0.0] if name == "_0" else []
    kinks = node.function.kinks if node.function is not None else ()
    if node.op not in (Op.LOSS, Op.LOSS_DERIVATIVE):
        return list(kinks)
    return [values["_1"] + kink for kink in kinks] if name == "_0" else []


def _of_product(on: _Analysis, node: Expr, value: Values, left: Bounded, right: Bounded) -> Values:
    # The product of both errors counts too: where both factors cancelled to 0, it is all there is.
    (a, ea), (b, eb) = left, right
    wide = np.abs(b) + on.epsilon * eb
    if node.op is Op.HADAMARD:
        return np.asarray(ea * wide + np.abs(a) * eb + np.abs(value) + on.underflow)
    terms = a.shape[1]
    summands = growth(terms) * (np.abs(a) @ np.abs(b)) + terms * on.underflow
    return np.asarray(ea @ wide + np.abs(a) @ eb + summands)


def _of_sum(_: _Analysis, _node: Expr, value: Values, left: Bounded, right: Bounded) -> Values:
    return np.asarray(left[1] + right[1] + np.abs(value))


def _of_scale(analysis: _Analysis, node: Expr, value: Values, arg: Bounded) -> Values:
    factor = abs(node.coefficient.value(analysis.constants))
    return np.asarray(factor * arg[1] + 2 * np.abs(value) + analysis.underflow)


def _over(axis: int | None) -> Callable[..., Values]:
    def bound(_: _Analysis, _node: Expr, _value: Values, arg: Bounded) -> Values:
        x, error = arg
        terms = x.size if axis is None else x.shape[axis]
        summands = error + growth(terms) * np.abs(x)
        return np.asarray(np.sum(summands, axis=axis, keepdims=axis is not None))

    return bound


def _of_softmax(on: _Analysis, _node: Expr, value: Values, arg: Bounded) -> Values:
    # p grows at most by exp(e + max e), where e is the error of z; and never beyond 1. For small
    # errors that is p (e + max e); for large ones, as of z = 1e7 in float32, p is anything.
    _, error = arg
    shift = on.epsilon * (error + np.max(error, axis=0, keepdims=True))
    grown = np.maximum(value, on.epsilon * on.underflow) * np.expm1(np.minimum(shift, LARGE))
    moved = np.minimum(grown, 1.0) / on.epsilon
    return np.asarray(moved + value * (FUNCTION + growth(len(value))) + on.underflow)


def _of_log_softmax(on: _Analysis, _node: Expr, value: Values, arg: Bounded) -> Values:
    # ∂(log p)/∂z = 1 − pᵀ: the error of z, and the mean of all errors weighed by p
    _, error = arg
    mean = np.sum(np.exp(value) * error, axis=0, keepdims=True)
    return np.asarray(error + mean + FUNCTION * np.abs(value) + growth(len(value)) + on.underflow)


ENTRYWISE = OPERATIONS_OF_NUMBERS | {Op.SQUARE, Op.APPLY, Op.LOSS}
"""Functions of single entries, which are bounded by moving their arguments."""

_BOUNDS: Mapping[Op, Callable[..., Values]] = {
    Op.MATMUL: _of_product,
    Op.HADAMARD: _of_product,
    Op.TRANSPOSE: lambda _, _node, _value, arg: arg[1].T,
    Op.ADD: _of_sum,
    Op.SUBTRACT: _of_sum,
    Op.SCALE: _of_scale,
    Op.SPREAD: lambda _, _node, value, arg: np.broadcast_to(arg[1], value.shape),
    Op.SUM: _over(None),
    Op.SUM_EXAMPLES: _over(1),
    Op.SUM_UNITS: _over(0),
    Op.SOFTMAX: _of_softmax,
    Op.LOG_SOFTMAX: _of_log_softmax,
}
