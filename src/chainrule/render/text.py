"""Formulas in plain Unicode text, as a textbook prints them, and columns of text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from chainrule import notation
from chainrule.expr import Expr, Shape
from chainrule.render.spelling import Speller, Style

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
    return SPELL(node)


def shape(dims: Shape) -> str:
    """Return a shape as people write it.

    Examples
    --------
    >>> shape((3, "m")), shape(())
    ('3 × m', 'scalar')
    """
    return " × ".join(map(str, dims)) or "scalar"


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


def _fraction(above: Sequence[str], below: Sequence[str]) -> str:
    over = " ".join(above)
    return f"({over}/{' '.join(below)})" if below else over


SPELL = Speller(
    Style(
        quantity=notation.text,
        number=str,
        function=str,
        fraction=_fraction,
        row=lambda *parts: "".join(parts),
        product=" ",
        entrywise=" ∘ ",
        scaled=" ",
        plus=" + ",
        minus=" − ",
        divided=" / ",
        negative="−{}".format,
        parentheses="({})".format,
        magnitude="|{}|".format,
        bracket="[{}]".format,
        norm="‖{}‖".format,
        primed="{}′".format,
        call=lambda function, args: f"{function}({', '.join(args)})",
        power=lambda base, mark: base + {"2": "²", "⊤": "ᵀ"}[mark],
        total=lambda over, body: f"Σ_{over} {body}" if over else f"Σ {body}",
        compared="{} {} {}".format,
        within="{} kept within ±{}".format,
        cases="({} where {}, else {})".format,
    )
)
