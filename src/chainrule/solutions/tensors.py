"""What manual backpropagation uses of PyTorch, over NumPy, for where PyTorch is not installed.

A tensor here is a NumPy array with the methods that such notebooks call; nothing is recorded, and
there is no ``backward``: gradients are what the notebook writes by hand. Numbers are float64, so
that differences can be taken. What is not here raises `AttributeError`, and is said.
"""

from __future__ import annotations

import types
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

    def __new__(cls, values: Any = (), **_options: Any) -> Tensor:
        """Return a copy of the values, in float64 where they are no whole numbers."""
        return tensor(values)

    def __array_finalize__(self, _of: Any) -> None:
        """Take nothing over: a gradient belongs to one array."""

    def __array_wrap__(self, found: Any, *args: Any) -> Any:
        """Keep results tensors, of no dimension too."""
        return np.asarray(found).view(Tensor)

    def __getitem__(self, key: Any) -> Any:
        """Return a part; a list of indices picks, as there."""
        return _of(np.ndarray.__getitem__(self, _index(key)))

    def __setitem__(self, key: Any, value: Any) -> None:
        """Set a part."""
        np.ndarray.__setitem__(self, _index(key), value)

    # What is no mathematics

    @property
    def data(self) -> Any:  # type: ignore[override]
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
        return _of(np.array(self))

    def numpy(self) -> Any:
        """Return the array."""
        return np.asarray(self)

    def new_tensor(self, values: Any) -> Any:
        """Return a tensor of its kind."""
        return _of(np.array(values, dtype=self.dtype))

    def float(self) -> Any:
        """Return it in float64."""
        return _of(np.array(self, dtype=float))

    double = float

    def long(self) -> Any:
        """Return it in whole numbers."""
        return _of(np.array(self, dtype=np.int64))

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

    def size(self, dim: Any = None) -> Any:  # type: ignore[override]
        """Return the shape, or the length of one axis."""
        return self.shape if dim is None else self.shape[dim]

    def view(self, *shape: Any, **_options: Any) -> Any:  # type: ignore[override]
        """Return it in another shape."""
        if len(shape) == 1 and isinstance(shape[0], type):
            return np.ndarray.view(self, shape[0])
        return _of(np.asarray(self).reshape(*shape))

    reshape = view

    def view_as(self, other: Any) -> Any:
        """Return it in the shape of another."""
        return self.view(*np.shape(other))

    reshape_as = view_as

    def unsqueeze(self, dim: Any) -> Any:
        """Return it with one more axis."""
        return _of(np.expand_dims(np.asarray(self), dim))

    def squeeze(self, dim: Any = None) -> Any:  # type: ignore[override]
        """Return it without axes of length 1."""
        found = np.asarray(self)
        there = dim is None or found.shape[dim] == 1
        return _of(np.squeeze(found, dim) if there else found)

    def t(self) -> Any:
        """Return it transposed."""
        return _of(np.asarray(self).T)

    def transpose(self, *axes: Any) -> Any:  # type: ignore[override]
        """Return it with two axes exchanged."""
        return _of(np.swapaxes(np.asarray(self), *axes))

    def permute(self, *axes: Any) -> Any:
        """Return it with its axes in another order."""
        order = axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes
        return _of(np.transpose(np.asarray(self), order))

    def expand(self, *shape: Any) -> Any:
        """Return it spread out; −1 leaves an axis as it is."""
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        own = (1,) * (len(wanted) - self.ndim) + self.shape
        full = tuple(n if w == -1 else w for n, w in zip(own, wanted, strict=True))
        return _of(np.broadcast_to(np.asarray(self), full).copy())

    def expand_as(self, other: Any) -> Any:
        """Return it spread out like another."""
        return self.expand(*np.shape(other))

    def repeat(self, *counts: Any) -> Any:  # type: ignore[override]
        """Return it several times side by side."""
        return _of(np.tile(np.asarray(self), counts))

    def flatten(self, *_args: Any) -> Any:  # type: ignore[override]
        """Return it as one row."""
        return _of(np.asarray(self).reshape(-1))

    # Along axes

    def sum(self, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        """Return the sum."""
        return _of(np.sum(np.asarray(self), **_options(args, options)))

    def mean(self, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        """Return the mean."""
        return _of(np.mean(np.asarray(self), **_options(args, options)))

    def var(self, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        """Return the variance, by n − 1 unless told otherwise."""
        count = int(options.pop("unbiased", options.pop("correction", True)))
        return _of(np.var(np.asarray(self), ddof=count, **_options(args, options)))

    def std(self, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        """Return the root of the variance."""
        return self.var(*args, **options).sqrt()

    def max(self, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        """Return the largest, along an axis with where they are."""
        return _extreme(np.max, np.argmax, self, args, options)

    def min(self, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        """Return the smallest, likewise."""
        return _extreme(np.min, np.argmin, self, args, options)

    def argmax(self, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        """Return where the largest are."""
        return _of(np.argmax(np.asarray(self), **_options(args, options)))

    def softmax(self, dim: Any = -1, **_options: Any) -> Any:
        """Return the softmax along an axis."""
        raised = np.exp(np.asarray(self) - np.max(np.asarray(self), axis=dim, keepdims=True))
        return _of(raised / raised.sum(axis=dim, keepdims=True))

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
        return _of(np.take_along_axis(np.asarray(self), np.asarray(index), axis=dim))

    def zero_(self) -> Any:
        """Set all to 0."""
        np.ndarray.__setitem__(self, ..., 0)
        return self

    def masked_fill(self, mask: Any, value: Any) -> Any:
        """Return it with other numbers where a condition holds."""
        return _of(np.where(np.asarray(mask), value, np.asarray(self)))


def _index(key: Any) -> Any:
    """Return an index as NumPy reads it as PyTorch would: ranges pick."""
    if isinstance(key, tuple):
        return tuple(np.asarray(each) if isinstance(each, range) else each for each in key)
    return np.asarray(key) if isinstance(key, range) else key


def _of(value: Any) -> Any:
    return np.asarray(value).view(Tensor)


def _extreme(
    value: Callable[..., Any], place: Callable[..., Any], of: Any, args: Any, options: Any
) -> Any:
    array = np.asarray(of)
    if args and isinstance(args[0], np.ndarray):
        return _of(np.maximum(array, args[0]) if value is np.max else np.minimum(array, args[0]))
    given = _options(args, options)
    if given["axis"] is None:
        return _of(value(array))
    return Extreme(_of(value(array, **given)), _of(place(array, **given)))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(x)))


UNARY: Mapping[str, Callable[[Any], Any]] = {
    "exp": np.exp, "log": np.log, "tanh": np.tanh, "sqrt": np.sqrt, "abs": np.abs,
    "sign": np.sign, "sin": np.sin, "cos": np.cos, "sigmoid": _sigmoid, "square": np.square,
    "relu": lambda x: np.maximum(np.asarray(x), 0), "rsqrt": lambda x: 1 / np.sqrt(x),
    "reciprocal": lambda x: 1 / np.asarray(x), "neg": np.negative, "log10": np.log10,
    "isnan": np.isnan,
}  # fmt: skip
"""Functions entry by entry; each is a method as well."""


def _made(function: Callable[..., Any]) -> Callable[..., Any]:
    def made(*args: Any, **_options: Any) -> Any:
        return _of(function(*(np.asarray(a) if isinstance(a, Tensor) else a for a in args)))

    return made


for _name, _function in UNARY.items():
    setattr(Tensor, _name, _made(_function))


def tensor(values: Any, dtype: Any = None, **_options: Any) -> Any:
    """Return a tensor of a copy of the values: float64, whole numbers or truth values."""
    found = np.array(values)
    if dtype in (np.int64, int):
        return _of(found.astype(np.int64))
    kind = float if found.dtype.kind in "fc" or dtype in (float, np.float64) else found.dtype
    return _of(found.astype(kind))


def _shape(args: Sequence[Any], options: Mapping[str, Any]) -> tuple[int, ...]:
    shape: Any = options.get("size", args)
    while len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = shape[0]
    return tuple(int(n) for n in shape)


def _drawn(method: str) -> Callable[..., Any]:
    def draw(*args: Any, generator: Any = None, **options: Any) -> Any:
        rng = generator if isinstance(generator, Generator) else GENERATOR
        return _of(getattr(rng.rng, method)(_shape(args, options)))

    return draw


class Generator:
    """Draws random numbers from a seed."""

    def __init__(self, *_args: Any, **_options: Any) -> None:
        self.rng = np.random.default_rng(0)

    def manual_seed(self, seed: int) -> Any:
        """Begin anew."""
        self.rng = np.random.default_rng(int(seed) % 2**63)
        return self


GENERATOR = Generator()


def _randint(*args: Any, generator: Any = None, **options: Any) -> Any:
    rng = generator if isinstance(generator, Generator) else GENERATOR
    size = options.get("size")
    bounds = list(args)
    if size is None:
        size = bounds.pop()
    low, high = (0, bounds[0]) if len(bounds) == 1 else (
        (bounds[0], bounds[1]) if bounds else (options.get("low", 0), options["high"])
    )  # fmt: skip
    return _of(rng.rng.integers(low, high, tuple(size)))


def _filled(value: float) -> Callable[..., Any]:
    def fill(*args: Any, dtype: Any = None, **options: Any) -> Any:
        kind = np.int64 if dtype in (np.int64, int) else float
        return _of(np.full(_shape(args, options), value, dtype=kind))

    return fill


def _like(value: float) -> Callable[..., Any]:
    return lambda of, **_options: _of(np.full(np.shape(of), value, dtype=np.asarray(of).dtype))


def _one_hot(labels: Any, num_classes: int = -1) -> Any:
    found = np.asarray(labels)
    count = int(found.max()) + 1 if num_classes < 0 else num_classes
    return _of(np.eye(count, dtype=np.int64)[found])


def _cross_entropy(logits: Any, labels: Any, reduction: str = "mean", **_options: Any) -> Any:
    logs = np.asarray(_of(logits).log_softmax(1))
    picked = -logs[np.arange(len(logs)), np.asarray(labels)]
    return _of({"mean": np.mean, "sum": np.sum}.get(reduction, np.asarray)(picked))


def _joined(function: Callable[..., Any]) -> Callable[..., Any]:
    def join(parts: Any, dim: int = 0, **options: Any) -> Any:
        return _of(function([np.asarray(p) for p in parts], axis=options.get("axis", dim)))

    return join


def _method(name: str) -> Callable[..., Any]:
    return lambda of, *args, **options: getattr(_of(of), name)(*args, **options)


class _Nothing:
    """A context, and a decorator, that does nothing."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def __call__(self, function: Any = None) -> Any:
        return function if callable(function) else self


FUNCTIONAL: Mapping[str, Any] = {
    "one_hot": _one_hot, "cross_entropy": _cross_entropy, "softmax": _method("softmax"),
    "log_softmax": _method("log_softmax"), "tanh": _made(np.tanh), "sigmoid": _made(_sigmoid),
    "relu": _made(UNARY["relu"]),
    "nll_loss": lambda logs, labels: _of(-np.asarray(logs)[np.arange(len(logs)), labels].mean()),
    "mse_loss": lambda a, b: _of(np.mean((np.asarray(a) - np.asarray(b)) ** 2)),
}  # fmt: skip

TORCH: Mapping[str, Any] = {
    "Tensor": Tensor, "tensor": tensor, "as_tensor": tensor, "FloatTensor": tensor,
    "from_numpy": tensor, "Generator": Generator, "manual_seed": GENERATOR.manual_seed,
    "randn": _drawn("standard_normal"), "rand": _drawn("random"), "randint": _randint,
    "zeros": _filled(0.0), "ones": _filled(1.0), "empty": _filled(0.0),
    "full": lambda shape, value, **_options: _of(np.full(shape, value)),
    "zeros_like": _like(0.0), "ones_like": _like(1.0), "empty_like": _like(0.0),
    "arange": lambda *args, **_options: _of(np.arange(*args)),
    "linspace": lambda low, high, steps=100, **_options: _of(np.linspace(low, high, steps)),
    "eye": lambda *args, **_options: _of(np.eye(*args)), "diag": _made(np.diag),
    "stack": _joined(np.stack), "cat": _joined(np.concatenate), "concat": _joined(np.concatenate),
    "matmul": _made(np.matmul), "mm": _made(np.matmul), "dot": _made(np.dot),
    "outer": _made(np.outer), "einsum": _made(np.einsum), "where": _made(np.where),
    "maximum": _made(np.maximum), "minimum": _made(np.minimum), "pow": _made(np.power),
    "mul": _made(np.multiply), "add": _made(np.add), "tril": _made(np.tril),
    "all": lambda value: bool(np.all(value)), "any": lambda value: bool(np.any(value)),
    "allclose": lambda a, b, **_options: bool(np.allclose(a, b, rtol=1e-5)),
    "no_grad": _Nothing, "inference_mode": _Nothing, "enable_grad": _Nothing,
    "set_grad_enabled": lambda *_args: _Nothing(), "set_printoptions": lambda **_options: None,
    "device": str, "is_tensor": lambda value: isinstance(value, Tensor),
    "float": float, "float32": float, "float64": float, "double": float, "long": np.int64,
    "int64": np.int64, "int": np.int64, "int32": np.int64, "bool": bool, "pi": np.pi,
    "cuda": types.SimpleNamespace(is_available=lambda: False),
    **{name: _made(function) for name, function in UNARY.items()},
    **{
        name: _method(name)
        for name in (
            "sum", "mean", "var", "std", "max", "min", "argmax", "softmax", "log_softmax",
            "squeeze", "unsqueeze", "transpose", "permute", "flatten", "reshape", "gather", "t",
        )
    },
}  # fmt: skip
"""Every name of the module that is known here."""


class _Module(types.SimpleNamespace):
    """A module of which some names are known; others do not exist."""


def module(name: str) -> Any | None:
    """Return what stands in for a module of PyTorch; ``None`` for other modules.

    Examples
    --------
    >>> torch = module("torch")
    >>> torch.arange(6).view(2, 3).sum(1, keepdim=True).shape
    (2, 1)
    """
    functional = _Module(**FUNCTIONAL)
    if name == "torch.nn.functional":
        return functional
    nn = _Module(functional=functional, Module=object)
    if name == "torch.nn":
        return nn
    return _Module(**TORCH, nn=nn) if name == "torch" else None


def lacks(problem: BaseException) -> bool:
    """Return whether something was raised for the reason that it is not here, though it exists."""
    return isinstance(problem, AttributeError) and isinstance(
        getattr(problem, "obj", None), (Tensor, _Module)
    )
