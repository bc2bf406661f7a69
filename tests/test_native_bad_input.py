"""Law: what the native engine cannot serve it refuses with the reason, and never reads what is
not there; where it is absent, or another process or thread is about, training is as it was."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import cases
from chainrule import (
    Adam,
    GradientDescent,
    Momentum,
    Network,
    Noise,
    engines,
    register_activation,
    register_cost,
    train,
)
from chainrule.engines import kernel
from chainrule.errors import EngineUnavailable, InvalidType, InvalidValue, UnknownName
from native_cases import Task

NET = Network([2, 4, 3], activation="tanh", cost="squared_error")
PARAMS, X, Y = cases.draw(NET, 11, 1)


def run(net=NET, params=PARAMS, optimizer=None, iterations=3, **options):
    optimizer = optimizer or GradientDescent(0.1)
    return train(net, params, X, Y, optimizer=optimizer, iterations=iterations, **options)


# What the kernel has no row for ---------------------------------------------------------------


class MyDescent(GradientDescent):
    pass


class MyNoise(Noise):
    pass


DOUBLE = register_activation("double", lambda z: 2 * z, lambda z: np.full_like(z, 2))
FOURTH = register_cost("fourth", lambda a, y: (a - y) ** 4, lambda a, y: 4 * (a - y) ** 3)


def with_own_activation():
    return {"net": Network(NET.sizes, activation=[DOUBLE, "tanh"], cost="squared_error")}


def with_own_cost():
    return {"net": Network(NET.sizes, activation="tanh", cost=FOURTH)}


REFUSED = {
    "double is a function of your own": with_own_activation,
    "fourth is a function of your own": with_own_cost,
    "MyDescent is none of the kernel's optimizers": lambda: {"optimizer": MyDescent(0.1)},
    "MyNoise is none of the kernel's transformations": lambda: {"transformations": [MyNoise(0.1)]},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_has_no_row_is_refused_by_name_and_served_by_auto(reason):
    options = REFUSED[reason]()
    with pytest.raises(EngineUnavailable, match=reason) as caught:
        run(engine="native", **options)
    assert "engine='auto' or 'reference'" in str(caught.value)
    assert run(engine="auto", **options).engine == "reference"
    assert run(engine="auto").engine == "native"


def test_an_unknown_engine_is_an_unknown_name():
    with pytest.raises(UnknownName, match="'nativ'; did you mean 'native'"):
        run(engine="nativ")


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True])
@pytest.mark.parametrize("engine", engines.ENGINES)
def test_threads_must_be_a_whole_number_of_one_or_more(engine, threads):
    with pytest.raises((InvalidValue, InvalidType), match="threads is "):
        run(threads=threads, engine=engine)


def test_more_threads_than_can_be_had_are_no_error():
    assert run(threads=10**9, engine="native").params == run(threads=1, engine="native").params


@pytest.mark.parametrize("batch_size", [11, 12, 10**6])
def test_a_batch_as_large_as_the_data_is_the_full_batch(batch_size):
    assert run(batch_size=batch_size, engine="native").params == run(engine="native").params


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, np.complex128, np.int64, ">f8"])
def test_parameters_of_another_dtype_cannot_be_made(dtype):
    with pytest.raises(InvalidType, match="wanted float32 or float64"):
        PARAMS.astype(dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.int64, bool, ">f8", ">f4"])
def test_examples_of_other_dtypes_are_converted(dtype):
    x, y = np.round(X).astype(dtype), np.round(Y).astype(dtype)
    options = {"optimizer": GradientDescent(0.1), "iterations": 3, "engine": "native"}
    mine = train(NET, PARAMS, x, y, **options)
    exact = train(NET, PARAMS, x.astype(np.float64), y.astype(np.float64), **options)
    assert mine.params == exact.params


# Below Python's checks ------------------------------------------------------------------------


RUNNER = {
    "isa": kernel.instruction_set(),
    "single": False,
    "inputs": 2,
    "layers": [(4, 1, 0.0, 0.0), (3, 1, 0.0, 0.0)],
    "cost": 0,
    "cost_number": 0.0,
    "penalty": 0.0,
    "optimizer": 1,
    "settings": [0.5],
    "transformations": [],
    "batch": 11,
    "widest_lanes": -1,
    "least_squares": False,
    "every_thread": False,
    "guarded": False,
    "x": X,
    "y": Y,
    "weights": None,
    "threads": 2,
}
COUNT = len(PARAMS.flat)
SAYS = r"^[a-z_\d\[\] ]+ (is|has) .*, wanted "
"""What every refusal names: the quantity, what was met, what is wanted."""
WRONG_RUNNERS = {
    "another instruction set": {"isa": "v9"},
    "another dtype": {"single": True},
    "x of another dtype": {"x": X.astype(np.float32)},
    "x of another height": {"x": X[:1]},
    "x without examples": {"x": X[:, :0], "y": Y[:, :0], "batch": 0},
    "y of another dtype": {"y": Y.astype(np.int64)},
    "y of another height": {"y": Y[:2]},
    "y of fewer examples": {"y": Y[:, :10]},
    "weights of fewer examples": {"weights": np.ones(10)},
    "weights of another dtype": {"weights": np.ones(11, np.float32)},
    "no layers": {"layers": []},
    "a layer without units": {"layers": [(0, 1, 0.0, 0.0), (3, 1, 0.0, 0.0)]},
    "no inputs": {"inputs": 0, "x": X[:0]},
    "an unknown activation": {"layers": [(4, 13, 0.0, 0.0), (3, 1, 0.0, 0.0)]},
    "an activation below 0": {"layers": [(4, -1, 0.0, 0.0), (3, 1, 0.0, 0.0)]},
    "an unknown cost": {"cost": 8},
    "an unknown optimizer": {"optimizer": 6},
    "an unknown transformation": {"transformations": [(3, 1.0)]},
    "five settings": {"settings": [0.5] * 5},
    "a batch larger than the data": {"batch": 12},
    "a batch of nothing": {"batch": 0},
    "no threads": {"threads": 0},
}


def runner(**changes):
    return kernel.module().Runner(**{**RUNNER, **changes})


@pytest.mark.parametrize("what", WRONG_RUNNERS)
def test_a_session_of_what_does_not_fit_is_refused(what):
    with pytest.raises(ValueError, match=SAYS):
        runner(**WRONG_RUNNERS[what])


def advance_arguments():
    return {
        "params": PARAMS.flat.copy(),
        "slots": [np.zeros(COUNT)],
        "last_good": np.zeros(COUNT),
        "rates": np.full(2, 0.1),
        "batches": None,
        "batch_ends": None,
        "noise": None,
        "masks": [],
        "steps": 0.0,
        "costs": None,
    }


def advance(session, *, params, slots, last_good, **others):
    """A stretch from the caller's arrays and back to them."""
    session.take(params=params, slots=slots)
    made = session.advance(**others)
    session.give(params=params, slots=slots, last_good=last_good)
    return made


