"""Law: a network of any depth derives, shows itself, and travels between processes unchanged."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from cases import CASES, draw
from chainrule import ChainruleError, Network, check
from chainrule.activations import Activation
from chainrule.architecture import Architecture
from chainrule.checking.rounding import _BOUNDS, ENTRYWISE
from chainrule.costs import Cost
from chainrule.derive import derive
from chainrule.errors import UnknownQuantity
from chainrule.evaluate import Plan
from chainrule.expr import LEAVES, Op


@pytest.mark.parametrize("depth", [1, 20, 200])
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_deep_networks_derive_and_evaluate(depth, l2):
    net = Network([2] * (depth + 1), activation="tanh", cost="squared_error", l2=l2)
    params, x, y = draw(net, 3)
    cost, jacobians = net.value_and_grad(params, x, y)
    moved = params.copy()
    moved.W1[0, 0] += 1e-6
    slope = (net.cost(moved, x, y) - cost) / 1e-6
    assert slope == pytest.approx(jacobians.W1[0, 0], rel=1e-3, abs=1e-8)
    assert len(str(net.derive()).splitlines()) > 5 * depth


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_networks_derivations_traces_and_reports_can_be_pickled(case):
    net = case.network()
    params, x, y = draw(net, case.examples)
    again = pickle.loads(pickle.dumps(net))
    assert again == net
    assert repr(again) == repr(net)
    assert again.value_and_grad(params, x, y)[1] == net.value_and_grad(params, x, y)[1]
    assert str(pickle.loads(pickle.dumps(net.derive()))) == str(net.derive())
    trace = net.trace(params, x, y)
    assert str(pickle.loads(pickle.dumps(trace))) == str(trace)
    report = check(net, params, x, y)
    assert str(copy.deepcopy(report)) == str(report)


def test_repr_of_a_network_makes_it_again():
    for case in CASES:
        net = case.network()
        assert eval(repr(net), {"Network": Network}) == net


def test_quantities_are_found_by_their_names_in_code_and_in_print():
    net = CASES[0].network()
    params, x, y = draw(net, 2)
    derivation, trace = net.derive(), net.trace(params, x, y)
    assert derivation["δ2"] is derivation["delta2"]
    assert derivation["∂C/∂a1"] is derivation["dC_da1"]
    assert trace["δ2"] is trace.delta2
    assert trace["x"] is trace["a0"]
    for lookup in (derivation, trace):
        with pytest.raises(UnknownQuantity, match="did you mean 'delta3'"):
            _ = lookup["delta9"]


def test_undefined_functions_have_a_derivation_and_no_values():
    row = Activation("f", "f", ("z",))
    architecture = Architecture((1, 1), (row,), Cost("c", "c", ("a", "y")))
    derivation = derive(architecture)
    assert str(derivation["delta1"]) == "δ1 = ∂C/∂a1 ∘ f′(z1)"
    with pytest.raises(ChainruleError, match="f was left undefined"):
        Plan(derivation, ["a1"])


def test_rounding_is_bounded_for_every_operation():
    assert set(_BOUNDS) | set(ENTRYWISE) == set(Op) - LEAVES
    assert not set(_BOUNDS) & set(ENTRYWISE)


def test_a_forward_pass_needs_no_targets_and_one_with_them_refuses_none():
    net = CASES[0].network()
    params, x, _ = draw(net, 2)
    assert net.forward(params, x).shape == (2, 2)
    with pytest.raises(ChainruleError, match="y"):
        net.cost(params, x, None)


def test_values_do_not_depend_on_the_layout_in_memory():
    net = CASES[1].network()
    params, x, y = draw(net, 4)
    reference = net.value_and_grad(params, x, y)[1]
    for given_x, given_y in (
        (np.asfortranarray(x), np.asfortranarray(y)),
        (np.repeat(x, 2, axis=1)[:, ::2], np.repeat(y, 2, axis=1)[:, ::2]),
    ):
        found = net.value_and_grad(params, given_x, given_y)[1]
        np.testing.assert_allclose(found.flat, reference.flat, rtol=1e-13)


def test_names_may_stand_among_spaces():
    net = Network([2, 2], activation=[" softmax "], cost=" cross_entropy")
    assert net == Network([2, 2], activation="softmax", cost="cross_entropy")
