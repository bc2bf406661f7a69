"""Law: L-BFGS ends in the minimum, is SciPy's to the bit, and leaves no thread."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize
from threadpoolctl import threadpool_info

from chainrule import (
    LBFGS,
    ChainruleError,
    ClipByNorm,
    Cosine,
    LevenbergMarquardt,
    Network,
    NonFiniteCost,
    Parameters,
    Patience,
    ReduceOnPlateau,
    Snapshots,
    TimeLimit,
    Tolerance,
    data,
    train,
)
from chainrule.engines import Problem, State, choose
from chainrule.engines.one_thread import _is_scipys, one_thread
from chainrule.engines.quasi_newton import QuasiNewton
from chainrule.engines.reference import ReferenceEngine
from chainrule.randomness import Streams

RNG = np.random.default_rng(3)
X, Y = RNG.standard_normal((3, 20)), RNG.standard_normal((2, 20))
W = RNG.uniform(0.0, 2.0, 20)
STRAIGHT = Network([3, 2], activation="identity", cost="squared_error", l2=0.3)
HEART = Network([1, 6, 7, 2], activation="sigmoid", cost="squared_error")
HEART_X, HEART_Y = data.heart(20)
START = HEART.initialize(2, scheme="normal")


def learnt(net, params, x, y, iterations=50, **options):
    options = {"optimizer": LBFGS(), **options}
    return train(net, params, x, y, iterations=iterations, **options)


def heart(iterations=31, dtype="float64", **options):
    start = HEART.initialize(2, scheme="normal", dtype=dtype)
    return learnt(HEART, start, HEART_X, HEART_Y, iterations, **options)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


# where it ends ------------------------------------------------------------------------------


def test_a_straight_network_is_solved_as_numpy_solves_it():
    result = learnt(STRAIGHT, STRAIGHT.initialize(1), X, Y, 100, weights=W)
    rows = np.vstack([X, np.ones(20)])
    scale = W / W.sum()
    penalty = np.diag([0.15, 0.15, 0.15, 0.0])
    wanted = np.linalg.solve(rows * scale @ rows.T + penalty, rows * scale @ Y.T).T
    np.testing.assert_allclose(result.params.W1, wanted[:, :3], rtol=1e-6)
    np.testing.assert_allclose(result.params.b1, wanted[:, 3:], rtol=1e-6)
    assert result.reason == "converged"


@pytest.mark.parametrize("seed", range(4))
def test_where_it_ends_minpack_finds_nothing_lower(seed):
    net = Network([1, 3, 1], activation=["tanh", "identity"], cost="squared_error", l2=0.01)
    x = np.linspace(-2, 2, 40)[np.newaxis]
    y = np.sin(2 * x) + 0.1 * np.cos(9 * x)
    result = learnt(net, net.initialize(seed), x, y, 2000)

    def residuals(flat):
        params = Parameters(net.sizes, flat.copy())
        misses = (net.forward(params, x) - y).ravel() * np.sqrt(2 / 40)
        return np.concatenate([misses, 0.1 * params.W1.ravel(), 0.1 * params.W2.ravel()])

    end = result.params.flat
    wanted = least_squares(residuals, end, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15)
    assert result.history.cost[-1] == pytest.approx(wanted.cost, rel=1e-10)
    np.testing.assert_allclose(end, wanted.x, atol=1e-5)


def test_it_ends_in_the_minimum_that_a_trust_region_finds():
    """Softmax regression with a penalty has one minimum, wherever one begins."""
    net = Network([3, 3], activation="softmax", cost="cross_entropy", l2=0.1)
    y = np.eye(3)[:, RNG.integers(0, 3, 20)]

    def cost_and_gradient(flat):
        cost, jacobians = net.value_and_grad(Parameters(net.sizes, flat.copy()), X, y)
        return cost, jacobians.flat

    elsewhere = net.initialize(7, scheme="normal").flat
    wanted = minimize(cost_and_gradient, elsewhere, jac=True, method="BFGS", tol=1e-9)
    result = learnt(net, net.initialize(1), X, y, 500)
    assert result.history.cost[-1] == pytest.approx(wanted.fun, rel=1e-12)


@pytest.mark.parametrize("memory", [1, 10])
def test_an_update_is_an_iteration_of_scipys(memory):
    snapshots, wanted = Snapshots(every=1), []
    heart(40, optimizer=LBFGS(memory=memory), callbacks=[snapshots], engine="reference")

    def cost_and_gradient(flat):
        cost, jacobians = HEART.value_and_grad(
            Parameters(HEART.sizes, flat.copy()), HEART_X, HEART_Y
        )
        return cost, jacobians.flat

    start = HEART.initialize(2, scheme="normal").flat
    options = {"maxcor": memory, "ftol": 0, "gtol": 0, "maxiter": 40}
    minimize(
        cost_and_gradient,
        start,
        jac=True,
        method="L-BFGS-B",
        options=options,
        callback=lambda flat: wanted.append(flat.copy()),
    )
    assert len(wanted) == 40
    for place, flat in zip(snapshots.params[1:], wanted, strict=True):
        assert np.array_equal(place.flat, flat)


# how it is cut ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_how_training_is_cut_into_stretches_changes_no_bit(dtype):
    ends = [heart(dtype=dtype, record_every=every) for every in (1, 7, 100)]
    assert ends[0].iterations == ends[1].iterations == ends[2].iterations
    assert ends[0].params == ends[1].params == ends[2].params
    assert ends[0].params.dtype == np.dtype(dtype)


def converging(**options):
    return learnt(STRAIGHT, STRAIGHT.initialize(1), X, Y, 1000, **options)


def test_where_it_converges_does_not_depend_on_how_it_is_cut():
    ends = [converging(record_every=every) for every in (1, 2, 5, 1000)]
    assert {end.reason for end in ends} == {"converged"}
    assert len({end.iterations for end in ends}) == 1
    assert all(end.params == ends[0].params for end in ends)
    assert all(end.history.iteration[-1] == end.iterations < 1000 for end in ends)


@pytest.mark.parametrize("every", [1, 3])
def test_after_convergence_no_callback_is_called_again(every):
    snapshots = Snapshots(every)
    result = converging(callbacks=[snapshots])
    assert snapshots.iterations == list(range(0, result.iterations + 1, every))


def test_a_start_in_the_minimum_has_converged():
    y = STRAIGHT.forward(Parameters(STRAIGHT.sizes), X)
    result = learnt(STRAIGHT, Parameters(STRAIGHT.sizes), X, y)
    assert (result.reason, result.iterations) == ("converged", 0)


def test_float32_goes_as_far_as_its_precision():
    costs = [heart(2000, dtype).history.cost[-1] for dtype in ("float32", "float64")]
    assert costs[1] < costs[0] < 1e-2


# the engine ---------------------------------------------------------------------------------


def engine_and_state(net=STRAIGHT, x=X, y=Y, inner=ReferenceEngine):
    start = net.initialize(1)
    problem = Problem(net, net.batch(x, y, start.dtype), LBFGS())
    return QuasiNewton(inner(problem), problem, LBFGS()), State(start, (), Streams(0))


def test_after_convergence_updates_change_nothing():
    engine, state = engine_and_state()
    engine.advance(state, 1000)
    assert state.ended == "converged"
    where, updates = state.params.copy(), state.iteration
    engine.advance(state, 10)
    assert (state.params, state.iteration, state.ended) == (where, updates, "converged")


def test_parameters_that_somebody_changed_are_a_new_start():
    def push(progress):
        if progress.iteration == 20:
            progress.params.flat[:] = elsewhere.flat

    push.every = 20
    elsewhere = HEART.initialize(9, scheme="normal")
    pushed = heart(50, callbacks=[push])
    anew = learnt(HEART, elsewhere, HEART_X, HEART_Y, 30)
    assert pushed.iterations == 50
    assert pushed.params == anew.params


def test_after_convergence_parameters_that_somebody_changed_are_a_new_start():
    engine, state = engine_and_state()
    engine.advance(state, 1000)
    where = state.params.copy()
    state.params.flat += 1.0
    engine.advance(state, 1)
    assert not state.ended
    engine.advance(state, 1000)
    assert state.ended == "converged"
    np.testing.assert_allclose(state.params.flat, where.flat, rtol=1e-5)


class Walled:
    """The sum of −log(2 − p) − 9 p: not finite from p = 2 on; its minimum is at 2 − 1/9."""

    name = "walled"

    def __init__(self, problem):
        self.met, self.asked = 0, []

    def value_and_gradient(self, params):
        self.asked.append(params.flat.copy())
        with np.errstate(all="ignore"):
            cost = float(np.sum(-np.log(2 - params.flat) - 9 * params.flat))
        self.met += not np.isfinite(cost)
        return cost, 1 / (2 - params.flat) - 9


def test_a_trial_that_is_not_finite_is_stepped_back_from():
    """And an engine is asked for nothing else than costs and gradients."""
    engine, state = engine_and_state(inner=Walled)
    state.params.flat[:] = np.linspace(-50, 1, 8)
    engine.advance(state, 1000)
    assert engine._engine.met > 0
    assert state.ended == "converged"
    np.testing.assert_allclose(state.params.flat, 2 - 1 / 9, rtol=1e-9)


def test_after_a_trial_that_is_not_finite_comes_a_tenth_of_its_step():
    engine, state = engine_and_state(inner=Walled)
    state.params.flat[:] = np.linspace(-50, 1, 8)
    seen = 0
    for _ in range(30):
        before, asked = state.params.flat.copy(), engine._engine.asked
        asked.clear()
        engine.advance(state, 1)
        if state.iteration > 1 and (asked[0] >= 2).any():
            np.testing.assert_allclose(asked[1], before + (asked[0] - before) / 10)
            seen += 1
    assert seen


def test_a_network_whose_cost_overflows_on_the_way_is_learnt_all_the_same():
    class Counting(ReferenceEngine):
        overflows = 0

        def value_and_gradient(self, params):
            cost, gradient = super().value_and_gradient(params)
            self.overflows += not np.isfinite(cost)
            return cost, gradient

    net = Network([1, 1], activation="exp", cost="poisson")
    x = np.random.default_rng(0).uniform(-1, 1, (1, 30))
    y = np.exp(np.sin(3 * x) + 1)
    engine, state = engine_and_state(net, 3000 * x, y, Counting)
    state.params.flat[:] = -0.001, 0.0
    engine.advance(state, 1000)
    assert engine._engine.overflows > 0

    def cost(flat):
        return net.cost(Parameters(net.sizes, flat.copy()), x, y)

    wanted = minimize(cost, [0.0, 0.0], method="Nelder-Mead", tol=1e-12)
    assert engine.cost(state.params) == pytest.approx(wanted.fun, rel=1e-10)


def test_a_start_that_is_not_finite_is_said():
    net = Network([3, 2], activation="exp", cost="squared_error")
    params = net.initialize(0)
    params.flat += 400
    with pytest.raises(NonFiniteCost, match="the cost is not finite after 0 updates"):
        learnt(net, params, np.abs(X), Y)


def test_a_jacobian_that_is_not_finite_at_the_start_is_said():
    net = Network([1, 1], activation="identity", cost="squared_error")
    start = Parameters.from_arrays(W1=[[0.0]], b1=[[1e150]])
    with pytest.raises(NonFiniteCost, match="a Jacobian is not finite after 0 updates"):
        learnt(net, start, [[1e200]], [[0]])


# the thread ---------------------------------------------------------------------------------


def test_it_runs_in_a_thread_while_training_lasts():
    """Else none of the tests below could fail."""
    seen = []
    before = threading.active_count()
    callback = lambda progress: seen.append(threading.active_count() - before)  # noqa: E731
    heart(callbacks=[callback], record_every=10)
    assert seen == [0, 1, 1, 1, 1]


def raise_an_error(progress):
    if progress.iteration:
        raise ZeroDivisionError


def raise_keyboard_interrupt(progress):
    if progress.iteration:
        raise KeyboardInterrupt


def press_ctrl_c(progress):
    if progress.iteration:
        signal.raise_signal(signal.SIGINT)


def stop(progress):
    return progress.iteration > 0


def test_an_exception_in_a_callback_leaves_no_thread():
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError) as caught:
        heart(callbacks=[raise_an_error])
    assert threading.active_count() == before
    assert caught.tb is not None  # the frames, and what they hold, are still there


@pytest.mark.parametrize("callback", [raise_keyboard_interrupt, press_ctrl_c])
def test_ctrl_c_leaves_no_thread_and_what_was_learnt(callback):
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = heart(callbacks=[callback], record_every=5)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert result.reason == "interrupted"
    assert result.params == heart(result.iterations).params


def test_a_callback_that_keeps_the_engine_keeps_no_thread():
    kept = []
    before = threading.active_count()
    heart(callbacks=[kept.append])
    assert threading.active_count() == before
    assert np.isfinite(kept[-1].cost)


def test_an_engine_that_is_dropped_leaves_no_thread():
    engine, state = engine_and_state()
    before = threading.active_count()
    engine.advance(state, 2)
    assert threading.active_count() == before + 1
    del engine
    gc.collect()
    assert threading.active_count() == before


class Failing(ReferenceEngine):
    """Does what it is told to when it is asked for a gradient for the fourth time."""

    asked = 0

    def fail(self):
        raise MemoryError("no room")

    def value_and_gradient(self, params):
        self.asked += 1
        if self.asked == 4:
            self.fail()
        return super().value_and_gradient(params)


class Interrupted(Failing):
    def fail(self):
        os.kill(os.getpid(), signal.SIGINT)


class Ending(Failing):
    def fail(self):
        raise StopIteration("not ours")


@pytest.mark.parametrize(("inner", "error"), [(Failing, MemoryError), (Ending, StopIteration)])
def test_an_exception_inside_comes_up_in_the_caller_and_leaves_no_thread(inner, error):
    engine, state = engine_and_state(inner=inner)
    before = threading.active_count()
    engine.advance(state, 1)
    where = state.params.copy()
    with pytest.raises(error, match="no"):
        engine.advance(state, 100)
    assert threading.active_count() == before
    assert (state.params, state.iteration) == (where, 1)
    engine.advance(state, 1)  # begins anew
    assert state.iteration == 2
    engine.close()


class Closing(ReferenceEngine):
    closed = 0

    def close(self):
        self.closed += 1


def test_the_engine_inside_is_closed_with_it_and_not_before():
    engine, state = engine_and_state(inner=Closing)
    inner = engine._engine
    engine.advance(state, 3)
    state.params.flat[:] += 0.1
    engine.advance(state, 3)  # begins anew
    assert inner.closed == 0
    engine.close()
    assert inner.closed == 1


def test_an_engine_that_was_closed_begins_anew():
    engine, state = engine_and_state()
    engine.advance(state, 3)
    engine.close()
    engine.advance(state, 1000)
    assert state.iteration > 3
    wanted = converging().history.cost[-1]
    assert engine.cost(state.params) == pytest.approx(wanted, rel=1e-12)


def test_ctrl_c_in_the_middle_of_an_update_leaves_no_thread():
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    start = HEART.initialize(2, scheme="normal")
    engine, state = engine_and_state(HEART, HEART_X, HEART_Y, Interrupted)
    state.params.flat[:] = start.flat
    before, began = threading.active_count(), time.perf_counter()
    try:
        with pytest.raises(KeyboardInterrupt):
            engine.advance(state, 10**6)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert threading.active_count() == before
    assert time.perf_counter() - began < 30  # all of them would take minutes
    assert (state.params, state.iteration) == (start, 0)


CHILD = """
from chainrule import LBFGS, Network, data
from chainrule.engines import Problem, State, choose
from chainrule.randomness import Streams
net = Network([1, 6, 7, 2], activation="sigmoid", cost="squared_error")
start = net.initialize(1, scheme="normal")
problem = Problem(net, net.batch(*data.heart(), start.dtype), LBFGS())
engine, state = choose("reference", problem), State(start, (), Streams(0))
engine.advance(state, 3)
print(state.iteration)
"""


def test_a_program_that_forgets_its_engine_ends():
    child = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, timeout=60
    )
    assert (child.stdout, child.stderr) == ("3\n", "")


def test_training_works_in_a_thread():
    results = []
    thread = threading.Thread(target=lambda: results.append(heart()))
    thread.start()
    thread.join(timeout=30)
    assert results[0].params == heart().params


# what watches training ----------------------------------------------------------------------


def test_the_history_has_costs_and_gradients_of_the_places_that_it_came_by():
    snapshots = Snapshots(every=6)
    options = {"record_every": 6, "engine": "reference"}
    history = heart(30, callbacks=[snapshots], **options).history
    assert list(history.iteration) == snapshots.iterations
    costs = [HEART.cost(params, HEART_X, HEART_Y) for params in snapshots.params]
    assert history.cost.tolist() == costs
    assert (np.diff(history.cost) < 0).all()
    assert (history.learning_rate == 1.0).all()
    assert history.gradient_norm.shape == (6, 3)


def test_patience_keeps_the_best_parameters():
    noise = np.random.default_rng(0)
    x = noise.uniform(-1, 1, (1, 40))
    y = np.sin(3 * x) + 0.5 * noise.standard_normal((1, 40))
    net = Network([1, 20, 1], activation="tanh", output="usual", cost="squared_error")
    check_on = x[:, 20:], y[:, 20:]
    result = learnt(
        net,
        net.initialize(0),
        x[:, :20],
        y[:, :20],
        5000,
        validation=check_on,
        stop=[Patience(20)],
        record_every=5,
    )
    assert result.reason == "patience"
    assert 0 < result.best_iteration < result.iterations
    lowest = result.history.validation_cost.min()
    assert net.cost(result.params, *check_on) == pytest.approx(lowest, rel=1e-12)


@pytest.mark.parametrize(
    ("rule", "reason"), [(TimeLimit(0.2), "time"), (Tolerance(1e-4), "tolerance")]
)
def test_rules_end_it(rule, reason):
    result = heart(10**7, stop=[rule], record_every=10)
    assert result.reason == reason
    assert 0 < result.iterations < 10**7


def test_a_callback_ends_it():
    assert heart(callbacks=[stop], record_every=5).reason == "callback"


# what it does not do ------------------------------------------------------------------------

REFUSED = {
    "dropout": ({"dropout": 0.5}, {}, "dropout, wanted none"),
    "noise": ({}, {"noise": 0.1}, "noise, wanted none"),
    "clipping": ({}, {"transformations": [ClipByNorm(1.0)]}, "transformations .*wanted none"),
    "a schedule": ({}, {"schedule": Cosine(10)}, "schedule, wanted none"),
    "a plateau": ({}, {"schedule": ReduceOnPlateau()}, "schedule, wanted none"),
    "batches": ({}, {"batch_size": 5}, "batch_size is 5, wanted None"),
}


@pytest.mark.parametrize("optimizer", [LBFGS(), LevenbergMarquardt()], ids=lambda row: row.title)
@pytest.mark.parametrize("name", REFUSED)
def test_what_would_change_the_cost_is_refused(name, optimizer):
    described, options, said = REFUSED[name]
    net = Network([3, 4, 2], activation="tanh", output="usual", cost="squared_error", **described)
    with pytest.raises(ChainruleError, match=said) as refused:
        learnt(net, net.initialize(0), X, Y, optimizer=optimizer, **options)
    assert optimizer.title in str(refused.value)


def test_as_many_examples_as_there_are_is_no_batch():
    assert heart(batch_size=20).params == heart().params


@pytest.mark.parametrize("memory", [0, -1, 1.5, "10", None, True])
def test_a_memory_that_is_no_number_of_steps_is_refused(memory):
    with pytest.raises(ChainruleError, match="memory"):
        LBFGS(memory)


def test_a_class_in_the_place_of_a_row_is_refused():
    with pytest.raises(ChainruleError, match=r"wanted an instance of it: LBFGS\(\)"):
        heart(optimizer=LBFGS)


def test_the_engine_keeps_the_name_of_the_one_that_computes():
    engine, _ = engine_and_state()
    assert engine.name == "reference"
    assert heart(3).engine == "native"
    assert isinstance(choose("auto", engine._engine._problem), QuasiNewton)


# SciPy's linear algebra ---------------------------------------------------------------------


def threads_of_blas():
    """By path of the library: how many threads it may use."""
    return {each["filepath"]: each["num_threads"] for each in threadpool_info()}


def test_only_scipys_blas_is_kept_on_one_thread_and_only_for_a_while():
    before = threads_of_blas()
    with one_thread():
        with one_thread():
            pass
        inside = threads_of_blas()
    assert threads_of_blas() == before
    for path, threads in inside.items():
        assert threads == (1 if _is_scipys(path) else before[path])


FRESH = """
from threadpoolctl import threadpool_info
from chainrule.engines.one_thread import _is_scipys, one_thread
with one_thread():
    import scipy.linalg
    found = [each["num_threads"] for each in threadpool_info() if _is_scipys(each["filepath"])]
