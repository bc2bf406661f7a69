"""Derivation: the list of named equations from the inputs to the cost and back to the Jacobians.

This is the object in the middle of the package. It holds data and shows it; `derive` makes it,
`evaluate` gives it numbers, `checking` holds it against differences of the cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chainrule import notation
from chainrule.architecture import Architecture
from chainrule.errors import UnknownQuantity
from chainrule.expr import Expr, Shape
from chainrule.render import text


@dataclass(frozen=True)
class Equation:
    """One line of a derivation.

    Parameters
    ----------
    name : str
        Name of the quantity on the left, as in code (``"delta3"``).
    expr : Expr
        The right-hand side.
    reason : str
        Why it is so, for a reader.
    """

    name: str
    expr: Expr
    reason: str = ""

    @property
    def shape(self) -> Shape:
        """Shape of both sides; ``"m"`` stands for the number of examples."""
        return self.expr.shape

    def __str__(self) -> str:
        return f"{notation.text(self.name)} = {text.inline(self.expr)}"


@dataclass(frozen=True, repr=False)
class Derivation:
    """All equations of a network, in an order in which each uses earlier ones only.

    Printing shows them as text with shapes and reasons. ``derivation["J_W1"]`` is the equation of
    that name.

    Parameters
    ----------
    architecture : Architecture
        What was derived.
    forward, backward : tuple of Equation
        From the inputs to the cost, and from the cost to the Jacobians.

    Examples
    --------
    >>> from chainrule import Network
    >>> derivation = Network([1, 1], activation="sigmoid", cost="squared_error").derive()
    >>> print(derivation["delta1"])
    δ1 = ∂C/∂a1 ∘ a1 ∘ (1 − a1)
    >>> derivation["J_W1"].shape
    (1, 1)
    """

    architecture: Architecture
    forward: tuple[Equation, ...]
    backward: tuple[Equation, ...]

    @property
    def equations(self) -> tuple[Equation, ...]:
        """All equations, forward first."""
        return self.forward + self.backward

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all equations, in order."""
        return tuple(equation.name for equation in self.equations)

    def __getitem__(self, name: str) -> Equation:
        wanted = notation.code(name)
        for equation in self.equations:
            if equation.name == wanted:
                return equation
        raise UnknownQuantity("equation", name, self.names)

    def __iter__(self) -> Iterator[Equation]:
        return iter(self.equations)

    def __len__(self) -> int:
        return len(self.equations)

    def __repr__(self) -> str:
        return self.text()

    __str__ = __repr__

    def text(self, width: int = text.PAGE) -> str:
        """Return the derivation as plain text: given quantities, forward, backward.

        Parameters
        ----------
        width : int, optional
            Characters in a line; long reasons are wrapped.

        Returns
        -------
        str
            What printing shows.
        """
        return "\n".join(_page(self, width))


def _page(derivation: Derivation, width: int) -> list[str]:
    given = [(name, text.shape(dims), what) for name, dims, what in _given(derivation.architecture)]
    left = max(len(notation.text(name)) for name in derivation.names)

    def rows(equations: Sequence[Equation]) -> list[tuple[str, str, str]]:
        return [
            (
                f"{notation.text(eq.name).ljust(left)} = {text.inline(eq.expr)}",
                text.shape(eq.shape),
                eq.reason,
            )
            for eq in equations
        ]

    widths = text.column_widths(rows(derivation.equations))
    return [
        f"{derivation.architecture}; m examples, one per column",
        "",
        "given",
        *text.columns(given, page=width),
        "",
        "forward",
        *text.columns(rows(derivation.forward), widths=widths, page=width),
        "",
        "backward",
        *text.columns(rows(derivation.backward), widths=widths, page=width),
    ]


def _given(architecture: Architecture) -> Iterator[tuple[str, Shape, str]]:
    sizes = architecture.sizes
    yield f"{notation.activations(0)} = x", (sizes[0], notation.EXAMPLES), "inputs"
    yield notation.TARGETS, (sizes[-1], notation.EXAMPLES), "targets"
    for layer in range(1, architecture.layers + 1):
        shape = (sizes[layer], sizes[layer - 1])
        yield notation.weights(layer), shape, f"weights into layer {layer}"
        yield notation.biases(layer), (shape[0], 1), f"biases of layer {layer}"
