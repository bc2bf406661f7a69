"""The smallest change of a wrong statement that makes it right, in the person's own words.

Every small edit is tried: another variable of the same shape in the place of one, a transposition
more or less, ``*`` for ``@``, ``+=`` for ``=``, a factor left out, another axis. The edit names the
mistake.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.solutions.calling import Failed, theirs
from chainrule.solutions.reading import Array
from chainrule.solutions.straight import Step, Trace, as_numbers
from chainrule.solutions.witness import TOLERANCE

MOST = 400


@dataclass(frozen=True)
class Edit:
    """A change of one statement.

    Parameters
    ----------
    slug, words, mend : str
    node : ast.stmt
    """

    slug: str
    words: str
    mend: str
    node: ast.stmt

    @property
    def source(self) -> str:
        """The statement after the change."""
        return ast.unparse(self.node)


def search(trace: Trace, version: Any, truth: Array, begin: int, cost: str) -> Edit | None:
    """Return the edit of the last statement of a gradient that makes it right.

    Parameters
    ----------
    trace : Trace
        Run up to that statement.
    version : Version
    truth : ndarray
    begin : int
        The first step of the backward pass.
    cost : str
    """
    size = float(np.max(np.abs(truth), initial=0.0))
    if not size:
        return None
    for place in dict.fromkeys((version.last, version.first)):
        step = trace.steps[place]
        for count, edit in enumerate(all_of(trace, step, version, begin, cost)):
            if count >= MOST:
                break
            came = _outcome(trace, version, place, edit)
            if came is None or came.shape != truth.shape or not np.isfinite(came).all():
                continue
            if np.max(np.abs(came - truth), initial=0.0) <= TOLERANCE * size:
                return edit
    return None


def _outcome(trace: Trace, version: Any, place: int, edit: Edit) -> Array | None:
    """Return the gradient if one of its statements were another."""
    names = trace.state(place - 1)
    for subject in (n for n in trace.names if n not in trace.steps[place].assigned):
        names.setdefault(subject, trace.names[subject])
    names |= {
        name: trace.names[name]
        for name in trace.steps[place].reads
        if name in trace.names and name != version.name
    }
    try:
        for at in range(place, version.last + 1):
            step = trace.steps[at]
            if version.name not in step.assigned:
                continue
            for name in step.changes:
                value: Any = names.get(name)
                with theirs():
                    names[name] = value.clone() if hasattr(value, "detach") else np.array(value)
            (step.edited(edit.node) if at == place else step).run(trace.space, names)
    except Failed:  # such an edit does not run
        return None
    return as_numbers(names.get(version.name))


def all_of(trace: Trace, step: Step, version: Any, begin: int, cost: str) -> Iterator[Edit]:
    """Yield every small edit of a statement; the arguments are those of `search`."""
    node = step.node
    if not isinstance(node, (ast.Assign, ast.AugAssign)):
        return
    yield from _accumulated(node, version)
    yield from of_expression(node)
    yield from _names(trace, node, version, begin)
    yield from _masks(trace, node, version)
    yield from _factors(trace, node, version, cost)


def of_expression(node: ast.Assign | ast.AugAssign) -> Iterator[Edit]:
    """Yield the small edits of a statement for which nothing about its names need be known."""
    for place, each in enumerate(_nodes(node.value)):
        if isinstance(each, ast.Attribute) and each.attr == "T":
            yield _made(
                node, place, each.value, "weight_not_transposed", "a transposition too much"
            )
        if isinstance(each, (ast.Name, ast.Attribute, ast.Subscript)):
            turned = ast.Attribute(copy.deepcopy(each), "T", ast.Load())
            yield _made(node, place, turned, "weight_not_transposed",
                        f"{ast.unparse(each)} stands where its transpose belongs")  # fmt: skip
        if isinstance(each, ast.BinOp):
            yield from _operation(node, place, each)
        if isinstance(each, ast.Constant) and isinstance(each.value, (int, float)):
            yield from _constant(node, place, each)


def _accumulated(node: ast.Assign | ast.AugAssign, version: Any) -> Iterator[Edit]:
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id == version.name:
            made = ast.AugAssign(copy.deepcopy(target), ast.Add(), copy.deepcopy(node.value))
            yield Edit(
                "lost_path",
                f"{version.subject} reaches the cost on more than one way; = throws the first away",
                "add the gradients of all ways: +=",
                ast.fix_missing_locations(ast.copy_location(made, node)),
            )


def _nodes(value: ast.expr) -> list[ast.AST]:
    return list(ast.walk(value))


def _made(
    node: ast.Assign | ast.AugAssign, place: int, new: ast.expr, slug: str, words: str
) -> Edit:
    """Return an edit that puts another expression at a place of the walk."""
    whole = copy.deepcopy(node)
    old = _nodes(whole.value)[place]
    source = ast.unparse(old)

    class Put(ast.NodeTransformer):
        def visit(self, each: ast.AST) -> Any:
            return copy.deepcopy(new) if each is old else self.generic_visit(each)

    whole.value = Put().visit(whole.value)
    mend = f"write {ast.unparse(new)} in the place of {source}"
    return Edit(slug, words, mend, ast.fix_missing_locations(ast.copy_location(whole, node)))


def _operation(node: ast.Assign | ast.AugAssign, place: int, each: ast.BinOp) -> Iterator[Edit]:
    left, right = each.left, each.right
    swaps: dict[type, tuple[Any, str]] = {
        ast.Mult: (ast.MatMult(), "matrix_for_elementwise"),
        ast.MatMult: (ast.Mult(), "matrix_for_elementwise"),
        ast.Add: (ast.Sub(), "sign"),
        ast.Sub: (ast.Add(), "sign"),
    }
    swap = swaps.get(type(each.op))
    if swap is not None:
        yield _made(node, place, ast.BinOp(left, swap[0], right), swap[1],
                    f"another operation belongs in {ast.unparse(each)}")  # fmt: skip
    if isinstance(each.op, (ast.Mult, ast.Div)):
        yield _without(node, place, left, right)
        if isinstance(each.op, ast.Mult):
            yield _without(node, place, right, left)


def _without(
    node: ast.Assign | ast.AugAssign, place: int, kept: ast.expr, left_out: ast.expr
) -> Edit:
    slug = "constant_factor" if isinstance(left_out, ast.Constant) else "derivative_twice"
    return _made(node, place, kept, slug, f"{ast.unparse(left_out)} is a factor too much")


def _constant(node: ast.Assign | ast.AugAssign, place: int, each: ast.Constant) -> Iterator[Edit]:
    for value in (1, 2, 3, -1, 0.5, -0.5, -1.5, -2):  # 0 would take away what may be meant
        if value != each.value and not isinstance(each.value, bool):
            yield _made(node, place, ast.Constant(value), "constant_factor",
                        f"{each.value!r} stands where {value!r} belongs")  # fmt: skip


def _names(
    trace: Trace, node: ast.Assign | ast.AugAssign, version: Any, begin: int
) -> Iterator[Edit]:
    """Another variable of the same shape in the place of one."""
    shapes = {
        name: value.shape
        for name in trace.names
        if (value := as_numbers(trace.names[name])) is not None and value.ndim
    }
    multiplied = _multiplied(node.value)
    for place, each in enumerate(_nodes(node.value)):
        if not isinstance(each, ast.Name) or each.id not in shapes:
            continue
        for other, shape in shapes.items():
            if other in (each.id, version.name):
                continue
            if shape == shapes[each.id] or shape == shapes[each.id][::-1]:
                slug = _of_swap(trace, each.id, other, begin, each.id in multiplied)
                words = f"{each.id} stands where {other} belongs"
                yield _made(node, place, ast.Name(other, ast.Load()), slug, words)


def _masks(trace: Trace, node: ast.Assign | ast.AugAssign, version: Any) -> Iterator[Edit]:
    """Another variable in the mask of what is set to 0, first that whose gradient it is."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if not isinstance(target, ast.Subscript) or not isinstance(target.slice, ast.Compare):
        return
    arrays = {name: as_numbers(value) for name, value in trace.names.items()}
    shapes = {name: each.shape for name, each in arrays.items() if each is not None and each.ndim}
    for place, each in enumerate(ast.walk(target.slice)):
        met = each.id if isinstance(each, ast.Name) else ""
        alike = [n for n, shape in shapes.items() if n != met and shape == shapes.get(met)]
        for other in sorted(alike, key=lambda name: name != version.subject):
            whole = copy.deepcopy(node)
            mask = whole.targets[0] if isinstance(whole, ast.Assign) else whole.target
            assert isinstance(mask, ast.Subscript)
            (list(ast.walk(mask.slice))[place]).id = other  # type: ignore[attr-defined]
            words = f"what is set to 0 is told by {met}, where {other} tells it"
            mend = f"write {other} in the place of {met} in the mask"
            yield Edit("derivative_at_activation", words, mend, whole)


