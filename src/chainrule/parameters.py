"""Parameters: all weights and biases of a network in one flat buffer, with named views.

The buffer holds W1, W2, …, then b1, b2, …, each row by row. Optimizers and engines see one
vector; people see ``params.W1``, a view into it. Jacobians come in the same form, so that
``params.flat -= 0.1 * jacobians.flat`` is a step of gradient descent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from types import MappingProxyType
from typing import Any

import numpy as np

from chainrule import notation
from chainrule.arguments import layer_sizes, zero_or_more
from chainrule.arrays import Array, cast, float_dtype, real_array
from chainrule.errors import InvalidType, InvalidValue, ShapeError, UnknownName, UnknownQuantity
from chainrule.randomness import Source, source

Shape2 = tuple[int, int]


class Parameters(Mapping[str, Array]):
    """Weights and biases by name (``params.W1``, ``params["W1"]``), over one flat buffer.

    Assigning to a name copies into the buffer; views taken earlier stay valid.

    Parameters
    ----------
    sizes : sequence of int
        ``(n0, n1, …, n_L)``.
    flat : ndarray of float32 or float64, shape (P,), optional
        The buffer. It is used as it is, not copied. Without one, zeros.
    dtype : dtype, optional
        Of the zeros; float64 where nothing is said.

    Raises
    ------
    ShapeError
        If the buffer does not have as many entries as the sizes ask for.
    InvalidType
        If it is not a one-dimensional, contiguous array of float32 or float64.

    Examples
    --------
    >>> params = Parameters([2, 3, 1])
    >>> params
    Parameters(2-3-1, float64: W1 3 × 2, W2 1 × 3, b1 3 × 1, b2 1 × 1)
    >>> params.b1 = [[1], [2], [3]]
    >>> params.flat
    array([0., 0., 0., 0., 0., 0., 0., 0., 0., 1., 2., 3., 0.])
    """

    __slots__ = ("_flat", "_sizes", "_views")

    _sizes: tuple[int, ...]
    _flat: Array
    _views: dict[str, Array]

    def __init__(
        self, sizes: Sequence[int], flat: Array | None = None, *, dtype: Any = np.float64
    ) -> None:
        checked = layer_sizes(sizes)
        layout = shapes(checked)
        ends = [0, *accumulate(rows * columns for rows, columns in layout.values())]
        if flat is None:
            flat = _zeros(ends[-1], float_dtype(dtype))
        _usable_as_buffer(flat, ends[-1])
        views = {
            name: flat[start:end].reshape(shape)
            for (name, shape), (start, end) in zip(layout.items(), pairwise(ends), strict=True)
        }
        object.__setattr__(self, "_sizes", checked)
        object.__setattr__(self, "_flat", flat)
        object.__setattr__(self, "_views", views)

    @classmethod
    def from_flat(cls, sizes: Sequence[int], flat: Array) -> Parameters:
        """Return parameters over an existing buffer, which is shared, not copied.

        Parameters
        ----------
        sizes : sequence of int
            ``(n0, n1, …, n_L)``.
        flat : ndarray of float32 or float64, shape (P,)
            The buffer.

        Returns
        -------
        params : Parameters
            Views into it.

        Examples
        --------
        >>> buffer = np.arange(3.0)
        >>> params = Parameters.from_flat([2, 1], buffer)
        >>> buffer[2] = 7
        >>> params.b1
        array([[7.]])
        """
        return cls(sizes, flat)

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, Any] | None = None, /, *, dtype: Any = None, **named: Any
    ) -> Parameters:
        """Return parameters with the values of arrays ``W1, b1, W2, …``; the sizes follow.

        Parameters
        ----------
        arrays : mapping of str to array_like, optional
            By name; or give them as keywords.
        dtype : dtype, optional
            float32 or float64; where nothing is said, float32 only if all arrays are.

        Raises
        ------
        UnknownQuantity
            If a name is none of a weight or bias.
        ShapeError
            If the shapes do not fit each other.
        InvalidType, InvalidValue
            If an array is missing, or entries are not finite real numbers.

        Examples
        --------
        >>> Parameters.from_arrays(W1=[[1, 2]], b1=[[3]]).flat
        array([1., 2., 3.])
        """
        if arrays is not None and not isinstance(arrays, Mapping):
            raise InvalidType(
                f"arrays is a {type(arrays).__name__}, wanted a mapping such as "
                '{"W1": …, "b1": …}, or keywords'
            )
        both = {**(arrays or {}), **named}
        given = {str(name): real_array(str(name), value) for name, value in both.items()}
        sizes = _sizes_of(given)
        found = dtype if dtype is not None else np.result_type(*given.values())
        params = cls(sizes, dtype=found)
        for name, value in given.items():
            params._assign(name, cast(name, value, params.dtype))
        return params

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of units of each layer, the inputs first."""
        return self._sizes

    @property
    def flat(self) -> Array:
        """The buffer, shape (P,): all entries of W1, W2, …, b1, b2, …, row by row."""
        return self._flat

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """float32 or float64."""
        return self._flat.dtype

    @property
    def views(self) -> Mapping[str, Array]:
        """All views by name, in their order in memory, as a mapping that cannot be changed."""
        return MappingProxyType(self._views)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in their order in memory."""
        return tuple(self._views)

    def copy(self) -> Parameters:
        """Return parameters with the same values in a buffer of their own.

        Returns
        -------
        params : Parameters
            The copy.
        """
        return Parameters(self._sizes, self._flat.copy())

    def astype(self, dtype: Any) -> Parameters:
        """Return a copy in another dtype.

        Parameters
        ----------
        dtype : dtype
            float32 or float64.

        Returns
        -------
        params : Parameters
            In a buffer of their own.
        """
        return Parameters(self._sizes, cast("flat", self.copy()._flat, float_dtype(dtype)))

    def __getitem__(self, name: str) -> Array:
        try:
            return self._views[name]
        except KeyError:
            raise UnknownQuantity("parameter", name, self.names) from None

    def __getattr__(self, name: str) -> Array:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "flat":
            given = real_array("flat", value)
            if given.shape not in ((), self._flat.shape):
                raise ShapeError("flat", given.shape, self._flat.shape, "give one number per entry")
            self._flat[...] = given
        else:
            self._assign(name, real_array(name, value))

    def _assign(self, name: str, value: Array) -> None:
        view = self[name]
        if value.shape != view.shape:
            raise ShapeError(name, value.shape, view.shape, _remedy(name, value, view.shape))
        view[...] = value

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._views]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parameters):
            return NotImplemented
        return (
            self._sizes == other._sizes
            and self.dtype == other.dtype
            and np.array_equal(self._flat, other._flat)
        )

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (self._sizes, self._flat)

    def __repr__(self) -> str:
        shown = [f"{name} {rows} × {cols}" for name, (rows, cols) in shapes(self._sizes).items()]
        return f"Parameters({'-'.join(map(str, self._sizes))}, {self.dtype}: {', '.join(shown)})"


def _unpickled(sizes: tuple[int, ...], flat: Array) -> Parameters:
    """Rebuild parameters; a buffer that was handed over read-only is copied."""
    return Parameters(sizes, flat if flat.flags.writeable else flat.copy())


def shapes(sizes: Sequence[int]) -> dict[str, Shape2]:
    """Return the shape of every parameter of a network, by name, in their order in memory.

    Examples
    --------
    >>> shapes([5, 3, 2])
    {'W1': (3, 5), 'W2': (2, 3), 'b1': (3, 1), 'b2': (2, 1)}
    """
    pairs = list(enumerate(pairwise(sizes), start=1))
    weights = {notation.weights(layer): (rows, columns) for layer, (columns, rows) in pairs}
    return weights | {notation.biases(layer): (rows, 1) for layer, (_, rows) in pairs}


def _zeros(entries: int, dtype: np.dtype[np.floating]) -> Array:
    try:
        return np.zeros(entries, dtype=dtype)
    except (MemoryError, ValueError):
        raise InvalidValue(
            f"the sizes ask for {entries:,} weights and biases, "
            f"{entries * dtype.itemsize / 2**30:,.0f} GiB, wanted what fits into memory"
        ) from None


def _usable_as_buffer(flat: Any, entries: int) -> None:
    wanted = "wanted a one-dimensional, contiguous, writeable array of float32 or float64"
    if not isinstance(flat, np.ndarray) or flat.dtype.kind != "f":
        kind = f"dtype {flat.dtype}" if isinstance(flat, np.ndarray) else type(flat).__name__
        raise InvalidType(f"flat has {kind}, {wanted}: pass np.asarray(flat, dtype=float)")
    float_dtype(flat.dtype)
    if flat.shape != (entries,):
        raise ShapeError("flat", flat.shape, (entries,), "one entry per weight and bias")
    if not (flat.flags.c_contiguous and flat.flags.writeable):
        raise InvalidType(f"flat is strided or read-only, {wanted}: pass flat.copy()")


_PARAMETER = re.compile(r"[Wb]([1-9][0-9]*)\Z")


def _sizes_of(given: Mapping[str, Array]) -> list[int]:
    layers = max((int(match[1]) for match in map(_PARAMETER.match, given) if match), default=1)
    names = notation.parameter_names(layers)
    for name in given:
        if name not in names:
            raise UnknownQuantity(
                "parameter", name, names, "Weights are W1, W2, …, biases b1, b2, …"
            )
    for name in names:
        if name not in given:
            raise InvalidValue(
                f"{name} is missing, wanted weights and biases of every layer: "
                f"{', '.join(names)}; given are {', '.join(given) or 'none'}"
            )
    for name in names[:layers]:
        met = given[name].shape
        if len(met) != 2:
            remedy = "weights are a matrix, one row per unit"
            raise ShapeError(name, met, "(units, inputs)", remedy)
    for weights, biases in zip(names[:layers], names[layers:], strict=True):
        met = given[weights].shape
        if given[biases].size == met[1] != met[0]:
            remedy = (
                f"rows and columns look swapped (one row per unit, and {biases} has {met[1]}); "
                f"pass {weights}.T"
            )
            raise ShapeError(weights, met, met[::-1], remedy)
    return [given["W1"].shape[1], *(given[name].shape[0] for name in names[:layers])]


def _remedy(name: str, value: Array, wanted: Shape2) -> str:
    if value.shape == wanted[::-1]:
        return f"rows and columns look swapped; pass {name}.T"
    if value.size == wanted[0] * wanted[1]:
        return f"the entries are as many; pass {name}.reshape({wanted[0]}, {wanted[1]})"
    return "the sizes of the layers do not fit"


# initialisation -----------------------------------------------------------------------------

Spread = Callable[[int, int], float]

SCHEMES: Mapping[str, tuple[float, Spread]] = {
    "normal": (0.5, lambda _inputs, _units: 1.0),
    "xavier": (1.0, lambda inputs, units: (2 / (inputs + units)) ** 0.5),
    "he": (1.0, lambda inputs, _units: (2 / inputs) ** 0.5),
}
"""Per scheme: the usual scale, and the standard deviation of a weight at scale 1."""


def initialize(
    sizes: Sequence[int],
    rng: Any = None,
    *,
    scheme: str = "xavier",
    scale: float | None = None,
    dtype: Any = np.float64,
) -> Parameters:
    """Draw starting parameters; `Network.initialize` documents the arguments."""
    if not isinstance(scheme, str) or scheme not in SCHEMES:
        raise UnknownName("scheme", scheme, SCHEMES)
    usual, spread = SCHEMES[scheme]
    factor = usual if scale is None else zero_or_more("scale", scale)
    draws: Source = source(rng)
    params = Parameters(sizes, dtype=dtype)
    for name, (rows, columns) in shapes(sizes).items():
        if notation.is_weights(name) or scheme == "normal":
            drawn = draws.standard_normal((rows, columns))
            with np.errstate(over="ignore"):
                scaled = drawn * (factor * spread(columns, rows))
            params[name][...] = cast(name, scaled, params.dtype)
    return params
