"""Law: `chainrule check PATH` says of every path what was found, by one schema and one status."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from chainrule.checking.verdicts import Verdict
from chainrule.cli import check as command
from chainrule.cli import main
from chainrule.solutions.check import check_file
from chainrule.solutions.findings import SCHEMA, Finding, Judged, Place, Report
from chainrule.solutions.limits import FUSE, Limits

GOLDEN = Path(__file__).parent / "golden" / "solution_report.json"
PAGE = Path(__file__).parents[1] / "docs" / "checking-solutions.md"
RIGHT = """\
import numpy as np
def forward(x): return W1 @ x + b1
def cost(x, y): return np.sum((forward(x) - y) ** 2) / x.shape[1]
def J_W1(x, y): return 2 * (forward(x) - y) @ x.T / x.shape[1]
def J_b1(x, y): return 2 * np.sum(forward(x) - y, axis=1, keepdims=True) / x.shape[1]
"""
WRONG = RIGHT.replace("J_W1(x, y): return 2", "J_W1(x, y): return -2")
STUCK = RIGHT.replace("def J_b1(x, y): return", "def J_b1(x, y): pass #")


def run(line):
    return CliRunner().invoke(main, shlex.split(line))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("right.py", RIGHT), ("wrong.py", WRONG), ("stuck.py", STUCK)):
        (tmp_path / name).write_text(text)
    return tmp_path


# status -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "status"),
    [
        ("right.py", 0),
        ("wrong.py", 1),
        ("stuck.py", 2),
        ("nowhere.py", 2),
        ("right.py right.py", 0),
        ("right.py stuck.py", 2),
        ("right.py wrong.py stuck.py nowhere.py", 1),
    ],
)
def test_status_is_0_if_right_1_if_wrong_2_if_it_could_not_be_judged(paths, status):
    result = run(f"check {paths} --json")
    assert (result.exit_code, result.stderr) == (status, "")
    found = json.loads(result.stdout)
    reports = found if isinstance(found, list) else [found]
    assert [report["path"] for report in reports] == paths.split()
    assert isinstance(found, list) == (len(paths.split()) > 1)


def test_every_function_has_a_line():
    result = run("check stuck.py")
    assert re.search(r"✓ .*J_W1.*right", result.stdout)
    assert re.search(r"– .*J_b1.*unfinished", result.stdout)
    assert re.search(r"✗ .*J_W1.*wrong", run("check wrong.py").stdout)


# paths and networks -------------------------------------------------------------------------


def test_sizes_are_a_network_and_what_exists_is_a_path(folder):
    assert "J_W2" in run("check 3-2-1").stdout
    (folder / "3-2-1").write_text(RIGHT)
    result = run("check 3-2-1 --json")
    assert [each["name"] for each in json.loads(result.stdout)["judged"]][-2:] == ["J_W1", "J_b1"]
    assert json.loads(run("check 9-2-1.py --json").stdout)["problem"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("check 3-2-1 --json", "--json goes with files"),
        ("check 3-2-1 --gradient f", "--gradient goes with files"),
        ("check right.py --examples 3", "--examples goes with a network"),
        ("check right.py --activation relu", "--activation goes with a network"),
        ("check 3-2-1 4-1", "4-1"),
        ("check right.py wrong.py --html a.html", "--html goes with one file"),
        ("check right.py 5-3-2", "'5-3-2' is no file, and beside files goes nothing else"),
        ("check right.py wrong", "'wrong' is no file, and beside files goes nothing else"),
        ("check right.py --seconds 0", "seconds"),
        ("check right.py --memory 1", "memory"),
        ("check", "SIZES|PATH"),
        ("check ''", "5-3-2-2"),
    ],
)
def test_options_of_the_other_kind_are_refused(line, words):
    result = run(line)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_options_are_handed_on(monkeypatch):
    heard = {}

    def check_file(path, limits, options):
        heard.update(path=path, limits=limits, options=options)
        return Report(path, problem="heard")

    monkeypatch.setattr(command, "check_file", check_file)
    line = "check a.py --gradient 'grad_{p}' --cost loss --parameters 'W1, b1'"
    assert run(f"{line} --seconds 7 --memory 512").exit_code == 2
    assert heard["options"] == {"gradient": "grad_{p}", "cost": "loss", "parameters": ["W1", "b1"]}
    assert (heard["limits"].seconds, heard["limits"].memory) == (7.0, 2**29)
    run("check a.py")
    assert heard["options"] == {}  # the cost of a network is none of a file


def test_functions_that_are_named_need_not_be_recognised(folder):
    text = """
