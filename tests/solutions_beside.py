"""Losses and layers that stand by themselves, as people write them, and edits that spoil them."""

FUNCTIONS = """
import numpy as np

def mse(y_true, y_pred):
    return np.mean(np.power(y_true - y_pred, 2))

def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / np.size(y_true)

def binary_cross_entropy(y_true, y_pred):
    return np.mean(-y_true * np.log(y_pred) - (1 - y_true) * np.log(1 - y_pred))

def binary_cross_entropy_prime(y_true, y_pred):
    return ((1 - y_true) / (1 - y_pred) - y_true / y_pred) / np.size(y_true)
"""

OTHER_ORDER = """
import numpy as np

def compute_loss(output, target):
    total = 0.0
    for o, t in zip(output.ravel(), target.ravel()):
        total += 0.5 * (o - t) ** 2
    return total

def loss_derivative(output, target):
    return output - target

def cross_entropy(probs, labels):
    n = len(labels)
    return -np.log(probs[np.arange(n), labels] + 1e-9).sum() / n

def cross_entropy_grad(probs, labels):
    n = len(labels)
    d = np.zeros_like(probs)
    d[np.arange(n), labels] = -1 / (probs[np.arange(n), labels] + 1e-9)
    return d / n
"""

COLUMNS = """
import numpy as np

class CategoricalCrossEntropy:
    def compute(self, AL, Y):
        m = Y.shape[1]
        return -(1.0 / m) * np.sum(Y * np.log(AL))

    def gradient(self, AL, Y):
        return -(1.0 / Y.shape[1]) * Y / AL
"""

BY_EXAMPLES = """
import numpy as np

class Loss:
    def calculate(self, output, y):
        return np.mean(self.forward(output, y))

class MeanSquares(Loss):
    def forward(self, y_pred, y_true):
        return np.mean((y_true - y_pred) ** 2, axis=-1)

    def backward(self, dvalues, y_true):
        outputs = len(dvalues[0])
        self.dinputs = -2 * (y_true - dvalues) / outputs
        self.dinputs = self.dinputs / len(dvalues)

class MeanDistance(Loss):
    def forward(self, y_pred, y_true):
        return np.mean(np.abs(y_true - y_pred), axis=-1)

    def backward(self, dvalues, y_true):
        self.dinputs = np.sign(dvalues - y_true) / len(dvalues[0]) / len(dvalues)
"""

KEPT = """
import numpy as np

class SoftmaxWithLoss:
    def __init__(self):
        self.y = None
        self.t = None

    def forward(self, x, t):
        self.t = t
        shifted = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = shifted / shifted.sum(axis=1, keepdims=True)
        return -np.sum(t * np.log(self.y + 1e-7)) / x.shape[0]

    def backward(self, dout=1):
        return dout * (self.y - self.t) / self.t.shape[0]
"""

STATIC = """
import numpy as np

class Huberless(object):
    @staticmethod
    def __call__(a, y):
        return 0.5 * np.linalg.norm(a - y) ** 2

    @staticmethod
    def derivative(a, y):
        return a - y

class Logits:
    def loss(self, logits, labels):
        return np.sum(np.log1p(np.exp(logits)) - labels * logits)

    def grad(self, logits, labels):
        return 1 / (1 + np.exp(-logits)) - labels
"""

SHORTCUT = """
import numpy as np

class CrossEntropy:
    def forward(self, p, y):
        return -np.sum(y * np.log(p)) / len(y)

    def backward(self, p, y):
        return (p - y) / len(y)
"""

