"""Law: other people's code runs apart, in time and without secrets; the rest is still judged."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chainrule.checking.verdicts import Verdict
from chainrule.solutions import child, guard, sandbox, slopes
from chainrule.solutions.cells import Cell
from chainrule.solutions.check import check_cells, check_file
from chainrule.solutions.findings import Judged, Report
from chainrule.solutions.limits import Limits
from chainrule.solutions.notes import NOTES
from chainrule.solutions.telling import Told
from solutions.generate import wrong

QUICK = Limits(seconds=30.0, call_seconds=0.5, memory=2**31)

SOLUTION = """\
import numpy as np
sigma = lambda z: 1 / (1 + np.exp(-z))
d_sigma = lambda z: sigma(z) * (1 - sigma(z))
def feed_forward(x):
    z1 = W1 @ x + b1
    a1 = sigma(z1)
    z2 = W2 @ a1 + b2
    return z1, a1, z2, sigma(z2)
def cost(x, y): return np.sum((feed_forward(x)[-1] - y) ** 2) / x.shape[1]
def delta2(x, y):
    z1, a1, z2, a2 = feed_forward(x)
    return 2 * (a2 - y) * d_sigma(z2) / x.shape[1]
def delta1(x, y): return W2.T @ delta2(x, y) * d_sigma(feed_forward(x)[0])
def J_W2(x, y): return delta2(x, y) @ feed_forward(x)[1].T
def J_b2(x, y): return np.sum(delta2(x, y), axis=1, keepdims=True)
def J_W1(x, y): return delta1(x, y) @ x.T
def J_b1(x, y):
    return np.sum(delta1(x, y), axis=1, keepdims=True)
