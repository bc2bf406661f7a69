"""Law: rows are right to the last digits and never overflow, over the whole range of the dtype.

The oracle is mpmath with 50 digits on the plain `value` of the row. Warnings are errors here, so
that an overflow anywhere fails.
"""

from __future__ import annotations

import functools

import mpmath
import numpy as np
import pytest

from chainrule import expr
from chainrule.activations import ACTIVATIONS, NEARLY_NORMAL, NORMAL
from chainrule.costs import COSTS
from chainrule.equation import Equation
from chainrule.evaluate import Plan
from plain import ACTIVATIONS as PLAIN
from plain import DIGITS

ROWS = {name: row for name, row in ACTIVATIONS.items() if row.elementwise}
PARTS = {row.name: row for row in (NORMAL, NEARLY_NORMAL)}
DTYPES = [np.float64, np.float32]
ULPS = 4
DIGITS_OF = {
    np.float64: 700,
    np.float32: 100,
}  # the smallest and the largest argument differ by as many
OVERFLOWS = {"exp"}  # by nature: beyond the largest float
STEEP = {"gelu", "gelu_tanh"}


def arguments(dtype):
    """Both signs of 0, tiny, common, saturating and the largest finite numbers."""
    info = np.finfo(dtype)
    sizes = [0, info.smallest_subnormal, info.tiny, 1e-8, 1e-3, 0.3, 1, 3, 17, 40, 87, 88.5, 100]
    sizes += [700, 709, 750, 1e4, 1e20, float(info.max) / 2, float(info.max)]
    values = np.array(sizes, dtype=np.float64)
    return np.concatenate([-values[::-1], values]).astype(dtype)


def evaluated(node_of, z):
    node = node_of(expr.symbol("z", (1, "m")))
    plan = Plan([Equation("value", node)], ["value"])
    result = np.asarray(plan({"z": z[np.newaxis]}, {"m": len(z)})[0], dtype=z.dtype)
    return np.broadcast_to(result, (1, len(z)))[0]


def slope_of(row, function):
    """The derivative by differences with hundreds of digits; at a kink, that from below."""

    def slope(z):
        side = 0 if not row.kinks else (1 if z > 0 else -1)
        return mpmath.diff(function, z, direction=side)

    return slope


def law_right_to_the_last_digits(row, node_of, oracle, dtype):
    """Within a few units in the last place of the value, or of the argument.

    The argument counts for rows made of a normal distribution: far below 0 they are steep for their
    size, and what rounding does to z/√2 moves them by more than their last digits.
    """
    z = arguments(dtype)
    if row.name in OVERFLOWS:
        z = z[z < np.log(np.finfo(dtype).max)]
    found = evaluated(node_of, z)
    assert np.isfinite(found).all()
    smallest = mpmath.mpf(float(np.finfo(dtype).tiny))
    eps = mpmath.mpf(float(np.finfo(dtype).eps))
    for at, value in zip(z, found, strict=True):
        with mpmath.workdps(digits(at)):
            place = mpmath.mpf(float(at))
            exact = oracle(place)
            allowed = ULPS * eps * abs(exact) + smallest
            if row.name in STEEP and abs(place) < 40:
                allowed += ULPS * eps * abs(place * mpmath.diff(oracle, place))
            assert abs(mpmath.mpf(float(value)) - exact) <= allowed, (at, value, exact)


def digits(z):
    """Enough for 1 + z, for 1 + erf(z), and for differences of these."""
    if 1e-10 < abs(z) < 5:
        return 60
    return 400 if abs(z) < 1e10 else 700


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ROWS)
def test_value_is_right_to_the_last_digits(name, dtype):
    law_value_digits(ROWS[name], PLAIN[name], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ROWS)
def test_derivative_is_right_to_the_last_digits(name, dtype):
    law_slope_digits(ROWS[name], PLAIN[name], dtype)


def law_value_digits(row, plain, dtype):
    oracle = functools.partial(plain, DIGITS)
    law_right_to_the_last_digits(row, lambda z: expr.apply(row, z), oracle, dtype)


def law_slope_digits(row, plain, dtype):
    oracle = slope_of(row, functools.partial(plain, DIGITS))
    law_right_to_the_last_digits(row, lambda z: expr.derivative(row, z), oracle, dtype)


