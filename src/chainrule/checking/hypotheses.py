"""Changed derivations → numbers: what a person's code would return if it had these mistakes.

The forward pass and the right backward pass are evaluated once; of a changed one only what comes
after the change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.checking.mutations import Change, Ground
from chainrule.equation import Equation
from chainrule.evaluate import Plan
from chainrule.expr import Expr, Op

Values = Mapping[str, NDArray[np.float64]]


@lru_cache(maxsize=4096)
def _plan(name: str, body: Expr) -> Plan:
    return Plan([Equation(name, body)], [name])


class Numbers:
    """A derivation with its numbers, and what they are when mistakes are made in it.

    Parameters
    ----------
    ground : Ground
    values : mapping of str to ndarray
        Parameters, inputs ``a0`` (n0 × m) and targets ``y`` (n_L × m).
    """

    def __init__(self, ground: Ground, values: Values) -> None:
        self.ground = ground
        self._constants = ground.architecture.constants(values)
        self.right: dict[str, Any] = dict(values)
        for equation in (*ground.forward, *ground.backward):
            self.right[equation.name] = self._evaluate(equation.name, equation.expr, self.right)

    def changed(self, changes: Sequence[Change]) -> dict[str, Any] | None:
        """Return all values that differ from the right ones, if these mistakes are made.

        Where two are made in the same equation, the later one counts.

        Parameters
        ----------
        changes : sequence of Change

        Returns
        -------
        dict of str to ndarray or None
            ``None`` where such code could not run.
        """
        bodies = {change.equation: change.expr for change in changes}
        found: dict[str, Any] = {}
        for equation in self.ground.backward:
            body = bodies.get(equation.name, equation.expr)
            if equation.name not in bodies and not (equation.expr.symbols() & found.keys()):
                continue
            try:
                value = self._evaluate(equation.name, body, {**self.right, **found})
            except ValueError:  # a matrix product that does not fit
                return None
            if value.shape != self.right[equation.name].shape:
                return None
            found[equation.name] = value
        return found

    def through(self, layer: int, weights: NDArray[np.float64]) -> dict[str, Any]:
        """Return what other weights above a layer would send back, in all that follows from it.

        Parameters
        ----------
        layer : int
            The layer that it is sent back to.
        weights : ndarray, shape (n_{l+1}, n_l)

        Returns
        -------
        dict of str to ndarray
            Linear in the weights: a penalty is not in it.
        """
        delta = self.right[notation.adjoint(notation.weighted_sums(layer + 1))]
        name = notation.adjoint(notation.activations(layer))
        sent, nothing = (
            self._after(name, value) for value in (weights.T @ delta, 0 * self.right[name])
        )
        return {each: sent[each] - nothing[each] for each in sent}

    def _after(self, name: str, value: Any) -> dict[str, Any]:
        found: dict[str, Any] = {name: value}
        for equation in self.ground.backward:
            if equation.name != name and equation.expr.symbols() & found.keys():
                values = {**self.right, **found}
                found[equation.name] = self._evaluate(equation.name, equation.expr, values)
        return found

    def summands(self, name: str) -> NDArray[np.float64]:
        """Return the sum of the magnitudes of what is added up in a Jacobian: a yardstick.

        Parameters
        ----------
        name : str
            ``"J_W1"``, ``"J_b1"``, … or an intermediate quantity, which is its own yardstick.
        """
        kind, layer = notation.split(name)
        value: NDArray[np.float64] = np.abs(self.right[name])
        if not kind.startswith(("J_", "dC_dW", "dC_db")):
            return value
        delta = np.abs(self.right[notation.adjoint(notation.weighted_sums(int(layer)))])
        if kind.endswith("b"):
            return np.asarray(np.maximum(value, delta.sum(axis=1, keepdims=True)))
        before = np.abs(self.right[notation.activations(int(layer) - 1)])
        return np.asarray(np.maximum(value, delta @ before.T))

    def _evaluate(self, name: str, body: Expr, values: Mapping[str, Any]) -> Any:
        if body.op is Op.SYMBOL:
            return values[body.name]
        with np.errstate(all="ignore"):
            (value,) = _plan(name, body)(values, self._constants)
        return value
