"""Functions that return a cost and its gradients, as people write them, and edits of them."""

TWO_LAYER_NET = """
import numpy as np

class TwoLayerNet(object):
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params['W1'] = std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        N, D = X.shape
        hidden = np.maximum(0, X.dot(W1) + b1)
        scores = hidden.dot(W2) + b2
        if y is None:
            return scores
        shifted = scores - np.max(scores, axis=1, keepdims=True)
        probs = np.exp(shifted) / np.sum(np.exp(shifted), axis=1, keepdims=True)
        loss = -np.sum(np.log(probs[np.arange(N), y])) / N
        loss += reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        grads = {}
        dscores = probs.copy()
        dscores[np.arange(N), y] -= 1
        dscores /= N
        grads['W2'] = hidden.T.dot(dscores) + 2 * reg * W2
        grads['b2'] = np.sum(dscores, axis=0)
        dhidden = dscores.dot(W2.T)
        dhidden[hidden <= 0] = 0
        grads['W1'] = X.T.dot(dhidden) + 2 * reg * W1
        grads['b1'] = np.sum(dhidden, axis=0)
        return loss, grads

    def train(self, X, y, X_val, y_val, learning_rate=1e-3, reg=5e-6, num_iters=100):
        for it in range(num_iters):
            loss, grads = self.loss(X, y=y, reg=reg)
            for k in self.params:
                self.params[k] -= learning_rate * grads[k]

    def predict(self, X):
        return np.argmax(self.loss(X), axis=1)
"""

SOFTMAX_LOOPS = '''
import numpy as np
from random import shuffle

def softmax_loss_naive(W, X, y, reg):
    """Inputs: W (D, C), X (N, D), y (N,)"""
    loss = 0.0
    dW = np.zeros_like(W)
    num_train = X.shape[0]
    num_classes = W.shape[1]
    for i in range(num_train):
        scores = X[i].dot(W)
        scores -= np.max(scores)
        p = np.exp(scores) / np.sum(np.exp(scores))
        loss += -np.log(p[y[i]])
        for j in range(num_classes):
            dW[:, j] += (p[j] - (j == y[i])) * X[i]
    loss /= num_train
    dW /= num_train
    loss += 0.5 * reg * np.sum(W * W)
    dW += reg * W
    return loss, dW

def softmax_loss_vectorized(W, X, y, reg):
    n = X.shape[0]
    scores = X @ W
    scores = scores - scores.max(axis=1, keepdims=True)
    e = np.exp(scores)
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[range(n), y]).mean() + 0.5 * reg * np.sum(W ** 2)
    p[range(n), y] -= 1
    dW = X.T @ p / n + reg * W
    return loss, dW
'''

HINGE = """
import numpy as np

def svm_loss_naive(W, X, y, reg):
    dW = np.zeros(W.shape)
    num_classes = W.shape[1]
    num_train = X.shape[0]
    loss = 0.0
    for i in range(num_train):
        scores = X[i].dot(W)
        correct = scores[y[i]]
        for j in range(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct + 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss /= num_train
    loss += reg * np.sum(W * W)
    dW /= num_train
    dW += 2 * reg * W
    return loss, dW
"""

UNROLLED = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def sigmoidGradient(z):
    return sigmoid(z) * (1 - sigmoid(z))

def nnCostFunction(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, Lambda):
    Theta1 = nn_params[:hidden_layer_size * (input_layer_size + 1)].reshape(hidden_layer_size, input_layer_size + 1)
    Theta2 = nn_params[hidden_layer_size * (input_layer_size + 1):].reshape(num_labels, hidden_layer_size + 1)
    m = X.shape[0]
    y10 = np.zeros((m, num_labels))
    X1 = np.hstack((np.ones((m, 1)), X))
    a1 = sigmoid(X1 @ Theta1.T)
    a1 = np.hstack((np.ones((m, 1)), a1))
    a2 = sigmoid(a1 @ Theta2.T)
    for i in range(1, num_labels + 1):
        y10[:, i - 1] = np.where(y == i, 1, 0)
    J = 1 / m * np.sum(-y10 * np.log(a2) - (1 - y10) * np.log(1 - a2))
    J = J + Lambda / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))
    grad1 = np.zeros(Theta1.shape)
    grad2 = np.zeros(Theta2.shape)
    for i in range(m):
        xi = X1[i, :]
        a1i = a1[i, :]
        d2 = a2[i, :] - y10[i, :]
        d1 = Theta2.T @ d2 * sigmoidGradient(np.hstack((1, xi @ Theta1.T)))
        grad1 = grad1 + d1[1:][:, np.newaxis] @ xi[:, np.newaxis].T
        grad2 = grad2 + d2.T[:, np.newaxis] @ a1i[:, np.newaxis].T
    grad1 = 1 / m * grad1
    grad2 = 1 / m * grad2
    grad1 = grad1 + (Lambda / m) * np.hstack((np.zeros((Theta1.shape[0], 1)), Theta1[:, 1:]))
    grad2 = grad2 + (Lambda / m) * np.hstack((np.zeros((Theta2.shape[0], 1)), Theta2[:, 1:]))
    grad = np.concatenate((grad1.ravel(), grad2.ravel()))
    return J, grad
"""

ARGUMENTS = """
import numpy as np

