"""Classes as people write them, for the tests: right ones, and edits that make them wrong."""

COLUMN_BY_COLUMN = """
import random
import numpy as np

class Network(object):
    def __init__(self, sizes):
        self.num_layers = len(sizes)
        self.sizes = sizes
        self.biases = [np.random.randn(y, 1) for y in sizes[1:]]
        self.weights = [np.random.randn(y, x) for x, y in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = sigmoid(np.dot(w, a) + b)
        return a

    def SGD(self, training_data, epochs, mini_batch_size, eta):
        n = len(training_data)
        for j in range(epochs):
            random.shuffle(training_data)
            for k in range(0, n, mini_batch_size):
                self.update_mini_batch(training_data[k:k + mini_batch_size], eta)

    def update_mini_batch(self, mini_batch, eta):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in mini_batch:
            db, dw = self.backprop(x, y)
            nabla_b = [nb + d for nb, d in zip(nabla_b, db)]
            nabla_w = [nw + d for nw, d in zip(nabla_w, dw)]
        self.weights = [w - (eta / len(mini_batch)) * nw for w, nw in zip(self.weights, nabla_w)]
        self.biases = [b - (eta / len(mini_batch)) * nb for b, nb in zip(self.biases, nabla_b)]

    def backprop(self, x, y):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        activation = x
        activations = [x]
        zs = []
        for b, w in zip(self.biases, self.weights):
            z = np.dot(w, activation) + b
            zs.append(z)
            activation = sigmoid(z)
            activations.append(activation)
        delta = self.cost_derivative(activations[-1], y) * sigmoid_prime(zs[-1])
        nabla_b[-1] = delta
        nabla_w[-1] = np.dot(delta, activations[-2].transpose())
        for l in range(2, self.num_layers):
            z = zs[-l]
            sp = sigmoid_prime(z)
            delta = np.dot(self.weights[-l + 1].transpose(), delta) * sp
            nabla_b[-l] = delta
            nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose())
        return (nabla_b, nabla_w)

    def cost_derivative(self, output_activations, y):
        return output_activations - y

def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))
"""

COST_CLASSES = """
import numpy as np

class QuadraticCost(object):
    @staticmethod
    def fn(a, y):
        return 0.5 * np.linalg.norm(a - y) ** 2

    @staticmethod
    def delta(z, a, y):
        return (a - y) * sigmoid_prime(z)

class CrossEntropyCost(object):
    @staticmethod
    def fn(a, y):
        return np.sum(np.nan_to_num(-y * np.log(a) - (1 - y) * np.log(1 - a)))

    @staticmethod
    def delta(z, a, y):
        return a - y

class Network(object):
    def __init__(self, sizes, cost=CrossEntropyCost):
        self.num_layers = len(sizes)
        self.sizes = sizes
        self.default_weight_initializer()
        self.cost = cost

    def default_weight_initializer(self):
        self.biases = [np.random.randn(y, 1) for y in self.sizes[1:]]
        self.weights = [np.random.randn(y, x) / np.sqrt(x) for x, y in zip(self.sizes[:-1], self.sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = sigmoid(np.dot(w, a) + b)
        return a

    def backprop(self, x, y):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        activation, activations, zs = x, [x], []
        for b, w in zip(self.biases, self.weights):
            z = np.dot(w, activation) + b
            zs.append(z)
            activation = sigmoid(z)
            activations.append(activation)
        delta = (self.cost).delta(zs[-1], activations[-1], y)
        nabla_b[-1] = delta
        nabla_w[-1] = np.dot(delta, activations[-2].transpose())
        for l in range(2, self.num_layers):
            delta = np.dot(self.weights[-l + 1].transpose(), delta) * sigmoid_prime(zs[-l])
            nabla_b[-l] = delta
            nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose())
        return (nabla_b, nabla_w)

    def total_cost(self, data, lmbda):
        return sum(self.cost.fn(self.feedforward(x), y) for x, y in data) / len(data)

def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))
"""

