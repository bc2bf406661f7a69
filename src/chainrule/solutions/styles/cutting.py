"""A function that trains, ``build_model(…)``, cut into functions: forward, backward, cost.

Between the start of its loop and the first parameter that moves stands a backward pass that nobody
made a function of. It is taken out: the statements of one round that the steps depend on, with the
parameters as arguments; what each parameter is moved by is returned. The forward pass is what comes
before the targets are read, the cost what the loop keeps or prints. Nothing is run here.

Next to read: `trained` (the style).
"""

from __future__ import annotations

import ast
import builtins
import copy
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from chainrule.solutions.definitions import Definition, Definitions
from chainrule.solutions.styles import unclassed
from chainrule.solutions.styles.arguments import role
from chainrule.solutions.styles.binding import RATES
from chainrule.solutions.styles.instances import BIASES, WEIGHTS
from chainrule.solutions.styles.parts import PARAMETER
from chainrule.solutions.styles.slicing import free, imported, loads, sliced, stores, unmeasured
from chainrule.solutions.styles.stepping import Move, moves

FORWARD, COST = "forward pass", "cost in the loop"
"""Names of what is made, beside the backward pass, which goes by the name of theirs."""
REDUCED = re.compile(r"\b(mean|sum|average|norm|v?dot|mse|loss|cost)\b", re.IGNORECASE)
COST_NAMES = re.compile(r"(\w*_)?(loss|cost|error|mse|J)(es|s|_?\w*)?", re.IGNORECASE)

BENT = frozenset({"clip", "sign", "norm", "random", "rng"})
"""What is clipped, signed, scaled to a length or noisy is no gradient, and is meant."""
OWN_STEPS = BENT | {"sqrt", "maximum", "minimum"}
"""In a step itself: those of Adam and its like are of another kind."""


@dataclass(frozen=True)
class Round:
    """One round of a loop in a function.

    Parameters
    ----------
    definition : Definition
    before : tuple of ast.stmt
        What stands before the loop, and between loops in each other.
    body : tuple of ast.stmt
    targets : frozenset of str
        What the loops count with.
    """

    definition: Definition
    before: tuple[ast.stmt, ...]
    body: tuple[ast.stmt, ...]
    targets: frozenset[str]


def cut(definitions: Definitions) -> Iterator[tuple[str, tuple[Definition, ...]]]:
    """Yield the name of each function that trains, with the functions it is cut into.

    Parameters
    ----------
    definitions : Definitions

    Yields
    ------
    (str, tuple of Definition)
        The backward pass goes by that name; the others are `FORWARD` and `COST`.
    """
    for definition in [*definitions.found.values()]:
        if isinstance(definition.node, ast.FunctionDef):
            made = _made(definition, definitions)
            if made:
                yield definition.name, made
        elif isinstance(definition.node, ast.ClassDef):
            for method, called in unclassed.functions(definition):
                made = _made(method, definitions, {each.name for each in called})
                if made:
                    yield method.name, (*called, *made)


def ahead(definitions: Definitions, name: str) -> Definition | None:
    """Return the forward pass that a backward pass begins with; ``None`` if it has none.

    Parameters
    ----------
    definitions : Definitions
    name : str
        The backward pass.
    """
    definition = definitions.found[name]
    if not isinstance(definition.node, ast.FunctionDef):
        return None
    if any(role(each) in ("cache", "o") for each in definition.arguments):
        return None  # it is given what a forward pass has made
    body = tuple(each for each in definition.node.body if not isinstance(each, ast.Return))
    made = _Cut(Round(definition, (), body, frozenset()), definitions).ahead(body)
    return made if made is not None and any(role(n) == "x" for n in loads(made.node)) else None


def _made(
    definition: Definition, definitions: Definitions, called: Collection[str] = ()
) -> tuple[Definition, ...]:
    assert isinstance(definition.node, ast.FunctionDef)
    found = _round(definition, definition.node.body, (), frozenset(), inside=False)
    return _Cut(found, definitions, called).made() if found is not None else ()


def _round(
    definition: Definition,
    body: Sequence[ast.stmt],
    before: tuple[ast.stmt, ...],
    targets: frozenset[str],
    *,
    inside: bool,
) -> Round | None:
    """Return the innermost loop in which parameters are moved."""
    for place, each in enumerate(body):
        if isinstance(each, (ast.For, ast.While)):
            own = stores(each.target) if isinstance(each, ast.For) else frozenset()
            ahead = (*before, *body[:place])
            found = _round(definition, each.body, ahead, targets | own, inside=True)
            if found is not None:
                return found
        elif isinstance(each, (ast.If, ast.With)) and not inside:
            found = _round(definition, each.body, (*before, *body[:place]), targets, inside=inside)
            if found is not None:
                return found
    if inside and any(True for each in body for _ in moves(each)):
        return Round(definition, before, tuple(body), targets)
    return None


