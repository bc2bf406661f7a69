"""Law: classes are read in whatever form they come, and planted mistakes are named."""

from __future__ import annotations

import pytest

from judging import entries, judged, slugs
from solutions_classes import PLANTED, RIGHT

GOOD = {"right", "right up to a constant", "right for the implied cost"}


@pytest.mark.parametrize("name", RIGHT)
def test_right_class_raises_no_alarm(name):
    report = judged(RIGHT[name])
    assert not report.findings
    assert set(entries(report).values()) <= GOOD
    assert "W1" in entries(report)
    assert report.status == 0


@pytest.mark.parametrize(("name", "slug", "edit"), PLANTED)
def test_planted_mistake_is_named(name, slug, edit):
    old, new = edit
    assert old in RIGHT[name]
    report = judged(RIGHT[name].replace(old, new))
    remarked = {each.slug for each in report.remarks}  # one factor everywhere is said as a remark
    assert slug in slugs(report) | remarked


def test_error_without_slope_is_right_where_there_is_no_cost():
    """Then it is the shortcut of cross-entropy, and nobody can tell."""
    source = RIGHT["COLUMN_BY_COLUMN"].replace(" * sigmoid_prime(zs[-1])", "")
    report = judged(source)
    assert not report.findings
    assert set(entries(report).values()) == {"right for the implied cost"}


def test_sizes_that_are_fixed_inside_are_kept():
    report = judged(RIGHT["FIXED_SIZES"])
    assert entries(report).keys() == {"W1", "W2"}


def test_place_of_a_gradient_is_the_method():
    report = judged(RIGHT["BATCH_ROWS"])
    lines = RIGHT["BATCH_ROWS"].split("\n")
    place = next(each.place for each in report.judged if each.entry == "W1")
    assert lines[place.line - 1].strip().startswith("def backward")


def test_method_that_raises_is_said_with_its_line():
    source = RIGHT["BATCH_ROWS"].replace("dA1 = dZ2 @ self.W2.T", "dA1 = dZ2 @ self.W3.T")
    report = judged(source)
    assert report.status == 2
    stuck = [each for each in report.judged if each.verdict.value == "cannot run"]
    assert stuck
    line = source.split("\n")[stuck[0].place.line - 1] if "W3" in stuck[0].detail else ""
    assert "W3" in stuck[0].detail, line
