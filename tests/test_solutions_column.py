"""One function per Jacobian: the names, arguments and globals that people choose."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from chainrule.checking.verdicts import Verdict
from chainrule.solutions.cells import Cell
from chainrule.solutions.child import judge
from chainrule.solutions.findings import Report
from judging import entries, judged, slugs

TEXT = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))

def feed_forward(x):
    z1 = W1 @ x + b1
    a1 = np.tanh(z1)
    z2 = W2 @ a1 + b2
    a2 = sigmoid(z2)
    return x, z1, a1, z2, a2

def cost(x, y):
    return np.sum((feed_forward(x)[-1] - y)**2) / x.shape[1]

def delta2(x, y):
    a0, z1, a1, z2, a2 = feed_forward(x)
    return 2 * (a2 - y) / x.shape[1] * sigmoid_prime(z2)

def delta1(x, y):
    a0, z1, a1, z2, a2 = feed_forward(x)
    return (W2.T @ delta2(x, y)) * (1 - a1**2)

def J_W2(x, y):
    return delta2(x, y) @ feed_forward(x)[2].T

def J_b2(x, y):
    return np.sum(delta2(x, y), axis=1, keepdims=True)

def J_W1(x, y):
    return delta1(x, y) @ x.T

def J_b1(x, y):
    return np.sum(delta1(x, y), axis=1, keepdims=True)
"""


def report(text: str) -> Report:
    """Return the report on a file."""
    return judge({"path": "file.py", "cells": [asdict(Cell(text))], "call_seconds": 5.0})


def changed(*swaps: tuple[str, str]) -> Report:
    """Return the report on the file with changes."""
    text = TEXT
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new)
    return report(text)


def verdicts(found: Report) -> dict[str, Verdict]:
    return {each.entry: each.verdict for each in found.judged if each.role == "gradient"}


RIGHT = dict.fromkeys(["W1", "W2", "b1", "b2"], Verdict.RIGHT)

FORMS = {
    "as it is": (),
    "dW2": (("J_W", "dW"), ("J_b", "db")),
    "grad_W2": (("J_W", "grad_W"), ("J_b", "grad_b")),
    "dC_dW2": (("J_W", "dC_dW"), ("J_b", "dC_db")),
    "other order": (("(x, y)", "(y, x)"),),
    "x is a global": (("(x, y)", "(y)"),),
    "both are globals": (("(x, y)", "()"),),
    "a dictionary forward": (
        ("return x, z1, a1, z2, a2", "return dict(a0=x, z1=z1, a1=a1, z2=z2, a2=a2)"),
        ("a0, z1, a1, z2, a2 = feed_forward(x)", "a0, z1, a1, z2, a2 = feed_forward(x).values()"),
        ("feed_forward(x)[-1]", 'feed_forward(x)["a2"]'),
        ("feed_forward(x)[2]", 'feed_forward(x)["a1"]'),
    ),
    "a list forward": (("return x, z1, a1, z2, a2", "return [x, z1, a1, z2, a2]"),),
    "m is a global": (
        ("/ x.shape[1]", "/ m"),
        ("import numpy as np\n", "import numpy as np\nm = x.shape[1]\n"),
    ),
    "small letters": (("W1", "w1"), ("W2", "w2")),
    "leaky relu": (
        ("np.tanh(z1)", "np.where(z1 > 0, z1, 0.1 * z1)"),
        ("(1 - a1**2)", "np.where(z1 > 0, 1, 0.1)"),
    ),
}


@pytest.mark.parametrize("swaps", FORMS.values(), ids=FORMS.keys())
def test_right_ones_are_right(swaps: tuple[tuple[str, str], ...]) -> None:
    found = changed(*swaps)
    assert verdicts(found) == RIGHT
    assert not found.findings
    assert found.status == 0


@pytest.mark.parametrize(
    ("cost", "gradient"),
    [("np.sum((", "2 * (a2 - y)"), ("np.sum((", "2. * (a2 - y)"), ("0.5 * np.sum((", "(a2 - y)")],
)
def test_usual_scales_need_no_remark(cost: str, gradient: str) -> None:
    found = changed(("np.sum((", cost), ("2 * (a2 - y)", gradient))
    assert verdicts(found) == RIGHT
    assert "cost_normalisation" not in {each.slug for each in found.remarks}


@pytest.mark.parametrize("divisor", ["x.size", "y.size", "1"])
def test_right_gradients_of_unusual_costs_are_right(divisor: str) -> None:
    found = changed(("/ x.shape[1]", f"/ {divisor}"))
    assert verdicts(found) == RIGHT
    assert "cost_normalisation" in {each.slug for each in found.remarks}


