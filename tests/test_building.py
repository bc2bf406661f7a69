"""Law: where the kernel cannot be built, the build says what is missing and how to do without."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CMAKE = Path(sys.executable).with_name("cmake")
NO_COMPILER = {**os.environ, "CXX": "no-such-compiler"}
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_without_compiler_cmake_says_what_to_install(tmp_path):
    found = subprocess.run(
        [CMAKE, "-S", ROOT, "-B", tmp_path],
        env=NO_COMPILER, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode != 0
    assert "There is no C++ compiler" in found.stderr
    assert "apt install g++" in found.stderr
    assert "pip install . -C wheel.cmake=false" in found.stderr


@pytest.mark.slow
def test_without_compiler_the_switch_makes_a_wheel_of_python_alone(tmp_path):
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    switch = ["-C", "wheel.cmake=false", "--wheel-dir", tmp_path, ROOT]
    subprocess.run([*pip, *switch], env=NO_COMPILER, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "chainrule/engines/kernel.py" in names
    assert not [name for name in names if "_native" in name]


def test_the_build_system_in_the_environment_is_that_of_isolated_builds():
    assert set(SETTINGS["build-system"]["requires"]) <= set(SETTINGS["dependency-groups"]["build"])
