"""Law: with weights and masks the check measures the cost that has them, and sees what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from cases import draw
from chainrule import ChainruleError, Network, check

NET = Network([3, 6, 5, 2], activation="silu", output="usual", cost="huber", dropout=[0.4, 0.2])
PARAMS, X, Y = draw(NET, 7, seed=2)
WEIGHTS = np.array([1.0, 0.0, 2.5, 1.0, 4.0, 0.5, 1.0])
MASKS = NET.draw_masks(11, 7)


def jacobians(**given):
    return NET.value_and_grad(PARAMS, X, Y, **given)[1]


def test_right_gradients_pass_with_everything_on():
    report = check(NET, PARAMS, X, Y, weights=WEIGHTS, masks=MASKS)
    assert report.passed
    assert report.decided


WRONG = {
    "weights left out": {"masks": MASKS},
    "masks left out": {"weights": WEIGHTS},
    "other weights": {"weights": WEIGHTS[::-1], "masks": MASKS},
    "other masks": {"weights": WEIGHTS, "masks": NET.draw_masks(12, 7)},
}


@pytest.mark.parametrize("name", WRONG)
def test_gradients_of_another_cost_are_wrong(name):
    report = check(NET, PARAMS, X, Y, jacobians(**WRONG[name]), weights=WEIGHTS, masks=MASKS)
    assert not report.passed


def test_a_persons_own_weighted_cost_with_dropout_is_followed():
    def theirs(params, x, y):
        a = x
        for layer, keep in ((1, 0.6), (2, 0.8)):
            z = params[f"W{layer}"] @ a + params[f"b{layer}"]
            a = z / (1 + np.exp(-z)) * MASKS[f"r{layer}"] / keep
        r = np.abs(params.W3 @ a + params.b3 - y)
        losses = np.where(r > 1, r - 0.5, r**2 / 2).sum(axis=0)
        return WEIGHTS @ losses / WEIGHTS.sum()

    right = jacobians(weights=WEIGHTS, masks=MASKS)
    report = check(NET, PARAMS, X, Y, right, theirs, weights=WEIGHTS, masks=MASKS)
    assert report.passed
    wrong = {"W2": 1.01 * right.W2}
    assert not check(NET, PARAMS, X, Y, wrong, theirs, weights=WEIGHTS, masks=MASKS).passed


@pytest.mark.parametrize("cost", ["absolute_error", "quantile(0.8)"])
def test_an_output_that_meets_its_target_is_at_a_kink(cost):
    net = Network([1, 2], activation="identity", cost=cost)
    params = net.initialize(0)
    x = np.array([[0.5, -1.0]])
    y = net.forward(params, x) + np.array([[0.0, 0.3], [0.2, 0.1]])
    report = check(net, params, x, y)
    assert report.passed
    assert report["b1"].kinks == 1
    assert report["W1"].kinks == 1


def test_the_tangent_of_huber_is_no_kink():
    net = Network([1, 1], activation="identity", cost="huber")
    params = net.initialize(0)
    x = np.array([[0.5]])
    y = net.forward(params, x) - 1.0
    assert check(net, params, x, y)["b1"].verdict == "right"


def test_what_overflows_in_float32_is_undecidable():
    net = Network([1, 1, 1], activation=["relu", "exp"], cost="squared_error")
    params = net.initialize(0, dtype=np.float32)
    params.W1, params.W2 = [[10.0]], [[10.0]]
    report = check(net, params, [[1.0]], [[0.0]])
    assert report.passed
    assert not report.decided
    assert check(net, params.astype(np.float64), [[1.0]], [[0.0]]).decided


BAD = {
    "masks of another batch": ({"masks": NET.draw_masks(0, 3)}, "r1"),
    "one mask missing": ({"masks": {"r1": MASKS["r1"]}}, "wanted r1, r2"),
    "halves in a mask": ({"masks": {**MASKS, "r2": np.full((5, 7), 0.5)}}, "neither 0 nor 1"),
    "masks as an array": ({"masks": np.ones((6, 7))}, "net.draw_masks"),
    "masks as an empty list": ({"masks": []}, "net.draw_masks"),
    "masks as a list": ({"masks": [1]}, "net.draw_masks"),
    "weights without bounds": ({"weights": np.full(7, 1e300)}, "only their ratios count"),
    "weights of almost nothing": ({"weights": np.full(7, 1e-300)}, "only their ratios count"),
    "weights by unit": ({"weights": np.ones((2, 7))}, "one weight for each"),
}


@pytest.mark.parametrize("name", BAD)
def test_unfit_weights_and_masks_are_refused(name):
    options, part = BAD[name]
    with pytest.raises(ChainruleError) as refusal:
        check(NET, PARAMS, X, Y, **options)
    assert part in str(refusal.value)


def test_masks_for_a_network_without_dropout_are_refused():
    net = Network([3, 6, 2], activation="tanh", cost="squared_error")
    with pytest.raises(ChainruleError, match="wanted none"):
        net.value_and_grad(net.initialize(0), X, Y, masks={"r1": np.ones((6, 7))})
