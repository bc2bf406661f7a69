"""Prints the budgets of the house and what is used of them; fails where one is exceeded."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULE_LINES = 400
NATIVE_LINES = 600
WHEEL_BYTES = 2_000_000
IMPORT_RATIO = 2.0
ROUNDS = 7


IMPORTS = {
    "numpy": "import numpy",
    "chainrule": "import chainrule",
    "Network": "from chainrule import Network, check, train",
}


def import_ratios() -> dict[str, float]:
    """Return the times of our imports over that of NumPy, the best of several, in turn."""
    best = dict.fromkeys(IMPORTS, float("inf"))
    for _ in range(ROUNDS):
        for name, line in IMPORTS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", line], check=True)
            best[name] = min(best[name], time.perf_counter() - began)
    return {name: round(seconds / best["numpy"], 2) for name, seconds in best.items()}


def wheel_bytes() -> int:
    """Return the size of a wheel, built where `make install` left what is up to date."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder]
        subprocess.run([*pip, "--no-build-isolation", str(ROOT)], check=True)
        return max(path.stat().st_size for path in Path(folder).glob("*.whl"))


def lines_of(paths: list[Path]) -> dict[Path, int]:
    return {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}


def floors(lines: dict[Path, int]) -> Iterator[str]:
    """Yield the house floor by floor, the highest first, with the lines of every module."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = settings["tool"]["importlinter"]["contracts"]
    top = len(contract["layers"]) - 1
    for below, names in enumerate(contract["layers"]):
        rooms = []
        for name in names.split(" : "):
            inside = [
                (path.stem.replace("__init__", name), count)
                for path, count in lines.items()
                if path.relative_to(ROOT / "src" / "chainrule").with_suffix("").parts[0] == name
            ]
            rooms.append(", ".join(f"{stem} {count}" for stem, count in inside))
        yield f"floor {top - below:2}   {'   |   '.join(rooms)}"


def main() -> int:
    kept = True
    lines = lines_of(sorted((ROOT / "src").rglob("*.py")))
    native = lines_of(sorted((ROOT / "native").rglob("*.[ch]pp")))
    largest, largest_native = (max(of, key=lambda path: of[path]) for of in (lines, native))
    ratios = import_ratios()
    rows = [
        (f"largest module ({largest.name})", lines[largest], MODULE_LINES, "lines"),
        (
            f"largest native source ({largest_native.name})",
            native[largest_native],
            NATIVE_LINES,
            "lines",
        ),
        ("wheel", wheel_bytes(), WHEEL_BYTES, "bytes"),
        ("import chainrule / import numpy", ratios["chainrule"], IMPORT_RATIO, ""),
    ]
    for line in floors(lines):
        print(line)
    print(f"modules: {len(lines)}, {sum(lines.values())} lines")
    print(f"native sources: {len(native)}, {sum(native.values())} lines")
    for what, used, budget, unit in rows:
        kept &= used <= budget
        print(f"{'ok      ' if used <= budget else 'EXCEEDED'} {what}: {used} of {budget} {unit}")
    print(f"        for information: with Network, check and train {ratios['Network']}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
