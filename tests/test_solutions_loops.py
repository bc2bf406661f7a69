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


EXAMPLES = """
import numpy as np
np.random.seed(2)
ramp = lambda v: (v > 0) * v
def ramp_slope(out):
    return out > 0
lights = np.array([[1, 0, 1], [0, 1, 1], [0, 0, 1], [1, 1, 1]])
walks = np.array([[1, 1, 0, 0]]).T
rate = 0.2
first = 2 * np.random.random((3, 4)) - 1
second = 2 * np.random.random((4, 1)) - 1
for turn in range(60):
    total = 0
    for i in range(len(lights)):
        shown = lights[i:i + 1]
        seen = ramp(np.dot(shown, first))
        said = np.dot(seen, second)
        total += np.sum((said - walks[i:i + 1]) ** 2)
        said_delta = said - walks[i:i + 1]
        seen_delta = said_delta.dot(second.T) * ramp_slope(seen)
        second -= rate * seen.T.dot(said_delta)
        first -= rate * shown.T.dot(seen_delta)
    if turn % 10 == 9:
        print(total)
"""
BIASES = """
import numpy as np

def squash(v):
    return 1 / (1 + np.exp(-v))

def squash_slope(a):
    return a * (1 - a)

def fit(given, wanted, turns=1000, lr=0.1):
    W1 = np.random.uniform(size=(2, 3))
    b1 = np.zeros((1, 3))
    W2 = np.random.uniform(size=(3, 1))
    b2 = np.zeros((1, 1))
    for _ in range(turns):
        h = np.dot(given, W1)
        h += b1
        h = squash(h)
        out = squash(np.dot(h, W2) + b2)
        error = wanted - out
        d_out = error * squash_slope(out)
        h_error = d_out.dot(W2.T)
        d_h = h_error * squash_slope(h)
        W2 = W2 + h.T.dot(d_out) * lr
        b2 += np.sum(d_out, axis=0, keepdims=True) * lr
        W1 = W1 + given.T.dot(d_h) * lr
        b1 += np.sum(d_h, axis=0, keepdims=True) * lr
    return W1, b1, W2, b2

if __name__ == "__main__":
    pairs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    fit(pairs, np.array([[0], [1], [1], [0]]))
"""


@pytest.mark.parametrize(("source", "count"), [(EXAMPLES, 2), (BIASES, 4)])
def test_right_steps_are_right_wherever_the_loop_stands(source, count):
    report = judged(source)
    assert not report.findings
    assert [line.verdict.value for line in report.judged] == ["right"] * count


def test_masks_are_not_drawn_again_with_the_weights():
    forward = "        seen = ramp(np.dot(shown, first))\n"
    mask = "        mask = np.random.randint(2, size=seen.shape)\n        seen = seen * mask * 2\n"
    slope = "ramp_slope(seen)"
    dropped = EXAMPLES.replace(forward, forward + mask)
    assert judged(dropped.replace(slope, f"{slope} * mask * 2")).status == 0
    assert judged(EXAMPLES.replace(forward, forward + mask.replace("* 2", "* 3"))).status != 1


def test_every_network_of_a_file_is_judged():
    both = EXAMPLES + BIASES.replace("import numpy as np", "")
    report = judged(both)
    assert len(report.judged) == 6
    assert report.status == 0


@pytest.mark.parametrize(
    ("source", "old", "new", "slug", "line"),
    [
        (EXAMPLES, "ramp_slope(seen)", "ramp(seen)", "function_for_derivative", "seen_delta ="),
        (EXAMPLES, " * ramp_slope(seen)", "", "missing_hidden_derivative", "seen_delta ="),
        (EXAMPLES, "first -=", "first +=", "sign", "first +="),
        (BIASES, "d_out.dot(W2.T)", "error.dot(W2.T)", "delta_not_chained", "h_error ="),
        (BIASES, "h_error * squash_slope(h)", "h_error", "missing_hidden_derivative",
         "h_error ="),
        (BIASES, "np.sum(d_h, axis=0, keepdims=True)", "np.sum(d_h)", "bias_summed_over_units",
         "b1 +="),
        (BIASES, "return a * (1 - a)", "return squash(a) * (1 - squash(a))",
         "derivative_at_activation", "d_out ="),
        (BIASES, "return a * (1 - a)", "return 1 - a ** 2", "derivative_of_other_function",
         "d_out ="),
        (BIASES, "return a * (1 - a)", "return a * (1 + a)", "derivative_formula", "def squash_s"),
    ],
)  # fmt: skip
def test_planted_mistake_is_named_at_its_line(source, old, new, slug, line):
    assert old in source
    report = judged(source.replace(old, new))
    (finding,) = report.findings
    assert finding.slug == slug
    assert finding.place.source.startswith(line)


def test_step_that_raises_is_said_to():
    report = judged(BIASES.replace("given.T.dot(d_h)", "h.T.dot(d_h)"))
    assert "raises" in slugs(report)
    assert entries(report)["W1"] == "cannot run"


LINE = """
import numpy as np
x = np.linspace(0, 1, 20)
y = 2 * x + 1
w, b = 0.0, 0.0
for turn in range(100):
    said = w * x + b
    w -= 0.1 * np.mean(2 * (said - y) * x)
    b -= 0.1 * np.mean(2 * (said - y))
"""


def test_single_numbers_tell_by_their_ratio():
    late = LINE.replace("    b -=", "    said = said + 0\n    b -=")
    assert [line.verdict.value for line in judged(late).judged] == ["right", "right"]
    assert judged(LINE.replace("(said - y) * x)", "(said - y))")).status == 2
