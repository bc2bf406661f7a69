"""Law: the heart and the ramp are the course's, and have exactly n points for every n."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from chainrule import ChainruleError, data
from chainrule.errors import InvalidType, InvalidValue


def at(fraction, n=100):
    x, y = data.heart(n)
    (place,) = np.flatnonzero(x[0] == fraction)
    return y[:, place]


@pytest.mark.parametrize(
    ("fraction", "point"),
    [(0, (0.5, 0.625)), (0.25, (0.9, 0.6)), (0.5, (0.5, 0.075)), (0.75, (0.1, 0.6))],
)
@pytest.mark.parametrize("n", [4, 100])
def test_the_heart_passes_through_its_known_points(fraction, point, n):
    np.testing.assert_allclose(at(fraction, n), point, rtol=0, atol=1e-15)


def test_every_n_gives_n_points_at_i_over_n():
    for n in range(1, 301):
        x, y = data.heart(n)
        assert x.shape == (1, n)
        assert y.shape == (2, n)
        assert x.dtype == y.dtype == np.float64
        assert x[0].tolist() == [float(Fraction(i, n)) for i in range(n)]


def test_the_courses_own_count_of_points_is_wrong_where_ours_is_right():
    wrong = [n for n in range(1, 301) if len(np.arange(0, 1, 1 / n)) != n]
    assert wrong[:4] == [49, 98, 103, 107]
    assert all(data.heart(n)[0].shape == (1, n) for n in wrong)


def test_the_heart_is_a_closed_line_symmetric_about_its_middle_inside_the_unit_square():
    _, y = data.heart(360)
    np.testing.assert_allclose(y[0, 1:] + y[0, :0:-1], np.ones(359), atol=1e-14)
    np.testing.assert_allclose(y[1, 1:], y[1, :0:-1], atol=1e-14)
    assert 0 < y.min() < y.max() < 1
    steps = np.hypot(*(np.roll(y, -1, axis=1) - y))
    assert steps.max() < 0.02  # closed and continuous: met 0.0142


@pytest.mark.parametrize("i", range(0, 30, 7))
def test_the_heart_is_the_curve_of_its_formula(i):
    """Multiple angles written out by Chebyshev's polynomials, unlike the formula in the code."""
    sine, cosine = math.sin(2 * math.pi * i / 30), math.cos(2 * math.pi * i / 30)
    second, third = 2 * cosine**2 - 1, 4 * cosine**3 - 3 * cosine
    fourth = 2 * second**2 - 1
    right = 0.5 + 0.4 * sine**3
    up = 0.5 + (13 * cosine - 5 * second - 2 * third - fourth) / 40
    np.testing.assert_allclose(data.heart(30)[1][:, i], (right, up), rtol=0, atol=1e-14)


def test_the_ramp_is_the_notebooks_single_example():
    x, y = data.ramp()
    np.testing.assert_allclose(x, np.arange(0, 1, 1 / 5).reshape(5, 1), rtol=0, atol=2e-16)
    np.testing.assert_array_equal(y, [[0], [1]])
    assert x.dtype == y.dtype == np.float64


def test_the_ramp_has_as_many_inputs_as_asked_for():
    for n in range(1, 301):
        x, y = data.ramp(n)
        assert x[:, 0].tolist() == [float(Fraction(i, n)) for i in range(n)]
        assert y.shape == (2, 1)


def test_numpy_integers_count_too():
    assert data.heart(np.int32(7))[0].shape == (1, 7)


@pytest.mark.parametrize("curve", [data.heart, data.ramp])
@pytest.mark.parametrize(
    ("n", "kind", "parts"),
    [
        (0, InvalidValue, ("n is 0", "1 or larger")),
        (-3, InvalidValue, ("n is -3", "1 or larger")),
        (10.0, InvalidType, ("n is 10.0", "whole number")),
        ("10", InvalidType, ("n is '10'", "whole number")),
        (None, InvalidType, ("n is None", "whole number")),
    ],
)
def test_no_other_number_of_points_is_taken(curve, n, kind, parts):
    with pytest.raises(ChainruleError) as caught:
        curve(n)
    assert isinstance(caught.value, kind)
    assert all(part in str(caught.value) for part in parts)
