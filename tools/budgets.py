"""Prints the budgets of the house and what is used of them; fails where one is exceeded."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULE_LINES = 400
WHEEL_BYTES = 2_000_000
IMPORT_RATIO = 2.0
ROUNDS = 7


def import_ratio() -> float:
    """Time of `import chainrule` over that of `import numpy`, the best of several, in turn."""
    best = {"numpy": float("inf"), "chainrule": float("inf")}
    for _ in range(ROUNDS):
        for name, shortest in best.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {name}"], check=True)
            best[name] = min(shortest, time.perf_counter() - began)
    return best["chainrule"] / best["numpy"]


def wheel_bytes() -> int:
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder]
        subprocess.run([*pip, "--no-build-isolation", str(ROOT)], check=True)
        return max(path.stat().st_size for path in Path(folder).glob("*.whl"))


def main() -> int:
    kept = True
    lines = {
        path: len(path.read_text(encoding="utf-8").splitlines())
        for path in sorted((ROOT / "src").rglob("*.py"))
    }
    largest = max(lines, key=lambda path: lines[path])
    rows = [
        (f"largest module ({largest.name})", lines[largest], MODULE_LINES, "lines"),
        ("wheel", wheel_bytes(), WHEEL_BYTES, "bytes"),
        ("import chainrule / import numpy", round(import_ratio(), 2), IMPORT_RATIO, ""),
    ]
    print(f"modules: {len(lines)}, {sum(lines.values())} lines")
    for what, used, budget, unit in rows:
        kept &= used <= budget
        print(f"{'ok      ' if used <= budget else 'EXCEEDED'} {what}: {used} of {budget} {unit}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
