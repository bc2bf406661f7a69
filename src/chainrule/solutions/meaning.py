"""Which network and which cost somebody's code computes, by comparing numbers.

The forward pass is compared with that of networks whose activations are rows of the table; the
cost with the costs of the table, up to a factor ±2^i m^a d^b k^c that holds over probes in which m,
d and k vary.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.activations import ACTIVATIONS
from chainrule.costs import COSTS
from chainrule.errors import ChainruleError
from chainrule.network import Network
from chainrule.solutions.reading import Array, Probe

NEAR = 1e-8
POINTS = np.array([-2.3, -1.1, -0.4, 0.3, 0.9, 1.7])


@dataclass(frozen=True)
class Scale:
    """A factor on a cost: ±2^two times powers of the sizes."""

    two: int
    powers: Mapping[str, int]

    def value(self, probe: Probe) -> float:
        """Return the factor for a probe, on a cost that is a mean over the examples."""
        sizes = sizes_of(probe)
        found = 2.0**self.two
        for name, power in self.powers.items():
            found *= float(sizes[name]) ** power
        return found

    @property
    def usual(self) -> bool:
        """Whether it is the mean over the examples, times a power of 2."""
        return not any(self.powers.values())


def sizes_of(probe: Probe) -> dict[str, int]:
    """Return m, d and k of a probe."""
    return {"m": probe.examples, "d": int(probe.x.shape[0]), "k": int(probe.y.shape[0])}


def activation_named(function: Callable[[Array], Any]) -> str | None:
    """Return the row of the table that a function is; ``None`` if it is none of them."""
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(function(POINTS.copy()), dtype=float)
    except Exception:  # it wants something else: no activation that can be compared
        return None
    for name, row in ACTIVATIONS.items():
        if row.elementwise and found.shape == POINTS.shape:
            values = Network([1, 1], activation=row, cost="squared_error")
            params = values.initialize(0)
            params["W1"][...], params["b1"][...] = 1.0, 0.0
            if np.allclose(values.forward(params, POINTS[None, :])[0], found, rtol=1e-6, atol=1e-7):
                return name
    return None


def networks(layers: Sequence[int], hidden: str | None) -> Iterator[tuple[str, str]]:
    """Yield pairs of hidden and output activation, the most likely first."""
    usual = ["sigmoid", "tanh", "relu"]
    names = [*usual, *(name for name in ACTIVATIONS if name not in usual)]
    first = [hidden] if hidden else []
    for inside in dict.fromkeys([*first, *names]):
        if not ACTIVATIONS[inside].elementwise:
            continue
        outs = [inside, "sigmoid", "softmax", "identity", "tanh"]
        for out in dict.fromkeys([*outs, *names]):
            yield inside, out
        if len(layers) == 2:
            break


def recognised(
    probe: Probe, outputs: Array, hidden: str | None
) -> tuple[tuple[str, ...], float] | None:
    """Return the activations, layer by layer, that make a person's outputs of the parameters."""
    sizes = probe.params.sizes
    for inside, out in networks(sizes, hidden):
        activations = [*[inside] * (len(sizes) - 2), out]
        try:
            net = Network(sizes, activation=activations, cost="squared_error")
            wanted = net.forward(probe.params, probe.x)
        except ChainruleError:
            continue
        if outputs.shape == wanted.shape and np.allclose(outputs, wanted, rtol=NEAR, atol=1e-10):
            return tuple(activations), float(np.max(np.abs(outputs - wanted)))
    return None


def cost_named(
    activations: Sequence[str], probes: Sequence[Probe], values: Sequence[float]
) -> tuple[str, Scale] | None:
    """Return which cost of the table a person's is, and its factor."""
    for name in COSTS:
        ratios = []
        for probe, value in zip(probes, values, strict=True):
            try:
                net = Network(probe.params.sizes, activation=list(activations), cost=name)
                base = net.cost(probe.params, probe.x, probe.y)
            except ChainruleError:
                break
            ratios.append(value / base if base else np.nan)
        if len(ratios) == len(probes) and np.isfinite(ratios).all():
            scale = _explained(ratios, probes)
            if scale is not None:
                return name, scale
    return None


def _explained(ratios: Sequence[float], probes: Sequence[Probe]) -> Scale | None:
    options = itertools.product((0, -1, 1, -2, 2), (0, 1, -1), (0, -1, 1), (0, -1, 1))
    for two, m, d, k in sorted(options, key=lambda each: sum(map(abs, each))):
        scale = Scale(two, {"m": m, "d": d, "k": k})
        if all(
            abs(ratio - scale.value(probe)) <= NEAR * abs(ratio)
            for ratio, probe in zip(ratios, probes, strict=True)
        ):
            return scale
    return None
