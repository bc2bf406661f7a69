"""Law: of whatever file, the cells of code are read as they stand, or it is said why not.

And of whatever text, what a person meant as code is parsed with its lines kept; what is broken is
said, and of it only whole functions and classes count.
"""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

import pytest

from chainrule.errors import InvalidValue
from chainrule.solutions.cells import Cell, document, read
from chainrule.solutions.definitions import collect
from chainrule.solutions.notes import NOTES
from chainrule.solutions.repair import described
from chainrule.solutions.syntax import REPAIRS, parse


def notebook(*sources, **more):
    cells = [
        {"cell_type": "code", "source": source, "execution_count": count, "outputs": []}
        for count, source in enumerate(sources, 1)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | more


@pytest.fixture
def file(tmp_path):
    def write(content, name="solution.py"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def names(cells):
    return list(collect(cells).found)


# files --------------------------------------------------------------------------------------


def test_cells_of_a_notebook_are_numbered_among_all_cells(file):
    made = notebook("x = 1", ["def f(x):\n", "    return x"])
    made["cells"].insert(1, {"cell_type": "markdown", "source": "# Title\nx = 2"})
    found = read(file(json.dumps(made), "a.ipynb"))
    assert found == [Cell("x = 1", 1, 1), Cell("def f(x):\n    return x", 3, 2)]


def test_version_3_kept_cells_in_worksheets(file):
    cell = {"cell_type": "code", "input": ["def f():\n", "    return 1"], "prompt_number": 4}
    made = {"nbformat": 3, "worksheets": [{"cells": [cell]}, {"cells": [cell]}]}
    found = read(file(json.dumps(made), "a.ipynb"))
    assert [(cell.number, cell.executed) for cell in found] == [(1, 4), (2, 4)]
    assert found[0].source == "def f():\n    return 1"


@pytest.mark.parametrize("part", [0.5, 0.7, 0.9])
def test_whole_cells_of_a_cut_notebook_are_read(file, part):
    made = json.dumps(notebook(*(f"def f{i}(): return {i}" for i in range(20))), indent=1)
    found = document(file(made[: int(part * len(made))], "a.ipynb"))
    assert found.cut
    assert 5 < len(found.cells) < 20
    assert names(found.cells) == [f"f{i}" for i in range(len(found.cells))]


NO_SOLUTIONS = {
    "no JSON": (b"{,}", "a.ipynb", "not JSON"),
    "no cells": (b'{"a": 1}', "a.ipynb", '"cells"'),
    "a list": (b"[1, 2]", "a.ipynb", '"cells"'),
    "a number": (b"7", "a.ipynb", '"cells"'),
    "cells of a wrong kind": (b'{"cells": 3}', "a.ipynb", '"cells"'),
    "nested without end": (b"[" * 100_000, "a.ipynb", "no notebook"),
    "another language": (
        json.dumps(notebook("x <- 1", metadata={"kernelspec": {"language": "R"}})).encode(),
        "a.ipynb",
        "a notebook in r",
    ),
    "binary": (bytes(range(256)) * 8, "a.py", "binary"),
    "empty": (b"", "a.py", "empty"),
    "blank": (b" \n\n", "a.ipynb", "empty"),
    "prose": (b"Dear professor,\nhere is what I did.\n", "a.txt", "no Python"),
}


@pytest.mark.parametrize(("content", "name", "words"), NO_SOLUTIONS.values(), ids=NO_SOLUTIONS)
def test_what_is_no_solution_is_refused_with_the_reason(file, content, name, words):
    with pytest.raises(InvalidValue, match=words):
        read(file(content, name))


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(InvalidValue, match="a folder"):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(InvalidValue, match="no regular file"):
        read(tmp_path / "pipe.py")  # and does not wait for somebody to write into it
    with (tmp_path / "big.py").open("wb") as big:
        big.truncate(100 * 2**20)
    with pytest.raises(InvalidValue, match="100 MiB"):
        read(tmp_path / "big.py")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nowhere.py")


TEXT = "# größe\ndef f(größe):\n    return größe\n"


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode("latin-1"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        f"# -*- coding: cp1252 -*-\n{TEXT}".encode("cp1252"),
        f"# coding: no-such-thing\n{TEXT}".encode(),
    ],
)
def test_every_usual_encoding_is_read(file, raw):
    (found,) = collect(read(file(raw))).found.values()
    assert (found.name, found.arguments) == ("f", ("größe",))


# exports ------------------------------------------------------------------------------------

EXPORT = """\
![picture](https://example.org/a.png)

In [2]:
import numpy as np

def cost(x):
    # a blank line follows

    return x

print(cost(3))

3
shape of it: (3, 5)

In [7]:
def J_W1(x):
    return x
for i in range(2):
    print(i)

m = 9
0.5

In [8]:
a3
Out[8]:
array([[1.0],
       [2.0]])
In [*]:
%run "other.ipynb"

Populating the interactive namespace from numpy and matplotlib
In [ ]:
n = 3
"""


def test_outputs_of_an_export_are_not_taken_for_code(file):
    cells = read(file(EXPORT, "a.txt"))
    assert [cell.number for cell in cells] == [2, 7, 8, None, None]
    found = collect(cells)
    assert list(found.found) == ["cost", "J_W1"]
    assert list(found.assignments) == ["n"]  # `m = 9` was printed
    assert not found.findings
    place = found.found["J_W1"].place
    assert EXPORT.split("\n")[place.line - 1] == place.source == "def J_W1(x):"


def test_exports_as_python_have_marks_in_comments(file):
    text = "#!/usr/bin/env python\n# coding: utf-8\n\n# In[3]:\n\n\nx = 1\n\n# In[1]:\n\n\nx = 2\n"
    cells = read(file(text))
    assert [(cell.executed, cell.source.strip()[-5:]) for cell in cells] == [
        (3, "x = 1"),
        (1, "x = 2"),
    ]


def test_percent_marks_part_cells_and_prose_is_left_out(file):
    text = "import numpy\n# %% first\nx = 1\n# %% [markdown]\n# # Title\n# %%\ndef f(): return x\n"
    cells = read(file(text))
    assert [cell.first_line for cell in cells] == [1, 2, 6]
    place = collect(cells).found["f"].place
    assert (place.line, place.cell) == (7, 4)


def test_fenced_python_of_a_page_is_read(file):
    text = (
        "# Notes\n\nFirst we say it's so:\n\n```python\ndef f(): return 1\n```\n\n```sh\nls\n```\n"
    )
    (cell,) = read(file(text, "a.md"))
    assert collect([cell]).found["f"].place.line == 6


# order --------------------------------------------------------------------------------------


def last(cells):
    return collect(cells).found["f"].place.cell


def test_execution_counts_decide_where_all_are_there():
    cells = [Cell("def f(): return 1", 1, 5), Cell("def f(): return 2", 2, 3)]
    assert last(cells) == 1
    assert last([*cells, Cell("\n", 3, None)]) == 1  # an empty cell has none
    assert last([*cells, Cell("x = 1", 3, None)]) == 2
    assert last([cells[0], Cell("def f(): return 2", 2, 5)]) == 2  # two sessions


def test_a_second_definition_is_said():
    cells = [Cell("def f(): return 1", 1), Cell("def f(): return 2", 2)]
    (finding,) = collect(cells).findings
    assert (finding.slug, finding.place.cell) == ("defined_twice", 2)
    assert "cell 1 line 1" in finding.sentence
    assert not collect([cells[0], cells[0]]).findings


# repairs ------------------------------------------------------------------------------------

WILD = {
    "magic": ["%matplotlib inline\nx = 1", "!pip install numpy\nx = 1", "np.dot?\nx = 1",
              "files = !ls\nx = 1", "if True:\n    %time y = 2\nx = 1", "%%time\nx = 1",
              "get_ipython().magic('pylab')\n%pylab\nx = 1"],
    "fence": ["```python\nx = 1\n```", "~~~\nx = 1\n~~~"],
    "typographic": ["y = “a”\nx = 1", "y = 3 − 1\nx = 1", "y = ‘it’\nx = 1", "y =\u00a03\nx = 1"],
    "python2_print": ["print y\nx = 1", 'print "%d" % y\nx = 1', "print y, \\\n   z\nx = 1",
                      "for i in y:\n    print i\nx = 1", "print 'a', (\n  'b')\nx = 1"],
    "python2": ["try:\n    y\nexcept ValueError, e:\n    pass\nx = 1", "y = 1 <> 2\nx = 1",
                "y = 10L\nx = 1", "if y:\n    raise ValueError, 'no'\nx = 1", "y = `2`\nx = 1"],
    "tabs": ["if y:\n\tz = 1\n        w = 2\nx = 1"],
    "leading_indentation": ["    y = 2\n    x = 1", "y = 2\n  # indented\n  x = 1"],
    "empty_block": ["def f():\n    # YOUR CODE HERE\n\nx = 1", "class A:\n\nx = 1"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in WILD.items() for text in texts]
)
def test_what_is_met_in_the_wild_is_mended_exactly(name, text):
    found = parse(text)
    assert found.error is None
    repairs = {repair.name for repair in found.repairs}
    assert repairs == ({name} if text[:2] != "%%" else set())
    (one,) = (
        n for n in ast.walk(found.tree) if isinstance(n, ast.Assign) and n.targets[0].id == "x"
    )
    assert (one.value.value, one.lineno) == (1, text.split("\n").index(_line(text)) + 1)


def _line(text):
    return next(line for line in text.split("\n") if line.strip() == "x = 1")


def test_every_repair_has_a_case():
    assert {repair.name for repair in REPAIRS} == {*WILD, "prose"}


@pytest.mark.parametrize(
    "text",
    [
        "y = ('a'\n   % (1, 2))",
        'def f():\n    """\n    %matplotlib\n    !ls\n    print x\n    ```\n    """\n    return 1',
        "y = '“'\nz = 'print x'",
        "print('a', 'b')\nprint\nx.print",
        "a = 1 if b else 2  # don't",
    ],
)
def test_what_is_python_is_left_alone(text):
    found = parse(text)
    assert not found.repairs
    assert ast.dump(found.tree, include_attributes=True) == ast.dump(
        ast.parse(text), include_attributes=True
    )


def test_cells_in_another_language_are_empty():
    for text in ("%%bash\nrm -r x", "%%html\n<b>x = 1</b>", "%%writefile a.txt\nx = 1"):
        assert not parse(text).tree.body
    assert parse("%%writefile network.py\nx = 1").tree.body


PROSE = [
    "Here we compute the cost",
    "It's the sum over all",
    "- first the mean",
    "1. the forward pass",
    "**Note** this is wrong",
    "$C = x^2$",
]


@pytest.mark.parametrize("prose", PROSE)
def test_of_a_cell_with_prose_only_functions_count(prose):
    found = parse(f"{prose}\nm = 4\ndef f(x):\n    return x\nimport numpy\n")
    assert [repair.name for repair in found.repairs] == ["prose"]
    assert [type(node).__name__ for node in found.tree.body] == ["FunctionDef", "Import"]
    assert found.tree.body[0].lineno == 3


BROKEN = """\
m = 5
def right(x):
    return x

dW = np.dot(x y
def wrong(x):
    dW1 = np.dot(x x.T)
    return dW1

class Whole:
    def f(self):
        return 1
n = 7
"""


def test_of_a_broken_cell_functions_are_rescued_and_never_statements():
    cell = Cell(BROKEN, 3)
    found = collect([cell])
    assert list(found.found) == ["right", "Whole"]
    assert not found.assignments.keys() & {"m", "n", "dW"}
    assert list(found.lost) == ["wrong"]
    assert found.lost["wrong"][1].line == 7
    (finding,) = found.findings
    assert (finding.slug, finding.kind, finding.place.cell) == ("broken_cell", "loader", 3)


def test_of_a_broken_cell_lambdas_are_rescued_and_what_is_blank_is_unfinished():
    text = (
        "sigma = lambda z: (\n    1 / z\n)\nbad = lambda z z\ndef J_b(x):\n    J = {}\n    return J"
    )
    for value in ("", " # your code"):
        found = collect([Cell(text.format(value), 3, first_line=11)])
        assert list(found.found) == ["sigma"]
        assert not found.lost
        words, where = found.unfinished["J_b"]
        assert (words, where.line, where.function) == ("J is blank", 16, "J_b")
    cut = collect([Cell("def f(x):\n    y = (x\n")])  # the parser stops below the last line
    assert list(cut.lost) == ["f"]


@pytest.mark.parametrize("line", ["    J = 3 ** ** 2", "    here we take the mean", "    J = (1"])
def test_no_line_of_a_function_is_dropped(line):
    found = parse(f"def f(x):\n    J = x\n{line}\n    return J\n")
    assert found.error is not None
    assert not found.tree.body


ODD = ["", "\n", "#", "\0", "(" * 5_000, "x" * 10**6, "def", "“", "```", "%", "\\", "'''"]
ODD += ["def f(:\n", "class\n\n  x", "\t\n x\n\ty", "é", "\ud800", "@", "def f():\n", "if x:"]


@pytest.mark.parametrize("text", ODD)
def test_no_text_makes_the_parser_fail(text):
    found = parse(text)
    assert all(finding.slug in NOTES for finding in described(Cell(text), found))


def test_python_2_is_noticed():
    assert collect([Cell("def f(x):\n    print x\n    return zip(x, x)")]).python2
    assert not collect([Cell("def f(x):\n    return zip(x, x)")]).python2


def test_a_folder_without_a_name_is_named():
    with pytest.raises(InvalidValue, match=r"^\. is a folder"):
        read(Path())


MARIMO = """
import marimo

app = marimo.App()


@app.cell
def _():
    import numpy as np
    return (np,)


@app.cell(hide_code=True)
def _(np):
    def sigma(z):
        return 1 / (1 + np.exp(-z))

    eta = 0.1
    return eta, sigma


@app.function
def d_sigma(z):
    return 1


if __name__ == "__main__":
    app.run()
"""


def test_cells_of_marimo_are_bodies_of_functions(file):
    found = document(file(MARIMO, "notebook.py")).cells
    assert [(cell.number, cell.first_line) for cell in found] == [(1, 9), (2, 15), (3, 23)]
    assert found[1].source.startswith("def sigma(z):\n    return")
    assert found[1].source.rstrip().endswith("eta = 0.1")
    assert not any("marimo" in cell.source for cell in found)
