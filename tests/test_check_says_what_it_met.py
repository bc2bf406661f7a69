"""Law: whatever a person hands over gets a verdict or an error in plain words.

Wrong shapes, functions that do not run, values that are none: the verdict says what and where,
and the other Jacobians are judged as if nothing had happened.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from by_hand import EXAMPLES, NAMES, backward, three_layers
from chainrule import Network, check
from chainrule.errors import ChainruleError, InvalidType, UnknownQuantity


def test_sentence_names_the_worst_element_both_values_and_how_many():
    net, params, x, y = three_layers()
    _, jacobians = net.value_and_grad(params, x, y)
    claimed = jacobians.W2.copy()
    claimed[1, 2] *= 1.5
    claimed[3, 0] *= -1
    entry = check(net, params, x, y, {"W2": claimed})["W2"]
    assert entry.place == (3, 0)
    assert "2 of 16 elements" in entry.sentence
    assert "J_W2[3, 0]" in entry.sentence
    assert f"{claimed[3, 0]:.6g}" in entry.sentence
    assert f"{jacobians.W2[3, 0]:.6g}" in entry.sentence


def test_printed_report_shows_every_verdict_and_the_whole():
    net, params, x, y = three_layers()
    report = check(net, params, x, y, backward(params, x, y, "transposed"))
    printed = str(report)
    assert all(f"J_{name}" in printed for name in NAMES)
    assert "FAILED" in printed
    assert "5 right" in printed
    assert "1 wrong" in printed
    assert "passed" in str(check(net, params, x, y))


def reshaped(change):
    net, params, x, y = three_layers()
    right = backward(params, x, y)
    return check(net, params, x, y, right | change(right, x))


@pytest.mark.parametrize(
    ("change", "touched", "said"),
    [
        (lambda J, x: {"W1": J["W1"].T}, "W1", "transposed"),
        (lambda J, x: {"b2": J["b2"].ravel()}, "b2", "dimension lost"),
        (lambda J, x: {"b2": J["b2"].T}, "b2", "transposed"),
        (lambda J, x: {"b3": J["b3"] * np.ones((1, EXAMPLES))}, "b3", "one column per example"),
        (lambda J, x: {"W3": J["W3"][:1]}, "W3", "wanted (2, 4)"),
        (lambda J, x: {"W3": 1.0}, "W3", "wanted (2, 4)"),
        (lambda J, x: {"W1": J["W1"].ravel()}, "W1", "dimension lost"),
    ],
)
def test_wrong_shapes_are_said(change, touched, said):
    report = reshaped(change)
    assert report[touched].verdict == "wrong shape"
    assert said in report[touched].sentence
    assert not report.passed
    assert all(report[name].verdict == "right" for name in NAMES if name != touched)


def test_functions_are_called_with_params_inputs_and_targets():
    net, params, x, y = three_layers()
    claimed = {name: lambda params, x, y, name=name: backward(params, x, y)[name] for name in NAMES}
    assert check(net, params, x, y, claimed).passed
    claimed["b1"] = lambda params, x, y: 2 * backward(params, x, y)["b1"]
    report = check(net, params, x, y, claimed)
    assert {name for name in NAMES if report[name].verdict == "wrong"} == {"b1"}


def raises(params, x, y):
    raise ValueError("no idea")


def raises_inside_numpy(params, x, y):
    return np.linalg.inv(np.zeros((2, 2)))


def does_not_fit(params, x, y):
    return x @ y


def asks_for_a_missing_parameter(params, x, y):
    return params.W9


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (raises, "ValueError: no idea"),
        (raises_inside_numpy, "LinAlgError"),
        (does_not_fit, "ValueError"),
        (asks_for_a_missing_parameter, "W9"),
    ],
)
def test_functions_that_raise_are_quoted_with_the_line_of_the_person(function, said):
    net, params, x, y = three_layers()
    report = check(net, params, x, y, backward(params, x, y) | {"W2": function})
    assert report["W2"].verdict == "cannot run"
    assert said in report["W2"].sentence
    line = function.__code__.co_firstlineno + 1
    assert f"line {line} of {Path(__file__).name}" in report["W2"].sentence
    assert all(report[name].verdict == "right" for name in NAMES if name != "W2")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (lambda params, x, y: None, "None"),
        (np.full((4, 4), None), "object"),
        ([["a"] * 4] * 4, "dtype"),
        ([[1.0, 2.0], [3.0]], "rectangular"),
        (np.ones((4, 4), dtype=complex), "complex"),
        (lambda params: 1.0, "argument"),
    ],
)
def test_what_is_no_array_of_numbers_cannot_run(value, said):
    net, params, x, y = three_layers()
    report = check(net, params, x, y, backward(params, x, y) | {"W2": value})
    assert report["W2"].verdict == "cannot run"
    assert said in report["W2"].sentence
    assert "judge.py" not in report["W2"].sentence
    assert not report.passed
    assert all(report[name].verdict == "right" for name in NAMES if name != "W2")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("cost", ["own", "foreign"])
def test_values_that_are_not_finite_are_wrong_at_their_place(bad, cost):
    net, params, x, y = three_layers()
    right = backward(params, x, y)
    claimed = right["W2"].copy()
    claimed[2, 1] = bad
    foreign = net.cost if cost == "foreign" else None
    report = check(net, params, x, y, right | {"W2": claimed}, foreign)
    assert report["W2"].verdict == "wrong"
    assert report["W2"].place == (2, 1)
    assert not report.passed


def test_lists_integers_and_parameters_are_taken():
    net, params, x, y = three_layers()
    _, jacobians = net.value_and_grad(params, x, y)
    assert check(net, params, x, y, jacobians).passed
    assert check(net, params, x, y, {"W2": jacobians.W2.tolist()}).passed
    doubled = jacobians.copy()
    doubled.flat *= 2
    report = check(net, params, x, y, doubled)
    assert {entry.verdict for entry in report.values()} == {"wrong"}
    assert check(net, params, x, y, {"W2": np.zeros((4, 4), int)})["W2"].verdict == "wrong"


def test_only_what_is_given_is_judged():
    net, params, x, y = three_layers()
    right = backward(params, x, y)
    report = check(net, params, x, y, {"b3": right["b3"], "W1": right["W1"]})
    assert tuple(report) == ("W1", "b3")


def test_nothing_that_a_function_overwrites_disturbs_the_others():
    net, params, x, y = three_layers()
    kept = params.copy(), x.copy(), y.copy()

    def overwrites(params, x, y):
        found = backward(params, x, y)["W1"]
        params.flat[:] = 3
        x[:] = -1
        y[:] = 7
        return found

    report = check(net, params, x, y, backward(params, x, y) | {"W1": overwrites})
    assert report.passed
    assert params == kept[0]
    np.testing.assert_array_equal(x, kept[1])
    np.testing.assert_array_equal(y, kept[2])


def test_nothing_that_a_cost_overwrites_disturbs_the_verdicts():
    net, params, x, y = three_layers()
    kept = params.copy(), x.copy(), y.copy()

    def overwrites(params, x, y):
        found = net.cost(params, x, y)
        params.flat[:] = 3
        x[:] = -1
        y[:] = 7
        return found

    report = check(net, params, x, y, backward(params, x, y), overwrites)
    assert report.passed
    assert params == kept[0]
    np.testing.assert_array_equal(x, kept[1])
    np.testing.assert_array_equal(y, kept[2])
    wrong = check(net, params, x, y, backward(params, x, y, "transposed"), overwrites)
    assert wrong["W2"].verdict == "wrong"


def test_a_cost_that_is_not_defined_beyond_a_step_is_still_differentiated():
    net = Network([1, 1], activation="identity", cost="squared_error")
    params = net.initialize(0)
    params.W1, params.b1 = [[0.5]], [[0.01]]

    def cost(params, x, y):  # Poisson: needs a > 0, which a step of 1/32 leaves
        a = params["W1"] @ x + params["b1"]
        return float(np.mean(a - y * np.log(a))) if np.all(a > 0) else float("nan")

    x, y = np.array([[0.0, 0.1]]), np.array([[1.0, 2.0]])
    a = params.W1 @ x + params.b1
    slope = (1 - y / a) / 2
    claimed = {"W1": slope @ x.T, "b1": slope.sum(axis=1, keepdims=True)}
    assert check(net, params, x, y, claimed, cost).passed
    wrong = check(net, params, x, y, {name: 1.5 * J for name, J in claimed.items()}, cost)
    assert {entry.verdict for entry in wrong.values()} == {"wrong"}


@pytest.mark.parametrize(
    ("gradients", "error", "said"),
    [
        ({"w1": np.ones((4, 3))}, UnknownQuantity, "W1"),
        ({"W4": np.ones((4, 3))}, UnknownQuantity, "W4"),
        ({"J_W1": np.ones((4, 3))}, UnknownQuantity, "W1"),
        ({}, InvalidType, "empty"),
        ([np.ones((4, 3))], InvalidType, "mapping"),
    ],
)
def test_unknown_names_are_refused(gradients, error, said):
    net, params, x, y = three_layers()
    with pytest.raises(error, match=said):
        check(net, params, x, y, gradients)


@pytest.mark.parametrize("value", [None, "2", np.ones(3), 1j])
def test_a_cost_that_is_no_number_is_refused(value):
    net, params, x, y = three_layers()
    with pytest.raises(ChainruleError, match="cost"):
        check(net, params, x, y, cost=lambda params, x, y: value)
    with pytest.raises(InvalidType, match="cost"):
        check(net, params, x, y, cost=3.0)
