"""Plain functions called one after the other, each with what those before it returned.

An argument gets its value from the caller's variable, if a caller is there; else by its own name,
among parameters, data, and what the forward pass returned; else by what such a name stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chainrule.solutions.calling import Failed
from chainrule.solutions.calls import trouble
from chainrule.solutions.forms import Form, examples_of
from chainrule.solutions.probes import HOT, usual_sizes
from chainrule.solutions.probes import probe as probe_of
from chainrule.solutions.reading import Array, Probe, Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.styles.arguments import role
from chainrule.solutions.styles.arrangements import built
from chainrule.solutions.styles.nests import at, bundle, named
from chainrule.solutions.styles.plan import Plan, Scene
from chainrule.solutions.styles.returned import Gathered, gathered, parts
from chainrule.solutions.styles.signatures import Signature, Site
from chainrule.solutions.styles.surroundings import COUNT, Surroundings

RATE = 0.1
"""Size of the steps that functions take which move the parameters themselves."""
ENCODED = re.compile(r"one_?hot|onehot|encoded|y_?enc", re.IGNORECASE)


class Runs:
    """The functions of a plan, ready to be called in one form.

    Parameters
    ----------
    space : Space
    plan : Plan
    form : Form

    Attributes
    ----------
    sizes : tuple of int or None
        That the code has fixed inside; ``None`` where they are free.
    path : tuple or None
        Where the outputs are in what the forward pass returns.
    flat : bool
        Whether the outputs have one axis.
    around : Surroundings
    """

    def __init__(self, space: Space, plan: Plan, form: Form) -> None:
        self.space, self.plan, self.form = space, plan, form
        self.sizes: tuple[int, ...] | None = None
        self.path: tuple[Any, ...] | None = None
        self.flat = False
        functions = [plan.forward, plan.backward, plan.cost, plan.update]
        inputs = {
            name
            for each in (plan.forward, plan.backward)
            if each is not None and (site := plan.site(each)) is not None
            for argument, name in site.given.items()
            if role(argument) == "x"
        }
        called = any(s.function in (plan.first.name, plan.backward.name) for s in plan.called)
        self.around = Surroundings(
            space, [each.name for each in functions if each], plan.own, inputs, called
        )

    def trial(self) -> Probe:
        """Return what one call is tried with."""
        sizes = self.sizes or usual_sizes(self.plan.arrangement.layers)
        made = probe_of(sizes, 11, 0, HOT, biases=self.plan.arrangement.biased)
        return next(self.calls(made))

    def calls(self, probe: Probe) -> Iterator[Probe]:
        """Yield what one call takes: all examples, or one after the other."""
        if self.form.one:
            yield from examples_of(probe)
        else:
            yield probe

    def scene(self, probe: Probe) -> Scene:
        """Return parameters and data by their names, before anything is called."""
        arrangement, form = self.plan.arrangement, self.form

        def leaf(entry: str) -> Array:
            return form.parameter(entry, probe.params[entry])

        held = {name: built(each, leaf) for name, each in arrangement.templates.items()}
        single = {
            name: leaf(entry) for name, entry in arrangement.names.items() if name not in held
        }
        self.around.set(probe, form, held)
        return Scene(probe, {**single, **held})

    def ahead(self, probe: Probe) -> Scene | Trouble:
        """Run the forward pass."""
        scene = self.scene(probe)
        forward = self.plan.forward
        if forward is None:
            return scene
        result = self.called(forward, scene, self.form)
        if isinstance(result, Trouble):
            return result
        scene.result = result
        scene.inner |= {
            name: value
            for name, value in named(forward.returns, result)
            if name not in forward.arguments
        }
        site = self.plan.site(forward)
        if site is not None:
            scene.outer |= dict(named(site.taken, result))
        if self.path is not None:
            scene.output = at(result, self.path)
        return scene

    def gathered(self, probe: Probe) -> Gathered | Trouble:
        """Run forward and backward pass, and sort out what came."""
        scene = self.ahead(probe)
        if isinstance(scene, Trouble):
            return scene
        result = self.called(self.plan.backward, scene, self.form)
        if isinstance(result, Trouble):
            return result
        if result is None:
            name = self.plan.backward.name
            return Trouble(
                "returns_none", f"{name} returned nothing (None)", self.space.place(name)
            )
        return self.sorted_out(probe, result)

    def sorted_out(self, probe: Probe, result: Any) -> Gathered:
        """Return which parts of what a backward pass returned are which gradients."""
        site = self.plan.site(self.plan.backward)
        came = list(parts(self.plan.backward.returns, result, site.taken if site else ""))
        arrangement = self.plan.arrangement
        shapes = {e: self.form.parameter(e, probe.params[e]).shape for e in arrangement.entries}
        return replace(gathered(came, arrangement, shapes), result=result)

    def called(self, signature: Signature, scene: Scene, form: Form) -> Any:
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
        except Failed as problem:
            return trouble(problem, self.space.place(signature.name))

    def _value(
        self, signature: Signature, argument: str, scene: Scene, form: Form, site: Site | None
    ) -> tuple[Any] | None:
        """Return the value of an argument, in a tuple of one; ``None`` where nothing says it."""
        caller = site.given.get(argument, "") if site is not None else ""
        lower = {name.lower(): value for name, value in scene.inner.items()}
        for names, name in (
            (scene.outer, caller),
            (scene.inner, argument),
            (lower, argument.lower()),
        ):
            if name in names:
                return (names[name],)
        meant = self._values(scene, form)
        kind = self._kind(signature, argument)
        if ENCODED.search(argument):
            return (self._target(replace(form, targets="as outputs"), scene.probe.y),)
        if kind in meant:
            return (meant[kind],)
        for name in (caller, argument):  # an activation that is handed in
            if name in self.plan.known and name in self.space:
                return (self.space[name],)
        return None

    def _kind(self, signature: Signature, argument: str) -> str | None:
        """Return what an argument is for; in ``mse(y, t)`` the y is what came out."""
        kind = role(argument) or ("count" if COUNT.fullmatch(argument) else None)
        kinds = [role(each) for each in signature.arguments]
        if "o" in kinds or signature is self.plan.forward:
            return kind
        twice = kinds.count("y") > 1 and argument.lower() == "y"
        alone = signature is self.plan.cost and kind == "x"
        return "o" if twice or alone else kind

    def _values(self, scene: Scene, form: Form) -> dict[str | None, Any]:
        """Return values by what an argument is for."""
        found: dict[str | None, Any] = {
            "x": form.data(scene.probe.x),
            "y": self._target(form, scene.probe.y),
            "rate": RATE,
            "count": scene.probe.examples,
            "penalty": 0.0,
            "keep": 1.0,
            "once": 1,
        }
        if scene.result is not None:
            found["cache"] = bundle(scene.result)
            found |= {} if scene.output is None else {"o": scene.output}
        return found

    def _target(self, form: Form, y: Array) -> Any:
        """Return targets as a function takes them, with one axis where outputs have one."""
        if form.targets == "as outputs":
            return y[0].copy() if self.flat and not form.one else form.target(y)
        labels = form.target(y)
        return labels[0] if form.one and form.flat else labels
