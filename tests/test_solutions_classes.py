"""Law: classes are read in whatever form they come, and planted mistakes are named."""

from __future__ import annotations

import pytest

from judging import entries, judged, slugs
from solutions_classes import PLANTED, RIGHT

GOOD = {"right", "right up to a constant", "right for the implied cost"}


@pytest.mark.parametrize("name", RIGHT)
def test_right_class_raises_no_alarm(name):
    report = judged(RIGHT[name])
    assert not report.findings
    gradients = [each for each in report.judged if each.role == "gradient"]
    assert {each.verdict.value for each in gradients} <= GOOD
    assert "W1" in entries(report)
    assert report.status == 0


@pytest.mark.parametrize(("name", "slug", "edit"), PLANTED)
def test_planted_mistake_is_named(name, slug, edit):
    old, new = edit
    assert old in RIGHT[name]
    report = judged(RIGHT[name].replace(old, new))
    remarked = {each.slug for each in report.remarks}  # one factor everywhere is said as a remark
    assert slug in slugs(report) | remarked


def test_error_without_slope_is_right_where_there_is_no_cost():
    """Then it is the shortcut of cross-entropy, and nobody can tell."""
    source = RIGHT["COLUMN_BY_COLUMN"].replace(" * sigmoid_prime(zs[-1])", "")
    report = judged(source)
    assert not report.findings
    assert set(entries(report).values()) == {"right for the implied cost"}


def test_sizes_that_are_fixed_inside_are_kept():
    report = judged(RIGHT["FIXED_SIZES"])
    assert entries(report).keys() == {"W1", "W2"}


def test_place_of_a_gradient_is_the_method():
    report = judged(RIGHT["BATCH_ROWS"])
    lines = RIGHT["BATCH_ROWS"].split("\n")
    place = next(each.place for each in report.judged if each.entry == "W1")
    assert lines[place.line - 1].strip().startswith("def backward")


def test_method_that_raises_is_said_with_its_line():
    source = RIGHT["BATCH_ROWS"].replace("dA1 = dZ2 @ self.W2.T", "dA1 = dZ2 @ self.W3.T")
    report = judged(source)
    assert report.status == 2
    stuck = [each for each in report.judged if each.verdict.value == "cannot run"]
    assert stuck
    line = source.split("\n")[stuck[0].place.line - 1] if "W3" in stuck[0].detail else ""
    assert "W3" in stuck[0].detail, line


WRONG_UNITS = [
    ("sign", "grad * self.s * (1 - self.s)", "-grad * self.s * (1 - self.s)"),
    ("function_for_derivative", "grad * self.s * (1 - self.s)", "grad * self.s"),
    ("constant_factor", "grad * self.s * (1 - self.s)", "2 * grad * self.s * (1 - self.s)"),
    ("derivative_twice", "(1 - self.s)", "(1 - self.s) * self.s * (1 - self.s)"),
    ("derivative_formula", "(1 - self.s)", "(1 + self.s)"),
]


@pytest.mark.parametrize(("slug", "old", "new"), WRONG_UNITS)
def test_wrong_activation_is_not_laid_at_the_door_of_another_layer(slug, old, new):
    source = RIGHT["LAYERS_OF_SEVERAL_KINDS"]
    assert old in source
    report = judged(source.replace(old, new))
    assert [(each.slug, each.entries) for each in report.findings] == [
        (slug, ("Sigmoid.backward",))
    ]
    assert report.findings[0].place.function == "backward"
    rest = {each.name: each.verdict.good for each in report.judged if each.name[0] != "c"}
    assert rest.pop("Sigmoid.backward") is False
    assert all(rest.values())
    assert {"W1", "W2"} <= entries(report).keys()


def test_activation_layers_are_judged_without_any_weights():
    source = RIGHT["LAYERS_OF_SEVERAL_KINDS"]
    alone = source[: source.index("class Linear")] + source[source.index("class Sigmoid") :]
    assert judged(alone).status == 0
    report = judged(alone.replace("np.exp(-self.x)", "np.exp(self.x)"))
    assert [each.entries for each in report.findings] == [("Softplus.backward",)]
    assert report.status == 1


def test_weights_are_judged_without_any_activation_layer():
    source = RIGHT["LAYERS_OF_SEVERAL_KINDS"]
    alone = source[: source.index("class Sigmoid")]
    assert judged(alone).status == 0
    assert slugs(judged(alone.replace("grad @ self.W.T", "-grad @ self.W.T"))) == {"sign"}


def test_sigmoid_that_hands_on_what_cross_entropy_gives_is_no_mistake():
    source = RIGHT["LAYERS_OF_SEVERAL_KINDS"]
    report = judged(source.replace("grad * self.s * (1 - self.s)", "grad"))
    assert not report.findings
    (line,) = (each for each in report.judged if each.name == "Sigmoid.backward")
    assert line.verdict.value == "not judged"


