"""Law: points follow verdicts; what was asked for and is missing, or was not judged, gets none."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

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


def gradients(**entries):
    lines = (Judged(name, Verdict.RIGHT, entry=entry) for name, entry in entries.items())
    return Report("solution.py", judged=tuple(lines))


TWO_LAYERS = gradients(dW1="dW1", dW2="dW2", db1="db1", dlogits="dlogits", dgamma="gamma")
ONE_LAYER = gradients(dj_dw="W1", dj_db="b1")


@pytest.mark.parametrize(
    ("report", "asked"),
    [
        (TWO_LAYERS, ("W1", "J_W2", "b1", "dC_db1", "logits", "dgamma")),
        (gradients(J_W1="W1", J_W2="W2"), ("dW1", "grad_W2", "w1", "theta_2")),
        (ONE_LAYER, ("w", "b", "dw", "db", "theta", "dj_dw", "bias")),
        (gradients(dw="dw"), ("W1", "w")),
    ],
)
def test_names_are_ours_or_theirs(report, asked):
    found = score(report, dict.fromkeys(asked, 1))
    assert {name: each.words for name, each in found.points.items() if not each.got} == {}


@pytest.mark.parametrize(
    ("report", "asked"),
    [
        (TWO_LAYERS, ("W3", "w", "theta", "b2")),
        (ONE_LAYER, ("W2", "b2", "x")),
        (gradients(J_W2="W2"), ("W1", "w")),
        (gradients(dW_a="dW", dW_b="W"), ("w",)),
    ],
)
def test_what_is_not_found_is_open_and_never_another(report, asked):
    found = score(report, dict.fromkeys(asked, 1))
    assert (found.total, found.open) == (0.0, asked)


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


# the recipes on the page ------------------------------------------------------------------------

ROOT = Path(__file__).parents[1]
NBGRADER, OTTER = re.findall(
    r"```py\n(.*?)```", (ROOT / "docs" / "grading.md").read_text(encoding="utf-8"), re.DOTALL
)
STAND_IN = """\
import sys, types

class test_case:  # as otter documents it: a decorator that keeps a name and points
    def __init__(self, name=None, points=None):
        self.name, self.points = name, points

    def __call__(self, function):
        self.function = function
        return self

sys.modules["otter"] = types.ModuleType("otter")
sys.modules["otter.test_files"] = types.ModuleType("otter.test_files")
sys.modules["otter.test_files"].test_case = test_case
"""
RUN_CASES = """\
for case in [each for each in list(globals().values()) if isinstance(each, test_case)]:
    try:
        case.function()
        print(case.name, case.points)
    except AssertionError as problem:
        print(case.name, 0, str(problem).replace("\\n", " | "))
"""


@pytest.fixture(scope="module")
def kernel():
    """One kernel that runs the learner's solution, then both recipes."""
    solution = (ROOT / "examples" / "solution.py").read_text(encoding="utf-8")
    sources = (solution, NBGRADER, STAND_IN, OTTER, RUN_CASES)
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    NotebookClient(nbformat.v4.new_notebook(cells=cells), timeout=60).execute()
    return [cell.outputs for cell in cells]


def test_recipe_for_nbgrader_ends_with_the_points_and_no_word_on_standard_error(kernel):
    """nbgrader: an error or standard error is no points; a number that is put out is the points."""
    printed, result = kernel[1]
    assert (printed.output_type, printed.name) == ("stream", "stdout")
    assert "in all   3 of 6" in printed.text
    assert (result.output_type, float(result.data["text/plain"])) == ("execute_result", 3.0)


def test_recipe_for_otter_has_a_case_for_every_function(kernel):
    (printed,) = kernel[4]
    lines = printed.text.splitlines()
    assert lines[2:] == ["W2 2", "b2 1"]
    assert [line.split()[:2] for line in lines[:2]] == [["W1", "0"], ["b1", "0"]]
    assert "J_W1: wrong, see 1 | 1. " in lines[0]
