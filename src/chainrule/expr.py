"""Expressions: the operations that a textbook needs to derive backpropagation, and no others.

An expression is an immutable tree. Each node has an operation out of a closed enumeration, its
arguments and its shape. Shapes are concrete numbers except for ``m``, the number of examples:
the same derivation serves every batch.

This is not a tensor language and not an automatic differentiator. The nodes know nothing of
their derivatives (`rules` does), their numerical values (`evaluate` does) or their spelling on
a page (`render` does). Each of these is one table over `Op`, and a test names a missing row.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from chainrule.coefficient import ONE, Coefficient, Number
from chainrule.errors import ShapeError
from chainrule.notation import EXAMPLES

Dim = int | str
Shape = tuple[Dim, ...]


class Op(enum.Enum):
    """Every operation there is."""

    # leaves
    SYMBOL = "symbol"  # a quantity with a name
    CONSTANT = "constant"  # a number, the same in every place
    # operations of matrices: each has a row in `rules.RULES`
    MATMUL = "matmul"
    TRANSPOSE = "transpose"
    HADAMARD = "hadamard"  # product of entries in the same place
    ADD = "add"
    SUBTRACT = "subtract"
    SCALE = "scale"  # by a named constant: 1/m, 2, λ/2
    SQUARE = "square"
    SPREAD = "spread"  # one number, row or column used in many places
    SUM = "sum"  # over all entries
    SUM_EXAMPLES = "sum_examples"
    SUM_UNITS = "sum_units"
    APPLY = "apply"  # a named function, entry by entry
    LOSS = "loss"  # a named cost of prediction and target, entry by entry
    SOFTMAX = "softmax"  # over the units of each example
    LOG_SOFTMAX = "log_softmax"
    # operations of numbers: the inside of named functions, and what derivation leaves behind;
    # the derivation never differentiates through them, a named function brings its derivative
    DERIVATIVE = "derivative"  # of a named function
    LOSS_DERIVATIVE = "loss_derivative"  # of a named cost, with respect to the prediction
    DIVIDE = "divide"
    EXP = "exp"
    LOG = "log"
    LOG1P = "log1p"  # log(1 + x), exact for small x
    EXPM1 = "expm1"  # exp(x) − 1, exact for small x
    TANH = "tanh"
    SIN = "sin"
    COS = "cos"
    ERF = "erf"
    ERFC = "erfc"  # 1 − erf(x), exact for large x
    WHERE_POSITIVE = "where_positive"  # b where a > 0, else c


LEAVES = frozenset({Op.SYMBOL, Op.CONSTANT})
OPERATIONS_OF_NUMBERS = frozenset(
    {
        Op.DERIVATIVE,
        Op.LOSS_DERIVATIVE,
        Op.DIVIDE,
        Op.EXP,
        Op.LOG,
        Op.LOG1P,
        Op.EXPM1,
        Op.TANH,
        Op.SIN,
        Op.COS,
        Op.ERF,
        Op.ERFC,
        Op.WHERE_POSITIVE,
    }
)


@dataclass(frozen=True, repr=False)
class Function:
    """A named function of one or more numbers: what `APPLY` and `LOSS` nodes carry.

    `activations` and `costs` hold the rows. Expressions are in the variables of the row, which
    stand for one entry each; the first is the one with respect to which the row differentiates.

    Parameters
    ----------
    name : str
        Name in code, as users type it.
    symbol : str
        Spelling on a page.
    variables : tuple of str
        Names of the arguments.
    value, derivative : Expr or None
        The function, and its derivative with respect to the first variable. Both are ``None``
        for a function that is left undefined, as in a proof for arbitrary functions.
    stable, stable_derivative : Expr or None
        Both in a form that neither overflows nor loses digits; ``None`` where they already are.
    kinks : tuple of float
        Where the function is continuous but has no derivative: values of its variable; of the
        first less the second, where there are two.
    by_hand : tuple of callable or None
        The function and its derivative as a person wrote them, on arrays; they stand in the place
        of expressions.
    """

    name: str
    symbol: str
    variables: tuple[str, ...]
    value: Expr | None = None
    derivative: Expr | None = None
    stable: Expr | None = None
    stable_derivative: Expr | None = None
    kinks: tuple[float, ...] = ()
    by_hand: tuple[Callable[..., Any], Callable[..., Any]] | None = field(default=None, hash=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def computed(self) -> Expr | None:
        """Return the expression by which the value is computed."""
        return self.value if self.stable is None else self.stable

    def computed_derivative(self) -> Expr | None:
        """Return the expression by which the derivative is computed."""
        return self.derivative if self.stable_derivative is None else self.stable_derivative


@dataclass(frozen=True)
class Expr:
    """One node of an expression. Build it with the functions and operators of this module.

    Examples
    --------
    >>> W, a = symbol("W1", (3, 2)), symbol("a0", (2, "m"))
    >>> (W @ a).shape
    (3, 'm')
    >>> W @ W
    Traceback (most recent call last):
        ...
    chainrule.errors.ShapeError: right factor has shape (3, 2), wanted (2, …): \
