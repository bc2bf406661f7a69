"""Law: the native engine walks the reference engine's way, and its bits depend on nothing else.

Not on how the updates are cut into stretches, not on the number of threads, not on what was
computed before. Rounding grows along a way, so the engines are compared over at most 100 updates.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cases
from chainrule import (
    Adam,
    AdamW,
    ClipByNorm,
    ClipByValue,
    Cosine,
    GradientDescent,
    Momentum,
    Nesterov,
    Network,
    Noise,
    ReduceOnPlateau,
    RMSprop,
    data,
    train,
)
from chainrule.engines.native import NativeEngine
from native_cases import LAYOUTS, Task, same_state

OPTIMIZERS = {
    "descent": GradientDescent(0.05),
    "momentum": Momentum(0.02, 0.8),
    "nesterov": Nesterov(0.02, 0.7),
    "rmsprop": RMSprop(0.003, 0.9, epsilon=1e-3),
    "adam": Adam(0.01, 0.8, 0.99, epsilon=1e-3),
    "adamw": AdamW(0.01, 0.8, 0.99, epsilon=1e-3, weight_decay=0.1),
}
NET = Network([3, 5, 4, 2], activation=["tanh", "silu", "identity"], cost="log_cosh")
ROWS = (NET.sizes, ("tanh", "silu", "identity"))
CONDITIONS = {
    "full batch": {},
    "mini-batch": {"batch_size": 7},
    "one example": {"batch_size": 1},
    "noise": {"transformations": (Noise(0.3),)},
    "noise twice": {"transformations": (Noise(0.3), Noise(0.1)), "batch_size": 7},
    "clip by norm": {"transformations": (ClipByNorm(0.05),)},
    "clip by value": {"transformations": (ClipByValue(0.01),)},
    "noise and clips": {
        "transformations": (Noise(0.3), ClipByNorm(0.1), Noise(0.2), ClipByValue(0.02)),
        "batch_size": 7,
    },
    "dropout": {"net": Network(ROWS[0], activation=ROWS[1], cost="log_cosh", dropout=(0.3, 0.2))},
    "weights": {"weights": np.random.default_rng(1).uniform(0.1, 2, 23), "batch_size": 7},
    "schedule": {"schedule": Cosine(80)},
    "penalty": {
        "net": Network(ROWS[0], activation=ROWS[1], cost="log_cosh", l2=0.2),
        "transformations": (Noise(0.3),),
    },
    "penalty and clip": {
        "net": Network(ROWS[0], activation=ROWS[1], cost="log_cosh", l2=0.2),
        "transformations": (ClipByNorm(0.3),),
    },
}


def task_of(optimizer, m=23, dtype=np.float64, net=NET, **options):
    params, x, y = cases.draw(net, m, 4, dtype=dtype)
    return Task(net, params, x, y, optimizer, **options)


class Close:
    """Each array within 1e-9 of the largest entry that it has had on the way so far: entries pass
    through 0, and gradients shrink to differences of large terms."""

    def __init__(self):
        self.largest = {}

    def __call__(self, mine, theirs, what=""):
        assert mine.iteration == theirs.iteration
        pairs = zip(
            (mine.params.flat, *mine.slots), (theirs.params.flat, *theirs.slots), strict=True
        )
        for number, (one, other) in enumerate(pairs):
            top = np.max(np.abs(other), initial=self.largest.get(number, 0.0))
            self.largest[number] = top
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-9 * top, err_msg=what)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_the_way_is_that_of_the_reference(optimizer, condition):
    task = task_of(optimizer, **CONDITIONS[condition])
    reference, theirs = task.reference(), task.state()
    close = Close()
    walkers = [(task.native(layout=layout), task.state()) for layout in LAYOUTS]
    for stretch in (*[1] * 10, 90):
        reference.advance(theirs, stretch)
        for layout, (engine, mine) in zip(LAYOUTS, walkers, strict=True):
            engine.advance(mine, stretch)
            close(mine, theirs, f"layout {layout} after {theirs.iteration}")
    assert not np.allclose(theirs.params.flat, task.params.flat, rtol=1e-3)  # it did walk


HEART = Network([1, 6, 7, 2], activation="sigmoid", cost="squared_error")


@pytest.mark.parametrize("scheme", [{"scheme": "normal"}, {}])
def test_the_heart(scheme):
    """The notebook's network, step size and noise: every one of the first hundred updates."""
    x, y = data.heart(100)
    params = HEART.initialize(2, **scheme)
    task = Task(HEART, params, x, y, GradientDescent(7.0), transformations=(Noise(0.3),))
    mine, theirs = task.state(), task.state()
    engine, reference, close = task.native(), task.reference(), Close()
    for _ in range(100):
        engine.advance(mine, 1)
        reference.advance(theirs, 1)
        close(mine, theirs)
        assert engine.cost(mine.params) == pytest.approx(reference.cost(theirs.params), rel=1e-9)


