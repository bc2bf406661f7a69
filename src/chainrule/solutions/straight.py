"""Straight-line code: assignments at the top of a file, run one after the other, and again in part.

Only assignments are run, and loops made of nothing else; calls that stand by themselves (plots,
prints, comparisons, ``loss.backward()``) are not. A part can be run again with one variable moved:
what does not depend on it stays as it was, random draws too.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.solutions.calling import Failed
from chainrule.solutions.findings import Place
from chainrule.solutions.reading import Array
from chainrule.solutions.space import Space

WORDS = ["emma", "olivia", "ava", "isabella", "sophia", "mia", "liam", "noah", "jacob", "zoe"]
"""Stands in for a list of words that a file reads from another file, which is not there."""

LARGEST = 10**6
"""Entries of an array that is copied, so that later changes of it in place do not show."""


@dataclass(frozen=True, eq=False)
class Step:
    """One statement.

    Parameters
    ----------
    node : ast.stmt
    place : Place
    assigned, reads : frozenset of str
        Names; what is changed in place is both.
    changes : frozenset of str
        Names of what is changed in place.
    fresh : frozenset of str
        Names that are bound to something new.
    depends : frozenset of str
        Of the names that it reads those of which more than the shape counts.
    """

    node: ast.stmt
    place: Place
    assigned: frozenset[str]
    reads: frozenset[str]
    changes: frozenset[str]
    fresh: frozenset[str]
    depends: frozenset[str]

    def run(self, space: Space, names: dict[str, Any]) -> None:
        """Run it in a namespace.

        Raises
        ------
        Failed
            Whatever it raises.
        """
        if not self.reads & space.definitions.found.keys():
            space.caller.call(exec, (self._code, names), at=self._at)
            return
        before = dict(space.names)  # functions of theirs read globals, which must be these
        space.names.update(names)
        try:
            space.caller.call(exec, (self._code, space.names), at=self._at)
            names.update({each: space.names[each] for each in self.assigned if each in space.names})
        finally:
            space.names.clear()
            space.names.update(before)

    def bare(self, names: dict[str, Any]) -> None:
        """Run it in a namespace, where somebody has set a limit already, and it calls no function.

        Raises
        ------
        Exception
            Whatever it raises.
        """
        exec(self._code, names)

    @property
    def _at(self) -> str:
        cell = "" if self.place.cell is None else f"cell {self.place.cell} "
        return f"{cell}line {self.place.line}"

    @cached_property
    def _code(self) -> Any:
        tree = ast.fix_missing_locations(ast.Module([self.node], []))
        return compile(tree, "<statement>", "exec")

    def edited(self, node: ast.stmt) -> Step:
        """Return it with another statement in its place."""
        return replace(self, node=node)


def steps(statements: Sequence[tuple[ast.stmt, Place]], space: Space) -> list[Step]:
    """Return what is run of these statements, in order."""
    found = []
    for node, place in statements:
        for kept in _kept(node):
            there = place
            if kept is not node:
                line = place.line + kept.lineno - node.lineno
                there = replace(place, line=line, source=ast.unparse(kept).split("\n")[0])
            found.append(_step(kept, there, space))
    return found


def _kept(node: ast.stmt) -> Iterator[ast.stmt]:
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        if _plain(node):
            yield node
    elif isinstance(node, ast.Expr):
        if _changed(node) is not None:
            yield node
    elif isinstance(node, ast.With):
        for item in node.items:
            if isinstance(item.optional_vars, ast.Name):
                opened = ast.Assign([item.optional_vars], item.context_expr)
                yield ast.fix_missing_locations(ast.copy_location(opened, node))
        for inner in node.body:
            yield from _kept(inner)
    elif isinstance(node, ast.For):
        body = [kept for inner in node.body for kept in _kept(inner)]
        broken = any(isinstance(n, (ast.Break, ast.While, ast.Return)) for n in ast.walk(node))
        long = any(isinstance(n, ast.Constant) and _large(n.value) for n in ast.walk(node.iter))
        if body and not broken and not long:
            made = ast.For(node.target, node.iter, body, [])
            yield ast.copy_location(made, node)


def _changed(node: ast.stmt) -> str | None:
    """Return the name of what a call that stands by itself changes in place.

    As ``dC.index_add_(0, ix, demb)``, ``np.add.at(dC, Xb, demb)``, ``xs.append(x)``.
    """
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    of, method = call.func.value, call.func.attr
    if isinstance(of, ast.Attribute) and method == "at" and call.args:
        return _base(call.args[0])
    in_place = method == "append" or (method[-1] == "_" and not method.startswith("requires_grad"))
    return of.id if in_place and isinstance(of, ast.Name) else None


def _large(value: object) -> bool:
    return isinstance(value, (int, float)) and value > 999


def _plain(node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> bool:
    """Return whether it assigns to names or parts of what names stand for."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return node.value is not None and all(_base(each) is not None for each in targets)


