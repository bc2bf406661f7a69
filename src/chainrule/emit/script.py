"""What every target is given: the equations, and which forward lines a backward line comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainrule import notation
from chainrule.equation import Equation
from chainrule.expr import Shape


@dataclass(frozen=True)
class Script:
    """A derivation as plain data.

    Parameters
    ----------
    title : str
        What was derived, in words.
    given : tuple of (str, Shape, str)
        Name, shape and meaning of what the equations use and do not define.
    forward, backward : tuple of Equation
        In an order in which each uses earlier ones only; the last forward one is the scalar.
    penalty : float
        λ, or 0.
    """

    title: str
    given: tuple[tuple[str, Shape, str], ...]
    forward: tuple[Equation, ...]
    backward: tuple[Equation, ...]
    penalty: float

    @property
    def scalar(self) -> Equation:
        """What is differentiated."""
        return self.forward[-1]

    @property
    def chain(self) -> tuple[Equation, ...]:
        """The forward equations before the scalar."""
        return self.forward[:-1]

    def differentiated(self, equation: Equation) -> str:
        """Return the quantity by which a backward equation differentiates."""
        names = [name for name, _, _ in self.given] + [each.name for each in self.forward]
        for name in names:
            if _adjoint(name, self.scalar.name) == equation.name:
                return name
        raise AssertionError(f"{equation.name} is the derivative by nothing that is there")

    def origins(self, equation: Equation) -> list[Equation]:
        """Return the forward equations through which a backward equation passes.

        Those that use the quantity; where the derivative by one of them was passed by, as a
        shortcut does, those that use that one too.
        """
        named = {each.name for each in self.backward}
        found: list[Equation] = []
        ahead = [self.differentiated(equation)]
        while ahead:
            name = ahead.pop(0)
            for each in self.forward:
                if name not in each.expr.symbols() or each in found:
                    continue
                found.append(each)
                skipped = _adjoint(each.name, self.scalar.name) not in named
                if each is not self.scalar and skipped:
                    ahead.append(each.name)
        return sorted(found, key=self.forward.index)


def _adjoint(name: str, scalar: str) -> str:
    try:
        return notation.adjoint(name, scalar)
    except KeyError:  # data, by which nothing is differentiated
        return ""


def wanted(script: Script, names: Sequence[str]) -> dict[str, str]:
    """Return the key of each Jacobian that a caller gets, and the equation that it comes from."""
    keys = {}
    for equation in script.backward:
        name = script.differentiated(equation)
        if name in names:
            keys["x" if name == notation.activations(0) else name] = equation.name
    return keys