STRAIGHT = """
import numpy as np

class Rectified:
    def forward(self, z):
        self.on = z > 0
        return z * self.on

    def backward(self, above):
        return above * self.on

class Binary:
    def forward(self, z):
        self.z = z
        return np.sign(z)

    def backward(self, above):
        return above * (np.abs(self.z) <= 1)
"""


def test_what_a_step_hands_on_is_a_choice():
    """Its derivative is 0 (Bengio, Léonard and Courville 2013)."""
    report = judged(STRAIGHT)
    said = {each.name: each.verdict.value for each in report.judged}
    assert said == {"Rectified.backward": "right", "Binary.backward": "not judged"}
    assert report.status == 2
    smooth = judged(STRAIGHT.replace("np.sign(z)", "np.tanh(z)"))
    assert {each.name for each in smooth.judged if each.verdict.bad} == {"Binary.backward"}


def test_network_that_is_not_known_is_cleared_by_differences_and_never_accused():
    source = RIGHT["INPUTS_STANDARDISED"]
    assert set(entries(judged(source)).values()) == {"right"}
    report = judged(source.replace("np.cos(", "-np.cos("))
    assert not any(each.verdict.bad for each in report.judged if each.entry.endswith("2"))


SOFTMAX_FROM_BESIDE = """
import numpy as np
from utils import softmax, relu

class Net:
    def __init__(self, n_in, n_h, n_out):
        self.W1 = np.random.randn(n_in, n_h)
        self.b1 = np.zeros(n_h)
        self.W2 = np.random.randn(n_h, n_out)
        self.b2 = np.zeros(n_out)
    def forward(self, X):
        self.Z = X @ self.W1 + self.b1
        self.A = relu(self.Z)
        return softmax(self.A @ self.W2 + self.b2)
    def loss(self, p, y):
        return -np.sum(y * np.log(p)) / len(y)
    def backward(self, X, y, p):
        d = (p - y) / len(y)
        dW2 = self.A.T @ d
        db2 = d.sum(axis=0)
        dZ = d @ self.W2.T * (self.Z > 0)
        return X.T @ dZ, dZ.sum(axis=0), dW2, db2
"""


def test_softmax_that_is_stood_in_for_runs_over_units_whichever_way_examples_lie():
    report = judged(SOFTMAX_FROM_BESIDE)
    assert not report.findings
    assert report.status == 0


def test_negative_gradient_is_right_where_another_method_adds_it():
    source = RIGHT["INPUTS_STANDARDISED"].replace("np.sin(", "np.tanh(")
    source = source.replace("np.cos(self.X @ self.W1 + self.b1)", "(1 - self.H ** 2)")
    source = source.replace("d = 2 * (y_pred - y) / y.size", "d = 2 * (y - y_pred) / y.size")
    source = source.replace(
        "        self.X = (X - X.mean(axis=0)) / X.std(axis=0)", "        self.X = X"
    )
    lines = [f"        self.{p} += g[{i}]" for i, p in enumerate(("W1", "b1", "W2", "b2"))]
    step = "\n".join(
        ["    def train(self, X, y):", "        g = self.backward(X, y, self.forward(X))"]
    )
    added = "\n".join([source, step, *lines])
    assert slugs(judged(source)) == {"sign"}
    assert not judged(added).findings


@pytest.mark.parametrize(
    ("slug", "old", "new"),
    [
        ("weight_not_transposed", "[-l + 1].transpose()", "[-l + 1]"),
        ("cache_mislabelled", "weights[-l + 1]", "weights[-l]"),
    ],
)
def test_what_raises_is_judged_for_one_example_as_the_rest_is(slug, old, new):
    """In columns of several examples the biases of the last layer would be wrong, and are not."""
    report = judged(RIGHT["COLUMN_BY_COLUMN"].replace(old, new))
    assert [each.slug for each in report.findings] == [slug]
    assert "one example per call, a column" in report.reading
    good = {entry for entry, verdict in entries(report).items() if verdict in GOOD}
    assert good == {"W3", "b3"}
    assert report.findings[0].mends


@pytest.mark.parametrize(
    ("slug", "old", "new"),
    [
        ("activation_form_at_sum", "return sigmoid(z) * (1 - sigmoid(z))", "return z * (1 - z)"),
        ("sign", "return output_activations - y", "return y - output_activations"),
    ],
)
def test_where_no_cost_is_known_one_mistake_is_one_cause(slug, old, new):
    """Neither another cost nor a factor is laid beside it, for scale is convention there."""
    report = judged(RIGHT["COLUMN_BY_COLUMN"].replace(old, new))
    assert [(each.slug, each.ties) for each in report.findings] == [(slug, ())]
    assert set(report.findings[0].entries) == {"W1", "W2", "W3", "b1", "b2", "b3"}


