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

from cases import CASES, conditions, draw, networks
from chainrule.activations import ACTIVATIONS
from chainrule.costs import COSTS
from plain import ACTIVATIONS as PLAIN
from plain import AUTOGRAD
from plain import COSTS as PLAIN_COSTS

EXAMPLES = 2_000 if os.environ.get("CHAINRULE_SOAK") else 150


def plain_activation(row, z):
    """What the architecture says, in plain code; numbers in a row are put in by hand."""
    name, _, number = row.name.rstrip(")").partition("(")
    value = float(number.rpartition("=")[2]) if number else None
    if name == "softmax":
        return anp.exp(z) / anp.sum(anp.exp(z), axis=0, keepdims=True)
    if name == "leaky_relu":
        return anp.where(z > 0, z, value * z)
    if name == "elu":
        return anp.where(z > 0, z, value * (anp.exp(anp.minimum(z, 0)) - 1))
    return PLAIN[name](AUTOGRAD, z)


def plain_losses(row, a, y):
    name, _, number = row.name.rstrip(")").partition("(")
    if name == "quantile":
        q = float(number.rpartition("=")[2])
        return anp.where(y > a, q * (y - a), (1 - q) * (a - y))
    return PLAIN_COSTS[name](AUTOGRAD, a, y)


def plain_cost(net, params, x, y, weights=None, masks=None):
    a, penalty = x, 0.0
    architecture = net.architecture
    for layer, row in enumerate(architecture.activations, start=1):
        W, b = params[f"W{layer}"], params[f"b{layer}"]
        a = plain_activation(row, anp.dot(W, a) + b)
        if masks and f"r{layer}" in masks:
            a = a * masks[f"r{layer}"] / (1 - architecture.dropout[layer - 1])
        penalty = penalty + anp.sum(W**2)
    losses = anp.sum(plain_losses(architecture.cost, a, y), axis=0)
    mean = anp.mean(losses) if weights is None else anp.sum(weights * losses) / anp.sum(weights)
    return mean + architecture.l2 / 2 * penalty


def law_equal(net, examples, seed, weighted=False):
    params, x, y = draw(net, examples, seed)
    given = conditions(net, examples, seed, weighted=weighted)
    arrays = {name: np.array(view) for name, view in params.items()}
    oracle = autograd.value_and_grad(lambda p: plain_cost(net, p, x, y, **given))
    with np.errstate(all="ignore"):
        cost, gradient = oracle(arrays)
    found_cost, found = net.value_and_grad(params, x, y, **given)
    np.testing.assert_allclose(found_cost, cost, rtol=1e-12)
    largest = max(np.max(np.abs(g)) for g in gradient.values())
    for name in params:
        np.testing.assert_allclose(found[name], gradient[name], rtol=1e-12, atol=1e-12 * largest)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_jacobians_of_the_table_equal_automatic_differentiation(case):
    law_equal(case.network(), case.examples, 1, case.weighted)


def test_every_row_is_written_plainly():
    assert set(PLAIN) == {name for name, row in ACTIVATIONS.items() if row.elementwise}
    assert set(PLAIN_COSTS) == set(COSTS)


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
