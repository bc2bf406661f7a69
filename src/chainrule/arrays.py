"""Arrays as people hand them over: converted where that loses nothing, refused with a remedy.

What is taken: anything that NumPy reads as real numbers. Integers and booleans become floats
(exactly, or they are refused). What is refused: objects, text, complex numbers, NaN, infinity,
wrong shapes. Every refusal says which quantity, what came, what was wanted and what to do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InvalidType, InvalidValue, ShapeError

Array = NDArray[np.floating]


def float_dtype(dtype: Any) -> np.dtype[np.floating]:
    """Return float32 or float64; refuse every other dtype.

    Raises
    ------
    InvalidType
        If `dtype` is neither.
    """
    try:
        found: np.dtype[np.floating] = np.dtype(dtype)
    except TypeError as error:
        raise InvalidType(f"dtype is {dtype!r}, wanted float32 or float64") from error
    if found not in (np.dtype(np.float32), np.dtype(np.float64)):
        order = "" if found.isnative else " in another byte order"
        raise InvalidType(f"dtype is {found.name}{order}, wanted float32 or float64")
    return found


def real_array(name: str, value: Any) -> Array:
    """Return `value` as an array of float32 or float64, without copying where it is one.

    Raises
    ------
    InvalidType
        If the entries are not real numbers.
    InvalidValue
        If rows have unequal lengths, or an integer is too large for a float64.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise InvalidType(
            f"{name} is a masked array, wanted plain numbers: fill what is masked with "
            f"{name}.filled(…), or leave those examples out"
        )
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise InvalidValue(
            f"{name} is no rectangular array: its rows have unequal lengths or shapes; "
            f"give {name} as one array of numbers"
        ) from error
    kind = array.dtype.kind
    if kind not in "fiub":
        raise InvalidType(
            f"{name} has dtype {array.dtype}, wanted real numbers (float32 or float64): "
            + _REMEDIES.get(kind, f"give {name} as numbers").format(name=name)
        )
    if array.dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        return array
    if kind == "f" and array.dtype.itemsize < np.dtype(np.float32).itemsize:
        return array.astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # what does not fit is refused below
        converted = array.astype(np.float64)
        if kind not in "iu" or np.array_equal(converted.astype(array.dtype), array):
            return converted
    raise InvalidValue(
        f"{name} holds integers beyond 2**53, which no float64 can hold exactly: "
        f"scale {name}, or say with {name}.astype(float) that rounding is fine"
    )


_REMEDIES = {
    "O": "they are objects; np.asarray({name}, dtype=float) converts them, or says which it cannot",
    "U": "they are text; convert numbers with {name}.astype(float), and give labels as one-hot "
    "columns",
    "S": "they are bytes; convert them with {name}.astype(float)",
    "c": "they are complex; take {name}.real if the imaginary parts are 0",
}


def cast(name: str, array: Array, dtype: np.dtype[np.floating]) -> Array:
    """Return `array` in `dtype`, finite.

    Raises
    ------
    InvalidValue
        With the place of the first entry that is not finite, or too large for `dtype`.
    """
    finite(name, array)
    with np.errstate(over="ignore"):
        converted = array.astype(dtype, copy=False)
    if converted is not array and not np.isfinite(converted).all():
        place = tuple(np.argwhere(~np.isfinite(converted))[0])
        raise InvalidValue(
            f"{name}[{', '.join(map(str, place))}] is {array[place]:g}, too large for "
            f"{dtype.name}: scale {name}, or use dtype=float64"
        )
    return converted


def finite(name: str, array: Array) -> Array:
    """Return `array` unchanged if all of it is finite.

    Raises
    ------
    InvalidValue
        With the place of the first entry that is not.
    """
    # The sum is finite unless an entry is not, or it overflows: nearly always one pass decides.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.sum(array)):
            return array
    bad = np.argwhere(~np.isfinite(array))
    if not len(bad):
        return array
    place = ", ".join(map(str, bad[0]))
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    raise InvalidValue(
        f"{name}[{place}] is {array[tuple(bad[0])]}{more}, wanted finite numbers: "
        f"remove or fill such entries"
    )


def examples_in_columns(
    name: str,
    value: Any,
    rows: int,
    dtype: np.dtype[np.floating],
    meaning: str,
    examples: int | None = None,
) -> Array:
    """Return `value` as a finite matrix of `rows` × m in `dtype`, one example per column.

    Parameters
    ----------
    name : str
        ``"x"`` or ``"y"``.
    value : array_like, shape (rows, m)
        What the caller gave.
    rows : int
        Number of inputs or outputs of the network.
    dtype : numpy.dtype
        The dtype of the parameters that it will meet.
    meaning : str
        What the rows are, in the plural.
    examples : int, optional
        How many examples there must be, where that is known.

    Raises
    ------
    ShapeError
        If the shape is wrong; rows and columns swapped, and labels in the place of columns, are
        recognised.
    InvalidType, InvalidValue
        If the entries are not finite real numbers.
    """
    given = real_array(name, value)
    wanted = f"({rows}, {'m' if examples is None else examples})"
    if given.size == 0:
        raise ShapeError(name, given.shape, wanted, "it is empty; give at least one example")
    if _looks_like_labels(given, rows, examples):
        remedy = (
            f"these look like labels; give class k as a column with a 1 in row k: "
            f"np.eye({rows})[:, labels]"
        )
        raise ShapeError(name, given.shape, wanted, remedy)
    if given.ndim != 2:
        raise ShapeError(name, given.shape, wanted, _remedy_for_dimensions(name, given, rows))
    if given.shape[0] != rows:
        if given.shape[1] == rows:
            remedy = f"rows and columns look swapped (one example per column); pass {name}.T"
        else:
            remedy = f"the network has {rows} {meaning}, one row each; one example per column"
        raise ShapeError(name, given.shape, wanted, remedy)
    if examples is not None and given.shape[1] != examples:
        remedy = f"x has {examples} examples (columns) and {name} has {given.shape[1]}"
        raise ShapeError(name, given.shape, wanted, remedy)
    return cast(name, given, dtype)


def _looks_like_labels(given: Array, rows: int, examples: int | None) -> bool:
    if rows == 1 or examples is None or given.size != examples:
        return False
    flat = given.ndim == 1 or (given.ndim == 2 and min(given.shape) == 1)
    return flat and np.array_equal(given, np.round(given))


def _remedy_for_dimensions(name: str, given: Array, rows: int) -> str:
    if given.ndim == 1 and given.size == rows and rows > 1:
        return f"for a single example pass {name}.reshape({rows}, 1)"
    if given.ndim == 1 and rows == 1:
        return f"for {given.size} examples pass {name}.reshape(1, {given.size})"
    return "give a matrix with one example per column"
