"""A class that holds weights and biases, and a method that differentiates or updates.

``backprop(x, y)`` → ``(nabla_b, nabla_w)``, ``forward(X)`` with ``backward(X, y, o)`` that changes
the weights, gradients left in attributes. The class is constructed with sizes of ours where
its arguments say what they are; its parameters are found by looking (`instances`), set, and its
method is called. Where it only updates, a gradient is (θ before − θ after) / rate.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.solutions import helpers
from chainrule.solutions.calling import Failed, Unsaid, theirs
from chainrule.solutions.calls import trouble
from chainrule.solutions.findings import Finding, Place
from chainrule.solutions.forms import draw, examples_of, targets_of, without_biases
from chainrule.solutions.reading import Array, Piece, Probe, Reading, Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.styles import collecting, implied, instances
from chainrule.solutions.styles.arguments import bind, constructed, positional, role
from chainrule.solutions.styles.forwards import forward_pass, method_node
from chainrule.solutions.styles.functions import activations_of, costs_of, only_number, supplied
from chainrule.solutions.styles.instances import Anatomy, attributes, copied, slots
from chainrule.solutions.styles.penalties import Penalised
from chainrule.solutions.styles.recipes import RATE, SEED, Recipe, built_objects, forms

BACKWARD = re.compile(
    r"_*(back_?prop\w*|backward\w*|back_pass|compute_grad\w*|gradients?|get_grad\w*|"
    r"calc\w*_grad\w*|grads?|cost_?function_?prime|loss(_and_grad\w*|_and_gradients)?|bprop)",
    re.IGNORECASE,
)
TRAIN = re.compile(
    r"_*(train\w*|fit\w*|update\w*|step|sgd_step|learn|optimi[sz]e|gradient_descent)", re.IGNORECASE
)
BATCHES = re.compile(
    r"\b(x|X|y|Y|inputs?|data|targets?|labels)\.shape\[|\b(m|n|N|batch_size) = |mean\(|\bsum\(|"
    r"/ (m|n|N)\b|len\((x|X|y|Y|inputs|data)\)"
)


class Classes:
    """The style."""

    name = "a class with weights and a backward method"

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield readings of every class that holds weights, those that run first."""
        for name, definition in space.definitions.found.items():
            built = space.names.get(name)
            if isinstance(definition.node, ast.ClassDef) and isinstance(built, type):
                supplied(space, name)
                yield from _readings(space, name, built)


def _readings(space: Space, name: str, built: type) -> Iterator[Reading]:
    methods = [each for each in dir(built) if callable(getattr(built, each, None))]
    backward = [each for each in methods if BACKWARD.fullmatch(each)]
    backward.sort(key=lambda each: "loss" in each.lower())
    methods = backward + [
        each for each in methods if TRAIN.fullmatch(each) and each not in backward
    ]
    weak: list[tuple[int, int, Reading]] = []
    broken: list[ClassReading] = []  # by the same method, however the data may lie
    for anatomy, fixed in built_objects(space, built):
        sizes = fixed or anatomy.sizes
        here = targets_of(draw(sizes, 11, SEED))
        for method in methods:
            for form in forms(anatomy):
                recipe = Recipe(name, method, form, anatomy.layers, fixed)
                reading = ClassReading(space, recipe, anatomy)
                fitting, weights = reading.fitting(here)
                if fitting == len(anatomy.slots) or (
                    weights and not form.one and reading.for_batches()
                ):
                    yield reading
                    return
                other = broken and broken[0].recipe.method != method
                if fitting <= 0 and not other and reading.breaks(here):
                    broken.append(reading)
                if fitting > 0:
                    weak.append((-fitting, len(weak), reading))
    yield from (reading for *_, reading in sorted(weak, key=lambda each: each[:2]))
    if not weak:
        yield from broken


