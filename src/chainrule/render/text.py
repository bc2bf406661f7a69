"""Expressions and equations as plain Unicode text, as a textbook prints them.

One table, `SPELLING`, from operation to text. Juxtaposition is the matrix product, ∘ the product
entry by entry; a spread is not written, as no textbook writes it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence

from chainrule import expr, notation
from chainrule.coefficient import Coefficient
from chainrule.expr import Expr, Op, Shape
from chainrule.render.patterns import decision, factors, squared_norm

# How tightly a spelling holds together: an argument that holds less tightly gets parentheses.
SUM, PRODUCT, FACTOR, ATOM = range(4)
Spelled = tuple[str, int]

PAGE = 120  # characters in a line
WIDEST = 44  # of them, at most, for the column of equations
LEAST = 24  # and at least for what is wrapped


def inline(node: Expr) -> str:
    """Return an expression on one line.

    Examples
    --------
    >>> from chainrule.expr import symbol, sum_examples
    >>> W, a, b = symbol("W1", (3, 2)), symbol("a0", (2, "m")), symbol("b1", (3, 1))
    >>> inline(W @ a), inline(2 * (W @ a) * (1 - W @ a))
    ('W1 a0', '2 W1 a0 ∘ (1 − W1 a0)')
    """
    return _spell(node)[0]


def shape(dims: Shape) -> str:
    """Return a shape as people write it.

    Examples
    --------
    >>> shape((3, "m")), shape(())
    ('3 × m', 'scalar')
    """
    return " × ".join(map(str, dims)) or "scalar"


def coefficient(value: Coefficient) -> str:
    """Return a coefficient without its sign, empty if it is one.

    Examples
    --------
    >>> from fractions import Fraction
    >>> coefficient(Coefficient(Fraction(2), (("m", -1),)))
    '(2/m)'
    >>> coefficient(Coefficient(Fraction(1, 100))), coefficient(Coefficient(Fraction(1, 3)))
    ('0.01', '(1/3)')
    """
    above, below, top, bottom = factors(value)
    over, under = ([notation.text(name) for name in names] for names in (above, below))
    if bottom != "1":
        under.insert(0, bottom)
    if top != "1" or (under and not over):
        over.insert(0, top)
    spelled = " ".join(over)
    return f"({spelled}/{' '.join(under)})" if under else spelled


def columns(
    rows: Sequence[Sequence[str]],
    indent: str = "  ",
    gap: str = "   ",
    widths: Sequence[int] | None = None,
    page: int = PAGE,
) -> list[str]:
    """Return rows of text as lines with aligned columns; the last one is wrapped at `page`.

    A first cell that is longer than its column stands on a line of its own.

    Examples
    --------
    >>> columns([("z1 = W1 a0", "3 × m"), ("C", "scalar")], indent="")
    ['z1 = W1 a0   3 × m', 'C            scalar']
    """
    widths = column_widths(rows) if widths is None else widths
    lines = []
    for first, *others in rows:
        cells = [first, *others]
        if len(first) > widths[0]:
            lines.append(indent + first)
            cells[0] = ""
        padded = (cell.ljust(wide) for cell, wide in zip(cells[:-1], widths, strict=True))
        start = indent + "".join(cell + gap for cell in padded)
        room = max(page - len(start), LEAST)
        line, *more = textwrap.wrap(cells[-1], room, break_on_hyphens=False) or [""]
        lines.append((start + line).rstrip())
        lines += [" " * len(start) + line for line in more]
    return lines


def column_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Return the width of every column but the last; a few long cells do not widen the first."""
    first, *others = list(zip(*rows, strict=True))[:-1]
    fitting = [len(cell) for cell in first if len(cell) <= WIDEST] or [0]
    return [max(fitting), *(max(map(len, column)) for column in others)]


def _spell(node: Expr) -> Spelled:
    return SPELLING[node.op](node)


def _in(node: Expr, least: int) -> str:
    spelled, tightness = _spell(node)
    return spelled if tightness >= least else f"({spelled})"


def _number(node: Expr) -> Spelled:
    value = node.coefficient
    sign = "−" if value.number < 0 else ""
    return sign + (coefficient(value) or "1"), ATOM if not sign else SUM