def of_one_entry(row, z, *, complex_step=False):
    """The first unit's activation where the other unit, if there must be one, stays at 0."""
    units = 1 if row.elementwise else 2
    sums = np.vstack([z, *[np.zeros_like(z)] * (units - 1)])
    node = row.of(expr.symbol("z", (units, "m")))
    plan = Plan([Equation("value", node)], ["value"], complex_step=complex_step)
    return plan({"z": sums}, {"m": len(z)})[0][0]


def law_range(row):
    """No value lies outside, and some come close to either end, or grow without bound."""
    low, high = row.range
    wide = arguments(np.float64)
    z = np.concatenate(
        [np.linspace(-10, 10, 20_001), wide[wide < 101], [] if row.name in OVERFLOWS else wide]
    )
    found = of_one_entry(row, z)
    for end, reached in ((low, found.min()), (high, found.max())):
        assert low <= reached <= high
        assert abs(reached - end) < 1e-6 or (np.isinf(end) and abs(reached) > 1e40)


@pytest.mark.parametrize("name", [*ACTIVATIONS, *PARTS])
def test_range_is_what_arguments_reach(name):
    law_range((ACTIVATIONS | PARTS)[name])


def law_kinks(row):
    """One-sided slopes, by a complex step, differ at a kink and agree wherever else we look."""
    for at in sorted({-1.0, 0.0, 1.0, *row.kinks}):
        beside = np.array([at - 1e-9, at + 1e-9]) + 1e-30j
        below, above = of_one_entry(row, beside, complex_step=True).imag / 1e-30
        assert (abs(above - below) > 1e-6) == (at in row.kinks)


@pytest.mark.parametrize("name", [*ACTIVATIONS, *PARTS])
def test_kinks_are_where_one_sided_slopes_differ(name):
    law_kinks((ACTIVATIONS | PARTS)[name])


@pytest.mark.parametrize("name", ROWS)
def test_not_a_number_stays_not_a_number(name):
    assert np.isnan(evaluated(lambda z: expr.apply(ROWS[name], z), np.array([np.nan]))).all()


def law_softmax(dtype):
    """Against 50 digits, for spreads between the units from 0 to the whole range."""
    for size in (0.0, 1.0, 30.0, 100.0, 1e4, float(np.finfo(dtype).max)):
        z = np.array([[size], [-size], [size / 2]], dtype=dtype)
        for node_of, logarithm in ((expr.softmax, False), (expr.log_softmax, True)):
            plan = Plan([Equation("p", node_of(expr.symbol("z", (3, "m"))))], ["p"])
            found = plan({"z": z}, {"m": 1})[0][:, 0]
            assert found.dtype == dtype
            assert np.isfinite(found).all()
            with mpmath.workdps(50):
                shifted = [mpmath.mpf(float(v)) - mpmath.mpf(float(z.max())) for v in z[:, 0]]
                total = mpmath.fsum(mpmath.exp(v) for v in shifted)
                exact = [
                    v - mpmath.log(total) if logarithm else mpmath.exp(v) / total for v in shifted
                ]
            eps, largest = float(np.finfo(dtype).eps), float(np.finfo(dtype).max)
            for value, wanted in zip(found, exact, strict=True):
                bounded = max(wanted, mpmath.mpf(-largest / 2))  # saturates beyond
                allowed = 8 * eps * max(1, abs(bounded)) + float(np.finfo(dtype).tiny)
                assert abs(mpmath.mpf(float(value)) - bounded) <= allowed, (size, value, wanted)


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_is_right_for_every_spread_of_its_units(dtype):
    law_softmax(dtype)


def law_kinks_of_cost(row):
    """One-sided slopes of a cost differ at its kinks, and nowhere else we look."""
    a, y = (expr.symbol(name, (1, "m")) for name in "ay")
    plan = Plan([Equation("c", expr.loss(row, a, y))], ["c"], complex_step=True)
    targets = np.full((1, 2), 0.375)
    for distance in sorted({-0.125, 0.0, 0.125, 1.0, *row.kinks}):
        beside = targets + distance + np.array([[-1e-9, 1e-9]]) + 1e-30j
        if row.outputs and not ((beside.real > 0) & (beside.real < 1)).all():
            continue
        below, above = plan({"a": beside, "y": targets}, {"m": 2})[0][0].imag / 1e-30
        assert (abs(above - below) > 1e-6) == (distance in row.kinks)


@pytest.mark.parametrize("name", COSTS)
def test_kinks_of_costs_are_where_one_sided_slopes_differ(name):
    law_kinks_of_cost(COSTS[name])
