"""The reading of expressions by SymPy: an oracle that knows calculus and nothing of us.

Matrices become explicit matrices of scalars, ``m`` a number; every operation is written with
SymPy's own functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from chainrule.expr import LEAVES, Expr, Function, Op

Matrix = sp.ImmutableDenseMatrix
Values = Mapping[str, Any]


class Reading:
    """Evaluates expressions for a number of examples.

    ``functions`` maps the name of an undefined function to a pair of SymPy functions: itself and
    its derivative. Functions with a row are written out from the row, in its plain ``value``.
    ``sample`` gives symbols numbers: functions that differ from place to place are read as they are
    around there, so that what is proved holds all around.
    """

    def __init__(
        self,
        examples: int,
        functions: Mapping[str, tuple[Any, Any]] | None = None,
        sample: Values | None = None,
    ):
        self.examples, self.sample = examples, sample
        self.functions = functions or {}
        self.constants = {
            "m": sp.Integer(examples),
            "lam": sp.Symbol("lambda"),
            "sum_w": sp.Symbol("sum_w", positive=True),
            "root_2": sp.sqrt(2),
            "root_2_pi": sp.sqrt(2 * sp.pi),
            "log_2": sp.log(2),
        }

    def of(self, node: Expr, values: Values) -> Any:
        """The value of an expression: a matrix, or a scalar for shape ()."""
        if node.op is Op.SYMBOL:
            return values[node.name]
        if node.op is Op.CONSTANT:
            return self.coefficient(node)
        args = [self.of(arg, values) for arg in node.args]
        return SYMBOLIC[node.op](self, node, *args)

    def coefficient(self, node: Expr) -> Any:
        number = node.coefficient.number
        value = sp.Rational(number.numerator, number.denominator)
        for name, power in node.coefficient.powers:
            value *= self.constants[name] ** power
        return value

    def dims(self, node: Expr) -> tuple[int, int]:
        rows, columns = (self.examples if dim == "m" else int(dim) for dim in node.shape)
        return rows, columns

    def call(self, function: Function, body: Expr | None, index: int, *args: Any) -> Any:
        """A function of every entry: undefined if we were given one of that name, else its row."""
        if function.name in self.functions:
            return entrywise(self.functions[function.name][index], *args)
        assert body is not None
        return entrywise(
            lambda *entries: self.of(body, dict(zip(function.variables, entries, strict=True))),
            *args,
        )


def entrywise(function: Callable[..., Any], *args: Any) -> Any:
    """Apply a function of scalars to matrices, place by place; scalars stand everywhere."""
    matrix = next((arg for arg in args if isinstance(arg, sp.MatrixBase)), None)
    if matrix is None:
        return function(*args)

    def pick(arg: Any, i: int, j: int) -> Any:
        return arg[i, j] if isinstance(arg, sp.MatrixBase) else arg

    return Matrix(*matrix.shape, lambda i, j: function(*(pick(arg, i, j) for arg in args)))


def _softmax(z: Any) -> Any:
    columns = [[sp.exp(entry) for entry in z.col(j)] for j in range(z.cols)]
    return Matrix(*z.shape, lambda i, j: columns[j][i] / sum(columns[j]))


def _spread(reading: Reading, node: Expr, x: Any) -> Any:
    rows, columns = reading.dims(node)
    if not isinstance(x, sp.MatrixBase):
        return Matrix(rows, columns, lambda i, j: x)
    return Matrix(rows, columns, lambda i, j: x[i if x.rows > 1 else 0, j if x.cols > 1 else 0])


def _where_positive(reading: Reading, _node: Expr, test: Any, then: Any, other: Any) -> Any:
    def choose(t: Any, a: Any, b: Any) -> Any:
        if reading.sample is not None:
            return a if sp.sympify(t).subs(reading.sample) > 0 else b
        return sp.Piecewise((a, t > 0), (b, True))

    return entrywise(choose, test, then, other)


def _on_entries(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _reading, _node, *args: entrywise(function, *args)


SYMBOLIC: Mapping[Op, Callable[..., Any]] = {
    Op.MATMUL: lambda _, _node, a, b: a * b,
    Op.TRANSPOSE: lambda _, _node, a: a.T,
    Op.HADAMARD: _on_entries(lambda a, b: a * b),
    Op.ADD: _on_entries(lambda a, b: a + b),
    Op.SUBTRACT: _on_entries(lambda a, b: a - b),
    Op.SCALE: lambda reading, node, a: reading.coefficient(node) * a,
    Op.SQUARE: _on_entries(lambda a: a**2),
    Op.SPREAD: _spread,
    Op.SUM: lambda _, _node, a: sp.Add(*a),
    Op.SUM_EXAMPLES: lambda _, _node, a: Matrix(a.rows, 1, lambda i, _j: sum(a.row(i))),
    Op.SUM_UNITS: lambda _, _node, a: Matrix(1, a.cols, lambda _i, j: sum(a.col(j))),
    Op.APPLY: lambda reading, node, z: reading.call(node.function, node.function.value, 0, z),
    Op.LOSS: lambda reading, node, a, y: reading.call(node.function, node.function.value, 0, a, y),
    Op.SOFTMAX: lambda _, _node, z: _softmax(z),
    Op.LOG_SOFTMAX: lambda _, _node, z: _softmax(z).applyfunc(sp.log),
    Op.DERIVATIVE: lambda reading, node, z: reading.call(
        node.function, node.function.derivative, 1, z
    ),
    Op.LOSS_DERIVATIVE: lambda reading, node, a, y: reading.call(
        node.function, node.function.derivative, 1, a, y
    ),
    Op.DIVIDE: _on_entries(lambda a, b: a / b),
    Op.EXP: _on_entries(sp.exp),
    Op.LOG: _on_entries(sp.log),
    Op.LOG1P: _on_entries(lambda a: sp.log(1 + a)),
    Op.EXPM1: _on_entries(lambda a: sp.exp(a) - 1),
    Op.TANH: _on_entries(sp.tanh),
    Op.SIN: _on_entries(sp.sin),
    Op.COS: _on_entries(sp.cos),
    Op.ERF: _on_entries(sp.erf),
    Op.ERFC: _on_entries(lambda a: 1 - sp.erf(a)),
    Op.WHERE_POSITIVE: _where_positive,
}
READ = frozenset(SYMBOLIC) | LEAVES


def symbols(name: str, rows: int, columns: int) -> Matrix:
    """A matrix of different symbols."""
    return Matrix(rows, columns, lambda i, j: sp.Symbol(f"{name}_{i}_{j}", real=True))


def undefined(name: str, arguments: int = 1) -> tuple[Any, Any]:
    """An undefined function and its derivative by the first argument, another undefined one."""
    slope = sp.Function(f"{name}_slope")

    def fdiff(self: Any, argindex: int = 1) -> Any:
        assert argindex == 1, "only the first argument ever changes"
        return slope(*self.args)

    return type(name, (sp.Function,), {"fdiff": fdiff, "nargs": arguments}), slope
