"""Functions that hand on dictionaries, caches, or tuples: forward, cost, backward, update.

``A2, cache = forward_propagation(X, parameters)``, ``grads = backward_propagation(parameters,
cache, X, Y)``, and what is like it: one function forward, one backward, parameters in a dictionary
or as arguments one by one. Arguments are bound by name, to what is given and to what is returned.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.solutions import roles
from chainrule.solutions.calls import as_array, evaluated
from chainrule.solutions.findings import Finding, Place
from chainrule.solutions.probes import OUTPUTS, usual_sizes
from chainrule.solutions.reading import Array, Piece, Probe, Reading, Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.styles import binding, parts
from chainrule.solutions.styles.cutting import ahead
from chainrule.solutions.styles.layout import Layout
from chainrule.solutions.styles.parts import PENALTIES, Parts

PARAMETERS = (
    "parameters", "params", "parms", "param", "theta", "weights", "model", "p", "P", "parameter",
    "params_values", "network", "nn_params", "wb", "net",
)  # fmt: skip
GRADIENTS = (
    "grads", "gradients", "grad", "gradient", "derivatives", "grads_values", "g", "dparams",
)  # fmt: skip
CACHE = re.compile(r"cach|memo|store|forward|fwd|intermediate|values|activations", re.IGNORECASE)
OUTPUT = re.compile(r"^[aA](L|l|\d+|_\w+)?$|hat$|pred|prob|^out")
DRAWN = re.compile(r"init|param|weight|reset|start", re.IGNORECASE)
DECAY = 0.7


class Dictionaries:
    """The style."""

    name = "functions that hand on dictionaries or tuples"

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield readings whose forward pass runs; the first of all if none does."""
        found = parts.found(space)
        if found is None:
            return
        backward, made = found.names["backward"], None
        if not found.names["forward"] and not found.updates:  # it may stand in the backward pass
            made = ahead(space.definitions, backward)
        if made is not None:
            space.put(made.name, made)
            found = parts.found(space, backward) or found
        yield from readings_of(space, found)


def readings_of(space: Space, found: Parts) -> Iterator[DictionaryReading]:
    """Yield readings of functions whose parts are known."""
    layouts = [Layout(), Layout(rows=True), Layout(rows=True, flat=True), Layout(flat=True)]
    runs = [layout for layout in layouts if _runs(space, found, layout)]
    if not runs:
        yield DictionaryReading(space, found, Layout(), OUTPUTS)
        return
    for labels, outputs in (
        (False, OUTPUTS),
        (False, 1),
        (True, OUTPUTS),
        (True, 1),
        (True, 10),
    ):
        for layout in runs:
            lies = Layout(layout.rows, layout.flat, labels)
            yield DictionaryReading(space, found, lies, outputs)


def _runs(space: Space, found: Parts, layout: Layout) -> bool:
    """Return whether the forward pass takes arrays that lie so."""
    from chainrule.solutions.probes import probe

    for outputs in (OUTPUTS, 1, 10):
        reading = DictionaryReading(space, found, layout, outputs)
        here = probe(usual_sizes(found.layers, outputs), 11, 0)
        out = reading.outputs(here)
        if isinstance(out, np.ndarray) and out.shape == (outputs, 11):
            return True
    return False


