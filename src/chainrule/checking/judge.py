"""The check: a gradient, ours or a person's own, against differences of the cost.

An element is judged against its own size *and* against what rounding may have done to it, which
depends on the size of the summands that made it. What lies below is called undecidable. At a
kink there is no derivative, and none is judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.arrays import Array, real_array
from chainrule.checking import sentences
from chainrule.checking.asking import OF_THEIRS
from chainrule.checking.foreign import (
    CostFunction,
    ForeignCost,
    Measured,
    number,
    remarks_on_meaning,
    usual_size,
    watched,
)
from chainrule.checking.layered import LayeredCost
from chainrule.checking.report import Entry, Report
from chainrule.checking.rounding import bounds
from chainrule.errors import ChainruleError, InvalidType, InvalidValue, UnknownQuantity
from chainrule.network import Network
from chainrule.parameters import Parameters

Gradients = Mapping[str, Any]

SAFETY = 4.0
"""Factor on the bound of rounding errors, which is of first order only."""

UNDERFLOW = 1e-190
"""Derivatives below this vanish in a complex step."""

SIDES = 2
"""From how many sides drawn at random, and their opposites, kinks are looked at."""

VISIBLE = 0.01
"""An element counts as decided if rounding blurs less than this part of it."""


def check(
    net: Network,
    params: Parameters,
    x: Any,
    y: Any,
    gradients: Gradients | None = None,
    cost: CostFunction | None = None,
    *,
    weights: Any = None,
    masks: Mapping[str, Any] | None = None,
) -> Report:
    """Hold Jacobians against differences of the cost, element by element.

    Parameters
    ----------
    net : Network
    params : Parameters
        Where to check.
    x : array_like, shape (n0, m)
        Inputs.
    y : array_like, shape (n_L, m)
        Targets.
    gradients : mapping of str to array_like or callable, optional
        A person's own Jacobians by parameter, ``{"W1": …, "b1": …}``, all or some; a callable is
        called as ``f(params, x, y)``. Where nothing is given, those that we derive.
    cost : callable, optional
        The person's own cost, called as ``cost(params, x, y)``; the network's where nothing is
        given. Its meaning is checked too: repeating the examples, and appending an input with
        zero weights, must leave it unchanged (see `Report.remarks`).
    weights : array_like, shape (m,), optional
        How much each example counts; a person's functions know of their own.
    masks : mapping, optional
        Dropout masks, as `Network.draw_masks` gives them; no dropout where nothing is given.

    Returns
    -------
    Report
        With ``.passed``, ``.worst`` and one entry per Jacobian; print it.

    Raises
    ------
    ChainruleError
        If the arguments are unsound. Gradients that raise, or have a wrong shape, do not: that
        is a verdict.

    Notes
    -----
    Our own cost is differentiated by complex steps; a person's, or one in which a function of
    theirs has a part, by extrapolated differences with an estimate of their error. An element is
    wrong if it is off by more than the root of the machine epsilon of its size, beyond what
    rounding (or the differences) may have done to it.

    Examples
    --------
    >>> from chainrule import Network, check
    >>> net = Network([2, 2, 1], activation="tanh", cost="squared_error")
    >>> params, x, y = net.initialize(0), [[0.1, 0.5], [0.4, -0.3]], [[0.2, 0.7]]
    >>> check(net, params, x, y).passed
    True
    >>> _, jacobians = net.value_and_grad(params, x, y)
    >>> report = check(net, params, x, y, {"W1": jacobians.W1, "b2": 2 * jacobians.b2})
    >>> report["W1"].verdict, report["b2"].verdict
    ('right', 'wrong')
    """
    if not isinstance(net, Network):
        raise InvalidType(f"net is {net!r}, wanted a Network such as Network([2, 3, 1], …)")
    dtype = net.owns(params).dtype
    given = net.batch(x, y, dtype, weights, masks)
    if gradients is None:
        gradients = Parameters(net.sizes, dtype=dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            net.equations.differentiate(params, given, gradients)
    _check_names(gradients, params)
    if cost is not None and not callable(cost):
        raise InvalidType(f"cost is {cost!r}, wanted a function cost(params, x, y)")
    values = {name: value.astype(np.float64) for name, value in given.items()}
    if cost is not None:
        _try_out(cost, params.astype(np.float64), values)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is called undecidable
        witness = _Witness(net, params.astype(np.float64), values, cost)
        entries = {
            name: _judge(name, gradients[name], params, given, witness)
            for name in params
            if name in gradients
        }
    remarks: tuple[str, ...] = ()
    if cost is not None:
        remarks = remarks_on_meaning(cost, witness.params, *witness.batch)
    return Report(entries, remarks)


def tolerance(arithmetic: np.finfo[Any]) -> float:
    """Return the relative error at which an element is wrong, whatever rounding did to it."""
    return math.sqrt(float(arithmetic.eps))


def _try_out(
    cost: CostFunction, params: Parameters, values: dict[str, NDArray[np.float64]]
) -> None:
    try:
        number(cost, params, values[notation.activations(0)], values[notation.TARGETS])
    except ChainruleError:
        raise
    except OF_THEIRS as problem:  # whatever it is
        said = sentences.on_failure(problem)
        raise InvalidValue(f"cost(params, x, y) gives no number: {said}") from problem


def _check_names(gradients: Any, params: Parameters) -> None:
    if not isinstance(gradients, Mapping):
        raise InvalidType(
            f"gradients is a {type(gradients).__name__}, wanted a mapping such as "
            '{"W1": array or function, "b1": …}'
        )
    if not gradients:
        raise InvalidType('gradients is empty, wanted a mapping such as {"W1": array or function}')
    for name in gradients:
        if name not in params:
            raise UnknownQuantity("parameter", name, params.names, "Keys are parameters.")


class _Witness:
    """What differences of the cost say, and how far rounding may have moved a right gradient."""

    def __init__(
        self,
        net: Network,
        params: Parameters,
        values: dict[str, NDArray[np.float64]],
        cost: CostFunction | None,
    ) -> None:
        self.params = params
        self.batch = (values[notation.activations(0)], values[notation.TARGETS])
        self._net, self._values = net, values
        weighted, dropped = notation.EXAMPLE_WEIGHTS in values, any(map(notation.is_mask, values))
        self._derivation = net.derive(weights=weighted, dropout=dropped)
        self._constants = net.architecture.constants(values)
        names = self._derivation.names
        found = net.equations.evaluate(names, params, values)
        self._trace = values | dict(zip(names, found, strict=True))
        if cost is None and _has_functions_by_hand(net):
            cost = self._own_cost
        self._foreign = ForeignCost(net, cost, params, values) if cost else None
        self._bounds: dict[np.finfo[Any], dict[str, NDArray[np.float64]]] = {}
        self._layered: dict[np.finfo[Any], list[LayeredCost]] = {}

    def _own_cost(self, params: Parameters, x: Array, y: Array) -> float:
        """Return our own cost, as if it were a person's."""
        given = {**self._values, notation.activations(0): x, notation.TARGETS: y}
        return float(self._net.equations.evaluate((notation.COST,), params, given)[0])

    @property
    def method(self) -> str:
        """How the cost is differentiated."""
        return "extrapolated differences" if self._foreign else "complex step"

    def bounds(self, arithmetic: np.finfo[Any]) -> dict[str, NDArray[np.float64]]:
        """Return how far rounding may have moved the value of every equation."""
        if arithmetic not in self._bounds:
            values = {**self.params, **self._trace}
            units = bounds(self._derivation, values, self._constants, arithmetic)
            factor = SAFETY * float(arithmetic.eps)
            if any(np.max(np.abs(value)) > float(arithmetic.max) for value in values.values()):
                factor = np.inf  # in this arithmetic it overflows, and nothing can be told
            self._bounds[arithmetic] = {
                name: factor * (bound + float(arithmetic.tiny)) for name, bound in units.items()
            }
        return self._bounds[arithmetic]

    def measure(self, name: str, arithmetic: np.finfo[Any]) -> Measured:
        """Return measured derivatives, and what they and rounding may be off together."""
        rounding = self.bounds(arithmetic)[notation.adjoint(name)]
        # What is 1e16 times smaller than the rounding of its neighbours is not worth a verdict.
        rounding = rounding + float(arithmetic.eps) * np.max(rounding)
        if self._foreign is None:
            return self._by_complex_step(name, arithmetic, rounding)
        found = self._foreign.jacobian(name)
        # Their cost may be any multiple of ours, and rounding errors grow with it.
        multiple = self._foreign.size / usual_size(self._own_cost, self.params, *self.batch)
        return replace(found, error=SAFETY * found.error + multiple * rounding)

    def _by_complex_step(
        self, name: str, arithmetic: np.finfo[Any], rounding: NDArray[np.float64]
    ) -> Measured:
        first, *others = (side.jacobian(name) for side in self._sides(arithmetic))
        apart = np.zeros(first.shape)
        size = np.abs(first)
        for other in others:
            apart = np.maximum(apart, np.abs(first - other))
            size = np.maximum(size, np.abs(other))
        kinks = apart > rounding + tolerance(arithmetic) * size
        # Where sides differ by no more than rounding may, a right claim may be on any of them.
        error = rounding + apart + UNDERFLOW
        return Measured(first, error, kinks, np.ones(kinks.shape, dtype=bool))

    def _sides(self, arithmetic: np.finfo[Any]) -> list[LayeredCost]:
        """Return the cost; where it has kinks, as it looks from several sides of them.

        From above, from below, and from sides drawn at random and their opposites: where two units
        stand at their kinks, their jumps might cancel if both were seen from the same side.
        """
        if arithmetic not in self._layered:
            nudges = self._nudges(arithmetic)
            rng = np.random.default_rng(0)
            patterns: list[dict[str, NDArray[np.float64]]] = [{}]
            if nudges:
                half = [nudges]
                half += [
                    {z: nudge * rng.choice([-1.0, 1.0], nudge.shape) for z, nudge in nudges.items()}
                    for _ in range(SIDES)
                ]
                opposite = [{z: -nudge for z, nudge in each.items()} for each in half]
                patterns = half + opposite
            self._layered[arithmetic] = [
                LayeredCost(self._derivation, self.params, self._values, each) for each in patterns
            ]
        return self._layered[arithmetic]

    def _nudges(self, arithmetic: np.finfo[Any]) -> dict[str, NDArray[np.float64]]:
        """Return, for what rounding cannot tell from a kink, a step off it."""
        nudges: dict[str, NDArray[np.float64]] = {}
        for name, origin, kinks in watched(self._net, self._values):
            blur = self.bounds(arithmetic)[name]
            for kink in kinks:
                near = np.abs(self._trace[name] - origin - kink) <= blur
                if near.any():
                    nudges[name] = nudges.get(name, 0) + 2 * blur * near
        return nudges


