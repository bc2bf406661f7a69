"""Expressions in MathML: one table, `SPELLING`, from operation to markup.

MathML is drawn by every browser and every notebook by itself: no script, no font, no network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape

from chainrule import expr, notation
from chainrule.coefficient import Coefficient
from chainrule.expr import Expr, Op
from chainrule.render.patterns import decision, factors, squared_norm

# How tightly a spelling holds together: an argument that holds less tightly gets parentheses.
SUM, PRODUCT, FACTOR, ATOM = range(4)
Spelled = tuple[str, int]

THIN = '<mspace width="0.17em"/>'
MINUS = "<mo>−</mo>"
INFIX_PLUS = '<mo form="infix" lspace="0.2em" rspace="0.2em">+</mo>'
SMALL_MINUS = '<mo form="prefix">−</mo>'


def math(body: str) -> str:
    """Return markup as a formula."""
    return f'<math displaystyle="true">{body}</math>'


def equation(name: str, node: Expr) -> str:
    """Return an equation as one formula, or as several where a sum may be broken on a narrow page.

    Examples
    --------
    >>> from chainrule.expr import symbol
    >>> print(equation("C", symbol("y", (2, "m"))))
    <math displaystyle="true"><mrow><mi>C</mi><mo>=</mo><mi>y</mi></mrow></math>
    """
    start = notation.mathml(name) + "<mo>=</mo>"
    if node.op is not Op.ADD:
        return math(_row(start, inline(node)))
    left, right = node.args
    return math(_row(start, inline(left))) + " " + math(_row(INFIX_PLUS, _in(right, SUM)))


def inline(node: Expr) -> str:
    """Return an expression."""
    return _spell(node)[0]


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _in_parentheses(body: str) -> str:
    return _row('<mo lspace="0" rspace="0">(</mo>', body, '<mo lspace="0" rspace="0">)</mo>')


def _spell(node: Expr) -> Spelled:
    return SPELLING[node.op](node)


def _in(node: Expr, least: int) -> str:
    spelled, tightness = _spell(node)
    return spelled if tightness >= least else _in_parentheses(spelled)


def _coefficient(value: Coefficient) -> str:
    """Return the size of a coefficient; empty if it is one."""
    above, below, top, bottom = factors(value)
    over = [notation.mathml(name) for name in above]
    under = [notation.mathml(name) for name in below]
    if bottom != "1":
        under.insert(0, f"<mn>{bottom}</mn>")
    if top != "1" or (under and not over):
        over.insert(0, f"<mn>{top}</mn>")
    if not under:
        return THIN.join(over)
    return f"<mfrac>{_row(*over)}{_row(*under)}</mfrac>"


def _number(node: Expr) -> Spelled:
    size = _coefficient(node.coefficient) or "<mn>1</mn>"
    if node.coefficient.number < 0:
        return _row(SMALL_MINUS, size), SUM
    return size, ATOM


def _infix(sign: str, tightness: int, right_tightness: int) -> Callable[[Expr], Spelled]:
    def spell(node: Expr) -> Spelled:
        left, right = node.args
        return _row(_in(left, tightness), sign, _in(right, right_tightness)), tightness

    return spell


def _call(name: str) -> Callable[[Expr], Spelled]:
    def spell(node: Expr) -> Spelled:
        return _row(name, _in_parentheses(inline(node.args[0]))), ATOM

    return spell


def _function(symbol: str) -> str:
    return f"<mi>{escape(symbol)}</mi>"


def _named(mark: str) -> Callable[[Expr], Spelled]:
    def spell(node: Expr) -> Spelled:
        assert node.function is not None
        name = _function(node.function.symbol)
        name = f"<msup>{name}<mo>{mark}</mo></msup>" if mark else name
        return _row(name, _in_parentheses("<mo>,</mo>".join(map(inline, node.args)))), ATOM

    return spell


def _cost(node: Expr) -> Spelled:
    """Write a cost out, where its formula is known."""
    assert node.function is not None
    body = node.function.value
    return _named("")(node) if body is None else _spell(expr.written_out(node, body))


def _scaled(node: Expr) -> Spelled:
    negative = node.coefficient.number < 0
    factor = _coefficient(node.coefficient) or ("" if negative else "<mn>1</mn>")
    body = _in(node.args[0], PRODUCT)
    spelled = _row(factor, THIN, body) if factor else body
    return (_row(SMALL_MINUS, spelled), SUM) if negative else (spelled, PRODUCT)


def _power(mark: str) -> Callable[[Expr], Spelled]:
    return lambda node: (f"<msup>{_in(node.args[0], ATOM)}{mark}</msup>", FACTOR)


def _summed(over: str) -> Callable[[Expr], Spelled]:
    def spell(node: Expr) -> Spelled:
        sign = f"<munder><mo>∑</mo><mtext>{over}</mtext></munder>" if over else "<mo>∑</mo>"
        return _row(sign, _in(node.args[0], FACTOR)), PRODUCT

    return spell


def _sum_of_all(node: Expr) -> Spelled:
    matrix = squared_norm(node)
    if matrix is not None:
        norm = _row("<mo>‖</mo>", inline(matrix), "<mo>‖</mo>")
        return f"<msup>{norm}<mn>2</mn></msup>", FACTOR
    return _summed("")(node)


def _where_positive(node: Expr) -> Spelled:
    found = decision(node)
    left = inline(found.left)
    if found.kind == "magnitude":
        return _row("<mo>|</mo>", left, "<mo>|</mo>"), ATOM
    if found.kind == "sign":
        return _row("<mi>sign</mi>", _in_parentheses(left)), ATOM
    if found.kind == "clip":
        return _row(left, "<mtext>\N{NO-BREAK SPACE}kept within ±</mtext>", inline(found.then)), SUM
    condition = _row(left, f"<mo>{escape(found.relation)}</mo>", inline(found.right))
    if found.kind == "bracket":
        bracket = _row("<mo>[</mo>", condition, "<mo>]</mo>")
        if found.then == expr.constant(1):
            return bracket, ATOM
        return _row(_in(found.then, FACTOR), THIN, bracket), FACTOR
    rows = (
        (inline(found.then), f"<mtext>where\N{NO-BREAK SPACE}</mtext>{condition}"),
        (inline(found.otherwise), "<mtext>else</mtext>"),
    )
    table = "".join(
        f"<mtr><mtd>{value}</mtd><mtd>{_row(place)}</mtd></mtr>" for value, place in rows
    )
    return _row("<mo>{</mo>", f"<mtable>{table}</mtable>"), FACTOR


SPELLING: Mapping[Op, Callable[[Expr], Spelled]] = {
    Op.SYMBOL: lambda node: (notation.mathml(node.name), ATOM),
    Op.CONSTANT: _number,
    Op.MATMUL: _infix(THIN, FACTOR, FACTOR),
    Op.TRANSPOSE: _power("<mo>⊤</mo>"),
    Op.HADAMARD: _infix("<mo>∘</mo>", PRODUCT, PRODUCT),
    Op.ADD: _infix("<mo>+</mo>", SUM, SUM),
    Op.SUBTRACT: _infix(MINUS, SUM, PRODUCT),
    Op.SCALE: _scaled,
    Op.SQUARE: _power("<mn>2</mn>"),
    Op.SPREAD: lambda node: _spell(node.args[0]),
    Op.SUM: _sum_of_all,
    Op.SUM_EXAMPLES: _summed("examples"),
    Op.SUM_UNITS: _summed("units"),
    Op.APPLY: _named(""),
    Op.LOSS: _cost,
    Op.SOFTMAX: _call("<mi>softmax</mi>"),
    Op.LOG_SOFTMAX: _call("<mi>log</mi><mspace width='0.17em'/><mi>softmax</mi>"),
    Op.DERIVATIVE: _named("′"),
    Op.LOSS_DERIVATIVE: _named("′"),
    Op.DIVIDE: lambda node: (
        f"<mfrac>{inline(node.args[0])}{inline(node.args[1])}</mfrac>",
        FACTOR,
    ),
    Op.EXP: _call("<mi>exp</mi>"),
    Op.LOG: _call("<mi>log</mi>"),
    Op.LOG1P: lambda node: (
        _row("<mi>log</mi>", _in_parentheses(_row("<mn>1</mn><mo>+</mo>", _in(node.args[0], SUM)))),
        ATOM,
    ),
    Op.EXPM1: lambda node: (
        _row("<mi>exp</mi>", _in_parentheses(inline(node.args[0])), MINUS, "<mn>1</mn>"),
        SUM,
    ),
    Op.TANH: _call("<mi>tanh</mi>"),
    Op.SIN: _call("<mi>sin</mi>"),
    Op.COS: _call("<mi>cos</mi>"),
    Op.ERF: _call("<mi>erf</mi>"),
    Op.ERFC: lambda node: (
        _row("<mn>1</mn>", MINUS, "<mi>erf</mi>", _in_parentheses(inline(node.args[0]))),
        SUM,
    ),
    Op.WHERE_POSITIVE: _where_positive,
}
