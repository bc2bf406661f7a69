"""What manual backpropagation uses of PyTorch, over NumPy, for where PyTorch is not installed.

A tensor here is a NumPy array with the methods that such notebooks call; nothing is recorded, and
there is no ``backward``: gradients are what the notebook writes by hand. Numbers are float64, so
that differences can be taken. What is not here raises `AttributeError`, and is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np


class Extreme(NamedTuple):
    """The largest or smallest along an axis, and where they are."""

    values: Any
    indices: Any


def _axis(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, list) else dim


def _options(args: Sequence[Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return axis and keepdims, as NumPy calls them, of what PyTorch calls dim and keepdim."""
    given = dict(options)
    found: dict[str, Any] = {}
    values = list(args)
    axis = given.get("dim", given.get("axis", values.pop(0) if values else None))
    keep = given.get("keepdim", given.get("keepdims", values.pop(0) if values else False))
    found["axis"], found["keepdims"] = _axis(axis), bool(keep)
    return found


class Tensor(np.ndarray):
    """An array with the methods of a tensor."""

    requires_grad = False
    grad: Any = None

    def __new__(cls, values: Any = (), **_options: Any) -> Any:
        """Return a copy of the values, in float64 where they are no whole numbers."""
        return tensor(values)

    def __array_finalize__(self, _of: Any) -> None:
        """Take nothing over: a gradient belongs to one array."""

    def __array_wrap__(self, found: Any, *args: Any) -> Any:
        """Keep results tensors, of no dimension too."""
        return np.asarray(found).view(Tensor)

    def __getitem__(self, key: Any) -> Any:
        """Return a part; a list of indices picks, as there."""
        return of(np.ndarray.__getitem__(self, _index(key)))

    def __setitem__(self, key: Any, value: Any) -> None:
        """Set a part."""
        np.ndarray.__setitem__(self, _index(key), value)

    # What is no mathematics

    @property
    def data(self) -> Any:
        """Itself: nothing is recorded."""
        return self

    @data.setter
    def data(self, value: Any) -> None:
        np.ndarray.__setitem__(self, ..., value)

    @property
    def is_leaf(self) -> bool:
        """Nothing is recorded, so that all are."""
        return True

    def detach(self) -> Any:
        """Return itself."""
        return self

    cpu = cuda = contiguous = requires_grad_ = retain_grad = to = detach_ = (
        lambda self, *_args, **_options: self
    )

    def clone(self) -> Any:
        """Return a copy."""
        return of(np.array(self))

    def numpy(self) -> Any:
        """Return the array."""
        return np.asarray(self)

    def new_tensor(self, values: Any) -> Any:
        """Return a tensor of its kind."""
        return of(np.array(values, dtype=self.dtype))

    def float(self) -> Any:
        """Return it in float64."""
        return of(np.array(self, dtype=float))

    double = float

    def long(self) -> Any:
        """Return it in whole numbers."""
        return of(np.array(self, dtype=np.int64))

    int = long

    def backward(self, *_args: Any, **_options: Any) -> None:
        """Do nothing: what is asked for is what is written by hand."""

    def nelement(self) -> Any:
        """Return the number of entries."""
        return np.asarray(self).size

    numel = nelement

    def dim(self) -> Any:
        """Return the number of axes."""
        return self.ndim

    # Shapes

    def view(self, *shape: Any, **_options: Any) -> Any:
        """Return it in another shape."""
        if len(shape) == 1 and isinstance(shape[0], type):
            return np.ndarray.view(self, shape[0])
        return of(np.asarray(self).reshape(*shape))

    reshape = view

    def view_as(self, other: Any) -> Any:
        """Return it in the shape of another."""
        return self.view(*np.shape(other))

    reshape_as = view_as

    def unsqueeze(self, dim: Any) -> Any:
        """Return it with one more axis."""
        return of(np.expand_dims(np.asarray(self), dim))

    def squeeze(self, dim: Any = None) -> Any:
        """Return it without axes of length 1."""
        found = np.asarray(self)
        there = dim is None or found.shape[dim] == 1
        return of(np.squeeze(found, dim) if there else found)

    def t(self) -> Any:
        """Return it transposed."""
        return of(np.asarray(self).T)

    def transpose(self, *axes: Any) -> Any:
        """Return it with two axes exchanged."""
        return of(np.swapaxes(np.asarray(self), *axes))

    def permute(self, *axes: Any) -> Any:
        """Return it with its axes in another order."""
        order = axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes
        return of(np.transpose(np.asarray(self), order))

    def expand(self, *shape: Any) -> Any:
        """Return it spread out; −1 leaves an axis as it is."""
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        own = (1,) * (len(wanted) - self.ndim) + self.shape
        full = tuple(n if w == -1 else w for n, w in zip(own, wanted, strict=True))
        return of(np.broadcast_to(np.asarray(self), full).copy())

    def expand_as(self, other: Any) -> Any:
        """Return it spread out like another."""
        return self.expand(*np.shape(other))

    def repeat(self, *counts: Any) -> Any:
        """Return it several times side by side."""
        return of(np.tile(np.asarray(self), counts))

    def flatten(self, *_args: Any) -> Any:
        """Return it as one row."""
        return of(np.asarray(self).reshape(-1))

    # Along axes

    def sum(self, *args: Any, **options: Any) -> Any:
        """Return the sum."""
        return of(np.sum(np.asarray(self), **_options(args, options)))

    def mean(self, *args: Any, **options: Any) -> Any:
        """Return the mean."""
        return of(np.mean(np.asarray(self), **_options(args, options)))

    def var(self, *args: Any, **options: Any) -> Any:
        """Return the variance, by n − 1 unless told otherwise."""
        count = int(options.pop("unbiased", options.pop("correction", True)))
        return of(np.var(np.asarray(self), ddof=count, **_options(args, options)))

    def std(self, *args: Any, **options: Any) -> Any:
        """Return the root of the variance."""
        return self.var(*args, **options).sqrt()

    def max(self, *args: Any, **options: Any) -> Any:
        """Return the largest, along an axis with where they are."""
        return _extreme(np.max, np.argmax, self, args, options)

    def min(self, *args: Any, **options: Any) -> Any:
        """Return the smallest, likewise."""
        return _extreme(np.min, np.argmin, self, args, options)

    def argmax(self, *args: Any, **options: Any) -> Any:
        """Return where the largest are."""
        return of(np.argmax(np.asarray(self), **_options(args, options)))

    def softmax(self, dim: Any = -1, **_options: Any) -> Any:
        """Return the softmax along an axis."""
        raised = np.exp(np.asarray(self) - np.max(np.asarray(self), axis=dim, keepdims=True))
        return of(raised / raised.sum(axis=dim, keepdims=True))

    def log_softmax(self, dim: Any = -1, **_options: Any) -> Any:
        """Return its logarithm."""
        return self.softmax(dim).log()

    # Entry by entry

    def pow(self, power: Any) -> Any:
        """Return a power."""
        return self**power

    def index_add_(self, dim: Any, index: Any, source: Any) -> Any:
        """Add rows where they belong, each as often as it is named."""
        where = (slice(None),) * dim + (np.asarray(index),)
        np.add.at(np.asarray(self), where, np.asarray(source))
        return self

    def scatter_(self, dim: Any, index: Any, source: Any) -> Any:
        """Set entries along an axis."""
        at = np.asarray(index)
        values = np.broadcast_to(np.asarray(source), at.shape)
        np.put_along_axis(np.asarray(self), at, values, axis=dim)
        return self

    def scatter_add_(self, dim: Any, index: Any, source: Any) -> Any:
        """Add to entries along an axis."""
        where = list(np.indices(np.shape(index)))
        where[dim] = np.asarray(index)
        np.add.at(np.asarray(self), tuple(where), np.asarray(source))
        return self

    def gather(self, dim: Any, index: Any) -> Any:
        """Return entries along an axis."""
        return of(np.take_along_axis(np.asarray(self), np.asarray(index), axis=dim))

    def zero_(self) -> Any:
        """Set all to 0."""
        np.ndarray.__setitem__(self, ..., 0)
        return self

    def masked_fill(self, mask: Any, value: Any) -> Any:
        """Return it with other numbers where a condition holds."""
        return of(np.where(np.asarray(mask), value, np.asarray(self)))


