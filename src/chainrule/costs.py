"""Costs: one row each, with what each asks of its targets and of the output activation.

A row is the cost of one output of one example, as an expression of the prediction ``a`` and the
target ``y``. The cost of a batch is built from it in one place (`derive`): summed over the
outputs, averaged over the examples, plus the penalty. A cost with kinks has them at values of
``a − y``.

Cross-entropy is two rows, since it is two formulas: independent probabilities (sigmoid outputs)
and one distribution over the outputs (softmax). People write ``"cross_entropy"`` for either,
and the output activation decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from chainrule import notation, numbered
from chainrule.activations import Activation
from chainrule.coefficient import Coefficient
from chainrule.elementary import clip, exp, log, log1p, magnitude, sign, tanh, times, where_positive
from chainrule.errors import PairRefused
from chainrule.expr import Expr, Function, constant, scale, square, variable
from chainrule.numbered import Numbered

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


def _negative(y: Targets) -> str:
    bad = np.argwhere(y < 0)
    return f"y[{bad[0][0]}, {bad[0][1]}] is {y[tuple(bad[0])]:g}" if bad.size else ""


def _one_hot(rng: np.random.Generator, outputs: int, examples: int) -> Targets:
    return np.eye(outputs)[:, rng.integers(outputs, size=examples)]


def _nothing_wrong(_y: Targets) -> str:
    return ""


def _fractions(rng: np.random.Generator, outputs: int, examples: int) -> Targets:
    return rng.uniform(0.1, 0.9, (outputs, examples))


def _zeros_and_ones(rng: np.random.Generator, outputs: int, examples: int) -> Targets:
    return rng.integers(0, 2, (outputs, examples)).astype(float)


def _counts(rng: np.random.Generator, outputs: int, examples: int) -> Targets:
    return rng.poisson(2.0, (outputs, examples)).astype(float)


ANY_REAL = Domain("real numbers", "", _nothing_wrong, _fractions)
UNIT_INTERVAL = Domain(
    "targets between 0 and 1",
    "code the two classes as 0 and 1",
    _outside_unit_interval,
    _zeros_and_ones,
)
COUNTS = Domain("targets of 0 or more", "counts are 0, 1, 2, …", _negative, _counts)
DISTRIBUTION = Domain(
    "one distribution per column: entries between 0 and 1 that sum to 1",
    "give class k as a column of zeros with a 1 in row k, or divide y by y.sum(axis=0)",
    _no_distribution,
    _one_hot,
)


@dataclass(frozen=True, repr=False)
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
    usual_output : str
        The output activation that goes with it, for two outputs or more.
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
    usual_output: str = "identity"
    derivative_reason: str = "the derivative of the cost of each output"
    shortcut: Expr | None = None
    shortcut_reason: str = ""

    def may_meet(self, output: Activation) -> bool:
        """Return whether this cost is defined and differentiable for that output activation."""
        return not self.outputs or output.name in self.outputs


_a = variable("a")
_y = variable("y")
_r = _a - _y
_half = Coefficient(Fraction(1, 2))
_log_2 = constant(Coefficient(powers=((notation.LOG_2, 1),)))

_size = magnitude(_r)
_small = tanh(where_positive(_size - 1, 1, _size))


def _huber(name: str, delta: Fraction) -> Cost:
    bounded = clip(_r, delta)
    # half the square up to δ, and on along the tangent: one formula for both, which cannot overflow
    beyond = times(delta, magnitude(_r - bounded))
    return Cost(
        name,
        "huber",
        VARIABLES,
        value=where_positive(
            _size - delta,
            times(delta, _size - delta / 2),
            scale(_half, square(_r)),
        ),
        stable=scale(_half, square(bounded)) + beyond,
        derivative=bounded,
        family="huber",
        title=f"Huber's cost, half the square up to |a − y| = {float(delta):g}, a line beyond",
        derivative_reason="the slope of half a square, but no steeper than at its edge",
    )


def _quantile(name: str, q: Fraction) -> Cost:
    return Cost(
        name,
        "quantile",
        VARIABLES,
        value=where_positive(_r, times(1 - q, _r), times(q, -_r)),
        derivative=where_positive(_r, 1 - q, -q),
        kinks=(0.0,),
        family="quantile",
        title=f"quantile cost: |a − y|, times {float(q):g} where a is too low, {float(1 - q):g} "
        "where it is too high",
        derivative_reason="the slope of either side",
    )


NUMBERED: Mapping[str, Numbered[Cost]] = {
    "huber": Numbered(_huber, "delta", usual=1.0, least=0.0),
    "quantile": Numbered(_quantile, "q", usual=0.5, least=0.0, most=1.0),
}

COSTS: dict[str, Cost] = {
    "squared_error": Cost(
        "squared_error",
        "squared error",
        VARIABLES,
        value=square(_a - _y),
        derivative=2 * (_a - _y),
        family="squared_error",
        title="squared error",
        derivative_reason="the derivative of the square",
    ),
    "absolute_error": Cost(
        "absolute_error",
        "absolute error",
        VARIABLES,
        value=magnitude(_r),
        derivative=sign(_r),
        kinks=(0.0,),
        family="absolute_error",
        title="absolute error",
        derivative_reason="the slope of |x| is the sign of x",
    ),
    **{name: row.row(name, None) for name, row in NUMBERED.items()},
    "log_cosh": Cost(
        "log_cosh",
        "log-cosh",
        VARIABLES,
        value=log(scale(_half, exp(_r) + exp(-_r))),
        stable=where_positive(
            _size - 1,
            _size + log1p(exp(-2 * _size)) - _log_2,
            -scale(_half, log1p(-square(_small))),
        ),
        derivative=tanh(_r),
        family="log_cosh",
        title="log cosh(a − y)",
        derivative_reason="the derivative of log cosh x is tanh x",
    ),
    "poisson": Cost(
        "poisson",
        "Poisson cost",
        VARIABLES,
        value=_a - _y * log(_a),
        derivative=1 - _y / _a,
        family="poisson",
        title="Poisson cost, a − y log a",
        domain=COUNTS,
        outputs=("exp",),
        refusal="it takes the logarithm of a, which must be positive whatever the weights",
        usual_output="exp",
        shortcut=_a - _y,
        shortcut_reason="with the Poisson cost, the division by a in ∂C/∂a cancels exp′(z) = a",
    ),
    "binary_cross_entropy": Cost(
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
        usual_output="sigmoid",
        shortcut=_a - _y,
        shortcut_reason="with cross-entropy, the division by a (1 − a) in ∂C/∂a cancels σ′(z)",
    ),
    "categorical_cross_entropy": Cost(
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
        usual_output="softmax",
        shortcut=_a - _y,
        shortcut_reason="with cross-entropy, what is left of it is a − y, since y sums to 1",
    ),
}


OWN: dict[str, Cost] = {}
"""Rows that a person has registered; see `own`."""


def find(name: object, output: Activation) -> Cost:
    """Return the row of a cost, by its name or its family, for an output activation.

    Raises
    ------
    UnknownName, InvalidValue, InvalidType
        If no row bears the name, or its number is impossible.
    PairRefused
        If rows do, and none of them may meet this output activation.

    Examples
    --------
    >>> from chainrule.activations import ACTIVATIONS
    >>> find("cross_entropy", ACTIVATIONS["softmax"]).name
    'categorical_cross_entropy'
    >>> find("huber(1.5)", ACTIVATIONS["identity"]).name
    'huber(delta=1.5)'
    """
    rows = rows_named(name)
    for row in rows:
        if row.may_meet(output):
            return row
    reasons = "; or ".join(f"{row.refusal} ({', '.join(row.outputs)})" for row in rows)
    wanted = sorted({pair for row in rows for pair in row.outputs})
    raise PairRefused(
        f"{rows[0].family} cannot follow a layer of {output.name}: {reasons}. "
        f"Give the last layer one of: {', '.join(wanted)}."
    )


def usual_output(name: object, outputs: int) -> str:
    """Return the output activation that goes with a cost, for a number of outputs.

    Examples
    --------
    >>> usual_output("cross_entropy", 10), usual_output("cross_entropy", 1)
    ('softmax', 'sigmoid')
    >>> usual_output("squared_error", 1), usual_output("poisson", 1)
    ('identity', 'exp')
    """
    named = [row.usual_output for row in rows_named(name)]
    return "softmax" if "softmax" in named and outputs > 1 else named[0]


def rows_named(name: object) -> list[Cost]:
    """Return all rows that bear a name, as their own or as that of their family."""
    if isinstance(name, Cost):
        return [name]
    name = name.strip() if isinstance(name, str) else name
    rows = COSTS | OWN
    family = [row for row in COSTS.values() if row.family == name]
    if family and name not in rows:
        return family
    known = dict.fromkeys([*(row.family for row in COSTS.values()), *rows])
    return [numbered.find("cost", name, rows, NUMBERED, known)]