class DictionaryReading:
    """Functions are called in their order: forward, cost, backward.

    Parameters
    ----------
    space : Space
    found : Parts
    layout : Layout
    outputs : int
    """

    style = Dictionaries.name

    def __init__(self, space: Space, found: Parts, layout: Layout, outputs: int) -> None:
        self.space, self.parts, self.layout = space, found, layout
        self.layers = found.layers
        self.hot = layout.labels
        self.biases = found.biases
        self.outputs_wanted = outputs
        several = [f"{outputs} outputs"] if outputs != OUTPUTS else []
        self.words: tuple[str, ...] = (*layout.words, *several)
        self.notes: list[Finding] = []
        self._counts: set[str] = set()
        asked = {
            each
            for name in found.names.values()
            if name in space.definitions.found
            for each in space.definitions.found[name].arguments
        }
        self._asked = [each for each in binding.COUNTS if each in asked]
        self.pieces = tuple(
            Piece(entry, found.gradient_names[entry], self._line(found.gradient_names[entry]))
            for entry in found.entries
        )
        self.names = {role: name for role, name in found.names.items() if name}

    def sizes(self) -> tuple[int, ...] | None:
        """Return sizes, where the number of outputs is not ours to choose."""
        wanted = self.outputs_wanted
        return None if wanted == OUTPUTS else usual_sizes(self.layers, wanted)

    def place(self, role: str) -> Place | None:
        """Return where the function of a role is defined."""
        return self.space.place(self.names.get(role, ""))

    def gradients(self, probe: Probe) -> Mapping[str, Array | Trouble]:
        """Return what the backward pass returns, in our orientation."""
        name = self.parts.names["backward"]
        values = self._after_forward(probe)
        if isinstance(values, Trouble):
            return dict.fromkeys(self.parts.entries, values)
        result = binding.call(self.space, name, values)
        if isinstance(result, Trouble):
            return dict.fromkeys(self.parts.entries, result)
        if result is None and not self.parts.updates:
            trouble = Trouble("returns_none", f"{name} returned nothing", self.place("backward"))
            return dict.fromkeys(self.parts.entries, trouble)
        named = self._entries(binding.named(self.space, name, result))
        if self.parts.updates:
            return self._from_update(probe, values, named)
        if not named:
            kind = type(result).__name__
            trouble = Trouble(
                "wrong_type",
                f"{name} returned {kind}, wanted gradients by names such as dW1",
                self.place("backward"),
            )
            return dict.fromkeys(self.parts.entries, trouble)
        found: dict[str, Array | Trouble] = {}
        for piece in self.pieces:
            if piece.entry in named:
                array = as_array(piece.name, named[piece.entry], piece.place)
                if isinstance(array, np.ndarray):
                    array = self.layout.ours(piece.entry, array)
                found[piece.entry] = array
        return found

    def cost(self, probe: Probe) -> float | Trouble | None:
        """Return their cost of what their forward pass returns, or that which it returns itself."""
        name = self.parts.names["cost"]
        forward = self.parts.names["forward"]
        if not name and forward:
            result = binding.call(self.space, forward, self._given(probe))
            return roles.cost_in(self.space, forward, result)
        if not name:
            return None
        values = self._after_forward(probe)
        if isinstance(values, Trouble):
            return values
        return roles.number(self.space, name, binding.call(self.space, name, values))

    def outputs(self, probe: Probe) -> Array | Trouble | None:
        """Return the activations of the last layer."""
        name = self.parts.names["forward"]
        if not name:
            return None
        result = binding.call(self.space, name, self._given(probe))
        if isinstance(result, Trouble):
            return result
        found = roles.last_layer(self.space, name, result, self.layers)
        return self.layout.activations(found) if isinstance(found, np.ndarray) else found

    def update(
        self, probe: Probe, gradients: Mapping[str, Array], rate: float
    ) -> Mapping[str, Array] | Trouble | None:
        """Return the parameters after one step."""
        name = self.parts.names["update"]
        if not name or self.parts.updates:
            return None
        values = self._given(probe)
        theirs = {
            self.parts.gradient_names[entry]: self.layout.parameter(entry, value)
            for entry, value in gradients.items()
            if entry in self.parts.gradient_names
        }
        values |= theirs | dict.fromkeys(GRADIENTS, theirs) | dict.fromkeys(binding.RATES, rate)
        before = {entry: values[self.parts.keys[entry]] for entry in self.parts.entries}
        try:
            binding.bound(self.space, name, values)
        except binding.Unbound:  # momentum, Adam: a step of another kind
            return None
        result = binding.call(self.space, name, values)
        if isinstance(result, Trouble):
            return result
        named = self._entries(binding.named(self.space, name, result))
        if not named:  # the dictionary that was given is changed in place
            named = self._entries(values["parameters"])
        after = {}
        for entry in before:
            value = named.get(entry)
            if isinstance(value, np.ndarray):
                after[entry] = self.layout.ours(entry, value)
        return after or None

    def activation(self) -> tuple[str, Any] | None:
        """Return the activation that the derivative is called after."""
        name = self.names.get("activation")
        return None if name is None or name not in self.space else (name, self.space[name])

    def slope(self) -> tuple[str, Any] | None:
        """Return the derivative of the activation."""
        name = self.names.get("derivative")
        return None if name is None or name not in self.space else (name, self.space[name])

    # What functions are given ------------------------------------------------------------------

    def _given(self, probe: Probe) -> dict[str, Any]:
        """Return what arguments may be called, before anything is computed."""
        x, y = self.layout.inputs(probe), self.layout.targets(probe)
        values = binding.known(x, y)
        theirs = {
            self.parts.keys[entry]: self.layout.parameter(entry, value)
            for entry, value in probe.params.items()
        }
        flat = {
            self.parts.arguments[entry]: theirs[self.parts.keys[entry]] for entry in probe.params
        }
        values |= dict.fromkeys(PARAMETERS, theirs) | theirs | flat
        values |= dict.fromkeys(binding.RATES, 0.5) | {"keep_prob": 1.0, "print_cost": False}
        values |= dict.fromkeys(PENALTIES, DECAY if self.parts.penalty else 0.0)
        self._set_globals(values)
        for count in self._asked:
            if count not in values and evaluated(self.space, count) is None:
                values[count] = probe.examples
        return values

    def _set_globals(self, values: Mapping[str, Any]) -> None:
        """Set what functions read without being given it: data, parameters, and what follows."""
        names = self.space.names
        read = set().union(
            *(self.space.reads(name) for name in self.parts.names.values() if name in self.space)
        )
        defined = self.space.definitions.found
        for name in read:
            if name in values and name not in defined:
                names[name] = values[name]
        for name in sorted(read - set(values) - set(defined)):
            if name in self.space.definitions.assignments:
                value = evaluated(self.space, name)
                if value is not None:
                    names[name] = value
                elif self._is_start(name):
                    names[name] = self._start(values)
                elif name in binding.COUNTS:
                    self._count(name)
                    names[name] = values["x"].shape[0 if self.layout.rows else 1]

    def _is_start(self, name: str) -> bool:
        """Return whether a global holds parameters that a function of theirs has drawn."""
        value = self.space.definitions.assignments[name][0].value
        called = (
            value.func.id
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
            else ""
        )
        return called in self.space.definitions.found and bool(DRAWN.search(called))

    @staticmethod
    def _start(values: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters that are not those of the probe, and are always the same."""
        rng = np.random.default_rng(99)
        given = values["parameters"]
        return {key: rng.standard_normal(value.shape) for key, value in given.items()}

    def _count(self, name: str) -> None:
        """Say that a number of examples is a global, of which the file does not say enough."""
        if name in self._counts:
            return
        self._counts.add(name)
        place = self.space.definitions.assignments[name][0].place
        self.notes.append(
            Finding(
                "global_count",
                "remark",
                f"{name} is a global, counted from other data than the functions are given: it was "
                "read as the number of examples",
                CATALOGUE["global_count"].mend,
                (name,),
                place=place,
            )
        )

    def _after_forward(self, probe: Probe) -> dict[str, Any] | Trouble:
        """Return what arguments may be called after the forward pass."""
        values = self._given(probe)
        name = self.parts.names["forward"]
        if not name:
            return values
        result = binding.call(self.space, name, values)
        if isinstance(result, Trouble):
            return result
        values = {**binding.named(self.space, name, result), **values}
        outputs = roles.last_layer(self.space, name, result, self.layers)
        cache = result
        if isinstance(result, tuple) and result:
            rest = [each for each in result if not isinstance(each, np.ndarray)]
            cache = rest[-1] if rest else result
        for function in (self.parts.names["cost"], self.parts.names["backward"]):
            for argument in binding.arguments(self.space, function) if function else ():
                if argument in values:
                    continue
                if CACHE.search(argument):
                    values[argument] = cache
                elif OUTPUT.search(argument) and isinstance(outputs, np.ndarray):
                    values[argument] = outputs
        return values

    def _entries(self, named: Mapping[str, Any]) -> dict[str, Any]:
        """Return values by our entries, of names such as ``dW1``."""
        found: dict[str, Any] = {}
        for name, value in named.items():
            entry = parts.entry_of(str(name), gradient=not self.parts.updates)
            if entry is not None and entry in self.parts.entries:
                found[entry] = value
        if found or self.parts.updates:
            return found
        for name, value in named.items():  # gradients under the names of the parameters
            entry = parts.entry_of(str(name), gradient=False)
            if entry is not None:
                found[entry] = value
        return found

    def _from_update(
        self, probe: Probe, values: Mapping[str, Any], after: dict[str, Any]
    ) -> dict[str, Array | Trouble]:
        """Return (before − after) / step, of functions that update at once."""
        if not after:
            after = self._entries(values["parameters"])
        found: dict[str, Array | Trouble] = {}
        for piece in self.pieces:
            array = as_array(piece.name, after.get(piece.entry), piece.place)
            if isinstance(array, Trouble):
                found[piece.entry] = array
                continue
            ours = self.layout.ours(piece.entry, array)
            before = probe.params[piece.entry]
            found[piece.entry] = (before - ours) / 0.5 if ours.shape == before.shape else ours
        return found

    def _line(self, name: str) -> Place | None:
        """Return where an entry is computed in the backward pass, or where that begins."""
        backward = self.parts.names["backward"]
        for assignment in self.space.definitions.assignments.get(name, ()):
            if assignment.place.function == backward:
                return assignment.place
        definition = self.space.definitions.found.get(backward)
        if definition is None:
            return None
        for node in ast.walk(definition.node):
            if isinstance(node, (ast.Assign, ast.AugAssign)) and _key(node) == name:
                place = definition.place
                line = place.line + node.lineno - definition.node.lineno
                return Place(line, place.cell, backward, ast.unparse(node))
        return definition.place


def _key(node: ast.Assign | ast.AugAssign) -> str:
    """Return the name, or the key of a dictionary, that something is bound to."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return target.id if isinstance(target, ast.Name) else ""
