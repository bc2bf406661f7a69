"""Numbers and lists as people hand them over: checked once, here, refused with what was wanted."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from chainrule.errors import InvalidType, InvalidValue


def whole(name: str, value: Any, least: int = 0) -> int:
    """Return a whole number that is at least `least`.

    Raises
    ------
    InvalidType, InvalidValue
        If it is none.

    Examples
    --------
    >>> whole("iterations", -1)
    Traceback (most recent call last):
        ...
    chainrule.errors.InvalidValue: iterations is -1, wanted a whole number, 0 or larger
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidType(f"{name} is {value!r}, wanted a whole number") from None
    if number < least or isinstance(value, bool):
        raise InvalidValue(f"{name} is {value!r}, wanted a whole number, {least} or larger")
    return number


def positive(name: str, value: Any, *, or_zero: bool = False) -> float:
    """Return a finite number larger than 0 (or 0, if that is allowed).

    Raises
    ------
    InvalidType, InvalidValue
        If it is none.

    Examples
    --------
    >>> positive("learning_rate", 0.5)
    0.5
    """
    wanted = "a finite number, 0 or larger" if or_zero else "a finite number larger than 0"
    if isinstance(value, (str, bytes, bool)):
        raise InvalidType(f"{name} is {value!r}, a {type(value).__name__}, wanted {wanted}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InvalidType(f"{name} is {value!r}, wanted {wanted}") from None
    if not math.isfinite(number) or number < 0 or (number == 0 and not or_zero):
        raise InvalidValue(f"{name} is {value!r}, wanted {wanted}")
    return number


def zero_or_more(name: str, value: Any) -> float:
    """Return a finite number that is 0 or larger.

    Raises
    ------
    InvalidType, InvalidValue
        If it is none.

    Examples
    --------
    >>> zero_or_more("l2", -1)
    Traceback (most recent call last):
        ...
    chainrule.errors.InvalidValue: l2 is -1, wanted a finite number, 0 or larger
    """
    return positive(name, value, or_zero=True)


def at_least(least: int) -> Callable[[str, Any], int]:
    """Return the check of a whole number that is at least `least`.

    Examples
    --------
    >>> at_least(1)("every", 5)
    5
    """
    return lambda name, value: whole(name, value, least)


def check_fields(row: object, **checks: Callable[[str, Any], object]) -> None:
    """Replace fields of a frozen row by what their checks make of them.

    Parameters
    ----------
    row : object
        Of a frozen dataclass, in its ``__post_init__``.
    **checks : callable
        By the name of the field; called with that name and the value.

    Raises
    ------
    InvalidType, InvalidValue
        Whatever a check raises.
    """
    for name, check in checks.items():
        object.__setattr__(row, name, check(name, getattr(row, name)))


def fraction(name: str, value: Any) -> float:
    """Return a number from 0 to below 1.

    Raises
    ------
    InvalidType, InvalidValue
        If it is none.

    Examples
    --------
    >>> fraction("momentum", 1.0)
    Traceback (most recent call last):
        ...
    chainrule.errors.InvalidValue: momentum is 1.0, wanted a number from 0 to below 1
    """
    number = positive(name, value, or_zero=True)
    if number >= 1:
        raise InvalidValue(f"{name} is {value!r}, wanted a number from 0 to below 1")
    return number


def listed(name: str, given: Any, kind: Any, wanted: str) -> list[Any]:
    """Return a list of rows, where one alone, or a class, is a slip that is worth a word.

    Parameters
    ----------
    name : str
        Name of the argument, for messages.
    given : sequence
        What a caller gave.
    kind : type
        What each row is to be an instance of.
    wanted : str
        What the rows are, with an example, for messages.

    Raises
    ------
    InvalidType
        If it is no list, or holds something else.

    Examples
    --------
    >>> listed("steps", [3, "a"], int, "whole numbers such as 5")
    Traceback (most recent call last):
        ...
    chainrule.errors.InvalidType: steps holds 'a', wanted whole numbers such as 5
    """
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise InvalidType(f"{name} is {given!r}, wanted a list of {wanted}")
    for each in given:
        if isinstance(each, type) or not isinstance(each, kind):
            raise InvalidType(f"{name} holds {each!r}, wanted {wanted}")
    return list(given)


def layer_sizes(sizes: Any) -> tuple[int, ...]:
    """Return the numbers of units of all layers, the inputs first.

    Raises
    ------
    InvalidType, InvalidValue
        If they are no whole numbers, there are fewer than two, or one is below 1.

    Examples
    --------
    >>> layer_sizes([5, 3, 2, 2])
    (5, 3, 2, 2)
    """
    if isinstance(sizes, (str, bytes)) or not isinstance(sizes, Iterable):
        raise InvalidType(f"sizes is {sizes!r}, wanted a list of layer sizes such as [5, 3, 2, 2]")
    checked = []
    for place, size in enumerate(sizes):
        try:
            units = operator.index(size)
        except TypeError:
            raise InvalidType(
                f"sizes[{place}] is {size!r}, wanted a whole number of units"
            ) from None
        if isinstance(size, bool) or units < 1:
            raise InvalidValue(f"sizes[{place}] is {size!r}, wanted at least one unit")
        checked.append(units)
    if len(checked) < 2:
        raise InvalidValue(
            f"sizes is {checked}, wanted at least inputs and outputs: without a layer there is "
            "nothing to learn; try [5, 2]"
        )
    return tuple(checked)