def _infix(sign: str, tightness: int, right_tightness: int) -> Callable[[Expr], Spelled]:
    def spell(node: Expr) -> Spelled:
        left, right = node.args
        return f"{_in(left, tightness)}{sign}{_in(right, right_tightness)}", tightness

    return spell


def _call(name: str) -> Callable[[Expr], Spelled]:
    return lambda node: (f"{name}({inline(node.args[0])})", ATOM)


def _named(mark: str) -> Callable[[Expr], Spelled]:
    def spell(node: Expr) -> Spelled:
        assert node.function is not None
        arguments = ", ".join(map(inline, node.args))
        return f"{node.function.symbol}{mark}({arguments})", ATOM

    return spell


def _cost(node: Expr) -> Spelled:
    """Write a cost out, where its formula is known."""
    assert node.function is not None
    body = node.function.value
    return _named("")(node) if body is None else _spell(expr.written_out(node, body))


def _scaled(node: Expr) -> Spelled:
    sign = "−" if node.coefficient.number < 0 else ""
    factor = coefficient(node.coefficient) or ("" if sign else "1")
    body = _in(node.args[0], PRODUCT)
    spelled = f"{factor} {body}" if factor else body
    return sign + spelled, SUM if sign else PRODUCT


def _power(mark: str) -> Callable[[Expr], Spelled]:
    return lambda node: (f"{_in(node.args[0], ATOM)}{mark}", FACTOR)


def _summed(over: str) -> Callable[[Expr], Spelled]:
    return lambda node: (f"Σ{over} {_in(node.args[0], FACTOR)}", PRODUCT)


def _sum_of_all(node: Expr) -> Spelled:
    matrix = squared_norm(node)
    return _summed("")(node) if matrix is None else (f"‖{inline(matrix)}‖²", FACTOR)


def _where_positive(node: Expr) -> Spelled:
    found = decision(node)
    left = inline(found.left)
    if found.kind == "magnitude":
        return f"|{left}|", ATOM
    if found.kind == "sign":
        return f"sign({left})", ATOM
    if found.kind == "clip":
        return f"{left} kept within ±{inline(found.then)}", SUM
    condition = f"{left} {found.relation} {inline(found.right)}"
    if found.kind == "bracket":
        bracket = f"[{condition}]"
        if found.then == expr.constant(1):
            return bracket, ATOM
        return f"{_in(found.then, FACTOR)} {bracket}", FACTOR
    return f"({inline(found.then)} where {condition}, else {inline(found.otherwise)})", ATOM


SPELLING: Mapping[Op, Callable[[Expr], Spelled]] = {
    Op.SYMBOL: lambda node: (notation.text(node.name), ATOM),
    Op.CONSTANT: _number,
    Op.MATMUL: _infix(" ", FACTOR, FACTOR),
    Op.TRANSPOSE: _power("ᵀ"),
    Op.HADAMARD: _infix(" ∘ ", PRODUCT, PRODUCT),
    Op.ADD: _infix(" + ", SUM, SUM),
    Op.SUBTRACT: _infix(" − ", SUM, PRODUCT),
    Op.SCALE: _scaled,
    Op.SQUARE: _power("²"),
    Op.SPREAD: lambda node: _spell(node.args[0]),
    Op.SUM: _sum_of_all,
    Op.SUM_EXAMPLES: _summed("_examples"),
    Op.SUM_UNITS: _summed("_units"),
    Op.APPLY: _named(""),
    Op.LOSS: _cost,
    Op.SOFTMAX: _call("softmax"),
    Op.LOG_SOFTMAX: _call("log softmax"),
    Op.DERIVATIVE: _named("′"),
    Op.LOSS_DERIVATIVE: _named("′"),
    Op.DIVIDE: _infix(" / ", PRODUCT, FACTOR),
    Op.EXP: _call("exp"),
    Op.LOG: _call("log"),
    Op.LOG1P: lambda node: (f"log(1 + {_in(node.args[0], SUM)})", ATOM),
    Op.EXPM1: lambda node: (f"exp({inline(node.args[0])}) − 1", SUM),
    Op.TANH: _call("tanh"),
    Op.SIN: _call("sin"),
    Op.COS: _call("cos"),
    Op.ERF: _call("erf"),
    Op.ERFC: lambda node: (f"1 − erf({inline(node.args[0])})", SUM),
    Op.WHERE_POSITIVE: _where_positive,
}
