"""Options that commands share: what describes a network, and what draws numbers for it."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
import numpy as np

from chainrule.activations import ACTIVATIONS
from chainrule.costs import COSTS
from chainrule.errors import InvalidType
from chainrule.network import Network
from chainrule.parameters import SCHEMES, Parameters
from chainrule.render.text import PAGE

Command = Callable[..., Any]


SIZES = re.compile(r"\d+(-\d+)*")


class Sizes(click.ParamType[list[int]]):
    """Sizes of layers, as in ``5-3-2-2``."""

    name = "sizes"

    def convert(self, value: Any, param: Any, ctx: Any) -> list[int]:
        """Return them as numbers."""
        if isinstance(value, list):
            return value
        if not SIZES.fullmatch(value):
            self.fail(f"{value!r} is no list of layer sizes; write them like 5-3-2-2", param, ctx)
        return [int(size) for size in value.split("-")]


def _cost_names() -> list[str]:
    families = dict.fromkeys(row.family for row in COSTS.values())
    return [family.partition("(")[0] for family in families]


def describing(cost: str = "") -> list[Callable[[Command], Command]]:
    """Return the options that describe a network; what is given is said of ``--cost`` as well."""
    return [
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
            help=f'{", ".join(_cost_names())}; with a number, quoted, as in "huber(1.5)".{cost}',
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


def with_all(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    """Add options to a command, in their order."""
    for option in reversed(options):
        command = option(command)
    return command


def described(command: Command) -> Command:
    """Add the argument and the options that describe a network."""
    return with_all(command, [click.argument("sizes", type=Sizes()), *describing()])


def drawn(command: Command) -> Command:
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
    return with_all(command, options)


def width() -> int:
    """Return the width of a terminal, or of a page where the output goes elsewhere."""
    return min(shutil.get_terminal_size().columns, PAGE) if sys.stdout.isatty() else PAGE


def _listed(given: str) -> list[str]:
    """Split at commas, but not at those in parentheses."""
    return re.split(r",(?![^()]*\))", given)


def network(
    sizes: list[int], activation: str, output: str | None, cost: str, l2: float, dropout: str
) -> Network:
    """Return the network that the options describe."""
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
class Drawn:
    """Where a network is evaluated: random parameters, and examples in the domain of the cost."""

    params: Parameters
    x: np.ndarray
    y: np.ndarray
    further: dict[str, Any]


def draw(
    net: Network, examples: int, seed: int, scheme: str, weights: bool, dtype: str = "float64"
) -> Drawn:
    """Return random parameters, and examples in the domain of the cost."""
    rng = np.random.default_rng(seed)
    params = net.initialize(rng, scheme=scheme, dtype=dtype)
    x = rng.standard_normal((net.sizes[0], examples))
    y = net.architecture.cost.domain.sample(rng, net.sizes[-1], examples)
    further: dict[str, Any] = {"masks": net.draw_masks(rng, examples, dtype) or None}
    if weights:
        further["weights"] = rng.integers(1, 5, examples)
    return Drawn(params, x, y, further)
