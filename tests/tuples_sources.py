"""Right solutions of plain functions with tuples, as people write them."""

KAGGLE = """
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

data = pd.read_csv('digits/train.csv')
data = np.array(data)
m, n = data.shape
np.random.shuffle(data)
data_train = data[1000:m].T
Y_train = data_train[0]
X_train = data_train[1:n]
X_train = X_train / 255.

def init_params():
    W1 = np.random.rand(10, 784) - 0.5
    b1 = np.random.rand(10, 1) - 0.5
    W2 = np.random.rand(10, 10) - 0.5
    b2 = np.random.rand(10, 1) - 0.5
    return W1, b1, W2, b2

def ReLU(Z):
    return np.maximum(Z, 0)

def softmax(Z):
    return np.exp(Z) / sum(np.exp(Z))

def forward_prop(W1, b1, W2, b2, X):
    Z1 = W1.dot(X) + b1
    A1 = ReLU(Z1)
    Z2 = W2.dot(A1) + b2
    A2 = softmax(Z2)
    return Z1, A1, Z2, A2

def ReLU_deriv(Z):
    return Z > 0

def one_hot(Y):
    hot = np.zeros((Y.size, Y.max() + 1))
    hot[np.arange(Y.size), Y] = 1
    return hot.T

def backward_prop(Z1, A1, Z2, A2, W1, W2, X, Y):
    one_hot_Y = one_hot(Y)
    dZ2 = A2 - one_hot_Y
    dW2 = 1 / m * dZ2.dot(A1.T)
    db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = W2.T.dot(dZ2) * ReLU_deriv(Z1)
    dW1 = 1 / m * dZ1.dot(X.T)
    db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)
    return dW1, db1, dW2, db2

def update_params(W1, b1, W2, b2, dW1, db1, dW2, db2, alpha):
    W1 = W1 - alpha * dW1
    b1 = b1 - alpha * db1
    W2 = W2 - alpha * dW2
    b2 = b2 - alpha * db2
    return W1, b1, W2, b2

def get_predictions(A2):
    return np.argmax(A2, 0)

def gradient_descent(X, Y, alpha, iterations):
    W1, b1, W2, b2 = init_params()
    for i in range(iterations):
        Z1, A1, Z2, A2 = forward_prop(W1, b1, W2, b2, X)
        dW1, db1, dW2, db2 = backward_prop(Z1, A1, Z2, A2, W1, W2, X, Y)
        W1, b1, W2, b2 = update_params(W1, b1, W2, b2, dW1, db1, dW2, db2, alpha)
        if i % 10 == 0:
            print("Iteration: ", i)
            print(get_predictions(A2))
    return W1, b1, W2, b2

W1, b1, W2, b2 = gradient_descent(X_train, Y_train, 0.10, 500)
"""

# The bias gradients have one axis; the update gives them their second one back.
RESHAPED = (
    KAGGLE.replace("axis=1, keepdims=True", "1")
    .replace("b1 = b1 - alpha * db1", "b1 = b1 - alpha * np.reshape(db1, (10, 1))")
    .replace("b2 = b2 - alpha * db2", "b2 = b2 - alpha * np.reshape(db2, (10, 1))")
)

# Sigmoid and squared error by columns; the cost takes targets first.
COLUMNS = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def d_sigmoid(z):
    s = sigmoid(z)
    return s * (1 - s)

def forward(x, W1, b1, W2, b2):
    z1 = W1 @ x + b1
    a1 = sigmoid(z1)
    z2 = W2 @ a1 + b2
    a2 = sigmoid(z2)
    return z1, a1, z2, a2

def compute_cost(y, y_hat):
    m = y.shape[1]
    return np.sum((y_hat - y) ** 2) / (2 * m)

