"""A derivation as a NumPy file: `forward`, `cost` and `gradients`, line by line as it was derived.

Named functions are written above, in the form that neither overflows nor loses digits.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from chainrule import notation
from chainrule.emit.layout import INDENT, LINE, listed, quoted, wrapped
from chainrule.emit.python import Printer, functions_of, names_of
from chainrule.emit.script import Script, wanted
from chainrule.equation import Equation
from chainrule.expr import Expr, Op
from chainrule.render import text

JOINED = "\N{NO-BREAK SPACE}"


def numpy_file(script: Script) -> str:
    """Return the source of a file that needs NumPy alone (and SciPy for the error function)."""
    functions = list(dict.fromkeys(functions_of(script.forward + script.backward)))
    printer = Printer(names_of(functions))
    body = "\n\n\n".join(
        [
            *(printer.function(row, which) for row, which in functions),
            *_softmaxes(script),
            _forward(script, printer),
            _scalar(script, printer),
            _gradients(script, printer),
        ]
    )
    imports = "import numpy as np\n"
    code = re.sub(r'""".*?"""', "", body, flags=re.DOTALL)
    special = [name for name in ("erf", "erfc") if re.search(rf"\b{name}\(", code)]
    if special:
        imports += f"from scipy.special import {', '.join(special)}\n"
    penalty = ""
    if script.penalty:
        penalty = f"\nLAMBDA = {script.penalty!r}  # of the penalty on the weights\n"
    return f"{_docstring(script)}\n{imports}{penalty}\n\n{body}\n"


def _docstring(script: Script) -> str:
    shapes = [
        f"{'x' if name == notation.activations(0) else name} ({text.shape(dims)})".replace(
            " ", JOINED
        )
        for name, dims, _ in script.given
    ]
    arguments = _arguments(script)
    call = f"gradients({', '.join(arguments)})"
    lines = [
        *textwrap.wrap(f'"""Backpropagation of the {script.title}.', LINE - 5),
        "",
        *textwrap.wrap(
            "Every line is one equation of the derivation. Examples are columns: a batch of m of "
            f"them is a matrix with m columns. Given are {', '.join(shapes)}.",
            LINE - 5,
        ),
        "",
        "Written by chainrule, for arrays of float64. To make one step of gradient descent:",
        "",
        f"    jacobians = {call}",
        "    for name in params:",
        "        params[name] = params[name] - learning_rate * jacobians[name]",
        '"""',
        "",
    ]
    return "\n".join(lines).replace(JOINED, " ")


SOFTMAX = '''def softmax(z):
    """Return exp(z) / Σ_units exp(z); the largest of a column is taken off first: no overflow."""
    e = np.exp(z - np.max(z, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)'''

LOG_SOFTMAX = '''def log_softmax(z):
    """Return log(softmax(z)), taken at once: z − log Σ_units exp(z), without overflow."""
    shifted = z - np.max(z, axis=0, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=0, keepdims=True))'''


def _softmaxes(script: Script) -> Iterator[str]:
    operations = {
        node.op for each in script.forward + script.backward for node in each.expr.nodes()
    }
    if Op.SOFTMAX in operations:
        yield SOFTMAX
    if Op.LOG_SOFTMAX in operations:
        yield LOG_SOFTMAX


# the three functions ------------------------------------------------------------------------


def _arguments(script: Script, backward: bool = True) -> list[str]:
    """Return the arguments of a function, in the order in which people give them."""
    names = {name for name, _, _ in script.given}
    arguments = ["params", "x"]
    if backward:
        order = (notation.TARGETS, notation.SELECTOR, notation.EXAMPLE_WEIGHTS)
        arguments += [name for name in order if name in names]
    return arguments + ["masks"] * any(map(notation.is_mask, names))


def _forward(script: Script, printer: Printer) -> str:
    names = [notation.activations(0), *(equation.name for equation in script.chain)]
    lines = [
        f"def forward({', '.join(_arguments(script, backward=False))}):",
        f'{INDENT}"""Return every value from the inputs to the outputs, by its name."""',
        *_unpacked(script, script.chain),
        f"{INDENT}a0 = x  # {_shape_of(script, notation.activations(0))}",
    ]
    for equation in script.chain:
        lines += _line(equation, printer)
    lines += listed("return {", [f'"{name}": {name}' for name in names], "}")
    return "\n".join(lines)


def _scalar(script: Script, printer: Printer) -> str:
    equation = script.scalar
    cost = equation.name == notation.COST
    purpose = f"Return the cost, {equation.reason}" if cost else "Return the outputs that v selects"
    return "\n".join(
        [
            f"def {'cost' if cost else 'selected'}({', '.join(_arguments(script))}):",
            *quoted(f'"""{purpose}."""', INDENT),
            f"{INDENT}values = forward({', '.join(_arguments(script, backward=False))})",
            *_from_values(script, [equation]),
            *_unpacked(script, [equation]),
            *_counts([equation]),
            *_returned(equation.expr, printer),
        ]
    )


