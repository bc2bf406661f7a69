"""Training that nobody can call as it is: at the top, under ``if __name__``, in a loop.

A *training* is what is run of a file so that its weights move once: what stands before, then the
body of each loop once. Statements of other loops that train are left out, and so are calls of
functions that train: they would take as long as training does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chainrule.solutions.findings import Place
from chainrule.solutions.space import Space
from chainrule.solutions.straight import Step, steps
from chainrule.solutions.styles.arguments import role
from chainrule.solutions.styles.bodies import Located, arguments, inside

LOOPS = (ast.For, ast.While)
BLOCKS = (*LOOPS, ast.With, ast.If)
RATES = {"rate": 0.1, "penalty": 0.1}
"""What an argument is that nobody gives, by its role."""
SMALL = 0.3
"""Weights that are less than this everywhere hide mistakes."""


@dataclass(frozen=True)
class Training:
    """Statements that move weights once.

    Parameters
    ----------
    steps : list of Step
    moved : frozenset of str
        Names that are moved, and may be weights.
    place : Place
        Of the loop.
    """

    steps: list[Step]
    moved: frozenset[str]
    place: Place


def trainings(space: Space, turn: int) -> Iterator[Training]:
    """Yield every training of a file.

    Parameters
    ----------
    space : Space
    turn : int
        Which turn of each loop is taken, from 0; the last where there are not so many.
    """
    top = list(_flat(space.definitions.statements))
    trainers = {
        name
        for name, each in space.definitions.found.items()
        if any(isinstance(n, LOOPS) and moved(n) for n in ast.walk(each.node))
    }
    yield from _of_body([], top, trainers, space, turn)
    for before, body in _functions(space, top, trainers):
        yield from _of_body(before, body, trainers, space, turn)


def _flat(located: Sequence[Located]) -> Iterator[Located]:
    """Yield statements, those of ``if __name__ == "__main__"`` as if they stood at the top."""
    for node, place in located:
        if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
            yield from ((each, inside(place, each, node)) for each in node.body)
        else:
            yield node, place


def _of_body(
    before: list[Located], body: list[Located], trainers: set[str], space: Space, turn: int
) -> Iterator[Training]:
    kept = [*before]
    found = False
    for node, place in body:
        names = moved(node) if isinstance(node, LOOPS) else frozenset()
        if names:
            found = True
            once = [*kept, *_lively(names, node, place), *_once(node, place, turn)]
            yield Training(steps(once, space), names, place)
        elif not _calls(node) & trainers:
            kept.append((node, place))
    own = [(node, place) for node, place in body if not isinstance(node, LOOPS)]
    names = frozenset(name for node, _ in own for name, _ in moves(node))
    if names and not found:
        yield Training(steps(kept, space), names, body[0][1])


def _lively(names: frozenset[str], node: ast.stmt, place: Place) -> Iterator[Located]:
    """Yield statements that draw weights anew where they are small, or all zero.

    There a wrong gradient is almost along the right one, or zero with it.
    """
    for seed, name in enumerate(sorted(names)):
        text = (
            f"{name} = np.random.default_rng({seed}).standard_normal({name}.shape)"
            f" / max({name}.shape) ** 0.5 if isinstance({name}, np.ndarray) and {name}.ndim"
            f" and {name}.dtype.kind == 'f' and np.max(np.abs({name})) < {SMALL} else {name}"
        )
        made = ast.copy_location(ast.parse(text).body[0], node)
        yield ast.fix_missing_locations(made), place


def _functions(
    space: Space, top: list[Located], trainers: set[str]
) -> Iterator[tuple[list[Located], list[Located]]]:
    """Yield the bodies of functions that move something, with what stands before."""
    found = space.definitions.found
    plain = [each for each in top if not (isinstance(each[0], LOOPS) and moved(each[0]))]
    plain = [(node, place) for node, place in plain if not _calls(node) & trainers]
    for name, definition in found.items():
        node = definition.node
        if not isinstance(node, ast.FunctionDef) or not any(moves(n) for n in ast.walk(node)):
            continue
        for before, call in _contexts(space, top, plain, name):
            bound = _bound(node, call, definition.place, {*space.names, *_stored(before)})
            if bound is None:
                continue
            body = [(each, inside(definition.place, each, node)) for each in node.body]
            yield [*before, *bound], body
            break


def _contexts(
    space: Space, top: list[Located], plain: list[Located], name: str
) -> Iterator[tuple[list[Located], ast.Call | None]]:
    """Yield where a function is called: what stands before, and the call; at last, nowhere."""
    for node, _ in top:
        for call in _calls_of(node, name):
            yield plain, call
    for caller, definition in space.definitions.found.items():
        outer = definition.node
        if caller == name or not isinstance(outer, ast.FunctionDef) or outer.args.args:
            continue
        before = [*plain]
        for each in outer.body:
            for call in _calls_of(each, name):
                yield before, call
            before.append((each, inside(definition.place, each, outer)))
    yield plain, None


def _calls_of(node: ast.AST, name: str) -> Iterator[ast.Call]:
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == name:
            yield each


def _calls(node: ast.AST) -> set[str]:
    return {
        each.func.id
        for each in ast.walk(node)
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
    }


def _stored(located: Sequence[Located]) -> set[str]:
    return {
        each.id
        for node, _ in located
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }


def _bound(
    node: ast.FunctionDef, call: ast.Call | None, place: Place, known: set[str]
) -> list[Located] | None:
    """Return assignments of what a function is given; ``None`` where an argument has no value."""
    given = dict(
        arguments(node, call if call is not None else ast.Call(ast.Name(node.name), [], []))
    )
    for each in (*node.args.posonlyargs, *node.args.args):
        if each.arg in given or each.arg in known:
            continue
        value = RATES.get(role(each.arg) or "", 1 if "epoch" in each.arg.lower() else None)
        if value is None:
            return None
        given[each.arg] = ast.Constant(value)
    made = [ast.Assign([ast.Name(name, ast.Store())], value) for name, value in given.items()]
    return [(ast.fix_missing_locations(ast.copy_location(each, node)), place) for each in made]


def _once(node: ast.stmt, place: Place, turn: int) -> Iterator[Located]:
    """Yield the statements of a loop, once; of blocks in it that move something, likewise."""
    if isinstance(node, ast.For):
        # The turn that is wanted, or the last there is; ranges may be long.
        text = f"[_each for _, _each in zip(range({turn + 1}), _all)][-1]"
        value = ast.parse(text, mode="eval").body
        all_turns = node.iter

        class Put(ast.NodeTransformer):
            def visit_Name(self, each: ast.Name) -> ast.AST:
                return all_turns if each.id == "_all" else each

        names = ast.Assign([node.target], Put().visit(value))
        yield ast.fix_missing_locations(ast.copy_location(names, node)), place
    elif isinstance(node, ast.With):
        yield ast.copy_location(ast.With(node.items, [ast.Pass()]), node), place
    assert isinstance(node, BLOCKS)
    for each in node.body:
        where = inside(place, each, node)
        if isinstance(each, BLOCKS) and any(moves(n) for n in ast.walk(each)):
            yield from _once(each, where, turn)
        else:
            yield each, where


def moved(loop: ast.AST) -> frozenset[str]:
    """Return what a loop moves and does not make anew in every turn."""
    changed = {name for each in ast.walk(loop) for name, _ in moves(each)}
    fresh = {
        each.id
        for node in ast.walk(loop)
        if isinstance(node, (ast.Assign, ast.For)) and not moves(node)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        for each in ast.walk(target)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
    return frozenset(changed - fresh)


def moves(node: ast.AST) -> list[tuple[str, str]]:
    """Return what a statement moves, and what it calls the result.

    As ``P += …``, ``P[i] -= …``, ``P = P - …``, ``new_P = P - …``.
    """
    if isinstance(node, ast.AugAssign):
        target: ast.expr = node.target
        while isinstance(target, ast.Subscript):
            target = target.value
        own = isinstance(target, ast.Name) and not isinstance(node.value, ast.Constant)
        if own and isinstance(node.op, (ast.Add, ast.Sub)):
            return [(target.id, target.id)]  # type: ignore[attr-defined]
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        result, value = node.targets[0], node.value
        steps_off = isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub))
        left = value.left if steps_off else None  # type: ignore[attr-defined]
        if isinstance(left, ast.Name) and isinstance(result, ast.Name):
            same = result.id.lower().endswith(left.id.lower())  # new_W = W - …
            return [(left.id, result.id)] if same else []
    return []
