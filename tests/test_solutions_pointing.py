"""Law: a cause points at the line that it sits in, or at the whole function; at no other line."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule.solutions.cells import Cell
from chainrule.solutions.check import check_file
from chainrule.solutions.findings import Finding, Place, Report
from chainrule.solutions.pointing import pointed

DICTIONARIES = """\
def backward(parameters, cache, X, Y):
    m = X.shape[1]
    W2 = parameters["W2"]
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m
    dZ1 = (W2 @ dZ2) * d_sigma(A1)
    grads["dW1"] = dZ1 @ X.T / m
    return grads

def other(W2, dZ2):
    dZ1 = W2 @ dZ2
"""
CHAIN = """\
    def J_W1(y):
        a0, z1, a1, z2, a2 = feed_forward(x)
        J = 2 * (a2 - y)
        J = J * d_sigma(z2)
        J = (J.T @ W2).T
        J = J * d_sigma(a1)
        J = J @ a0.T
        return J
"""


def line_of(source, computed, right, at=1, function="backward", slug="planted", cells=None):
    place = Place(at, 3, function, source.split("\n")[at - 1].strip())
    finding = Finding(slug, "mistake", "…", computed=computed, right=right, place=place)
    given = (Cell(source, 3),) if cells is None else cells
    (found,) = pointed(Report("a.ipynb", findings=(finding,), source=given)).findings
    return found.place.line


@pytest.mark.parametrize(
    ("computed", "right", "line"),
    [
        ("δ1 = ∂C/∂a1 ∘ σ′(a1)", "δ1 = ∂C/∂a1 ∘ σ′(z1)", 7),
        ("∂C/∂a1 = W2 δ2", "∂C/∂a1 = W2ᵀ δ2", 7),  # both in the line of δ1
        ("δ2 = a2 − y", "δ2 = (1/m) (a2 − y)", 5),
        ("J_W3 = δ3", "J_W3 = δ3 a2ᵀ", 1),  # nothing computes it
    ],
)
def test_the_line_that_assigns_the_quantity(computed, right, line):
    assert line_of(DICTIONARIES, computed, right) == line


@pytest.mark.parametrize(
    ("planted", "computed", "right", "line"),
    [
        (("dZ1 @ X.T", "dZ1 @ A1.T"), "J_W1 = δ1 a1ᵀ", "J_W1 = δ1 a0ᵀ", 8),
        (("dZ2 @ A1.T", "dZ2 @ X.T"), "J_W2 = δ2 a0ᵀ", "J_W2 = δ2 a1ᵀ", 6),
    ],
)
def test_the_line_that_reads_another_quantity(planted, computed, right, line):
    """In the line as it should be there is no such mistake: nothing is pointed at then."""
    assert line_of(DICTIONARIES.replace(*planted), computed, right) == line


def test_from_any_line_of_the_function():
    """A place that a style knows already, such as that of the gradient, is no end of the search."""
    assert line_of(DICTIONARIES, "δ1 = ∂C/∂a1 ∘ σ′(a1)", "δ1 = ∂C/∂a1 ∘ σ′(z1)", at=8) == 7


@pytest.mark.parametrize(
    ("computed", "right", "line"),
    [
        ("δ1 = ∂C/∂a1 ∘ σ′(a1)", "δ1 = ∂C/∂a1 ∘ σ′(z1)", 6),
        ("δ2 = ∂C/∂a2", "δ2 = ∂C/∂a2 ∘ σ′(z2)", 1),  # what is left out has no line
    ],
)
def test_one_name_for_all_is_told_by_what_it_reads(computed, right, line):
    assert line_of(CHAIN, computed, right, function="J_W1") == line


def test_where_two_lines_fit_the_function_stays():
    twice = DICTIONARIES.replace("    return grads", "    dZ1 = (W2 @ dZ2) * d_sigma(A1)")
    assert line_of(twice, "δ1 = ∂C/∂a1 ∘ σ′(a1)", "δ1 = ∂C/∂a1 ∘ σ′(z1)") == 1


def test_causes_of_other_functions_stay_where_they_are():
    both = "δ1 = ∂C/∂a1 ∘ σ′(a1)", "δ1 = ∂C/∂a1 ∘ σ′(z1)"
    for slug in ("forward_wrong", "cache_mislabelled", "derivative_formula"):
        assert line_of(DICTIONARIES, *both, slug=slug) == 1


@pytest.mark.parametrize(
    "source", ["def backward(:\n    dZ1 = W2 @ dZ2", "def else_(x):\n    pass", ""]
)
def test_code_that_says_nothing_stays_as_it_is(source):
    assert line_of(source or "x", "∂C/∂a1 = W2 δ2", "∂C/∂a1 = W2ᵀ δ2") == 1


def test_without_the_source_nothing_moves():
    assert line_of(DICTIONARIES, "∂C/∂a1 = W2 δ2", "∂C/∂a1 = W2ᵀ δ2", cells=()) == 1


def test_lines_are_those_of_the_file_where_a_cell_begins_later():
    place = Place(41, 3, "backward", "def backward(parameters, cache, X, Y):")
    finding = Finding(
        "weight_not_transposed",
        "mistake",
        "…",
        computed="∂C/∂a1 = W2 δ2",
        right="∂C/∂a1 = W2ᵀ δ2",
        place=place,
    )
    report = Report("a.txt", findings=(finding,), source=(Cell(DICTIONARIES, 3, 3, 41),))
    (found,) = pointed(report).findings
    assert (found.place.line, found.place.source) == (47, "dZ1 = (W2 @ dZ2) * d_sigma(A1)")


def test_in_the_learners_solution_the_line_and_the_shape_are_said():
    path = Path(__file__).parents[1] / "examples" / "solution.py"
    (found,) = check_file(path).findings
    assert (found.slug, found.shape) == ("derivative_at_activation", "4 × m")
    assert found.right == "δ1 = ∂C/∂a1 ∘ σ′(z1)"
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[found.place.line - 1].strip() == found.place.source
    assert "d_sigma(a1)" in found.place.source
