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
