"""Law: a measured derivative is as near to the true one as it says.

The true one comes from mpmath: the functions are computed there to 40 digits, rounded once, and
differentiated there. Complex steps are exact but for rounding; extrapolated differences carry an
estimate that is never smaller than their error, and that is small where the function is smooth.
"""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from chainrule.differences import START, complex_step, extrapolated, measured, precision

FUNCTIONS = {
    "exp": mpmath.exp,
    "sin": mpmath.sin,
    "tanh": mpmath.tanh,
    "sigmoid": lambda t: 1 / (1 + mpmath.exp(-t)),
    "softplus": lambda t: mpmath.log(1 + mpmath.exp(t)),
    "lorentz": lambda t: 1 / (1 + t * t),
    "gauss": lambda t: mpmath.exp(-t * t),
    "cubic": lambda t: t**3 - 2 * t + 5,
    "squared_tanh": lambda t: (mpmath.tanh(t) - mpmath.mpf(3) / 10) ** 2,
}
POINTS = (0.0, 0.1, 0.5, 1.0, -0.7, 2.0, -3.0)
SCALES = (1e-3, 1e-2, 0.1, 1.0, 3.0, 10.0, 30.0, 100.0)
"""How fast the function varies: at 30, the first step reaches beyond one of its wiggles."""

EPSILON = {dtype: float(np.finfo(dtype).eps) for dtype in (np.float32, np.float64)}


def rounded(name, scale, point, factor=1.0, dtype=np.float64):
    """h ↦ factor · f(point + scale·h), right but for one rounding."""

    def function(offset):
        with mpmath.workdps(40):
            exact = FUNCTIONS[name](mpmath.mpf(point) + mpmath.mpf(scale) * mpmath.mpf(offset))
            return float(dtype(factor * exact))

    return function


def slope_of(name, scale, point, factor=1.0):
    with mpmath.workdps(40):
        return factor * scale * mpmath.diff(FUNCTIONS[name], mpmath.mpf(point))


def law_honest(name, scale, point, factor=1.0, dtype=np.float64):
    """The error is at most its estimate; return the estimate relative to the derivative."""
    found = extrapolated(rounded(name, scale, point, factor, dtype), epsilon=EPSILON[dtype])
    true = slope_of(name, scale, point, factor)
    assert abs(found.value - true) <= found.error, (name, scale, point, float(true), found)
    return found.error / abs(float(true)) if true else 0.0


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_error_of_extrapolated_differences_is_at_most_its_estimate(name, scale):
    for point in POINTS:
        law_honest(name, scale, point)


@pytest.mark.parametrize("scale", [1e-2, 0.1, 1.0, 3.0])
def test_estimate_is_small_where_the_function_is_smooth(scale):
    estimates = [law_honest(name, scale, point) for name in FUNCTIONS for point in POINTS]
    assert np.median(estimates) < 1e-10
    assert np.quantile(estimates, 0.9) < 1e-9


@pytest.mark.parametrize("factor", [1e-12, 1e-6, 1e6, 1e12])
def test_estimate_grows_with_the_function(factor):
    for name in FUNCTIONS:
        for point in POINTS[:4]:
            usual, scaled = (law_honest(name, 1.0, point, by) for by in (1.0, factor))
            assert scaled <= 30 * usual + 1e-9


