"""A function that returns a cost and its gradients, ``loss, grads = f(W1, b1, …, X, y, reg)``.

Parameters are arguments of their own, a dictionary, or one unrolled vector (``nn_params``);
examples are rows or columns, targets labels or one-hot. All readings are tried; the first under
which the call runs, and gradients come back in the shapes of the parameters, is taken. The truth
are differences of the very cost that is returned.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from chainrule.solutions.calling import Failed, Unsaid
from chainrule.solutions.calls import trouble
from chainrule.solutions.forms import Form, array_of, draw, targets_of, without_biases
from chainrule.solutions.probes import SQUARE
from chainrule.solutions.reading import Array, Piece, Probe, Reading, Trouble
from chainrule.solutions.remarks import at_equal_sizes
from chainrule.solutions.space import Space
from chainrule.solutions.styles import collecting, implied
from chainrule.solutions.styles.arguments import bind, role
from chainrule.solutions.styles.functions import (
    GRADIENT,
    activations_of,
    cost_in,
    only_number,
    supplied,
)
from chainrule.solutions.styles.intake import HIDDEN, INPUT, OUTPUT, Layout, layouts
from chainrule.solutions.styles.pairs import Pairs
from chainrule.solutions.styles.penalties import Penalised
from chainrule.solutions.styles.together import STYLE, Together


class Losses:
    """The style.

    Parameters
    ----------
    pairs : bool, optional
        Whether pairs of functions for a layer, forward and backward, count without one that
        returns a cost: they do where nothing else is recognised.
    """

    name = STYLE

    def __init__(self, pairs: bool = False) -> None:
        self._alone = pairs

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield one reading with all such functions; none where there is none."""
        parts: list[Any] = []
        for name, definition in space.definitions.found.items():
            if isinstance(definition.node, ast.ClassDef) or name not in space:
                continue
            if not _gives_gradients(definition.node):
                continue
            supplied(space, name)
            found = next(iter(_readings(space, name)), None)
            if found is not None:
                parts.append(found)
        pairs = Pairs(space)
        if parts or (self._alone and pairs.names):
            yield cast(Reading, Together(space, parts, pairs))


def _gives_gradients(node: ast.stmt) -> bool:
    """Return whether a function returns several things, one of which is called a gradient."""
    return any(
        len(names) > 1 and any(not name or GRADIENT.match(name) for name in names)
        for names in collecting.returned_names(node)
    )


def _readings(space: Space, name: str) -> Iterator[LossReading]:
    """Yield what runs, those with all gradients in their right shapes first.

    Where nothing runs, layers of one size are tried: there a matrix that does not fit fits.
    """
    weak: list[tuple[int, LossReading]] = []
    whole: list[LossReading] = []
    stuck: list[tuple[int, LossReading]] = []
    for equal in (False, True):
        for layout in layouts(space, name):
            for sizes in _sizes(layout.layers, equal):
                here = targets_of(draw(sizes, 11, 5))
                for form in _forms(layout, sizes[-1]):
                    if space.spent():
                        break
                    reading = LossReading(space, layout, form, sizes[-1], equal)
                    good = reading.fitting(here)
                    if good == len(reading.pieces):
                        if not layout.vector or reading.told(here):
                            yield reading
                            return
                        whole.append(reading)
                    elif good:
                        weak.append((good, reading))
                    elif layout.vector and not equal:
                        stuck.append((reading.reached(here), reading))
        if whole:
            yield whole[0]
            return
        if weak:
            yield max(weak, key=lambda each: each[0])[1]
            return
    if stuck and max(each for each, _ in stuck) > 0:  # it is one, and raises however it is read
        yield max(stuck, key=lambda each: each[0])[1]


def _sizes(layers: int, equal: bool) -> Iterator[tuple[int, ...]]:
    if equal:
        yield (SQUARE,) * (layers + 1)
        return
    for outputs in (2, 1):
        yield (3, 5, 7, outputs) if layers == 3 else (3, *(5,) * (layers - 1), outputs)


