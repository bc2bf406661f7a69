"""Law: a loss or layer that no network goes through is judged by differences of its own value."""

from __future__ import annotations

import pytest

from judging import judged, slugs
from solutions_beside import FUNCTIONS, KEPT, LAYERS, PLANTED, RIGHT, SHORTCUT
from solutions_classes import RIGHT as CLASSES


@pytest.mark.parametrize("name", RIGHT)
def test_right_one_raises_no_alarm(name):
    source, count = RIGHT[name]
    report = judged(source)
    assert not report.findings
    assert len(report.judged) == count
    assert all(each.verdict.good for each in report.judged)
    assert report.status == 0


@pytest.mark.parametrize(("name", "slug", "spoilt", "edit"), PLANTED)
def test_planted_mistake_is_named(name, slug, spoilt, edit):
    old, new = edit
    source = RIGHT[name][0]
    assert source.count(old) == 1
    report = judged(source.replace(old, new))
    assert [(each.slug, each.entries) for each in report.findings] == [(slug, (spoilt,))]
    assert [each.name for each in report.judged if not each.verdict.good] == [spoilt]
    assert report.status == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (" / np.size(y_true)\n\ndef binary", "\n\ndef binary", "m k times"),
        ("2 * (y_pred - y_true)", "(y_pred - y_true)", "1/2 times"),
    ],
)
def test_other_divisor_is_a_convention_that_is_said(old, new, words):
    """The mean over examples may be taken elsewhere; that the two differ is worth a remark."""
    report = judged(FUNCTIONS.replace(old, new))
    assert report.status == 0
    line = next(each for each in report.judged if each.name == "mse_prime")
    assert line.verdict.value == "right up to a constant"
    assert words in line.detail
    assert {each.slug for each in report.remarks} == {"cost_gradient_mismatch"}


def test_mean_over_examples_of_which_each_has_its_value_is_taken_once():
    source = RIGHT["BY_EXAMPLES"][0]
    report = judged(source)
    assert not report.remarks
    assert {each.verdict.value for each in report.judged} == {"right"}
    one = judged(source.replace("        self.dinputs = self.dinputs / len(dvalues)\n", ""))
    assert one.status == 0


def test_report_says_which_loss_it_was_held_against():
    report = judged(FUNCTIONS.replace("(y_pred - y_true) / np", "(y_true - y_pred) / np"))
    said = "it has the wrong sign; what mse returns is the squared error"
    assert report.findings[0].sentence == said


def test_shortcut_is_right_together_with_what_stands_before_it():
    (line,) = judged(SHORTCUT).judged
    assert line.verdict.value == "right for the implied cost"
    assert line.detail == "together with softmax before it"


def test_derivative_without_its_value_is_held_against_that_of_cross_entropy():
    start, end = KEPT.index("    def forward"), KEPT.index("    def backward")
    kept = "    def backward(self, dvalues, y_true):\n        return dvalues - y_true\n"
    (line,) = judged(KEPT[:start] + kept).judged
    assert line.verdict.value == "right for the implied cost"
    assert end > start
    report = judged(KEPT[:start] + kept.replace("dvalues - y_true", "y_true - dvalues"))
    assert not report.findings  # whose derivative it is, nobody knows
    assert report.status == 2


def test_derivative_that_is_given_what_comes_out_of_the_softmax_is_right():
    source = KEPT.replace("dout=1", "dvalues, t").replace(
        "dout * (self.y - self.t)", "(dvalues - t)"
    )
    (line,) = judged(source).judged
    assert line.verdict.good


def test_negative_derivative_is_no_mistake_where_the_step_is_added():
    alone = FUNCTIONS[: FUNCTIONS.index("def binary")]
    source = alone.replace("(y_pred - y_true) / np", "(y_true - y_pred) / np")
    added = "\ndef learn(self, x, delta):\n    self.weights += x.T @ delta\n"
    assert not judged(source + added).findings
    step = "\ndef step(w, grad, learning_rate):\n    w += learning_rate * grad\n    return w\n"
    assert slugs(judged(source)) == {"sign"}
    report = judged(source + step)
    assert not report.findings
    assert report.status != 1
    beside = FUNCTIONS.replace("(y_pred - y_true) / np", "(y_true - y_pred) / np")
    assert slugs(judged(beside + step)) == {"sign"}  # for the other has none


def test_wrong_derivative_of_a_value_that_is_not_known_is_not_called_wrong():
    """One witness alone is none: the value may be what is wrong."""
    source = FUNCTIONS.replace("np.power(y_true - y_pred, 2)", "np.power(y_true - y_pred, 4)")
    report = judged(source)
    assert not report.findings
    assert [each.name for each in report.judged if not each.verdict.good] == ["mse_prime"]
    assert report.status == 2


def test_softmax_that_hands_on_what_it_is_given_belongs_to_cross_entropy():
    old = "self.out * (grad - (grad * self.out).sum(axis=1, keepdims=True))"
    report = judged(LAYERS.replace(old, "grad"))
    assert report.status == 0
    line = next(each for each in report.judged if each.name == "Softmax.backward")
    assert line.verdict.value == "right for the implied cost"


