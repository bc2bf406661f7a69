"""Law: in whatever form a file comes, it defines the same functions, with nothing to remark."""

from __future__ import annotations

import ast
import json
import os
import random
import re

import pytest

from chainrule.solutions.cells import Cell, read
from chainrule.solutions.definitions import collect
from solutions.generate import STYLES, right

SEEDS = range(200 if os.environ.get("CHAINRULE_SOAK") else 4)
PRINTED = ["", "0.123", "array([1., 2.])", "cost = 0.5", "shape (3, 5)", "<Axes: >", "Out[3]:\n3.0"]


def parts(seed, style):
    return [part.strip("\n") for part in right(style, seed).source.split("# %%") if part.strip()]


def joined(cells, text):
    return "\n\n".join(text.format(i, cell) for i, cell in enumerate(cells, 1))


def exported(cells, rng):
    return "\n\n".join(
        f"In [{i}]:\n{cell}\n\n{rng.choice(PRINTED)}" for i, cell in enumerate(cells, 1)
    )


def version_3(cells):
    sheet = [{"cell_type": "code", "input": cell, "prompt_number": None} for cell in cells]
    return json.dumps({"nbformat": 3, "worksheets": [{"cells": sheet}]})


FORMS = {
    "percent.py": lambda cells, rng: joined(cells, "# %% {0}\n{1}"),
    "exported.txt": exported,
    "nbconvert.py": lambda cells, rng: joined(cells, "# In[{0}]:\n\n\n{1}"),
    "page.md": lambda cells, rng: (
        "# It's mine\n\n" + joined(cells, "Part {0}\n\n```python\n{1}\n```")
    ),
    "version3.ipynb": lambda cells, rng: version_3(cells),
    "windows.py": lambda cells, rng: joined(cells, "{1}").replace("\n", "\r\n"),
    "tabs.py": lambda cells, rng: re.sub(
        r"^( {4})+", lambda found: "\t" * (len(found[0]) // 4), joined(cells, "{1}"), flags=re.M
    ),
}


def defined(found):
    """Definitions without docstrings, in which tabs are tabs."""
    return {name: ast.dump(WithoutText().visit(each.node)) for name, each in found.found.items()}


class WithoutText(ast.NodeTransformer):
    def visit_Expr(self, node):
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return ast.Pass() if text else node


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", FORMS)
def test_the_form_of_a_file_changes_nothing(name, style, tmp_path):
    for seed in SEEDS:
        cells = parts(seed, style)
        wanted = defined(collect([Cell(cell) for cell in cells]))
        path = tmp_path / name
        path.write_bytes(FORMS[name](cells, random.Random(seed)).encode())
        found = collect(read(path))
        assert defined(found) == wanted
        assert (found.findings, found.unfinished, found.lost) == ([], {}, {})


@pytest.mark.parametrize("style", STYLES)
def test_prints_of_python_2_change_no_more_than_prints(style):
    for seed in SEEDS:
        cells = parts(seed, style)
        old = [re.sub(r"^(\s*)print\((.*)\)$", r"\1print \2", cell, flags=re.M) for cell in cells]
        found = collect([Cell(cell) for cell in old])
        assert found.found.keys() == collect([Cell(cell) for cell in cells]).found.keys()
        assert not found.lost


@pytest.mark.parametrize("style", STYLES)
def test_indentation_of_whole_cells_is_taken_away(style):
    for seed in SEEDS:
        cells = parts(seed, style)
        shifted = [re.sub(r"^(?=.)", "    ", cell, flags=re.M) for cell in cells]
        found = collect([Cell(cell) for cell in shifted])
        assert found.found.keys() == collect([Cell(cell) for cell in cells]).found.keys()
        assert not found.lost
