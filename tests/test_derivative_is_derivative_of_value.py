"""Law: in every row, all columns are one function. Proved symbolically, one scalar proof a column.

Stable forms and derivatives may be written for either sign of z apart; both signs are proved.
"""

from __future__ import annotations

import pytest
import sympy as sp

from chainrule.activations import ACTIVATIONS, NEARLY_NORMAL, NORMAL
from chainrule.costs import COSTS
from symbolic import Reading

PARTS = {row.name: row for row in (NORMAL, NEARLY_NORMAL)}
ROWS = ACTIVATIONS | PARTS
ELEMENTWISE = [name for name, row in ROWS.items() if row.elementwise]
POSITIVE = sp.Symbol("p", positive=True)
SIDES = {"positive": POSITIVE, "negative": -POSITIVE}
READING = Reading(examples=1, sample={POSITIVE: sp.Rational(1, 3)})
A, Y = sp.symbols("a y", positive=True)


def at(body, z):
    return READING.of(body, {"z": z})


def equal(left, right):
    """Whether two expressions in p > 0 are the same, after writing all in exponentials."""
    difference = sp.expand_log(sp.sympify(left - right).rewrite(sp.exp), force=True)
    return sp.simplify(difference) == 0


def law_derivative(row, z):
    slope = sp.diff(at(row.value, z), POSITIVE) * sp.diff(z, POSITIVE)
    assert equal(at(row.derivative, z), slope)


def law_stable(row, z):
    if row.stable is not None:
        assert equal(at(row.stable, z), at(row.value, z))


def law_stable_derivative(row, z):
    if row.stable_derivative is not None:
        assert equal(at(row.stable_derivative, z), at(row.derivative, z))


def law_derivative_of_value(row, z):
    if row.derivative_of_value is not None:
        found = READING.of(row.derivative_of_value, {"a": at(row.value, z)})
        assert equal(found, at(row.derivative, z))


def law_cost(row):
    """For predictions above and below the target, by little and by more than 1."""
    for distance in (-3, sp.Rational(-1, 3), sp.Rational(1, 3), 3):
        reading = Reading(examples=1, sample={A: 5, Y: 5 - distance})
        value, found = (reading.of(body, {"a": A, "y": Y}) for body in (row.value, row.derivative))
        assert equal(found, sp.diff(value, A))
        if row.stable is not None:
            difference = reading.of(row.stable, {"a": A, "y": Y}) - value
            assert all(equal(sp.diff(difference, each), 0) for each in (A, Y))
            assert abs(sp.N(difference.subs(reading.sample), 30)) < 1e-25


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_derivative_is_derivative_of_value(name, side):
    law_derivative(ROWS[name], SIDES[side])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_stable_form_is_the_value(name, side):
    law_stable(ROWS[name], SIDES[side])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_stable_form_is_the_derivative(name, side):
    law_stable_derivative(ROWS[name], SIDES[side])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_derivative_of_value_is_the_derivative(name, side):
    law_derivative_of_value(ROWS[name], SIDES[side])


@pytest.mark.parametrize("name", COSTS)
def test_derivative_of_cost_is_derivative_of_its_value(name):
    law_cost(COSTS[name])


def test_a_row_without_derivative_mixes_units_and_is_softmax():
    assert [name for name, row in ROWS.items() if not row.elementwise] == ["softmax"]
