"""Law: what is compiled for one instruction set can never be taken for another's.

A function that is weak or global in several object files is kept once by the linker, compiled for
whatever set came first: on an older machine that is an illegal instruction. So an object of the
kernel defines one global function, which has the set in its name, and nothing weak.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OBJECTS = sorted(
    path
    for path in (ROOT / "build").glob("*/CMakeFiles/kernel_*.dir/native/*.o")
    if not path.parts[-5].startswith("sanitize")
)


def built_here():
    """Whether the package is installed from this checkout, as it lies: then build/ is its own."""
    told = json.loads(distribution("chainrule").read_text("direct_url.json") or "{}")
    return bool(told.get("dir_info", {}).get("editable")) and told["url"] == ROOT.as_uri()


def symbols(path):
    """Names and kinds of what an object file defines beyond itself."""
    done = subprocess.run(
        ["nm", "--defined-only", "--extern-only", path], capture_output=True, text=True, check=True
    )
    found = [tuple(reversed(line.split()[-2:])) for line in done.stdout.splitlines()]
    return [each for each in found if not each[0].startswith("DW.ref.")]  # data, for exceptions


@pytest.mark.skipif(not OBJECTS and not built_here(), reason="the kernel was built elsewhere")
@pytest.mark.skipif(not shutil.which("nm"), reason="no nm to read object files with")
def test_an_object_of_the_kernel_defines_one_function_of_its_own_name():
    assert OBJECTS, "build/ has no object files of the kernel; touch CMakeLists.txt, make install"
    for path in OBJECTS:
        dtype, isa = re.fullmatch(r"kernel_(\w+)_(\w+)\.dir", path.parts[-3]).groups()
        ((name, kind),) = symbols(path)
        assert kind == "T", f"{name} is shared between object files"
        assert f"chainrule_kernel_{dtype}{isa}" in name


@pytest.mark.skipif(not shutil.which("g++"), reason="no compiler to make a weak symbol with")
def test_a_weak_symbol_would_be_seen(tmp_path):
    source = tmp_path / "weak.cpp"
    source.write_text("inline int twice(int x) { return 2 * x; } int (*used)(int) = twice;\n")
    made = tmp_path / "weak.o"
    subprocess.run(["g++", "-c", source, "-o", made], check=True)
    assert {kind for _, kind in symbols(made)} == {"W", "D"}
