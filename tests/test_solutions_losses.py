"""Law: functions that return a cost and its gradients are judged by that cost, in any layout."""

from __future__ import annotations

import pytest

from judging import entries, judged, slugs
from solutions_losses import PLANTED, RIGHT


@pytest.mark.parametrize("name", RIGHT)
def test_right_function_raises_no_alarm(name):
    report = judged(RIGHT[name])
    assert not report.findings
    assert set(entries(report).values()) == {"right"}
    assert report.status == 0


@pytest.mark.parametrize(("name", "slug", "edit"), PLANTED)
def test_planted_mistake_is_named(name, slug, edit):
    old, new = edit
    assert old in RIGHT[name]
    report = judged(RIGHT[name].replace(old, new))
    remarked = {each.slug for each in report.remarks}  # one factor everywhere is said as a remark
    assert slug in slugs(report) | remarked


def test_wrong_loss_of_two_is_named_alone():
    source = RIGHT["SOFTMAX_LOOPS"].replace("    dW /= num_train\n", "")
    report = judged(source)
    found = {
        each.name.partition(":")[0]: each.verdict.value for each in report.judged if each.entry
    }
    assert found["softmax_loss_vectorized"] == "right"
    assert found["softmax_loss_naive"] != "right"


def test_reading_that_was_taken_is_told():
    assert "targets are labels" in judged(RIGHT["HINGE"]).reading
    assert "biases are the first column of the weights" in judged(RIGHT["UNROLLED"]).reading


def test_unfinished_backward_of_a_layer_is_unfinished():
    source = RIGHT["LAYERS"].replace("    dx = dout * (x > 0)\n", "")
    report = judged(source)
    found = {each.name: each.verdict.value for each in report.judged}
    assert found["relu_backward"] == "unfinished"
    assert found["affine_backward: dx"] == "right"


LOGISTIC = """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def propagate(w, b, X, Y):
    m = X.shape[1]
    A = sigmoid(np.dot(w.T, X) + b)
    cost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m
    dw = np.dot(X, (A - Y).T) / m
    db = np.sum(A - Y) / m
    return dw, db, cost
"""

LINEAR = """
import numpy as np
def linear_forward(A, W, b):
    return np.dot(W, A) + b, (A, W, b)
def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = np.dot(dZ, A_prev.T) / m
    db = np.sum(dZ, axis=1, keepdims=True) / m
    return np.dot(W.T, dZ), dW, db
"""


@pytest.mark.parametrize("source", [LOGISTIC, LINEAR], ids=["numbers", "convention"])
def test_a_number_among_the_gradients_and_a_mean_by_convention_raise_no_alarm(source):
    report = judged(source)
    assert report.status == 0, report
    assert report.findings == ()


def test_a_mean_in_one_of_two_is_no_convention():
    report = judged(
        LINEAR.replace("np.sum(dZ, axis=1, keepdims=True) / m", "np.sum(dZ, axis=1, keepdims=True)")
    )
    assert report.status == 1
