"""Small changes of a function's lines, such as a person would make: a table of kinds.

Nothing is judged here, and nothing is run. Each kind yields places in the syntax tree with what is
put there instead: another variable for one, a transpose more or less, another axis, a factor of the
count of examples. `mending` tries them and keeps the one after which the gradient is right.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chainrule.solutions.slots import Scope, Slot, load, named, operand, product, within

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Statement = ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return | ast.Expr
CONSTANTS = (0, 1, 2, 3, -1, 0.5)
REDUCED = ("sum", "mean")
SHORT = 3  # characters of a text that is joined to a number, as in ``"W" + str(l)``


@dataclass(frozen=True)
class Change:
    """One change that can be tried.

    Parameters
    ----------
    kind : str
        A name in `KINDS`.
    statement : ast.stmt or ast.Lambda
        In which it is.
    slot : Slot
    new : ast.AST
    """

    kind: str
    statement: ast.AST
    slot: Slot
    new: ast.AST


Found = Iterator[tuple[Slot, ast.AST]]


def changes(function: Function, scope: Scope, kinds: Sequence[str]) -> Iterator[Change]:
    """Yield the changes of some kinds, kind by kind, from the last line of a function upwards.

    Parameters
    ----------
    function : ast.FunctionDef or ast.Lambda
    scope : Scope
    kinds : sequence of str
        Names in `KINDS`.
    """
    statements = list(reversed(list(_statements(function))))
    for kind in kinds:
        for statement, slot in statements:
            for where, new in KINDS[kind](slot, scope):
                yield Change(kind, statement, where, new)


def _statements(function: Function) -> Iterator[tuple[ast.AST, Slot]]:
    """Yield statements that compute something, with the slot of what they compute."""
    if isinstance(function, ast.Lambda):
        yield function, Slot(function, "body")
        return
    counting = {
        id(node)
        for loop in ast.walk(function)
        if isinstance(loop, ast.While)
        for node in ast.walk(loop)
        if isinstance(node, (ast.Assign, ast.AugAssign)) and _counts(node)
    }  # an end of theirs could be lost with it
    for node in ast.walk(function):
        value = getattr(node, "value", None)
        if isinstance(node, Statement) and isinstance(value, ast.expr) and id(node) not in counting:
            if isinstance(node, ast.Expr) and not isinstance(value, ast.Call):
                continue
            yield node, Slot(node, "value")


def _counts(node: ast.Assign | ast.AugAssign) -> bool:
    return all(isinstance(n, (ast.Name, ast.Constant, ast.BinOp, ast.operator, ast.expr_context))
               for n in ast.walk(node.value))  # fmt: skip


# Kinds --------------------------------------------------------------------------------------------


def _names(slot: Slot, scope: Scope) -> Found:
    """Put another variable, entry or key in the place of one."""
    for where, node in within(slot):
        for other in scope.like(named(node)):
            yield where, load(other)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            if isinstance(node.slice.value, str):
                for key in sorted(scope.keys - {node.slice.value}):
                    yield Slot(node, "slice"), ast.Constant(key)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            for key in sorted(scope.keys - {node.value}) if len(node.value) <= SHORT else ():
                if len(key) <= SHORT:
                    yield where, ast.Constant(key)


def _renamed(slot: Slot, scope: Scope) -> Found:
    """Put another variable in the place of one wherever it stands on the line."""
    here = [named(node) for _, node in within(slot)]
    for name in dict.fromkeys(each for each in here if each and here.count(each) > 1):
        for other in scope.like(name):
            whole = copy.deepcopy(slot.get())
            inside = Slot(ast.Expr(whole), "value")  # type: ignore[arg-type]
            for where, node in list(within(inside)):
                if named(node) == name:
                    where.put(load(other))
            yield slot, inside.get()


def _wholes(slot: Slot, scope: Scope) -> Found:
    """Put a variable in the place of what is worked out in a product."""
    for _, node in within(slot):
        for factor in product(node):
            if isinstance(factor.get(), (ast.BinOp, ast.UnaryOp)):
                yield from ((factor, load(name)) for name in scope.arrays())


def _comparisons(slot: Slot, _scope: Scope) -> Found:
    """Turn a comparison round, on the left side of an assignment too."""
    turned: Mapping[type, ast.cmpop] = {
        ast.Gt: ast.Lt(),
        ast.Lt: ast.Gt(),
        ast.GtE: ast.LtE(),
        ast.LtE: ast.GtE(),
    }
    sides = [slot]
    if isinstance(slot.owner, ast.Assign):
        sides += [Slot(slot.owner, "targets", i) for i in range(len(slot.owner.targets))]
    for side in sides:
        for where, node in within(side):
            if isinstance(node, ast.Compare) and type(node.ops[0]) in turned:
                other = turned[type(node.ops[0])]
                yield where, ast.Compare(node.left, [other, *node.ops[1:]], node.comparators)


def _scattered(slot: Slot, scope: Scope) -> Found:
    """Change one entry of every example, ``d[np.arange(n), y]``, not whole columns."""
    if not isinstance(slot.owner, ast.AugAssign):
        return
    match slot.owner.target:
        case ast.Subscript(value, ast.Tuple([ast.Slice(None, None, None), ast.Name(y)], load_)):
            if scope.kinds.get(y) == "array":
                rows = ast.parse(f"np.arange(len({y}))", mode="eval").body
                index = ast.Tuple([rows, ast.Name(y, ast.Load())], load_)
                yield Slot(slot.owner, "target"), ast.Subscript(value, index, ast.Store())


def _functions(slot: Slot, scope: Scope) -> Found:
    """Put another function of the file in the place of one."""
    for _, node in within(slot):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            for other, count in scope.functions.items():
                if other != node.func.id and count == len(node.args):
                    yield Slot(node, "func"), ast.Name(other, ast.Load())


def _turned(slot: Slot, _scope: Scope) -> Found:
    """Turn an operand round, or leave its transpose out."""
    for where, node in within(slot):
        for factor in product(node):
            part = factor.get()
            if operand(part) and not (isinstance(part, ast.Attribute) and part.attr == "T"):
                assert isinstance(part, ast.expr)
                yield factor, ast.Attribute(part, "T", ast.Load())
        if isinstance(node, ast.Attribute) and node.attr == "T":
            yield where, node.value
        called = node.func if isinstance(node, ast.Call) and not node.args else None
        if isinstance(called, ast.Attribute) and called.attr == "transpose":
            yield where, called.value
    whole = slot.get()
    if isinstance(whole, ast.expr):
        yield slot, ast.Attribute(whole, "T", ast.Load())


def _operations(slot: Slot, _scope: Scope) -> Found:
    """Use another operation, turn the operands round, or leave one out."""
    swaps: Mapping[type, ast.operator] = {
        ast.Mult: ast.MatMult(), ast.MatMult: ast.Mult(), ast.Add: ast.Sub(), ast.Sub: ast.Add(),
    }  # fmt: skip
    for where, node in within(slot):
        factors = [each.get() for each in product(node)]
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.MatMult):
                yield where, ast.BinOp(node.right, node.op, node.left)
            if type(node.op) in swaps:
                yield where, ast.BinOp(node.left, swaps[type(node.op)], node.right)
            if isinstance(node.op, (ast.Mult, ast.Div, ast.Add, ast.Sub)):
                yield where, node.left
            if isinstance(node.op, (ast.Mult, ast.Add)):
                yield where, node.right
        elif factors:
            left, right = (each for each in factors if isinstance(each, ast.expr))
            yield where, ast.BinOp(left, ast.Mult(), right)
            yield where, ast.BinOp(right, ast.MatMult(), left)


def _reversed(slot: Slot, _scope: Scope) -> Found:
    """Take a difference the other way round."""
    for where, node in within(slot):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            yield where, ast.BinOp(node.right, node.op, node.left)


def _axes(slot: Slot, _scope: Scope) -> Found:
    """Sum over another axis, keep it, or put a sum in the place of a mean."""
    for where, node in within(slot):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if called not in REDUCED:
            continue
        method = not (isinstance(node.func, ast.Attribute) and named(node.func.value) == "np")
        first = [] if method else node.args[:1]
        here = {each.arg: each.value for each in node.keywords}
        if len(node.args) > len(first):
            here["axis"] = node.args[len(first)]
        axes = [here["axis"]] if "axis" in here else []
        axes += [ast.Constant(0), ast.Constant(1)]
        for axis in axes:
            for keep in (True, False):
                options = [ast.keyword("axis", axis)]
                options += [ast.keyword("keepdims", ast.Constant(True))] if keep else []
                yield where, ast.Call(node.func, first, options)
        for other in REDUCED:
            if other != called and isinstance(node.func, ast.Attribute):
                function = ast.Attribute(node.func.value, other, ast.Load())
                yield where, ast.Call(function, node.args, node.keywords)


def _powers(slot: Slot, _scope: Scope) -> Found:
    """Square, leave a square out, or take the complement to one."""
    two, one = ast.Constant(2), ast.Constant(1)
    for where, node in within(slot):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            yield where, node.left
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            yield Slot(node, "right"), ast.BinOp(node.right, ast.Pow(), two)
        elif named(node) and isinstance(node, ast.expr):
            yield where, ast.BinOp(one, ast.Sub(), node)


def _indices(slot: Slot, _scope: Scope) -> Found:
    """Take the neighbour of an entry."""
    for _, node in within(slot):
        if not isinstance(node, ast.Subscript):
            continue
        index = node.slice
        if isinstance(index, ast.BinOp) and isinstance(index.right, ast.Constant):
            yield Slot(node, "slice"), index.left
        if isinstance(index, (ast.Name, ast.UnaryOp, ast.BinOp)):
            for operator in (ast.Add(), ast.Sub()):
                yield Slot(node, "slice"), ast.BinOp(index, operator, ast.Constant(1))


def _signs(slot: Slot, _scope: Scope) -> Found:
    """Change a sign."""
    for where, node in within(slot):
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield where, node.operand
    whole = slot.get()
    if isinstance(whole, ast.expr) and not isinstance(whole, ast.Tuple):
        yield slot, ast.UnaryOp(ast.USub(), whole)


def _constants(slot: Slot, _scope: Scope) -> Found:
    """Put another number in the place of one."""
    for where, node in within(slot):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            for value in CONSTANTS:
                if value != node.value:
                    yield where, ast.Constant(value)


def _counted(slot: Slot, scope: Scope) -> Found:
    """Bring in a factor: the count of something that the function knows, 2, or a half."""
    parts = [slot]
    for _, node in within(slot):
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            parts += [Slot(node, "left"), Slot(node, "right")]
    for where in parts:
        part = where.get()
        if not isinstance(part, ast.expr) or isinstance(part, (ast.Tuple, ast.Dict, ast.Constant)):
            continue
        for value in (2, 0.5):
            yield where, ast.BinOp(ast.Constant(value), ast.Mult(), part)
        for name in scope.counts():
            yield where, ast.BinOp(part, ast.Div(), load(name))
            yield where, ast.BinOp(part, ast.Mult(), load(name))
        for name in scope.arrays() if where is slot else ():
            for axis in (0, 1):
                shape = ast.Attribute(load(name), "shape", ast.Load())
                size = ast.Subscript(shape, ast.Constant(axis), ast.Load())
                yield where, ast.BinOp(part, ast.Div(), size)


def _penalties(slot: Slot, scope: Scope) -> Found:
    """Add a penalty."""
    whole = slot.get()
    if not isinstance(whole, ast.expr) or isinstance(whole, (ast.Tuple, ast.Dict)):
        return
    for weights in scope.arrays():
        for name in (name for name, kind in scope.kinds.items() if kind == "number"):
            once = ast.BinOp(load(name), ast.Mult(), load(weights))
            twice = ast.BinOp(ast.BinOp(ast.Constant(2), ast.Mult(), load(name)), ast.Mult(),
                              load(weights))  # fmt: skip
            yield from ((slot, ast.BinOp(whole, ast.Add(), each)) for each in (once, twice))


def _slopes(slot: Slot, scope: Scope) -> Found:
    """Bring in the slope of an activation."""
    whole = slot.get()
    if not isinstance(whole, ast.expr) or isinstance(whole, (ast.Tuple, ast.Dict)):
        return
    factors = [each for _, node in within(slot) for each in product(node)]
    for name in scope.arrays():
        value = ast.unparse(load(name))
        texts = [f"{function}({value})" for function, n in scope.functions.items() if n == 1]
        texts += [f"{value} * (1 - {value})", f"(1 - {value}**2)", f"({value} > 0)"]
        slopes = [ast.parse(text, mode="eval").body for text in texts]
        for where in (slot, *factors):
            part = where.get()
            assert isinstance(part, ast.expr)
            yield from ((where, ast.BinOp(part, ast.Mult(), slope)) for slope in slopes)


def _gathered(slot: Slot, _scope: Scope) -> Found:
    """Take off what is added, and the other way round."""
    node = slot.owner
    if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield Slot(node, "op"), ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()


KINDS: Mapping[str, Callable[[Slot, Scope], Found]] = {
    "names": _names,
    "renamed": _renamed,
    "comparisons": _comparisons,
    "scattered": _scattered,
    "turned": _turned,
    "operations": _operations,
    "axes": _axes,
    "functions": _functions,
    "powers": _powers,
    "reversed": _reversed,
    "signs": _signs,
    "constants": _constants,
    "indices": _indices,
    "gathered": _gathered,
    "counted": _counted,
    "wholes": _wholes,
    "slopes": _slopes,
    "penalties": _penalties,
}
"""Kinds of changes, those that a mistake most often asks for first."""

FITTING: Mapping[str, tuple[str, ...]] = {
    "sign": ("reversed", "signs", "gathered"),
    "missing_mean": ("counted",),
    "double_mean": ("operations", "axes"),
    "wrong_divisor": ("names", "operations", "counted"),
    "constant_factor": ("constants", "counted", "operations"),
    "transposed": ("turned",),
    "weight_not_transposed": ("turned",),
    "kept_dimension": ("axes",),
    "bias_summed_over_units": ("axes",),
    "bias_not_summed": ("axes",),
    "bias_mean_again": ("axes", "operations"),
    "missing_hidden_derivative": ("slopes",),
    "missing_output_derivative": ("slopes",),
    "raw_error_propagated": ("wholes", "names", "slopes"),
    "shortcut_for_other_cost": ("wholes", "names", "slopes"),
    "wrong_previous_activation": ("names", "indices"),
    "cache_mislabelled": ("names", "indices"),
    "derivative_at_activation": ("names", "renamed"),
    "derivative_wrong_layer": ("names", "renamed", "indices"),
    "activation_form_at_sum": ("names", "renamed"),
    "matrix_for_elementwise": ("operations",),
    "derivative_twice": ("operations",),
    "function_for_derivative": ("functions",),
    "penalty_missing": ("penalties",),
    "penalty_factor": ("counted", "constants", "operations"),
    "penalty_sign": ("operations", "signs"),
    "penalty_on_bias": ("operations",),
}
"""Kinds to try before all others, by the slug of a mistake."""
