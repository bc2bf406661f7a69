"""Run what `make sanitize` has built, and say in a line each whether it was clean."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

BUILD = Path(__file__).parent.parent / "build"
FAIL = "halt_on_error=1:abort_on_error=0:exitcode=66"
OPTIONS = {
    # Not detect_stack_use_after_return: g++ 12 does not align its frames to vectors of AVX-512.
    "ASAN_OPTIONS": f"{FAIL}:detect_leaks=1",
    "UBSAN_OPTIONS": f"{FAIL}:print_stacktrace=1",
    "TSAN_OPTIONS": f"{FAIL}:second_deadlock_stack=1",
}


def programs() -> list[tuple[str, list[str]]]:
    """Return what is to be run, by the sanitizers it is run under."""
    from chainrule.engines import kernel

    found = [("address, undefined", [str(BUILD / "sanitize-address" / "drive")])]
    found.append(("thread", [str(BUILD / "sanitize-thread" / "drive"), "unguarded"]))
    for program in sorted((BUILD / "sanitize-address").glob("ulp_*_*")):
        if program.name.rpartition("_")[2] in kernel.usable():
            found.append(("address, undefined", [str(program)]))
    return found


def main() -> int:
    """Return 0 if all is clean."""
    findings = 0
    for sanitizers, command in programs():
        began = time.perf_counter()
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=os.environ | OPTIONS
        )
        seconds = time.perf_counter() - began
        lines = done.stdout.strip().splitlines()
        last = lines[-1] if lines and lines[-1].startswith("drive:") else f"{len(lines)} functions"
        clean = done.returncode == 0 and lines and not done.stderr
        name = Path(command[0]).name
        verdict = "clean" if clean else f"FAILED (exit status {done.returncode})"
        print(f"{sanitizers}: {name}: {last}: {verdict}, {seconds:.0f} s", flush=True)
        if not clean:
            findings += 1
            print(done.stdout[-4000:], done.stderr[-8000:], sep="\n", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
