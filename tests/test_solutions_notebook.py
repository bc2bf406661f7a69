"""Law: in a real kernel, a cell is judged together with all that was run before it."""

from __future__ import annotations

import re

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from traitlets.config import Config

import chainrule
from chainrule.checking.verdicts import Verdict
from chainrule.solutions import notebook
from chainrule.solutions.findings import Report
from test_pages import law_page

PARTS = """\
import numpy as np
%matplotlib inline
sigma = lambda z: 1 / (1 + np.exp(-z))
d_sigma = lambda z: sigma(z) * (1 - sigma(z))

def feed_forward(x):
    a1 = sigma(W1 @ x + b1)
    return x, a1, sigma(W2 @ a1 + b2)

def cost(x, y):
    return np.sum((feed_forward(x)[-1] - y)**2) / x.shape[1]
"""
LAST_LAYER = """\
def J_W2(x, y):
    a0, a1, a2 = feed_forward(x)
    return 2 * (a2 - y) * a2 * (1 - a2) @ a1.T / x.shape[1]

def J_b2(x, y):
    a0, a1, a2 = feed_forward(x)
    return np.sum(2 * (a2 - y) * a2 * (1 - a2), axis=1, keepdims=True) / x.shape[1]
"""
FIRST_LAYER = """\
def J_W1(x, y):
    a0, a1, a2 = feed_forward(x)
    delta = (W2{} @ (2 * (a2 - y) * a2 * (1 - a2))) * a1 * (1 - a1)
    return delta @ x.T / x.shape[1]
"""
RIGHT, WRONG = FIRST_LAYER.format(".T"), FIRST_LAYER.format("").replace("(W2 @", "-(W2.T @")


def executed(*sources):
    """Run cells in a kernel of their own; return their outputs."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    NotebookClient(nbformat.v4.new_notebook(cells=cells), timeout=60, allow_errors=True).execute()
    return [cell.outputs for cell in cells]


@pytest.fixture(scope="module")
def outputs():
    """One kernel for all: the order of these cells is that of a person at work."""
    return executed(
        "%load_ext chainrule",
        PARTS,
        LAST_LAYER,
        f"%%check_gradients\n{WRONG}",
        "report = _\nprint(type(report).__name__, report.status, J_W1.__name__)",
        RIGHT,
        "import chainrule\nchainrule.check_notebook()",
        "%%check_gradients\nraise RuntimeError('mine')",
        "%%check_gradients --fast\npass",
        "def J_W1(x, y):\n    while True: pass",
        "chainrule.check_notebook(chainrule.solutions.limits.Limits(call_seconds=0.2)).status",
    )


def shown(output):
    (result,) = (each for each in output if each.output_type == "execute_result")
    return result.data["text/plain"], result.data.get("text/html", "")


def test_the_cell_under_the_magic_is_judged_with_all_before_it(outputs):
    text, page = shown(outputs[3])
    for name, verdict in (("J_W2", "right"), ("J_b2", "right"), ("J_W1", "wrong")):
        assert re.search(rf"{name} +{verdict}", text), text
    assert "(sign)" in text
    assert page.count("<span class='wrong'>wrong</span>") == 1
    law_page(page)


def test_places_are_those_that_the_notebook_shows(outputs):
    """The cell was In [4], and the line of the magic is its first."""
    text, _ = shown(outputs[3])
    assert "J_W1, In [4], line " in text
    lines = f"%%check_gradients\n{WRONG}".split("\n")
    line, code = re.search(r"(\d+) │ (def J_W1.*)", text).groups()
    assert lines[int(line) - 1] == code.rstrip()


def test_the_cell_under_the_magic_is_run_too(outputs):
    (printed,) = outputs[4]
    assert printed.text == "Report 1 J_W1\n"


def test_the_last_definition_that_was_run_counts(outputs):
    text, page = shown(outputs[6])
    assert "all right: 3 of 3 gradients right" in text
    assert "all right: 3 of 3 gradients right" in page


def test_what_the_cell_raises_is_shown_and_the_rest_is_judged(outputs):
    assert any("mine" in str(each.get("evalue", each.get("text", ""))) for each in outputs[7])
    assert "all right" in shown(outputs[7])[0]


def test_options_that_the_magic_does_not_have_are_refused(outputs):
    """In one line, as IPython says what is asked of its magics in vain."""
    (problem,) = outputs[8]
    assert (problem.output_type, problem.name) == ("stream", "stderr")
    assert problem.text == "UsageError: %%check_gradients takes no options, and met '--fast'\n"


def test_limits_hold_in_a_notebook_too(outputs):
    text, _ = shown(outputs[10])
    assert text != "0"


def test_cells_of_other_languages_are_left_out():
    cells = list(notebook.history(["", "%%bash\nW=1", "%%html\n<b>", "%%time\nW = 1", "  ", "!ls"]))
    assert [(cell.number, cell.executed, cell.source) for cell in cells] == [
        (3, 3, "#\nW = 1"),
        (5, 5, "!ls"),
    ]


def test_outside_of_a_notebook_it_says_what_to_call():
    with pytest.raises(chainrule.InvalidValue, match=r"check_file\(path\)"):
        chainrule.check_notebook()


def test_a_shell_that_is_no_notebook_has_the_magic_too():
    shell = InteractiveShell.instance(config=Config(HistoryManager={"hist_file": ":memory:"}))
    try:
        chainrule.load_ipython_extension(shell)
        assert "check_gradients" in shell.magics_manager.magics["cell"]
        report = shell.run_cell_magic("check_gradients", "", "x = 1")
        assert isinstance(report, Report)
        assert report.problem
        assert all(each.verdict is not Verdict.RIGHT for each in report.judged)
        assert shell.user_ns["x"] == 1
    finally:
        InteractiveShell.clear_instance()
