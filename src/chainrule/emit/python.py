"""Expressions as Python on NumPy: one table, `SPELLING`, from operation to text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from chainrule import notation
from chainrule.coefficient import Coefficient
from chainrule.elementary import magnitude
from chainrule.emit.layout import INDENT, quoted, wrapped
from chainrule.equation import Equation
from chainrule.errors import InvalidValue
from chainrule.expr import Expr, Function, Op
from chainrule.render import text
from chainrule.render.patterns import decision, factors

# How tightly Python holds together: an argument that holds less tightly gets parentheses.
SUM, PRODUCT, UNARY, POWER, ATOM = range(5)
Spelled = tuple[str, int]
NAMED_PARTS = frozenset({Op.EXP, Op.WHERE_POSITIVE})  # are computed once where they occur twice

CONSTANTS = {
    notation.PENALTY: "LAMBDA",
    notation.ROOT_2: "np.sqrt(2)",
    notation.ROOT_2_PI: "np.sqrt(2 * np.pi)",
    notation.LOG_2: "np.log(2)",
}


# named functions ----------------------------------------------------------------------------

Wanted = tuple[Function, str]  # a row, and "" for its value or "_derivative"


def functions_of(equations: Iterable[Equation]) -> Iterator[Wanted]:
    """Yield the named functions that equations call, those that they call first."""
    for equation in equations:
        yield from _called(equation.expr)


def _called(node: Expr) -> Iterator[Wanted]:
    for arg in node.args:
        yield from _called(arg)
    if node.function is not None:
        which = "_derivative" if node.op in (Op.DERIVATIVE, Op.LOSS_DERIVATIVE) else ""
        yield from _called(_body(node.function, which))
        yield node.function, which


def _body(row: Function, which: str) -> Expr:
    body = row.computed_derivative() if which else row.computed()
    if body is None:
        raise InvalidValue(
            f"{row.name} is a function of your own, of which there is no expression to write: "
            "derive the network with a built-in function, and put yours in its place in the file"
        )
    return body


def names_of(functions: Iterable[Wanted]) -> dict[Function, str]:
    """Return a Python name for every row; rows that differ in a number alone are counted."""
    rows = list(dict.fromkeys(row for row, _ in functions))
    bases = [row.name.partition("(")[0] for row in rows]
    names = {}
    for row, base in zip(rows, bases, strict=True):
        number = f"_{bases[: rows.index(row) + 1].count(base)}" if bases.count(base) > 1 else ""
        names[row] = base + number
    return names


# expressions --------------------------------------------------------------------------------


class Printer:
    """Spells expressions; knows how named functions are called."""

    def __init__(self, names: Mapping[Function, str]) -> None:
        self.names_of = names
        self._short: dict[Expr, str] = {}

    def __call__(self, node: Expr) -> str:
        """Return an expression as Python."""
        return self.spell(node)[0]

    def spell(self, node: Expr) -> Spelled:
        """Return an expression, and how tightly it holds together."""
        if node in self._short:
            return self._short[node], ATOM
        return SPELLING[node.op](self, node)

    def within(self, node: Expr, least: int) -> str:
        """Return an expression, in parentheses if it holds less tightly than that."""
        spelled, tightness = self.spell(node)
        return spelled if tightness >= least else f"({spelled})"

    def name(self, node: Expr) -> str:
        """Return the Python name of a node's function."""
        assert node.function is not None
        derivative = node.op in (Op.DERIVATIVE, Op.LOSS_DERIVATIVE)
        return self.names_of[node.function] + ("_derivative" if derivative else "")

    def function(self, row: Function, which: str) -> str:
        """Return the definition of a named function, or of its derivative."""
        body = _body(row, which)
        plain = row.derivative if which else row.value
        said = f"{row.symbol}{'′' if which else ''}({', '.join(row.variables)})"
        lines = [f"def {self.names_of[row]}{which}({', '.join(row.variables)}):"]
        formula = f"Return {said} = {text.inline(plain)}" if plain is not None else f"Return {said}"
        if body != plain:
            formula += ", written so that nothing overflows"
        lines += quoted(f'"""{formula}."""', INDENT)
        self._short = {}
        for part, name in _repeated(body).items():
            lines += wrapped(f"{name} = {self(part)}", INDENT)
            self._short[part] = name
        inner = [node.args[0] for node in body.nodes() if node.op in (Op.APPLY, Op.DERIVATIVE)]
        if inner and inner[0].args and len(wrapped(f"return {self(body)}", INDENT)) > 1:
            lines += wrapped(f"inner = {self(inner[0])}", INDENT)
            self._short[inner[0]] = "inner"
        result = self(body)
        if not body.symbols():
            result = f"np.full_like({row.variables[0]}, {result})"
        lines += wrapped(f"return {result}", INDENT)
        self._short = {}
        return "\n".join(lines)