def backward(x, y, W2, z1, a1, z2, a2):
    m = x.shape[1]
    delta2 = (a2 - y) * d_sigmoid(z2)
    dW2 = delta2 @ a1.T / m
    db2 = np.sum(delta2, axis=1, keepdims=True) / m
    delta1 = (W2.T @ delta2) * d_sigmoid(z1)
    dW1 = delta1 @ x.T / m
    db1 = np.sum(delta1, axis=1, keepdims=True) / m
    return dW1, db1, dW2, db2

def train(x, y, epochs=1000, lr=0.5):
    W1, b1 = np.random.randn(4, x.shape[0]), np.zeros((4, 1))
    W2, b2 = np.random.randn(y.shape[0], 4), np.zeros((y.shape[0], 1))
    for epoch in range(epochs):
        z1, a1, z2, a2 = forward(x, W1, b1, W2, b2)
        dW1, db1, dW2, db2 = backward(x, y, W2, z1, a1, z2, a2)
        W1 -= lr * dW1
        b1 -= lr * db1
        W2 -= lr * dW2
        b2 -= lr * db2
    return W1, b1, W2, b2
"""

# Rows, no biases, two sigmoid layers, gradients that are called grad_w1 and grad_w2.
NO_BIASES = """
import numpy as np

X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
y = np.array([[0], [1], [1], [0]])

def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))

def sigmoid_derivative(x):
    return x * (1.0 - x)

w1 = np.random.rand(3, 4)
w2 = np.random.rand(4, 1)

def forward(x, w1, w2):
    hidden = sigmoid(np.dot(x, w1))
    output = sigmoid(np.dot(hidden, w2))
    return hidden, output

def loss(output, y):
    return ((output - y) ** 2).sum()

def backward(x, y, hidden, output, w2):
    error = 2 * (output - y) * sigmoid_derivative(output)
    grad_w2 = np.dot(hidden.T, error)
    grad_w1 = np.dot(x.T, np.dot(error, w2.T) * sigmoid_derivative(hidden))
    return grad_w1, grad_w2

for i in range(1500):
    hidden, output = forward(X, w1, w2)
    g1, g2 = backward(X, y, hidden, output, w2)
    w1 -= g1
    w2 -= g2
    if i % 100 == 0:
        print(loss(output, y))
"""

# Rows, tanh and one sigmoid output, binary cross-entropy, biases (1, n), names with words in them.
WORDS = """
import numpy as np

def initialize(n_in, n_hidden, n_out):
    w_hidden = np.random.randn(n_in, n_hidden) * 0.01
    b_hidden = np.zeros((1, n_hidden))
    w_out = np.random.randn(n_hidden, n_out) * 0.01
    b_out = np.zeros((1, n_out))
    return w_hidden, b_hidden, w_out, b_out

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def forward_pass(X, w_hidden, b_hidden, w_out, b_out):
    hidden_in = X.dot(w_hidden) + b_hidden
    hidden = np.tanh(hidden_in)
    out_in = hidden.dot(w_out) + b_out
    probs = sigmoid(out_in)
    return hidden, probs

def binary_cross_entropy(y, p):
    eps = 1e-12
    p = np.clip(p, eps, 1 - eps)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

def backward_pass(X, y, hidden, probs, w_out):
    n = len(X)
    d_out = (probs - y) / n
    dw_out = hidden.T.dot(d_out)
    db_out = d_out.sum(axis=0, keepdims=True)
    d_hidden = d_out.dot(w_out.T) * (1 - hidden ** 2)
    dw_hidden = X.T.dot(d_hidden)
    db_hidden = d_hidden.sum(axis=0, keepdims=True)
    return dw_hidden, db_hidden, dw_out, db_out
"""

# Lists of weights and biases, any number of layers.
LISTS = """
import numpy as np

def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))

def init(sizes):
    weights = [np.random.randn(n, p) for p, n in zip(sizes[:-1], sizes[1:])]
    biases = [np.random.randn(n, 1) for n in sizes[1:]]
    return weights, biases

def forward(X, weights, biases):
    activations = [X]
    zs = []
    for W, b in zip(weights, biases):
        z = np.dot(W, activations[-1]) + b
        zs.append(z)
        activations.append(sigmoid(z))
    return activations, zs

