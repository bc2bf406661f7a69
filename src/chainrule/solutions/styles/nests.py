"""Names and values of what a function returned, nested as it came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chainrule.solutions.forms import array_of
from chainrule.solutions.reading import Array
from chainrule.solutions.styles.signatures import Names


def named(names: Names, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what was returned by its name; of dictionaries, by their keys as well."""
    if isinstance(names, str):
        if names:
            yield names, value
    elif isinstance(value, (tuple, list)) and len(value) == len(names):
        for name, each in zip(names, value, strict=True):
            yield from named(name, each)
    if isinstance(value, Mapping):
        for key, each in value.items():
            if isinstance(key, str):
                yield key, each


def arrays(
    names: Names, value: Any, path: tuple[Any, ...] = ()
) -> Iterator[tuple[str, tuple[Any, ...], Array]]:
    """Yield arrays in what was returned, with names and places; of lists, the last."""
    name = names if isinstance(names, str) else ""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from arrays(str(key), each, (*path, key))
    elif isinstance(value, (tuple, list)):
        inner = names if isinstance(names, tuple) and len(names) == len(value) else None
        if inner is not None or isinstance(value, tuple):
            for place, each in enumerate(value):
                yield from arrays(inner[place] if inner else "", each, (*path, place))
        elif value:
            yield from arrays(name, value[-1], (*path, -1))
    else:
        array = array_of(value)
        if array is not None and array.ndim:
            yield name, path, array


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """Return what is at a place."""
    for key in path:
        value = value[key]
    return value


def bundle(result: Any) -> Any:
    """Return the bundle of a forward pass that returns one beside its output, else all of it."""
    if isinstance(result, tuple):
        inner = [each for each in result if isinstance(each, (tuple, list, Mapping))]
        if len(inner) == 1:
            return inner[0]
    return result
