"""Makes a wheel for other machines in dist/, and tries it as someone would who has only that.

The wheel is built from the source distribution, in isolation; then it goes into an empty
environment. In the same one, the source distribution is installed as on a machine without a
compiler: plainly, which must say what is missing, and with the switch that leaves the kernel out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from budgets import WHEEL_BYTES

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
NO_COMPILER = {**os.environ, "CXX": "no-such-compiler"}
WITHOUT_KERNEL = "wheel.cmake=false"
SAID_WITHOUT_COMPILER = ("There is no C++ compiler", "apt install g++", f"-C {WITHOUT_KERNEL}")


def run(*command: Path | str, **options: Any) -> None:
    subprocess.run([str(each) for each in command], check=True, **options)


def build(folder: Path) -> tuple[Path, Path]:
    """Return a source distribution, and a wheel that was built from it, both in dist/."""
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, stdout=subprocess.DEVNULL)
    (source,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    for old in DIST.glob("chainrule-*"):
        old.unlink()
    DIST.mkdir(exist_ok=True)
    shutil.copy(source, DIST)
    if sys.platform == "linux":
        path = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        run(sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", DIST, wheel, env=path)
    else:
        shutil.copy(wheel, DIST)
    (wheel,) = DIST.glob("*.whl")
    return DIST / source.name, wheel


def main() -> int:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, wheel = build(folder)
        took = time.perf_counter() - began

        heading("The wheel, in an empty environment")
        venv.create(folder / "empty", with_pip=True)
        programs = folder / "empty" / ("Scripts" if os.name == "nt" else "bin")
        pip: Sequence[Path | str] = (programs / "python", "-m", "pip", "--quiet")
        run(*pip, "install", wheel)
        run(programs / "chainrule", "demo", "--updates", "500", "--out", folder / "demo")
        used = (programs / "python", ROOT / "tools" / "engine_used.py")
        run(*used, "native", cwd=folder)

        fresh = ("--no-deps", "--no-cache-dir")  # not what pip built of the same file before
        heading("The source, where there is no compiler")
        plain = subprocess.run(
            [*map(str, pip), "wheel", *fresh, "--wheel-dir", name, str(source)],
            env=NO_COMPILER,
            capture_output=True,
            text=True,
            check=False,
        )
        said = plain.stdout + plain.stderr
        missing = [each for each in SAID_WITHOUT_COMPILER if each not in said]
        if not plain.returncode or missing:
            print(said)
            raise SystemExit(f"without a compiler, the build did not fail, or not with {missing}")
        print(f"it fails, and says: {', '.join(SAID_WITHOUT_COMPILER)}")

        heading(f"The source, with -C {WITHOUT_KERNEL}")
        switch = ("--force-reinstall", "-C", WITHOUT_KERNEL)
        run(*pip, "install", *fresh, *switch, source, env=NO_COMPILER)
        run(*used, "reference", cwd=folder)

    size, total = wheel.stat().st_size, time.perf_counter() - began
    heading(f"{wheel.relative_to(ROOT)}: {size:,} bytes of {WHEEL_BYTES:,}")
    print(f"built in {took:.0f} s, tried in {total - took:.0f} s")
    return 0 if size <= WHEEL_BYTES else 1


def heading(text: str) -> None:
    print(f"\n{text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