DATA_INSIDE = """
import numpy as np

def sigmoid(x):
    return 1.0 / (1 + np.exp(-x))

def sigmoid_derivative(x):
    return x * (1.0 - x)

class NeuralNetwork:
    def __init__(self, x, y):
        self.input = x
        self.weights1 = np.random.rand(self.input.shape[1], 4)
        self.weights2 = np.random.rand(4, 1)
        self.y = y
        self.output = np.zeros(self.y.shape)

    def feedforward(self):
        self.layer1 = sigmoid(np.dot(self.input, self.weights1))
        self.output = sigmoid(np.dot(self.layer1, self.weights2))

    def backprop(self):
        d_weights2 = np.dot(self.layer1.T, 2 * (self.y - self.output) * sigmoid_derivative(self.output))
        d_weights1 = np.dot(self.input.T, np.dot(2 * (self.y - self.output) * sigmoid_derivative(self.output), self.weights2.T) * sigmoid_derivative(self.layer1))
        self.weights1 += d_weights1
        self.weights2 += d_weights2
"""

FIXED_SIZES = """
import numpy as np

class Neural_Network(object):
    def __init__(self):
        self.inputSize = 2
        self.outputSize = 1
        self.hiddenSize = 3
        self.W1 = np.random.randn(self.inputSize, self.hiddenSize)
        self.W2 = np.random.randn(self.hiddenSize, self.outputSize)

    def forward(self, X):
        self.z = np.dot(X, self.W1)
        self.z2 = self.sigmoid(self.z)
        self.z3 = np.dot(self.z2, self.W2)
        o = self.sigmoid(self.z3)
        return o

    def sigmoid(self, s):
        return 1 / (1 + np.exp(-s))

    def sigmoidPrime(self, s):
        return s * (1 - s)

    def backward(self, X, y, o):
        self.o_error = y - o
        self.o_delta = self.o_error * self.sigmoidPrime(o)
        self.z2_error = self.o_delta.dot(self.W2.T)
        self.z2_delta = self.z2_error * self.sigmoidPrime(self.z2)
        self.W1 += X.T.dot(self.z2_delta)
        self.W2 += self.z2.T.dot(self.o_delta)

    def train(self, X, y):
        o = self.forward(X)
        self.backward(X, y, o)
"""

QUERY = """
import numpy as np
import scipy.special

class neuralNetwork:
    def __init__(self, inputnodes, hiddennodes, outputnodes, learningrate):
        self.inodes = inputnodes
        self.hnodes = hiddennodes
        self.onodes = outputnodes
        self.wih = np.random.normal(0.0, pow(self.inodes, -0.5), (self.hnodes, self.inodes))
        self.who = np.random.normal(0.0, pow(self.hnodes, -0.5), (self.onodes, self.hnodes))
        self.lr = learningrate
        self.activation_function = lambda x: scipy.special.expit(x)

    def train(self, inputs_list, targets_list):
        inputs = np.array(inputs_list, ndmin=2).T
        targets = np.array(targets_list, ndmin=2).T
        hidden_outputs = self.activation_function(np.dot(self.wih, inputs))
        final_outputs = self.activation_function(np.dot(self.who, hidden_outputs))
        output_errors = targets - final_outputs
        hidden_errors = np.dot(self.who.T, output_errors * final_outputs * (1.0 - final_outputs))
        self.who += self.lr * np.dot((output_errors * final_outputs * (1.0 - final_outputs)), hidden_outputs.T)
        self.wih += self.lr * np.dot((hidden_errors * hidden_outputs * (1.0 - hidden_outputs)), inputs.T)

    def query(self, inputs_list):
        inputs = np.array(inputs_list, ndmin=2).T
        hidden_outputs = self.activation_function(np.dot(self.wih, inputs))
        return self.activation_function(np.dot(self.who, hidden_outputs))
"""

