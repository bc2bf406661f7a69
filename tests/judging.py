"""Judges solutions in process, for tests of the styles."""

from __future__ import annotations

import textwrap

from chainrule.solutions.child import judge
from chainrule.solutions.findings import Report


def judged(source: str, **request) -> Report:
    cell = {"source": textwrap.dedent(source), "number": None, "executed": None, "first_line": 1}
    return judge({"path": "solution.py", "cells": [cell], "call_seconds": 5.0, **request})


def cells(*sources: str, **request) -> Report:
    made = [
        {"source": textwrap.dedent(each), "number": i, "executed": None, "first_line": 1}
        for i, each in enumerate(sources, 1)
    ]
    return judge({"path": "solution.ipynb", "cells": made, "call_seconds": 5.0, **request})


def slugs(report: Report) -> set[str]:
    """All slugs of mistakes, those that cannot be told from them beside."""
    return {slug for each in report.findings for slug in (each.slug, *each.ties)}


def entries(report: Report) -> dict[str, str]:
    return {e.entry: e.verdict.value for e in report.judged if e.role == "gradient"}
