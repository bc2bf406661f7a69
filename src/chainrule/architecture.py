"""Architecture: the frozen description of a feed-forward network.

It says how many units each layer has, the activation of each layer, the cost, the penalty and
the rates of dropout. It holds no numbers that are learnt (`parameters`) and can do nothing
(`network`). Everything that can be wrong with a description is refused here, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule import activations, costs, notation
from chainrule.activations import Activation
from chainrule.arguments import layer_sizes, zero_or_more
from chainrule.costs import Cost
from chainrule.errors import InvalidType, InvalidValue, PairRefused


@dataclass(frozen=True)
class Architecture:
    """Sizes, activations, cost, penalty and dropout of a network; `describe` makes one from names.

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
    dropout : tuple of float
        For every hidden layer the probability with which a unit is left out, L − 1 in all; empty
        for none.
    """

    sizes: tuple[int, ...]
    activations: tuple[Activation, ...]
    cost: Cost
    l2: float = 0.0
    dropout: tuple[float, ...] = ()

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

    def drops(self, layer: int) -> bool:
        """Return whether units of a layer, counted from 1, are left out at random."""
        return 1 <= layer <= len(self.dropout) and self.dropout[layer - 1] > 0

    @property
    def masks(self) -> dict[str, int]:
        """Names of the dropout masks, each with the number of units of its layer."""
        layers = range(1, self.layers)
        return {notation.mask(k): self.sizes[k] for k in layers if self.drops(k)}

    def constants(self, values: Mapping[str, Any]) -> dict[str, float]:
        """Return the values of the named constants of the equations, for a batch.

        Where all weights are zero, their sum counts as 1: the cost of such a batch is 0, and not
        0/0.
        """
        examples = values[notation.activations(0)].shape[-1]
        constants: dict[str, float] = {notation.EXAMPLES: examples, notation.PENALTY: self.l2}
        if notation.EXAMPLE_WEIGHTS in values:
            total = float(values[notation.EXAMPLE_WEIGHTS].sum(dtype=float))
            constants[notation.TOTAL_WEIGHT] = total or 1.0
        return constants

    def described(self) -> dict[str, Any]:
        """Return what makes it anew, in the words of `describe`: names and numbers."""
        return {
            "sizes": list(self.sizes),
            "activation": [row.name for row in self.activations],
            "cost": self.cost.name,
            "l2": self.l2,
            "dropout": list(self.dropout) or 0.0,
        }

    def __str__(self) -> str:
        names = [row.name for row in self.activations]
        spelled = names[0] if len(set(names)) == 1 else ", ".join(names)
        sizes = "-".join(map(str, self.sizes))
        penalty = f", penalty λ = {self.l2:g}" if self.l2 else ""
        different = len(set(self.dropout)) > 1
        rates = ", ".join(f"{rate:g}" for rate in (self.dropout if different else self.dropout[:1]))
        dropout = f", dropout {rates}" if self.masks else ""
        cost = self.cost.name if "(" in self.cost.name else self.cost.symbol  # with its number
        return f"network {sizes}, {spelled}, {cost}{penalty}{dropout}"


def describe(
    sizes: Sequence[int],
    activation: Any,
    cost: Any,
    l2: float = 0.0,
    dropout: Any = 0.0,
    output: Any = None,
) -> Architecture:
    """Make an architecture from what people type.

    Parameters
    ----------
    sizes : sequence of int
        ``[n0, n1, …, n_L]``, at least two, each at least 1.
    activation : str, Activation or sequence of them
        One for all layers, or one per layer of weights. A single one that the cost cannot follow
        (relu before cross-entropy, say) stands for the hidden layers, and the last layer gets the
        cost's usual output activation.
    cost : str or Cost
        The cost, or its name.
    l2 : float, optional
        λ ≥ 0 of the penalty.
    dropout : float or sequence of float, optional
        Probability with which a hidden unit is left out: one for all hidden layers, or one each.
    output : str or Activation, optional
        Activation of the last layer, beside a single `activation`; ``"usual"`` for that which
        goes with the cost.

    Raises
    ------
    InvalidValue, InvalidType
        If sizes, penalty or dropout are impossible, or activations are not as many as layers.
    UnknownName
        If no such activation or cost exists.
    PairRefused
        If the cost cannot follow the last activation.

    Examples
    --------
    >>> print(describe([784, 30, 10], "relu", "cross_entropy"))
    network 784-30-10, relu, softmax, cross-entropy
    >>> print(describe([4, 9, 1], "gelu", "huber(1.5)", dropout=0.2, output="usual"))
    network 4-9-1, gelu, identity, huber(delta=1.5), dropout 0.2
    """
    checked = layer_sizes(sizes)
    rows = _activations(activation, output, cost, checked)
    for layer, row in enumerate(rows, start=1):
        if row.name == "softmax" and checked[layer] == 1:
            raise PairRefused(
                f"softmax over the single unit of layer {layer} is 1 whatever the weights: "
                "use sigmoid there, or give the layer two units"
            )
    return Architecture(
        checked,
        rows,
        costs.find(cost, rows[-1]),
        zero_or_more("l2", l2),
        _rates(dropout, len(checked) - 2),
    )


def _activations(
    activation: Any, output: Any, cost: Any, sizes: tuple[int, ...]
) -> tuple[Activation, ...]:
    layers = len(sizes) - 1
    if isinstance(activation, (str, Activation)):
        row = activations.find(activation)
        last = row if output is None else output
        fits = any(candidate.may_meet(row) for candidate in costs.rows_named(cost))
        if output == "usual" or (output is None and not fits):
            last = costs.usual_output(cost, sizes[-1])
        return (row,) * (layers - 1) + (activations.find(last),)
    if not isinstance(activation, Iterable):
        raise InvalidType(
            f"activation is {activation!r}, wanted a name or a list with one name per layer; a "
            "function of your own is made known by register_activation"
        )
    if output is not None:
        raise InvalidValue(
            f"output is {output!r}, but activation is a list: its last entry is that of the last "
            "layer; give one or the other"
        )
    names = list(activation)
    if len(names) != layers:
        raise InvalidValue(
            f"activation has {len(names)} names, wanted {layers}: one per layer of weights, "
            "the inputs have none"
        )
    return tuple(activations.find(name) for name in names)


def _rates(dropout: Any, hidden: int) -> tuple[float, ...]:
    if isinstance(dropout, (str, bytes)) or not isinstance(dropout, Iterable):
        rate = zero_or_more("dropout", dropout)
        if rate and not hidden:
            raise InvalidValue(
                f"dropout is {rate:g}, but there is no hidden layer: inputs and outputs are never "
                "left out"
            )
        rates = [rate] * hidden
    else:
        rates = [zero_or_more("dropout", rate) for rate in dropout]
    if len(rates) != hidden:
        raise InvalidValue(
            f"dropout has {len(rates)} rates, wanted {hidden}: one per hidden layer; inputs and "
            "outputs are never left out"
        )
    for rate in rates:
        if rate >= 1:
            raise InvalidValue(
                f"dropout is {rate:g}, wanted a probability below 1: no unit would be left"
            )
    return tuple(rates) if any(rates) else ()
