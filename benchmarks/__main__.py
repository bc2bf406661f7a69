"""The command line: ``python -m benchmarks --only heart,small --rounds 5``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from benchmarks import goals, limits, machine, report, steps, trials
from benchmarks.pool import Failed, Pool, cores
from benchmarks.sides import SIDES
from benchmarks.workloads import CHECKED_STEPS, HIDDEN, WORKLOADS, Workload, rows

TRIALS = ("sweep", "accuracy", "second order", "gradcheck", "import")
NAMES = (*WORKLOADS, *TRIALS)
USUAL = [name for name in NAMES if name not in HIDDEN]
QUICK = {"heart", "heart32", "expm", "mnist", *TRIALS}
QUICK_SIDES = ("ours", "notebook", "numpy", "sklearn", "torch", "jax")


def listed(choices: tuple[str, ...]) -> Callable[..., list[str] | None]:
    """Return a reader of names with commas between them."""

    def read(_context: Any, _option: Any, given: str | None) -> list[str] | None:
        if given is None:
            return None
        names = [name.strip() for name in given.split(",")]
        for name in names:
            if name not in choices:
                raise click.BadParameter(f"{name!r} is none of {', '.join(choices)}")
        return names

    return read


@click.command()
@click.option("--only", callback=listed(NAMES), help="Workloads, with commas between them.")
@click.option("--sides", callback=listed(tuple(SIDES)), help="Sides, with commas; ours always.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--quick", is_flag=True, help="Fewer workloads, sides, steps and rounds, to try out.")
@click.option("--limits/--no-limits", "with_limits", default=True, help="Measure the machine's.")
@click.option("--out", type=click.Path(path_type=Path), default=Path(__file__).parent)
@click.option("--engine", default="native", show_default=True, help="Of our side.")
def main(
    only: list[str] | None,
    sides: list[str] | None,
    rounds: int,
    quick: bool,
    with_limits: bool,
    out: Path,
    engine: str,
) -> None:
    """Measure chainrule against its peers; write results.json, RESULTS.md and results.png."""
    began = time.perf_counter()
    found, absent = machine.present()
    wanted = sides or (list(QUICK_SIDES) if quick else list(SIDES))
    run = Run(
        [name for name in SIDES if name in found and (name == "ours" or name in wanted)],
        2 if quick else rounds,
        quick,
        engine,
    )
    names = only or [name for name in USUAL if not quick or name in QUICK]
    results: dict[str, Any] = {
        "schema": 1,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "settings": {
            "rounds": run.rounds,
            "quick": quick,
            "engine": engine,
            "sides": run.sides,
            "workloads": names,
        },
        "absent": absent,
        "limits": [],
        "steps": [],
        "sweep": [],
        **{name: {} for name in TRIALS[1:]},
    }
    with Pool(engine) as pool:
        run.try_ours(pool)
        if with_limits:
            results["limits"] = run.limits(pool)
        for row, dtype in rows(set(names)):
            results["steps"] += run.rows(pool, row, dtype)
        for name in TRIALS:
            if name in names:
                run.say(name)
                results[name] = run.trial(pool, name)
    if with_limits and not quick:
        run.say("limits once more")
        limits.again(results["limits"])
    results["goals"] = list(goals.judge(results))
    results["seconds"] = time.perf_counter() - began
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=1, ensure_ascii=False)
    (out / "results.json").write_text(text + "\n", encoding="utf-8")
    (out / "RESULTS.md").write_text(report.page(results), encoding="utf-8")
    from benchmarks import plot

    plot.draw(results, out / "results.png")
    run.say(f"written to {out.name}/")


class Run:
    """What one call of the command line does, step by step."""

    def __init__(self, sides: list[str], rounds: int, quick: bool, engine: str) -> None:
        self.sides, self.rounds, self.quick, self.engine = sides, rounds, quick, engine
        self.counts = sorted({1, len(cores())})
        self._began = time.perf_counter()

    def say(self, words: str) -> None:
        """Say what is going on, with the time since the start."""
        click.echo(f"{time.perf_counter() - self._began:6.0f} s  {words}")

    def try_ours(self, pool: Pool) -> None:
        """Make sure that our own side can run, before anything takes time."""
        try:
            pool.ask("ours", 1, "prepare", workload="smoke", dtype="float64", steps=CHECKED_STEPS)
        except Failed as failure:
            raise click.ClickException(f"our side cannot run: {failure}") from None

    def limits(self, pool: Pool) -> list[dict[str, Any]]:
        """Measure the limits of the machine."""
        found = []
        for threads in self.counts:
            self.say(f"limits, {threads} threads")
            found.append(limits.measure(pool, threads, self.sides, self.rounds))
        return found

    def rows(self, pool: Pool, row: Workload, dtype: str) -> list[dict[str, Any]]:
        """Measure a workload with one thread, then with all cores."""
        found = []
        for threads in self.counts:
            count = row.steps if threads == 1 else row.all_cores_steps or row.steps
            if self.quick:
                count = max(count // 10, min(count, CHECKED_STEPS))
            self.say(f"{row.name}, {dtype}, {threads} threads")
            given = {"threads": threads, "rounds": self.rounds, "steps": count}
            found.append(steps.measure(pool, row, dtype, self.sides, **given))
        steps.forget(pool, self.sides, list(range(1, self.counts[-1] + 1)))
        return found

    def trial(self, pool: Pool, name: str) -> Any:
        """Make one of the trials."""
        sides, rounds, quick, engine = self.sides, self.rounds, self.quick, self.engine
        calls: dict[str, Callable[[], Any]] = {
            "sweep": lambda: trials.sweep(pool, sides, self.counts[-1], rounds, quick),
            "accuracy": lambda: trials.accuracy(pool, sides, engine, rounds, quick),
            "second order": lambda: trials.second(pool, engine, rounds, quick),
            "gradcheck": lambda: trials.check(pool, sides, rounds, quick),
            "import": lambda: trials.imports(rounds),
        }
        try:
            return calls[name]()
        except Failed as failure:
            return [] if name == "sweep" else {"reason": str(failure)}


if __name__ == "__main__":
    main()
