"""Law: starting parameters are the draws a scheme promises, in the order W1, W2, …, b1, b2, …"""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import ChainruleError, Network
from chainrule.errors import InvalidType, InvalidValue, UnknownName

WIDE = Network([200, 300, 100], activation="tanh", cost="squared_error")
SMALL = Network([5, 3, 2, 2], activation="sigmoid", cost="squared_error")


def notebook(random, n0=5, n1=3, n2=2, n3=2):
    """`reset_network`, as the notebook has it."""
    W1 = random.randn(n1, n0) / 2
    W2 = random.randn(n2, n1) / 2
    W3 = random.randn(n3, n2) / 2
    b1 = random.randn(n1, 1) / 2
    b2 = random.randn(n2, 1) / 2
    b3 = random.randn(n3, 1) / 2
    return {"W1": W1, "W2": W2, "W3": W3, "b1": b1, "b2": b2, "b3": b3}


@pytest.mark.parametrize("options", [{"scale": 0.5}, {}], ids=["scale", "usual_scale"])
def test_normal_draws_are_the_notebooks(options):
    params = SMALL.initialize(np.random.RandomState(123), scheme="normal", **options)
    by_hand = notebook(np.random.RandomState(123))
    assert tuple(params) == tuple(by_hand)
    for name, value in by_hand.items():
        np.testing.assert_array_equal(params[name], value, strict=True)
    # printed by `np.random.seed(123); np.random.randn(3, 5) / 2`
    np.testing.assert_allclose(params.W1[0, :2], [-0.54281530, 0.49867272], rtol=0, atol=5e-9)


def test_the_module_numpy_random_is_taken_as_old_notebooks_hand_it_around():
    state = np.random.get_state()
    try:
        np.random.seed(123)
        params = SMALL.initialize(np.random, scheme="normal", scale=0.5)
    finally:
        np.random.set_state(state)
    np.testing.assert_array_equal(params.W1, notebook(np.random.RandomState(123))["W1"])


STANDARD_DEVIATIONS = {  # of W1 and W2 of WIDE, from the papers
    "xavier": ((2 / 500) ** 0.5, (2 / 400) ** 0.5),
    "he": ((2 / 200) ** 0.5, (2 / 300) ** 0.5),
    "normal": (0.5, 0.5),
}


@pytest.mark.parametrize("scheme", STANDARD_DEVIATIONS)
@pytest.mark.parametrize("kind", [np.random.default_rng, np.random.RandomState])
def test_weights_have_the_standard_deviation_of_their_scheme(scheme, kind):
    params = WIDE.initialize(kind(11), scheme=scheme)
    for weights, wanted in zip((params.W1, params.W2), STANDARD_DEVIATIONS[scheme], strict=True):
        # The standard error of a standard deviation is σ/√(2n); met here: 1.4 of them at most.
        assert abs(weights.std() / wanted - 1) < 4 / np.sqrt(2 * weights.size)
        assert abs(weights.mean()) < 4 * wanted / np.sqrt(weights.size)
        assert 2.5 < np.mean((weights / weights.std()) ** 4) < 3.5  # normal, not uniform (1.8)


@pytest.mark.parametrize("scheme", ["xavier", "he"])
def test_the_other_schemes_leave_biases_at_zero(scheme):
    params = WIDE.initialize(11, scheme=scheme)
    assert not params.b1.any()
    assert not params.b2.any()


def test_xavier_is_what_happens_where_nothing_is_said():
    assert WIDE.initialize(4) == WIDE.initialize(4, scheme="xavier")
    assert WIDE.initialize(4) != WIDE.initialize(4, scheme="he")


@pytest.mark.parametrize("scheme", ["xavier", "he"])
def test_weights_are_drawn_in_order(scheme):
    params = SMALL.initialize(np.random.RandomState(9), scheme=scheme)
    draws = np.random.RandomState(9)
    for name in ("W1", "W2", "W3"):
        drawn = draws.randn(*params[name].shape)
        ratio = params[name] / drawn
        np.testing.assert_allclose(ratio, np.full_like(ratio, ratio[0, 0]), rtol=1e-14)