import numpy as np
def loss(W1, b1, X, y): return np.mean((X @ W1 + b1 - y) ** 2)
def grad_W1(W1, b1, X, y): return 2 * X.T @ (X @ W1 + b1 - y) / y.size
def grad_b1(W1, b1, X, y): return -2 * np.sum(X @ W1 + b1 - y, axis=0) / y.size
W1, b1, X, y = np.ones((3, 2)), np.zeros(2), np.ones((7, 3)), np.ones((7, 2))
"""
    (folder / "named.py").write_text(text)
    named = "--gradient 'grad_{p}' --cost loss --parameters W1,b1"
    result = run(f"check named.py {named} --json")
    verdicts = {each["name"]: each["verdict"] for each in json.loads(result.stdout)["judged"]}
    assert verdicts == {"grad_W1": "right", "grad_b1": "wrong"}
    assert result.exit_code == 1


def test_a_page_is_written(folder):
    assert run("check right.py --html page.html").exit_code == 0
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "J_W1" in page


# bad input ----------------------------------------------------------------------------------

BAD = {
    "a folder": ("folder.py", None, "is a folder"),
    "missing": ("nowhere.ipynb", None, "No such file"),
    "below a file": ("right.py/a.py", None, "Not a directory"),
    "binary": ("a.py", bytes(range(256)), "binary"),
    "empty": ("a.ipynb", b"", "empty"),
    "no JSON": ("a.ipynb", b"{", "not JSON"),
    "no notebook": ("a.ipynb", b"[]", "no notebook"),
    "no Python": ("a.txt", b"Dear all,", "no Python"),
    "broken": ("a.py", b"def f(:", "could be read"),
    "nothing": ("a.py", b"x = 1\n", "no function"),
    "no gradient": ("a.py", b"def f(x): return x\n", "no hand-written gradient"),
    "a long name": ("a" * 300 + ".py", None, "name too long"),
}


@pytest.mark.parametrize(("name", "content", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_said_without_a_traceback(folder, name, content, words):
    if name == "folder.py":
        (folder / name).mkdir()
    elif content is not None:
        (folder / name).write_bytes(content)
    result = run(f"check {name}")
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert words in " ".join(result.stdout.split())
    found = json.loads(run(f"check {name} --json").stdout)
    assert words in found["problem"] + str(found["remarks"])
    report = check_file(name)  # nor does a loop over many files end at this one
    assert (report.problem, report.status) == (found["problem"], 2)


def test_a_pipe_and_a_huge_file_are_not_read(folder):
    os.mkfifo(folder / "pipe.py")
    with (folder / "huge.py").open("wb") as huge:
        huge.truncate(2**30)
    result = run("check pipe.py huge.py")
    assert result.exit_code == 2
    assert "no regular file" in result.stdout
    assert "1024 MiB" in result.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_said(folder):
    (folder / "right.py").chmod(0)
    result = run("check right.py")
    assert result.exit_code == 2
    assert "Permission denied" in result.stdout


@pytest.mark.parametrize("where", ["nowhere/page.html", "right.py/page.html"])
def test_a_page_that_cannot_be_written_is_said_before_anything_is_judged(
    where, folder, monkeypatch
):
    monkeypatch.setattr(command, "check_file", None)  # not even asked
    result = run(f"check right.py --html {where}")
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert f"{where.partition('/')[0]} is no folder" in result.stderr
    assert not result.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_page_for_which_there_is_no_room_is_said_after_the_report(folder):
    result = run("check right.py --html /dev/full")
    assert result.exit_code == 2
    assert "No space left" in result.stderr
    assert "right" in result.stdout


# schema -------------------------------------------------------------------------------------

FULL = Report(
    path="solution.ipynb",
    style="one function per Jacobian, examples in columns",
    reading=("examples in columns", "biases of shape (n, 1)"),
    judged=(
        Judged("sigma", Verdict.RIGHT, "activation", detail="sigmoid", place=Place(2, 4, "sigma")),
        Judged("J_W1", Verdict.WRONG, entry="W1", residual=0.25, place=Place(7, 5, "J_W1", "x")),
        Judged("J_b1", Verdict.UNFINISHED, entry="b1", detail="nothing is written in it"),
    ),
    findings=(
        Finding(
            "sign",
            "mistake",
            "it has the wrong sign",
            "the error is a − y",
            ("W1",),
            "−J_W1",
            "J_W1",
            "3 × 5",
            ("updated_too_early",),
            Place(7, 5, "J_W1", "return -dW"),
        ),
    ),
    remarks=(Finding("stood_in", "loader", "the module dnn_utils is not there"),),
    problem="it took longer than 30 s",
    seconds=0.5,
)


def test_the_schema_is_as_recorded():
    """A field that changes its meaning, or goes away, raises `SCHEMA`."""
    found = json.dumps(FULL.to_dict(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("CHAINRULE_GOLDEN") == "update":
        GOLDEN.write_text(found, encoding="utf-8")
    assert found == GOLDEN.read_text(encoding="utf-8")
    assert FULL.to_dict()["schema"] == SCHEMA
    assert Report.from_dict(json.loads(found)) == FULL


def keys(found):
    """Return the fields of a report and of what it holds."""
    return {
        name: sorted(found[name][0])
        if isinstance(found[name], list) and name != "reading"
        else None
        for name in found
        if found[name] != []
    }


def test_what_the_command_prints_has_the_recorded_fields():
    wrong = json.loads(run("check wrong.py --json").stdout)
    recorded = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert list(wrong) == list(recorded)
    for name, fields in keys(wrong).items():
        assert keys(recorded)[name] == fields
    assert wrong["judged"][-1]["verdict"] in {verdict.value for verdict in Verdict}


def test_the_documented_fields_are_those_of_the_reports():
    page = (Path(__file__).parents[1] / "docs" / "checking-solutions.md").read_text(
        encoding="utf-8"
    )
    section = page.split("\n## JSON\n")[1].split("\n## ")[0]
    tables = [
        re.findall(r"^\| `(\w+)` ", table, re.MULTILINE) for table in section.split("| field |")
    ]
    recorded = json.loads(GOLDEN.read_text(encoding="utf-8"))
    line, finding = recorded["judged"][0], recorded["findings"][0]
    assert tables[1:] == [list(each) for each in (recorded, line, finding, line["place"])]
    assert f"version of this table: {SCHEMA}" in section


def test_the_documented_limits_are_the_usual_ones():
    page = (Path(__file__).parents[1] / "docs" / "checking-solutions.md").read_text(
        encoding="utf-8"
    )
    usual, safety = Limits(), page.split("\n## Safety\n")[1]
    by_clock = FUSE * usual.call_seconds
    assert f"{usual.call_seconds:g} seconds of processor time for a call" in safety
    assert f"{by_clock:g} by the clock for one that only waits, {usual.seconds:g} by" in safety
    assert f"{usual.memory // 2**30} GiB of address space" in safety
    assert f"{usual.file_size // 2**20} MiB for a file" in safety
