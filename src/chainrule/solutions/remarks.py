"""What spoils no gradient and is worth a word: seen in the source, with its place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.solutions import outer
from chainrule.solutions.calling import Failed
from chainrule.solutions.calls import evaluated
from chainrule.solutions.definitions import Definition
from chainrule.solutions.findings import Finding, Place
from chainrule.solutions.meaning import Scale
from chainrule.solutions.reading import Piece, Reading, names_of
from chainrule.solutions.space import Space

UPDATES = re.compile(r"backprop|train|fit|update|descent|learn|optimi[sz]e|model", re.IGNORECASE)
QUIET = re.compile(r"^(self|_.*)$|print|plot|verbose|show|seed|debug")
RATES = frozenset(
    ["aggression", "learning_rate", "lr", "alpha", "eta", "rate", "step", "step_size"]
)
KEEPS = re.compile(r"keep_?prob(ability)?s?|p?_?drop(out)?(_?(rate|prob|p))?")
COUNTS = frozenset(["iterations", "iters", "num_iterations", "n_iterations", "epochs", "num_iters"])


def about(reading: Reading, space: Space) -> list[Finding]:
    """Return the remarks on a solution."""
    found: list[Finding] = []
    for definition in space.definitions.found.values():
        node = definition.node
        if isinstance(node, ast.FunctionDef) and UPDATES.search(node.name) and _loops(node):
            found += _unused(definition)
            found += _one_more(definition)
    found += _dropout(space)
    found += outer.read_instead(space)
    found += _passes(reading, space)
    return found


def _dropout(space: Space) -> Iterator[Finding]:
    """Dropout, which is judged where it leaves nothing out."""
    for definition in space.definitions.found.values():
        for argument in definition.arguments:
            if KEEPS.fullmatch(argument):
                words = (
                    f"{argument}, an argument of {definition.name}, was given the value with which "
                    "no unit is left out: a factor that dropout brings was not looked at"
                )
                yield Finding(
                    "dropout", "remark", words, entries=(definition.name,), place=definition.place
                )
                return


def _loops(node: ast.FunctionDef) -> bool:
    return any(isinstance(each, (ast.While, ast.For)) for each in ast.walk(node))


def _unused(definition: Definition) -> Iterator[Finding]:
    """Arguments of a training loop that nothing reads."""
    assert isinstance(definition.node, ast.FunctionDef)
    read = {
        each.id
        for each in ast.walk(definition.node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    }
    for argument in definition.arguments:
        if argument in read or QUIET.search(argument):
            continue
        rate = argument in RATES
        slug = "aggression" if rate else "unused_argument"
        entry = CATALOGUE[slug]
        words = f"{argument}, an argument of {definition.name}, is never used"
        if rate:
            words += ": every step has the size 1, whatever is asked for"
        mend = entry.mend if rate else f"use {argument}, or leave it out"
        yield Finding(slug, "remark", words, mend, (definition.name,), place=definition.place)


def _one_more(definition: Definition) -> Iterator[Finding]:
    """``while n >= 0`` with ``n -= 1``: one round more than asked."""
    assert isinstance(definition.node, ast.FunctionDef)
    for loop in ast.walk(definition.node):
        if not isinstance(loop, ast.While) or not isinstance(loop.test, ast.Compare):
            continue
        test = loop.test
        if not isinstance(test.left, ast.Name) or len(test.ops) != 1:
            continue
        name, bound = test.left.id, test.comparators[0]
        falls = any(
            isinstance(each, ast.AugAssign)
            and isinstance(each.op, ast.Sub)
            and isinstance(each.target, ast.Name)
            and each.target.id == name
            and isinstance(each.value, ast.Constant)
            and each.value.value == 1
            for each in loop.body
        )
        zero = isinstance(bound, ast.Constant) and bound.value == 0
        if falls and zero and isinstance(test.ops[0], ast.GtE) and name in definition.arguments:
            line = definition.place.line + loop.lineno - definition.node.lineno
            source = ast.unparse(loop).split("\n", 1)[0]
            yield Finding(
                "one_more_update",
                "remark",
                f"{name}=1 makes two updates: the loop runs while {name} >= 0, so once for 1 "
                "and once for 0",
                f"while {name} > 0:",
                (definition.name,),
                source,
                f"while {name} > 0:",
                place=Place(line, definition.place.cell, definition.name, source),
            )


def _passes(reading: Reading, space: Space) -> Iterator[Finding]:
    """Find the same forward pass in every function of a gradient."""
    forward = names_of(reading).get("forward", "")
    pieces = [
        piece
        for piece in {each.name: each for each in reading.pieces}.values()
        if _calls(space.definitions.found.get(piece.name), forward)
    ]
    if forward and len(pieces) > 1:
        yield Finding(
            "repeated_forward",
            "remark",
            f"{len(pieces)} forward passes where one is enough: {forward} is called in each of "
            f"{', '.join(piece.name for piece in pieces)}",
            f"call {forward} once before, and hand the values on",
            tuple(piece.name for piece in pieces),
            place=pieces[0].place,
        )


def _calls(definition: Definition | None, name: str) -> bool:
    return definition is not None and any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == name
        for each in ast.walk(definition.node)
    )


# What the cost is divided by ----------------------------------------------------------------------


def normalisation(space: Space, name: str, scale: Scale) -> list[Finding]:
    """Return what an unusual divisor of their cost is.

    Parameters
    ----------
    space : Space
    name : str
        Of their cost.
    scale : Scale
        On the mean over the examples.
    """
    by = {size: power for size, power in scale.powers.items() if power}
    entry = CATALOGUE["cost_normalisation"]
    says, mend = entry.says, entry.mend
    if by == {"d": -1}:
        says = (
            "the cost is divided by the number of inputs as well as by the number of examples, "
            "since x.size counts every number in x; the gradient agrees with it, so that every "
            "check of the gradient passes"
        )
        own = _own_inputs(space)
        if own is not None:
            inputs, examples = own
            many = "1 example" if examples == 1 else f"{examples} examples"
            says += f". Here x has {inputs} inputs and {many}: x.size is {inputs * examples}"
            says += f", and not {examples}" if inputs * examples != examples else ""
    elif by == {"m": 1}:
        says = (
            "the cost is a sum over the examples and not their mean, and the gradient agrees: the "
            "step that is right for it depends on how many examples there are"
        )
    elif by == {"k": -1}:
        says = (
            "the cost is a mean over the outputs as well as over the examples, and the gradient "
            "agrees with it"
        )
        mend = ""
    definition = space.definitions.found.get(name)
    place = None if definition is None else definition.place
    if definition is not None and by == {"d": -1}:
        place = _line_with(definition, "size") or place
    return [Finding("cost_normalisation", "remark", says, mend, (name,), place=place)]


def _line_with(definition: Definition, attribute: str) -> Place | None:
    """Return the line of a function on which an attribute is read."""
    for each in ast.walk(definition.node):
        if isinstance(each, ast.Attribute) and each.attr == attribute:
            place = definition.place
            line = place.line + each.lineno - definition.node.lineno
            return Place(line, place.cell, place.function, _statement(definition.node, each))
    return None


def _statement(node: ast.AST, inner: ast.AST) -> str:
    """Return the source of the smallest statement around an expression."""
    around = [
        each
        for each in ast.walk(node)
        if isinstance(each, ast.stmt) and any(part is inner for part in ast.walk(each))
    ]
    return ast.unparse(around[-1]).split("\n", 1)[0]


def _own_inputs(space: Space) -> tuple[int, int] | None:
    """Return how many inputs and examples the file's own data have, where a call tells.

    Only what a function of theirs returns without arguments counts: what is loaded is not here.
    """
    for assignment in space.definitions.assignments.get("x", ()):
        call = assignment.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        if call.args or call.keywords or call.func.id not in space:
            continue
        try:
            found = space.call(space[call.func.id])
        except Failed:  # it wants a file, or time: then nothing is said of its size
            continue
        if assignment.index is not None and isinstance(found, tuple):
            found = found[assignment.index] if assignment.index < len(found) else None
        if isinstance(found, np.ndarray) and found.ndim == 2:
            return int(found.shape[0]), int(found.shape[1])
    found = evaluated(space, "x") if "x" not in space else None
    if isinstance(found, np.ndarray) and found.ndim == 2:
        return int(found.shape[0]), int(found.shape[1])
    return None


def at_equal_sizes(pieces: Sequence[Piece]) -> Finding:
    """Return the remark on code that runs only where all layers are of one size."""
    entry = CATALOGUE["sizes"]
    return Finding(
        "sizes",
        "remark",
        entry.says,
        entry.mend,
        tuple(piece.entry for piece in pieces),
        place=pieces[0].place,
    )
