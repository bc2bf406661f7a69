"""Law: gradients that are written step by step are judged one by one, each by itself."""

from __future__ import annotations

import pytest

from judging import cells, entries, judged, slugs
from solutions_manual import PLANTED, RIGHT


@pytest.mark.parametrize("name", RIGHT)
def test_right_steps_raise_no_alarm(name):
    report = judged(RIGHT[name])
    assert not report.findings
    assert len(entries(report)) >= 3
    assert set(entries(report).values()) == {"right"}


@pytest.mark.parametrize(("name", "slug", "edit"), PLANTED)
def test_planted_mistake_is_named_once(name, slug, edit):
    old, new = edit
    assert old in RIGHT[name]
    report = judged(RIGHT[name].replace(old, new))
    assert slug in slugs(report)
    assert len(report.findings) == 1


def test_what_follows_from_a_wrong_gradient_is_right_by_itself():
    source = RIGHT["DEEP"].replace("dz2 = da2 * a2 * (1 - a2)", "dz2 = da2")
    report = judged(source)
    assert [each for each, verdict in entries(report).items() if verdict != "right"] == ["dz2"]
    details = {each.entry: each.detail for each in report.judged}
    assert "dz2" in details["dW1"]
    assert not details["dW3"]


def test_finding_stands_at_its_line_with_the_line_that_mends_it():
    source = RIGHT["DEEP"].replace("da2 = W3.T @ dz3", "da2 = W3.T @ da3")
    found = judged(source).findings[0]
    assert source.split("\n")[found.place.line - 1] == "da2 = W3.T @ da3" == found.computed
    assert found.right == "da2 = W3.T @ dz3"


def test_blank_is_unfinished_and_the_rest_is_judged():
    source = RIGHT["COLUMNS"].replace("dA1 = W2.T @ dZ2", "dA1 = None  # your code here")
    found = entries(judged(source))
    assert found["dA1"] == "unfinished"
    assert found["dZ1"] == found["dW1"] == "right"


def test_steps_in_cells_are_run_in_their_order():
    forward, backward = RIGHT["DEEP"].split("da3 =")
    report = cells(forward, "print(C)", "da3 =" + backward, "W1 -= 0.1 * dW1")
    assert set(entries(report).values()) == {"right"}
    assert {each.place.cell for each in report.judged if each.entry} == {3}


def test_step_of_time_is_no_gradient():
    """A name that begins with d is a gradient only where a cost stands above it."""
    source = (
        "t = 0.5\ny = 2.0\nfor i in range(3):\n    dt = 0.1\n    dy = -y * dt\n    y = y + dy\n"
    )
    report = judged(source)
    assert not report.judged
    assert report.status == 2


@pytest.mark.parametrize(
    "other",
    [
        "b1 = -1.5\np = 2.0\nf = p * b1\ndf = 1.0\ndb1 = df * p\ndp = df * b1",
        "W2 = np.array([[1.0, 2.0]])\ncost = np.sum(W2 ** 2)\ndW2 = 2 * W2\ndb2 = 0 * db2",
    ],
    ids=["names used again", "another cost"],
)
def test_example_after_the_first_is_not_held_against_its_cost(other):
    first = entries(judged(RIGHT["COLUMNS"]))
    report = judged(RIGHT["COLUMNS"] + other)
    assert not report.findings
    assert entries(report) == first


@pytest.mark.parametrize(("mask", "right"), [("h > 0", True), ("h <= 0", True), ("da <= 0", False)])
def test_a_relu_that_is_masked_by_its_own_gradient_is_named(mask, right):
    source = f"""
import numpy as np
x = np.random.randn(7, 4)
y = np.random.randn(7, 2)
W1 = np.random.randn(4, 5)
W2 = np.random.randn(5, 2)
h = x @ W1
a = np.maximum(h, 0)
out = a @ W2
loss = np.sum((out - y) ** 2)
dout = 2 * (out - y)
dW2 = a.T @ dout
da = dout @ W2.T
dh = da.copy()
{f"dh = dh * ({mask})" if ">" in mask else f"dh[{mask}] = 0"}
dW1 = x.T @ dh
"""
    report = judged(source)
    assert slugs(report) == (set() if right else {"derivative_at_activation"})
    assert right or report.findings[0].right == "dh[h <= 0] = 0"
