"""Law: the page of a report stands alone, holds all that is said, and reads as recorded."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from cases import CASES
from chainrule import notation
from chainrule.checking.verdicts import Verdict
from chainrule.render import formulas, mathml, text
from chainrule.solutions import page, wording
from chainrule.solutions.cells import Cell
from chainrule.solutions.findings import Finding, Judged, Place, Report
from reports import REPORTS
from test_pages import law_page
from test_solutions_terminal import compared

GOLDEN = Path(__file__).parent / "golden" / "solutions"
SHOWN = ("one_cause", "cannot_run")


def seen(markup):
    """What a reader sees of markup."""
    return " ".join(html.unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", markup)).split())


@pytest.mark.parametrize("name", REPORTS)
def test_page_stands_alone(name):
    law_page(page.page(REPORTS[name]))


@pytest.mark.parametrize("name", SHOWN)
def test_page_reads_as_recorded(name):
    compared(GOLDEN / f"{name}.html", page.page(REPORTS[name]))


@pytest.mark.parametrize("name", REPORTS)
def test_page_says_what_the_terminal_says(name):
    report = REPORTS[name]
    said = seen(page.page(report)).replace(" ", "")
    wanted = [wording.summary(report), report.style, *report.reading]
    wanted += [each for judged in report.judged for each in (judged.name, judged.verdict.value)]
    wanted += [wording.detail(judged) for judged in report.judged]
    for finding in (*report.findings, *report.remarks):
        wanted += [finding.sentence, finding.suggestion, wording.spoiled(report, finding)]
        wanted += [finding.place.source] if finding.place else []
    for each in wanted:
        assert "".join(each.split()) in said, each


@pytest.mark.parametrize("name", ["one_cause", "all_right"])
def test_page_holds_the_whole_code_with_the_lines_that_are_meant(name):
    report = REPORTS[name]
    (whole,) = re.findall(r"<details>.*?</details>", page.page(report), re.DOTALL)
    shown = re.findall(r"<div(?: class='(\w+)')?><i>\d+</i>(.*?)</div>", whole)
    lines = [line for cell in report.source for line in cell.source.rstrip().split("\n")]
    assert [html.unescape(line).strip() for _, line in shown] == [line.strip() for line in lines]
    marked = {html.unescape(line).strip() for kind, line in shown if kind}
    places = [each.place for each in (*report.findings, *report.remarks) if each.place]
    assert marked == {place.source for place in places}


def test_what_their_code_says_is_text_not_markup():
    evil = "<script>alert(1)</script> & 'x' \"y\""
    place = Place(1, None, evil, evil)
    finding = Finding("sign", "mistake", evil, evil, (evil,), evil, evil, evil, (evil,), place)
    report = Report(
        f"{evil}.py",
        evil,
        (evil,),
        (Judged(evil, Verdict.WRONG, "gradient", evil, evil, place=place),),
        (finding,),
        (finding,),
        evil,
    )
    for cells in ((), (Cell(evil),)):
        shown = page.page(replace(report, source=cells))
        law_page(shown)
        assert "<script" not in shown


def test_fragment_keeps_its_style_to_itself():
    fragment = REPORTS["two_causes"]._repr_html_()
    law_page(fragment)
    (style,) = re.findall(r"<style>(.*?)</style>", fragment, re.DOTALL)
    plain = re.sub(r"@media[^{]*\{(.*?\})\s*\}", r"\1", style, flags=re.DOTALL)
    for rule in re.findall(r"([^{}]+)\{", plain):
        assert all(part.strip().startswith(".chainrule") for part in rule.split(",")), rule


# formulas -----------------------------------------------------------------------------------------


def letters(markup):
    return html.unescape(re.sub(r"<[^>]*>|\s", "", markup))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_formula_of_text_shows_what_the_formula_of_the_expression_shows(case):
    for derivation in (case.derivation(), case.network().derive(inputs=True)):
        for equation in derivation:
            spelled = f"{notation.text(equation.name)} = {text.inline(equation.expr)}"
            found = letters(formulas.of_text(spelled))
            wanted = letters(mathml.equation(equation.name, equation.expr))
            if " else " in spelled:  # MathML lays cases out, text has a comma and parentheses
                left, right = (Counter(re.sub(r"[(){,]", "", each)) for each in (found, wanted))
                assert left == right, spelled
            else:
                assert found == wanted, spelled


@pytest.mark.parametrize("written", ["dW1 = dZ1 @ X.T", "(a", "a)", "ᵀ", "δ1 = np.dot(W, a)"])
def test_what_is_not_spelled_as_ours_is_shown_as_code(written):
    shown = formulas.of_text(written)
    assert shown == f"<code>{html.escape(written)}</code>"
