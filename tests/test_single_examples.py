"""Law: Jacobians of single examples are what each example has alone, and differences of outputs."""

from __future__ import annotations

import numpy as np
import pytest

from cases import CASES, draw
from chainrule import (
    Parameters,
    input_jacobian,
    per_example_gradients,
    per_example_jacobians,
)
from chainrule.differences import extrapolated

STEP = 2.0**-7


def of_output(net, params, x, place, move):
    """Differences of one output of one example, where `move` changes the arguments by an offset."""
    k, e = place

    def along(offset):
        moved_params, moved_x = move(offset)
        return net.forward(moved_params, moved_x)[k, e]

    return extrapolated(along, STEP)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_input_jacobian_is_how_outputs_move_with_inputs(case):
    net = case.network()
    params, x, _ = draw(net, case.examples, seed=5)
    found = input_jacobian(net, params, x)
    assert found.shape == (case.examples, net.sizes[-1], net.sizes[0])
    rng = np.random.default_rng(0)
    for _ in range(6):
        e, k, j = (int(rng.integers(size)) for size in found.shape)

        def move(offset, e=e, j=j):
            moved = x.copy()
            moved[j, e] += offset
            return params, moved

        slope = of_output(net, params, x, (k, e), move)
        assert abs(found[e, k, j] - slope.value) <= 10 * slope.error + 1e-9 * abs(slope.value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_per_example_jacobians_are_how_outputs_move_with_parameters(case):
    net = case.network()
    params, x, _ = draw(net, case.examples, seed=5)
    found = per_example_jacobians(net, params, x)
    assert list(found) == list(params)
    rng = np.random.default_rng(1)
    for name, jacobian in found.items():
        assert jacobian.shape == (case.examples, net.sizes[-1], *params[name].shape)
        e, k, i, j = (int(rng.integers(size)) for size in jacobian.shape)

        def move(offset, name=name, i=i, j=j):
            moved = params.copy()
            moved[name][i, j] += offset
            return moved, x

        slope = of_output(net, params, x, (k, e), move)
        assert abs(jacobian[e, k, i, j] - slope.value) <= 10 * slope.error + 1e-9 * abs(slope.value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_per_example_gradients_are_those_of_each_example_alone(case):
    net = case.network()
    params, x, y = draw(net, case.examples, seed=6)
    found = per_example_gradients(net, params, x, y)
    for e in range(case.examples):
        _, alone = net.value_and_grad(params, x[:, [e]], y[:, [e]])
        for name, value in found.items():
            penalty = net.architecture.l2 * params[name] if name[0] == "W" else 0.0
            np.testing.assert_allclose(value[e] + penalty, alone[name], rtol=1e-11, atol=1e-14)


def test_squared_error_is_made_of_the_jacobians_of_its_outputs():
    """∂C/∂θ = (2/m) Σ (a − y) ∂a/∂θ: what Gauss-Newton and Levenberg-Marquardt rest on."""
    net = CASES[1].network()
    params, x, y = draw(net, 9)
    residuals = (net.forward(params, x) - y).T
    _, gradient = net.value_and_grad(params, x, y)
    for name, J in per_example_jacobians(net, params, x).items():
        built = 2 / 9 * np.einsum("ek,ekij->ij", residuals, J)
        np.testing.assert_allclose(built, gradient[name], rtol=1e-11, atol=1e-15)


def test_float32_stays_float32_and_results_are_ones_own():
    net = CASES[0].network()
    params, x, y = draw(net, 2, dtype=np.float32)
    jacobians = per_example_jacobians(net, params, x)
    for value in (input_jacobian(net, params, x), *jacobians.values()):
        assert value.dtype == np.float32
        assert value.flags.writeable
    assert per_example_gradients(net, params, x, y)["W1"].dtype == np.float32


def test_a_layer_without_a_bend_has_the_same_jacobian_everywhere():
    net = next(case for case in CASES if case.name == "relu_identity").network()
    params = Parameters(net.sizes, dtype=float)
    params.W1, params.W2 = np.ones((5, 4)), np.arange(15.0).reshape(3, 5)
    found = input_jacobian(net, params, np.ones((4, 2)))
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], params.W2 @ params.W1)
