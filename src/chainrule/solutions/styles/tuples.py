"""Plain functions with tuples: ``Z1, A1, Z2, A2 = forward_prop(W1, b1, W2, b2, X)``.

What a forward pass returns and what a backward pass takes are tied by their names, in any order
(`signatures`). Which weight meets the input, how arrays lie, whether targets are labels: proposals
are run at sizes that are different primes, and kept where they run (`arrangements`).

Next to read: `passes` (how the functions are called), `returned` (what comes back).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chainrule.solutions.findings import Finding, Place
from chainrule.solutions.forms import Form
from chainrule.solutions.reading import Array, Piece, Probe, Reading, Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.styles.arguments import role
from chainrule.solutions.styles.arrangements import (
    BOTH,
    Arrangement,
    arrangements,
    kind_of,
)
from chainrule.solutions.styles.functions import COST
from chainrule.solutions.styles.passes import Passes
from chainrule.solutions.styles.plan import Plan
from chainrule.solutions.styles.returned import entry_named
from chainrule.solutions.styles.signatures import (
    Signature,
    Site,
    leaves,
    signatures,
    sites,
    top,
)
from chainrule.solutions.styles.small import activation_of, slope_of
from chainrule.solutions.styles.usage import use_of

BACK = re.compile(r"back|bprop|grad", re.IGNORECASE)
NO_BACK = re.compile(
    r"numeric|check|approx|finite|clip|norm|test|plot|descent|train|fit$|momentum|adam|update",
    re.IGNORECASE,
)
"""What is called like a backward pass, or returns gradients, and is none."""
AHEAD = re.compile(
    r"forward|feed_?f|fwd|fprop|propagat|network|neural|model|predict|infer|compute_output|^nn$",
    re.IGNORECASE,
)
NO_COST = re.compile(r"prime|deriv|grad|^d_|^d[A-Z]|back", re.IGNORECASE)
GRADIENT = re.compile(
    r"(d|g|grads?|gradients?|delta|nabla|d[ljce]_?d)_?(w|b|weights?|bias(es)?|theta)\w*|"
    r"(w|b|weights?|bias(es)?)_?\w*_?(grads?|gradients?|delta|update)|grad_?\w+|gradients?",
    re.IGNORECASE,
)
UPSTREAM = re.compile(
    r"d_?(a|z|h|l|y|out|prev|next|output|values?|scores|loss|error)(_?\w+)?|dout|dvalues|upstream\w*|"
    r"(grad|gradient|error|delta)s?_?(out|output|next|prev|upstream|above|\d)?|next_\w+|"
    r"(output|out)_?(grad|gradient|error|delta)",
    re.IGNORECASE,
)
"""What a function takes that goes back through one layer only."""
MOST = 12
"""Readings that are offered at most."""


class Tuples:
    """The style."""

    name = "plain functions with tuples"

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield readings that run, the most likely first."""
        known = {
            name: each for name, each in signatures(space.definitions).items() if name in space
        }
        called = sites([top(space.definitions)], known)
        backward = _backward(known, called)
        if backward is None:
            return
        forward = _forward(known, backward)
        if forward is None and any(COST.fullmatch(leaf) for leaf in backward.flat):
            return  # a function that returns its cost beside its gradients is another style
        found: list[TuplesReading] = []
        for plan in _plans(space, known, called, forward, backward):
            for passes in _running(space, plan):
                found.append(TuplesReading(space, passes))
                if len(found) >= MOST:
                    break
        stuck = [each for each in found if not each.runs]
        yield from (each for each in found if each.runs)
        if len(stuck) == len(found):
            yield from stuck[:1]


def _backward(known: Mapping[str, Signature], called: Sequence[Site]) -> Signature | None:
    """Return the function that returns gradients of weights."""
    best: tuple[int, Signature] | None = None
    for name, each in known.items():
        taken = [leaf for s in called if s.function == name for leaf in leaves(s.taken)]
        names = [leaf for leaf in dict.fromkeys((*each.flat, *taken)) if leaf]
        gradients = [leaf for leaf in names if GRADIENT.fullmatch(leaf)]
        weights = [leaf for leaf in names if kind_of(leaf) == "W"]
        back = BACK.search(name) is not None
        if NO_BACK.search(name) or any(_keyed(each, argument) for argument in each.arguments):
            continue
        if any(UPSTREAM.fullmatch(argument) for argument in each.arguments):
            continue  # the step back through one layer
        bare = isinstance(each.returns, tuple) and len(each.returns) > 1 and not any(names)
        if not gradients and not (back and (weights or bare)):
            continue
        if not each.arguments or (not back and len(gradients) < 2):
            continue
        score = 2 * len(gradients) + len(weights) + 3 * back
        if best is None or score > best[0]:
            best = score, each
    return best[1] if best is not None else None