def _forms(layout: Layout, k: int) -> Iterator[Form]:
    has_bias = any(entry.startswith("b") for entry in (*layout.direct, *layout.keys))
    targets = ["as outputs", "labels", "labels from 1"] if k > 1 else ["as outputs", "labels"]
    if layout.vector:
        for rows in (True, False):
            for target in ("labels", "labels from 1", "column of labels", "as outputs"):
                for bias in ("first column", "last column"):
                    yield Form(rows, biases=bias, targets=target)
        return
    biases = ["(n,)", "(1, n)", "(n, 1)"] if has_bias else ["none"]
    if has_bias and layout.layers == 1 and k == 1:
        biases.append("a number")
    vector = ["(n,)"] if layout.layers == 1 and k == 1 else []
    for target in targets:
        for rows in (True, False):
            first = ["inputs × units", "units × inputs"]
            for weights in [*(first if rows else first[::-1]), *vector]:
                for bias in biases:
                    yield Form(rows, weights=weights, biases=bias, targets=target)


class LossReading:
    """One function is called for cost and gradients."""

    style = Losses.name
    hot = True

    def __init__(
        self, space: Space, layout: Layout, form: Form, outputs: int, equal: bool = False
    ) -> None:
        self.space, self.layout, self.form, self._equal = space, layout, form, equal
        self.layers, self._k = layout.layers, outputs
        self.words = (layout.name, *form.words)
        place = space.place(layout.name)
        entries = sorted({*layout.direct, *layout.keys})
        if layout.vector:
            entries = [f"{kind}{n}" for kind in "Wb" for n in range(1, layout.layers + 1)]
        named = {**layout.keys, **layout.direct}
        self.pieces = tuple(Piece(e, f"d{named.get(e, e)}", place) for e in entries)
        self._returned = collecting.returned_names(space.definitions.found[layout.name].node)
        self.notes = [at_equal_sizes(self.pieces)] if equal else []
        self.biases = any(piece.entry.startswith("b") for piece in self.pieces)
        self._told: tuple[str, ...] | None = None

    def sizes(self) -> tuple[int, ...] | None:
        """Return the sizes that are fixed inside, or alone can be judged at."""
        if self._equal:
            return (SQUARE,) * (self.layers + 1)
        return None if self._k != 1 else (3, *(5, 7)[: self.layers - 1], 1)

    def adapt(self, probe: Probe) -> Probe:
        """Return a probe as the code can take it: targets of 0 and 1, no biases if it has none."""
        found = targets_of(probe)
        return found if self.biases else without_biases(found)

    def fitting(self, probe: Probe) -> int:
        """Return how many gradients come back in the shapes of their parameters."""
        try:
            number, found, shapes = self.raw(self.adapt(probe), 0.0)
        except Failed:  # another reading may run
            return 0
        if number is None or not np.isfinite(number):
            return 0
        return sum(
            entry in found and found[entry].shape == shapes[entry] and bool(np.any(found[entry]))
            for entry in shapes
        )

    def reached(self, probe: Probe) -> int:
        """Return the line in which it raises; 0 where it does not."""
        here = self.adapt(probe)
        came = next(iter(self.gradients(here).values()), None)
        return came.place.line if isinstance(came, Trouble) and came.slug and came.place else 0

    def raw(
        self, probe: Probe, penalty: float
    ) -> tuple[float | None, dict[str, Array], dict[str, tuple[int, ...]]]:
        """Return the cost, gradients as they came, and the shapes of their parameters."""
        form, layout = self.form, self.layout
        theirs = {piece.entry: form.parameter(piece.entry, probe.params[piece.entry])
                  for piece in self.pieces}  # fmt: skip
        named: dict[str, Any] = {arg: theirs[entry] for entry, arg in layout.direct.items()}
        shapes = {entry: np.shape(array) for entry, array in theirs.items()}
        if layout.keys:
            named[layout.holder] = {key: theirs[entry] for entry, key in layout.keys.items()}
        if layout.vector:
            blocks = self._blocks(probe)
            named[layout.holder] = np.concatenate(
                [b.ravel(order=layout.vector or None) for b in blocks]
            )
            for arg in self.space.definitions.found[layout.name].arguments:
                for pattern, size in zip(
                    (INPUT, HIDDEN, OUTPUT),
                    (probe.params.sizes[0], probe.params.sizes[1], probe.params.sizes[-1]),
                    strict=True,
                ):
                    if pattern.match(arg):
                        named[arg] = size
        values = {"x": form.data(probe.x), "y": form.target(probe.y), "penalty": penalty,
                  "rate": penalty,  # what takes no step has no rate: some call the penalty so
                  "count": probe.examples, "keep": 1.0}  # fmt: skip
        arguments = bind(self.space[layout.name], values, named)
        if arguments is None:
            raise Unsaid(f"the arguments of {layout.name} say nothing")
        result = self.space.call(self.space[layout.name], **arguments)
        if layout.vector:
            return self._unrolled(result, probe, shapes)
        named_parts = collecting.of_result(result, self._returned)
        found = collecting.assigned(named_parts, shapes)
        arrays = {entry: np.array(each.array, float) for entry, each in found.items()}
        return cost_in(result, self._returned), arrays, shapes

    def _blocks(self, probe: Probe) -> list[Array]:
        blocks = []
        for layer in range(1, self.layers + 1):
            pair = [probe.params[f"b{layer}"], probe.params[f"W{layer}"]]
            blocks.append(np.hstack(pair if self.form.biases == "first column" else pair[::-1]))
        return blocks

    def _unrolled(
        self, result: Any, probe: Probe, shapes: dict[str, tuple[int, ...]]
    ) -> tuple[float | None, dict[str, Array], dict[str, tuple[int, ...]]]:
        number = only_number(result)
        arrays = [array_of(part) for part in (result if isinstance(result, tuple) else ())]
        flat = next((a for a in arrays if a is not None and a.size > 1), None)
        blocks = self._blocks(probe)
        found: dict[str, Array] = {}
        if flat is not None and flat.size == sum(block.size for block in blocks):
            rest, flat = flat.ravel(), None
            for layer, block in enumerate(blocks, start=1):
                mine, rest = rest[: block.size], rest[block.size :]
                turned = mine.reshape(block.shape, order=self.layout.vector or None)
                first = self.form.biases == "first column"
                found[f"b{layer}"] = turned[:, :1] if first else turned[:, -1:]
                found[f"W{layer}"] = turned[:, 1:] if first else turned[:, :-1]
        return number, found, shapes

    def gradients(self, probe: Probe) -> Mapping[str, Array | Trouble]:
        """Return every entry in our orientation."""
        return self.penalised(probe, 0.0)

    def penalised(self, probe: Probe, penalty: float) -> Mapping[str, Array | Trouble]:
        """Return gradients with a penalty."""
        try:
            _, found, _ = self.raw(probe, penalty)
        except Failed as problem:
            said = trouble(problem, self.space.place(self.layout.name))
            return {piece.entry: said for piece in self.pieces}
        return {
            entry: self.form.gradient(entry, array, len(probe.params[entry]))
            for entry, array in found.items()
        }

    def cost(self, probe: Probe) -> float | Trouble | None:
        """Return the cost."""
        return self.penalised_cost(probe, 0.0)

    def penalised_cost(self, probe: Probe, penalty: float) -> float | Trouble | None:
        """Return the cost with a penalty."""
        try:
            return self.raw(probe, penalty)[0]
        except Failed as problem:
            return trouble(problem, self.space.place(self.layout.name))

    def has_penalty(self) -> bool:
        """Return whether there is an argument for a penalty."""
        arguments = self.space.definitions.found[self.layout.name].arguments
        return any(role(argument) in ("penalty", "rate") for argument in arguments)

    def outputs(self, probe: Probe) -> Array | Trouble | None:
        """Return the outputs of the network whose cost theirs is."""
        told = self.told(probe)
        return implied.outputs(told, probe) if told else None

    def told(self, probe: Probe) -> tuple[str, ...]:
        """Return the activations that its cost tells of; empty if it is none of the known ones."""
        if self._told is None:
            sizes = probe.params.sizes
            probes = [self.adapt(draw(sizes, m, m)) for m in (11, 13)]
            self._told = implied.activations(self, probes, self._likely()) or ()
        return self._told

    def _likely(self) -> list[str]:
        found = self.space.definitions.found
        names = [self.layout.name, *sorted(self.space.reads(self.layout.name) & found.keys())]
        source = "\n".join(ast.unparse(found[name].node) for name in names)
        return [name for name, words in implied.HIDDEN.items() if re.search(words, source)]

    def activation(self) -> tuple[str, Any] | None:
        """Return name and function of the activation."""
        return activations_of(self.space)[0]

    def slope(self) -> tuple[str, Any] | None:
        """Return name and function of its derivative."""
        return activations_of(self.space)[1]

    def judge(self, *args: Any, **options: Any) -> Penalised:
        """Return what judges it: the usual judge, then the penalty."""
        return Penalised(self, self.space, *args, **options)