def mse(a, y):
    return 0.5 * np.mean(np.sum((a - y) ** 2, axis=0))

def backward(y, activations, zs, weights):
    m = y.shape[1]
    L = len(weights)
    dW = [None] * L
    db = [None] * L
    delta = (activations[-1] - y) * sigmoid_prime(zs[-1])
    for l in reversed(range(L)):
        dW[l] = delta @ activations[l].T / m
        db[l] = delta.sum(axis=1, keepdims=True) / m
        if l > 0:
            delta = weights[l].T @ delta * sigmoid_prime(zs[l - 1])
    return dW, db

def update(weights, biases, dW, db, lr):
    for l in range(len(weights)):
        weights[l] = weights[l] - lr * dW[l]
        biases[l] = biases[l] - lr * db[l]
    return weights, biases
"""

# One list with everything in it, rows, ReLU and softmax, one-hot targets, biases (n,).
PARAMS = """
import numpy as np

def relu(x):
    return np.where(x > 0, x, 0)

def softmax(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def forward(params, X):
    W1, b1, W2, b2 = params
    h = relu(X @ W1 + b1)
    probs = softmax(h @ W2 + b2)
    return h, probs

def cross_entropy(probs, Y):
    return -np.sum(Y * np.log(probs + 1e-9)) / Y.shape[0]

def backward(params, X, Y, h, probs):
    W1, b1, W2, b2 = params
    dscores = (probs - Y) / X.shape[0]
    dW2 = h.T @ dscores
    db2 = dscores.sum(axis=0)
    dh = dscores @ W2.T
    dh[h <= 0] = 0
    dW1 = X.T @ dh
    db1 = dh.sum(axis=0)
    return [dW1, db1, dW2, db2]

def step(params, grads, lr=0.1):
    return [p - lr * g for p, g in zip(params, grads)]
"""

# Three layers, labels picked by their place, a loop over pairs of parameters.
PAIRS = """
import numpy as np

def init_network(sizes):
    return [(np.random.randn(a, b) / np.sqrt(a), np.zeros(b)) for a, b in zip(sizes, sizes[1:])]

def forward(network, x):
    activations = [x]
    for i, (w, b) in enumerate(network):
        z = activations[-1] @ w + b
        if i < len(network) - 1:
            activations.append(np.tanh(z))
        else:
            z = z - z.max(axis=1, keepdims=True)
            activations.append(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))
    return activations

def loss_fn(probs, labels):
    return -np.log(probs[np.arange(len(labels)), labels]).mean()

def backprop(network, activations, labels):
    n = len(labels)
    delta = activations[-1].copy()
    delta[np.arange(n), labels] -= 1
    delta /= n
    grads = []
    for i in reversed(range(len(network))):
        w, b = network[i]
        grads.append((activations[i].T @ delta, delta.sum(axis=0)))
        if i > 0:
            delta = (delta @ w.T) * (1 - activations[i] ** 2)
    return grads[::-1]
"""

# Three layers, a cache that is a tuple, everything in another order.
CACHE = """
import numpy as np

def act(z):
    return np.tanh(z)

def act_prime(z):
    return 1 - np.tanh(z) ** 2

def forward(X, W1, W2, W3, b1, b2, b3):
    Z1 = W1 @ X + b1
    A1 = act(Z1)
    Z2 = W2 @ A1 + b2
    A2 = act(Z2)
    Z3 = W3 @ A2 + b3
    cache = (Z1, A1, Z2, A2)
    return Z3, cache

