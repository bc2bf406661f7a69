"""Draws the pictures of reports in docs/images: the terminal's as SVG, the page's as PNG.

The page is drawn by a headless Chromium, where there is one on the path; the terminal's by rich.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from chainrule.solutions import page, terminal
from chainrule.solutions.check import check_file
from chainrule.solutions.findings import Report

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
COLUMNS = 84
THEME = TerminalTheme(
    (22, 24, 28),
    (230, 227, 220),
    [
        (22, 24, 28),
        (224, 84, 70),
        (62, 190, 140),
        (222, 176, 80),
        (96, 156, 230),
        (190, 130, 210),
        (92, 186, 208),
        (230, 227, 220),
    ],
)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def draw_terminal(report: Report, command: str) -> None:
    """Write the report as a terminal shows it; fonts are those of whoever looks at it."""
    with Path("/dev/null").open("w", encoding="utf-8") as nowhere:
        console = Console(
            record=True, width=COLUMNS, file=nowhere, force_terminal=True, highlight=False
        )
        console.print(f"[bold]$ {command}[/]")
        terminal.show(report, console)
    drawn = console.export_svg(title="", theme=THEME)
    alone = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    alone = alone.replace("Fira Code, monospace", "ui-monospace, DejaVu Sans Mono, monospace")
    (IMAGES / "report-terminal.svg").write_text(alone, encoding="utf-8")


def draw_page(report: Report) -> None:
    """Write a screenshot of the page, if there is a browser to take it."""
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if browser is None:
        print("no Chromium on the path: the page was not drawn")
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "report.html")
        source.write_text(page.page(report), encoding="utf-8")
        options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
        size = ("--window-size=860,1240", "--force-device-scale-factor=1.5")
        target = IMAGES / "report-page.png"
        subprocess.run(
            [
                browser,
                *options,
                *size,
                f"--user-data-dir={folder}/profile",
                f"--screenshot={target}",
                source.as_uri(),
            ],
            check=True,
            capture_output=True,
        )


def main() -> None:
    name = "examples/solution.py"
    report = check_file(ROOT / name)
    draw_terminal(report, f"chainrule check {name}")
    draw_page(report)


if __name__ == "__main__":
    main()
