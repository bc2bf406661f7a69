"""Where the time of each workload goes: a page beside the table, made by a sampling profiler.

``python -m benchmarks.roofline`` runs each workload on one thread under ``perf record`` and sorts
the samples by what the sampled function does. The kernel must have its symbols, which an install
strips unless told not to: ``pip install -C install.strip=false .``, as `make bench` and
`make roofline` do. Hardware counters are not needed; the clock's samples will do.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from benchmarks import limits
from benchmarks.sides.ours import Ours
from benchmarks.workloads import HIDDEN, WORKLOADS, make

PAGE = Path(__file__).with_name("ROOFLINE.md")
SECONDS = 2.0
LEAST = 30.0
"""Per cent of the samples that must be in functions known by name: fewer are no picture."""
# What a function of the kernel is there for, by its name; the first that matches counts.
PARTS = {
    "products": r"strip<|lanes_block<|::(forward|backward|gradient|one_tile)\b",
    "activations": r"activate<|chain_|softmax_|::nothing",
    "cost": r"finish_|cost_of",
    "update": r"move<|move_layer|judge|all_finite",
    "transposed weights": r"transpose_panel",
    "fetching examples": r"fetch",
    "between stretches": r"pack\b|unpack|pairs|advance|Runner",
}
# What the compiler leaves to the C library: copies are rows of examples.
LIBRARY = {"fetching examples": r"memcpy|memmove", "between stretches": r"memset"}


@click.command()
@click.option("--only", default="", help="Names, with commas between.")
@click.option("--child", hidden=True, default="")
def main(only: str, child: str) -> None:
    """Write where the time goes."""
    if child:
        train(*child.split(","))
        return
    if shutil.which("perf") is None:
        raise click.ClickException("perf is not installed (Debian: linux-perf); nothing written")
    names = only.split(",") if only else [name for name in WORKLOADS if name not in HIDDEN]
    peak = limits.peak(1)
    rows = [row(name, dtype, peak) for name in names for dtype in WORKLOADS[name].dtypes]
    PAGE.write_text(page(rows), encoding="utf-8")
    click.echo(PAGE.read_text(encoding="utf-8"))


def train(name: str, dtype: str) -> None:
    """Train for some seconds, and print how long a step takes."""
    problem = make(name, dtype)
    ours = Ours(problem, 0, 1, "native")
    steps, seconds = 10, 0.0
    while seconds < SECONDS:
        steps *= 4
        seconds = ours.run(steps)
    print(seconds / steps)


def row(name: str, dtype: str, peak: dict[str, Any]) -> list[str]:
    """Return the cells of one workload."""
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "perf.data")
        child = [sys.executable, "-m", "benchmarks.roofline", "--child", f"{name},{dtype}"]
        record = ["perf", "record", "-e", "cpu-clock", "-F", "4000", "-o", data, "--", *child]
        done = subprocess.run(record, check=True, capture_output=True, text=True)
        report = ["perf", "report", "-i", data, "--no-children", "--stdio", "--sort", "dso,symbol"]
        shares = shared(subprocess.run(report, check=True, capture_output=True, text=True).stdout)
    named = sum(shares.get(part, 0.0) for part in PARTS)
    if named < LEAST:
        raise click.ClickException(
            f"{name}, {dtype}: {named:.0f} % of the samples are in functions of the kernel that "
            f"are known by name, wanted {LEAST:.0f} % at least; if its symbols were stripped, "
            "install it with them: pip install -C install.strip=false ."
        )
    seconds = float(done.stdout.split()[0])
    rate = 2 * WORKLOADS[name].multiply_adds / seconds / 1e9
    limit = peak.get(dtype, {}).get("fma_gflops")
    return [
        f"{name} {WORKLOADS[name].described}",
        dtype,
        f"{seconds * 1e6:,.2f}",
        f"{rate:.1f}",
        f"{100 * rate / limit:.0f} %" if limit else "–",
        *(f"{shares.get(part, 0):.0f} %" for part in (*PARTS, "rest of the kernel", "Python")),
    ]


def shared(report: str) -> dict[str, float]:
    """Return per cent of the samples by part."""
    found: dict[str, float] = {}
    for line in report.splitlines():
        match = re.match(r"\s+([0-9.]+)%\s+(\S+)\s+\[[.k]\]\s+(.*)", line)
        if not match:
            continue
        native = "_native" in match[2]
        table = PARTS if native else LIBRARY if match[2].startswith("libc.so") else {}
        part = next((name for name, names in table.items() if re.search(names, match[3])), "")
        part = part or ("rest of the kernel" if native else "Python")
        found[part] = found.get(part, 0.0) + float(match[1])
    return found


def page(rows: list[list[str]]) -> str:
    """Return the page as Markdown."""
    head = ["workload", "dtype", "µs a step", "GFLOP/s", "of the FMA peak", *PARTS]
    head += ["rest of the kernel", "Python"]
    lines = [head, ["---"] * 2 + ["---:"] * (len(head) - 2), *rows]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"""# Where the time goes

Samples of the clock while each workload trains on one thread, by what the sampled function does;
multiply-adds are counted as two operations. Start and imports are among Python's samples. The
figures for speed are of a run under the profiler: those to quote are in [RESULTS.md](RESULTS.md).

{table}

*Products* are all three of a layer, with the loops around them; where they take nearly all of the
time, what is missing to the peak is lost inside of them: numbers that are spread, and blocks that
do not fill. *Activations* hold the exponentials, forward, and their slopes, backward; the division
in a sigmoid alone takes as long as ten multiply-adds. Made by `make roofline`.
"""


if __name__ == "__main__":
    main()
