"""The small functions that the passes call: an activation, and its derivative."""

from __future__ import annotations

import re
from typing import Any

from chainrule.solutions.space import Space
from chainrule.solutions.styles.signatures import Signature

KNOWN = (
    r"sigmoid|sigm?|logistic|sigma|tanh|(leaky_?)?relu|elu|softplus|swish|silu|"
    r"activation|activate|act|nonlin|g|f|phi"
)
ACTIVATION = re.compile(rf"_*({KNOWN})(_?(function|func|fn|activation|forward))?_*", re.IGNORECASE)
SLOPE = re.compile(
    r"d_?[a-z].*|.*_?(deriv|derivative|prime|grad|gradient|der|d|diff|backward)_?|(deriv|der|grad|derivative|gradient)_?.*",
    re.IGNORECASE,
)


def activation_of(space: Space, forward: Signature) -> tuple[str, Any] | None:
    """Return the first activation that a forward pass calls, with one argument."""
    for name in forward.calls():
        if ACTIVATION.fullmatch(name) and _takes_one(space, name):
            return name, space[name]
    return None


def slope_of(space: Space, backward: Signature, activation: str) -> tuple[str, Any] | None:
    """Return the derivative of an activation, by its name, among what a backward pass calls."""
    stem = re.sub(r"_|function|func|activation", "", activation.lower()) or activation.lower()
    for name in backward.calls():
        if name == activation or not SLOPE.fullmatch(name) or not _takes_one(space, name):
            continue
        if stem in name.lower().replace("_", "") or stem in ("act", "activate"):
            return name, space[name]
    return None


def _takes_one(space: Space, name: str) -> bool:
    definition = space.definitions.found.get(name)
    return definition is not None and len(definition.arguments) == 1 and name in space
