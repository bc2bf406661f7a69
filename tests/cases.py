"""The table of networks on which every law is tried, and random networks beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule import Network, Parameters
from chainrule.activations import ACTIVATIONS
from chainrule.architecture import Architecture
from chainrule.costs import COSTS
from chainrule.derivation import Derivation


@dataclass(frozen=True)
class Case:
    """A network by name, and the number of examples to try it with."""

    name: str
    sizes: tuple[int, ...]
    activation: Any
    cost: str
    l2: float = 0.0
    examples: int = 3
    dropout: Any = 0.0
    weighted: bool = False

    def network(self) -> Network:
        return Network(
            self.sizes,
            activation=self.activation,
            cost=self.cost,
            l2=self.l2,
            dropout=self.dropout,
        )

    def derivation(self) -> Derivation:
        return self.network().derive(weights=self.weighted)


CASES = (
    Case("notebook", (5, 3, 2, 2), "sigmoid", "squared_error", examples=1),
    Case("heart", (1, 6, 7, 2), "sigmoid", "squared_error", examples=11),
    Case("one_unit", (1, 1), "sigmoid", "squared_error", examples=1),
    Case("tanh_deep", (3, 4, 2, 5, 2), "tanh", "squared_error", l2=0.1),
    Case("relu_identity", (4, 5, 3), ("relu", "identity"), "squared_error", examples=7),
    Case("binary", (3, 4, 1), ("tanh", "sigmoid"), "cross_entropy", l2=0.02, examples=5),
    Case("multilabel", (3, 2, 3), "sigmoid", "cross_entropy", examples=5),
    Case("classes", (4, 6, 3), "relu", "cross_entropy", examples=5),
    Case("classes_penalised", (2, 3, 2, 4), "tanh", "cross_entropy", l2=0.3, examples=5),
    Case("softmax_squared", (3, 4, 3), ("sigmoid", "softmax"), "squared_error"),
    Case("softmax_hidden", (3, 4, 2), ("softmax", "identity"), "squared_error", l2=0.5),
    Case("weighted", (2, 3, 1), ("tanh", "identity"), "huber", 0.1, 4, weighted=True),
    Case("weighted_classes", (2, 4, 3), "silu", "cross_entropy", examples=5, weighted=True),
    Case("dropped", (3, 5, 4, 2), "gelu", "squared_error", 0.2, 4, dropout=(0.25, 0.5)),
    Case("dropped_weighted", (2, 5, 1), ("elu(1.5)", "exp"), "poisson", 0, 6, 0.4, weighted=True),
    Case("numbers", (2, 3, 3, 2), ("leaky_relu(0.3)", "elu(0.7)", "identity"), "quantile(0.9)"),
)
# Every row of the tables has a case of its own, without being asked for.
ROWS = tuple(
    Case(f"activation_{name}", (2, 3, 2), (name, "identity"), "squared_error")
    for name in ACTIVATIONS
) + tuple(
    Case(f"cost_{name}", (2, 3, 2), ("tanh", row.usual_output), name, examples=4)
    for name, row in COSTS.items()
)
CASES += ROWS


def by_name(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def conditions(net: Network, examples: int, seed: int, *, weighted: bool) -> dict[str, Any]:
    """Weights of examples, if wanted, and dropout masks, if the network drops units."""
    rng = np.random.default_rng([seed, 1])
    weights = rng.uniform(0.2, 3.0, examples) if weighted else None
    masks = net.draw_masks(rng, examples) or None
    return {"weights": weights, "masks": masks}


def draw(
    net: Network, examples: int, seed: int = 0, scale: float = 0.8, dtype: Any = np.float64
) -> tuple[Parameters, np.ndarray, np.ndarray]:
    """Parameters with non-zero biases, inputs, and targets in the domain of the cost."""
    rng = np.random.default_rng(seed)
    params = net.initialize(rng, scheme="normal", scale=scale, dtype=dtype)
    x = rng.standard_normal((net.sizes[0], examples))
    y = net.architecture.cost.domain.sample(rng, net.sizes[-1], examples)
    return params, x, y


def matching_costs(output: str) -> list[str]:
    """Names of the costs that may follow an output activation."""
    return [name for name, row in COSTS.items() if row.may_meet(ACTIVATIONS[output])]


@st.composite
def networks(draw_: st.DrawFn) -> tuple[Network, int, int, bool]:
    """A random network, a number of examples, a seed, and whether examples are weighted.

    The exponential stands at the end only: three on top of each other overflow.
    """
    depth = draw_(st.integers(1, 4))
    sizes = [draw_(st.integers(1, 6)) for _ in range(depth + 1)]
    names = []
    for layer, units in enumerate(sizes[1:], start=1):
        unfit = {"softmax"} if units == 1 else set()
        unfit |= {"exp"} if layer < depth else set()
        names.append(draw_(st.sampled_from([name for name in ACTIVATIONS if name not in unfit])))
    cost = draw_(st.sampled_from(matching_costs(names[-1])))
    l2 = draw_(st.sampled_from([0.0, 0.0, 0.1, 3.0]))
    dropout = draw_(st.sampled_from([0.0, 0.0, 0.4])) if depth > 1 else 0.0
    net = Network(sizes, activation=names, cost=cost, l2=l2, dropout=dropout)
    return net, draw_(st.integers(1, 5)), draw_(st.integers(0, 2**31)), draw_(st.booleans())


def architecture_of_undefined_functions(
    depth: int, width: int, cost: Any, rows: Any
) -> Architecture:
    """A chain whose functions have names only, for proofs that hold for all functions."""
    return Architecture((width,) * (depth + 1), tuple(rows[:depth]), cost)
