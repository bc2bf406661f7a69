"""A state that the native engine holds is seen as if it were written down after every update."""

import numpy as np
import pytest

import cases
from chainrule import Adam, Network
from chainrule.transformations import ClipByNorm
from native_cases import Task, same_state

NET = Network([3, 41, 2], activation="tanh", cost="squared_error")
WAYS = {"fast": (), "careful": (ClipByNorm(1.0),)}


@pytest.fixture(params=WAYS)
def task(request):
    params, x, y = cases.draw(NET, 17, 4)
    return Task(NET, params, x, y, Adam(0.01), batch_size=5, transformations=WAYS[request.param])


def look(state):
    return [each.copy() for each in (state.params.flat, state.last_good.flat, *state.slots)]


@pytest.mark.parametrize("updates", [1, 2, 5])
def test_looking_between_stretches_changes_nothing(task, updates):
    seen, unseen = (task.native(), task.state()), (task.native(), task.state())
    for _ in range(4):
        for engine, state in (seen, unseen):
            engine.advance(state, updates)
        look(seen[1])
    same_state(seen[1], unseen[1])
    np.testing.assert_array_equal(seen[1].slots[2], [4 * updates])


def test_what_is_seen_is_the_newest(task):
    engine, state = task.native(), task.state()
    for updates in (1, 3, 2):
        engine.advance(state, updates)
        alone = task.native().advance(task.state(), state.iteration)
        for mine, theirs in zip(look(state), look(alone), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_what_is_changed_between_stretches_counts(task):
    """Parameters and slots, in place or as other arrays."""
    engine, state = task.native(), task.state()
    engine.advance(state, 2)
    state.params.flat[...] += 0.25
    state.slots = (state.slots[0] * 2, *state.slots[1:])
    anew = task.state()
    task.native().advance(anew, 2)
    anew.params, anew.slots = state.params.copy(), tuple(each.copy() for each in state.slots)
    engine.advance(state, 2)
    task.native().advance(anew, 2)
    same_state(state, anew)


def test_states_may_take_turns_at_one_engine_and_evaluations_come_between(task):
    engine, states = task.native(), [task.state(rng=1), task.state(rng=2)]
    for updates in (1, 2, 1):
        for state in states:
            engine.advance(state, updates)
        engine.cost(task.params)
    for rng, state in enumerate(states, 1):
        same_state(state, task.native().advance(task.state(rng=rng), 4))
        assert engine.cost(state.params) < engine.cost(task.params)


def test_an_engine_may_be_closed_before_anybody_looks(task):
    engine, state = task.native(threads=2), task.state()
    engine.advance(state, 3)
    engine.close()
    same_state(state, task.native().advance(task.state(), 3))