LAYERS = """
import numpy as np

class Softmax:
    def forward(self, x):
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        self.out = e / e.sum(axis=1, keepdims=True)
        return self.out

    def backward(self, grad):
        return self.out * (grad - (grad * self.out).sum(axis=1, keepdims=True))

class ColumnSoftmax:
    def forward(self, x):
        e = np.exp(x)
        self.out = e / np.sum(e)
        return self.out

    def backward(self, grad, learning_rate):
        n = np.size(self.out)
        return np.dot((np.identity(n) - self.out.T) * self.out, grad)

class Dropout:
    def __init__(self, rate):
        self.keep = 1 - rate

    def forward(self, x, training):
        if not training:
            return x
        self.mask = np.random.binomial(1, self.keep, size=x.shape) / self.keep
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask

class Flatten:
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(x.shape[0], -1)

    def backward(self, grad):
        return grad.reshape(self.shape)
"""

RIGHT = {
    "FUNCTIONS": (FUNCTIONS, 2),
    "OTHER_ORDER": (OTHER_ORDER, 2),
    "COLUMNS": (COLUMNS, 1),
    "BY_EXAMPLES": (BY_EXAMPLES, 2),
    "KEPT": (KEPT, 1),
    "STATIC": (STATIC, 2),
    "SHORTCUT": (SHORTCUT, 1),
    "LAYERS": (LAYERS, 4),
}
"""Source, and how many backward passes are in it."""

PLANTED = [
    ("FUNCTIONS", "sign", "mse_prime", ("(y_pred - y_true) / np", "(y_true - y_pred) / np")),
    ("FUNCTIONS", "constant_factor", "mse_prime", ("2 * (y_pred", "3 * (y_pred")),
    ("FUNCTIONS", "derivative_formula", "mse_prime",
     ("2 * (y_pred - y_true)", "2 * (y_pred - y_true) ** 2")),
    ("FUNCTIONS", "derivative_formula", "binary_cross_entropy_prime",
     ("((1 - y_true) / (1 - y_pred) - y_true / y_pred)", "(-y_true / y_pred)")),
    ("FUNCTIONS", "derivative_formula", "binary_cross_entropy_prime",
     ("- y_true / y_pred)", "+ y_true / y_pred)")),
    ("OTHER_ORDER", "sign", "loss_derivative", ("return output - target", "return target - output")),
    ("OTHER_ORDER", "sign", "cross_entropy_grad", ("= -1 / (probs", "= 1 / (probs")),
    ("COLUMNS", "sign", "CategoricalCrossEntropy.gradient", ("return -(1.0 / Y", "return (1.0 / Y")),
    ("COLUMNS", "derivative_formula", "CategoricalCrossEntropy.gradient", ("* Y / AL", "* Y * AL")),
    ("BY_EXAMPLES", "sign", "MeanDistance.backward",
     ("np.sign(dvalues - y_true)", "np.sign(y_true - dvalues)")),
    ("BY_EXAMPLES", "sign", "MeanSquares.backward", ("= -2 * (y_true", "= 2 * (y_true")),
    ("KEPT", "sign", "SoftmaxWithLoss.backward", ("(self.y - self.t)", "(self.t - self.y)")),
    ("KEPT", "derivative_formula", "SoftmaxWithLoss.backward",
     ("(self.y - self.t)", "self.y * (self.y - self.t)")),
    ("STATIC", "sign", "Huberless.derivative", ("return a - y", "return y - a")),
    ("STATIC", "derivative_formula", "Logits.grad",
     ("1 / (1 + np.exp(-logits)) - labels", "logits - labels")),
    ("SHORTCUT", "sign", "CrossEntropy.backward", ("(p - y)", "(y - p)")),
    ("LAYERS", "softmax_elementwise", "Softmax.backward",
     ("(grad - (grad * self.out).sum(axis=1, keepdims=True))", "(1 - self.out) * grad")),
    ("LAYERS", "sign", "Softmax.backward", ("return self.out * (grad", "return -self.out * (grad")),
    ("LAYERS", "derivative_formula", "Softmax.backward",
     ("(grad - (grad * self.out).sum(axis=1, keepdims=True))", "grad")),
    ("LAYERS", "derivative_formula", "ColumnSoftmax.backward",
     ("(np.identity(n) - self.out.T)", "(np.identity(n) + self.out.T)")),
]  # fmt: skip
"""Name, slug, what is wrong, and the edit."""
