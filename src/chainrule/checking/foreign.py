"""Differences of a cost that somebody else wrote: real numbers only, element by element.

A complex step must not be used on foreign code, where ``abs`` and ``norm`` drop the imaginary
part in silence. Before an element is moved, the network's own weighted sums tell how far it can
be: so far that functions bend little on the way, and no unit crosses a kink.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import differences, notation
from chainrule.arrays import Array
from chainrule.checking.asking import ENDS, OF_THEIRS
from chainrule.differences import START
from chainrule.errors import ChainruleError, InvalidType, InvalidValue
from chainrule.network import Network
from chainrule.parameters import Parameters

CostFunction = Callable[[Parameters, Array, Array], Any]

BEND = 0.25
"""The furthest that the largest step may move a weighted sum."""

SHRINK = 16.0
SHRINKINGS = 4
"""How often, and by how much, a step is made smaller to stay clear of a kink."""


@dataclass(frozen=True)
class Measured:
    """Measured derivatives of one parameter.

    Parameters
    ----------
    value, error : ndarray
        The derivative by every element, and an estimate of its absolute error.
    kinks : ndarray of bool
        Where even the smallest step crosses a kink.
    exact : ndarray of bool
        Where a measured 0 is the derivative itself, and not one that rounding swallowed: nothing
        that moves with the element reaches the cost (a dead unit's weight).
    """

    value: NDArray[np.float64]
    error: NDArray[np.float64]
    kinks: NDArray[np.bool_]
    exact: NDArray[np.bool_]


def number(cost: CostFunction, params: Parameters, x: Array, y: Array) -> float:
    """Return what a person's cost says, as a number.

    Raises
    ------
    InvalidType, InvalidValue
        If it is no finite real number.
    """
    result = _answer(cost, params, x, y)
    if not np.isfinite(result.item()):
        raise InvalidValue(f"cost(params, x, y) returned {result.item()}, wanted a finite number")
    return float(result.item())


def _answer(cost: CostFunction, params: Parameters, x: Array, y: Array) -> Array:
    """Call a person's cost with copies, so that it may overwrite what it is given."""
    try:
        result = np.asarray(cost(params.copy(), x.copy(), y.copy()))
    except SystemExit as problem:  # it must not end whoever asks
        raise InvalidValue(f"cost(params, x, y): {ENDS}") from problem
    if result.size != 1 or result.dtype.kind not in "fiu":
        raise InvalidType(
            f"cost(params, x, y) returned {result.dtype} of shape {result.shape}, "
            "wanted one real number"
        )
    return result


def _value(cost: CostFunction, params: Parameters, x: Array, y: Array) -> float:
    """Return a person's cost, or NaN where it is not defined."""
    try:
        return float(_answer(cost, params, x, y).item())
    except ChainruleError:
        raise
    except (ArithmeticError, ValueError):
        return float("nan")


def usual_size(cost: CostFunction, params: Parameters, x: Array, y: Array) -> float:
    """Return how large a cost is: here, and where the network is less or not at all saturated.

    A cost near 0 is often a difference of numbers, or the logarithm of one near 1, that were
    rounded when they were of that size. Never 0.
    """
    here = number(cost, params, x, y)
    sizes = [abs(here)]
    for factor in (0.5, 0.0):
        elsewhere = Parameters(params.sizes, factor * params.flat)
        sizes.append(abs(_value(cost, elsewhere, x, y)))
    return max((size for size in sizes if np.isfinite(size)), default=0.0) or 1.0


def precision(cost: CostFunction, params: Parameters, x: Array, y: Array, size: float) -> float:
    """Return to what part of its size a person's cost is computed.

    At least the machine epsilon of the dtype in which it answers; more where it jitters along a
    random direction.
    """
    dtype = _answer(cost, params, x, y).dtype
    epsilon = float(np.finfo(dtype if dtype.kind == "f" else np.float64).eps)
    direction = np.random.default_rng(0).choice([-1.0, 1.0], params.flat.size)

    def along(offset: float) -> float:
        return _value(cost, Parameters(params.sizes, params.flat + offset * direction), x, y)

    return differences.precision(along, size, epsilon)


class ForeignCost:
    """A person's cost as a function of single elements of the parameters.

    Parameters
    ----------
    network : Network
        To tell where kinks are.
    cost : callable
        Takes parameters, inputs and targets; returns a number.
    params : Parameters
        In float64.
    values : mapping of str to ndarray
        Inputs ``a0`` (n0 × m), targets ``y`` (n_L × m), weights and masks.
    """

    def __init__(
        self,
        network: Network,
        cost: CostFunction,
        params: Parameters,
        values: Mapping[str, NDArray[np.float64]],
    ) -> None:
        x, y = values[notation.activations(0)], values[notation.TARGETS]
        self._network, self._cost, self._x, self._y = network, cost, x, y
        self._values = dict(values)
        self._params = params.copy()
        self.size = usual_size(cost, params, x, y)
        self._precision = precision(cost, params, x, y, self.size)
        self._watched = watched(network, values)
        self._names = tuple(name for name, _, _ in self._watched)
        self._sums = self._weighted_sums()

    def jacobian(self, name: str) -> Measured:
        """Return the measured derivative of the cost by every element of a parameter."""
        view = self._params[name]
        found = Measured(
            np.zeros(view.shape),
            np.zeros(view.shape),
            np.zeros(view.shape, dtype=bool),
            np.zeros(view.shape, dtype=bool),
        )
        for place in np.ndindex(view.shape):
            step, reaches = self._step(view, place)
            along = self._along(view, place)
            slope = differences.measured(along, step, self._precision, self.size) if step else None
            if slope is None:
                found.kinks[place] = True
                continue
            found.value[place], found.error[place] = slope.value, slope.error
            found.exact[place] = slope.value == 0 and not reaches
        return found

    def _along(self, view: Array, place: tuple[int, ...]) -> Callable[[float], float]:
        def cost_at(offset: float) -> float:
            kept = view[place]
            view[place] = kept + offset
            try:
                return _value(self._cost, self._params, self._x, self._y)
            finally:
                view[place] = kept

        return cost_at

    def _step(self, view: Array, place: tuple[int, ...]) -> tuple[float | None, bool]:
        """Return the largest step for an element, and whether it moves the outputs.

        There is none where every step crosses a kink.
        """
        step = START * max(1.0, abs(float(view[place])))
        ahead = self._moved(view, place, step)
        bend = max(float(np.max(np.abs(z - z0))) for z, z0 in zip(ahead, self._sums, strict=True))
        reaches = not np.array_equal(ahead[-1], self._sums[-1])
        step = min(step, step * BEND / bend) if bend > 0 else step
        for _ in range(SHRINKINGS):
            sides = (self._moved(view, place, offset) for offset in (step, -step))
            if not any(map(self._crossed, sides)):
                return step, reaches
            step /= SHRINK
        return None, reaches

    def _moved(self, view: Array, place: tuple[int, ...], offset: float) -> list[Array]:
        kept = view[place]
        view[place] = kept + offset
        try:
            return self._weighted_sums()
        finally:
            view[place] = kept

    def _weighted_sums(self) -> list[Array]:
        return self._network.equations.evaluate(self._names, self._params, self._values)

    def _crossed(self, sums: list[Array]) -> bool:
        """Return whether a weighted sum, or an output, is no longer on its side of a kink."""
        return any(
            bool(np.any((z - origin > kink) != (z0 - origin > kink)))
            for z, z0, (_, origin, kinks) in zip(sums, self._sums, self._watched, strict=True)
            for kink in kinks
        )


def watched(
    network: Network, values: Mapping[str, NDArray[np.float64]]
) -> list[tuple[str, Any, tuple[float, ...]]]:
    """Return what has kinks: name, what is subtracted from it, and where the kinks then are.

    All weighted sums, and the outputs, whose distance from the targets the cost may have kinks in.
    """
    architecture = network.architecture
    sums = [
        (notation.weighted_sums(layer), 0.0, row.kinks)
        for layer, row in enumerate(architecture.activations, start=1)
    ]
    outputs = notation.activations(architecture.layers)
    return [*sums, (outputs, values[notation.TARGETS], architecture.cost.kinks)]


def remarks_on_meaning(
    cost: CostFunction, params: Parameters, x: Array, y: Array
) -> tuple[str, ...]:
    """Return what is odd about the meaning of a person's cost: what no gradient check can see.

    Two changes must leave a cost as it is: to give every example twice, and to append an input
    that has only zero weights.
    """
    usual, again = (number(cost, params, x, y) for _ in range(2))
    if usual != again:
        return (
            f"the cost is not the same twice: {usual:.9g}, then {again:.9g} for the same "
            "arguments; draw random numbers from a seed that it sets anew in every call",
        )
    wider = {name: view.copy() for name, view in params.items()}
    wider["W1"] = np.hstack([wider["W1"], np.zeros((len(wider["W1"]), 1))])
    trials = {
        "repeating the examples": (params.copy(), np.hstack([x, x]), np.hstack([y, y])),
        "appending an input with zero weights": (
            Parameters.from_arrays(wider),
            np.vstack([x, np.ones((1, x.shape[1]))]),
            y,
        ),
    }
    remarks = []
    for change, arguments in trials.items():
        try:
            changed = number(cost, *arguments)
        except OF_THEIRS as problem:  # whatever it is
            remarks.append(
                f"{change} could not be tried: the cost takes no such sizes "
                f"({type(problem).__name__}: {problem})"
            )
            continue
        if abs(changed - usual) > 1e-6 * max(abs(changed), abs(usual)):
            remarks.append(
                f"{change} changes the cost from {usual:.6g} to {changed:.6g}, so it is not the "
                "mean over the examples: is it, or its penalty, divided by something else? "
                "(cost_normalisation)"
            )
    return tuple(remarks)
