"""Formulas that come as text, in the spelling of `text` → MathML.

An equation that went through a pipe is a line of text. This reads that one spelling back, token by
token; what is spelled otherwise, such as a line of somebody's code, is shown as code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape

from chainrule import notation
from chainrule.render import mathml

TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<fraction>\([\w√λ ]+/[\w√λ ]+\))
    | (?P<quantity>∂[Cs]/∂[A-Za-z]\d+ | J_[Wb]\d+ | δ\d+ | [Wbzarh]\d+ | √\(2π\) | √2 | Σw | λ)
    | (?P<total>Σ(?:_\w+)?)
    | (?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)
    | (?P<word>where | else | kept\ within)\b
    | (?P<name>[A-Za-zσΦ][A-Za-z0-9_]*̃?)
    | (?P<mark>[ᵀ²′])
    | (?P<open>\() | (?P<close>\))
    | (?P<sign>[=∘+−/<>|‖±,·×\[\]-])""",
    re.VERBOSE,
)
ATOMS = ("fraction", "quantity", "number", "name")
MARKS = {"ᵀ": "<mo>⊤</mo>", "²": "<mn>2</mn>", "′": "<mo>′</mo>"}
TIGHT = '<mo lspace="0" rspace="0">{}</mo>'


def of_text(equation: str) -> str:
    """Return an equation, or an expression, as markup.

    Parameters
    ----------
    equation : str
        As `text` spells it; anything else becomes ``<code>``.

    Returns
    -------
    str

    Examples
    --------
    >>> of_text("y²")
    '<math displaystyle="true"><mrow><msup><mi>y</mi><mn>2</mn></msup></mrow></math>'
    >>> of_text("grads[1] @ y.T")
    '<code>grads[1] @ y.T</code>'
    """
    found = _tokens(equation)
    row = _row(found) if found is not None else None
    return f"<code>{escape(equation)}</code>" if row is None else mathml.math(row)


def _tokens(equation: str) -> list[tuple[str, str]] | None:
    found, at = [], 0
    while at < len(equation):
        match = TOKEN.match(equation, at)
        if match is None or match.lastgroup is None:
            return None
        found.append((match.lastgroup, match[0]))
        at = match.end()
    return found


def _row(tokens: list[tuple[str, str]]) -> str | None:
    """Return tokens side by side; ``None`` where parentheses or marks do not fit."""
    levels: list[list[str]] = [[]]
    after_atom = [False]  # whether a product by juxtaposition may go on, at every level
    for kind, token in tokens:
        if kind == "space":
            continue
        if kind == "open":
            levels.append([])
            after_atom.append(False)
            continue
        if kind == "mark":
            if not levels[-1]:
                return None
            levels[-1][-1] = f"<msup>{levels[-1][-1]}{MARKS[token]}</msup>"
            continue
        if kind == "close":
            if len(levels) == 1:
                return None
            inside = "".join(levels.pop())
            after_atom.pop()
            piece = f"<mrow>{TIGHT.format('(')}{inside}{TIGHT.format(')')}</mrow>"
        else:
            piece = _piece(kind, token)
        if kind in ATOMS and after_atom[-1]:
            levels[-1].append(mathml.THIN)
        levels[-1].append(piece)
        after_atom[-1] = kind in (*ATOMS, "close")
    return f"<mrow>{''.join(levels[0])}</mrow>" if len(levels) == 1 else None


def _piece(kind: str, token: str) -> str:
    return WRITTEN[kind](token)


def _fraction(token: str) -> str:
    above, below = (_row(_tokens(part) or []) for part in token[1:-1].split("/"))
    return f"<mfrac>{above}{below}</mfrac>"


def _total(token: str) -> str:
    over = token[2:]
    return f"<munder><mo>∑</mo><mtext>{over}</mtext></munder>" if over else "<mo>∑</mo>"


WRITTEN: Mapping[str, Callable[[str], str]] = {
    "quantity": lambda token: notation.mathml(notation.code(token)),
    "fraction": _fraction,
    "number": "<mn>{}</mn>".format,
    "name": "<mi>{}</mi>".format,
    "word": lambda token: f"<mtext>{mathml.SPACE}{token}{mathml.SPACE}</mtext>",
    "total": _total,
    "sign": lambda token: f"<mo>{escape(token)}</mo>",
}
