"""Law: a person's cost is judged on its own terms, however it differs from the network's.

Costs with kinks of their own, with a penalty of their own, not defined everywhere, of any scale.
The gradients are written by hand here, for one layer a = f(W x + b).
"""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import ChainruleError, Network, Parameters, check

ONE_LAYER = Network([3, 2], activation="identity", cost="squared_error")


def one_layer(examples, seed):
    rng = np.random.default_rng(seed)
    params = ONE_LAYER.initialize(rng, scheme="normal", scale=1.0)
    x, y = rng.standard_normal((3, examples)), rng.standard_normal((2, examples))
    return params, x, y


def residuals(params, x, y):
    return params["W1"] @ x + params["b1"] - y


ABSOLUTE = (np.abs, np.sign)
HUBER = (
    lambda r: np.where(np.abs(r) < 0.5, r**2 / 2, 0.5 * (np.abs(r) - 0.25)),
    lambda r: np.clip(r, -0.5, 0.5),
)
QUANTILE = (
    lambda r: np.where(r > 0, 0.2 * r, -0.8 * r),
    lambda r: np.where(r > 0, 0.2, -0.8),
)


def cost_and_gradients(loss, slope, small):
    def shrunk(params, x, y):  # residuals of any size, as near an optimum
        return small * residuals(params, x, y)

    def cost(params, x, y):
        return np.sum(loss(shrunk(params, x, y))) / x.shape[1]

    def delta(params, x, y):
        return small * slope(shrunk(params, x, y)) / x.shape[1]

    return cost, {
        "W1": lambda params, x, y: delta(params, x, y) @ x.T,
        "b1": lambda params, x, y: np.sum(delta(params, x, y), axis=1, keepdims=True),
    }


@pytest.mark.parametrize("small", [1.0, 1e-3, 1e3])
@pytest.mark.parametrize("pair", [ABSOLUTE, HUBER, QUANTILE], ids=["absolute", "huber", "quantile"])
@pytest.mark.parametrize("examples", [1, 7, 60])
def test_costs_with_kinks_raise_no_false_alarm(pair, examples, small):
    cost, gradients = cost_and_gradients(*pair, small)
    decided = 0
    for seed in range(8):
        params, x, y = one_layer(examples, seed)
        report = check(ONE_LAYER, params, x, y, gradients, cost)
        assert report.passed, str(report)
        decided += sum(
            entry.elements - entry.undecidable - entry.kinks for entry in report.values()
        )
    assert decided > 8 * 8 * 0.5


@pytest.mark.parametrize("pair", [ABSOLUTE, HUBER], ids=["absolute", "huber"])
def test_mistakes_in_costs_with_kinks_are_seen(pair):
    cost, gradients = cost_and_gradients(*pair, 1.0)
    params, x, y = one_layer(7, 3)
    doubled = {name: 2 * gradient(params, x, y) for name, gradient in gradients.items()}
    report = check(ONE_LAYER, params, x, y, doubled, cost)
    assert {entry.verdict for entry in report.values()} == {"wrong"}


@pytest.mark.parametrize("factor", [3.0, -1.0, 1 + 1e-4])
def test_penalty_of_their_own_is_seen_where_our_gradient_vanishes(factor):
    params, x, _ = one_layer(5, 0)
    y = ONE_LAYER.forward(params, x)  # our cost is at its minimum

    def cost(params, x, y):
        return np.sum(residuals(params, x, y) ** 2) / x.shape[1] + 0.1 * np.sum(params["W1"] ** 2)

    right = 0.2 * params.W1
    assert check(ONE_LAYER, params, x, y, {"W1": right}, cost)["W1"].verdict == "right"
    assert check(ONE_LAYER, params, x, y, {"W1": factor * right}, cost)["W1"].verdict == "wrong"


def test_a_cost_that_ends_beside_the_point_is_no_alarm():
    """log(b) at b = 1e-5: steps to the other side of 0 are not defined."""
    net = Network([1, 1], activation="identity", cost="squared_error")
    params = Parameters.from_arrays(W1=[[0.0]], b1=[[1e-5]])
    x, y = np.array([[0.0]]), np.array([[1.0]])

    def cost(params, x, y):
        a = params["W1"] @ x + params["b1"]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sum(a - y * np.log(a))

    right = {"b1": np.array([[1 - 1 / 1e-5]])}
    report = check(net, params, x, y, right, cost)
    assert report.passed
    wrong = {"b1": 2 * right["b1"]}
    assert check(net, params, x, y, wrong, cost)["b1"].verdict in ("wrong", "undecidable")


