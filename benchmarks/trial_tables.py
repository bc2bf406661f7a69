"""The tables of the trials: what is not a number of steps."""

from __future__ import annotations

from typing import Any

from benchmarks.cells import count, duration, table, title

Results = dict[str, Any]


def sweep_rows(results: Results) -> str:
    """Return the table of the sweep."""
    found: dict[int, dict[tuple[str, int], float]] = {}
    for row in results["sweep"]:
        key = (row["side"], row["threads"])
        found.setdefault(row["width"], {})[key] = row["step_seconds"]["median"]
    keys = sorted(
        {key for times in found.values() for key in times}, key=lambda k: k != ("ours", 1)
    )
    rows = [
        [str(w), *(duration(times[key]) if key in times else "" for key in keys)]
        for w, times in sorted(found.items())
    ]
    return table(["w", *(f"{title(side)}, {count(threads)}" for side, threads in keys)], rows)


def trial_rows(found: dict[str, Any], names: dict[str, str] | None = None) -> str:
    """Return the table of a trial with sides."""
    rows, counted = [], False
    for side, entry in found.get("sides", {}).items():
        taken, ratio = entry.get("taken"), entry.get("ratio")
        spread = f"{duration(taken['low'])} – {duration(taken['high'])}" if taken else ""
        rows.append(
            [
                (names or {}).get(side) or title(side),
                duration(taken["median"]) if taken else _unreached(entry),
                spread,
                f"{ratio['median']:.3g} ×" if ratio else "",
            ]
        )
        if "passes" in entry:
            counted = True
            rows[-1] += [str(entry["passes"] or "–"), f"{entry['best']:.2%}"]
    more = ["passes", "best mean accuracy"] if counted else []
    return table(["", "median", "range", "over ours", *more], rows)


def _unreached(entry: dict[str, Any]) -> str:
    return str(entry.get("reason", "not reached"))


def second_rows(results: Results) -> str:
    """Return the table of second order, seed by seed."""
    found = results["second order"]
    rows = []
    for seed, run in enumerate(found["gradient_descent"]):
        cells = [str(seed)]
        for name in ("LevenbergMarquardt", "LBFGS"):
            runs = found[name].get("runs")
            each: dict[str, Any] = runs[seed] if runs else {"updates": None}
            reached = each["updates"] and (
                f"{each['updates']}, {duration(each['taken']['median'])} ({each['engine']})"
            )
            cells.append(reached or ("not reached" if runs else found[name]["reason"]))
        budget = f"{run['updates']:,} of {found['descent_budget']:,}"
        told = f"{run['updates']:,}" if run["reached"] else f"cost {run['cost']:.1e} after {budget}"
        rows.append([*cells, f"{told}, {duration(run['seconds'])} ({run['engine']})"])
    columns = ["updates and time, by seed", "Levenberg–Marquardt, to 1e-5", "L-BFGS, to 1e-5"]
    return table([*columns, "gradient descent at 7.0, to 5e-4"], rows)