SHORT, SINGLE = np.zeros(COUNT - 1), np.zeros(COUNT, np.float32)
TWO = {"batches": np.arange(8), "batch_ends": np.array([4, 8])}
WRONG_STRETCHES = {
    "short parameters": {"params": SHORT},
    "parameters of another dtype": {"params": SINGLE},
    "a short slot": {"slots": [SHORT]},
    "a slot of another dtype": {"slots": [SINGLE]},
    "no slot": {"slots": []},
    "two slots": {"slots": [np.zeros(COUNT)] * 2},
    "short last good parameters": {"last_good": SHORT},
    "rates of another dtype": {"rates": np.full(2, 0.1, np.float32)},
    "batches without ends": {"batches": np.arange(8)},
    "ends without batches": {"batch_ends": np.array([4, 8])},
    "ends of fewer updates": TWO | {"batch_ends": np.array([8])},
    "ends beyond the batches": TWO | {"batch_ends": np.array([4, 9])},
    "ends before the batches' end": TWO | {"batch_ends": np.array([4, 7])},
    "ends that go back": TWO | {"batch_ends": np.array([9, 8])},
    "a batch of nothing": TWO | {"batch_ends": np.array([8, 8])},
    "a batch that is too large": {"batches": np.arange(14) % 11, "batch_ends": np.array([12, 14])},
    "an example below 0": TWO | {"batches": np.array([0, 1, 2, 3, -1, 5, 6, 7])},
    "an example beyond the data": TWO | {"batches": np.array([0, 1, 2, 3, 4, 5, 6, 11])},
    "indices of another dtype": TWO | {"batches": np.arange(8, dtype=np.int32)},
    "masks of another number": {"masks": [None]},
    "a mask where nothing is dropped": {"masks": [np.ones((4, 11)), None, None, None]},
    "costs of fewer updates": {"costs": np.zeros(1)},
    "costs of another dtype": {"costs": np.zeros(2, np.float32)},
}


