"""Law: every mistake of the catalogue has words, and somebody who finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

import planted
from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.mutations import MUTATIONS, changes, ground_of

ROOT = Path(__file__).parents[1]
TESTS = {
    path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_diag*.py")
}

# Names of mistakes that arrays and functions alone do not show, and what shows them.
ELSEWHERE = {
    "derivative_formula": "their derivative function, beside their activation",
    "checker_wrong": "their own check",
    "cost_normalisation": "their cost, with examples repeated",
    "penalty_in_update": "their update",
    "misplaced_definition": "the text of the file",
    "missing_definition": "the text of the file",
    "own_assert_fails": "the text of the file",
    "aggression": "their update",
    "unused_argument": "the text of the file",
    "one_more_update": "the text of the file",
    "repeated_forward": "the text of the file",
    "dropout": "the text of the file",
    "sizes": "the text of the file",
}


def found_here():
    """Names that tests plant and see."""
    names = {slip.slug for each in planted.SETTINGS for slip in planted.slips(each.draw()[0], 7)}
    names |= {slug for slug in CATALOGUE if any(f'"{slug}"' in text for text in TESTS.values())}
    return names


def test_every_name_is_found_by_this_engine_or_by_somebody_who_is_named():
    here = found_here() - set(ELSEWHERE)
    assert set(CATALOGUE) - here - set(ELSEWHERE) == set()


@pytest.mark.parametrize("slug", CATALOGUE)
def test_words_are_whole(slug):
    entry = CATALOGUE[slug]
    assert entry.says
    assert not entry.says.endswith(".")
    first = entry.says.split()[0]
    assert first.islower() or len(first) == 1 or not first.isascii(), entry.says
    assert not entry.mend.endswith(".")


def test_mutations_have_names_of_the_catalogue():
    assert {slug for row in MUTATIONS for slug in row.slugs} <= set(CATALOGUE)


@pytest.mark.parametrize("setting", planted.SETTINGS, ids=lambda setting: setting.name)
def test_a_mutation_changes_one_equation_and_keeps_its_shape(setting):
    architecture = setting.draw()[0].architecture
    ground = ground_of(architecture)
    for change in changes(architecture):
        equation = ground.equations[change.equation]
        assert change.expr != equation.expr
        assert change.expr.shape == equation.shape, change
        assert change.words, change


def test_the_page_lists_the_catalogue():
    page = (ROOT / "docs" / "diagnosing.md").read_text(encoding="utf-8")
    for slug, entry in CATALOGUE.items():
        assert f"| `{slug}` | {entry.says} | {entry.mend} |" in page, slug
    listed = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert listed == set(CATALOGUE)
