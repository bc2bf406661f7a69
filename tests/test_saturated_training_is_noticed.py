"""Law: training that ends saturated says so, once; training that ends anywhere else does not.

Warnings are errors in all tests, so that a false alarm in any of them is seen.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from chainrule import (
    LBFGS,
    Adam,
    GradientDescent,
    LevenbergMarquardt,
    Network,
    Parameters,
    Patience,
    Snapshots,
    Tolerance,
    data,
    register_activation,
    train,
)

X, Y = data.heart(23)
FOUR = np.array([[-2.0, 1.0, 2.0, -1.0]])
LABELS = np.array([[0.0, 1.0, 1.0, 0.0]])
CROSS = "cross_entropy"
HALF, ONES, TWOS = np.full((2, 4), 0.5), np.ones((1, 4)), np.full((1, 4), 2.0)


def net_of(activation, sizes=(1, 1), cost="squared_error", **options):
    return Network(list(sizes), activation=activation, cost=cost, **options)


def sigmoid_by_hand(z):
    return (1 + np.tanh(z / 2)) / 2


OWN = register_activation(
    "sigmoid_by_hand", sigmoid_by_hand, lambda z: sigmoid_by_hand(z) * (1 - sigmoid_by_hand(z))
)


def line(weight, bias=0.0):
    return Parameters.from_arrays(W1=[[weight]], b1=[[bias]])


def run(net, x, y, optimizer, start=None, *, dtype=np.float64, iterations=20, **options):
    start = net.initialize(1, scheme="normal") if start is None else start
    options |= {"optimizer": optimizer, "iterations": iterations}
    return train(net, start.astype(dtype), x, y, **options)


HEART = (1, 4, 2)
# (network, x, y, optimizer): one step is so long that nothing leads back.
TOO_LONG = {
    "adam": (net_of("sigmoid", HEART), X, Y, Adam(1e9)),
    "descent": (net_of("sigmoid", HEART), X, Y, GradientDescent(1e9)),
    "three_layers": (net_of("sigmoid", (1, 6, 7, 2)), X, Y, Adam(1e9)),
    "absolute_error": (net_of("sigmoid", HEART, "absolute_error"), X, Y, Adam(1e9)),
    "tanh": (net_of("tanh", HEART), X, Y, Adam(1e9)),
    "softmax": (net_of("softmax", (1, 2)), FOUR + 3, HALF, Adam(1e9)),
    "dropout": (net_of("sigmoid", HEART, dropout=0.2), X, Y, Adam(1e9)),
}


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("row", TOO_LONG.values(), ids=TOO_LONG)
def test_steps_that_saturate_the_last_layer_are_warned_of_once(row, dtype, engine):
    with pytest.warns(UserWarning, match="training is saturated at its end") as caught:
        result = run(*row, dtype=dtype, engine=engine)
    (warning,) = caught
    assert not result.history.gradient_norm[-1].any()
    for part in (
        "after 20 updates every Jacobian is exactly 0",
        f"the cost, {result.history.cost[-1]:.3g}, could be lower",
        f"the {row[0].architecture.activations[-1].name} of the last layer is flat",
        "a smaller learning rate",
        "(1e+08)",
        "scale x and y",
    ):
        assert part in str(warning.message)
    assert warning.filename == __file__  # the line that called train


# (network, x, y, optimizer, start): it is so at the start, or no learning rate is to blame.
LOST = {
    "start": (net_of("sigmoid"), FOUR, 1 - LABELS, Adam(0.1), line(1e3)),
    "lbfgs": (net_of("sigmoid"), FOUR, 1 - LABELS, LBFGS(), line(1e3)),
    "lbfgs_on_its_way": (net_of("sigmoid"), 1e3 * FOUR, [[0, 1, 1, 1]], LBFGS(), line(-1e-3)),
    "levenberg": (net_of("sigmoid"), FOUR, 1 - LABELS, LevenbergMarquardt(), line(1e3)),
    "relu": (net_of("relu"), FOUR, ONES, GradientDescent(1.0), line(0.0, -3.0)),
    "one_example_wrong": (net_of("sigmoid"), FOUR, [[0, 1, 1, 1]], Adam(0.1), line(1e3)),
}


@pytest.mark.parametrize("row", LOST.values(), ids=LOST)
def test_a_start_from_which_nothing_is_learnt_is_said_to_be_that(row):
    with pytest.warns(UserWarning, match="is exactly 0.*; start elsewhere") as caught:
        run(*row)
    assert len(caught) == 1
    assert "learning rate" not in str(caught[0].message)


def test_it_is_noticed_whatever_ended_training():
    with pytest.warns(UserWarning, match="is exactly 0"):
        result = run(*TOO_LONG["adam"], stop=[Tolerance(1e-9, 3)], iterations=10**5)
    assert result.reason == "tolerance"


def test_it_speaks_of_the_end_though_patience_keeps_what_was_best():
    net, x, y, optimizer = TOO_LONG["adam"]
    with pytest.warns(UserWarning, match="at its end: after 20 updates") as caught:
        result = run(net, x, y, optimizer, validation=(x, y), stop=[Patience(99)])
    assert result.best_iteration < 20
    assert f"the cost, {result.history.cost[-1]:.3g}," in str(caught[0].message)
    assert net.cost(result.params, x, y) < result.history.cost[-1]


def test_where_warnings_are_errors_it_can_be_let_pass_as_the_page_says():
    """Else it is an exception, and what is kept is what a callback has kept."""
    snapshots = Snapshots(every=20)
    with pytest.raises(UserWarning, match="saturated"):
        run(*TOO_LONG["adam"], callbacks=[snapshots])
    page = (Path(__file__).parents[1] / "docs" / "training.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"`(warnings\.filterwarnings\(.*?\))`", page)
    with warnings.catch_warnings(record=True) as caught:
        exec(line)
        result = run(*TOO_LONG["adam"])
        with pytest.raises(UserWarning, match="of another kind"):
            warnings.warn("of another kind", stacklevel=1)
    assert len(caught) == 1
    assert result.params == snapshots.params[-1]


# Every Jacobian is exactly 0 at the end, and there is nothing to be learnt.
MINIMA = {
    "perfect": (net_of("sigmoid"), FOUR, LABELS, Adam(1e9), None),
    "perfect_from_the_start": (net_of("sigmoid"), FOUR, LABELS, Adam(0.1), line(1e3)),
    "perfect_tanh": (net_of("tanh"), FOUR, 2 * LABELS - 1, Adam(1e9), None),
    "perfect_softmax": (net_of("softmax", (1, 2)), FOUR, [*1 - LABELS, *LABELS], Adam(1e9), None),
    "perfect_cross_entropy": (net_of("sigmoid", cost=CROSS), FOUR, LABELS, Adam(1e9), None),
    "nearly": (net_of("sigmoid"), FOUR, np.abs(LABELS - 1e-12), Adam(1e9), None),
    "mean": (net_of("identity"), [[0.0, 0.0]], [[1.0, 3.0]], Adam(0.1), line(1.0, 2.0)),
    "median": (
        net_of("identity", cost="absolute_error"), [[0.0, 0.0]], [[1.0, 3.0]], Adam(0.1), line(1, 2)
    ),
    "beyond_the_range": (net_of("sigmoid"), FOUR, 4 * LABELS - 1.5, Adam(1e9), None),
    "beyond_a_range_that_nobody_said": (net_of(OWN), FOUR, 4 * LABELS - 1.5, Adam(1e9), None),
    "below_relu": (net_of("relu"), FOUR, -TWOS, Adam(0.1), line(0.0, -1.0)),
    "saddle": (net_of("tanh", (1, 2, 1)), [[-1, 1]], [[-1, 1]], Adam(0.1), "zeros"),
    "equal_softmax": (net_of("softmax", (1, 2)), FOUR, 0 * HALF, Adam(0.1), "zeros"),
    "without_weight": (net_of("sigmoid"), FOUR, [[0, 1, 0, 0]], Adam(0.1), line(1e3)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MINIMA)
def test_an_end_at_which_nothing_is_left_to_learn_is_no_reason_to_warn(name, dtype):
    net, x, y, optimizer, start = MINIMA[name]
    start = Parameters(net.sizes) if start == "zeros" else start
    weights = [1.0, 1.0, 0.0, 1.0] if name == "without_weight" else None
    result = run(net, x, y, optimizer, start, dtype=dtype, weights=weights)
    assert not result.history.gradient_norm[-1].any()


ORDINARY = {
    "fits": (net_of("sigmoid", HEART), X, Y, Adam(0.1), None),
    "no_update": (net_of("sigmoid", HEART), X, Y, Adam(1e9), None),
    # the logarithm undoes the exponential: what is wrong and saturated is learnt all the same
    "cross_entropy": (net_of("sigmoid", cost=CROSS), FOUR, LABELS, Adam(9), line(-1e3)),
    # the penalty brings the weights back
    "penalty": (net_of("sigmoid", l2=0.1), FOUR, 1 - LABELS, Adam(0.1), line(1e3)),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_training_with_a_gradient_left_is_no_reason_to_warn(name):
    result = run(*ORDINARY[name], iterations=0 if name == "no_update" else 20)
    assert result.history.gradient_norm[-1].any()
