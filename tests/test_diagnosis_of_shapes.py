"""Law: shapes are compared strictly, apart from values; each wrong one is called by its name."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import diagnose
from chainrule.checking import Verdict
from chainrule.errors import InvalidType, UnknownQuantity
from planted import Setting, gradients, trace

SETTING = Setting("shapes", (3, 5, 2), "sigmoid", "squared_error", 7)
NET, PARAMS, X, Y = SETTING.draw()
RIGHT, STATE = trace(NET, PARAMS, X, Y)

SHAPES = {
    "ravelled bias": ("b1", lambda J: J.ravel(), "kept_dimension"),
    "bias in a row": ("b1", lambda J: J.T, "kept_dimension"),
    "bias of one more axis": ("b1", lambda J: J[None], "kept_dimension"),
    "transposed weights": ("W1", lambda J: J.T, "transposed"),
    "a column for every example": ("b1", lambda J: STATE.delta[1], "bias_not_summed"),
    "a row for every example": ("b1", lambda J: STATE.delta[1].T, "bias_not_summed"),
    "one number": ("b1", lambda J: J.sum(), "bias_summed_over_units"),
    "summed over the wrong axis": (
        "b1",
        lambda J: STATE.delta[1].sum(axis=0),
        "bias_summed_over_units",
    ),
    "examples not summed": (
        "W1",
        lambda J: np.einsum("im,jm->ijm", STATE.delta[1], X),
        "not_expanded",
    ),
    "spread to a square": ("b1", lambda J: J + np.zeros((5, 5)), "one_dimensional_input"),
    "δ itself": ("W1", lambda J: STATE.delta[1], "not_expanded"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_a_wrong_shape_is_called_by_its_name(case):
    entry, change, slug = SHAPES[case]
    found = diagnose(NET, PARAMS, X, Y, {**RIGHT, entry: change(RIGHT[entry])})
    assert found[entry].slugs == (slug,), found[entry]
    assert f"wanted {RIGHT[entry].shape}" in found[entry].sentence
    wanted = Verdict.OTHER_SHAPE if slug == "kept_dimension" else Verdict.WRONG
    assert found[entry].verdict is wanted
    assert all(found[each].verdict is Verdict.RIGHT for each in found if each != entry)


def test_a_wrong_shape_with_wrong_values_has_both_names():
    found = diagnose(NET, PARAMS, X, Y, {"b1": -RIGHT["b1"].ravel(), "W1": 7 * RIGHT["W1"].T})
    assert found["b1"].slugs == ("kept_dimension", "sign")
    assert found["b1"].verdict is Verdict.WRONG
    assert found["W1"].slugs == ("transposed", "missing_mean")


def test_what_is_not_summed_has_the_mistakes_of_its_sum():
    found = diagnose(NET, PARAMS, X, Y, {"b1": 7 * STATE.delta[1]})
    assert found["b1"].slugs == ("bias_not_summed", "missing_mean")


def test_with_one_example_nothing_is_to_be_summed():
    net, params, x, y = Setting("one", (3, 5, 2), "sigmoid", "squared_error", 1).draw()
    _, state = trace(net, params, x, y)
    assert diagnose(net, params, x, y, {"b1": state.delta[1]}).good


def test_entries_are_known_by_the_names_of_their_equations_too():
    found = diagnose(NET, PARAMS, X, Y, {"J_W1": RIGHT["W1"], "δ2": STATE.delta[2]})
    assert list(found) == ["J_W1", "δ2"]
    assert found.good
    with pytest.raises(UnknownQuantity, match="W3"):
        diagnose(NET, PARAMS, X, Y, {"W3": RIGHT["W1"]})


def test_the_report_says_each_cause_once():
    came = {**RIGHT, **{name: 7 * each for name, each in gradients(NET, PARAMS, X, Y).items()}}
    text = str(diagnose(NET, PARAMS, X, Y, came))
    assert text.count("missing_mean") == 1
    assert text.count("✗") == 4
    assert diagnose(NET, PARAMS, X, Y, RIGHT).summary() == "all right"
    assert diagnose(NET, PARAMS, X, Y, came).summary() == "W1, W2, b1 and b2: missing_mean"


def test_what_is_no_mapping_is_said():
    with pytest.raises(InvalidType, match="gradients is list, wanted a mapping"):
        diagnose(NET, PARAMS, X, Y, [1])


def test_activations_of_a_layer_of_another_size_are_seen_by_value_and_shape():
    for layer, other in ((2, 2), (2, 0), (3, 1), (1, 2)):
        if layer <= NET.architecture.layers and other < layer + 2 and other != layer - 1:
            came = 3 * STATE.delta[layer] @ STATE.a[other].T
            found = diagnose(NET, PARAMS, X, Y, {f"W{layer}": came})[f"W{layer}"]
            assert found.slugs == ("wrong_previous_activation",), found
            assert f"a{other}, where a{layer - 1} belongs" in found.sentence


def test_what_follows_rightly_is_not_unknown():
    delta = np.sin(3 * STATE.delta[2]) + 0.1
    came = {"delta2": delta, "W2": delta @ STATE.a[1].T}
    found = diagnose(NET, PARAMS, X, Y, came)
    assert found["delta2"].verdict is Verdict.WRONG_UNKNOWN
    assert found["W2"].verdict is Verdict.WRONG
    assert "follows rightly from δ2" in found["W2"].sentence
