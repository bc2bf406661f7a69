"""Law: where two mistakes make the same numbers, that is said; where one reading is right, it is.

The list is that of MISTAKES.md, "What cannot be told apart".
"""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import diagnose
from chainrule.checking import Verdict
from planted import Setting, Slip, gradients, slips

SIGMOID = Setting("sigmoid", (3, 5, 2), "sigmoid", "squared_error", 7)
RELU = Setting("relu", (3, 5, 2), ("relu", "identity"), "squared_error", 7)
BINARY = Setting("binary", (3, 5, 2), "sigmoid", "cross_entropy", 7)
CLASSES = Setting("classes", (3, 5, 4), ("tanh", "softmax"), "cross_entropy", 7)
ONE = Setting("one", (3, 5, 2), "sigmoid", "squared_error", 1)


def said(setting, slip):
    net, params, x, y = setting.draw()
    return diagnose(net, params, x, y, gradients(net, params, x, y, slip))


def scaled(factor):
    return Slip("", after=lambda entry, jacobian, state: jacobian * factor(state))


def names(found, entry="W1"):
    return {*found[entry].slugs, *found[entry].ties}


@pytest.mark.parametrize("factor", [1, 2])
def test_the_shortcut_of_cross_entropy_and_a_derivative_that_is_missing(factor):
    slip = Slip("", {("delta", 2): lambda s: factor * (s.a[2] - s.y) / s.m})
    assert {"shortcut_for_other_cost", "missing_output_derivative"} <= names(said(SIGMOID, slip))


@pytest.mark.parametrize("slug", ["derivative_at_activation", "derivative_twice"])
def test_with_relu_some_are_no_mistake(slug):
    net, *_ = RELU.draw()
    slip = next(each for each in slips(net, 7) if each.slug == slug and ("delta", 1) in each.steps)
    assert said(RELU, slip).good


def test_a_minus_at_one_step_is_a_minus():
    slip = Slip("", {("back", 1): lambda s: -s.W[2].T @ s.delta[2]})
    found = said(SIGMOID, slip)
    assert found["W1"].slugs == ("sign",)
    assert found["W1"].entries == ("b1", "W1") or set(found["W1"].entries) == {"W1", "b1"}


def test_cross_entropy_with_a_derivative_twice_and_the_start_of_the_squared_error():
    net, *_ = BINARY.draw()
    slip = next(each for each in slips(net, 7) if each.slug == "derivative_twice")
    wanted = Slip("", {("delta", 2): lambda s: (s.a[2] - s.y) / s.m * s.a[2] * (1 - s.a[2])})
    assert slip.steps
    assert {"derivative_twice", "shortcut_for_other_cost"} <= names(said(BINARY, wanted))


def test_with_one_example_a_sum_is_a_mean():
    for factor in (lambda s: s.m, lambda s: 1 / s.m):
        found = said(ONE, scaled(factor))
        assert found.good
        assert "missing_mean" in found["W1"].ties
    assert said(ONE, Slip("", {("Jb", 1): lambda s: s.delta[1]})).good


def test_with_one_output_its_number_is_not_seen():
    setting = Setting("one_output", (3, 5, 1), "sigmoid", "squared_error", 7)
    found = said(setting, scaled(lambda s: 1 / (s.m * len(s.y))))
    assert found["W1"].slugs == ("double_mean",)
    assert "1/m" in found["W1"].sentence


def test_with_one_input_the_size_of_x_is_the_number_of_examples():
    setting = Setting("one_input", (1, 5, 2), "sigmoid", "squared_error", 7)
    assert said(setting, scaled(lambda s: s.m / s.a[0].size)).good


def test_as_many_examples_as_outputs():
    setting = Setting("alike", (3, 5, 4), "sigmoid", "squared_error", 4)
    found = said(setting, scaled(lambda s: 1 / s.m))
    assert {"double_mean", "wrong_divisor"} <= names(found)
    assert "1/k" in found["W1"].sentence


def test_softmax_with_cross_entropy_sums_to_zero_over_the_units():
    slip = Slip("", {("Jb", 2): lambda s: np.full_like(s.b[2], s.delta[2].sum())})
    found = said(CLASSES, slip)
    assert {"bias_summed_over_units", "dead_parameter"} <= names(found, "b2")


def test_what_is_right_is_right_whatever_else_it_might_be():
    """a − y is right for cross-entropy, also where the derivative was never written."""
    for setting in (BINARY, CLASSES):
        slip = Slip("", {("delta", 2): lambda s: (s.a[2] - s.y) / s.m})
        found = said(setting, slip)
        assert {each.verdict for each in found.values()} == {Verdict.RIGHT}


def test_one_factor_in_all_of_it_is_a_matter_of_scale_where_that_is_asked_for():
    net, params, x, y = SIGMOID.draw()
    for factor in (0.5, 7.0, -1.0, 2.71):
        came = {name: factor * each for name, each in gradients(net, params, x, y).items()}
        found = diagnose(net, params, x, y, came, scale_is_convention=True)
        assert {each.verdict for each in found.values()} == {Verdict.UP_TO_CONSTANT}
        assert found["W1"].slugs == ("cost_gradient_mismatch",)
        assert found.good
        assert not diagnose(net, params, x, y, came).good
    came["W1"] = came["W1"] / 2
    assert not diagnose(net, params, x, y, came, scale_is_convention=True).good


def test_half_the_squared_error_is_thought_of_before_a_huber_cost():
    """Both start from a − y where the errors are small."""
    slip = Slip("", {("delta", 2): lambda s: (s.a[2] - s.y) / s.m * s.a[2] * (1 - s.a[2])})
    words = said(BINARY, slip)["W1"].sentence
    assert "huber" not in words.lower()
    assert "squared error" in words or "twice" in words
