"""Costs: one row each, with what each asks of its targets and of the output activation.

A row is the cost of one output of one example, as an expression of the prediction ``a`` and the
target ``y``. The cost of a batch is built from it in one place (`derive`): summed over the
outputs, averaged over the examples, plus the penalty.

Cross-entropy is two rows, since it is two formulas: independent probabilities (sigmoid outputs)
and one distribution over the outputs (softmax). People write ``"cross_entropy"`` for either,
and the output activation decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.activations import Activation
from chainrule.errors import InvalidType, PairRefused, UnknownName
from chainrule.expr import Expr, Function, log, square, variable

VARIABLES = ("a", "y")
Targets = NDArray[np.floating]


@dataclass(frozen=True)
class Domain:
    """The targets that a cost can take.

    Parameters
    ----------
    wanted : str
        What the targets must be, to end the sentence "… wants".
    remedy : str
        How to make such targets.
    violation : callable
        Takes targets (n_L × m, finite) and returns where the first bad one is and what it is,
        in words, or an empty text if all are fine.
    sample : callable
        Draws targets (n_L × m) for trying a network out: takes a generator, n_L and m.
    """

    wanted: str
    remedy: str
    violation: Callable[[Targets], str]
    sample: Callable[[np.random.Generator, int, int], Targets]


def _outside_unit_interval(y: Targets) -> str:
    bad = np.argwhere((y < 0) | (y > 1))
    return f"y[{bad[0][0]}, {bad[0][1]}] is {y[tuple(bad[0])]:g}" if bad.size else ""


def _no_distribution(y: Targets) -> str:
    sums = np.sum(y, axis=0)
    rounding = 4 * y.shape[0] * np.finfo(y.dtype).eps
    bad = np.flatnonzero(np.abs(sums - 1) > rounding)
    if not bad.size:
        return _outside_unit_interval(y)
    return f"column {bad[0]} of y sums to {sums[bad[0]]:.9g}"


def _one_hot(rng: np.random.Generator, outputs: int, examples: int) -> Targets:
    return np.eye(outputs)[:, rng.integers(outputs, size=examples)]


def _nothing_wrong(_y: Targets) -> str:
    return ""


def _fractions(rng: np.random.Generator, outputs: int, examples: int) -> Targets:
    return rng.uniform(0.1, 0.9, (outputs, examples))


def _zeros_and_ones(rng: np.random.Generator, outputs: int, examples: int) -> Targets:
    return rng.integers(0, 2, (outputs, examples)).astype(float)


ANY_REAL = Domain("real numbers", "", _nothing_wrong, _fractions)
UNIT_INTERVAL = Domain(
    "targets between 0 and 1",
    "code the two classes as 0 and 1",
    _outside_unit_interval,
    _zeros_and_ones,
)
DISTRIBUTION = Domain(
    "one distribution per column: entries between 0 and 1 that sum to 1",
    "give class k as a column of zeros with a 1 in row k, or divide y by y.sum(axis=0)",
    _no_distribution,
    _one_hot,
)


@dataclass(frozen=True)
class Cost(Function):
    """One cost.

    Parameters
    ----------
    family : str
        The name under which people ask for it, where several rows share one.
    title : str
        Name in words, with how it is counted.
    domain : Domain
        The targets that it can take.
    outputs : tuple of str
        Names of the output activations that it may meet; empty for any.
    refusal : str
        Why it may meet no other.
    derivative_reason : str
        What a derivation says beside the derivative.
    shortcut : Expr or None
        The derivative through cost *and* output activation, with respect to the weighted sum,
        as an expression of ``a`` and ``y``: holds with each of `outputs`.
    shortcut_reason : str
        What a derivation says beside it.
    """

    family: str = ""
    title: str = ""
    domain: Domain = ANY_REAL
    outputs: tuple[str, ...] = ()
    refusal: str = ""
    derivative_reason: str = "the derivative of the cost of each output"
    shortcut: Expr | None = None
    shortcut_reason: str = ""

    def may_meet(self, output: Activation) -> bool:
        """Return whether this cost is defined and differentiable for that output activation."""
        return not self.outputs or output.name in self.outputs


_a = variable("a")
_y = variable("y")

COSTS: dict[str, Cost] = {
    row.name: row
    for row in (
        Cost(
            "squared_error",
            "squared error",
            VARIABLES,
            value=square(_a - _y),
            derivative=2 * (_a - _y),
            family="squared_error",
            title="squared error",
            derivative_reason="the derivative of the square",
        ),
        Cost(
            "binary_cross_entropy",
            "binary cross-entropy",
            VARIABLES,
            value=-(_y * log(_a) + (1 - _y) * log(1 - _a)),
            derivative=(_a - _y) / (_a * (1 - _a)),
            family="cross_entropy",
            title="cross-entropy, −y log a − (1 − y) log(1 − a)",
            domain=UNIT_INTERVAL,
            outputs=("sigmoid",),
            refusal="it takes the logarithm of a and of 1 − a, so a must be a probability",
            shortcut=_a - _y,
            shortcut_reason="with cross-entropy, the division by a (1 − a) in ∂C/∂a cancels σ′(z)",
        ),
        Cost(
            "categorical_cross_entropy",
            "cross-entropy",
            VARIABLES,
            value=-(_y * log(_a)),
            derivative=-(_y / _a),
            family="cross_entropy",
            title="cross-entropy, −y log a",
            domain=DISTRIBUTION,
            outputs=("softmax",),
            refusal="its predictions must be a distribution over the outputs",
            shortcut=_a - _y,
            shortcut_reason="with cross-entropy, what is left of it is a − y, since y sums to 1",
        ),
    )
}


def find(name: str, output: Activation, table: Mapping[str, Cost] = COSTS) -> Cost:
    """Return the row of a cost, by its name or its family, for an output activation.

    Raises
    ------
    UnknownName
        If no row bears the name.
    PairRefused
        If rows do, and none of them may meet this output activation.

    Examples
    --------
    >>> from chainrule.activations import ACTIVATIONS
    >>> find("cross_entropy", ACTIVATIONS["softmax"]).name
    'categorical_cross_entropy'
    """
    rows = rows_named(name, table)
    for row in rows:
        if row.may_meet(output):
            return row
    wanted = sorted({pair for row in rows for pair in row.outputs})
    raise PairRefused(
        f"{name} cannot follow a layer of {output.name}: {rows[0].refusal}. "
        f"Give the last layer one of: {', '.join(wanted)}."
    )


def usual_output(name: str, outputs: int, table: Mapping[str, Cost] = COSTS) -> str:
    """Return the output activation that goes with a cost, for a number of outputs.

    Examples
    --------
    >>> usual_output("cross_entropy", 10), usual_output("cross_entropy", 1)
    ('softmax', 'sigmoid')
    """
    named = [pair for row in rows_named(name, table) for pair in row.outputs] or ["identity"]
    return "softmax" if "softmax" in named and outputs > 1 else named[0]


def rows_named(name: str, table: Mapping[str, Cost] = COSTS) -> list[Cost]:
    """Return all rows that bear a name, as their own or as that of their family."""
    if not isinstance(name, str):
        raise InvalidType(f"cost is {name!r}, wanted the name of one: {', '.join(table)}")
    rows = [row for row in table.values() if name in (row.name, row.family)]
    if not rows:
        known = dict.fromkeys([*(row.family for row in table.values()), *table])
        raise UnknownName("cost", name, known)
    return rows
