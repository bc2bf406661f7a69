"""Gradients written step by step, as people write them in cells; and edits that spoil them."""

WORDS_MLP = """
import numpy as np
import matplotlib.pyplot as plt
%matplotlib inline

rng = np.random.default_rng(42)
V, E, H, n = 9, 4, 12, 8
Xb = rng.integers(0, V, (n, 3))
Yb = rng.integers(0, V, n)
C = rng.normal(size=(V, E))
W1 = rng.normal(size=(3 * E, H)) * 0.3
b1 = rng.normal(size=H) * 0.1
W2 = rng.normal(size=(H, V)) * 0.3
b2 = rng.normal(size=V) * 0.1
bngain = 1 + 0.1 * rng.normal(size=(1, H))
bnbias = 0.1 * rng.normal(size=(1, H))

# forward, in small pieces
emb = C[Xb]
embcat = emb.reshape(n, -1)
hprebn = embcat @ W1 + b1
bnmean = hprebn.sum(0, keepdims=True) / n
bndiff = hprebn - bnmean
bndiff2 = bndiff ** 2
bnvar = bndiff2.sum(0, keepdims=True) / (n - 1)
bnvar_inv = (bnvar + 1e-5) ** -0.5
bnraw = bndiff * bnvar_inv
hpreact = bngain * bnraw + bnbias
h = np.tanh(hpreact)
logits = h @ W2 + b2
logit_maxes = logits.max(1, keepdims=True)
norm_logits = logits - logit_maxes
counts = np.exp(norm_logits)
counts_sum = counts.sum(1, keepdims=True)
counts_sum_inv = counts_sum ** -1
probs = counts * counts_sum_inv
logprobs = np.log(probs)
loss = -logprobs[range(n), Yb].mean()
print(loss)

# backward
dlogprobs = np.zeros_like(logprobs)
dlogprobs[range(n), Yb] = -1.0 / n
dprobs = (1.0 / probs) * dlogprobs
dcounts_sum_inv = (counts * dprobs).sum(1, keepdims=True)
dcounts = counts_sum_inv * dprobs
dcounts_sum = (-counts_sum ** -2) * dcounts_sum_inv
dcounts += np.ones_like(counts) * dcounts_sum
dnorm_logits = counts * dcounts
dlogits = dnorm_logits.copy()
dlogit_maxes = (-dnorm_logits).sum(1, keepdims=True)
dlogits += np.eye(V)[logits.argmax(1)] * dlogit_maxes
dh = dlogits @ W2.T
dW2 = h.T @ dlogits
db2 = dlogits.sum(0)
dhpreact = (1.0 - h ** 2) * dh
dbngain = (bnraw * dhpreact).sum(0, keepdims=True)
dbnraw = bngain * dhpreact
dbnbias = dhpreact.sum(0, keepdims=True)
dbndiff = bnvar_inv * dbnraw
dbnvar_inv = (bndiff * dbnraw).sum(0, keepdims=True)
dbnvar = (-0.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv
dbndiff2 = (1.0 / (n - 1)) * np.ones_like(bndiff2) * dbnvar
dbndiff += (2 * bndiff) * dbndiff2
dhprebn = dbndiff.copy()
dbnmean = (-dbndiff).sum(0)
dhprebn += 1.0 / n * (np.ones_like(hprebn) * dbnmean)
dembcat = dhprebn @ W1.T
dW1 = embcat.T @ dhprebn
db1 = dhprebn.sum(0)
demb = dembcat.reshape(emb.shape)
dC = np.zeros_like(C)
for k in range(Xb.shape[0]):
    for j in range(Xb.shape[1]):
        ix = Xb[k, j]
        dC[ix] += demb[k, j]

cmp('logprobs', dlogprobs, logprobs)
cmp('C', dC, C)
"""

LOOP = """
import numpy as np

np.random.seed(0)
N, D_in, H, D_out = 16, 10, 7, 3
x = np.random.randn(N, D_in)
y = np.random.randn(N, D_out)
w1 = np.random.randn(D_in, H)
w2 = np.random.randn(H, D_out)

learning_rate = 1e-6
for t in range(500):
    h = x.dot(w1)
    h_relu = np.maximum(h, 0)
    y_pred = h_relu.dot(w2)
    loss = np.square(y_pred - y).sum()
    if t % 100 == 99:
        print(t, loss)
    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.T.dot(grad_y_pred)
    grad_h_relu = grad_y_pred.dot(w2.T)
    grad_h = grad_h_relu.copy()
    grad_h[h < 0] = 0
    grad_w1 = x.T.dot(grad_h)
    w1 -= learning_rate * grad_w1
    w2 -= learning_rate * grad_w2
"""

