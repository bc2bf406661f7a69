"""Law: functions that return a cost and its gradients are judged by that cost, in any layout."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.solutions.helpers_rows import ROWS
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


COURSE_LAYERS = """
from cs231n.layers import *
from cs231n.layer_utils import *

class TwoLayerNet(object):
    def __init__(self, input_dim=12, hidden_dim=6, num_classes=4, weight_scale=1e-3, reg=0.0):
        self.params, self.reg = {}, reg
        self.params['W1'] = weight_scale * np.random.randn(input_dim, hidden_dim)
        self.params['b1'] = np.zeros(hidden_dim)
        self.params['W2'] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params['b2'] = np.zeros(num_classes)

    def loss(self, X, y=None):
        W1, W2 = self.params['W1'], self.params['W2']
        h, first = affine_relu_forward(X, W1, self.params['b1'])
        scores, second = affine_forward(h, W2, self.params['b2'])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        grads = {}
        dh, grads['W2'], grads['b2'] = affine_backward(dscores, second)
        dx, grads['W1'], grads['b1'] = affine_relu_backward(dh, first)
        grads['W1'] += self.reg * W1
        grads['W2'] += self.reg * W2
        return loss, grads
"""


def test_layers_that_a_course_has_beside_the_file_are_stood_in_for():
    report = judged(COURSE_LAYERS)
    assert report.status == 0
    assert entries(report) == dict.fromkeys(("W1", "W2", "b1", "b2"), "right")
    wrong = judged(COURSE_LAYERS.replace("+= self.reg * W1", "+= 2 * self.reg * W1"))
    assert slugs(wrong) == {"penalty_factor"}


@pytest.mark.parametrize("name", ["softmax_loss", "svm_loss"])
def test_losses_that_stand_in_for_those_of_a_course_have_their_gradients(name):
    rng = np.random.default_rng(1)
    loss, x, y = ROWS[name], rng.normal(size=(7, 4)), np.arange(7) % 4
    step = 1e-6
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        slope = (loss(up, y)[0] - loss(down, y)[0]) / (2 * step)
        assert loss(x, y)[1][place] == pytest.approx(slope, abs=1e-8)


POOL = """
import numpy as np

def max_pool_forward(x, pool_param):
    s, ph, pw = pool_param['stride'], pool_param['pool_height'], pool_param['pool_width']
    N, C, H, W = x.shape
    out = np.zeros((N, C, 1 + (H - ph) // s, 1 + (W - pw) // s))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, i*s:i*s+ph, j*s:j*s+pw].max(axis=(2, 3))
    return out, (x, pool_param)

def max_pool_backward(dout, cache):
    x, pool_param = cache
    s, ph, pw = pool_param['stride'], pool_param['pool_height'], pool_param['pool_width']
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            part = x[:, :, i*s:i*s+ph, j*s:j*s+pw]
            mask = part == part.max(axis=(2, 3), keepdims=True)
            dx[:, :, i*s:i*s+ph, j*s:j*s+pw] = mask * dout[:, :, i, j][:, :, None, None]
    return dx
"""


def test_pools_are_judged_as_the_course_uses_them_side_by_side():
    report = judged(POOL)
    assert not report.findings
    assert report.status == 0


def test_no_square_is_spoken_of_where_the_cost_has_none():
    report = judged(RIGHT["HINGE"].replace("dW /= num_train", "dW /= num_train / 2"))
    (finding,) = report.findings
    assert finding.slug == "constant_factor"
    assert finding.suggestion == "carry the factor of the cost's derivative along"


MASK = """
import numpy as np

def relu_forward(x):
    return np.maximum(0, x), x

def relu_backward(dout, cache):
    x = cache
    dx = np.array(dout, copy=True)
    dx[x <= 0] = 0
    return dx
"""


def test_a_mask_by_what_comes_back_is_named():
    assert judged(MASK).status == 0
    found = judged(MASK.replace("dx[x <= 0]", "dx[dout <= 0]")).findings
    assert [each.slug for each in found] == ["derivative_at_activation"]


HINGE = """
import numpy as np

def svm_loss(W, X, y, reg):
    n = X.shape[0]
    dW = np.zeros(W.shape)
    loss = 0.0
    for i in range(n):
        scores = X[i].dot(W)
        for j in range(W.shape[1]):
            margin = scores[j] - scores[y[i]] + 1
            if j != y[i] and margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss = loss / n + reg * np.sum(W * W)
    dW = dW / n + 2 * reg * W
    return loss, dW
"""


def test_a_factor_that_follows_the_examples_is_a_mean_where_no_network_is_known():
    assert judged(HINGE).status in (0, 2)
    found = judged(HINGE.replace("dW = dW / n", "dW = dW")).findings
    assert [each.slug for each in found] == ["missing_mean"]
    assert [mend.line for each in found for mend in each.mends] == ["dW = dW / n + 2 * reg * W"]
