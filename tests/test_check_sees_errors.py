"""Law: a wrong Jacobian gets the verdict wrong, each by itself, and nothing else does.

Mistakes are planted into a backward pass written by hand in plain NumPy; exactly the Jacobians
that differ from the right ones are called wrong. One part in a million of one element is enough.
"""

from __future__ import annotations

import numpy as np
import pytest

from by_hand import MISTAKES, NAMES, backward, three_layers
from chainrule import Network, check


@pytest.mark.parametrize("cost", ["own", "foreign"])
@pytest.mark.parametrize("mistake", ["", *MISTAKES])
def test_exactly_the_jacobians_with_the_mistake_are_wrong(mistake, cost):
    net, params, x, y = three_layers()
    claimed = backward(params, x, y, mistake)
    report = check(net, params, x, y, claimed, net.cost if cost == "foreign" else None)
    wrong = {name for name in NAMES if report[name].verdict == "wrong"}
    assert wrong == MISTAKES.get(mistake, set())
    assert all(report[name].verdict == "right" for name in set(NAMES) - wrong)
    assert report.passed == (not wrong)
    if wrong:
        assert report.worst.name in wrong


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_wrong_in_float32(mistake):
    net, params, x, y = three_layers(dtype=np.float32)
    report = check(net, params, x, y, backward(params, np.float32(x), np.float32(y), mistake))
    wrong = {name for name in NAMES if report[name].verdict == "wrong"}
    assert wrong == MISTAKES[mistake]


@pytest.mark.parametrize("scale", [0.2, 0.5, 1.0, 1.5])
def test_mistakes_are_wrong_at_other_weights(scale):
    for mistake, touched in MISTAKES.items():
        net, params, x, y = three_layers(seed=7, scale=scale)
        report = check(net, params, x, y, backward(params, x, y, mistake))
        assert {name for name in NAMES if report[name].verdict == "wrong"} == touched, mistake


# one element ---------------------------------------------------------------------------------


def typical_place(jacobian):
    order = np.argsort(np.abs(jacobian), axis=None)
    return np.unravel_index(order[order.size // 2], jacobian.shape)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_one_part_in_a_million_of_one_element_of_100_by_100_is_seen(activation):
    net = Network([100, 100, 2], activation=(activation, "identity"), cost="squared_error", l2=1e-3)
    rng = np.random.default_rng(1)
    params = net.initialize(rng, scheme="xavier")
    x, y = rng.standard_normal((100, 10)), rng.standard_normal((2, 10))
    _, jacobians = net.value_and_grad(params, x, y)
    assert jacobians.W1.shape == (100, 100)
    assert check(net, params, x, y, {"W1": jacobians.W1})["W1"].verdict == "right"
    for sign in (1, -1):
        claimed = jacobians.W1.copy()
        place = typical_place(claimed)
        claimed[place] *= 1 + sign * 1e-6
        entry = check(net, params, x, y, {"W1": claimed})["W1"]
        assert entry.verdict == "wrong"
        assert entry.place == tuple(map(int, place))
        assert entry.claimed == claimed[place]
        assert entry.measured == pytest.approx(jacobians.W1[place], rel=1e-12)
        assert entry.error == pytest.approx(1e-6, rel=1e-3)
        assert entry.severity > 10
        assert entry.method == "complex step"
        assert entry.elements == 10_000


def test_one_part_in_a_million_is_seen_by_differences_of_a_persons_cost():
    net = Network([20, 20, 3], activation=("tanh", "identity"), cost="squared_error")
    rng = np.random.default_rng(2)
    params = net.initialize(rng, scheme="normal", scale=0.2)
    x, y = rng.standard_normal((20, 5)), rng.standard_normal((3, 5))

    def cost(params, x, y):
        a = params["W2"] @ np.tanh(params["W1"] @ x + params["b1"]) + params["b2"]
        return np.sum((a - y) ** 2) / x.shape[1]

    claimed = net.value_and_grad(params, x, y)[1].W1.copy()
    assert check(net, params, x, y, {"W1": claimed}, cost)["W1"].verdict == "right"
    place = typical_place(claimed)
    claimed[place] *= 1 + 1e-6
    entry = check(net, params, x, y, {"W1": claimed}, cost)["W1"]
    assert entry.verdict == "wrong"
    assert entry.place == tuple(map(int, place))
    assert entry.method == "extrapolated differences"


def test_zeros_are_not_called_right_where_a_cost_cannot_tell():
    """1 + 1e-6 C in float32 moves by less than its last digit: no slope is seen, none denied."""
    net, params, x, y = three_layers()

    def coarse(params, x, y):
        return np.float32(1 + 1e-6 * net.cost(params, x, y))

    zeros = {name: np.zeros_like(view) for name, view in params.items()}
    report = check(net, params, x, y, zeros, coarse)
    assert {entry.verdict for entry in report.values()} == {"undecidable"}