def test_training_records_the_same():
    """Costs, norms, validation and a schedule that looks at them."""
    task = task_of(Adam(0.05))
    options = {
        "optimizer": task.optimizer,
        "iterations": 60,
        "validation": (task.x[:, ::2], task.y[:, ::2], np.arange(1.0, 13.0)),
        "weights": np.linspace(1, 2, 23),
        "schedule": ReduceOnPlateau(factor=0.5, patience=2),
        "record_every": 3,
        "batch_size": 5,
        "rng": 1,
    }
    mine, theirs = (
        train(NET, task.params, task.x, task.y, engine=engine, **options)
        for engine in ("native", "reference")
    )
    assert (mine.engine, theirs.engine) == ("native", "reference")
    for name in ("iteration", "cost", "validation_cost", "learning_rate", "gradient_norm"):
        one, other = (np.asarray(getattr(each.history, name)) for each in (mine, theirs))
        np.testing.assert_allclose(one, other, rtol=1e-9, err_msg=name)


# Bits -----------------------------------------------------------------------------------------

SIZED = {  # what is shared among threads: see native/session.hpp
    "one tile": (NET, 23, None),
    "one tile of a batch": (NET, 61, 40),
    "chunks": (NET, 3001, None),
    "chunks of a batch": (NET, 3001, 1999),
    "two chunks": (NET, 1200, None),
    "tiles together": (Network([5, 40, 3], activation="tanh", cost="huber"), 1000, None),
    "tiles of a batch": (Network([5, 40, 3], activation="tanh", cost="huber"), 1000, 700),
    "classes": (Network([40, 50, 35], activation="relu", cost="cross_entropy"), 300, 130),
    "large layers": (Network([70, 300, 2], activation="relu", cost="log_cosh"), 90, None),
    "dropout": (Network([5, 40, 3], activation="tanh", cost="huber", dropout=0.4), 500, 333),
}
TRANSFORMED = ((), (Noise(0.2), ClipByNorm(0.5)))


def sized(name, dtype, **options):
    net, m, batch_size = SIZED[name]
    weights = np.random.default_rng(2).uniform(0.1, 2.0, m)
    return task_of(Adam(0.003), m, dtype, net, batch_size=batch_size, weights=weights, **options)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("transformations", TRANSFORMED, ids=["plain", "transformed"])
@pytest.mark.parametrize("name", SIZED)
def test_bits_do_not_depend_on_threads_or_cuts_or_the_time_before(name, transformations, dtype):
    task = sized(name, dtype, transformations=transformations)
    for layout in (-1, 0, 100):
        engine = task.native(layout=layout)
        whole = engine.advance(task.state(), 6)
        cost, gradient = engine.value_and_gradient(whole.params)
        again = engine.advance(task.state(), 6)
        same_state(again, whole)
        for threads in (1, 2, 3):
            other = task.native(layout=layout, threads=threads)
            cut = task.state()
            for updates in (1, 3, 2) if threads == 1 else (6,):
                other.advance(cut, updates)
            same_state(cut, whole)
            assert other.cost(whole.params) == cost
            found, theirs = other.value_and_gradient(whole.params)
            assert found == cost
            np.testing.assert_array_equal(theirs, gradient)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["one tile of a batch", "chunks of a batch", "tiles of a batch"])