BATCH_ROWS = '''
import numpy as np

class MLP:
    """two layers, softmax on top"""
    def __init__(self, input_size, hidden_size, output_size, learning_rate=0.01):
        self.W1 = np.random.randn(input_size, hidden_size) * 0.01
        self.b1 = np.zeros((1, hidden_size))
        self.W2 = np.random.randn(hidden_size, output_size) * 0.01
        self.b2 = np.zeros((1, output_size))
        self.lr = learning_rate

    def relu(self, z):
        return np.maximum(0, z)

    def softmax(self, z):
        e = np.exp(z - np.max(z, axis=1, keepdims=True))
        return e / np.sum(e, axis=1, keepdims=True)

    def forward(self, X):
        self.Z1 = X @ self.W1 + self.b1
        self.A1 = self.relu(self.Z1)
        self.Z2 = self.A1 @ self.W2 + self.b2
        self.A2 = self.softmax(self.Z2)
        return self.A2

    def compute_loss(self, y_true, y_pred):
        m = y_true.shape[0]
        return -np.sum(y_true * np.log(y_pred + 1e-12)) / m

    def backward(self, X, y):
        m = X.shape[0]
        dZ2 = (self.A2 - y) / m
        dW2 = self.A1.T @ dZ2
        db2 = np.sum(dZ2, axis=0, keepdims=True)
        dA1 = dZ2 @ self.W2.T
        dZ1 = dA1 * (self.Z1 > 0)
        dW1 = X.T @ dZ1
        db1 = np.sum(dZ1, axis=0, keepdims=True)
        self.W1 -= self.lr * dW1
        self.b1 -= self.lr * db1
        self.W2 -= self.lr * dW2
        self.b2 -= self.lr * db2

    def fit(self, X, y, epochs=100):
        for i in range(epochs):
            out = self.forward(X)
            self.backward(X, y)
            if i % 10 == 0:
                print(self.compute_loss(y, out))
'''

BATCH_COLUMNS = """
import numpy as np

def tanh(x):
    return np.tanh(x)

def tanh_derivative(x):
    return 1 - np.tanh(x) ** 2

class NN:
    def __init__(self, layer_dims, seed=1):
        np.random.seed(seed)
        self.L = len(layer_dims) - 1
        self.params = {}
        for l in range(1, self.L + 1):
            self.params["W" + str(l)] = np.random.randn(layer_dims[l], layer_dims[l - 1]) * 0.1
            self.params["b" + str(l)] = np.zeros((layer_dims[l], 1))

    def forward(self, X):
        cache = {"A0": X}
        A = X
        for l in range(1, self.L + 1):
            Z = self.params["W%d" % l] @ A + self.params["b%d" % l]
            A = tanh(Z)
            cache["Z%d" % l] = Z
            cache["A%d" % l] = A
        return A, cache

    def cost(self, A, Y):
        return np.sum((A - Y) ** 2) / (2 * Y.shape[1])

    def backward(self, cache, Y):
        grads = {}
        m = Y.shape[1]
        dA = (cache["A%d" % self.L] - Y) / m
        for l in reversed(range(1, self.L + 1)):
            dZ = dA * tanh_derivative(cache["Z%d" % l])
            grads["dW%d" % l] = dZ @ cache["A%d" % (l - 1)].T
            grads["db%d" % l] = dZ.sum(axis=1, keepdims=True)
            dA = self.params["W%d" % l].T @ dZ
        return grads
"""

LISTS_OF_ROWS = """
import numpy as np

class NeuralNetwork:
    def __init__(self, layers, alpha=0.1):
        self.W = []
        self.layers = layers
        self.alpha = alpha
        self.B = []
        for i in np.arange(0, len(layers) - 1):
            self.W.append(np.random.randn(layers[i], layers[i + 1]) / np.sqrt(layers[i]))
            self.B.append(np.zeros(layers[i + 1]))

    @staticmethod
    def sigmoid(x):
        return 1.0 / (1 + np.exp(-x))

    @staticmethod
    def sigmoid_deriv(x):
        return x * (1 - x)

    def predict(self, X):
        p = np.atleast_2d(X)
        for w, b in zip(self.W, self.B):
            p = self.sigmoid(p @ w + b)
        return p

    def fit_partial(self, x, y):
        A = [np.atleast_2d(x)]
        for w, b in zip(self.W, self.B):
            A.append(self.sigmoid(A[-1].dot(w) + b))
        error = A[-1] - y
        D = [error * self.sigmoid_deriv(A[-1])]
        for layer in np.arange(len(A) - 2, 0, -1):
            delta = D[-1].dot(self.W[layer].T)
            delta = delta * self.sigmoid_deriv(A[layer])
            D.append(delta)
        D = D[::-1]
        for layer in np.arange(0, len(self.W)):
            self.W[layer] += -self.alpha * A[layer].T.dot(D[layer])
            self.B[layer] += -self.alpha * D[layer].sum(axis=0)
"""

