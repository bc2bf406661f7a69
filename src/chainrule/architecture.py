"""Architecture: the frozen description of a feed-forward network.

It says how many units each layer has, the activation of each layer, the cost and the penalty.
It holds no numbers that are learnt (`parameters`) and can do nothing (`network`). Everything
that can be wrong with a description is refused here, once.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule import activations, costs
from chainrule.activations import Activation
from chainrule.costs import Cost
from chainrule.errors import InvalidType, InvalidValue, PairRefused


@dataclass(frozen=True)
class Architecture:
    """Sizes, activations, cost and penalty of a network; `describe` makes one from names.

    Parameters
    ----------
    sizes : tuple of int
        Number of units of each layer, the inputs first: ``(n0, n1, …, n_L)``.
    activations : tuple of Activation
        One row per layer of weights, L in all.
    cost : Cost
        The row of the cost.
    l2 : float
        λ of the penalty (λ/2) Σ ‖W‖², on weights only.
    """

    sizes: tuple[int, ...]
    activations: tuple[Activation, ...]
    cost: Cost
    l2: float = 0.0

    @property
    def layers(self) -> int:
        """Number of layers of weights, L."""
        return len(self.sizes) - 1

    @property
    def inputs(self) -> int:
        """Number of inputs, n0."""
        return self.sizes[0]

    @property
    def outputs(self) -> int:
        """Number of outputs, n_L."""
        return self.sizes[-1]

    def __str__(self) -> str:
        names = [row.name for row in self.activations]
        spelled = names[0] if len(set(names)) == 1 else ", ".join(names)
        sizes = "-".join(map(str, self.sizes))
        penalty = f", penalty λ = {self.l2:g}" if self.l2 else ""
        return f"network {sizes}, {spelled}, {self.cost.symbol}{penalty}"


def describe(
    sizes: Sequence[int],
    activation: str | Sequence[str],
    cost: str,
    l2: float = 0.0,
) -> Architecture:
    """Make an architecture from what people type.

    Parameters
    ----------
    sizes : sequence of int
        ``[n0, n1, …, n_L]``, at least two, each at least 1.
    activation : str or sequence of str
        One name for all layers, or one per layer of weights. A single name that the cost cannot
        follow (relu before cross-entropy, say) stands for the hidden layers, and the last layer
        gets the cost's usual output activation.
    cost : str
        Name of the cost.
    l2 : float, optional
        λ ≥ 0 of the penalty.

    Raises
    ------
    InvalidValue, InvalidType
        If sizes or the penalty are impossible, or activations are not as many as layers.
    UnknownName
        If no such activation or cost exists.
    PairRefused
        If the cost cannot follow the last activation.

    Examples
    --------
    >>> print(describe([784, 30, 10], "relu", "cross_entropy"))
    network 784-30-10, relu, softmax, cross-entropy
    """
    checked = _sizes(sizes)
    layers, outputs = len(checked) - 1, checked[-1]
    rows = _activations(activation, cost, layers, outputs)
    for layer, row in enumerate(rows, start=1):
        if row.name == "softmax" and checked[layer] == 1:
            raise PairRefused(
                f"softmax over the single unit of layer {layer} is 1 whatever the weights: "
                "use sigmoid there, or give the layer two units"
            )
    return Architecture(checked, rows, costs.find(cost, rows[-1]), _penalty(l2))


def _sizes(sizes: Any) -> tuple[int, ...]:
    if isinstance(sizes, str) or not isinstance(sizes, Iterable):
        raise InvalidType(f"sizes is {sizes!r}, wanted a list of layer sizes such as [5, 3, 2, 2]")
    checked = []
    for place, size in enumerate(sizes):
        try:
            units = operator.index(size)
        except TypeError:
            raise InvalidType(
                f"sizes[{place}] is {size!r}, wanted a whole number of units"
            ) from None
        if isinstance(size, bool) or units < 1:
            raise InvalidValue(f"sizes[{place}] is {size!r}, wanted at least one unit")
        checked.append(units)
    if len(checked) < 2:
        raise InvalidValue(
            f"sizes is {checked}, wanted at least inputs and outputs: without a layer there is "
            "nothing to learn; try [5, 2]"
        )
    return tuple(checked)


def _activations(activation: Any, cost: str, layers: int, outputs: int) -> tuple[Activation, ...]:
    if isinstance(activation, str):
        row = activations.find(activation)
        last = row
        if not any(candidate.may_meet(row) for candidate in costs.rows_named(cost)):
            last = activations.find(costs.usual_output(cost, outputs))
        return (row,) * (layers - 1) + (last,)
    if not isinstance(activation, Iterable):
        raise InvalidType(
            f"activation is {activation!r}, wanted a name or a list with one name per layer"
        )
    names = list(activation)
    if len(names) != layers:
        raise InvalidValue(
            f"activation has {len(names)} names, wanted {layers}: one per layer of weights, "
            "the inputs have none"
        )
    return tuple(activations.find(name) for name in names)


def _penalty(l2: Any) -> float:
    try:
        value = float(l2)
    except (TypeError, ValueError):
        raise InvalidType(f"l2 is {l2!r}, wanted a number") from None
    if not (math.isfinite(value) and value >= 0):
        raise InvalidValue(f"l2 is {value}, wanted a finite number, 0 or larger")
    return value
