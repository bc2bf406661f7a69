"""A state that the native engine holds is seen as if it were written down after every update."""

import copy
import pickle

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


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda state: pickle.loads(pickle.dumps(state)),
}


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_is_of_the_newest_and_goes_its_own_way(task, way):
    engine, state = task.native(), task.state()
    engine.advance(state, 3)
    other = COPIES[way](state)
    same_state(other, state)
    if way != "copy":  # whose arrays are the same
        task.native().advance(other, 2)
        engine.advance(state, 2)
        same_state(other, state)


@pytest.mark.parametrize("where", ["lend", "write"])
def test_whatever_is_interrupted_nothing_is_lost(task, where, monkeypatch):
    """An exception, such as a second Ctrl-C, between two steps of lending or giving back."""
    engine, state, alone = task.native(), task.state(), task.state()
    task.native().advance(alone, 6)
    engine.advance(state, 2)
    if where == "lend":
        look(state)
    done = getattr(type(state), where)

    def interrupted(self, *arguments):
        done(self, *arguments)
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(type(state), where, interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.advance(state, 1) if where == "lend" else look(state)
    engine.advance(state, 6 - state.iteration)
    look(state)
    # The random numbers of a block that was drawn and not used are gone: only that is compared
    # which does not depend on them.
    assert state.iteration == alone.iteration
    if where == "write":
        same_state(state, alone)
    before = look(state)
    engine.advance(state, 1)
    assert not np.array_equal(before[0], state.params.flat)


def test_states_may_move_between_engines(task):
    engines, state = [task.native(), task.native(threads=2), task.reference()], task.state()
    for engine in engines[:2] * 2:
        engine.advance(state, 2)
    same_state(state, task.native().advance(task.state(), 8))
    engines[2].advance(state, 1)
    np.testing.assert_array_equal(state.slots[2], [9])


def test_an_engine_that_is_closed_holds_nothing(task):
    engine, state = task.native(), task.state()
    engine.advance(state, 3)
    assert state.holder is engine
    engine.close()
    assert state.holder is None


def test_what_cannot_be_written_is_not_trained(task):
    engine, state = task.native(), task.state()
    state.params.flat.setflags(write=False)
    with pytest.raises((TypeError, ValueError)):
        engine.advance(state, 1)
    assert state.iteration == 0
    assert engine.cost(task.params) > 0