print(found)
"""


def test_a_process_that_has_not_loaded_scipy_yet_is_kept_on_one_thread_too():
    """Levenberg–Marquardt loads SciPy at its first step, after the number was set."""
    child = subprocess.run(
        [sys.executable, "-c", FRESH], capture_output=True, text=True, check=True, timeout=60
    )
    known = [path for path in threads_of_blas() if _is_scipys(path)]
    assert child.stdout == f"{len(known) * [1]}\n"


def test_threads_that_train_at_once_leave_the_number_as_it_was():
    before = threads_of_blas()
    together = [threading.Thread(target=heart, args=(200,)) for _ in range(3)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join(timeout=60)
    assert threads_of_blas() == before


@pytest.mark.parametrize(
    ("path", "is_scipys"),
    [
        ("/home/scipy/venv/numpy.libs/libscipy_openblas64_.so", False),
        ("/venv/site-packages/scipy.libs/libscipy_openblas.so", True),
        ("/venv/site-packages/scipy/.dylibs/libscipy_openblas.dylib", True),
        ("/conda/lib/libopenblas.so", False),
    ],
)
def test_scipys_library_is_known_by_its_folder(path, is_scipys):
    assert _is_scipys(path) is is_scipys


def test_tolerances_end_it_earlier():
    def ended(**tolerance):
        run = train(HEART, START, HEART_X, HEART_Y, optimizer=LBFGS(**tolerance), iterations=10**4)
        _, jacobians = HEART.value_and_grad(run.params, HEART_X, HEART_Y)
        return run.iterations, run.reason, abs(jacobians.flat).max()

    exact = ended()
    by_gradient, by_cost = ended(gradient_tolerance=1e-4), ended(cost_tolerance=1e-6)
    assert by_gradient[1] == by_cost[1] == "converged"
    assert max(by_gradient[0], by_cost[0]) < exact[0]
    assert by_gradient[2] <= 1e-4


def test_so_many_costs_and_no_more():
    costs = []

    class Counting(ReferenceEngine):
        def value_and_gradient(self, params):
            costs.append(1)
            return super().value_and_gradient(params)

    values = HEART.batch(HEART_X, HEART_Y, START.dtype)
    optimizer = LBFGS(most_costs=7)
    problem = Problem(HEART, values, optimizer)
    engine = QuasiNewton(Counting(problem), problem, optimizer)
    state = engine.advance(State(START.copy(), (), Streams(0)), 10**4)
    assert state.ended == "costs"
    assert len(costs) <= 7 + 1  # that of the start, which SciPy is not asked for again


def test_the_recorded_cost_of_a_batch_is_that_before_the_update():
    options = {"optimizer": LBFGS(), "iterations": 12, "record_every": 1, "engine": "reference"}
    of_all = train(HEART, START, HEART_X, HEART_Y, **options).history.cost
    of_batches = train(
        HEART, START, HEART_X, HEART_Y, recorded_cost="batches", **options
    ).history.cost
    np.testing.assert_allclose(of_batches, of_all[:-1], rtol=1e-12)