GRADIENTS_AS_ATTRIBUTES = """
import numpy as np

class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.w1 = np.random.randn(n_hidden, n_in)
        self.b1 = np.random.randn(n_hidden, 1)
        self.w2 = np.random.randn(n_out, n_hidden)
        self.b2 = np.random.randn(n_out, 1)

    def forward(self, x):
        self.x = x
        self.z1 = self.w1.dot(x) + self.b1
        self.a1 = 1 / (1 + np.exp(-self.z1))
        self.z2 = self.w2.dot(self.a1) + self.b2
        return self.z2

    def loss(self, y_hat, y):
        return np.mean(np.sum((y_hat - y) ** 2, axis=0))

    def backward(self, y_hat, y):
        m = y.shape[1]
        d2 = 2 * (y_hat - y) / m
        self.dw2 = d2.dot(self.a1.T)
        self.db2 = d2.sum(axis=1).reshape(-1, 1)
        d1 = self.w2.T.dot(d2) * self.a1 * (1 - self.a1)
        self.dw1 = d1.dot(self.x.T)
        self.db1 = d1.sum(axis=1).reshape(-1, 1)

    def update(self, lr):
        self.w1 -= lr * self.dw1
        self.b1 -= lr * self.db1
        self.w2 -= lr * self.dw2
        self.b2 -= lr * self.db2
"""

WEIGHTS_OF_LOGISTIC = """
import numpy as np

class LogisticRegression:
    def __init__(self, n_features, lr=0.1):
        self.weights = np.zeros((n_features, 1))
        self.bias = np.zeros((1, 1))
        self.lr = lr

    def forward(self, X):
        return 1 / (1 + np.exp(-(X @ self.weights + self.bias)))

    def loss(self, y_pred, y):
        return -np.mean(y * np.log(y_pred) + (1 - y) * np.log(1 - y_pred))

    def gradients(self, X, y):
        y_pred = self.forward(X)
        n = X.shape[0]
        dw = X.T @ (y_pred - y) / n
        db = np.sum(y_pred - y, axis=0, keepdims=True) / n
        return dw, db
"""

LAYERS_ONE_COLUMN = """
import numpy as np

class Layer:
    def __init__(self):
        self.input = None
        self.output = None
    def forward(self, input):
        pass
    def backward(self, output_gradient, learning_rate):
        pass

class Dense(Layer):
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(output_size, input_size)
        self.bias = np.random.randn(output_size, 1)
    def forward(self, input):
        self.input = input
        return np.dot(self.weights, self.input) + self.bias
    def backward(self, output_gradient, learning_rate):
        weights_gradient = np.dot(output_gradient, self.input.T)
        input_gradient = np.dot(self.weights.T, output_gradient)
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient
        return input_gradient

class Activation(Layer):
    def __init__(self, activation, activation_prime):
        self.activation = activation
        self.activation_prime = activation_prime
    def forward(self, input):
        self.input = input
        return self.activation(self.input)
    def backward(self, output_gradient, learning_rate):
        return np.multiply(output_gradient, self.activation_prime(self.input))

class Tanh(Activation):
    def __init__(self):
        def tanh(x):
            return np.tanh(x)
        def tanh_prime(x):
            return 1 - np.tanh(x) ** 2
        super().__init__(tanh, tanh_prime)

def mse(y_true, y_pred):
    return np.mean(np.power(y_true - y_pred, 2))

def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / np.size(y_true)
"""

LAYERS_OF_ROWS = """
import numpy as np

class Layer_Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights = 0.01 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases
    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = np.dot(dvalues, self.weights.T)

class Activation_ReLU:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)
    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0
"""

LAYERS_OF_SEVERAL_KINDS = """
import numpy as np
from .base import Layer

class Linear(Layer):
    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out)
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T
    def step(self, lr):
        self.W -= lr * self.dW
        self.b -= lr * self.db

class Sigmoid(Layer):
    def forward(self, x):
        self.s = 1 / (1 + np.exp(-x))
        return self.s
    def backward(self, grad):
        return grad * self.s * (1 - self.s)
    def step(self, lr):
        pass

class Softplus(Layer):
    def forward(self, x):
        self.x = x
        return np.log(1 + np.exp(x))
    def backward(self, grad):
        return grad / (1 + np.exp(-self.x))
    def step(self, lr):
        pass

class Softmax(Layer):
    def forward(self, x):
        raised = np.exp(x - x.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)
    def backward(self, grad):
        return grad  # with the cross-entropy, as usual
    def step(self, lr):
        pass
"""

