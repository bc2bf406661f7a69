"""The notebook with which this began: its Jacobians are right, and there is something to say of it.

Its structure, with its oddities, in a few cells of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chainrule.checking.verdicts import Verdict
from chainrule.solutions.check import check_file
from chainrule.solutions.findings import Finding, Report

FUNCTIONS = '''
sigma = lambda z : 1 / (1 + np.exp(-z))
d_sigma = lambda z : np.cosh(z/2)**(-2) / 4

def cost(x, y) :
    """division by x.size: is that not always one here?"""
    return np.linalg.norm(network_function(x)[-1] - y)**2 / x.size
'''

FORWARD = """
def training_data (M = 5) :
    x = np.reshape(np.arange(0, 1, 1/M), (M, 1))
    y = np.reshape(np.array([0, 1]), (2, 1))
    m = x.size
    return x, y, m

def feed_forward(a0) :
    z1 = W1 @ a0 + b1
    a1 = sigma(z1)
    z2 = W2 @ a1 + b2
    a2 = sigma(z2)
    z3 = W3 @ a2 + b3
    a3 = sigma(z3)
    print('shape a3', a3.shape)
    return a0, z1, a1, z2, a2, z3, a3

def reset_network (n0, n1 = 3, n2 = 2, n3 = 2, random = np.random) :
    global W1, W2, W3, b1, b2, b3
    W1 = random.randn(n1, n0) / 2
    W2 = random.randn(n2, n1) / 2
    W3 = random.randn(n3, n2) / 2
    b1 = random.randn(n1, 1) / 2
    b2 = random.randn(n2, 1) / 2
    b3 = random.randn(n3, 1) / 2
"""

BACKPROP = """
global W1, W2, W3, b1, b2, b3
def backprop(x, y, iterations=1, aggression=3.5, noise=1) :
    global W1, W2, W3, b1, b2, b3

    while iterations>=0:
        j_W1, j_W2, j_W3 = J_W1(y), J_W2(y), J_W3(y)
        j_b1, j_b2, j_b3 = J_b1(y), J_b2(y), J_b3(y)
        W1 = W1 - j_W1
        W2 = W2 - j_W2
        W3 = W3 - j_W3
        b1 = b1 - j_b1
        b2 = b2 - j_b2
        b3 = b3 - j_b3
        iterations -= 1

    return feed_forward(x)[-1]
"""

RUN = """
reset_network(n0=5)
x, y, m = training_data()
a3 = backprop(x, y, iterations=1, aggression=7, noise=1)
"""


def jacobian(kind: str, layer: int) -> str:
    lines = [
        f"def J_{kind}{layer} (y) :",
        "    a0, z1, a1, z2, a2, z3, a3 = feed_forward(x)",
        "    J = 2 * (a3 - y)",
        "    J = J * d_sigma(z3)",
    ]
    for below in range(2, layer - 1, -1):
        lines += [f"    J = (J.T @ W{below + 1}).T", f"    J = J * d_sigma(z{below})"]
    last = f"J @ a{layer - 1}.T / m" if kind == "W" else "np.sum(J, axis=1, keepdims=True) / x.size"
    return "\n".join([*lines, f"    return {last}"])


def cells() -> list[str]:
    layers = ["\n\n".join(jacobian(kind, layer) for kind in "Wb") for layer in (3, 2, 1)]
    imports = "import numpy as np\nimport matplotlib.pyplot as plt"
    return ['%run "BackpropModule.ipynb"', imports, FUNCTIONS, *layers, BACKPROP, FORWARD, RUN]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    path: Path = tmp_path_factory.mktemp("seed") / "notebook.ipynb"
    found = [
        {"cell_type": "code", "execution_count": count, "source": source, "outputs": []}
        for count, source in enumerate(cells(), start=2)
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": found}))
    return check_file(path)


@pytest.fixture(scope="module")
def remark(report: Report) -> Callable[[str], Finding]:
    def of(slug: str) -> Finding:
        (found,) = (each for each in report.remarks if each.slug == slug)
        return found

    return of


def test_all_six_jacobians_are_right(report: Report) -> None:
    verdicts = {each.entry: each.verdict for each in report.judged if each.role == "gradient"}
    assert verdicts == dict.fromkeys(["W1", "W2", "W3", "b1", "b2", "b3"], Verdict.RIGHT)
    assert not report.findings
    assert report.status == 0


def test_small_functions_are_named(report: Report) -> None:
    said = {each.name: each.detail for each in report.judged if each.role != "gradient"}
    assert said["sigma"] == "sigmoid"
    assert said["d_sigma"] == "the derivative, as a function of z"
    assert said["feed_forward"] == "sigmoid, sigmoid, sigmoid"
    assert said["cost"] == "squared error"


def test_cost_is_divided_by_inputs(remark: Callable[[str], Finding]) -> None:
    found = remark("cost_normalisation")
    assert "x has 5 inputs and 1 example: x.size is 5, and not 1" in found.sentence
    assert found.place is not None
    assert (found.place.cell, found.place.line) == (3, 7)
    assert "x.size" in found.place.source


@pytest.mark.parametrize(
    ("slug", "name"), [("aggression", "aggression"), ("unused_argument", "noise")]
)
def test_arguments_that_are_never_used(
    remark: Callable[[str], Finding], slug: str, name: str
) -> None:
    found = remark(slug)
    assert found.sentence.startswith(f"{name}, an argument of backprop, is never used")
    assert found.place is not None
    assert (found.place.cell, found.place.line) == (7, 3)


def test_one_update_more_than_asked(remark: Callable[[str], Finding]) -> None:
    found = remark("one_more_update")
    assert "iterations=1 makes two updates" in found.sentence
    assert found.place is not None
    assert (found.place.cell, found.place.line) == (7, 6)


def test_forward_pass_by_another_name(remark: Callable[[str], Finding]) -> None:
    found = remark("missing_definition")
    assert "network_function" in found.sentence
    assert "read as feed_forward" in found.sentence
    assert found.entries == ("cost",)


def test_six_forward_passes(remark: Callable[[str], Finding]) -> None:
    found = remark("repeated_forward")
    assert found.sentence.startswith("6 forward passes where one is enough")
    assert set(found.entries) == {f"J_{kind}{layer}" for kind in "Wb" for layer in (1, 2, 3)}