def _repeated(body: Expr) -> dict[Expr, str]:
    """Return names for what occurs more than once, the smaller parts first."""
    found: dict[Expr, str] = {}
    while True:
        nodes = [node for root in (body, *found) for node in _outside(root, found)]
        parts = [node for node in nodes if node.op in NAMED_PARTS and nodes.count(node) > 1]
        if not parts:
            return dict(sorted(found.items(), key=lambda pair: len(list(pair[0].nodes()))))
        largest = max(parts, key=lambda node: len(list(node.nodes())))
        name = _name_of_part(largest)
        taken = list(found.values()).count(name)
        found[largest] = f"{name}{taken + 1}" if taken else name


def _outside(root: Expr, named: Mapping[Expr, str]) -> Iterator[Expr]:
    """Yield all nodes but those inside of named parts; of a named part as a root, what is below."""
    if root not in named:
        yield root
    for arg in root.args:
        if arg not in named:
            yield from _outside(arg, named)


def _name_of_part(part: Expr) -> str:
    if part.op is Op.EXP:
        return "e"
    return "size" if part == magnitude(part.args[0]) else "bounded"


def _infix(sign_: str, tightness: int) -> Callable[[Printer, Expr], Spelled]:
    def spell(on: Printer, node: Expr) -> Spelled:
        left, right = node.args
        # a − (b + c) and a ∘ (B c) need their parentheses; sums and products of entries do not
        tighter = tightness + (sign_ != "+" and not (right.op is node.op is Op.HADAMARD))
        return f"{on.within(left, tightness)} {sign_} {on.within(right, tighter)}", tightness

    return spell


def _call(name: str, options: str = "") -> Callable[[Printer, Expr], Spelled]:
    return lambda on, node: (f"{name}({', '.join(map(on, node.args))}{options})", ATOM)


def _named(on: Printer, node: Expr) -> Spelled:
    return f"{on.name(node)}({', '.join(map(on, node.args))})", ATOM


def _square(on: Printer, node: Expr) -> Spelled:
    (arg,) = node.args
    spelled = on.within(arg, ATOM)
    return f"{spelled}{'**' if spelled.isidentifier() else ' ** '}2", POWER  # as formatters do


def _coefficient(value: Coefficient) -> Spelled:
    """Return the size of a coefficient; its sign is written by the caller."""
    names, divisors, top, bottom = factors(value)
    above = [CONSTANTS.get(name, name) for name in names]
    below = [CONSTANTS.get(name, name) for name in divisors]
    if (top, bottom) == ("1", "2") and not above:
        top, bottom = "0.5", "1"
    if bottom != "1":
        below.insert(0, bottom)
    if top != "1" or not above:
        above.insert(0, top)
    product = " * ".join(above)
    if not below:
        return product, ATOM if len(above) == 1 else PRODUCT
    divisor = below[0] if len(below) == 1 else f"({' * '.join(below)})"
    return f"{product} / {divisor}", PRODUCT


