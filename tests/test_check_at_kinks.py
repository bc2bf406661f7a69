"""Law: where the cost has no derivative, none is judged; everywhere else, everything is.

A relu unit whose weighted sum is 0, or cannot be told from 0, makes the elements that move it
"not differentiable here, not judged". Other units, upper layers and dead units are judged.
"""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import Network, Parameters, check

UNIT = 1
SAID = "not differentiable here, not judged"

X = np.array([[0.5, -0.3, 0.8], [0.5, 0.7, -0.1]])
Y = np.array([[0.2, -0.4, 0.9], [1.0, 0.3, -0.6]])
OFF = (0.3, 0.4)  # weighted sums of the other units stay at least this far from 0


def at_a_kink(z=0.0, row=(1.0, -1.0)):
    """Relu unit 1 has the weighted sum z in example 0, and is away from 0 in the others."""
    net = Network([2, 3, 2], activation=("relu", "identity"), cost="squared_error", l2=0.1)
    params = Parameters.from_arrays(
        W1=[[0.6, 0.2], row, [0.4, 0.9]],
        b1=[[OFF[0]], [z], [OFF[1]]],
        W2=[[0.7, -0.5, 0.3], [0.2, 0.8, -0.6]],
        b2=[[0.1], [-0.2]],
    )
    return net, params


def hand_cost(l2=0.1):
    def cost(params, x, y):
        a1 = np.maximum(params["W1"] @ x + params["b1"], 0)
        a2 = params["W2"] @ a1 + params["b2"]
        penalty = np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2)
        return np.sum((a2 - y) ** 2) / x.shape[1] + l2 / 2 * penalty

    return cost


BOTH = pytest.mark.parametrize("cost", [None, hand_cost()], ids=["own", "foreign"])


@BOTH
def test_only_what_moves_the_unit_is_not_judged(cost):
    net, params = at_a_kink()
    _, right = net.value_and_grad(params, X, Y)
    report = check(net, params, X, Y, right, cost)
    assert report.passed
    assert (report["W1"].verdict, report["W1"].kinks) == ("right", 2)
    assert (report["b1"].verdict, report["b1"].kinks) == ("right", 1)
    assert SAID in report["W1"].sentence
    assert SAID in report["b1"].sentence
    for name in ("W2", "b2"):
        assert (report[name].verdict, report[name].kinks) == ("right", 0)


@BOTH
@pytest.mark.parametrize("claim", [0.0, 0.5, 1.0, 1e3])
def test_nothing_is_held_against_a_claim_at_the_kink(cost, claim):
    net, params = at_a_kink()
    _, right = net.value_and_grad(params, X, Y)
    right.W1[UNIT] = claim
    right.b1[UNIT] = claim
    report = check(net, params, X, Y, right, cost)
    assert {entry.verdict for entry in report.values()} == {"right"}


@BOTH
@pytest.mark.parametrize("name", ["W1", "b1", "W2", "b2"])
def test_mistakes_beside_the_kink_are_seen(cost, name):
    net, params = at_a_kink()
    _, claimed = net.value_and_grad(params, X, Y)
    claimed[name][0] *= 1 + 1e-4
    report = check(net, params, X, Y, claimed, cost)
    assert {entry.name for entry in report.values() if entry.verdict == "wrong"} == {name}
    assert report[name].place[0] == 0


def test_a_sum_that_rounding_moved_off_the_kink_is_at_it():
    """0.1 + 0.2 − 0.3 is 5.6e-17 in floating point, and 0."""
    net = Network([3, 1, 1], activation=("relu", "identity"), cost="squared_error")
    params = net.initialize(0)
    params.W1, params.b1, params.W2 = [[1.0, 1.0, -1.0]], [[0.0]], [[1.5]]
    x, y = np.array([[0.1], [0.2], [0.3]]), np.array([[1.0]])
    assert net.trace(params, x, y).z1[0, 0] != 0
    report = check(net, params, x, y)
    assert report["W1"].verdict == report["b1"].verdict == "not differentiable"
    assert SAID in report["W1"].sentence
    assert report.passed
    assert report["b2"].verdict == "right"


@pytest.mark.parametrize("z", [1e-12, -1e-12, 1e-6, -1e-6])
def test_a_sum_that_is_clearly_off_the_kink_is_judged(z):
    net, params = at_a_kink(z)
    _, right = net.value_and_grad(params, X, Y)
    report = check(net, params, X, Y, right)
    assert [entry.kinks for entry in report.values()] == [0] * 4
    assert {entry.verdict for entry in report.values()} == {"right"}
    right.b1[UNIT] *= 1 + 1e-4
    assert check(net, params, X, Y, right)["b1"].place == (UNIT, 0)


def test_float32_blurs_the_kink_further():
    net, params = at_a_kink(1e-9)
    assert check(net, params, X, Y)["b1"].kinks == 0
    assert check(net, params.astype(np.float32), X, Y)["b1"].kinks == 1


@pytest.mark.parametrize("z", [1e-3, -1e-3, 1e-4])
def test_differences_stay_on_their_side_of_a_near_kink(z):
    net, params = at_a_kink(z)
    _, right = net.value_and_grad(params, X, Y)
    report = check(net, params, X, Y, right, hand_cost())
    assert {entry.verdict for entry in report.values()} == {"right"}
    assert report["W1"].kinks == report["b1"].kinks == 0
    right.b1[UNIT] *= 1 + 1e-3
    assert check(net, params, X, Y, right, hand_cost())["b1"].verdict == "wrong"


