"""Which function of a file plays which part, and the values that are handed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.solutions.definitions import Definitions
from chainrule.solutions.reading import Probe
from chainrule.solutions.styles.arguments import role
from chainrule.solutions.styles.arrangements import Arrangement
from chainrule.solutions.styles.signatures import Signature, Site, top
from chainrule.solutions.styles.usage import one_by_one, takes_labels


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
    definitions : Definitions
    """

    known: Mapping[str, Signature]
    called: tuple[Site, ...]
    forward: Signature | None
    backward: Signature
    cost: Signature | None
    update: Signature | None
    arrangement: Arrangement
    own: frozenset[str]
    definitions: Definitions

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

    @property
    def singly(self) -> bool:
        """Whether the functions are called with one example after the other."""
        tree = top(self.definitions)
        return any(
            one_by_one(tree, each, [i for i, a in enumerate(each.arguments) if role(a) == "x"])
            for each in (self.forward, self.backward)
            if each is not None
        )

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
            scope: len(
                {s.function for s in self.called if s.scope == scope and s.function in parts}
            )
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
