"""Derivation: the list of named equations from the inputs to the cost and back to the Jacobians.

This is the object in the middle of the package. It holds data and shows it; `derive` makes it,
`evaluate` gives it numbers, `checking` holds it against differences of the cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from chainrule import notation
from chainrule.architecture import Architecture
from chainrule.emit import source
from chainrule.emit.script import Script
from chainrule.equation import Equation
from chainrule.errors import UnknownQuantity
from chainrule.expr import Shape
from chainrule.render import latex, mathml, page, text


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

    def latex(self) -> str:
        r"""Return the derivation as a LaTeX document that compiles by itself.

        Returns
        -------
        str
            For pdflatex.

        Examples
        --------
        >>> from chainrule import Network
        >>> derivation = Network([1, 1], activation="sigmoid", cost="squared_error").derive()
        >>> print(derivation.latex().splitlines()[0])
        \documentclass[11pt,a4paper]{article}
        """
        given = [
            (_spelled_in(latex, name), dims, meaning)
            for name, dims, meaning in given_quantities(self)
        ]
        parts = {
            heading: [(latex.equation(eq.name, eq.expr), eq.shape, eq.reason) for eq in equations]
            for heading, equations in self._parts.items()
        }
        return latex.document(str(self.architecture), given, parts)

    def html(self) -> str:
        """Return the derivation as a page in HTML that stands alone: no script, no network.

        Returns
        -------
        str
            Formulas are in MathML, which every browser draws.

        Examples
        --------
        >>> from chainrule import Network
        >>> derivation = Network([1, 1], activation="sigmoid", cost="squared_error").derive()
        >>> derivation.html().splitlines()[0]
        '<!doctype html>'
        """
        return page.page(str(self.architecture), self._html_body())

    def _repr_html_(self) -> str:
        return page.fragment(self._html_body())

    @property
    def _parts(self) -> dict[str, tuple[Equation, ...]]:
        return {"Forward": self.forward, "Backward": self.backward}

    def _html_body(self) -> str:
        given = [
            (mathml.math(_spelled_in(mathml, name)), text.shape(dims), meaning)
            for name, dims, meaning in given_quantities(self)
        ]
        parts = {
            heading: [
                (eq.name, mathml.equation(eq.name, eq.expr), eq.shape, eq.reason)
                for eq in equations
            ]
            for heading, equations in self._parts.items()
        }
        return page.derivation(str(self.architecture), given, parts)

    def emit(self, target: str) -> str:
        """Return the derivation as a source file that stands alone.

        Parameters
        ----------
        target : {"numpy"}
            For what: a NumPy module with `forward`, `cost` and `gradients`.

        Returns
        -------
        str
            The source; it is the same every time.

        Raises
        ------
        UnknownName
            If there is no such target.
        InvalidValue
            If a function of a person's own is in it, of which there is no expression.

        Examples
        --------
        >>> from chainrule import Network
        >>> source = Network([2, 1], activation="tanh", cost="squared_error").derive().emit("numpy")
        >>> import numpy as np
        >>> module = {}
        >>> exec(source, module)
        >>> params = {"W1": np.array([[0.5, -0.5]]), "b1": np.array([[0.0]])}
        >>> module["gradients"](params, np.ones((2, 3)), np.ones((1, 3)))["b1"]
        array([[-2.]])
        """
        return source(self._script, target)

    @property
    def _script(self) -> Script:
        given = tuple(given_quantities(self))
        penalty = self.architecture.l2 if self.forward[-1].name == notation.COST else 0.0
        return Script(str(self.architecture), given, self.forward, self.backward, penalty)


def _page(derivation: Derivation, width: int) -> list[str]:
    given = [
        (_spelled_input(name), text.shape(dims), what)
        for name, dims, what in given_quantities(derivation)
    ]
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


def _spelled_in(kind: Any, name: str) -> str:
    """Return the name of a given quantity on a kind of page; that of the inputs is said twice."""
    spelled = notation.latex(name) if kind is latex else notation.mathml(name)
    equals = " = x" if kind is latex else "<mo>=</mo><mi>x</mi>"
    return spelled + equals if name == notation.activations(0) else spelled


def _spelled_input(name: str) -> str:
    return f"{name} = x" if name == notation.activations(0) else notation.text(name)


def given_quantities(derivation: Derivation) -> Iterator[tuple[str, Shape, str]]:
    """Yield name, shape and meaning of every quantity that the equations use and do not define."""
    sizes, m = derivation.architecture.sizes, notation.EXAMPLES
    outputs = (sizes[-1], m)
    used = set().union(*(equation.expr.symbols() for equation in derivation))
    possible: list[tuple[str, Shape, str]] = [
        (notation.activations(0), (sizes[0], m), "inputs"),
        (notation.TARGETS, outputs, "targets"),
        (notation.EXAMPLE_WEIGHTS, (1, m), "weights of the examples, Σw their sum"),
        (notation.SELECTOR, outputs, "which outputs are differentiated"),
    ]
    for layer, (columns, rows) in enumerate(pairwise(sizes), start=1):
        possible += [
            (notation.weights(layer), (rows, columns), f"weights into layer {layer}"),
            (notation.biases(layer), (rows, 1), f"biases of layer {layer}"),
            (notation.mask(layer), (rows, m), f"mask of layer {layer}, drawn anew for every batch"),
        ]
    yield from (each for each in possible if each[0] in used)
