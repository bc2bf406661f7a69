"""How a class is to be called: the sizes that it takes or has, and how its data lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.solutions.calling import Failed
from chainrule.solutions.forms import Form
from chainrule.solutions.space import Space
from chainrule.solutions.styles.arguments import constructed
from chainrule.solutions.styles.instances import Anatomy, anatomies

RATE = 0.5
SEED = 7


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


def built_objects(space: Space, built: type) -> Iterator[tuple[Anatomy, tuple[int, ...] | None]]:
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
        np.random.seed(SEED)  # noqa: NPY002 (people draw from the global generator)
        return space.caller.call(
            constructed, (built, sizes, values), at=f"{built.__name__}.__init__"
        )
    except Failed:  # it wants other sizes, or data: other tries may not
        return None


def forms(anatomy: Anatomy) -> Iterator[Form]:
    """Yield how data may lie, the most likely first: batches, then one example per call."""
    rows_first = anatomy.weights == "inputs × units"
    for one, flat in ((False, False), (True, False), (True, True)):
        for rows in (rows_first, not rows_first):
            for targets in ("as outputs", "labels", "column of labels"):
                if not (flat and (rows != rows_first or targets != "as outputs")):
                    yield Form(rows, one, flat, anatomy.weights, anatomy.biases, targets)
