"""Which network and which cost somebody's code computes, by comparing numbers.

The forward pass is compared with that of networks whose activations are rows of the table; the
cost with the costs of the table, up to a factor ±2^i m^a d^b k^c that holds over probes in which m,
d and k vary, and a penalty on the weights beside it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule import expr, notation
from chainrule.activations import ACTIVATIONS, Activation, find
from chainrule.costs import COSTS, Cost
from chainrule.equation import Equation
from chainrule.evaluate import Plan
from chainrule.network import Network
from chainrule.solutions.calling import Failed, theirs
from chainrule.solutions.reading import Array, Probe

NEAR = 1e-8
NEAR_SINGLE = 2e-6
"""The same where outputs are in float32."""

GUARDED = 1e-4
"""How far a cost may be off that has an epsilon, or a bound, inside its logarithm."""

FIRST = ("squared_error", "binary_cross_entropy", "categorical_cross_entropy")
LOG_2 = {notation.LOG_2: float(np.log(2.0))}

POINTS = np.array([-2.3, -1.1, -0.4, 0.3, 0.9, 1.7])
USUAL = ("sigmoid", "tanh", "relu", "leaky_relu", "identity")
LAST = ("gelu",)
"""Needs SciPy, whose import takes longer than all the rest: tried when nothing else fits."""

LEAKY = tuple(f"leaky_relu({slope})" for slope in (0.1, 0.2, 0.05, 0.3, 0.02, 0.001, 0.25, 0.5))


@dataclass(frozen=True)
class Scale:
    """A factor on a cost: ±2^two times powers of the sizes."""

    two: int
    powers: Mapping[str, int]
    sign: int = 1

    def value(self, probe: Probe) -> float:
        """Return the factor for a probe, on a cost that is a mean over the examples."""
        sizes = sizes_of(probe)
        found = self.sign * 2.0**self.two
        for name, power in self.powers.items():
            found *= float(sizes[name]) ** power
        return found

    @property
    def usual(self) -> bool:
        """Whether it is the mean over the examples, times a power of 2."""
        return not any(self.powers.values())


@dataclass(frozen=True)
class Meaning:
    """What a person's cost is.

    Parameters
    ----------
    name : str
        Row of the table of costs.
    scale : Scale
    decay : mapping of int to float
        By the number of examples: c where (c/2) Σ‖W‖² stands beside it; empty without a penalty.
    """

    name: str
    scale: Scale
    decay: Mapping[int, float]

    def network(self, activations: Sequence[str], probe: Probe) -> tuple[Network, float]:
        """Return the network for a probe, and the factor on its cost that makes it theirs."""
        factor = self.scale.value(probe)
        l2 = self.decay.get(probe.examples, 0.0) / factor
        net = Network(
            probe.params.sizes, activation=list(activations), cost=self.name, l2=max(l2, 0.0)
        )
        return net, factor


def sizes_of(probe: Probe) -> dict[str, int]:
    """Return m, d and k of a probe."""
    return {"m": probe.examples, "d": int(probe.x.shape[0]), "k": int(probe.y.shape[0])}


# Activations -----------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _plan(row: Activation, units: int) -> Plan:
    z = expr.symbol("z", (units, notation.EXAMPLES))
    return Plan([Equation("a", row.of(z))], ["a"])


def value(name: str, z: Array) -> Array:
    """Return an activation of the table at weighted sums, units × examples."""
    with np.errstate(all="ignore"):
        (found,) = _plan(find(name), z.shape[0])({"z": z}, {})
    return np.asarray(found)


def slope_of_sum(name: str, z: Array) -> Array:
    """Return the derivative of an activation of the table, units × examples."""
    body = expr.derivative(find(name), expr.symbol("z", (z.shape[0], notation.EXAMPLES)))
    (found,) = Plan([Equation("slope", body)], ["slope"])({"z": z}, {})
    return np.broadcast_to(np.asarray(found), z.shape)


def slope_of_value(name: str, a: Array) -> Array:
    """Return the derivative of an activation of the table, from its value."""
    row = find(name)
    if row.derivative_of_value is None:  # relu, leaky relu: value and sum have the same sign
        body = expr.derivative(row, expr.symbol("a", (a.shape[0], notation.EXAMPLES)))
    else:
        symbol = expr.symbol("a", (a.shape[0], notation.EXAMPLES))
        body = expr.substitute(row.derivative_of_value, {"a": symbol})
    (found,) = Plan([Equation("slope", body)], ["slope"])({"a": a}, {})
    return np.broadcast_to(np.asarray(found), a.shape)


def activation_named(function: Callable[[Array], Any]) -> str | None:
    """Return the row of the table that a function is; ``None`` if it is none of them.

    Of a function that returns more than one thing, the first counts: people hand on a cache.
    """
    for points in (POINTS[None, :], POINTS):
        try:
            with np.errstate(all="ignore"):
                found = first(function(points.copy()))
        except Failed:  # it wants something else: no activation that can be compared
            continue
        if found.shape != points.shape:
            continue
        for name in (*elementwise(), *LAST):
            if np.allclose(value(name, POINTS[None, :]), found, rtol=1e-6, atol=1e-7):
                return name
        z = np.arange(6.0).reshape(3, 2) - np.array([[1.0, 4.0]])
        try:
            with np.errstate(all="ignore"):
                found = first(function(z.copy()))
        except Failed:  # as above
            continue
        if found.shape == z.shape and np.allclose(value("softmax", z), found, rtol=1e-6):
            return "softmax"
    return None


def first(found: Any) -> Array:
    """Return what a function returned, or the first of several things, as an array."""
    if isinstance(found, (tuple, list)) and found and isinstance(found[0], np.ndarray):
        found = found[0]
    with theirs():
        return np.array(found, dtype=np.float64)


def elementwise() -> list[str]:
    """Return names of the rows that are functions of a single entry, the usual ones first."""
    rows = [name for name, row in ACTIVATIONS.items() if row.elementwise and name not in LAST]
    return [*USUAL, *(name for name in rows if name not in USUAL), *LEAKY]


def recognised(
    probe: Probe, outputs: Array, likely: Sequence[str] = ()
) -> tuple[tuple[str, ...], float] | None:
    """Return the activations, layer by layer, that make a person's outputs of the parameters.

    Parameters
    ----------
    probe : Probe
    outputs : ndarray, shape (n_L, m)
    likely : sequence of str
        Activations that the file defines.

    Returns
    -------
    activations : tuple of str
    off : float
        How far the outputs are from theirs.
    """
    layers = len(probe.params.sizes) - 1
    if outputs.shape != (probe.params.sizes[-1], probe.examples):
        return None
    scale = max(1.0, float(np.max(np.abs(outputs), initial=0.0)))
    sums: dict[tuple[str, ...], Array] = {}

    def weighted(prefix: tuple[str, ...]) -> Array:
        """Return z of the layer after these activations."""
        if prefix not in sums:
            before = value(prefix[-1], weighted(prefix[:-1])) if prefix else probe.x
            number = len(prefix) + 1
            with np.errstate(all="ignore"):  # exp of exp is beyond every number
                sums[prefix] = probe.params[f"W{number}"] @ before + probe.params[f"b{number}"]
        return sums[prefix]

    for inside in _hidden(layers - 1, likely):
        z = weighted(inside)
        if not np.isfinite(z).all():
            continue
        mixed = len(set(inside)) > 1
        tail = (*likely, "sigmoid", "softmax", "identity", "tanh")
        rest = () if mixed else (*elementwise(), *(LAST if set(inside) <= set(LAST) else ()))
        for out in dict.fromkeys((*inside[-1:], *tail, *rest)):
            off = float(np.max(np.abs(value(out, z) - outputs), initial=0.0))
            if off <= near(outputs) * scale:
                return (*inside, out), off
    return None


def near(outputs: Array) -> float:
    """Return how near a forward pass must be, relative, to be the same."""
    return NEAR_SINGLE if outputs.dtype == np.float32 else NEAR


def _hidden(count: int, likely: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield activations of hidden layers: the same in all first, then mixed."""
    single = [name for name in dict.fromkeys((*likely, *elementwise())) if name != "softmax"]
    for name in single:
        yield (name,) * count
        if not count:
            return
    mixed = [name for name in dict.fromkeys((*likely, *USUAL)) if name != "softmax"]
    if 1 < count <= 4:
        for names in itertools.product(mixed, repeat=count):
            if len(set(names)) > 1:
                yield names
    if count:
        yield LAST * count


