"""Two witnesses to an alarm: differences of a person's cost, and what it was recognised as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.diagnosis import Diagnosis
from chainrule.checking.verdicts import Verdict
from chainrule.network import Network
from chainrule.solutions import causes, meaning
from chainrule.solutions.cells import Cell
from chainrule.solutions.child import judge
from chainrule.solutions.findings import Report
from chainrule.solutions.probes import HOT, probe, usual_sizes
from chainrule.solutions.reading import Probe
from chainrule.solutions.witness import Witness

ODD = """
import numpy as np

def forward(X, parameters):
    Z1 = parameters["W1"] @ X + parameters["b1"]
    A1 = np.arctan(Z1)
    A2 = parameters["W2"] @ A1 + parameters["b2"]
    cache = {"Z1": Z1, "A1": A1}
    return A2, cache

def compute_cost(A2, Y):
    return np.mean(np.abs(A2 - Y) ** 3)

def backward(X, Y, A2, parameters, cache):
    dA2 = 3 * (A2 - Y) * np.abs(A2 - Y) / Y.size
    dW2 = dA2 @ cache["A1"].T
    db2 = np.sum(dA2, axis=1, keepdims=True)
    dZ1 = parameters["W2"].T @ dA2 / (1 + cache["Z1"] ** 2)
    dW1 = dZ1 @ X.T
    db1 = np.sum(dZ1, axis=1, keepdims=True)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""


def report(text: str) -> Report:
    """Return the report on a file."""
    return judge({"path": "file.py", "cells": [asdict(Cell(text))], "call_seconds": 5.0})


def verdicts(found: Report) -> dict[str, Verdict]:
    return {each.entry: each.verdict for each in found.judged if each.role == "gradient"}


def test_differences_alone_can_acquit() -> None:
    found = report(ODD)
    assert set(verdicts(found).values()) == {Verdict.RIGHT}
    assert found.status == 0


def test_differences_alone_do_not_accuse() -> None:
    found = report(ODD.replace("(1 + cache", "(2 + cache"))
    assert verdicts(found)["W1"] is Verdict.NOT_JUDGED
    assert verdicts(found)["W2"] is Verdict.RIGHT
    assert not found.findings


def test_what_differences_can_name_is_named() -> None:
    found = report(ODD.replace("dW1 = dZ1", "dW1 = -dZ1"))
    assert [each.slug for each in found.findings] == ["sign"]
    assert verdicts(found)["W1"] is Verdict.WRONG


def test_cost_and_gradient_that_differ_by_a_constant() -> None:
    text = ODD.replace("np.arctan(Z1)", "np.tanh(Z1)").replace(
        "np.mean(np.abs(A2 - Y) ** 3)", "np.sum((A2 - Y) ** 2) / Y.shape[1]"
    )
    text = text.replace("3 * (A2 - Y) * np.abs(A2 - Y) / Y.size", "(A2 - Y) / Y.shape[1]")
    found = report(text.replace('/ (1 + cache["Z1"] ** 2)', '* (1 - cache["A1"] ** 2)'))
    assert set(verdicts(found).values()) == {Verdict.UP_TO_CONSTANT}
    assert not found.findings
    assert found.status == 0