def backward(X, Y, yhat, cache, W3, W2):
    (Z1, A1, Z2, A2) = cache
    m = X.shape[1]
    dZ3 = 2 * (yhat - Y) / m
    dW3 = dZ3 @ A2.T
    db3 = dZ3.sum(axis=1).reshape(-1, 1)
    dZ2 = (W3.T @ dZ3) * act_prime(Z2)
    dW2 = np.einsum("im,jm->ij", dZ2, A1)
    db2 = dZ2.sum(axis=1).reshape(-1, 1)
    dZ1 = (W2.T @ dZ2) * act_prime(Z1)
    dW1 = np.einsum("im,jm->ij", dZ1, X)
    db1 = dZ1.sum(axis=1).reshape(-1, 1)
    return db1, db2, db3, dW1, dW2, dW3

def cost(Y, yhat):
    return np.mean(np.sum((yhat - Y) ** 2, axis=0))
"""

# Globals for parameters, a batch size that is a number, W.T in the forward pass.
GLOBALS = """
import numpy as np

batch_size = 64
W1 = np.random.normal(size=(128, 784))
W2 = np.random.normal(size=(10, 128))

def sig(x):
    return 1 / (1 + np.exp(-x))

def forward(x):
    h = sig(x @ W1.T)
    o = sig(h @ W2.T)
    return h, o

def backward(x, h, o, target):
    d_o = (o - target) * o * (1 - o)
    d_h = (d_o @ W2) * h * (1 - h)
    dW1 = d_h.T @ x / batch_size
    dW2 = d_o.T @ h / batch_size
    return dW1, dW2
"""

# Both passes in one function that gives the loss as well.
TOGETHER = """
import numpy as np

def forward(X, W1, b1, W2, b2):
    H = np.maximum(0, X @ W1 + b1)
    return H, H @ W2 + b2

def loss_and_gradients(X, Y, W1, b1, W2, b2):
    H, P = forward(X, W1, b1, W2, b2)
    N = X.shape[0]
    loss = np.sum((P - Y) ** 2) / N
    dP = 2 * (P - Y) / N
    dW2 = H.T @ dP
    db2 = dP.sum(0)
    dH = dP @ W2.T * (H > 0)
    return loss, X.T @ dH, dH.sum(0), dW2, db2

def fit(X, Y, W1, b1, W2, b2, lr):
    for _ in range(100):
        loss, dW1, db1, dW2, db2 = loss_and_gradients(X, Y, W1, b1, W2, b2)
        W1 = W1 - lr * dW1
        b1 = b1 - lr * db1
        W2 = W2 - lr * dW2
        b2 = b2 - lr * db2
    return W1, b1, W2, b2
"""

# The backward pass moves the parameters itself.
MOVING = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def forward(X, W1, b1, W2, b2):
    A1 = sigmoid(X @ W1 + b1)
    A2 = sigmoid(A1 @ W2 + b2)
    return A1, A2

def loss(A2, y):
    return np.sum((A2 - y) ** 2) / (2 * len(y))

def backward(X, y, A1, A2, W1, b1, W2, b2, learning_rate):
    n = X.shape[0]
    delta2 = (A2 - y) * A2 * (1 - A2) / n
    delta1 = (delta2 @ W2.T) * A1 * (1 - A1)
    W2 = W2 - learning_rate * A1.T @ delta2
    b2 = b2 - learning_rate * delta2.sum(axis=0, keepdims=True)
    W1 = W1 - learning_rate * X.T @ delta1
    b1 = b1 - learning_rate * delta1.sum(axis=0, keepdims=True)
    return W1, b1, W2, b2
"""

# Cache and gradients in dictionaries, weights one by one, another way to say one-hot.
MIXED = """
import numpy as np

def tanh(z):
    return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))

def softmax(z):
    exp = np.exp(z - np.max(z, axis=0))
    return exp / np.sum(exp, axis=0)

def feedForward(X, W1, b1, W2, b2):
    Z1 = np.dot(W1, X) + b1
    A1 = tanh(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = softmax(Z2)
    cache = {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}
    return A2, cache

def crossEntropy(A2, Y):
    return -np.sum(Y * np.log(A2)) / Y.shape[1]

def backPropagation(X, labels, cache, W2):
    m = X.shape[1]
    Y = np.eye(W2.shape[0])[labels].T
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = A2 - Y
    dW2 = np.dot(dZ2, A1.T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = np.dot(W2.T, dZ2) * (1 - np.power(A1, 2))
    dW1 = np.dot(dZ1, X.T) / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
    return grads
"""