def loss_and_grads(X, y, W1, b1, W2, b2, reg=0.0):
    # forward
    h = np.tanh(np.dot(X, W1) + b1)
    out = np.dot(h, W2) + b2
    diff = out - y
    loss = 0.5 * np.mean(np.sum(diff ** 2, axis=1)) + 0.5 * reg * (np.sum(W1 ** 2) + np.sum(W2 ** 2))
    # backward
    dout = diff / X.shape[0]
    dW2 = np.dot(h.T, dout) + reg * W2
    db2 = dout.sum(axis=0)
    dh = np.dot(dout, W2.T)
    dpre = dh * (1 - h ** 2)
    dW1 = np.dot(X.T, dpre) + reg * W1
    db1 = dpre.sum(axis=0)
    return loss, dW1, db1, dW2, db2
"""

DICTIONARY = """
import numpy as np

def compute(params, X, Y, reg):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    m = X.shape[1]
    Z1 = W1 @ X + b1
    A1 = np.maximum(Z1, 0)
    Z2 = W2 @ A1 + b2
    E = np.exp(Z2 - Z2.max(axis=0))
    P = E / E.sum(axis=0)
    cost = -np.sum(Y * np.log(P)) / m + reg / 2 * (np.sum(W1 ** 2) + np.sum(W2 ** 2))
    dZ2 = (P - Y) / m
    dW2 = dZ2 @ A1.T + reg * W2
    db2 = dZ2.sum(axis=1, keepdims=True)
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * (Z1 > 0)
    dW1 = dZ1 @ X.T + reg * W1
    db1 = dZ1.sum(axis=1, keepdims=True)
    return cost, {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

LOGISTIC = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def propagate(w, b, X, Y):
    m = X.shape[1]
    A = sigmoid(np.dot(w.T, X) + b)
    cost = -1 / m * np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    dw = 1 / m * np.dot(X, (A - Y).T)
    db = 1 / m * np.sum(A - Y)
    cost = np.squeeze(cost)
    grads = {"dw": dw, "db": db}
    return grads, cost
"""

LAYERS = """
import numpy as np

def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    cache = (x, w, b)
    return out, cache

def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db

def relu_forward(x):
    out = np.maximum(0, x)
    cache = x
    return out, cache

def relu_backward(dout, cache):
    dx, x = None, cache
    dx = dout * (x > 0)
    return dx

def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get('eps', 1e-5)
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta, (xhat, gamma, var, eps)

def batchnorm_backward(dout, cache):
    xhat, gamma, var, eps = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dx = (N * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0)) / (N * np.sqrt(var + eps))
    return dx, dgamma, dbeta

def softmax_loss(x, y):
    shifted = x - x.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    N = x.shape[0]
    loss = -np.sum(logp[np.arange(N), y]) / N
    dx = np.exp(logp)
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx
"""

LINEAR = """
import numpy as np

def cost_and_gradient(theta, X, y):
    m = len(y)
    err = X @ theta - y
    J = err @ err / (2 * m)
    grad = X.T @ err / m
    return J, grad
"""

RIGHT = {name: value for name, value in list(globals().items()) if name.isupper()}

PLANTED = [
    (
        "TWO_LAYER_NET",
        "penalty_factor",
        (
            "grads['W1'] = X.T.dot(dhidden) + 2 * reg * W1",
            "grads['W1'] = X.T.dot(dhidden) + reg * W1",
        ),
    ),
    (
        "TWO_LAYER_NET",
        "penalty_missing",
        ("hidden.T.dot(dscores) + 2 * reg * W2", "hidden.T.dot(dscores)"),
    ),
    ("TWO_LAYER_NET", "missing_hidden_derivative", ("        dhidden[hidden <= 0] = 0\n", "")),
    ("TWO_LAYER_NET", "missing_mean", ("        dscores /= N\n", "")),
    (
        "TWO_LAYER_NET",
        "bias_mean_again",
        ("grads['b1'] = np.sum(dhidden, axis=0)", "grads['b1'] = np.mean(dhidden, axis=0)"),
    ),
    ("SOFTMAX_LOOPS", "missing_mean", ("    dW /= num_train\n", "")),
    ("HINGE", "penalty_sign", ("dW += 2 * reg * W", "dW -= 2 * reg * W")),
    ("UNROLLED", "penalty_factor", ("grad1 = grad1 + (Lambda / m)", "grad1 = grad1 + Lambda")),
    (
        "UNROLLED",
        "missing_hidden_derivative",
        (" * sigmoidGradient(np.hstack((1, xi @ Theta1.T)))", ""),
    ),
    ("ARGUMENTS", "derivative_at_activation", ("(1 - h ** 2)", "(1 - np.tanh(h) ** 2)")),
    (
        "ARGUMENTS",
        "penalty_on_bias",
        ("db2 = dout.sum(axis=0)", "db2 = dout.sum(axis=0) + reg * b2"),
    ),
    ("ARGUMENTS", "constant_factor", ("dout = diff / X", "dout = 2 * diff / X")),
    ("DICTIONARY", "bias_not_summed", ("db1 = dZ1.sum(axis=1, keepdims=True)", "db1 = dZ1")),
    ("LOGISTIC", "sign", ("(A - Y).T)", "(Y - A).T)")),
    ("LAYERS", "constant_factor", ("dx = dout.dot(w.T)", "dx = 2 * dout.dot(w.T)")),
    ("LAYERS", "bias_not_summed", ("    db = np.sum(dout, axis=0)", "    db = dout")),
    ("LAYERS", "missing_mean", ("    dx /= N\n", "")),
    ("LINEAR", "double_mean", ("X.T @ err / m", "X.T @ err / m / m")),
]