SCALARS = """
import math
# a single neuron
x1, x2 = 2.0, -1.5
w1, w2 = -3.0, 1.0
b = 6.88
z = x1 * w1 + x2 * w2 + b
a = 1 / (1 + math.exp(-z))
y = 1.0
L = 0.5 * (a - y) ** 2
dL_da = a - y
dL_dz = dL_da * a * (1 - a)
dL_dw1 = dL_dz * x1
dL_dw2 = dL_dz * x2
dL_db = dL_dz
"""

COLUMNS = """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
X = np.array([[0.5, -1.2, 0.3, 0.9], [1.5, 0.2, -0.7, 0.1]])
Y = np.array([[1., 0., 1., 0.]])
m = X.shape[1]
W1 = np.array([[0.3, -0.6], [0.8, 0.1], [-0.5, 0.9]])
b1 = np.array([[0.1], [-0.2], [0.3]])
W2 = np.array([[0.7, -0.4, 0.2]])
b2 = np.array([[0.05]])
Z1 = W1 @ X + b1
A1 = np.tanh(Z1)
Z2 = W2 @ A1 + b2
A2 = sigmoid(Z2)
cost = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m
dZ2 = (A2 - Y) / m
dW2 = dZ2 @ A1.T
db2 = np.sum(dZ2, axis=1, keepdims=True)
dA1 = W2.T @ dZ2
dZ1 = dA1 * (1 - np.power(A1, 2))
dW1 = dZ1 @ X.T
db1 = np.sum(dZ1, axis=1, keepdims=True)
W1 = W1 - 0.1 * dW1
b1 = b1 - 0.1 * db1
W2 = W2 - 0.1 * dW2
b2 = b2 - 0.1 * db2
"""

SHORTCUTS = (
    WORDS_MLP[: WORDS_MLP.index("# backward")]
    + """
dlogits = probs.copy()
dlogits[range(n), Yb] -= 1
dlogits /= n
dh = dlogits @ W2.T
dW2 = h.T @ dlogits
db2 = dlogits.sum(0)
dhpreact = (1.0 - h ** 2) * dh
dbngain = (bnraw * dhpreact).sum(0, keepdims=True)
dbnbias = dhpreact.sum(0, keepdims=True)
dhprebn = bngain * bnvar_inv / n * (n * dhpreact - dhpreact.sum(0) - n / (n - 1) * bnraw * (dhpreact * bnraw).sum(0))
dW1 = embcat.T @ dhprebn
db1 = dhprebn.sum(0)
"""
)

GRADS_WITH_SUFFIX = """
import numpy as np
rs = np.random.RandomState(3)
X = rs.randn(6, 4)
t = rs.randn(6, 1)
W = rs.randn(4, 1)
b = np.zeros(1)
pred = X @ W + b
loss = np.mean((pred - t) ** 2)
pred_grad = 2 * (pred - t) / len(t)
W_grad = X.T @ pred_grad
b_grad = pred_grad.sum(axis=0)
"""

DEEP = """
import numpy as np
g = np.random.default_rng(1)
a0 = g.normal(size=(5, 20))
y = g.uniform(size=(2, 20))
W1, b1 = g.normal(size=(6, 5)), g.normal(size=(6, 1))
W2, b2 = g.normal(size=(4, 6)), g.normal(size=(4, 1))
W3, b3 = g.normal(size=(2, 4)), g.normal(size=(2, 1))
sig = lambda z: 1 / (1 + np.exp(-z))
z1 = W1 @ a0 + b1; a1 = sig(z1)
z2 = W2 @ a1 + b2; a2 = sig(z2)
z3 = W3 @ a2 + b3; a3 = sig(z3)
C = np.sum((a3 - y) ** 2) / 20
da3 = 2 * (a3 - y) / 20
dz3 = da3 * a3 * (1 - a3)
dW3 = dz3 @ a2.T
db3 = dz3.sum(1, keepdims=True)
da2 = W3.T @ dz3
dz2 = da2 * a2 * (1 - a2)
dW2 = dz2 @ a1.T
db2 = dz2.sum(1, keepdims=True)
da1 = W2.T @ dz2
dz1 = da1 * a1 * (1 - a1)
dW1 = dz1 @ a0.T
db1 = dz1.sum(1, keepdims=True)
"""