def _has_functions_by_hand(net: Network) -> bool:
    architecture = net.architecture
    return any(row.by_hand for row in (*architecture.activations, architecture.cost))


def _judge(
    name: str, gradient: Any, params: Parameters, given: dict[str, Array], witness: _Witness
) -> Entry:
    wanted = params[name].shape
    if callable(gradient):
        x, y = given[notation.activations(0)], given[notation.TARGETS]
        try:
            gradient = gradient(params.copy(), x.copy(), y.copy())
        except OF_THEIRS as problem:  # whatever it is
            return Entry(name, "cannot run", sentences.on_failure(problem))
        if gradient is None:
            return Entry(name, "cannot run", "it returns None: is a return statement missing?")
    try:
        claimed = real_array(notation.adjoint(name), gradient)
    except ChainruleError as problem:
        return Entry(name, "cannot run", str(problem))
    if claimed.shape != wanted:
        return Entry(name, "wrong shape", sentences.on_shape(name, claimed.shape, wanted))
    coarser = max(claimed.dtype, params.dtype, key=lambda dtype: np.finfo(dtype).eps)
    arithmetic = np.finfo(coarser)
    measured = witness.measure(name, arithmetic)
    return _compare(
        name, claimed.astype(np.float64), measured, tolerance(arithmetic), witness.method
    )


