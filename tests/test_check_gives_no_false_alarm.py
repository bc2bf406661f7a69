"""Law: right gradients are never called wrong, and not because the check looks away.

Random networks of every kind, saturated units, exact kinks, inputs from 1e-3 to 1e3, float32 and
float64; gradients derived by us, and gradients written by hand in other ways. Beside that: on
unsaturated networks in float64 nearly every element is decided.
"""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest
from scipy.special import expit

from chainrule import Network, check
from chainrule import activations as tables
from chainrule.checking.report import FAILURES

pytestmark = pytest.mark.slow

ROUNDS = 10 if os.environ.get("CHAINRULE_SOAK") else 1
ACTIVATIONS = ("sigmoid", "tanh", "relu", "identity", "softmax")
ALL = (*(name for name in tables.ACTIVATIONS if name not in ("softmax", "exp")), "softmax")
HARSH = (1e-3, 0.1, 0.5, 1.0, 3.0, 10.0, 100.0)
MILD = (0.3, 0.7, 1.0)
BLOCK = 110


def random_network(
    rng, dtype=np.float64, deepest=4, widest=8, most=7, harsh=True, rows=ACTIVATIONS, dropout=0.0
):
    """A network, parameters, inputs, targets: harsh ones saturate, meet kinks and underflow."""
    sizes = [int(n) for n in rng.integers(1, widest + 1, rng.integers(2, deepest + 2))]
    names = [str(rng.choice(rows if n > 1 else rows[:-1])) for n in sizes[1:]]
    costs = ["squared_error", *(["cross_entropy"] if names[-1] in ("sigmoid", "softmax") else [])]
    if rows is ALL:
        costs += ["absolute_error", "huber", "quantile(0.8)", "log_cosh"]
    l2 = float(rng.choice([0, 0, 0.1, 3.0, 100.0]))
    rate = dropout if len(names) > 1 else 0.0
    net = Network(sizes, activation=names, cost=str(rng.choice(costs)), l2=l2, dropout=rate)
    scheme = str(rng.choice(["normal", "xavier", "he"])) if harsh else "normal"
    scale = float(rng.choice(HARSH if harsh else MILD))
    params = net.initialize(rng, scheme=scheme, scale=scale, dtype=dtype)
    x = rng.standard_normal((sizes[0], rng.integers(1, most + 1)))
    if harsh:
        x *= 10.0 ** rng.integers(-3, 4)
        x *= rng.random(x.shape[1]) > 0.1  # inputs of zeros: with biases 0 an exact kink of relu
    y = net.architecture.cost.domain.sample(rng, sizes[-1], x.shape[1])
    return net, params, x, y


def law_no_alarm(report, where):
    """No entry has failed; return how many elements of which kind there were."""
    alarms = {entry.name: entry.sentence for entry in report.values() if entry.verdict in FAILURES}
    assert not alarms, where
    found = Counter()
    for entry in report.values():
        found["all"] += entry.elements
        found["undecidable"] += entry.undecidable
        found["kinks"] += entry.kinks
    return found


@pytest.mark.parametrize("block", range(10))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_derived_gradients_of_harsh_networks_raise_no_alarm(dtype, block):
    found = Counter()
    for number in range(BLOCK * ROUNDS):
        seed = [block, number, np.dtype(dtype).itemsize]
        net, params, x, y = random_network(np.random.default_rng(seed), dtype)
        found += law_no_alarm(check(net, params, x, y), (seed, net.architecture))
    assert found["kinks"] > 0, "these networks are to meet kinks"
    assert found["undecidable"] > 0, "these networks are to saturate"
    assert found["undecidable"] + found["kinks"] < found["all"] / 2


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("block", range(2))
def test_all_functions_weights_and_dropout_raise_no_alarm(block, dtype):
    found = Counter()
    for number in range(BLOCK * ROUNDS):
        seed = [block, number, 7]
        rng = np.random.default_rng(seed)
        net, params, x, y = random_network(
            rng, dtype, rows=ALL, dropout=float(rng.choice([0, 0.5]))
        )
        weights = rng.choice([0.0, 1.0, 5.0], x.shape[1]) + 1e-3
        masks = net.draw_masks(rng, x.shape[1]) or None
        report = check(net, params, x, y, weights=weights, masks=masks)
        found += law_no_alarm(report, (seed, net))
    assert found["all"] > 5_000
    assert found["undecidable"] + found["kinks"] < found["all"] / 2


@pytest.mark.parametrize("block", range(3))
def test_nearly_every_element_of_unsaturated_networks_is_decided(block):
    found = Counter()
    for number in range(60 * ROUNDS):
        seed = [block, number, 1]
        net, params, x, y = random_network(np.random.default_rng(seed), harsh=False)
        found += law_no_alarm(check(net, params, x, y), (seed, net.architecture))
    assert found["all"] > 3_000
    assert found["undecidable"] < 0.01 * found["all"]
    assert found["kinks"] == 0


