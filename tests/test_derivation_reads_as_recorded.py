"""Law: what a person reads is what was looked at and recorded, for every network of the table.

`make golden` writes the files anew; look at the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from cases import CASES, draw
from chainrule import Network

GOLDEN = Path(__file__).parent / "golden"


def law_text(name, text):
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("CHAINRULE_GOLDEN") == "update":
        path.write_text(text + "\n", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text + "\n"


def law_derivation(case):
    law_text(case.name, str(case.derivation()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_derivation_reads_as_recorded(case):
    law_derivation(case)


def test_derivation_is_the_same_every_time():
    case = CASES[0]
    assert str(case.network().derive()) == str(case.network().derive())


def test_trace_reads_as_recorded():
    net = Network([2, 2, 1], activation=["relu", "sigmoid"], cost="cross_entropy", l2=0.5)
    params, _, _ = draw(net, 1, seed=3)
    trace = net.trace(params, np.array([[1.0], [0.5]]), np.array([[1.0]]))
    law_text("trace", str(trace))
    law_text("trace_with_numbers", trace.numbers(precision=4))


def test_lines_fit_a_wide_terminal():
    for case in CASES:
        assert max(map(len, str(case.derivation()).splitlines())) <= 140


def test_no_golden_file_is_left_over():
    names = {case.name for case in CASES} | {"trace", "trace_with_numbers", "signatures"}
    assert {path.stem for path in GOLDEN.glob("*.txt")} == names
