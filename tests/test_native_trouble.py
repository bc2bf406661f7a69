"""Law: where something is not finite, the native engine stops where the reference engine does.

After as many updates, with the same word for it, and with parameters, slots and last good
parameters as they were: not one of them touched by the update that was lost. Rounding may move an
overflow by an update; the problems here leave all finite numbers by a step, not by a hair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

import cases
from chainrule import (
    Adam,
    AdamW,
    ClipByNorm,
    ClipByValue,
    GradientDescent,
    Momentum,
    Nesterov,
    Network,
    Noise,
    NonFiniteCost,
    Parameters,
    RMSprop,
    train,
)
from native_cases import LAYOUTS, Task, same_state

DTYPES = (np.float32, np.float64)
LINEAR = Network([2, 4, 3], activation="identity", cost="squared_error")
RELU = Network([2, 6, 3], activation=["relu", "identity"], cost="squared_error")
WIDE = Network([2, 40, 3], activation=["relu", "identity"], cost="squared_error")
PENALISED = Network([2, 6, 3], activation="tanh", cost="squared_error", l2=100.0)
SQUASHED = Network([2, 6, 3], activation="tanh", cost="cross_entropy", l2=10.0, output="sigmoid")
POISSON = Network([2, 5, 3], activation=["tanh", "exp"], cost="poisson")
NETS = {
    "linear": LINEAR,
    "relu": RELU,
    "wide": WIDE,
    "penalised": PENALISED,
    "squashed": SQUASHED,
    "exponential": POISSON,
}
OPTIMIZERS = {
    "descent": GradientDescent(0.01),
    "momentum": Momentum(0.01, 0.5),
    "nesterov": Nesterov(0.01, 0.5),
    "rmsprop": RMSprop(0.01, 0.9),
    "adam": Adam(0.01, 0.8, 0.9),
    "adamw": AdamW(0.01, 0.8, 0.9, weight_decay=0.1),
}


@dataclass(frozen=True)
class Jump:
    """A schedule that leads astray after some updates that were well."""

    factor: float
    after: int = 7

    def __call__(self, update):
        return 1.0 if update < self.after else self.factor


JUMPS = {np.float32: Jump(1e25), np.float64: Jump(1e175)}


def task_of(net, optimizer, dtype, m=11, **options):
    params, x, y = cases.draw(net, m, 3, dtype=dtype)
    return Task(net, params, x, y, optimizer, **options)


def both_stop(task, stretches=(400,), layouts=LAYOUTS):
    """Both engines to their end; returns where the reference stopped."""
    theirs = task.state()
    reference = task.reference()
    for updates in stretches:
        reference.advance(theirs, updates)
    for layout in layouts:
        engine, mine = task.native(layout=layout), task.state()
        for updates in stretches:
            engine.advance(mine, updates)
        assert (mine.iteration, mine.trouble) == (theirs.iteration, theirs.trouble), layout
        tolerance = {"rtol": 2e-3 if task.params.dtype == np.float32 else 1e-7}
        pairs = [
            (mine.params.flat, theirs.params.flat),
            (mine.last_good.flat, theirs.last_good.flat),
            *zip(mine.slots, theirs.slots, strict=True),
        ]
        for one, other in pairs:
            finite = np.abs(other[np.isfinite(other)])  # a slot may be infinite before a parameter
            atol = tolerance["rtol"] * np.max(finite, initial=0)
            np.testing.assert_allclose(one, other, atol=atol, **tolerance)
        before = task.native(layout=layout).advance(task.state(), mine.iteration)
        assert before.trouble == ""
        assert np.isfinite(mine.params.flat).all()
        assert before.params == mine.params  # the update that was lost has left no trace
        for one, other in zip(mine.slots, before.slots, strict=True):
            np.testing.assert_array_equal(one, other)
    return theirs


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_engines_stop_at_the_same_update(net, optimizer, dtype):
    stopped = both_stop(task_of(net, optimizer, dtype, schedule=JUMPS[dtype]))
    assert stopped.trouble
    assert stopped.iteration >= 7


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rate", [3.0, 30.0])
@pytest.mark.parametrize("options", [{}, {"batch_size": 4}, {"transformations": (Noise(0.3),)}])
def test_slow_divergence(options, rate, dtype):
    """Growth by a factor in every update: the last ones before the end are large numbers."""
    stopped = both_stop(task_of(LINEAR, GradientDescent(rate), dtype, **options))
    assert stopped.trouble
    assert stopped.iteration > 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "transformations",
    [
        (ClipByValue(1.0),),
        (ClipByNorm(1.0),),
        (Noise(0.2), ClipByValue(0.5)),
        (ClipByNorm(2.0), Noise(0.5)),
    ],
    ids=str,
)
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_clipping_hides_nothing(optimizer, transformations, dtype):
    """Clipped gradients are finite whatever they were: the engine must look before."""
    options = {"transformations": transformations, "schedule": JUMPS[dtype]}
    assert both_stop(task_of(LINEAR, optimizer, dtype, **options)).trouble


@pytest.mark.parametrize("stretches", [(1,) * 30, (7,) * 5, (2, 1, 27)], ids=str)
@pytest.mark.parametrize("transformations", [(), (ClipByNorm(1e300),)], ids=["fast", "careful"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_wherever_the_stretches_end(dtype, transformations, stretches):
    """Trouble in the first update of a stretch: the last good parameters are of the one before."""
    task = task_of(LINEAR, GradientDescent(1e4), dtype, transformations=transformations)
    cut, whole = task.state(), task.state()
    task.native().advance(whole, 30)
    engine = task.native()
    for updates in stretches:
        engine.advance(cut, updates)
    same_state(cut, whole)
    assert both_stop(task, stretches).trouble


def one_number(weight, bias, x, optimizer=None, **options):
    net = Network([1, 1], activation="identity", cost="squared_error")
    start = Parameters.from_arrays(W1=[[weight]], b1=[[bias]])
    return Task(
        net, start, np.array([[x]]), np.zeros((1, 1)), optimizer or GradientDescent(1), **options
    )


ONE = {
    "the cost": one_number(1e200, 0.0, 1e100),
    "a Jacobian": one_number(0.0, 1e150, 1e200),
    "a parameter": one_number(0.0, 1e150, 1.0, GradientDescent(1e300)),
}


@pytest.mark.parametrize("transformations", [(), (ClipByValue(1.0),)], ids=["fast", "careful"])
@pytest.mark.parametrize("what", ONE)
def test_every_trouble_has_its_name(what, transformations):
    task = replace(ONE[what], transformations=transformations)
    if what == "a parameter" and transformations:
        task = one_number(-1e308, 1e308, 1.0, GradientDescent(1.7e308))
        task = replace(task, y=np.array([[-1.0]]), transformations=transformations)
    stopped = both_stop(task)
    assert (stopped.trouble, stopped.iteration) == (what, 0)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_update_that_is_lost_is_not_in_the_slots(optimizer):
    """Known only after the step, when the slots have moved already."""
    task = one_number(-1e308, 1e308, 1.0, replace(optimizer, learning_rate=1.7e308))
    task = replace(task, y=np.array([[-1.0]]))
    for transformations in ((), (ClipByValue(1.0),)):
        stopped = both_stop(replace(task, transformations=transformations))
        assert (stopped.trouble, stopped.iteration) == ("a parameter", 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_penalty_that_overflows_is_a_cost_that_is_not_finite(dtype):
    """Though the network saturates, and its gradient is finite."""
    large = {np.float32: 1e25, np.float64: 1e200}[dtype]
    net = Network([1, 1], activation="sigmoid", cost="squared_error", l2=1e-3)
    start = Parameters.from_arrays(W1=[[large]], b1=[[0.0]]).astype(dtype)
    task = Task(net, start, np.ones((1, 3)), np.ones((1, 3)), GradientDescent(0.1))
    stopped = both_stop(task, (5,))
    assert (stopped.trouble, stopped.iteration) == ("the cost", 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_weights_that_grow_while_the_network_saturates(dtype):
    """The same on the way: a penalty that diverges below a squashing function."""
    net = Network([2, 3, 1], activation="sigmoid", cost="squared_error", l2=3.0)
    task = task_of(net, GradientDescent(1e4), dtype)
    stopped = both_stop(task, (200,))
    assert stopped.trouble == "the cost"


def test_a_saturated_cost_does_not_hide_lost_parameters():
    net = Network([1, 1], activation="sigmoid", cost="squared_error")
    start = Parameters.from_arrays(W1=[[0]], b1=[[0]])
    task = Task(net, start, np.array([[1e3]]), np.zeros((1, 1)), GradientDescent(1e308))
    assert both_stop(task, (1,)).trouble == "a parameter"


@pytest.mark.parametrize("transformations", [(), (ClipByValue(1.0),)], ids=["fast", "careful"])
def test_trouble_of_one_state_leaves_another_its_last_good_parameters(transformations):
    """One engine, two states: what it remembers of the first is not handed to the second."""
    task = replace(ONE["the cost"], transformations=transformations)
    good = task.state()
    good.params.flat[...] = 0.5
    engine = task.native()
    engine.advance(good, 2)
    lost = task.state()
    engine.advance(lost, 2)
    assert lost.trouble == "the cost"
    assert lost.last_good == task.params


def test_after_trouble_no_update_is_made():
    task = ONE["the cost"]
    state = task.native().advance(task.state(), 3)
    kept = state.params.copy()
    task.native().advance(state, 5)
    assert (state.iteration, state.params) == (0, kept)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("record_every", [1, 10**6])
@pytest.mark.parametrize("options", [{}, {"batch_size": 3}, {"noise": 0.2}], ids=str)
def test_training_raises_with_the_last_good_parameters(options, record_every, dtype):
    params, x, y = cases.draw(LINEAR, 11, 3, dtype=dtype)
    found = {}
    for engine in ("native", "reference"):
        with pytest.raises(NonFiniteCost) as caught:
            train(
                LINEAR, params, x, y, optimizer=GradientDescent(30.0), iterations=10**5, rng=1,
                record_every=record_every, engine=engine, **options,
            )  # fmt: skip
        found[engine] = caught.value
    mine, theirs = found["native"], found["reference"]
    assert mine.iteration == theirs.iteration
    assert str(mine) == str(theirs)
    assert np.isfinite(mine.params.flat).all()
    rtol = 2e-3 if dtype == np.float32 else 1e-9
    np.testing.assert_allclose(mine.params.flat, theirs.params.flat, rtol=rtol)
    np.testing.assert_array_equal(mine.history.iteration, theirs.history.iteration)


@pytest.mark.parametrize("threads", [2, 3])
def test_trouble_among_threads(threads):
    net = Network([5, 40, 3], activation=["relu", "identity"], cost="squared_error")
    for m, options in ((900, {}), (2500, {"batch_size": 1700})):
        task = task_of(net, GradientDescent(3e3), np.float64, m, **options)
        for layout in LAYOUTS:
            alone = task.native(layout=layout).advance(task.state(), 60)
            assert alone.trouble
            team = task.native(layout=layout, threads=threads).advance(task.state(), 60)
            same_state(team, alone)
