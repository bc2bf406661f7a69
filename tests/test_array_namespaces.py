"""Law: the evaluated derivation is the same on every namespace of the array API standard."""

from __future__ import annotations

import array_api_strict as strict
import numpy as np
import pytest

from cases import CASES, conditions, draw
from chainrule.arithmetic import namespace
from chainrule.evaluate import Plan


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_strict_namespace_gives_the_values_of_numpy(case):
    net = case.network()
    params, x, y = draw(net, case.examples)
    given = conditions(net, case.examples, 0, weighted=case.weighted)
    trace = net.trace(params, x, y, **given)
    batch = net.batch(x, y, params.dtype, **given)
    derivation = case.derivation()
    constants = net.architecture.constants(batch)
    values = {name: strict.asarray(np.array(value)) for name, value in {**params, **batch}.items()}
    xp = namespace(values["a0"])
    assert xp.__name__ == "array_api_strict"
    found = Plan(derivation, derivation.names, xp)(values, constants)
    for name, value in zip(derivation.names, found, strict=True):
        np.testing.assert_allclose(np.asarray(value), trace[name], rtol=1e-13, atol=1e-16)


def test_trace_and_jacobians_keep_float32():
    for case in CASES:
        net = case.network()
        params, x, y = draw(net, case.examples, dtype=np.float32)
        given = conditions(net, case.examples, 0, weighted=case.weighted)
        trace = net.trace(params, x, y, **given)
        assert {np.asarray(value).dtype for value in trace.values()} == {np.dtype(np.float32)}
        assert net.value_and_grad(params, x, y, **given)[1].dtype == np.float32
        assert net.forward(params, x).dtype == np.float32
