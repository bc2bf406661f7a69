"""What a backward pass left behind → gradients by our names.

They come back as lists of arrays, dictionaries, tuples named in the return statement, or not at
all: then they are attributes, or the parameters have moved.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.solutions.forms import array_of
from chainrule.solutions.reading import Array
from chainrule.solutions.styles.instances import layer_of


@dataclass(frozen=True)
class Candidate:
    """An array that may be a gradient.

    Parameters
    ----------
    name : str
        Of the variable, attribute or key; empty where there is none.
    index : int or None
        In a list.
    array : ndarray
    """

    name: str
    index: int | None
    array: Array


def returned_names(
    node: ast.AST, otherwise: Callable[[ast.expr], str] = lambda _part: ""
) -> list[list[str]]:
    """Return the names in every return statement of a function; ``""`` for what is no name.

    Parameters
    ----------
    node : ast.AST
    otherwise : callable, optional
        What is said instead of what is no name.

    Examples
    --------
    >>> returned_names(ast.parse("def f(): return loss, grads['W1'], -a").body[0])
    [['loss', 'W1', '']]
    """
    found = []
    for each in ast.walk(node):
        if isinstance(each, ast.Return) and each.value is not None:
            parts = each.value.elts if isinstance(each.value, ast.Tuple) else [each.value]
            found.append([_name(part) or otherwise(part) for part in parts])
    return found


def _name(part: ast.expr) -> str:
    if isinstance(part, ast.Name):
        return part.id
    if isinstance(part, ast.Attribute):
        return part.attr
    if isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant):
        return str(part.slice.value)
    return ""


def candidates(value: Any, name: str = "", index: int | None = None) -> Iterator[Candidate]:
    """Yield all arrays in what was returned, or in an attribute."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if isinstance(key, int):
                yield from candidates(each, name, key)
            else:
                yield from candidates(each, str(key), index)
        return
    if isinstance(value, (list, tuple)) or (
        isinstance(value, np.ndarray) and value.dtype == object
    ):
        for place, each in enumerate(value):
            array = array_of(each) if isinstance(each, np.ndarray) else None
            if array is not None and array.dtype != object:
                yield Candidate(name, place if index is None else index, array)
            elif isinstance(each, (list, tuple, Mapping)):
                yield from candidates(each, name, place)
        return
    array = array_of(value)
    one_bias = array is not None and not array.ndim and (layer_of(name) or "W")[0] == "b"
    if array is not None and (array.ndim or one_bias):
        yield Candidate(name, index, array)


def of_result(result: Any, names: Sequence[Sequence[str]]) -> list[Candidate]:
    """Return the arrays of what a function returned, with the names of its return statement."""
    if isinstance(result, tuple):
        fitting = [each for each in names if len(each) == len(result)]
        called = fitting[-1] if fitting else [""] * len(result)
        return [
            c for part, name in zip(result, called, strict=True) for c in candidates(part, name)
        ]
    fitting = [each for each in names if len(each) == 1]
    return list(candidates(result, fitting[-1][0] if fitting else ""))


def assigned(
    found: Sequence[Candidate], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, Candidate]:
    """Return which candidate is the gradient of which parameter.

    Names go first; where they say nothing the shape does.

    Parameters
    ----------
    found : sequence of Candidate
    shapes : mapping of str to tuple of int
        Of the parameters as their code has them.
    """
    result: dict[str, Candidate] = {}
    left: list[Candidate] = []
    layers = max(int(entry[1:]) for entry in shapes)
    lists: dict[str, list[Candidate]] = {}
    for each in found:
        meant = layer_of(each.name)
        if each.index is not None:
            lists.setdefault(each.name, []).append(each)
        elif meant is not None and meant[1] is not None and f"{meant[0]}{meant[1]}" in shapes:
            result.setdefault(f"{meant[0]}{meant[1]}", each)
        else:
            left.append(each)
    for name, group in lists.items():
        _assign_list(result, name, group, shapes, layers, left)
    for each in left:
        meant = layer_of(each.name)
        kinds = "Wb" if meant is None else meant[0]
        options = [entry for entry in shapes if entry not in result and entry[0] in kinds]
        fitting = [entry for entry in options if shapes[entry] == each.array.shape]
        if not fitting and meant is not None:
            fitting = [e for e in options if each.array.shape == shapes[e][::-1]] or options[:1]
        if fitting and (meant is not None or not each.name or each.name[:1] in "dgnD"):
            result[fitting[0]] = each
    return result


def _assign_list(
    result: dict[str, Candidate],
    name: str,
    group: list[Candidate],
    shapes: Mapping[str, tuple[int, ...]],
    layers: int,
    left: list[Candidate],
) -> None:
    """Assign a list with a gradient for every layer, in either order, or with a few for each."""
    per = len(group) / layers
    if per == 1:
        meant = layer_of(name)
        kind = meant[0] if meant else None
        ordered = sorted(group, key=lambda each: each.index or 0)
        if kind is None:
            fits = {
                k: sum(
                    shapes.get(f"{k}{i}") == each.array.shape for i, each in enumerate(ordered, 1)
                )
                for k in "Wb"
            }
            if not any(fits.values()):
                backwards = ordered[::-1]
                fits = {
                    k: sum(
                        shapes.get(f"{k}{i}") == each.array.shape
                        for i, each in enumerate(backwards, 1)
                    )
                    for k in "Wb"
                }
            if not any(fits.values()):
                return
            kind = max(fits, key=lambda k: fits[k])
        entries = [f"{kind}{layer}" for layer in range(1, layers + 1)]
        if any(entry not in shapes for entry in entries):
            return
        forwards = [shapes[e] == c.array.shape for e, c in zip(entries, ordered, strict=True)]
        backwards_fit = all(
            shapes[e] == c.array.shape for e, c in zip(entries, ordered[::-1], strict=True)
        )
        if not all(forwards) and backwards_fit:
            ordered.reverse()
        for entry, each in zip(entries, ordered, strict=True):
            result.setdefault(entry, each)
    else:
        left += [Candidate("", None, each.array) for each in group]
