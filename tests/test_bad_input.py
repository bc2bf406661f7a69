"""Law: bad input gets one error that says the quantity, what came, what was wanted, what to do.

What can be converted without loss is no bad input: integers and booleans are taken, exactly.
"""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from chainrule import GradientDescent, Network, NonFiniteCost, Parameters, aliases, check, train
from chainrule.activations import ACTIVATIONS
from chainrule.costs import COSTS
from chainrule.engines import kernel
from chainrule.errors import (
    ChainruleError,
    EngineUnavailable,
    InvalidType,
    InvalidValue,
    PairRefused,
    ShapeError,
    UnknownName,
    UnknownQuantity,
)
from chainrule.parameters import SCHEMES

NET = Network([3, 4, 2], activation="tanh", cost="squared_error")
CLASSES = Network([3, 4], activation="softmax", cost="cross_entropy")
BINARY = Network([3, 1], activation="sigmoid", cost="cross_entropy")
ONE = Network([1, 2], activation="sigmoid", cost="squared_error")
PARAMS = {net: net.initialize(0) for net in (NET, CLASSES, BINARY, ONE)}
X = np.linspace(-1, 1, 15).reshape(3, 5)
Y = np.linspace(0, 1, 10).reshape(2, 5)


def changed(array, place, value):
    array = array.copy()
    array[place] = value
    return array


# Everything that takes x and y, so that no way in is less guarded than another.
WAYS = {
    "cost": lambda net, params, x, y: net.cost(params, x, y),
    "value_and_grad": lambda net, params, x, y: net.value_and_grad(params, x, y),
    "trace": lambda net, params, x, y: net.trace(params, x, y),
    "check": check,
    "train": lambda net, params, x, y: train(
        net, params, x, y, optimizer=GradientDescent(0.1), iterations=2
    ),
}

HUGE = np.iinfo(np.int64).max
LABELS = np.array([0, 1, 3, 2, 1])
ONE_HOT = np.eye(4)[:, LABELS]