@pytest.mark.parametrize("scale", [1e-2, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_estimate_covers_the_noise_of_float32(name, scale):
    for point in POINTS:
        law_honest(name, scale, point, dtype=np.float32)


def test_estimate_covers_noise_whatever_its_signs():
    rng = np.random.default_rng(0)
    for _ in range(300):
        noise = 1e-9

        def noisy(offset, noise=noise):
            return float(np.exp(offset) * (1 + rng.uniform(-noise, noise)))

        found = extrapolated(noisy, epsilon=2 * noise)
        assert abs(found.value - 1) <= found.error < 1e-5


def test_noise_that_hides_the_slope_leaves_a_large_estimate():
    found = extrapolated(lambda h: float(np.float32(1 + 1e-7 * h)), epsilon=EPSILON[np.float32])
    assert abs(found.value - 1e-7) <= found.error
    assert found.error > 1e-8


@pytest.mark.parametrize("places", [1, 2, 3, 4])
def test_a_pole_within_the_first_steps_is_stepped_around(places):
    edge = START / 2**places * 1.5

    def function(offset):
        if abs(offset) >= edge:
            return math.inf
        return math.log(edge + offset) - math.log(edge - offset) / 2

    found = extrapolated(function)
    assert abs(found.value - 1.5 / edge) <= found.error < 0.1 / edge


def test_nan_on_one_side_of_a_large_step_is_no_result():
    def root(offset):  # of 0.01 + h: defined for h ≥ −0.01 only
        return math.sqrt(0.01 + offset) if offset >= -0.01 else math.nan

    found = extrapolated(root)
    assert abs(found.value - 5) <= found.error < 0.5


@pytest.mark.parametrize("nothing", [math.nan, math.inf, -math.inf])
def test_nothing_finite_leaves_an_infinite_estimate(nothing):
    found = extrapolated(lambda h: nothing)
    assert math.isnan(found.value)
    assert found.error == math.inf


def test_constants_have_no_slope():
    found = extrapolated(lambda h: 3.0)
    assert found.value == 0
    assert 0 <= found.error < 1e-12


def test_a_jump_is_never_measured_with_confidence():
    found = extrapolated(lambda h: 1.0 if h > 0 else 0.0)
    assert found.error > 0.1 * abs(found.value)


def test_a_smaller_first_step_is_taken_as_given():
    asked = []

    def function(offset):
        asked.append(abs(offset))
        return math.exp(offset)

    extrapolated(function, start=1e-3)
    assert max(asked) == 1e-3
    assert min(asked) > 0


COMPLEX = {
    "exp": np.exp,
    "sin": np.sin,
    "tanh": np.tanh,
    "sigmoid": lambda t: 1 / (1 + np.exp(-t)),
    "softplus": lambda t: np.log(1 + np.exp(t)),
    "lorentz": lambda t: 1 / (1 + t * t),
    "gauss": lambda t: np.exp(-t * t),
    "cubic": lambda t: t**3 - 2 * t + 5,
    "squared_tanh": lambda t: (np.tanh(t) - 0.3) ** 2,
}


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_step_is_exact_but_for_rounding(name):
    point = np.array(POINTS)
    found = complex_step(lambda t: np.sum(COMPLEX[name](t)), point)
    true = [float(slope_of(name, 1.0, place)) for place in POINTS]
    np.testing.assert_allclose(found, true, rtol=2e-14, atol=1e-16)


def test_complex_step_moves_each_element_of_an_array_and_leaves_the_point():
    point = np.arange(6.0).reshape(2, 3)
    weight = np.array([[1.0, -2.0, 3.0], [0.0, 5.0, -7.0]])
    found = complex_step(lambda t: np.sum(weight * t * t), point)
    np.testing.assert_allclose(found, 2 * weight * point, rtol=1e-15)
    np.testing.assert_array_equal(point, np.arange(6.0).reshape(2, 3))


def test_complex_step_sees_slopes_that_differences_lose():
    """Beside a summand of 10²⁰ no difference of values shows a slope of 1."""
    found = complex_step(lambda t: np.sum(1e20 + t), np.array([0.5]))
    assert found == 1


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_what_is_believed_is_as_near_as_it_says(name, scale):
    found = measured(rounded(name, scale, 0.3))
    true = slope_of(name, scale, 0.3)
    assert abs(found.value - true) <= found.error <= 1e-8 * abs(true)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_precision_of_a_function_is_seen_in_its_values(dtype):
    found = precision(rounded("gauss", 1.0, 0.3, dtype=dtype), 1.0)
    assert EPSILON[dtype] / 8 <= found <= 8 * EPSILON[dtype]
    slope = measured(rounded("gauss", 1.0, 0.3, dtype=dtype), epsilon=found)
    assert abs(slope.value - slope_of("gauss", 1.0, 0.3)) <= slope.error


@pytest.mark.parametrize("beside", [0.0, 1e-3, 1e-5])
@pytest.mark.parametrize("left", [-1.0, 0.0])
def test_nothing_is_said_at_a_kink(left, beside):
    """Beside one, the slope is that of the side on which the point lies."""
    found = measured(lambda t: t - beside if t > beside else left * (t - beside))
    if beside:
        assert found is None or abs(found.value - left) <= found.error + 1e-9
    else:
        assert found is None
