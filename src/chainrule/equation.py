"""Equation: one line of a derivation."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule import notation
from chainrule.expr import Expr, Shape
from chainrule.render import text


@dataclass(frozen=True)
class Equation:
    """One line of a derivation.

    Parameters
    ----------
    name : str
        Name of the quantity on the left, as in code (``"delta3"``).
    expr : Expr
        The right-hand side.
    reason : str
        Why it is so, for a reader.
    """

    name: str
    expr: Expr
    reason: str = ""

    @property
    def shape(self) -> Shape:
        """Shape of both sides; ``"m"`` stands for the number of examples."""
        return self.expr.shape

    def __str__(self) -> str:
        return f"{notation.text(self.name)} = {text.inline(self.expr)}"
