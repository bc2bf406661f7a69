"""Law: costs and their Jacobians are finite and right for saturated outputs, and far from targets.

The weighted sums are set by the biases alone, from 0 to the largest finite number, on either side
of the target. The oracle is mpmath with 50 digits or more. Warnings are errors.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from chainrule import Network
from chainrule.costs import COSTS
from plain import COSTS as PLAIN
from plain import DIGITS

SIZES = (0.0, 1.0, 40.0, 800.0, 1e4, 1e30)
DTYPES = [np.float64, np.float32]


def at_sums(net, z, y, dtype):
    """Cost and δ of an output layer whose weighted sums are z."""
    params = net.initialize(0, scheme="normal", scale=0.0, dtype=dtype)
    params.b1 = z
    cost, jacobians = net.value_and_grad(params, np.zeros((1, 1)), y)
    return cost, jacobians.b1[:, 0]


def softplus(z):
    """log(1 + exp(z)) with the digits of mpmath, and without its exponents."""
    return mpmath.log1p(mpmath.exp(z)) if z < 1e5 else z


def law_sigmoid(dtype, size, target):
    net = Network([1, 1], activation="sigmoid", cost="cross_entropy")
    cost, delta = at_sums(net, [[size]], [[target]], dtype)
    eps = float(np.finfo(dtype).eps)
    with mpmath.workdps(50):
        z = mpmath.mpf(float(dtype(size)))
        exact = target * softplus(-z) + (1 - target) * softplus(z)
        assert abs(cost - exact) <= 4 * eps * exact + float(np.finfo(dtype).tiny)
        slope = 1 / (1 + mpmath.exp(-z)) - target
        assert abs(delta[0] - slope) <= 4 * eps


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", [0, 1])
def test_binary_cross_entropy_is_right_when_saturated(dtype, target):
    for size in SIZES:
        law_sigmoid(dtype, size, target)
        law_sigmoid(dtype, -size, target)


def law_softmax(dtype, size, target):
    net = Network([1, 2], activation="softmax", cost="cross_entropy")
    y = np.eye(2)[:, [target]]
    cost, delta = at_sums(net, [[size], [-size]], y, dtype)
    eps = float(np.finfo(dtype).eps)
    with mpmath.workdps(50):
        gap = 2 * mpmath.mpf(float(dtype(size)))
        wrong = 1 / (1 + mpmath.exp(gap))  # the probability of unit 1
        exact = mpmath.log1p(mpmath.exp(-gap)) + (gap if target == 1 else 0)
        assert abs(cost - exact) <= 4 * eps * max(1, exact)
        assert abs(delta[1] - (wrong - target)) <= 4 * eps


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", [0, 1])
def test_cross_entropy_of_softmax_is_right_when_saturated(dtype, target):
    for size in SIZES:
        law_softmax(dtype, size, target)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_cross_entropy_is_finite_at_the_largest_finite_sums(dtype, activation):
    net = Network([1, 2], activation=activation, cost="cross_entropy")
    largest = float(np.finfo(dtype).max)
    for z in ([[largest], [0.0]], [[-largest], [0.0]], [[largest], [largest / 2]]):
        cost, delta = at_sums(net, z, [[1.0], [0.0]], dtype)
        assert np.isfinite(cost)
        assert np.isfinite(delta).all()


# Costs that may follow any activation and grow like the distance, not like its square.
ROBUST = ("absolute_error", "huber", "quantile", "log_cosh")


def law_far_from_the_target(row):
    for dtype in DTYPES:
        largest = float(np.finfo(dtype).max) / 4
        for size in (0.0, 1e-30, 1e-9, 1e-3, 0.4, 0.99, 1.01, 7.0, 89.0, 800.0, 1e30, largest):
            for z, y in ((size, 0.0), (-size, 0.0), (1.0, 1.0 - size)):
                net = Network([1, 1], activation="identity", cost=row)
                cost, delta = at_sums(net, [[z]], [[y]], dtype)
                a, target = (mpmath.mpf(float(dtype(value))) for value in (z, y))
                with mpmath.workdps(120):
                    near = abs(a - target) < 1e4
                    exact = PLAIN[row.family](DIGITS, a, target) if near else abs(a - target)
                    if not near and row.family == "quantile":
                        exact /= 2
                    eps = float(np.finfo(dtype).eps)
                    # a − y is rounded first, and 1 − y before it
                    slack = 2 * eps if y else 0.0
                    allowed = 8 * eps * abs(exact) + slack * min(1, abs(a - target))
                    if not near:
                        allowed += 1
                    assert abs(cost - exact) <= allowed + float(np.finfo(dtype).tiny), (z, y, dtype)
                assert np.isfinite(delta).all()
                assert abs(delta[0]) <= 1


@pytest.mark.parametrize("name", ROBUST)
def test_robust_costs_are_right_near_the_target_and_far_from_it(name):
    law_far_from_the_target(COSTS[name])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("z", [-1e30, -800.0, 0.0, 60.0])
def test_poisson_cost_is_right_for_small_and_large_expectations(z, dtype):
    net = Network([1, 1], activation="exp", cost="poisson")
    cost, delta = at_sums(net, [[z]], [[3.0]], dtype)
    exact = mpmath.exp(float(dtype(z))) - 3 * mpmath.mpf(float(dtype(z)))
    eps = float(np.finfo(dtype).eps)
    assert abs(cost - exact) <= 8 * eps * abs(exact)
    assert abs(delta[0] - (mpmath.exp(z) - 3)) <= 8 * eps * (3 + mpmath.exp(z))
