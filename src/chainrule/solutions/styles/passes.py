"""Forward pass, cost, backward pass and update of plain functions, called with one another's results.

An argument gets its value from the caller's variable, if a caller is there; else by its own name,
among parameters, data, and what the forward pass returned; else by what such a name stands for.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chainrule.solutions.calls import as_array, evaluated, trouble
from chainrule.solutions.findings import Finding
from chainrule.solutions.forms import Form, array_of, chained
from chainrule.solutions.probes import HOT, usual_sizes
from chainrule.solutions.probes import probe as probe_of
from chainrule.solutions.reading import Array, Probe, Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.styles.arrangements import Arrangement, built, taken
from chainrule.solutions.styles.arguments import role
from chainrule.solutions.styles.functions import COST
from chainrule.solutions.styles.returned import Gathered, entry_named, gathered, nested, parts
from chainrule.solutions.styles.signatures import Names, Signature, Site, stored, takes_labels, top
from chainrule.solutions.styles.steps import Inline
from chainrule.solutions.styles.surroundings import Surroundings

RATE = 0.1
BEFORE_ACTIVATION = re.compile(r"zs?|z_?\w{0,3}|\w*(sums?|logits?|scores?|nets?|preacts?)\d*|pre\w*|net\w*", re.I)
ENCODED = re.compile(r"one_?hot|onehot|encoded|y_?enc", re.IGNORECASE)
BINARY = re.compile(r"log\w*\(1(\.0?)? ?-|binary|bce", re.IGNORECASE)
"""A cost of one output, as a rule."""
SMALL = 13
"""Most outputs at which sizes of theirs are taken over for the outputs alone."""


@dataclass(frozen=True)
class Plan:
    """Which function plays which part.

    Parameters
    ----------
    known : mapping of str to Signature
    called : tuple of Site
    forward : Signature or None
    backward : Signature
    cost, update : Signature or None
    arrangement : Arrangement
    own : frozenset of str
        Names of parameters that are globals.
    """

    known: Mapping[str, Signature]
    called: tuple[Site, ...]
    forward: Signature | None
    backward: Signature
    cost: Signature | None
    update: Signature | None
    arrangement: Arrangement
    own: frozenset[str]

    @property
    def first(self) -> Signature:
        """The function in which the inputs meet the weights."""
        return self.forward or self.backward

    @property
    def labels(self) -> bool:
        """Whether the backward pass takes labels."""
        return any(self.labelled(self.backward, name) for name in self.backward.arguments)

    def labelled(self, signature: Signature, name: str) -> bool:
        """Return whether an argument is for labels."""
        return role(name) == "y" and takes_labels(signature, name, self.known)

    def site(self, signature: Signature | None) -> Site | None:
        """Return the call of a function that stands beside that of the backward pass."""
        if signature is None:
            return None
        scope = self._scope()
        return next(
            (s for s in self.called if s.function == signature.name and s.scope == scope), None
        )

    def _scope(self) -> int | None:
        parts = [each.name for each in (self.forward, self.backward, self.cost) if each]
        scopes = {s.scope for s in self.called if s.function == self.backward.name}
        counts = {
            scope: len({s.function for s in self.called if s.scope == scope and s.function in parts})
            for scope in sorted(scopes)
        }
        return max(counts, key=lambda scope: counts[scope], default=None)


@dataclass
class Scene:
    """Values by name while functions are called one after the other.

    Parameters
    ----------
    probe : Probe
    inner : dict of str to object
        By the names of arguments and of what is returned.
    outer : dict of str to object
        By the names of the caller.
    """

    probe: Probe
    inner: dict[str, Any] = field(default_factory=dict)
    outer: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    output: Any = None


class Passes:
    """The functions of a plan, in one form.

    Parameters
    ----------
    space : Space
    plan : Plan
    form : Form

    Attributes
    ----------
    sizes : tuple of int or None
        That the code has fixed inside; ``None`` where they are free.
    complete : bool
        Whether the backward pass gives gradients.
    """

    def __init__(self, space: Space, plan: Plan, form: Form) -> None:
        self.space, self.plan, self.form = space, plan, form
        self.sizes: tuple[int, ...] | None = None
        self.complete = False
        self.names_of_gradients: Mapping[str, str] = {}
        self._path: tuple[Any, ...] | None = None
        self._inner_cost = ""
        self._reshaped = False
        functions = [plan.forward, plan.backward, plan.cost, plan.update]
        inputs = {
            name
            for each in (plan.forward, plan.backward)
            if each is not None and (site := plan.site(each)) is not None
            for argument, name in site.given.items()
            if role(argument) == "x"
        }
        called = any(s.function in (plan.first.name, plan.backward.name) for s in plan.called)
        self._around = Surroundings(
            space, [each.name for each in functions if each], plan.own, inputs, called
        )
        self._cost_form = self._form_of_cost()

    # Finding out whether it runs ---------------------------------------------------------------

    def settle(self) -> bool:
        """Find sizes at which the functions run; return whether the backward pass does."""
        best: tuple[int, tuple[int, ...] | None] = (-1, None)
        for sizes in self._possible():
            self.sizes = sizes
            score = self._score()
            if score > best[0]:
                best = score, sizes
            if score == 3:
                break
        self.sizes = best[1]
        self._score()
        return self.complete

    def ahead(self) -> bool:
        """Return whether the forward pass gives outputs at some sizes."""
        for sizes in self._possible():
            self.sizes = sizes
            if self._outputs_found():
                return True
        self.sizes = None
        return False

    def _trial(self) -> Probe:
        sizes = self.sizes or usual_sizes(self.plan.arrangement.layers)
        return probe_of(sizes, 11, 0, HOT, biases=self.plan.arrangement.biased)

    def _possible(self) -> Iterator[tuple[int, ...] | None]:
        """Yield sizes: free, one output, so many outputs as theirs, theirs."""
        usual = usual_sizes(self.plan.arrangement.layers)
        theirs = self._theirs()
        single = self.plan.cost is not None and BINARY.search(ast.unparse(self.plan.cost.node))
        if (theirs is None and single) or (theirs is not None and theirs[-1] == 1):
            yield (*usual[:-1], 1)
        yield None
        if theirs is None or theirs[-1] != 1:
            yield (*usual[:-1], 1)
        if theirs is not None:
            if theirs[-1] <= SMALL:
                yield (*usual[:-1], theirs[-1])
            yield theirs

    def _theirs(self) -> tuple[int, ...] | None:
        """Return the sizes of parameters that are made without arguments, or at the top."""
        for shapes in self._made():
            weights = [shapes.get(f"W{i}") for i in range(1, self.plan.arrangement.layers + 1)]
            known = [shape for shape in weights if shape is not None]
            if len(known) == len(weights):
                for orientation, sizes in chained(known):
                    if orientation == self.form.weights:
                        return sizes
        return None

    def _made(self) -> Iterator[dict[str, tuple[int, ...]]]:
        """Yield shapes of parameters, by our names."""
        arrangement = self.plan.arrangement
        for name, each in self.plan.known.items():
            if not re.search(r"init|param|weight|create|make", name, re.IGNORECASE):
                continue
            if set(each.arguments) - each.optional:
                continue
            try:
                result = self.space.call(self.space[name])
            except (Exception, SystemExit):  # it loads what is not there: it tells no sizes
                continue
            site = self.plan.site(each)
            made = parts(each.returns, result, site.taken if site else "")
            yield self._shapes((part.name, part.value) for part in made)
        at_top = set(stored([top(self.space.definitions)]))
        yield self._shapes(
            (name, evaluated(self.space, name)) for name in arrangement.names if name in at_top
        )

    def _shapes(self, values: Iterable[tuple[str, Any]]) -> dict[str, tuple[int, ...]]:
        found = {}
        for name, value in values:
            meant = entry_named(name, self.plan.arrangement.names)
            array = array_of(value)
            if meant is not None and array is not None:
                found[meant[0]] = array.shape
        return found

    def _score(self) -> int:
        if not self._outputs_found():
            return 0
        return 1 + self._back_found() + self._cost_found()

    def _outputs_found(self) -> bool:
        if self.plan.forward is None:
            return True
        probe = self._trial()
        scene = self._ahead(probe)
        if isinstance(scene, Trouble):
            return False
        k, m = probe.y.shape
        wanted = {(m, k) if self.form.rows else (k, m)} | ({(m,)} if k == 1 else set())
        found = [
            (not BEFORE_ACTIVATION.fullmatch(name), self.plan.forward.order(name), place, path)
            for place, (name, path, value) in enumerate(
                _leaves(self.plan.forward.returns, scene.result)
            )
            if value.shape in wanted
        ]
        if not found:
            return False
        self._path = max(found)[-1]
        return True

    def _back_found(self) -> bool:
        probe = self._trial()
        came = self._gathered(probe)
        self.complete = isinstance(came, Gathered) and any(e.startswith("W") for e in came.arrays)
        if isinstance(came, Gathered):
            self.names_of_gradients = came.names
            self._reshaped = self._reshapes(probe, came)
        return self.complete

    def _cost_found(self) -> bool:
        probe = self._trial()
        self._find_inner_cost(probe)
        if isinstance(self.cost(probe), float):
            return True
        if self.plan.cost is None:
            return self._inner_cost == ""
        before = self._cost_form
        for targets in ("as outputs", "labels", "column of labels"):
            self._cost_form = replace(self.form, targets=targets)
            if isinstance(self.cost(probe), float):
                return True
        self._cost_form = before
        return False

    # Calls -------------------------------------------------------------------------------------

    def outputs(self, probe: Probe) -> Array | Trouble | None:
        """Return the activations of the last layer, units × examples."""
        if self.plan.forward is None:
            return None
        scene = self._ahead(probe)
        if isinstance(scene, Trouble):
            return scene
        found = as_array(
            self.plan.forward.name, scene.output, self.space.place(self.plan.forward.name)
        )
        return found if isinstance(found, Trouble) else self.form.outputs(found)

    def cost(self, probe: Probe) -> float | Trouble | None:
        """Return their cost."""
        if self._inner_cost:
            return self._cost_inside(probe)
        cost = self.plan.cost
        if cost is None:
            return None
        scene = self._ahead(probe)
        if isinstance(scene, Trouble):
            return scene
        found = self._called(cost, scene, self._cost_form)
        array = found if isinstance(found, Trouble) else as_array(
            cost.name, found, self.space.place(cost.name)
        )
        if isinstance(array, Trouble):
            return array
        if array.size != 1:
            sentence = f"{cost.name} returned an array of shape {array.shape}, wanted one number"
            return Trouble("wrong_type", sentence, self.space.place(cost.name))
        return float(array.item())

    def gradients(self, probe: Probe) -> Mapping[str, Array | Trouble]:
        """Return every entry in our orientation."""
        entries = self.plan.arrangement.entries
        came = self._gathered(probe)
        if isinstance(came, Trouble):
            return dict.fromkeys(entries, came)
        found: dict[str, Array | Trouble] = {}
        place = self.space.place(self.plan.backward.name)
        for entry, value in came.arrays.items():
            array = as_array(came.names.get(entry) or entry, value, place)
            if isinstance(array, np.ndarray):
                ours = probe.params[entry]
                if entry in came.moved:
                    before = self.form.parameter(entry, ours)
                    if array.shape == before.shape:
                        array = (before - array) / RATE
                if entry.startswith("b") and array.size == 1:  # numpy spreads it over the units
                    array = np.full(self.form.parameter(entry, ours).shape, array.item())
                if entry.startswith("b") and self._reshaped and array.size == ours.size:
                    array = array.reshape(self.form.parameter(entry, ours).shape)
                array = self.form.gradient(entry, array, len(ours))
            found[entry] = array
        return found

    def update(
        self, probe: Probe, gradients: Mapping[str, Array], rate: float
    ) -> Mapping[str, Array] | Trouble | None:
        """Return all parameters after one step of theirs with these gradients."""
        theirs = {entry: self.form.parameter(entry, value) for entry, value in gradients.items()}
        moved = self._updated(probe, theirs, rate)
        if isinstance(moved, Trouble):  # what fails at our sizes only is no mistake
            return moved if moved.slug == "not_defined" else None
        if moved is None:
            return None
        found = {}
        for entry, value in moved.items():
            array = array_of(value)
            if array is None or array.shape != self.form.parameter(entry, probe.params[entry]).shape:
                return None
            found[entry] = self.form.gradient(entry, array, len(probe.params[entry]))
        return found

    @property
    def words(self) -> tuple[str, ...]:
        """What else was read into the code."""
        counted = sorted(self._around.counted)
        return tuple(f"{name} is the number of examples" for name in counted)

    def notes(self) -> list[Finding]:
        """Return remarks on counts that are those of a data set which is not there."""
        return [
            Finding(
                "global_count",
                "remark",
                f"{name} is a global: it is the number of examples of the batch only where the "
                "batch is the whole data set",
                "take the number of examples from the arguments",
                (self.plan.backward.name,),
                place=self.space.place(self.plan.backward.name),
            )
            for name in sorted(self._around.counted)
            if name in self.space.reads(self.plan.backward.name)
        ]

    # Inside ------------------------------------------------------------------------------------

    def _scene(self, probe: Probe) -> Scene:
        arrangement, form = self.plan.arrangement, self.form

        def leaf(entry: str) -> Array:
            return form.parameter(entry, probe.params[entry])

        held = {name: built(each, leaf) for name, each in arrangement.templates.items()}
        single = {name: leaf(entry) for name, entry in arrangement.names.items() if name not in held}
        self._around.set(probe, form, held)
        return Scene(probe, {**single, **held})

    def _ahead(self, probe: Probe) -> Scene | Trouble:
        """Run the forward pass."""
        scene = self._scene(probe)
        forward = self.plan.forward
        if forward is None:
            return scene
        result = self._called(forward, scene, self.form)
        if isinstance(result, Trouble):
            return result
        scene.result = result
        scene.inner |= {
            name: value
            for name, value in _named(forward.returns, result)
            if name not in forward.arguments
        }
        site = self.plan.site(forward)
        if site is not None:
            scene.outer |= dict(_named(site.taken, result))
        if self._path is not None:
            scene.output = _at(result, self._path)
        return scene

    def _gathered(self, probe: Probe) -> Gathered | Trouble:
        """Run forward and backward pass, and sort out what came."""
        scene = self._ahead(probe)
        if isinstance(scene, Trouble):
            return scene
        result = self._called(self.plan.backward, scene, self.form)
        if isinstance(result, Trouble):
            return result
        if result is None:
            name = self.plan.backward.name
            return Trouble("returns_none", f"{name} returned nothing (None)", self.space.place(name))
        return self._sorted(probe, result)

    def _sorted(self, probe: Probe, result: Any) -> Gathered:
        site = self.plan.site(self.plan.backward)
        came = list(parts(self.plan.backward.returns, result, site.taken if site else ""))
        arrangement = self.plan.arrangement
        shapes = {e: self.form.parameter(e, probe.params[e]).shape for e in arrangement.entries}
        return replace(gathered(came, arrangement, shapes), result=result)

    def _called(self, signature: Signature, scene: Scene, form: Form) -> Any:
        """Return what a function returns, or what went wrong."""
        given: dict[str, Any] = {}
        site = self.plan.site(signature)
        for argument in signature.arguments:
            found = self._value(signature, argument, scene, form, site)
            if found is not None:
                given[argument] = found[0]
                if site is not None and argument in site.given:
                    scene.outer.setdefault(site.given[argument], found[0])
            elif argument not in signature.optional:
                sentence = f"what {argument} of {signature.name} is to be was not recognised"
                return Trouble("", sentence, self.space.place(signature.name))
        try:
            return self.space.call(self.space[signature.name], **given)
        except (Exception, SystemExit) as problem:
            return trouble(problem, self.space.place(signature.name))

    def _value(
        self, signature: Signature, argument: str, scene: Scene, form: Form, site: Site | None
    ) -> tuple[Any] | None:
        """Return the value of an argument, in a tuple of one; ``None`` where nothing says it."""
        caller = site.given.get(argument, "") if site is not None else ""
        meant = role(argument)
        cost = signature is self.plan.cost
        if cost and meant == "x" and not any(role(a) == "o" for a in signature.arguments):
            meant = "o" if caller not in scene.outer else meant
        if meant == "y" or ENCODED.search(argument):
            target = replace(form, targets="as outputs") if ENCODED.search(argument) else form
            return (target.target(scene.probe.y),)
        for names, name in ((scene.outer, caller), (scene.inner, argument)):
            if name in names:
                return (names[name],)
        lower = {name.lower(): value for name, value in scene.inner.items()}
        if argument.lower() in lower:
            return (lower[argument.lower()],)
        if meant == "x":
            return (form.data(scene.probe.x),)
        if meant == "o" and scene.output is not None:
            return (scene.output,)
        if meant == "cache" and scene.result is not None:
            return (_bundle(scene.result),)
        numbers = {"rate": RATE, "count": scene.probe.examples, "penalty": 0.0, "keep": 1.0, "once": 1}
        return (numbers[meant],) if meant in numbers else None

    def _form_of_cost(self) -> Form:
        cost = self.plan.cost
        if cost is None:
            return self.form
        labels = any(self.plan.labelled(cost, name) for name in cost.arguments)
        return replace(self.form, targets="labels" if labels else "as outputs")

    def _find_inner_cost(self, probe: Probe) -> None:
        """Find a cost among what forward or backward pass return, if there is no function for it."""
        if self.plan.cost is not None:
            return
        for each in (self.plan.forward, self.plan.backward):
            for name in each.flat if each is not None else ():
                if COST.fullmatch(name):
                    self._inner_cost = name
                    if isinstance(self._cost_inside(probe), float):
                        return
        self._inner_cost = ""

    def _cost_inside(self, probe: Probe) -> float | Trouble | None:
        scene = self._ahead(probe)
        if isinstance(scene, Trouble):
            return scene
        if self._inner_cost not in scene.inner:
            result = self._called(self.plan.backward, scene, self.form)
            if isinstance(result, Trouble):
                return result
            scene.inner |= dict(_named(self.plan.backward.returns, result))
        array = array_of(scene.inner.get(self._inner_cost))
        return float(array.item()) if array is not None and array.size == 1 else None

    def _reshapes(self, probe: Probe, came: Gathered) -> bool:
        """Return whether biases of another shape are brought into their own by the update."""
        theirs = {e: self.form.parameter(e, probe.params[e]) for e in self.plan.arrangement.entries}
        arrays = {entry: array_of(value) for entry, value in came.arrays.items()}
        odd = [
            entry
            for entry, array in arrays.items()
            if array is not None and entry.startswith("b") and array.shape != theirs[entry].shape
        ]
        if not odd or any(array is None for array in arrays.values()):
            return False
        if self.plan.update is not None and all(
            self.plan.update.turns(came.names[entry]) for entry in odd
        ):
            return True
        moved = self._updated(probe, came.arrays, RATE)
        if moved is None or isinstance(moved, Trouble):
            return False
        return all(np.shape(moved.get(entry)) == theirs[entry].shape for entry in odd)

    def _updated(
        self, probe: Probe, gradients: Mapping[str, Any], rate: float
    ) -> Mapping[str, Any] | Trouble | None:
        came = self._gathered(probe)
        if isinstance(came, Trouble) or came.moved or set(came.arrays) - set(gradients):
            return None
        named = {n: built(t, lambda e: gradients[e]) for n, t in came.templates.items() if n}
        scene = self._scene(probe)
        update = self.plan.update
        if update is None:
            return Inline(self.space, self.plan, self._around.rates).run(scene, named, rate)
        if not any(role(name) == "rate" for name in update.arguments) and not self._around.rates:
            return None
        scene.inner |= named
        whole = nested(self.plan.backward.returns, came.result, came.templates)
        if whole is not None:
            for argument in set(update.arguments) - set(scene.inner):
                if re.search(r"grad|delta|^d_?(params|theta)", argument, re.IGNORECASE):
                    scene.inner[argument] = built(whole, lambda e: gradients[e])
        held = {name: scene.inner[name] for name in self.plan.arrangement.templates}
        for argument in update.arguments:
            if role(argument) == "rate":
                scene.inner[argument] = rate
        result = self._called(update, scene, self.form)
        if isinstance(result, Trouble):
            return result
        names: dict[str, Any] = {}
        site = self.plan.site(update)
        for part in parts(update.returns, result, site.taken if site else ""):
            names[part.name] = part.value
        if len(held) == 1 and isinstance(result, (list, tuple)):
            names |= dict.fromkeys(held, result)
        known = {**{e: e for e in self.plan.arrangement.entries}, **self.plan.arrangement.names}
        found: dict[str, Any] = {}
        for name, value in (names if result is not None else held).items():
            template = self.plan.arrangement.templates.get(name)
            meant = entry_named(name, known)
            if template is not None and not isinstance(template, str):
                found |= taken(template, value)
            elif meant is not None and not meant[1]:
                found[meant[0]] = value
        return found or None


def _named(names: Names, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what was returned by its name; of dictionaries, by their keys as well."""
    if isinstance(names, str):
        if names:
            yield names, value
    elif isinstance(value, (tuple, list)) and len(value) == len(names):
        for name, each in zip(names, value, strict=True):
            yield from _named(name, each)
    if isinstance(value, Mapping):
        for key, each in value.items():
            if isinstance(key, str):
                yield key, each


def _leaves(
    names: Names, value: Any, path: tuple[Any, ...] = ()
) -> Iterator[tuple[str, tuple[Any, ...], Array]]:
    """Yield arrays in what was returned, with their names and where they are; of lists, the last."""
    name = names if isinstance(names, str) else ""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(str(key), each, (*path, key))
    elif isinstance(value, (tuple, list)):
        inner = names if isinstance(names, tuple) and len(names) == len(value) else None
        if inner is not None or isinstance(value, tuple):
            for place, each in enumerate(value):
                yield from _leaves(inner[place] if inner else "", each, (*path, place))
        elif value:
            yield from _leaves(name, value[-1], (*path, -1))
    else:
        array = array_of(value)
        if array is not None and array.ndim:
            yield name, path, array


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _bundle(result: Any) -> Any:
    """Return the bundle of a forward pass that returns one beside its output, else all of it."""
    if isinstance(result, tuple):
        inner = [each for each in result if isinstance(each, (tuple, list, Mapping))]
        if len(inner) == 1:
            return inner[0]
    return result