@pytest.mark.parametrize("what", WRONG_STRETCHES)
def test_a_stretch_of_what_does_not_fit_is_refused(what):
    good, wrong = advance_arguments(), advance_arguments() | WRONG_STRETCHES[what]
    session = runner()
    with pytest.raises(ValueError, match=SAYS):
        advance(session, **wrong)
    assert advance(session, **good) == (2, 0)


WRONG_MASKS = {
    "of fewer examples": np.ones((4, 10)),
    "of another dtype": np.ones((4, 11), np.float32),
    "of fewer units": np.ones((3, 11)),
    "that lies otherwise": np.ones((11, 4)).T,
    "that is none": None,
}


@pytest.mark.parametrize("what", WRONG_MASKS)
def test_a_mask_that_does_not_fit_is_refused(what):
    right, good = advance_arguments(), np.ones((4, 11))
    session = runner(layers=[(4, 1, 0.0, 0.5), (3, 1, 0.0, 0.0)])
    with pytest.raises(ValueError, match=r"^(a mask|masks\[2\]) (is|has) .*, wanted "):
        advance(session, **right | {"masks": [good, None, WRONG_MASKS[what], None]})
    with pytest.raises(ValueError, match=r"^masks has 0 entries, wanted 4"):
        advance(session, **right)
    assert advance(session, **right | {"masks": [good, None, good, None]}) == (2, 0)


@pytest.mark.parametrize("noise", [None, np.zeros((1, 4)), np.zeros((2, 3)), np.zeros((4, 2)).T])
def test_noise_that_does_not_fit_is_refused(noise):
    session = runner(transformations=[(0, 0.1)])
    with pytest.raises(ValueError, match="noise"):
        advance(session, **advance_arguments() | {"noise": noise})
    right = advance_arguments() | {"noise": np.zeros((2, 4))}
    assert advance(session, **right) == (2, 0)


def test_mini_batches_cannot_be_left_out():
    with pytest.raises(ValueError, match=r"^batches is None, wanted .*: at most 4 of 11"):
        advance(runner(batch=4), **advance_arguments())


@pytest.mark.parametrize("name", ["params", "last_good", "slots"])
def test_an_array_with_gaps_is_refused_rather_than_written_as_a_copy(name):
    gaps = np.zeros(2 * COUNT)[::2]
    with pytest.raises((TypeError, ValueError)):
        advance(runner(), **advance_arguments() | {name: [gaps] if name == "slots" else gaps})


@pytest.mark.parametrize("name", ["params", "last_good", "slots"])
def test_an_array_that_must_not_be_written_is_refused(name):
    fixed = np.zeros(COUNT)
    fixed.setflags(write=False)
    with pytest.raises((TypeError, ValueError)):
        advance(runner(), **advance_arguments() | {name: [fixed] if name == "slots" else fixed})


@pytest.mark.parametrize("between", ["nothing", "evaluate"])
def test_updates_without_parameters_are_refused(between):
    arguments = advance_arguments()
    taken = {name: arguments.pop(name) for name in ("params", "slots")}
    given = taken | {"last_good": arguments.pop("last_good")}
    session = runner()
    if between == "evaluate":
        session.take(**taken)
        options = {"others": None, "jacobians": None, "outputs": None}
        session.evaluate(params=PARAMS.flat, **options)
    with pytest.raises(ValueError, match="nothing to advance, wanted"):
        session.advance(**arguments)
    with pytest.raises(ValueError, match="nothing to give back, wanted"):
        session.give(**given)


