"""Activation functions: one row each, and nothing else to touch when one is added.

A row says the function and its derivative as expressions of the weighted sum ``z``. Everything
else follows from the expressions: numerical values, complex steps, the page, emitted source.
Laws hold the columns to each other: ``derivative`` is the derivative of ``value`` (symbolic
proof); the stable forms and ``derivative_of_value`` are the same functions as ``value`` and
``derivative`` (proof, and 50 digits at extreme arguments); ``range`` and ``kinks`` are true.
A row may be written with other rows: silu is z σ(z), and its derivative σ(z) + z σ′(z).

Softmax is the one row that is no function of a single entry: it mixes the units of an example.
Its ``derivative`` is empty, and the sweep passes through it by the rule of `expr.Op.SOFTMAX`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from chainrule import notation, numbered
from chainrule.coefficient import Coefficient
from chainrule.elementary import (
    clip,
    cos,
    erf,
    erfc,
    exp,
    expm1,
    log,
    log1p,
    magnitude,
    sin,
    tanh,
    times,
    where_positive,
)
from chainrule.expr import (
    Expr,
    Function,
    apply,
    constant,
    derivative,
    scale,
    softmax,
    square,
    substitute,
    variable,
)
from chainrule.numbered import Numbered

VARIABLES = ("z",)
INFINITY = math.inf


@dataclass(frozen=True, repr=False)
class Activation(Function):
    """One activation function.

    Parameters
    ----------
    derivative_of_value : Expr or None
        The derivative as an expression of the value ``a``, where there is one: what a textbook
        prints, and what saves a second exponential.
    range : (float, float)
        Infimum and supremum of the values.
    """

    derivative_of_value: Expr | None = None
    range: tuple[float, float] = (-INFINITY, INFINITY)

    @property
    def elementwise(self) -> bool:
        """Whether each entry of the value depends on one entry of the argument only."""
        return self.value is None or self.derivative is not None

    def of(self, z: Expr) -> Expr:
        """Return the activations as an expression of the weighted sums `z`."""
        if self.elementwise:
            return apply(self, z)
        assert self.value is not None
        return substitute(self.value, {"z": z})


_z = variable("z")
_a = variable("a")
_decay = exp(-magnitude(_z))  # between 0 and 1 whatever the sign of z: cannot overflow
_below = where_positive(_z, 0, _z)  # z where it is negative

SIGMOID = Activation(
    "sigmoid",
    "σ",
    VARIABLES,
    value=1 / (1 + exp(-_z)),
    stable=where_positive(_z, 1, _decay) / (1 + _decay),
    derivative=exp(-_z) / square(1 + exp(-_z)),
    stable_derivative=_decay / square(1 + _decay),
    derivative_of_value=_a * (1 - _a),
    range=(0, 1),
)

SOFTPLUS = Activation(
    "softplus",
    "softplus",
    VARIABLES,
    value=log(1 + exp(_z)),
    stable=where_positive(_z, _z, 0) + log1p(_decay),
    derivative=apply(SIGMOID, _z),
    range=(0, INFINITY),
)

# parts of other rows, not offered for layers ------------------------------------------------

FAR = 40
"""Beyond, a normal density is 0 and its integral 0 or 1, in any precision."""

_half = Coefficient(Fraction(1, 2))
_per_root_2 = Coefficient(powers=((notation.ROOT_2, -1),))
_per_root_2_pi = Coefficient(powers=((notation.ROOT_2_PI, -1),))


def _density(z: Expr) -> Expr:
    return scale(_per_root_2_pi, exp(-scale(_half, square(z))))


NORMAL = Activation(
    "normal_distribution",
    "Φ",
    VARIABLES,
    value=scale(_half, 1 + erf(scale(_per_root_2, _z))),
    stable=scale(_half, erfc(-scale(_per_root_2, _z))),
    derivative=_density(_z),
    stable_derivative=_density(clip(_z, FAR)),
    range=(0, 1),
)


def _twice_the_cubic(z: Expr) -> Expr:
    """Return 2 √(2/π) (z + 0.044715 z³), of Hendrycks and Gimpel 2016, section 2."""
    cubic = z + scale(Coefficient(Fraction("0.044715")), z * square(z))
    return scale(Coefficient(Fraction(4)) * _per_root_2_pi, cubic)


def _slope_through_cubic(z: Expr) -> Expr:
    slope = 1 + scale(Coefficient(3 * Fraction("0.044715")), square(z))
    factor = Coefficient(Fraction(4)) * _per_root_2_pi
    return derivative(SIGMOID, _twice_the_cubic(z)) * scale(factor, slope)


NEARLY_NORMAL = Activation(
    "nearly_normal_distribution",
    "Φ̃",
    VARIABLES,
    value=scale(_half, 1 + tanh(scale(_half, _twice_the_cubic(_z)))),
    stable=apply(SIGMOID, _twice_the_cubic(clip(_z, FAR))),
    derivative=_slope_through_cubic(_z),
    stable_derivative=_slope_through_cubic(clip(_z, FAR)),
    range=(0, 1),
)

# rows with a number in them -----------------------------------------------------------------


def _leaky_relu(name: str, slope: Fraction) -> Activation:
    return Activation(
        name,
        "leaky_relu",
        VARIABLES,
        value=where_positive(-_z, times(slope, _z), _z),
        derivative=where_positive(_z, 1, slope),
        kinks=(0.0,) if slope != 1 else (),
    )


def _elu(name: str, alpha: Fraction) -> Activation:
    return Activation(
        name,
        "elu",
        VARIABLES,
        value=where_positive(_z, _z, times(alpha, exp(_z) - 1)),
        stable=where_positive(_z, _z, times(alpha, expm1(_below))),
        derivative=where_positive(_z, 1, times(alpha, exp(_z))),
        stable_derivative=where_positive(_z, 1, times(alpha, exp(_below))),
        derivative_of_value=where_positive(_a, 1, _a + alpha),
        range=(-float(alpha), INFINITY),
        kinks=(0.0,) if alpha != 1 else (),
    )


NUMBERED: Mapping[str, Numbered[Activation]] = {
    "leaky_relu": Numbered(_leaky_relu, "slope", usual=0.01, least=0.0),
    "elu": Numbered(_elu, "alpha", usual=1.0, least=0.0),
}

# the table ----------------------------------------------------------------------------------

ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": SIGMOID,
    "tanh": Activation(
        "tanh",
        "tanh",
        VARIABLES,
        value=tanh(_z),
        derivative=1 - square(tanh(_z)),
        stable_derivative=square(2 * _decay / (1 + square(_decay))),
        derivative_of_value=1 - square(_a),
        range=(-1, 1),
    ),
    "relu": Activation(
        "relu",
        "relu",
        VARIABLES,
        value=where_positive(-_z, 0, _z),  # this way round, NaN stays NaN
        derivative=where_positive(_z, 1, 0),
        range=(0, INFINITY),
        kinks=(0.0,),
    ),
    **{name: row.row(name, None) for name, row in NUMBERED.items()},
    "gelu": Activation(
        "gelu",
        "gelu",
        VARIABLES,
        value=_z * apply(NORMAL, _z),
        derivative=apply(NORMAL, _z) + _z * derivative(NORMAL, _z),
        range=(-0.16997120747990369, INFINITY),
    ),
    "gelu_tanh": Activation(
        "gelu_tanh",
        "gelu_tanh",
        VARIABLES,
        value=_z * apply(NEARLY_NORMAL, _z),
        derivative=apply(NEARLY_NORMAL, _z) + _z * derivative(NEARLY_NORMAL, _z),
        range=(-0.17004075057125412, INFINITY),
    ),
    "silu": Activation(
        "silu",
        "silu",
        VARIABLES,
        value=_z * apply(SIGMOID, _z),
        derivative=apply(SIGMOID, _z) + _z * derivative(SIGMOID, _z),
        range=(-0.27846454276107380, INFINITY),
    ),
    "softplus": SOFTPLUS,
    "sin": Activation(
        "sin",
        "sin",
        VARIABLES,
        value=sin(_z),
        derivative=cos(_z),
        range=(-1, 1),
    ),
    "exp": Activation(
        "exp",
        "exp",
        VARIABLES,
        value=exp(_z),
        derivative=exp(_z),
        derivative_of_value=_a,
        range=(0, INFINITY),
    ),
    "identity": Activation(
        "identity",
        "id",
        VARIABLES,
        value=_z,
        derivative=constant(1),
        derivative_of_value=constant(1),
    ),
    "softmax": Activation(
        "softmax",
        "softmax",
        VARIABLES,
        value=softmax(_z),
        range=(0, 1),
    ),
}


OWN: dict[str, Activation] = {}
"""Rows that a person has registered; see `own`."""


def find(name: object) -> Activation:
    """Return the row of an activation: a row as it is, or that of a name such as ``"elu(1.5)"``.

    Raises
    ------
    UnknownName, InvalidValue, InvalidType
        If there is no such row, or its number is impossible.

    Examples
    --------
    >>> find("tanh").symbol, find("leaky_relu(0.2)").name
    ('tanh', 'leaky_relu(slope=0.2)')
    >>> find("sigmiod")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    chainrule.errors.UnknownName: unknown activation 'sigmiod'; did you mean 'sigmoid'? \
Known: sigmoid, tanh, relu, ...
    """
    if isinstance(name, Activation):
        return name
    return numbered.find("activation", name, ACTIVATIONS | OWN, NUMBERED)
