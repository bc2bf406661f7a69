"""Law: training makes exactly the updates asked for, and how it is watched changes none of them."""

from __future__ import annotations

import io
import math
import sys
from dataclasses import dataclass, field

import numpy as np
import pytest

import chainrule.training
from chainrule import (
    LBFGS,
    Adam,
    GradientDescent,
    Momentum,
    Network,
    Parameters,
    Snapshots,
    data,
    train,
)
from chainrule.errors import (
    ChainruleError,
    EngineUnavailable,
    InvalidType,
    InvalidValue,
    UnknownName,
)

NET = Network([1, 4, 3, 2], activation="sigmoid", cost="squared_error", l2=0.01)
X, Y = data.heart(23)
RATE = 0.7
NAMES = ("W1", "W2", "W3", "b1", "b2", "b3")


@pytest.fixture
def start():
    return NET.initialize(1, scheme="normal")


def run(start, iterations=7, **options):
    optimizer = options.pop("optimizer", GradientDescent(RATE))
    return train(NET, start, X, Y, optimizer=optimizer, iterations=iterations, **options)


def by_hand(start, iterations, factor=lambda name: 1.0):
    """Steepest descent as anybody would write it."""
    params = start.copy()
    for _ in range(iterations):
        _, jacobians = NET.value_and_grad(params, X, Y)
        for name in NAMES:
            jacobians[name][...] *= factor(name)
        for name in NAMES:
            params[name][...] -= RATE * jacobians[name]
    return params


@dataclass
class Spy:
    """An optimizer that makes no step and keeps every gradient it is given."""

    seen: list = field(default_factory=list)
    learning_rate: float = 1.0

    def start(self, flat):
        return ()

    def step(self, gradient, slots, flat, learning_rate):
        self.seen.append(gradient.copy())
        return np.zeros_like(gradient), slots


class Foreign:
    """An optimizer of another library."""

    def step(self, closure=None):
        return None


# updates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("iterations", [0, 1, 7])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exactly_as_many_updates_are_made_as_a_hand_written_loop_makes(start, iterations, dtype):
    start = start.astype(dtype)
    result = run(start, iterations, engine="reference")
    assert result.params == by_hand(start, iterations)
    assert result.params.dtype == dtype
    assert (result.iterations, result.reason) == (iterations, "iterations")


def test_the_optimizer_is_asked_once_per_update(start):
    spy = Spy()
    run(start, 13, optimizer=spy)
    assert len(spy.seen) == 13
    _, jacobians = NET.value_and_grad(start, X, Y)
    assert all(np.array_equal(seen, jacobians.flat) for seen in spy.seen)


def test_the_parameters_given_are_not_changed(start):
    before = start.copy()
    result = run(start, 3, noise=0.1, batch_size=4, rng=0)
    assert start == before
    assert result.params != before
    assert not np.shares_memory(run(start, 0).params.flat, start.flat)


def test_the_cost_goes_down(start):
    costs = run(start, 2000).history.cost
    assert costs[-1] < 0.7 * costs[0]


# mini-batches: with one input per example, the Jacobian of W1 shows which examples were used -----

EXAMPLES = 10
INDICATOR = Network([EXAMPLES, 1], activation="identity", cost="squared_error")
ONE_HOT, ONES = np.eye(EXAMPLES), np.ones((1, EXAMPLES))


def batches(size, iterations, rng, **options):
    spy, params = Spy(), Parameters(INDICATOR.sizes)
    options |= {"optimizer": spy, "iterations": iterations, "batch_size": size, "rng": rng}
    train(INDICATOR, params, ONE_HOT, ONES, **options)
    return [np.flatnonzero(seen[:EXAMPLES]).tolist() for seen in spy.seen], spy.seen


def test_every_example_is_used_once_per_pass_and_the_last_batch_is_smaller():
    found, gradients = batches(4, 9, rng=3)
    assert [len(batch) for batch in found] == [4, 4, 2] * 3
    for first in (0, 3, 6):
        assert sorted(np.concatenate(found[first : first + 3])) == list(range(EXAMPLES))
    for batch, gradient in zip(found, gradients, strict=True):  # ∂C/∂W1 = −2 y/size: a mean
        np.testing.assert_allclose(gradient[batch], np.full(len(batch), -2 / len(batch)))


def test_every_pass_is_shuffled_anew():
    found, _ = batches(5, 20, rng=0)
    assert len({tuple(found[first]) for first in range(0, 20, 2)}) > 5


