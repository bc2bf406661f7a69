"""How a change of an operation's result passes back to each of its arguments.

One row per operation. Given the node and ``g`` = ∂C/∂(result), a row returns ∂C/∂(argument) for
every argument. All rows obey one law: what a row does to ``g`` is the *transpose* of the
Jacobian of the operation. The tests hold each row to it by differences of the operation alone,
and name the row that is missing when somebody adds an operation to `expr.Op`.

This table is all that the derivation knows of calculus beside the derivatives of the named
functions. Next to read: `derive`, which sweeps it backwards over the forward equations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chainrule import expr, notation
from chainrule.activations import Activation
from chainrule.costs import Cost
from chainrule.expr import Expr, Op
from chainrule.render import text

Backward = Callable[[Expr, Expr], tuple[Expr | None, ...]]
Reason = Callable[[Expr, int], str]


@dataclass(frozen=True)
class Rule:
    """One row.

    Parameters
    ----------
    backward : callable
        Takes the node and ∂C/∂(its result), returns ∂C/∂(each argument); ``None`` for an
        argument that is data and never asked for.
    reason : callable
        Takes the node and the place of an argument, returns why, in words of the textbook;
        an empty text where nothing needs saying.
    """

    backward: Backward
    reason: Reason = lambda _node, _place: ""


def _say(*sentences: str) -> Reason:
    """Return the sentence of an argument's place, with the names of all arguments put in."""
    return lambda node, place: sentences[place].format(*map(text.inline, node.args))


def _through_function(node: Expr, _place: int) -> str:
    row = node.function
    assert row is not None
    start = f"through {row.symbol}, unit by unit"
    if isinstance(row, Activation) and row.derivative and not row.derivative_of_value:
        return f"{start}; {row.symbol}′(z) = {text.inline(row.derivative)}"
    return start


def _through_cost(node: Expr, _place: int) -> str:
    return node.function.derivative_reason if isinstance(node.function, Cost) else ""


def _through_product(node: Expr, place: int) -> str:
    left, right = node.args
    if {left.op, right.op} != {Op.SYMBOL}:
        return "a matrix product passes back through the transpose of the other factor"
    weights, inputs = text.inline(left), text.inline(right)
    if place == 0:
        return (
            f"{weights}[i,j] meets {inputs}[j] in every example: "
            f"the product with {inputs}ᵀ adds them up"
        )
    layer = notation.split(left.name)[1]
    return f"{inputs}[j] acts through every unit i of layer {layer}: down the column j of {weights}"


def _through_hadamard(node: Expr, place: int) -> str:
    other = node.args[1 - place]
    masked = other.op is Op.SYMBOL and notation.is_mask(other.name)
    return "a unit that is left out passes nothing back" if masked else ""


def _undo_spread(node: Expr, g: Expr) -> Expr:
    """Sum over whatever `node` spread its argument: examples, units, or both."""
    (arg,) = node.args
    if arg.shape == ():
        return expr.total(g)
    if arg.shape[1] != node.shape[1]:
        g = expr.sum_examples(g)
    if arg.shape[0] != node.shape[0]:
        g = expr.sum_units(g)
    return g


def _through_softmax(node: Expr, g: Expr) -> Expr:
    p = expr.softmax(node.args[0])
    return p * (g - expr.spread(expr.sum_units(g * p), g.shape))


def _through_log_softmax(node: Expr, g: Expr) -> Expr:
    return g - expr.softmax(node.args[0]) * expr.spread(expr.sum_units(g), g.shape)


def _function(node: Expr) -> expr.Function:
    assert node.function is not None
    return node.function


RULES: Mapping[Op, Rule] = {
    Op.MATMUL: Rule(
        lambda node, g: (g @ node.args[1].T, node.args[0].T @ g),
        _through_product,
    ),
    Op.TRANSPOSE: Rule(lambda _node, g: (g.T,)),
    Op.HADAMARD: Rule(
        lambda node, g: (g * node.args[1], node.args[0] * g),
        _through_hadamard,
    ),
    Op.ADD: Rule(lambda _node, g: (g, g)),
    Op.SUBTRACT: Rule(lambda _node, g: (g, -g)),
    Op.SCALE: Rule(lambda node, g: (expr.scale(node.coefficient, g),)),
    Op.SQUARE: Rule(
        lambda node, g: (g * (2 * node.args[0]),),
        _say("the slope of {0}² is 2 {0}"),
    ),
    Op.SPREAD: Rule(
        lambda node, g: (_undo_spread(node, g),),
        _say("{0} is added to every example's column: the changes add up"),
    ),
    Op.SUM: Rule(lambda node, g: (expr.spread(g, node.args[0].shape),)),
    Op.SUM_EXAMPLES: Rule(lambda node, g: (expr.spread(g, node.args[0].shape),)),
    Op.SUM_UNITS: Rule(lambda node, g: (expr.spread(g, node.args[0].shape),)),
    Op.APPLY: Rule(
        lambda node, g: (g * expr.derivative(_function(node), node.args[0]),),
        _through_function,
    ),
    Op.LOSS: Rule(
        lambda node, g: (g * expr.loss_derivative(_function(node), *node.args), None),
        _through_cost,
    ),
    Op.SOFTMAX: Rule(
        lambda node, g: (_through_softmax(node, g),),
        _say("through softmax: every unit of {0} moves every output of its example"),
    ),
    Op.LOG_SOFTMAX: Rule(lambda node, g: (_through_log_softmax(node, g),)),
}
