"""An update that stands in the training loop: ``W1 = W1 - lr * dW1``, run by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chainrule.solutions.reading import Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.styles.arguments import role
from chainrule.solutions.styles.signatures import leaves, top

if TYPE_CHECKING:
    from chainrule.solutions.styles.passes import Plan, Scene


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
        rates = {name for name in read - set(names) if role(name) == "rate"} | (read & set(self._rates))
        if not rates:
            return None  # no step size, or one that is a number: nothing to compare with
        names |= dict.fromkeys(rates, rate)
        module = ast.Module(statements, [])
        scope = {**self._space.names, **names}
        try:
            self._space.call(exec, compile(module, "<update>", "exec"), scope)
        except Exception:  # it needs what only their loop knows: nothing is said of the update
            return None
        moved = {name.id for s in statements for name in _targets(s)}
        entries = self._entries()
        return {entries[name]: scope[name] for name in moved if name in entries}

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
