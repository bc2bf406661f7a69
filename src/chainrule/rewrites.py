"""Named rewrites: from what the sweep produces to what a textbook prints and a machine can trust.

A rewrite is a row with a name, the equality that it uses, the condition under which it holds,
and a function that returns the new expression or ``None``. Each row is proved by a test, and
nothing else in the package simplifies anything. There are three kinds:

- *tidying*, which moves constants to the front;
- *writing out*, which puts a named function's expression, or the name of a known value, in place;
- *stable forms*, without which cost or Jacobians would overflow or divide zero by zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chainrule import expr
from chainrule.activations import SOFTPLUS, Activation
from chainrule.coefficient import ONE
from chainrule.costs import Cost
from chainrule.expr import Expr, Op
from chainrule.render import text
from chainrule.rules import RULES


class Facts:
    """What is known when an equation is rewritten: the earlier equations.

    Parameters
    ----------
    definitions : mapping of str to Expr
        The right-hand side of each, as the sweep produced it, by name.
    """

    def __init__(self, definitions: Mapping[str, Expr] | None = None) -> None:
        self._definitions: dict[str, Expr] = {}
        self._names: dict[Expr, Expr] = {}
        for name, definition in (definitions or {}).items():
            self.learn(name, definition)

    def learn(self, name: str, definition: Expr) -> None:
        """Add an equation."""
        self._definitions[name] = definition
        self._names.setdefault(definition, expr.symbol(name, definition.shape))

    def defined_as(self, node: Expr) -> Expr | None:
        """Return the right-hand side that a symbol stands for, if an equation defines it."""
        return self._definitions.get(node.name) if node.op is Op.SYMBOL else None

    def name_of(self, value: Expr) -> Expr | None:
        """Return the symbol of the equation whose right-hand side is `value`, if there is one."""
        return self._names.get(value)


@dataclass(frozen=True)
class Rewrite:
    """One row.

    Parameters
    ----------
    name : str
        Its name.
    equality : str
        What it replaces by what, and when that holds.
    apply : callable
        Takes an expression and `Facts`; returns the new expression, or ``None`` where the row
        has nothing to say.
    reason : callable, optional
        Takes the expression that was replaced, and `Facts`; returns what a derivation says.
    """

    name: str
    equality: str
    apply: Callable[[Expr, Facts], Expr | None]
    reason: Callable[[Expr, Facts], str] = lambda _node, _facts: ""


def rewrite(node: Expr, facts: Facts, rows: tuple[Rewrite, ...]) -> tuple[Expr, list[str]]:
    """Apply rows to an expression, from the outside in, until none applies any more.

    Returns
    -------
    (Expr, list of str)
        The expression and the reasons of the rows that had one, in the order of use.
    """
    reasons: list[str] = []
    return _rewrite(node, facts, rows, reasons), reasons


def _rewrite(node: Expr, facts: Facts, rows: tuple[Rewrite, ...], reasons: list[str]) -> Expr:
    while True:
        for row in rows:
            changed = row.apply(node, facts)
            if changed is not None:
                reason = row.reason(node, facts)
                if reason and reason not in reasons:
                    reasons.append(reason)
                node = changed
                break
        else:
            inside = node.map(lambda arg: _rewrite(arg, facts, rows, reasons))
            if inside == node:
                return node
            node = inside


# tidying ------------------------------------------------------------------------------------


def _scale_of_constant(node: Expr, _facts: Facts) -> Expr | None:
    if node.op is Op.SCALE and node.args[0].op is Op.CONSTANT:
        product = node.coefficient * node.args[0].coefficient
        return Expr(Op.CONSTANT, (), (), coefficient=product)
    return None


def _spread_of_constant(node: Expr, _facts: Facts) -> Expr | None:
    if node.op is Op.SPREAD and node.args[0].op is Op.CONSTANT:
        return node.args[0]
    return None


def _product_with_constant(node: Expr, _facts: Facts) -> Expr | None:
    if node.op is Op.HADAMARD:
        for factor, other in (node.args, node.args[::-1]):
            if factor.op is Op.CONSTANT:
                return expr.scale(factor.coefficient, other)
    return None


def _scale_by_one(node: Expr, _facts: Facts) -> Expr | None:
    return node.args[0] if node.op is Op.SCALE and node.coefficient == ONE else None


def _scale_of_scale(node: Expr, _facts: Facts) -> Expr | None:
    if node.op is Op.SCALE and node.args[0].op is Op.SCALE:
        inner = node.args[0]
        return expr.scale(node.coefficient * inner.coefficient, inner.args[0])
    return None


def _scale_out_of_product(node: Expr, _facts: Facts) -> Expr | None:
    if node.op is Op.HADAMARD:
        left, right = node.args
        if left.op is Op.SCALE:
            return expr.scale(left.coefficient, left.args[0] * right)
        if right.op is Op.SCALE:
            return expr.scale(right.coefficient, left * right.args[0])
    return None


def _scale_out_of_sum(node: Expr, _facts: Facts) -> Expr | None:
    if node.op is Op.SUM and node.args[0].op is Op.SCALE:
        inner = node.args[0]
        return expr.scale(inner.coefficient, expr.total(inner.args[0]))
    return None


def _common_factor(node: Expr, _facts: Facts) -> Expr | None:
    if node.op is Op.ADD:
        left, right = node.args
        if left.op is right.op is Op.SCALE and left.coefficient == right.coefficient:
            return expr.scale(left.coefficient, left.args[0] + right.args[0])
    return None


# writing out --------------------------------------------------------------------------------


def _cost_written_out(node: Expr, _facts: Facts) -> Expr | None:
    row = node.function
    if node.op is Op.LOSS and row is not None and row.value is not None and row.stable is None:
        return expr.written_out(node, row.value)
    return None


def _cost_derivative_written_out(node: Expr, _facts: Facts) -> Expr | None:
    row = node.function
    if node.op is Op.LOSS_DERIVATIVE and row is not None and row.derivative is not None:
        return expr.written_out(node, row.derivative)
    return None


def _known_value(node: Expr, facts: Facts) -> Expr | None:
    return None if node.op in expr.LEAVES else facts.name_of(node)


def _derivative_of_value(node: Expr, facts: Facts) -> Expr | None:
    row = node.function
    if node.op is Op.DERIVATIVE and isinstance(row, Activation) and row.derivative_of_value:
        value = facts.name_of(expr.apply(row, node.args[0]))
        return expr.substitute(row.derivative_of_value, {"a": value}) if value else None
    return None


def _say_derivative_of_value(node: Expr, _facts: Facts) -> str:
    row = node.function
    assert isinstance(row, Activation)
    assert row.derivative_of_value is not None
    return f"{row.symbol}′(z) = {text.inline(row.derivative_of_value)}"


# stable forms -------------------------------------------------------------------------------


def _log_of_sigmoid(node: Expr, facts: Facts) -> Expr | None:
    if node.op is not Op.LOG:
        return None
    (arg,) = node.args
    z = _argument_of("sigmoid", arg, facts)
    if z is not None:
        return -expr.apply(SOFTPLUS, -z)
    if arg.op is Op.SUBTRACT and arg.args[0] == expr.constant(1):
        z = _argument_of("sigmoid", arg.args[1], facts)
        return -expr.apply(SOFTPLUS, z) if z is not None else None
    return None


def _argument_of(name: str, node: Expr, facts: Facts) -> Expr | None:
    """Return z where `node` names the value of that function at z."""
    value = facts.defined_as(node)
    if value is not None and value.op is Op.APPLY and value.function is not None:
        return value.args[0] if value.function.name == name else None
    return None


def _log_of_exp(node: Expr, facts: Facts) -> Expr | None:
    return _argument_of("exp", node.args[0], facts) if node.op is Op.LOG else None


def _log_of_softmax(node: Expr, facts: Facts) -> Expr | None:
    value = facts.defined_as(node.args[0]) if node.op is Op.LOG else None
    if value is not None and value.op is Op.SOFTMAX:
        return expr.log_softmax(value.args[0])
    return None


def _cost_through_output(node: Expr, facts: Facts) -> Expr | None:
    found = _shortcut(node, facts)
    return found[0] if found else None


def _say_cost_through_output(node: Expr, facts: Facts) -> str:
    found = _shortcut(node, facts)
    return found[1].shortcut_reason if found else ""


def _shortcut(node: Expr, facts: Facts) -> tuple[Expr, Cost] | None:
    """Recognise ∂C/∂a passed back through the output activation, and use the cost's shortcut."""
    for g in _symbols(node):
        outer = facts.defined_as(g)
        found = _find_loss_derivative(outer) if outer is not None else None
        if outer is None or found is None or not isinstance(found.function, Cost):
            continue
        prediction, target = found.args
        output = facts.defined_as(prediction)
        if output is None or found.function.shortcut is None:
            continue
        name = output.function.name if output.function else output.op.value
        if found.function.outputs and name not in found.function.outputs:
            continue
        if RULES[output.op].backward(output, g)[0] == node:
            body = expr.substitute(found.function.shortcut, {"a": prediction, "y": target})
            return _replace(outer, found, body), found.function
    return None