# Costs -----------------------------------------------------------------------------------------


def cost_named(
    activations: Sequence[str],
    groups: Sequence[Sequence[tuple[Probe, float]]],
    nearest: float = NEAR,
) -> Meaning | None:
    """Return which cost of the table a person's is, its factor, and its penalty.

    Parameters
    ----------
    activations : sequence of str
    groups : sequence of sequence of (Probe, float)
        Probes with the values of their cost; within a group sizes agree, between groups m, d
        and k differ.
    nearest : float, optional
        How near values must be, relative, to be the same.
    """
    output = find(activations[-1])
    names = [name for name in (*FIRST, *COSTS) if COSTS[name].may_meet(output)]
    rows = {name: COSTS[name] for name in names}
    outputs = [[_outputs(activations, each) for each, _ in group] for group in groups]
    bases: dict[str, list[list[float]] | None] = {}
    for near, penalty in ((nearest, False), (nearest, True), (GUARDED, False)):
        for name, row in rows.items():
            if name not in bases:
                bases[name] = _bases(row, outputs, groups)
            base = bases[name]
            if base is None:
                continue
            fits = [_fit(g, b, penalty, near) for g, b in zip(groups, base, strict=True)]
            good = [fit for fit in fits if fit is not None]
            if len(good) < len(fits):
                continue
            scale = _explained([s for s, _ in good], [group[0][0] for group in groups], near)
            if scale is not None:
                counts = [group[0][0].examples for group in groups]
                decay = {m: c for m, (_, c) in zip(counts, good, strict=True)}
                return Meaning(name, scale, decay if penalty else {})
    return None


