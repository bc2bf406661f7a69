"""Law: a rewrite replaces an expression by an equal one. One sample, and one proof, a row.

The sample is where the row must apply; SymPy reads both sides and finds them equal, given the
earlier equations (the facts) and the condition that the row states.
"""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy as sp

from chainrule import expr
from chainrule.activations import ACTIVATIONS
from chainrule.coefficient import ONE, Coefficient
from chainrule.costs import COSTS
from chainrule.elementary import log
from chainrule.expr import Op
from chainrule.rewrites import REWRITES, Facts, rewrite
from chainrule.rules import RULES
from symbolic import Reading, symbols

ROWS = {row.name: row for row in REWRITES}
X, Y, Z = (expr.symbol(name, (2, "m")) for name in "xyz")
A = expr.symbol("a1", (2, "m"))
G = expr.symbol("dC_da1", (2, "m"))
HALF = Coefficient(Fraction(1, 2))
THIRD = Coefficient(Fraction(1, 3), (("m", -1),))
SIGMOID, TANH = ACTIVATIONS["sigmoid"], ACTIVATIONS["tanh"]


def _pair(cost, output):
    """∂C/∂a passed back through an output activation, and what is known by then."""
    value = output.of(Z)
    facts = {"a1": value, "dC_da1": expr.scale(THIRD, expr.loss_derivative(COSTS[cost], A, Y))}
    return RULES[value.op].backward(value, G)[0], facts


SAMPLES = {
    "known_value": (expr.square(expr.apply(TANH, Z)), {"a1": expr.apply(TANH, Z)}),
    "cost_through_output": _pair("binary_cross_entropy", SIGMOID),
    "log_of_sigmoid": (log(A) + log(1 - A), {"a1": expr.apply(SIGMOID, Z)}),
    "log_of_exp": (log(A), {"a1": expr.apply(ACTIVATIONS["exp"], Z)}),
    "log_of_softmax": (log(A), {"a1": expr.softmax(Z)}),
    "derivative_of_value": (expr.derivative(SIGMOID, Z), {"a1": expr.apply(SIGMOID, Z)}),
    "cost_written_out": (expr.loss(COSTS["squared_error"], X, Y), {}),
    "cost_derivative_written_out": (expr.loss_derivative(COSTS["squared_error"], X, Y), {}),
    "scale_of_constant": (expr.scale(HALF, expr.constant(3)), {}),
    "spread_of_constant": (expr.spread(expr.constant(3), (2, "m")) * X, {}),
    "product_with_constant": (expr.constant(3) * X, {}),
    "scale_by_one": (expr.scale(ONE, X), {}),
    "scale_of_scale": (expr.scale(HALF, expr.scale(THIRD, X)), {}),
    "scale_out_of_product": (expr.scale(HALF, X) * expr.scale(THIRD, Y), {}),
    "scale_out_of_sum": (expr.total(expr.scale(THIRD, X)), {}),
    "common_factor": (expr.scale(HALF, X) + expr.scale(HALF, Y), {}),
}


def law_value_is_kept(name, sample, targets_sum_to_one=False):
    node, facts = sample
    changed, _ = rewrite(node, Facts(facts), (ROWS[name],))
    assert changed != node, "the row does not apply to its own sample"
    reading = Reading(examples=1)
    values = {key: symbols(key, 2, 1) for key in "xyz"}
    if targets_sum_to_one:
        y = sp.Symbol("y")
        values["y"] = sp.ImmutableDenseMatrix([y, 1 - y])
    for key, definition in facts.items():
        values[key] = reading.of(definition, values)
    difference = as_matrix(reading.of(node, values)) - as_matrix(reading.of(changed, values))
    for entry in difference:
        assert sp.simplify(sp.expand_log(entry, force=True)) == 0


def as_matrix(value):
    return value if isinstance(value, sp.MatrixBase) else sp.ImmutableDenseMatrix([value])


@pytest.mark.parametrize("name", SAMPLES)
def test_rewrite_keeps_value(name):
    law_value_is_kept(name, SAMPLES[name])


def test_shortcut_through_softmax_keeps_value_where_targets_sum_to_one():
    sample = _pair("categorical_cross_entropy", ACTIVATIONS["softmax"])
    law_value_is_kept("cost_through_output", sample, targets_sum_to_one=True)


def test_every_rewrite_has_a_sample():
    assert set(SAMPLES) == set(ROWS)


def test_shortcut_is_left_alone_where_cost_and_output_are_no_pair():
    for cost in ("squared_error", "binary_cross_entropy"):
        node, facts = _pair(cost, TANH)
        assert rewrite(node, Facts(facts), (ROWS["cost_through_output"],))[0] == node


def test_known_value_is_not_taken_from_a_later_equation():
    assert rewrite(expr.apply(TANH, Z), Facts({}), REWRITES)[0].op is Op.APPLY
