"""Law: every instruction set computes the same sums, and the one that is asked for is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cases
from chainrule import Network
from chainrule.engines import kernel
from chainrule.errors import EngineUnavailable, UnknownName
from native_cases import LAYOUTS
from test_native_equals_reference import DTYPES, holds, holds_in_update, task_of
from test_native_trajectories import OPTIMIZERS, SIZED, Close, same_state, sized
from test_native_trajectories import task_of as walk_of
from test_native_trouble import JUMPS, LINEAR, both_stop
from test_native_trouble import task_of as trouble_of

SETS = kernel.instruction_sets()


@pytest.fixture(params=SETS, autouse=True)
def isa(request, monkeypatch):
    """Every test here is run once for each instruction set that this machine has."""
    if not SETS[request.param]:
        pytest.skip(f"this machine does not have {request.param}")
    monkeypatch.setenv(kernel.VARIABLE, request.param)
    return request.param


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_of_the_table(dtype):
    for case in cases.CASES:
        task = task_of(case.network(), 37, 3, dtype, weighted=case.weighted)
        holds(task, layouts=(-1, 0))
        task = task_of(case.network(), 37, 4, dtype, weighted=case.weighted, batch_size=17)
        holds_in_update(task, layouts=(0, 3))


@pytest.mark.parametrize("units", range(1, 36))
def test_every_width(units):
    """Every remainder of a vector and of a panel, on either side of a layer."""
    net = Network([units, 3, units], activation="tanh", cost="squared_error")
    through = Network([2, units, units, 1], activation="softplus", cost="huber")
    for dtype in DTYPES:
        for each in (net, through):
            holds(task_of(each, 5, units, dtype), layouts=(-1, 0, 4, 100))


@pytest.mark.parametrize("m", [*range(1, 36), 63, 64, 65, 127, 128, 129])
def test_every_number_of_examples(m):
    net = Network([2, 5, 3], activation="silu", cost="cross_entropy")
    for dtype in DTYPES:
        holds(task_of(net, m, m, dtype), layouts=(-1, 0))


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_trajectories(optimizer):
    task = walk_of(optimizer, batch_size=7)
    theirs = task.reference().advance(task.state(), 50)
    for layout in LAYOUTS:
        Close()(task.native(layout=layout).advance(task.state(), 50), theirs)


@pytest.mark.parametrize("name", SIZED)
def test_bits_whatever_the_threads(name):
    for dtype in DTYPES:
        task = sized(name, dtype)
        alone = task.native().advance(task.state(), 4)
        for threads in (2, 3):
            same_state(task.native(threads=threads).advance(task.state(), 4), alone)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_trouble(optimizer):
    for dtype, jump in JUMPS.items():
        assert both_stop(trouble_of(LINEAR, optimizer, dtype, schedule=jump)).trouble


# Names -------------------------------------------------------------------------------------------


# What gcc lets itself use under -march=x86-64-v2, v3 and v4, each with those before, in the names
# that Linux has for it.
FLAGS = {
    "v2": "cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2",
    "v3": "avx avx2 bmi1 bmi2 f16c fma abm movbe",
    "v4": "avx512f avx512bw avx512cd avx512dq avx512vl",
}
CPUINFO = Path("/proc/cpuinfo")


@pytest.mark.skipif(
    "v2" not in SETS or not CPUINFO.exists(), reason="Linux on x86-64 tells its flags"
)
def test_a_set_runs_where_the_machine_has_all_of_it():
    found = re.search(r"^flags\s*:(.*)$", CPUINFO.read_text(encoding="utf-8"), re.MULTILINE)
    has = set(found.group(1).split())
    wanted = set()
    for level, flags in FLAGS.items():
        wanted |= set(flags.split())
        assert SETS[level] == (wanted <= has), wanted - has


def test_the_set_that_is_asked_for_is_used(isa):
    assert kernel.instruction_set() == isa


def test_the_best_set_is_used_where_none_is_asked_for(monkeypatch):
    monkeypatch.delenv(kernel.VARIABLE)
    usable = [name for name, runs in SETS.items() if runs]
    assert kernel.instruction_set() == usable[0]


def test_the_names_are_those_of_the_sources():
    """A set that the kernel is built for has a name on every machine."""
    source = (Path(__file__).parents[1] / "native" / "dispatch.cpp").read_text(encoding="utf-8")
    assert re.findall(r'\{"(\w+)", ', source) == list(kernel.NAMES)
    assert set(SETS) <= set(kernel.NAMES)


@pytest.mark.parametrize(("asked", "nearest"), [("v33", "v3"), ("avx2", "v3"), ("AVX-512", "v4")])
def test_an_unknown_set_is_an_unknown_name(monkeypatch, asked, nearest):
    monkeypatch.setenv(kernel.VARIABLE, asked)
    monkeypatch.setattr(kernel, "instruction_sets", lambda: {"v4": False, "v3": True, "v2": True})
    with pytest.raises(UnknownName) as caught:
        walk_of(OPTIMIZERS["adam"]).native()
    assert str(caught.value) == (
        f"unknown instruction set {asked!r}; did you mean {nearest!r}? "
        "Known: v4, v3, v2, neon. Here: v3 or v2; unset CHAINRULE_ISA to have the best chosen."
    )


@pytest.mark.parametrize("asked", ["v4", "neon"])
def test_a_set_that_the_machine_lacks_is_refused(monkeypatch, asked):
    """Whether the kernel was built for it, as for v4 here, or not, as for neon."""
    monkeypatch.setenv(kernel.VARIABLE, asked)
    monkeypatch.setattr(kernel, "instruction_sets", lambda: {"v4": False, "v3": True, "v2": True})
    with pytest.raises(EngineUnavailable) as caught:
        kernel.instruction_set()
    assert str(caught.value) == (
        f"CHAINRULE_ISA is {asked}, which is not on this machine; "
        "wanted v3 or v2; unset CHAINRULE_ISA to have the best chosen"
    )


@pytest.mark.parametrize(
    ("part", "found"), [("instruction_sets", dict.fromkeys(SETS, False)), ("usable", [])]
)
def test_a_machine_that_has_none_is_told_so(monkeypatch, part, found):
    """By both who ask, and both ask in one place."""
    monkeypatch.delenv(kernel.VARIABLE)
    monkeypatch.setattr(kernel, part, lambda: found)
    said = f"none of the instruction sets that the kernel was built for ({', '.join(SETS)})"
    assert said in kernel.why_missing()
    with pytest.raises(EngineUnavailable, match=f"{re.escape(said)}.*engine='reference'"):
        kernel.instruction_set()
