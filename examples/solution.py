"""Backpropagation by hand, as a learner wrote it. There is one mistake in it; find it with

chainrule check examples/solution.py
"""

import numpy as np


def sigma(z):
    return 1 / (1 + np.exp(-z))


def d_sigma(z):
    return sigma(z) * (1 - sigma(z))


def feed_forward(x):
    z1 = W1 @ x + b1
    a1 = sigma(z1)
    z2 = W2 @ a1 + b2
    a2 = sigma(z2)
    return z1, a1, z2, a2


def cost(x, y):
    return np.sum((feed_forward(x)[-1] - y) ** 2) / x.shape[1]


def J_W2(x, y):
    z1, a1, z2, a2 = feed_forward(x)
    delta2 = 2 * (a2 - y) * d_sigma(z2)
    return delta2 @ a1.T / x.shape[1]


def J_b2(x, y):
    z1, a1, z2, a2 = feed_forward(x)
    delta2 = 2 * (a2 - y) * d_sigma(z2)
    return np.sum(delta2, axis=1, keepdims=True) / x.shape[1]


def J_W1(x, y):
    z1, a1, z2, a2 = feed_forward(x)
    delta2 = 2 * (a2 - y) * d_sigma(z2)
    delta1 = (W2.T @ delta2) * d_sigma(a1)
    return delta1 @ x.T / x.shape[1]


def J_b1(x, y):
    z1, a1, z2, a2 = feed_forward(x)
    delta2 = 2 * (a2 - y) * d_sigma(z2)
    delta1 = (W2.T @ delta2) * d_sigma(a1)
    return np.sum(delta1, axis=1, keepdims=True) / x.shape[1]


W1, b1 = np.random.randn(4, 3), np.zeros((4, 1))
W2, b2 = np.random.randn(2, 4), np.zeros((2, 1))
