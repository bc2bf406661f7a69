"""Architecture: the frozen description of a feed-forward network.

It says how many units each layer has, the activation of each layer, the cost and the penalty.
It holds no numbers that are learnt (`parameters`) and can do nothing (`network`). Everything
that can be wrong with a description is refused here, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule import activations, costs, notation
from chainrule.activations import Activation
from chainrule.arguments import layer_sizes, positive
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

    def constants(self, examples: int) -> dict[str, float]:
        """Return the values of the named constants of the equations, for a batch of `examples`."""
        return {notation.EXAMPLES: examples, notation.PENALTY: self.l2}

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
    checked = layer_sizes(sizes)
    layers, outputs = len(checked) - 1, checked[-1]
    rows = _activations(activation, cost, layers, outputs)
    for layer, row in enumerate(rows, start=1):
        if row.name == "softmax" and checked[layer] == 1:
            raise PairRefused(
                f"softmax over the single unit of layer {layer} is 1 whatever the weights: "
                "use sigmoid there, or give the layer two units"
            )
    return Architecture(checked, rows, costs.find(cost, rows[-1]), positive("l2", l2, or_zero=True))


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