INPUTS_STANDARDISED = """
import numpy as np

class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1 = np.random.randn(n_in, n_hidden)
        self.b1 = np.zeros((1, n_hidden))
        self.W2 = np.random.randn(n_hidden, n_out)
        self.b2 = np.zeros((1, n_out))

    def forward(self, X):
        self.X = (X - X.mean(axis=0)) / X.std(axis=0)
        self.H = np.sin(self.X @ self.W1 + self.b1)
        return self.H @ self.W2 + self.b2

    def loss(self, y_pred, y):
        return np.mean((y_pred - y) ** 2)

    def backward(self, X, y, y_pred):
        d = 2 * (y_pred - y) / y.size
        dW2 = self.H.T @ d
        db2 = d.sum(axis=0, keepdims=True)
        dZ = d @ self.W2.T * np.cos(self.X @ self.W1 + self.b1)
        dW1 = self.X.T @ dZ
        db1 = dZ.sum(axis=0, keepdims=True)
        return dW1, db1, dW2, db2
"""

RIGHT = {name: value for name, value in list(globals().items()) if name.isupper()}

PLANTED = [
    ("COLUMN_BY_COLUMN", "missing_hidden_derivative", ("delta) * sp", "delta)")),
    (
        "COLUMN_BY_COLUMN",
        "derivative_at_activation",
        ("            z = zs[-l]\n", "            z = activations[-l]\n"),
    ),
    (
        "LAYERS_ONE_COLUMN",
        "weight_not_transposed",
        ("np.dot(self.weights.T, output_gradient)", "np.dot(self.weights, output_gradient)"),
    ),
    (
        "LAYERS_ONE_COLUMN",
        "updated_too_early",
        (
            "        input_gradient = np.dot(self.weights.T, output_gradient)\n        self.weights -= learning_rate * weights_gradient\n",
            "        self.weights -= learning_rate * weights_gradient\n        input_gradient = np.dot(self.weights.T, output_gradient)\n",
        ),
    ),
    (
        "LAYERS_ONE_COLUMN",
        "missing_hidden_derivative",
        ("np.multiply(output_gradient, self.activation_prime(self.input))", "output_gradient"),
    ),
    (
        "LAYERS_OF_ROWS",
        "missing_hidden_derivative",
        ("        self.dinputs[self.inputs <= 0] = 0\n", ""),
    ),
    (
        "LAYERS_OF_ROWS",
        "bias_mean_again",
        ("np.sum(dvalues, axis=0, keepdims=True)", "np.mean(dvalues, axis=0, keepdims=True)"),
    ),
    (
        "COLUMN_BY_COLUMN",
        "derivative_formula",
        ("return sigmoid(z) * (1 - sigmoid(z))", "return sigmoid(z) * (1 + sigmoid(z))"),
    ),
    ("COST_CLASSES", "sign", ("        return a - y\n", "        return y - a\n")),
    (
        "COST_CLASSES",
        "function_for_derivative",
        ("delta) * sigmoid_prime(zs[-l])", "delta) * sigmoid(zs[-l])"),
    ),
    ("BATCH_ROWS", "missing_mean", ("(self.A2 - y) / m", "(self.A2 - y)")),
    ("BATCH_ROWS", "missing_hidden_derivative", ("dZ1 = dA1 * (self.Z1 > 0)", "dZ1 = dA1")),
    (
        "BATCH_ROWS",
        "bias_mean_again",
        ("db2 = np.sum(dZ2, axis=0, keepdims=True)", "db2 = np.mean(dZ2, axis=0, keepdims=True)"),
    ),
    (
        "BATCH_COLUMNS",
        "derivative_at_activation",
        ('tanh_derivative(cache["Z%d" % l])', 'tanh_derivative(cache["A%d" % l])'),
    ),
    ("BATCH_COLUMNS", "bias_not_summed", ("dZ.sum(axis=1, keepdims=True)", "dZ")),
    ("GRADIENTS_AS_ATTRIBUTES", "constant_factor", ("d2 = 2 * (y_hat", "d2 = (y_hat")),
    (
        "GRADIENTS_AS_ATTRIBUTES",
        "kept_dimension",
        ("self.db2 = d2.sum(axis=1).reshape(-1, 1)", "self.db2 = d2.sum(axis=1)"),
    ),
    (
        "FIXED_SIZES",
        "raw_error_propagated",
        ("self.o_delta.dot(self.W2.T)", "self.o_error.dot(self.W2.T)"),
    ),
]