def test_without_a_cost_scale_is_convention() -> None:
    start, end = TEXT.index("def cost"), TEXT.index("def delta2")
    text = TEXT[:start] + TEXT[end:]
    for factor in ("2 * ", "", "7.5 * "):
        found = report(text.replace("2 * (a2 - y)", f"{factor}(a2 - y)"))
        assert set(verdicts(found).values()) == {Verdict.IMPLIED_COST}
        assert found.status == 0


def test_code_for_one_example_is_judged_with_one() -> None:
    found = changed(
        ("delta2(x, y) @ feed_forward(x)[2].T", "np.outer(delta2(x, y), feed_forward(x)[2])"),
        ("delta1(x, y) @ x.T", "np.outer(delta1(x, y), x)"),
        ("np.sum(delta1(x, y), axis=1, keepdims=True)", "delta1(x, y)"),
        ("np.sum(delta2(x, y), axis=1, keepdims=True)", "delta2(x, y)"),
    )
    assert verdicts(found) == RIGHT
    assert "one_example_only" in {each.slug for each in found.remarks}


def test_biases_that_are_not_summed_are_no_code_for_one_example() -> None:
    found = changed(("np.sum(delta1(x, y), axis=1, keepdims=True)", "delta1(x, y)"))
    assert verdicts(found) == RIGHT | {"b1": Verdict.WRONG}
    assert [each.slug for each in found.findings] == ["bias_not_summed"]


def test_their_own_sizes_where_the_code_fixes_them() -> None:
    found = changed(
        ("import numpy as np\n", "import numpy as np\nW1 = np.random.randn(4, 6)\n"
         "W2 = np.random.randn(3, 4)\n"),
        ("return delta1(x, y) @ x.T", "return (delta1(x, y) @ x.T).reshape(4, 6)"),
    )  # fmt: skip
    assert verdicts(found) == RIGHT
    assert "sizes 6-4-3" in found.reading


PLANTED = {
    "transposed": ("return delta1(x, y) @ x.T", "return x @ delta1(x, y).T"),
    "sign": ("2 * (a2 - y)", "2 * (y - a2)"),
    "missing_output_derivative": (" * sigmoid_prime(z2)", ""),
    "missing_hidden_derivative": (" * (1 - a1**2)", ""),
    "derivative_at_activation": ("sigmoid_prime(z2)", "sigmoid_prime(a2)"),
    "derivative_formula": ("sigmoid(z) * (1 - sigmoid(z))", "sigmoid(z) * (1 + sigmoid(z))"),
    "weight_not_transposed": ("W2.T @ delta2", "W2 @ delta2"),
    "bias_summed_over_units": (
        "np.sum(delta1(x, y), axis=1, keepdims=True)",
        "np.sum(delta1(x, y))",
    ),
    "dead_parameter": ("np.sum(delta1(x, y), axis=1, keepdims=True)", "0 * b1"),
    "missing_mean": ("return 2 * (a2 - y) / x.shape[1]", "return 2 * (a2 - y)"),
    "not_defined": ("return delta1(x, y) @ x.T", "return delta_1(x, y) @ x.T"),
    "returns_none": ("return delta1(x, y) @ x.T", "delta1(x, y) @ x.T"),
    "global_count": ("return 2 * (a2 - y) / x.shape[1]", "return 2 * (a2 - y) / 97"),
}


@pytest.mark.parametrize(("slug", "swap"), PLANTED.items(), ids=PLANTED.keys())
def test_mistakes_are_named_once(slug: str, swap: tuple[str, str]) -> None:
    found = changed(swap)
    said = [each for each in found.findings if slug in (each.slug, *each.ties)]
    assert len(said) == 1
    assert found.status in (1, 2)


def test_a_wrong_derivative_is_one_cause() -> None:
    found = changed(PLANTED["derivative_formula"])
    (finding,) = found.findings
    assert finding.entries == ("sigmoid_prime", "W1", "W2", "b1", "b2")
    assert finding.place is not None
    assert finding.place.function == "sigmoid_prime"


def test_single_precision_is_a_remark() -> None:
    found = changed(("return delta1(x, y) @ x.T", "return (delta1(x, y) @ x.T).astype('float32')"))
    assert verdicts(found) == RIGHT
    assert "precision" in {each.slug for each in found.remarks}