the columns of the left factor must be as many as the rows of the right one
    """

    op: Op
    args: tuple[Expr, ...]
    shape: Shape
    name: str = ""
    coefficient: Coefficient = ONE
    function: Function | None = field(default=None)

    def __hash__(self) -> int:
        # Remembered, since the same parts of a tree are asked for theirs again and again.
        known: int | None = self.__dict__.get("_hash")
        if known is None:
            parts = (self.op, self.args, self.shape, self.name, self.coefficient, self.function)
            known = hash(parts)
            object.__setattr__(self, "_hash", known)
        return known

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_hash"}

    def __add__(self, other: Expr | Number) -> Expr:
        return _elementwise(Op.ADD, self, lift(other))

    def __radd__(self, other: Number) -> Expr:
        return lift(other) + self

    def __sub__(self, other: Expr | Number) -> Expr:
        return _elementwise(Op.SUBTRACT, self, lift(other))

    def __rsub__(self, other: Number) -> Expr:
        return lift(other) - self

    def __mul__(self, other: Expr) -> Expr:
        return _elementwise(Op.HADAMARD, self, other)

    def __rmul__(self, other: Number) -> Expr:
        return scale(Coefficient(Fraction(other)), self)

    def __neg__(self) -> Expr:
        return -1 * self

    def __truediv__(self, other: Expr) -> Expr:
        return _elementwise(Op.DIVIDE, self, other)

    def __rtruediv__(self, other: Number) -> Expr:
        return lift(other) / self

    def __matmul__(self, other: Expr) -> Expr:
        rows, inner = self.shape
        if inner != other.shape[0]:
            raise ShapeError(
                "right factor",
                _show(other.shape),
                f"({inner}, …)",
                "the columns of the left factor must be as many as the rows of the right one",
            )
        return Expr(Op.MATMUL, (self, other), (rows, other.shape[1]))

    @property
    def T(self) -> Expr:  # noqa: N802 - the transpose is T in every library of the field
        """The transpose."""
        rows, columns = self.shape
        return Expr(Op.TRANSPOSE, (self,), (columns, rows))

    def map(self, change: Callable[[Expr], Expr]) -> Expr:
        """Rebuild the node with every argument changed; the same node if none does."""
        args = tuple(change(arg) for arg in self.args)
        return self if args == self.args else replace(self, args=args)

    def symbols(self) -> set[str]:
        """Return the names of all quantities in this expression."""
        if self.op is Op.SYMBOL:
            return {self.name}
        return set().union(*(arg.symbols() for arg in self.args))

    def nodes(self) -> Iterator[Expr]:
        """Yield this node and all below it, from the outside in."""
        yield self
        for arg in self.args:
            yield from arg.nodes()


def symbol(name: str, shape: Shape) -> Expr:
    """Return a named quantity."""
    return Expr(Op.SYMBOL, (), shape, name=name)


def variable(name: str) -> Expr:
    """Return a variable of a row: one entry of whatever matrix takes its place."""
    return symbol(name, ("n", EXAMPLES))


def constant(number: Number | Coefficient) -> Expr:
    """Return a number that stands in every place of whatever it meets."""
    if not isinstance(number, Coefficient):
        number = Coefficient(Fraction(number))
    return Expr(Op.CONSTANT, (), (), coefficient=number)


def scale(coefficient: Coefficient, arg: Expr) -> Expr:
    """Return an expression times a named constant."""
    return Expr(Op.SCALE, (arg,), arg.shape, coefficient=coefficient)


def square(arg: Expr) -> Expr:
    """Return the square of every entry."""
    return Expr(Op.SQUARE, (arg,), arg.shape)


def spread(arg: Expr, shape: Shape) -> Expr:
    """Return `arg` repeated to fill `shape`: over examples, over units, or over both."""
    fits = arg.shape == () or all(
        small in (1, large) for small, large in zip(arg.shape, shape, strict=True)
    )
    if not fits:
        raise ShapeError(
            "spread", _show(arg.shape), _show(shape), "only a row, a column or a number can spread"
        )
    return Expr(Op.SPREAD, (arg,), shape)


def total(arg: Expr) -> Expr:
    """Return the sum of all entries."""
    return Expr(Op.SUM, (arg,), ())


def sum_examples(arg: Expr) -> Expr:
    """Return the sum along each row, over the examples."""
    return Expr(Op.SUM_EXAMPLES, (arg,), (arg.shape[0], 1))


def sum_units(arg: Expr) -> Expr:
    """Return the sum down each column, over the units."""
    return Expr(Op.SUM_UNITS, (arg,), (1, arg.shape[1]))


def apply(function: Function, arg: Expr) -> Expr:
    """Return a named function of every entry."""
    return Expr(Op.APPLY, (arg,), arg.shape, function=function)


def derivative(function: Function, arg: Expr) -> Expr:
    """Return the derivative of a named function at every entry."""
    return Expr(Op.DERIVATIVE, (arg,), arg.shape, function=function)


def loss(function: Function, prediction: Expr, target: Expr) -> Expr:
    """Return a named cost of every entry of the prediction."""
    return Expr(Op.LOSS, (prediction, target), prediction.shape, function=function)


def loss_derivative(function: Function, prediction: Expr, target: Expr) -> Expr:
    """Return the derivative of a named cost with respect to every entry of the prediction."""
    return Expr(Op.LOSS_DERIVATIVE, (prediction, target), prediction.shape, function=function)


def softmax(arg: Expr) -> Expr:
    """Return exp(z) divided by its sum over the units of the same example."""
    return Expr(Op.SOFTMAX, (arg,), arg.shape)


def log_softmax(arg: Expr) -> Expr:
    """Return the logarithm of the softmax."""
    return Expr(Op.LOG_SOFTMAX, (arg,), arg.shape)


def substitute(expr: Expr, values: Mapping[str, Expr]) -> Expr:
    """Put expressions in the place of symbols; the shapes of what lies above follow.

    Examples
    --------
    >>> z3 = symbol("z3", (2, "m"))
    >>> substitute(square(variable("z")), {"z": z3}) == square(z3)
    True
    """
    if expr.op is Op.SYMBOL:
        return values.get(expr.name, expr)
    args = tuple(substitute(arg, values) for arg in expr.args)
    return (
        expr if args == expr.args else replace(expr, args=args, shape=common_shape(expr.op, args))
    )


def written_out(node: Expr, body: Expr) -> Expr:
    """Return what a node with a named function becomes if `body`, a column of its row, replaces it.

    Examples
    --------
    >>> twice = Function("twice", "twice", ("z",), value=2 * variable("z"))
    >>> node = apply(twice, symbol("z1", (3, "m")))
    >>> written_out(node, twice.value) == 2 * symbol("z1", (3, "m"))
    True
    """
    assert node.function is not None
    return substitute(body, dict(zip(node.function.variables, node.args, strict=True)))


def lift(value: Expr | Number) -> Expr:
    """Return a plain number as an expression, and an expression as it is."""
    return value if isinstance(value, Expr) else constant(value)


def _elementwise(op: Op, left: Expr, right: Expr) -> Expr:
    return Expr(op, (left, right), common_shape(op, (left, right)))


def common_shape(op: Op, args: tuple[Expr, ...]) -> Shape:
    """Return the shape of what pairs entries by place; numbers fit any shape."""
    shapes = {arg.shape for arg in args if arg.op is not Op.CONSTANT}
    if len(shapes) > 1:
        first, second = sorted(map(_show, shapes))
        raise ShapeError(f"argument of {op.value}", second, first, "entries are paired by place")
    return shapes.pop() if shapes else ()


def _show(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
