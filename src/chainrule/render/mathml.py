"""Formulas in MathML.

MathML is drawn by every browser and every notebook by itself: no script, no font, no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from chainrule import notation
from chainrule.expr import Expr, Op
from chainrule.render.spelling import FACTOR, SUM, Speller, Style

SPACE = "\N{NO-BREAK SPACE}"
THIN = '<mspace width="0.17em"/>'
INFIX_PLUS = '<mo form="infix" lspace="0.2em" rspace="0.2em">+</mo>'


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
    return math(_row(start, inline(left))) + " " + math(_row(INFIX_PLUS, SPELL.within(right, SUM)))


def inline(node: Expr) -> str:
    """Return an expression."""
    return SPELL(node)


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _parentheses(body: str) -> str:
    return _row('<mo lspace="0" rspace="0">(</mo>', body, '<mo lspace="0" rspace="0">)</mo>')


def _function(symbol: str) -> str:
    return THIN.join(f"<mi>{escape(part)}</mi>" for part in symbol.split(" "))


def _fraction(above: Sequence[str], below: Sequence[str]) -> str:
    if not below:
        return THIN.join(above)
    return f"<mfrac>{_row(*above)}{_row(*below)}</mfrac>"


def _power(base: str, mark: str) -> str:
    tag = "mn" if mark.isdigit() else "mo"
    return f"<msup>{base}<{tag}>{mark}</{tag}></msup>"


def _total(over: str, body: str) -> str:
    sign = f"<munder><mo>∑</mo><mtext>{over}</mtext></munder>" if over else "<mo>∑</mo>"
    return _row(sign, body)


def _between(sign: str, body: str) -> str:
    return _row(f"<mo>{sign}</mo>", body, f"<mo>{sign}</mo>")


def _cases(value: str, condition: str, otherwise: str) -> str:
    where = _row(f"<mtext>where{SPACE}</mtext>", condition)
    rows = ((value, where), (otherwise, _row("<mtext>else</mtext>")))
    table = "".join(f"<mtr><mtd>{each}</mtd><mtd>{place}</mtd></mtr>" for each, place in rows)
    return _row("<mo>{</mo>", f"<mtable>{table}</mtable>")


SPELL = Speller(
    Style(
        quantity=notation.mathml,
        number="<mn>{}</mn>".format,
        function=_function,
        fraction=_fraction,
        row=_row,
        product=THIN,
        entrywise="<mo>∘</mo>",
        scaled=THIN,
        plus="<mo>+</mo>",
        minus="<mo>−</mo>",
        divided="",
        negative=lambda body: _row('<mo form="prefix">−</mo>', body),
        parentheses=_parentheses,
        magnitude=lambda body: _between("|", body),
        bracket=lambda body: _row("<mo>[</mo>", body, "<mo>]</mo>"),
        norm=lambda body: _between("‖", body),
        primed="<msup>{}<mo>′</mo></msup>".format,
        call=lambda function, args: _row(function, _parentheses("<mo>,</mo>".join(args))),
        power=_power,
        total=_total,
        compared=lambda left, sign, right: _row(left, f"<mo>{escape(sign)}</mo>", right),
        within=lambda body, bound: _row(body, f"<mtext>{SPACE}kept within ±</mtext>", bound),
        cases=_cases,
        cases_hold=FACTOR,
    )
)
