"""Law: the derived Jacobians are the derivatives of the scalar cost. Proved for *all* functions.

The functions f1 … f4 and the cost c have names only. SymPy differentiates the scalar cost by its
own rules; our equations are read by SymPy too; both are the same expression. Depth 1 to 4, width
2, two examples. What the functions' names decide is proved apart: the shortcuts of cross-entropy
behind softmax and behind sigmoid, and the penalty.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp

from cases import architecture_of_undefined_functions
from chainrule.activations import Activation
from chainrule.architecture import describe
from chainrule.costs import Cost
from chainrule.derivation import given_quantities
from chainrule.derive import derive, derive_outputs
from chainrule.notation import adjoint
from chainrule.parameters import shapes
from symbolic import Reading, symbols, undefined

WIDTH, EXAMPLES = 2, 2


def read(derivation, reading, targets):
    """All quantities of a derivation as SymPy matrices, what is given as symbols."""
    values = {"y": targets}
    for name, shape, _ in given_quantities(derivation):
        rows, columns = (EXAMPLES if dim == "m" else dim for dim in shape)
        values.setdefault(name, symbols(name, rows, columns))
    for equation in derivation:
        values[equation.name] = reading.of(equation.expr, values)
    return values


def undefined_chain(depth, dropout=()):
    """A chain of functions that have names only, and how SymPy reads them."""
    names = [f"f{layer}" for layer in range(1, depth + 1)]
    functions = {name: undefined(name) for name in names} | {"c": undefined("c", arguments=2)}
    rows = [Activation(name, name, ("z",)) for name in names]
    cost = Cost("c", "c", ("a", "y"))
    architecture = architecture_of_undefined_functions(depth, WIDTH, cost, rows)
    return replace(architecture, dropout=dropout), Reading(EXAMPLES, functions)


def law_jacobians(derivation, reading, scalar, names):
    """Every equation for a derivative is what SymPy finds for the scalar."""
    values = read(derivation, reading, symbols("y", WIDTH, EXAMPLES))
    for name in names:
        found = values[adjoint(name, scalar)]
        for i in range(found.rows):
            for j in range(found.cols):
                slope = sp.diff(values[scalar], values[name][i, j])
                assert sp.expand(slope - found[i, j]) == 0, (name, i, j)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_jacobians_are_derivatives_of_the_cost_for_all_functions(depth):
    architecture, reading = undefined_chain(depth)
    law_jacobians(derive(architecture), reading, "C", shapes(architecture.sizes))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_weights_of_examples_dropout_and_inputs_are_differentiated_too(depth):
    architecture, reading = undefined_chain(depth, dropout=(0.2,) * (depth - 1))
    derivation = derive(architecture, weights=True, inputs=True)
    assert {"w", *architecture.masks} <= {name for name, _, _ in given_quantities(derivation)}
    law_jacobians(derivation, reading, "C", [*shapes(architecture.sizes), "a0"])


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_outputs_are_differentiated_too(depth):
    architecture, reading = undefined_chain(depth)
    names = [*shapes(architecture.sizes), "a0"]
    law_jacobians(derive_outputs(architecture), reading, "s", names)


def law_softmax_with_cross_entropy():
    """δ = (1/m)(a − y) where the targets of an example sum to 1: exact, for symbols."""
    architecture = describe((1, 2), "softmax", "cross_entropy")
    derived = derive(architecture)["delta1"].expr
    z, y = symbols("z", 2, 1), sp.Symbol("y")
    targets = sp.ImmutableDenseMatrix([y, 1 - y])
    total = sum(sp.exp(entry) for entry in z)
    predictions = sp.ImmutableDenseMatrix([sp.exp(entry) / total for entry in z])
    cost = -sum(t * sp.log(a) for t, a in zip(targets, predictions, strict=True))
    found = Reading(1).of(derived, {"a1": predictions, "y": targets})
    for unit in range(2):
        assert sp.simplify(sp.diff(cost, z[unit]) - found[unit]) == 0


def test_softmax_with_cross_entropy_leaves_prediction_minus_target():
    law_softmax_with_cross_entropy()


def law_sigmoid_with_cross_entropy():
    """δ = (1/m)(a − y) for every target between 0 and 1: exact, for symbols."""
    derived = derive(describe((1, 1), "sigmoid", "cross_entropy"))["delta1"].expr
    z, y = sp.symbols("z y", real=True)
    a = 1 / (1 + sp.exp(-z))
    cost = -(y * sp.log(a) + (1 - y) * sp.log(1 - a))
    values = {"a1": sp.ImmutableDenseMatrix([a]), "y": sp.ImmutableDenseMatrix([y])}
    assert sp.simplify(sp.diff(cost, z) - Reading(1).of(derived, values)[0]) == 0


def law_exp_with_poisson_cost():
    """δ = (1/m)(a − y) for counts with their expectation behind an exponential."""
    derived = derive(describe((1, 1), "exp", "poisson"))["delta1"].expr
    z, y = sp.symbols("z y", real=True)
    cost = sp.exp(z) - y * z
    values = {"a1": sp.ImmutableDenseMatrix([sp.exp(z)]), "y": sp.ImmutableDenseMatrix([y])}
    assert sp.simplify(sp.diff(cost, z) - Reading(1).of(derived, values)[0]) == 0


def test_exp_with_poisson_cost_leaves_prediction_minus_target():
    law_exp_with_poisson_cost()


def test_sigmoid_with_cross_entropy_leaves_prediction_minus_target():
    law_sigmoid_with_cross_entropy()


def law_penalty():
    """With a penalty, every weight's Jacobian gains λW and no bias's does."""
    sizes = (2, 2, 1)
    plain, penalised = (derive(describe(sizes, "tanh", "squared_error", l2)) for l2 in (0, 1))
    reading = Reading(EXAMPLES)
    values = {name: symbols(name, *dims) for name, dims in shapes(sizes).items()}
    for layer, size in enumerate(sizes):
        values |= {f"a{layer}": symbols(f"a{layer}", size, EXAMPLES)}
        values |= {f"delta{layer}": symbols(f"d{layer}", size, EXAMPLES)}
    penalty = sp.Symbol("lambda") / 2 * sum(w**2 for k in (1, 2) for w in values[f"W{k}"])
    for name in shapes(sizes):
        gained = reading.of(penalised[adjoint(name)].expr, values) - reading.of(
            plain[adjoint(name)].expr, values
        )
        slope = values[name].applyfunc(lambda entry: sp.diff(penalty, entry))
        assert sp.expand(gained - slope) == sp.zeros(*slope.shape)


def test_penalty_adds_its_own_derivative_to_weights_only():
    law_penalty()
