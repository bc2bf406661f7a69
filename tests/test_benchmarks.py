"""Law: the benchmark times only what agrees, says what it did not time, and writes what it found.

A tiny workload, ours on the engine at hand against NumPy written well; peers that need more than
the development tools stay out.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
KEYS = {
    "schema", "made", "machine", "settings", "absent", "limits", "steps", "sweep", "accuracy",
    "second order", "gradcheck", "import", "goals", "seconds",
}  # fmt: skip


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    options = ["--only", "smoke,import", "--sides", "numpy", "--rounds", "2", "--no-limits"]
    command = [sys.executable, "-m", "benchmarks", *options, "--engine", "auto"]
    subprocess.run([*command, "--out", str(folder)], cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def results(out):
    return json.loads((out / "results.json").read_text(encoding="utf-8"))


def test_results_have_their_parts(results):
    assert set(results) == KEYS
    assert results["schema"] == 1
    machine = results["machine"]
    assert {"processor", "cores", "versions", "unset"} <= set(machine)
    assert {"python", "numpy", "chainrule"} <= set(machine["versions"])
    assert {"ffnet", "fann2"} <= set(results["absent"])


def test_sides_agree_and_are_timed(results):
    rows = results["steps"]
    assert {(row["workload"], row["dtype"]) for row in rows} == {
        ("smoke", "float32"),
        ("smoke", "float64"),
    }
    for row in rows:
        ours, peer = row["sides"]["ours"], row["sides"]["numpy"]
        assert peer["difference"] <= {"float32": 1e-4, "float64": 1e-9}[row["dtype"]]
        assert peer["cost"] < 0.99 * peer["start"]
        for entry in (ours, peer):
            assert entry["status"] == "timed"
            assert len(entry["seconds"]) == 2
            times = entry["step_seconds"]
            assert 0 < times["low"] <= times["median"] <= times["high"]
        assert ours["ratio"] == {"median": 1, "low": 1, "high": 1}


def test_goals_say_what_was_measured(results):
    (goal,) = results["goals"]
    assert goal["workload"] == "import"
    assert isinstance(goal["met"], bool)
    assert goal["measured"]


def test_page_and_picture_are_written(out):
    page = (out / "RESULTS.md").read_text(encoding="utf-8")
    assert "## Goals" in page
    assert "good NumPy" in page
    assert (out / "results.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def steps(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import steps

    return steps


class Wrong:
    """A pool in which the peer is off by a little after the steps of the check."""

    def __init__(self, off):
        self.off, self.timed = off, []

    def ask(self, side, threads, do, /, **request):
        del threads, request
        if do == "time" and side != "ours":
            self.timed.append(side)
        cost = 1.0 if side == "ours" else 1.0 + self.off
        return {
            "prepare": {"first_call_seconds": 0.0},
            "check": {"start": 2.0, "cost": cost, "remark": ""},
            "time": {"seconds": 1.0, "cost": cost},
        }[do]


@pytest.mark.parametrize(("off", "agrees"), [(1e-10, True), (1e-8, False), (float("nan"), False)])
def test_who_disagrees_is_not_timed(steps, off, agrees):
    from benchmarks import workloads

    pool = Wrong(off)
    row = workloads.find("smoke")
    sides = ["ours", "numpy"]
    found = steps.measure(pool, row, "float64", sides, threads=1, rounds=2, steps=10)
    assert bool(pool.timed) == agrees
    assert found["sides"]["numpy"]["status"] == ("timed" if agrees else "disagrees")


def test_multiply_adds_are_those_of_the_products(steps):
    """Counted from the derivation's own products, the inputs' gradient left out."""
    del steps
    from benchmarks import workloads

    row = workloads.find("smoke")
    sizes, m = (3, 5, 2), 16
    forward = m * (sizes[0] * sizes[1] + sizes[1] * sizes[2])
    gradients = m * (sizes[0] * sizes[1] + sizes[1] * sizes[2])
    backward = m * sizes[1] * sizes[2]
    assert (row.sizes, row.per_step) == (sizes, m)
    assert row.multiply_adds == forward + gradients + backward


def test_batches_are_those_that_training_draws(steps):
    """A training run by hand, on the batches handed to peers, ends where `train` ends."""
    del steps
    import chainrule
    from benchmarks import workloads

    problem = workloads.make("smoke", "float64")
    rate = problem.workload.rate
    params = problem.params.copy()
    for chosen in problem.batches(7):
        x, y = problem.x[:, chosen], problem.y[:, chosen]
        params.flat -= rate * problem.net.value_and_grad(params, x, y)[1].flat
    result = chainrule.train(
        problem.net,
        problem.params,
        problem.x,
        problem.y,
        optimizer=chainrule.GradientDescent(rate),
        iterations=7,
        batch_size=problem.workload.batch,
        rng=workloads.SEED,
    )
    np.testing.assert_allclose(result.params.flat, params.flat, rtol=1e-12)


SAMPLES = """
# Overhead  Shared Object  Symbol
    40.00%  _native.cpython-311-x86_64-linux-gnu.so  [.] (anonymous namespace)::strip<6, 0>
    10.00%  _native.cpython-311-x86_64-linux-gnu.so  [.] (anonymous namespace)::Trainer::one_tile
     8.00%  _native.cpython-311-x86_64-linux-gnu.so  [.] (anonymous namespace)::Trainer::values
     7.00%  libc.so.6                                [.] __memmove_avx512_unaligned_erms
     5.00%  libc.so.6                                [.] malloc
    20.00%  libpython3.11.so.1.0                     [.] advance
    10.00%  [kernel.kallsyms]                        [k] copy_page
"""


def test_samples_are_sorted_by_library_and_name(steps):
    del steps
    from benchmarks import roofline

    assert roofline.shared(SAMPLES) == {
        "products": 50.0,
        "rest of the kernel": 8.0,
        "fetching examples": 7.0,
        "Python": 35.0,
    }


@pytest.mark.parametrize("stripped", [False, True])
def test_a_kernel_without_symbols_makes_no_page(steps, monkeypatch, stripped):
    del steps
    from benchmarks import roofline

    def run(command, **options):
        named = re.sub(r"\(anonymous.*", "0x00000000000ca70b", SAMPLES) if stripped else SAMPLES
        return SimpleNamespace(stdout=named if "report" in command else "0.001\n")

    monkeypatch.setattr(roofline, "subprocess", SimpleNamespace(run=run))
    if stripped:
        with pytest.raises(click.ClickException, match=r"7 % .* 30 %.*install\.strip=false"):
            roofline.row("smoke", "float64", {})
    else:
        assert "50 %" in roofline.row("smoke", "float64", {})