"""
LAST = "    return np.sum(delta1(x, y), axis=1, keepdims=True)\n"


def judged(body, limits=QUICK):
    """Judge the solution with another body of its last function."""
    text = SOLUTION.replace(LAST, "".join(f"    {line}\n" for line in body.split("\n")))
    return check_cells([Cell(text, 1)], "it", limits)


def line(report, name="J_b1"):
    (found,) = (each for each in report.judged if each.name == name)
    return found


def right(report):
    return {each.entry for each in report.judged if each.entry and each.verdict is Verdict.RIGHT}


def test_the_solution_is_right():
    report = check_cells([Cell(SOLUTION, 1)], "it", QUICK)
    assert (report.status, report.problem, report.findings) == (0, "", ())
    assert right(report) == {"W1", "W2", "b1", "b2"}


MISHAPS = {
    "an endless loop": ("while True: pass", "did not end within 0.5 s"),
    "a loop that swallows the alarm": (
        "while True:\n    try:\n        while True: pass\n    except: pass",
        "did not end within 0.5 s",
    ),
    "a sleep": ("import time; time.sleep(1000)", "did not end within 2.5 s, and only waited"),
    "recursion": ("return J_b1(x, y)", "calls itself without end"),
    "memory": ("return np.ones((10**6, 10**5))", "more memory than it may have"),
    "memory bit by bit": ("kept = []\nwhile True: kept.append(np.empty(10**7))", "more memory"),
    "output": ("while True: print('x' * 10**6)", "did not end within 0.5 s"),
    "exit": ("import sys; sys.exit()", "ends the program"),
    "quit at once": ("import os; os._exit(3)", "ended the process with status 3"),
    "a crash": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "a fork bomb": ("import os\nwhile True: os.fork()", "may not start programs"),
    "a program": ("import subprocess; subprocess.run(['ls'])", "may not start programs"),
    "a shell": ("import os; os.system('ls')", "may not start programs"),
    "a process of multiprocessing": (
        "import multiprocessing as m; m.get_context('spawn').Process(target=print).start()",
        "may not start programs",
    ),
    "a pool": (
        "import concurrent.futures as c, multiprocessing as m\n"
        "c.ProcessPoolExecutor(1, m.get_context('forkserver')).submit(abs, 1).result()",
        "may not start programs",
    ),
    "another way to start one": (
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "may not start programs",
    ),
    "one's own alarm": (
        "import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN)",
        "may not set alarms",
    ),
    "no alarm": (
        "import signal; signal.setitimer(signal.ITIMER_PROF, 0)\nwhile True: pass",
        "may not set alarms",
    ),
    "a larger limit": (
        "import resource as r; r.setrlimit(r.RLIMIT_AS, (-1, -1))",
        "may not change its limits",
    ),
    "a signal": ("import os; os.kill(os.getppid(), 9)", "may not end processes"),
    "the network": (
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "may not use the network",
    ),
    "shared memory": (
        "from multiprocessing import shared_memory as s; s.SharedMemory(create=True, size=9)",
        "may not share memory",
    ),
    "input": ("return input()", "waits for input()"),
    "a large file": (
        "with open('f', 'wb') as f:\n    while True: f.write(bytes(10**6))",
        "File too large",
    ),
    "a missing name": ("return nope", "nope is not defined"),
    "threads": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()\n1 / 0",
        "ZeroDivisionError",
    ),
}


@pytest.mark.parametrize(("body", "words"), MISHAPS.values(), ids=MISHAPS)
def test_a_mishap_is_said_at_its_function_and_the_rest_is_judged(body, words):
    report = judged(body)
    found = line(report)
    assert found.verdict is Verdict.CANNOT_RUN
    assert words in found.detail
    assert (found.place.cell, found.place.function) == (1, "J_b1")
    assert right(report) == {"W1", "W2", "b2"}
    assert report.status == 2
    assert not report.problem


def test_a_loop_in_c_is_reported_with_its_line():
    report = judged("y = y + 1\nreturn sum(range(10**13))")
    assert "did not end within 0.5 s, and does not listen" in line(report).detail
    assert right(report) == {"W1", "W2", "b2"}
    (remark,) = (each for each in report.remarks if each.slug == "raises")
    assert (remark.place.cell, remark.place.function) == (1, "J_b1")
    assert remark.place.source == "return sum(range(10**13))"
    assert SOLUTION.count("\n") + 1 == remark.place.line


@pytest.mark.slow
def test_two_functions_that_end_the_process_are_both_left_out():
    text = SOLUTION.replace(LAST, "    import os; os._exit(1)\n").replace(
        "return delta1(x, y) @ x.T", "return sum(range(10**13))"
    )
    report = check_cells([Cell(text)], "it", QUICK)
    assert right(report) == {"W2", "b2"}
    assert {each.name for each in report.judged if each.verdict is Verdict.CANNOT_RUN} == {
        "J_W1",
        "J_b1",
    }


def test_what_was_known_before_the_end_is_kept(monkeypatch):
    """As when the time for the whole file is up."""
    known = Judged("J_W2", Verdict.RIGHT, entry="W2")
    messages = [{"at": "J_W2"}, {"judged": known.to_dict()}, {"at": "J_b1"}]
    outcome = sandbox.Outcome(messages, "it took longer than 3 s", (None, "J_b1", 4))
    monkeypatch.setattr(sandbox, "run", lambda request, limits: outcome)
    report = check_cells([Cell("x\ny\nz\nloop()")], "it", Limits(seconds=3.0))
    assert report.problem == "it took longer than 3 s"
    assert report.judged[0] == known
    assert (report.judged[1].name, report.judged[1].verdict) == ("J_b1", Verdict.CANNOT_RUN)
    assert report.judged[1].place.source == "loop()"
    assert report.status == 2


def test_a_report_outlives_the_search_for_lines_that_mend_it(monkeypatch):
    """How long that takes depends on a machine: verdicts and causes do not."""
    line = Judged("J_W2", Verdict.WRONG, "gradient", entry="W2")
    first = Report("it", "a style", (), (line,))
    messages = [{"at": "J_W2"}, {"report": first.to_dict()}]
    for trouble in ("it took longer than 3 s", "it ended the process by SIGVTALRM"):
        outcome = sandbox.Outcome(messages, trouble, (None, "J_W2", 4))
        monkeypatch.setattr(sandbox, "run", lambda request, limits, found=outcome: found)
        report = check_cells([Cell("x")], "it")
        assert (report.judged, report.problem, report.status) == ((line,), "", 1)
        assert "not_mended" in {each.slug for each in report.remarks}
    again = replace(first, style="with its lines")
    outcome = sandbox.Outcome([*messages, {"report": again.to_dict()}], "")
    monkeypatch.setattr(sandbox, "run", lambda request, limits: outcome)
    report = check_cells([Cell("x")], "it")
    assert (report.style, report.remarks) == ("with its lines", ())


def test_a_report_is_said_before_lines_that_mend_it_are_looked_for():
    said = []
    request = {"path": "", "cells": [{"source": wrong("column", 3, "sign").source}]}
    whole = child.judge({**request, "call_seconds": 5.0}, said.append)
    (first,) = (each["report"] for each in said if "report" in each)
    assert [each.verdict for each in Report.from_dict(first).judged] == [
        each.verdict for each in whole.judged
    ]
    assert not any(each["mends"] for each in first["findings"])
    assert any(each.mends for each in whole.findings)


def test_lines_are_told_however_they_are_added():
    heard = []
    lines = Told(heard.append)
    first, second = Judged("a", Verdict.RIGHT), Judged("b", Verdict.WRONG)
    lines.append(first)
    lines.extend([second, first])
    assert heard == list(lines) == [first, second, first]
    assert all(Judged.from_dict(each.to_dict()) == each for each in lines)


def test_the_whole_has_a_limit():
    began = time.monotonic()
    limits = Limits(seconds=2.0, call_seconds=60.0)
    report = judged("while True: pass", limits)
    assert "took longer than" in report.problem
    assert time.monotonic() - began < 10
    assert report.status == 2


# what it can see ----------------------------------------------------------------------------

PEEK = """
import os, sys
def J_W1(x, y): raise ValueError({what})
def cost(x, y): return 0.0
"""


def peek(what):
    """Return what an expression gives in the process of its own."""
    report = check_cells([Cell(PEEK.replace("{what}", what))], "it", QUICK)
    return next(each.detail for each in report.judged if each.name == "J_W1")


def test_secrets_in_the_environment_are_not_inherited(monkeypatch):
    monkeypatch.setenv("A_SECRET_OF_MINE", "open sesame")
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    assert "open sesame" not in peek("str(os.environ)")
    assert "open sesame" not in peek("open('/proc/self/environ').read()")
    allowed = {*sandbox.KEPT, *sandbox.ONE_THREAD, "HOME", "TMPDIR", "TEMP", "TMP"}
    allowed |= {"MPLCONFIGDIR", "MPLBACKEND"}
    seen = peek("' '.join(os.environ)").removeprefix("ValueError: ").split()
    assert set(seen) <= allowed


def test_it_works_in_an_empty_folder_that_is_gone_afterwards():
    where = peek("os.getcwd()").removeprefix("ValueError: ")
    assert Path(where).name.startswith("chainrule-")
    assert where.startswith(tempfile.gettempdir())
    assert not Path(where).exists()
    assert peek("sorted(os.listdir())") == f"ValueError: {[sandbox.TRACE]!r}"
    assert where not in peek("os.environ['HOME'] + os.getcwd()")  # a new one each time


def test_it_may_write_there_and_nowhere_else(tmp_path):
    assert peek("open('f', 'w').write('abc')") == "ValueError: 3"
    victim = tmp_path / "mine.txt"
    victim.write_text("mine")
    for what in (
        f"open({str(victim)!r}, 'w')",
        f"open({str(victim)!r}, 'r+')",
        f"open({str(tmp_path / 'new')!r}, 'x')",
        f"os.remove({str(victim)!r})",
        f"os.rename({str(victim)!r}, 'here')",
        f"os.mkdir({str(tmp_path / 'folder')!r})",
        f"__import__('shutil').rmtree({str(tmp_path)!r})",
        f"os.symlink({str(victim)!r}, 'link') or open('link', 'w')",
        f"__import__('sqlite3').connect({str(tmp_path / 'base')!r})",
    ):
        assert "while it is judged" in peek(what), what
    assert victim.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [victim]
    assert peek(f"open({str(victim)!r}).read()") == "ValueError: mine"  # the docs say so


def test_nothing_that_it_started_stays(tmp_path):
    """A grandchild would be ended with its group, if the fence let it begin."""
    request = {"limits": {}, "cells": []}
    code = "import subprocess, sys, time; print(subprocess.Popen([sys.executable, '-c', "
    code += "'import time; time.sleep(60)']).pid, flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    grandchild = int(process.stdout.readline())
    sandbox._listen(process, request, Limits(seconds=0.1))
    sandbox._end(process)
    for _ in range(100):
        try:
            state = Path(f"/proc/{grandchild}/stat").read_text().split()[2]
        except FileNotFoundError:
            return
        if state == "Z":  # ended, and nobody has asked for its status
            return
        time.sleep(0.05)
    pytest.fail("the grandchild lives")


def test_a_child_that_does_not_read_is_waited_for_no_longer():
    """A request may be larger than what a pipe holds."""
    request = {"cells": [{"source": "x" * 2**20}]}
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    began = time.monotonic()
    messages, trouble = sandbox._listen(process, request, Limits(seconds=0.2))
    sandbox._end(process)
    assert (messages, trouble) == ([], "it took longer than 0.2 s")
    assert time.monotonic() - began < 10


def test_a_large_file_gets_there():
    text = SOLUTION + "".join(f"# {'x' * 70}\n" for _ in range(5000))
    assert check_cells([Cell(text)], "it", QUICK).status == 0


def test_many_run_at_once():
    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(lambda _: check_cells([Cell(SOLUTION)], "it"), range(16)))
    assert all(report.status == 0 for report in reports)
    assert len({report.judged for report in reports}) == 1


# the process itself -------------------------------------------------------------------------


def test_the_child_imports_little():
    heavy = "['scipy', 'sklearn', 'matplotlib', 'rich', 'click', 'pandas', 'torch', 'IPython']"
    code = (
        "import sys, chainrule.solutions.child as child\n"
        f"child.judge({{'path': '', 'call_seconds': 1.0, 'cells': [{{'source': {SOLUTION!r}}}]}})\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_a_small_file_is_judged_in_a_second(tmp_path):
    """Of processor time, since tests share their machine."""
    path = tmp_path / "solution.py"
    path.write_text(SOLUTION)
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert check_file(path).status == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) < 1.0


def test_a_mistake_of_ours_is_called_ours(monkeypatch):
    """It must not be blamed on the person's code."""
    failure = child._ours(ZeroDivisionError("ours").with_traceback(_raised().__traceback__))
    wrong = Judged("J_W2", Verdict.WRONG, "gradient").to_dict()
    messages = [{"judged": wrong}, {"at": "J_W1"}, {"failure": failure}]
    outcome = sandbox.Outcome(messages, "")
    monkeypatch.setattr(sandbox, "run", lambda request, limits: outcome)
    report = check_cells([Cell("x = 1")], "it")
    assert report.problem.startswith(
        "an error of chainrule itself, please report it: ZeroDivisionError"
    )
    assert "test_solutions_sandbox.py" in report.problem
    assert [each.verdict for each in report.judged] == [Verdict.NOT_JUDGED]
    assert report.status == 2


