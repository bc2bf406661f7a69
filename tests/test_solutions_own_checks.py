"""Law: a check of one's own that is wrong is noticed, and one that is right is not."""

from __future__ import annotations

import pytest

from judging import judged

SOLUTION = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def forward_propagation(X, parameters):
    A1 = np.tanh(parameters["W1"] @ X + parameters["b1"])
    A2 = sigmoid(parameters["W2"] @ A1 + parameters["b2"])
    return A2, {"A1": A1, "A2": A2}

def compute_cost(A2, Y):
    return np.sum((A2 - Y) ** 2) / Y.shape[1]

def backward_propagation(parameters, cache, X, Y):
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = 2 * (A2 - Y) * A2 * (1 - A2) / X.shape[1]
    dZ1 = (parameters["W2"].T @ dZ2) * (1 - A1**2)
    return {
        "dW1": dZ1 @ X.T, "db1": np.sum(dZ1, axis=1, keepdims=True),
        "dW2": dZ2 @ A1.T, "db2": np.sum(dZ2, axis=1, keepdims=True),
    }
"""
SHELL = """
def gradient_check(parameters, gradients, X, Y, epsilon=1e-7):
    worst = 0
    for name, theta in parameters.items():
        for i in np.ndindex(theta.shape):
            kept = theta[i]
            theta[i] = kept + epsilon
            above, _ = forward_propagation(X, parameters)
            J_plus = compute_cost(above, Y)
            theta[i] = kept - epsilon
            below, _ = forward_propagation(X, parameters)
            J_minus = compute_cost(below, Y)
            theta[i] = kept
            g, h = SLOPE, gradients["d" + name][i]
            worst = max(worst, ERROR)
    return worst
"""


def check(slope="(J_plus - J_minus) / (2 * epsilon)", error="abs(g - h) / (abs(g) + abs(h))"):
    return SOLUTION + SHELL.replace("SLOPE", slope).replace("ERROR", error)


def remarks(source):
    report = judged(source)
    assert report.status == 0
    return [each for each in report.remarks if each.slug == "checker_wrong"]


@pytest.mark.parametrize(
    "error",
    [
        "abs(g - h) / (abs(g) + abs(h))",
        "np.linalg.norm(g - h) / (np.linalg.norm(g) + np.linalg.norm(h))",
        "abs(g - h) / max(abs(g), abs(h))",
        "abs(g - h) / (abs(h) + epsilon)",
        "abs(g - h)",
    ],
)
def test_a_right_check_is_not_remarked_upon(error):
    assert not remarks(check(error=error))


@pytest.mark.parametrize(
    "error",
    ["abs(g - h) / (g + h)", "np.linalg.norm(h - g) / (g + h)", "abs((g - h) / (h + g))"],
)
def test_a_sum_with_signs_is_seen(error):
    (found,) = remarks(check(error=error))
    assert "with their signs" in found.sentence
    assert found.place.function == "gradient_check"
    assert "/" in found.place.source


def test_differences_of_the_output_are_seen():
    (found,) = remarks(check(slope="(above - below) / (2 * epsilon)"))
    assert "forward_propagation returns" in found.sentence
