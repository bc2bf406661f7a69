"""PyTorch, eager and compiled.

Eager is written for few calls: `autograd.grad` and one fused update of all parameters, which here
is faster than `backward` and `optim.SGD`; Adam is its fused kernel. Compiled is the whole step,
gradient and update in place, in one graph, called through the C++ wrapper.
"""

from __future__ import annotations

import time
from typing import Any

import torch
from torch.nn import functional

from benchmarks.sides.numpy_well import BETA1, BETA2, EPSILON
from benchmarks.workloads import Array, Problem, Workload

FUNCTIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "identity": lambda z: z,
}


def cost(row: Workload, params: list[Any], x: Any, y: Any) -> Any:
    """Return the cost of a batch, examples in rows; params are W1, b1, and so on."""
    a, z = x, x
    for W, b, name in zip(params[::2], params[1::2], row.activations, strict=True):
        z = functional.linear(a, W, b)
        if name != "softmax":
            a = FUNCTIONS[name](z)
    if row.cost == "squared_error":
        return functional.mse_loss(a, y, reduction="sum") / row.per_step
    return functional.cross_entropy(z, y)  # y are class numbers: its faster form


class Eager:
    """What people write, with care."""

    def __init__(self, problem: Problem, steps: int, threads: int, engine: str) -> None:
        del engine
        torch.set_num_threads(threads)
        self._problem, self._row = problem, problem.workload
        y = problem.y.argmax(axis=0) if self._row.cost == "cross_entropy" else problem.y.T.copy()
        self._x, self._y = torch.from_numpy(problem.x.T.copy()), torch.from_numpy(y)
        batches = problem.batches(steps)
        self._batches = None if batches is None else list(torch.from_numpy(batches))
        self._params: list[Any] = []
        self.remark = ""

    def _start(self) -> None:
        flat = [v for W, b in self._problem.start for v in (W, b.ravel())]
        self._params = [torch.from_numpy(v).requires_grad_() for v in flat]
        self._mean = [torch.zeros_like(p) for p in self._params]
        self._squares = [torch.zeros_like(p) for p in self._params]
        self._counts = [torch.zeros(()) for _ in self._params]

    def run(self, steps: int) -> float:
        """Train from the starting weights; return the seconds that it took."""
        self._start()
        x, y, batches, step = self._x, self._y, self._batches, self._step
        began = time.perf_counter()
        if batches is None:
            for _ in range(steps):
                step(x, y)
        else:
            for chosen in batches[:steps]:
                step(x.index_select(0, chosen), y.index_select(0, chosen))
        return time.perf_counter() - began

    def _step(self, x: Any, y: Any) -> None:
        params, row = self._params, self._row
        gradients = torch.autograd.grad(cost(row, params, x, y), params)
        with torch.no_grad():
            if not row.adam:
                torch._foreach_add_(params, gradients, alpha=-row.rate)
                return
            torch._foreach_add_(self._counts, 1)
            torch._fused_adam_(
                params,
                gradients,
                self._mean,
                self._squares,
                [],
                self._counts,
                lr=row.rate,
                beta1=BETA1,
                beta2=BETA2,
                weight_decay=0.0,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
            )

    def weights(self) -> list[tuple[Array, Array]]:
        """Return what was learnt last."""
        values = [p.detach().numpy() for p in self._params]
        return list(zip(values[::2], values[1::2], strict=True))


def compiled_step(row: Workload) -> Any:
    """Return the compiled step: parameters, slots, the number of the step, x, y; in place."""
    differentiate = torch.func.grad(lambda params, x, y: cost(row, params, x, y))

    def descend(params: Any, _mean: Any, _squares: Any, _count: Any, x: Any, y: Any) -> None:
        for p, g in zip(params, differentiate(params, x, y), strict=True):
            p.sub_(row.rate * g)

    def adam(params: Any, mean: Any, squares: Any, count: Any, x: Any, y: Any) -> None:
        count.add_(1)
        rate, root = row.rate / (1 - BETA1**count), torch.rsqrt(1 - BETA2**count)
        gradients = differentiate(params, x, y)
        for p, m, s, g in zip(params, mean, squares, gradients, strict=True):
            m.mul_(BETA1).add_(g, alpha=1 - BETA1)
            s.mul_(BETA2).addcmul_(g, g, value=1 - BETA2)
            p.sub_(rate * m / (torch.sqrt(s) * root + EPSILON))

    return torch.compile(adam if row.adam else descend, fullgraph=True, dynamic=False)


class Compiled(Eager):
    """The whole step in one graph."""

    def __init__(self, problem: Problem, steps: int, threads: int, engine: str) -> None:
        super().__init__(problem, steps, threads, engine)
        torch._dynamo.reset()
        torch._inductor.config.cpp_wrapper = True
        self._compiled = compiled_step(self._row)
        self._count = torch.zeros((), dtype=self._x.dtype)

    def _start(self) -> None:
        super()._start()
        self._params = [p.detach() for p in self._params]
        self._count = torch.zeros((), dtype=self._x.dtype)

    def run(self, steps: int) -> float:
        """Train from the starting weights; return the seconds that it took."""
        with torch.no_grad():
            return super().run(steps)

    def _step(self, x: Any, y: Any) -> None:
        self._compiled(self._params, self._mean, self._squares, self._count, x, y)
