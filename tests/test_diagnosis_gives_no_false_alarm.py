"""Law: a right gradient is called right, whatever the network, the numbers and their form.

The right ones come from a backward pass by hand (`planted`) and from emitted source; the networks
are random, with sizes of 1, one example, dead and saturated units, and gradients that are 0.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from cases import CASES, draw
from chainrule import Network, Parameters, diagnose
from chainrule.checking import Verdict
from planted import ERROR, SLOPE, gradients

MANY = 4000 if os.environ.get("CHAINRULE_SOAK") else 120
OUTPUTS = {
    "squared_error": ("sigmoid", "tanh", "identity", "softmax", "relu"),
    "binary_cross_entropy": ("sigmoid",),
    "categorical_cross_entropy": ("softmax",),
}


def random_case(rng):
    depth = int(rng.integers(1, 5))
    sizes = [int(size) for size in rng.integers(1, 8, depth + 1)]
    cost = str(rng.choice(list(ERROR)))
    if cost == "categorical_cross_entropy":
        sizes[-1] = max(2, sizes[-1])
    last = str(rng.choice([each for each in OUTPUTS[cost] if each != "softmax" or sizes[-1] > 1]))
    hidden = [str(name) for name in rng.choice(list(SLOPE), depth - 1)]
    l2 = float(rng.choice([0.0, 0.0, 0.1]))
    net = Network(sizes, activation=[*hidden, last], cost=cost, l2=l2)
    scale = float(rng.choice([0.01, 0.3, 1.0, 1.0, 4.0]))
    params = Parameters(sizes, scale * rng.standard_normal(Parameters(sizes).flat.size))
    m = int(rng.choice([1, 1, 2, 5, 11]))
    x = rng.standard_normal((sizes[0], m))
    return net, params, x, net.architecture.cost.domain.sample(rng, sizes[-1], m)


def assert_all_right(found, case=""):
    alarms = [each for each in found.values() if each.verdict.bad]
    assert not alarms, (case, found)


def test_random_networks():
    rng = np.random.default_rng(7)
    judged = 0
    for count in range(MANY):
        net, params, x, y = random_case(rng)
        right = gradients(net, params, x, y)
        if not all(np.isfinite(value).all() for value in right.values()):
            continue  # the hand divided 0 by 0 where a unit is saturated
        found = diagnose(net, params, x, y, right)
        assert_all_right(found, (count, net))
        judged += sum(each.verdict is Verdict.RIGHT for each in found.values())
    assert judged > 4 * MANY


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_activation_and_cost(case):
    if case.weighted:
        pytest.skip("diagnose takes no weights of examples")
    net = Network(case.sizes, activation=case.activation, cost=case.cost, l2=case.l2)
    params, x, y = draw(net, case.examples)
    found = diagnose(net, params, x, y, dict(net.value_and_grad(params, x, y)[1]))
    assert all(each.verdict is Verdict.RIGHT and not each.slugs for each in found.values()), found


def test_every_intermediate_quantity():
    net, params, x, y = random_case(np.random.default_rng(5))
    values = net.trace(params, x, y)
    names = [each.name for each in net.derive() if each.name != "C"]
    found = diagnose(net, params, x, y, {name: values[name] for name in names})
    assert all(each.verdict is Verdict.RIGHT for each in found.values()), found


def usual(m=7, scale=1.0, activation="sigmoid", sizes=(3, 5, 2)):
    net = Network(sizes, activation=activation, cost="squared_error")
    rng = np.random.default_rng(3)
    params = net.initialize(rng, scheme="normal", scale=scale)
    return net, params, rng.standard_normal((sizes[0], m)), rng.uniform(0.1, 0.9, (sizes[-1], m))


def test_gradients_that_are_exactly_zero():
    net, params, x, y = usual(activation="relu")
    params["b2"][...] = -100.0  # all outputs are dead
    zeros = {name: np.zeros_like(view) for name, view in params.items()}
    assert_all_right(diagnose(net, params, x, y, zeros))
    net, params, x, _ = usual()
    y = net.trace(params, x, np.zeros((2, 7)))["a2"]
    assert_all_right(diagnose(net, params, x, y, gradients(net, params, x, y)))


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 10.0, 100.0, 1e4])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_tiny_weights_and_saturated_units(scale, activation):
    net, params, x, y = usual(scale=scale, activation=activation)
    right = gradients(net, params, x, y)
    if activation == "tanh":  # as people write it
        import planted

        kept = planted.SLOPE["tanh"]
        planted.SLOPE["tanh"] = lambda z: 1 - np.tanh(z) ** 2
        try:
            right = gradients(net, params, x, y)
        finally:
            planted.SLOPE["tanh"] = kept
    with np.errstate(all="ignore"):
        assert_all_right(diagnose(net, params, x, y, right))


def test_weighted_sums_on_a_kink_have_two_right_derivatives():
    net, params, x, y = usual(activation=("relu", "identity"))
    params["b1"][...] = 0.0
    x[:, 2] = 0.0
    above = {"W1": None, "b1": None}
    for side in (np.greater, np.greater_equal):
        z1 = params["W1"] @ x + params["b1"]
        a1 = np.maximum(z1, 0)
        delta2 = 2 * (params["W2"] @ a1 + params["b2"] - y) / x.shape[1]
        delta1 = params["W2"].T @ delta2 * side(z1, 0)
        above = {"W1": delta1 @ x.T, "b1": delta1.sum(axis=1, keepdims=True)}
        found = diagnose(net, params, x, y, above)
        assert all(each.verdict is Verdict.RIGHT for each in found.values()), found


def test_float32_is_right_and_said():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        net, params, x, y = random_case(rng)
        small = Parameters(net.sizes, params.flat.astype(np.float32))
        right = gradients(net, small, x.astype(np.float32), y.astype(np.float32))
        if not all(np.isfinite(value).all() for value in right.values()):
            continue
        found = diagnose(net, small, x.astype(np.float32), y.astype(np.float32), right)
        assert_all_right(found, (seed, net))
        mixed = {name: value.astype(np.float64) for name, value in right.items()}
        assert_all_right(diagnose(net, small, np.float32(x), np.float32(y), mixed), (seed, net))
    net, params, x, y = usual()
    right = gradients(net, params, x, y)
    found = diagnose(net, params, x, y, {n: value.astype(np.float32) for n, value in right.items()})
    assert {each.slugs for each in found.values()} == {("precision",)}
    assert found.good
    found = diagnose(net, params, x, y, {n: value.astype(np.float16) for n, value in right.items()})
    assert {each.slugs for each in found.values()} == {("precision",)}
    assert found.good


def test_lists_and_other_orders_in_memory():
    net, params, x, y = usual()
    right = gradients(net, params, x, y)
    for form in (np.ndarray.tolist, np.asfortranarray, lambda a: np.stack([a, a])[1]):
        found = diagnose(net, params, x, y, {name: form(value) for name, value in right.items()})
        assert all(each.verdict is Verdict.RIGHT and not each.slugs for each in found.values())


def test_a_logarithm_that_is_kept_from_zero():
    """a (1 − a) + 1e-8 below a fraction is no mistake."""
    net = Network([3, 5, 1], activation="sigmoid", cost="cross_entropy")
    _, params, x, _ = usual(sizes=(3, 5, 1))
    y = (np.arange(7) % 2)[None].astype(float)
    a1 = 1 / (1 + np.exp(-(params["W1"] @ x + params["b1"])))
    a2 = 1 / (1 + np.exp(-(params["W2"] @ a1 + params["b2"])))
    delta2 = (a2 - y) / (a2 * (1 - a2) + 1e-8) * a2 * (1 - a2) / 7
    delta1 = params["W2"].T @ delta2 * a1 * (1 - a1)
    found = diagnose(net, params, x, y, {"W2": delta2 @ a1.T, "W1": delta1 @ x.T})
    assert all(each.verdict is Verdict.RIGHT for each in found.values()), found


def test_what_is_off_by_a_thousandth_in_one_element_is_not_called_right():
    rng = np.random.default_rng(11)
    for count in range(MANY // 8):
        net, params, x, y = random_case(rng)
        right = gradients(net, params, x, y)
        entry = str(rng.choice(list(right)))
        place = tuple(int(rng.integers(size)) for size in right[entry].shape)
        size = float(np.max(np.abs(right[entry])))
        if not np.isfinite(size) or abs(right[entry][place]) < 1e-3 * size or size < 1e-6:
            continue
        came = {**right, entry: right[entry].copy()}
        came[entry][place] *= 1 + float(rng.choice([-1e-3, 1e-3, 1e-4]))
        found = diagnose(net, params, x, y, came)
        if found[entry].verdict is Verdict.NOT_JUDGED:
            continue  # on a kink, or saturated
        assert found[entry].verdict.bad, (count, net, found)
        assert not [each for each in found if each != entry and found[each].verdict.bad]


def test_noise_is_not_called_by_a_name():
    rng = np.random.default_rng(12)
    for _ in range(MANY // 12):
        net, params, x, y = random_case(rng)
        noise = {name: rng.standard_normal(view.shape) for name, view in params.items()}
        for name, each in diagnose(net, params, x, y, noise).items():
            if each.verdict is not Verdict.NOT_JUDGED and noise[name].size > 2:
                assert each.verdict is Verdict.WRONG_UNKNOWN, (net, each)