def test_unwritten_functions_are_unfinished() -> None:
    found = changed(("return delta1(x, y) @ x.T", "pass"))
    assert verdicts(found) == RIGHT | {"W1": Verdict.UNFINISHED}
    assert found.status == 2


@pytest.mark.parametrize("name", ["ff", "fprop", "model", "of_the_network"])
@pytest.mark.parametrize(
    "beside",
    [
        "",
        "def predict(x):\n    return feed_forward(x)[-1] > 0.5\n",
        "def penalty(x):\n    return np.sum(W1**2) + np.sum(W2**2) / x.shape[1]\n",
    ],
)
def test_forward_pass_is_known_by_what_it_does(name: str, beside: str) -> None:
    found = report((TEXT + beside).replace("feed_forward", name))
    assert verdicts(found) == RIGHT
    judged = {each.name: each.verdict for each in found.judged}
    assert (judged[name], judged["cost"]) == (Verdict.RIGHT, Verdict.RIGHT)
    assert "cost_gradient_mismatch" not in {each.slug for each in found.remarks}


def test_cost_that_differences_bear_out_is_not_called_another() -> None:
    """The forward pass takes what nothing is known for: what it returns cannot be compared."""
    swaps = (
        ("(x):\n    z1 = W1 @ x", "(heap):\n    z1 = W1 @ heap"),
        ("return x,", "return heap,"),
        ("a2 = sigmoid(z2)", "a2 = z2"),
        (" * sigmoid_prime(z2)", ""),
        ("feed_forward", "ff"),
    )
    found = changed(*swaps)
    assert verdicts(found) == RIGHT
    assert "cost_gradient_mismatch" not in {each.slug for each in found.remarks}
    start, end = "return np.sum((", "**2) / x.shape[1]"
    other = changed(*swaps, (start, "return np.sqrt(np.sum(("), (end, "**2)) / x.shape[1]"))
    assert set(verdicts(other).values()) == {Verdict.IMPLIED_COST}
    assert "cost_gradient_mismatch" in {each.slug for each in other.remarks}


IN_ROWS = """
import numpy as np
W1, b1 = np.ones((3, 4)), np.ones(4)
W2, b2 = np.ones((4, 2)), np.ones(2)
def act(z):
    return 1 / (1 + np.exp(-z))
def forward(X):
    h = act(X @ W1 + b1)
    return h, act(h @ W2 + b2)
def cost(X, Y):
    return np.sum((forward(X)[-1] - Y) ** 2) / len(X)
def out_delta(X, Y):
    out = forward(X)[-1]
    return 2 * (out - Y) * out * (1 - out)
def hidden_delta(X, Y):
    h = forward(X)[0]
    return out_delta(X, Y) @ W2.T * h * (1 - h)
def NAME_W2(X, Y):
    return forward(X)[0].T @ out_delta(X, Y) / len(X)
def NAME_b2(X, Y):
    return out_delta(X, Y).sum(axis=0) / len(X)
def NAME_W1(X, Y):
    return X.T @ hidden_delta(X, Y) / len(X)
def NAME_b1(X, Y):
    return hidden_delta(X, Y).sum(axis=0) / len(X)
"""


@pytest.mark.parametrize("name", ["J", "dC_d", "grad", "dLoss_d", "partial", "backprop"])
def test_examples_may_be_rows(name):
    source = IN_ROWS.replace("NAME_", name if name.endswith("_d") else f"{name}_")
    report = judged(source)
    assert not report.findings
    assert set(entries(report).values()) == {"right"}
    assert "examples in rows" in report.reading


def test_biases_of_rows_may_have_two_axes():
    source = IN_ROWS.replace("NAME", "J").replace("np.ones(4)", "np.ones((1, 4))")
    report = judged(source.replace("sum(axis=0)", "sum(axis=0, keepdims=True)"))
    assert not report.findings


@pytest.mark.parametrize(
    ("old", "new", "slug"),
    [
        ("out_delta(X, Y) @ W2.T * h * (1 - h)", "out_delta(X, Y) @ W2.T",
         "missing_hidden_derivative"),
        ("X.T @ hidden_delta(X, Y) / len(X)", "X.T @ hidden_delta(X, Y)", "missing_mean"),
        ("X.T @ hidden_delta(X, Y)", "hidden_delta(X, Y).T @ X", "transposed"),
        ("out_delta(X, Y).sum", "-out_delta(X, Y).sum", "sign"),
    ],
)  # fmt: skip
def test_mistake_in_rows_is_named(old, new, slug):
    source = IN_ROWS.replace("NAME", "J")
    assert old in source
    assert slug in slugs(judged(source.replace(old, new)))
