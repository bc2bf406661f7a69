"""What expressions are known as, on every kind of page: |x|, sign x, x within bounds, [x > 0].

Decisions are all made of one operation, "b where a > 0, else c". People write some of them shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from chainrule.coefficient import Coefficient
from chainrule.elementary import clip, magnitude, sign
from chainrule.expr import Expr, Op, constant

LARGEST_DENOMINATOR = 4  # below a 1 that is written so, and not as a decimal


@dataclass(frozen=True)
class Decision:
    """A decision, as people know it.

    Parameters
    ----------
    kind : str
        ``"magnitude"`` of `left`; ``"sign"`` of it; ``"clip"``: `left`, within ± `then`;
        ``"bracket"``: `then` where `left` > `right`, else 0; ``"cases"``: else `otherwise`.
    left, right : Expr
        What is compared; or what the function is of.
    relation : str
        ``">"`` or ``"<"``.
    then, otherwise : Expr
        The branches.
    """

    kind: Literal["magnitude", "sign", "clip", "bracket", "cases"]
    left: Expr
    right: Expr
    relation: str
    then: Expr
    otherwise: Expr


def decision(node: Expr) -> Decision:
    """Return what a node of `WHERE_POSITIVE` is known as."""
    test, then, otherwise = node.args
    zero = constant(0)
    if node == magnitude(test):
        return Decision("magnitude", test, zero, ">", then, otherwise)
    if node == sign(test):
        return Decision("sign", test, zero, ">", then, otherwise)
    if _is_clip(node):
        return Decision("clip", test.args[0], zero, ">", then, otherwise)
    if otherwise == zero:
        return Decision("bracket", test, zero, ">", then, otherwise)
    left, right, relation = test, zero, ">"
    if test.op is Op.SUBTRACT:
        left, right = test.args
    elif test.op is Op.SCALE and test.coefficient == Coefficient(Fraction(-1)):
        left, relation = test.args[0], "<"
    return Decision("cases", left, right, relation, then, otherwise)


def _is_clip(node: Expr) -> bool:
    test, then, _ = node.args
    if test.op is not Op.SUBTRACT or then.op is not Op.CONSTANT or test.args[1] != then:
        return False
    return node == clip(test.args[0], then.coefficient.number)


def number(value: Fraction) -> tuple[str, str]:
    """Return what stands above and below the line of a number; tenths and the like are decimals."""
    size = abs(value)
    terminates = Fraction(str(float(size))) == size
    whole = size.denominator == 1
    if not whole and terminates and (size.numerator != 1 or size.denominator > LARGEST_DENOMINATOR):
        return f"{float(size):.15g}", "1"
    return str(size.numerator), str(size.denominator)


def factors(value: Coefficient) -> tuple[list[str], list[str], str, str]:
    """Return the names above and below the line, and the number above and below, without sign."""
    above = [name for name, power in value.powers for _ in range(power)]
    below = [name for name, power in value.powers for _ in range(-power)]
    return above, below, *number(value.number)


def squared_norm(node: Expr) -> Expr | None:
    """Return W where the node is the sum of the squares of all entries of W."""
    (arg,) = node.args
    if arg.op is Op.SQUARE and arg.args[0].op is Op.SYMBOL:
        return arg.args[0]
    return None
