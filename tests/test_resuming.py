"""Law: training that is stopped and goes on is training that was never stopped, bit for bit."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import chainrule.loop
from chainrule import (
    LBFGS,
    Adam,
    AdamW,
    Checkpoint,
    ClipByNorm,
    Cosine,
    GradientDescent,
    InvalidType,
    InvalidValue,
    LevenbergMarquardt,
    Momentum,
    Nesterov,
    Network,
    Patience,
    ReduceOnPlateau,
    RMSprop,
    TimeLimit,
    Tolerance,
    data,
    load,
    load_checkpoint,
    train,
)

SOAK = bool(os.environ.get("CHAINRULE_SOAK"))
X, Y = data.heart(23)
HELD_OUT = data.heart(11)
NET = Network([1, 4, 3, 2], activation="sigmoid", cost="squared_error", l2=1e-3)
DROPPING = Network([1, 4, 3, 2], activation="tanh", cost="squared_error", dropout=0.3)
UPDATES = 60

RUNS = {
    "descent": (NET, {"optimizer": GradientDescent(0.5)}),
    "batches": (NET, {"optimizer": Adam(0.02), "batch_size": 5}),
    "noise": (NET, {"optimizer": Momentum(0.1), "noise": 0.3, "batch_size": 4}),
    "dropout": (DROPPING, {"optimizer": Nesterov(0.1), "batch_size": 6}),
    "schedule": (NET, {"optimizer": RMSprop(0.01), "schedule": Cosine(50)}),
    "plateau": (
        NET,
        {"optimizer": AdamW(0.3), "schedule": ReduceOnPlateau(0.5, patience=1), "record_every": 3},
    ),
    "patience": (
        NET,
        {
            "optimizer": Adam(0.05),
            "validation": HELD_OUT,
            "stop": [Patience(4), Tolerance(0.0, 50), TimeLimit(1000)],
            "record_every": 2,
        },
    ),
    "clipped": (NET, {"optimizer": Adam(), "transformations": [ClipByNorm(0.1)]}),
    "second order": (NET, {"optimizer": LevenbergMarquardt()}),
    "costs of batches": (
        NET,
        {
            "optimizer": Adam(),
            "batch_size": 7,
            "record_every": 4,
            "recorded_cost": "batches",
            "stop": [Tolerance(1e-9, 3)],
        },
    ),
    "weights": (NET, {"optimizer": Adam(), "weights": np.arange(1.0, 24.0), "batch_size": 5}),
}


def run(name, updates=UPDATES, resume=None, **more):
    net, options = RUNS[name]
    more.setdefault("rng", 3)
    start = net.initialize(1, scheme="normal")
    options = {"engine": "reference", **options, **more}
    return train(net, start, X, Y, iterations=updates, resume=resume, **options)


def same(one, other):
    np.testing.assert_array_equal(one.params.flat, other.params.flat)
    assert one.reason == other.reason
    assert (one.iterations, one.best_iteration) == (other.iterations, other.best_iteration)
    for column in ("iteration", "cost", "validation_cost", "learning_rate", "gradient_norm"):
        met, wanted = getattr(one.history, column), getattr(other.history, column)
        np.testing.assert_array_equal(met, wanted, strict=True)


@pytest.mark.parametrize("engine", ["reference", "native"])
@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("through", ["memory", "a file"])
def test_a_run_goes_on_as_if_never_stopped(name, engine, through, tmp_path):
    straight = run(name, engine=engine, record_every=straight_every(name))
    for stopped in (0, 1, 7, 20, 59):
        first = run(name, stopped, engine=engine, record_every=straight_every(name))
        state = first.state
        if through == "a file":
            file = tmp_path / "run.safetensors"
            chainrule.save(file, RUNS[name][0], first.params, state=state)
            _net, state = load_checkpoint(file)
        same(run(name, resume=state, engine=engine, rng=99), straight)


def straight_every(name):
    return RUNS[name][1].get("record_every", 5)


def test_how_stretches_are_cut_does_not_matter(monkeypatch):
    straight = run("costs of batches", engine="native")
    monkeypatch.setattr(chainrule.loop, "STRETCH", 0.0)
    same(run("costs of batches", engine="native"), straight)
    state = run("costs of batches", 31, engine="native").state
    same(run("costs of batches", engine="native", resume=state), straight)


def test_a_state_is_used_twice_and_stays_as_it_was():
    state = run("patience", 9).state
    before = pickle.dumps(state)
    same(run("patience", resume=state), run("patience", resume=state))
    assert pickle.dumps(state) == before


def test_legacy_generators_go_on(tmp_path):
    def legacy():
        return np.random.RandomState(5)

    straight = run("noise", rng=legacy())
    file = tmp_path / "run.safetensors"
    run("noise", 17, rng=legacy(), record_every=1, checkpoint=Checkpoint(file))
    resumed = run("noise", resume=load_checkpoint(file)[1], record_every=1)
    assert resumed.params == straight.params


def test_more_updates_than_were_planned_at_first(tmp_path):
    file = tmp_path / "run.safetensors"
    ended = run("batches", 30, record_every=5, checkpoint=Checkpoint(file))
    assert (ended.reason, ended.iterations) == ("iterations", 30)
    same(run("batches", 90, resume=load_checkpoint(file)[1]), run("batches", 90, record_every=5))


def test_the_time_that_was_used_counts(tmp_path):
    def limited(seconds, **more):
        return run("descent", 10**7, stop=[TimeLimit(seconds)], engine="native", **more)

    state = limited(0.3).state
    began = time.monotonic()
    ended = limited(0.3, resume=state)
    assert ended.reason == "time"
    assert time.monotonic() - began < 0.25


def test_l_bfgs_says_that_it_begins_anew():
    options = {"optimizer": LBFGS(), "iterations": 8, "engine": "reference"}
    state = train(NET, NET.initialize(0), X, Y, **options).state
    with pytest.warns(UserWarning, match="nothing remembered"):
        on = train(NET, NET.initialize(0), X, Y, **options | {"iterations": 20}, resume=state)
    assert on.iterations == 20
    assert on.history.cost[-1] < on.history.cost[-2]


# what has changed is said ------------------------------------------------------------------------

CHANGED = {
    "optimizer": ({"optimizer": Adam(0.03)}, "learning_rate=0.03"),
    "batch_size": ({"batch_size": 6}, "batch_size is 6, and was 5"),
    "data": ({"weights": np.arange(1.0, 24.0)}, "the data are not those of before"),
    "stop": ({"stop": [Tolerance(0.1)]}, "stop is Tolerance"),
}


@pytest.mark.parametrize("what", CHANGED)
def test_what_has_changed_is_said(what):
    changed, words = CHANGED[what]
    state = run("batches", 9).state
    with pytest.raises(InvalidValue, match="resume cannot go on") as caught:
        run("batches", resume=state, **changed)
    assert words in str(caught.value)


def test_what_is_no_state_is_refused(tmp_path):
    with pytest.raises(InvalidType, match=r"wanted the \.state"):
        run("batches", resume="run.safetensors")
    with pytest.raises(InvalidType, match="Checkpoint"):
        run("batches", checkpoint="run.safetensors")
    chainrule.save(tmp_path / "model.safetensors", NET, NET.initialize(0))
    with pytest.raises(InvalidValue, match="no state of training"):
        load_checkpoint(tmp_path / "model.safetensors")


@pytest.mark.parametrize("seconds", [0, -1, "soon"])
def test_a_checkpoint_wants_a_positive_time(seconds):
    with pytest.raises((InvalidValue, InvalidType), match="seconds"):
        Checkpoint("run.safetensors", seconds=seconds)


class Thrice:
    """A stopping rule as somebody may write it, with nothing said of what it remembers."""

    reason, best = "thrice", None

    def watch(self):
        return Thrice()

    def recorded(self, history, params):
        return len(history) == 3

    def passed(self):
        return False


def test_a_rule_that_cannot_say_what_it_remembers_has_no_state(tmp_path):
    result = run("descent", stop=[Thrice()])
    assert (result.reason, result.state) == ("thrice", None)
    with pytest.raises(InvalidType, match="Thrice has no remember"):
        run("descent", stop=[Thrice()], checkpoint=Checkpoint(tmp_path / "run"))


# a file may come from anywhere -----------------------------------------------------------------


def damaged(file, change):
    """Write a checkpoint anew with something changed in what it says."""
    tensors = load_file(file)
    raw = file.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    described = json.loads(json.loads(raw[8 : 8 + length])["__metadata__"]["chainrule"])
    change(described["training"], tensors)
    save_file(tensors, file, metadata={"chainrule": json.dumps(described)})


def put(*path, value):
    def change(training, _tensors):
        *inner, last = path
        for key in inner:
            training = training[key]
        training[last] = value

    return change


def replace(name, array):
    def change(_training, tensors):
        tensors[f"state.{name}"] = array

    return change


DAMAGES = {
    "iteration": put("iteration", value=-1),
    "iteration as text": put("iteration", value="7"),
    "slots": put("slots", value=10**9),
    "streams": put("streams", "shuffles", "bit_generator", value="__import__"),
    "state of a stream": put("streams", "noise", "state", value={"state": "x", "inc": []}),
    "streams that are none": put("streams", value=[]),
    "plateau": put("plateau", value={}),
    "watchers": put("watchers", value=[{"numbers": {"x": []}, "arrays": []}]),
    "described": put("described", value=3),
    "slot": replace("slot0", np.zeros(3)),
    "last good": replace("last_good", np.zeros(2)),
    "history": replace("history.cost", np.zeros(1)),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_state_is_refused(what, tmp_path):
    file = tmp_path / "run.safetensors"
    run("batches", 9, record_every=2, checkpoint=Checkpoint(file))
    load_checkpoint(file)
    damaged(file, DAMAGES[what])
    with pytest.raises(InvalidValue, match=r"run\.safetensors"):
        load_checkpoint(file)
    load(file)  # the model in it is whole


@pytest.mark.parametrize("order", [np.zeros(23, np.int64), np.arange(22), np.arange(23) + 1])
def test_a_pass_that_leaves_examples_out_is_refused(order, tmp_path):
    file = tmp_path / "run.safetensors"
    run("batches", 9, checkpoint=Checkpoint(file))
    damaged(file, replace("order", order))
    with pytest.raises(InvalidValue, match="pass over the data"):
        run("batches", resume=load_checkpoint(file)[1])


# processes that are ended ------------------------------------------------------------------------

PROGRAM = """
import sys, numpy as np
from chainrule import Adam, Checkpoint, Network, Patience, data, load_checkpoint, train
from pathlib import Path
file, updates = Path(sys.argv[1]), int(sys.argv[2])
net = Network([1, 8, 2], activation="tanh", cost="squared_error", dropout=0.1)
x, y = data.heart(64)
state = load_checkpoint(file)[1] if file.exists() else None
result = train(net, net.initialize(0), x, y, optimizer=Adam(0.01), iterations=updates,
    batch_size=10, noise=0.1, rng=1, validation=data.heart(30), stop=[Patience(10**6)],
    record_every=500, checkpoint=Checkpoint(file, updates=200), resume=state, threads=1)