# Regression with targets that have one axis.
FLAT = """
import numpy as np

def predict(X, w1, b1, w2, b2):
    h = np.maximum(0, X @ w1 + b1)
    y_pred = (h @ w2 + b2).ravel()
    return h, y_pred

def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)

def gradients(X, y, w1, b1, w2, b2):
    h, y_pred = predict(X, w1, b1, w2, b2)
    n = len(y)
    d_pred = (2 / n * (y_pred - y)).reshape(-1, 1)
    grad_w2 = h.T @ d_pred
    grad_b2 = d_pred.sum(axis=0)
    d_h = d_pred @ w2.T
    d_h[h == 0] = 0
    grad_w1 = X.T @ d_h
    grad_b1 = d_h.sum(axis=0)
    return grad_w1, grad_b1, grad_w2, grad_b2
"""

# One example at a time, vectors with one axis, the outer product.
SINGLE = """
import numpy as np

X = np.random.rand(100, 2)
y = np.random.rand(100, 1)

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def forward(x, W1, b1, W2, b2):
    z1 = np.dot(W1, x) + b1
    a1 = sigmoid(z1)
    z2 = np.dot(W2, a1) + b2
    a2 = sigmoid(z2)
    return a1, a2

def backward(x, t, a1, a2, W2):
    delta2 = (a2 - t) * a2 * (1 - a2)
    delta1 = np.dot(W2.T, delta2) * a1 * (1 - a1)
    return np.outer(delta1, x), delta1, np.outer(delta2, a1), delta2

W1, b1 = np.random.randn(4, 2), np.zeros(4)
W2, b2 = np.random.randn(1, 4), np.zeros(1)
for epoch in range(100):
    for i in range(len(X)):
        a1, a2 = forward(X[i], W1, b1, W2, b2)
        dW1, db1, dW2, db2 = backward(X[i], y[i], a1, a2, W2)
        W1 -= 0.1 * dW1
        b1 -= 0.1 * db1
        W2 -= 0.1 * dW2
        b2 -= 0.1 * db2
"""

# One example at a time as a column; over many examples the bias gradients would lack a sum.
COLUMN = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def forward(x, W1, b1, W2, b2):
    z1 = W1 @ x + b1
    a1 = sigmoid(z1)
    z2 = W2 @ a1 + b2
    return z1, a1, z2, sigmoid(z2)

def backward(x, y, z1, a1, z2, a2, W2):
    dz2 = (a2 - y) * a2 * (1 - a2)
    dz1 = (W2.T @ dz2) * a1 * (1 - a1)
    return dz1 @ x.T, dz1, dz2 @ a1.T, dz2

def train(X, Y, W1, b1, W2, b2, lr):
    for x, y in zip(X, Y):
        x, y = x.reshape(-1, 1), y.reshape(-1, 1)
        z1, a1, z2, a2 = forward(x, W1, b1, W2, b2)
        dW1, db1, dW2, db2 = backward(x, y, z1, a1, z2, a2, W2)
        W1 = W1 - lr * dW1
        b1 = b1 - lr * db1
        W2 = W2 - lr * dW2
        b2 = b2 - lr * db2
    return W1, b1, W2, b2
"""

# A penalty, functions that are handed in, arguments that must be named.
PENALTY = """
import numpy as np

lam = 0.3

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))

def forward(X, Wxh, Why, bh, by, f):
    zh = Wxh @ X + bh
    h = f(zh)
    zy = Why @ h + by
    yhat = f(zy)
    return zh, h, zy, yhat

def loss(yhat, Y, Wxh, Why):
    m = Y.shape[1]
    return np.sum((yhat - Y) ** 2) / m + lam / 2 * (np.sum(Wxh ** 2) + np.sum(Why ** 2))

