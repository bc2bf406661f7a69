"""A backward pass by hand in plain NumPy, and the mistakes that people make in one.

Three sigmoid layers, squared error, a penalty: written without the package, to be held against it.
"""

from __future__ import annotations

import numpy as np

from chainrule import Network

SIZES, L2, EXAMPLES = (3, 4, 4, 2), 0.3, 5
NAMES = ("W1", "W2", "W3", "b1", "b2", "b3")
WEIGHTS, BIASES = set(NAMES[:3]), set(NAMES[3:])
BELOW = {"W1", "b1", "W2", "b2"}


def sigma(z):
    return 1 / (1 + np.exp(-z))


def d_sigma(z):
    return np.cosh(z / 2) ** -2 / 4


def backward(params, x, y, mistake="", l2=L2):
    """Jacobians of three sigmoid layers under squared error, by hand, with one mistake."""
    is_ = mistake.__eq__
    m = x.shape[1]
    W1, W2, W3 = params["W1"], params["W2"], params["W3"]
    a0 = x
    z1 = W1 @ a0 + params["b1"]
    a1 = sigma(z1)
    z2 = W2 @ a1 + params["b2"]
    a2 = sigma(z2)
    z3 = W3 @ a2 + params["b3"]
    a3 = sigma(z3)
    divisors = {"missing_mean": 1, "double_mean": m * m, "wrong_divisor": x.size}
    raw = (1 if is_("constant_factor") else 2) / divisors.get(mistake, m) * (a3 - y)
    if is_("sign"):
        raw = -raw
    slope3 = {
        "missing_output_derivative": 1,
        "derivative_at_activation_output": d_sigma(a3),
        "activation_form_at_sum": z3 * (1 - z3),
        "derivative_of_other_function": 1 - np.tanh(z3) ** 2,
    }.get(mistake, d_sigma(z3))
    delta3 = raw * slope3
    slope2 = {
        "missing_hidden_derivative": 1,
        "derivative_at_activation_hidden": d_sigma(a2),
        "function_for_derivative": a2,
        "derivative_twice": d_sigma(z2) ** 2,
        "derivative_reciprocal": 1 / d_sigma(z2),
    }.get(mistake, d_sigma(z2))
    delta2 = W3.T @ (raw if is_("raw_error_propagated") else delta3) * slope2
    slope1 = {
        "missing_derivative_first": 1,
        "derivative_wrong_layer": d_sigma(z2),
    }.get(mistake, d_sigma(z1))
    passed = {
        "weight_not_transposed": W2,
        "missing_weight": np.eye(4),
        "bias_for_weight": params["b2"] * np.eye(4),
    }.get(mistake, W2.T)
    delta1 = passed @ delta2 * slope1
    penalties = {"penalty_missing": 0, "penalty_factor": 2 * l2, "penalty_sign": -l2}
    penalty = penalties.get(mistake, l2)
    J = {
        "W3": delta3 @ a2.T + penalty * W3,
        "W2": delta2 @ (a2 if is_("wrong_previous_activation") else a1).T + penalty * W2,
        "W1": delta1 @ a0.T + penalty * W1,
    }
    for layer, delta in (("1", delta1), ("2", delta2), ("3", delta3)):
        J["b" + layer] = np.sum(delta, axis=1, keepdims=True)
    if is_("transposed"):
        J["W2"] = J["W2"].T
    if is_("bias_mean_again"):
        J |= {name: J[name] / m for name in BIASES}
    if is_("penalty_on_bias"):
        J |= {name: J[name] + l2 * params[name] for name in BIASES}
    if is_("bias_summed_over_units"):
        J["b2"] = np.full((4, 1), np.sum(J["b2"]))
    if is_("dead_parameter"):
        J["W1"] = np.zeros_like(J["W1"])
    if is_("example_skipped"):
        J["W1"] = delta1[:, 1:] @ a0[:, 1:].T + l2 * W1
    if is_("row_skipped"):
        J["W3"][1] = 0
    if is_("one_column_of_bias"):
        J["b3"] = delta3[:, :1]
    return J


MISTAKES = {
    "missing_mean": set(NAMES),
    "double_mean": set(NAMES),
    "wrong_divisor": set(NAMES),
    "constant_factor": set(NAMES),
    "sign": set(NAMES),
    "missing_output_derivative": set(NAMES),
    "derivative_at_activation_output": set(NAMES),
    "activation_form_at_sum": set(NAMES),
    "derivative_of_other_function": set(NAMES),
    "missing_hidden_derivative": BELOW,
    "derivative_at_activation_hidden": BELOW,
    "function_for_derivative": BELOW,
    "derivative_twice": BELOW,
    "derivative_reciprocal": BELOW,
    "raw_error_propagated": BELOW,
    "missing_derivative_first": {"W1", "b1"},
    "derivative_wrong_layer": {"W1", "b1"},
    "weight_not_transposed": {"W1", "b1"},
    "missing_weight": {"W1", "b1"},
    "bias_for_weight": {"W1", "b1"},
    "wrong_previous_activation": {"W2"},
    "transposed": {"W2"},
    "penalty_missing": WEIGHTS,
    "penalty_factor": WEIGHTS,
    "penalty_sign": WEIGHTS,
    "penalty_on_bias": BIASES,
    "bias_mean_again": BIASES,
    "bias_summed_over_units": {"b2"},
    "dead_parameter": {"W1"},
    "example_skipped": {"W1"},
    "row_skipped": {"W3"},
    "one_column_of_bias": {"b3"},
}


def three_layers(seed=0, dtype=np.float64, scale=0.7):
    net = Network(SIZES, activation="sigmoid", cost="squared_error", l2=L2)
    rng = np.random.default_rng(seed)
    params = net.initialize(rng, scheme="normal", scale=scale, dtype=dtype)
    x = rng.standard_normal((SIZES[0], EXAMPLES))
    return net, params, x, rng.uniform(0.1, 0.9, (SIZES[-1], EXAMPLES))
