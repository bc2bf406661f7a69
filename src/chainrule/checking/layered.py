"""Differences of our own cost by complex steps, one layer at a time.

To move W[i, j] of a layer by ih is to move row i of its weighted sums by ih times activation j.
So no forward pass starts again at the inputs: copies of the batch, one for each moved element,
stand side by side as further columns, and the layers above carry all of them at once.

The step h is so small that its square vanishes in floating point: real parts are the same in all
copies, and imaginary parts go through a function of single entries by a factor, which one complex
evaluation of that function measures. Only softmax and the cost itself, which mix entries, are
evaluated anew for every copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.coefficient import ONE, Coefficient
from chainrule.derivation import Derivation
from chainrule.differences import COMPLEX_STEP
from chainrule.equation import Equation
from chainrule.evaluate import Plan
from chainrule.expr import Expr, Op
from chainrule.parameters import Parameters

Values = Mapping[str, NDArray[np.float64]]
Real = NDArray[np.float64]

BLOCK = 2**18
"""Numbers in one block of copies: small enough for the processor's cache."""


class LayeredCost:
    """The cost of a network as a function of single elements of its parameters.

    Parameters
    ----------
    derivation : Derivation
        Only its forward equations are used.
    params : Parameters
        In float64.
    values : mapping of str to ndarray
        Inputs ``a0`` (n0 × m), targets ``y`` (n_L × m), weights and masks, in float64.
    nudges : mapping of str to ndarray, optional
        Small numbers added to weighted sums, or to the outputs, by name, where slopes are taken:
        to look at a kink from one side.
    """

    def __init__(
        self,
        derivation: Derivation,
        params: Parameters,
        values: Values,
        nudges: Values | None = None,
    ) -> None:
        architecture = derivation.architecture
        self._layers = architecture.layers
        self._params, self._values = params, values
        self._nudges = nudges or {}
        self._examples = values[notation.TARGETS].shape[1]
        self._constants = architecture.constants(values)
        self._activations = [
            _plan(*_equations_of_layer(derivation, k)[1:]) for k in range(1, self._layers + 1)
        ]
        self._terms = list(_addends(derivation[notation.COST].expr))
        self._loss = _plan(Equation("losses", self._data_term[1]))
        self._inputs: list[Real] = []
        self._sums: list[Real] = []
        self._slopes: list[Real | None] = []
        passed, name = values[notation.activations(0)], notation.activations(0)
        for layer, row in enumerate(architecture.activations, start=1):
            self._inputs.append(passed)
            weighted, *handed_on = _equations_of_layer(derivation, layer)
            (z,) = Plan([weighted], [weighted.name])({**params, name: passed}, self._constants)
            name = handed_on[-1].name
            (passed,) = Plan(handed_on, [name])({**values, weighted.name: z}, self._constants)
            self._sums.append(z)
            self._slopes.append(self._slope(layer, z) if row.elementwise else None)
        self._outputs = passed

    def jacobian(self, name: str) -> Real:
        """Return the measured derivative of the cost by every element of a parameter."""
        layer = int(notation.split(name)[1])
        view = self._params[name]
        found = np.empty(view.size)
        size = max(1, BLOCK // (max(self._params.sizes) * self._examples))
        for start in range(0, view.size, size):
            chosen = np.arange(start, min(start + size, view.size))
            units, inputs = np.divmod(chosen, view.shape[1])
            if notation.is_weights(name):
                direction = self._inputs[layer - 1][inputs]
            else:
                direction = np.ones((len(chosen), self._examples))
            found[chosen] = self._measure(layer, units, direction)
        return found.reshape(view.shape) + self._penalty_by(name)

    def _slope(self, layer: int, z: Real) -> Real:
        """Return the slope of an activation, as it looks from where a nudge leads."""
        nudge = self._nudges.get(notation.weighted_sums(layer), 0.0)
        moved = self._activate(layer, np.asarray(z + nudge + 1j * COMPLEX_STEP))
        return np.asarray(moved.imag / COMPLEX_STEP)

    def _measure(self, layer: int, units: NDArray[np.intp], direction: Real) -> Real:
        """Move row units[p] of the weighted sums by ih · direction[p], in copy p of the batch.

        All arrays are units × copies × examples; of complex numbers, imaginary parts over h.
        """
        copies = len(units)
        slope = self._slopes[layer - 1]
        if slope is not None and layer < self._layers:
            # One unit moves in each copy: one column of the next weights takes it further.
            W = self._params[notation.weights(layer + 1)]
            sums = W[:, units, np.newaxis] * (slope[units] * direction)
            layer += 1
        else:
            sums = np.zeros((self._params.sizes[layer], copies, self._examples))
            sums[units, np.arange(copies)] = direction
        for below in range(layer, self._layers):
            activations = self._pass(below, sums)
            W = self._params[notation.weights(below + 1)]
            columns = W @ activations.reshape(len(activations), -1)
            sums = columns.reshape(len(W), copies, self._examples)
        return self._cost_of(sums)

    def _pass(self, layer: int, sums: Real) -> Real:
        """Carry imaginary parts through the activation of a layer."""
        slope = self._slopes[layer - 1]
        if slope is not None:
            return np.asarray(slope[:, np.newaxis, :] * sums)
        moved = self._activate(layer, self._moved(layer, sums))
        return np.asarray(moved.imag.reshape(sums.shape) / COMPLEX_STEP)

    def _cost_of(self, sums: Real) -> Real:
        """Return the derivative of the cost of each copy, from that of the last weighted sums."""
        name = notation.activations(self._layers)
        moved = self._pass(self._layers, sums).reshape(len(sums), -1)
        outputs = np.tile(self._outputs + self._nudges.get(name, 0.0), sums.shape[1])
        values = {
            **self._for_copies(sums.shape[1]),
            notation.weighted_sums(self._layers): self._moved(self._layers, sums),
            name: outputs + 1j * COMPLEX_STEP * moved,
        }
        (losses,) = self._loss(values, self._constants)
        coefficient = self._data_term[0].value(self._constants)
        per_copy = np.sum(losses.imag.reshape(sums.shape), axis=(0, 2))
        return np.asarray(coefficient * per_copy / COMPLEX_STEP)

    def _moved(self, layer: int, sums: Real) -> NDArray[np.complex128]:
        """Return the weighted sums of all copies as columns, moved by ih times `sums`."""
        z = self._sums[layer - 1][:, np.newaxis, :] + 1j * COMPLEX_STEP * sums
        return np.asarray(z.reshape(len(z), -1))

    def _activate(self, layer: int, z: NDArray[np.complex128]) -> NDArray[np.complex128]:
        values = self._for_copies(z.shape[1] // self._examples)
        values[notation.weighted_sums(layer)] = z
        (a,) = self._activations[layer - 1](values, self._constants)
        return np.asarray(a)

    def _for_copies(self, copies: int) -> dict[str, NDArray[Any]]:
        """Return targets, weights and masks for all copies of the batch."""
        return {
            name: np.tile(value, copies)
            for name, value in self._values.items()
            if name != notation.activations(0)
        }

    @property
    def _data_term(self) -> tuple[Coefficient, Expr]:
        return next(term for term in self._terms if notation.TARGETS in term[1].symbols())

    def _penalty_by(self, name: str) -> Real | float:
        """Return the derivative of the penalty, which every element has to itself."""
        for coefficient, body in self._terms:
            if body.symbols() == {name}:
                plan = _plan(Equation("squares", body))
                moved = self._params[name] + 1j * COMPLEX_STEP
                (squares,) = plan({name: moved}, self._constants)
                factor = coefficient.value(self._constants)
                return np.asarray(factor * squares.imag / COMPLEX_STEP)
        return 0.0


def _plan(*equations: Equation) -> Plan:
    """Return a plan of the last of some equations, fit for complex steps."""
    return Plan(equations, [equations[-1].name], complex_step=True)


def _equations_of_layer(derivation: Derivation, layer: int) -> list[Equation]:
    """Return the equations of the weighted sums of a layer, and of what it makes of them."""
    kept = notation.kept(layer)
    names = [notation.weighted_sums(layer), notation.activations(layer)]
    names += [kept] if kept in derivation.names else []
    return [derivation[name] for name in names]


def _addends(node: Expr, coefficient: Coefficient = ONE) -> Iterator[tuple[Coefficient, Expr]]:
    """Yield the cost as coefficients times what stands under a sum over all entries."""
    if node.op is Op.ADD:
        for arg in node.args:
            yield from _addends(arg, coefficient)
    elif node.op is Op.SCALE:
        yield from _addends(node.args[0], coefficient * node.coefficient)
    elif node.op is Op.SUM:
        yield coefficient, node.args[0]
    else:
        raise AssertionError(f"a cost is made of sums, and this is none: {node.op}")