def _index(key: Any) -> Any:
    """Return an index as NumPy reads it as PyTorch would: ranges pick."""
    if isinstance(key, tuple):
        return tuple(np.asarray(each) if isinstance(each, range) else each for each in key)
    return np.asarray(key) if isinstance(key, range) else key


def of(value: Any) -> Any:
    """Return an array as a tensor."""
    return np.asarray(value).view(Tensor)


def _extreme(
    value: Callable[..., Any], place: Callable[..., Any], found: Any, args: Any, options: Any
) -> Any:
    array = np.asarray(found)
    if args and isinstance(args[0], np.ndarray):
        return of(np.maximum(array, args[0]) if value is np.max else np.minimum(array, args[0]))
    given = _options(args, options)
    if given["axis"] is None:
        return of(value(array))
    return Extreme(of(value(array, **given)), of(place(array, **given)))


def sigmoid(x: Any) -> Any:
    """Return 1 / (1 + exp(−x))."""
    return 1 / (1 + np.exp(-np.asarray(x)))


def _size(self: Any, dim: Any = None) -> Any:
    """Return the shape, or the length of one axis."""
    return self.shape if dim is None else self.shape[dim]


setattr(Tensor, "size", _size)  # noqa: B010 (a method there, a number in NumPy)

UNARY: Mapping[str, Callable[[Any], Any]] = {
    "exp": np.exp, "log": np.log, "tanh": np.tanh, "sqrt": np.sqrt, "abs": np.abs,
    "sign": np.sign, "sin": np.sin, "cos": np.cos, "sigmoid": sigmoid, "square": np.square,
    "relu": lambda x: np.maximum(np.asarray(x), 0), "rsqrt": lambda x: 1 / np.sqrt(x),
    "reciprocal": lambda x: 1 / np.asarray(x), "neg": np.negative, "log10": np.log10,
    "isnan": np.isnan,
}  # fmt: skip
"""Functions entry by entry; each is a method as well."""


def made(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of arrays as one of tensors."""

    def applied(*args: Any, **_options: Any) -> Any:
        return of(function(*(np.asarray(a) if isinstance(a, Tensor) else a for a in args)))

    return applied


for _name, _function in UNARY.items():
    setattr(Tensor, _name, made(_function))


def tensor(values: Any, dtype: Any = None, **_options: Any) -> Any:
    """Return a tensor of a copy of the values: float64, whole numbers or truth values."""
    found = np.array(values)
    if dtype in (np.int64, int):
        return of(found.astype(np.int64))
    kind = float if found.dtype.kind in "fc" or dtype in (float, np.float64) else found.dtype
    return of(found.astype(kind))
