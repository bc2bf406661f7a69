"""Arrays that end, or begin, right at a page that must not be touched; and a run of the kernel on
nothing but such arrays: ``python guarded.py v3 float32`` lives, or dies at a read out of range.

``python guarded.py v3 squares`` is the same for what Levenberg–Marquardt asks of it.
``python guarded.py end`` and ``… begin`` read out of range on purpose, and must die.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys

import numpy as np

PAGE = mmap.PAGESIZE
_PAGES = []  # what was mapped stays mapped


def placed(array, at="end"):
    """A copy of an array, in the same order in memory, that fills its pages up to their end."""
    array = np.asarray(array)
    inside = -(-array.nbytes // PAGE) * PAGE
    pages = mmap.mmap(-1, inside + 2 * PAGE)
    _PAGES.append(pages)
    address = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    libc = ctypes.CDLL(None, use_errno=True)
    for guard in (address, address + PAGE + inside):
        if libc.mprotect(ctypes.c_void_p(guard), ctypes.c_size_t(PAGE), 0):
            raise OSError(ctypes.get_errno(), "mprotect")
    start = PAGE + (inside - array.nbytes if at == "end" else 0)
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    there = np.ndarray(array.shape, array.dtype, buffer=pages, offset=start, order=order)
    there[...] = array
    return there


class Placing:
    """A session of the kernel, whose arguments are all placed so before it sees them."""

    def __init__(self, runner, at):
        self._runner, self._at = runner, at
        self.useful_threads = runner.useful_threads

    def take(self, *, params, slots):
        self._runner.take(
            params=placed(params, self._at), slots=[placed(each, self._at) for each in slots]
        )

    def give(self, *, params, slots, last_good):
        written = [params, *slots, last_good]
        there = [placed(each, self._at) for each in written]
        params, *slots, last_good = there
        self._runner.give(params=params, slots=slots, last_good=last_good)
        for each, result in zip(written, there, strict=True):
            each[...] = result

    def advance(self, **others):
        for name in ("rates", "batches", "batch_ends", "noise"):
            if others[name] is not None:
                others[name] = placed(others[name], self._at)
        masks = others.pop("masks")
        others["masks"] = [None if each is None else placed(each, self._at) for each in masks]
        return self._runner.advance(**others)

    def evaluate(self, *, params, others, jacobians, outputs):
        params = placed(params, self._at)
        if others is not None:
            others = tuple(None if each is None else placed(each, self._at) for each in others)
        there = None if jacobians is None else placed(jacobians, self._at)
        options = {"others": others, "jacobians": there, "outputs": outputs}
        cost = self._runner.evaluate(params=params, **options)
        if there is not None:
            jacobians[...] = there
        return cost

    def normal_equations(self, *, params, hessian, gradient):
        written = [hessian, gradient]
        there = [placed(each, self._at) for each in written]
        params = placed(params, self._at)
        cost = self._runner.normal_equations(params=params, hessian=there[0], gradient=there[1])
        for each, result in zip(written, there, strict=True):
            each[...] = result
        return cost


SIZES = (
    ((1, 1), "sigmoid", "squared_error", 0.0),
    ((1, 6, 7, 2), "sigmoid", "squared_error", 0.0),
    ((3, 5, 4), ("gelu", "softmax"), "cross_entropy", 0.0),
    ((7, 8, 9, 3), ("softmax", "tanh", "softmax"), "huber", 0.3),
    ((16, 33, 15), "silu", "log_cosh", 0.0),
    ((40, 65, 2, 31), ("relu", "softmax", "sigmoid"), "binary_cross_entropy", (0.2, 0)),
    ((2, 17, 5), "elu", "quantile(0.3)", 0.0),
    ((34, 3), "exp", "poisson", 0.0),
    ((5, 128, 64, 1), "leaky_relu", "absolute_error", 0.0),
)
EXAMPLES = ((1, None), (3, 2), (16, None), (33, 17), (97, 1), (523, None), (523, 401))


def exercise(dtype):
    """Every size, layout and batch size: updates, careful ones, evaluations; returns how many."""
    import cases
    from chainrule import Adam, ClipByNorm, Network, Noise, Parameters
    from native_cases import LAYOUTS, Task

    tried = 0
    for number, (sizes, activation, cost, dropout) in enumerate(SIZES):
        net = Network(sizes, activation=activation, cost=cost, dropout=dropout, l2=0.01)
        for m, batch_size in EXAMPLES:
            params, x, y = cases.draw(net, m, number, 0.3, dtype=dtype)
            weights = np.linspace(1, 2, m) if number % 2 else None
            for place, layout in enumerate(LAYOUTS):
                at = ("end", "begin")[(place + number) % 2]
                more = (ClipByNorm(1.0),) if place == 1 else ()
                task = Task(
                    net, params, x, y, Adam(), weights, batch_size=batch_size,
                    transformations=(Noise(0.1), *more),
                )  # fmt: skip
                arranged = np.asfortranarray if place == 2 else np.ascontiguousarray
                values = {
                    name: placed(arranged(v), at) for name, v in task.problem().values.items()
                }
                engine = task.native(
                    layout=layout, guarded=True, threads=1 + place % 3, values=values
                )
                engine._runner = Placing(engine._runner, at)
                state = task.state()
                state.params = Parameters(sizes, placed(state.params.flat, at))
                engine.advance(state, 2)
                engine.value_and_gradient(state.params)
                engine.cost(state.params, {name: v[:, : m // 2 + 1] for name, v in values.items()})
                state.params.flat[...] = 1e30  # and the careful path to its end
                engine.advance(state, 2)
                tried += 1
                _PAGES.clear()
    return tried


SQUARES = (
    ((1, 1), "identity"),
    ((1, 6, 7, 2), "sigmoid"),
    ((3, 17, 5), ("gelu", "softmax")),
    ((7, 8, 9, 3), ("softmax", "tanh", "softplus")),
    ((34, 3), "exp"),
)


def exercise_squares():
    """Every size and number of examples: the model of Levenberg–Marquardt; returns how many."""
    import cases
    from chainrule import LevenbergMarquardt, Network
    from native_cases import Task

    tried = 0
    for number, (sizes, activation) in enumerate(SQUARES):
        net = Network(sizes, activation=activation, cost="squared_error", l2=0.01)
        for m, _ in EXAMPLES:
            params, x, y = cases.draw(net, m, number, 0.3)
            weights = np.linspace(1, 2, m) if number % 2 else None
            for at in ("end", "begin"):
                task = Task(net, params, x, y, LevenbergMarquardt(), weights)
                values = {name: placed(v, at) for name, v in task.problem().values.items()}
                engine = task.native(guarded=True, values=values)
                engine._runner = Placing(engine._runner, at)
                engine.normal_equations(params)
                tried += 1
                _PAGES.clear()
    return tried


def main(what, *rest):
    if what in ("end", "begin"):
        array = placed(np.ones(100), what)
        past = array.ctypes.data + (array.nbytes if what == "end" else -1)
        assert ctypes.c_char.from_address(past - 1 if what == "end" else past + 1).value is not None
        print("in range", flush=True)
        ctypes.c_char.from_address(past).value  # noqa: B018
    else:
        os.environ["CHAINRULE_ISA"] = what
        print(exercise_squares() if rest == ("squares",) else exercise(np.dtype(rest[0])))


if __name__ == "__main__":
    main(*sys.argv[1:])
