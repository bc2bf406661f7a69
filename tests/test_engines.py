"""Law: an engine does the same however its updates are cut, and stops where something is lost."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import GradientDescent, Network
from chainrule.engines import Problem, State, choose
from chainrule.optimizers import Optimizer
from chainrule.randomness import Batches, Streams
from chainrule.transformations import Noise

NET = Network([2, 3, 1], activation=["tanh", "identity"], cost="squared_error")
X = np.random.default_rng(1).standard_normal((2, 11))
Y = np.random.default_rng(2).standard_normal((1, 11))


def engine_and_state(rng, optimizer, noise=0.3, batch_size=4):
    start = NET.initialize(0)
    problem = Problem(NET, NET.batch(X, Y, start.dtype), optimizer, (Noise(noise),))
    streams = Streams(rng)
    batches = Batches(streams, 11, batch_size) if batch_size else None
    return choose("reference", problem), State(start, optimizer.start(start.flat), streams, batches)


SOURCES = {
    "seed": lambda: 5,
    "Generator": lambda: np.random.default_rng(5),
    "RandomState": lambda: np.random.RandomState(5),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("cuts", [[1] * 10, [3, 7], [9, 1]])
def test_updates_are_the_same_however_they_are_cut(source, cuts):
    engine, whole = engine_and_state(SOURCES[source](), GradientDescent(0.1))
    engine.advance(whole, 10)
    engine, cut = engine_and_state(SOURCES[source](), GradientDescent(0.1))
    for updates in cuts:
        engine.advance(cut, updates)
    assert cut.params == whole.params
    assert cut.iteration == whole.iteration == 10


class Counting:
    """Steepest descent that counts its steps in a slot, and can be told to go astray."""

    learning_rate = 0.1

    def __init__(self, astray_at=None):
        self.astray_at = astray_at

    def start(self, flat):
        return (np.zeros(1),)

    def step(self, gradient, slots, flat, learning_rate):
        count = slots[0] + 1
        step = learning_rate * gradient
        return (step * np.inf if count[0] == self.astray_at else step), (count,)


def test_an_optimizer_keeps_its_slots_from_stretch_to_stretch():
    assert isinstance(Counting(), Optimizer)
    engine, state = engine_and_state(0, Counting())
    for updates in (2, 3):
        engine.advance(state, updates)
    assert state.slots[0] == [5]


def test_what_is_lost_is_not_taken_over():
    """The step of update 4 is not finite: parameters, slots and count stay those after 3."""
    engine, three = engine_and_state(0, Counting())
    engine.advance(three, 3)
    engine, state = engine_and_state(0, Counting(astray_at=4))
    engine.advance(state, 10)
    assert state.trouble == "a parameter"
    assert (state.iteration, state.slots[0]) == (3, [3])
    assert state.params == state.last_good == three.params


def test_a_jacobian_that_is_not_finite_is_noticed_whatever_the_optimizer_makes_of_it():
    """A cost near the largest float is finite; its slope, times the inputs, is not."""

    class Clipping(Counting):
        def step(self, gradient, slots, flat, learning_rate):
            return np.clip(np.nan_to_num(gradient), -1, 1), slots

    net = Network([1, 1], activation="identity", cost="squared_error")
    start = net.initialize(0)
    start.W1, start.b1 = [[0.0]], [[1e150]]
    values = net.batch([[1e200]], [[0.0]], start.dtype)
    optimizer = Clipping()
    engine = choose("reference", Problem(net, values, optimizer))
    state = State(start, optimizer.start(start.flat), Streams(0))
    engine.advance(state, 5)
    assert (state.trouble, state.iteration) == ("a Jacobian", 0)
