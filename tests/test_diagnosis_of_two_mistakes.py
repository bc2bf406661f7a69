"""Law: two mistakes at once are both named, chained or each in one Jacobian only."""

from __future__ import annotations

import os

import numpy as np
import pytest

from chainrule import diagnose
from chainrule.checking import Verdict
from planted import SETTINGS, gradients, slips, together

SOAK = bool(os.environ.get("CHAINRULE_SOAK"))
# Shapes are judged apart; nothing is right beside a wrong forward pass; of an update that came too
# early the step is not known, so that it is found beside what is found already, and not before.
LEFT_OUT = {"kept_dimension", "transposed", "bias_not_summed", "forward_wrong", "softmax_axis"}
LEFT_OUT |= {"updated_too_early"}
SEVERAL = [each for each in SETTINGS if each.name in ("three_sigmoid", "classes", "penalised")]
BY_NAME = pytest.mark.parametrize("setting", SEVERAL, ids=lambda setting: setting.name)


def alike(left, right):
    return all(np.allclose(left[entry], right[entry], rtol=1e-9) for entry in left)


def pairs(setting, count, seed):
    """Yield pairs that can both be seen, in different steps."""
    net, params, x, y = setting.draw(seed)
    rng = np.random.default_rng(seed)
    pool = [slip for slip in slips(net, setting.examples) if slip.slug not in LEFT_OUT]
    while count:
        first, second = (pool[place] for place in rng.choice(len(pool), 2, replace=False))
        if set(first.steps) & set(second.steps) or not (first.steps or second.steps):
            continue
        both = together(first, second)
        try:
            came = gradients(net, params, x, y, both)
            alone = [gradients(net, params, x, y, each) for each in (first, second)]
        except ValueError:  # matrices that do not fit: such code does not run
            continue
        finite = all(np.isfinite(value).all() for value in came.values())
        if finite and not any(alike(came, each) for each in alone):
            count -= 1
            yield (net, params, x, y), first, second, came, alone


@BY_NAME
def test_both_are_named_where_one_goes_on_into_the_other(setting):
    count = 300 if SOAK else 25
    named = 0
    for case, first, second, came, _ in pairs(setting, count, seed=3):
        found = diagnose(*case, came)
        said = {
            slug
            for each in found.values()
            if not each.verdict.good
            for slug in (*each.slugs, *each.ties)
        }
        assert said or any(each.verdict is Verdict.WRONG_UNKNOWN for each in found.values())
        named += {first.slug, second.slug} <= said
    assert named >= 0.9 * count, (named, count)


@BY_NAME
def test_both_are_named_where_each_spoils_an_entry_of_its_own(setting):
    """As in a notebook, where each Jacobian has a chain of its own."""
    right = gradients(*setting.draw(4))
    for case, first, second, _, (one, other) in pairs(setting, 15, seed=4):
        spoiled = [
            [entry for entry in right if not np.allclose(each[entry], right[entry], rtol=1e-9)]
            for each in (one, other)
        ]
        if spoiled[0][-1:] == spoiled[1][:1] or not all(spoiled):
            continue
        left, below = spoiled[0][-1], spoiled[1][0]
        came = {**right, left: one[left], below: other[below]}
        found = diagnose(*case, came)
        assert [each for each in found if not found[each].verdict.good] == sorted(
            {left, below}, key=list(found).index
        )
        assert first.slug in {*found[left].slugs, *found[left].ties}, (str(first), found[left])
        assert second.slug in {*found[below].slugs, *found[below].ties}, (str(second), found[below])


def test_a_mistake_and_a_factor_in_all_of_it():
    setting = SEVERAL[0]
    net, params, x, y = setting.draw()
    for slip in slips(net, setting.examples):
        if slip.slug in ("derivative_at_activation", "raw_error_propagated"):
            came = gradients(net, params, x, y, slip)
            summed = {entry: -setting.examples * value for entry, value in came.items()}
            found = diagnose(net, params, x, y, summed)
            said = {slug for each in found.values() for slug in each.slugs}
            assert said == {slip.slug, "sign", "missing_mean"}, found


def test_past_two_the_first_that_is_wrong_is_named():
    setting = SEVERAL[0]
    net, params, x, y = setting.draw()
    right = gradients(net, params, x, y)
    rng = np.random.default_rng(0)
    noise = {entry: rng.standard_normal(right[entry].shape) for entry in ("W1", "W2", "b1")}
    found = diagnose(net, params, x, y, {**right, **noise})
    unknown = [each for each in found if found[each].verdict is Verdict.WRONG_UNKNOWN]
    assert sorted(unknown) == ["W1", "W2", "b1"]
    assert "the first on the way back" in found["W2"].sentence
    assert "J_W2 is so before it" in found["W1"].sentence


def test_intermediates_are_judged_from_those_that_were_given():
    """A wrong δ3 that nothing explains spoils what follows; a mistake after it is still seen."""
    setting = SEVERAL[0]
    net, params, x, y = setting.draw()
    a, z, W = {0: x}, {}, params
    for layer in (1, 2, 3):
        z[layer] = W[f"W{layer}"] @ a[layer - 1] + W[f"b{layer}"]
        a[layer] = 1 / (1 + np.exp(-z[layer]))
    delta3 = np.random.default_rng(1).standard_normal(a[3].shape)
    slope2 = W["W3"].T @ delta3
    delta2 = slope2 * a[2]  # σ for σ′
    given = {
        "delta3": delta3,
        "W3": delta3 @ a[2].T,
        "dC_da2": slope2,
        "delta2": delta2,
        "W2": delta2 @ a[1].T,
    }
    found = diagnose(net, params, x, y, given)
    assert found["delta3"].verdict is Verdict.WRONG_UNKNOWN
    assert "the first on the way back" in found["delta3"].sentence
    assert "follows rightly from δ3" in found["W3"].sentence
    assert "follows rightly from δ3" in found["dC_da2"].sentence
    assert found["delta2"].slugs == ("function_for_derivative",)
    assert "follows rightly from δ2" in found["W2"].sentence