def test_jumps_of_two_units_at_their_kinks_do_not_cancel():
    """|z| as relu(z) − (−relu(−z)): seen from above by both units, the slopes would add to 0."""
    net = Network([1, 2, 1], activation=["relu", "identity"], cost="squared_error")
    params = Parameters.from_arrays(W1=[[1], [-1]], b1=[[0], [0]], W2=[[1, -1]], b2=[[0]])
    report = check(net, params, [[0.0]], [[0.7]])
    assert report["b1"].verdict == "not differentiable"
    same = Parameters.from_arrays(W1=[[1], [1]], b1=[[0], [0]], W2=[[1, -1]], b2=[[0]])
    assert check(net, same, [[0.0]], [[0.7]])["b1"].verdict == "not differentiable"


def test_weights_above_a_unit_at_its_kink_are_judged():
    net = Network([1, 1, 1], activation=["relu", "identity"], cost="squared_error")
    params = Parameters.from_arrays(W1=[[1]], b1=[[0]], W2=[[2]], b2=[[0]])
    x, y = [[0.0]], [[0.7]]
    assert check(net, params, x, y)["W2"].verdict == "right"
    claim = {"W2": np.array([[5.0]])}  # the unit is 0: its weight changes nothing
    assert check(net, params, x, y, claim)["W2"].verdict == "wrong"


def three_layers():
    net = Network([4, 5, 3], activation="tanh", cost="squared_error")
    rng = np.random.default_rng(0)
    params = net.initialize(1)
    return net, params, rng.normal(size=(4, 7)), rng.uniform(size=(3, 7))


COARSE = {
    "float32 inside": lambda net: (
        lambda p, x, y: float(net.cost(p.astype("f4"), x.astype("f4"), y.astype("f4")))
    ),
    "six digits": lambda net: lambda p, x, y: round(net.cost(p, x, y), 6),
    "nine digits": lambda net: lambda p, x, y: round(net.cost(p, x, y), 9),
}


@pytest.mark.parametrize("kind", COARSE)
def test_a_cost_that_is_coarser_than_it_looks_raises_no_false_alarm(kind):
    net, params, x, y = three_layers()
    cost = COARSE[kind](net)
    for dtype in ("f8", "f4"):
        report = check(net, params.astype(dtype), x, y, cost=cost)
        assert report.passed, str(report)
    _, jacobians = net.value_and_grad(params, x, y)
    assert not check(net, params, x, y, {"W2": 7 * jacobians.W2}, cost).passed


def test_a_cost_that_is_not_the_same_twice_is_no_alarm_and_said():
    net, params, x, y = three_layers()
    rng = np.random.default_rng(0)
    report = check(net, params, x, y, cost=lambda *at: net.cost(*at) + 1e-3 * rng.normal())
    assert report.passed
    assert any("not the same twice" in remark for remark in report.remarks)


def test_what_one_glance_shows_is_said():
    net = Network([3, 3], activation="sigmoid", cost="squared_error")
    params = net.initialize(0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 7)), rng.uniform(size=(3, 7))
    _, right = net.value_and_grad(params, x, y)
    report = check(net, params, x, y, {"W1": right.W1.T, "b1": 7 * right.b1})
    assert "transposed, it would be right" in report["W1"].sentence
    assert "every element is 7 times" in report["b1"].sentence


def test_a_cost_that_raises_is_quoted_with_its_line():
    net, params, x, y = three_layers()

    def broken(params, x, y):
        return 1 / 0

    with pytest.raises(ChainruleError, match=r"ZeroDivisionError.*line \d+ of test_check_of_other"):
        check(net, params, x, y, cost=broken)
    with pytest.raises(ChainruleError, match="cannot be called as f"):
        check(net, params, x, y, cost=lambda params: 0.0)


def test_a_report_tells_passed_from_decided():
    net, params, x, y = three_layers()
    zeros = {name: np.zeros_like(view) for name, view in params.items()}
    report = check(net, params, x, y, zeros, lambda *at: np.float32(1 + 1e-6 * net.cost(*at)))
    assert not report.decided
    assert report.summary.startswith("nothing decided")
    assert check(net, params, x, y).decided
