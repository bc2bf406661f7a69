"""Law: two updates give what the notebook printed, and every Jacobian is the notebook's own.

The first test stands on recorded numbers. The second runs the notebook itself, where the folder
with it is at hand beside the checkout.
"""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest

from chainrule import GradientDescent, Network, data, train

NOTEBOOK = Path(__file__).parents[2] / "shared" / "seed" / "notebook.ipynb"
PRINTED = [[0.49492989], [0.24723845]]


def net_and_start():
    net = Network([5, 3, 2, 2], activation="sigmoid", cost="squared_error")
    return net, net.initialize(np.random.RandomState(123), scheme="normal", scale=0.5)


def test_two_updates_give_what_the_notebook_printed():
    net, params = net_and_start()
    x = np.arange(0, 1, 1 / 5).reshape(5, 1)
    y = np.array([0, 1]).reshape(2, 1)
    for _ in range(2):
        _, jacobians = net.value_and_grad(params, x, y)
        params.flat -= jacobians.flat / 5
    np.testing.assert_allclose(net.forward(params, x), PRINTED, atol=5e-9)


def test_training_gives_what_the_notebook_printed():
    net, params = net_and_start()
    x, y = data.ramp(5)
    step = GradientDescent(1 / 5)
    result = train(net, params, x, y, optimizer=step, iterations=2, progress=False)
    np.testing.assert_allclose(net.forward(result.params, x), PRINTED, atol=5e-9)


def run_cells(last):
    """The notebook's names after its code cells, up to and with number `last`, and its output."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names: dict = {}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for source in code[:last]:
            lines = [line for line in source.splitlines() if not line.startswith("%")]
            exec("\n".join(lines), names)
    return names, printed.getvalue()


@pytest.mark.skipif(not NOTEBOOK.exists(), reason="the folder with the notebook is not at hand")
def test_the_notebook_itself_gives_the_same_result_and_jacobians():
    names, printed = run_cells(last=9)
    net, params = net_and_start()
    x, y = data.ramp(5)
    result = train(
        net, params, x, y, optimizer=GradientDescent(1 / 5), iterations=2, progress=False
    )
    np.testing.assert_allclose(net.forward(result.params, x), names["a3"], rtol=1e-12)
    assert printed.endswith("[[0.49492989]\n [0.24723845]]\n")
    for name, view in result.params.items():
        np.testing.assert_allclose(view, names[name], rtol=1e-12)
    _, jacobians = net.value_and_grad(result.params, x, y)
    with contextlib.redirect_stdout(io.StringIO()):
        for name, view in jacobians.items():
            # The notebook divides by the 5 inputs, where there is one example.
            np.testing.assert_allclose(view / 5, names[f"J_{name}"](y), rtol=1e-9, atol=1e-16)
