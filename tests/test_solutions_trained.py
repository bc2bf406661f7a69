"""A function that holds the whole of training is judged by one round of its loop."""

from __future__ import annotations

import pytest

from judging import entries, judged, slugs

PLANAR = """
import numpy as np

X = np.random.randn(200, 2)
y = (X[:, 0] > 0).astype(int)
num_examples = len(X)
epsilon, reg_lambda = 0.01, 0.01

def loss_of(model):
    W1, b1, W2, b2 = model["W1"], model["b1"], model["W2"], model["b2"]
    scores = np.exp(np.tanh(X.dot(W1) + b1).dot(W2) + b2)
    probs = scores / scores.sum(axis=1, keepdims=True)
    penalty = reg_lambda / 2 * (np.sum(W1 ** 2) + np.sum(W2 ** 2))
    return (np.sum(-np.log(probs[range(num_examples), y])) + penalty) / num_examples

def build(hidden, passes=20000, verbose=False):
    W1 = np.random.randn(2, hidden)
    b1 = np.zeros((1, hidden))
    W2 = np.random.randn(hidden, 2)
    b2 = np.zeros((1, 2))
    model = {}
    for i in range(passes):
        z1 = X.dot(W1) + b1
        a1 = np.tanh(z1)
        z2 = a1.dot(W2) + b2
        scores = np.exp(z2)
        probs = scores / np.sum(scores, axis=1, keepdims=True)
        delta3 = probs
        delta3[range(num_examples), y] -= 1
        dW2 = a1.T.dot(delta3)
        db2 = np.sum(delta3, axis=0, keepdims=True)
        delta2 = delta3.dot(W2.T) * (1 - np.power(a1, 2))
        dW1 = X.T.dot(delta2)
        db1 = np.sum(delta2, axis=0)
        dW2 += reg_lambda * W2
        dW1 += reg_lambda * W1
        W1 += -epsilon * dW1
        b1 += -epsilon * db1
        W2 += -epsilon * dW2
        b2 += -epsilon * db2
        model = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
        if verbose and i % 1000 == 0:
            print(i, loss_of(model))
    return model
"""

COLUMNS = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def train(X, Y, hidden=4, lr=0.5, epochs=1000):
    m = X.shape[1]
    params = {
        "W1": np.random.randn(hidden, X.shape[0]), "b1": np.zeros((hidden, 1)),
        "W2": np.random.randn(Y.shape[0], hidden), "b2": np.zeros((Y.shape[0], 1)),
    }
    losses = []
    for epoch in range(epochs):
        A1 = sigmoid(params["W1"] @ X + params["b1"])
        A2 = sigmoid(params["W2"] @ A1 + params["b2"])
        losses.append(-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m)
        dZ2 = A2 - Y
        dZ1 = params["W2"].T @ dZ2 * A1 * (1 - A1)
        params["W2"] -= lr * (dZ2 @ A1.T) / m
        params["b2"] -= lr * np.sum(dZ2, axis=1, keepdims=True) / m
        params["W1"] -= lr * (dZ1 @ X.T) / m
        params["b1"] -= lr * np.sum(dZ1, axis=1, keepdims=True) / m
    return params, losses
"""

BATCHES = """
import numpy as np

def relu(z):
    return np.maximum(0, z)

def fit(X_train, y_train, W1, b1, W2, b2, learning_rate, epochs, size):
    for epoch in range(epochs):
        for i in range(0, len(X_train), size):
            X_batch = X_train[i:i + size]
            y_batch = y_train[i:i + size]
            n = X_batch.shape[0]
            h = relu(X_batch @ W1 + b1)
            out = h @ W2 + b2
            loss = np.mean(np.sum((out - y_batch) ** 2, axis=1))
            d_out = 2 * (out - y_batch) / n
            d_h = (d_out @ W2.T) * (h > 0)
            W2 = W2 - learning_rate * (h.T @ d_out)
            b2 = b2 - learning_rate * d_out.sum(axis=0)
            W1 = W1 - learning_rate * (X_batch.T @ d_h)
            b1 = b1 - learning_rate * d_h.sum(axis=0)
        print(epoch, loss)
    return W1, b1, W2, b2
