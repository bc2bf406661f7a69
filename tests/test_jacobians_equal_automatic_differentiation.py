"""Law: on random networks, an independent automatic differentiator finds the same Jacobians.

HIPS autograd differentiates a forward pass that is written here in the plainest NumPy.
"""

from __future__ import annotations

import os

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from cases import CASES, draw, networks

EXAMPLES = 2_000 if os.environ.get("CHAINRULE_SOAK") else 150

PLAIN = {
    "sigmoid": lambda z: 1 / (1 + anp.exp(-z)),
    "tanh": anp.tanh,
    "relu": lambda z: anp.where(z > 0, z, 0.0),
    "identity": lambda z: z,
    "softmax": lambda z: anp.exp(z) / anp.sum(anp.exp(z), axis=0, keepdims=True),
}


def plain_cost(net, params, x, y):
    a, penalty = x, 0.0
    for layer, row in enumerate(net.architecture.activations, start=1):
        W, b = params[f"W{layer}"], params[f"b{layer}"]
        a = PLAIN[row.name](anp.dot(W, a) + b)
        penalty = penalty + anp.sum(W**2)
    if net.architecture.cost.name == "squared_error":
        losses = (a - y) ** 2
    elif net.architecture.cost.name == "categorical_cross_entropy":
        losses = -y * anp.log(a)
    else:
        losses = -(y * anp.log(a) + (1 - y) * anp.log(1 - a))
    return anp.sum(losses) / x.shape[1] + net.architecture.l2 / 2 * penalty


def law_equal(net, examples, seed):
    params, x, y = draw(net, examples, seed)
    arrays = {name: np.array(view) for name, view in params.items()}
    cost, gradient = autograd.value_and_grad(lambda p: plain_cost(net, p, x, y))(arrays)
    found_cost, found = net.value_and_grad(params, x, y)
    np.testing.assert_allclose(found_cost, cost, rtol=1e-12)
    largest = max(np.max(np.abs(g)) for g in gradient.values())
    for name in params:
        np.testing.assert_allclose(found[name], gradient[name], rtol=1e-12, atol=1e-12 * largest)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_jacobians_of_the_table_equal_automatic_differentiation(case):
    law_equal(case.network(), case.examples, seed=1)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(networks())
def test_jacobians_of_random_networks_equal_automatic_differentiation(drawn):
    law_equal(*drawn)
