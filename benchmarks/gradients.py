"""Checking every Jacobian of 64-128-128-10: ours, and PyTorch's, float64, 32 examples."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

SIZES, EXAMPLES = (64, 128, 128, 10), 32


def _data(sizes: list[int]) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((sizes[0], EXAMPLES))
    return x, np.eye(sizes[-1])[:, rng.integers(sizes[-1], size=EXAMPLES)]


def check_ours(sizes: list[int]) -> dict[str, Any]:
    """Return the seconds of `chainrule.check`, and its verdict."""
    import chainrule

    net = chainrule.Network(sizes, activation="tanh", cost="cross_entropy", output="softmax")
    params, (x, y) = net.initialize(0), _data(sizes)
    began = time.perf_counter()
    report = chainrule.check(net, params, x, y)
    return {"seconds": time.perf_counter() - began, "passed": bool(report.passed)}


def check_torch(sizes: list[int], threads: int, fast: bool) -> dict[str, Any]:
    """Return the seconds of ``torch.autograd.gradcheck``, and its verdict.

    Its fast mode compares one random projection and looks at no entry by itself.
    """
    import torch
    from torch.nn import functional

    import chainrule

    torch.set_num_threads(threads)
    net = chainrule.Network(sizes, activation="tanh", cost="cross_entropy", output="softmax")
    params, (x, y) = net.initialize(0), _data(sizes)
    inputs, labels = torch.tensor(x.T.copy()), torch.tensor(y.argmax(axis=0))
    layers = range(1, len(sizes))
    weights = [torch.tensor(params[f"W{k}"], requires_grad=True) for k in layers]
    biases = [torch.tensor(params[f"b{k}"].ravel(), requires_grad=True) for k in layers]

    def cost(*given: Any) -> Any:
        a = z = inputs
        for W, b in zip(given[: len(layers)], given[len(layers) :], strict=True):
            z = functional.linear(a, W, b)
            a = torch.tanh(z)
        return functional.cross_entropy(z, labels)

    began = time.perf_counter()
    passed = torch.autograd.gradcheck(cost, (*weights, *biases), fast_mode=fast)
    return {"seconds": time.perf_counter() - began, "passed": bool(passed)}