def test_examples_keep_their_targets_in_a_batch():
    params, spy = Parameters(INDICATOR.sizes), Spy()
    y = np.arange(1.0, EXAMPLES + 1)[np.newaxis]
    options = {"optimizer": spy, "iterations": 6, "batch_size": 3, "rng": 1}
    train(INDICATOR, params, ONE_HOT, y, **options)
    for gradient in spy.seen:
        used = np.flatnonzero(gradient[:EXAMPLES])
        np.testing.assert_allclose(gradient[used], -2 * y[0, used] / len(used))


@pytest.mark.parametrize("size", [23, 24, 10**9])
def test_a_batch_as_large_as_the_data_is_the_full_batch(start, size):
    assert run(start, batch_size=size, rng=5).params == run(start).params
    assert run(start, batch_size=22, rng=5).params != run(start).params


def test_results_are_reproducible_from_the_seed(start):
    options = {"batch_size": 5, "noise": 0.1}
    first = run(start, 30, rng=7, **options)
    assert first.params == run(start, 30, rng=np.random.default_rng(7), **options).params
    assert first.params != run(start, 30, rng=8, **options).params
    old = [run(start, 30, rng=np.random.RandomState(7), **options).params for _ in range(2)]
    assert old[0] == old[1]


# noise --------------------------------------------------------------------------------------


def test_noise_multiplies_each_jacobian_in_order_by_its_own_scalar_drawn_from_a_randomstate(start):
    rng = np.random.RandomState(5)
    wanted = by_hand(start, 40, lambda name: 1 + 0.3 * rng.standard_normal())
    found = run(start, 40, noise=0.3, rng=np.random.RandomState(5))
    np.testing.assert_allclose(found.params.flat, wanted.flat, rtol=1e-12)
    assert np.abs(found.params.flat - run(start, 40).params.flat).max() > 1e-3


def factors(start, iterations, **options):
    """Gradients seen over gradients without noise, one row per update, by parameter."""
    spy = Spy()
    run(start, iterations, optimizer=spy, **options)
    _, jacobians = NET.value_and_grad(start, X, Y)
    return [Parameters.from_flat(NET.sizes, seen / jacobians.flat) for seen in spy.seen]


def test_noise_is_one_constant_per_jacobian_and_these_differ(start):
    drawn = []
    for ratio in factors(start, 50, noise=0.2, rng=1):
        for block in ratio.values():
            np.testing.assert_allclose(block, np.full(block.shape, block[0, 0]), rtol=1e-12)
        drawn += [block[0, 0] for block in ratio.values()]
    assert len(np.unique(np.round(drawn, 9))) == 50 * len(NAMES)


def test_noise_is_normal_about_one_with_the_standard_deviation_asked_for(start):
    ratios = factors(start, 1000, noise=0.2, rng=1)
    drawn = np.array([[block[0, 0] for block in ratio.values()] for ratio in ratios])
    standard = (drawn - 1) / 0.2
    count = standard.size
    assert abs(standard.mean()) < 4 / np.sqrt(count)
    assert abs(standard.std() - 1) < 4 / np.sqrt(2 * count)
    assert 2.5 < np.mean(standard**4) < 3.5
    assert np.abs(np.corrcoef(standard.T) - np.eye(len(NAMES))).max() < 4 / np.sqrt(1000)


def test_the_noise_of_a_seed_is_the_same_with_and_without_batches():
    def noise(gradients, used):
        return [
            (gradient[chosen[0]] * len(chosen) / -2, gradient[-1] / -2)
            for gradient, chosen in zip(gradients, used, strict=True)
        ]

    used, gradients = batches(3, 12, rng=4, noise=0.5)
    everything, full = batches(None, 12, rng=4, noise=0.5)
    np.testing.assert_allclose(noise(gradients, used), noise(full, everything), rtol=1e-12)
    assert np.std(noise(full, everything)) > 0.1
    assert used == batches(3, 12, rng=4)[0]  # and the batches are the same without noise


# stretches ----------------------------------------------------------------------------------


def every(interval):
    def callback(progress):
        return None

    callback.every = interval
    return callback


WATCHED = {
    "every_update": {"record_every": 1},
    "every_third": {"record_every": 3},
    "never": {"record_every": 10**9},
    "callbacks": {"callbacks": [every(2), every(7), every(61)]},
    "both": {"record_every": 5, "callbacks": [every(4), Snapshots(every=9)]},
}


@pytest.mark.parametrize("stretch", [1e-12, 1e12], ids=["short_stretches", "long_stretches"])
@pytest.mark.parametrize("options", WATCHED.values(), ids=WATCHED)
@pytest.mark.parametrize("kind", [np.random.default_rng, np.random.RandomState])
def test_how_updates_are_cut_into_stretches_never_changes_a_bit(
    start, options, stretch, kind, monkeypatch
):
    always = {"iterations": 60, "noise": 0.2, "batch_size": 5}
    wanted = run(start, rng=kind(2), **always)
    monkeypatch.setattr(chainrule.loop, "STRETCH", stretch)
    found = run(start, rng=kind(2), **always, **options)
    assert found.params.flat.tobytes() == wanted.params.flat.tobytes()
    assert found.iterations == 60


