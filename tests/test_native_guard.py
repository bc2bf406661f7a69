"""Law: the kernel reads and writes nothing beyond what it was given, nor beyond its own buffers.

Every array of the caller and every buffer of the kernel lies between two pages that must not be
touched, once right before the one behind it, once right behind the one before it (tests/guarded.py
has the list of networks, layouts and batches). A read too far is a signal, so each run is a process
of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule.engines import kernel
from guarded import EXAMPLES, SIZES, SQUARES
from native_cases import LAYOUTS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pages are guarded by mprotect")
PROGRAM = Path(__file__).with_name("guarded.py")
RUN = [name for name, runs in kernel.instruction_sets().items() if runs]


def guarded(*arguments):
    return subprocess.run(
        [sys.executable, PROGRAM, *arguments],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize("place", ["end", "begin"])
def test_the_guard_is_on_duty(place):
    done = guarded(place)
    assert (done.stdout, done.returncode) == ("in range\n", -signal.SIGSEGV), done.stderr


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("isa", RUN)
def test_nothing_out_of_range_is_touched(isa, dtype):
    done = guarded(isa, dtype)
    wanted = f"{len(SIZES) * len(EXAMPLES) * len(LAYOUTS)}\n"
    assert (done.stdout, done.returncode) == (wanted, 0), done.stderr


@pytest.mark.parametrize("isa", RUN)
def test_nothing_out_of_range_is_touched_for_least_squares(isa):
    done = guarded(isa, "squares")
    assert (done.stdout, done.returncode) == (f"{2 * len(SQUARES) * len(EXAMPLES)}\n", 0), (
        done.stderr
    )
