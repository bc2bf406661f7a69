"""Law: the kernel's model for Levenberg–Marquardt is that of the derivation, whatever the network.

The other side is the reference engine in float64. The kernel makes the model in float64 too, even
where parameters are float32. What is off is rounding: a small share of the largest entry.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chainrule import LevenbergMarquardt, Network
from chainrule.activations import ACTIVATIONS
from chainrule.costs import COSTS
from chainrule.engines import kernel
from test_native_equals_reference import DTYPES, task_of

RUN = [name for name, runs in kernel.instruction_sets().items() if runs]
OUTPUTS = [name for name, row in ACTIVATIONS.items() if COSTS["squared_error"].may_meet(row)]
EXAMPLES = (1, 3, 17, 300, 700)
"""One tile holds the first four, the last are two."""
SHARE = 1e-10


@pytest.fixture(params=RUN, autouse=True)
def isa(request, monkeypatch):
    """Every test here is run once for each instruction set that this machine has."""
    monkeypatch.setenv(kernel.VARIABLE, request.param)
    return request.param


def squares(net, m, dtype=np.float64, *, weighted=False):
    """A task for Levenberg–Marquardt; of weighted examples, some do not count."""
    task = replace(task_of(net, m, m, dtype, weighted=weighted), optimizer=LevenbergMarquardt())
    if weighted:
        task.weights[1::5] = 0
    return task


def near(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=0, atol=SHARE * np.abs(wanted).max())


def holds(task):
    """Cost, gradient and matrix, with buffers as they are and between guarded pages."""
    wanted = task.reference(np.float64).normal_equations(task.params.astype(np.float64))
    for guarded in (False, True):
        found = task.native(guarded=guarded).normal_equations(task.params)
        for mine, theirs in zip(found, wanted, strict=True):
            near(mine, theirs)
        cost, gradient, hessian = found
        assert isinstance(cost, float)
        assert gradient.dtype == hessian.dtype == np.float64
        np.testing.assert_array_equal(hessian, hessian.T)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output(output, weighted):
    net = Network([3, 5, 3], activation=["tanh", output], cost="squared_error", l2=0.1 * weighted)
    for m in EXAMPLES:
        holds(squares(net, m, weighted=weighted))


@pytest.mark.parametrize("inside", [name for name in ACTIVATIONS if name != "exp"])
def test_every_activation_inside(inside):
    net = Network([2, 7, 4, 1], activation=[inside, inside, "identity"], cost="squared_error")
    for m in EXAMPLES:
        holds(squares(net, m))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "sizes",
    [(1, 1), (1, 3), (17, 1), (1, 6, 7, 2), (3, 17, 17, 3), (17, 1, 3), (1, 300, 1)],
    ids=str,
)
def test_every_size_and_dtype(sizes, dtype):
    net = Network(sizes, activation="sigmoid", cost="squared_error", l2=0.3)
    for m in EXAMPLES if max(sizes) < 300 else (3, 300):
        for weighted in (False, True):
            holds(squares(net, m, dtype, weighted=weighted))


def test_a_model_without_one_example_is_told_from_that_of_all():
    task = squares(Network([2, 3, 1], activation="tanh", cost="squared_error"), 700)
    fewer = replace(task, x=task.x[:, 1:], y=task.y[:, 1:])
    found, wrong = (each.native().normal_equations(task.params) for each in (task, fewer))
    for mine, theirs in zip(found, wrong, strict=True):
        with pytest.raises(AssertionError):
            near(theirs, mine)