def test_thousands_of_records_are_no_trouble(start):
    result = run(start, 3000, record_every=1)
    assert len(result.history) == 3001
    assert result.params == run(start, 3000, record_every=3000).params


# history ------------------------------------------------------------------------------------


def test_history_holds_the_cost_of_all_examples_from_first_to_last(start):
    snapshots = Snapshots(every=4)
    history = run(start, 30, record_every=4, batch_size=6, rng=0, callbacks=[snapshots]).history
    assert history.iteration.tolist() == [0, 4, 8, 12, 16, 20, 24, 28, 30] == snapshots.iterations
    wanted = [NET.cost(params, X, Y) for params in snapshots.params]
    np.testing.assert_allclose(history.cost, wanted, rtol=1e-14)
    assert len(history) == 9
    assert "9 records" in repr(history)
    assert "30 updates" in repr(history)


@pytest.mark.parametrize("iterations", [0, 1, 199, 200, 201, 1234])
def test_where_nothing_is_said_some_two_hundred_costs_are_recorded(start, iterations):
    found = run(start, iterations).history.iteration
    assert (found[0], found[-1]) == (0, iterations)
    assert min(iterations, 100) <= len(found) - 1 <= 200
    assert len(np.unique(found)) == len(found)


# callbacks ----------------------------------------------------------------------------------


def test_callbacks_are_called_at_the_start_in_their_own_interval_and_at_the_end(start):
    calls = []

    def callback(progress):
        calls.append((progress.iteration, progress.iterations, progress.cost))
        np.testing.assert_array_equal(progress.params.flat, by_hand(start, progress.iteration).flat)

    callback.every = 3
    options = {"record_every": 1, "engine": "reference"}
    history = run(start, 10, callbacks=[callback], **options).history
    assert [iteration for iteration, *_ in calls] == [0, 3, 6, 9, 10]
    assert {iterations for _, iterations, _ in calls} == {10}
    assert [cost for *_, cost in calls] == history.cost[[0, 3, 6, 9, 10]].tolist()


@pytest.mark.parametrize("answer", [True, np.True_])
@pytest.mark.parametrize("stop", [0, 4])
def test_a_callback_that_returns_true_ends_training(start, answer, stop):
    def callback(progress):
        return answer if progress.iteration == stop else None

    callback.every = 2
    result = run(start, 50, callbacks=[callback], engine="reference")
    assert (result.reason, result.iterations) == ("callback", stop)
    assert result.params == by_hand(start, stop)


@pytest.mark.parametrize("answer", [None, False, np.False_, {"cost": 1}])
def test_no_other_answer_of_a_callback_ends_training(start, answer):
    assert run(start, 5, callbacks=[lambda progress: answer]).reason == "iterations"


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_what_a_callback_writes_is_where_the_next_update_starts_and_slots_stay(start, engine):
    elsewhere, seen = NET.initialize(5, scheme="normal"), []

    def write(progress):
        if progress.iteration in (3, 8):
            progress.params.flat[:] = elsewhere.flat

    def look(progress):
        seen.append(progress.params.copy())

    write.every = look.every = 1
    options = {"optimizer": Momentum(RATE, 0.8), "record_every": 1, "engine": engine}
    history = run(start, 8, callbacks=[write, look], **options).history
    params, velocity = start.copy(), np.zeros_like(start.flat)  # heavy ball, by hand
    for iteration in range(9):
        assert history.cost[iteration] == pytest.approx(NET.cost(params, X, Y), rel=1e-12)
        if iteration in (3, 8):
            params = elsewhere.copy()
        np.testing.assert_allclose(seen[iteration].flat, params.flat, rtol=1e-10, atol=1e-13)
        _, jacobians = NET.value_and_grad(params, X, Y)
        velocity = 0.8 * velocity + jacobians.flat
        params.flat[:] -= RATE * velocity


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_what_a_callback_writes_in_the_end_is_the_result(start, engine):
    def zero(progress):
        progress.params.W2[...] = 0

    zero.every = 4
    assert not run(start, 8, callbacks=[zero], engine=engine).params.W2.any()


def test_a_callback_that_raises_is_heard(start):
    def callback(progress):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(start, 5, callbacks=[callback])


# arguments and the progress bar -------------------------------------------------------------

