"""Law: weights, dropout, schedules, clipping and stopping do in training what they say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from chainrule import (
    Adam,
    AdamW,
    ChainruleError,
    ClipByNorm,
    ClipByValue,
    Cosine,
    GradientDescent,
    Momentum,
    Network,
    Noise,
    OneCycle,
    Patience,
    ReduceOnPlateau,
    StepDecay,
    TimeLimit,
    Tolerance,
    WarmUp,
    train,
)
from chainrule.engines import Problem, State, choose
from chainrule.engines import protocol as protocol_of_engines
from chainrule.randomness import Batches, Streams
from chainrule.schedules import PlateauMemory
from chainrule.stopping import _Clock

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((2, 12)), RNG.standard_normal((1, 12))
W = RNG.uniform(0.1, 2.0, 12)
NET = Network([2, 5, 1], activation=["tanh", "identity"], cost="squared_error", l2=0.01)
DROPPED = Network([2, 5, 1], activation=["tanh", "identity"], cost="squared_error", dropout=0.4)


DESCENT = GradientDescent(0.05)


def run(net=NET, iterations=60, optimizer=DESCENT, x=X, y=Y, **options):
    return train(
        net, net.initialize(1), x, y, optimizer=optimizer, iterations=iterations, rng=7, **options
    )


EVERYTHING = {
    "weights": W,
    "batch_size": 5,
    "noise": 0.1,
    "transformations": [ClipByValue(0.7), Noise(0.2), ClipByNorm(0.9)],
    "schedule": WarmUp(5, Cosine(40, 0.1)),
}


def law_cuts(cuts, net=DROPPED):
    """The state after all updates is the same, whatever the stretches."""
    states = []
    for stretches in ([sum(cuts)], cuts):
        start = net.initialize(1)
        optimizer = AdamW(0.05)
        problem = Problem(
            net,
            net.batch(X, Y, start.dtype, W),
            optimizer,
            (Noise(0.1), *EVERYTHING["transformations"]),
            EVERYTHING["schedule"],
        )
        streams = Streams(3)
        state = State(start, optimizer.start(start.flat), streams, Batches(streams, 12, 5))
        engine = choose("reference", problem)
        for updates in stretches:
            engine.advance(state, updates)
        assert state.iteration == sum(cuts)
        states.append(state)
    assert states[0].params == states[1].params
    assert states[0].params != net.initialize(1)


@pytest.mark.parametrize("cuts", [[1] * 30, [7, 23], [29, 1]])
def test_stretches_change_nothing_with_every_feature_on(cuts):
    law_cuts(cuts)


def test_small_blocks_change_nothing(monkeypatch):
    whole = run(DROPPED, **EVERYTHING)
    monkeypatch.setattr(protocol_of_engines, "ROOM", 1)
    assert run(DROPPED, **EVERYTHING).params == whole.params


def test_the_same_seed_gives_the_same_run():
    assert run(DROPPED, **EVERYTHING).params == run(DROPPED, **EVERYTHING).params


def test_dropout_of_0_is_none_and_other_rates_are_other_runs():
    none = Network([2, 5, 1], activation=["tanh", "identity"], cost="squared_error", dropout=0)
    plain = Network([2, 5, 1], activation=["tanh", "identity"], cost="squared_error")
    assert run(none, noise=0.1).params == run(plain, noise=0.1).params
    assert run(DROPPED).params != run(plain).params


def test_switching_dropout_on_leaves_noise_and_shuffles_as_they_were():
    for make in (lambda: 3, lambda: np.random.default_rng(3), lambda: np.random.RandomState(3)):
        one, other = Streams(make()), Streams(make())
        one.dropout.random(100)
        assert np.array_equal(one.noise_block(2, 3), other.noise_block(2, 3))
        assert np.array_equal(one.shuffles.permutation(9), other.shuffles.permutation(9))


def test_masks_leave_out_the_stated_part_and_keep_the_mean():
    net = Network([1, 400, 1], activation="tanh", cost="squared_error", dropout=0.3)
    mask = net.draw_masks(0, 500)["r1"]
    assert set(np.unique(mask)) == {0.0, 1.0}
    assert abs(mask.mean() - 0.7) < 4 * np.sqrt(0.21 / mask.size)
    params = net.initialize(0)
    trace = net.trace(params, np.ones((1, 500)), np.ones((1, 500)), masks={"r1": mask})
    np.testing.assert_allclose(trace.h1, np.where(mask == 1, trace.a1 / 0.7, 0.0), rtol=1e-14)


def test_recorded_costs_are_without_dropout():
    result = run(DROPPED, iterations=3, record_every=1)
    assert result.history.cost[-1] == pytest.approx(DROPPED.cost(result.params, X, Y), rel=1e-13)


# weights of examples ------------------------------------------------------------------------


def test_an_example_of_weight_2_is_an_example_given_twice():
    weights = np.ones(12)
    weights[4] = 2
    weighted = run(weights=weights)
    twice = run(x=np.hstack([X, X[:, [4]]]), y=np.hstack([Y, Y[:, [4]]]))
    np.testing.assert_allclose(weighted.params.flat, twice.params.flat, rtol=1e-12)


def test_an_example_of_weight_0_is_left_out():
    weights = np.ones(12)
    weights[[0, 7]] = 0
    kept = weights > 0
    weighted, left_out = run(weights=weights), run(x=X[:, kept], y=Y[:, kept])
    np.testing.assert_allclose(weighted.params.flat, left_out.params.flat, rtol=1e-12)


def test_equal_weights_of_any_size_change_nothing():
    np.testing.assert_allclose(
        run(weights=np.full(12, 37.5)).params.flat, run().params.flat, rtol=1e-12
    )


def test_a_batch_in_which_nothing_counts_follows_the_penalty_alone():
    """Of twelve batches of one example, eleven count for nothing."""
    weights = np.zeros(12)
    weights[0] = 1.0
    seen = []

    def keep(progress):
        seen.append(progress.params.copy())

    keep.every = 1
    run(iterations=12, weights=weights, batch_size=1, callbacks=[keep])
    shrunk = 0
    for before, after in itertools.pairwise(seen):
        alone = np.allclose(after.W1, (1 - 0.05 * 0.01) * before.W1, rtol=1e-14, atol=0)
        assert alone == np.array_equal(after.b1, before.b1)
        shrunk += alone
    assert shrunk == 11


# schedules, transformations -----------------------------------------------------------------


def test_a_schedule_is_a_factor_on_each_update():
    """Against one update at a time, each with a learning rate of its own."""
    params = NET.initialize(1)
    for iteration in range(12):
        rate = 0.05 * StepDecay(5, 0.5)(iteration)
        params = train(NET, params, X, Y, optimizer=GradientDescent(rate), iterations=1).params
    result = run(iterations=12, schedule=StepDecay(5, 0.5), record_every=1)
    np.testing.assert_allclose(result.params.flat, params.flat, rtol=1e-12)
    np.testing.assert_allclose(
        result.history.learning_rate[[0, 4, 5, 11]], [0.05, 0.05, 0.025, 0.0125]
    )


def test_any_function_of_the_iteration_is_a_schedule():
    assert run(schedule=lambda iteration: 0.0).params == NET.initialize(1)


def test_plateau_reduces_the_rate_when_the_cost_stops_falling():
    result = run(
        optimizer=GradientDescent(1e-12),
        schedule=ReduceOnPlateau(0.5, patience=2),
        record_every=1,
        iterations=10,
    )
    np.testing.assert_allclose(result.history.learning_rate[:5] / 1e-12, [1, 1, 1, 0.5, 0.5])
    assert result.history.learning_rate[-1] <= 0.25e-12


def test_clipped_steps_are_no_longer_than_the_limit():
    start = NET.initialize(1)
    moved = run(iterations=1, transformations=[ClipByNorm(1e-3)]).params.flat - start.flat
    np.testing.assert_allclose(np.linalg.norm(moved), 0.05 * 1e-3, rtol=1e-9)
    moved = run(iterations=1, transformations=[ClipByValue(1e-4)]).params.flat - start.flat
    np.testing.assert_allclose(np.abs(moved).max(), 0.05 * 1e-4, rtol=1e-9)


def test_noise_as_argument_is_the_first_transformation():
    short = run(noise=0.3, transformations=[ClipByNorm(0.5)])
    assert short.params == run(transformations=[Noise(0.3), ClipByNorm(0.5)]).params


@pytest.mark.parametrize("optimizer", [Momentum(0.01), Adam(0.02), AdamW(0.02)])
def test_float32_is_trained_in_float32(optimizer):
    start = NET.initialize(1, dtype=np.float32)
    result = train(NET, start, X, Y, optimizer=optimizer, iterations=20, rng=0)
    assert result.params.dtype == np.float32
    assert result.history.cost[-1] < result.history.cost[0]


def test_a_schedule_is_asked_for_the_updates_that_are_made_and_no_others():
    rates = [1.0, 0.5, 0.25]
    result = run(iterations=3, schedule=lambda iteration: rates[iteration], record_every=1)
    np.testing.assert_allclose(result.history.learning_rate, 0.05 * np.array([1, 0.5, 0.25, 0.25]))


def test_plateau_knows_costs_below_zero():
    schedule, memory = ReduceOnPlateau(0.5, patience=3), PlateauMemory()
    for _ in range(5):
        memory = schedule.observe(memory, -10.0)
    assert memory.factor == 0.5
    assert schedule.observe(memory, -11.0).best == -11.0


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e20), (np.float64, 1e200)])
def test_clipping_shortens_what_is_too_long_to_be_squared(dtype, size):
    clipped = ClipByNorm(1.0).apply(np.full(4, size, dtype), np.empty(0), [4])
    np.testing.assert_allclose(clipped, 0.5, rtol=1e-6)
    assert clipped.dtype == dtype


class Hoarder:
    """Follows the gradient before: it may keep what it is given."""

    learning_rate = 0.05

    def start(self, flat):
        return (np.zeros_like(flat),)

    def step(self, gradient, slots, flat, learning_rate):
        return learning_rate * slots[0], (gradient,)


def test_what_an_optimizer_keeps_is_its_own():
    one, other = (run(optimizer=Hoarder(), record_every=every).params for every in (1, 60))
    assert one == other
    assert other != NET.initialize(1)


# history ------------------------------------------------------------------------------------


def test_history_holds_gradient_norms_and_rates():
    result = run(iterations=7, record_every=3, schedule=OneCycle(7))
    history = result.history
    assert history.iteration.tolist() == [0, 3, 6, 7]
    assert history.gradient_norm.shape == (4, 2)
    jacobians = NET.value_and_grad(result.params, X, Y)[1]
    for layer in (1, 2):
        both = np.concatenate([jacobians[f"W{layer}"].ravel(), jacobians[f"b{layer}"].ravel()])
        assert history.gradient_norm[-1, layer - 1] == pytest.approx(np.linalg.norm(both))
    assert np.isnan(history.validation_cost).all()


def test_with_batches_records_come_at_most_once_a_pass():
    assert run(batch_size=4, iterations=30).history.iteration.tolist() == [*range(0, 31, 3)]


# stopping -----------------------------------------------------------------------------------


def validation():
    rng = np.random.default_rng(5)
    return rng.standard_normal((2, 9)), rng.standard_normal((1, 9))


def test_patience_keeps_the_best_parameters():
    x, y = validation()
    options = {"validation": (x, y), "record_every": 5, "optimizer": GradientDescent(0.3)}
    result = run(iterations=2_000, stop=[Patience(4)], **options)
    costs = result.history.validation_cost
    best = int(np.argmin(costs))
    assert result.reason == "patience"
    assert result.best_iteration == result.history.iteration[best]
    assert NET.cost(result.params, x, y) == pytest.approx(costs[best], rel=1e-13)
    assert len(costs) == best + 5
    assert f"best after {result.best_iteration}" in repr(result)


def test_patience_keeps_the_best_whatever_counts_as_an_improvement():
    options = {"validation": validation(), "record_every": 5, "iterations": 200}
    result = run(stop=[Patience(1000, change=1e9)], **options)
    lowest = result.history.validation_cost.min()
    assert NET.cost(result.params, *validation()) == pytest.approx(lowest, rel=1e-13)
    assert result.best_iteration > 0


def test_patience_keeps_the_best_to_the_end_of_all_updates():
    result = run(iterations=100, stop=[Patience(1000)], validation=validation(), record_every=5)
    assert result.reason == "iterations"
    lowest = result.history.validation_cost.min()
    assert NET.cost(result.params, *validation()) == pytest.approx(lowest, rel=1e-13)


def test_validation_weights_count():
    x, y = validation()
    result = run(iterations=2, validation=(x, y, np.arange(9.0)))
    assert result.history.validation_cost[-1] == NET.cost(result.params, x, y, np.arange(9.0))


def test_tolerance_stops_where_the_cost_stands_still():
    result = run(iterations=100_000, stop=[Tolerance(1e-7, records=5)], record_every=10)
    costs = result.history.cost
    assert result.reason == "tolerance"
    assert costs[-6] - costs[-5:].min() < 1e-7
    assert costs[-7] - costs[-6:-1].min() >= 1e-7


def test_time_limit_stops_when_time_is_up():
    ticks = itertools.count()
    clock = _Clock(3.5, now=lambda: next(ticks))
    assert [clock.passed() for _ in range(5)] == [False, False, False, True, True]
    assert run(iterations=10**9, stop=[TimeLimit(0.05)]).reason == "time"


def test_a_rule_serves_many_runs():
    rule = Patience(4)
    options = {"validation": validation(), "record_every": 5, "iterations": 500}
    assert run(stop=[rule], **options).params == run(stop=[rule], **options).params


def test_callbacks_see_rate_and_validation_cost():
    seen = []
    run(
        iterations=2,
        schedule=StepDecay(1, 0.5),
        validation=validation(),
        callbacks=[
            lambda progress: seen.append((progress.learning_rate, progress.validation_cost))
        ],
    )
    assert [rate for rate, _ in seen] == [0.05, 0.025, 0.025]
    assert seen[0][1] == NET.cost(NET.initialize(1), *validation())


# refusals -----------------------------------------------------------------------------------


def with_nan(array, column):
    array = array.copy()
    array[0, column] = np.nan
    return array


BAD = {
    "patience_without_validation": ({"stop": [Patience(3)]}, "validation=(x, y)"),
    "rule_alone": ({"stop": Patience(3)}, "wanted a list of rules"),
    "no_rule": ({"stop": [3]}, "rules such as Patience(20)"),
    "class_of_rule": ({"stop": [Patience]}, "rules such as Patience(20)"),
    "transformation_alone": ({"transformations": ClipByNorm(1)}, "wanted a list"),
    "no_transformation": ({"transformations": ["clip"]}, "transformations such as"),
    "no_schedule": ({"schedule": 0.5}, "wanted one such as Cosine(1000)"),
    "class_of_schedule": ({"schedule": Cosine}, "wanted one such as Cosine(1000)"),
    "negative_factor": ({"schedule": lambda iteration: -1.0}, "wanted a finite factor"),
    "no_factor": ({"schedule": lambda iteration: None}, "wanted a factor"),
    "validation_alone": ({"validation": X}, r"wanted (x, y) or (x, y, weights)"),
    "validation_swapped": (
        {"validation": (X.T, Y)},
        "in validation=(x, y), x has shape (12, 2), wanted (2, m)",
    ),
    "validation_inputs": (
        {"validation": (with_nan(X, 2), Y)},
        "in validation=(x, y), x[0, 2] is nan",
    ),
    "validation_targets": (
        {"validation": (X, with_nan(Y, 4))},
        "in validation=(x, y), y[0, 4] is nan",
    ),
    "validation_fewer": (
        {"validation": (X, Y[:, :5])},
        "in validation=(x, y), y has shape (1, 5), wanted (1, 12): x has",
    ),
    "validation_text": ({"validation": (X, Y.astype(str))}, "in validation=(x, y), y has dtype"),
    "validation_weights": (
        {"validation": (X, Y, [-1.0, *[1.0] * 11])},
        "in validation=(x, y, weights), weights[0] is -1",
    ),
    "too_few_weights": ({"weights": [1.0, 2.0]}, "x has 12 examples"),
    "negative_weight": ({"weights": [-1.0, *[1.0] * 11]}, "weights[0] is -1"),
    "no_weight": ({"weights": [0.0] * 12}, "all 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_meant_is_refused_with_a_remedy(name):
    options, part = BAD[name]
    with pytest.raises(ChainruleError) as refusal:
        run(**options)
    assert part in str(refusal.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Momentum(0.1, 1.0),
        lambda: Adam(0.1, beta2=-0.1),
        lambda: Adam(0.1, epsilon=0),
        lambda: AdamW(weight_decay=-1),
        lambda: ClipByNorm(0),
        lambda: ClipByValue(float("nan")),
        lambda: Noise(-1),
        lambda: StepDecay(0),
        lambda: Cosine(2.5),
        lambda: WarmUp(10, then=0.1),
        lambda: OneCycle(10, rise=1),
        lambda: ReduceOnPlateau(factor=2),
        lambda: Patience(0),
        lambda: Tolerance("a"),
        lambda: TimeLimit(0),
    ],
)
def test_impossible_numbers_are_refused(make):
    with pytest.raises(ChainruleError, match="wanted"):
        make()
