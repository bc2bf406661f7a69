"""Law: points follow verdicts; what was asked for and is missing, or was not judged, gets none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chainrule.checking.verdicts import Verdict
from chainrule.errors import InvalidType, InvalidValue
from chainrule.solutions.findings import Finding, Judged, Report
from chainrule.solutions.grading import FRACTIONS, score
from reports import REPORTS


def solution(*verdicts, findings=()):
    names = ("W1", "b1", "W2", "b2")
    judged = tuple(
        Judged(f"d{name}", verdict, entry=name)
        for name, verdict in zip(names, verdicts, strict=False)
    )
    return Report("solution.py", judged=judged, findings=tuple(findings))


def test_every_verdict_is_worth_something_or_nothing():
    assert set(FRACTIONS) == set(Verdict)
    for verdict, part in FRACTIONS.items():
        assert score(solution(verdict)).total == part
        assert (part == 1.0) == verdict.good


def test_without_weights_every_gradient_has_one_point():
    found = score(REPORTS["one_cause"])
    assert {name: each.got for name, each in found.points.items()} == {
        "W2": 1,
        "b2": 1,
        "W1": 0,
        "b1": 0,
    }
    assert (found.total, found.possible, found.fraction) == (2.0, 4.0, 0.5)


def test_weights_say_what_was_asked_for():
    """By entry, or by the name of a function; what is not there is not forgotten."""
    found = score(REPORTS["one_cause"], {"W2": 3, "dW1": 2, "compute_cost": 0.5, "W9": 4})
    assert [(each.got, each.possible) for each in found.points.values()] == [
        (3, 3),
        (0, 2),
        (0.5, 0.5),
        (0, 4),
    ]
    assert found.points["W9"].verdict is None
    assert "W9             0 of 4       not found" in found.text


def test_nothing_recognised_is_no_points_and_no_division_by_zero():
    found = score(REPORTS["not_recognised"])
    assert (found.total, found.possible, found.fraction) == (0.0, 0.0, 0.0)
    asked = score(REPORTS["not_recognised"], {"W1": 1})
    assert (asked.total, asked.possible) == (0.0, 1.0)
    assert "no hand-written gradient was recognised" in asked.text


def test_fractions_can_be_ones_own():
    strict = {Verdict.OTHER_SHAPE: 0.0, Verdict.UP_TO_CONSTANT: 0.75}
    both = solution(Verdict.OTHER_SHAPE, Verdict.UP_TO_CONSTANT, Verdict.RIGHT)
    assert score(both, fractions=strict).total == 1.75
    assert score(both).total == 2.5


def test_a_mistake_may_cost_only_once():
    report = REPORTS["one_cause"]
    assert score(report).total == 2.0
    assert score(report, once=True).total == 3.0
    # Where the first that it spoils was not asked for, the next one pays.
    assert score(report, {"b1": 1}, once=True).total == 0.0


def test_once_forgives_nothing_that_has_a_cause_of_its_own():
    causes = (
        Finding("sign", "mistake", "…", entries=("W1", "b1")),
        Finding("transposed", "mistake", "…", entries=("b1",)),
    )
    wrong = solution(Verdict.WRONG, Verdict.WRONG, Verdict.WRONG_UNKNOWN, findings=causes)
    assert score(wrong, once=True).total == 0.0
    only = replace(wrong, findings=causes[:1])
    assert [each.got for each in score(only, once=True).points.values()] == [0, 1, 0]


def test_once_gives_nothing_for_what_does_not_run():
    cause = Finding("sign", "mistake", "…", entries=("W1", "b1"))
    stuck = solution(Verdict.WRONG, Verdict.CANNOT_RUN, findings=(cause,))
    assert score(stuck, once=True).total == 0.0


def test_what_was_not_judged_is_listed_for_somebody_to_look_at():
    found = score(solution(Verdict.RIGHT, Verdict.NOT_JUDGED))
    assert found.open == ("b1",)
    assert found.total == 1.0


def test_text_for_the_student():
    assert score(REPORTS["one_cause"], {"W1": 2, "W2": 2}).text == (
        "W1       0 of 2   dW1: wrong, see 1\n"
        "W2       2 of 2   dW2: right\n"
        "in all   2 of 4\n"
        "\n"
        "something is wrong: 2 of 4 gradients right, 1 thing to mend\n"
        "1. W stands where its transpose belongs → go back through Wᵀ: down the columns of W"
    )


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf")])
def test_weights_that_are_no_points_are_refused(weight):
    with pytest.raises(InvalidValue, match=r"weights\['W1'\] is .*, wanted a number ≥ 0"):
        score(solution(Verdict.RIGHT), {"W1": weight})


@pytest.mark.parametrize("weight", ["2", None, True])
def test_weights_that_are_no_numbers_are_refused(weight):
    with pytest.raises(InvalidType, match=r"weights\['W1'\] is .*, wanted a number"):
        score(solution(Verdict.RIGHT), {"W1": weight})


def test_fractions_above_one_are_refused():
    with pytest.raises(InvalidValue, match=r"fractions\[.*\] is 2, wanted a number from 0 to 1"):
        score(solution(Verdict.RIGHT), fractions={Verdict.WRONG: 2})
