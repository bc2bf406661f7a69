"""The catalogue of mistakes: for every slug, what it is and how it is mended, for a learner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One mistake of the catalogue.

    Parameters
    ----------
    says : str
        What was done, as the start of a sentence.
    mend : str
        The smallest change that mends it; empty where nothing needs to be.
    remark : bool
        Whether it is no mistake, only worth a word.
    """

    says: str
    mend: str = ""
    remark: bool = False


CATALOGUE: Mapping[str, Entry] = {
    # factors
    "missing_mean": Entry(
        "the sum over the examples is not divided by their number m",
        "divide by m, the number of examples",
    ),
    "double_mean": Entry("the mean over the m examples is taken twice", "divide by m once"),
    "wrong_divisor": Entry(
        "it is divided by something that is not the number of examples",
        "divide by m, the number of examples (columns of x)",
    ),
    "constant_factor": Entry(
        "a constant factor is lost or planted, such as the 2 of the square",
        "carry the factor of the cost's derivative along: (a − y)² has the derivative 2 (a − y)",
    ),
    "sign": Entry(
        "it has the wrong sign", "change the sign once: the error is a − y, prediction less target"
    ),
    "global_count": Entry(
        "the number of examples is taken from another data set, or from an old global",
        "take m from the arguments: x.shape[1]",
    ),
    # shapes
    "transposed": Entry("it is transposed", "J_W has the shape of W: units × inputs"),
    "kept_dimension": Entry(
        "the values are right, the shape is another", "keep the axis: np.sum(…, keepdims=True)"
    ),
    "one_dimensional_input": Entry(
        "arrays with one axis were spread to a square one",
        "give every array two axes: x.reshape(-1, 1)",
    ),
    "not_expanded": Entry(
        "the gradient of an operand that was broadcast is not summed back to its shape",
        "sum over the axis along which it was spread",
    ),
    # through the activation
    "missing_output_derivative": Entry(
        "the slope of the output activation is left out", "multiply with f′(z) of the last layer"
    ),
    "missing_hidden_derivative": Entry(
        "the slope of a hidden activation is left out", "multiply with f′(z) of that layer"
    ),
    "derivative_at_activation": Entry(
        "f′ is taken at the activation a in the place of the weighted sum z",
        "give f′ the weighted sum z",
    ),
    "activation_form_at_sum": Entry(
        "the form of f′ for the value a, such as a (1 − a), is given z", "give it a = f(z)"
    ),
    "function_for_derivative": Entry("f stands where f′ belongs", "call the derivative"),
    "derivative_wrong_layer": Entry(
        "f′ is taken at the weighted sum of another layer", "take z of the same layer"
    ),
    "derivative_of_other_function": Entry(
        "it is the derivative of another activation than the forward pass has",
        "differentiate the activation that the forward pass has",
    ),
    "derivative_formula": Entry(
        "the function that should be the derivative of the activation is not",
        "differentiate it anew, or compare with a difference: (f(z + h) − f(z − h)) / 2h",
    ),
    "derivative_reciprocal": Entry("1/f′ stands where f′ belongs", "multiply, do not divide"),
    "derivative_twice": Entry("f′ is applied twice", "apply it once"),
    "matrix_in_derivative": Entry(
        "a matrix product stands inside the derivative", "multiply unit by unit: a * (1 − a)"
    ),
    "matrix_for_elementwise": Entry(
        "a matrix product stands where the product unit by unit belongs, or the other way round",
        "f′(z) meets ∂C/∂a unit by unit: *",
    ),
    "softmax_elementwise": Entry(
        "softmax is differentiated unit by unit, though every unit moves all outputs",
        "use the whole Jacobian: p ∘ (g − Σ p ∘ g); with cross-entropy, a − y",
    ),
    # through the layers
    "wrong_previous_activation": Entry(
        "δ is multiplied with the activations of the wrong layer",
        "J_W of a layer is δ of that layer times the activations before it",
    ),
    "cache_mislabelled": Entry(
        "a value of the forward pass is taken for another", "store and read it under one name"
    ),
    "bias_for_weight": Entry("b stands where W belongs", "send δ back through Wᵀ"),
    "missing_weight": Entry(
        "the step back through the weights is left out", "∂C/∂a of the layer below is Wᵀ δ"
    ),
    "delta_not_chained": Entry(
        "a quantity of another layer is used where that of this layer belongs",
        "use the δ of the layer, which is made from the one above",
    ),
    "raw_error_propagated": Entry(
        "∂C/∂a is sent back through the weights, where δ belongs",
        "multiply with f′(z) before going on to the layer below",
    ),
    "weight_for_activation": Entry(
        "δ is multiplied with the weights, where activations belong",
        "J_W is δ times the transposed activations of the layer before",
    ),
    "weight_not_transposed": Entry(
        "W stands where its transpose belongs", "go back through Wᵀ: down the columns of W"
    ),
    "lost_path": Entry(
        "one of several ways to the cost is left out", "add the gradients of all ways: +="
    ),
    "updated_too_early": Entry(
        "weights were updated before the lower layers were differentiated",
        "compute all gradients first, then update",
    ),
    # biases
    "bias_not_summed": Entry(
        "the gradient of the bias still has a column for every example",
        "sum over the examples: np.sum(delta, axis=1, keepdims=True)",
    ),
    "bias_mean_again": Entry(
        "the bias is averaged, where its sum belongs: δ has the 1/m already",
        "sum over the examples, do not average again",
    ),
    "bias_summed_over_units": Entry(
        "the bias is summed over the units as well", "sum over the examples only: axis=1"
    ),
    "bias_from_weight_gradient": Entry(
        "the bias is made from the gradient of the weights", "the bias's gradient is Σ δ"
    ),
    # cost
    "penalty_missing": Entry("the penalty is missing", "add λ W to J_W"),
    "penalty_factor": Entry(
        "the penalty has another factor than in the cost",
        "differentiate it as it stands in the cost: c ‖W‖² has the derivative 2 c W",
    ),
    "penalty_on_bias": Entry(
        "the biases are penalised, in the cost they are not", "leave the biases out"
    ),
    "penalty_sign": Entry("the penalty has the wrong sign", "add λ W to J_W"),
    "penalty_in_update": Entry(
        "the penalty is in the update, not in the gradient",
        "if the gradient is to be that of the cost, add λ W to J_W",
        remark=True,
    ),
    "softmax_axis": Entry(
        "softmax runs over the examples, not over the units",
        "normalise over the units of each example",
    ),
    "shortcut_for_other_cost": Entry(
        "it is the gradient of another cost than the one that is computed",
        "a − y is δ of cross-entropy with sigmoid or softmax only",
    ),
    "cost_normalisation": Entry(
        "the cost is divided by something other than the number of examples; "
        "the gradient agrees with it",
        "divide by the number of examples: x.shape[1]",
        remark=True,
    ),
    "cost_gradient_mismatch": Entry(
        "cost and gradient differ by one factor, the same everywhere",
        "give the cost the factor that the gradient has, or the other way round",
        remark=True,
    ),
    "forward_wrong": Entry(
        "the forward pass is not that of the network",
        "compare z and a layer by layer, from the inputs on, with net.trace",
    ),
    # numbers
    "dead_parameter": Entry(
        "the gradient is never computed, or zero", "compute it; it is not zero"
    ),
    "row_skipped": Entry(
        "one row, unit or example is left out: off by one", "check where the loop begins and ends"
    ),
    "one_example_only": Entry(
        "it is right for one example only", "sum over all examples: δ @ aᵀ does"
    ),
    "index_scatter": Entry(
        "the gradient is put into the wrong places", "put each entry where its value came from"
    ),
    "picked_entries": Entry(
        "only the entries that were picked have a gradient", "spread the gradient to all entries"
    ),
    "precision": Entry(
        "it is computed in float32, or in a mix",
        "it is no mistake; for a check, compute in float64",
        remark=True,
    ),
    # side effects
    "in_place": Entry(
        "arguments or caches are overwritten, so that a second call differs",
        "work on copies: d = delta.copy()",
    ),
    "stale_parameters": Entry(
        "old or global parameters are read: it does not change with those it is given",
        "read the parameters that are given",
    ),
    "checker_wrong": Entry(
        "their own check of gradients is wrong",
        "differentiate the cost, and divide by the size of both",
        remark=True,
    ),
    # loading
    "misplaced_definition": Entry(
        "a function is nested in another by its indentation", "move it to the left margin"
    ),
    "missing_definition": Entry("a name is used and never defined", "define it, or call it right"),
    "own_assert_fails": Entry("an assertion of their own fails", ""),
    "not_defined": Entry("a name is not defined", ""),
    "returns_none": Entry("it returns nothing", "return the result"),
    "raises": Entry("it raises an exception", ""),
    "wrong_type": Entry("it returns something else than an array of numbers", ""),
    "aggression": Entry(
        "the step size is never used", "multiply the Jacobians with it in the update", remark=True
    ),
    "unused_argument": Entry("an argument is never used", "", remark=True),
    "one_more_update": Entry(
        "the training loop makes one update more than asked", "end the loop at > 0", remark=True
    ),
    "repeated_forward": Entry(
        "the same forward pass runs once for every Jacobian",
        "call it once before, and hand the values on",
        remark=True,
    ),
    "dropout": Entry(
        "there is dropout: it was judged where no unit is left out, and its factor not at all",
        remark=True,
    ),
    "sizes": Entry(
        "it runs only where layers have the same size, and was judged there", remark=True
    ),
}
