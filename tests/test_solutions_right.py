"""Law: a right solution raises no alarm, in whatever form it is written.

The solutions of `solutions.generate` are run by themselves first: their gradients are those of
their own cost by differences, without the package. Then they go before the judge.
"""

from __future__ import annotations

import os

import pytest

from chainrule.solutions.check import check_file
from solutions.alone import Alone, distance, truth
from solutions.generate import STYLES, right, text_of, words_of
from solutions.judged import alarms, report_of, unread

SOAK = bool(os.environ.get("CHAINRULE_SOAK"))
SEEDS = range(600) if SOAK else range(12)
OWN = range(100) if SOAK else range(6)
BLOCKS = [SEEDS[i::6] for i in range(6)]


def with_its_cost(style, seed):
    """The same person's solution, with the cost written down."""
    words = words_of(style, seed)
    if words.with_cost:
        return words
    return words_of(style, seed, with_cost=True, penalty=0)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", OWN)
def test_gradients_are_differences_of_their_own_cost(style, seed):
    words = with_its_cost(style, seed)
    solution = Alone(words, text_of(words))
    theta, x, y, wanted = truth(solution, seed, examples=3)
    assert distance(solution.gradients(theta, x, y), wanted) < 1e-6


@pytest.mark.parametrize("style", STYLES)
def test_without_a_cost_the_gradients_are_the_same(style):
    found = 0
    for seed in range(40):
        words, twin = words_of(style, seed), with_its_cost(style, seed)
        if words.with_cost:
            continue
        found += 1
        solution = Alone(twin, text_of(twin))
        theta, x, y, _ = truth(solution, seed, examples=3)
        came = Alone(words, text_of(words)).gradients(theta, x, y)
        assert distance(came, solution.gradients(theta, x, y)) < 1e-12
    assert found or style in ("losses", "manual")  # their loss is a statement of the function


@pytest.mark.parametrize("style", STYLES)
def test_surface_forms_are_many(style):
    assert len({right(style, seed).source for seed in range(60)}) >= 58


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seeds", BLOCKS, ids=lambda seeds: f"from-{seeds.start}")
def test_no_alarm_is_raised(style, seeds):
    found = {}
    for seed in seeds:
        solution = right(style, seed)
        report = report_of(solution)
        against = alarms(report) or unread(report)
        if against:
            found[solution.label] = against
    assert not found


@pytest.mark.parametrize("style", STYLES)
def test_no_alarm_is_raised_from_a_file(style, tmp_path):
    for seed in (3, 4):
        report = check_file(right(style, seed).write(tmp_path))
        assert not alarms(report)
        assert report.status == 0, report