SQUARES = """
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
    dW2 = dZ2 @ A1.T
    db2 = np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = (parameters["W2"].T @ dZ2) * (1 - A1**2)
    dW1 = dZ1 @ X.T
    db1 = np.sum(dZ1, axis=1, keepdims=True)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
COST, ERROR = "np.sum((A2 - Y) ** 2) / Y.shape[1]", "2 * (A2 - Y) * A2"
RETURNED = 'return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}'


def returned(kind: str) -> str:
    """Return the solution with gradients in less than float64."""
    values = ", ".join(f'"d{e}": d{e}.astype(np.{kind})' for e in ("W1", "b1", "W2", "b2"))
    return SQUARES.replace(RETURNED, f"return {{{values}}}")


@pytest.mark.parametrize("kind", ["float32", "float16"])
def test_gradients_are_right_in_the_precision_in_which_they_come(kind: str) -> None:
    text = returned(kind)
    cubes = text.replace(COST, "np.sum(np.abs(A2 - Y) ** 3) / Y.shape[1]")
    cubes = cubes.replace(ERROR, "3 * (A2 - Y) * np.abs(A2 - Y) * A2")
    for right in (text, cubes):  # the derivation says so, and differences alone
        found = report(right)
        assert set(verdicts(found).values()) == {Verdict.RIGHT}
        assert [each.slug for each in found.remarks] == ["precision"]
        wrong = report(right.replace("(1 - A1**2)", "(1 - A1)"))
        assert wrong.status != 0
        assert verdicts(wrong)["W2"] is Verdict.RIGHT


def test_a_solution_in_float32_is_recognised() -> None:
    text = SQUARES.replace('parameters["W1"] @ X', 'np.float32(parameters["W1"]) @ np.float32(X)')
    text = text.replace('+ parameters["b1"]', '+ np.float32(parameters["b1"])')
    text = text.replace(
        'parameters["W2"] @ A1 + parameters["b2"]',
        'np.float32(parameters["W2"]) @ A1 + np.float32(parameters["b2"])',
    )
    assert report(text).status == 0
    wrong = report(text.replace("(1 - A1**2)", "A1"))
    assert [each.slug for each in wrong.findings] == ["function_for_derivative"]


def test_a_cost_too_coarse_to_tell_accuses_nobody() -> None:
    text = SQUARES.replace(COST, "np.float16(np.sum(np.abs(A2 - Y) ** 3) / Y.shape[1])")
    found = report(text.replace(ERROR, "3 * (A2 - Y) * np.abs(A2 - Y) * A2"))
    assert set(verdicts(found).values()) == {Verdict.NOT_JUDGED}
    assert not found.findings
    assert found.status == 2


@pytest.mark.parametrize("factor", ["8", "4", "1 / 8", "1 / 3", "X.shape[1]", "1 / X.shape[1]"])
def test_factors_beside_a_cost_that_is_known_are_mistakes(factor: str) -> None:
    found = report(SQUARES.replace(ERROR, f"{factor} * {ERROR}"))
    assert found.status == 1
    assert len(found.findings) == 1
    assert set(verdicts(found).values()) == {Verdict.WRONG}


@pytest.mark.parametrize(
    ("cost", "factor"),
    [
        (COST, "0.5"),
        (COST.replace("np", "0.5 * np"), "1"),
        ("np.mean((A2 - Y) ** 2)", "1"),
        ("np.sum((A2 - Y) ** 2)", "1"),
        ("np.sum((A2 - Y) ** 2)", "0.5"),
    ],
)
def test_factors_that_are_a_matter_of_taste_are_none(cost: str, factor: str) -> None:
    found = report(SQUARES.replace(COST, cost).replace(ERROR, f"{factor} * {ERROR}"))
    assert found.status == 0
    same = cost == "np.mean((A2 - Y) ** 2)"
    assert same or set(verdicts(found).values()) == {Verdict.UP_TO_CONSTANT}
    assert "digits" not in str(found).partition("gradients")[2] or same


@pytest.mark.parametrize(
    "cost", ["np.sqrt(np.mean((A2 - Y) ** 2))", "np.mean((A2 > 0.5) == (Y > 0.5))"]
)
def test_a_cost_that_is_only_printed_accuses_nobody(cost: str) -> None:
    found = report(SQUARES.replace(COST, cost))
    assert set(verdicts(found).values()) == {Verdict.IMPLIED_COST}
    assert [each.slug for each in found.remarks] == ["cost_gradient_mismatch"]
    assert found.status == 0
    assert report(SQUARES.replace(COST, cost).replace("(1 - A1**2)", "A1")).status != 0


def test_what_a_second_call_changes_is_wrong() -> None:
    kept = SQUARES.replace(
        "def backward_propagation(parameters, cache, X, Y):",
        "def backward_propagation(parameters, cache, X, Y, seen=[]):\n    seen.append(1)",
    ).replace("dW1 = dZ1 @ X.T", "dW1 = dZ1 @ X.T * seen.count(1)")
    found = report(kept)
    assert found.status == 1
    assert "in_place" in [each.slug for each in found.findings]
    assert verdicts(found)["W1"] is Verdict.WRONG


def overwrites(found: Report) -> list[tuple[str, str]]:
    """Return what is said of overwritten arrays: how it counts, and the line."""
    said = [each for each in (*found.findings, *found.remarks) if each.slug == "in_place"]
    return [(each.kind, each.place.source if each.place else "") for each in said]


LOGISTIC = """
import numpy as np

def cost(theta, X, y):
    h = 1 / (1 + np.exp(-X @ theta))
    return -np.mean(y * np.log(h) + (1 - y) * np.log(1 - h))

def gradient(theta, X, y):
    h = 1 / (1 + np.exp(-X @ theta))
    inner = theta
    inner[0] = 0
    return X.T @ (h - y) / len(y)
