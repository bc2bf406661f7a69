"""Law: Levenberg–Marquardt has the right model of the cost, and goes down to the least squares."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import least_squares

from chainrule import (
    ChainruleError,
    ClipByNorm,
    Cosine,
    LevenbergMarquardt,
    Network,
    NonFiniteCost,
    Parameters,
    data,
    train,
)
from chainrule.engines import least_squares as engine
from chainrule.engines import reference
from chainrule.second_order import LARGEST, Model

RNG = np.random.default_rng(3)
X, Y = RNG.standard_normal((3, 20)), RNG.standard_normal((2, 20))
W = RNG.uniform(0.0, 2.0, 20)
CURVED = Network([3, 4, 2], activation=["tanh", "sigmoid"], cost="squared_error", l2=0.3)
STRAIGHT = Network([3, 2], activation="identity", cost="squared_error", l2=0.3)
HEART = Network([1, 6, 7, 2], activation="sigmoid", cost="squared_error")


def learnt(net, params, x, y, iterations=50, optimizer=None, **options):
    optimizer = LevenbergMarquardt() if optimizer is None else optimizer
    return train(net, params, x, y, optimizer=optimizer, iterations=iterations, **options)


def curvature(net, params, x, y, weights):
    """Second derivatives of the cost, from differences of its Jacobians."""
    columns = []
    for place in range(params.flat.size):
        sides = []
        for step in (1e-5, -1e-5):
            moved = params.copy()
            moved.flat[place] += step
            sides.append(net.value_and_grad(moved, x, y, weights)[1].flat)
        columns.append((sides[0] - sides[1]) / 2e-5)
    return np.array(columns)


# the model ----------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradient_of_the_model_is_that_of_the_network(weights, dtype):
    params = CURVED.initialize(1, scheme="normal", dtype=dtype)
    values = CURVED.batch(X, Y, params.dtype, weights)
    gradient, _ = engine.normal_equations(CURVED, params, values)
    wanted = CURVED.value_and_grad(params, X, Y, weights)[1].flat
    np.testing.assert_allclose(gradient, wanted, rtol=1e-4 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize("net", [CURVED, STRAIGHT], ids=["curved", "straight"])
def test_without_residuals_the_model_has_the_second_derivatives(net, weights):
    params = net.initialize(1, scheme="normal")
    y = net.forward(params, X)  # what Gauss-Newton leaves out is then 0
    _, hessian = engine.normal_equations(net, params, net.batch(X, y, params.dtype, weights))
    wanted = curvature(net, params, X, y, weights)
    np.testing.assert_allclose(hessian, wanted, atol=1e-8)


def test_adding_up_a_few_examples_at_a_time_changes_rounding_only(monkeypatch):
    params = CURVED.initialize(1, scheme="normal")
    values = CURVED.batch(X, Y, params.dtype, W)
    whole = engine.normal_equations(CURVED, params, values)
    monkeypatch.setattr(engine, "ROOM", 3 * 2 * params.flat.size)
    for part, wanted in zip(engine.normal_equations(CURVED, params, values), whole, strict=True):
        np.testing.assert_allclose(part, wanted, rtol=1e-12, atol=1e-14)


# the steps ----------------------------------------------------------------------------------


def test_a_straight_network_is_solved_as_numpy_solves_it():
    result = learnt(STRAIGHT, STRAIGHT.initialize(1), X, Y, 12, weights=W)
    rows = np.vstack([X, np.ones(20)])
    scale = W / W.sum()
    penalty = np.diag([0.15, 0.15, 0.15, 0.0])
    wanted = np.linalg.solve(rows * scale @ rows.T + penalty, rows * scale @ Y.T).T
    np.testing.assert_allclose(result.params.W1, wanted[:, :3], rtol=1e-9)
    np.testing.assert_allclose(result.params.b1, wanted[:, 3:], rtol=1e-9)


def test_it_ends_in_the_minimum_that_scipy_finds():
    net = Network([1, 3, 1], activation=["tanh", "identity"], cost="squared_error", l2=0.01)
    x = np.linspace(-2, 2, 40)[np.newaxis]
    y = np.sin(2 * x) + 0.1 * np.cos(9 * x)
    start = net.initialize(5)

    def residuals(flat):
        params = Parameters(net.sizes, flat.copy())
        misses = (net.forward(params, x) - y).ravel() * np.sqrt(2 / 40)
        return np.concatenate([misses, 0.1 * params.W1.ravel(), 0.1 * params.W2.ravel()])

    wanted = least_squares(residuals, start.flat, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15)
    result = learnt(net, start, x, y, 300)
    assert result.history.cost[-1] == pytest.approx(wanted.cost, rel=1e-12)


@pytest.mark.parametrize(("asked", "seeds"), [("native", range(8)), ("reference", [0])])
def test_the_heart_falls_to_1e_5_from_eight_starts(asked, seeds):
    x, y = data.heart(100)
    for seed in seeds:
        start = HEART.initialize(seed, scheme="normal", scale=1.0)
        result = learnt(HEART, start, x, y, 130, engine=asked)
        assert result.engine == asked
        assert result.history.cost[-1] < 1e-5


def test_the_cost_never_rises_and_a_step_not_made_leaves_the_parameters():
    x, y = data.heart(30)
    start = HEART.initialize(0, scheme="normal", scale=3.0)
    seen = []
    result = learnt(
        HEART,
        start,
        x,
        y,
        80,
        LevenbergMarquardt(damping=1e-9),
        record_every=1,
        callbacks=[lambda progress: seen.append(progress.params.flat.copy())],
    )
    falls = -np.diff(result.history.cost)
    stayed = [np.array_equal(before, after) for before, after in itertools.pairwise(seen)]
    assert (falls >= 0).all()
    assert 0 < sum(stayed) < 80
    assert (falls[stayed] == 0).all()


def test_how_training_is_cut_into_stretches_changes_no_bit():
    x, y = data.heart(20)
    start = HEART.initialize(2, scheme="normal")
    ends = [learnt(HEART, start, x, y, 31, record_every=every).params for every in (1, 7, 100)]
    assert ends[0] == ends[1] == ends[2]


def test_float32_stays_float32():
    x, y = data.heart(50)
    result = learnt(HEART, HEART.initialize(0, scheme="normal", dtype="float32"), x, y, 60)
    assert result.params.dtype == np.float32
    assert result.history.cost[-1] < 1e-3


@pytest.mark.parametrize(
    ("gain", "factor", "growth"),
    [(1.0, 1 / 3, 2), (0.5, 1, 2), (0.25, 1.125, 2), (-1.0, 4, 8), (np.nan, 4, 8)],
)
def test_the_damping_follows_the_gain(gain, factor, growth):
    model = Model(1.0, np.ones(2), np.eye(2))
    after = LevenbergMarquardt().learn(model, (np.full(1, 6.0), np.full(1, 4.0)), gain)
    assert after[0][0] == pytest.approx(6.0 * factor)
    assert after[1][0] == growth


def test_the_first_damping_is_in_units_of_the_model_and_grows_no_further_than_it_may():
    row, model = LevenbergMarquardt(0.5), Model(1.0, np.ones(2), np.diag([3.0, 8.0]))
    slots = row.start(np.zeros(2))
    assert row.damped(model, slots) == 4.0
    for _ in range(2000):
        slots = row.learn(model, slots, -1.0)
    assert slots[0][0] == slots[1][0] == LARGEST
    step, _ = row.propose(model, slots)
    assert np.abs(step).max() < 1e-100


def test_a_model_that_rounding_made_indefinite_raises_the_damping(monkeypatch):
    start = STRAIGHT.initialize(1)
    indefinite = np.zeros(8), np.diag([-1.0] + 7 * [1.0])
    monkeypatch.setattr(reference, "normal_equations", lambda *_: indefinite)
    result = learnt(STRAIGHT, start, X, Y, 3, engine="reference")
    assert result.params == start


# what it does not do ------------------------------------------------------------------------

NET = {"activation": "tanh", "output": "usual"}
REFUSED = {
    "another cost": ({"cost": "huber"}, {}, "huber.*squared_error"),
    "dropout": ({"dropout": 0.5}, {}, "dropout, wanted none"),
    "noise": ({}, {"noise": 0.1}, "noise, wanted none"),
    "clipping": ({}, {"transformations": [ClipByNorm(1.0)]}, "transformations .*wanted none"),
    "a schedule": ({}, {"schedule": Cosine(10)}, "schedule, wanted none"),
    "batches": ({}, {"batch_size": 5}, "batch_size is 5, wanted None"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_levenberg_marquardt_cannot_use_is_refused(name):
    described, options, said = REFUSED[name]
    net = Network([3, 4, 2], **{**NET, "cost": "squared_error", **described})
    with pytest.raises(ChainruleError, match=said):
        learnt(net, net.initialize(0), X, Y, **options)


def test_a_network_whose_matrix_would_not_fit_is_refused():
    net = Network([3, 3000, 2], activation="tanh", cost="squared_error")
    with pytest.raises(ChainruleError, match=r"18,002 parameters takes 2\.4 GiB, wanted at most 2"):
        learnt(net, net.initialize(0), X, Y)


def test_a_cost_that_is_not_finite_is_said():
    net = Network([3, 2], activation="exp", cost="squared_error")
    params = net.initialize(0)
    params.flat += 400
    with pytest.raises(NonFiniteCost):
        learnt(net, params, np.abs(X), Y)


@pytest.mark.parametrize("damping", [0, -1.0, "1", None, np.nan])
def test_a_damping_that_is_no_positive_number_is_refused(damping):
    with pytest.raises(ChainruleError, match="damping"):
        LevenbergMarquardt(damping)
