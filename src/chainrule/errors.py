"""One tree of exceptions: what was wrong, what was met, what was wanted, what to do.

Whoever wants to catch everything that this package raises on purpose catches `ChainruleError`.
Each class is also the built-in exception that a caller would expect in its place, so that
``except ValueError`` keeps working. The words are put together here, in one form for all:

    y has shape (5, 2), wanted (2, 5): rows and columns look swapped; pass y.T
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from chainrule import aliases


class ChainruleError(Exception):
    """Root of all exceptions that chainrule raises on purpose."""


class ShapeError(ChainruleError, ValueError):
    """An array does not have the shape that its place asks for.

    Parameters
    ----------
    quantity : str
        Name of the array, as the caller knows it (``"x"``, ``"W2"``).
    met, wanted : object
        The shape that came and the shape that was expected, as they should be printed.
    remedy : str
        What the caller can do about it, starting in lower case.

    Examples
    --------
    >>> raise ShapeError("x", (4, 3), "(3, m)", "pass x.T")
    Traceback (most recent call last):
        ...
    chainrule.errors.ShapeError: x has shape (4, 3), wanted (3, m): pass x.T
    """

    def __init__(self, quantity: str, met: object, wanted: object, remedy: str) -> None:
        self.quantity, self.met, self.wanted, self.remedy = quantity, met, wanted, remedy
        super().__init__(f"{quantity} has shape {met}, wanted {wanted}: {remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.quantity, self.met, self.wanted, self.remedy)


class InvalidValue(ChainruleError, ValueError):
    """A value is outside what its place allows; the message says which, where and what to do."""


class InvalidType(ChainruleError, TypeError):
    """A value is of a kind that its place cannot take (objects, text, complex numbers)."""


class UnknownName(ChainruleError, ValueError):
    """A name that is in none of the tables; the message offers the one that was meant.

    That is what a word of another library (`aliases`) is called here, with what may differ, else
    the nearest spelling.

    Parameters
    ----------
    kind : str
        What the name should have been the name of (``"activation"``).
    name : str
        The name that came.
    known : iterable of str
        All names that would have been accepted.
    remedy : str, optional
        What to do, where that is more than to choose a known name.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], remedy: str = "") -> None:
        self.kind, self.name, self.known, self.remedy = kind, name, tuple(known), remedy
        nearest, note = aliases.meant(kind, str(name)), aliases.note(kind, str(name))
        if nearest not in self.known:
            nearest, note = _nearest(str(name), self.known), ""
        guess = f"; did you mean {nearest!r}?" if nearest else "."
        message = f"unknown {kind} {name!r}{guess} Known: {', '.join(self.known)}."
        super().__init__(" ".join(part for part in (message, note, remedy) if part))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.kind, self.name, self.known, self.remedy)


def _nearest(name: str, known: tuple[str, ...]) -> str:
    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.casefold(), each)
    found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    return folded[found[0]] if found else ""


class UnknownQuantity(UnknownName, KeyError, AttributeError):  # type: ignore[misc]  # all three bases have a `name`
    """A quantity (`W4`, `delta9`) that this network does not have.

    Parameters
    ----------
    kind, name, known, remedy : object
        As of `UnknownName`.
    """

    __str__ = Exception.__str__  # a KeyError would show the message in quotes


class PairRefused(ChainruleError, ValueError):
    """A cost and an output activation that must not meet; the message gives the reason."""


class WrongDerivative(ChainruleError, ValueError):
    """A person's derivative is not that of their function; the message says where and why."""


class EngineUnavailable(ChainruleError, RuntimeError):
    """An engine asked for by name cannot serve; nothing else is used in its place."""


class NonFiniteCost(ChainruleError, ArithmeticError):
    """Training met a cost or a Jacobian that is not finite.

    Parameters
    ----------
    message : str
        What was met, when, and what to try.
    iteration : int
        Number of updates that had been made when it was met.
    params : Parameters
        The last parameters whose cost was finite; at iteration 0, those of the start.
    history : History
        Costs recorded so far.
    """

    def __init__(self, message: str, *, iteration: int, params: Any, history: Any) -> None:
        super().__init__(message)
        self.iteration, self.params, self.history = iteration, params, history

    def __reduce__(self) -> tuple[Any, ...]:
        return _non_finite_cost, (str(self), self.iteration, self.params, self.history)


def _non_finite_cost(message: str, iteration: int, params: Any, history: Any) -> NonFiniteCost:
    return NonFiniteCost(message, iteration=iteration, params=params, history=history)
