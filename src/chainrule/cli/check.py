"""`chainrule check`: the Jacobians of a network, or those that somebody wrote into a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from chainrule.checking import check as check_gradients
from chainrule.cli import options
from chainrule.solutions import terminal
from chainrule.solutions.check import check_file
from chainrule.solutions.limits import Limits

SUFFIXES = (".ipynb", ".py", ".txt", ".md")
OF_FILES = ("as_json", "html", "seconds", "memory", "gradient", "parameters")
OF_BOTH = ("targets", "cost")


def of_files(command: options.Command) -> options.Command:
    """Add the options that go with files."""
    usual = Limits()
    return options.with_all(
        command,
        [
            click.option(
                "--json", "as_json", is_flag=True, help="Files: print the report as JSON."
            ),
            click.option(
                "--html",
                type=click.Path(dir_okay=False, path_type=Path),
                metavar="FILE",
                help="One file: write the report as a page that needs nothing else.",
            ),
            click.option(
                "--seconds",
                type=click.FloatRange(min=1.0),
                default=usual.seconds,
                show_default=True,
                help="Files: time for each.",
            ),
            click.option(
                "--memory",
                type=click.IntRange(min=256),
                default=usual.memory // 2**20,
                show_default=True,
                metavar="MIB",
                help="Files: memory for each, in MiB.",
            ),
            click.option(
                "--gradient",
                metavar="NAME",
                help='Files: the function that returns the gradients, or "grad_{p}" for one each.',
            ),
            click.option(
                "--parameters", metavar="NAME[,NAME…]", help="Files: names of the parameters."
            ),
        ],
    )


@click.command(
    short_help="Check the Jacobians of a network, or of a file.",
    epilog="""\b
Examples:
  chainrule check 5-3-2-2
  chainrule check 20-16-4 --activation relu,softmax --cost cross_entropy --l2 0.1
  chainrule check 3-4-1 --dtype float32 --examples 50
  chainrule check 6-8-2 --activation silu --cost absolute_error --dropout 0.5 --weights
  chainrule check notebook.ipynb
  chainrule check first.py second.py --seconds 10 --json""",
)
@click.argument("targets", nargs=-1, required=True, metavar="SIZES|PATH...")
@of_files
@lambda command: options.with_all(
    command, options.describing(" For a file: the name of its cost function.")
)
@options.drawn
@click.option(
    "--dtype",
    type=click.Choice(["float64", "float32"]),
    default="float64",
    show_default=True,
    help="In which the Jacobians are computed.",
)
@click.pass_context
def check(ctx: click.Context, /, targets: tuple[str, ...], **given: Any) -> None:
    """Check Jacobians against the cost that they belong to.

    Of a network of the given SIZES, such as 5-3-2-2: they are derived, and every element is held
    against differences of the cost. Of a PATH, which is a notebook or a Python file in which
    somebody wrote backpropagation by hand: its code runs in a process of its own, with limits, and
    what is wrong with it is named. What exists, or ends in .ipynb, .py, .txt or .md, is a path.

    Exit status 0 if all is right, 1 if something is wrong, 2 if it could not be judged.
    """
    if any(map(_is_path, targets)):
        _only(ctx, (*OF_FILES, *OF_BOTH), "a network, not with files")
        for target in targets:
            if not _is_path(target):
                raise click.UsageError(f"{target!r} is no file, and beside files goes nothing else")
        named = ctx.get_parameter_source("cost") is not ParameterSource.DEFAULT
        given["cost"] = given["cost"] if named else None
        for option in ("gradient", "cost"):
            if given[option] and not given["parameters"]:
                raise click.UsageError(
                    f"--{option} needs --parameters too: with them functions are taken by name, "
                    "without they are recognised"
                )
        raise SystemExit(files(targets, **{name: given[name] for name in (*OF_FILES, "cost")}))
    described = {name: value for name, value in given.items() if name not in OF_FILES}
    sizes = [options.Sizes().convert(target, None, ctx) for target in targets]
    _only(ctx, (*described, *OF_BOTH), "files, not with a network")
    if len(sizes) > 1:
        raise click.UsageError(f"a network has one list of sizes; {targets[1]!r} is another")
    network(sizes[0], **described)


def _is_path(target: str) -> bool:
    if not target or "\0" in target:
        return False
    return target.lower().endswith(SUFFIXES) or "/" in target or Path(target).exists()


def _only(ctx: click.Context, names: tuple[str, ...], words: str) -> None:
    """Refuse options that go with the other kind of target."""
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name or "")
        if parameter.name not in names and source is not ParameterSource.DEFAULT:
            raise click.UsageError(f"{parameter.opts[0]} goes with {words}")


def network(
    sizes: list[int],
    examples: int,
    seed: int,
    scheme: str,
    dtype: str,
    weights: bool,
    **described: Any,
) -> None:
    """Check the Jacobians that are derived for a network."""
    net = options.network(sizes, **described)
    at = options.draw(net, examples, seed, scheme, weights, dtype)
    report = check_gradients(net, at.params, at.x, at.y, **at.further)
    click.echo(f"{net.architecture}; {examples} random examples, {dtype}")
    click.echo(report.text(options.width()))
    if not report.passed:
        raise SystemExit(1)


def files(
    paths: tuple[str, ...],
    as_json: bool,
    html: Path | None,
    seconds: float,
    memory: int,
    gradient: str | None,
    parameters: str | None,
    cost: str | None,
) -> int:
    """Judge files, show what was found, and return the exit status."""
    if html is not None and len(paths) > 1:
        raise click.UsageError(f"--html goes with one file, not with {len(paths)}")
    if html is not None:
        _must_be_writable(html)
    asked: dict[str, Any] = {"gradient": gradient, "cost": cost}
    asked["parameters"] = [name.strip() for name in parameters.split(",")] if parameters else None
    chosen = {name: value for name, value in asked.items() if value}
    limits = Limits(seconds=seconds, memory=memory * 2**20)
    reports = []
    for path in paths:
        report = check_file(path, limits, chosen)
        reports.append(report)
        if not as_json:
            if len(reports) > 1:
                click.echo()
            terminal.show(report)
    if as_json:
        found = [report.to_dict() for report in reports]
        click.echo(json.dumps(found[0] if len(found) == 1 else found, indent=2))
    if html is not None:
        from chainrule.solutions.page import page

        try:
            html.write_text(page(reports[0]), encoding="utf-8")
        except OSError as problem:  # the disk is full: the report was shown, the page is not there
            raise _unwritable(html, problem.strerror or str(problem)) from None
    statuses = {report.status for report in reports}
    return 1 if 1 in statuses else max(statuses)


def _must_be_writable(path: Path) -> None:
    """Refuse a page that cannot be written before anything is computed for it."""
    folder = path.parent
    if not folder.is_dir():
        raise _unwritable(path, f"{folder} is no folder")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise _unwritable(path, "you may not write there")


def _unwritable(path: Path, why: str) -> click.UsageError:
    return click.UsageError(f"--html {path} cannot be written: {why}")
