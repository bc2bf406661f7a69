"""Layers without weights that mix entries, each by itself: softmax, dropout, shapes.

They are given numbers and a random upstream gradient, in every form that runs. What they hand on is
held against differences of Σ upstream ∘ outputs; random numbers are the same in every call. Only a
softmax is called wrong, since of it alone is known what it should be; one that hands on what it is
given belongs together with cross-entropy.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.verdicts import Verdict
from chainrule.solutions import direct
from chainrule.solutions.calling import Failed, Unsaid
from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.reading import Array
from chainrule.solutions.space import Space
from chainrule.solutions.styles import blocks
from chainrule.solutions.styles.arguments import bind
from chainrule.solutions.styles.derivatives import by_units
from chainrule.solutions.styles.functions import supplied
from chainrule.solutions.styles.valued import required

SHAPES = ((4, 3), (5, 1), (1, 5), (5,), (2, 3, 4))
SEED = 3
SHARE = re.compile(r"rate|drop|prob|keep|^p$", re.IGNORECASE)
DROPPED = 0.4
ORDER = ("", "together", "unknown", "sign", "softmax_elementwise", "derivative_formula")
WITH_UNITS = "together with cross-entropy of single units, whose derivative has 1 / (a (1 − a))"
WITH_COST = "together with cross-entropy, whose derivative by the sums is a − y"


def mixing(space: Space, names: Collection[str]) -> Iterator[tuple[Judged, Finding | None]]:
    """Yield what is to be said of layers without weights, of those that are asked for.

    Parameters
    ----------
    space : Space
    names : collection of str
        As ``"Softmax.backward"``.
    """
    for name in blocks.layer_classes(space):
        node = blocks.node_of(space, name)
        called = f"{name}.{'backward' if node is None else node.name}"
        if called in names:
            supplied(space, name)
            found = [said for shape in SHAPES if (said := _said(space, name, shape)) is not None]
            slug = min(found, key=_rank, default=None)
            if slug is not None and slug != "unknown":
                yield _line(space, name, called, slug)


def _rank(slug: str) -> int:
    """Return which form counts: what is right in one is right."""
    return ORDER.index(slug)


def _line(space: Space, name: str, called: str, slug: str) -> tuple[Judged, Finding | None]:
    way = blocks.place_of(space, name)
    units = slug == "softmax_elementwise" and by_units(space)
    if slug in ("", "together") or units:
        verdict = Verdict.IMPLIED_COST if slug else Verdict.RIGHT
        detail = WITH_UNITS if units else WITH_COST if slug else ""
        return Judged(called, verdict, "gradient", detail=detail, place=way), None
    entry = CATALOGUE[slug]
    line = Judged(called, Verdict.WRONG, "gradient", place=way)
    return line, Finding(slug, "mistake", entry.says, entry.mend, (called,), place=way)


def _said(space: Space, name: str, shape: tuple[int, ...]) -> str | None:
    """Return what is wrong in one form, empty where it is right; ``None`` where it does not run."""
    rng = np.random.default_rng(SEED)
    z = rng.uniform(0.2, 1.8, shape) * rng.choice((-1.0, 1.0), shape)

    def forward(at: Array) -> tuple[Any, Array]:
        np.random.seed(SEED)  # noqa: NPY002 (people draw from the global generator)
        random.seed(SEED)
        thing = _made(space, name)
        return thing, blocks.numbers(space, thing, "forward", at, training=True)

    def back(given: Array) -> Array:
        return blocks.numbers(space, forward(z)[0], "backward", given)

    try:
        a = forward(z)[1]
        upstream = rng.uniform(0.3, 1.3, a.shape) * rng.choice((-1.0, 1.0), a.shape)
        came = back(upstream)
        wanted, error = direct.gradient(lambda at: float(np.sum(forward(at)[1] * upstream)), z)
    except Failed:  # another form may run
        return None
    finite = all(np.isfinite(each).all() for each in (came, error))
    if not finite or not wanted.any():
        return None
    if came.shape != z.shape:
        return "unknown"
    if blocks.same(came, wanted):
        return ""
    return _of_softmax(came, wanted, upstream, a, back) if _is_softmax(z, a) else "unknown"


def _of_softmax(came: Array, wanted: Array, upstream: Array, a: Array, back: Any) -> str:
    """Return what a softmax hands on that is not its derivative."""
    options = (
        ("together", upstream),
        ("together", a - upstream),  # it is given the targets
        ("sign", -wanted),
        ("softmax_elementwise", upstream * a * (1 - a)),
        ("unknown", a * (1 - a)),  # another multiplies
    )
    for slug, claim in options:
        if blocks.same(came, claim):
            return slug
    try:
        linear = blocks.same(back(-2 * upstream), -2 * came)
    except Failed:  # it does not take the same twice
        return "unknown"
    return "derivative_formula" if linear else "unknown"


def _made(space: Space, name: str) -> Any:
    """Return a layer; what share is dropped is ours, where that is all that it is made of."""
    thing = blocks.activation(space, name)
    if thing is not None:
        return thing
    built = space[name]
    arguments = bind(built, {}, {each: DROPPED for each in required(built) if SHARE.search(each)})
    if arguments is None:
        raise Unsaid(f"what {name} is made of says nothing")
    return space.caller.call(built, (), arguments, at=f"{name}.__init__")


def _is_softmax(z: Array, a: Array) -> bool:
    """Return whether outputs are the softmax of sums, along some axis."""
    e = np.exp(z)
    return a.shape == z.shape and any(
        z.shape[axis] > 1 and blocks.same(a, e / e.sum(axis, keepdims=True))
        for axis in range(z.ndim)
    )