def _keyed(signature: Signature, argument: str) -> bool:
    """Return whether an argument is a dictionary of parameters: another style."""
    return use_of(signature, argument).keyed and role(argument) != "cache"


def _forward(known: Mapping[str, Signature], backward: Signature) -> Signature | None:
    """Return the forward pass whose results the backward pass takes."""
    best: tuple[int, Signature] | None = None
    wanted = {argument.lower() for argument in backward.arguments}
    for name, each in known.items():
        if each is backward or not each.arguments:
            continue
        shared = {leaf.lower() for leaf in each.flat if leaf} & wanted
        shared -= {argument.lower() for argument in each.arguments}
        ahead = AHEAD.search(name) is not None and not BACK.search(name)
        if not ahead:
            continue
        score = 3 * len(shared) + len(each.flat) + 2 * ("forward" in name.lower())
        if best is None or score > best[0]:
            best = score, each
    return best[1] if best is not None else None


def _plans(
    space: Space,
    known: Mapping[str, Signature],
    called: Sequence[Site],
    forward: Signature | None,
    backward: Signature,
) -> Iterator[Plan]:
    """Yield which functions play which part, and which names hold the parameters."""
    first = forward or backward
    costs = _costs(known, called, forward, backward)
    update = _update(known, backward)
    for arrangement, own in _arranged(space, first):
        for cost in costs:
            yield Plan(
                known,
                tuple(called),
                forward,
                backward,
                cost,
                update,
                arrangement,
                own,
                space.definitions,
            )


def _arranged(space: Space, first: Signature) -> Iterator[tuple[Arrangement, frozenset[str]]]:
    """Yield arrangements of arguments, else of globals, with the names that are globals."""

    def holds(name: str) -> bool:
        return bool(kind_of(name) or BOTH.fullmatch(name))

    arguments = [name for name in first.arguments if holds(name) and role(name) != "x"]
    if arguments:
        for each in arrangements(first, arguments):
            yield each, frozenset()
        return
    reads = [name for name in dict.fromkeys(first.loads()) if holds(name)]
    reads = [name for name in reads if name not in space.definitions.found]
    inside = {leaf for leaf in reads if first.order(leaf) < 10**9}  # local variables
    names = [name for name in reads if name not in inside and name in space.reads(first.name)]
    for each in arrangements(first, names):
        yield each, frozenset(names)


def _costs(
    known: Mapping[str, Signature],
    called: Sequence[Site],
    forward: Signature | None,
    backward: Signature,
) -> list[Signature | None]:
    """Return what may be the cost: the one that is called beside the backward pass goes first."""
    found = [
        each
        for name, each in known.items()
        if (COST.fullmatch(name) or re.search(r"loss|cost|entropy|mse", name, re.IGNORECASE))
        and not NO_COST.search(name)
        and each is not forward
        and each is not backward
        and each.arguments
    ]
    scopes = {site.scope for site in called if site.function == backward.name}
    beside = [
        each
        for each in found
        if any(site.function == each.name and site.scope in scopes for site in called)
    ]
    chosen = beside or found
    return [*chosen[:3]] or [None]


def _update(known: Mapping[str, Signature], backward: Signature) -> Signature | None:
    gradients = {leaf for leaf in leaves(backward.returns) if leaf}
    for name, each in known.items():
        takes = set(each.arguments)
        if (
            each is not backward
            and re.search(r"update|step|optimi|descent|sgd", name, re.IGNORECASE)
            and (takes & gradients or any(GRADIENT.fullmatch(argument) for argument in takes))
            and not any(role(argument) in ("x", "once") for argument in takes)
        ):
            return each
    return None


