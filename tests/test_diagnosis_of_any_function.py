"""Law: of a function that is no network of ours, what differences of its cost can show is said."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import diagnose_function
from chainrule.checking import Verdict
from chainrule.errors import InvalidType, InvalidValue

RNG = np.random.default_rng(0)
P = {
    "W": RNG.normal(size=(4, 3)),
    "b": RNG.normal(size=(4, 1)),
    "V": RNG.normal(size=(2, 4)),
    "S": 0.5 * RNG.normal(size=(4, 4)),
}
X, Y = RNG.normal(size=(3, 7)), RNG.normal(size=(2, 7))


def cost(p, x, y):
    h = np.tanh(p["W"] @ x + p["b"])
    r = p["V"] @ (h + p["S"] @ h) - y
    return np.sum(r * r) / x.shape[1] + 0.05 * np.sum(p["V"] ** 2)


def gradient(p, x, y):
    m = x.shape[1]
    h = np.tanh(p["W"] @ x + p["b"])
    r = p["V"] @ (h + p["S"] @ h) - y
    g = 2 * p["V"].T @ r / m
    delta = (g + p["S"].T @ g) * (1 - h**2)
    return {
        "W": delta @ x.T,
        "b": delta.sum(axis=1, keepdims=True),
        "V": 2 * r @ (h + p["S"] @ h).T / m + 0.1 * p["V"],
        "S": g @ h.T,
    }


def only(name, change):
    def wrong(p, x, y):
        found = gradient(p, x, y)
        return {**found, name: change(found[name], p, x, y)}

    return wrong


def test_what_is_right_is_right():
    found = diagnose_function(cost, gradient, P, (X, Y))
    assert found.good
    assert all(each.verdict is Verdict.RIGHT and not each.slugs for each in found.values()), found
    mapping = diagnose_function(cost, gradient, P, {"x": X, "y": Y})
    assert mapping.good
    lists = diagnose_function(cost, lambda *a: tuple(gradient(*a).values()), P, (X, Y))
    assert lists.good


MISTAKES = {
    "missing_mean": ("W", lambda g, p, x, y: g * x.shape[1]),
    "double_mean": ("W", lambda g, p, x, y: g / x.shape[1]),
    "bias_mean_again": ("b", lambda g, p, x, y: g / x.shape[1]),
    "constant_factor": ("S", lambda g, p, x, y: g / 2),
    "sign": ("W", lambda g, p, x, y: -g),
    "wrong_divisor": ("W", lambda g, p, x, y: g * x.shape[1] / x.shape[0]),
    "transposed": ("S", lambda g, p, x, y: g.T),
    "kept_dimension": ("b", lambda g, p, x, y: g.ravel()),
    "dead_parameter": ("V", lambda g, p, x, y: 0 * g),
    "row_skipped": ("W", lambda g, p, x, y: np.vstack([g[:-1], 0 * g[-1:]])),
    "picked_entries": ("S", lambda g, p, x, y: np.diag(np.diag(g))),
    "index_scatter": ("W", lambda g, p, x, y: np.roll(g, 1)),
    "penalty_missing": ("V", lambda g, p, x, y: g - 0.1 * p["V"]),
    "penalty_factor": ("S", lambda g, p, x, y: g + 0.3 * p["S"]),
    "not_expanded": ("b", lambda g, p, x, y: np.repeat(g, 7, axis=1) / 7),
    "precision": ("W", lambda g, p, x, y: g.astype(np.float32)),
}


@pytest.mark.parametrize("slug", MISTAKES)
def test_a_mistake_in_one_block_is_named_and_the_others_are_right(slug):
    name, change = MISTAKES[slug]
    found = diagnose_function(cost, only(name, change), P, (X, Y))
    assert found[name].slugs == (slug,), found[name]
    assert {each for each in found if not found[each].verdict.good} == (
        set() if slug == "precision" else {name}
    )


def test_an_array_of_another_kind_of_shape():
    found = diagnose_function(cost, only("W", lambda g, *_: g.T), P, (X, Y))
    assert found["W"].slugs == ("transposed",)
    found = diagnose_function(cost, only("W", lambda g, *_: 3 * g.T), P, (X, Y))
    assert found["W"].slugs == ("transposed", "constant_factor")
    found = diagnose_function(cost, only("W", lambda g, *_: np.ones((2, 2, 2))), P, (X, Y))
    assert found["W"].slugs == ("not_expanded",)


def test_a_cause_that_is_not_known_is_looked_for_in_the_block_itself():
    noise = np.random.default_rng(1).normal(size=(4, 3))
    found = diagnose_function(cost, only("W", lambda g, *_: g + noise), P, (X, Y))
    assert found["W"].verdict is Verdict.WRONG_UNKNOWN
    assert "b, V and S are right" in found["W"].sentence


def test_right_for_one_example_only():
    def averaged(g, p, x, y):
        return g.mean() + 0 * g if x.shape[1] > 1 else g

    found = diagnose_function(cost, only("W", averaged), P, (X, Y))
    assert found["W"].slugs == ("one_example_only",)


def test_one_row_per_example_is_read_as_well():
    def loss(p, x, y):
        return np.mean((x @ p["w"] - y) ** 2)

    def summed(p, x, y):
        return {"w": 2 * x.T @ (x @ p["w"] - y)}

    p = {"w": RNG.normal(size=(3, 1))}
    found = diagnose_function(loss, summed, p, (RNG.normal(size=(5, 3)), RNG.normal(size=(5, 1))))
    assert found["w"].slugs == ("missing_mean",)


# how it behaves --------------------------------------------------------------------------------


def test_calls_that_differ_and_memory_that_is_shared():
    count = [0]

    def counts(g, *_):
        count[0] += 1
        return g * count[0]

    assert "in_place" in diagnose_function(cost, only("W", counts), P, (X, Y))["W"].slugs
    buffer = np.empty((4, 3))

    def reused(g, *_):
        buffer[...] = g
        return buffer

    found = diagnose_function(cost, only("W", reused), P, (X, Y))["W"]
    assert found.verdict is Verdict.RIGHT
    assert found.slugs == ("in_place",)
    assert "same piece of memory" in found.sentence


def test_arguments_that_are_overwritten():
    def careless(p, x, y):
        found = gradient(p, x, y)
        p["W"] -= 0.1
        x *= 0
        return found

    kept = P["W"].copy(), X.copy()
    found = diagnose_function(cost, careless, P, (X, Y))
    assert found["b"].verdict is Verdict.RIGHT
    assert found["b"].slugs == ("in_place",)
    assert "W and data 0" in found["b"].sentence
    assert np.array_equal(P["W"], kept[0])
    assert np.array_equal(X, kept[1])


def test_two_results_in_one_piece_of_memory():
    def loss(p):
        return np.sum(p["a"] ** 2) / 2 + np.sum(p["b"] ** 2) / 2

    same = np.array([1.0, 2.0])

    def shared(p):
        return {"a": same, "b": same}

    found = diagnose_function(loss, shared, {"a": same, "b": same})
    assert "shares its memory with that of b" in found["a"].sentence
    assert "stale_parameters" in found["a"].slugs

    def view(p):
        return {"a": p["a"], "b": p["b"].copy()}

    found = diagnose_function(loss, view, {"a": same, "b": same})
    assert "view of the parameters" in found["a"].sentence
    assert not found["b"].slugs


def test_parameters_that_are_not_read():
    old = {name: value.copy() for name, value in P.items()}
    found = diagnose_function(cost, lambda p, x, y: gradient(old, x, y), P, (X, Y))
    assert all(each.slugs == ("stale_parameters",) for each in found.values())
    assert found.good  # right here: their globals may be what was given

    def linear(p, x):
        return float(np.sum(p["w"] * x))

    constant = diagnose_function(
        linear, lambda p, x: {"w": x}, {"w": np.ones(3)}, (np.arange(3.0),)
    )
    assert not constant["w"].slugs


def test_kinks_are_not_judged():
    def loss(p):
        return np.sum(np.abs(p["a"])) + np.sum(p["b"] ** 2)

    p = {"a": np.zeros(3), "b": np.ones(2)}
    found = diagnose_function(loss, lambda p: {"a": np.ones(3), "b": 2 * p["b"]}, p)
    assert found["a"].verdict is Verdict.NOT_JUDGED
    assert found["b"].verdict is Verdict.RIGHT


def test_a_cost_in_float32():
    small = {name: value.astype(np.float32) for name, value in P.items()}
    x, y = X.astype(np.float32), Y.astype(np.float32)
    found = diagnose_function(cost, gradient, small, (x, y))
    assert found.good, found
    assert {each.slugs for each in found.values()} == {("precision",)}
    found = diagnose_function(cost, only("W", lambda g, p, x, y: g * x.shape[1]), small, (x, y))
    assert found["W"].slugs[0] == "missing_mean"


def test_exit_in_their_functions_ends_nobody_else():
    def leaves(p, x, y):
        raise SystemExit(3)

    found = diagnose_function(cost, leaves, P, (X, Y))
    assert {each.verdict for each in found.values()} == {Verdict.CANNOT_RUN}
    assert "exit()" in found["W"].sentence
    with pytest.raises(InvalidValue, match=r"the cost: it ends the program: exit\(\)"):
        diagnose_function(leaves, gradient, P, (X, Y))


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_gradients_in_less_than_float64_are_right(kind):
    found = diagnose_function(
        cost, lambda *a: {n: v.astype(kind) for n, v in gradient(*a).items()}, P, (X, Y)
    )
    assert found.good, found
    assert {each.slugs for each in found.values()} == {("precision",)}
    small = {name: value.astype(kind) for name, value in P.items()}
    assert diagnose_function(cost, gradient, small, (X.astype(kind), Y.astype(kind))).good


@pytest.mark.parametrize(
    ("power", "slug"), [(1, "missing_mean"), (-1, "double_mean"), (0, "right")]
)
def test_a_mean_is_missed_beside_a_penalty(power, slug):
    def loss(p, x, y):
        return np.mean(np.sum((p["w"] @ x - y) ** 2, axis=0)) + 0.3 * np.sum(p["w"] ** 2)

    def slope(p, x, y):
        m = x.shape[1]
        return {"w": 2 * (p["w"] @ x - y) @ x.T / m * float(m) ** power + 0.6 * p["w"]}

    rng = np.random.default_rng(0)
    data = rng.normal(size=(3, 5)), rng.normal(size=(2, 5))
    found = diagnose_function(loss, slope, {"w": rng.normal(size=(2, 3))}, data)["w"]
    assert (*found.slugs, found.verdict.value)[0] == slug


def test_what_does_not_get_that_far():
    def fails(p, x, y):
        raise KeyError("dW")

    found = diagnose_function(cost, fails, P, (X, Y))
    assert {each.verdict for each in found.values()} == {Verdict.CANNOT_RUN}
    assert "KeyError" in found["W"].sentence
    found = diagnose_function(cost, lambda p, x, y: None, P, (X, Y))
    assert {each.verdict for each in found.values()} == {Verdict.UNFINISHED}
    found = diagnose_function(cost, lambda *a: {"W": gradient(*a)["W"]}, P, (X, Y))
    assert found["W"].verdict is Verdict.RIGHT
    assert found["b"].verdict is Verdict.UNFINISHED
    with pytest.raises(InvalidType, match="wanted one real number"):
        diagnose_function(lambda p, x, y: np.ones(3), gradient, P, (X, Y))
    with pytest.raises(InvalidValue, match="finite"):
        diagnose_function(lambda p, x, y: np.nan, gradient, P, (X, Y))
    with pytest.raises(InvalidType, match="parameter W"):
        diagnose_function(cost, gradient, {"W": "W"}, (X, Y))


def test_right_ones_of_many_kinds_give_no_alarm():
    for seed in range(25):
        rng = np.random.default_rng(seed)
        n, k, m = (int(each) for each in rng.integers(1, 6, 3))
        p = {"W": rng.normal(size=(k, n)), "c": rng.normal(size=k), "s": np.array(rng.normal())}
        x, y = rng.normal(size=(m, n)), rng.normal(size=(m, k))

        def loss(p, x, y):
            z = x @ p["W"].T + p["c"]
            return np.mean(np.log1p(np.exp(z * p["s"])) + np.cos(y * z))

        def right(p, x, y):
            z = x @ p["W"].T + p["c"]
            s = 1 / (1 + np.exp(-z * p["s"]))
            d = (s * p["s"] - y * np.sin(y * z)) / z.size
            return {"W": d.T @ x, "c": d.sum(axis=0), "s": np.sum(s * z) / z.size}

        found = diagnose_function(loss, right, p, (x, y))
        assert all(each.verdict is Verdict.RIGHT for each in found.values()), (seed, found)
