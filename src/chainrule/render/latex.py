"""Formulas and whole derivations in LaTeX.

The document needs pdflatex with amsmath, amssymb, geometry and xcolor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from chainrule import notation
from chainrule.expr import Expr, Shape
from chainrule.render.spelling import Speller, Style

Row = tuple[str, Shape, str]  # a formula, its shape, words

TRANSPOSED = r"\top"
SYMBOLS = {
    "σ": r"\sigma",
    "Φ": r"\Phi",
    "Φ̃": r"\tilde{\Phi}",
    "log softmax": r"\log\operatorname{softmax}",
}
PLAIN = {"exp", "log", "tanh", "sin", "cos"}  # functions that LaTeX knows


def inline(node: Expr) -> str:
    """Return an expression, for mathematical mode.

    Examples
    --------
    >>> from chainrule.expr import symbol
    >>> print(inline(symbol("W1", (3, 2)) @ symbol("a0", (2, "m"))))
    W_{1} a_{0}
    """
    return SPELL(node)


def shape(dims: Shape) -> str:
    """Return a shape, for mathematical mode."""
    return r" \times ".join(map(str, dims)) or r"\text{scalar}"


def equation(name: str, node: Expr) -> str:
    """Return an equation, for mathematical mode."""
    return f"{notation.latex(name)} = {inline(node)}"


def document(title: str, given: Iterable[Row], parts: Mapping[str, Sequence[Row]]) -> str:
    """Return a document that compiles by itself.

    Parameters
    ----------
    title : str
        What was derived.
    given : iterable of (str, Shape, str)
        Formula, shape and meaning of what is given.
    parts : mapping of str to sequence of (str, Shape, str)
        Per heading: formula, shape and reason of each equation.
    """
    lines = [
        r"\documentclass[11pt,a4paper]{article}",
        r"\usepackage{amsmath,amssymb}",
        r"\usepackage[margin=2.2cm]{geometry}",
        r"\usepackage{xcolor}",
        r"\setlength{\parindent}{0pt}",
        r"\newcommand{\step}[3]{$\displaystyle #1$\hfill{\small$#2$}\par\nopagebreak",
        r"  \vspace{1pt}{\small\color{black!65}\hspace*{1.5em}\parbox{0.86\textwidth}{#3}\par}",
        r"  \vspace{6pt}}",
        r"\begin{document}",
        rf"\section*{{{words(title[:1].upper() + title[1:])}}}",
        r"A batch of $m$ examples is a matrix with one example per column; $\odot$ is the product",
        r"entry by entry.",
        r"\subsection*{Given}",
        r"\begin{tabular}{@{}lll@{}}",
        *(rf"${formula}$ & ${shape(dims)}$ & {words(said)} \\" for formula, dims, said in given),
        r"\end{tabular}",
    ]
    for heading, rows in parts.items():
        lines.append(rf"\subsection*{{{heading}}}")
        for formula, dims, reason in rows:
            lines.append(rf"\step{{{formula}}}{{{shape(dims)}}}{{{words(reason)}}}")
    return "\n".join([*lines, r"\end{document}", ""])


TILDE = "\0"  # stands for Φ̃, which is two characters
QUANTITY = re.compile(r"((?<!\w)(?:∂C/∂[ah]|[Wbzarhδ])\d+)")
WORDS = {
    "\\": r"\textbackslash{}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "^": r"\^{}",
    "~": r"\~{}",
    "|": "$|$",
    "<": "$<$",
    ">": "$>$",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "∘": r"$\odot$",
    "·": r"$\cdot$",
    "→": r"$\to$",
    "∂": r"$\partial$",
    "σ": r"$\sigma$",
    "δ": r"$\delta$",
    "λ": r"$\lambda$",
    "π": r"$\pi$",
    "Φ": r"$\Phi$",
    TILDE: r"$\tilde\Phi$",
    "Σ": r"$\Sigma$",
    "√": r"$\surd$",
    "‖": r"$\Vert$",
    "′": "$'$",
    "²": "$^2$",
    "ᵀ": r"$^\top$",
    "’": "'",
    "…": r"\dots{}",
}
"""What stands for a character in running text."""


def words(said: str) -> str:
    r"""Return running text, such as a reason, in LaTeX.

    Examples
    --------
    >>> print(words("σ′(z) = a (1 − a)"))
    $\sigma$$'$(z) = a (1 $-$ a)
    """
    said = said.replace("Φ̃", TILDE)
    pieces = QUANTITY.split(said)
    return "".join(
        f"${notation.latex(notation.code(piece))}$"
        if QUANTITY.fullmatch(piece)
        else "".join(WORDS.get(each, each) for each in piece)
        for piece in pieces
    )


def _function(symbol: str) -> str:
    r"""Return the symbol of a named function.

    Examples
    --------
    >>> print(_function("σ"), _function("leaky_relu"))
    \sigma \operatorname{leaky\_relu}
    """
    if symbol in SYMBOLS:
        return SYMBOLS[symbol]
    if symbol in PLAIN:
        return rf"\{symbol}"
    plain = symbol.isascii() and symbol.replace("_", "").isalnum()
    return rf"\operatorname{{{words(symbol)}}}" if plain else rf"\text{{{words(symbol)}}}"


def _fraction(above: Sequence[str], below: Sequence[str]) -> str:
    over = r"\,".join(above)
    return rf"\frac{{{over}}}{{{' '.join(below)}}}" if below else over


def _call(function: str, args: Sequence[str]) -> str:
    return rf"{function}\mathopen{{}}\left({', '.join(args)}\right)"  # close to the function


def _total(over: str, body: str) -> str:
    return rf"\sum_{{\text{{{over}}}}} {body}" if over else rf"\sum {body}"


def _cases(value: str, condition: str, otherwise: str) -> str:
    first, second = rf"{value} & \text{{where }} {condition}", rf"{otherwise} & \text{{else}}"
    return rf"\begin{{cases}} {first} \\ {second} \end{{cases}}"


SPELL = Speller(
    Style(
        quantity=notation.latex,
        number=str,
        function=_function,
        fraction=_fraction,
        row=lambda *parts: "".join(parts),
        product=" ",
        entrywise=r" \odot ",
        scaled=r"\,",
        plus=" + ",
        minus=" - ",
        divided="",
        negative="-{}".format,
        parentheses=r"\left({}\right)".format,
        magnitude=r"\left|{}\right|".format,
        bracket=r"\left[{}\right]".format,
        norm=r"\lVert {} \rVert".format,
        primed="{}'".format,
        call=_call,
        power=lambda base, mark: f"{{{base}}}^{{{mark.replace('⊤', TRANSPOSED)}}}",
        total=_total,
        compared="{} {} {}".format,
        within=r"{}\;\text{{kept within}}\;\pm {}".format,
        cases=_cases,
    )
)
