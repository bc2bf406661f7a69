"""Derivation → numbers: walks the equations on any array namespace. This is the reference.

One table, `NUMERICS`, from operation to array operations. It is written for arrays of the
array API standard (NumPy, array-api-strict; others through array-api-compat), real or complex:
decisions are taken on the real part, so that a complex step passes through every function.

The native engine and emitted sources are held to what this module computes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import expr, notation
from chainrule.derivation import Derivation, Equation
from chainrule.errors import InvalidValue, UnknownQuantity
from chainrule.expr import Coefficient, Dim, Expr, Op
from chainrule.render import text

Array = Any  # of whichever namespace
# What to call, the slot of its result, what picks its arguments out of the slots, and whether
# that is a single one.
Step = tuple[Callable[..., Array], int, Callable[[list[Any]], Any], bool]


class Plan:
    """Equations made ready to be evaluated many times.

    Expressions are taken apart once: named functions become their stable forms, what occurs
    twice is computed once, what nothing needs is left out.

    Parameters
    ----------
    equations : iterable of Equation
        In an order in which each uses earlier ones only.
    wanted : iterable of str
        Names of the equations whose values are asked for.
    xp : module, optional
        The array namespace.
    complex_step : bool, optional
        Whether values will be complex. Decisions are then taken on the real part.
    """

    def __init__(
        self,
        equations: Iterable[Equation],
        wanted: Iterable[str],
        xp: Any = np,
        *,
        complex_step: bool = False,
    ) -> None:
        self.wanted = tuple(wanted)
        self._arithmetic = Arithmetic(xp, complex_step)
        self._bodies = {equation.name: equation.expr for equation in equations}
        self._slots: dict[Expr | str, int] = {}
        self._inputs: dict[str, int] = {}
        self._factors: list[tuple[int, Coefficient]] = []
        self._spreads: list[tuple[int, tuple[Dim, ...]]] = []
        self._steps: list[Step] = []
        self._count = 0
        self._constants: tuple[tuple[float, ...], list[Any]] | None = None
        for name in self._needed():
            self._named(name)
        self._results = [self._slots[name] for name in self.wanted]

    def __call__(self, values: Mapping[str, Array], constants: Mapping[str, float]) -> list[Array]:
        """Return the wanted values, in their order.

        Parameters
        ----------
        values : mapping of str to array
            Inputs, targets and parameters by name.
        constants : mapping of str to float
            ``m``, the number of examples, and ``lambda``, the penalty.
        """
        slots = self._with_constants(constants)
        for name, slot in self._inputs.items():
            slots[slot] = values[name]
        for function, out, arguments, single in self._steps:
            found = arguments(slots)
            slots[out] = function(found) if single else function(*found)
        return [slots[slot] for slot in self._results]

    def _with_constants(self, constants: Mapping[str, float]) -> list[Any]:
        """Return all slots, with what depends on the named constants alone filled in."""
        key = tuple(constants.values())
        if self._constants is None or self._constants[0] != key:
            slots: list[Any] = [None] * self._count
            for slot, factor in self._factors:
                slots[slot] = factor.value(constants)
            for slot, dims in self._spreads:
                slots[slot] = tuple(int(constants[d]) if isinstance(d, str) else d for d in dims)
            self._constants = (key, slots)
        return self._constants[1].copy()

    def _needed(self) -> list[str]:
        """Return the equations that the wanted ones need, themselves included, in order."""
        needed = set(self.wanted)
        for name, body in reversed(self._bodies.items()):
            if name in needed:
                needed |= body.symbols()
        return [name for name in self._bodies if name in needed]

    def _new_slot(self) -> int:
        self._count += 1
        return self._count - 1

    def _named(self, name: str) -> int:
        if name not in self._slots:
            if name in self._bodies:
                self._slots[name] = self._place(self._bodies[name])
            else:
                self._slots[name] = self._inputs[name] = self._new_slot()
        return self._slots[name]

    def _place(self, node: Expr) -> int:
        if node.op is Op.SYMBOL:
            return self._named(node.name)
        if node not in self._slots:
            self._slots[node] = self._compute(node)
        return self._slots[node]

    def _compute(self, node: Expr) -> int:
        if node.op is Op.CONSTANT:
            return self._factor(node.coefficient)
        if node.op in _BODIES:
            return self._place(_body(node))
        if node.op is Op.WHERE_POSITIVE and self._is_plain_magnitude(node):
            return self._step(self._arithmetic.xp.abs, [self._place(node.args[0])])
        arguments = [self._place(arg) for arg in _without_idle_spread(node)]
        if node.op is Op.SCALE:
            arguments.insert(0, self._factor(node.coefficient))
        if node.op is Op.SPREAD:
            arguments.append(self._new_slot())
            self._spreads.append((arguments[-1], node.shape))
        return self._step(NUMERICS[node.op](self._arithmetic), arguments)

    def _is_plain_magnitude(self, node: Expr) -> bool:
        return not self._arithmetic.complex_step and node == expr.magnitude(node.args[0])

    def _step(self, function: Callable[..., Array], arguments: list[int]) -> int:
        out = self._new_slot()
        self._steps.append((function, out, operator.itemgetter(*arguments), len(arguments) == 1))
        return out

    def _factor(self, coefficient: Coefficient) -> int:
        slot = self._new_slot()
        self._factors.append((slot, coefficient))
        return slot


class Trace(Mapping[str, Array]):
    """Every intermediate value of one evaluation, by the name of its equation.

    ``trace["delta2"]`` or ``trace.delta2`` is the value; printing shows every equation with the
    shape and the range of its value.

    Parameters
    ----------
    derivation : Derivation
        The equations.
    values : mapping of str to array
        Inputs, targets and the value of every equation.
    """

    def __init__(self, derivation: Derivation, values: Mapping[str, Array]) -> None:
        self.derivation = derivation
        self._values = dict(values)

    def __getitem__(self, name: str) -> Array:
        try:
            return self._values[notation.code(name)]
        except KeyError:
            raise UnknownQuantity("quantity", name, tuple(self._values)) from None

    def __getattr__(self, name: str) -> Array:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._values]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        rows = [
            (spelled, text.shape(np.shape(value)), _range(value))
            for spelled, value in self._spelled()
        ]
        return "\n".join(text.columns(rows, indent=""))

    def numbers(self, precision: int = 5) -> str:
        """Return every equation with its value written out; large values are abridged.

        Parameters
        ----------
        precision : int, optional
            Digits after the point.
        """
        lines = []
        for spelled, value in self._spelled():
            lines.append(f"{spelled}    {text.shape(np.shape(value))}")
            written = np.array2string(
                np.asarray(value),
                precision=precision,
                threshold=60,
                edgeitems=3,
                max_line_width=100,
            )
            lines += ["    " + line for line in written.splitlines()]
        return "\n".join(lines)

    def _spelled(self) -> Iterator[tuple[str, Array]]:
        equations = {equation.name: str(equation) for equation in self.derivation}
        for name, value in self._values.items():
            yield equations.get(name, notation.text(name)), value


def trace(
    derivation: Derivation,
    values: Mapping[str, Array],
    constants: Mapping[str, float],
    given: Sequence[str],
    xp: Any = np,
) -> Trace:
    """Evaluate every equation of a derivation and keep all values.

    Parameters
    ----------
    derivation : Derivation
    values, constants : mapping
        As for `Plan`.
    given : sequence of str
        Names among `values` that the trace shows first (inputs and targets).
    xp : module, optional
        The array namespace.
    """
    found = Plan(derivation, derivation.names, xp)(values, constants)
    shown = {name: values[name] for name in given}
    return Trace(derivation, shown | dict(zip(derivation.names, found, strict=True)))


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


def _range(value: Array) -> str:
    array = np.asarray(value)
    if array.size == 1:
        return f"{array.item():.6g}"
    return f"{array.min():.4g} … {array.max():.4g}"


# what the operations do ---------------------------------------------------------------------

_BODIES: Mapping[Op, Callable[[expr.Function], Expr | None]] = {
    Op.APPLY: lambda row: row.stable if row.stable is not None else row.value,
    Op.DERIVATIVE: lambda row: row.derivative,
    Op.LOSS: lambda row: row.stable if row.stable is not None else row.value,
    Op.LOSS_DERIVATIVE: lambda row: row.derivative,
}

_PAIRED = frozenset({Op.ADD, Op.SUBTRACT, Op.HADAMARD, Op.DIVIDE})


def _body(node: Expr) -> Expr:
    row = node.function
    assert row is not None
    body = _BODIES[node.op](row)
    if body is None:
        raise InvalidValue(f"{row.name} was left undefined, and has no values: give it a row")
    return expr.written_out(node, body)


def _without_idle_spread(node: Expr) -> tuple[Expr, ...]:
    """Drop spreads that the pairing of entries does by itself."""
    if node.op not in _PAIRED or all(arg.op in (Op.SPREAD, Op.CONSTANT) for arg in node.args):
        return node.args
    return tuple(arg.args[0] if arg.op is Op.SPREAD else arg for arg in node.args)


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
        half = z / 2 - self.xp.max(real, axis=0, keepdims=True) / 2
        lowest = -float(self.xp.finfo(real.dtype).max) / 4
        bounded = self.xp.asarray(lowest, dtype=z.dtype)
        return 2 * self.xp.where(self.real(half) > lowest, half, bounded)

    def softmax(self, z: Array) -> Array:
        """Return exp(z) over its sum down the column."""
        e = self.xp.exp(self.shifted(z))
        return e / self.xp.sum(e, axis=0, keepdims=True)

    def log_softmax(self, z: Array) -> Array:
        """Return the logarithm of the softmax."""
        shifted = self.shifted(z)
        return shifted - self.xp.log(self.xp.sum(self.xp.exp(shifted), axis=0, keepdims=True))

    def sum_over(self, axis: int) -> Callable[[Array], Array]:
        """Return the function that sums over one axis and keeps it."""
        return lambda x: self.xp.sum(x, axis=axis, keepdims=True)

    def spread(self, x: Array, shape: tuple[int, ...]) -> Array:
        """Return `x` repeated to fill `shape`."""
        return self.xp.broadcast_to(self.xp.asarray(x), shape)


NUMERICS: Mapping[Op, Callable[[Arithmetic], Callable[..., Array]]] = {
    Op.MATMUL: lambda _: operator.matmul,
    Op.TRANSPOSE: lambda _: lambda x: x.T,
    Op.HADAMARD: lambda _: operator.mul,
    Op.ADD: lambda _: operator.add,
    Op.SUBTRACT: lambda _: operator.sub,
    Op.SCALE: lambda _: operator.mul,
    Op.SQUARE: lambda _: lambda x: x * x,
    Op.SPREAD: lambda on: on.spread,
    Op.SUM: lambda on: on.xp.sum,
    Op.SUM_EXAMPLES: lambda on: on.sum_over(1),
    Op.SUM_UNITS: lambda on: on.sum_over(0),
    Op.SOFTMAX: lambda on: on.softmax,
    Op.LOG_SOFTMAX: lambda on: on.log_softmax,
    Op.DIVIDE: lambda _: operator.truediv,
    Op.EXP: lambda on: on.xp.exp,
    Op.LOG: lambda on: on.xp.log,
    Op.LOG1P: lambda on: on.xp.log1p,
    Op.TANH: lambda on: on.xp.tanh,
    Op.WHERE_POSITIVE: lambda on: on.where_positive,
}