def _returned(body: Expr, printer: Printer) -> list[str]:
    """Return the lines that return a cost; a penalty has a line of its own."""
    if body.op is not Op.ADD:
        return wrapped(f"return {printer(body)}", INDENT)
    data, penalty = body.args
    line = f"{INDENT}penalty = {printer(penalty)}"
    head, loop, squares = line.partition(" * sum(")
    fits = len(line) <= LINE or not loop
    lines = [line] if fits else [head + loop, INDENT * 2 + squares[:-1], f"{INDENT})"]
    return [*lines, *wrapped(f"return {printer(data)} + penalty", INDENT)]


def _gradients(script: Script, printer: Printer) -> str:
    parameters = [name for name, _, _ in script.given if not notation.is_mask(name)]
    keys = wanted(script, parameters)
    order = [key for key in ["x", *parameters] if key in keys]
    what = "cost" if script.scalar.name == notation.COST else "selected outputs"
    lines = [
        f"def gradients({', '.join(_arguments(script))}):",
        f'{INDENT}"""Return the Jacobian of the {what} by every parameter, by its name."""',
        f"{INDENT}values = forward({', '.join(_arguments(script, backward=False))})",
        *_from_values(script, script.backward),
        *_unpacked(script, script.backward),
        *_counts(script.backward),
    ]
    shown: list[str] = []
    for equation in script.backward:
        origins = [_quote(script, origin, equation, printer) for origin in script.origins(equation)]
        if not set(origins) <= set(shown):
            lines.append("")
            for origin in origins:
                lines += quoted(origin, INDENT)
            shown = origins
        if equation.reason:
            lines += quoted(f"#   {equation.reason}", INDENT)
        lines += _line(equation, printer)
    lines.append("")
    lines += listed("return {", [f'"{key}": {keys[key]}' for key in order], "}")
    return "\n".join(lines)


def _quote(script: Script, origin: Equation, equation: Equation, printer: Printer) -> str:
    """Return a forward line as a comment; of a cost with a penalty, the part that matters."""
    body = origin.expr
    if origin is script.scalar and body.op is Op.ADD:
        penalised = body.args[1].symbols()
        if script.differentiated(equation) in penalised:
            return f"# {origin.name} = … + {printer(body.args[1])}"
        return f"# {origin.name} = {printer(body.args[0])} + …"
    return f"# {origin.name} = {printer(body)}"


def _line(equation: Equation, printer: Printer) -> list[str]:
    return wrapped(
        f"{equation.name} = {printer(equation.expr)}", INDENT, f"  # {text.shape(equation.shape)}"
    )


def _shape_of(script: Script, name: str) -> str:
    return next(text.shape(dims) for each, dims, _ in script.given if each == name)


def _used(equations: Iterable[Equation]) -> set[str]:
    return set().union(*(equation.expr.symbols() for equation in equations))


def _unpacked(script: Script, equations: Iterable[Equation]) -> Iterator[str]:
    """Yield lines that take parameters and masks out of their mappings."""
    used = _used(equations)
    for name, dims, _ in script.given:
        kind = notation.split(name)[0]
        if name in used and kind in ("W", "b", "r"):
            mapping = "masks" if kind == "r" else "params"
            yield f'{INDENT}{name} = {mapping}["{name}"]  # {text.shape(dims)}'


def _from_values(script: Script, equations: Iterable[Equation]) -> list[str]:
    known = [notation.activations(0), *(equation.name for equation in script.chain)]
    used = _used(equations)
    names = [name for name in known if name in used]
    if len(names) == 1:
        return [f'{INDENT}{names[0]} = values["{names[0]}"]']
    start = f"{INDENT}{', '.join(names)} = "
    line = start + f"({', '.join(f'values[{chr(34)}{name}{chr(34)}]' for name in names)})"
    plain = line.replace("(values", "values", 1)[:-1]
    if len(plain) <= LINE:
        return [plain]
    return [f'{INDENT}{name} = values["{name}"]' for name in names]


def _counts(equations: Iterable[Equation]) -> Iterator[str]:
    """Yield the numbers by which costs are divided."""
    powers = {
        name
        for equation in equations
        for node in equation.expr.nodes()
        for name, _ in node.coefficient.powers
    }
    if notation.EXAMPLES in powers:
        yield f"{INDENT}m = x.shape[1]  # examples"
    if notation.TOTAL_WEIGHT in powers:
        yield f"{INDENT}{notation.TOTAL_WEIGHT} = np.sum(w)"