"""


def test_parameters_that_are_other_ones_in_a_second_call_are_a_mistake() -> None:
    found = report(LOGISTIC)
    assert overwrites(found) == [("mistake", "inner[0] = 0")]
    assert verdicts(found)["W1"] is Verdict.WRONG
    right = report(LOGISTIC.replace("inner = theta", "inner = theta.copy()"))
    assert (right.status, overwrites(right)) == (0, [])


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("X *= 2.0; dW1 = dZ1 @ X.T / 2", "mistake"),
        ("X = X * 2.0; dW1 = dZ1 @ X.T / 2", ""),
        ("A1 *= 2.0; dW1 = dZ1 @ X.T", "remark"),
        ("A1 = A1.copy(); A1 *= 2.0; dW1 = dZ1 @ X.T", ""),
    ],
)
def test_data_and_caches_that_are_overwritten_are_told_from_copies(line: str, counts: str) -> None:
    found = report(SQUARES.replace("dW1 = dZ1 @ X.T", line))
    assert [kind for kind, _ in overwrites(found)] == ([counts] if counts else [])
    assert found.status == (counts == "mistake")


def test_a_step_of_the_parameters_is_nothing_that_is_overwritten() -> None:
    step = "    theta -= 0.1 * slope\n    return slope"
    text = LOGISTIC.replace("    return X.T @", "    slope = X.T @").rstrip() + f"\n{step}\n"
    text = text.replace("    inner = theta\n    inner[0] = 0\n", "")
    assert overwrites(report(text)) == []


def test_globals_that_are_overwritten_are_seen() -> None:
    text = """
import numpy as np

def feed_forward():
    return W1 @ x + b1

def cost():
    return np.sum((feed_forward() - y) ** 2) / x.shape[1]

def J_W1():
    error = feed_forward() - y
    W1[0] = 0
    return 2 * error @ x.T / x.shape[1]

def J_b1():
    return 2 * np.sum(feed_forward() - y, axis=1, keepdims=True) / x.shape[1]