def test_softmax_by_units_is_right_together_with_cross_entropy_by_units():
    old = "(grad - (grad * self.out).sum(axis=1, keepdims=True))"
    layers = LAYERS.replace(old, "(1 - self.out) * grad")
    report = judged(layers + FUNCTIONS)
    assert not report.findings
    line = next(each for each in report.judged if each.name == "Softmax.backward")
    assert "single units" in line.detail


@pytest.mark.parametrize("squashed", ["e / e.sum(axis=1, keepdims=True)", "1 / (1 + 1 / e)"])
def test_derivative_by_sums_is_right_beside_a_value_of_probabilities(squashed):
    """Which of the two they are given, only the one who calls them knows."""
    sums = f"    def backward(self, z, y):\n        e = np.exp(z)\n        p = {squashed}\n"
    (line,) = judged(SHORTCUT.replace("    def backward(self, p, y):\n", sums)).judged
    assert line.verdict.value == "right for the implied cost"


def test_epsilon_inside_the_logarithm_is_no_mistake():
    for epsilon in ("1e-5", "1e-8", "1e-15"):
        report = judged(RIGHT["COLUMNS"][0].replace("np.log(AL)", f"np.log(AL + {epsilon})"))
        assert report.status == 0


def test_layer_that_cannot_be_made_is_listed_and_not_accused():
    source = LAYERS.replace("def __init__(self, rate)", "def __init__(self, whatever)")
    report = judged(source.replace("1 - rate", "1 - whatever"))
    assert not report.findings
    assert [each.name for each in report.judged if not each.verdict.good] == ["Dropout.backward"]
    assert report.status == 2


def test_loss_beside_a_network_is_judged_with_it():
    source = CLASSES["LAYERS_ONE_COLUMN"]
    assert judged(source).status == 0
    wrong = judged(source + FUNCTIONS.replace("(y_pred - y_true)", "(y_true - y_pred)"))
    assert [each.entries for each in wrong.findings] == [("mse_prime",)]
    good = {each.name for each in wrong.judged if each.verdict.good}
    assert "binary_cross_entropy_prime" in good
    assert any(each.entry == "W1" and each.verdict.good for each in wrong.judged)


CACHES = """
import numpy as np

def dropout_forward(x, dropout_param):
    np.random.seed(dropout_param["seed"])
    mask = (np.random.rand(*x.shape) < dropout_param["p"]) / dropout_param["p"]
    return x * mask, (dropout_param, mask)

def dropout_backward(dout, cache):
    return dout * cache[1]
"""


def test_function_for_a_layer_beside_a_network_is_judged_and_never_accused():
    source = CLASSES["LAYERS_ONE_COLUMN"] + CACHES
    right = {each.name for each in judged(source).judged if each.verdict.good}
    assert "dropout_backward: dx" in right
    report = judged(source.replace("dout * cache[1]", "dout + cache[1]"))
    assert not report.findings
    said = {each.name for each in report.judged if not each.verdict.good}
    assert said == {"dropout_backward"}


INSIDE = """
import numpy as np
from elsewhere import get_activation

class Dense:
    def __init__(self, units, act, more):
        self.act = get_activation(act)

    def forward(self, x):
        self.x = x
        return self.act.forward(x @ self.W)

    def backward(self, grad):
        grad = self.act.backward(grad)
        self.dW = self.x.T @ grad
        return grad @ self.W.T
"""


def test_layer_with_weights_is_listed_though_it_hands_on_to_its_activation():
    report = judged(LAYERS + INSIDE)
    assert [each.name for each in report.judged if not each.verdict.good] == ["Dense.backward"]
    assert report.status == 2


DIFFERENT = """
import numpy as np

class GradientReversal:
    def forward(self, x):
        return x

    def backward(self, grad):
        return -0.5 * grad

class GuidedReLU:
    def forward(self, x):
        self.on = x > 0
        return x * self.on

    def backward(self, grad):
        return grad * self.on * (grad > 0)

class Rounded:
    def forward(self, x):
        return np.round(x)

    def backward(self, grad):
        return grad

class Wavy:
    def forward(self, x):
        self.x = x
        return np.sin(x) * np.exp(-x * x)

    def backward(self, grad):
        return grad * np.cos(self.x)

class Tanh:
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, grad):
        return grad * (1 - self.out ** 2)
"""


def test_layer_that_differs_on_purpose_is_not_called_wrong():
    report = judged(DIFFERENT)
    said = {each.name: each.verdict.value for each in report.judged}
    assert said.pop("Tanh.backward") == "right"
    assert set(said.values()) == {"not judged"}
    assert not report.findings
    assert report.status == 2
    assert any("fine, if that is meant" in each.detail for each in report.judged)


def test_activation_that_is_known_is_called_wrong_beside_those():
    report = judged(DIFFERENT.replace("(1 - self.out ** 2)", "(1 - self.out)"))
    assert [each.entries for each in report.findings] == [("Tanh.backward",)]
