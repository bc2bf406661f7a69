"""Plain functions with tuples: right ones raise no alarm, planted mistakes come back by name."""

from __future__ import annotations

import textwrap
import time

import pytest

from chainrule.checking.verdicts import Verdict
from chainrule.solutions.cells import Cell
from chainrule.solutions.definitions import collect
from chainrule.solutions.space import Space
from chainrule.solutions.styles.tuples import Tuples
from judging import judged, slugs
from tuples_sources import KAGGLE, RIGHT

STYLE = "plain functions with tuples"

# source, what is replaced, by what, and the slugs under which it may come back
PLANTED = (
    ("kaggle", "1 / m * dZ2.dot(A1.T)", "dZ2.dot(A1.T)", {"missing_mean"}),
    ("kaggle", "np.sum(dZ1, axis=1, keepdims=True)", "np.sum(dZ1)", {"bias_summed_over_units"}),
    ("kaggle", "A2 - one_hot_Y", "one_hot_Y - A2", {"sign"}),
    ("kaggle", "* ReLU_deriv(Z1)", "", {"missing_hidden_derivative"}),
    ("kaggle", "* ReLU_deriv(Z1)", "* ReLU(Z1)", {"function_for_derivative"}),
    ("kaggle", "dW1 = 1 / m * dZ1.dot(X.T)", "dW1 = 1 / m / m * dZ1.dot(X.T)", {"double_mean"}),
    ("kaggle", "W1 = W1 - alpha * dW1", "W1 = W1 + alpha * dW1", {"sign"}),
    ("kaggle", "sum(np.exp(Z))", "np.sum(np.exp(Z), axis=1, keepdims=True)", {"softmax_axis"}),
    ("kaggle", "return Z > 0", "return Z < 0", {"derivative_formula"}),
    ("columns", "(a2 - y) * d_sigmoid(z2)", "(a2 - y)", {"missing_output_derivative"}),
    ("columns", "(W2.T @ delta2) * d_sigmoid(z1)", "(W2.T @ delta2) * d_sigmoid(a1)",
     {"derivative_at_activation"}),
    ("columns", "(W2.T @ delta2) * d_sigmoid(z1)", "(W2.T @ (a2 - y)) * d_sigmoid(z1)",
     {"raw_error_propagated", "delta_not_chained"}),
    ("columns", "return s * (1 - s)", "return z * (1 - z)", {"activation_form_at_sum"}),
    ("columns", "return s * (1 - s)", "return s * (1 + s)", {"derivative_formula"}),
    ("columns", "dW1 = delta1 @ x.T / m", "dW1 = x @ delta1.T / m", {"transposed"}),
    ("columns", "db1 = np.sum(delta1, axis=1, keepdims=True) / m", "db1 = delta1 / m",
     {"bias_not_summed"}),
    ("columns", "db2 = np.sum(delta2, axis=1, keepdims=True) / m",
     "db2 = np.sum(delta2, axis=1) / m", {"kept_dimension"}),
    ("columns", "b1 -= lr * db1", "b1 += lr * db1", {"sign"}),
    ("columns", "delta1 @ x.T / m", "delta1 @ x.T / x.shape[0]", {"wrong_divisor"}),
    ("no_biases", "* sigmoid_derivative(hidden)", "", {"missing_hidden_derivative"}),
    ("no_biases", "error = 2 * (output", "error = (output", {"constant_factor"}),
    ("words", "(1 - hidden ** 2)", "(hidden * (1 - hidden))", {"derivative_of_other_function"}),
    ("words", "dw_hidden = X.T.dot(d_hidden)", "dw_hidden = np.zeros_like(X.T.dot(d_hidden))",
     {"dead_parameter"}),
    ("lists", "delta @ activations[l].T", "-delta @ activations[l].T", {"sign"}),
    ("params", "dh[h <= 0] = 0", "pass", {"missing_hidden_derivative"}),
    ("pairs", "(1 - activations[i] ** 2)", "(1 - np.tanh(activations[i]) ** 2)",
     {"derivative_at_activation"}),
    ("pairs", "delta /= n", "pass", {"missing_mean"}),
    ("cache", 'np.einsum("im,jm->ij", dZ2, A1)', 'np.einsum("im,jm->ij", dZ2, Z1)',
     {"wrong_previous_activation", "cache_mislabelled"}),
    ("flat", "d_h[h == 0] = 0", "pass", {"missing_hidden_derivative"}),
    ("single", "np.dot(W2.T, delta2) * a1 * (1 - a1)", "np.dot(W2.T, delta2)",
     {"missing_hidden_derivative"}),
    ("penalty", "dzh @ X.T + lam * Wxh", "dzh @ X.T", {"penalty_missing"}),
    ("penalty", "dzh @ X.T + lam * Wxh", "dzh @ X.T - lam * Wxh", {"penalty_sign"}),
    ("added", "(y - o) * o", "(o - y) * o", {"sign"}),
    ("added", "h.T @ d2", "-h.T @ d2", {"sign"}),
    ("letters", "z1 * (1 - z1) * np.dot", "np.dot", {"missing_hidden_derivative"}),
    ("places", "d2.dot(params[2].T) * (a1 > 0)", "d2.dot(params[2].T)",
     {"missing_hidden_derivative"}),
    ("globals", "d_h = (d_o @ W2) * h * (1 - h)", "d_h = (d_o @ W2)",
     {"missing_hidden_derivative"}),
    ("together", "* (H > 0)", "", {"missing_hidden_derivative"}),
    ("moving", "(delta2 @ W2.T) * A1 * (1 - A1)", "(delta2 @ W2.T) * A1",
     {"function_for_derivative"}),
)  # fmt: skip