# gradients by hand ---------------------------------------------------------------------------


def forward(net, params, x):
    """Weighted sums and activations, written the plain way."""
    sums, values = [], [x]
    for layer, row in enumerate(net.architecture.activations, start=1):
        z = np.dot(params[f"W{layer}"], values[-1]) + params[f"b{layer}"]
        if row.name == "sigmoid":
            a = expit(z)
        elif row.name == "tanh":
            a = np.tanh(z)
        elif row.name == "relu":
            a = np.maximum(z, 0)
        elif row.name == "softmax":
            a = np.exp(z - z.max(axis=0))
            a = a / a.sum(axis=0)
        else:
            a = z
        sums.append(z)
        values.append(a)
    return sums, values


def slopes(name, z, a):
    """Jacobian of one layer's function, units × units × examples."""
    eye = np.eye(len(z), dtype=z.dtype)[:, :, np.newaxis]
    if name == "sigmoid":
        return eye * np.cosh(np.clip(z, -700, 700) / 2) ** -2 / 4
    if name == "tanh":
        return eye * np.cosh(np.clip(z, -350, 350)) ** -2
    if name == "relu":
        return eye * (z > 0)
    if name == "softmax":
        return eye * a - np.einsum("im,jm->ijm", a, a)
    return eye * np.ones_like(z)


def by_einsum(net, params, x, y):
    """Jacobians with sums over indices only, σ′ by the hyperbolic cosine."""
    sums, values = forward(net, params, x)
    a, m = values[-1], x.shape[1]
    raw = {
        "squared_error": lambda: 2 * (a - y),
        "binary_cross_entropy": lambda: (1 - y) / (1 - a) - y / a,
        "categorical_cross_entropy": lambda: -y / a,
    }[net.architecture.cost.name]()
    J, passed = {}, raw / m
    for layer in range(len(sums), 0, -1):
        name = net.architecture.activations[layer - 1].name
        delta = np.einsum("im,ijm->jm", passed, slopes(name, sums[layer - 1], values[layer]))
        W = params[f"W{layer}"]
        l2 = W.dtype.type(net.architecture.l2)
        J[f"W{layer}"] = np.einsum("im,jm->ij", delta, values[layer - 1]) + l2 * W
        J[f"b{layer}"] = np.einsum("im->i", delta)[:, np.newaxis]
        passed = np.einsum("ij,im->jm", W, delta)
    return J


def by_loops(net, params, x, y):
    """Jacobians example by example, backwards through the whole network, then averaged."""
    m = x.shape[1]
    total = {name: np.zeros_like(view) for name, view in params.items()}
    for example in reversed(range(m)):
        column = slice(example, example + 1)
        alone = by_einsum(net, params, x[:, column], y[:, column])
        for name, found in alone.items():
            total[name] += found
    return {name: found / m for name, found in total.items()}


def by_rows(net, params, x, y):
    """Jacobians with one example per row, as most libraries have it, and a shortcut for δ."""
    sums, values = forward(net, params, x)
    a, m = values[-1].T, x.shape[1]
    if net.architecture.cost.name == "squared_error":
        last = slopes(net.architecture.activations[-1].name, sums[-1], values[-1])
        delta = np.einsum("mi,ijm->mj", 2 * (a - y.T), last)
    else:
        delta = a - y.T
    J = {}
    for layer in range(len(sums), 0, -1):
        W = params[f"W{layer}"]
        J[f"W{layer}"] = (values[layer - 1] @ delta).T / m + W * W.dtype.type(net.architecture.l2)
        J[f"b{layer}"] = np.mean(delta, axis=0).reshape(-1, 1)
        if layer > 1:
            below = slopes(
                net.architecture.activations[layer - 2].name, sums[layer - 2], values[layer - 1]
            )
            delta = np.einsum("mi,ijm->mj", delta @ W, below)
    return J


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("by_hand", [by_einsum, by_loops, by_rows])
def test_gradients_by_hand_raise_no_alarm(by_hand, dtype):
    found = Counter()
    for number in range(60 * ROUNDS):
        seed = [number, 2]
        rng = np.random.default_rng(seed)
        net, params, x, y = random_network(rng, dtype, deepest=3, widest=5, harsh=False)
        claimed = by_hand(net, params, x.astype(dtype), y.astype(dtype))
        assert {J.dtype for J in claimed.values()} == {np.dtype(dtype)}
        found += law_no_alarm(check(net, params, x, y, claimed), (seed, net.architecture))
    assert found["undecidable"] < (0.01 if dtype == np.float64 else 0.1) * found["all"]


