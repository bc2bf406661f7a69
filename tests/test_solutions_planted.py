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
NOT_READ = "a function that stops half way is read as single statements"
NOT_YET = {
    **{("losses", slug): NOT_READ for slug in ("not_defined", "raises")},
    ("losses", "returns_none"): "no gradient is judged then",
    ("losses", "missing_weight"): "layers of the same size are not tried",
    ("losses", "softmax_axis"): "the network is not recognised then",
    ("losses", "precision"): "not remarked upon",
    ("classes", "returns_none"): "not taken for a class with backprop then",
}
"""What is planted and comes back wrong, but not by its name; anything else has to."""
ONE_OF_TWO = {
    ("column", ("missing_weight", "transposed")): "transposed, and a penalty that is not",
    ("losses", ("weight_not_transposed", "bias_mean_again")): "wrong, without a finding",
}
"""Pairs of which not both are named yet."""
TOGETHER = [
    (style, pair)
    for pair in PAIRS
    for style in ("column", "dictionaries", "losses")
    if all(style in PLANTED[slug].styles for slug in pair) and (style, pair) not in ONE_OF_TWO
]


def test_every_slug_of_the_catalogue_is_planted_or_it_is_said_why_not():
    assert set(CATALOGUE) <= set(PLANTED) | set(ELSEWHERE)
    assert not set(PLANTED) & set(ELSEWHERE)


@pytest.mark.parametrize(("style", "slug"), ALONE)
def test_a_mistake_changes_the_text_of_a_right_solution(style, slug):
    (solution,) = sample(style, (slug,), 1)
    assert solution.source != text_of(solution.words)


def some(rows):
    """In the long run all rows; else one style of each mistake, another one for the next."""
    if SOAK:
        return rows
    slugs = dict.fromkeys(slug for _, slug in rows)
    by_slug = {slug: [row for row in rows if row[1] == slug] for slug in slugs}
    return [by_slug[slug][place % len(by_slug[slug])] for place, slug in enumerate(slugs)]


@pytest.mark.parametrize(("style", "slug"), some([row for row in ALONE if row not in NOT_YET]))
def test_a_mistake_is_recognised(style, slug):
    solutions = sample(style, (slug,), COUNT)
    assert solutions
    for solution in solutions:
        report = report_of(solution)
        assert recognised(solution, report) == [True], (solution.label, report.findings)
        assert not said_besides(solution, report), (solution.label, report.findings)
        assert report.status != 0 or not spoils(solution)


@pytest.mark.parametrize(("style", "slug"), [row for row in ALONE if row in NOT_YET])
def test_a_mistake_without_a_name_is_no_right_solution(style, slug):
    for solution in sample(style, (slug,), COUNT):
        assert report_of(solution).status != 0 or not spoils(solution), solution.label


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
    forced = {"cost": "squared", "output": "sigmoid", "half": True, "penalty": 0}
    forced |= {"everywhere": True, "scale": "m"}
    for solution in sample(style, ("missing_output_derivative",), 2 * COUNT, **forced):
        both = accepted(solution.words, "missing_output_derivative")
        assert len(both) == 2
        assert both <= said_of(solution), solution.label


@pytest.mark.parametrize("style", ["dictionaries", "losses"])
def test_a_bias_of_zeros_is_named_as_what_it_may_be(style):
    """A bias that is summed over the units of softmax is zero, too: either name is right."""
    forced = {"cost": "softmax", "layers": 2, "dead": False, "with_cost": True}
    for solution in sample(style, ("dead_parameter",), 4 * COUNT, **forced):
        if "np.zeros_like(b2)" in solution.source:
            assert accepted(solution.words, "dead_parameter") & said_of(solution), solution.label
