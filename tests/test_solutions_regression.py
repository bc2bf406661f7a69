"""Linear and logistic regression: how costs and gradients are paired, and what is found."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from chainrule.checking.verdicts import Verdict
from chainrule.solutions.cells import Cell
from chainrule.solutions.child import judge
from chainrule.solutions.findings import Report

APART = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def compute_cost(X, y, w, b, lambda_=1):
    m, n = X.shape
    total = 0.0
    for i in range(m):
        f = sigmoid(np.dot(X[i], w) + b)
        total += -y[i] * np.log(f) - (1 - y[i]) * np.log(1 - f)
    return total / m + lambda_ / (2 * m) * np.sum(w ** 2)

def compute_gradient(X, y, w, b, lambda_=1):
    m, n = X.shape
    dj_dw = np.zeros(n)
    dj_db = 0.0
    for i in range(m):
        err = sigmoid(np.dot(X[i], w) + b) - y[i]
        for j in range(n):
            dj_dw[j] += err * X[i, j]
        dj_db += err
    dj_dw = dj_dw / m + lambda_ / m * w
    dj_db = dj_db / m
    return dj_db, dj_dw
"""

VECTOR = """
import numpy as np

def cost(theta, X, y, learningRate):
    theta, X, y = np.matrix(theta), np.matrix(X), np.matrix(y)
    h = 1 / (1 + np.exp(-X * theta.T))
    first = np.multiply(-y, np.log(h)) - np.multiply(1 - y, np.log(1 - h))
    return np.sum(first) / len(X) + learningRate / (2 * len(X)) * np.sum(np.power(theta[:, 1:], 2))

def gradient(theta, X, y, learningRate):
    theta, X, y = np.matrix(theta), np.matrix(X), np.matrix(y)
    error = 1 / (1 + np.exp(-X * theta.T)) - y
    grad = np.zeros(theta.shape[1])
    for i in range(theta.shape[1]):
        grad[i] = np.sum(np.multiply(error, X[:, i])) / len(X)
        if i > 0:
            grad[i] += learningRate / len(X) * theta[0, i]
    return grad
"""

DESCENT = """
import numpy as np

def compute_cost(X, y, theta):
    return np.sum((X.dot(theta) - y) ** 2) / (2 * len(y))

def gradient_descent(X, y, theta, alpha, num_iters):
    m = len(y)
    history = []
    for i in range(num_iters):
        theta = theta - alpha / m * X.T.dot(X.dot(theta) - y)
        history.append(compute_cost(X, y, theta))
    return theta, history
"""

LINE = """
def compute_cost(x, y, w, b):
    m = x.shape[0]
    total = 0
    for i in range(m):
        total += (w * x[i] + b - y[i]) ** 2
    return total / (2 * m)

def compute_gradient(x, y, w, b):
    m = x.shape[0]
    dj_dw = 0
    dj_db = 0
    for i in range(m):
        dj_dw += (w * x[i] + b - y[i]) * x[i]
        dj_db += w * x[i] + b - y[i]
    return dj_dw / m, dj_db / m
"""

TOGETHER = """
import numpy as np
from sigmoid import sigmoid

def lrCostFunction(theta, X, y, lambda_):
    m = y.size
    h = sigmoid(X @ theta)
    J = np.sum(-y * np.log(h) - (1 - y) * np.log(1 - h)) / m
    J = J + lambda_ / (2 * m) * np.sum(theta[1:] ** 2)
    grad = X.T @ (h - y) / m
    grad[1:] = grad[1:] + lambda_ / m * theta[1:]
    return J, grad
"""

TWO = """
import numpy as np

def cost_linear(X, y, w, b):
    return np.mean((X @ w + b - y) ** 2) / 2

def cost_logistic(X, y, w, b):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

def grad_logistic_of(X, y, w, b):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    return X.T @ (p - y) / len(y), np.mean(p - y)
"""

pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass")  # theirs, not ours