ATTENTION = """
import numpy as np
r = np.random.default_rng(5)
x = r.normal(size=(6, 8))
Wq, Wk, Wv = r.normal(size=(8, 4)), r.normal(size=(8, 4)), r.normal(size=(8, 4))
target = r.normal(size=(6, 4))
q, k, v = x @ Wq, x @ Wk, x @ Wv
s = q @ k.T / np.sqrt(4)
e = np.exp(s - s.max(axis=1, keepdims=True))
p = e / e.sum(axis=1, keepdims=True)
o = p @ v
loss = ((o - target) ** 2).sum()
do = 2 * (o - target)
dv = p.T @ do
dp = do @ v.T
ds = p * (dp - (dp * p).sum(axis=1, keepdims=True))
dq = ds @ k / np.sqrt(4)
dk = ds.T @ q / np.sqrt(4)
dWq = x.T @ dq
dWk = x.T @ dk
dWv = x.T @ dv
dx = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
"""

IN_A_FUNCTION = """
import numpy as np

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def train(X, y, hidden=5, epochs=1000, lr=0.1):
    n, d = X.shape
    W1 = np.random.randn(d, hidden)
    b1 = np.zeros((1, hidden))
    W2 = np.random.randn(hidden, 1)
    b2 = np.zeros((1, 1))
    for epoch in range(epochs):
        # forward pass
        z1 = X @ W1 + b1
        a1 = sigmoid(z1)
        z2 = a1 @ W2 + b2
        a2 = sigmoid(z2)
        loss = np.mean((y - a2) ** 2)
        # backward pass
        d_a2 = 2 * (a2 - y) / n
        d_z2 = d_a2 * a2 * (1 - a2)
        d_W2 = a1.T @ d_z2
        d_b2 = np.sum(d_z2, axis=0, keepdims=True)
        d_a1 = d_z2 @ W2.T
        d_z1 = d_a1 * a1 * (1 - a1)
        d_W1 = X.T @ d_z1
        d_b1 = np.sum(d_z1, axis=0, keepdims=True)
        W1 -= lr * d_W1
        b1 -= lr * d_b1
        W2 -= lr * d_W2
        b2 -= lr * d_b2
        if epoch % 100 == 0:
            print(epoch, loss)
    return W1, b1, W2, b2

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([[0], [1], [1], [0]])
W1, b1, W2, b2 = train(X, y, epochs=5000)
"""

RIGHT = {name: value for name, value in list(globals().items()) if name.isupper()}

PLANTED = [
    (
        "WORDS_MLP",
        "missing_hidden_derivative",
        ("dhpreact = (1.0 - h ** 2) * dh", "dhpreact = dh.copy()"),
    ),
    ("WORDS_MLP", "lost_path", ("dhprebn += 1.0 / n *", "dhprebn = 1.0 / n *")),
    (
        "WORDS_MLP",
        "derivative_at_activation",
        ("(1.0 - h ** 2) * dh", "(1.0 - np.tanh(h) ** 2) * dh"),
    ),
    ("WORDS_MLP", "activation_form_at_sum", ("(1.0 - h ** 2) * dh", "(1.0 - hpreact ** 2) * dh")),
    (
        "WORDS_MLP",
        "sign",
        ("dcounts_sum = (-counts_sum ** -2)", "dcounts_sum = (counts_sum ** -2)"),
    ),
    ("WORDS_MLP", "missing_mean", ("= -1.0 / n", "= -1.0")),
    ("WORDS_MLP", "bias_not_summed", ("db2 = dlogits.sum(0)", "db2 = dlogits")),
    ("LOOP", "missing_hidden_derivative", ("    grad_h[h < 0] = 0\n", "")),
    ("LOOP", "constant_factor", ("2.0 * (y_pred - y)", "(y_pred - y)")),
    ("COLUMNS", "weight_not_transposed", ("dA1 = W2.T @ dZ2", "dA1 = W2 @ dZ2")),
    ("DEEP", "wrong_previous_activation", ("dW3 = dz3 @ a2.T", "dW3 = dz3 @ z2.T")),
    ("DEEP", "raw_error_propagated", ("da2 = W3.T @ dz3", "da2 = W3.T @ da3")),
    ("DEEP", "bias_mean_again", ("dz3.sum(1, keepdims=True)", "dz3.mean(1, keepdims=True)")),
    ("IN_A_FUNCTION", "missing_output_derivative", ("d_z2 = d_a2 * a2 * (1 - a2)", "d_z2 = d_a2")),
    (
        "ATTENTION",
        "lost_path",
        ("dx = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T", "dx = dq @ Wq.T\ndx = dk @ Wk.T + dv @ Wv.T"),
    ),
    (
        "ATTENTION",
        "softmax_elementwise",
        ("ds = p * (dp - (dp * p).sum(axis=1, keepdims=True))", "ds = p * (1 - p) * dp"),
    ),
]
