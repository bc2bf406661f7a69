"""Expressions and whole derivations in LaTeX: one table, `SPELLING`, from operation to LaTeX.

The document needs pdflatex with amsmath, amssymb, geometry and xcolor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from chainrule import expr, notation
from chainrule.coefficient import Coefficient
from chainrule.expr import Expr, Op, Shape
from chainrule.render.patterns import decision, factors, squared_norm

# How tightly a spelling holds together: an argument that holds less tightly gets parentheses.
SUM, PRODUCT, FACTOR, ATOM = range(4)
Spelled = tuple[str, int]
Row = tuple[str, Shape, str]  # a formula, its shape, words

SYMBOLS = {"σ": r"\sigma", "Φ": r"\Phi", "Φ̃": r"\tilde{\Phi}"}
OPEN = r"\mathopen{}\left("  # close to the name of the function
PLAIN = {"tanh", "exp", "sin"}  # functions that LaTeX knows


def inline(node: Expr) -> str:
    """Return an expression, for mathematical mode.

    Examples
    --------
    >>> from chainrule.expr import symbol
    >>> print(inline(symbol("W1", (3, 2)) @ symbol("a0", (2, "m"))))
    W_{1} a_{0}
    """
    return _spell(node)[0]


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


def _spell(node: Expr) -> Spelled:
    return SPELLING[node.op](node)


def _in(node: Expr, least: int) -> str:
    spelled, tightness = _spell(node)
    return spelled if tightness >= least else rf"\left({spelled}\right)"


def _coefficient(value: Coefficient) -> str:
    """Return the size of a coefficient; empty if it is one."""
    above, below, top, bottom = factors(value)
    over = [notation.latex(name) for name in above]
    under = [notation.latex(name) for name in below]
    if bottom != "1":
        under.insert(0, bottom)
    if top != "1" or (under and not over):
        over.insert(0, top)
    if not under:
        return r"\,".join(over)
    return rf"\frac{{{' '.join(over)}}}{{{' '.join(under)}}}"


def _number(node: Expr) -> Spelled:
    minus = "-" if node.coefficient.number < 0 else ""
    return minus + (_coefficient(node.coefficient) or "1"), SUM if minus else ATOM


def _infix(sign: str, tightness: int, right_tightness: int) -> Callable[[Expr], Spelled]:
    def spell(node: Expr) -> Spelled:
        left, right = node.args
        return f"{_in(left, tightness)}{sign}{_in(right, right_tightness)}", tightness

    return spell


def _call(name: str) -> Callable[[Expr], Spelled]:
    return lambda node: (rf"{name}{OPEN}{inline(node.args[0])}\right)", ATOM)


def function(symbol: str) -> str:
    r"""Return the symbol of a named function.

    Examples
    --------
    >>> print(function("σ"), function("leaky_relu"))
    \sigma \operatorname{leaky\_relu}
    """
    if symbol in SYMBOLS:
        return SYMBOLS[symbol]
    if symbol in PLAIN:
        return rf"\{symbol}"
    plain = symbol.isascii() and symbol.replace("_", "").isalnum()
    return rf"\operatorname{{{words(symbol)}}}" if plain else rf"\text{{{words(symbol)}}}"


def _named(mark: str) -> Callable[[Expr], Spelled]:
    def spell(node: Expr) -> Spelled:
        assert node.function is not None
        arguments = ", ".join(map(inline, node.args))
        return rf"{function(node.function.symbol)}{mark}{OPEN}{arguments}\right)", ATOM

    return spell


def _cost(node: Expr) -> Spelled:
    """Write a cost out, where its formula is known."""
    assert node.function is not None
    body = node.function.value
    return _named("")(node) if body is None else _spell(expr.written_out(node, body))


def _scaled(node: Expr) -> Spelled:
    minus = "-" if node.coefficient.number < 0 else ""
    factor = _coefficient(node.coefficient) or ("" if minus else "1")
    body = _in(node.args[0], PRODUCT)
    spelled = rf"{factor}\,{body}" if factor else body
    return minus + spelled, SUM if minus else PRODUCT


def _power(mark: str) -> Callable[[Expr], Spelled]:
    return lambda node: (f"{{{_in(node.args[0], ATOM)}}}^{{{mark}}}", FACTOR)


def _summed(over: str) -> Callable[[Expr], Spelled]:
    return lambda node: (rf"\sum{over} {_in(node.args[0], FACTOR)}", PRODUCT)


def _sum_of_all(node: Expr) -> Spelled:
    matrix = squared_norm(node)
    if matrix is not None:
        return rf"\lVert {inline(matrix)} \rVert^2", FACTOR
    return _summed("")(node)


def _where_positive(node: Expr) -> Spelled:
    found = decision(node)
    left = inline(found.left)
    if found.kind == "magnitude":
        return rf"\left|{left}\right|", ATOM
    if found.kind == "sign":
        return rf"\operatorname{{sign}}\left({left}\right)", ATOM
    if found.kind == "clip":
        return rf"{left}\;\text{{kept within}}\;\pm {inline(found.then)}", SUM
    condition = f"{left} {found.relation} {inline(found.right)}"
    if found.kind == "bracket":
        bracket = rf"\left[{condition}\right]"
        if found.then == expr.constant(1):
            return bracket, ATOM
        return rf"{_in(found.then, FACTOR)}\,{bracket}", FACTOR
    first = rf"{inline(found.then)} & \text{{where }} {condition}"
    second = rf"{inline(found.otherwise)} & \text{{else}}"
    return rf"\begin{{cases}} {first} \\ {second} \end{{cases}}", ATOM


SPELLING: Mapping[Op, Callable[[Expr], Spelled]] = {
    Op.SYMBOL: lambda node: (notation.latex(node.name), ATOM),
    Op.CONSTANT: _number,
    Op.MATMUL: _infix(" ", FACTOR, FACTOR),
    Op.TRANSPOSE: _power(r"\top"),
    Op.HADAMARD: _infix(r" \odot ", PRODUCT, PRODUCT),
    Op.ADD: _infix(" + ", SUM, SUM),
    Op.SUBTRACT: _infix(" - ", SUM, PRODUCT),
    Op.SCALE: _scaled,
    Op.SQUARE: _power("2"),
    Op.SPREAD: lambda node: _spell(node.args[0]),
    Op.SUM: _sum_of_all,
    Op.SUM_EXAMPLES: _summed(r"_{\text{examples}}"),
    Op.SUM_UNITS: _summed(r"_{\text{units}}"),
    Op.APPLY: _named(""),
    Op.LOSS: _cost,
    Op.SOFTMAX: _call(r"\operatorname{softmax}"),
    Op.LOG_SOFTMAX: _call(r"\log\operatorname{softmax}"),
    Op.DERIVATIVE: _named("'"),
    Op.LOSS_DERIVATIVE: _named("'"),
    Op.DIVIDE: lambda node: (rf"\frac{{{inline(node.args[0])}}}{{{inline(node.args[1])}}}", FACTOR),
    Op.EXP: _call(r"\exp"),
    Op.LOG: _call(r"\log"),
    Op.LOG1P: lambda node: (rf"\log\left(1 + {_in(node.args[0], SUM)}\right)", ATOM),
    Op.EXPM1: lambda node: (rf"\exp\left({inline(node.args[0])}\right) - 1", SUM),
    Op.TANH: _call(r"\tanh"),
    Op.SIN: _call(r"\sin"),
    Op.COS: _call(r"\cos"),
    Op.ERF: _call(r"\operatorname{erf}"),
    Op.ERFC: lambda node: (rf"1 - \operatorname{{erf}}\left({inline(node.args[0])}\right)", SUM),
    Op.WHERE_POSITIVE: _where_positive,
}