class _Cut:
    """The functions that one round is cut into."""

    def __init__(
        self, found: Round, definitions: Definitions, called: Collection[str] = ()
    ) -> None:
        self.round, self.definitions, self.called = found, definitions, called
        node = found.definition.node
        assert isinstance(node, ast.FunctionDef)
        self.node = node
        spec = node.args
        names = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
        self.own = {each.arg for each in names}
        given = [*spec.posonlyargs, *spec.args]
        self.defaults = {
            each.arg: value for each, value in zip(given[::-1], spec.defaults[::-1], strict=False)
        }
        self.rates = {
            *RATES,
            *(n for n, v in self.defaults.items() if _number(v) and role(n) is None),
        }
        self.moved = [move for each in found.body for move in moves(each) if self._array(move)]
        self.holders = {move.holder for move in self.moved}

    def made(self) -> tuple[Definition, ...]:
        """Return forward pass, backward pass and cost; empty where no weights move, or twice."""
        keys = {move.key for move in self.moved}
        weights = [key for key in keys if WEIGHTS.search(key) and not BIASES.search(key)]
        if not weights or len(keys) != len(self.moved):
            return ()
        if len(keys) <= 2 and len(weights) == 1 and not any(map(PARAMETER.match, keys)):
            if any(move.keyed for move in self.moved):
                return ()
            names = {key: "W1" if key in weights else "b1" for key in keys}
            if any(names[key] == "b1" and not BIASES.search(key) for key in keys):
                return ()
            return _Cut(_renamed(self.round, names), self.definitions, self.called).made()
        before = [each for each in self.round.before if self._kept(each, inside=False)]
        inside = [each for each in self.round.body if self._kept(each, inside=True)]
        steps, returned = self._stepped(inside)
        whole = sliced([*before, *steps], loads(returned))
        if any(_bent(node, BENT) for node in whole) or any(
            _bent(move.step, OWN_STEPS) for move in self.moved
        ):
            return ()
        made = [self._function(self.node.name, whole, returned)]
        nodes = [move.node for move in self.moved]
        ahead = self.ahead([*before, *(each for each in inside if each not in nodes)])
        if ahead is not None:
            made.insert(0, ahead)
        cost = self._cost(before)
        return tuple([*made, cost] if cost is not None else made)

    def _array(self, move: Move) -> bool:
        """Return whether what moves may be a parameter: no counter, no sum of costs."""
        if role(move.key) in ("x", "y", "rate", "once", "count", "penalty"):
            return False
        if COST_NAMES.fullmatch(move.key) or move.holder in self.round.targets:
            return False
        if not move.keyed:
            starts = [
                each.value
                for each in self.round.before
                if isinstance(each, ast.Assign) and move.holder in stores(each)
            ]
            if not (starts or move.holder in self.own or WEIGHTS.search(move.key)
                    or BIASES.search(move.key)):  # fmt: skip
                return False
            bias = BIASES.search(move.key) is not None  # of one unit it starts as a number
            return bias or not any(isinstance(v, (ast.Constant, ast.List)) for v in starts)
        return True

    def _kept(self, node: ast.stmt, *, inside: bool) -> bool:
        """Return whether a statement may stay: parameters and data are given from outside."""
        stored = stores(node)
        if not inside and stored & self.holders:
            return False
        data = bool(stored) and all(role(each) in ("x", "y") for each in stored)
        if data and inside:  # a batch is cut out of the data
            return any(isinstance(n, ast.Call) for n in ast.walk(node)) and any(
                role(each) == "y" for each in loads(node)
            )
        if data:
            return any(role(each) in ("x", "y") for each in loads(node))
        return not isinstance(node, (ast.Return, ast.Global, ast.Nonlocal, ast.Import))

    def _stepped(self, inside: Sequence[ast.stmt]) -> tuple[list[ast.stmt], ast.expr]:
        """Return the statements with steps of our size, and the dictionary of gradients."""
        moved = {id(move.node): move for move in self.moved}
        steps: list[ast.stmt] = []
        keys: list[ast.expr | None] = []
        values: list[ast.expr] = []
        for each in inside:
            move = moved.get(id(each))
            if move is None:
                steps.append(copy.deepcopy(each))
                continue
            made, name = move.replaced(self.rates)
            steps += made
            keys.append(ast.Constant(f"d{move.key}"))
            # What is subtracted may be spread out: a step of shape (n,) for a bias of (1, n).
            spread = ast.BinOp(ast.Constant(0), ast.Mult(), _read(move.target))
            values.append(ast.BinOp(ast.Name(name, ast.Load()), ast.Add(), spread))
        return steps, ast.Dict(keys, values)

    def ahead(self, plain: Sequence[ast.stmt]) -> Definition | None:
        """Return what comes before the targets are read."""
        aims = {each for each in self._names(plain) if role(each) == "y"}
        stored: list[str] = []
        for place, each in enumerate(plain):
            read, made = loads(unmeasured(each)), stores(each)
            data = bool(made) and all(role(name) in ("x", "y") for name in made)
            outputs = [name for name in stored if name in read | made]
            if read & aims and not data and not made <= aims and outputs:
                output = ast.Name(outputs[-1], ast.Load())
                kept = sliced(plain[:place], {outputs[-1]})
                return self._function(FORWARD, kept, output)
            if read & aims:
                aims |= {name for name in made if role(name) != "x"}
            stored += [name for name in sorted(made) if name not in aims and not data]
        return None

    def _cost(self, before: Sequence[ast.stmt]) -> Definition | None:
        """Return the cost that is computed in the round."""
        moved = {id(move.node) for move in self.moved}
        flat: list[ast.stmt] = []
        for each in self.round.body:
            if id(each) not in moved and self._kept(each, inside=True):
                flat += [*each.body] if isinstance(each, ast.If) and _costs(each) else [each]
        for place in range(len(flat) - 1, -1, -1):
            value = _cost_of(flat[place])
            if value is None:
                continue
            after = place + isinstance(value, ast.Name)
            kept = sliced([*before, *flat[:after]], loads(value))
            if any(role(name) == "y" for name in loads(value) | self._names(kept)):
                return self._function(COST, kept, value)
        return None

    @staticmethod
    def _names(body: Sequence[ast.stmt]) -> set[str]:
        return {name for each in body for name in loads(each)}

    def _function(self, name: str, body: Sequence[ast.stmt], value: ast.expr) -> Definition:
        """Return a function; what it reads and has no value for is an argument, or global."""
        unbound = free(body, value)
        locals_ = {
            *self.own,
            *self.round.targets,
            *(each for node in (*self.round.before, *self.round.body) for each in stores(node)),
        }
        wanted = [
            each
            for each in unbound
            if each not in self.called
            if each in locals_
            or not (
                hasattr(builtins, each)
                or each in self.definitions.found
                or each in self.definitions.assignments
                or any(each in imported(node) for node, _ in self.definitions.imports)
            )
        ]
        wanted.sort(key=lambda each: each in self.defaults or self._counts(each))
        defaults = [
            self.defaults[each] if each in self.defaults else ast.Constant(1)
            for each in wanted
            if each in self.defaults or self._counts(each)
        ]
        spec = ast.arguments([], [ast.arg(each) for each in wanted], None, [], [], None, defaults)
        made = ast.FunctionDef(name, spec, [*copy.deepcopy([*body]), ast.Return(value)], [])
        place = self.round.definition.place
        made = ast.copy_location(made, self.node)
        last = body[-1] if body else self.node
        ast.copy_location(made.body[-1], last)
        made.body[-1].ours = True  # type: ignore[attr-defined]  # nothing is mended in it
        return replace(
            self.round.definition, name=name, node=ast.fix_missing_locations(made), place=place
        )

    def _counts(self, name: str) -> bool:
        return name in self.round.targets and role(name) not in ("x", "y")


