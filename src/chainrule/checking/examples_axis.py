"""Data with its examples repeated, where an axis of all arrays may be that of the examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Data = dict[Any, Any]


@dataclass(frozen=True)
class Repeated:
    """One way to read data as examples.

    Parameters
    ----------
    data : dict
        With every example twice.
    first : dict
        With the first example alone.
    sizes, sizes_again : dict of str to int
        ``m``, and the other axes of the first array and of the last: ``d``, ``k``.
    """

    data: Data
    first: Data
    sizes: dict[str, int]
    sizes_again: dict[str, int]


def repeated(data: Mapping[Any, Any]) -> Iterator[Repeated]:
    """Yield the ways in which data may be examples: along the last axis, along the first.

    Parameters
    ----------
    data : mapping
        Arrays, and what else functions take.
    """
    arrays = [value for value in data.values() if isinstance(value, np.ndarray) and value.ndim]
    for axis in (-1, 0):
        lengths = {value.shape[axis] for value in arrays}
        if len(lengths) != 1:
            continue
        (m,) = lengths
        twice: Data = {}
        first: Data = {}
        for key, value in data.items():
            is_array = isinstance(value, np.ndarray) and value.ndim > 0
            twice[key] = np.concatenate([value, value], axis) if is_array else value
            first[key] = np.take(value, [0], axis) if is_array else value
        sizes = {"m": m}
        for name, array in (("d", arrays[0]), ("k", arrays[-1])):
            other = array.size // m
            if other > 1:
                sizes[name] = other
        yield Repeated(twice, first, sizes, {**sizes, "m": 2 * m})
