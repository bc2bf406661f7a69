"""Backpropagation of the network 2-3-3-2, leaky_relu(slope=0.3), elu(alpha=0.7), identity,
quantile(q=0.9).

Every line is one equation of the derivation. Examples are columns: a batch of m of them is a
matrix with m columns. Given are x (2 × m), y (2 × m), W1 (3 × 2), b1 (3 × 1), W2 (3 × 3),
b2 (3 × 1), W3 (2 × 3), b3 (2 × 1).

Written by chainrule, for arrays of float64. To make one step of gradient descent:

    jacobians = gradients(params, x, y)
    for name in params:
        params[name] = params[name] - learning_rate * jacobians[name]
"""

import numpy as np


def leaky_relu(z):
    """Return leaky_relu(z) = (0.3 z where z < 0, else z)."""
    return np.where(z < 0, 0.3 * z, z)


def elu(z):
    """Return elu(z) = (z where z > 0, else 0.7 (exp(z) − 1)), written so that nothing overflows."""
    return np.where(z > 0, z, 0.7 * np.expm1(np.where(z > 0, 0.0, z)))


def identity(z):
    """Return id(z) = z."""
    return z


def leaky_relu_derivative(z):
    """Return leaky_relu′(z) = (1 where z > 0, else 0.3)."""
    return np.where(z > 0, 1.0, 0.3)


def forward(params, x):
    """Return every value from the inputs to the outputs, by its name."""
    W1 = params["W1"]  # 3 × 2
    b1 = params["b1"]  # 3 × 1
    W2 = params["W2"]  # 3 × 3
    b2 = params["b2"]  # 3 × 1
    W3 = params["W3"]  # 2 × 3
    b3 = params["b3"]  # 2 × 1
    a0 = x  # 2 × m
    z1 = W1 @ a0 + b1  # 3 × m
    a1 = leaky_relu(z1)  # 3 × m
    z2 = W2 @ a1 + b2  # 3 × m
    a2 = elu(z2)  # 3 × m
    z3 = W3 @ a2 + b3  # 2 × m
    a3 = identity(z3)  # 2 × m
    return {"a0": a0, "z1": z1, "a1": a1, "z2": z2, "a2": a2, "z3": z3, "a3": a3}


def cost(params, x, y):
    """Return the cost, quantile cost: |a − y|, times 0.9 where a is too low, 0.1 where it is too
    high: summed over the outputs, averaged over the m examples.
    """
    values = forward(params, x)
    a3 = values["a3"]
    m = x.shape[1]  # examples
    return (1 / m) * np.sum(np.where(a3 > y, 0.1 * (a3 - y), -0.9 * (a3 - y)))


def gradients(params, x, y):
    """Return the Jacobian of the cost by every parameter, by its name."""
    values = forward(params, x)
    a0, z1, a1, a2, a3 = values["a0"], values["z1"], values["a1"], values["a2"], values["a3"]
    W2 = params["W2"]  # 3 × 3
    W3 = params["W3"]  # 2 × 3
    m = x.shape[1]  # examples

    # C = (1 / m) * np.sum(np.where(a3 > y, 0.1 * (a3 - y), -0.9 * (a3 - y)))
    #   the slope of either side
    dC_da3 = (1 / m) * np.where(a3 > y, 0.1, -0.9)  # 2 × m

    # a3 = identity(z3)
    #   through id, unit by unit; id′(z) = 1
    delta3 = dC_da3  # 2 × m

    # z3 = W3 @ a2 + b3
    #   W3[i,j] meets a2[j] in every example: the product with a2ᵀ adds them up
    J_W3 = delta3 @ a2.T  # 2 × 3
    #   b3 is added to every example's column: the changes add up
    J_b3 = np.sum(delta3, axis=1, keepdims=True)  # 2 × 1
    #   a2[j] acts through every unit i of layer 3: down the column j of W3
    dC_da2 = W3.T @ delta3  # 3 × m

    # a2 = elu(z2)
    #   through elu, unit by unit; elu′(z) = (1 where a > 0, else a + 0.7)
    delta2 = dC_da2 * np.where(a2 > 0, 1.0, a2 + 0.7)  # 3 × m

    # z2 = W2 @ a1 + b2
    #   W2[i,j] meets a1[j] in every example: the product with a1ᵀ adds them up
    J_W2 = delta2 @ a1.T  # 3 × 3
    #   b2 is added to every example's column: the changes add up
    J_b2 = np.sum(delta2, axis=1, keepdims=True)  # 3 × 1
    #   a1[j] acts through every unit i of layer 2: down the column j of W2
    dC_da1 = W2.T @ delta2  # 3 × m

    # a1 = leaky_relu(z1)
    #   through leaky_relu, unit by unit; leaky_relu′(z) = (1 where z > 0, else 0.3)
    delta1 = dC_da1 * leaky_relu_derivative(z1)  # 3 × m

    # z1 = W1 @ a0 + b1
    #   W1[i,j] meets a0[j] in every example: the product with a0ᵀ adds them up
    J_W1 = delta1 @ a0.T  # 3 × 2
    #   b1 is added to every example's column: the changes add up
    J_b1 = np.sum(delta1, axis=1, keepdims=True)  # 3 × 1

    return {"W1": J_W1, "b1": J_b1, "W2": J_W2, "b2": J_b2, "W3": J_W3, "b3": J_b3}
