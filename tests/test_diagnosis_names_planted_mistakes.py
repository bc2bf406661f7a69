"""Law: a planted mistake is called by its name, alone, wherever it is made.

The wrong gradients come from a backward pass by hand (`planted`). An entry is wrong exactly where
they differ from the right ones; the name of the mistake then stands first, or among those that
cannot be told from it.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

from chainrule import Network, diagnose
from planted import SETTINGS, gradients, slips

SLOW = ("square", "deep", "classes", "notebook")
BY_NAME = pytest.mark.parametrize(
    "setting",
    [
        pytest.param(each, marks=pytest.mark.slow if each.name in SLOW else (), id=each.name)
        for each in SETTINGS
    ],
)


def differ(came, right):
    return came.shape != right.shape or not np.allclose(came, right, rtol=1e-9, atol=1e-13)


@functools.cache
def planted(setting):
    """Return mistakes, each with the entries that it spoils and what is said of them."""
    net, params, x, y = setting.draw()
    right = gradients(net, params, x, y)
    cases = []
    for slip in slips(net, setting.examples):
        try:
            came = gradients(net, params, x, y, slip)
        except ValueError:  # matrices that do not fit: such code does not run
            continue
        if all(np.isfinite(value).all() for value in came.values()):
            wrong = {entry for entry in right if differ(came[entry], right[entry])}
            cases.append((slip, wrong, diagnose(net, params, x, y, came)))
    return cases


@BY_NAME
def test_what_the_hand_computes_without_a_mistake_is_right(setting):
    net, params, x, y = setting.draw()
    found = diagnose(net, params, x, y, gradients(net, params, x, y))
    assert {entry.verdict.value for entry in found.values()} == {"right"}, found
    assert not any(entry.slugs for entry in found.values())


@BY_NAME
def test_each_mistake_is_called_by_its_name(setting):
    names = set()
    for slip, wrong, found in planted(setting):
        assert {entry for entry in found if not found[entry].verdict.good} == wrong, (slip, found)
        for entry in wrong:
            said = {*found[entry].slugs, *found[entry].ties}
            assert slip.slug in said, (str(slip), entry, found)
        names |= {slip.slug} if wrong else set()
    assert len(names) >= 13, names


@BY_NAME
def test_most_mistakes_stand_alone_and_first(setting):
    """Those are few that stand only among the ties, or beside another name."""
    spoiling = [(slip, wrong, found) for slip, wrong, found in planted(setting) if wrong]
    first = sum(
        all(found[entry].slugs == (slip.slug,) for entry in wrong)
        for slip, wrong, found in spoiling
    )
    alike = {"notebook": 0.6, "single": 0.75, "all_alike": 0.75, "deep": 0.75}
    assert first >= alike.get(setting.name, 0.8) * len(spoiling), (first, len(spoiling))


@BY_NAME
def test_one_cause_is_one_cause(setting):
    """What one mistake spoils has one sentence, and says what else it spoils."""
    for slip, wrong, found in planted(setting):
        if slip.slug in ("kept_dimension", "transposed", "bias_not_summed") or not wrong:
            continue
        causes = {(found[entry].sentence, found[entry].entries) for entry in wrong}
        if len(causes) == 1:
            assert set(found[min(wrong)].entries) == wrong
        else:  # in some entries it is the same as something else, or makes zeros
            assert any(
                found[entry].ties or "dead_parameter" in found[entry].slugs for entry in wrong
            ), (str(slip), causes)


def test_a_mask_of_the_gradient_itself_is_no_mask_of_the_sums():
    """``dZ[dA <= 0] = 0`` stands where ``dZ[Z <= 0] = 0`` belongs."""
    net = Network([5, 6, 4, 3], activation=["relu", "relu", "identity"], cost="squared_error")
    rng = np.random.default_rng(3)
    params = net.initialize(4)
    x, y = rng.normal(size=(5, 8)), rng.normal(size=(3, 8))
    z1 = params["W1"] @ x + params["b1"]
    z2 = params["W2"] @ np.maximum(z1, 0) + params["b2"]
    a3 = params["W3"] @ np.maximum(z2, 0) + params["b3"]
    d3 = 2 * (a3 - y) / 8
    back2 = params["W3"].T @ d3
    for mask, wrong in ((z2, set()), (back2, {"W1", "b1", "W2", "b2"})):
        d2 = np.where(mask > 0, back2, 0)
        d1 = np.where(z1 > 0, params["W2"].T @ d2, 0)
        came = {}
        for layer, d, a in ((1, d1, x), (2, d2, np.maximum(z1, 0)), (3, d3, np.maximum(z2, 0))):
            came |= {f"W{layer}": d @ a.T, f"b{layer}": d.sum(axis=1, keepdims=True)}
        found = diagnose(net, params, x, y, came)
        assert {e for e in found if not found[e].verdict.good} == wrong, found
        assert all(found[e].slugs == ("derivative_at_activation",) for e in wrong), found