def test_gradients_by_hand_of_saturated_networks_raise_no_alarm():
    for number in range(60 * ROUNDS):
        seed = [number, 3]
        rng = np.random.default_rng(seed)
        net, params, x, y = random_network(rng, deepest=3, widest=5, harsh=False)
        if net.architecture.cost.name == "binary_cross_entropy":
            continue  # by hand, it divides by 1 − a = 0
        params.flat *= rng.choice([5.0, 15.0, 40.0])
        claimed = by_rows(net, params, x, y)
        law_no_alarm(check(net, params, x, y, claimed), (seed, net.architecture))


# a person's own cost -------------------------------------------------------------------------


def scaled(net, factor, dtype=np.float64):
    """A cost that is `factor` times ours, answered in some dtype, and its Jacobians."""

    def cost(params, x, y):
        return dtype(factor * net.cost(params, x, y))

    def jacobians(params, x, y):
        return {name: factor * J for name, J in net.value_and_grad(params, x, y)[1].items()}

    return cost, jacobians


def law_no_alarm_for_cost(seed, factor=1.0, answer=np.float64, **drawn):
    net, params, x, y = random_network(
        np.random.default_rng(seed), deepest=3, widest=4, most=4, **drawn
    )
    cost, jacobians = scaled(net, factor, answer)
    report = check(net, params, x, y, jacobians(params, x, y), cost)
    return law_no_alarm(report, (seed, factor, net.architecture))


@pytest.mark.parametrize("block", range(3))
def test_a_persons_cost_raises_no_alarm(block):
    found = Counter()
    for number in range(40 * ROUNDS):
        found += law_no_alarm_for_cost([block, number, 4], harsh=False)
    assert found["all"] > 500


@pytest.mark.parametrize("block", range(4))
def test_a_persons_cost_of_harsh_networks_raises_no_alarm(block):
    for number in range(40 * ROUNDS):
        law_no_alarm_for_cost([block, number, 5], harsh=True)


@pytest.mark.parametrize("factor", [1e-12, 1e-6, 1e6, 1e12])
def test_a_cost_of_unusual_size_raises_no_alarm(factor):
    found = Counter()
    for number in range(25 * ROUNDS):
        found += law_no_alarm_for_cost([number, 6], factor, harsh=False)
    assert found["undecidable"] < 0.15 * found["all"]


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_a_cost_in_float32_raises_no_alarm(factor):
    for number in range(25 * ROUNDS):
        law_no_alarm_for_cost([number, 7], factor, np.float32, harsh=False)


def test_elements_that_a_persons_cost_leaves_undecided_are_few():
    """Sigmoids and tanh only: no unit is dead."""
    found = Counter()
    for number in range(30 * ROUNDS):
        rng = np.random.default_rng([number, 8])
        sizes = [int(n) for n in rng.integers(1, 5, 3)]
        net = Network(sizes, activation=("tanh", "sigmoid"), cost="squared_error")
        params = net.initialize(rng, scheme="normal", scale=0.7)
        x, y = rng.standard_normal((sizes[0], 4)), rng.uniform(0.1, 0.9, (sizes[-1], 4))
        _, jacobians = net.value_and_grad(params, x, y)
        found += law_no_alarm(check(net, params, x, y, jacobians, net.cost), number)
    assert found["undecidable"] < 0.01 * found["all"]


@pytest.mark.parametrize("factor", [1e-9, 1.0, 1e3, 1e6])
@pytest.mark.parametrize("margin", [10.0, 16.8, 20.0, 27.0, 36.0, 38.0, 45.0, 200.0])
def test_a_persons_cost_that_rounds_to_nothing_raises_no_alarm(margin, factor):
    """The classes are so far apart that most digits of −log a are lost in float64, or all."""
    net = Network([1, 2], activation="softmax", cost="cross_entropy")
    params = net.initialize(0)
    params.W1, params.b1 = [[margin / 2], [-margin / 2]], [[0.01], [0.0]]
    x, y = np.array([[1.0, -1.0]]), np.eye(2)

    def cost(params, x, y):
        _, values = forward(net, params, x)
        return -factor * np.sum(y * np.log(values[-1] + 1e-300)) / x.shape[1]

    _, jacobians = net.value_and_grad(params, x, y)
    assert jacobians.W1.any()
    claimed = {name: factor * J for name, J in jacobians.items()}
    law_no_alarm(check(net, params, x, y, claimed, cost), margin)


def test_waves_whose_argument_is_lost_in_rounding_raise_no_alarm():
    """In float32 the sine of 1e7 is anything: nothing about it is wrong. Found by `make soak`."""
    rng = np.random.default_rng([1, 447, 7])
    dropout = float(rng.choice([0, 0.5]))
    net, params, x, y = random_network(rng, np.float32, rows=ALL, dropout=dropout)
    assert "sin" in repr(net)
    weights = rng.choice([0.0, 1.0, 5.0], x.shape[1]) + 1e-3
    masks = net.draw_masks(rng, x.shape[1])
    law_no_alarm(check(net, params, x, y, weights=weights, masks=masks), net)
