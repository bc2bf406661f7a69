"""Law: optimizers, clipping and schedules do what PyTorch's do, step for step.

The trajectories were recorded once by `tools/record_trajectories.py`, on a function of five
variables that is curved differently along each and couples them all.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import numpy as np
import pytest

from chainrule import optimizers, schedules, transformations
from chainrule.schedules import PlateauMemory

RECORDED = json.loads((Path(__file__).parent / "recorded" / "optimizers.json").read_text())
START, CURVATURES = np.array(RECORDED["start"]), np.array(RECORDED["curvatures"])
ROWS = {**vars(optimizers), **vars(schedules), **vars(transformations)}


def row(written):
    """The row that a recorded name spells, such as Adam(0.05, 0.7)."""
    return eval(written, {"__builtins__": {}}, ROWS)


def gradient(x):
    return 2 * CURVATURES * x + x**3 + x.sum()


def law_trajectory(optimizer, points, transformation=None, rtol=1e-12):
    x, slots = START.copy(), optimizer.start(START)
    for point in points:
        g = gradient(x)
        kept = [g.copy(), x.copy(), *(slot.copy() for slot in slots)]
        if transformation is not None:
            g = transformation.apply(g, np.empty(0), [2, 3])
        step, after = optimizer.step(g, slots, x, optimizer.learning_rate)
        same = [gradient(x), x, *slots]
        assert all(np.array_equal(*pair) for pair in zip(kept, same, strict=True))
        x, slots = x - step, after
        np.testing.assert_allclose(x, point, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("written", RECORDED["optimizers"])
def test_optimizer_follows_the_recorded_trajectory(written):
    law_trajectory(row(written), RECORDED["optimizers"][written])


@pytest.mark.parametrize("written", RECORDED["clips"])
def test_clipping_follows_the_recorded_trajectory(written):
    """PyTorch adds 1e-6 to the norm before it divides; we do not."""
    rtol = 1e-5 if "Norm" in written else 1e-12
    descent = optimizers.GradientDescent(0.05)
    law_trajectory(descent, RECORDED["clips"][written], row(written), rtol)


@pytest.mark.parametrize("written", RECORDED["schedules"])
def test_schedule_gives_the_recorded_rates(written):
    found = [row(written)(iteration) for iteration in range(len(RECORDED["schedules"][written]))]
    np.testing.assert_allclose(found, RECORDED["schedules"][written], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("written", RECORDED["plateaus"])
def test_plateau_gives_the_recorded_rates(written):
    memory, found = PlateauMemory(), []
    for cost in RECORDED["costs"]:
        memory = row(written).observe(memory, cost)
        found.append(memory.factor)
    np.testing.assert_allclose(found, RECORDED["plateaus"][written], rtol=1e-12)


@pytest.mark.parametrize(
    "name", ["GradientDescent", "Momentum", "Nesterov", "RMSprop", "Adam", "AdamW"]
)
def test_float32_stays_float32(name):
    optimizer = getattr(optimizers, name)(0.1)
    flat = START.astype(np.float32)
    step, slots = optimizer.step(flat, optimizer.start(flat), flat, 0.1)
    assert step.dtype == np.float32
    assert all(slot.dtype == np.float32 for slot in slots if slot.shape == flat.shape)


def test_every_optimizer_and_schedule_was_recorded():
    """Whoever adds a row records it; Constant, which is 1, alone needs no recording."""
    parts = ("optimizers", "clips", "schedules", "plateaus")
    written = {name.partition("(")[0] for part in parts for name in RECORDED[part]}
    rows = {
        name
        for module in (optimizers, schedules, transformations)
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__
    }
    others = {"Optimizer", "Transformation", "PlateauMemory", "Constant", "Noise"}
    assert rows - others == written
