"""Law: what a loop adds to the weights is a step along the gradient of the cost that is meant."""

from __future__ import annotations

import pytest

from judging import entries, judged, slugs

LOOP = """
import numpy as np

def s(v, slope=False):
    return v * (1 - v) if slope else 1 / (1 + np.exp(-v))

inputs = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
wanted = np.array([[0], [1], [1], [0]])
np.random.seed(4)
near = 2 * np.random.random((3, 5)) - 1
far = 2 * np.random.random((5, 1)) - 1
for turn in range(30000):
    hidden = s(inputs @ near)
    output = s(hidden @ far)
    error = wanted - output
    if turn % 1000 == 0:
        print(np.abs(error).mean())
    output_delta = error * s(output, True)
    hidden_error = output_delta @ far.T
    hidden_delta = hidden_error * s(hidden, True)
    far += hidden.T @ output_delta
    near += inputs.T @ hidden_delta
"""
SOFT = """
import numpy as np
rng = np.random.default_rng(3)
x = rng.normal(size=(11, 3))
y = np.eye(4)[rng.integers(0, 4, 11)]
W = rng.normal(size=(3, 4))
b = rng.normal(size=(1, 4))
for _ in range(500):
    a = x @ W + b
    p = np.exp(a) / np.exp(a).sum(1, keepdims=True)
    d = (p - y) / len(x)
    W = W - 0.1 * x.T @ d
    b = b - 0.1 * d.sum(0, keepdims=True)
"""


@pytest.mark.parametrize(
    "source",
    [
        LOOP,
        LOOP.replace("error * s(output, True)", "error"),  # then cross-entropy is meant
        LOOP.replace("wanted - output", "output - wanted").replace("+=", "-="),
        SOFT,
    ],
)
def test_right_steps_raise_no_alarm(source):
    report = judged(source)
    assert not report.findings
    assert list(entries(report).values()) == ["right", "right"]


DECAYS = SOFT.replace("x.T @ d", "(x.T @ d + 0.01 * W)")


def test_weights_may_decay_where_biases_do_not():
    """The biases, if they come first, tell which cost is meant; decay is no part of it."""
    *before, weights, biases = DECAYS.rstrip().split("\n")
    report = judged("\n".join([*before, biases, weights]))
    assert not report.findings
    assert entries(report) == {"b": "right", "W": "right"}
    grows = weights.replace("+ 0.01 * W", "- 0.01 * W")
    assert judged("\n".join([*before, biases, grows])).status == 1
    missing = weights.replace("x.T @ d", "x.T @ d**2")
    assert judged("\n".join([*before, biases, missing])).status == 1


@pytest.mark.parametrize(
    ("old", "new", "slug"),
    [
        ("hidden_error * s(hidden, True)", "hidden_error", "missing_hidden_derivative"),
        ("output_delta @ far.T", "error @ far.T", "delta_not_chained"),
        ("wanted - output", "output - wanted", "sign"),
        ("near += ", "near -= ", "sign"),
    ],
)
def test_planted_mistake_is_named_once(old, new, slug):
    assert old in LOOP
    report = judged(LOOP.replace(old, new))
    assert slug in slugs(report)
    assert len(report.findings) == 1


def test_update_before_the_lower_layers_is_noticed():
    update = "    far += hidden.T @ output_delta\n"
    source = LOOP.replace(update, "").replace("    hidden_error", update + "    hidden_error")
    assert slugs(judged(source)) == {"updated_too_early"}


@pytest.mark.parametrize(
    "step",
    [
        "np.clip(inputs.T @ hidden_delta, -1e-3, 1e-3)",
        "0.1 * np.sign(inputs.T @ hidden_delta)",
        "inputs.T @ hidden_delta + 0.001 * np.random.randn(3, 5)",
    ],
)
def test_a_step_that_is_another_on_purpose_is_not_judged(step):
    report = judged(LOOP.replace("near += inputs.T @ hidden_delta", f"near += {step}"))
    assert not report.findings
    assert sorted(entries(report).values()) == ["not judged", "right"]


def test_step_that_belongs_to_no_known_cost_is_no_alarm():
    report = judged(LOOP.replace("error * s(output, True)", "error ** 3"))
    assert not report.findings
    assert report.status == 2