def test_the_cost_of_an_update_is_that_of_its_batch(name, layout):
    """Whatever the threads: members that are ahead must not touch what it is summed from."""
    task = sized(name, np.float64)
    block = task.state().draw(task.problem(), 20)
    wanted = None
    for threads in (1, 2, 3) * 3:
        engine, state, costs = (
            task.native(layout=layout, threads=threads),
            task.state(),
            np.empty(20),
        )
        engine._runner.take(params=state.params.flat, slots=list(state.slots[:2]))
        engine._runner.advance(
            rates=block.learning_rates,
            batches=np.concatenate(block.batches),
            batch_ends=np.cumsum([*map(len, block.batches)]),
            noise=None,
            masks=[],
            steps=0.0,
            costs=costs,
        )
        wanted = costs if wanted is None else wanted
        np.testing.assert_array_equal(costs, wanted)
    values = {each: value[:, block.batches[0]] for each, value in task.problem().values.items()}
    first = task.reference().cost(task.params, values)
    assert wanted[0] == pytest.approx(first, rel=1e-13)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    sizes=st.lists(st.integers(1, 48), min_size=2, max_size=4),
    m=st.integers(1, 2500),
    share=st.floats(0.1, 1),
    layout=st.sampled_from(LAYOUTS),
    seed=st.integers(0, 99),
)
def test_any_bits(sizes, m, share, layout, seed):
    batch_size = max(1, int(share * m))
    net = Network(sizes, activation="sigmoid", cost="squared_error", l2=0.1)
    params, x, y = cases.draw(net, m, seed, dtype=[np.float32, np.float64][seed % 2])
    task = Task(net, params, x, y, Nesterov(0.1), batch_size=None if share > 0.9 else batch_size)
    alone = task.native(layout=layout).advance(task.state(), 3)
    for threads in (2, 3):
        same_state(task.native(layout=layout, threads=threads).advance(task.state(), 3), alone)


@pytest.mark.parametrize("threads", [1, 2, 3, None])
def test_train_takes_threads_and_gives_the_same_bits(threads):
    """Enough work that threads are worth their while."""
    net = Network([100, 300, 10], activation="relu", cost="cross_entropy", dropout=0.2)
    params, x, y = cases.draw(net, 200, 1, 0.1, dtype=np.float32)
    results = [
        train(
            net, params, x, y, optimizer=Adam(), iterations=5, batch_size=90, rng=1,
            engine="native", threads=each,
        )
        for each in (1, threads)
    ]  # fmt: skip
    assert results[0].params == results[1].params
    assert list(results[0].history.cost) == list(results[1].history.cost)


def test_small_work_stays_on_one_thread_and_large_work_does_not():
    small = task_of(GradientDescent(0.1), 23)
    large = task_of(
        GradientDescent(0.1), 3000, net=Network([50, 200, 1], activation="tanh", cost="huber")
    )
    engines = [replace(each, threads=3).problem() for each in (small, large)]
    runners = [NativeEngine(each)._runner for each in engines]
    assert [
        runner.useful_threads(examples)
        for runner, examples in zip(runners, (23, 3000), strict=True)
    ] == [1, 3]


def test_two_states_of_one_engine_do_not_meddle():
    """What an engine keeps between stretches is of the last state that it advanced."""
    for transformations in TRANSFORMED:
        task = task_of(GradientDescent(0.1), transformations=transformations)
        engine = task.native()
        first, second = task.state(rng=1), task.state(rng=2)
        second.params.flat[...] *= 0.5
        for _ in range(3):
            engine.advance(first, 2)
            engine.advance(second, 2)
        alone = task.native().advance(task.state(rng=1), 6)
        assert first.params == alone.params
        assert first.last_good == alone.last_good
