"""Where statements that are to be run in order may stand: at the top, in a loop, in a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from chainrule.solutions.findings import Place
from chainrule.solutions.space import Space
from chainrule.solutions.straight import Step, steps

Located = tuple[ast.stmt, Place]


def bodies(space: Space, costs: Sequence[str]) -> Iterator[list[Step]]:
    """Yield what may be run: all at the top, with loops opened once, functions with their call."""
    top = space.definitions.statements
    plain = [(_untrained(node, costs), place) for node, place in top if not _trains(node, costs)]
    yield steps(plain, space)
    yield opened(space, top, costs)
    calls = {
        call.func.id: call
        for node, _ in top
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
    }
    for name, definition in space.definitions.found.items():
        node = definition.node
        if not isinstance(node, ast.FunctionDef) or name not in calls:
            continue
        body: list[Located] = list(top)
        for argument, value in arguments(node, calls[name]):
            made = ast.Assign([ast.Name(argument, ast.Store())], value)
            body.append(
                (ast.fix_missing_locations(ast.copy_location(made, node)), definition.place)
            )
        for inner in node.body:
            where = inside(definition.place, inner, node)
            body += _opened(inner, where, costs)
        yield steps(body, space)


def _trains(node: ast.stmt, costs: Sequence[str]) -> bool:
    """Return whether it is a loop that makes the cost anew each time, not one that sums it up."""
    return isinstance(node, (ast.For, ast.While)) and any(
        isinstance(each, ast.Assign)
        and isinstance(each.targets[0], ast.Name)
        and each.targets[0].id in costs
        and not any(isinstance(n, ast.Name) and n.id in costs for n in ast.walk(each.value))
        for each in ast.walk(node)
    )


def _untrained(node: ast.stmt, costs: Sequence[str]) -> ast.stmt:
    """Return a block without the loops of training in it."""
    if not isinstance(node, ast.With):
        return node
    body = [each for each in node.body if not _trains(each, costs)]
    return ast.copy_location(ast.With(node.items, body or [ast.Pass()]), node)


def opened(space: Space, top: Sequence[Located], costs: Sequence[str] = ()) -> list[Step]:
    """Return what is run of statements at the top, where the body of each loop is run once."""
    return steps([each for node, place in top for each in _opened(node, place, costs)], space)


def _opened(node: ast.stmt, place: Place, costs: Sequence[str]) -> Iterator[Located]:
    """Yield the statements of a loop, once; other statements as they are."""
    if isinstance(node, (ast.For, ast.While)):
        if isinstance(node, ast.For):
            names = ast.Assign([node.target], _first(node.iter))
            yield ast.fix_missing_locations(ast.copy_location(names, node)), place
        for each in node.body:
            yield from _opened_inside(each, inside(place, each, node), costs)
    elif isinstance(node, ast.With):
        yield ast.copy_location(ast.With(node.items, [ast.Pass()]), node), place
        for each in node.body:
            yield from _opened(each, inside(place, each, node), costs)
    else:
        yield node, place


def _opened_inside(node: ast.stmt, place: Place, costs: Sequence[str]) -> Iterator[Located]:
    """Yield the statements of a loop in a loop, if the cost is in there; else the loop."""
    if isinstance(node, ast.For) and any(
        isinstance(each, ast.Name) and each.id in costs and isinstance(each.ctx, ast.Store)
        for each in ast.walk(node)
    ):
        yield from _opened(node, place, costs)
    else:
        yield node, place


def inside(place: Place, inner: ast.stmt, outer: ast.stmt) -> Place:
    """Return the place of a statement that stands in another."""
    source = ast.unparse(inner).split("\n")[0]
    return replace(place, line=place.line + inner.lineno - outer.lineno, source=source)


def arguments(node: ast.FunctionDef, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Yield arguments with the expressions that a call, or a default, gives them."""
    names = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
    given = dict(zip(names, call.args, strict=False))
    given |= {each.arg: each.value for each in call.keywords if each.arg}
    defaults = dict(zip(names[::-1], node.args.defaults[::-1], strict=False))
    for name in names:
        value = given.get(name, defaults.get(name))
        if value is not None:
            yield name, value


def _first(of: ast.expr) -> ast.expr:
    call = ast.Call(ast.Name("iter", ast.Load()), [of], [])
    return ast.Call(ast.Name("next", ast.Load()), [call], [])
