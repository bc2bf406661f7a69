"""Law: what a rule does to g is the transpose of the Jacobian of the operation.

For every operation and argument, ⟨g, J v⟩ = ⟨Jᵀ g, v⟩ for random g and v, where J v is measured
by a complex step through the operation alone. The tables over operations have no missing row.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from chainrule import expr
from chainrule.activations import ACTIVATIONS
from chainrule.arithmetic import NUMERICS
from chainrule.coefficient import Coefficient
from chainrule.costs import COSTS
from chainrule.differences import COMPLEX_STEP
from chainrule.equation import Equation
from chainrule.evaluate import _BODIES, Plan
from chainrule.expr import LEAVES, OPERATIONS_OF_NUMBERS, Op
from chainrule.render.spelling import SPELLING
from chainrule.rules import RULES
from symbolic import READ

M = 4
A = expr.symbol("a", (3, "m"))
B = expr.symbol("b", (3, "m"))
W = expr.symbol("w", (2, 3))
COLUMN = expr.symbol("a", (3, 1))
ROW = expr.symbol("a", (1, "m"))
NUMBER = expr.symbol("a", ())

SAMPLES = {
    Op.MATMUL: [W @ A],
    Op.TRANSPOSE: [A.T],
    Op.HADAMARD: [A * B],
    Op.ADD: [A + B],
    Op.SUBTRACT: [A - B],
    Op.SCALE: [expr.scale(Coefficient(Fraction(-3, 2), (("m", -1),)), A)],
    Op.SQUARE: [expr.square(A)],
    Op.SPREAD: [
        expr.spread(COLUMN, A.shape),
        expr.spread(ROW, A.shape),
        expr.spread(NUMBER, A.shape),
    ],
    Op.SUM: [expr.total(A)],
    Op.SUM_EXAMPLES: [expr.sum_examples(A)],
    Op.SUM_UNITS: [expr.sum_units(A)],
    Op.APPLY: [expr.apply(ACTIVATIONS["tanh"], A)],
    Op.LOSS: [expr.loss(COSTS["squared_error"], A, B)],
    Op.SOFTMAX: [expr.softmax(A)],
    Op.LOG_SOFTMAX: [expr.log_softmax(A)],
}
NODES = [node for nodes in SAMPLES.values() for node in nodes]


def dims(node):
    return tuple(M if dim == "m" else dim for dim in node.shape)


def value(node, values):
    plan = Plan([Equation("value", node)], ["value"], complex_step=True)
    return np.asarray(plan(values, {"m": M})[0])


def law_rule_is_transpose(node):
    rng = np.random.default_rng(7)
    values = {arg.name: rng.standard_normal(dims(arg)) for arg in node.args}
    g = rng.standard_normal(dims(node))
    backward = RULES[node.op].backward(node, expr.symbol("g", node.shape))
    assert len(backward) == len(node.args)
    for arg, back in zip(node.args, backward, strict=True):
        if back is None:
            assert arg is node.args[-1], "only targets are data"
            continue
        v = rng.standard_normal(dims(arg))
        moved = {name: array.astype(complex) for name, array in values.items()}
        moved[arg.name] = moved[arg.name] + 1j * COMPLEX_STEP * v
        forward = np.sum(g * value(node, moved).imag / COMPLEX_STEP)
        complex_values = {name: array.astype(complex) for name, array in values.items()}
        found = value(back, complex_values | {"g": g}).real
        assert found.shape == dims(arg) == tuple(M if d == "m" else d for d in back.shape)
        np.testing.assert_allclose(np.sum(found * v), forward, rtol=1e-12)


@pytest.mark.parametrize("node", NODES, ids=lambda node: f"{node.op.value}-{node.args[0].shape}")
def test_backward_rule_is_transpose_of_jacobian(node):
    law_rule_is_transpose(node)


def test_every_operation_of_matrices_has_a_rule_and_a_sample():
    wanted = set(Op) - LEAVES - OPERATIONS_OF_NUMBERS
    assert set(RULES) == wanted
    assert set(SAMPLES) == wanted


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("evaluate", set(NUMERICS) | set(_BODIES) | LEAVES),
        ("render.spelling", set(SPELLING)),
        ("the symbolic reading of the tests", set(READ)),
    ],
)
def test_every_operation_has_a_row_in_every_reading(table, rows):
    assert set(Op) - rows == set(), f"rows missing in {table}"