def _symbols(node: Expr) -> list[Expr]:
    if node.op is Op.SYMBOL:
        return [node]
    return [found for arg in node.args for found in _symbols(arg)]


def _find_loss_derivative(node: Expr) -> Expr | None:
    if node.op is Op.LOSS_DERIVATIVE:
        return node
    return next(filter(None, map(_find_loss_derivative, node.args)), None)


def _replace(node: Expr, old: Expr, new: Expr) -> Expr:
    return new if node == old else node.map(lambda arg: _replace(arg, old, new))


REWRITES: tuple[Rewrite, ...] = (
    Rewrite(
        "known_value",
        "an expression that an earlier equation names → its name",
        _known_value,
    ),
    Rewrite(
        "cost_through_output",
        "∂C/∂a back through the output activation → the cost's shortcut, where cost and "
        "activation are a pair and the targets are in the cost's domain",
        _cost_through_output,
        _say_cost_through_output,
    ),
    Rewrite(
        "log_of_sigmoid",
        "log σ(z) → −softplus(−z) and log(1 − σ(z)) → −softplus(z)",
        _log_of_sigmoid,
        lambda _node, _facts: (
            "log σ(z) = −softplus(−z), where softplus(z) = log(1 + exp(z)) is taken at once"
        ),
    ),
    Rewrite(
        "log_of_exp",
        "log(exp(z)) → z",
        _log_of_exp,
        lambda _node, _facts: "log(exp(z)) = z",
    ),
    Rewrite(
        "log_of_softmax",
        "log(softmax(z)) → log softmax(z), taken at once",
        _log_of_softmax,
        lambda _node, _facts: "log softmax(z) = z − log Σ exp(z), taken at once, cannot overflow",
    ),
    Rewrite(
        "derivative_of_value",
        "f′(z) → its expression in a, where a = f(z) is known and the row has one",
        _derivative_of_value,
        _say_derivative_of_value,
    ),
    Rewrite(
        "cost_written_out",
        "c(a, y) → the expression in its row, unless it has a stable form to be computed by",
        _cost_written_out,
    ),
    Rewrite(
        "cost_derivative_written_out",
        "∂c/∂a → the expression in its row",
        _cost_derivative_written_out,
    ),
    Rewrite("scale_of_constant", "c · k → the number c k", _scale_of_constant),
    Rewrite("spread_of_constant", "a constant, spread → the constant", _spread_of_constant),
    Rewrite("product_with_constant", "k ∘ X → k X", _product_with_constant),
    Rewrite("scale_by_one", "1 X → X", _scale_by_one),
    Rewrite("scale_of_scale", "c (d X) → (c d) X", _scale_of_scale),
    Rewrite("scale_out_of_product", "(c X) ∘ Y → c (X ∘ Y)", _scale_out_of_product),
    Rewrite("scale_out_of_sum", "Σ c X → c Σ X", _scale_out_of_sum),
    Rewrite("common_factor", "c X + c Y → c (X + Y)", _common_factor),
)