def backward(*, X, Y, zh, h, zy, yhat, Wxh, Why, df):
    m = Y.shape[1]
    dzy = 2 * (yhat - Y) * df(zy) / m
    dWhy = dzy @ h.T + lam * Why
    dby = dzy.sum(axis=1, keepdims=True)
    dzh = Why.T @ dzy * df(zh)
    dWxh = dzh @ X.T + lam * Wxh
    dbh = dzh.sum(axis=1, keepdims=True)
    return dWxh, dbh, dWhy, dby

def fit(X, Y, Wxh, Why, bh, by):
    zh, h, zy, yhat = forward(X, Wxh, Why, bh, by, sigmoid)
    return backward(X=X, Y=Y, zh=zh, h=h, zy=zy, yhat=yhat, Wxh=Wxh, Why=Why, df=sigmoid_prime)
"""

# One list, read by its places; three layers; labels in a column; a sum in place of the mean.
PLACES = """
import numpy as np

def relu(z):
    return z * (z > 0)

def one_hot_encode(labels, classes):
    out = np.zeros((len(labels), classes))
    for i, label in enumerate(labels):
        out[i, label] = 1
    return out

def forward(X, params):
    a1 = relu(X.dot(params[0]) + params[1])
    a2 = relu(a1.dot(params[2]) + params[3])
    z3 = a2.dot(params[4]) + params[5]
    e = np.exp(z3)
    return a1, a2, e / e.sum(axis=1, keepdims=True)

def cost(a3, labels):
    y = one_hot_encode(labels, a3.shape[1])
    return -(y * np.log(a3)).sum()

def backward(X, labels, a1, a2, a3, params):
    d3 = a3 - one_hot_encode(labels, a3.shape[1])
    d2 = d3.dot(params[4].T) * (a2 > 0)
    d1 = d2.dot(params[2].T) * (a1 > 0)
    return (X.T.dot(d1), d1.sum(0), a1.T.dot(d2), d2.sum(0), a2.T.dot(d3), d3.sum(0))
"""

# What comes back is the direction of the step, and it is added.
ADDED = """
import numpy as np

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def forward(X, W1, W2):
    h = sigmoid(X @ W1)
    return h, sigmoid(h @ W2)

def backward(X, y, h, o, W2):
    d2 = (y - o) * o * (1 - o)
    d1 = d2 @ W2.T * h * (1 - h)
    return X.T @ d1, h.T @ d2

def train(X, y, W1, W2, n):
    for _ in range(n):
        h, o = forward(X, W1, W2)
        dW1, dW2 = backward(X, y, h, o, W2)
        W1 += 0.1 * dW1
        W2 += 0.1 * dW2
    return W1, W2
"""

# Outputs are called y, targets t; the cost takes both.
LETTERS = """
import numpy as np

def softmax(a):
    exp_a = np.exp(a - np.max(a, axis=-1, keepdims=True))
    return exp_a / np.sum(exp_a, axis=-1, keepdims=True)

def cross_entropy_error(y, t):
    return -np.sum(t * np.log(y + 1e-7)) / y.shape[0]

def forward(x, W1, b1, W2, b2):
    a1 = np.dot(x, W1) + b1
    z1 = 1 / (1 + np.exp(-a1))
    y = softmax(np.dot(z1, W2) + b2)
    return a1, z1, y

def backward(x, t, z1, y, W2):
    dy = (y - t) / x.shape[0]
    da1 = z1 * (1 - z1) * np.dot(dy, W2.T)
    dW1 = np.dot(x.T, da1)
    db1 = np.sum(da1, axis=0)
    dW2 = np.dot(z1.T, dy)
    db2 = np.sum(dy, axis=0)
    return dW1, db1, dW2, db2
"""

RIGHT = {
    name.lower(): value
    for name, value in dict(globals()).items()
    if name.isupper() and isinstance(value, str)
}
