"""Changed derivations → numbers: what a person's code would return if it had these mistakes.

The forward pass and the right backward pass are evaluated once; of changed ones only what comes
after the change. Hypotheses are evaluated many at a time, as stacks of matrices: a batch holds, for
every quantity that differs from the right one, its values under each of them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.checking.mutations import Change, Ground
from chainrule.checking.rounding import bounds
from chainrule.equation import Equation
from chainrule.evaluate import Plan
from chainrule.expr import Expr, Op

Array = NDArray[np.float64]
Values = Mapping[str, Array]
Made = tuple[Change, ...]


@lru_cache(maxsize=16384)
def _plan(name: str, body: Expr) -> Plan:
    return Plan([Equation(name, body)], [name])


def unit_columns(sizes: Sequence[int]) -> dict[str, Array]:
    """Return the columns that are 1 at the first or last unit of a layer, by their names."""
    found = {}
    for layer, units in enumerate(sizes):
        for place in {1, units}:
            column = np.zeros((units, 1))
            column[place - 1] = 1.0
            found[f"unit_{layer}_{place}_of_{units}_"] = column
    return found


def evaluated(change: Change, values: Values, examples: int) -> Array | None:
    """Return what a change makes of some quantities; ``None`` if it needs others, or fits not.

    Parameters
    ----------
    change : Change
    values : mapping of str to ndarray
        Quantities of the derivation, units × examples.
    examples : int
    """
    if not change.expr.symbols() <= values.keys():
        return None
    if change.expr.op is Op.SYMBOL:
        return values[change.expr.name]
    constants = {notation.EXAMPLES: float(examples), notation.PENALTY: 0.0}
    try:
        with np.errstate(all="ignore"):
            (found,) = _plan(change.equation, change.expr)(values, constants)
    except ValueError:  # shapes that do not fit: such code does not run
        return None
    return np.asarray(found)


@dataclass
class Batch:
    """Some hypotheses with their numbers.

    Attributes
    ----------
    made : list of tuple of Change
        The mistakes of each.
    values : dict of str to ndarray, shape (hypotheses, rows, columns)
        Of every quantity that differs from the right one.
    changed : frozenset of str
        The equations in which the mistakes are.
    """

    made: list[Made]
    values: dict[str, Array] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()


class Numbers:
    """A derivation with its numbers, and what they are when mistakes are made in it.

    Parameters
    ----------
    ground : Ground
    values : mapping of str to ndarray
        Parameters, inputs ``a0`` (n0 × m) and targets ``y`` (n_L × m), in float64.
    nudge : float, optional
        What is added to weighted sums that lie on a kink, where they are differentiated: there
        either side is right.
    """

    def __init__(self, ground: Ground, values: Values, nudge: float = 0.0) -> None:
        self.ground = ground
        self.constants = ground.architecture.constants(values)
        self._equations: tuple[Equation, ...] = (*ground.forward, *ground.backward)
        self._order = {each.name: place for place, each in enumerate(self._equations)}
        self._needs = {each.name: each.expr.symbols() for each in self._equations}
        self.right: dict[str, Any] = dict(values)
        self._units()
        with np.errstate(all="ignore"):
            self.kinks = self._evaluate_right(nudge)

    def _evaluate_right(self, nudge: float) -> bool:
        ground = self.ground
        for equation in ground.forward:
            self.right[equation.name] = self._evaluate(equation.name, equation.expr, self.right)
        kinks = self._at_kinks(nudge)
        for backward in (ground.stable.backward, ground.backward):
            for equation in backward:
                if equation.name not in self.right:
                    value = self._evaluate(equation.name, equation.expr, self.right)
                    self.right[equation.name] = value
        return kinks

    def _units(self) -> None:
        self.right.update(unit_columns(self.ground.sizes))

    def _at_kinks(self, nudge: float) -> bool:
        """Move what lies on a kink, and return whether anything does."""
        found = False
        for layer, row in enumerate(self.ground.architecture.activations, start=1):
            name = notation.weighted_sums(layer)
            for kink in row.kinks:
                there = self.right[name] == kink
                if there.any():
                    found = True
                    self.right[name] = np.where(there, kink + nudge, self.right[name])
        return found

    @property
    def examples(self) -> int:
        """The number of examples, m."""
        return int(self.right[notation.TARGETS].shape[1])

    def base(self, given: Values | None = None) -> Batch:
        """Return the hypothesis that there is no mistake.

        Parameters
        ----------
        given : mapping of str to ndarray, optional
            Intermediate quantities as a person has them: what comes after follows from these.
        """
        batch = Batch([()])
        if given:
            batch.values.update({name: value[None] for name, value in given.items()})
            batch.changed = frozenset(given)
            self._follow(batch, min(self._order[name] for name in given))
        return batch

    def extended(self, batch: Batch, changes: Sequence[Change]) -> Batch | None:
        """Return a batch with one more mistake: each hypothesis with each of the changes.

        Parameters
        ----------
        batch : Batch
        changes : sequence of Change
            All in one equation, which comes after those that are changed already.

        Returns
        -------
        Batch or None
            Without those that could not run; ``None`` where nothing is left.
        """
        name = changes[0].equation
        known = {**self.right, **batch.values}
        wanted = self.right[name].shape
        blocks, used = [], []
        for change in changes:
            try:
                value = self._evaluate(name, change.expr, known)
            except ValueError:  # a product of matrices that do not fit: such code does not run
                continue
            if value.shape[-2:] == wanted:
                blocks.append(np.broadcast_to(value, (len(batch.made), *wanted)))
                used.append(change)
        if not used:
            return None
        count = len(used)
        made = [(*before, change) for change in used for before in batch.made]
        values = {each: np.tile(of, (count, 1, 1)) for each, of in batch.values.items()}
        values[name] = np.concatenate(blocks)
        found = Batch(made, values, batch.changed | {name})
        self._follow(found, self._order[name])
        return found

    def joint(self, made: Made) -> Batch | None:
        """Return one hypothesis with several mistakes, in the order of the equations."""
        batch: Batch | None = self.base()
        for change in sorted(made, key=lambda each: self._order[each.equation]):
            if batch is not None:
                batch = self.extended(batch, [change])
        return None if batch is None else Batch([made], batch.values, batch.changed)

    def under(self, made: Made) -> Numbers | None:
        """Return the numbers of a derivation that has some mistakes already.

        Parameters
        ----------
        made : tuple of Change
            At most one in each equation.
        """
        batch = self.joint(made)
        if batch is None:
            return None
        bodies = {change.equation: change.expr for change in made}
        found = copy.copy(self)
        found._equations = tuple(
            replace(each, expr=bodies.get(each.name, each.expr)) for each in self._equations
        )
        found._needs = {each.name: each.expr.symbols() for each in found._equations}
        found.right = {**self.right, **{name: of[0] for name, of in batch.values.items()}}
        return found

    def again(self, name: str, batch: Batch) -> Array:
        """Return a quantity as it follows from the others of a batch, its own value aside."""
        known = {**self.right, **batch.values}
        return np.asarray(self._evaluate(name, self.ground.equations[name].expr, known))

    def place(self, equation: str) -> int:
        """Return where an equation stands in the order of the derivation."""
        return self._order[equation]

    def needs(self, change: Change, batch: Batch) -> bool:
        """Return whether a change leaves something of the mistakes before it to be seen."""
        return not change.expr.symbols().isdisjoint(batch.values)

    def _follow(self, batch: Batch, place: int) -> None:
        """Evaluate what comes after an equation."""
        values = batch.values
        for equation in self._equations[place + 1 :]:
            name = equation.name
            if name == notation.COST or name in batch.changed:
                continue
            if not self._needs[name].isdisjoint(values):
                values[name] = self._evaluate(name, equation.expr, {**self.right, **values})

    def through(self, layer: int, weights: Array) -> dict[str, Array]:
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
            self.base({name: value}).values for value in (weights.T @ delta, 0 * self.right[name])
        )
        return {each: np.asarray(sent[each][0] - nothing[each][0]) for each in sent}

    def summands(self, name: str) -> Array:
        """Return the sum of the magnitudes of what is added up in a Jacobian: a yardstick.

        Parameters
        ----------
        name : str
            ``"J_W1"``, ``"J_b1"``, … or an intermediate quantity, which is its own yardstick.
        """
        kind, layer = notation.split(name)
        value: Array = np.abs(self.right[name])
        if not kind.startswith("J_"):
            return value
        delta = np.abs(self.right[notation.adjoint(notation.weighted_sums(int(layer)))])
        if kind.endswith("b"):
            return np.asarray(np.maximum(value, delta.sum(axis=1, keepdims=True)))
        before = np.abs(self.right[notation.activations(int(layer) - 1)])
        return np.asarray(np.maximum(value, delta @ before.T))

    def rounding(self, arithmetic: np.finfo[Any]) -> dict[str, Array]:
        """Return how far rounding may have moved each value, absolute; infinite if by anything.

        The larger of what it does along the equations as a textbook has them and along those
        without rewrites: people write either.
        """
        found: dict[str, Array] = {}
        for derivation in (self.ground.stable, self.ground.plain):
            values: dict[str, Any] = dict(self.right)
            with np.errstate(all="ignore"):
                for name, bound in bounds(derivation, values, self.constants, arithmetic).items():
                    size = float(arithmetic.eps) * np.where(np.isnan(bound), np.inf, bound)
                    found[name] = np.maximum(found.get(name, 0.0), size)
        return found

    def _evaluate(self, name: str, body: Expr, values: Mapping[str, Any]) -> Any:
        if body.op is Op.SYMBOL:
            return values[body.name]
        (value,) = _plan(name, body)(values, self.constants)
        return value


def stacked(batches: Iterable[Batch]) -> list[Batch]:
    """Return batches put together where they have values of the same quantities."""
    groups: dict[frozenset[str], list[Batch]] = {}
    for batch in batches:
        groups.setdefault(frozenset(batch.values), []).append(batch)
    return [
        Batch(
            [made for batch in group for made in batch.made],
            {name: np.concatenate([batch.values[name] for batch in group]) for name in names},
        )
        for names, group in groups.items()
    ]
