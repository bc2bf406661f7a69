"""The table of networks on which every law is tried, and random networks beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule import Network, Parameters
from chainrule.activations import ACTIVATIONS
from chainrule.architecture import Architecture


@dataclass(frozen=True)
class Case:
    """A network by name, and the number of examples to try it with."""

    name: str
    sizes: tuple[int, ...]
    activation: Any
    cost: str
    l2: float = 0.0
    examples: int = 3

    def network(self) -> Network:
        return Network(self.sizes, activation=self.activation, cost=self.cost, l2=self.l2)


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
)


def by_name(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def draw(
    net: Network, examples: int, seed: int = 0, scale: float = 0.8, dtype: Any = np.float64
) -> tuple[Parameters, np.ndarray, np.ndarray]:
    """Parameters with non-zero biases, inputs, and targets in the domain of the cost."""
    rng = np.random.default_rng(seed)
    params = net.initialize(rng, scheme="normal", scale=scale, dtype=dtype)
    x = rng.standard_normal((net.sizes[0], examples))
    y = net.architecture.cost.domain.sample(rng, net.sizes[-1], examples)
    return params, x, y


def matching_costs(output: str, units: int) -> list[str]:
    """Names of the costs that may follow an output activation."""
    if output == "sigmoid" or (output == "softmax" and units > 1):
        return ["squared_error", "cross_entropy"]
    return ["squared_error"]


@st.composite
def networks(draw_: st.DrawFn) -> tuple[Network, int, int]:
    """A random network, a number of examples, and a seed."""
    depth = draw_(st.integers(1, 4))
    sizes = [draw_(st.integers(1, 6)) for _ in range(depth + 1)]
    names = []
    for units in sizes[1:]:
        fitting = [name for name in ACTIVATIONS if name != "softmax" or units > 1]
        names.append(draw_(st.sampled_from(fitting)))
    cost = draw_(st.sampled_from(matching_costs(names[-1], sizes[-1])))
    l2 = draw_(st.sampled_from([0.0, 0.0, 0.1, 3.0]))
    net = Network(sizes, activation=names, cost=cost, l2=l2)
    return net, draw_(st.integers(1, 5)), draw_(st.integers(0, 2**31))


def architecture_of_undefined_functions(
    depth: int, width: int, cost: Any, rows: Any
) -> Architecture:
    """A chain whose functions have names only, for proofs that hold for all functions."""
    return Architecture((width,) * (depth + 1), tuple(rows[:depth]), cost)
