"""Law: what is said of a file depends on the file, not on the clock nor on what else runs.

Alarms are for what is wrong under every reading: where not all could be tried there is none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from chainrule.checking.verdicts import Verdict
from chainrule.solutions import calling, child, selection, space
from chainrule.solutions.calling import Caller, TooLong
from chainrule.solutions.cells import Cell
from chainrule.solutions.definitions import collect
from chainrule.solutions.findings import Report
from chainrule.solutions.space import Space
from chainrule.solutions.styles.column import Column
from chainrule.solutions.telling import doubted
from solutions.generate import STYLES, right, wrong

WRONG = wrong("column", 3, "missing_hidden_derivative").source


def report(source: str, seconds: float = 2.0) -> Report:
    """Judge a source in this process."""
    return child.judge({"path": "", "cells": [{"source": source}], "call_seconds": seconds})


@pytest.mark.parametrize("style", [each for each in STYLES if each != "caches"])
def test_a_clock_that_runs_does_not_change_what_is_said(style, monkeypatch):
    sources = [right(style, 1).source, wrong(style, 2, "function_for_derivative").source]
    before = [report(each) for each in sources]
    passed = iter(range(0, 10**9, 7))  # seconds of other people's work at every look at the clock
    for name in ("time", "monotonic", "perf_counter"):
        monkeypatch.setattr(time, name, lambda: float(next(passed)))
    assert [report(each) for each in sources] == before
    assert [each.status for each in before] == [0, 1]


def test_only_processor_time_ends_a_call():
    """A function that takes long by the clock is as right as before."""
    caller = Caller(0.3)
    began = time.monotonic()
    assert caller.call(lambda: time.sleep(0.5) or 1) == 1
    assert time.monotonic() - began > 0.3
    assert caller.calls == 1


def test_what_only_waits_ends_and_is_said_to_wait(monkeypatch):
    monkeypatch.setattr(calling, "FUSE", 1.0)
    caller = Caller(0.3)
    with pytest.raises(TooLong, match=r"did not end within 0.3 s, and only waited"):
        caller.call(lambda: time.sleep(100))


def test_what_computes_is_not_ended_by_the_clock(monkeypatch):
    """On a busy machine the fuse comes before the limit of the processor: so it does here."""
    monkeypatch.setattr(calling, "FUSE", 0.02)
    caller = Caller(1.0)

    def computes(seconds):
        began = time.process_time()
        while time.process_time() - began < seconds:
            pass
        return 1

    assert caller.call(lambda: computes(0.3)) == 1
    with pytest.raises(TooLong, match=r"did not end within 1 s: is there a loop"):
        caller.call(lambda: computes(60.0))


@pytest.mark.parametrize("style", ["column", "classes"])
def test_where_readings_are_left_nothing_is_called_wrong(style, monkeypatch):
    mistaken = wrong(style, 3, "missing_hidden_derivative").source
    fine = right(style, 3).source
    assert (report(mistaken).status, report(fine).status) == (1, 0)
    monkeypatch.setattr(space, "MOST_CALLS", 1)
    found = report(mistaken)
    assert "more ways than could be tried" in found.problem
    assert found.status == 2
    assert not found.findings
    assert report(fine).status == 0  # what was found right stays right


def test_a_reading_that_leaves_no_doubt_is_taken_at_once(monkeypatch):
    """Network, cost and most Jacobians are as they should be, the rest has a cause."""
    mistaken = wrong("dictionaries", 3, "missing_hidden_derivative").source
    monkeypatch.setattr(space, "MOST_CALLS", 1)
    found = report(mistaken)
    assert (found.status, [each.slug for each in found.findings]) == (
        1,
        ["missing_hidden_derivative"],
    )


# other styles ---------------------------------------------------------------------------------


class Misread(Column):
    """The style with its first layer's gradient misread."""

    name = "misread"

    def readings(self, space):
        for each in super().readings(space):
            gradients = each.gradients
            each.gradients = lambda probe, of=gradients: {
                entry: -came if entry == "W1" and isinstance(came, np.ndarray) else came
                for entry, came in of(probe).items()
            }
            yield each


class Partial(Column):
    """The style with one function fewer."""

    def readings(self, space):
        for each in super().readings(space):
            each.pieces = tuple(piece for piece in each.pieces if piece.entry != "W1")
            yield each


class Costless(Column):
    """The style where it does not find the cost."""

    def readings(self, space):
        for each in super().readings(space):
            each.cost = lambda _: None
            yield each


def taken(monkeypatch, source, other):
    """Return the style that is taken, and whether all is right in it, where the first misreads."""
    monkeypatch.setattr(selection, "STYLES", (Misread(),))
    monkeypatch.setattr(selection, "NETWORKS", (other,))
    name, _, judge = selection.judged(Space(collect([Cell(source)]), 2.0))
    return name, judge.clean


def test_what_is_right_as_another_style_is_right(monkeypatch):
    assert taken(monkeypatch, right("column", 3).source, Column()) == (Column.name, True)
    assert taken(monkeypatch, WRONG, Column()) == ("misread", False)


@pytest.mark.parametrize("other", [Partial(), Costless()], ids=["functions", "cost"])
def test_a_reading_of_less_is_no_better_one(other, monkeypatch):
    assert taken(monkeypatch, right("column", 3).source, other) == ("misread", False)


# the order of sets ----------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["classes", "caches", "manual"])
def test_the_order_of_sets_does_not_reach_what_is_said(style):
    """Python draws it anew for every process."""
    sources = [right(style, 5).source]
    if style != "caches":
        sources.append(wrong(style, 2, "function_for_derivative").source)
    code = (
        "import json, sys; from chainrule.solutions import child\n"
        "for source in json.load(sys.stdin):\n"
        "    request = {'path': '', 'cells': [{'source': source}], 'call_seconds': 2.0}\n"
        "    print(repr(child.judge(request)), file=sys.stderr)"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(sources),
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stderr
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1


# doubt ----------------------------------------------------------------------------------------


def test_doubt_leaves_lines_that_are_no_alarm():
    lines = list(report(WRONG).judged)
    assert doubted(lines, "") == lines
    found = doubted(lines, "why")
    assert [each.name for each in found] == [each.name for each in lines]
    assert [each.verdict for each in found] == [
        Verdict.NOT_JUDGED if each.verdict.bad else each.verdict for each in lines
    ]


def test_nothing_but_the_parent_and_a_duration_reads_the_clock():
    """The time of the whole is a promise to who waits; a report says how long it took."""
    root = Path(child.__file__).parent
    readers = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if "monotonic()" in (text := path.read_text(encoding="utf-8")) or "perf_counter()" in text
    }
    assert readers == {"sandbox.py", "check.py", "child.py"}
