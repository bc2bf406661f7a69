"""Law: what the pages show is what happens: their Python prints what stands below it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import test_derivative_is_derivative_of_value as derivatives
import test_values_hold_at_extremes as extremes
from chainrule.activations import ACTIVATIONS
from chainrule.activations import NUMBERED as NUMBERED_ACTIVATIONS
from chainrule.costs import COSTS
from chainrule.costs import NUMBERED as NUMBERED_COSTS
from chainrule.render import text

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
UPDATE = os.environ.get("CHAINRULE_GOLDEN") == "update"
BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_python_of_a_page_prints_what_stands_below_it(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    page, module, printed = path.read_text(encoding="utf-8"), {}, None
    for language, block in BLOCK.findall(page):
        if language == "python":
            assert not printed, f"this was printed, and does not stand on the page: {printed}"
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(block, path.name, "exec"), module)
            printed = output.getvalue()
        else:
            assert printed is not None
            if UPDATE and printed.split() != block.split():
                page = page.replace(f"```text\n{block}```", f"```text\n{printed}```", 1)
                path.write_text(page, encoding="utf-8")
            else:
                assert printed.split() == block.split()
            printed = None
    assert not printed


@pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md"], ids=lambda path: path.stem)
def test_links_between_pages_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert target.startswith("http") or (path.parent / target).exists(), target


def test_the_row_that_the_page_adds_keeps_every_law():
    """Who follows the page literally meets no law that says no."""
    page = (ROOT / "docs" / "how-to-add-an-activation.md").read_text(encoding="utf-8")
    module = {}
    for _, block in BLOCK.findall(page)[:2]:
        exec(block, module)
    row, plain = module["SOFTSIGN"], module["PLAIN"]["softsign"]
    for z in derivatives.SIDES.values():
        derivatives.law_derivative(row, z)
    for dtype in extremes.DTYPES:
        extremes.law_value_digits(row, plain, dtype)
        extremes.law_slope_digits(row, plain, dtype)
    extremes.law_range(row)
    extremes.law_kinks(row)


NAMES_OF_THE_NOTEBOOK = (
    "%run sigma d_sigma cost feed_forward J_W3 J_b3 J_W2 J_b2 J_W1 J_b1 backprop training_data "
    "reset_network aggression noise iterations m"
)


def test_every_name_of_the_notebook_has_a_row():
    page = (ROOT / "docs" / "from-the-notebook.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| ")]
    for name in NAMES_OF_THE_NOTEBOOK.split():
        assert any(re.search(rf"`{re.escape(name)}\b", row) for row in rows), name
    assert any("shape prints" in row for row in rows)
    assert any("printed `a3`" in row for row in rows)


def test_commands_in_the_readme_run():
    from click.testing import CliRunner

    from chainrule.cli import main

    page = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^chainrule (.*?)(?:\s+#.*)?$", page, re.MULTILINE)
    assert len(lines) >= 4
    for line in lines:
        assert CliRunner().invoke(main, shlex.split(line)).exit_code == 0, line


@pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md"], ids=lambda path: path.stem)
def test_transcripts_of_commands_are_what_is_printed(path, monkeypatch):
    from click.testing import CliRunner

    from chainrule.cli import main

    monkeypatch.chdir(ROOT)
    page = path.read_text(encoding="utf-8")
    for line, shown in re.findall(r"```console\n\$ chainrule (.*?)\n(.*?)```", page, re.DOTALL):
        printed = CliRunner().invoke(main, shlex.split(line)).stdout
        if UPDATE:
            page = page.replace(f"{line}\n{shown}```", f"{line}\n{printed}```")
            path.write_text(page, encoding="utf-8")
        assert f"{line}\n{printed}```" in page


# the table of functions and costs -------------------------------------------------------------


def functions_and_costs():
    """The page of all rows, made of the rows."""
    lines = [
        "# Functions and costs",
        "",
        "This page is made of the tables; `make golden` writes it anew.",
        "",
        "## Activations",
        "",
        "| name | f(z) | f′(z) | kinks |",
        "|---|---|---|---|",
    ]
    for name, row in ACTIVATIONS.items():
        numbered = NUMBERED_ACTIVATIONS.get(name)
        called = f"{name}({numbered.number}={numbered.usual:g})" if numbered else name
        value, slope = (text.inline(each) if each else "—" for each in (row.value, row.derivative))
        kinks = ", ".join(f"{kink:g}" for kink in row.kinks) or "—"
        lines.append(f"| `{called}` | {_cell(value)} | {_cell(slope)} | {kinks} |")
    lines += [
        "",
        "Φ is the normal distribution, Φ̃(z) = (1 + tanh(√(2/π) (z + 0.044715 z³)))/2 is near it,",
        "and σ is the sigmoid.",
        "",
        "## Costs",
        "",
        "Each is the cost of one output of one example. In a network it is summed over the outputs",
        "and averaged over the examples, by their weights where they have some.",
        "",
        "| name | c(a, y) | targets | usual output | may follow |",
        "|---|---|---|---|---|",
    ]
    for name, row in COSTS.items():
        numbered = NUMBERED_COSTS.get(name)
        called = f"{name}({numbered.number}={numbered.usual:g})" if numbered else name
        follows = " or ".join(f"`{each}`" for each in row.outputs) or "any"
        if row.refusal:
            follows += f": {row.refusal}"
        cells = (_cell(text.inline(row.value)), row.domain.wanted, f"`{row.usual_output}`", follows)
        lines.append(f"| `{called}` | {' | '.join(cells)} |")
    return "\n".join([*lines, "", "`cross_entropy` is that of the two which fits the output.", ""])


def _cell(said):
    return said.replace("|", "\\|")


def test_page_of_functions_and_costs_is_that_of_the_tables():
    path = ROOT / "docs" / "functions-and-costs.md"
    if UPDATE:
        path.write_text(functions_and_costs(), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == functions_and_costs()


# notebooks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.ipynb")), ids=lambda p: p.stem)
def test_notebook_runs_and_prints_what_it_shows(path):
    shown = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    NotebookClient(fresh, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    for old, new in zip(shown.cells, fresh.cells, strict=True):
        if old.cell_type == "code":
            assert _printed(new) == _printed(old)


def _printed(cell):
    """What a reader sees in text; pictures and pages of markup are not compared."""
    found = []
    for output in cell.outputs:
        if output.output_type == "stream":
            found += output.text.split()
        elif "text/plain" in output.get("data", {}) and "<Figure" not in output.data["text/plain"]:
            found += output.data["text/plain"].split()
    return [_rounded(word) for word in found]


def _rounded(word):
    try:
        return float(np.format_float_scientific(float(word), precision=5))
    except ValueError:
        return word