def _forms(plan: Plan) -> Iterator[Form]:
    """Yield how arrays may lie, the usual ways first."""
    if plan.singly:
        some = "(n,)" if plan.arrangement.biased else "none"
        column = "(n, 1)" if plan.arrangement.biased else "none"
        row = "(1, n)" if plan.arrangement.biased else "none"
        yield Form(False, one=True, flat=True, biases=some)
        yield Form(False, one=True, flat=True, weights="inputs × units", biases=some)
        yield Form(False, one=True, biases=column)
        yield Form(True, one=True, weights="inputs × units", biases=row)
        yield Form(True, one=True, weights="inputs × units", biases=some)
    biases = ("(n, 1)", "(1, n)", "(n,)") if plan.arrangement.biased else ("none",)
    for rows, weights in (
        (False, "units × inputs"),
        (True, "inputs × units"),
        (False, "inputs × units"),
        (True, "units × inputs"),
    ):
        for shape in biases:
            yield Form(rows, weights=weights, biases=shape)


def _running(space: Space, plan: Plan) -> Iterator[Passes]:
    """Yield the forms under which the functions run; one that does not if there is no other."""
    labels = plan.labels
    targets = ("labels", "column of labels", "as outputs") if labels else ("as outputs", "labels")
    stuck: Passes | None = None
    complete = False
    for form in _forms(plan):
        if space.spent():
            break
        if not Passes(space, plan, form).ahead():
            continue
        for target in targets:
            each = Passes(space, plan, replace(form, targets=target))
            if each.settle():
                complete = True
                yield each
                if labels:
                    break
            else:
                stuck = stuck or each
    if not complete:
        yield stuck or Passes(space, plan, replace(next(_forms(plan)), targets=targets[0]))


class TuplesReading:
    """Functions are called one after the other, results handed on by name."""

    style = Tuples.name

    def __init__(self, space: Space, passes: Passes) -> None:
        self.space, self._passes = space, passes
        plan = passes.plan
        self.layers = plan.arrangement.layers
        self.runs = passes.complete
        self.words = (*passes.form.words, *passes.words)
        self.biases = plan.arrangement.biased
        self.hot = passes.form.targets != "as outputs"
        self.names = {
            part: each.name
            for part, each in (
                ("forward", plan.forward),
                ("cost", plan.cost),
                ("update", plan.update),
            )
            if each is not None
        }
        slope = self.slope()
        if slope is not None:
            self.names["derivative"] = slope[0]
        self.notes: list[Finding] = passes.notes()
        self.pieces = tuple(self._pieces())

    def sizes(self) -> tuple[int, ...] | None:
        """Return the sizes that the code has fixed inside, the inputs first; else ``None``."""
        return self._passes.sizes

    def gradients(self, probe: Probe) -> Mapping[str, Array | Trouble]:
        """Return every entry, as their code gives it, turned into our orientation."""
        return self._passes.gradients(probe)

    def cost(self, probe: Probe) -> float | Trouble | None:
        """Return their cost; ``None`` if they have none."""
        return self._passes.cost(probe)

    def outputs(self, probe: Probe) -> Array | Trouble | None:
        """Return the activations of the last layer, units × examples; ``None`` if not to be had."""
        return self._passes.outputs(probe)

    def update(
        self, probe: Probe, gradients: Mapping[str, Array], rate: float
    ) -> Mapping[str, Array] | Trouble | None:
        """Return all parameters after one step of theirs."""
        return self._passes.update(probe, gradients, rate)

    def activation(self) -> tuple[str, Any] | None:
        """Return name and function of their activation."""
        return activation_of(self.space, self._passes.plan.first)

    def slope(self) -> tuple[str, Any] | None:
        """Return name and function of its derivative."""
        activation = self.activation()
        if activation is None:
            return None
        return slope_of(self.space, self._passes.plan.backward, activation[0])

    def _pieces(self) -> Iterator[Piece]:
        plan = self._passes.plan
        named = self._passes.names_of_gradients or {
            meant[0]: leaf
            for leaf in plan.backward.flat
            if leaf and (meant := entry_named(leaf, plan.arrangement.names)) is not None
        }
        for entry in plan.arrangement.entries:
            if entry in named:
                name = named[entry] or entry
                yield Piece(entry, name, self._place(name))

    def _place(self, name: str) -> Place | None:
        """Return where a gradient is assigned, else where the backward pass is defined."""
        backward = self._passes.plan.backward.name
        made = [
            each.place
            for each in self.space.definitions.assignments.get(name.partition("[")[0], ())
            if each.place.function == backward
        ]
        return made[-1] if made else self.space.place(backward)
