"""Law: the evaluated derivation is the same on every namespace of the array API standard."""

from __future__ import annotations

import array_api_strict as strict
import numpy as np
import pytest

from cases import CASES, draw
from chainrule.evaluate import Plan, namespace


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_strict_namespace_gives_the_values_of_numpy(case):
    net = case.network()
    params, x, y = draw(net, case.examples)
    trace = net.trace(params, x, y)
    names = net.derive().names
    values = {name: strict.asarray(np.array(view)) for name, view in params.items()}
    values |= {"a0": strict.asarray(x), "y": strict.asarray(y)}
    xp = namespace(values["a0"])
    assert xp.__name__ == "array_api_strict"
    found = Plan(net.derive(), names, xp)(values, {"m": case.examples, "lam": case.l2})
    for name, value in zip(names, found, strict=True):
        np.testing.assert_allclose(np.asarray(value), trace[name], rtol=1e-13, atol=1e-16)


def test_trace_and_jacobians_keep_float32():
    for case in CASES:
        net = case.network()
        params, x, y = draw(net, case.examples, dtype=np.float32)
        assert {np.asarray(value).dtype for value in net.trace(params, x, y).values()} == {
            np.dtype(np.float32)
        }
        assert net.value_and_grad(params, x, y)[1].dtype == np.float32
        assert net.forward(params, x).dtype == np.float32
