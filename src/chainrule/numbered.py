"""Rows with a number in them: ``"leaky_relu(0.2)"``, ``"huber(delta=1.35)"``.

A number is written behind the name, with or without its own name, wherever a name can be
written: in Python, on the command line, in a file. So a description stays plain text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from chainrule.coefficient import decimal
from chainrule.errors import InvalidType, InvalidValue, UnknownName

Row = TypeVar("Row")
_CALL = re.compile(r"\s*(?P<name>\w+)\s*(?:\((?P<inside>[^()]*)\)\s*)?\Z")


@dataclass(frozen=True)
class Numbered(Generic[Row]):
    """A row that is made for a number.

    Parameters
    ----------
    make : callable
        Takes the full name and the number, returns the row.
    number : str
        Name of the number.
    usual : float
        The number where nothing is said.
    least, most : float
        It must lie between these, both excluded.
    """

    make: Callable[[str, Fraction], Row]
    number: str
    usual: float
    least: float = -math.inf
    most: float = math.inf

    def row(self, name: str, inside: str | None) -> Row:
        """Return the row for what stands between the parentheses."""
        value = self.usual if inside is None else self._value(name, inside)
        return self.make(f"{name}({self.number}={_shortest(value)})", decimal(value))

    def _value(self, name: str, inside: str) -> float:
        keyword, equals, written = inside.rpartition("=")
        if equals and keyword.strip() != self.number:
            raise UnknownName(f"number of {name}", keyword.strip(), [self.number])
        try:
            value = float(written)
        except ValueError:
            value = math.nan
        if not (self.least < value < self.most and math.isfinite(value)):
            raise InvalidValue(
                f"{self.number} of {name} is {written.strip() or 'empty'}, wanted a number "
                f"{self._wanted()}, as in {name}({self.usual:g})"
            )
        return value

    def _wanted(self) -> str:
        if math.isfinite(self.most):
            return f"between {self.least:g} and {self.most:g}"
        return f"larger than {self.least:g}" if math.isfinite(self.least) else "that is finite"


def _shortest(value: float) -> str:
    """Return a number so that reading it gives the same number again."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def find(
    kind: str,
    name: object,
    rows: Mapping[str, Row],
    numbered: Mapping[str, Numbered[Row]],
    known: Iterable[str] = (),
) -> Row:
    """Return the row of a name, with its number if it bears one.

    Parameters
    ----------
    kind : str
        What the name is the name of, for messages.
    name : object
        What a caller gave.
    rows : mapping of str to row
        All rows by name, those with their usual number too.
    numbered : mapping of str to Numbered
        Those of the names that take a number.
    known : iterable of str, optional
        Names to tell of, where these are not all that a caller could write.

    Raises
    ------
    InvalidType
        If `name` is not text.
    UnknownName
        If there is no such row; the message offers the nearest name.
    InvalidValue
        If the number is impossible, or the row takes none.
    """
    told = tuple(known) or tuple(rows)
    if not isinstance(name, str):
        raise InvalidType(
            f"{kind} is {name!r}, wanted the name of one: {', '.join(told)}; one of "
            f"your own is made known by register_{kind}"
        )
    found = _CALL.match(name)
    base, inside = (found["name"], found["inside"]) if found else (name, None)
    if base not in rows and base not in told:
        raise UnknownName(kind, base, told)
    if inside is None:
        return rows[base]
    if base not in numbered:
        raise InvalidValue(
            f"{kind} is {name!r}, but {base} takes no number; write {base!r}. "
            f"Those that do: {', '.join(f'{each}({row.number})' for each, row in numbered.items())}"
        )
    return numbered[base].row(base, inside)
