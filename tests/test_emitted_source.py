"""Law: emitted source stands alone, reads as recorded, and computes what the derivation does.

Every file is run: against our own evaluation to the last digits, and against differences of the
`cost` in the file itself, which know nothing of its `gradients`.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from cases import CASES, Case, by_name, conditions, draw, networks
from chainrule import ChainruleError, Network, register_activation
from chainrule.differences import extrapolated
from chainrule.emit.python import SPELLING
from chainrule.expr import LEAVES, Op

GOLDEN = Path(__file__).parent / "golden" / "emitted"
SHOWN = ("heart", "weighted_classes", "dropped", "numbers")


def module_of(source):
    module = {}
    exec(compile(source, "emitted.py", "exec"), module)
    return module


def arguments(case, seed=0, net=None):
    """Parameters, and what `cost` and `gradients` of the file take beside them."""
    net = net or case.network()
    params, x, y = draw(net, case.examples, seed)
    given = conditions(net, case.examples, seed, weighted=case.weighted)
    further = [x, y, *(value for value in given.values() if value is not None)]
    if case.weighted:
        further[2] = further[2][np.newaxis]
    return net, params, given, further


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_values_and_gradients_are_those_of_the_derivation(case):
    net, params, given, further = arguments(case)
    module = module_of(case.derivation().emit("numpy"))
    trace = net.trace(params, further[0], further[1], **given)
    forward = [further[0]] + [given["masks"]] * bool(given["masks"])
    for name, value in module["forward"](params, *forward).items():
        np.testing.assert_allclose(value, trace[name], rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(module["cost"](params, *further), trace["C"], rtol=1e-12)
    found = module["gradients"](params, *further)
    assert set(found) == set(params)
    for name, value in found.items():
        np.testing.assert_allclose(value, trace[f"J_{name}"], rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gradients_are_differences_of_the_cost_in_the_file(case):
    _, params, _, further = arguments(case, seed=3)
    module = module_of(case.derivation().emit("numpy"))
    arrays = {name: np.array(view) for name, view in params.items()}
    found = module["gradients"](arrays, *further)
    for name, view in arrays.items():
        place = tuple(size // 2 for size in view.shape)

        def along(offset, view=view, place=place):
            kept = view[place]
            view[place] = kept + offset
            cost = module["cost"](arrays, *further)
            view[place] = kept
            return cost

        slope = extrapolated(along, 2.0**-9)
        assert abs(found[name][place] - slope.value) <= 10 * slope.error + 1e-9 * abs(slope.value)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(networks())
def test_random_networks_are_emitted_right(drawn):
    net, examples, seed, weighted = drawn
    case = Case("random", net.sizes, None, "", examples=examples, weighted=weighted)
    _, params, given, further = arguments(case, seed, net)
    module = module_of(net.derive(weights=weighted).emit("numpy"))
    cost, jacobians = net.value_and_grad(params, further[0], further[1], **given)
    np.testing.assert_allclose(module["cost"](params, *further), cost, rtol=1e-12)
    largest = np.abs(jacobians.flat).max()
    for name, value in module["gradients"](params, *further).items():
        np.testing.assert_allclose(value, jacobians[name], rtol=1e-10, atol=1e-12 * largest)


def test_inputs_are_differentiated_under_the_name_x():
    case = by_name("tanh_deep")
    net, params, _, (x, y) = arguments(case)
    found = module_of(net.derive(inputs=True).emit("numpy"))["gradients"](params, x, y)
    moved = x.copy()
    moved[1, 2] += 1e-6
    slope = (net.cost(params, moved, y) - net.cost(params, x, y)) / 1e-6
    assert found["x"].shape == x.shape
    assert found["x"][1, 2] == pytest.approx(slope, rel=1e-4)


def test_outputs_are_differentiated_where_v_selects_them():
    net, params, _, (x, _) = arguments(by_name("tanh_deep"))
    module = module_of(net.derive(of="outputs").emit("numpy"))
    v = np.zeros((2, 3))
    v[1, 0] = 1.0
    assert module["selected"](params, x, v) == pytest.approx(net.forward(params, x)[1, 0])
    moved = x.copy()
    moved[0, 0] += 1e-6
    slope = (net.forward(params, moved)[1, 0] - net.forward(params, x)[1, 0]) / 1e-6
    assert module["gradients"](params, x, v)["x"][0, 0] == pytest.approx(slope, rel=1e-4)


def test_every_operation_has_a_spelling():
    assert set(SPELLING) == set(Op)
    assert set(SPELLING) >= LEAVES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_needs_numpy_and_at_most_the_error_function(case):
    imported = {
        name.name if isinstance(node, ast.Import) else f"{node.module}.{name.name}"
        for node in ast.walk(ast.parse(case.derivation().emit("numpy")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in node.names
    }
    functions = {"scipy.special.erf", "scipy.special.erfc"}
    assert imported - functions == {"numpy"}
    assert not imported & functions or "gelu" in str(case.activation)


FINITE = [case for case in CASES if "exp" not in str(case.activation)]  # exp overflows by nature


@pytest.mark.parametrize("case", FINITE, ids=lambda case: case.name)
def test_large_weighted_sums_raise_no_warning(case):
    """Warnings are errors: what is stable in the derivation is stable in the file."""
    _, params, _, further = arguments(case)
    params.flat *= 3e3
    assert np.isfinite(module_of(case.derivation().emit("numpy"))["cost"](params, *further))


@pytest.mark.parametrize("name", SHOWN)
def test_source_reads_as_recorded(name):
    source = by_name(name).derivation().emit("numpy")
    path = GOLDEN / f"{name}.py"
    if os.environ.get("CHAINRULE_GOLDEN") == "update":
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == source


def test_source_is_the_same_in_every_process():
    code = "from cases import by_name; print(by_name('dropped').derivation().emit('numpy'))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def test_source_keeps_the_rules_of_style(tmp_path):
    deep = Case("deep", (9, *[30] * 11, 4), "elu(0.5)", "huber", 0.1, dropout=0.1, weighted=True)
    for case in (*CASES, deep):
        (tmp_path / f"{case.name}.py").write_text(case.derivation().emit("numpy"), "utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--no-cache", "--line-length", "100", str(tmp_path)]
    for command in (["check", "--select", "E,F,W,I"], ["format", "--check"]):
        line = [*ruff, *command, *options]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_an_unknown_target_and_functions_by_hand_are_refused():
    with pytest.raises(ChainruleError, match=r"'fortran'.*numpy"):
        by_name("heart").derivation().emit("fortran")
    row = register_activation("quartic", lambda z: z**4, lambda z: 4 * z**3)
    net = Network([2, 1], activation=row, cost="squared_error")
    with pytest.raises(ChainruleError, match=r"quartic is a function of your own.*put yours"):
        net.derive().emit("numpy")
