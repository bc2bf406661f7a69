"""Layers as classes: ``Dense.forward(x)``, ``Dense.backward(grad, rate)``, an activation layer.

Objects of two layers with an activation between them are put in a row. The cost is ours, the
squared error of what comes out, so that what is handed to the last layer's ``backward`` is known;
gradients are what the layers keep (``dW``, ``weights_grad``) or how their parameters move. The
activations are judged by themselves (`units`); one that is wrong is not put in the row, where it
would be laid at the door of the layers below.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.solutions.calling import Failed, theirs
from chainrule.solutions.calls import trouble
from chainrule.solutions.findings import Finding
from chainrule.solutions.forms import Form, draw, examples_of, without_biases
from chainrule.solutions.reading import Array, Piece, Probe, Reading, Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.styles import blocks, collecting
from chainrule.solutions.styles.arguments import role
from chainrule.solutions.styles.functions import activations_of, supplied
from chainrule.solutions.styles.instances import Anatomy, anatomies, attributes, copied, slots
from chainrule.solutions.styles.penalties import Penalised
from chainrule.solutions.styles.units import Unit, units

RATE = 0.5
SIZES = (3, 5, 2)
BATCHES = re.compile(r"shape\[|mean\(|\bsum\(|len\(")


@dataclass(frozen=True)
class Kit:
    """The classes of a file.

    Parameters
    ----------
    dense : str
        The class with weights.
    anatomy : Anatomy
        Of one object of it.
    units : tuple of Unit
        The activation layers.
    """

    dense: str
    anatomy: Anatomy
    units: tuple[Unit, ...]

    @property
    def activation(self) -> str:
        """The activation that is put in the row; empty for one of ours."""
        return next((unit.name for unit in self.units if unit.right), "")


class Layers:
    """The style."""

    name = "layers as classes, each with forward and backward"

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield readings for the first class with weights and the first activation."""
        kit = _kit(space)
        if kit is None:
            return
        rows_first = kit.anatomy.weights == "inputs × units"
        weak: list[tuple[int, LayersReading]] = []
        for one in (False, True):
            good = False
            for rows in (rows_first, not rows_first):
                form = Form(rows, one, False, kit.anatomy.weights, kit.anatomy.biases)
                for summed in (False, True):  # 1/m may be taken in the layers
                    reading = LayersReading(space, kit, form, summed)
                    fits, weights = reading.fitting()
                    whole = fits == len(reading.pieces)
                    if whole or (weights and not one and reading.counts()):
                        good = True
                        yield reading
                    elif fits:
                        weak.append((fits, reading))
                    if one:
                        break
                if good:
                    return
        if weak:
            yield max(weak, key=lambda each: each[0])[1]
        else:  # what it raises is to be said
            yield LayersReading(
                space,
                kit,
                Form(rows_first, True, False, kit.anatomy.weights, kit.anatomy.biases),
                False,
            )


def _kit(space: Space) -> Kit | None:
    for name in blocks.layer_classes(space):
        supplied(space, name)
    found = tuple(units(space))
    for name in blocks.layer_classes(space):
        if name in {unit.name for unit in found}:
            continue
        try:
            thing = blocks.dense(space, name, SIZES[0], SIZES[1])
            anatomy = next(iter(anatomies(thing, SIZES[0])), None) if thing is not None else None
        except Failed:  # it wants other arguments: no dense layer
            anatomy = None
        if anatomy is not None and anatomy.sizes == SIZES[:2]:
            return Kit(name, anatomy, found)
    return None


