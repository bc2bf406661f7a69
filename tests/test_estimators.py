"""Law: the estimators are scikit-learn's interface, and loss_ is the function that is followed."""

from __future__ import annotations

import pickle
import warnings
from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.neural_network
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_multilabel_classification
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_validate, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from chainrule import Cosine, MLPClassifier, MLPRegressor, NonFiniteCost

IRIS = load_iris(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)
DIGITS = load_digits(return_X_y=True)
RNG = np.random.default_rng(0)
TWO_OUTPUTS = RNG.standard_normal((30, 4)), RNG.standard_normal((30, 2)) * [1.0, 5.0]
KINDS = [MLPClassifier, MLPRegressor]
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 20, "random_state": 0}


def data(kind):
    return IRIS if kind is MLPClassifier else DIABETES


def fitted(kind, X=None, y=None, **options):
    given = data(kind) if X is None else (X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return kind(**QUICK | options).fit(*given)


# scikit-learn's checks ---------------------------------------------------------------------------


@parametrize_with_checks([MLPClassifier(max_iter=50), MLPRegressor(max_iter=50)])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_so_many_checks_are_run():
    """A battery that collects nothing passes too: so they are counted."""
    for kind, least in ((MLPClassifier, 66), (MLPRegressor, 59)):
        results = check_estimator(kind(max_iter=20), on_fail=None, on_skip=None)
        counts = Counter(each["status"] for each in results)
        assert counts["failed"] == counts["xfail"] == 0
        assert counts["passed"] >= least, counts


# one function ------------------------------------------------------------------------------------

TASKS = {
    "classes": (MLPClassifier, *IRIS, {}),
    "two classes": (MLPClassifier, IRIS[0][:100], IRIS[1][:100], {}),
    "labels": (MLPClassifier, *make_multilabel_classification(40, 5, random_state=0), {}),
    "numbers": (MLPRegressor, *DIABETES, {}),
    "two outputs": (MLPRegressor, *TWO_OUTPUTS, {}),
    "weights of samples": (MLPRegressor, *TWO_OUTPUTS, {"sample_weight": np.linspace(0, 2, 30)}),
    "counts": (MLPRegressor, TWO_OUTPUTS[0], RNG.poisson(2.0, 30), {"loss": "poisson"}),
    "absolute": (MLPRegressor, *TWO_OUTPUTS, {"loss": "absolute_error"}),
}


def followed_and_reported(kind, X, y, weights=None, **options):
    """Return minus the change of coefs_[0][0, 0] over the rate, and the slope of loss_ there."""
    rate, step = 1e-6, 1e-5
    options = {
        "hidden_layer_sizes": (3,),
        "activation": "tanh",
        "solver": "sgd",
        "momentum": 0,
        "learning_rate_init": rate,
        "alpha": 0.5,
        "batch_size": len(X),
        "random_state": 0,
        **options,
    }
    if kind.__module__.startswith("chainrule"):
        options |= {"scale_inputs": False}
        if kind is MLPRegressor:
            options |= {"scale_targets": False}
    given = {} if weights is None else {"sample_weight": weights}
    classes = {"classes": np.unique(y)} if hasattr(kind, "predict_proba") else {}
    model = kind(**options).partial_fit(X, y, **classes, **given)

    def at(change):
        moved = pickle.loads(pickle.dumps(model))
        moved.coefs_[0][0, 0] += change
        before = moved.coefs_[0][0, 0]
        moved.partial_fit(X, y, **given)
        return moved.loss_, (before - moved.coefs_[0][0, 0]) / rate

    slope = (at(step)[0] - at(-step)[0]) / (2 * step)
    return at(0.0)[1], slope


@pytest.mark.parametrize("task", TASKS)
def test_the_loss_that_is_reported_is_the_one_that_is_followed(task):
    kind, X, y, options = TASKS[task]
    options = dict(options)
    weights = options.pop("sample_weight", None)
    followed, reported = followed_and_reported(kind, X, y, weights, **options)
    assert followed == pytest.approx(reported, rel=1e-4)


def test_scikit_learns_own_follows_another_with_two_outputs():
    """What the test above is for: it fails there, by the number of outputs."""
    theirs = sklearn.neural_network.MLPRegressor
    followed, reported = followed_and_reported(theirs, *TWO_OUTPUTS, alpha=0.0)
    assert followed == pytest.approx(2 * reported, rel=1e-4)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_full_batches_without_scaling_are_scikit_learns_updates(solver, momentum):
    X, y = DIABETES[0] * 20, (DIABETES[1] - 150) / 77
    options = {
        "solver": solver,
        "momentum": momentum,
        "nesterovs_momentum": False,
        "batch_size": len(X),
        "learning_rate_init": 0.01,
        "alpha": 3.0,
        "tol": 0.0,
        **QUICK,
    }
    ours = MLPRegressor(**options, scale_inputs=False, scale_targets=False)
    theirs = sklearn.neural_network.MLPRegressor(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours.fit(X, y), theirs.fit(X, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-4, atol=1e-6)


# scaling -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_for_raw_inputs_and_outputs(kind):
    X, y = data(kind)
    scaler = StandardScaler().fit(X)
    inside = fitted(kind, X * 10 + 5, y)
    outside = fitted(kind, scaler.transform(X), y, scale_inputs=False)
    predict = "predict_proba" if kind is MLPClassifier else "predict"
    found = getattr(inside, predict)(X * 10 + 5)
    np.testing.assert_allclose(found, getattr(outside, predict)(scaler.transform(X)), rtol=1e-6)
    hidden = np.maximum((X * 10 + 5) @ inside.coefs_[0] + inside.intercepts_[0], 0)
    np.testing.assert_allclose(inside.hidden_activations(X * 10 + 5)[0], hidden, rtol=1e-9)


def test_targets_come_back_in_their_units():
    X, y = DIABETES
    one, other = fitted(MLPRegressor, X, y), fitted(MLPRegressor, X, 1000 * y - 3)
    np.testing.assert_allclose(1000 * one.predict(X) - 3, other.predict(X), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_matrix])
def test_sparse_tables_are_what_they_are_when_dense(kind, form):
    X, y = data(kind)
    X = np.where(np.median(X) < X, X, 0.0)
    one, other = fitted(kind, X, y), fitted(kind, form(X), y)
    np.testing.assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-9)
    np.testing.assert_allclose(one.predict(X), other.predict(form(X)), rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_columns_that_are_constant_or_huge_do_no_harm(kind):
    X, y = data(kind)
    X = np.column_stack([X, np.full(len(X), 0.1), np.full(len(X), 1e9), X[:, 0] * 1e200])
    model = fitted(kind, X, y, max_iter=100)
    assert np.isfinite(model.loss_curve_).all()
    assert model.score(X, y) > 0.2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_weight_of_two_is_the_sample_twice(kind, solver):
    X, y = data(kind)
    X, y = X[::4], y[::4]
    weights = RNG.integers(0, 3, len(X))
    options = QUICK | {"solver": solver, "max_iter": 15, "batch_size": 10**4}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        weighted = kind(**options).fit(X, y, sample_weight=weights)
        repeated = kind(**options).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(weighted.coefs_[0], repeated.coefs_[0], rtol=1e-5, atol=1e-8)


# what scikit-learn's has not ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_checked_at_what_was_learnt(kind):
    X, y = data(kind)
    for options in ({}, {"activation": ["tanh", "gelu"], "hidden_layer_sizes": (5, 4)}):
        report = fitted(kind, **options).check_gradients(X[::5], y[::5])
        assert report.passed
        assert report.decided


@pytest.mark.parametrize("kind", KINDS)
def test_the_input_jacobian_is_that_of_the_predictions(kind):
    model, X = fitted(kind, activation="tanh"), data(kind)[0][:5]
    jacobian = model.input_jacobian(X)

    def predicted(table):
        found = model.predict_proba(table) if kind is MLPClassifier else model.predict(table)
        return found.reshape(len(table), -1)

    for feature in range(X.shape[1]):
        step = np.zeros(X.shape[1])
        step[feature] = 1e-5
        slope = (predicted(X + step) - predicted(X - step)) / 2e-5
        np.testing.assert_allclose(jacobian[:, :, feature], slope, rtol=1e-4, atol=1e-7)


def test_held_out_data_of_ones_own_decide():
    learnt, held, y, y_held = train_test_split(*DIGITS, random_state=0)
    options = {"early_stopping": True, "max_iter": 30, "random_state": 0, "n_iter_no_change": 4}
    model = MLPClassifier(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(learnt, y, X_val=held, y_val=y_held)
    assert len(model.validation_scores_) == len(model.loss_curve_) == model.n_iter_
    assert len(model.validation_loss_curve_) == model.n_iter_
    assert model.score(held, y_held) == max(model.validation_scores_)


def test_classes_count_as_they_are_told():
    X, y = np.zeros((40, 1)), np.r_[np.zeros(30), np.ones(10)]
    plain = fitted(MLPClassifier, X, y, solver="lbfgs", alpha=0, max_iter=200)
    balanced = fitted(
        MLPClassifier, X, y, solver="lbfgs", alpha=0, max_iter=200, class_weight="balanced"
    )
    assert plain.predict_proba(X[:1])[0, 1] == pytest.approx(0.25, abs=1e-3)
    assert balanced.predict_proba(X[:1])[0, 1] == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    "options",
    [
        {"dropout": 0.2},
        {"schedule": Cosine(200)},
        {"solver": "adamw", "weight_decay": 0.01},
        {"solver": "rmsprop"},
        {"clip_norm": 0.1},
        {"activation": ["gelu"], "dtype": "float32"},
        {"loss": "huber(1.5)"},
        {"loss": "quantile(0.9)"},
        {"solver": "lm"},
        {"hidden_layer_sizes": ()},
    ],
    ids=str,
)
def test_options_are_learnt_with(options):
    one, other = fitted(MLPRegressor, **options), fitted(MLPRegressor, **options)
    np.testing.assert_array_equal(one.predict(DIABETES[0]), other.predict(DIABETES[0]))
    assert one.loss_curve_[-1] < one.loss_curve_[0]
    if options.get("dtype"):
        assert one.coefs_[0].dtype == np.float32


def test_levenberg_marquardt_is_for_least_squares():
    with pytest.raises(ValueError, match="squared_error"):
        fitted(MLPRegressor, solver="lm", loss="absolute_error")


def test_callbacks_see_the_rate_and_may_end_it():
    rates = []

    def look(progress):
        rates.append(progress.learning_rate)
        return len(rates) > 5

    model = fitted(MLPClassifier, solver="sgd", learning_rate="invscaling", callbacks=[look])
    assert model.stopped_because_ == "callback"
    assert rates[1] > rates[3] > rates[5]


def test_the_adaptive_rate_falls_to_a_fifth_until_it_is_lowest():
    rates = []
    model = MLPClassifier(
        tol=0.5,
        max_iter=3000,
        solver="sgd",
        learning_rate="adaptive",
        callbacks=[lambda progress: rates.append(progress.learning_rate)],
    ).fit([[3, 2], [1, 6]], [1, 0])
    assert model.n_iter_ < 3000
    assert sorted(set(np.round(np.log(np.array(rates) / rates[0]) / np.log(0.2), 9))) == [*range(6)]


@pytest.mark.parametrize("passes", [2, 5, 50])
def test_so_many_passes_without_better_are_let_pass(passes):
    """The first pass is always better than none."""
    X, y = DIGITS[0][:100], DIGITS[1][:100]
    model = MLPClassifier(tol=1e9, max_iter=300, solver="sgd", n_iter_no_change=passes).fit(X, y)
    assert model.n_iter_ == passes + 2
    endless = MLPClassifier(tol=1e9, max_iter=60, solver="sgd", n_iter_no_change=np.inf)
    with pytest.warns(ConvergenceWarning, match="60"):
        assert endless.fit(X, y).n_iter_ == 60


def test_a_loss_that_is_not_finite_says_when_and_keeps_what_was_learnt():
    X, y = DIABETES
    options = {"solver": "sgd", "learning_rate_init": 1e6, "random_state": 0, "max_iter": 50}
    model = MLPRegressor(activation="identity", **options)
    with pytest.raises(NonFiniteCost, match="after") as caught:
        model.fit(X, y)
    assert isinstance(caught.value, ValueError)
    assert np.isfinite(model.predict(X)).all()


# where it is used --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("table", [pd.DataFrame, pl.DataFrame])
def test_tables_with_names(kind, table):
    X, y = data(kind)
    names = [f"x{k}" for k in range(X.shape[1])]
    frame = table({name: X[:, k] for k, name in enumerate(names)})
    model = fitted(kind, frame, y)
    assert list(model.feature_names_in_) == names
    expected = fitted(kind, X, y).predict(X)
    np.testing.assert_allclose(model.predict(frame), expected, rtol=1e-9)


def test_in_pipelines_searches_and_stacks():
    X, y = IRIS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search = GridSearchCV(
            make_pipeline(StandardScaler(), MLPClassifier(**QUICK)),
            {"mlpclassifier__solver": ["adam", "lbfgs"]},
            n_jobs=2,
        ).fit(X, y)
        stack = StackingClassifier([("a", MLPClassifier(**QUICK))], LogisticRegression()).fit(X, y)
        scores = cross_validate(MLPRegressor(**QUICK), *DIABETES, cv=3)["test_score"]
    assert search.best_score_ > 0.6
    assert stack.score(X, y) > 0.6
    assert len(scores) == 3


def test_weights_are_routed_to_it():
    X, y = IRIS
    weights = RNG.uniform(0.5, 2, len(X))
    with config_context(enable_metadata_routing=True), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        asking = MLPClassifier(**QUICK).set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        routed = make_pipeline(scaler, asking).fit(X, y, sample_weight=weights)
    direct = MLPClassifier(**QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        direct.fit(StandardScaler().fit_transform(X), y, sample_weight=weights)
    np.testing.assert_array_equal(routed[-1].coefs_[0], direct.coefs_[0])


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_pickled_and_cloned(kind):
    model = fitted(kind)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(model.predict(data(kind)[0]), again.predict(data(kind)[0]))
    assert clone(model).get_params() == model.get_params()


def test_it_shows_its_derivation():
    model = fitted(MLPClassifier)
    assert "The derivation of this network" in model._repr_html_()
    assert "derivation" not in MLPClassifier()._repr_html_()


# bad input ---------------------------------------------------------------------------------------

BAD = {
    "a class that is new": (
        lambda: fitted(MLPClassifier, *IRIS).partial_fit(IRIS[0][:2], [7, 0]),
        "classes 7, wanted those of before: 0, 1, 2",
    ),
    "half of held-out data": (
        lambda: MLPClassifier().fit(*IRIS, X_val=IRIS[0]),
        "X_val and y_val go together",
    ),
    "an activation that is none": (lambda: fitted(MLPRegressor, activation="relo"), "'relu'"),
    "a solver that is none": (lambda: fitted(MLPRegressor, solver="newton"), "'solver'"),
    "too few activations": (
        lambda: fitted(MLPRegressor, activation=["relu"], hidden_layer_sizes=(3, 3)),
        "activation",
    ),
    "negative weights": (
        lambda: MLPRegressor().fit(*DIABETES, sample_weight=np.full(442, -1.0)),
        "Negative",
    ),
    "negative counts": (
        lambda: fitted(MLPRegressor, DIABETES[0], -DIABETES[1], loss="poisson"),
        "0 or more",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_said(what):
    call, words = BAD[what]
    with pytest.raises(ValueError, match=words):
        call()


def test_a_linear_network_finds_what_ridge_finds():
    """An oracle of another kind: no hidden layer, and the same penalty."""
    X, y = StandardScaler().fit_transform(DIABETES[0]), DIABETES[1]
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="lbfgs", alpha=30.0, tol=1e-10, max_iter=5000
    ).fit(X, y)
    ridge = Ridge(alpha=30.0).fit(X, y)
    np.testing.assert_allclose(model.coefs_[0].ravel(), ridge.coef_, rtol=1e-3, atol=1e-3)
