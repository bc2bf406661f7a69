"""Backpropagation of the network 3-5-4-2, gelu, squared error, penalty λ = 0.2, dropout 0.25,
0.5.

Every line is one equation of the derivation. Examples are columns: a batch of m of them is a
matrix with m columns. Given are x (3 × m), y (2 × m), W1 (5 × 3), b1 (5 × 1), r1 (5 × m),
W2 (4 × 5), b2 (4 × 1), r2 (4 × m), W3 (2 × 4), b3 (2 × 1).

Written by chainrule, for arrays of float64. To make one step of gradient descent:

    jacobians = gradients(params, x, y, masks)
    for name in params:
        params[name] = params[name] - learning_rate * jacobians[name]
"""

import numpy as np
from scipy.special import erfc

LAMBDA = 0.2  # of the penalty on the weights


def normal_distribution(z):
    """Return Φ(z) = (1/2) (1 + erf((1/√2) z)), written so that nothing overflows."""
    return 0.5 * erfc(-((1 / np.sqrt(2)) * z))


def gelu(z):
    """Return gelu(z) = z ∘ Φ(z)."""
    return z * normal_distribution(z)


def normal_distribution_derivative(z):
    """Return Φ′(z) = (1/√(2π)) exp(−(1/2) z²), written so that nothing overflows."""
    return (1 / np.sqrt(2 * np.pi)) * np.exp(-(0.5 * np.clip(z, -40, 40) ** 2))


def gelu_derivative(z):
    """Return gelu′(z) = Φ(z) + z ∘ Φ′(z)."""
    return normal_distribution(z) + z * normal_distribution_derivative(z)


def forward(params, x, masks):
    """Return every value from the inputs to the outputs, by its name."""
    W1 = params["W1"]  # 5 × 3
    b1 = params["b1"]  # 5 × 1
    r1 = masks["r1"]  # 5 × m
    W2 = params["W2"]  # 4 × 5
    b2 = params["b2"]  # 4 × 1
    r2 = masks["r2"]  # 4 × m
    W3 = params["W3"]  # 2 × 4
    b3 = params["b3"]  # 2 × 1
    a0 = x  # 3 × m
    z1 = W1 @ a0 + b1  # 5 × m
    a1 = gelu(z1)  # 5 × m
    h1 = (4 / 3) * r1 * a1  # 5 × m
    z2 = W2 @ h1 + b2  # 4 × m
    a2 = gelu(z2)  # 4 × m
    h2 = 2 * r2 * a2  # 4 × m
    z3 = W3 @ h2 + b3  # 2 × m
    a3 = gelu(z3)  # 2 × m
    return {
        "a0": a0,
        "z1": z1,
        "a1": a1,
        "h1": h1,
        "z2": z2,
        "a2": a2,
        "h2": h2,
        "z3": z3,
        "a3": a3,
    }


def cost(params, x, y, masks):
    """Return the cost, squared error: summed over the outputs, averaged over the m examples;
    plus the penalty on the weights.
    """
    values = forward(params, x, masks)
    a3 = values["a3"]
    W1 = params["W1"]  # 5 × 3
    W2 = params["W2"]  # 4 × 5
    W3 = params["W3"]  # 2 × 4
    m = x.shape[1]  # examples
    penalty = (LAMBDA / 2) * sum(np.sum(W**2) for W in (W1, W2, W3))
    return (1 / m) * np.sum((a3 - y) ** 2) + penalty


def gradients(params, x, y, masks):
    """Return the Jacobian of the cost by every parameter, by its name."""
    values = forward(params, x, masks)
    a0 = values["a0"]
    z1 = values["z1"]
    h1 = values["h1"]
    z2 = values["z2"]
    h2 = values["h2"]
    z3 = values["z3"]
    a3 = values["a3"]
    W1 = params["W1"]  # 5 × 3
    r1 = masks["r1"]  # 5 × m
    W2 = params["W2"]  # 4 × 5
    r2 = masks["r2"]  # 4 × m
    W3 = params["W3"]  # 2 × 4
    m = x.shape[1]  # examples

    # C = (1 / m) * np.sum((a3 - y) ** 2) + …
    #   the derivative of the square
    dC_da3 = (2 / m) * (a3 - y)  # 2 × m

    # a3 = gelu(z3)
    #   through gelu, unit by unit; gelu′(z) = Φ(z) + z ∘ Φ′(z)
    delta3 = dC_da3 * gelu_derivative(z3)  # 2 × m

    # z3 = W3 @ h2 + b3
    # C = … + (LAMBDA / 2) * sum(np.sum(W**2) for W in (W1, W2, W3))
    #   W3[i,j] meets h2[j] in every example: the product with h2ᵀ adds them up; the slope of W3² is
    #     2 W3
    J_W3 = delta3 @ h2.T + LAMBDA * W3  # 2 × 4
    #   b3 is added to every example's column: the changes add up
    J_b3 = np.sum(delta3, axis=1, keepdims=True)  # 2 × 1
    #   h2[j] acts through every unit i of layer 3: down the column j of W3
    dC_dh2 = W3.T @ delta3  # 4 × m

    # h2 = 2 * r2 * a2
    #   a unit that is left out passes nothing back
    dC_da2 = 2 * r2 * dC_dh2  # 4 × m

    # a2 = gelu(z2)
    #   through gelu, unit by unit; gelu′(z) = Φ(z) + z ∘ Φ′(z)
    delta2 = dC_da2 * gelu_derivative(z2)  # 4 × m

    # z2 = W2 @ h1 + b2
    # C = … + (LAMBDA / 2) * sum(np.sum(W**2) for W in (W1, W2, W3))
    #   W2[i,j] meets h1[j] in every example: the product with h1ᵀ adds them up; the slope of W2² is
    #     2 W2
    J_W2 = delta2 @ h1.T + LAMBDA * W2  # 4 × 5
    #   b2 is added to every example's column: the changes add up
    J_b2 = np.sum(delta2, axis=1, keepdims=True)  # 4 × 1
    #   h1[j] acts through every unit i of layer 2: down the column j of W2
    dC_dh1 = W2.T @ delta2  # 5 × m

    # h1 = (4 / 3) * r1 * a1
    #   a unit that is left out passes nothing back
    dC_da1 = (4 / 3) * r1 * dC_dh1  # 5 × m

    # a1 = gelu(z1)
    #   through gelu, unit by unit; gelu′(z) = Φ(z) + z ∘ Φ′(z)
    delta1 = dC_da1 * gelu_derivative(z1)  # 5 × m

    # z1 = W1 @ a0 + b1
    # C = … + (LAMBDA / 2) * sum(np.sum(W**2) for W in (W1, W2, W3))
    #   W1[i,j] meets a0[j] in every example: the product with a0ᵀ adds them up; the slope of W1² is
    #     2 W1
    J_W1 = delta1 @ a0.T + LAMBDA * W1  # 5 × 3
    #   b1 is added to every example's column: the changes add up
    J_b1 = np.sum(delta1, axis=1, keepdims=True)  # 5 × 1

    return {"W1": J_W1, "b1": J_b1, "W2": J_W2, "b2": J_b2, "W3": J_W3, "b3": J_b3}