def _outputs(activations: Sequence[str], probe: Probe) -> Array:
    """Return the activations of the last layer."""
    found = probe.x
    for layer, name in enumerate(activations, start=1):
        found = value(name, probe.params[f"W{layer}"] @ found + probe.params[f"b{layer}"])
    return found


@lru_cache(maxsize=256)
def _loss(row: Cost, outputs: int) -> Plan:
    a, y = (expr.symbol(name, (outputs, notation.EXAMPLES)) for name in ("a", "y"))
    return Plan([Equation("C", expr.total(expr.loss(row, a, y)))], ["C"])


def _bases(
    row: Cost,
    outputs: Sequence[Sequence[Array]],
    groups: Sequence[Sequence[tuple[Probe, float]]],
) -> list[list[float]] | None:
    """Return the values of a cost of the table; ``None`` where it cannot be had."""
    found: list[list[float]] = []
    for arrays, group in zip(outputs, groups, strict=True):
        values = []
        for a, (probe, _) in zip(arrays, group, strict=True):
            if row.domain.violation(probe.y):
                return None
            with np.errstate(all="ignore"):
                (total,) = _loss(row, a.shape[0])({"a": a, "y": probe.y}, LOG_2)
            values.append(float(np.asarray(total).item()) / probe.examples)
        if not np.isfinite(values).all() or not all(values):
            return None
        found.append(values)
    return found


def _fit(
    group: Sequence[tuple[Probe, float]], base: Sequence[float], penalty: bool, near: float
) -> tuple[float, float] | None:
    """Return s and c of: theirs = s × base + (c/2) Σ‖W‖², where that holds for a whole group."""
    came = np.array([each for _, each in group])
    squares = [
        sum(float(np.sum(p.params[n] ** 2)) for n in p.params if n[0] == "W") for p, _ in group
    ]
    columns = [np.array(base), *([np.array(squares) / 2] if penalty else [])]
    if len(group) <= len(columns) - 1:
        return None
    matrix = np.stack(columns, axis=1)
    weight = 1 / np.abs(came)
    solution, *_ = np.linalg.lstsq(matrix * weight[:, None], came * weight, rcond=None)
    if np.max(np.abs(matrix @ solution - came) * weight) > near:
        return None
    return float(solution[0]), float(solution[1]) if penalty else 0.0


def _explained(ratios: Sequence[float], probes: Sequence[Probe], near: float) -> Scale | None:
    sign = 1 if ratios[0] > 0 else -1
    options = itertools.product((0, -1, 1, -2, 2), (0, 1, -1), (0, -1, 1), (0, -1, 1))
    for two, m, d, k in sorted(options, key=lambda each: sum(map(abs, each))):
        scale = Scale(two, {"m": m, "d": d, "k": k}, sign)
        if all(
            abs(ratio - scale.value(probe)) <= 10 * near * abs(ratio)
            for ratio, probe in zip(ratios, probes, strict=True)
        ):
            return scale
    return None