RIGHT = {
    "apart": APART,
    "vector": VECTOR,
    "descent": DESCENT,
    "line": LINE,
    "together": TOGETHER,
    "two costs": TWO,
}


def report(text: str) -> Report:
    """Return the report on a file."""
    return judge({"path": "file.py", "cells": [asdict(Cell(text))], "call_seconds": 5.0})


@pytest.mark.parametrize("name", RIGHT)
def test_right_ones_are_right(name: str) -> None:
    found = report(RIGHT[name])
    assert found.style == "a cost of one layer and its gradient"
    assert (found.status, found.findings) == (0, ())


PLANTED = {
    "missing_mean": (APART, "dj_db = dj_db / m", "pass"),
    "sign": (APART, "- y[i]\n", "+ 0\n        err = y[i] - err\n"),
    "penalty_missing": (APART, " + lambda_ / m * w", ""),
    "penalty_factor": (APART, "lambda_ / m * w", "lambda_ * w"),
    "penalty_sign": (APART, "+ lambda_ / m * w", "- lambda_ / m * w"),
    "missing_mean of a vector": (DESCENT, "alpha / m * X", "alpha * X"),
    "sign of a descent": (DESCENT, "theta - alpha", "theta + alpha"),
    "missing_mean of a line": (LINE, "dj_dw / m, dj_db / m", "dj_dw, dj_db"),
    "penalty_on_bias": (
        TOGETHER,
        "grad[1:] = grad[1:] + lambda_ / m * theta[1:]",
        "grad += lambda_ / m * theta",
    ),
    "penalty_sign of a vector": (TOGETHER, "grad[1:] + lambda_", "grad[1:] - lambda_"),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_planted_mistakes_come_back(planted: str) -> None:
    text, old, new = PLANTED[planted]
    assert old in text
    found = report(text.replace(old, new))
    assert found.status == 1
    assert planted.split(maxsplit=1)[0] in [each.slug for each in found.findings]


def test_where_it_is_not_clear_of_which_cost_a_gradient_is_there_is_no_alarm() -> None:
    assert report(TWO.replace("X.T @ (p - y)", "X.T @ (y - p)")).status == 2


def test_a_gradient_without_its_cost_may_be_right_and_is_never_wrong() -> None:
    alone = APART[: APART.index("def compute_cost")] + APART[APART.index("def compute_gradient") :]
    found = report(alone)
    verdicts = {each.verdict for each in found.judged if each.role == "gradient"}
    assert (found.status, verdicts) == (0, {Verdict.IMPLIED_COST})
    assert report(alone.replace("dj_db / m", "dj_db * 2 + 1")).status != 1


DESCENT = """
import numpy as np

def compute_cost(X, y, w, b, lambda_=1):
    m = len(y)
    return np.sum((X @ w + b - y) ** 2) / (2 * m) + lambda_ / (2 * m) * np.sum(w ** 2)

def compute_gradient(X, y, w, b, lambda_=1):
    m = len(y)
    error = X @ w + b - y
    return X.T @ error / m + lambda_ / m * w, error.sum() / m

def gradient_descent(X, y, w, b, alpha, num_iters):
    for _ in range(num_iters):
        dw, db = compute_gradient(X, y, w, b)
        w = w - alpha * dw
        b = b - alpha * db
    return w, b
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("alpha * dw", "alpha * dw / np.linalg.norm(dw)"),
        ("(X, y, w, b)\n        w", "(X[:1], y[:1], w, b)\n        w"),
        ("w - alpha * dw", "0.99 * w - alpha * dw"),
    ],
)
def test_how_a_descent_steps_by_a_right_gradient_is_its_own(old, new):
    assert old in DESCENT
    found = report(DESCENT.replace(old, new, 1) if old else DESCENT)
    assert found.status == 0, found.findings


def test_a_descent_that_climbs_is_wrong_all_the_same():
    climbs = DESCENT.replace("w - alpha * dw", "w + alpha * dw").replace(
        "b - alpha * db", "b + alpha * db"
    )
    assert "sign" in {each.slug for each in report(climbs).findings}
