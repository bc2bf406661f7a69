"""Law: a planted mistake is called by its name, alone, wherever it is made.

The wrong gradients come from a backward pass by hand (`planted`). An entry is wrong exactly where
they differ from the right ones; the name of the mistake then stands first, or among those that
cannot be told from it.
"""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import diagnose
from planted import SETTINGS, gradients, slips

BY_NAME = pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)


def differ(came, right):
    return came.shape != right.shape or not np.allclose(came, right, rtol=1e-9, atol=1e-13)


def planted(setting, seed=0):
    """Yield wrong gradients, each with its mistake and the entries that it spoils."""
    net, params, x, y = setting.draw(seed)
    right = gradients(net, params, x, y)
    for slip in slips(net, setting.examples):
        try:
            came = gradients(net, params, x, y, slip)
        except ValueError:  # matrices that do not fit: such code does not run
            continue
        if all(np.isfinite(value).all() for value in came.values()):
            wrong = {entry for entry in right if differ(came[entry], right[entry])}
            yield (net, params, x, y), slip, came, wrong


@BY_NAME
def test_what_the_hand_computes_without_a_mistake_is_right(setting):
    net, params, x, y = setting.draw()
    found = diagnose(net, params, x, y, gradients(net, params, x, y))
    assert {entry.verdict.value for entry in found.values()} == {"right"}, found
    assert not any(entry.slugs for entry in found.values())


@BY_NAME
def test_each_mistake_is_called_by_its_name(setting):
    names = set()
    for case, slip, came, wrong in planted(setting):
        found = diagnose(*case, came)
        assert {entry for entry in came if not found[entry].verdict.good} == wrong, (slip, found)
        for entry in wrong:
            said = {*found[entry].slugs, *found[entry].ties}
            assert slip.slug in said, (str(slip), entry, found)
        names |= {slip.slug} if wrong else set()
    assert len(names) >= 13, names


@BY_NAME
def test_most_mistakes_stand_alone_and_first(setting):
    """Names that stand only among the ties, or beside another, are few."""
    total = first = 0
    for case, slip, came, wrong in planted(setting):
        if wrong:
            found = diagnose(*case, came)
            total += 1
            first += all(found[entry].slugs == (slip.slug,) for entry in wrong)
    alike = {"notebook": 0.6, "single": 0.75, "all_alike": 0.75, "deep": 0.75}
    assert first >= alike.get(setting.name, 0.8) * total, (first, total)


@BY_NAME
def test_one_cause_is_one_cause(setting):
    """What one mistake spoils has one sentence, and says what else it spoils."""
    for case, slip, came, wrong in planted(setting):
        if slip.slug in ("kept_dimension", "transposed", "bias_not_summed") or not wrong:
            continue
        found = diagnose(*case, came)
        causes = {(found[entry].sentence, found[entry].entries) for entry in wrong}
        if len(causes) == 1:
            assert set(found[min(wrong)].entries) == wrong
        else:  # what spoils an entry so that it is the same as another mistake's
            assert any(
                found[entry].ties or "dead_parameter" in found[entry].slugs for entry in wrong
            ), (str(slip), causes)