WRONG_EVALUATIONS = {
    "short parameters": {"params": SHORT},
    "parameters of another dtype": {"params": SINGLE},
    "short Jacobians": {"jacobians": SHORT},
    "short outputs": {"outputs": np.zeros(32)},
    "outputs of another dtype": {"outputs": np.zeros(33, np.float32)},
    "other x of another height": {"others": (X[:1], Y, None)},
    "other y of fewer examples": {"others": (X, Y[:, :3], None)},
    "other weights of fewer examples": {"others": (X, Y, np.ones(3))},
    "outputs of other examples": {"others": (X[:, :3], None, None), "outputs": np.zeros(33)},
    "no examples": {"others": (X[:, :0], Y[:, :0], None)},
}


@pytest.mark.parametrize("what", WRONG_EVALUATIONS)
def test_an_evaluation_of_what_does_not_fit_is_refused(what):
    right = {"params": PARAMS.flat, "others": None, "jacobians": None, "outputs": None}
    with pytest.raises(ValueError, match=SAYS):
        runner().evaluate(**right | WRONG_EVALUATIONS[what])


def test_outputs_and_costs_of_a_session():
    """What the engine does not ask for yet."""
    outputs, costs = np.zeros(33), np.zeros(2)
    session = runner()
    options = {"jacobians": None}
    cost = session.evaluate(params=PARAMS.flat, others=None, outputs=outputs, **options)
    np.testing.assert_allclose(outputs.reshape(3, 11), NET.forward(PARAMS, X), rtol=1e-13)
    few = np.zeros(9)
    session.evaluate(params=PARAMS.flat, others=(X[:, ::4], None, None), outputs=few, **options)
    np.testing.assert_array_equal(few.reshape(3, 3), outputs.reshape(3, 11)[:, ::4])
    advance(session, **advance_arguments() | {"costs": costs})
    assert costs[0] == cost
    assert costs[1] < cost


# Where there is no kernel ---------------------------------------------------------------------


@pytest.fixture
def without_kernel(monkeypatch):
    why = "the compiled kernel cannot be loaded (no such file); install chainrule anew"
    monkeypatch.setattr(kernel, "_load", lambda: why)
    monkeypatch.setattr(engines, "_SAID", set())
    return why


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError("no module"), "this installation of chainrule has no compiled kernel"),
        (ImportError("no such symbol"), r"the compiled kernel cannot be loaded \(no such symbol\)"),
    ],
)
def test_a_kernel_that_is_not_there_comes_with_the_way_to_it(monkeypatch, error, said):
    def fail(_name):
        raise error

    monkeypatch.setattr(kernel, "importlib", SimpleNamespace(import_module=fail))
    why = kernel._load.__wrapped__()
    assert re.match(said, why)
    assert "source" in why
    command, page = re.search(r"C\+\+ compiler at hand: (.*) \((.*)\)$", why).groups()
    assert command in (Path(__file__).parents[1] / page).read_text(encoding="utf-8")


def test_without_a_kernel_native_says_why_and_what_to_do(without_kernel):
    with pytest.raises(EngineUnavailable) as caught:
        run(engine="native")
    assert without_kernel in str(caught.value)
    assert "engine='reference'" in str(caught.value)


def test_without_a_kernel_auto_trains_and_warns_once(without_kernel):
    with pytest.warns(UserWarning, match="slow reference engine: the compiled kernel") as caught:
        result = run()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert result.engine == "reference"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run().engine == "reference"


def test_without_a_kernel_what_it_could_not_do_is_no_reason_to_warn(without_kernel):
    assert run(**with_own_cost()).engine == "reference"
    assert run(engine="reference").engine == "reference"


def test_on_a_machine_without_any_of_its_instruction_sets_auto_trains(monkeypatch):
    monkeypatch.delenv(kernel.VARIABLE, raising=False)
    monkeypatch.setattr(kernel, "instruction_sets", lambda: {"v3": False, "v2": False})
    monkeypatch.setattr(engines, "_SAID", set())
    with pytest.warns(UserWarning, match=r"none of the instruction sets .*\(v3, v2\)"):
        assert run().engine == "reference"
    with pytest.raises(EngineUnavailable, match="none of the instruction sets"):
        run(engine="native")


