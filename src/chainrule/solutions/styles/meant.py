"""Which cost is meant where none is written: that of an error, output less target, by its steps.

The squared error or a cross-entropy of what is subtracted from each other. Which of them is told by
the layer next to the output: where its step fits none, nothing is known.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.solutions import direct
from chainrule.solutions.reading import Array
from chainrule.solutions.straight import Again, Trace, as_numbers, steps
from chainrule.solutions.styles.trainings import moves
from chainrule.solutions.witness import TOLERANCE

ENTRIES = 4
"""Of two unknowns, gradient and decay, fewer numbers would tell nothing."""
SAMPLE = 48
"""Elements by which differences are taken of an array of more than `LARGE`."""
LARGE = 600
COST, OUTPUT, TARGET = "_cost_of_a_loop", "_output_of_a_loop", "_target_of_a_loop"
FORMULAS: Mapping[str, str] = {
    "squared error": "np.sum(({o} - {y})**2) / 2",
    "binary cross-entropy": "-np.sum({y} * np.log({o}) + (1 - {y}) * np.log(1 - {o}))",
    "cross-entropy": "-np.sum({y} * np.log({o}))",
}
"""Costs that may be meant, of the output and the target."""


@dataclass(frozen=True)
class Update:
    """A statement that moves a parameter.

    Parameters
    ----------
    name : str
    place : int
        The step.
    result : str
        What the moved parameter is called: mostly the same.
    """

    name: str
    place: int
    result: str

    @property
    def subject(self) -> str:
        """The parameter itself: of it a step is the gradient."""
        return self.name

    def shift(self, trace: Trace) -> Array | None:
        """Return by how much it moves the parameter; ``None`` if that cannot be had."""
        after = as_numbers(trace.records[self.place].get(self.result))
        earlier = reversed(trace.records[: self.place])
        before = next((r[self.name] for r in earlier if self.name in r), None)
        was = as_numbers(before)
        if was is None or after is None or was.shape != after.shape:
            return None
        return np.asarray(after - was)


@dataclass(frozen=True)
class Truth:
    """The gradient by a parameter, by some elements of it where it is large.

    Parameters
    ----------
    gradient : ndarray, shape (n,)
    value : ndarray, shape (n,)
        Of the parameter.
    where : ndarray of int, shape (n,)
        Which elements, of the parameter in a row.
    enters : int
        The step that reads the parameter first.
    """

    gradient: Array
    value: Array
    where: Array
    enters: int

    def factor(self, shift: Array | None) -> float | None:
        """Return c where shift = −c · gradient, or −c · gradient − k · value; else ``None``."""
        if shift is None:
            return None
        part = shift.ravel()[self.where]
        found = _factor(part, self.gradient)
        return _with_decay(part, self.gradient, self.value) if found is None else found


@dataclass(frozen=True)
class Meant:
    """A cost that the steps of the layer next to the output belong to.

    Parameters
    ----------
    words : str
    truths : mapping of str to Truth
    last : str
        The parameter by which it was told.
    place : int
        The step in which output and target are compared.
    updates : tuple of Update
    """

    words: str
    truths: Mapping[str, Truth]
    last: str
    place: int
    updates: tuple[Update, ...]

    def factors(self, trace: Trace) -> dict[str, float | None]:
        """Return for each parameter the c of step = −c · gradient; ``None`` where there is none."""
        return {u.name: self.truths[u.name].factor(u.shift(trace)) for u in self.updates}

    @property
    def silent(self) -> int:
        """How many parameters have a gradient of zero here, by which nothing can be told."""
        return sum(not truth.gradient.any() for truth in self.truths.values())


def meant(trace: Trace, moved: frozenset[str]) -> Meant | None:
    """Return the cost that is meant by a run of steps; ``None`` where there is none.

    Parameters
    ----------
    trace : Trace
        Run to its end.
    moved : frozenset of str
        Names that may be parameters.
    """
    best: tuple[int, Meant] | None = None
    for found in candidates(trace, moved):
        factors = found.factors(trace)
        scale = factors[found.last]
        if scale is None:
            continue
        if found.truths[found.last].gradient.size == 1 and any(
            each is None or abs(each / scale - 1) > TOLERANCE for each in factors.values()
        ):
            continue
        fits = sum(each is not None for each in factors.values())
        if best is None or fits > best[0]:
            best = fits, found
        if fits == len(factors):
            break
    return None if best is None else best[1]


def candidates(trace: Trace, moved: frozenset[str]) -> Iterator[Meant]:
    """Yield every cost that might be meant, whether its steps fit or not."""
    for place, output, target in _pairs(trace):
        updates = _updates(trace, moved, place)
        if not updates:
            continue
        for words, formula in FORMULAS.items():
            truths = _truths(trace, updates, place, (output, target), formula)
            usable = [u for u in updates if u.name in truths]
            if not usable:
                break
            # Of one number every step is along the gradient: it tells nothing.
            telling = [u.name for u in usable if truths[u.name].gradient.size > 1]
            telling = [n for n in telling if truths[n].gradient.any()]
            if not telling:  # several single numbers tell by their ratio
                single = [u.name for u in usable if truths[u.name].gradient.any()]
                telling = single if len(single) > 1 else []
            if telling:
                last = max(telling, key=lambda name: truths[name].enters)
                yield Meant(words, truths, last, place, tuple(usable))


def _updates(trace: Trace, moved: frozenset[str], place: int) -> list[Update]:
    """Return the statements after a step that move something."""
    found: dict[str, Update] = {}
    for at, step in enumerate(trace.steps[place:], start=place):
        for name, result in moves(step.node):
            update = Update(name, at, result)
            if name in moved and name not in found and update.shift(trace) is not None:
                found[name] = update
    return list(found.values())


def _pairs(trace: Trace) -> Iterator[tuple[int, str, str]]:
    """Yield what is subtracted from each other, or given to a function together, either way."""
    done: set[tuple[str, str]] = set()
    for place, step in enumerate(trace.steps):
        for node in ast.walk(step.node):
            parts: list[ast.expr] = []
            if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div)):
                parts = [node.left, node.right]
            elif isinstance(node, ast.Call) and len(node.args) == 2:
                own = isinstance(node.func, ast.Name)
                subtracts = ast.unparse(node.func).endswith(".subtract")
                parts = list(node.args) if own or subtracts else []
            if len(parts) != 2 or any(isinstance(each, ast.Constant) for each in parts):
                continue
            one, other = (ast.unparse(each) for each in parts)
            for pair in ((one, other), (other, one)):
                if pair not in done:
                    done.add(pair)
                    yield place, *pair


def _truths(
    trace: Trace, updates: Sequence[Update], place: int, pair: tuple[str, str], formula: str
) -> dict[str, Truth]:
    """Return the gradients of a cost, of parameters that reach it; none if it is no cost."""
    lines = (
        f"{OUTPUT} = {pair[0]}",
        f"{TARGET} = {pair[1]}",
        f"{COST} = {formula.format(o=OUTPUT, y=TARGET)}",
    )
    where = trace.steps[place].place
    made = steps([(ast.parse(line).body[0], where) for line in lines], trace.space)
    again = Trace(trace.space, [*trace.steps[:place], *made])
    again.names["np"] = again.initial["np"] = np
    again.records = trace.records[:place]
    again.names = again.state(place - 1)
    again.run(place + 2)
    if not _numeric(again.names):
        return {}
    output, target = (np.shape(again.names[name]) for name in (OUTPUT, TARGET))
    if target != output and int(np.prod(target)) != 1:
        return {}
    again.run(place + 3)
    found: dict[str, Truth] = {}
    for name in dict.fromkeys(update.name for update in updates):
        begin = again.last(name, place)
        if begin is None:
            continue
        cost = Again(again, name, COST, begin, place + 3)
        value = as_numbers(cost.value)
        if value is None or not cost.reaches:
            continue
        if not np.isfinite(cost(value)):
            return {}
        truth = _truth(cost, value, _enters(again, name, begin))
        if truth is None:
            return {}
        found[name] = truth
    return found


def _numeric(names: Mapping[str, object]) -> bool:
    """Return whether output and target are numbers, or arrays or lists of such."""
    kinds = (int, float, np.ndarray, np.number, list)
    values = [names.get(name) for name in (OUTPUT, TARGET)]
    if not all(isinstance(each, kinds) and not isinstance(each, bool) for each in values):
        return False
    return all(np.asarray(each).dtype.kind in "fiub" for each in values)


def _enters(trace: Trace, name: str, begin: int) -> int:
    later = (i for i, s in enumerate(trace.steps) if i > begin and name in s.reads)
    return next(later, begin)


def _truth(cost: Again, value: Array, enters: int) -> Truth | None:
    """Return differences by every element, or by some; ``None`` at a kink."""
    where = np.arange(value.size)
    if value.size > LARGE:
        where = np.sort(np.random.default_rng(value.size).choice(where, SAMPLE, replace=False))

    def of_some(part: Array) -> float:
        whole = value.ravel().copy()
        whole[where] = part
        return cost(whole.reshape(value.shape))

    some = value.ravel()[where]
    gradient, error = direct.gradient(of_some, some)
    return Truth(gradient, some, where, enters) if np.isfinite(error).all() else None


def _factor(shift: Array, truth: Array) -> float | None:
    """Return c where shift = −c · truth; ``None`` where it is not."""
    square = float(np.sum(truth**2))
    if not square or not np.isfinite(shift).all() or not shift.any():
        return None
    ratio = float(np.sum(shift * truth)) / square
    off = np.max(np.abs(shift - ratio * truth))
    return -ratio if off <= TOLERANCE * float(np.max(np.abs(shift))) else None


def _with_decay(shift: Array, truth: Array, value: Array) -> float | None:
    """Return c where shift = −c · truth − k · value: weights decay, biases often do not."""
    if shift.size < ENTRIES or not np.isfinite(shift).all():
        return None
    basis = np.stack([truth, value], axis=1)
    (along, decay), _, rank, _ = np.linalg.lstsq(basis, shift, rcond=None)
    off = np.max(np.abs(basis @ (along, decay) - shift))
    fits = rank == basis.shape[1] and off <= TOLERANCE * np.max(np.abs(shift))
    return -float(along) if fits and along * decay > 0 else None


def copies(names: Mapping[str, Any]) -> dict[str, Any]:
    """Return names with arrays of their own: they are moved in place."""
    return {n: v.copy() if isinstance(v, np.ndarray) else v for n, v in names.items()}
