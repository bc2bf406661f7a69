"""Law: a report reads as was looked at and recorded, at every width, with colour and without."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from chainrule.checking.verdicts import Verdict
from chainrule.solutions import terminal, wording
from chainrule.solutions.cells import Cell
from chainrule.solutions.findings import Finding, Judged, Place, Report
from reports import REPORTS

GOLDEN = Path(__file__).parent / "golden" / "solutions"


def compared(path, found):
    if os.environ.get("CHAINRULE_GOLDEN") == "update":
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == found


@pytest.mark.parametrize("name", REPORTS)
def test_report_reads_as_recorded(name):
    report = REPORTS[name]
    compared(GOLDEN / f"{name}.txt", "\n".join(terminal.lines(report, 100)) + "\n")


def test_narrow_report_reads_as_recorded():
    report = REPORTS["two_causes"]
    compared(GOLDEN / "two_causes_narrow.txt", "\n".join(terminal.lines(report, 46)) + "\n")


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("width", [1, 30, 60, 80, 200])
def test_nothing_is_lost_at_any_width_and_lines_fit(name, width):
    report = REPORTS[name]
    lines = terminal.lines(report, width)
    shown, wide = (
        "".join("".join(each).replace("│", "").split())
        for each in (lines, terminal.lines(report, 1000))
    )
    assert sorted(shown) == sorted(wide)
    if width >= 60:
        assert max(map(len, lines)) <= width


def printed(report, **options):
    stream = io.StringIO()
    terminal.show(report, Console(file=stream, highlight=False, **options))
    return stream.getvalue()


@pytest.mark.parametrize("name", REPORTS)
def test_colour_adds_nothing_but_colour(name):
    report = REPORTS[name]
    options = {"force_terminal": True, "width": 90, "legacy_windows": False}
    coloured = printed(report, color_system="standard", **options)
    plain = printed(report, color_system=None, **options)
    assert "\x1b[" in coloured
    assert plain == "\n".join(terminal.lines(report, 90)) + "\n"
    stream = io.StringIO()
    Console(file=stream, width=1000).print(Text.from_ansi(coloured), soft_wrap=True)
    assert stream.getvalue().split() == plain.split()


def test_where_it_is_piped_it_is_plain_and_as_wide_as_a_page():
    report = REPORTS["one_cause"]
    found = printed(report, width=40, force_terminal=False)
    assert found == "\n".join(terminal.lines(report)) + "\n"


def test_what_their_code_says_is_never_taken_for_markup():
    line = "x = [bold]a[/bold] + b[red]  # [/]"
    report = Report(
        "[x].py",
        judged=(Judged("f[0]", Verdict.WRONG, detail="[blink]", place=Place(1, None, "", line)),),
    )
    assert line in printed(report, width=90)
    assert "f[0]" in printed(report, width=90)
    assert "[blink]" in printed(report, width=90)


def test_a_report_prints_itself():
    report = REPORTS["one_cause"]
    assert str(report) == repr(report) == "\n".join(terminal.lines(report))


# words ------------------------------------------------------------------------------------------


def test_excerpt_shows_neighbours_without_the_indentation_they_share():
    cell = Cell("def f():\n    a = 1\n\n    b = 2\n    c = 3\n    return c", 3)
    shown = wording.excerpt(Place(4, 3, "f", "b = 2"), [cell])
    assert [(each.number, each.text, each.marked) for each in shown] == [
        (2, "a = 1", False),
        (3, "", False),
        (4, "b = 2", True),
        (5, "c = 3", False),
        (6, "return c", False),
    ]


def test_excerpt_of_a_function_is_the_function():
    cell = Cell("a = 1\ndef f(\n    x\n):\n\n    b = 2\n    return b\n\nc = 3")
    shown = wording.excerpt(Place(2, None, "f", "def f("), [cell])
    assert (shown[0].number, shown[0].marked, any(each.marked for each in shown[1:])) == (
        2,
        True,
        False,
    )
    assert [each.text for each in shown] == [
        "def f(",
        "    x",
        "):",
        "",
        "    b = 2",
        "    return b",
    ]
    long = Cell("def f(x):\n" + "    x += 1\n" * 50)
    assert len(wording.excerpt(Place(1, None, "f", "def f(x):"), [long])) == 12


def test_excerpt_counts_lines_of_the_file_where_a_cell_begins_later():
    """An exported notebook is one file: places count its lines."""
    cell = Cell("W = 1\ndW = 2", 5, 5, 40)
    (first, second) = wording.excerpt(Place(41, 5, "", "dW = 2"), [cell])
    assert (first.number, second.number, second.marked) == (40, 41, True)


@pytest.mark.parametrize(
    "cells", [(), (Cell("something else"),), (Cell("dW = 2", 9),)], ids=["none", "other", "number"]
)
def test_excerpt_without_the_source_is_the_line_itself(cells):
    shown = wording.excerpt(Place(7, None, "f", "dW = 2"), cells)
    assert [(each.number, each.text) for each in shown] == [(7, "dW = 2")]
    assert wording.excerpt(Place(7), cells) == []


@pytest.mark.parametrize(
    ("place", "cells", "said"),
    [
        (Place(12), (), "line 12"),
        (Place(12, None, "f"), (), "f, line 12"),
        (Place(3, 7), (), "cell 7, line 3"),
        (Place(3, 7), (Cell("", 7, 4),), "cell 7, In [4], line 3"),
        (Place(3, 4), (Cell("", 4, 4),), "In [4], line 3"),
    ],
)
def test_place_in_words(place, cells, said):
    assert wording.where(place, cells) == said


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("all_right", "all right: 6 of 6 gradients right, 5 remarks"),
        ("one_cause", "something is wrong: 2 of 4 gradients right, 1 thing to mend"),
        ("unfinished", "not all could be judged: 2 of 3 gradients right, 1 unfinished"),
        ("cannot_run", "not all could be judged: 1 of 2 gradients right, 1 cannot run"),
        ("not_recognised", "could not be judged: no hand-written gradient was recognised"),
    ],
)
def test_summary_says_the_whole(name, start):
    assert wording.summary(REPORTS[name]).startswith(start)


def test_summary_agrees_with_the_exit_status():
    starts = {0: "all right", 1: "something is wrong", 2: "could not be judged"}
    for verdict in Verdict:
        report = Report("a.py", judged=(Judged("dW1", verdict, entry="W1"),))
        said = wording.summary(report)
        assert said.startswith(starts[report.status]) or report.status == 2
    assert wording.summary(Report("a.py")).startswith(starts[2])


def test_a_finding_is_pointed_at_by_every_line_that_it_spoils():
    report = REPORTS["two_causes"]
    numbers = {each.name: wording.numbered(report, each) for each in report.judged}
    assert numbers["nabla_w[1]"] == numbers["nabla_b[1]"] == [1]
    assert numbers["sigmoid_prime"] == []
    loose = replace(report, findings=(Finding("sign", "mistake", "…", entries=("",)),))
    assert wording.numbered(loose, report.judged[0]) == []


def test_what_a_finding_spoils_is_named_in_the_order_of_the_report():
    report = REPORTS["one_cause"]
    (finding,) = report.findings
    mixed = replace(finding, entries=("elsewhere", "b1", "W2", "W1"))
    assert wording.spoiled(report, mixed) == "dW2, dW1, db1, elsewhere"
