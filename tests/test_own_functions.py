"""Law: a person's own function is taken if its derivative is right, else refused with the cause."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from chainrule import (
    ChainruleError,
    GradientDescent,
    Network,
    WrongDerivative,
    check,
    register_activation,
    register_cost,
    train,
)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope(z):
    return sigmoid(z) * (1 - sigmoid(z))


def softplus(z):
    return np.log1p(np.exp(z))


def absolute(a, y):
    return np.abs(a - y)


def sign_of_difference(a, y):
    return np.sign(a - y)


RIGHT = {
    "smooth": (softplus, sigmoid, ()),
    "kink": (lambda z: np.maximum(z, 0.0), lambda z: z > 0, (0.0,)),
    "kink elsewhere": (lambda z: np.maximum(z, 0.8), lambda z: (z > 0.8) * 1.0, (0.8,)),
    "fast": (lambda z: z**5, lambda z: 5 * z**4, ()),
    "flat": (lambda z: np.tanh(z / 100), lambda z: (1 - np.tanh(z / 100) ** 2) / 100, ()),
    "integers": (lambda z: 2 * z, lambda z: np.full(z.shape, 2), ()),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_pairs_are_taken_and_checked_networks_pass(name):
    function, derivative, kinks = RIGHT[name]
    row = register_activation("mine", function, derivative, kinks=kinks)
    net = Network([3, 4, 2], activation=[row, "identity"], cost="squared_error", l2=0.1)
    assert net == Network([3, 4, 2], activation=["mine", "identity"], cost="squared_error", l2=0.1)
    rng = np.random.default_rng(3)
    params, x, y = net.initialize(rng), rng.standard_normal((3, 5)), rng.standard_normal((2, 5))
    report = check(net, params, x, y)
    assert report.passed
    assert report.decided
    assert "extrapolated" in report.summary
    _, jacobians = net.value_and_grad(params, x, y)
    assert not check(net, params, x, y, {"W1": 1.001 * jacobians.W1}).passed


WRONG = {
    "sign": (sigmoid, lambda z: -slope(z)),
    "function_for_derivative": (sigmoid, sigmoid),
    "activation_form_at_sum": (sigmoid, lambda z: z * (1 - z)),
    "derivative_at_activation": (sigmoid, lambda z: slope(sigmoid(z))),
    "derivative_reciprocal": (sigmoid, lambda z: 1 / slope(z)),
    "derivative_twice": (sigmoid, lambda z: slope(z) ** 2),
    "derivative_of_other_function": (sigmoid, lambda z: 1 - np.tanh(z) ** 2),
    "constant_factor": (sigmoid, lambda z: 3 * slope(z)),
}


@pytest.mark.parametrize("slug", WRONG)
def test_a_mistake_of_the_catalogue_is_named(slug):
    with pytest.raises(WrongDerivative, match=rf"wrong at z = .*differences.*\({slug}\)"):
        register_activation("mine_wrong", *WRONG[slug])
    with pytest.raises(ChainruleError, match="unknown activation 'mine_wrong'"):
        Network([1, 1], activation="mine_wrong", cost="squared_error")


def test_a_mistake_that_is_in_no_catalogue_is_placed():
    """Right but for one side: the point is on that side."""
    with pytest.raises(WrongDerivative, match=r"wrong at z = [\d.]+: it gives"):
        register_activation("mine", sigmoid, lambda z: slope(z) + 1e-4 * (z > 0))


def test_the_point_told_is_one_where_it_fails():
    with pytest.raises(WrongDerivative, match=r"wrong at z = 5.5: it gives 0.01405"):
        register_activation("mine", sigmoid, lambda z: slope(z) + 0.01 * (z > 5))


UNUSABLE = {
    "name of ours": (("tanh", np.tanh, slope), "built-in"),
    "no identifier": (("my tanh", np.tanh, slope), "identifier"),
    "no function": (("mine", np.tanh, 3), "derivative is 3"),
    "raises": (("mine", lambda z: max(z, 0), slope), "raises ValueError"),
    "other shape": (("mine", np.sum, slope), "shape ()"),
    "mixes entries": (("mine", lambda z: np.exp(z) / np.exp(z).sum(), slope), "entry by entry"),
    "not finite": (("mine", np.log, lambda z: 1 / z), "not finite"),
    "overwrites": (("mine", lambda z: np.multiply(z, 2, out=z), slope), "overwrites"),
    "complex": (("mine", lambda z: z + 1j, slope), "real numbers"),
    "kinks in words": (("mine", np.arctan, slope, "a"), "kinks"),
    "nothing": (("mine", lambda z: None, slope), "object"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_is_no_function_of_entries_is_refused(name):
    arguments, part = UNUSABLE[name]
    with pytest.raises(ChainruleError) as refusal:
        register_activation(*arguments[:3], kinks=arguments[3] if arguments[3:] else ())
    assert part in str(refusal.value)


def test_own_costs_train_and_check_and_know_their_outputs():
    register_cost("mine", absolute, sign_of_difference, kinks=[0.0])
    net = Network([1, 3, 1], activation="tanh", output="usual", cost="mine")
    assert net.architecture.activations[-1].name == "identity"
    x, y = np.linspace(-1, 1, 9)[np.newaxis], np.linspace(0, 2, 9)[np.newaxis]
    start = net.initialize(0)
    assert check(net, start, x, y).passed
    same = Network([1, 3, 1], activation="tanh", output="usual", cost="absolute_error")
    options = {"optimizer": GradientDescent(0.1), "iterations": 50}
    ours, theirs = (train(each, start, x, y, **options).params for each in (same, net))
    np.testing.assert_allclose(ours.flat, theirs.flat, rtol=1e-12)


def test_a_cost_of_probabilities_says_which_outputs_it_may_follow():
    pair = (lambda a, y: -y * np.log(a), lambda a, y: -y / a)
    with pytest.raises(ChainruleError, match=r"not finite.*outputs=\['sigmoid'\]"):
        register_cost("logarithmic", *pair)
    cost = register_cost("logarithmic", *pair, outputs=["sigmoid", "exp"])
    assert Network([1, 1], activation="exp", cost=cost)
    with pytest.raises(ChainruleError, match=r"cannot follow a layer of tanh.*sigmoid, exp"):
        Network([1, 1], activation=["tanh"], cost="logarithmic")


@pytest.mark.parametrize(
    ("derivative", "slug"),
    [(lambda a, y: 2 * (y - a), "sign"), (lambda a, y: a - y, "constant_factor")],
)
def test_wrong_derivatives_of_costs_are_refused(derivative, slug):
    with pytest.raises(WrongDerivative, match=rf"wrong at a = .*, y = .*\({slug}\)"):
        register_cost("mine_wrong", lambda a, y: (a - y) ** 2, derivative)


def test_a_cost_is_tried_wherever_its_outputs_can_be():
    """Right between 0 and 1, wrong beyond: an identity goes there."""
    pair = (
        lambda a, y: np.where(abs(a - y) > 1, abs(a - y) - 0.5, (a - y) ** 2 / 2),
        lambda a, y: a - y,
    )
    with pytest.raises(WrongDerivative):
        register_cost("beyond", *pair, outputs="identity")
    assert register_cost("beyond", *pair, outputs="sigmoid")


def test_small_functions_are_judged_by_their_size():
    with pytest.raises(WrongDerivative, match=r"5 times.*constant_factor"):
        register_activation("tiny", lambda z: 1e-7 * np.sin(z), lambda z: 5e-7 * np.cos(z))
    assert register_activation("tiny", lambda z: 1e-7 * np.sin(z), lambda z: 1e-7 * np.cos(z))


@dataclass
class Scaled:
    """A function that cannot be hashed."""

    factor: float

    def __call__(self, z):
        return self.factor * z


def test_functions_need_no_hash():
    row = register_activation("scaled", Scaled(2.0), lambda z: np.full(z.shape, 2.0))
    net = Network([1, 1], activation=row, cost="squared_error")
    assert check(net, net.initialize(0), [[1.0]], [[0.0]]).passed


def test_float32_goes_in_and_comes_out():
    row = register_activation("mine", softplus, lambda z: np.float64(1) / (1 + np.exp(-z)))
    net = Network([2, 3, 1], activation=row, cost="squared_error")
    params = net.initialize(0, dtype=np.float32)
    trace = net.trace(params, np.ones((2, 4)), np.ones((1, 4)))
    assert {np.asarray(value).dtype for value in trace.values()} == {np.dtype(np.float32)}


def test_networks_with_own_functions_are_pickled_by_their_functions():
    row = register_activation("mine", softplus, sigmoid)
    cost = register_cost("ours", absolute, sign_of_difference, kinks=[0.0])
    net = Network([2, 2], activation=row, cost=cost)
    assert pickle.loads(pickle.dumps(net)) == net
