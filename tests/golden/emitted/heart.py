"""Backpropagation of the network 1-6-7-2, sigmoid, squared error.

Every line is one equation of the derivation. Examples are columns: a batch of m of them is a
matrix with m columns. Given are x (1 × m), y (2 × m), W1 (6 × 1), b1 (6 × 1), W2 (7 × 6),
b2 (7 × 1), W3 (2 × 7), b3 (2 × 1).

Written by chainrule, for arrays of float64. To make one step of gradient descent:

    jacobians = gradients(params, x, y)
    for name in params:
        params[name] = params[name] - learning_rate * jacobians[name]
"""

import numpy as np


def sigmoid(z):
    """Return σ(z) = 1 / (1 + exp(−z)), written so that nothing overflows."""
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1.0, e) / (1 + e)


def forward(params, x):
    """Return every value from the inputs to the outputs, by its name."""
    W1 = params["W1"]  # 6 × 1
    b1 = params["b1"]  # 6 × 1
    W2 = params["W2"]  # 7 × 6
    b2 = params["b2"]  # 7 × 1
    W3 = params["W3"]  # 2 × 7
    b3 = params["b3"]  # 2 × 1
    a0 = x  # 1 × m
    z1 = W1 @ a0 + b1  # 6 × m
    a1 = sigmoid(z1)  # 6 × m
    z2 = W2 @ a1 + b2  # 7 × m
    a2 = sigmoid(z2)  # 7 × m
    z3 = W3 @ a2 + b3  # 2 × m
    a3 = sigmoid(z3)  # 2 × m
    return {"a0": a0, "z1": z1, "a1": a1, "z2": z2, "a2": a2, "z3": z3, "a3": a3}


def cost(params, x, y):
    """Return the cost, squared error: summed over the outputs, averaged over the m examples."""
    values = forward(params, x)
    a3 = values["a3"]
    m = x.shape[1]  # examples
    return (1 / m) * np.sum((a3 - y) ** 2)


def gradients(params, x, y):
    """Return the Jacobian of the cost by every parameter, by its name."""
    values = forward(params, x)
    a0, a1, a2, a3 = values["a0"], values["a1"], values["a2"], values["a3"]
    W2 = params["W2"]  # 7 × 6
    W3 = params["W3"]  # 2 × 7
    m = x.shape[1]  # examples

    # C = (1 / m) * np.sum((a3 - y) ** 2)
    #   the derivative of the square
    dC_da3 = (2 / m) * (a3 - y)  # 2 × m

    # a3 = sigmoid(z3)
    #   through σ, unit by unit; σ′(z) = a ∘ (1 − a)
    delta3 = dC_da3 * a3 * (1 - a3)  # 2 × m

    # z3 = W3 @ a2 + b3
    #   W3[i,j] meets a2[j] in every example: the product with a2ᵀ adds them up
    J_W3 = delta3 @ a2.T  # 2 × 7
    #   b3 is added to every example's column: the changes add up
    J_b3 = np.sum(delta3, axis=1, keepdims=True)  # 2 × 1
    #   a2[j] acts through every unit i of layer 3: down the column j of W3
    dC_da2 = W3.T @ delta3  # 7 × m

    # a2 = sigmoid(z2)
    #   through σ, unit by unit; σ′(z) = a ∘ (1 − a)
    delta2 = dC_da2 * a2 * (1 - a2)  # 7 × m

    # z2 = W2 @ a1 + b2
    #   W2[i,j] meets a1[j] in every example: the product with a1ᵀ adds them up
    J_W2 = delta2 @ a1.T  # 7 × 6
    #   b2 is added to every example's column: the changes add up
    J_b2 = np.sum(delta2, axis=1, keepdims=True)  # 7 × 1
    #   a1[j] acts through every unit i of layer 2: down the column j of W2
    dC_da1 = W2.T @ delta2  # 6 × m

    # a1 = sigmoid(z1)
    #   through σ, unit by unit; σ′(z) = a ∘ (1 − a)
    delta1 = dC_da1 * a1 * (1 - a1)  # 6 × m

    # z1 = W1 @ a0 + b1
    #   W1[i,j] meets a0[j] in every example: the product with a0ᵀ adds them up
    J_W1 = delta1 @ a0.T  # 6 × 1
    #   b1 is added to every example's column: the changes add up
    J_b1 = np.sum(delta1, axis=1, keepdims=True)  # 6 × 1

    return {"W1": J_W1, "b1": J_b1, "W2": J_W2, "b2": J_b2, "W3": J_W3, "b3": J_b3}
