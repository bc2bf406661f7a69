"""RESULTS.md: every goal beside what was measured, then every time."""

from __future__ import annotations

from typing import Any

from benchmarks import goals
from benchmarks.cells import count, duration, table, title
from benchmarks.sides import SIDES
from benchmarks.steps import ALONE
from benchmarks.trial_tables import second_rows, sweep_rows, trial_rows
from benchmarks.trials import IMPORTS

Results = dict[str, Any]
MAKERS = {"numpy": "NumPy", "torch": "PyTorch"}
CHECKS = {
    "ours": "chainrule.check",
    "torch": "torch.autograd.gradcheck",
    "torch, fast mode": "the same in fast mode: one random projection, no single entries",
}
BUSY = 0.5  # load of a machine on which somebody else is at work
MARKS = {True: "met", False: "**short**", None: "–"}


def share(value: float | None) -> str:
    """Return a part of a limit."""
    return "–" if value is None else f"{value:.0%}"


def head(results: Results) -> str:
    """Return what was measured where, and what to know before reading on."""
    machine, settings = results["machine"], results["settings"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    met = [goal["met"] for goal in results["goals"]]
    engines = {
        row["sides"]["ours"].get("remark", "")
        for row in results["steps"]
        if row["sides"]["ours"].get("remark")
    }
    lines = [
        "# Results",
        "",
        f"Of {len(met)} lines of goals {met.count(True)} are met, {met.count(False)} are short, "
        f"{met.count(None)} were not measured. Made by `make bench` on {results['made'][:10]}, in "
        f"{results['seconds'] / 60:.0f} minutes.",
        "",
        f"- **Machine:** {machine['processor']}, {machine['cores']} cores, {machine['system']}, "
        f"{', '.join(machine['instructions'])}; {machine['compiler']}.",
        f"- **Versions:** {versions}.",
        f"- **Ours:** {', '.join(sorted(engines)) or 'engine ' + settings['engine']}, called as "
        "everybody calls it: `chainrule.train`.",
        f"- **Rounds:** {settings['rounds']}, all sides in turn in each; median (range).",
    ]
    if machine["load"] and machine["load"][0] > BUSY:
        lines.append(
            f"- **Not alone:** the load was {machine['load'][0]:.1f} at the start; ratios hold up "
            "better than times."
        )
    if settings["quick"]:
        lines.append("- **Quick run:** fewer workloads, sides, steps and rounds; for trying out.")
    if machine["unset"]:
        lines.append(f"- **Unset for all sides:** {', '.join(machine['unset'])}.")
    if results["absent"]:
        lines.append("- **Absent:**")
        lines += [f"  - {name}: {reason}" for name, reason in results["absent"].items()]
    return "\n".join(lines)


def goal_rows(results: Results) -> str:
    """Return the table of goals."""
    rows = (
        [
            goal["workload"],
            goal["goal"],
            count(goal["threads"]),
            goal["measured"],
            MARKS[goal["met"]],
        ]
        for goal in results["goals"]
    )
    return table(["workload", "goal", "", "measured", ""], rows)


def limit_rows(results: Results) -> str:
    """Return the table of the machine's limits."""
    rows = []
    for each in results["limits"]:
        for dtype in ("float32", "float64"):
            peak, product = each["peak"].get(dtype), each[dtype]
            fma = f"{peak['fma_gflops']:.0f}" if peak else each["peak"]["absent"]
            exps = f"{peak['exp_giga']:.2f}" if peak else "–"
            gemm = product.get("absent", "")
            if not gemm:
                gemm = f"{product['gflops']:.0f} ({MAKERS[product['by']]})"
            rows.append([count(each["threads"]), dtype, fma, exps, gemm])
    columns = ["", "dtype", "multiply-adds, GFLOP/s", "exponentials, 10⁹/s", "2048³, GFLOP/s"]
    return table(columns, rows)


def cell(entry: dict[str, Any] | None) -> str:
    """Return the time of a step, and how many times ours that is."""
    if entry is None:
        return ""
    if "step_seconds" not in entry:
        return f"{entry['status']}"
    told = duration(entry["step_seconds"]["median"])
    return f"{told} ({entry['ratio']['median']:.2f} ×)" if "ratio" in entry else told


def time_rows(results: Results, threads: int) -> str:
    """Return the table of times of a step with so many threads."""
    sides = [name for name in SIDES if name != "ours"]
    rows = []
    for row in results["steps"]:
        if row["threads"] != threads:
            continue
        own = row["sides"]["ours"]
        taken = duration(own["step_seconds"]["median"]) if "step_seconds" in own else own["status"]
        rows.append(
            [
                f"{row['workload']}, {row['dtype']}",
                row["network"],
                f"**{taken}**",
                share(goals.peak_share(results, row)),
                share(goals.gemm_share(results, row)),
                *(cell(row["sides"].get(side)) for side in sides),
            ]
        )
    columns = ["workload", "network", "chainrule", "of the limit", "of 2048³"]
    return table([*columns, *(title(side) for side in sides)], rows)


def remarks(results: Results) -> str:
    """Return who was not timed, and why."""
    lines = []
    for row in results["steps"]:
        for side, entry in row["sides"].items():
            if entry["status"] != "timed":
                where = f"{row['workload']}, {row['dtype']}, {count(row['threads'])}"
                reason = entry.get("reason", entry["status"])
                lines.append(f"- {where}: {title(side)} not timed: {reason}")
    return "\n".join(lines) or "None: all that ran agreed."


def call_rows(results: Results) -> str:
    """Return the table of what comes before and beside the steps, with one thread."""
    rows = []
    for row in results["steps"]:
        if row["threads"] != 1:
            continue
        sides = row["sides"]
        whole = [
            f"{title(side)} {entry['whole_ratio']['median']:.2f} ×"
            for side, entry in sides.items()
            if side != "ours" and "whole_ratio" in entry
        ]
        rows.append(
            [
                f"{row['workload']}, {row['dtype']}",
                f"{row['steps']:,}",
                duration(sides["ours"].get("call_seconds", 0.0)),
                *(
                    duration(sides[side]["first_call_seconds"])
                    if "first_call_seconds" in sides.get(side, {})
                    else ""
                    for side in ("compile", "jax")
                ),
                ", ".join(whole),
            ]
        )
    columns = [
        "workload",
        "steps",
        "our call of one step",
        "torch.compile compiles",
        "JAX compiles",
    ]
    return table([*columns, "ratios of whole calls"], rows)


METHOD = """\
- Every side runs in a process of its own, held to one core (or to all) by its affinity and by the
  usual variables; while one is timed the others wait. With all cores each peer has the number of
  threads that was fastest for it.
- Before anything is timed, the cost after 20 steps, worked out in float64 by one function for all,
  must equal ours: relative 1e-9 in float64, 1e-4 in float32. Who disagrees is not timed.
- Same data, starting weights, dtype, number of steps and order of batches. Peers have the indices
  of the batches drawn before; ours draws them while the clock runs.
- A step's time is that of a call of n + 1 steps less that of a call of one, over n. Ours is the
  whole public call, checks and records included; ratios of whole calls stand beside it.
- The limit: multiply-adds of forward and backward pass at the measured peak, plus one exponential
  for each sigmoid, tanh or softmax entry at the measured rate; memory and everything else free.
- For the digits, passes to a mean test accuracy of 97 % are counted first, then timed.
"""


def page(results: Results) -> str:
    """Return the page."""
    parts = [head(results), "![Throughput and ratios](results.png)"]
    parts += ["## Goals", goal_rows(results)]
    if results["limits"]:
        parts += ["## Limits of the machine", limit_rows(results)]
    counts = sorted({row["threads"] for row in results["steps"]})
    for threads in counts:
        parts += [f"## Time of a step, {count(threads)}", time_rows(results, threads)]
        if threads > 1:
            parts += [f"Ours with one thread, in the same rounds: {alone(results)}."]
    if results["steps"]:
        parts += ["## Beside the steps", call_rows(results), "## Not timed", remarks(results)]
    if results["accuracy"].get("sides"):
        parts += ["## Digits: training to 97 %", trial_rows(results["accuracy"])]
    if "gradient_descent" in results["second order"]:
        parts += ["## Second order", second_rows(results)]
    if results["gradcheck"].get("sides"):
        sizes = "-".join(map(str, results["gradcheck"]["sizes"]))
        parts += [f"## Check of all Jacobians of {sizes}", trial_rows(results["gradcheck"], CHECKS)]
    if results["import"].get("sides"):
        parts += ["## Import, Python's start included", trial_rows(results["import"], IMPORTS)]
    if results["sweep"]:
        parts += ["## Sweep: 10-w-w-10, 128 examples, float32", sweep_rows(results)]
    parts += ["## Method", METHOD]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def alone(results: Results) -> str:
    """Return what all cores gain over one thread, workload by workload."""
    gains = [
        f"{row['workload']} {row['dtype']} {row['sides'][ALONE]['ratio']['median']:.2f} ×"
        for row in results["steps"]
        if "ratio" in row["sides"].get(ALONE, {})
    ]
    return ", ".join(gains)