INPUTS = {
    # shapes
    "x_swapped": (NET, X.T, Y, ShapeError, "x", "(5, 3)", "(3, m)", "swapped", "x.T"),
    "x_rows": (NET, X[:2], Y, ShapeError, "x", "(2, 5)", "(3, m)", "3 inputs", "per column"),
    "x_1d": (NET, X[:, 0], Y[:, :1], ShapeError, "x", "(3,)", "(3, m)", "x.reshape(3, 1)"),
    "x_1d_one_input": (ONE, X[0], Y, ShapeError, "x", "(5,)", "(1, m)", "x.reshape(1, 5)"),
    "x_1d_other": (NET, X[0], Y, ShapeError, "x", "(5,)", "(3, m)", "one example per column"),
    "x_3d": (NET, X[np.newaxis], Y, ShapeError, "x", "(1, 3, 5)", "(3, m)", "per column"),
    "x_number": (NET, 3.0, Y, ShapeError, "x", "()", "(3, m)", "one example per column"),
    "x_column": (ONE, X[:1].T, Y, ShapeError, "x", "(5, 1)", "(1, m)", "swapped", "x.T"),
    "y_swapped": (NET, X, Y.T, ShapeError, "y", "(5, 2)", "(2, 5)", "swapped", "y.T"),
    "y_rows": (NET, X, X, ShapeError, "y", "(3, 5)", "(2, 5)", "2 outputs", "per column"),
    "y_fewer": (NET, X, Y[:, :4], ShapeError, "y", "(2, 4)", "(2, 5)", "x has 5", "y has 4"),
    "y_1d": (BINARY, X, [0, 1, 1, 0, 1], ShapeError, "y", "(5,)", "(1, 5)", "y.reshape(1, 5)"),
    "labels": (CLASSES, X, LABELS, ShapeError, "y", "(5,)", "labels", "np.eye(4)[:, labels]"),
    "labels_as_many_as_classes": (
        CLASSES, X[:, :4], LABELS[:4], ShapeError, "y", "(4,)", "np.eye(4)[:, labels]",
    ),
    "labels_in_a_row": (
        CLASSES, X, LABELS[np.newaxis], ShapeError, "y", "(1, 5)", "np.eye(4)[:, labels]",
    ),
    "empty": (NET, X[:, :0], Y[:, :0], ShapeError, "x", "(3, 0)", "empty", "at least one example"),
    "empty_list": (NET, [], [], ShapeError, "x", "(0,)", "empty", "at least one example"),
    "y_empty": (NET, X, Y[:, :0], ShapeError, "y", "(2, 0)", "empty", "at least one example"),
    # entries that are not finite
    "x_nan": (NET, changed(X, (2, 3), np.nan), Y, InvalidValue, "x[2, 3] is nan", "remove"),
    "x_infinite": (NET, changed(X, 1, np.inf), Y, InvalidValue, "x[1, 0] is inf", "4 more"),
    "y_nan": (NET, X, changed(Y, (1, 4), np.nan), InvalidValue, "y[1, 4] is nan", "finite", "fill"),
    "y_infinite": (NET, X, changed(Y, (0, 2), -np.inf), InvalidValue, "y[0, 2] is -inf", "finite"),
    # kinds of entries
    "x_object": (NET, X.astype(object), Y, InvalidType, "x", "object", "real", "np.asarray(x"),
    "x_none": (NET, None, Y, InvalidType, "x", "object", "real numbers"),
    "y_none": (NET, X, None, InvalidType, "y", "object", "real numbers"),
    "x_text": (NET, X.astype(str), Y, InvalidType, "x", "<U", "real numbers", "x.astype(float)"),
    "y_text": (BINARY, X, [["a", "b"]], InvalidType, "y", "<U1", "real numbers"),
    "x_complex": (NET, X + 1j, Y, InvalidType, "x", "complex128", "real numbers", "x.real"),
    "x_dates": (NET, X.astype("datetime64[D]"), Y, InvalidType, "x", "datetime64", "real numbers"),
    "x_ragged": (NET, [[1, 2], [3], [4, 5]], Y, InvalidValue, "x", "unequal lengths", "one array"),
    "x_ragged_arrays": (NET, [X[0], X[1, :2], X[2]], Y, InvalidValue, "x", "unequal lengths"),
    "x_masked": (NET, np.ma.array(X, mask=X > 0.5), Y, ChainruleError, "x", "mask", "x.filled("),
    "x_beyond": (NET, np.full((3, 5), 2**53 + 1), Y, InvalidValue, "x", "2**53", "scale x"),
    "x_int64": (NET, np.full((3, 5), HUGE), Y, InvalidValue, "x", "2**53", "float64"),
    "x_uint64": (NET, np.full((3, 5), 2**64 - 1, "u8"), Y, InvalidValue, "x", "2**53"),
    "x_python_integers": (NET, [[2**70]] * 3, Y[:, :1], InvalidType, "x", "object", "np.asarray(x"),
    # targets outside the domain of the cost
    "minus_one": (
        BINARY, X, [[0, 1, -1, 1, 0]], InvalidValue, "y[0, 2] is -1", "between 0 and 1", "0 and 1",
    ),
    "two": (BINARY, X, [[0, 1, 2, 1, 0]], InvalidValue, "y[0, 2] is 2", "between 0 and 1", "code"),
    "sum": (
        CLASSES, X, changed(ONE_HOT, (0, 3), 0.5), InvalidValue,
        "column 3 of y sums to 1.5", "sum to 1", "y.sum(axis=0)",
    ),
    "all_zero": (
        CLASSES, X, changed(ONE_HOT, (slice(None), 1), 0), InvalidValue,
        "column 1 of y sums to 0", "distribution", "1 in row k",
    ),
    "negative": (
        CLASSES, X, changed(ONE_HOT, (slice(None), 2), [1.5, -0.5, 0, 0]), InvalidValue,
        "y[0, 2] is 1.5", "between 0 and 1", "1 in row k",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("row", INPUTS.values(), ids=INPUTS)
def test_bad_examples_are_refused_with_quantity_met_wanted_and_remedy(row, way):
    net, x, y, kind, *parts = row
    with pytest.raises(ChainruleError) as caught:
        way(net, PARAMS[net], x, y)
    assert isinstance(caught.value, kind)
    message = str(caught.value)
    for part in parts:
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize("name", [name for name in INPUTS if name.startswith("x_")])
def test_forward_guards_its_inputs_too(name):
    net, x, _, kind, *parts = INPUTS[name]
    with pytest.raises(ChainruleError) as caught:
        net.forward(PARAMS[net], x)
    assert isinstance(caught.value, kind)
    for part in parts:
        assert part in str(caught.value)


def test_float32_refuses_what_would_overflow_in_it():
    narrow = PARAMS[NET].astype(np.float32)
    with pytest.raises(InvalidValue, match=r"x\[0, 1\] is 1e\+300, .* float32"):
        NET.forward(narrow, changed(X, (0, 1), 1e300))


def with_nan():
    params = PARAMS[NET].copy()
    params.W2[1, 0] = np.nan
    return params


BAD_PARAMS = {
    "another_network": (PARAMS[ONE], ShapeError, "params", "1-2", "3-4-2", "another network"),
    "same_count": (Parameters([3, 2, 4]), ShapeError, "params", "3-2-4", "3-4-2"),
    "array": (np.zeros(26), InvalidType, "params", "ndarray", "Parameters", "net.initialize()"),
    "mapping": (dict(PARAMS[NET]), InvalidType, "params", "dict", "from_arrays"),
    "none": (None, InvalidType, "params", "NoneType", "net.initialize()"),
    "nan": (with_nan(), InvalidValue, "W2[1, 0] is nan", "finite"),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("row", BAD_PARAMS.values(), ids=BAD_PARAMS)
def test_bad_parameters_are_refused_with_a_remedy(row, way):
    params, kind, *parts = row
    with pytest.raises(ChainruleError) as caught:
        way(NET, params, X, Y)
    assert isinstance(caught.value, kind)
    for part in parts:
        assert part in str(caught.value)


def described(sizes=(3, 2), activation="sigmoid", cost="squared_error", **options):
    return {"sizes": sizes, "activation": activation, "cost": cost, **options}


CROSS = "cross_entropy"
DESCRIPTIONS = {
    "no_layer": (described([5]), InvalidValue, "sizes", "[5]", "inputs and outputs", "[5, 2]"),
    "nothing": (described([]), InvalidValue, "sizes", "[]", "inputs and outputs"),
    "zero_units": (described([5, 0, 2]), InvalidValue, "sizes[1]", "0", "at least one unit"),
    "no_inputs": (described([0, 2]), InvalidValue, "sizes[0]", "0", "at least one"),
    "negative": (described([5, -3]), InvalidValue, "sizes[1]", "-3", "at least one unit"),
    "fraction": (described([5, 2.5]), InvalidType, "sizes[1]", "2.5", "whole number"),
    "float": (described([5, 2.0]), InvalidType, "sizes[1]", "2.0", "whole number"),
    "true": (described([5, True]), InvalidValue, "sizes[1]", "True", "at least one unit"),
    "size_text": (described(["5", "2"]), InvalidType, "sizes[0]", "'5'", "whole number"),
    "sizes_text": (described("5-2"), InvalidType, "sizes", "'5-2'", "list", "[5, 3, 2, 2]"),
    "sizes_number": (described(5), InvalidType, "sizes", "5", "list", "[5, 3, 2, 2]"),
    "activation": (described(activation="sigmiod"), UnknownName, "'sigmiod'", "'sigmoid'"),
    "activation_case": (described(activation="ReLU"), UnknownName, "'ReLU'", "did you mean 'relu'"),
    "activation_far": (described(activation="zzz"), UnknownName, "'zzz'", "sigmoid, tanh, relu"),
    "activation_none": (described(activation=None), InvalidType, "activation", "None", "name"),
    "activation_row": (described(activation=[None]), InvalidType, "activation", "None", "sigmoid"),
    "activation_count": (
        described([3, 2, 2], activation=["tanh"]), InvalidValue, "activation", "1 name", "wanted 2",
        "per layer",
    ),
    "cost": (described(cost="squared_eror"), UnknownName, "'squared_eror'", "'squared_error'"),
    "cost_usual_word": (
        described(cost="mse"), UnknownName, "cost 'mse'", "did you mean 'squared_error'?",
        "summed over the outputs",
    ),
    "cost_none": (described(cost=None), InvalidType, "cost", "None", "squared_error"),
    "l2_negative": (described(l2=-1), InvalidValue, "l2", "-1", "0 or larger"),
    "l2_nan": (described(l2=np.nan), InvalidValue, "l2", "nan", "finite"),
    "l2_infinite": (described(l2=np.inf), InvalidValue, "l2", "inf", "finite"),
    "l2_text": (described(l2="strong"), InvalidType, "l2", "'strong'", "number"),
    "l2_none": (described(l2=None), InvalidType, "l2", "None", "number"),
    "softmax_of_one": (described([3, 1], "softmax"), PairRefused, "layer 1", "use sigmoid"),
    "softmax_of_one_hidden": (
        described([3, 1, 2], ["softmax", "tanh"]), PairRefused, "layer 1", "sigmoid", "two units",
    ),
    "relu_before_cross_entropy": (
        described([3, 4, 2], ["relu", "relu"], CROSS), PairRefused, CROSS, "relu", "probability",
        "sigmoid, softmax",
    ),
    "dropout_of_no_layer": (
        described([3, 2], ["sigmoid"], dropout=0.5), InvalidValue, "no hidden layer",
    ),
    "dropout_of_everything": (
        described([3, 3, 2], "sigmoid", dropout=1), InvalidValue, "below 1",
    ),
    "number_of_a_family": (
        described([3, 2], ["sigmoid"], "cross_entropy(2)"), InvalidValue, "takes no number",
        "huber(delta)",
    ),
    "number_out_of_bounds": (
        described([3, 2], ["leaky_relu(-1)"], "huber"), InvalidValue, "slope", "larger than 0",
    ),
    "number_of_another_name": (
        described([3, 2], ["elu(slope=1)"], "huber"), UnknownName, "slope", "alpha",
    ),
    "number_for_none": (described([3, 2], ["relu(2)"], "huber"), InvalidValue, "write 'relu'"),
    "quantile_of_1": (
        described([3, 2], ["tanh"], "quantile(1)"), InvalidValue, "between 0 and 1",
    ),
    "poisson_after_tanh": (
        described([3, 2], ["tanh"], "poisson"), PairRefused, "positive", "exp",
    ),
    "tanh_before_binary": (
        described([3, 2], ["tanh"], "binary_cross_entropy"), PairRefused, "cross_entropy",
        "tanh", "sigmoid",
    ),
    "sigmoid_before_categorical": (
        described([3, 2], ["sigmoid"], "categorical_cross_entropy"), PairRefused, "sigmoid",
        "distribution", "softmax",
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", DESCRIPTIONS.values(), ids=DESCRIPTIONS)
def test_impossible_networks_are_refused_with_a_remedy(row):
    description, kind, *parts = row
    with pytest.raises(ChainruleError) as caught:
        Network(**description)
    assert isinstance(caught.value, kind)
    for part in parts:
        assert part in str(caught.value)


# What people type who come from elsewhere, and the row that they mean.
FROM_ELSEWHERE = {
    "cost": {
        "MSE": "squared_error", "MSELoss": "squared_error", "mean_squared_error": "squared_error",
        "mae": "absolute_error", "L1Loss": "absolute_error",
        "log_loss": "cross_entropy", "NLLLoss": "cross_entropy",
        "CrossEntropyLoss": "cross_entropy", "bce": "binary_cross_entropy",
        "BCEWithLogitsLoss": "binary_cross_entropy", "binary_crossentropy": "binary_cross_entropy",
        "categorical_crossentropy": "categorical_cross_entropy",
        "sparse_categorical_crossentropy": "categorical_cross_entropy",
        "SmoothL1Loss": "huber", "HuberLoss": "huber", "pinball": "quantile",
        "logcosh": "log_cosh", "PoissonNLLLoss": "poisson",
    },
    "activation": {
        "logistic": "sigmoid", "Linear": "identity", "swish": "silu", "ReLU": "relu",
        "LeakyReLU": "leaky_relu", "exponential": "exp", "sine": "sin",
    },
    "scheme": {"glorot_normal": "xavier", "kaiming": "he", "gaussian": "normal"},
}  # fmt: skip
WORDS = [(kind, *pair) for kind, words in FROM_ELSEWHERE.items() for pair in words.items()]


@pytest.mark.parametrize(("kind", "word", "row"), WORDS, ids=[word for _, word, _ in WORDS])
def test_words_of_other_libraries_are_refused_with_ours(kind, word, row):
    call = NET.initialize if kind == "scheme" else lambda **said: Network(**described(**said))
    with pytest.raises(UnknownName) as caught:
        call(**{kind: word})
    assert f"unknown {kind} {word!r}; did you mean {row!r}? Known: " in str(caught.value)


# What such a word means there and its row does not mean here; and words with which all is well.
DIFFERS = {
    "BCEWithLogitsLoss": ("cost", "probabilities, not logits", "sigmoid"),
    "sigmoid_cross_entropy": ("cost", "probabilities, not logits", "sigmoid"),
    "softmax_cross_entropy": ("cost", "probabilities, not logits", "softmax"),
    "CrossEntropyLoss": ("cost", "probabilities, not logits", "softmax", "not a label"),
    "NLLLoss": ("cost", "probabilities, not their logarithms", "not a label"),
    "SparseCategoricalCrossentropy": ("cost", "not a label"),
    "PoissonNLLLoss": ("cost", "means, not their logarithms"),
    "glorot_uniform": ("scheme", "normal, not uniform"),
    "kaiming_uniform_": ("scheme", "normal, not uniform"),
}
THE_SAME = {"BCELoss": "cost", "cce": "cost", "glorot": "scheme", "kaiming_normal_": "scheme"}


@pytest.mark.parametrize("word", [*DIFFERS, *THE_SAME])
def test_what_a_word_of_another_library_means_there_alone_is_said(word):
    kind, *parts = DIFFERS.get(word, (THE_SAME.get(word),))
    call = NET.initialize if kind == "scheme" else lambda **said: Network(**described(**said))
    with pytest.raises(UnknownName) as caught:
        call(**{kind: word})
    _, _, said = str(caught.value).partition("Known: ")
    for part in parts:
        assert part in said
    assert parts or ", not " not in said
    assert (kind == "cost") == ("averaged over the examples" in said)


def test_every_note_belongs_to_an_alias():
    assert all(aliases.meant(kind, word) for kind, word in aliases.NOTES)
    assert not aliases.note("cost", "hinge")


def test_every_alias_leads_to_a_row_and_is_none():
    families = {row.family for row in COSTS.values()}
    rows = {
        "activation": {*ACTIVATIONS},
        "cost": {*COSTS, *families},
        "scheme": {*SCHEMES},
        "instruction set": {*kernel.NAMES},
    }
    for kind, names in aliases.ALIASES.items():
        words = [word for each in names.values() for word in each.split()]
        assert set(names) <= rows[kind]
        assert len(set(words)) == len(words)
        assert not set(words) & rows[kind]


UNKNOWN = {
    "equation": (lambda: NET.derive()["J_w1"], "'J_w1'", "did you mean 'J_W1'"),
    "layer": (lambda: NET.derive()["delta3"], "'delta3'", "did you mean 'delta"),
    "trace": (lambda: NET.trace(PARAMS[NET], X, Y)["detla2"], "'detla2'", "mean 'delta2'"),
    "trace_attribute": (lambda: NET.trace(PARAMS[NET], X, Y).z9, "'z9'", "did you mean 'z"),
    "report": (lambda: check(NET, PARAMS[NET], X, Y)["J_W1"], "'J_W1'", "did you mean 'W1'"),
    "gradients": (lambda: check(NET, PARAMS[NET], X, Y, {"J_W1": Y}), "'J_W1'", "mean 'W1'"),
}


@pytest.mark.parametrize(("call", "met", "nearest"), UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_quantities_come_with_the_nearest_known_one(call, met, nearest):
    with pytest.raises(UnknownQuantity) as caught:
        call()
    assert met in str(caught.value)
    assert nearest in str(caught.value)
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, AttributeError)


# what is taken ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", [bool, np.int8, np.uint16, np.int64, np.uint64, np.float16, "f4", ">f8", "g"]
)
def test_real_numbers_of_every_kind_are_taken_and_converted_exactly(dtype):
    x, y = (X > 0).astype(dtype), (Y > 0.3).astype(dtype)
    found = NET.trace(PARAMS[NET], x, y)
    assert found.a0.dtype == found.y.dtype == np.float64
    np.testing.assert_array_equal(found.a0, (X > 0) * 1.0)
    assert NET.cost(PARAMS[NET], x, y) == NET.cost(PARAMS[NET], (X > 0) * 1.0, (Y > 0.3) * 1.0)
    assert NET.cost(PARAMS[NET], x.tolist(), y.tolist()) == NET.cost(PARAMS[NET], x, y)


@pytest.mark.parametrize("integer", [2**53, -(2**53), 2**62, -(2**63)])
def test_integers_that_a_float64_holds_exactly_are_taken(integer):
    x = np.full((3, 5), integer)
    assert NET.trace(PARAMS[NET], x, Y).a0[0, 0] == integer


def test_what_is_given_is_not_changed():
    x, y, params = X.copy(), Y.copy(), PARAMS[NET].copy()
    for way in WAYS.values():
        way(NET, params, x, y)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    assert params == PARAMS[NET]


# the tree of errors -------------------------------------------------------------------------

ERRORS = {
    "shape": (ShapeError("x", (4, 3), "(3, m)", "pass x.T"), ValueError),
    "value": (InvalidValue("l2 is -1"), ValueError),
    "type": (InvalidType("x holds objects"), TypeError),
    "name": (UnknownName("cost", "foo", ["bar", "fob"], "Choose."), ValueError),
    "quantity": (UnknownQuantity("parameter", "W4", ["W1", "b1"]), KeyError),
    "pair": (PairRefused("no"), ValueError),
    "engine": (EngineUnavailable("no"), RuntimeError),
    "cost": (
        NonFiniteCost("stop", iteration=3, params=PARAMS[ONE], history=None), ArithmeticError,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("error", "builtin"), ERRORS.values(), ids=ERRORS)
def test_errors_survive_pickling_and_are_what_callers_expect(error, builtin):
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert twin.__dict__ == error.__dict__
    assert isinstance(error, ChainruleError)
    assert isinstance(error, builtin)
