"""Law: cross-entropy and its Jacobians are finite and right for saturated outputs.

The weighted sums are set by the biases alone, from 0 to the largest finite number, on either side
of the target. The oracle is mpmath with 50 digits. Warnings are errors.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from chainrule import Network

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
