"""Law: a cost is a mean over the examples. Two changes tell, which no gradient check can see.

Giving every example twice leaves a mean as it is, and so does an input with zero weights. What
changes the cost is remarked on as cost_normalisation, and never makes a right Jacobian wrong.
"""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import Network, check

SIZES = (5, 3, 2, 2)
TWICE, WIDER = "repeating the examples", "appending an input with zero weights"


def output(params, x):
    a = x
    for layer in range(1, len(SIZES)):
        a = 1 / (1 + np.exp(-(params[f"W{layer}"] @ a + params[f"b{layer}"])))
    return a


def squares(params, x, y):
    return np.linalg.norm(output(params, x) - y) ** 2


def notebook(examples=1, l2=0.0):
    """The network of the notebook; inputs and targets for some examples."""
    net = Network(SIZES, activation="sigmoid", cost="squared_error", l2=l2)
    rng = np.random.RandomState(123)
    params = net.initialize(rng, scheme="normal", scale=0.5)
    return net, params, rng.rand(5, examples), rng.rand(2, examples)


def remarks_on(cost, examples=1, factor=1.0, l2=0.0):
    """Remarks on a cost that is `factor` times ours; its Jacobians are right."""
    net, params, x, y = notebook(examples, l2)
    assert cost(params, x, y) == pytest.approx(factor * net.cost(params, x, y), rel=1e-6)
    _, jacobians = net.value_and_grad(params, x, y)
    claimed = {name: factor * J for name, J in jacobians.items()}
    report = check(net, params, x, y, claimed, cost)
    assert report.passed
    assert {entry.verdict for entry in report.values()} == {"right"}
    for remark in report.remarks:
        assert remark in str(report)
    return report.remarks


@pytest.mark.parametrize("examples", [1, 3])
def test_division_by_the_size_of_x_is_remarked_on(examples):
    """The notebook's cost: the number of array elements stands for that of the examples."""
    remarks = remarks_on(lambda p, x, y: squares(p, x, y) / x.size, examples, factor=1 / 5)
    assert len(remarks) == 1
    assert "cost_normalisation" in remarks[0]
    assert WIDER in remarks[0]


@pytest.mark.parametrize("examples", [1, 3])
def test_a_mean_over_the_examples_gets_no_remark(examples):
    assert remarks_on(lambda p, x, y: squares(p, x, y) / x.shape[1], examples) == ()


@pytest.mark.parametrize("examples", [1, 4])
def test_a_mean_over_outputs_too_gets_no_remark(examples):
    def cost(p, x, y):
        return np.mean((output(p, x) - y) ** 2)

    assert remarks_on(cost, examples, factor=1 / 2) == ()


@pytest.mark.parametrize("examples", [1, 4])
def test_a_sum_over_the_examples_is_remarked_on(examples):
    remarks = remarks_on(squares, examples, factor=examples)
    assert len(remarks) == 1
    assert "cost_normalisation" in remarks[0]
    assert TWICE in remarks[0]


def test_division_by_the_number_of_inputs_and_no_mean_gets_both_remarks():
    remarks = remarks_on(lambda p, x, y: squares(p, x, y) / x.shape[0], 3, factor=3 / 5)
    assert [TWICE in remarks[0], WIDER in remarks[1]] == [True, True]
    assert all("cost_normalisation" in remark for remark in remarks)


def test_a_penalty_beside_the_mean_gets_no_remark():
    def cost(params, x, y):
        penalty = sum(np.sum(params[f"W{layer}"] ** 2) for layer in (1, 2, 3))
        return squares(params, x, y) / x.shape[1] + 0.35 * penalty

    assert remarks_on(cost, 3, l2=0.7) == ()


def test_a_remark_says_both_values():
    _, params, x, y = notebook(3)
    (remark,) = remarks_on(squares, 3, factor=3)
    assert f"{squares(params, x, y):.6g}" in remark
    assert f"{2 * squares(params, x, y):.6g}" in remark


def test_a_cost_that_cannot_take_other_sizes_says_so():
    def fixed(params, x, y):
        if x.shape != (5, 3):
            raise ValueError("five inputs and three examples, please")
        return squares(params, x, y) / 3

    remarks = remarks_on(fixed, 3)
    assert len(remarks) == 2
    for change, remark in zip((TWICE, WIDER), remarks, strict=True):
        assert change in remark
        assert "could not be tried" in remark
        assert "five inputs and three examples, please" in remark
        assert "cost_normalisation" not in remark


def test_a_cost_in_float32_over_many_examples_gets_no_remark():
    net, params, x, y = notebook(997)

    def cost(params, x, y):
        a = output({name: np.float32(view) for name, view in params.items()}, np.float32(x))
        return np.mean(np.sum((a - np.float32(y)) ** 2, axis=0))

    assert cost(params, x, y).dtype == np.float32
    _, jacobians = net.value_and_grad(params, x, y)
    assert check(net, params, x, y, {"b3": jacobians.b3}, cost).remarks == ()


def test_a_cost_of_zero_gets_no_remark():
    net, params, x, _ = notebook(3)
    y = output(params, x)
    claimed = {"b3": np.zeros((2, 1))}
    report = check(net, params, x, y, claimed, lambda p, x, y: squares(p, x, y) / x.shape[1])
    assert report.passed
    assert report.remarks == ()


def test_our_own_cost_gets_no_remark():
    net, params, x, y = notebook(3)
    assert check(net, params, x, y).remarks == ()


def test_the_remark_is_no_verdict_and_mistakes_are_still_seen():
    net, params, x, y = notebook(3)
    _, jacobians = net.value_and_grad(params, x, y)
    claimed = {name: J / 5 for name, J in jacobians.items()} | {"W2": jacobians.W2}
    report = check(net, params, x, y, claimed, lambda p, x, y: squares(p, x, y) / x.size)
    assert {entry.name for entry in report.values() if entry.verdict == "wrong"} == {"W2"}
    assert "cost_normalisation" in "".join(report.remarks)