def _scaled(on: Printer, node: Expr) -> Spelled:
    minus = "-" if node.coefficient.number < 0 else ""
    factor, tightness = _coefficient(node.coefficient)
    squares = _weights_squared(node.args[0])
    if factor == "1":
        body, tightness = on.spell(node.args[0])
        return f"-{body}" if tightness in (ATOM, UNARY) else f"-({body})", UNARY
    factor = factor if tightness == ATOM else f"({factor})"
    entries = node.args[0].op is Op.HADAMARD
    body = squares or on.within(node.args[0], PRODUCT if entries else UNARY)
    return f"{minus}{factor} * {body}", PRODUCT


def _weights_squared(node: Expr) -> str:
    """Return the sum of the squares of many weights as a loop; empty if it is something else."""
    terms = list(_addends(node))
    squares = [term.op is Op.SUM and term.args[0].op is Op.SQUARE for term in terms]
    if len(terms) < 2 or not all(squares):
        return ""
    names = [term.args[0].args[0].name for term in terms]
    return f"sum(np.sum(W**2) for W in ({', '.join(names)}))"


def _addends(node: Expr) -> Iterator[Expr]:
    if node.op is Op.ADD:
        for arg in node.args:
            yield from _addends(arg)
    else:
        yield node


def _number(_: Printer, node: Expr) -> Spelled:
    spelled, tightness = _coefficient(node.coefficient)
    if node.coefficient.number < 0:
        return f"-{spelled}", UNARY
    return spelled, tightness


def _where_positive(on: Printer, node: Expr) -> Spelled:
    found = decision(node)
    if found.kind == "magnitude":
        return f"np.abs({on(found.left)})", ATOM
    if found.kind == "sign":
        return f"np.sign({on(found.left)})", ATOM
    if found.kind == "clip":
        bound = on(found.then)
        return f"np.clip({on(found.left)}, -{bound}, {bound})", ATOM
    condition = f"{on.within(found.left, SUM)} {found.relation} {on.within(found.right, SUM)}"
    branches = [_as_float(on, branch) for branch in (found.then, found.otherwise)]
    return f"np.where({condition}, {', '.join(branches)})", ATOM


def _as_float(on: Printer, branch: Expr) -> str:
    """Return a branch; whole numbers as floats, so that two of them do not make integers."""
    spelled = on(branch)
    return f"{spelled}.0" if re.fullmatch(r"-?\d+", spelled) else spelled


SPELLING: Mapping[Op, Callable[[Printer, Expr], Spelled]] = {
    Op.SYMBOL: lambda _, node: (node.name, ATOM),
    Op.CONSTANT: _number,
    Op.MATMUL: _infix("@", PRODUCT),
    Op.TRANSPOSE: lambda on, node: (f"{on.within(node.args[0], ATOM)}.T", ATOM),
    Op.HADAMARD: _infix("*", PRODUCT),
    Op.ADD: _infix("+", SUM),
    Op.SUBTRACT: _infix("-", SUM),
    Op.SCALE: _scaled,
    Op.SQUARE: _square,
    Op.SPREAD: lambda on, node: on.spell(node.args[0]),  # NumPy pairs rows and columns by itself
    Op.SUM: _call("np.sum"),
    Op.SUM_EXAMPLES: _call("np.sum", ", axis=1, keepdims=True"),
    Op.SUM_UNITS: _call("np.sum", ", axis=0, keepdims=True"),
    Op.APPLY: _named,
    Op.LOSS: _named,
    Op.SOFTMAX: _call("softmax"),
    Op.LOG_SOFTMAX: _call("log_softmax"),
    Op.DERIVATIVE: _named,
    Op.LOSS_DERIVATIVE: _named,
    Op.DIVIDE: _infix("/", PRODUCT),
    Op.EXP: _call("np.exp"),
    Op.LOG: _call("np.log"),
    Op.LOG1P: _call("np.log1p"),
    Op.EXPM1: _call("np.expm1"),
    Op.TANH: _call("np.tanh"),
    Op.SIN: _call("np.sin"),
    Op.COS: _call("np.cos"),
    Op.ERF: _call("erf"),
    Op.ERFC: _call("erfc"),
    Op.WHERE_POSITIVE: _where_positive,
}
