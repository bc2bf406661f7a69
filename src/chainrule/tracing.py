"""Trace: every intermediate value of one evaluation, by name, and how it shows itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from chainrule import notation
from chainrule.arithmetic import Array
from chainrule.derivation import Derivation
from chainrule.errors import UnknownQuantity
from chainrule.evaluate import Plan
from chainrule.render import mathml, page, text


class Trace(Mapping[str, Array]):
    """Every intermediate value of one evaluation, by the name of its equation.

    ``trace["delta2"]`` or ``trace.delta2`` is the value; printing shows every equation with the
    shape and the range of its value.

    Parameters
    ----------
    derivation : Derivation
        The equations.
    values : mapping of str to array
        Inputs, targets and the value of every equation.
    """

    def __init__(self, derivation: Derivation, values: Mapping[str, Array]) -> None:
        self.derivation = derivation
        self._values = dict(values)

    def __getitem__(self, name: str) -> Array:
        try:
            return self._values[notation.code(name)]
        except KeyError:
            raise UnknownQuantity("quantity", name, tuple(self._values)) from None

    def __getattr__(self, name: str) -> Array:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._values]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        rows = [
            (spelled, text.shape(np.shape(value)), _range(value))
            for spelled, value in self._spelled()
        ]
        return "\n".join(text.columns(rows, indent=""))

    def _repr_html_(self) -> str:
        equations = {equation.name: equation for equation in self.derivation}
        rows = []
        for name, value in self._values.items():
            formula = mathml.math(notation.mathml(name))
            if name in equations:
                formula = mathml.equation(name, equations[name].expr)
            shape = text.shape(np.shape(value))
            rows.append((formula, shape, f"<pre>{escape(_written(value, 4))}</pre>"))
        return page.fragment(page.table(("equation", "shape", "value"), rows))

    def numbers(self, precision: int = 5) -> str:
        """Return every equation with its value written out; large values are abridged.

        Parameters
        ----------
        precision : int, optional
            Digits after the point.
        """
        lines = []
        for spelled, value in self._spelled():
            lines.append(f"{spelled}    {text.shape(np.shape(value))}")
            lines += ["    " + line for line in _written(value, precision).splitlines()]
        return "\n".join(lines)

    def _spelled(self) -> Iterator[tuple[str, Array]]:
        equations = {equation.name: str(equation) for equation in self.derivation}
        for name, value in self._values.items():
            yield equations.get(name, notation.text(name)), value


def trace(
    derivation: Derivation,
    values: Mapping[str, Array],
    constants: Mapping[str, float],
    given: Sequence[str],
    xp: Any = np,
) -> Trace:
    """Evaluate every equation of a derivation and keep all values.

    Parameters
    ----------
    derivation : Derivation
    values, constants : mapping
        As for `Plan`.
    given : sequence of str
        Names among `values` that the trace shows first (inputs and targets).
    xp : module, optional
        The array namespace.
    """
    found = Plan(derivation, derivation.names, xp)(values, constants)
    shown = {name: values[name] for name in given}
    return Trace(derivation, shown | dict(zip(derivation.names, found, strict=True)))


def _written(value: Array, precision: int) -> str:
    """Return a value written out; a large one is abridged."""
    return np.array2string(
        np.asarray(value), precision=precision, threshold=60, edgeitems=3, max_line_width=100
    )


def _range(value: Array) -> str:
    array = np.asarray(value)
    if array.size == 1:
        return f"{array.item():.6g}"
    return f"{array.min():.4g} … {array.max():.4g}"
