"""A network's equations, derived when first asked for and made ready to be evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule import notation
from chainrule.architecture import Architecture
from chainrule.arrays import Array
from chainrule.derivation import Derivation
from chainrule.derive import derive, derive_outputs
from chainrule.errors import UnknownName
from chainrule.evaluate import Plan
from chainrule.parameters import Parameters


class Equations:
    """What engines and checks ask a network: values, for inputs that are known to be sound.

    Parameters
    ----------
    architecture : Architecture
        Of the network.
    """

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture
        self._derivations: dict[tuple[bool, ...], Derivation] = {}
        self._plans: dict[tuple[tuple[str, ...], bool, bool], Plan] = {}

    def derive(
        self,
        *,
        weights: bool = False,
        dropout: bool = True,
        inputs: bool = False,
        of: str = "cost",
    ) -> Derivation:
        """Return a derivation; `Network.derive` documents the arguments."""
        if of not in ("cost", "outputs"):
            raise UnknownName("quantity to differentiate", of, ["cost", "outputs"])
        dropout = dropout and bool(self._architecture.masks)
        key = (of == "cost", weights, dropout, inputs)
        if key not in self._derivations:
            self._derivations[key] = (
                derive(self._architecture, weights=weights, dropout=dropout, inputs=inputs)
                if of == "cost"
                else derive_outputs(self._architecture)
            )
        return self._derivations[key]

    def evaluate(
        self, wanted: tuple[str, ...], params: Parameters, values: Mapping[str, Array]
    ) -> list[Any]:
        """Return the values of named equations.

        Parameters
        ----------
        wanted : tuple of str
            Names of equations.
        params : Parameters
            Of the network.
        values : mapping of str to ndarray
            ``a0`` and, if needed, ``y``, weights and masks, as `Network.batch` gives them. Which
            equations are used follows from what is there.
        """
        weights = notation.EXAMPLE_WEIGHTS in values
        dropout = any(map(notation.is_mask, values)) if self._architecture.dropout else False
        plan = self._plans.get((wanted, weights, dropout))
        if plan is None:
            plan = Plan(self.derive(weights=weights, dropout=dropout), wanted)
            self._plans[wanted, weights, dropout] = plan
        return plan({**params.views, **values}, self._architecture.constants(values))

    def differentiate(
        self, params: Parameters, values: Mapping[str, Array], jacobians: Parameters
    ) -> float:
        """Write the Jacobians into `jacobians`, of the same sizes and dtype; return the cost."""
        wanted = (notation.COST, *map(notation.adjoint, params))
        cost, *found = self.evaluate(wanted, params, values)
        for view, value in zip(jacobians.values(), found, strict=True):
            view[...] = value
        return float(cost)
