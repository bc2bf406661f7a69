"""Activation functions: one row each, and nothing else to touch when one is added.

A row says the function and its derivative as expressions of the weighted sum ``z``. Everything
else follows from the expressions: numerical values, complex steps, the page, emitted source.
Laws hold the columns to each other: ``derivative`` is the derivative of ``value`` (symbolic
proof); ``stable`` and ``derivative_of_value`` are the same functions as ``value`` and
``derivative`` (proof, and 50 digits at extreme arguments); ``range`` and ``kinks`` are true.

Softmax is the one row that is no function of a single entry: it mixes the units of an example.
Its ``derivative`` is empty, and the sweep passes through it by the rule of `expr.Op.SOFTMAX`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.errors import InvalidType, UnknownName
from chainrule.expr import (
    Expr,
    Function,
    apply,
    constant,
    exp,
    log,
    log1p,
    magnitude,
    softmax,
    square,
    substitute,
    tanh,
    variable,
    where_positive,
)

VARIABLES = ("z",)
INFINITY = math.inf


@dataclass(frozen=True)
class Activation(Function):
    """One activation function.

    Parameters
    ----------
    derivative_of_value : Expr or None
        The derivative as an expression of the value ``a``, where there is one: what a textbook
        prints, and what saves a second exponential.
    range : (float, float)
        Infimum and supremum of the values.
    kinks : tuple of float
        Where the function is continuous but has no derivative.
    """

    derivative_of_value: Expr | None = None
    range: tuple[float, float] = (-INFINITY, INFINITY)
    kinks: tuple[float, ...] = ()

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
_sigmoid = where_positive(_z, 1, _decay) / (1 + _decay)

ACTIVATIONS: dict[str, Activation] = {
    row.name: row
    for row in (
        Activation(
            "sigmoid",
            "σ",
            VARIABLES,
            value=1 / (1 + exp(-_z)),
            stable=_sigmoid,
            derivative=_decay / square(1 + _decay),
            derivative_of_value=_a * (1 - _a),
            range=(0, 1),
        ),
        Activation(
            "tanh",
            "tanh",
            VARIABLES,
            value=tanh(_z),
            derivative=square(2 * _decay / (1 + square(_decay))),
            derivative_of_value=1 - square(_a),
            range=(-1, 1),
        ),
        Activation(
            "relu",
            "relu",
            VARIABLES,
            value=where_positive(-_z, 0, _z),  # this way round, NaN stays NaN
            derivative=where_positive(_z, 1, 0),
            range=(0, INFINITY),
            kinks=(0.0,),
        ),
        Activation(
            "identity",
            "id",
            VARIABLES,
            value=_z,
            derivative=constant(1),
            derivative_of_value=constant(1),
        ),
        Activation(
            "softmax",
            "softmax",
            VARIABLES,
            value=softmax(_z),
            range=(0, 1),
        ),
    )
}

SOFTPLUS = Activation(
    "softplus",
    "softplus",
    VARIABLES,
    value=log(1 + exp(_z)),
    stable=where_positive(_z, _z, 0) + log1p(_decay),
    derivative=_sigmoid,
    range=(0, INFINITY),
)
"""Not offered for layers yet: the cross-entropy of a sigmoid is written with it."""


def find(name: str, table: Mapping[str, Activation] = ACTIVATIONS) -> Activation:
    """Return the row of an activation.

    Raises
    ------
    UnknownName
        If there is no such row; the message offers the nearest name.
    InvalidType
        If `name` is not text.

    Examples
    --------
    >>> find("tanh").symbol
    'tanh'
    >>> find("sigmiod")
    Traceback (most recent call last):
        ...
    chainrule.errors.UnknownName: unknown activation 'sigmiod'; did you mean 'sigmoid'? \
Known: sigmoid, tanh, relu, identity, softmax.
    """
    if not isinstance(name, str):
        raise InvalidType(f"activation is {name!r}, wanted the name of one: {', '.join(table)}")
    if name not in table:
        raise UnknownName("activation", name, table)
    return table[name]
