"""Functions that fit no style, with the options that name them; and edits that spoil them."""

ONE_PER_PARAMETER = (
    """
import numpy as np

X = np.linspace(-1, 1, 14).reshape(7, 2)
t = np.sin(X.sum(axis=1))
w = np.zeros(2)
c = 0.0

def predict(w, c):
    return np.tanh(X @ w + c)

def loss(w, c):
    return 0.5 * np.sum((predict(w, c) - t) ** 2)

def grad_w(w, c):
    p = predict(w, c)
    return X.T @ ((p - t) * (1 - p ** 2))

def grad_c(w, c):
    p = predict(w, c)
    return np.sum((p - t) * (1 - p ** 2))
""",
    {"gradient": "grad_{p}", "cost": "loss", "parameters": "w,c"},
)

DICTIONARY = (
    """
import numpy as np

def objective(A, B, x):
    return float(np.sum((A @ np.exp(B * x)) ** 2))

def derivatives(A, B, x):
    e = np.exp(B * x)
    r = A @ e
    return {"A": 2 * np.outer(r, e), "dB": (A.T @ (2 * r)) * e * x}

A = np.arange(6.0).reshape(2, 3) / 5
B = np.array([0.1, -0.2, 0.3])
x = np.array([1.0, 2.0, -1.0])
""",
    {"gradient": "derivatives", "cost": "objective", "parameters": ["A", "B"]},
)

TUPLE = (
    """
import numpy as np

def f(theta0, theta1, X, y):
    return np.mean((theta0 + theta1 * X - y) ** 2)

def slopes(theta0, theta1, X, y):
    r = theta0 + theta1 * X - y
    return 2 * r.mean(), 2 * (r * X).mean()
""",
    {"gradient": "slopes", "cost": "f", "parameters": "theta0,theta1"},
)

GLOBALS = (
    """
import numpy as np
rng = np.random.RandomState(1)
W1 = rng.randn(4, 3)
b1 = np.zeros((4, 1))
x = rng.randn(3, 5)
y = rng.rand(4, 5)

def energy():
    return np.sum(np.abs(np.cos(W1 @ x + b1) - y) ** 3)

def error():
    z = W1 @ x + b1
    d = np.cos(z) - y
    return 3 * d * np.abs(d) * -np.sin(z)

def dE_W1():
    return error() @ x.T

def dE_b1():
    return error().sum(axis=1, keepdims=True)
""",
    {"gradient": "dE_{p}", "cost": "energy", "parameters": "W1,b1"},
)

RECURRENT = (
    """
import numpy as np
T = 6
xs = np.cos(np.arange(T * 2)).reshape(T, 2)
target = 0.3
Wx = np.array([[0.2, -0.4], [0.1, 0.5], [-0.3, 0.2]])
Wh = 0.3 * np.eye(3) + 0.1
v = np.array([0.5, -1.0, 0.7])

def run(Wx, Wh):
    hs = [np.zeros(3)]
    for t in range(T):
        hs.append(np.tanh(Wx @ xs[t] + Wh @ hs[-1]))
    return hs

def loss(Wx, Wh, v):
    return 0.5 * (v @ run(Wx, Wh)[-1] - target) ** 2

def bptt(Wx, Wh, v):
    hs = run(Wx, Wh)
    dv = np.zeros_like(v)
    dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
    err = v @ hs[-1] - target
    dv += err * hs[-1]
    dh = err * v
    for t in reversed(range(T)):
        dz = dh * (1 - hs[t + 1] ** 2)
        dWx += np.outer(dz, xs[t])
        dWh += np.outer(dz, hs[t])
        dh = Wh.T @ dz
    return dWx, dWh, dv
""",
    {"gradient": "bptt", "cost": "loss", "parameters": "Wx,Wh,v"},
)

HOLDER = (
    """
import numpy as np
a = np.array([1.0, 2.0, 3.0])
b = 0.5
def cost(params):
    return np.sum(params["a"] ** 2) * np.sin(params["b"])
def gradient(params):
    return {"a": 2 * params["a"] * np.sin(params["b"]), "b": np.sum(params["a"] ** 2) * np.cos(params["b"])}
""",
    {"gradient": "gradient", "cost": "cost", "parameters": "a,b"},
)

LAMBDAS = (
    """
import numpy as np
y = np.array([0., 1., 1., 0., 1.])
X = np.array([[1., 2.], [0.5, -1.], [2., 0.], [-1., 1.], [0.3, 0.7]])
w = np.array([0.1, -0.3])
sig = lambda z: 1 / (1 + np.exp(-z))
nll = lambda w: -np.mean(y * np.log(sig(X @ w)) + (1 - y) * np.log(1 - sig(X @ w)))
d_w = lambda w: X.T @ (sig(X @ w) - y) / len(y)
""",
    {"gradient": "d_{p}", "cost": "nll", "parameters": "w"},
)

UNKNOWN_SHAPES = (
    '''
import numpy as np

def mse(W, b, X, y):
    """W (d, k), b (k,), X (n, d), y (n, k)"""
    return np.mean((X @ W + b - y) ** 2)

def grads(W, b, X, y):
    r = X @ W + b - y
    dW = 2 * X.T @ r / r.size
    db = 2 * r.sum(axis=0) / r.size
    return dW, db
''',
    {"gradient": "grads", "cost": "mse", "parameters": "W,b"},
)

RIGHT = {name: value for name, value in list(globals().items()) if name.isupper()}

PLANTED = [
    ("ONE_PER_PARAMETER", "sign", ("return np.sum((p - t)", "return np.sum((t - p)")),
    (
        "ONE_PER_PARAMETER",
        "constant_factor",
        ("return X.T @ ((p - t)", "return X.T @ (2 * (p - t)"),
    ),
    (
        "ONE_PER_PARAMETER",
        "missing_mean",
        (
            "return 0.5 * np.sum((predict(w, c) - t) ** 2)",
            "return 0.5 * np.mean((predict(w, c) - t) ** 2)",
        ),
    ),
    ("DICTIONARY", "transposed", ("2 * np.outer(r, e)", "2 * np.outer(e, r)")),
    ("GLOBALS", "bias_not_summed", ("error().sum(axis=1, keepdims=True)", "error()")),
    ("GLOBALS", "kept_dimension", ("sum(axis=1, keepdims=True)", "sum(axis=1)")),
    ("RECURRENT", "dead_parameter", ("    dv += err * hs[-1]\n", "")),
    ("RECURRENT", "transposed", ("dWh += np.outer(dz, hs[t])", "dWh += np.outer(hs[t], dz)")),
    ("UNKNOWN_SHAPES", "row_skipped", ("    return dW, db", "    dW[0] = 0\n    return dW, db")),
    ("LAMBDAS", "double_mean", ("/ len(y)\n", "/ len(y) / len(y)\n")),
]
