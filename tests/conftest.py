"""What is counted is said at the end of a test run."""

from __future__ import annotations


def pytest_terminal_summary(terminalreporter):
    counts = [
        value
        for report in terminalreporter.stats.get("passed", [])
        if report.when == "call"
        for name, value in report.user_properties
        if name == "mutants"
    ]
    if counts:
        tables = ", ".join(f"{table} {found}/{tried}" for table, found, tried in sorted(counts))
        found, tried = (sum(count[place] for count in counts) for place in (1, 2))
        terminalreporter.write_line(f"mutants caught / tried: {found}/{tried} ({tables})")
