"""The update: a function of theirs, or ``W1 = W1 - lr * dW1`` in the training loop."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.solutions.calling import Failed
from chainrule.solutions.forms import array_of
from chainrule.solutions.reading import Probe, Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.styles.arguments import role
from chainrule.solutions.styles.arrangements import built, taken
from chainrule.solutions.styles.plan import Plan, Scene
from chainrule.solutions.styles.returned import Gathered, entry_named, nested, parts
from chainrule.solutions.styles.runs import RATE, Runs
from chainrule.solutions.styles.signatures import Signature, leaves, top

WHOLE = re.compile(r"grad|delta|^d_?(params|theta)", re.IGNORECASE)
"""What an update calls all gradients together."""


class Step:
    """One step of theirs.

    Parameters
    ----------
    runs : Runs
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    def reshapes(self, probe: Probe, came: Gathered) -> bool:
        """Return whether biases of another shape are brought into their own by the update."""
        theirs = {
            e: self._runs.form.parameter(e, probe.params[e])
            for e in self._runs.plan.arrangement.entries
        }
        arrays = {entry: array_of(value) for entry, value in came.arrays.items()}
        odd = [
            entry
            for entry, array in arrays.items()
            if array is not None and entry.startswith("b") and array.shape != theirs[entry].shape
        ]
        if not odd or any(array is None for array in arrays.values()):
            return False
        if self._runs.plan.update is not None and all(
            self._runs.plan.update.turns(came.names[entry]) for entry in odd
        ):
            return True
        moved = self.updated(probe, came.arrays, RATE)
        if moved is None or isinstance(moved, Trouble):
            return False
        return all(e in moved and np.shape(moved[e]) == theirs[e].shape for e in odd)

    def updated(
        self, probe: Probe, gradients: Mapping[str, Any], rate: float
    ) -> Mapping[str, Any] | Trouble | None:
        """Return the parameters after a step, as their code has them; ``None`` if there is none.

        Parameters
        ----------
        probe : Probe
        gradients : mapping of str to object
            As their code has them.
        rate : float
        """
        runs, plan = self._runs, self._runs.plan
        came = runs.gathered(probe)
        if isinstance(came, Trouble) or came.moved or set(came.arrays) - set(gradients):
            return None
        named = {n: built(t, lambda e: gradients[e]) for n, t in came.templates.items() if n}
        scene = runs.scene(probe)
        update = plan.update
        if update is None:
            return Inline(runs.space, plan, runs.around.rates).run(scene, named, rate)
        rates = [name for name in update.arguments if role(name) == "rate"]
        if not rates and not runs.around.rates:  # the step is made smaller by its gradient
            gradients = {entry: rate * value for entry, value in gradients.items()}
            named = {n: built(t, lambda e: gradients[e]) for n, t in came.templates.items() if n}
        scene.inner |= named | dict.fromkeys(rates, rate)
        whole = nested(plan.backward.returns, came.result, came.templates)
        for argument in sorted(set(update.arguments) - set(scene.inner)):
            if whole is not None and WHOLE.search(argument):
                scene.inner[argument] = built(whole, lambda e: gradients[e])
        held = {name: scene.inner[name] for name in plan.arrangement.templates}
        result = runs.called(update, scene, runs.form)
        return result if isinstance(result, Trouble) else self._moved(update, result, held)

    def _moved(
        self, update: Signature, result: Any, held: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """Return parameters by our names: what an update returned, or what it changed in place."""
        arrangement = self._runs.plan.arrangement
        site = self._runs.plan.site(update)
        names = {
            part.name: part.value
            for part in parts(update.returns, result, site.taken if site else "")
        }
        if len(held) == 1 and isinstance(result, (list, tuple)):
            names |= dict.fromkeys(held, result)
        known = {**{e: e for e in arrangement.entries}, **arrangement.names}
        found: dict[str, Any] = {}
        for name, value in (names if result is not None else held).items():
            template = arrangement.templates.get(name)
            meant = entry_named(name, known)
            if template is not None and not isinstance(template, str):
                found |= taken(template, value)
            elif meant is not None and not meant[1]:
                found[meant[0]] = value
        return found or None


class Inline:
    """Statements that move a parameter by its gradient.

    Parameters
    ----------
    space : Space
    plan : Plan
    rates : sequence of str
        Names of step sizes.
    """

    def __init__(self, space: Space, plan: Plan, rates: Sequence[str]) -> None:
        self._space, self._plan, self._rates = space, plan, rates

    def run(
        self, scene: Scene, gradients: Mapping[str, Any], rate: float
    ) -> Mapping[str, Any] | Trouble | None:
        """Return the parameters after the statements; ``None`` where there are none."""
        names = {**self._parameters(scene), **self._called(gradients)}
        own = set(self._parameters(scene))
        statements = list(self._statements(own, set(names) - own))
        if not statements:
            return None
        read = {n.id for s in statements for n in ast.walk(s) if isinstance(n, ast.Name)}
        rates = {name for name in read - set(names) if role(name) == "rate"} | (
            read & set(self._rates)
        )
        names |= dict.fromkeys(rates, rate)
        if not rates:  # none, or a number: the step is made smaller by its gradient
            names |= {n: _scaled(value, rate) for n, value in self._called(gradients).items()}
        module = ast.Module(statements, [])
        scope = {**self._space.names, **names}
        try:
            self._space.call(exec, compile(module, "<update>", "exec"), scope)
        except Failed:  # it needs what only their loop knows: nothing is said of the update
            return None
        moved = {name.id for s in statements for name in _targets(s)}
        entries = self._entries()
        return {entries[name]: scope[name] for name in sorted(moved) if name in entries}

    def _entries(self) -> dict[str, str]:
        """Return our names of parameters by the caller's."""
        named = dict(self._plan.arrangement.names)
        site = self._plan.site(self._plan.first)
        if site is not None:
            for argument, name in site.given.items():
                if argument in self._plan.arrangement.names:
                    named[name] = self._plan.arrangement.names[argument]
        return named

    def _parameters(self, scene: Scene) -> dict[str, Any]:
        values = {self._plan.arrangement.names[n]: v for n, v in scene.inner.items()
                  if n in self._plan.arrangement.names}  # fmt: skip
        return {name: values[entry] for name, entry in self._entries().items() if entry in values}

    def _called(self, gradients: Mapping[str, Any]) -> dict[str, Any]:
        """Return gradients by the caller's names as well."""
        found = dict(gradients)
        site = self._plan.site(self._plan.backward)
        inner, outer = list(self._plan.backward.flat), list(leaves(site.taken)) if site else []
        if len(inner) == len(outer):
            for mine, theirs in zip(inner, outer, strict=True):
                if mine in gradients:
                    found[theirs] = gradients[mine]
        return found

    def _statements(self, own: set[str], gradients: set[str]) -> Iterator[ast.stmt]:
        seen = set()
        for tree in [top(self._space.definitions)]:
            for node in ast.walk(tree):
                if not isinstance(node, (ast.Assign, ast.AugAssign)):
                    continue
                stored = {name.id for name in _targets(node)}
                read = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
                if len(stored) == 1 and stored <= own and read & gradients:
                    key = next(iter(stored))
                    if key not in seen:  # the loop is written once; a second one is another try
                        seen.add(key)
                        yield node


def _targets(node: ast.stmt) -> list[ast.Name]:
    if isinstance(node, ast.AugAssign):
        return [node.target] if isinstance(node.target, ast.Name) else []
    if isinstance(node, ast.Assign):
        return [each for each in node.targets if isinstance(each, ast.Name)]
    return []


def _scaled(value: Any, rate: float) -> Any:
    """Return a gradient, or a nest of them, times a number."""
    if isinstance(value, (list, tuple)):
        return type(value)(_scaled(each, rate) for each in value)
    return rate * value
