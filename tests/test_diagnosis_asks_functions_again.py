"""Law: a function that is given for a gradient is asked again, and what that shows is said."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import Network, diagnose
from chainrule.checking import Verdict
from planted import Setting, gradients

SETTING = Setting("functions", (3, 5, 2), "sigmoid", "squared_error", 7)
NET, PARAMS, X, Y = SETTING.draw()


def right(entry, params, x, y):
    return gradients(NET, params, x, y)[entry]


def judged(function, entry="W1", x=X, y=Y):
    return diagnose(NET, PARAMS, x, y, {entry: function})[entry]


def test_a_right_function_is_right():
    for entry in PARAMS:
        found = judged(lambda params, x, y, entry=entry: right(entry, params, x, y), entry)
        assert found.verdict is Verdict.RIGHT
        assert not found.slugs, found


def test_a_second_call_that_differs():
    kept = np.ones((5, 3))

    def forgetful(params, x, y):
        kept[...] *= 2
        return right("W1", params, x, y) * kept / 2

    found = judged(forgetful)
    assert found.verdict is Verdict.WRONG
    assert found.slugs[0] == "in_place"


def test_arguments_that_are_overwritten_are_copies_and_noticed():
    before = X.copy(), PARAMS.copy()

    def careless(params, x, y):
        found = right("W1", params, x, y)
        x -= x.mean()
        params["W1"][...] -= 0.1 * found
        return found

    found = judged(careless)
    assert found.verdict is Verdict.RIGHT
    assert found.slugs == ("in_place",)
    assert "x and W1" in found.sentence
    assert np.array_equal(X, before[0])
    assert before[1] == PARAMS


def test_parameters_that_are_not_read():
    old = PARAMS.copy()
    old.flat[...] *= 0.5
    found = judged(lambda params, x, y: right("W1", old, x, y))
    assert found.verdict is Verdict.WRONG
    assert found.slugs == ("stale_parameters",)
    found = judged(lambda params, x, y: right("W1", PARAMS, x, y))  # reads globals that are right
    assert found.verdict is Verdict.RIGHT
    assert found.slugs == ("stale_parameters",)


def test_right_for_one_example_only():
    def first(params, x, y):
        return right("W1", params, x[:, :1], y[:, :1])

    found = judged(first)
    assert "one_example_only" in {*found.slugs, *found.ties}, found

    def mixed(params, x, y):  # δ and activations averaged before they are multiplied
        z1 = params["W1"] @ x + params["b1"]
        a1 = 1 / (1 + np.exp(-z1))
        a2 = 1 / (1 + np.exp(-(params["W2"] @ a1 + params["b2"])))
        delta1 = params["W2"].T @ (2 * (a2 - y) * a2 * (1 - a2)) * a1 * (1 - a1)
        return delta1.mean(axis=1, keepdims=True) @ x.mean(axis=1, keepdims=True).T

    found = judged(mixed)
    assert found.verdict is Verdict.WRONG
    assert found.slugs == ("one_example_only",), found
    found = judged(mixed, x=X[:, :1], y=Y[:, :1])
    assert found.verdict is Verdict.RIGHT
    assert found.slugs == ("one_example_only",)


def test_code_that_takes_one_example_only_is_judged_there():
    def one(params, x, y):
        assert x.shape == (3, 1)
        return right("b1", params, x, y)

    found = judged(one, "b1", X[:, :1], Y[:, :1])
    assert found.verdict is Verdict.RIGHT
    assert not found.slugs


FACTORS = {
    "missing_mean": lambda x, y: x.shape[1],
    "double_mean": lambda x, y: 1 / x.shape[1],
    "constant_factor": lambda x, y: 4.0,
    "wrong_divisor": lambda x, y: x.shape[1] / x.shape[0],
    "global_count": lambda x, y: x.shape[1] / 16,
    "sign": lambda x, y: -1.0,
}


@pytest.mark.parametrize("slug", FACTORS)
def test_factors_are_told_apart_where_sizes_agree(slug):
    """As many inputs as examples: one array cannot tell, a function can."""
    setting = Setting("alike", (4, 5, 3), "sigmoid", "squared_error", 4)
    net, params, x, y = setting.draw()

    def scaled(params, x, y):
        return gradients(net, params, x, y)["W1"] * FACTORS[slug](x, y)

    found = diagnose(net, params, x, y, {"W1": scaled})["W1"]
    assert found.slugs == (slug,), found
    if slug == "wrong_divisor":
        assert found.verdict is Verdict.RIGHT  # here, where m = d
        return
    if slug == "global_count":
        return  # any factor may be that
    array = diagnose(net, params, x, y, {"W1": scaled(params, x, y)})["W1"]
    assert slug in {*array.slugs, *array.ties}, array


def test_a_factor_beside_a_mistake_is_told_apart_too():
    setting = Setting("alike", (4, 4, 4), "sigmoid", "squared_error", 4)
    net, params, x, y = setting.draw()
    from planted import slips

    slip = next(each for each in slips(net, 4) if each.slug == "derivative_at_activation")

    def both(params, x, y):
        return x.shape[1] * gradients(net, params, x, y, slip)["W1"]

    assert diagnose(net, params, x, y, {"W1": both})["W1"].slugs == (slip.slug, "missing_mean")


def fails(params, x, y):
    raise RuntimeError("no such thing")


def leaves(params, x, y):
    raise SystemExit


def unfinished(params, x, y):
    raise NotImplementedError("your code here")


def misspelled(params, x, y):
    return dleta  # noqa: F821


@pytest.mark.parametrize(
    ("function", "verdict", "slug"),
    [
        (fails, Verdict.CANNOT_RUN, "raises"),
        (leaves, Verdict.CANNOT_RUN, "raises"),
        (misspelled, Verdict.CANNOT_RUN, "not_defined"),
        (unfinished, Verdict.UNFINISHED, "raises"),
        (lambda params, x, y: None, Verdict.UNFINISHED, "returns_none"),
        (lambda params, x, y: "W1", Verdict.CANNOT_RUN, "wrong_type"),
        (lambda params, x, y: [[1.0], [2.0, 3.0]], Verdict.CANNOT_RUN, "wrong_type"),
        (lambda params, x, y: 1j * x, Verdict.CANNOT_RUN, "wrong_type"),
    ],
)
def test_what_does_not_get_that_far_is_said_and_the_rest_is_judged(function, verdict, slug):
    found = diagnose(
        NET, PARAMS, X, Y, {"W1": function, "W2": lambda params, x, y: right("W2", params, x, y)}
    )
    assert found["W1"].verdict is verdict
    assert found["W1"].slugs == (slug,)
    assert found["W2"].verdict is Verdict.RIGHT
    assert not found.good


def test_a_function_that_is_right_at_its_own_size_only_is_not_alarmed_about():
    def own(params, x, y):
        assert x.shape == X.shape
        return -right("W2", params, x, y)

    assert judged(own, "W2").slugs == ("sign",)


def test_what_is_not_finite_is_said():
    net = Network([2, 2], activation="identity", cost="squared_error")
    params = net.initialize(0)
    came = {"W1": np.array([[np.nan, 1.0], [np.inf, 2.0]])}
    found = diagnose(net, params, np.ones((2, 3)), np.zeros((2, 3)), came)["W1"]
    assert found.verdict is Verdict.WRONG_UNKNOWN
    assert "2 of 4 entries are not finite" in found.sentence