EARLY = (
    """    delta1 = (delta2 @ W2.T) * A1 * (1 - A1)
    W2 = W2 - learning_rate * A1.T @ delta2
""",
    """    W2 = W2 - learning_rate * A1.T @ delta2
    delta1 = (delta2 @ W2.T) * A1 * (1 - A1)
""",
)


def planted(name: str, old: str, new: str):
    source = RIGHT[name]
    assert old in source, old
    return judged(source.replace(old, new))


@pytest.mark.parametrize("name", RIGHT)
def test_right_solution_raises_no_alarm(name):
    report = judged(RIGHT[name])
    assert report.style == STYLE
    assert [each for each in report.judged if each.verdict.bad] == []
    assert report.findings == ()
    assert report.status == 0
    gradients = [each for each in report.judged if each.role == "gradient"]
    assert gradients
    assert all(each.verdict.good for each in gradients)


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: f"{case[0]}: {case[2][:40]}")
def test_planted_mistake_is_named(case):
    name, old, new, wanted = case
    report = planted(name, old, new)
    assert report.style == STYLE
    assert report.status == 1
    assert slugs(report) & wanted, (slugs(report), report.judged)


def test_update_before_the_step_back_is_named():
    report = planted("moving", *EARLY)
    assert "updated_too_early" in slugs(report)


def test_finding_points_at_the_line_of_the_gradient():
    report = planted("kaggle", "1 / m * dZ2.dot(A1.T)", "dZ2.dot(A1.T)")
    place = next(each.place for each in report.findings)
    assert place.function == "backward_prop"
    assert place.source == "dW2 = dZ2.dot(A1.T)"


def test_one_factor_in_all_gradients_is_a_remark():
    report = planted("mixed", "dZ2 = A2 - Y", "dZ2 = 2 * (A2 - Y)")
    assert report.status == 0
    said = {each.slug for each in report.remarks}
    assert said & {"cost_gradient_mismatch", "constant_factor"}


def test_count_of_a_data_set_that_is_not_there_is_a_remark():
    report = judged(RIGHT["kaggle"])
    assert "m is the number of examples" in report.reading
    assert "global_count" in {each.slug for each in report.remarks}


def test_count_that_comes_from_the_wrong_axis_of_the_inputs_is_found():
    source = RIGHT["columns"].replace("    m = x.shape[1]\n", "").replace("/ m", "/ len(x)")
    report = judged(source)
    assert "wrong_divisor" in slugs(report)


def test_missing_name_is_said_with_its_line():
    report = planted("columns", "    m = x.shape[1]\n    delta2", "    delta2")
    stuck = [each for each in report.judged if each.verdict is Verdict.CANNOT_RUN]
    assert stuck
    assert all("m is not defined" in each.detail for each in stuck)
    assert report.status == 2


def test_names_of_the_caller_tie_what_functions_call_otherwise():
    source = (
        RIGHT["no_biases"]
        .replace("def backward(x, y, hidden, output, w2):", "def backward(inp, truth, h, o, v):")
        .replace("error = 2 * (output - y) * sigmoid_derivative(output)",
                 "error = 2 * (o - truth) * sigmoid_derivative(o)")
        .replace("np.dot(hidden.T, error)", "np.dot(h.T, error)")
        .replace("np.dot(x.T, np.dot(error, w2.T) * sigmoid_derivative(hidden))",
                 "np.dot(inp.T, np.dot(error, v.T) * sigmoid_derivative(h))")
    )  # fmt: skip
    report = judged(source)
    assert report.style == STYLE
    assert report.status == 0


OTHERS = {
    "a gradient by differences": """
        import numpy as np
        def numerical_gradient(f, W, b, h=1e-4):
            grad_W = np.zeros_like(W)
            grad_b = np.zeros_like(b)
            return grad_W, grad_b
        def forward(W, b, X):
            return W @ X + b
        """,
    "a dictionary of parameters": """
        import numpy as np
        def forward(X, parameters):
            A1 = np.tanh(parameters["W1"] @ X + parameters["b1"])
            return A1
        def backward(parameters, A1, X, Y):
            dW1 = (A1 - Y) @ X.T * parameters["b1"]
            return {"dW1": dW1}
        """,
    "one layer": """
        def linear_forward(A, W, b):
            return W @ A + b, (A, W, b)
        def linear_backward(dZ, cache):
            A, W, b = cache
            return W.T @ dZ, dZ @ A.T, dZ.sum(axis=1, keepdims=True)
        """,
    "no function at all": "x = 1",
    "nothing but a name": "def backward(): return dW1, dW2",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_styles_are_left_alone(name):
    cell = Cell(textwrap.dedent(OTHERS[name]))
    assert list(Tuples().readings(Space(collect([cell]), 2.0))) == []


def test_endless_loop_ends():
    line = "    m = x.shape[1]\n    delta2"
    source = RIGHT["columns"].replace(line, "    while True: pass\n    delta2")
    began = time.monotonic()
    report = judged(source, call_seconds=0.2)
    assert time.monotonic() - began < 30
    assert report.status == 2


def test_the_first_size_of_data_that_is_not_there_is_the_number_of_examples() -> None:
    named = KAGGLE.replace("m, n = data.shape", "r, c = data.shape").replace("1 / m", "1 / r")
    assert judged(named.replace("data[1000:m]", "data[1000:r]")).status == 0
