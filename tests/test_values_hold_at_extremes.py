"""Law: rows are right to the last digits and never overflow, over the whole range of the dtype.

The oracle is mpmath with 50 digits on the plain `value` of the row. Warnings are errors here, so
that an overflow anywhere fails.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from chainrule import expr
from chainrule.activations import ACTIVATIONS, SOFTPLUS
from chainrule.derivation import Equation
from chainrule.evaluate import Plan

ROWS = {name: row for name, row in ACTIVATIONS.items() if row.elementwise} | {"softplus": SOFTPLUS}
DTYPES = [np.float64, np.float32]
ULPS = 4

MP = {
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "tanh": mpmath.tanh,
    "relu": lambda z: max(z, mpmath.mpf(0)),
    "identity": lambda z: z,
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)) if z < 1e5 else z,
}
MP_SLOPE = {
    "sigmoid": lambda z: 1 / (mpmath.exp(z / 2) + mpmath.exp(-z / 2)) ** 2,
    "tanh": lambda z: mpmath.sech(z) ** 2,
    "relu": lambda z: mpmath.mpf(1 if z > 0 else 0),
    "identity": lambda z: mpmath.mpf(1),
    "softplus": lambda z: 1 / (1 + mpmath.exp(-z)),
}


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


def law_right_to_the_last_digits(node_of, oracle, dtype):
    z = arguments(dtype)
    found = evaluated(node_of, z)
    assert np.isfinite(found).all()
    smallest = mpmath.mpf(float(np.finfo(dtype).tiny))
    with mpmath.workdps(50):
        for at, value in zip(z, found, strict=True):
            exact = oracle(mpmath.mpf(float(at)))
            allowed = ULPS * mpmath.mpf(float(np.finfo(dtype).eps)) * abs(exact) + smallest
            assert abs(mpmath.mpf(float(value)) - exact) <= allowed, (at, value, exact)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ROWS)
def test_value_is_right_to_the_last_digits(name, dtype):
    law_right_to_the_last_digits(lambda z: expr.apply(ROWS[name], z), MP[name], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ROWS)
def test_derivative_is_right_to_the_last_digits(name, dtype):
    law_right_to_the_last_digits(lambda z: expr.derivative(ROWS[name], z), MP_SLOPE[name], dtype)


def of_one_entry(row, z, *, complex_step=False):
    """The first unit's activation where the other unit, if there must be one, stays at 0."""
    units = 1 if row.elementwise else 2
    sums = np.vstack([z, *[np.zeros_like(z)] * (units - 1)])
    node = row.of(expr.symbol("z", (units, "m")))
    plan = Plan([Equation("value", node)], ["value"], complex_step=complex_step)
    return plan({"z": sums}, {"m": len(z)})[0][0]


def law_range(row):
    low, high = row.range
    found = of_one_entry(row, arguments(np.float64))
    assert low <= found.min()
    assert found.max() <= high
    near = of_one_entry(row, np.array([-1e300, 1e300]))
    for reached, bound in zip(near, (low, high), strict=True):
        assert abs(reached - bound) < 1e-12 or (np.isinf(bound) and abs(reached) > 1e299)


@pytest.mark.parametrize("name", [*ACTIVATIONS, "softplus"])
def test_range_is_what_large_arguments_reach(name):
    law_range({**ACTIVATIONS, "softplus": SOFTPLUS}[name])


def law_kinks(row):
    """One-sided slopes, by a complex step, differ at a kink and agree wherever else we look."""
    for at in (-1.0, 0.0, 1.0):
        beside = np.array([at - 1e-9, at + 1e-9]) + 1e-30j
        below, above = of_one_entry(row, beside, complex_step=True).imag / 1e-30
        assert (abs(above - below) > 1e-6) == (at in row.kinks)


@pytest.mark.parametrize("name", [*ACTIVATIONS, "softplus"])
def test_kinks_are_where_one_sided_slopes_differ(name):
    law_kinks({**ACTIVATIONS, "softplus": SOFTPLUS}[name])


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
