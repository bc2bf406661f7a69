"""Activation layers, each by itself: whether ``backward`` is the derivative of ``forward``.

A layer that takes every entry by itself is given sums and an upstream gradient, both random. What
it hands on is held against differences of its own forward pass. There are ways to write it that
are all right: it multiplies what comes from above, or it returns the derivative, as a function of
the sums or of the values, and another multiplies. An alarm needs a second witness: the forward pass
is an activation of the table. Some layers differ on purpose, and are not judged: steps and signs
whose derivative is 0 (straight-through estimators), the identity with a factor (reversal of
gradients), what is not linear in what comes from above (guided backpropagation, clipping), and a
sigmoid that hands on what it is given, as cross-entropy wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.verdicts import Verdict
from chainrule.solutions import direct, meaning
from chainrule.solutions.calling import Failed
from chainrule.solutions.calls import blank, trouble
from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.reading import Array, Reading
from chainrule.solutions.space import Space
from chainrule.solutions.styles import blocks
from chainrule.solutions.styles.own import Own
from chainrule.solutions.witness import TOLERANCE

SHAPE = (5, 4)
MEANT = "its backward is not the derivative of its forward: fine, if that is meant"
ALONE = "the derivative by itself: right where another multiplies it by what comes from above"
BEFORE_COST = "right where cross-entropy hands on a − y, and nowhere else"

Value = Callable[[Array], Array]


@dataclass(frozen=True)
class Unit:
    """An activation layer, and what is to be said of it.

    Parameters
    ----------
    name : str
        The class.
    judged : Judged or None
        ``None`` where nothing can be said.
    finding : Finding or None
    """

    name: str
    judged: Judged | None
    finding: Finding | None = None

    @property
    def right(self) -> bool:
        """Whether it multiplies what it is given by the derivative of its forward pass."""
        return self.judged is not None and self.judged.verdict.good and not self.judged.detail


def units(space: Space) -> Iterator[Unit]:
    """Yield all activation layers of a file that take every entry by itself."""
    for name in blocks.layer_classes(space):
        if blocks.unit_by_unit(space, name):
            yield _unit(space, name)


MASKED = "f′ is taken at the gradient that comes back, which is masked by its own sign, not at z"


def _unit(space: Space, name: str) -> Unit:  # noqa: PLR0911 (one for each thing to be said)
    rng = np.random.default_rng(5)
    z = rng.uniform(0.15, 1.9, SHAPE) * rng.choice((-1.0, 1.0), SHAPE)
    upstream = rng.uniform(0.3, 1.3, SHAPE) * rng.choice((-1.0, 1.0), SHAPE)
    way = blocks.place_of(space, name)
    node = blocks.node_of(space, name)  # none where it is inherited
    called = f"{name}.{'backward' if node is None else node.name}"

    def value(at: Array) -> Array:
        return blocks.numbers(space, blocks.activation(space, name), "forward", at)

    def back(given: Array) -> Array:
        thing = blocks.activation(space, name)
        blocks.passed(space, thing, "forward", z.copy())
        return blocks.numbers(space, thing, "backward", given)

    def derivative(at: Array) -> Array:
        found, error = direct.gradient(lambda moved: float(np.sum(value(moved))), at)
        return np.where(np.isfinite(error), found, np.nan)

    try:
        a, slope = value(z), derivative(z)
        came = back(upstream)
    except Failed as problem:
        said = blank(space, called) or trouble(problem, way)
        line = Judged(called, said.verdict, "gradient", detail=said.sentence, place=said.place)
        return Unit(name, line)
    open_one = Judged(called, Verdict.NOT_JUDGED, "gradient", detail=MEANT, place=way)
    known = came.shape == z.shape and np.isfinite(came).all() and np.isfinite(slope).all()
    if not known:
        return Unit(name, None)
    if not slope.any():  # what a step or a sign hands on is a choice
        return Unit(name, open_one)
    off = float(np.max(np.abs(came - upstream * slope)) / np.max(np.abs(upstream)))
    if off <= TOLERANCE:
        return Unit(name, Judged(called, Verdict.RIGHT, "gradient", residual=off, place=way))
    if blocks.same(came, upstream) and blocks.same(a, 1 / (1 + np.exp(-z))):
        return Unit(name, replace(open_one, detail=BEFORE_COST))
    if blocks.same(came, slope) and not blocks.same(slope, np.full_like(slope, slope.flat[0])):
        return Unit(name, replace(open_one, detail=ALONE))
    for words, given in (("of z", z), ("of the value a", a)):
        if blocks.same(back(given), slope):
            detail = f"the derivative, as a function {words}"
            return Unit(name, Judged(called, Verdict.RIGHT, "gradient", detail=detail, place=way))
    masked = blocks.same(came, upstream * derivative(upstream))
    if not masked and not _is_mistake(value, back, upstream):
        return Unit(name, open_one)
    slug, more = "derivative_at_activation", ""
    if not masked:
        slug, more = _named(came / upstream, z, a, slope, derivative(a))
    entry = CATALOGUE[slug]
    wrong = Judged(called, Verdict.WRONG, "gradient", residual=off, place=way)
    words = MASKED if masked else f"{entry.says}{more}"
    return Unit(name, wrong, Finding(slug, "mistake", words, entry.mend, (called,), place=way))


def _is_mistake(value: Value, back: Value, upstream: Array) -> bool:
    """Return whether a backward pass that is not the derivative can only be a mistake."""
    row = meaning.activation_named(lambda at: value(np.atleast_2d(at)).reshape(np.shape(at)))
    if row is None or row == "identity":
        return False
    try:
        return blocks.same(back(-2 * upstream), -2 * back(upstream))
    except Failed:  # it does not take the same twice: nothing is known of it
        return False


def _named(found: Array, z: Array, a: Array, slope: Array, at_value: Array) -> tuple[str, str]:
    """Return the slug of a factor that should be the derivative, and more words."""
    options = (
        ("missing_hidden_derivative", np.ones_like(z)),
        ("sign", -slope),
        ("derivative_at_activation", at_value),
        ("activation_form_at_sum", z * (1 - z)),
        ("activation_form_at_sum", 1 - z**2),
        ("function_for_derivative", a),
        ("derivative_twice", slope**2),
        ("derivative_reciprocal", 1 / np.where(slope == 0, np.nan, slope)),
    )
    for slug, factor in options:
        if np.isfinite(factor).all() and blocks.same(found, factor):
            return slug, ""
    ratio = float(np.vdot(slope, found) / np.vdot(slope, slope))
    if blocks.same(found, ratio * slope):
        return "constant_factor", f": it is {ratio:.6g} times what it should be"
    return "derivative_formula", ""


class Units:
    """The style: a file with activation layers only."""

    name = "activation layers as classes"

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield one reading with all of them; none where nothing can be said of any."""
        found = [unit for unit in units(space) if unit.judged is not None]
        if found:
            yield cast(Reading, Alone(space, found))


class Alone(Own):
    """Activation layers, and nothing beside them."""

    style = Units.name

    def __init__(self, space: Space, found: list[Unit]) -> None:
        super().__init__(space)
        self._found = found
        self.words = tuple(unit.name for unit in found)

    def run(self, *_args: Any) -> None:
        """Say of each what was found."""
        for unit in self._found:
            if unit.judged is not None:
                self.judged.append(unit.judged)
            if unit.finding is not None:
                self.findings.append(unit.finding)