"""
    assert overwrites(report(text)) == [("mistake", "W1[0] = 0")]
    assert overwrites(report(text.replace("    W1[0] = 0\n", ""))) == []


def test_random_numbers_are_nothing_in_place() -> None:
    drawn = SQUARES.replace("dW1 = dZ1 @ X.T", "dW1 = dZ1 @ X.T * np.random.rand()")
    assert "in_place" not in [each.slug for each in report(drawn).findings]


def test_old_parameters_are_wrong_and_said_once() -> None:
    old = "old = [np.ones((4, 5)), np.ones((4, 1)), np.ones((3, 4)), np.ones((3, 1))]"
    text = SQUARES.replace("def sigmoid", f"{old}\n\ndef sigmoid").replace(
        "    A1, A2 = cache",
        '    parameters = dict(zip(["W1", "b1", "W2", "b2"], old))\n'
        "    _, cache = forward_propagation(X, parameters)\n    A1, A2 = cache",
    )
    found = report(text)
    assert found.status == 1
    assert [each.slug for each in found.findings] == ["stale_parameters"]
    details = {(each.verdict, each.detail) for each in found.judged if each.role == "gradient"}
    assert details == {(Verdict.WRONG, "stale_parameters")}


@pytest.mark.parametrize(
    "activations",
    [
        ("relu", "tanh", "sigmoid"),
        ("sigmoid", "sigmoid", "softmax"),
        ("leaky_relu(0.2)", "leaky_relu(0.2)", "identity"),
        ("tanh", "relu", "softmax"),
        ("gelu", "gelu", "identity"),
    ],
)
def test_activations_are_recognised_layer_by_layer(activations: tuple[str, ...]) -> None:
    here = probe(usual_sizes(3), 11, 0)
    net = Network(here.params.sizes, activation=list(activations), cost="squared_error")
    found = meaning.recognised(here, np.asarray(net.forward(here.params, here.x)))
    assert found is not None
    assert found[0] == activations


def groups(
    value: Callable[[Probe, Any], float], activations: tuple[str, ...], targets: str
) -> list[list[tuple[Probe, float]]]:
    """Return probes in three sets of sizes, with a cost of their outputs."""
    found = []
    for sizes, m in (((5, 4, 3), 11), ((5, 4, 3), 13), ((7, 4, 5), 13)):
        net = Network(sizes, activation=list(activations), cost="squared_error")
        probes = [probe(sizes, m, seed, targets) for seed in range(3)]
        found.append([(p, float(value(p, net.forward(p.params, p.x)))) for p in probes])
    return found


def squares(here: Probe) -> float:
    return sum(float(np.sum(here.params[name] ** 2)) for name in ("W1", "W2"))


COSTS: Mapping[str, tuple[Callable[[Probe, Any], float], str, dict[str, int], int]] = {
    "mean over everything": (
        lambda p, a: np.mean((a - p.y) ** 2), "squared_error", {"m": 0, "d": 0, "k": -1}, 0
    ),
    "half a sum": (
        lambda p, a: np.sum((a - p.y) ** 2) / 2, "squared_error", {"m": 1, "d": 0, "k": 0}, -1
    ),
    "logarithms with an epsilon": (
        lambda p, a: -np.sum(p.y * np.log(a + 1e-9) + (1 - p.y) * np.log(1 - a + 1e-9))
        / p.examples,
        "binary_cross_entropy", {"m": 0, "d": 0, "k": 0}, 0,
    ),
    "a penalty": (
        lambda p, a: np.sum((a - p.y) ** 2) / p.examples + 0.3 / p.examples * squares(p),
        "squared_error", {"m": 0, "d": 0, "k": 0}, 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", COSTS.values(), ids=COSTS.keys())
def test_costs_are_recognised_up_to_their_scale(
    case: tuple[Callable[[Probe, Any], float], str, dict[str, int], int],
) -> None:
    value, name, powers, two = case
    activations = ("tanh", "sigmoid")
    found = meaning.cost_named(activations, groups(value, activations, HOT))
    assert found is not None
    assert (found.name, dict(found.scale.powers), found.scale.two) == (name, powers, two)


def test_penalties_are_measured() -> None:
    value, *_ = COSTS["a penalty"]
    found = meaning.cost_named(("tanh", "sigmoid"), groups(value, ("tanh", "sigmoid"), HOT))
    assert found is not None
    assert found.decay[11] == pytest.approx(0.6 / 11)


class Their:
    """A reading of which a witness needs the cost alone."""

    def __init__(self, cost: Callable[[Probe], float]) -> None:
        self.cost = cost


def test_witness_tells_right_from_wrong() -> None:
    here = probe((5, 4, 3), 11, 0)
    net = Network((5, 4, 3), activation="relu", cost="squared_error")
    witness = Witness(Their(lambda p: net.cost(p.params, p.x, p.y)), here)  # type: ignore[arg-type]
    _, right = net.value_and_grad(here.params, here.x, here.y)
    for name, jacobian in right.items():
        value = np.asarray(jacobian)
        assert witness.agrees(name, value)
        assert not witness.agrees(name, value * (1 + 1e-4))
        assert not witness.agrees(name, np.zeros_like(value))
        measured = witness.jacobian(name)
        assert measured is not None
        np.testing.assert_allclose(measured, value, rtol=1e-7, atol=1e-9)


def test_zero_is_the_gradient_of_what_does_not_move() -> None:
    here = probe((5, 4, 3), 11, 0)
    witness = Witness(Their(lambda p: float(np.sum(p.params["W2"]))), here)  # type: ignore[arg-type]
    assert witness.agrees("W1", np.zeros((4, 5)))
    assert not witness.agrees("W1", np.full((4, 5), 1e-6))


def test_a_cost_that_draws_random_numbers_is_no_witness() -> None:
    rng = np.random.default_rng(0)
    witness = Witness(Their(lambda _: rng.random()), probe((5, 4, 3), 11, 0))  # type: ignore[arg-type]
    assert not witness.usable
    assert witness.agrees("W1", np.zeros((4, 5))) is None


def test_what_mends_a_shape_fits_how_biases_lie() -> None:
    column = SQUARES.replace("np.sum(dZ1, axis=1, keepdims=True)", "np.sum(dZ1, axis=1)")
    (found,) = report(column).findings
    assert "(4,), wanted (4, 1)" in found.sentence
    assert any("axis=1, keepdims=True" in mend.line for mend in found.mends)


@pytest.mark.parametrize(
    ("met", "said", "mend"),
    [("4,", "(4,), wanted (1, 4)", "axis=0"), ("1, 4", "(4, 1), wanted (1, 4)", "reshape")],
)
def test_shapes_of_biases_in_rows_are_said_as_they_lie(met: str, said: str, mend: str) -> None:
    words = f"it has shape ({met}), wanted (4, 1)"
    slug = "kept_dimension"
    shaped = Diagnosis("b1", Verdict.OTHER_SHAPE, (slug,), words, CATALOGUE[slug].mend)
    reading: Any = SimpleNamespace(words=("biases of shape (1, n)",), pieces=())
    (found,) = causes.findings(reading, {"b1": shaped}, {"b1"})
    assert said in found.sentence
    assert mend in found.suggestion