REFUSED = {
    "optimizer": ({"optimizer": 0.1}, InvalidType, "optimizer", "0.1", "GradientDescent(0.1)"),
    "optimizer_name": ({"optimizer": "sgd"}, InvalidType, "'sgd'", "GradientDescent(0.1)"),
    "optimizer_class": (
        {"optimizer": GradientDescent}, InvalidType, "optimizer is the class GradientDescent",
        "an instance of it: GradientDescent(0.1)",
    ),
    "optimizer_class_with_usual_rate": ({"optimizer": Adam}, InvalidType, "Adam(0.001)"),
    "optimizer_class_without_rate": ({"optimizer": LBFGS}, InvalidType, "class LBFGS", "LBFGS()"),
    "optimizer_class_of_own": ({"optimizer": Spy}, InvalidType, "class Spy", "Spy(1)"),
    "optimizer_other_class": ({"optimizer": dict}, InvalidType, "'dict'", "GradientDescent(0.1)"),
    "optimizer_of_others": (
        {"optimizer": Foreign()}, InvalidType, "a Foreign without learning_rate and start",
        "learning_rate, start, step (docs/extending-training.md)",
    ),
    "iterations": ({"iterations": -1}, InvalidValue, "iterations", "-1", "0 or larger"),
    "iterations_float": ({"iterations": 1.5}, InvalidType, "iterations", "1.5", "whole number"),
    "iterations_text": ({"iterations": "7"}, InvalidType, "iterations", "'7'", "whole number"),
    "iterations_true": ({"iterations": True}, InvalidValue, "iterations", "True", "whole number"),
    "batch_size": ({"batch_size": 0}, InvalidValue, "batch_size", "0", "1 or larger"),
    "batch_size_float": ({"batch_size": 2.0}, InvalidType, "batch_size", "2.0", "whole number"),
    "noise": ({"noise": -0.1}, InvalidValue, "noise", "-0.1", "0 or larger"),
    "noise_nan": ({"noise": math.nan}, InvalidValue, "noise", "nan", "finite"),
    "noise_text": ({"noise": "much"}, InvalidType, "noise", "'much'", "number"),
    "rng": ({"rng": "seed"}, InvalidType, "rng", "'seed'", "Generator"),
    "rng_negative": ({"rng": -1}, InvalidValue, "rng", "-1", "0 or larger"),
    "threads": ({"threads": 0}, InvalidValue, "threads", "0", "1 or larger"),
    "threads_text": ({"threads": "all"}, InvalidType, "threads", "'all'", "whole number"),
    "record_every": ({"record_every": 0}, InvalidValue, "record_every", "0", "1 or larger"),
    "callback": ({"callbacks": [3]}, InvalidType, "callback", "3", "functions"),
    "callbacks": ({"callbacks": lambda progress: None}, InvalidType, "callbacks", "list"),
    "callback_every": ({"callbacks": [every(0)]}, InvalidValue, "every", "0", "1 or larger"),
    "engine": ({"engine": "native", "optimizer": Spy()}, EngineUnavailable, "Spy", "engine='auto'"),
    "engine_name": ({"engine": "refrence"}, UnknownName, "'refrence'", "mean 'reference'"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("options", "kind", "parts"), [(o, k, p) for o, k, *p in REFUSED.values()], ids=REFUSED
)
def test_impossible_arguments_are_refused_with_a_remedy(start, options, kind, parts):
    with pytest.raises(ChainruleError) as caught:
        run(start, **options)
    assert isinstance(caught.value, kind)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf, "fast", None, [1], 1j])
def test_an_impossible_learning_rate_is_refused(rate):
    with pytest.raises(ChainruleError, match=r"learning_rate is .* finite number larger than 0"):
        GradientDescent(rate)


@pytest.mark.parametrize(
    ("engine", "name"), [("auto", "native"), ("native", "native"), ("reference", "reference")]
)
@pytest.mark.parametrize("threads", [None, 1, 2])
def test_the_result_says_which_engine_made_it(start, engine, name, threads):
    assert run(start, 1, engine=engine, threads=threads).engine == name


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_progress_bar_appears_where_standard_error_is_a_terminal(start, monkeypatch, capsys):
    terminal = Terminal()
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    quiet = run(start, 20, progress=False)
    assert terminal.getvalue() == ""
    shown = run(start, 20)
    assert "training" in terminal.getvalue()
    assert "20/20" in terminal.getvalue()
    assert capsys.readouterr().out == ""
    assert shown.params == quiet.params


def test_elsewhere_nothing_is_printed(start, capsys):
    run(start, 20)
    assert capsys.readouterr() == ("", "")


def test_a_bar_that_is_asked_for_says_in_the_end_what_was_done_wherever_it_goes(start, capsys):
    run(start, 20, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "20/20" in err
