"""The commands and their options. What they do is elsewhere: `demo` beside this, and below."""

from __future__ import annotations

import functools
import io
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click
import numpy as np

import chainrule
from chainrule.activations import ACTIVATIONS
from chainrule.checking import check as check_gradients
from chainrule.costs import COSTS
from chainrule.derivation import Derivation
from chainrule.errors import ChainruleError, InvalidType
from chainrule.network import Network
from chainrule.parameters import SCHEMES, Parameters
from chainrule.render.text import PAGE

Command = Callable[..., Any]


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


class _Sizes(click.ParamType[list[int]]):
    name = "sizes"

    def convert(self, value: Any, param: Any, ctx: Any) -> list[int]:
        if isinstance(value, list):
            return value
        if not re.fullmatch(r"\d+(-\d+)*", value):
            self.fail(f"{value!r} is no list of layer sizes; write them like 5-3-2-2", param, ctx)
        return [int(size) for size in value.split("-")]


def _cost_names() -> list[str]:
    families = dict.fromkeys(row.family for row in COSTS.values())
    return [family.partition("(")[0] for family in families]


def _described(command: Command) -> Command:
    """Add the argument and the options that describe a network."""
    options = [
        click.argument("sizes", type=_Sizes()),
        click.option(
            "--activation",
            default="sigmoid",
            show_default=True,
            metavar="NAME[,NAME…]",
            help=f"One for all layers or one per layer: {', '.join(ACTIVATIONS)}; with a number, "
            'quoted, as in "leaky_relu(0.2)".',
        ),
        click.option(
            "--output",
            metavar="NAME",
            help="Activation of the last layer; usual: that which goes with the cost.",
        ),
        click.option(
            "--cost",
            default="squared_error",
            show_default=True,
            metavar="NAME",
            help=f'{", ".join(_cost_names())}; with a number, quoted, as in "huber(1.5)".',
        ),
        click.option("--l2", default=0.0, metavar="λ", help="Penalty (λ/2) Σ ‖W‖² on the weights."),
        click.option(
            "--dropout",
            default="0",
            metavar="P[,P…]",
            help="Probability that a hidden unit is left out: one for all layers or one each.",
        ),
        click.option("--weights", is_flag=True, help="Give every example a weight."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _drawn(command: Command) -> Command:
    """Add the options that say where to evaluate a network."""
    options = [
        click.option(
            "--examples",
            type=click.IntRange(min=1, max=100_000),
            default=3,
            show_default=True,
            metavar="M",
            help="Number of random examples.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="Of the random parameters and examples.",
        ),
        click.option(
            "--scheme",
            type=click.Choice(list(SCHEMES)),
            default="xavier",
            show_default=True,
            help="How parameters are drawn.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _width() -> int:
    """Return the width of a terminal, or of a page where the output goes elsewhere."""
    return min(shutil.get_terminal_size().columns, PAGE) if sys.stdout.isatty() else PAGE


def _listed(given: str) -> list[str]:
    """Split at commas, but not at those in parentheses."""
    return re.split(r",(?![^()]*\))", given)


def _network(
    sizes: list[int], activation: str, output: str | None, cost: str, l2: float, dropout: str
) -> Network:
    names = _listed(activation)
    rates = []
    for written in _listed(dropout):
        try:
            rates.append(float(written))
        except ValueError:
            raise InvalidType(f"dropout is {written!r}, wanted a number such as 0.2") from None
    return Network(
        sizes,
        activation=names if len(names) > 1 else names[0],
        output=output,
        cost=cost,
        l2=l2,
        dropout=rates if len(rates) > 1 else rates[0],
    )


@dataclass(frozen=True)
class _Drawn:
    """Where a network is evaluated: random parameters, and examples in the domain of the cost."""

    params: Parameters
    x: np.ndarray
    y: np.ndarray
    further: dict[str, Any]


def _draw(
    net: Network, examples: int, seed: int, scheme: str, weights: bool, dtype: str = "float64"
) -> _Drawn:
    rng = np.random.default_rng(seed)
    params = net.initialize(rng, scheme=scheme, dtype=dtype)
    x = rng.standard_normal((net.sizes[0], examples))
    y = net.architecture.cost.domain.sample(rng, net.sizes[-1], examples)
    further: dict[str, Any] = {"masks": net.draw_masks(rng, examples, dtype) or None}
    if weights:
        further["weights"] = rng.integers(1, 5, examples)
    return _Drawn(params, x, y, further)


FORMATS: dict[str, Callable[[Derivation], str]] = {
    "text": lambda derivation: derivation.text(_width()),
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
@_described
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
@_drawn
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
    net = _network(**described)
    click.echo(FORMATS[kind](net.derive(weights=weights, inputs=inputs)))
    if numbers:
        at = _draw(net, examples, seed, scheme, weights)
        trace = net.trace(at.params, at.x, at.y, **at.further, inputs=inputs)
        click.echo(f"\nnumbers, for {examples} random examples (m = {examples}), seed {seed}")
        click.echo(trace.numbers())


@main.command(
    short_help="Check the Jacobians of a network.",
    epilog="""\b
Examples:
  chainrule check 5-3-2-2
  chainrule check 20-16-4 --activation relu,softmax --cost cross_entropy --l2 0.1
  chainrule check 3-4-1 --dtype float32 --examples 50
  chainrule check 6-8-2 --activation silu --cost absolute_error --dropout 0.5 --weights""",
)
@_described
@_drawn
@click.option(
    "--dtype",
    type=click.Choice(["float64", "float32"]),
    default="float64",
    show_default=True,
    help="In which the Jacobians are computed.",
)
def check(
    examples: int, seed: int, scheme: str, dtype: str, weights: bool, **described: Any
) -> None:
    """Derive the Jacobians of a network of the given SIZES and check them against its cost.

    Every element is held against differences of the cost. Exit status 1 if one is wrong.
    """
    net = _network(**described)
    at = _draw(net, examples, seed, scheme, weights, dtype)
    report = check_gradients(net, at.params, at.x, at.y, **at.further)
    click.echo(f"{net.architecture}; {examples} random examples, {dtype}")
    click.echo(report.text(_width()))
    if not report.passed:
        raise SystemExit(1)


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
