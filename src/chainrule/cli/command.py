"""The commands and their options. What they do is beside this: `check`, `demo`, and below."""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

import chainrule
from chainrule.cli import options
from chainrule.cli.check import check
from chainrule.derivation import Derivation
from chainrule.errors import ChainruleError


class _Teaching(click.Group):
    """Turns whatever was wrong with a command into one line on standard error, exit status 2."""

    def main(self, *args: Any, standalone_mode: bool = True, **kwargs: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # δ in an encoding that has none becomes ?
                stream.reconfigure(errors="replace")
        run = functools.partial(super().main, *args, standalone_mode=False, **kwargs)
        if not standalone_mode:
            return run()
        try:
            sys.exit(run())
        except click.exceptions.NoArgsIsHelpError as problem:
            click.echo(problem.format_message())
            sys.exit(2)
        except click.ClickException as problem:
            _complain(problem.format_message(), problem.exit_code)
        except click.Abort:
            _complain("interrupted", 130)
        except ChainruleError as problem:
            _complain(str(problem))
        except MemoryError:
            _complain("not enough memory for a network of that size")
        except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except OSError as problem:
            name = f"{problem.filename}: " if problem.filename else ""
            _complain(f"{name}{problem.strerror or problem}")


def _complain(message: str, status: int = 2) -> NoReturn:
    click.echo(f"chainrule: {' '.join(message.split())}", err=True)
    sys.exit(status)


@click.group(
    cls=_Teaching,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with: chainrule demo",
)
@click.version_option(chainrule.__version__, prog_name="chainrule")
def main() -> None:
    """Backpropagation that you can read, check and run."""


FORMATS: dict[str, Callable[[Derivation], str]] = {
    "text": lambda derivation: derivation.text(options.width()),
    "numpy": lambda derivation: derivation.emit("numpy").rstrip(),
    "latex": lambda derivation: derivation.latex().rstrip(),
    "html": lambda derivation: derivation.html().rstrip(),
}


@main.command(
    short_help="Show the derivation of a network.",
    epilog="""\b
Examples:
  chainrule explain 5-3-2-2
  chainrule explain 784-30-10 --activation relu,softmax --cost cross_entropy --l2 0.01
  chainrule explain 2-3-1 --activation tanh --numbers --examples 2
  chainrule explain 4-9-1 --activation gelu --output usual --cost "huber(1.5)" --dropout 0.2
  chainrule explain 1-6-7-2 --format numpy""",
)
@options.described
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="As a page of text, a NumPy file, a LaTeX document or a page in HTML.",
)
@click.option("--inputs", is_flag=True, help="Also derive the Jacobian with respect to the inputs.")
@click.option("--numbers", is_flag=True, help="Also evaluate every equation, at random numbers.")
@options.drawn
def explain(
    kind: str,
    inputs: bool,
    numbers: bool,
    examples: int,
    seed: int,
    scheme: str,
    weights: bool,
    **described: Any,
) -> None:
    """Derive the backpropagation of a network of the given SIZES, such as 5-3-2-2.

    Prints every equation from the inputs to the cost and back to the Jacobians, with its shape and
    the reason for it.
    """
    if numbers and kind != "text":
        raise click.UsageError(f"--numbers goes with --format text, not with {kind}")
    net = options.network(**described)
    click.echo(FORMATS[kind](net.derive(weights=weights, inputs=inputs)))
    if numbers:
        at = options.draw(net, examples, seed, scheme, weights)
        trace = net.trace(at.params, at.x, at.y, **at.further, inputs=inputs)
        click.echo(f"\nnumbers, for {examples} random examples (m = {examples}), seed {seed}")
        click.echo(trace.numbers())


main.add_command(check)


@main.command(
    short_help="See it work: notebook, heart, digits.",
    epilog="""\b
Examples:
  chainrule demo
  chainrule demo --out pictures""",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("chainrule-demo"),
    show_default=True,
    help="Folder for the pictures.",
)
@click.option(
    "--updates",
    type=click.IntRange(min=1),
    default=50_000,
    show_default=True,
    help="Updates of the heart.",
)
def demo(out: Path, updates: int) -> None:
    """See it work in half a minute, on the notebook's network, a heart and handwritten digits.

    Prints the results with a check of every Jacobian, and writes pictures.
    """
    from chainrule.cli import demo as demonstration

    demonstration.run(out, updates)
