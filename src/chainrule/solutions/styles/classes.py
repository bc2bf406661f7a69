"""A class that holds weights and biases, and a method that differentiates or updates.

Nielsen's ``backprop(x, y)`` → ``(nabla_b, nabla_w)``, ``forward(X)`` with ``backward(X, y, o)`` that
changes the weights, gradients left in attributes. The class is constructed with sizes of ours where
its arguments say what they are; its parameters are found by looking (`instances`), set, and its
method is called. Where it only updates, a gradient is (θ before − θ after) / rate.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.solutions.calls import trouble
from chainrule.solutions.findings import Finding, Place
from chainrule.solutions.forms import Form, draw, examples_of, targets_of, without_biases
from chainrule.solutions.reading import Array, Piece, Probe, Reading, Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.styles import collecting, implied
from chainrule.solutions.styles.arguments import bind, constructed, positional, role
from chainrule.solutions.styles.functions import activations_of, costs_of, only_number, supplied
from chainrule.solutions.styles.instances import Anatomy, anatomies, copied, slots
from chainrule.solutions.styles.penalties import Penalised

BACKWARD = re.compile(
    r"_*(back_?prop\w*|backward\w*|back_pass|compute_grad\w*|gradients?|get_grad\w*|"
    r"calc\w*_grad\w*|grads?|cost_?function_?prime|loss(_and_grad\w*|_and_gradients)?|bprop)",
    re.IGNORECASE,
)
TRAIN = re.compile(
    r"_*(train\w*|fit\w*|update\w*|step|sgd_step|learn|optimi[sz]e|gradient_descent)", re.IGNORECASE
)
FORWARD = re.compile(
    r"_*(feed_?forward\w*|forward\w*|fprop|query|run|think|propagate|__call__|loss|predict\w*|output)",
    re.IGNORECASE,
)
BATCHES = re.compile(r"shape\[|mean\(|\bsum\(|/ m\b|/ n\b|len\((x|X|y|Y|inputs|data)\)")
UNSAID = "nothing is known of the arguments"
RATE = 0.5
SEED = 7


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


@dataclass(frozen=True)
class Recipe:
    """How a class is to be called.

    Parameters
    ----------
    name : str
        The class.
    method : str
        Its backward pass, or what trains it for one step.
    form : Form
    layers : int
    fixed : tuple of int or None
        Sizes that it has inside.
    """

    name: str
    method: str
    form: Form
    layers: int
    fixed: tuple[int, ...] | None


def _readings(space: Space, name: str, built: type) -> Iterator[Reading]:
    methods = [each for each in dir(built) if callable(getattr(built, each, None))]
    backward = [each for each in methods if BACKWARD.fullmatch(each)]
    backward.sort(key=lambda each: "loss" in each.lower())
    methods = backward + [
        each for each in methods if TRAIN.fullmatch(each) and each not in backward
    ]
    weak: list[tuple[int, int, Reading]] = []
    broken: Reading | None = None
    for anatomy, fixed in _built(space, built):
        sizes = fixed or anatomy.sizes
        here = targets_of(draw(sizes, 11, SEED))
        for method in methods:
            for form in _forms(anatomy):
                recipe = Recipe(name, method, form, anatomy.layers, fixed)
                reading = ClassReading(space, recipe, anatomy)
                fitting, weights = reading.fitting(here)
                if fitting == len(anatomy.slots) or (
                    weights and not form.one and reading.for_batches()
                ):
                    yield reading
                    return
                if fitting <= 0 and broken is None and reading.breaks(here):
                    broken = reading
                if fitting > 0:
                    weak.append((-fitting, len(weak), reading))
    yield from (reading for *_, reading in sorted(weak, key=lambda each: each[:2]))
    if not weak and broken is not None:
        yield broken


def _built(space: Space, built: type) -> Iterator[tuple[Anatomy, tuple[int, ...] | None]]:
    """Yield where objects of a class keep parameters, for sizes of ours, else for their own."""
    seen = set()
    for sizes in ((3, 5, 7, 2), (3, 5, 2), (3, 2), (3, 5, 1)):
        for rows in (True, False):
            thing = _object(space, built, sizes, 11, Form(rows))
            if thing is None:
                continue
            for anatomy in anatomies(thing):
                fixed = None if anatomy.sizes == sizes else anatomy.sizes
                if fixed is not None and fixed[0] == 11:
                    continue  # the examples were taken for the inputs
                key = (anatomy.layers, anatomy.weights, fixed)
                if key not in seen:
                    seen.add(key)
                    yield anatomy, fixed
                    if fixed is None:
                        return


def _object(space: Space, built: type, sizes: tuple[int, ...], examples: int, form: Form) -> Any:
    rng = np.random.default_rng(SEED)
    x, y = rng.uniform(-1, 1, (sizes[0], examples)), rng.uniform(0, 1, (sizes[-1], examples))
    values = {"x": form.data(x), "y": form.data(y), "rate": RATE, "penalty": 0.0}
    try:
        np.random.seed(SEED)
        return space.caller.call(
            constructed, (built, sizes, values), at=f"{built.__name__}.__init__"
        )
    except (Exception, SystemExit):  # it wants other sizes, or data: other tries may not
        return None


def _forms(anatomy: Anatomy) -> Iterator[Form]:
    rows_first = anatomy.weights == "inputs × units"
    for one, flat in ((False, False), (True, False), (True, True)):
        for rows in (rows_first, not rows_first):
            for targets in ("as outputs", "labels", "column of labels"):
                if not (flat and (rows != rows_first or targets != "as outputs")):
                    yield Form(rows, one, flat, anatomy.weights, anatomy.biases, targets)


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
        return good and isinstance(found, Trouble) and UNSAID not in found.sentence

    def for_batches(self) -> bool:
        """Return whether the method counts, sums or averages examples."""
        node = self._node(self.recipe.method)
        return node is not None and BATCHES.search(ast.unparse(node)) is not None

    def gradients(self, probe: Probe) -> Mapping[str, Array | Trouble]:
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
            entries = set(each[0]).intersection(*each)
            means = {e: np.stack([found[e] for found in each]).mean(0) for e in entries}
        except (Exception, SystemExit) as problem:
            return trouble(problem, self._place(self.recipe.method))
        return means

    def _once(self, probe: Probe) -> dict[str, Array]:
        thing = self.thing(probe)
        values = self._values(thing, probe)
        rate = self._rate(thing, values)
        outputs, cache = self._forward(thing, values)
        values |= {"o": outputs, "cache": cache} if outputs is not None else {}
        values["count"] = probe.examples
        before = copied(thing, self.anatomy)
        kept = {slot.name: array.copy() for slot, array in slots(thing)}
        method = getattr(thing, self.recipe.method)
        arguments = bind(method, values)
        if arguments is None:
            raise TypeError(f"{UNSAID} of {self.recipe.method}")
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
        np.random.seed(SEED)
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
        for attribute, value in vars(thing).items():
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

    def _rate(self, thing: Any, values: Mapping[str, Any]) -> float:
        method = getattr(thing, self.recipe.method)
        given = any(role(each.name) == "rate" for each in positional(method))
        if given or any(role(each) == "rate" for each in vars(thing)):
            return self.rate
        for name in sorted(self.space.reads(self.recipe.name)):
            if role(name) == "rate" and isinstance(self.space.names.get(name), (int, float)):
                return float(self.space[name])
        return 1.0

    def _forward(self, thing: Any, values: Mapping[str, Any]) -> tuple[Array | None, Any]:
        """Return the outputs as their code has them, and what else came with them."""
        names = [each for each in dir(type(thing)) if FORWARD.fullmatch(each)]
        order = [
            "forward",
            "feed",
            "fprop",
            "query",
            "run",
            "think",
            "propagate",
            "__call__",
            "loss",
        ]
        names.sort(key=lambda n: next((i for i, o in enumerate(order) if o in n.lower()), 99))
        without = {key: value for key, value in values.items() if key not in ("y", "o")}
        for name in names:
            method = getattr(thing, name)
            if name == self.recipe.method and "y" not in {
                role(p.name) for p in positional(method) if p.default is not p.empty
            }:
                continue
            arguments = bind(method, without)
            if arguments is None:
                wanted = [p for p in positional(method) if p.default is p.empty]
                if len(wanted) != 1:
                    continue
                arguments = {wanted[0].name: values["x"]}  # feedforward(a)
            if "loss" in name.lower() and "x" not in {role(each) for each in arguments}:
                continue
            kept = {slot.name: array.copy() for slot, array in slots(thing)}
            result = self.space.call(method, **arguments)
            if result is None:
                fresh = [
                    (array, slot.leaf)
                    for slot, array in slots(thing)
                    if not np.array_equal(kept.get(slot.name, np.empty(0)), array)
                    and array.shape == values["shape"]
                ]
                fresh = [each for each in fresh if not each[1].lower().startswith("z")] or fresh
                named = [each for each in fresh if role(each[1]) == "o"] or fresh
                return (named[-1][0] if named else None), None
            return self._picked(result, name, values)
        return None, None

    def _picked(self, result: Any, name: str, values: Mapping[str, Any]) -> tuple[Any, Any]:
        if not isinstance(result, (tuple, list)):
            return result, None
        names = self._returned(name)
        called = next((each for each in names if len(each) == len(result)), [""] * len(result))
        arrays = [
            (part, word)
            for part, word in zip(result, called, strict=True)
            if isinstance(part, np.ndarray)
        ]
        rest = [part for part in result if not isinstance(part, np.ndarray)]
        good = [part for part, word in arrays if not word.lower().startswith("z")] or [
            part for part, _ in arrays
        ]
        cache = rest[-1] if rest else result
        first = good[0] if rest and good else good[-1] if good else None
        return first, cache

    def has_penalty(self) -> bool:
        """Return whether there is a penalty to be set: an argument of the method, or an attribute."""
        method = getattr(self._built, self.recipe.method)
        return any(role(each.name) == "penalty" for each in positional(method))

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
                found, _ = self._forward(thing, self._values(thing, each))
                if not isinstance(found, np.ndarray) or found.dtype.kind != "f":
                    return None
                columns.append(self.recipe.form.outputs(np.array(found)))
            return np.hstack(columns)
        except (Exception, SystemExit) as problem:
            return trouble(problem, self._place("forward"))

    def cost(self, probe: Probe) -> float | Trouble | None:
        probes = list(examples_of(probe)) if self.recipe.form.one else [probe]
        try:
            found = [self._cost(each) for each in probes]
        except (Exception, SystemExit):  # it is no cost of outputs and targets after all
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
        outputs, _ = self._forward(thing, values)
        values["o"] = outputs
        for function in costs_of(self.space, thing, self.recipe.name):
            arguments = bind(function, values)
            if arguments is None:
                continue
            try:
                return only_number(self.space.call(function, **arguments))
            except Exception:  # it wants other data: another may be the cost
                continue
        return None

    def activation(self) -> tuple[str, Any] | None:
        return activations_of(self.space, self._built)[0]

    def slope(self) -> tuple[str, Any] | None:
        return activations_of(self.space, self._built)[1]

    def _returned(self, method: str) -> list[list[str]]:
        node = self._node(method)
        return [] if node is None else collecting.returned_names(node)

    def _node(self, method: str) -> ast.FunctionDef | None:
        for each in self._built.__mro__:
            definition = self.space.definitions.found.get(each.__name__)
            for node in ast.walk(definition.node) if definition else ():
                if isinstance(node, ast.FunctionDef) and node.name == method:
                    return node
        return None

    def _place(self, method: str) -> Place | None:
        place, node = self.space.place(self.recipe.name), self._node(method)
        if place is None or node is None:
            return place
        return replace(place, line=node.lineno, function=method, source=f"def {method}(…)")