def _multiplied(value: ast.expr) -> set[str]:
    """Return the names that are factors of a matrix product, transposed or not."""
    found: set[str] = set()
    for each in ast.walk(value):
        parts: list[ast.expr] = []
        if isinstance(each, ast.BinOp) and isinstance(each.op, ast.MatMult):
            parts = [each.left, each.right]
        elif (
            isinstance(each, ast.Call)
            and isinstance(each.func, ast.Attribute)
            and each.func.attr in ("dot", "matmul", "mm")
        ):
            parts = [each.func.value, *each.args]
        for factor in parts:
            part = factor
            while isinstance(part, (ast.Attribute, ast.Call)):
                turned = isinstance(part, ast.Call) and ast.unparse(part.func) == "np.transpose"
                if isinstance(part, ast.Call):
                    part = part.args[0] if turned and part.args else part.func
                else:
                    part = part.value
            if isinstance(part, ast.Name):
                found.add(part.id)
    return found


def _of_swap(  # noqa: PLR0911 (one return for each mistake)
    trace: Trace, met: str, wanted: str, begin: int, multiplied: bool
) -> str:
    """Return the slug of one variable taken for another."""
    forward = {name for step in trace.steps[:begin] for name in step.assigned}
    if met not in forward and wanted not in forward:
        after, before = (re.sub(r"^(d|grad)_?", "", name) for name in (met, wanted))
        for step in trace.steps[:begin]:
            if after in step.assigned and before in step.reads:
                return "raw_error_propagated"
        return "delta_not_chained"
    if met in forward and wanted in forward:
        for step in trace.steps[: 0 if multiplied else begin]:
            if met in step.assigned and wanted in step.reads:
                return "derivative_at_activation"
            if wanted in step.assigned and met in step.reads:
                return "activation_form_at_sum"
        if met[:1] in "bB" and wanted[:1] in "wW":
            return "bias_for_weight"
        if met[:1] in "wW" and wanted[:1] not in "wW":
            return "weight_for_activation"
        return "wrong_previous_activation" if multiplied else "derivative_wrong_layer"
    return "raw_error_propagated"


def _factors(
    trace: Trace, node: ast.Assign | ast.AugAssign, version: Any, cost: str
) -> Iterator[Edit]:
    """Put in the slope of the function by which the variable goes on."""
    subject = version.subject
    last = {name for step in trace.steps if cost in step.assigned for name in step.reads}
    for text in ("(1 - {0}**2)", "{0} * (1 - {0})", f"({subject} > 0)"):
        for step in trace.steps:
            if subject not in step.reads or len(step.fresh) != 1:
                continue
            (result,) = step.fresh
            if as_numbers(trace.names.get(result)) is None:
                continue
            slug = f"missing_{'output' if result in last else 'hidden'}_derivative"
            factor = ast.parse(text.format(result), mode="eval").body
            whole = copy.deepcopy(node)
            whole.value = ast.BinOp(whole.value, ast.Mult(), factor)
            yield Edit(
                slug,
                f"the slope of the function that makes {result} of {subject} is left out",
                f"multiply with {ast.unparse(factor)}",
                ast.fix_missing_locations(ast.copy_location(whole, node)),
            )
