"""Law: parameters are one flat buffer, W1, W2, …, b1, b2, …, of which every name is a view."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from chainrule import ChainruleError, Network, Parameters
from chainrule.errors import InvalidType, InvalidValue, ShapeError, UnknownQuantity

SIZES = (3, 4, 2)
ENTRIES = 4 * 3 + 2 * 4 + 4 + 2
ORDER = ("W1", "W2", "b1", "b2")
DTYPES = (np.float32, np.float64)


def arrays(dtype=np.float64):
    """Different numbers everywhere, none of them 0."""
    rng = np.random.default_rng(7)
    shapes = {"W1": (4, 3), "W2": (2, 4), "b1": (4, 1), "b2": (2, 1)}
    return {name: rng.uniform(1, 2, shape).astype(dtype) for name, shape in shapes.items()}


@pytest.fixture(params=DTYPES, ids=["float32", "float64"])
def params(request):
    return Parameters.from_arrays(arrays(request.param))


def test_the_buffer_holds_all_weights_then_all_biases_row_by_row(params):
    given = arrays(params.dtype)
    by_hand = np.concatenate([given[name].ravel() for name in ORDER])
    np.testing.assert_array_equal(params.flat, by_hand)
    assert params.flat.dtype == by_hand.dtype


def test_names_stand_in_the_order_of_the_buffer(params):
    assert params.names == tuple(params) == ORDER
    assert len(params) == 4
    assert params.sizes == SIZES
    assert set(ORDER) <= set(dir(params))


def test_a_deep_network_keeps_layer_numbers_in_counting_order():
    deep = Parameters([1] * 12)
    assert deep.names == (*(f"W{n}" for n in range(1, 12)), *(f"b{n}" for n in range(1, 12)))


@pytest.mark.parametrize("name", ORDER)
def test_a_write_through_a_view_is_seen_in_flat_and_the_other_way_round(params, name):
    view = params[name]
    assert getattr(params, name) is view
    place = (view.shape[0] - 1, view.shape[1] - 1)
    view[place] = 99
    assert np.count_nonzero(params.flat == 99) == 1
    params.flat[:] = -5
    np.testing.assert_array_equal(view, np.full(view.shape, -5))


def test_flat_entries_reach_the_names_in_order(params):
    params.flat[:] = np.arange(ENTRIES)
    np.testing.assert_array_equal(params.W1, np.arange(0, 12).reshape(4, 3))
    np.testing.assert_array_equal(params.W2, np.arange(12, 20).reshape(2, 4))
    np.testing.assert_array_equal(params.b1, np.arange(20, 24).reshape(4, 1))
    np.testing.assert_array_equal(params.b2, np.arange(24, 26).reshape(2, 1))


def test_assignment_copies_into_the_buffer_and_keeps_earlier_views(params):
    view, flat, source = params.W2, params.flat, np.full((2, 4), 3.5)
    params.W2 = source
    source[:] = 0
    assert params.W2 is view
    assert params.flat is flat
    np.testing.assert_array_equal(params.flat[12:20], np.full(8, 3.5))


def test_assignment_takes_lists_integers_and_booleans_exactly(params):
    params.b2 = [[1], [True]]
    params.b1 = np.array([[1], [2], [3], [4]], dtype=np.uint8)
    np.testing.assert_array_equal(params.flat[-6:], [1, 2, 3, 4, 1, 1])


def test_a_step_in_place_is_a_step_of_the_buffer(params):
    before, views = params.flat.copy(), [params[name] for name in ORDER]
    params.W1 -= 1
    params.flat *= 2
    expected = before.copy()
    expected[:12] -= 1
    np.testing.assert_array_equal(params.flat, expected * 2)
    assert all(params[name] is view for name, view in zip(ORDER, views, strict=True))


def test_flat_can_be_assigned_whole_or_from_one_number(params):
    flat = params.flat
    params.flat = np.arange(ENTRIES)
    assert params.flat is flat
    assert params.b2[1, 0] == ENTRIES - 1
    params.flat = 0
    assert not params.W1.any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_from_flat_shares_memory_with_the_buffer(dtype):
    buffer = np.zeros(ENTRIES, dtype=dtype)
    params = Parameters.from_flat(SIZES, buffer)
    assert params.flat is buffer
    assert params.dtype == dtype
    buffer[0] = 4
    params.b2[1, 0] = 5
    assert (params.W1[0, 0], buffer[-1]) == (4, 5)


def test_from_arrays_copies_and_finds_the_sizes():
    given = arrays()
    params = Parameters.from_arrays(given)
    given["W1"][:] = 0
    assert params.sizes == SIZES
    assert params.W1.all()
    assert Parameters.from_arrays(**arrays()) == params


def test_from_arrays_is_float32_only_if_all_are_or_if_asked():
    assert Parameters.from_arrays(arrays(np.float32)).dtype == np.float32
    mixed = arrays(np.float32) | {"b2": np.ones((2, 1))}
    assert Parameters.from_arrays(mixed).dtype == np.float64
    assert Parameters.from_arrays(mixed, dtype=np.float32).dtype == np.float32
    assert Parameters.from_arrays(W1=[[1, 2]], b1=[[3]]).dtype == np.float64


def test_a_copy_is_independent(params):
    twin = params.copy()
    assert twin == params
    twin.flat[:] = 0
    assert params.flat.all()
    assert not np.shares_memory(twin.flat, params.flat)


def test_astype_rounds_to_the_nearest_and_copies():
    params = Parameters.from_arrays(arrays())
    narrow = params.astype(np.float32)
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow.flat, params.flat, rtol=2.0**-24)
    assert not np.shares_memory(params.astype(np.float64).flat, params.flat)


def test_equality_means_same_sizes_dtype_and_values(params):
    assert params == params.copy()
    other = params.copy()
    other.b2[1, 0] += 1
    assert params != other
    assert params != params.astype(np.float32 if params.dtype == np.float64 else np.float64)
    assert Parameters([2, 3]) != Parameters([8, 1])  # as many entries
    assert params != "W1"


def test_parameters_are_mutable_and_so_have_no_hash(params):
    with pytest.raises(TypeError, match="unhashable"):
        hash(params)


def test_repr_says_sizes_dtype_and_shapes():
    assert repr(Parameters(SIZES, dtype="float32")) == (
        "Parameters(3-4-2, float32: W1 4 × 3, W2 2 × 4, b1 4 × 1, b2 2 × 1)"
    )


def by_protocol(protocol):
    return lambda params: pickle.loads(pickle.dumps(params, protocol=protocol))


def with_buffers_out_of_band(params):
    """As joblib and dask hand large arrays to other processes: read-only, and not copied."""
    buffers = []
    data = pickle.dumps(params, protocol=5, buffer_callback=buffers.append)
    return pickle.loads(data, buffers=[bytes(buffer.raw()) for buffer in buffers])


TRAVELS = {
    **{f"protocol{n}": by_protocol(n) for n in range(2, pickle.HIGHEST_PROTOCOL + 1)},
    "out_of_band": with_buffers_out_of_band,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("travel", TRAVELS.values(), ids=TRAVELS)
def test_values_dtype_and_views_survive_pickling(params, travel):
    twin = travel(params)
    assert twin == params
    assert twin.dtype == params.dtype
    twin.b1[3, 0] = 77
    assert np.count_nonzero(twin.flat == 77) == 1
    twin.flat[0] = 78
    assert twin.W1[0, 0] == 78
    assert not np.shares_memory(twin.flat, params.flat)


def test_zeros_where_no_values_are_given():
    for dtype in DTYPES:
        params = Parameters(SIZES, dtype=dtype)
        np.testing.assert_array_equal(params.flat, np.zeros(ENTRIES, dtype=dtype), strict=True)


SWAPPED = arrays() | {"W1": arrays()["W1"].T}


def wrong(**changes):
    """`from_arrays` with some arrays replaced, or left out where the replacement is None."""
    given = {name: value for name, value in (arrays() | changes).items() if value is not None}
    return lambda: Parameters.from_arrays(given)


def assign(name, value):
    return lambda: setattr(Parameters(SIZES), name, value)


def flat(buffer):
    return lambda: Parameters.from_flat(SIZES, buffer)


NAN = np.array([[1.0], [np.nan]])
REFUSED = {
    # wrong shapes
    "assign_shape": (assign("W1", np.zeros((4, 2))), ShapeError, "W1", "(4, 2)", "(4, 3)", "sizes"),
    "assign_swapped": (assign("W1", SWAPPED["W1"]), ShapeError, "(3, 4)", "swapped", "W1.T"),
    "assign_1d": (assign("b1", [1, 2, 3, 4]), ShapeError, "b1", "(4,)", "(4, 1)", "reshape(4, 1)"),
    "assign_number": (assign("b1", 1.0), ShapeError, "b1", "()", "(4, 1)"),
    "assign_flat": (assign("flat", np.zeros(3)), ShapeError, "flat", "(3,)", "(26,)", "per entry"),
    "flat_short": (flat(np.zeros(25)), ShapeError, "flat", "(25,)", "(26,)", "per weight and bias"),
    "flat_matrix": (flat(np.zeros((26, 1))), ShapeError, "flat", "(26, 1)", "(26,)"),
    "arrays_swapped": (wrong(W2=np.zeros((4, 2))), ShapeError, "W2", "(4, 2)", "swapped", "W2.T"),
    "arrays_all_swapped": (
        wrong(W1=np.zeros((3, 4)), W2=np.zeros((4, 2))),  # inputs × units, as Keras has them
        ShapeError,
        "W1",
        "(3, 4)",
        "swapped",
        "W1.T",
    ),
    "arrays_bias": (wrong(b2=np.zeros(2)), ShapeError, "b2", "(2,)", "(2, 1)", "reshape(2, 1)"),
    "arrays_weights_1d": (wrong(W2=np.zeros(4)), ShapeError, "W2", "(4,)", "matrix", "per unit"),
    # unknown and missing names
    "read_unknown": (lambda: Parameters(SIZES).W3, UnknownQuantity, "'W3'", "did you mean 'W"),
    "item_unknown": (lambda: Parameters(SIZES)["B1"], UnknownQuantity, "'B1'", "mean 'b1'"),
    "item_lower": (lambda: Parameters(SIZES)["w2"], UnknownQuantity, "'w2'", "mean 'W2'"),
    "assign_unknown": (assign("b11", 0), UnknownQuantity, "'b11'", "mean 'b1'", "W1, W2, b1, b2"),
    "assign_private": (assign("_flat", 0), UnknownQuantity, "'_flat'"),
    "arrays_unknown": (wrong(c1=[[1]]), UnknownQuantity, "'c1'", "Weights are W1", "biases b1"),
    "arrays_hole": (wrong(b1=None), InvalidValue, "b1 is missing", "weights and biases"),
    "arrays_none": (Parameters.from_arrays, InvalidValue, "W1 is missing"),
    # kinds of numbers
    "arrays_object": (wrong(W1=np.full((4, 3), None)), InvalidType, "W1", "object", "np.asarray"),
    "arrays_text": (wrong(b2=[["1"], ["2"]]), InvalidType, "b2", "<U1", "real numbers"),
    "arrays_complex": (wrong(b2=[[1j], [2]]), InvalidType, "b2", "complex128", "real numbers"),
    "arrays_ragged": (wrong(b2=[[1], [2, 3]]), InvalidValue, "b2", "unequal lengths"),
    "arrays_nan": (wrong(b2=NAN), InvalidValue, "b2[1, 0] is nan", "finite"),
    "arrays_infinite": (
        wrong(b2=np.full((2, 1), -np.inf)),
        InvalidValue,
        "b2[0, 0] is -inf",
        "1 more",
    ),
    "assign_complex": (assign("b2", [[1j], [2]]), InvalidType, "b2", "complex128"),
    "assign_object": (assign("b2", [[None], [2]]), InvalidType, "b2", "object"),
    "flat_integers": (flat(np.zeros(26, dtype=int)), InvalidType, "int64", "dtype=float"),
    "flat_complex": (flat(np.zeros(26, dtype=complex)), InvalidType, "complex128"),
    "flat_object": (flat(np.zeros(26, dtype=object)), InvalidType, "object"),
    "flat_half": (flat(np.zeros(26, dtype=np.float16)), InvalidType, "float16", "float32"),
    "flat_list": (flat([0.0] * 26), InvalidType, "list", "np.asarray"),
    "flat_strided": (flat(np.zeros(52)[::2]), InvalidType, "strided", "flat.copy()"),
    "flat_read_only": (flat(np.frombuffer(bytes(208))), InvalidType, "read-only", "flat.copy()"),
    "flat_big_endian": (flat(np.zeros(26, dtype=">f8")), InvalidType, "byte order"),
    "dtype": (lambda: Parameters(SIZES, dtype=int), InvalidType, "int64", "float32 or float64"),
    "dtype_text": (lambda: Parameters(SIZES, dtype="flaot32"), InvalidType, "flaot32", "float32"),
    "astype": (lambda: Parameters(SIZES).astype(np.float16), InvalidType, "float16", "float64"),
    # sizes
    "no_layer": (lambda: Parameters([3]), InvalidValue, "sizes", "[3]", "layer"),
    "zero_units": (
        lambda: Parameters([3, 0, 1]),
        InvalidValue,
        "sizes[1]",
        "0",
        "at least one unit",
    ),
    "fraction": (lambda: Parameters([3, 1.5]), InvalidType, "sizes[1]", "1.5", "whole number"),
    "zero_rows": (
        wrong(W1=np.zeros((0, 3)), b1=np.zeros((0, 1)), W2=np.zeros((2, 0))),
        InvalidValue,
    ),
}


@pytest.mark.parametrize(
    ("call", "kind", "parts"), [(c, k, p) for c, k, *p in REFUSED.values()], ids=REFUSED
)
def test_what_is_no_parameter_is_refused_with_a_remedy(call, kind, parts):
    with pytest.raises(ChainruleError) as caught:
        call()
    assert isinstance(caught.value, kind)
    for part in parts:
        assert part in str(caught.value)


def test_a_refused_assignment_changes_nothing(params):
    before = params.copy()
    for name, value in {"W1": np.zeros((4, 2)), "b1": [1j], "flat": np.zeros(3)}.items():
        with pytest.raises(ChainruleError):
            setattr(params, name, value)
    assert params == before


def test_a_number_too_large_for_float32_is_refused_not_made_infinite():
    with pytest.raises(InvalidValue, match=r"b1\[0, 0\]"):
        Parameters.from_arrays(W1=[[1.0]], b1=[[1e300]], dtype=np.float32)


def test_unknown_names_are_missing_attributes_and_keys():
    params = Parameters(SIZES)
    assert not hasattr(params, "W9")
    assert params.get("W9") is None
    assert "W9" not in params


@pytest.mark.parametrize("dtype", DTYPES)
def test_jacobians_come_in_the_form_of_parameters(dtype):
    net = Network(SIZES, activation="tanh", cost="squared_error")
    params = net.initialize(3, dtype=dtype)
    _, jacobians = net.value_and_grad(params, np.ones((3, 2)), np.zeros((2, 2)))
    assert isinstance(jacobians, Parameters)
    assert jacobians.dtype == dtype
    assert {name: value.shape for name, value in jacobians.items()} == {
        name: value.shape for name, value in params.items()
    }
    assert not np.shares_memory(jacobians.flat, params.flat)
