"""The derivation that mistakes are made in, by its parts, and one mistake in one place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from chainrule import expr, notation
from chainrule.activations import Activation
from chainrule.architecture import Architecture
from chainrule.derive import derive
from chainrule.expr import Expr, Op, Shape


@dataclass(frozen=True)
class Change:
    """One mistake, made in one place.

    Parameters
    ----------
    slug : str
        Name in the catalogue.
    equation : str
        Name of the equation that it changes.
    expr : Expr
        Its right-hand side then.
    words : str
        What was done: ``"σ′ is taken at a2 in the place of z2"``.
    layer : int
    variant : str
        Which of the mistakes of that name: those of one variant are the same mistake, made in
        several layers.
    shown : str
        How the right-hand side reads, where its expression does not read well.
    """

    slug: str
    equation: str
    expr: Expr
    words: str
    layer: int
    variant: str = ""
    shown: str = ""


class Ground:
    """The derivation that mistakes are made in, by its parts.

    It is the one without rewrites, which has every step by itself; beside it stands the one with
    rewrites, whose numbers are good where units are saturated. Dropout plays no part.

    Parameters
    ----------
    architecture : Architecture
    """

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        derivation = derive(architecture, dropout=False, rewrites=())
        self.stable = derive(architecture, dropout=False)
        self.plain = derivation
        self.forward, self.backward = derivation.forward, derivation.backward
        self.equations = {each.name: each for each in derivation}
        self.layers = architecture.layers
        self.sizes = architecture.sizes

    def symbol(self, name: str) -> Expr:
        """Return a named quantity with its shape."""
        if name in self.equations:
            return expr.symbol(name, self.equations[name].shape)
        return expr.symbol(name, self.shape(name))

    def shape(self, name: str) -> Shape:
        """Return the shape of a parameter, of the inputs or of the targets."""
        if name == notation.TARGETS:
            return (self.sizes[-1], notation.EXAMPLES)
        if name == notation.activations(0):
            return (self.sizes[0], notation.EXAMPLES)
        kind, layer = notation.split(name)
        return (self.sizes[int(layer)], self.sizes[int(layer) - 1] if kind == "W" else 1)

    def z(self, layer: int) -> Expr:
        """Return the weighted sums of a layer."""
        return self.symbol(notation.weighted_sums(layer))

    def a(self, layer: int) -> Expr:
        """Return the activations of a layer; of layer 0, the inputs."""
        return self.symbol(notation.activations(layer))

    def W(self, layer: int) -> Expr:  # noqa: N802 - its name on every page
        """Return the weights into a layer."""
        return self.symbol(notation.weights(layer))

    def b(self, layer: int) -> Expr:
        """Return the biases of a layer."""
        return self.symbol(notation.biases(layer))

    def y(self) -> Expr:
        """Return the targets."""
        return self.symbol(notation.TARGETS)

    def slope(self, layer: int) -> Expr:
        """Return ∂C/∂a of a layer."""
        return self.symbol(notation.adjoint(notation.activations(layer)))

    def delta(self, layer: int) -> Expr:
        """Return δ of a layer."""
        return self.symbol(delta_of(layer))

    def row(self, layer: int) -> Activation:
        """Return the activation of a layer."""
        return self.architecture.activations[layer - 1]


@lru_cache(maxsize=64)
def ground_of(architecture: Architecture) -> Ground:
    """Return the ground of an architecture, made once."""
    return Ground(architecture)


def delta_of(layer: int) -> str:
    """Return the name of δ of a layer."""
    return notation.adjoint(notation.weighted_sums(layer))


def spelled(node: Expr) -> str:
    """Return the name of a quantity, for people."""
    return notation.text(node.name)


def forced(op: Op, left: Expr, right: Expr, shape: Shape) -> Expr:
    """Return a product whatever the shapes: values tell whether there is one."""
    return Expr(op, (left, right), shape)


def replaced(node: Expr, old: Expr, new: Expr) -> Expr:
    """Put something in the place of a part of an expression, and leave the rest, as a penalty."""
    if node == old:
        return new
    return node.map(lambda arg: replaced(arg, old, new))
