"""Law: functions that options name are judged by differences of the named cost."""

from __future__ import annotations

import pytest

from judging import entries, judged, slugs
from solutions_options import PLANTED, RIGHT


@pytest.mark.parametrize("name", RIGHT)
def test_right_functions_raise_no_alarm(name):
    source, options = RIGHT[name]
    report = judged(source, options=options)
    assert not report.findings
    assert set(entries(report).values()) == {"right"}
    assert report.status == 0


@pytest.mark.parametrize(("name", "slug", "edit"), PLANTED)
def test_planted_mistake_is_named(name, slug, edit):
    source, options = RIGHT[name]
    old, new = edit
    assert old in source
    assert slug in slugs(judged(source.replace(old, new), options=options))


def test_name_that_is_not_there_is_said_with_those_that_are():
    source, options = RIGHT["TUPLE"]
    report = judged(source, options={**options, "cost": "energy"})
    assert report.status == 2
    assert "energy is not defined" in report.judged[0].detail
    assert "slopes" in report.judged[0].detail


def test_function_that_raises_is_said_and_the_rest_is_judged():
    source, options = RIGHT["ONE_PER_PARAMETER"]
    report = judged(
        source.replace("return np.sum((p - t)", "return np.sum((p - q)"), options=options
    )
    found = entries(report)
    assert found == {"w": "right", "c": "cannot run"}
    assert any("q is not defined" in each.detail for each in report.judged)


def test_function_that_returns_nothing_is_unfinished():
    source, options = RIGHT["LAMBDAS"]
    report = judged(source + "\ndef d_w(w):\n    pass\n", options=options)
    assert entries(report)["w"] in ("unfinished", "cannot run")
    assert report.status == 2


ANY_ORDER = """
import numpy as np
def energy(y, b, X, w):
    return ((X @ w + b - y) ** 2).mean() / 2
def slopes(y, X, w, b):
    e = X @ w + b - y
    return e.mean(), X.T @ e / len(y)
"""
HELD = """
import numpy as np
params = {"W": np.arange(6.0).reshape(3, 2), "b": np.zeros(2)}
def energy(params, X, Y):
    return 0.5 * np.sum((X @ params["W"] + params["b"] - Y) ** 2)
def slopes(params, X, Y):
    d = X @ params["W"] + params["b"] - Y
    return {"W": X.T @ d, "b": d.sum(0)}
"""


def asked(parameters):
    return {"gradient": "slopes", "cost": "energy", "parameters": parameters}


@pytest.mark.parametrize("parameters", [["w", "b"], ["b", "w"]])
def test_order_of_parameters_need_not_be_that_of_the_results(parameters):
    report = judged(ANY_ORDER, options=asked(parameters))
    assert set(entries(report).values()) == {"right"}
    assert any("by b, w" in word for word in report.reading) == (parameters[0] == "w")
    wrong = judged(
        ANY_ORDER.replace("return e.mean()", "return -e.mean()"), options=asked(parameters)
    )
    assert entries(wrong) == {"w": "right", "b": "wrong"}
    assert slugs(wrong) == {"sign"}


def test_parameters_may_be_held_by_a_dictionary_of_the_file():
    assert entries(judged(HELD, options=asked(["W", "b"]))) == {"W": "right", "b": "right"}
    wrong = judged(HELD.replace("X.T @ d", "2 * X.T @ d"), options=asked(["W", "b"]))
    assert entries(wrong) == {"W": "wrong", "b": "right"}


def test_method_and_pattern_without_a_place_are_said_to_be_such():
    source = "class Net:\n    def energy(self):\n        return 1.0\n"
    said = {line.name: line.detail for line in judged(source, options=asked(["W"])).judged}
    assert "method of Net" in said["energy"]
    options = {"gradient": "grad_{q}", "cost": "energy", "parameters": ["w"]}
    said = {line.name: line.detail for line in judged(ANY_ORDER, options=options).judged}
    assert "{p}" in said["grad_{q}"]