"""

LOGISTIC = """
import numpy as np

class Logistic:
    def __init__(self, rate=0.01, rounds=1000):
        self.rate, self.rounds = rate, rounds
        self.weights, self.bias = None, None

    def fit(self, X, y):
        samples, features = X.shape
        self.weights = np.zeros(features)
        self.bias = 0
        for _ in range(self.rounds):
            p = self._sigmoid(np.dot(X, self.weights) + self.bias)
            dw = np.dot(X.T, (p - y)) / samples
            db = np.sum(p - y) / samples
            self.weights -= self.rate * dw
            self.bias -= self.rate * db

    def _sigmoid(self, x):
        return 1 / (1 + np.exp(-x))
"""

LINE = """
import numpy as np

class Line:
    def __init__(self, rate=0.01, rounds=1000):
        self.rate = rate
        self.rounds = rounds

    def fit(self, X, Y):
        self.m, self.n = X.shape
        self.W = np.zeros(self.n)
        self.b = 0
        self.X, self.Y = X, Y
        for i in range(self.rounds):
            self.step()
        return self

    def step(self):
        out = self.predict(self.X)
        dW = -2 * self.X.T.dot(self.Y - out) / self.m
        db = -2 * np.sum(self.Y - out) / self.m
        self.W = self.W - self.rate * dW
        self.b = self.b - self.rate * db

    def predict(self, X):
        return X.dot(self.W) + self.b
"""

LAYERS = """
import numpy as np

