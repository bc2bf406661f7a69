"""Elementary functions as expressions: what the rows of activations and costs are written with.

Decisions are all made of one operation, `where_positive`, which looks at real parts: so a complex
step passes through every one of these functions.
"""

from __future__ import annotations

from fractions import Fraction

from chainrule.coefficient import Coefficient, Number
from chainrule.expr import Expr, Op, common_shape, lift, scale


def _entrywise(op: Op, arg: Expr) -> Expr:
    return Expr(op, (arg,), arg.shape)


def exp(arg: Expr) -> Expr:
    """Return e to the power of every entry."""
    return _entrywise(Op.EXP, arg)


def log(arg: Expr) -> Expr:
    """Return the natural logarithm of every entry."""
    return _entrywise(Op.LOG, arg)


def log1p(arg: Expr) -> Expr:
    """Return log(1 + x) of every entry x."""
    return _entrywise(Op.LOG1P, arg)


def expm1(arg: Expr) -> Expr:
    """Return exp(x) − 1 of every entry x."""
    return _entrywise(Op.EXPM1, arg)


def tanh(arg: Expr) -> Expr:
    """Return the hyperbolic tangent of every entry."""
    return _entrywise(Op.TANH, arg)


def sin(arg: Expr) -> Expr:
    """Return the sine of every entry, in radians."""
    return _entrywise(Op.SIN, arg)


def cos(arg: Expr) -> Expr:
    """Return the cosine of every entry, in radians."""
    return _entrywise(Op.COS, arg)


def erf(arg: Expr) -> Expr:
    """Return the error function of every entry."""
    return _entrywise(Op.ERF, arg)


def erfc(arg: Expr) -> Expr:
    """Return 1 − erf(x) of every entry x."""
    return _entrywise(Op.ERFC, arg)


def where_positive(test: Expr, then: Expr | Number, otherwise: Expr | Number) -> Expr:
    """Return `then` where `test` > 0 and `otherwise` elsewhere, entry by entry."""
    args = (test, lift(then), lift(otherwise))
    return Expr(Op.WHERE_POSITIVE, args, common_shape(Op.WHERE_POSITIVE, args))


def times(number: Fraction, arg: Expr) -> Expr:
    """Return a number times every entry; with 1, the expression as it is."""
    return arg if number == 1 else scale(Coefficient(number), arg)


def magnitude(arg: Expr) -> Expr:
    """Return |x| of every entry x."""
    return where_positive(arg, arg, -arg)


def sign(arg: Expr) -> Expr:
    """Return 1, 0 or −1 for every entry."""
    return where_positive(arg, 1, where_positive(-arg, -1, 0))


def clip(arg: Expr, limit: Number) -> Expr:
    """Return every entry, but no further from 0 than `limit`."""
    return where_positive(arg - limit, limit, where_positive(-arg - limit, -limit, arg))