def test_a_mistake_of_ours_is_told_by_the_line_of_ours():
    """Not by one of NumPy, in which it ends."""
    with pytest.raises(np.linalg.LinAlgError) as caught:
        slopes._differences(np.linalg.inv, np.zeros((2, 2)))
    assert "(slopes.py line" in child._ours(caught.value)


def _raised():
    try:
        return 1 / 0
    except ZeroDivisionError as problem:
        return problem


def test_what_cannot_be_limited_is_said(monkeypatch):
    assert guard.unlimited() == ()
    monkeypatch.setattr(guard, "HAS_RESOURCE", False)
    assert "memory" in guard.unlimited()
    guard.limit_self(Limits())  # and does nothing
    report = check_cells([Cell(SOLUTION)], "it")
    (remark,) = (each for each in report.remarks if each.slug == "not_limited")
    assert "memory" in remark.sentence
    assert remark.slug in NOTES


def test_a_report_survives_the_pipe():
    report = judged("return nope")
    there = json.loads(json.dumps(report.to_dict()))
    assert Report.from_dict(there) == report


def test_only_the_parent_decides_what_python_finds(tmp_path, monkeypatch):
    """A file beside the notebook, or in the folder of the caller, is not imported by its name."""
    (tmp_path / "numpy.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert check_cells([Cell(SOLUTION)], "it").status == 0
    assert os.fspath(tmp_path) not in peek("str(sys.path)")
