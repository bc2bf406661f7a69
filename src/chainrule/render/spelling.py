"""Expressions as formulas: one table, `SPELLING`, from operation to what is written.

What stands where, and what needs parentheses, is the same on every kind of page, and is said here.
How a fraction, a power, a sum looks there is a `Style`: `text`, `latex` and `mathml` have one each.
Juxtaposition is the matrix product; a spread is not written, as no textbook writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chainrule import expr
from chainrule.coefficient import Coefficient
from chainrule.expr import Expr, Op
from chainrule.render.patterns import decision, factors, squared_norm

# How tightly a spelling holds together: an argument that holds less tightly gets parentheses.
SUM, PRODUCT, FACTOR, ATOM = range(4)
Spelled = tuple[str, int]


@dataclass(frozen=True)
class Style:
    """How a kind of page writes the parts of a formula; all of them take and return markup.

    Parameters
    ----------
    quantity, number, function : callable
        Spell the name of a quantity, digits, and the symbol of a function.
    fraction : callable
        Takes what stands above and below the line.
    row : callable
        Takes parts that stand side by side.
    product, entrywise, scaled, plus, minus, divided : str
        What stands between two factors, two factors entry by entry, a number and what it scales,
        and the others. Without `divided`, quotients are fractions.
    negative, parentheses, magnitude, bracket, norm, primed : callable
        Take what they surround or mark.
    call : callable
        Takes a function and its arguments.
    power : callable
        Takes a base, and ``"2"`` or ``"⊤"``.
    total : callable
        Takes over what is summed (a word, or nothing), and the summand.
    compared, within : callable
        Take the left side, the relation and the right one; a quantity and its bound.
    cases : callable
        Takes a value, where it holds, and the value elsewhere.
    cases_hold : int
        How tightly cases hold together.
    """

    quantity: Callable[[str], str]
    number: Callable[[str], str]
    function: Callable[[str], str]
    fraction: Callable[[Sequence[str], Sequence[str]], str]
    row: Callable[..., str]
    product: str
    entrywise: str
    scaled: str
    plus: str
    minus: str
    divided: str
    negative: Callable[[str], str]
    parentheses: Callable[[str], str]
    magnitude: Callable[[str], str]
    bracket: Callable[[str], str]
    norm: Callable[[str], str]
    primed: Callable[[str], str]
    call: Callable[[str, Sequence[str]], str]
    power: Callable[[str, str], str]
    total: Callable[[str, str], str]
    compared: Callable[[str, str, str], str]
    within: Callable[[str, str], str]
    cases: Callable[[str, str, str], str]
    cases_hold: int = ATOM


class Speller:
    """Writes expressions in one style.

    Parameters
    ----------
    style : Style
    """

    def __init__(self, style: Style) -> None:
        self.style = style

    def __call__(self, node: Expr) -> str:
        """Return an expression as a formula."""
        return self.spell(node)[0]

    def spell(self, node: Expr) -> Spelled:
        """Return an expression, and how tightly it holds together."""
        return SPELLING[node.op](self, node)

    def within(self, node: Expr, least: int) -> str:
        """Return an expression, in parentheses if it holds less tightly than that."""
        spelled, tightness = self.spell(node)
        return spelled if tightness >= least else self.style.parentheses(spelled)

    def coefficient(self, value: Coefficient) -> str:
        """Return the size of a coefficient; empty if it is one."""
        above, below, top, bottom = factors(value)
        over, under = ([self.style.quantity(name) for name in names] for names in (above, below))
        if bottom != "1":
            under.insert(0, self.style.number(bottom))
        if top != "1" or (under and not over):
            over.insert(0, self.style.number(top))
        return self.style.fraction(over, under) if over or under else ""

    def call(self, function: str, *args: Expr) -> Spelled:
        """Return a function that is known by its name, of expressions."""
        return self.style.call(self.style.function(function), [self(arg) for arg in args]), ATOM


def _number(on: Speller, node: Expr) -> Spelled:
    size = on.coefficient(node.coefficient) or on.style.number("1")
    return (on.style.negative(size), SUM) if node.coefficient.number < 0 else (size, ATOM)


def _infix(sign: str, tightness: int, right_tightness: int) -> Callable[[Speller, Expr], Spelled]:
    def spell(on: Speller, node: Expr) -> Spelled:
        left, right = node.args
        parts = (
            on.within(left, tightness),
            getattr(on.style, sign),
            on.within(right, right_tightness),
        )
        return on.style.row(*parts), tightness

    return spell


def _known(function: str) -> Callable[[Speller, Expr], Spelled]:
    return lambda on, node: on.call(function, *node.args)


def _named(on: Speller, node: Expr) -> Spelled:
    assert node.function is not None
    function = on.style.function(node.function.symbol)
    if node.op in (Op.DERIVATIVE, Op.LOSS_DERIVATIVE):
        function = on.style.primed(function)
    return on.style.call(function, [on(arg) for arg in node.args]), ATOM


def _cost(on: Speller, node: Expr) -> Spelled:
    """Write a cost out, where its formula is known."""
    assert node.function is not None
    body = node.function.value
    return _named(on, node) if body is None else on.spell(expr.written_out(node, body))


def _scaled(on: Speller, node: Expr) -> Spelled:
    negative = node.coefficient.number < 0
    factor = on.coefficient(node.coefficient) or ("" if negative else on.style.number("1"))
    body = on.within(node.args[0], PRODUCT)
    spelled = on.style.row(factor, on.style.scaled, body) if factor else body
    return (on.style.negative(spelled), SUM) if negative else (spelled, PRODUCT)


def _power(mark: str) -> Callable[[Speller, Expr], Spelled]:
    return lambda on, node: (on.style.power(on.within(node.args[0], ATOM), mark), FACTOR)


def _summed(over: str) -> Callable[[Speller, Expr], Spelled]:
    return lambda on, node: (on.style.total(over, on.within(node.args[0], FACTOR)), PRODUCT)


def _sum_of_all(on: Speller, node: Expr) -> Spelled:
    matrix = squared_norm(node)
    if matrix is None:
        return _summed("")(on, node)
    return on.style.power(on.style.norm(on(matrix)), "2"), FACTOR


def _quotient(on: Speller, node: Expr) -> Spelled:
    if on.style.divided:
        return _infix("divided", PRODUCT, FACTOR)(on, node)
    return on.style.fraction([on(node.args[0])], [on(node.args[1])]), FACTOR


def _one_and(sign: str, function: str) -> Callable[[Speller, Expr], Spelled]:
    """Return 1 ± a function, which is one operation for the sake of its digits."""

    def spell(on: Speller, node: Expr) -> Spelled:
        parts = on.style.number("1"), getattr(on.style, sign), on.call(function, *node.args)[0]
        return on.style.row(*parts), SUM

    return spell


def _log1p(on: Speller, node: Expr) -> Spelled:
    inside = on.style.row(on.style.number("1"), on.style.plus, on.within(node.args[0], SUM))
    return on.style.call(on.style.function("log"), [inside]), ATOM


def _expm1(on: Speller, node: Expr) -> Spelled:
    power = on.call("exp", *node.args)[0]
    return on.style.row(power, on.style.minus, on.style.number("1")), SUM


def _where_positive(on: Speller, node: Expr) -> Spelled:
    found = decision(node)
    style, left = on.style, on(found.left)
    if found.kind == "magnitude":
        return style.magnitude(left), ATOM
    if found.kind == "sign":
        return on.call("sign", found.left)
    if found.kind == "clip":
        return style.within(left, on(found.then)), SUM
    condition = style.compared(left, found.relation, on(found.right))
    if found.kind == "bracket":
        bracket = style.bracket(condition)
        if found.then == expr.constant(1):
            return bracket, ATOM
        return style.row(on.within(found.then, FACTOR), style.scaled, bracket), FACTOR
    return style.cases(on(found.then), condition, on(found.otherwise)), style.cases_hold


SPELLING: Mapping[Op, Callable[[Speller, Expr], Spelled]] = {
    Op.SYMBOL: lambda on, node: (on.style.quantity(node.name), ATOM),
    Op.CONSTANT: _number,
    Op.MATMUL: _infix("product", FACTOR, FACTOR),
    Op.TRANSPOSE: _power("⊤"),
    Op.HADAMARD: _infix("entrywise", PRODUCT, PRODUCT),
    Op.ADD: _infix("plus", SUM, SUM),
    Op.SUBTRACT: _infix("minus", SUM, PRODUCT),
    Op.SCALE: _scaled,
    Op.SQUARE: _power("2"),
    Op.SPREAD: lambda on, node: on.spell(node.args[0]),
    Op.SUM: _sum_of_all,
    Op.SUM_EXAMPLES: _summed("examples"),
    Op.SUM_UNITS: _summed("units"),
    Op.APPLY: _named,
    Op.LOSS: _cost,
    Op.SOFTMAX: _known("softmax"),
    Op.LOG_SOFTMAX: _known("log softmax"),
    Op.DERIVATIVE: _named,
    Op.LOSS_DERIVATIVE: _named,
    Op.DIVIDE: _quotient,
    Op.EXP: _known("exp"),
    Op.LOG: _known("log"),
    Op.LOG1P: _log1p,
    Op.EXPM1: _expm1,
    Op.TANH: _known("tanh"),
    Op.SIN: _known("sin"),
    Op.COS: _known("cos"),
    Op.ERF: _known("erf"),
    Op.ERFC: _one_and("minus", "erf"),
    Op.WHERE_POSITIVE: _where_positive,
}