def _base(target: ast.expr) -> str | None:
    while isinstance(target, (ast.Subscript, ast.Starred)):
        target = target.value
    if isinstance(target, (ast.Tuple, ast.List)):
        return "" if all(_base(each) is not None for each in target.elts) else None
    return target.id if isinstance(target, ast.Name) else None


def _step(node: ast.stmt, place: Place, space: Space) -> Step:
    fresh, changes, reads = set(), set(), set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            if isinstance(each.ctx, ast.Store):
                fresh.add(each.id)
            else:
                reads.add(each.id)
        if isinstance(each, ast.Expr):
            changed = _changed(each)
            changes |= {changed} if changed else set()
        if isinstance(each, ast.AugAssign):
            base = _base(each.target)
            if base:
                changes.add(base)
                fresh.discard(base)
        if isinstance(each, ast.Assign):
            bases = {_base(t) for t in each.targets if isinstance(t, ast.Subscript)}
            changes |= {base for base in bases if base}
    fresh -= changes
    shaped = _shapes_only(node)
    for name in list(reads):
        if name in space.definitions.found:
            reads |= space.reads(name)
    return Step(
        node,
        place,
        frozenset(fresh | changes),
        frozenset(reads | changes),
        frozenset(changes),
        frozenset(fresh),
        frozenset(reads - shaped | changes),
    )