@BOTH
def test_a_dead_unit_is_right_where_zero_is_claimed_and_wrong_elsewhere(cost):
    net, params = at_a_kink(-20.0)
    _, right = net.value_and_grad(params, X, Y)
    assert right.b1[UNIT, 0] == 0
    report = check(net, params, X, Y, right, cost)
    assert {entry.verdict for entry in report.values()} == {"right"}
    assert [entry.kinks for entry in report.values()] == [0] * 4
    right.b1[UNIT] = 1e-5
    entry = check(net, params, X, Y, right, cost)["b1"]
    assert (entry.verdict, entry.place) == ("wrong", (UNIT, 0))


def test_a_layer_of_dead_units_is_right():
    net, params = at_a_kink()
    params.b1 = [[-20.0], [-20.0], [-20.0]]
    params.W1 = params.W1 * 0.5
    net = Network([2, 3, 2], activation=("relu", "identity"), cost="squared_error")
    report = check(net, params, X, Y)
    assert {entry.verdict for entry in report.values()} == {"right"}
    assert [entry.undecidable for entry in report.values()] == [0] * 4
    _, right = net.value_and_grad(params, X, Y)
    assert not right.W1.any()
    right.W1[0, 0] = 1e-12
    assert check(net, params, X, Y, right)["W1"].verdict == "wrong"


def below_a_kink(weight):
    """A tanh layer below relu units, of which the first is at its kink; `weight` leads there."""
    net = Network([2, 2, 2, 1], activation=("tanh", "relu", "identity"), cost="squared_error")
    params = net.initialize(3, scheme="normal", scale=0.8)
    params.W2, params.b2 = [[weight, 0.0], [0.5, 0.6]], [[0.0], [2.0]]
    x, y = np.array([[0.4, 0.1], [-0.3, 0.9]]), np.array([[0.5, -0.2]])
    params.b2[0] = -net.trace(params, x, y).z2[0, 0]
    assert net.trace(params, x, y).z2[0, 0] == 0
    return net, params, x, y


def test_layers_below_are_affected_only_through_a_weight():
    net, params, x, y = below_a_kink(0.7)
    report = check(net, params, x, y)
    assert (report["b1"].kinks, report["b1"].verdict) == (1, "right")  # unit 0 leads there
    assert report["W1"].kinks == 2
    assert report["b2"].kinks == 1
    net, params, x, y = below_a_kink(0.0)
    report = check(net, params, x, y)
    assert report["W1"].kinks == report["b1"].kinks == 0
    assert report["W1"].verdict == report["b1"].verdict == "right"
    assert report["b2"].kinks == 1
    assert report["W3"].verdict == "right"


def test_inputs_of_zero_leave_weights_differentiable_and_biases_not():
    net = Network([2, 3, 2], activation=("relu", "identity"), cost="squared_error")
    params = net.initialize(1, scheme="he")
    x, y = np.zeros((2, 2)), np.ones((2, 2))
    report = check(net, params, x, y)
    assert report["b1"].verdict == "not differentiable"
    assert report["b1"].kinks == 3
    assert SAID in report["b1"].sentence
    for name in ("W1", "W2", "b2"):
        assert report[name].verdict == "right", name
    assert report.passed


def test_a_unit_at_the_kink_that_leads_nowhere_is_judged():
    net, params = at_a_kink()
    params.W2[:, UNIT] = 0
    report = check(net, params, X, Y)
    assert [entry.kinks for entry in report.values()] == [0] * 4
    assert {entry.verdict for entry in report.values()} == {"right"}


@pytest.mark.parametrize("cost", ["own", "foreign"])
def test_smooth_activations_have_no_kinks(cost):
    net = Network([2, 3, 2], activation=("tanh", "identity"), cost="squared_error")
    params = net.initialize(0)
    x, y = np.zeros((2, 2)), np.ones((2, 2))
    foreign = net.cost if cost == "foreign" else None
    report = check(net, params, x, y, cost=foreign)
    assert [entry.kinks for entry in report.values()] == [0] * 4
    assert report["b1"].verdict == "right"


@pytest.mark.parametrize("seed", range(8))
def test_kinks_are_met_only_in_layers_of_relu(seed):
    rng = np.random.default_rng(seed)
    names = [str(name) for name in rng.permutation(["relu", "tanh", "identity"])]
    net = Network([3, 4, 4, 2], activation=names, cost="squared_error")
    params = net.initialize(rng, scheme="he")
    x, y = rng.standard_normal((3, 4)), rng.standard_normal((2, 4))
    x[:, 0] = 0  # biases are 0: every weighted sum of example 0 is 0
    report = check(net, params, x, y)
    assert report.passed
    layer = names.index("relu") + 1
    assert report[f"b{layer}"].kinks == net.sizes[layer]
    for above in range(layer + 1, 4):
        assert report[f"W{above}"].kinks == report[f"b{above}"].kinks == 0


def test_an_output_at_a_blurred_kink_keeps_its_value():
    """Softmax of huge sums in float32: anything may come of it, and nothing is held against us."""
    net = Network(
        [8, 1, 4, 6, 4],
        activation=["identity", "softmax", "identity", "relu"],
        cost="squared_error",
    )
    rng = np.random.default_rng(0)
    for _ in range(40):
        params = net.initialize(rng, scheme="normal", scale=3.0, dtype=np.float32)
        x = 1e3 * rng.standard_normal((8, 3))
        report = check(net, params, x, rng.uniform(size=(4, 3)))
        assert report.passed, str(report)
