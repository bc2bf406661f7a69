"""What a run was made on: processor, versions, settings, and who is absent and why."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.pool import UNSET, cores
from benchmarks.sides import SIDES

PACKAGES = ("chainrule", "numpy", "scipy", "scikit-learn", "torch", "jax", "jaxlib", "mlxtend")
OTHERS = {
    "ffnet": "needs a Fortran compiler to build",
    "fann2": "needs the FANN library to build",
}
"""Peers that are named in the plan and have no side yet; `make bench` tries to install them."""

TOLD = re.compile(r"\s*(error: (?!subprocess|failed)|Exception: )")
"""Lines in which an installation says why, beside those in which pip says that it did not."""


def processor() -> str:
    """Return the processor's name."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = re.findall(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return names[0] if names else platform.machine()


def instructions() -> list[str]:
    """Return the vector instructions that it has, of those that matter."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return []
    return [each for each in ("avx2", "fma", "avx512f", "asimd", "sve") if each in flags]


def compiler() -> str:
    """Return the first line of what g++ says of itself."""
    try:
        done = subprocess.run(["g++", "--version"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return "absent"
    return done.stdout.splitlines()[0]


def versions() -> dict[str, str]:
    """Return the versions of Python and of all packages that are there."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def describe() -> dict[str, Any]:
    """Return the machine and its settings."""
    return {
        "processor": processor(),
        "instructions": instructions(),
        "cores": len(cores()),
        "system": f"{platform.system()} {platform.machine()}",
        "compiler": compiler(),
        "versions": versions(),
        "unset": [name for name in UNSET if name in os.environ],
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else [],
    }


def present() -> tuple[list[str], dict[str, str]]:
    """Return the sides that can run here, and who is absent, with the reason."""
    sides, absent = [], {}
    for name, side in SIDES.items():
        code = f"import {side.package}"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            sides.append(name)
        else:
            told = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            absent[side.title] = told[-1]
    for package, usual in OTHERS.items():
        absent[package] = _reason(package, usual)
    return sides, absent


def _reason(package: str, usual: str) -> str:
    """Return why a package is absent: what its installation said, without anybody's paths."""
    try:
        importlib.import_module(package)
    except ImportError:
        pass
    else:
        return "installed, but no side is written for it"
    log = Path(sys.prefix) / f"{package}.log"
    if not log.exists():
        return f"not installed ({usual})"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    said = [line.strip() for line in lines if TOLD.match(line)]
    told = re.sub(r"(\w+://|/)[^\s'\"]+", "…", said[0]) if said else ""
    return f"did not install: it {usual}" + (f" ({told})" if told else "")