@pytest.mark.parametrize(
    ("error", "said"), [(ModuleNotFoundError, "no compiled"), (ImportError, "not-")]
)
def test_a_kernel_that_cannot_be_imported_is_explained(error, said, monkeypatch):
    def refuse(name):
        raise error("not-a-library")

    monkeypatch.setattr(kernel.importlib, "import_module", refuse)
    found = kernel._load.__wrapped__()
    assert said in found
    assert "pip install" in found


# Other threads, other processes ---------------------------------------------------------------

SHARED = Network([20, 120, 5], activation="relu", cost="cross_entropy")


def shared(seed, threads=2):
    params, x, y = cases.draw(SHARED, 300, seed, 0.2)
    return train(
        SHARED, params, x, y, optimizer=Adam(), iterations=15, batch_size=150, rng=seed,
        engine="native", threads=threads,
    ).params.flat  # fmt: skip


def test_two_python_threads_may_train_at_the_same_time():
    wanted = [shared(seed) for seed in range(4)]
    found = {}
    members = [
        threading.Thread(target=lambda seed=seed: found.update({seed: shared(seed)}))
        for seed in range(4)
    ]
    for member in members:
        member.start()
    for member in members:
        member.join(timeout=60)
    for seed in range(4):
        np.testing.assert_array_equal(found[seed], wanted[seed])


def test_two_python_threads_may_use_one_engine():
    """They take turns; each has a state of its own."""
    params, x, y = cases.draw(NET, 60, 1)
    task = Task(NET, params, x, y, Momentum(0.1), batch_size=7)
    engine = task.native(threads=2)
    wanted = [task.native().advance(task.state(rng=seed), 200).params for seed in range(3)]
    states = [task.state(rng=seed) for seed in range(3)]

    def advance(state):
        for _ in range(20):
            engine.advance(state, 10)

    members = [threading.Thread(target=advance, args=(state,)) for state in states]
    for member in members:
        member.start()
    for member in members:
        member.join(timeout=60)
    assert [state.params for state in states] == wanted


FORKED = """
import os, sys
sys.path.insert(0, {tests!r})
import numpy as np
from test_native_bad_input import shared
wanted = shared(1)
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(shared(1), wanted) else 3)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
import multiprocessing
with multiprocessing.get_context("fork").Pool(2) as pool:
    for found in pool.map(shared, [1, 1, 1]):
        assert np.array_equal(found, wanted)
from joblib import Parallel, delayed
for found in Parallel(n_jobs=2)(delayed(shared)(1, threads) for threads in (1, 2)):
    assert np.array_equal(found, wanted)
print("the same bits")
"""


def test_forked_processes_and_those_of_joblib_train_to_the_same_bits():
    tests = str(Path(__file__).parent)
    script, environment = FORKED.format(tests=tests), os.environ | {"PYTHONPATH": tests}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, timeout=100, check=False, env=environment,
    )  # fmt: skip
    assert done.stdout == "the same bits\n", done.stderr


FORKED_AT_WORK = """
import os, signal, sys, threading
sys.path.insert(0, {tests!r})
from test_native_bad_input import Adam, SHARED, Task, cases
params, x, y = cases.draw(SHARED, 300, 1, 0.2)
task = Task(SHARED, params, x, y, Adam())
engine = task.native()
worker = threading.Thread(target=lambda: engine.advance(task.state(), 100_000))
worker.start()
refused = 0
while worker.is_alive() and not refused:
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            engine.cost(task.state().params)
        except RuntimeError as trouble:
            os._exit(7 if "was at work when this process was forked" in str(trouble) else 3)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 7), code
    refused += code == 7
os._exit(0 if refused else 4)
"""


def test_an_engine_that_was_at_work_when_its_process_forked_is_refused_in_the_child():
    """There is nobody in the child who would finish: to wait for it would be to wait for ever."""
    tests = str(Path(__file__).parent)
    script, environment = FORKED_AT_WORK.format(tests=tests), os.environ | {"PYTHONPATH": tests}
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script],
        capture_output=True, text=True, timeout=100, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