def _renamed(found: Round, names: Mapping[str, str]) -> Round:
    """Return a round in which parameters have our names: those of one layer have no number."""

    def named(body: Sequence[ast.stmt]) -> tuple[ast.stmt, ...]:
        made = copy.deepcopy([*body])
        for node in made:
            for each in ast.walk(node):
                if isinstance(each, ast.Name):
                    each.id = names.get(each.id, each.id)
        return tuple(made)

    spelled = {**found.definition.spelled}
    spelled |= {made: spelled.get(name, name) for name, made in names.items()}
    definition = replace(found.definition, spelled=spelled)
    before, body = named(found.before), named(found.body)
    return replace(found, definition=definition, before=before, body=body)


def _bent(node: ast.AST, names: Collection[str]) -> bool:
    """Return whether something of these names is called or looked up."""
    return any(
        (getattr(each, "attr", None) or getattr(each, "id", "")) in names for each in ast.walk(node)
    )


def _costs(node: ast.stmt) -> bool:
    return any(_cost_of(each) is not None for each in ast.iter_child_nodes(node))


def _cost_of(node: ast.AST) -> ast.expr | None:
    """Return the cost in a statement: ``loss = …``, or ``losses.append(…)``."""
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        called = any(isinstance(n, (ast.Call, ast.BinOp)) for n in ast.walk(node.value))
        if isinstance(target, ast.Name) and "err" in target.id.lower():  # often that of every unit
            called = bool(REDUCED.search(ast.unparse(node.value)))
        if isinstance(target, ast.Name) and COST_NAMES.fullmatch(target.id) and called:
            return ast.Name(target.id, ast.Load())
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        if isinstance(call.func, ast.Attribute) and call.func.attr == "append" and call.args:
            held, value = call.func.value, call.args[0]
            if isinstance(held, ast.Name) and COST_NAMES.fullmatch(held.id):
                return None if isinstance(value, ast.Name) else copy.deepcopy(value)
    return None


def _read(target: ast.expr) -> ast.expr:
    """Return a target as it is read."""
    read = copy.deepcopy(target)
    assert isinstance(read, (ast.Name, ast.Subscript))
    read.ctx = ast.Load()
    return read


def _number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)