@dataclass(frozen=True)
class _Comparison:
    """Element-wise findings, all of the shape of the Jacobian."""

    error: NDArray[np.float64]
    allowed: NDArray[np.float64]
    blurred: NDArray[np.bool_]
    judged: NDArray[np.bool_]

    @property
    def severity(self) -> NDArray[np.float64]:
        """Error in units of what is allowed; minus one where nothing is judged."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(self.error == 0, 0.0, self.error / self.allowed)
        return np.where(self.judged, np.nan_to_num(ratio, nan=np.inf, posinf=np.inf), -1.0)


def _compare(
    name: str, claimed: NDArray[np.float64], found: Measured, relative: float, method: str
) -> Entry:
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(claimed - found.value)
    size = np.maximum(np.abs(claimed), np.abs(found.value))
    allowed = found.error + relative * np.where(np.isfinite(size), size, 0.0)
    blurred = ~found.kinks & (found.error > VISIBLE * size) & (error <= allowed)
    blurred &= ~(found.exact & (error == 0))
    unknown = ~np.isfinite(found.value) | ~np.isfinite(found.error)
    blurred |= unknown & ~found.kinks  # where the cost overflows, nothing can be told
    comparison = _Comparison(error, allowed, blurred, ~found.kinks & ~blurred)
    undecidable, kinks = int(blurred.sum()), int(found.kinks.sum())
    entry = Entry(
        name,
        "undecidable",
        "too small beside their summands for rounding to leave a digit visible",
        method,
        elements=claimed.size,
        undecidable=undecidable,
        kinks=kinks,
    )
    if not comparison.judged.any():
        if kinks:
            return replace(entry, verdict="not differentiable", sentence=sentences.at_kink(entry))
        return entry
    severity = comparison.severity
    place = tuple(map(int, np.unravel_index(int(np.argmax(severity)), severity.shape)))
    worst = replace(
        entry,
        place=place,
        claimed=float(claimed[place]),
        measured=float(found.value[place]),
        error=_relative(float(error[place]), float(size[place])),
        severity=float(severity[place]),
    )
    wrong = int((severity > 1).sum())
    if wrong:
        plain = bool(np.isfinite(claimed).all() and np.isfinite(found.value).all() and not kinks)
        shown = sentences.hint(claimed, found.value, max(relative, 1e-6)) if plain else ""
        return replace(worst, verdict="wrong", sentence=sentences.on_wrong(worst, wrong, shown))
    judged = int(comparison.judged.sum())
    return replace(worst, verdict="right", sentence=sentences.on_right(worst, judged))


def _relative(error: float, size: float) -> float:
    if not math.isfinite(error):
        return math.inf
    return error / size if size > 0 else 0.0