class ClassReading:
    """An object is made, its parameters are set, its method is called."""

    style = Classes.name
    hot = True

    def __init__(self, space: Space, recipe: Recipe, anatomy: Anatomy) -> None:
        self.space, self.recipe, self.anatomy = space, recipe, anatomy
        self.layers = recipe.layers
        self.words = (f"{recipe.name}.{recipe.method}", *recipe.form.words)
        self.notes: list[Finding] = []
        self._built: type = space[recipe.name]
        place = self._place(recipe.method)
        self.pieces = tuple(
            Piece(entry, anatomy.slots[entry].name, place) for entry in sorted(anatomy.slots)
        )
        self.moved = False
        self.biases = recipe.form.biases != "none"
        self._lambda = 0.0
        self.rate = RATE
        self._told: tuple[str, ...] | None = None

    def sizes(self) -> tuple[int, ...] | None:
        """Return the sizes that are fixed inside."""
        return self.recipe.fixed

    def adapt(self, probe: Probe) -> Probe:
        """Return a probe as the code can take it: targets of 0 and 1, no biases if it has none."""
        found = targets_of(probe)
        return without_biases(found) if self.recipe.form.biases == "none" else found

    def fitting(self, probe: Probe) -> tuple[int, bool]:
        """Return how many gradients have their right shapes, and whether those of weights do."""
        found = self._gradients(self.adapt(probe))
        if isinstance(found, Trouble):
            return 0, False
        wanted = probe.params
        good = {e for e in self.anatomy.slots if e in found and found[e].shape == wanted[e].shape}
        return len(good), all(e in good for e in self.anatomy.slots if e.startswith("W"))

    def breaks(self, probe: Probe) -> bool:
        """Return whether the forward pass runs, and the method raises."""
        here = self.adapt(probe)
        outputs = self.outputs(here)
        good = isinstance(outputs, np.ndarray) and outputs.shape == here.y.shape
        found = self._gradients(here)
        return good and isinstance(found, Trouble) and bool(found.slug)

    def for_batches(self) -> bool:
        """Return whether the method counts, sums or averages examples."""
        node = self._node(self.recipe.method)
        return node is not None and BATCHES.search(ast.unparse(node)) is not None

    def gradients(self, probe: Probe) -> Mapping[str, Array | Trouble]:
        """Return every entry in our orientation."""
        found = self._gradients(probe)
        if isinstance(found, Trouble):
            return {piece.entry: found for piece in self.pieces}
        return found

    def _gradients(self, probe: Probe) -> dict[str, Array] | Trouble:
        """Return what the method gives; of code for one example, the mean over all of them."""
        try:
            if not self.recipe.form.one:
                return self._once(probe)
            each = [self._once(one) for one in examples_of(probe)]
            entries = sorted(set(each[0]).intersection(*each))
            with theirs():
                means = {e: np.stack([found[e] for found in each]).mean(0) for e in entries}
        except Failed as problem:
            return trouble(problem, self._place(self.recipe.method))
        return means

    def _once(self, probe: Probe) -> dict[str, Array]:
        thing = self.thing(probe)
        values = self._values(thing, probe)
        rate = self._rate(thing)
        outputs, cache = forward_pass(self.space, thing, values, self.recipe.method)
        values |= {"o": outputs, "cache": cache} if outputs is not None else {}
        values["count"] = probe.examples
        before = copied(thing, self.anatomy)
        kept = {slot.name: array.copy() for slot, array in slots(thing)}
        method = getattr(thing, self.recipe.method)
        arguments = bind(method, values)
        if arguments is None:
            raise Unsaid(f"nothing is known of the arguments of {self.recipe.method}")
        result = self.space.call(method, **arguments)
        shapes = {entry: array.shape for entry, array in before.items()}
        found = collecting.assigned(
            collecting.of_result(result, self._returned(self.recipe.method)), shapes
        )
        arrays = {entry: each.array for entry, each in found.items()}
        after = copied(thing, self.anatomy)
        moved = any(not np.array_equal(after[e], before[e]) for e in before)
        if moved and len(arrays) < len(shapes):
            self.moved = True
            with theirs():
                arrays = {entry: (before[entry] - after[entry]) / rate for entry in before}
        elif len(arrays) < len(shapes):
            left = [
                collecting.Candidate(slot.leaf, slot.key if isinstance(slot.key, int) else None, a)
                for slot, a in slots(thing)
                if slot not in self.anatomy.slots.values()
                and not np.array_equal(kept.get(slot.name, np.empty(0)), a)
            ]
            arrays |= {
                entry: each.array
                for entry, each in collecting.assigned(left, shapes).items()
                if entry not in arrays
            }
        units = dict(zip(range(1, self.layers + 1), probe.params.sizes[1:], strict=True))
        return {
            entry: self.recipe.form.gradient(entry, np.array(array, float), units[int(entry[1:])])
            for entry, array in arrays.items()
        }

    def thing(self, probe: Probe) -> Any:
        """Return an object that holds the parameters of a probe."""
        form = self.recipe.form
        values = {"x": form.data(probe.x), "y": form.target(probe.y), "rate": RATE, "penalty": 0.0}
        helpers.turn(self.space.names, form.rows)
        np.random.seed(SEED)  # noqa: NPY002 (people draw from the global generator)
        thing = self.space.caller.call(
            constructed,
            (self._built, probe.params.sizes, values),
            at=f"{self.recipe.name}.__init__",
        )
        for entry, slot in self.anatomy.slots.items():
            slot.put(thing, form.parameter(entry, probe.params[entry]))
        return thing

    def _values(self, thing: Any, probe: Probe) -> dict[str, Any]:
        form = self.recipe.form
        for attribute, value in attributes(thing).items():
            if role(attribute) == "rate" and isinstance(value, (int, float)):
                setattr(thing, attribute, self.rate)
            if role(attribute) == "penalty" and isinstance(value, (int, float)):
                setattr(thing, attribute, self._lambda)
        return {
            "x": form.data(probe.x),
            "y": form.target(probe.y),
            "rate": self.rate,
            "penalty": self._lambda,
            "once": 1,
            "keep": 1.0,
            "shape": form.data(probe.y).shape,
        }

    def _rate(self, thing: Any) -> float:
        method = getattr(thing, self.recipe.method)
        given = any(role(each.name) == "rate" for each in positional(method))
        if given or any(role(each) == "rate" for each in attributes(thing)):
            return self.rate
        for name in sorted(self.space.reads(self.recipe.name)):
            if role(name) == "rate" and isinstance(self.space.names.get(name), (int, float)):
                return float(self.space[name])
        return 1.0

    @property
    def adds(self) -> bool:
        """Whether another method adds what this one returns: then it is the negative gradient."""
        if self.moved:
            return False
        names = {slot.attribute for slot in self.anatomy.slots.values()}
        return instances.adds_to(self.space.definitions.found[self.recipe.name].node, names)

    def has_penalty(self) -> bool:
        """Return whether the method takes a penalty, or the object has one."""
        method = getattr(self._built, self.recipe.method)
        if any(role(each.name) == "penalty" for each in positional(method)):
            return True
        here = self.adapt(draw(self.recipe.fixed or self.anatomy.sizes, 11, SEED))
        try:
            kept = attributes(self.thing(here))
        except Failed:  # theirs, in the constructor: it is said where it is judged
            return False
        return any(
            role(name) == "penalty" and isinstance(value, (int, float))
            for name, value in kept.items()
        )

    def penalised(self, probe: Probe, penalty: float) -> Mapping[str, Array | Trouble]:
        """Return gradients with a penalty."""
        self._lambda = penalty
        try:
            return self.gradients(probe)
        finally:
            self._lambda = 0.0

    def penalised_cost(self, probe: Probe, penalty: float) -> float | Trouble | None:
        """Return the cost with a penalty."""
        self._lambda = penalty
        try:
            return self.cost(probe)
        finally:
            self._lambda = 0.0

    def judge(self, *args: Any, **options: Any) -> Penalised:
        """Return what judges it: the usual judge, then the penalty."""
        return Penalised(self, self.space, *args, **options)

    def outputs(self, probe: Probe) -> Array | Trouble | None:
        """Return the outputs, units × examples."""
        if "loss" in self.recipe.method.lower():  # what a forward pass gives may be scores
            if self._told is None:
                probes = [self.adapt(draw(probe.params.sizes, m, m)) for m in (11, 13)]
                node = self._node(self.recipe.method)
                source = "" if node is None else ast.unparse(node)
                likely = [n for n, words in implied.HIDDEN.items() if re.search(words, source)]
                self._told = implied.activations(self, probes, likely) or ()
            if self._told:
                return implied.outputs(self._told, probe)
        probes = list(examples_of(probe)) if self.recipe.form.one else [probe]
        columns = []
        try:
            for each in probes:
                thing = self.thing(each)
                found, _ = forward_pass(
                    self.space, thing, self._values(thing, each), self.recipe.method
                )
                if not isinstance(found, np.ndarray) or found.dtype.kind != "f":
                    return None
                as_ours = found.shape == each.y.shape and not self.recipe.form.flat
                found = np.array(found)  # some turn rows of inputs into columns themselves
                columns.append(found if as_ours else self.recipe.form.outputs(found))
            with theirs():
                return np.hstack(columns)
        except Failed as problem:
            return trouble(problem, self._place("forward"))

    def cost(self, probe: Probe) -> float | Trouble | None:
        """Return the cost."""
        probes = list(examples_of(probe)) if self.recipe.form.one else [probe]
        try:
            found = [self._cost(each) for each in probes]
        except Failed:  # it is no cost of outputs and targets after all
            return None
        numbers = [each for each in found if each is not None]
        return float(np.mean(numbers)) if len(numbers) == len(probes) else None

    def _cost(self, probe: Probe) -> float | None:
        thing = self.thing(probe)
        values = self._values(thing, probe)
        if "loss" in self.recipe.method.lower():
            arguments = bind(getattr(thing, self.recipe.method), values)
            result = self.space.call(getattr(thing, self.recipe.method), **(arguments or {}))
            number = only_number(result)
            if number is not None:
                return number
        outputs, _ = forward_pass(self.space, thing, values, self.recipe.method)
        values["o"] = outputs
        for function in costs_of(self.space, thing, self.recipe.name):
            arguments = bind(function, values)
            if arguments is None:
                continue
            try:
                return only_number(self.space.call(function, **arguments))
            except Failed:  # it wants other data: another may be the cost
                continue
        return None

    def activation(self) -> tuple[str, Any] | None:
        """Return name and function of the activation."""
        return activations_of(self.space, self._built)[0]

    def slope(self) -> tuple[str, Any] | None:
        """Return name and function of its derivative."""
        return activations_of(self.space, self._built)[1]

    def _returned(self, method: str) -> list[list[str]]:
        node = self._node(method)
        return [] if node is None else collecting.returned_names(node)

    def _node(self, method: str) -> ast.FunctionDef | None:
        return method_node(self.space, self._built, method)

    def _place(self, method: str) -> Place | None:
        place, node = self.space.place(self.recipe.name), self._node(method)
        if place is None or node is None:
            return place
        return replace(place, line=node.lineno, function=method, source=f"def {method}(…)")
