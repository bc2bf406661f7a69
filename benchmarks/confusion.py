"""Mistakes planted in hand-written solutions, against what `chainrule check` says of them.

The solutions are those of the tests (`tests/solutions`): right ones in many forms, and every
mistake of the catalogue put into their text. `make confusion` writes CONFUSION.md beside this file.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from chainrule.solutions.check import check_file  # noqa: E402
from solutions.generate import STYLES, Solution, right, sample  # noqa: E402
from solutions.judged import alarms, names, recognised, report_of, said_besides, unread  # noqa: E402
from solutions.mistakes import ELSEWHERE, PAIRS, PLANTED  # noqa: E402

NOTHING = "nothing"


@dataclass
class Rights:
    """What was said of the right solutions of one style."""

    count: int = 0
    alarms: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@dataclass
class Planted:
    """What was said of the solutions with one mistake, by style."""

    tried: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    instead: Counter[str] = field(default_factory=Counter)


def of_right_ones(style: str, count: int) -> Rights:
    """Judge right solutions of a style."""
    found = Rights()
    for seed in range(count):
        solution = right(style, seed)
        began = time.perf_counter()
        report = report_of(solution)
        found.seconds.append(time.perf_counter() - began)
        found.count += 1
        if alarms(report):
            found.alarms.append(solution.label)
        elif unread(report):
            found.unread.append(solution.label)
    return found


def of_planted_ones(count: int) -> dict[str, Planted]:
    """Judge solutions with one mistake."""
    found: dict[str, Planted] = defaultdict(Planted)
    for slug, row in PLANTED.items():
        for style in row.styles:
            for solution in sample(style, (slug,), count):
                report = report_of(solution)
                found[slug].tried[style] += 1
                if recognised(solution, report) == [True]:
                    found[slug].found[style] += 1
                    found[slug].instead.update(
                        f"{each} besides" for each in set(said_besides(solution, report))
                    )
                else:
                    said = [
                        min(names(each)) if not each.slug else each.slug for each in report.findings
                    ]
                    found[slug].instead.update(set(said) or {NOTHING})
    return found


def of_pairs(count: int) -> dict[tuple[str, str], list[int]]:
    """Judge solutions with two mistakes: how many were tried, both named, one named."""
    found: dict[tuple[str, str], list[int]] = {}
    for pair in PAIRS:
        styles = [style for style in STYLES if all(style in PLANTED[slug].styles for slug in pair)]
        tally = [0, 0, 0]
        for style in styles:
            for solution in sample(style, pair, count):
                named = recognised(solution, report_of(solution))
                tally[0] += 1
                tally[1] += all(named)
                tally[2] += any(named) and not all(named)
        found[pair] = tally
    return found


def through_the_sandbox(solutions: Iterable[Solution]) -> list[float]:
    """Return the seconds that files take, a process of their own and all."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for solution in solutions:
            path = solution.write(Path(folder))
            began = time.perf_counter()
            check_file(path)
            seconds.append(time.perf_counter() - began)
    return seconds


def page(
    rights: dict[str, Rights],
    planted: dict[str, Planted],
    pairs: dict[tuple[str, str], list[int]],
    files: list[float],
) -> str:
    """Return the page."""
    return "\n".join(
        [
            "# What is planted in solutions, and what is said of them",
            "",
            "Written by `make confusion` from the solutions of `tests/solutions`: each a file of",
            "its own person, drawn by a seed. A mistake counts as recognised if its slug is that",
            "of a finding, or stands among the ties of one. Seeds are fixed: the counts repeat.",
            "",
            "## Right solutions",
            "",
            *_rights(rights),
            "",
            f"Time for a file, its process and all ({len(files)} files of all styles): median "
            f"{statistics.median(files):.2f} s, worst {max(files):.2f} s.",
            "",
            "## One mistake",
            "",
            *_planted(planted),
            "",
            "Not planted here: "
            + "; ".join(f"`{slug}` ({why})" for slug, why in ELSEWHERE.items())
            + ".",
            "",
            "## Two mistakes",
            "",
            *_pairs(pairs),
            "",
        ]
    )


def _rights(rights: dict[str, Rights]) -> Iterator[str]:
    yield "| style | solutions | alarms | not judged | median | worst |"
    yield "|---|--:|--:|--:|--:|--:|"
    for style, each in rights.items():
        middle, worst = statistics.median(each.seconds), max(each.seconds)
        yield (
            f"| {style} | {each.count} | {len(each.alarms)} | {len(each.unread)} "
            f"| {middle:.2f} s | {worst:.2f} s |"
        )
    total = sum(each.count for each in rights.values())
    raised = sum(len(each.alarms) for each in rights.values())
    silent = sum(len(each.unread) for each in rights.values())
    yield f"| all | {total} | {raised} | {silent} | | |"
    for words, lists in (
        ("Alarms", [each.alarms for each in rights.values()]),
        ("Not judged", [each.unread for each in rights.values()]),
    ):
        labels = [label for each in lists for label in each]
        if labels:
            more = f" and {len(labels) - 10} more" if len(labels) > 10 else ""
            yield ""
            yield f"{words}: {', '.join(labels[:10])}{more}."


def _planted(planted: dict[str, Planted]) -> Iterator[str]:
    yield f"| planted | {' | '.join(STYLES)} | said instead, or besides |"
    yield f"|---|{'--:|' * len(STYLES)}---|"
    for slug, each in planted.items():
        cells = [
            f"{each.found[style]} of {each.tried[style]}" if each.tried[style] else ""
            for style in STYLES
        ]
        instead = ", ".join(f"{name} ×{count}" for name, count in each.instead.most_common(4))
        yield f"| `{slug}` | {' | '.join(cells)} | {instead} |"
    cells = []
    for style in STYLES:
        tried = sum(each.tried[style] for each in planted.values())
        found = sum(each.found[style] for each in planted.values())
        cells.append(f"{found} of {tried}")
    yield f"| all | {' | '.join(cells)} | |"


def _pairs(pairs: dict[tuple[str, str], list[int]]) -> Iterator[str]:
    yield "| planted | solutions | both named | one named |"
    yield "|---|--:|--:|--:|"
    for (first, second), (tried, both, one) in pairs.items():
        yield f"| `{first}`, `{second}` | {tried} | {both} | {one} |"


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--right", type=int, default=400, help="right solutions of each style")
    parser.add_argument(
        "--planted", type=int, default=5, help="solutions of each style and mistake"
    )
    parser.add_argument("--files", type=int, default=10, help="files of each style, for the time")
    parser.add_argument("--out", type=Path, default=HERE / "CONFUSION.md")
    chosen: Any = parser.parse_args()
    rights = {style: of_right_ones(style, chosen.right) for style in STYLES}
    planted = of_planted_ones(chosen.planted)
    pairs = of_pairs(chosen.planted)
    files = through_the_sandbox(
        right(style, seed) for style in STYLES for seed in range(chosen.files)
    )
    chosen.out.write_text(page(rights, planted, pairs, files), encoding="utf-8")
    print(f"wrote {chosen.out}")


if __name__ == "__main__":
    main()
