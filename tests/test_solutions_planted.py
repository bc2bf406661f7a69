"""Law: a mistake that is planted in the text of a solution comes back with its name.

First, or among those that cannot be told from it; alone, and beside another one.
"""

from __future__ import annotations

import os

import pytest

from chainrule.checking.catalogue import CATALOGUE
from solutions.generate import sample, text_of
from solutions.judged import recognised, report_of, said_besides, spoils
from solutions.mistakes import ELSEWHERE, PAIRS, PLANTED, accepted

SOAK = bool(os.environ.get("CHAINRULE_SOAK"))
COUNT = 12 if SOAK else 1
ALONE = [(style, slug) for slug, row in PLANTED.items() for style in row.styles]
TOGETHER = [
    (style, pair)
    for pair in PAIRS
    for style in ("column", "dictionaries", "losses")
    if all(style in PLANTED[slug].styles for slug in pair)
]


def test_every_slug_of_the_catalogue_is_planted_or_it_is_said_why_not():
    assert set(CATALOGUE) <= set(PLANTED) | set(ELSEWHERE)
    assert not set(PLANTED) & set(ELSEWHERE)


@pytest.mark.parametrize(("style", "slug"), ALONE)
def test_a_mistake_changes_the_text_of_a_right_solution(style, slug):
    (solution,) = sample(style, (slug,), 1)
    assert solution.source != text_of(solution.words)


@pytest.mark.parametrize(("style", "slug"), ALONE)
def test_a_mistake_is_recognised(style, slug):
    solutions = sample(style, (slug,), COUNT)
    assert solutions
    for solution in solutions:
        report = report_of(solution)
        assert recognised(solution, report) == [True], (solution.label, report.findings)
        assert not said_besides(solution, report), (solution.label, report.findings)
        assert report.status != 0 or not spoils(solution)


@pytest.mark.parametrize(("style", "pair"), TOGETHER)
def test_two_mistakes_are_recognised(style, pair):
    for solution in sample(style, pair, COUNT):
        report = report_of(solution)
        assert recognised(solution, report) == [True, True], (solution.label, report.findings)


def said_of(solution):
    findings = report_of(solution).findings
    return {name for each in findings for name in (each.slug, *each.ties)}


@pytest.mark.parametrize("style", ["column", "dictionaries"])
def test_a_slope_left_out_is_the_shortcut_of_cross_entropy(style):
    forced = {"cost": "squared", "output": "sigmoid", "half": True, "everywhere": True}
    for solution in sample(style, ("missing_output_derivative",), 2 * COUNT, **forced):
        both = accepted(solution.words, "missing_output_derivative")
        assert len(both) == 2
        assert both <= said_of(solution), solution.label


@pytest.mark.parametrize("style", ["dictionaries", "losses"])
def test_a_bias_of_zeros_is_one_summed_over_softmax_units(style):
    forced = {"cost": "softmax", "layers": 2, "dead": False, "with_cost": True}
    for solution in sample(style, ("dead_parameter",), 4 * COUNT, **forced):
        if "np.zeros_like(b2)" in solution.source:
            assert accepted(solution.words, "dead_parameter") <= said_of(solution), solution.label