@pytest.mark.parametrize("scheme", STANDARD_DEVIATIONS)
def test_scale_multiplies(scheme):
    one = SMALL.initialize(5, scheme=scheme, scale=1)
    eighth = SMALL.initialize(5, scheme=scheme, scale=0.125)
    np.testing.assert_array_equal(eighth.flat, one.flat / 8)
    assert not SMALL.initialize(5, scheme=scheme, scale=0).flat.any()


def test_a_seed_gives_the_same_numbers_every_time():
    assert SMALL.initialize(8) == SMALL.initialize(8)
    assert SMALL.initialize(np.int64(8)) == SMALL.initialize(np.random.default_rng(8))
    assert SMALL.initialize(8) != SMALL.initialize(9)


def test_no_seed_gives_fresh_numbers():
    assert SMALL.initialize() != SMALL.initialize()


@pytest.mark.parametrize("kind", [np.random.default_rng, np.random.RandomState])
def test_a_generator_is_moved_on_by_what_was_drawn(kind):
    rng, twin = kind(3), kind(3)
    first, second = SMALL.initialize(rng, scheme="normal"), SMALL.initialize(rng, scheme="normal")
    assert first != second
    twin.standard_normal(2 * first.flat.size)
    assert rng.standard_normal() == twin.standard_normal()


@pytest.mark.parametrize("scheme", STANDARD_DEVIATIONS)
def test_float32_is_the_rounded_float64_draw(scheme):
    wide = SMALL.initialize(2, scheme=scheme)
    narrow = SMALL.initialize(2, scheme=scheme, dtype=np.float32)
    assert narrow.dtype == np.float32
    np.testing.assert_array_equal(narrow.flat, wide.flat.astype(np.float32))
    assert (narrow.flat != wide.flat).any()


REFUSED = {
    "scheme": ({"scheme": "xavir"}, UnknownName, "'xavir'", "'xavier'", "normal, xavier, he"),
    "scheme_kind": ({"scheme": ["he"]}, ChainruleError, "scheme", "he"),
    "scale_negative": ({"scale": -0.5}, InvalidValue, "scale", "-0.5", "0 or larger"),
    "scale_nan": ({"scale": np.nan}, InvalidValue, "scale", "nan", "finite"),
    "scale_infinite": ({"scale": np.inf}, InvalidValue, "scale", "inf", "finite"),
    "scale_text": ({"scale": "half"}, InvalidType, "scale", "'half'", "number"),
    "scale_complex": ({"scale": 1 + 0j}, InvalidType, "scale", "(1+0j)", "number"),
    "scale_array": ({"scale": [0.5, 1]}, InvalidType, "scale", "[0.5, 1]", "number"),
    "scale_float32": ({"scale": 1e300, "dtype": "float32"}, InvalidValue, "scale", "too large for"),
    "dtype": ({"dtype": np.float16}, InvalidType, "float16", "float32 or float64"),
    "dtype_integer": ({"dtype": int}, InvalidType, "int64", "float32 or float64"),
    "rng_text": ({"rng": "123"}, InvalidType, "rng", "'123'", "seed", "Generator", "RandomState"),
    "rng_fraction": ({"rng": 1.5}, InvalidType, "rng", "1.5", "whole number"),
    "rng_negative": ({"rng": -1}, InvalidValue, "rng", "-1", "0 or larger"),
}


@pytest.mark.parametrize(
    ("options", "kind", "parts"), [(o, k, p) for o, k, *p in REFUSED.values()], ids=REFUSED
)
def test_what_cannot_be_drawn_is_refused_with_a_remedy(options, kind, parts):
    with pytest.raises(ChainruleError) as caught:
        SMALL.initialize(**options)
    assert isinstance(caught.value, kind)
    for part in parts:
        assert part in str(caught.value)


def test_nothing_is_drawn_from_a_generator_by_a_refused_call():
    rng = np.random.default_rng(0)
    for options, *_ in REFUSED.values():
        if "rng" not in options and options != REFUSED["scale_float32"][0]:
            with pytest.raises(ChainruleError):
                SMALL.initialize(rng, **options)
    assert rng.integers(1 << 40) == np.random.default_rng(0).integers(1 << 40)
