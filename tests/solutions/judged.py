"""Solutions before the judge, in this process: what it says of them, against what is planted."""

from __future__ import annotations

import contextlib
import io

from chainrule.solutions.child import judge
from chainrule.solutions.findings import Finding, Report
from solutions.generate import Solution
from solutions.mistakes import PLANTED

CALL_SECONDS = 5.0


def report_of(solution: Solution) -> Report:
    """Return the report on a solution."""
    request = {"path": solution.label, "cells": solution.cells(), "call_seconds": CALL_SECONDS}
    with contextlib.redirect_stdout(io.StringIO()):
        return judge(request)


def names(finding: Finding) -> frozenset[str]:
    """Return the slugs of a finding: its own, and those that it cannot be told from."""
    return frozenset({*finding.slug.split("+"), *finding.ties})


def alarms(report: Report) -> list[str]:
    """Return all that the report holds against a solution."""
    found = [f"{each.name}: {each.verdict.value}" for each in report.judged if each.verdict.bad]
    found += [f"finding {each.slug}: {each.sentence}" for each in report.findings]
    return found


def unread(report: Report) -> list[str]:
    """Return why a solution was not judged, or not all of it."""
    found = [report.problem] if report.problem else []
    found += [
        f"{each.name}: {each.verdict.value} ({each.detail})"
        for each in report.judged
        if each.role == "gradient" and not each.verdict.good and not each.verdict.bad
    ]
    if not report.problem and not any(each.role == "gradient" for each in report.judged):
        found.append("no gradient was judged")
    return found


def recognised(solution: Solution, report: Report) -> list[bool]:
    """Return for every mistake in a solution whether it is named, or among ties."""
    said = [names(finding) for finding in (*report.findings, *report.remarks)]
    return [any(slugs & one for one in said) for slugs in solution.accepted]


def said_besides(solution: Solution, report: Report) -> list[str]:
    """Return findings that no planted mistake explains."""
    wanted = frozenset().union(*solution.accepted)
    return [each.slug for each in report.findings if not names(each) & wanted]


def spoils(solution: Solution) -> bool:
    """Return whether a mistake in it makes a gradient wrong, or keeps it from running."""
    return any(not PLANTED[slug].remark for slug in solution.planted)