def _shapes_only(node: ast.stmt) -> set[str]:
    """Return the names of which only the shape is read: a mask is not drawn again for values."""
    asked = [
        each.value if isinstance(each, ast.Attribute) else each.args[0]
        for each in ast.walk(node)
        if (isinstance(each, ast.Attribute) and each.attr in ("shape", "size", "ndim", "dtype"))
        or (
            isinstance(each, ast.Call)
            and isinstance(each.func, ast.Name)
            and each.func.id == "len"
            and each.args
        )
    ]
    shapes = [each for each in asked if isinstance(each, ast.Name)]
    named = [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
    return {n.id for n in shapes if named.count(n.id) == sum(o.id == n.id for o in shapes)}


def as_numbers(value: Any) -> Array | None:
    """Return a copy of an array of real numbers, or of one number; ``None`` for all else."""
    if value is None or isinstance(value, (str, bytes, bool, list, tuple, dict, type)):
        return None
    if hasattr(value, "detach") and hasattr(value, "shape"):  # a tensor, not the module
        value = value.detach().cpu().numpy()
    if not isinstance(value, (np.ndarray, np.number, int, float)):
        return None
    found = np.array(value)
    return found if found.dtype.kind == "f" else None


def like(value: Array, model: Any) -> Any:
    """Return numbers as a tensor where the model is one."""
    if hasattr(model, "detach"):
        return model.new_tensor(np.array(value))
    return np.array(value) if isinstance(model, np.ndarray) or np.ndim(value) else float(value)


class Trace:
    """A run of steps, and what each of them left behind.

    Parameters
    ----------
    space : Space
    steps : sequence of Step
    """

    def __init__(self, space: Space, steps: Sequence[Step]) -> None:
        self.space, self.steps = space, list(steps)
        self.names: dict[str, Any] = dict(space.names)
        self.initial = dict(space.names)
        self.records: list[dict[str, Any]] = []
        self.troubles: dict[int, Failed] = {}

    def run(self, until: int) -> None:
        """Run the next steps, up to one of them; what raises leaves nothing behind."""
        while len(self.records) < until:
            step = self.steps[len(self.records)]
            try:
                step.run(self.space, self.names)
            except Failed as problem:
                self.troubles[len(self.records)] = problem
                self._stand_in(step)
            self.records.append(
                {name: _copied(self.names[name]) for name in step.assigned if name in self.names}
            )

    def _stand_in(self, step: Step) -> None:
        """Where text is read from a file that is not there, take a list of words, one a line."""
        if not isinstance(step.node, ast.Assign) or "open(" not in ast.unparse(step.node.value):
            return
        names = {**self.names, "open": lambda *_args, **_options: io.StringIO("\n".join(WORDS))}
        try:
            step.run(self.space, names)
        except Failed:  # it wanted another file: what it raised first is kept
            return
        self.names.update({name: names[name] for name in step.fresh if name in names})

    def state(self, index: int) -> dict[str, Any]:
        """Return all names as they were after a step."""
        found = dict(self.initial)
        for record in self.records[: index + 1]:
            found.update(record)
        return found

    def last(self, name: str, until: int) -> int | None:
        """Return the last step before another that assigns a name."""
        places = [i for i, step in enumerate(self.steps[:until]) if name in step.assigned]
        return places[-1] if places else None


class Again:
    """The cost as a function of one variable, from the statement that assigns it on.

    Parameters
    ----------
    trace : Trace
    variable, cost : str
    begin : int
        The step that assigns the variable.
    until : int
        The step after the one that assigns the cost.
    """

    def __init__(self, trace: Trace, variable: str, cost: str, begin: int, until: int) -> None:
        self.trace, self.variable, self.cost = trace, variable, cost
        moved = {variable}
        self._plan: list[tuple[Step | None, dict[str, Any]]] = []
        for step, record in zip(
            trace.steps[begin + 1 : until], trace.records[begin + 1 : until], strict=True
        ):
            if step.depends & moved:
                self._plan.append((step, {}))
                moved |= step.assigned
            else:
                self._plan.append((None, record))
                moved -= step.fresh
        self.reaches = cost in moved
        self._names = trace.state(begin)

    @property
    def value(self) -> Any:
        """What the variable was."""
        return self._names[self.variable]

    def names(self, value: Array) -> dict[str, Any]:
        """Return all names at the end, where the variable has another value.

        Raises
        ------
        Failed
            Whatever their statements raise.
        """
        names = dict(self._names)
        names[self.variable] = like(value, self._names[self.variable])
        space = self.trace.space
        plain = not any(s and s.reads & space.definitions.found.keys() for s, _ in self._plan)
        if plain:  # one call for all: to guard each by itself takes longer than to run it
            space.caller.call(self._all, (names,))
            return names
        for step, record in self._plan:
            if step is None:
                names.update(record)
                continue
            for name in step.changes:
                names[name] = _copied(names.get(name))
            step.run(space, names)
        return names

    def _all(self, names: dict[str, Any]) -> None:
        for step, record in self._plan:
            if step is None:
                names.update(record)
                continue
            for name in step.changes:
                names[name] = _copied(names.get(name))
            step.bare(names)

    def __call__(self, value: Array) -> float:
        """Return the cost where the variable has another value; NaN where that raises."""
        try:
            found = as_numbers(self.names(value).get(self.cost))
        except Failed:  # the caller says that it cannot be judged
            return float("nan")
        return float(found.reshape(-1)[0]) if found is not None and found.size == 1 else np.nan


def _copied(value: Any) -> Any:
    size = getattr(value, "size", None)
    if hasattr(value, "detach") and hasattr(value, "clone"):  # a tensor, no stream
        return value.clone()
    if isinstance(value, list):
        return list(value)
    small = isinstance(value, np.ndarray) and isinstance(size, int) and size <= LARGEST
    return value.copy() if small else value
