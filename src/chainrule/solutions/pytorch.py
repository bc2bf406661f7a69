"""The names of the module ``torch`` that manual backpropagation uses, where it is not installed.

Tensors are those of `tensors`. A name that is not here does not exist, and `lacks` tells that from
a mistake of theirs.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from chainrule.solutions.tensors import UNARY, Tensor, made, of, sigmoid, tensor


def _shape(args: Sequence[Any], options: Mapping[str, Any]) -> tuple[int, ...]:
    shape: Any = options.get("size", args)
    while len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = shape[0]
    return tuple(int(n) for n in shape)


def _drawn(method: str) -> Callable[..., Any]:
    def draw(*args: Any, generator: Any = None, **options: Any) -> Any:
        rng = generator if isinstance(generator, Generator) else GENERATOR
        return of(getattr(rng.rng, method)(_shape(args, options)))

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
    return of(rng.rng.integers(low, high, tuple(size)))


def _filled(value: float) -> Callable[..., Any]:
    def fill(*args: Any, dtype: Any = None, **options: Any) -> Any:
        kind = np.int64 if dtype in (np.int64, int) else float
        return of(np.full(_shape(args, options), value, dtype=kind))

    return fill


def _like(value: float) -> Callable[..., Any]:
    return lambda model, **_options: of(np.full(np.shape(model), value, np.asarray(model).dtype))


def _one_hot(labels: Any, num_classes: int = -1) -> Any:
    found = np.asarray(labels)
    count = int(found.max()) + 1 if num_classes < 0 else num_classes
    return of(np.eye(count, dtype=np.int64)[found])


def _cross_entropy(logits: Any, labels: Any, reduction: str = "mean", **_options: Any) -> Any:
    logs = np.asarray(of(logits).log_softmax(1))
    picked = -logs[np.arange(len(logs)), np.asarray(labels)]
    return of(
        picked.mean() if reduction == "mean" else picked.sum() if reduction == "sum" else picked
    )


def _joined(function: Callable[..., Any]) -> Callable[..., Any]:
    def join(parts: Any, dim: int = 0, **options: Any) -> Any:
        return of(function([np.asarray(p) for p in parts], axis=options.get("axis", dim)))

    return join


def _method(name: str) -> Callable[..., Any]:
    return lambda x, *args, **options: getattr(of(x), name)(*args, **options)


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
    "log_softmax": _method("log_softmax"), "tanh": made(np.tanh), "sigmoid": made(sigmoid),
    "relu": made(UNARY["relu"]),
    "nll_loss": lambda logs, labels: of(-np.asarray(logs)[np.arange(len(logs)), labels].mean()),
    "mse_loss": lambda a, b: of(np.mean((np.asarray(a) - np.asarray(b)) ** 2)),
}  # fmt: skip

TORCH: Mapping[str, Any] = {
    "Tensor": Tensor, "tensor": tensor, "as_tensor": tensor, "FloatTensor": tensor,
    "from_numpy": tensor, "Generator": Generator, "manual_seed": GENERATOR.manual_seed,
    "randn": _drawn("standard_normal"), "rand": _drawn("random"), "randint": _randint,
    "zeros": _filled(0.0), "ones": _filled(1.0), "empty": _filled(0.0),
    "full": lambda shape, value, **_options: of(np.full(shape, value)),
    "zeros_like": _like(0.0), "ones_like": _like(1.0), "empty_like": _like(0.0),
    "arange": lambda *args, **_options: of(np.arange(*args)),
    "linspace": lambda low, high, steps=100, **_options: of(np.linspace(low, high, steps)),
    "eye": lambda *args, **_options: of(np.eye(*args)), "diag": made(np.diag),
    "stack": _joined(np.stack), "cat": _joined(np.concatenate), "concat": _joined(np.concatenate),
    "matmul": made(np.matmul), "mm": made(np.matmul), "dot": made(np.dot),
    "outer": made(np.outer), "einsum": made(np.einsum), "where": made(np.where),
    "maximum": made(np.maximum), "minimum": made(np.minimum), "pow": made(np.power),
    "mul": made(np.multiply), "add": made(np.add), "tril": made(np.tril),
    "all": lambda value: bool(np.all(value)), "any": lambda value: bool(np.any(value)),
    "allclose": lambda a, b, **_options: bool(np.allclose(a, b, rtol=1e-5)),
    "no_grad": _Nothing, "inference_mode": _Nothing, "enable_grad": _Nothing,
    "set_grad_enabled": lambda *_args: _Nothing(), "set_printoptions": lambda **_options: None,
    "device": str, "is_tensor": lambda value: isinstance(value, Tensor),
    "float": float, "float32": float, "float64": float, "double": float, "long": np.int64,
    "int64": np.int64, "int": np.int64, "int32": np.int64, "bool": bool, "pi": np.pi,
    "cuda": types.SimpleNamespace(is_available=lambda: False),
    **{name: made(function) for name, function in UNARY.items()},
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
    problem = problem.__cause__ or problem  # `Failed` has it as its cause
    return isinstance(problem, AttributeError) and isinstance(
        getattr(problem, "obj", None), (Tensor, _Module)
    )


@contextmanager
def tensors() -> Iterator[None]:
    """Let PyTorch, where their code has imported it, compute in float64 and record nothing."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        yield
        return
    default, graph, single = torch.get_default_dtype(), torch.is_grad_enabled(), torch.Tensor.float
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.set_default_dtype(default)
        torch.set_grad_enabled(graph)
        torch.Tensor.float = single