class Net:
    def __init__(self, hidden=5, lr=0.1):
        self.hidden, self.lr = hidden, lr

    def _softmax(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def _start(self, d, k):
        self.W1 = np.random.randn(d, self.hidden)
        self.b1 = np.zeros((1, self.hidden))
        self.W2 = np.random.randn(self.hidden, k)
        self.b2 = np.zeros((1, k))

    def _forward(self, X):
        self.h = np.tanh(X @ self.W1 + self.b1)
        return self._softmax(self.h @ self.W2 + self.b2)

    def fit(self, X, Y, epochs=100):
        self._start(X.shape[1], Y.shape[1])
        n = X.shape[0]
        for e in range(epochs):
            P = self._forward(X)
            loss = -np.sum(Y * np.log(P)) / n
            print(e, loss)
            d2 = (P - Y) / n
            d1 = (d2 @ self.W2.T) * (1 - self.h ** 2)
            self.W1 -= self.lr * X.T @ d1
            self.b1 -= self.lr * np.sum(d1, axis=0, keepdims=True)
            self.W2 -= self.lr * self.h.T @ d2
            self.b2 -= self.lr * np.sum(d2, axis=0, keepdims=True)
"""


@pytest.mark.parametrize("source", [LOGISTIC, LINE, LAYERS])
def test_a_class_that_makes_its_parameters_where_it_trains_is_read(source):
    report = judged(source)
    assert report.style == "training in one function"
    assert not report.findings
    assert report.status == 0


CLASSES = [
    (LOGISTIC, "np.sum(p - y) / samples", "np.sum(p - y) / samples**2", "bias_mean_again"),
    (LOGISTIC, "np.dot(X.T, (p - y))", "np.dot(X.T, (y - p))", "sign"),
    (LINE, "dW = -2", "dW = 2", "sign"),
    (LAYERS, " * (1 - self.h ** 2)", "", "missing_hidden_derivative"),
    (LAYERS, "(P - Y) / n", "(P - Y)", "missing_mean"),
]


@pytest.mark.parametrize(("source", "right", "wrong", "slug"), CLASSES)
def test_a_mistake_in_such_a_class_is_named(source, right, wrong, slug):
    assert right in source
    report = judged(source.replace(right, wrong))
    said = {*slugs(report), *(each.slug for each in report.remarks)}
    assert slug in said or (slug == "missing_mean" and "cost_gradient_mismatch" in said)
    if source is LAYERS and report.findings:  # written as the class writes it
        assert "self.W2.T" in report.findings[0].mends[0].line


@pytest.mark.parametrize("source", [PLANAR, COLUMNS, BATCHES], ids=["rows", "keys", "batches"])
def test_what_trains_right_is_right(source):
    report = judged(source)
    assert report.style == "training in one function"
    assert list(entries(report).values()) == ["right"] * 4
    assert not report.findings
    assert report.status == 0


MISTAKES = [
    (PLANAR, "np.power(a1, 2)", "np.power(z1, 2)", "activation_form_at_sum"),
    (PLANAR, "X.T.dot(delta2)", "-X.T.dot(delta2)", "sign"),
    (PLANAR, "dW1 += reg_lambda * W1", "dW1 -= reg_lambda * W1", "penalty_sign"),
    (COLUMNS, "dZ2 * A1 * (1 - A1)", "dZ2", "missing_hidden_derivative"),
    (COLUMNS, "np.sum(dZ1, axis=1, keepdims=True) / m", "np.sum(dZ1, axis=1, keepdims=True)",
     "missing_mean"),
    (COLUMNS, 'params["W1"] -=', 'params["W1"] +=', "sign"),
    (BATCHES, "2 * (out - y_batch) / n", "2 * (y_batch - out) / n", "sign"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "right", "wrong", "slug"), MISTAKES)
def test_a_mistake_in_a_round_is_named_at_its_line(source, right, wrong, slug):
    assert right in source
    changed = source.replace(right, wrong)
    report = judged(changed)
    assert slug in slugs(report)
    lines = zip(source.split("\n"), changed.split("\n"), strict=True)
    line = next(number for number, (a, b) in enumerate(lines, start=1) if a != b)
    places = [mend.place for each in report.findings for mend in each.mends]
    places += [each.place for each in report.findings]
    assert line in [place.line for place in places if place is not None]


def test_what_is_computed_after_a_step_sees_the_parameter_moved():
    late = "            d_h = (d_out @ W2.T) * (h > 0)\n"
    step = "            W2 = W2 - learning_rate * (h.T @ d_out)\n"
    assert late in BATCHES
    assert step in BATCHES
    report = judged(BATCHES.replace(late, "").replace(step, step + late))
    assert "updated_too_early" in slugs(report)


@pytest.mark.parametrize(
    "step", ["np.clip({}, -0.05, 0.05)", "np.sign({})", "{} / np.sqrt(2 + {})"]
)
def test_steps_of_another_kind_are_no_mistake(step):
    source = LAYERS
    for of in ("X.T @ d1", "np.sum(d1, axis=0, keepdims=True)", "self.h.T @ d2"):
        assert f"self.lr * {of}" in source
        source = source.replace(f"self.lr * {of}", f"self.lr * {step.format(of, of)}")
    assert (judged(LAYERS).status, judged(source).status) == (0, 2)
    assert not judged(source).findings


TWICE = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def fit_one(X, y, lr, n_iters):
    w, b = np.zeros(X.shape[1]), 0.0
    for _ in range(n_iters):
        p = sigmoid(X @ w + b)
        dw = X.T @ (p - y) / len(y)
        db = np.mean(p - y)
        w -= lr * dw
        b -= lr * db
    return w, b
"""


def test_a_second_training_is_not_passed_over():
    assert judged(TWICE).status == 0
    second = TWICE.partition("def fit_one")
    report = judged(TWICE + "".join(second[1:]).replace("fit_one", "fit_two"))
    assert report.status == 2
    (line,) = [each for each in report.judged if each.name == "fit_two"]
    assert line.verdict.value == "not judged"