print(result.reason, result.iterations, result.params.flat.tobytes().hex(),
      result.history.validation_cost.tobytes().hex())
"""


def started(file, updates):
    program = [sys.executable, "-c", PROGRAM, str(file), str(updates)]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(file, updates):
    process = started(file, updates)
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out


@pytest.mark.slow
def test_a_run_that_is_killed_at_any_moment_goes_on(tmp_path):
    updates = 60_000
    began = time.monotonic()
    straight = finished(tmp_path / "straight.safetensors", updates)
    whole = time.monotonic() - began
    assert straight.startswith(f"iterations {updates} ")
    rng, kills = random.Random(7), 100 if SOAK else 3
    done = tries = 0
    while done < kills:
        file = tmp_path / f"{done}.safetensors"
        process = started(file, updates)
        time.sleep(rng.uniform(0.2 * whole, whole))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        tries += 1
        assert tries < 20 * kills
        if process.returncode == 0:
            continue  # it had ended before
        done += 1
        assert finished(file, updates) == straight
        leftovers = [each for each in tmp_path.iterdir() if each.name.endswith(".part")]
        for each in leftovers:  # of a file that was being written: beside, never in its place
            each.unlink()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "reason"), [(signal.SIGTERM, "terminated"), (signal.SIGINT, "interrupted")]
)
def test_a_run_that_is_asked_to_end_writes_its_state_first(number, reason, tmp_path):
    file, updates = tmp_path / "run.safetensors", 60_000
    straight = finished(tmp_path / "straight.safetensors", updates)
    process = started(file, 10**9)
    while not file.exists():
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert out.startswith(reason), err
    made = int(out.split()[1])
    _net, state = load_checkpoint(file)
    assert state.iteration == made
    if made < updates:
        assert finished(file, updates) == straight
