"""Law: training goes at the pace of the faster number of threads, soon after that has changed."""

from dataclasses import replace

import pytest

import cases
from chainrule import Adam, ClipByNorm, Network, Noise
from chainrule.engines import kernel
from chainrule.engines.native import NativeEngine
from native_cases import Task, same_state


def train(pace, alone, together, updates, stretch):
    """Seconds that updates take whose speed is known, as the kernel goes about them."""
    spent = 0.0
    for _ in range(0, updates, stretch):
        other = pace.trial(stretch)
        for way, count in ((not pace.together, other), (pace.together, stretch - other)):
            if count:
                seconds = count * (together if way else alone)
                pace.measured(together=way, seconds=seconds, updates=count)
                spent += seconds
        pace.decide()
    return spent


STRETCHES = [1, 7, 50, 1000]


@pytest.mark.parametrize("stretch", STRETCHES)
@pytest.mark.parametrize(("alone", "together"), [(1e-4, 3e-4), (1e-4, 6e-5), (1.9e-3, 1.2e-3)])
def test_the_faster_way_is_found_and_trials_cost_little(alone, together, stretch):
    pace = kernel.module().Pace()
    train(pace, alone, together, 2_000, stretch)
    assert pace.together == (together < alone)
    best = min(alone, together)
    assert train(pace, alone, together, 20_000, stretch) < 1.02 * best * 20_000


@pytest.mark.parametrize("stretch", STRETCHES)
def test_a_change_is_noticed(stretch):
    """Another process comes and goes."""
    pace = kernel.module().Pace()
    for alone, together, better in ((50e-6, 30e-6, True), (55e-6, 120e-6, False)) * 2:
        train(pace, alone, together, 40_000, stretch)
        assert pace.together == better


def test_long_updates_are_made_by_all():
    pace = kernel.module().Pace()
    train(pace, 1e-4, 3e-4, 2_000, 50)
    assert not pace.together
    train(pace, 4e-3, 3e-3, 100, 1)
    assert pace.together


@pytest.mark.parametrize("transformations", [(), (Noise(0.1),), (ClipByNorm(0.5),)], ids=str)
def test_the_number_of_threads_may_change_on_the_way(transformations):
    net = Network([10, 65, 65, 3], activation="tanh", cost="squared_error")
    params, x, y = cases.draw(net, 300, 2)
    options = {"batch_size": 128, "transformations": transformations}
    task = Task(net, params, x, y, Adam(1e-3), **options)
    states = []
    for threads in (1, 2):
        engine, state = NativeEngine(replace(task.problem(), threads=threads)), task.state()
        assert engine._runner.useful_threads(128) == threads
        for updates in (1, 64, 600, 63, 700):
            engine.advance(state, updates)
        states.append(state)
    same_state(*states)
    assert min(engine._runner.made(together) for together in (False, True)) >= 16