class LayersReading:
    """Two dense layers and an activation between, in a row."""

    style = Layers.name
    hot = False
    layers = 2

    def __init__(self, space: Space, kit: Kit, form: Form, summed: bool) -> None:
        self.space, self.kit, self.form, self._summed = space, kit, form, summed
        self.words = (f"{kit.dense}, {kit.activation or 'tanh'}, {kit.dense} in a row", *form.words)
        self.notes: list[Finding] = []
        self.rate = RATE
        self.biases = form.biases != "none"
        place = blocks.place_of(self.space, self.kit.dense)
        self.pieces = tuple(
            Piece(f"{entry[0]}{layer}", f"{kit.dense}.{slot.name} of layer {layer}", place)
            for entry, slot in sorted(kit.anatomy.slots.items())
            for layer in (1, 2)
        )

    def sizes(self) -> tuple[int, ...] | None:
        """Return the sizes that are fixed inside."""
        return None

    def fitting(self) -> tuple[int, bool]:
        """Return how many gradients have their right shapes, and whether those of weights do."""
        probe = draw(SIZES, 11, 3)
        try:
            found = self._gradients(probe if self.biases else without_biases(probe))
        except Failed:  # another reading may run
            return 0, False
        wanted = probe.params
        entries = {piece.entry for piece in self.pieces} & found.keys()
        good = {entry for entry in entries if found[entry].shape == wanted[entry].shape}
        return len(good), {"W1", "W2"} <= good

    def counts(self) -> bool:
        """Return whether the backward method counts, sums or averages examples."""
        node = blocks.node_of(self.space, self.kit.dense)
        return node is not None and BATCHES.search(ast.unparse(node)) is not None

    def _row(self, probe: Probe) -> list[Any]:
        sizes = probe.params.sizes
        row: list[Any] = []
        for layer in (1, 2):
            thing = blocks.dense(self.space, self.kit.dense, sizes[layer - 1], sizes[layer])
            for entry, slot in self.kit.anatomy.slots.items():
                name = f"{entry[0]}{layer}"
                slot.put(thing, self.form.parameter(name, probe.params[name]))
            for attribute, value in attributes(thing).items():
                if role(attribute) == "rate" and isinstance(value, (int, float)):
                    setattr(thing, attribute, self.rate)
            row.append(thing)
            if layer == 1:
                theirs = self.kit.activation
                row.append(blocks.activation(self.space, theirs) if theirs else blocks.Tanh())
        return row

    def _through(self, row: Sequence[Any], probe: Probe) -> Array:
        value: Any = self.form.data(probe.x)
        for thing in row:
            value = blocks.passed(self.space, thing, "forward", value)
        with theirs():
            return np.array(value, dtype=float)

    def _gradients(self, probe: Probe) -> dict[str, Array]:
        if self.form.one:
            each = [self._once(one) for one in examples_of(probe)]
            entries = sorted(set(each[0]).intersection(*each))
            with theirs():
                return {e: np.stack([found[e] for found in each]).mean(0) for e in entries}
        return self._once(probe)

    def _once(self, probe: Probe) -> dict[str, Array]:
        row = self._row(probe)
        outputs = self._through(row, probe)
        with theirs():
            back: Any = 2 * (outputs - self.form.data(probe.y))
        back = back if self._summed else back / probe.examples
        before = [copied(thing, self.kit.anatomy) for thing in (row[0], row[2])]
        kept = [{s.name: a.copy() for s, a in slots(thing)} for thing in (row[0], row[2])]
        for thing in row[::-1]:
            back = blocks.passed(self.space, thing, "backward", back, self.rate)
        found: dict[str, Array] = {}
        for layer, thing in ((1, row[0]), (2, row[2])):
            arrays = self._of(thing, before[layer - 1], kept[layer - 1])
            units = probe.params.sizes[layer]
            for entry, array in arrays.items():
                name = f"{entry[0]}{layer}"
                found[name] = self.form.gradient(name, np.array(array, float), units)
        return found

    def _of(self, thing: Any, before: Mapping[str, Array], kept: Mapping[str, Array]) -> Any:
        after = copied(thing, self.kit.anatomy)
        if any(not np.array_equal(after[entry], before[entry]) for entry in before):
            with theirs():
                return {entry: (before[entry] - after[entry]) / self.rate for entry in before}
        fresh = [
            collecting.Candidate(slot.leaf, None, array)
            for slot, array in slots(thing)
            if slot not in self.kit.anatomy.slots.values()
            and not np.array_equal(kept.get(slot.name, np.empty(0)), array)
        ]
        shapes = {entry: array.shape for entry, array in before.items()}
        return {e: each.array for e, each in collecting.assigned(fresh, shapes).items()}

    def gradients(self, probe: Probe) -> Mapping[str, Array | Trouble]:
        """Return every entry in our orientation."""
        try:
            return self._gradients(probe)
        except Failed as problem:
            said = trouble(problem, blocks.place_of(self.space, self.kit.dense))
            return {piece.entry: said for piece in self.pieces}

    def outputs(self, probe: Probe) -> Array | Trouble | None:
        """Return the outputs, units × examples."""
        try:
            if not self.form.one:
                return self.form.outputs(self._through(self._row(probe), probe))
            each = [self._through(self._row(one), one) for one in examples_of(probe)]
            with theirs():
                return np.hstack([self.form.outputs(found) for found in each])
        except Failed as problem:
            return trouble(problem, blocks.place_of(self.space, self.kit.dense, "forward"))

    def cost(self, probe: Probe) -> float | Trouble | None:
        """Return the cost."""
        found = self.outputs(probe)
        if not isinstance(found, np.ndarray):
            return found
        return float(np.sum((found - probe.y) ** 2)) / probe.examples

    def activation(self) -> tuple[str, Any] | None:
        """Return name and function of the activation."""
        return activations_of(self.space)[0]

    def slope(self) -> tuple[str, Any] | None:
        """Return name and function of its derivative."""
        return activations_of(self.space)[1]

    def judge(self, *args: Any, **options: Any) -> Penalised:
        """Return what judges it: the usual judge, then the activations by themselves."""
        return Row(self, self.space, *args, **options)

    def has_penalty(self) -> bool:
        """Return whether a penalty can be given: it cannot."""
        return False


class Row(Penalised):
    """The usual judge of two layers in a row; the activations are judged by themselves."""

    @property
    def clean(self) -> bool:
        """Whether every entry is right, and every activation."""
        return super().clean and not any(unit.finding for unit in self._units)

    @property
    def _units(self) -> tuple[Unit, ...]:
        kit: Kit = self.reading.kit  # type: ignore[attr-defined]
        return kit.units

    def run(self) -> None:
        """Judge everything, in order."""
        self.judged.extend(unit.judged for unit in self._units if unit.judged is not None)
        super().run()
        self.findings[:0] = [unit.finding for unit in self._units if unit.finding is not None]