ADDED = """
import numpy as np
class Net:
    def __init__(self, X, Y):
        self.X, self.Y = X, Y
        self.W1 = np.random.rand(X.shape[1], 5)
        self.W2 = np.random.rand(5, 1)
    def feedforward(self):
        self.hidden = sigmoid(self.X @ self.W1)
        self.out = sigmoid(self.hidden @ self.W2)
    def backprop(self):
        d2 = 2 * (self.Y - self.out) * sigmoid_derivative(self.out)
        d1 = (d2 @ self.W2.T) * sigmoid_derivative(self.hidden)
        self.W1 += self.X.T @ d1
        self.W2 += self.hidden.T @ d2
def sigmoid(v):
    return 1 / (1 + np.exp(-v))
def sigmoid_derivative(v):
    return v * (1 - v)
"""


def test_beside_a_wrong_derivative_a_sum_over_examples_is_convention():
    assert not judged(ADDED).findings
    wrong = ADDED.replace("return v * (1 - v)", "return sigmoid(v) * (1 - sigmoid(v))")
    assert [each.slug for each in judged(wrong).findings] == ["derivative_at_activation"]


def test_file_whose_main_backward_pass_was_not_read_is_not_called_all_right():
    source = """
    import numpy as np

    def linear_forward(A, W, b):
        return W @ A + b, (A, W, b)

    def linear_backward(dZ, cache):
        A, W, b = cache
        m = A.shape[1]
        return W.T @ dZ, dZ @ A.T / m, dZ.sum(axis=1, keepdims=True) / m

    def model_backward(cache, dZ, other):
        return {"first": linear_backward(-dZ * other, cache)}
    """
    report = judged(source)
    assert report.status == 2
    assert [e.name for e in report.judged if not e.verdict.good] == ["model_backward"]


RELU = """
import numpy as np

class ReLU:
    def forward(self, x):
        self.x = x
        return np.maximum(0, x)

    def backward(self, dout):
        dx = dout.copy()
        dx[self.x <= 0] = 0
        return dx
"""


def test_a_relu_that_is_masked_by_what_comes_back_is_named():
    assert judged(RELU).status == 0
    found = judged(RELU.replace("self.x <= 0", "dout <= 0")).findings
    assert [each.slug for each in found] == ["derivative_at_activation"]
    assert "its own sign" in found[0].sentence


ADAPTIVE = """
import numpy as np

class MLP:
    def __init__(self, inputs, hidden, outputs, lr=0.1):
        self.W1 = np.random.randn(inputs, hidden)
        self.b1 = np.zeros((1, hidden))
        self.W2 = np.random.randn(hidden, outputs)
        self.b2 = np.zeros((1, outputs))
        self.lr = lr

    def forward(self, X):
        self.a1 = 1 / (1 + np.exp(-(X @ self.W1 + self.b1)))
        self.a2 = 1 / (1 + np.exp(-(self.a1 @ self.W2 + self.b2)))
        return self.a2

    def loss(self, y, out):
        return np.mean((y - out) ** 2)

    def backward(self, X, y):
        delta2 = 2 * (self.a2 - y) / y.size * self.a2 * (1 - self.a2)
        dW2 = self.a1.T @ delta2
        delta1 = delta2 @ self.W2.T * self.a1 * (1 - self.a1)
        dW1 = X.T @ delta1
        self.W1 -= self.lr * dW1
        self.b1 -= self.lr * delta1.sum(axis=0, keepdims=True)
        self.W2 -= self.lr * dW2
        self.b2 -= self.lr * delta2.sum(axis=0, keepdims=True)
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("self.lr * dW1", "self.lr * dW1 / (np.sqrt(0.1 * dW1 ** 2) + 1e-8)"),
        ("self.lr * dW2", "self.lr * (dW2 + 0.003 * self.W2)"),
        ("self.lr * dW2", "self.lr * np.sign(dW2)"),
        ("self.lr * dW2", "self.lr / (1 + 0.01) * dW2"),
    ],
)
def test_steps_that_are_meant_to_be_no_gradient_are_no_mistake(old, new):
    assert judged(ADAPTIVE).status == 0
    report = judged(ADAPTIVE.replace(old, new))
    assert report.status == 2
    assert not report.findings


def test_plain_steps_of_a_wrong_gradient_are_wrong():
    report = judged(ADAPTIVE.replace(" * self.a1 * (1 - self.a1)", ""))
    assert report.status == 1
    assert {each.slug for each in report.findings} == {"missing_hidden_derivative"}
