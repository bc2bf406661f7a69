"""What the operations do to arrays: one table, `NUMERICS`, from operation to array operations.

It is written for arrays of the array API standard (NumPy, array-api-strict; others through
array-api-compat), real or complex: decisions are taken on the real part, so that a complex step
passes through every function.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.expr import Op

Array = Any  # of whichever namespace
UNITS, EXAMPLES = -2, -1  # axes
PER_ROOT_PI = 2 / math.sqrt(math.pi)


def namespace(array: Any) -> Any:
    """Return the array namespace of an array.

    Raises
    ------
    ImportError
        If the array needs array-api-compat and that is not installed.
    """
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    import array_api_compat

    return array_api_compat.array_namespace(array)


@dataclass(frozen=True)
class Arithmetic:
    """An array namespace, and whether decisions must look at real parts of complex numbers."""

    xp: Any
    complex_step: bool

    def real(self, x: Array) -> Array:
        """Return the part on which decisions are taken."""
        return self.xp.real(x) if self.complex_step else x

    def where_positive(self, test: Array, then: Array, otherwise: Array) -> Array:
        """Return `then` where `test` > 0, else `otherwise`; either may be a plain number."""
        if isinstance(then, float):
            then = self.xp.asarray(then, dtype=test.dtype)
        if isinstance(otherwise, float):
            otherwise = self.xp.asarray(otherwise, dtype=test.dtype)
        return self.xp.where(self.real(test) > 0, then, otherwise)

    def shifted(self, z: Array) -> Array:
        """Return z minus the largest of its column; far below it, half the largest float instead.

        Halves are subtracted, so that nothing overflows even for the largest finite numbers.
        """
        real = self.real(z)
        half = z / 2 - self.xp.max(real, axis=UNITS, keepdims=True) / 2
        lowest = -float(self.xp.finfo(real.dtype).max) / 4
        bounded = self.xp.asarray(lowest, dtype=z.dtype)
        return 2 * self.xp.where(self.real(half) > lowest, half, bounded)

    def softmax(self, z: Array) -> Array:
        """Return exp(z) over its sum down the column."""
        e = self.xp.exp(self.shifted(z))
        return e / self.xp.sum(e, axis=UNITS, keepdims=True)

    def log_softmax(self, z: Array) -> Array:
        """Return the logarithm of the softmax."""
        shifted = self.shifted(z)
        return shifted - self.xp.log(self.xp.sum(self.xp.exp(shifted), axis=UNITS, keepdims=True))

    def sum_over(self, axis: int) -> Callable[[Array], Array]:
        """Return the function that sums over one axis and keeps it."""
        return lambda x: self.xp.sum(x, axis=axis, keepdims=True)

    def total(self, x: Array) -> Array:
        """Return the sum of all entries of a matrix, of each where there is a stack of them."""
        return self.xp.sum(x) if x.ndim == 2 else self.xp.sum(x, axis=(UNITS, EXAMPLES))

    def spread(self, x: Array, shape: tuple[int, ...]) -> Array:
        """Return `x` repeated to fill matrices of `shape`."""
        array = self.xp.asarray(x)
        if array.ndim > 2:
            return self.xp.broadcast_to(array, array.shape[:-2] + shape)
        return self.xp.broadcast_to(array, shape)

    def special(self, name: str, slope: Callable[[Any], Any]) -> Callable[[Array], Array]:
        """Return a function of SciPy's; a complex step goes through it by its slope."""
        from scipy import special

        function = getattr(special, name)

        def on_namespace(x: Array) -> Array:
            if self.complex_step:
                return function(x.real) + 1j * (slope(x.real) * x.imag)
            return self.xp.asarray(function(np.asarray(x)))

        return function if self.xp is np and not self.complex_step else on_namespace

    def call(self, function: Callable[..., Array]) -> Callable[..., Array]:
        """Return a person's function, whose result is an array in the dtype of its argument."""

        def called(*args: Array) -> Array:
            return self.xp.asarray(function(*args), dtype=args[0].dtype)

        return called


NUMERICS: Mapping[Op, Callable[[Arithmetic], Callable[..., Array]]] = {
    Op.MATMUL: lambda _: operator.matmul,
    Op.TRANSPOSE: lambda _: lambda x: x.mT,
    Op.HADAMARD: lambda _: operator.mul,
    Op.ADD: lambda _: operator.add,
    Op.SUBTRACT: lambda _: operator.sub,
    Op.SCALE: lambda _: operator.mul,
    Op.SQUARE: lambda _: lambda x: x * x,
    Op.SPREAD: lambda on: on.spread,
    Op.SUM: lambda on: on.total,
    Op.SUM_EXAMPLES: lambda on: on.sum_over(EXAMPLES),
    Op.SUM_UNITS: lambda on: on.sum_over(UNITS),
    Op.SOFTMAX: lambda on: on.softmax,
    Op.LOG_SOFTMAX: lambda on: on.log_softmax,
    Op.DIVIDE: lambda _: operator.truediv,
    Op.EXP: lambda on: on.xp.exp,
    Op.LOG: lambda on: on.xp.log,
    Op.LOG1P: lambda on: on.xp.log1p,
    Op.EXPM1: lambda on: on.xp.expm1,
    Op.TANH: lambda on: on.xp.tanh,
    Op.SIN: lambda on: on.xp.sin,
    Op.COS: lambda on: on.xp.cos,
    Op.ERF: lambda on: on.special("erf", lambda x: PER_ROOT_PI * np.exp(-x * x)),
    Op.ERFC: lambda on: on.special("erfc", lambda x: -PER_ROOT_PI * np.exp(-x * x)),
    Op.WHERE_POSITIVE: lambda on: on.where_positive,
}
