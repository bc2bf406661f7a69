"""Backpropagation of the network 2-4-3, silu, softmax, cross-entropy.

Every line is one equation of the derivation. Examples are columns: a batch of m of them is a
matrix with m columns. Given are x (2 × m), y (3 × m), w (1 × m), W1 (4 × 2), b1 (4 × 1),
W2 (3 × 4), b2 (3 × 1).

Written by chainrule, for arrays of float64. To make one step of gradient descent:

    jacobians = gradients(params, x, y, w)
    for name in params:
        params[name] = params[name] - learning_rate * jacobians[name]
"""

import numpy as np


def sigmoid(z):
    """Return σ(z) = 1 / (1 + exp(−z)), written so that nothing overflows."""
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1.0, e) / (1 + e)


def silu(z):
    """Return silu(z) = z ∘ σ(z)."""
    return z * sigmoid(z)


def sigmoid_derivative(z):
    """Return σ′(z) = exp(−z) / (1 + exp(−z))², written so that nothing overflows."""
    e = np.exp(-np.abs(z))
    return e / (1 + e) ** 2


def silu_derivative(z):
    """Return silu′(z) = σ(z) + z ∘ σ′(z)."""
    return sigmoid(z) + z * sigmoid_derivative(z)


def softmax(z):
    """Return exp(z) / Σ_units exp(z); the largest of a column is taken off first: no overflow."""
    e = np.exp(z - np.max(z, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)


def log_softmax(z):
    """Return log(softmax(z)), taken at once: z − log Σ_units exp(z), without overflow."""
    shifted = z - np.max(z, axis=0, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=0, keepdims=True))


def forward(params, x):
    """Return every value from the inputs to the outputs, by its name."""
    W1 = params["W1"]  # 4 × 2
    b1 = params["b1"]  # 4 × 1
    W2 = params["W2"]  # 3 × 4
    b2 = params["b2"]  # 3 × 1
    a0 = x  # 2 × m
    z1 = W1 @ a0 + b1  # 4 × m
    a1 = silu(z1)  # 4 × m
    z2 = W2 @ a1 + b2  # 3 × m
    a2 = softmax(z2)  # 3 × m
    return {"a0": a0, "z1": z1, "a1": a1, "z2": z2, "a2": a2}


def cost(params, x, y, w):
    """Return the cost, cross-entropy, −y log a: summed over the outputs, averaged over the
    examples by their weights w; log softmax(z) = z − log Σ exp(z), taken at once, cannot
    overflow.
    """
    values = forward(params, x)
    z2 = values["z2"]
    sum_w = np.sum(w)
    return -(1 / sum_w) * np.sum(w * y * log_softmax(z2))


def gradients(params, x, y, w):
    """Return the Jacobian of the cost by every parameter, by its name."""
    values = forward(params, x)
    a0, z1, a1, a2 = values["a0"], values["z1"], values["a1"], values["a2"]
    W2 = params["W2"]  # 3 × 4
    sum_w = np.sum(w)

    # a2 = softmax(z2)
    # C = -(1 / sum_w) * np.sum(w * y * log_softmax(z2))
    #   through softmax: every unit of z2 moves every output of its example; with cross-entropy,
    #     what is left of it is a − y, since y sums to 1
    delta2 = (1 / sum_w) * w * (a2 - y)  # 3 × m

    # z2 = W2 @ a1 + b2
    #   W2[i,j] meets a1[j] in every example: the product with a1ᵀ adds them up
    J_W2 = delta2 @ a1.T  # 3 × 4
    #   b2 is added to every example's column: the changes add up
    J_b2 = np.sum(delta2, axis=1, keepdims=True)  # 3 × 1
    #   a1[j] acts through every unit i of layer 2: down the column j of W2
    dC_da1 = W2.T @ delta2  # 4 × m

    # a1 = silu(z1)
    #   through silu, unit by unit; silu′(z) = σ(z) + z ∘ σ′(z)
    delta1 = dC_da1 * silu_derivative(z1)  # 4 × m

    # z1 = W1 @ a0 + b1
    #   W1[i,j] meets a0[j] in every example: the product with a0ᵀ adds them up
    J_W1 = delta1 @ a0.T  # 4 × 2
    #   b1 is added to every example's column: the changes add up
    J_b1 = np.sum(delta1, axis=1, keepdims=True)  # 4 × 1

    return {"W1": J_W1, "b1": J_b1, "W2": J_W2, "b2": J_b2}
