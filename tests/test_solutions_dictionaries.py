"""Functions that hand on dictionaries and caches: how they are read, and what is found.

The texts are written as courses and notebooks have them; each mistake is a change of the text.
"""

from __future__ import annotations

from dataclasses import asdict

import pytest

from chainrule.checking.verdicts import Verdict
from chainrule.solutions.cells import Cell
from chainrule.solutions.child import judge
from chainrule.solutions.findings import Report

DICTIONARIES = """
import numpy as np
import matplotlib.pyplot as plt
sigmoid = lambda z: 1/(1+np.exp(-z))

def layer_sizes(X, Y):
    n_x = X.shape[0]
    n_h = 4
    n_y = Y.shape[0]
    return (n_x, n_h, n_y)

def initialize_parameters(n_x, n_h, n_y):
    np.random.seed(2)
    W1 = np.random.randn(n_h, n_x) * 0.01
    b1 = np.zeros((n_h, 1))
    W2 = np.random.randn(n_y, n_h) * 0.01
    b2 = np.zeros((n_y, 1))
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}

def forward_propagation(X, parameters):
    W1 = parameters["W1"]
    b1 = parameters["b1"]
    W2 = parameters["W2"]
    b2 = parameters["b2"]
    Z1 = np.dot(W1, X) + b1
    A1 = np.tanh(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = sigmoid(Z2)
    cache = {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}
    return A2, cache

def compute_cost(A2, Y, parameters):
    m = Y.shape[1]
    logprobs = np.multiply(np.log(A2), Y) + np.multiply((1 - Y), np.log(1 - A2))
    cost = - np.sum(logprobs) / m
    cost = float(np.squeeze(cost))
    return cost

def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    W1 = parameters["W1"]
    W2 = parameters["W2"]
    A1 = cache["A1"]
    A2 = cache["A2"]
    dZ2 = A2 - Y
    dW2 = 1 / m * np.dot(dZ2, A1.T)
    db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = np.multiply(np.dot(W2.T, dZ2), 1 - np.power(A1, 2))
    dW1 = 1 / m * np.dot(dZ1, X.T)
    db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)
    grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
    return grads

def update_parameters(parameters, grads, learning_rate=1.2):
    W1 = parameters["W1"]
    b1 = parameters["b1"]
    W2 = parameters["W2"]
    b2 = parameters["b2"]
    W1 = W1 - learning_rate * grads["dW1"]
    b1 = b1 - learning_rate * grads["db1"]
    W2 = W2 - learning_rate * grads["dW2"]
    b2 = b2 - learning_rate * grads["db2"]
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}

def nn_model(X, Y, n_h, num_iterations=10000, print_cost=False):
    n_x = layer_sizes(X, Y)[0]
    parameters = initialize_parameters(n_x, n_h, Y.shape[0])
    for i in range(0, num_iterations):
        A2, cache = forward_propagation(X, parameters)
        cost = compute_cost(A2, Y, parameters)
        grads = backward_propagation(parameters, cache, X, Y)
        parameters = update_parameters(parameters, grads)
    return parameters
"""

LAYERS = """
import numpy as np

def sigmoid(Z):
    A = 1/(1+np.exp(-Z))
    cache = Z
    return A, cache

def relu(Z):
    A = np.maximum(0,Z)
    cache = Z
    return A, cache

def relu_backward(dA, cache):
    Z = cache
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ

def sigmoid_backward(dA, cache):
    Z = cache
    s = 1/(1+np.exp(-Z))
    dZ = dA * s * (1-s)
    return dZ

def initialize_parameters_deep(layer_dims):
    np.random.seed(3)
    parameters = {}
    L = len(layer_dims)
    for l in range(1, L):
        parameters['W' + str(l)] = np.random.randn(layer_dims[l], layer_dims[l-1]) * 0.01
        parameters['b' + str(l)] = np.zeros((layer_dims[l], 1))
    return parameters

def linear_forward(A, W, b):
    Z = W.dot(A) + b
    cache = (A, W, b)
    return Z, cache

def linear_activation_forward(A_prev, W, b, activation):
    if activation == "sigmoid":
        Z, linear_cache = linear_forward(A_prev, W, b)
        A, activation_cache = sigmoid(Z)
    elif activation == "relu":
        Z, linear_cache = linear_forward(A_prev, W, b)
        A, activation_cache = relu(Z)
    cache = (linear_cache, activation_cache)
    return A, cache

def L_model_forward(X, parameters):
    caches = []
    A = X
    L = len(parameters) // 2
    for l in range(1, L):
        A_prev = A
        W, b = parameters['W' + str(l)], parameters['b' + str(l)]
        A, cache = linear_activation_forward(A_prev, W, b, activation="relu")
        caches.append(cache)
    W, b = parameters['W' + str(L)], parameters['b' + str(L)]
    AL, cache = linear_activation_forward(A, W, b, activation="sigmoid")
    caches.append(cache)
    return AL, caches

def compute_cost(AL, Y):
    m = Y.shape[1]
    cost = (1./m) * (-np.dot(Y,np.log(AL).T) - np.dot(1-Y, np.log(1-AL).T))
    cost = np.squeeze(cost)
    return cost

def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = 1./m * np.dot(dZ,A_prev.T)
    db = 1./m * np.sum(dZ, axis = 1, keepdims = True)
    dA_prev = np.dot(W.T,dZ)
    return dA_prev, dW, db

def linear_activation_backward(dA, cache, activation):
    linear_cache, activation_cache = cache
    if activation == "relu":
        dZ = relu_backward(dA, activation_cache)
        dA_prev, dW, db = linear_backward(dZ, linear_cache)
    elif activation == "sigmoid":
        dZ = sigmoid_backward(dA, activation_cache)
        dA_prev, dW, db = linear_backward(dZ, linear_cache)
    return dA_prev, dW, db

def L_model_backward(AL, Y, caches):
    grads = {}
    L = len(caches)
    m = AL.shape[1]
    Y = Y.reshape(AL.shape)
    dAL = - (np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))
    current_cache = caches[L-1]
    dA, dW, db = linear_activation_backward(dAL, current_cache, activation = "sigmoid")
    grads["dA" + str(L-1)], grads["dW" + str(L)], grads["db" + str(L)] = dA, dW, db
    for l in reversed(range(L-1)):
        current_cache = caches[l]
        dA = grads["dA" + str(l + 1)]
        dA_prev_temp, dW_temp, db_temp = linear_activation_backward(dA, current_cache, "relu")
        grads["dA" + str(l)] = dA_prev_temp
        grads["dW" + str(l + 1)] = dW_temp
        grads["db" + str(l + 1)] = db_temp
    return grads

def update_parameters(parameters, grads, learning_rate):
    L = len(parameters) // 2
    for l in range(L):
        parameters["W" + str(l+1)] -= learning_rate * grads["dW" + str(l+1)]
        parameters["b" + str(l+1)] -= learning_rate * grads["db" + str(l+1)]
    return parameters
"""

PENALTY = """
import numpy as np
def sigmoid(x): return 1/(1+np.exp(-x))
def relu(x): return np.maximum(0,x)
def forward_propagation(X, parameters):
    W1 = parameters["W1"]; b1 = parameters["b1"]
    W2 = parameters["W2"]; b2 = parameters["b2"]
    W3 = parameters["W3"]; b3 = parameters["b3"]
    Z1 = np.dot(W1, X) + b1
    A1 = relu(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = relu(Z2)
    Z3 = np.dot(W3, A2) + b3
    A3 = sigmoid(Z3)
    cache = (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3)
    return A3, cache
def compute_cost(a3, Y):
    m = Y.shape[1]
    logprobs = np.multiply(-np.log(a3),Y) + np.multiply(-np.log(1 - a3), 1 - Y)
    return 1./m * np.nansum(logprobs)
def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = Y.shape[1]
    W1 = parameters["W1"]
    W2 = parameters["W2"]
    W3 = parameters["W3"]
    cross_entropy_cost = compute_cost(A3, Y)
    squares = np.sum(np.square(W1)) + np.sum(np.square(W2)) + np.sum(np.square(W3))
    return cross_entropy_cost + (1./m*lambd/2)*squares
def backward_propagation_with_regularization(X, Y, cache, lambd):
    m = X.shape[1]
    (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3) = cache
    dZ3 = A3 - Y
    dW3 = 1./m * np.dot(dZ3, A2.T) + lambd/m*W3
    db3 = 1./m * np.sum(dZ3, axis=1, keepdims = True)
    dA2 = np.dot(W3.T, dZ3)
    dZ2 = np.multiply(dA2, np.int64(A2 > 0))
    dW2 = 1./m * np.dot(dZ2, A1.T) + lambd/m*W2
    db2 = 1./m * np.sum(dZ2, axis=1, keepdims = True)
    dA1 = np.dot(W2.T, dZ2)
    dZ1 = np.multiply(dA1, np.int64(A1 > 0))
    dW1 = 1./m * np.dot(dZ1, X.T) + lambd/m*W1
    db1 = 1./m * np.sum(dZ1, axis=1, keepdims = True)
    gradients = {"dZ3": dZ3, "dW3": dW3, "db3": db3, "dA2": dA2,
                 "dZ2": dZ2, "dW2": dW2, "db2": db2, "dA1": dA1,
                 "dZ1": dZ1, "dW1": dW1, "db1": db1}
    return gradients
"""

ROWS = """
import numpy as np
def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
def forward(X, model):
    W1, b1, W2, b2 = model['W1'], model['b1'], model['W2'], model['b2']
    z1 = X.dot(W1) + b1
    a1 = np.tanh(z1)
    z2 = a1.dot(W2) + b2
    probs = softmax(z2)
    return {'a0': X, 'z1': z1, 'a1': a1, 'z2': z2, 'a2': probs}
def loss(model, X, y, reg_lambda=0.01):
    probs = forward(X, model)['a2']
    n = X.shape[0]
    data_loss = np.sum(-np.log(probs[range(n), y]))
    data_loss += reg_lambda/2 * (np.sum(np.square(model['W1'])) + np.sum(np.square(model['W2'])))
    return 1./n * data_loss
def backward_prop(model, cache, y, reg_lambda=0.01):
    W2 = model['W2']
    a0, a1, a2 = cache['a0'], cache['a1'], cache['a2']
    n = y.shape[0]
    dz2 = a2.copy()
    dz2[range(n), y] -= 1
    dz2 /= n
    dW2 = a1.T.dot(dz2)
    db2 = np.sum(dz2, axis=0, keepdims=True)
    dz1 = dz2.dot(W2.T) * (1 - np.power(a1, 2))
    dW1 = np.dot(a0.T, dz1)
    db1 = np.sum(dz1, axis=0)
    dW2 += reg_lambda / n * model['W2']
    dW1 += reg_lambda / n * model['W1']
    return {'dW1': dW1, 'db1': db1, 'dW2': dW2, 'db2': db2}
"""


def report(text: str) -> Report:
    """Return the report on a file."""
    return judge({"path": "file.py", "cells": [asdict(Cell(text))], "call_seconds": 5.0})


def changed(text: str, old: str, new: str) -> Report:
    """Return the report on a file with a mistake planted."""
    assert old in text
    return report(text.replace(old, new))


def gradients(found: Report) -> dict[str, Verdict]:
    return {each.entry: each.verdict for each in found.judged if each.role == "gradient"}


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        (DICTIONARIES, "examples in columns"),
        (LAYERS, "examples in columns"),
        (PENALTY, "examples in columns"),
        (ROWS, "examples in rows"),
    ],
    ids=["dictionaries", "layers", "penalty", "rows"],
)
def test_right_ones_are_right(text: str, reading: str) -> None:
    found = report(text)
    assert all(each.good for each in gradients(found).values())
    assert not found.findings
    assert reading in found.reading
    assert found.status == 0


def test_forward_pass_and_cost_are_recognised() -> None:
    lines = {each.role: each for each in report(LAYERS).judged}
    assert lines["forward"].detail == "relu, relu, sigmoid"
    assert lines["cost"].detail == "binary cross entropy"
    assert lines["update"].verdict is Verdict.RIGHT


def test_penalty_is_seen_in_the_cost() -> None:
    (cost,) = (each for each in report(PENALTY).judged if each.role == "cost")
    assert cost.name == "compute_cost_with_regularization"
    assert cost.detail == "binary cross entropy with a penalty"


MISPRINT = ("lambd/2)*squares", "lambd)*(squares + np.sum(W2**4))")


def test_penalty_that_the_cost_has_otherwise_is_a_remark() -> None:
    found = changed(PENALTY, *MISPRINT)
    said = gradients(found)  # biases have no penalty: differences bear them out
    assert {said[entry] for entry in said if entry.startswith("W")} == {Verdict.IMPLIED_COST}
    assert {said[entry] for entry in said if entry.startswith("b")} == {Verdict.RIGHT}
    assert not found.findings
    assert "cost_gradient_mismatch" in [each.slug for each in found.remarks]


def test_wrong_beside_a_cost_that_is_unusual_has_a_finding() -> None:
    unusual = DICTIONARIES.replace("cost = float(", "cost = float(np.sum(A2**4)) + float(")
    found = changed(unusual, "1 - np.power(A1, 2))", "A1)")
    assert found.status == 1
    wrong = {name for name, verdict in gradients(found).items() if verdict.bad}
    assert {entry for each in found.findings for entry in each.entries} == wrong


def test_arguments_are_bound_by_name_in_any_order() -> None:
    found = changed(
        DICTIONARIES,
        "def backward_propagation(parameters, cache, X, Y):",
        "def backward_propagation(Y, cache, X, parameters):",
    )
    assert found.status == 0


def test_caches_that_are_overwritten_are_a_remark() -> None:
    found = changed(DICTIONARIES, "dZ2 = A2 - Y", "dZ2 = A2; dZ2 -= Y")
    assert found.status == 0
    assert "in_place" in {each.slug for each in found.remarks}


def test_functions_that_update_at_once() -> None:
    text = DICTIONARIES.replace(
        "def backward_propagation(parameters, cache, X, Y):",
        "def backward_and_update(parameters, cache, X, Y, learning_rate):",
    ).replace(
        '    grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}\n    return grads',
        """    b1, b2 = parameters["b1"], parameters["b2"]
    W1 = W1 - learning_rate * dW1
    b1 = b1 - learning_rate * db1
    W2 = W2 - learning_rate * dW2
    b2 = b2 - learning_rate * db2
    return W1, b1, W2, b2""",
    )
    found = report(text[: text.index("def update_parameters")])
    assert list(gradients(found).values()) == [Verdict.RIGHT] * 4


PLANTED = [
    (DICTIONARIES, "missing_mean", "1 / m * ", ""),
    (DICTIONARIES, "bias_mean_again", "db1 = 1 / m * ", "db1 = 1 / m / m * "),
    (DICTIONARIES, "sign", "dZ2 = A2 - Y", "dZ2 = Y - A2"),
    (DICTIONARIES, "missing_hidden_derivative", ", 1 - np.power(A1, 2))", ", 1)"),
    (DICTIONARIES, "derivative_at_activation", "1 - np.power(A1, 2)", "1 - np.tanh(A1)**2"),
    (DICTIONARIES, "activation_form_at_sum", "np.power(A1, 2)", 'np.power(cache["Z1"], 2)'),
    (DICTIONARIES, "derivative_of_other_function", "1 - np.power(A1, 2)", "A1 * (1 - A1)"),
    (DICTIONARIES, "bias_not_summed", "np.sum(dZ1, axis=1, keepdims=True)", "dZ1"),
    (DICTIONARIES, "kept_dimension", "dZ1, axis=1, keepdims=True", "dZ1, axis=1"),
    (DICTIONARIES, "wrong_divisor", "m = X.shape[1]", "m = X.shape[0]"),
    (DICTIONARIES, "global_count", "m = X.shape[1]", "m = 1000"),
    (DICTIONARIES, "transposed", "np.dot(dZ1, X.T)", "np.dot(X, dZ1.T)"),
    (DICTIONARIES, "shortcut_for_other_cost", "- np.sum(logprobs)", "np.sum((A2 - Y)**2)"),
    (DICTIONARIES, "returns_none", "    return grads\n", "\n"),
    (DICTIONARIES, "wrong_type", "    return grads\n", '    return "grads"\n'),
    (DICTIONARIES, "not_defined", "np.dot(dZ1, X.T)", "np.dot(dz1, X.T)"),
    (LAYERS, "weight_not_transposed", "np.dot(W.T,dZ)", "np.dot(W,dZ)"),
    (LAYERS, "missing_output_derivative", "dZ = dA * s * (1-s)", "dZ = dA"),
    (LAYERS, "derivative_twice", "dA * s * (1-s)", "dA * s * (1-s) * s * (1-s)"),
    (PENALTY, "penalty_missing", " + lambd/m*W2", ""),
    (PENALTY, "penalty_factor", "lambd/m*W2", "2*lambd/m*W2"),
    (PENALTY, "penalty_sign", "+ lambd/m*W2", "- lambd/m*W2"),
    (ROWS, "missing_mean", "dz2 /= n", "pass"),
    (ROWS, "softmax_axis", "e.sum(axis=1", "e.sum(axis=0"),
]


@pytest.mark.parametrize(
    ("text", "slug", "old", "new"),
    PLANTED,
    ids=[f"{each[1]}-{i}" for i, each in enumerate(PLANTED)],
)
def test_mistakes_are_named(text: str, slug: str, old: str, new: str) -> None:
    found = changed(text, old, new)
    assert any(slug in (each.slug, *each.ties) for each in found.findings)
    assert found.status in (1, 2)


def test_a_cause_is_said_once() -> None:
    found = changed(LAYERS, "dW = 1./m * ", "dW = ")
    (finding,) = found.findings
    assert finding.entries == ("W1", "W2", "W3")


def test_update_that_climbs() -> None:
    found = changed(DICTIONARIES, "W1 = W1 - learning_rate", "W1 = W1 + learning_rate")
    (finding,) = found.findings
    assert (finding.slug, finding.entries) == ("sign", ("update_parameters", "W1"))
    assert all(each is Verdict.RIGHT for each in gradients(found).values())


def test_update_that_ignores_the_rate() -> None:
    found = changed(DICTIONARIES, "learning_rate * grads", "1.2 * grads")
    assert not any(each.kind == "mistake" for each in found.findings)
    said = {each.slug for each in (*found.findings, *found.remarks)}
    assert "aggression" in said


def test_update_that_adds_makes_the_negative_gradient_right() -> None:
    text = DICTIONARIES.replace("dZ2 = A2 - Y", "dZ2 = Y - A2")
    found = changed(text, " - learning_rate * grads", " + learning_rate * grads")
    assert found.status == 0
    assert not found.findings


PREDICT = """
def predict(parameters, X):
    A2, cache = forward_propagation(X, parameters)
    return A2 > 0.5
"""

TOY = """
def forward_propagation_n(X, Y, parameters):
    W1, b1, W2, b2 = (parameters[key] for key in ("W1", "b1", "W2", "b2"))
    Z1 = np.dot(W1, X) + b1
    A1 = np.tanh(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = 1 / (1 + np.exp(-Z2))
    cost = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / X.shape[1]
    cache = (Z1, A1, W1, b1, Z2, A2, W2, b2)
    return cost, cache

def forward_propagation(x, theta):
    return theta * x

def backward_propagation(x, theta):
    return x

def backward_propagation_n(X, Y, cache):
    (Z1, A1, W1, b1, Z2, A2, W2, b2) = cache
    m = X.shape[1]
    dZ2 = A2 - Y
    dW2 = np.dot(dZ2, A1.T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = np.dot(W2.T, dZ2) * (1 - A1 ** 2)
    dW1 = np.dot(dZ1, X.T) / m
    db1 = 4 / m * np.sum(dZ1, axis=1, keepdims=True)
    return {"dZ2": dZ2, "dW2": dW2, "db2": db2, "dZ1": dZ1, "dW1": dW1, "db1": db1}
"""


def test_a_function_that_predicts_is_not_the_forward_pass() -> None:
    assert report(DICTIONARIES + PREDICT).status == 0


def test_a_forward_pass_may_return_its_cost_and_has_the_name_of_its_backward_pass() -> None:
    found = report("import numpy as np\n" + TOY)
    assert [each.entry for each in found.judged if each.verdict.bad] == ["b1"]
    assert [each.slug for each in found.findings] == ["constant_factor"]
    assert report("import numpy as np\n" + TOY.replace("4 / m", "1 / m")).status == 0


def test_a_text_that_an_argument_is_given_is_read_off_their_calls() -> None:
    told = DICTIONARIES.replace(
        "forward_propagation(X, parameters):", "forward_propagation(X, parameters, act):"
    )
    told = told.replace("np.tanh(Z1)", 'np.tanh(Z1) if act == "tanh" else Z1')
    called = told.replace(
        "forward_propagation(X, parameters)", "forward_propagation(X, parameters, kind)"
    )
    assert report(called + '\nkind = "tanh"\n').status == 0
    assert report(told).status == 2


def test_types_that_numpy_no_longer_has_are_read_as_they_were_meant() -> None:
    found = report(DICTIONARIES.replace("dZ2 = A2 - Y", "dZ2 = np.array(A2 - Y, dtype=np.float)"))
    assert found.status == 0
    assert any("np.float is no longer in NumPy" in each.sentence for each in found.remarks)


def test_update_that_climbs_everywhere_spoils_no_gradient() -> None:
    text = DICTIONARIES
    for name in ("W1", "b1", "W2", "b2"):
        text = text.replace(f"{name} = {name} - learning_rate", f"{name} = {name} + learning_rate")
    (finding,) = report(text).findings
    assert (finding.slug, finding.entries) == ("sign", ("update_parameters",))


OUTER = """
import numpy as np

X = np.random.randn(3, 50)
params = {"W1": np.random.randn(4, 3), "b1": np.zeros((4, 1)),
          "W2": np.random.randn(1, 4), "b2": np.zeros((1, 1))}

def forward(x, p):
    A1 = np.tanh(p["W1"] @ x + p["b1"])
    return 1 / (1 + np.exp(-(p["W2"] @ A1 + p["b2"]))), A1

def loss(A2, Y):
    return -np.mean(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))

def backward(p, A1, A2, x, Y):
    dZ2 = (A2 - Y) / x.shape[1]
    dZ1 = (p["W2"].T @ dZ2) * (1 - A1 ** 2)
    return {"dW1": dZ1 @ x.T, "db1": dZ1.sum(1, keepdims=True),
            "dW2": dZ2 @ A1.T, "db2": dZ2.sum(1, keepdims=True)}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("(p[", "(params[", "params, which is global, though it is given p"),
        ("dZ1 @ x.T", "dZ1 @ X.T", ""),  # x is read as well: it may be meant
    ],
)
def test_a_global_that_is_read_in_the_place_of_an_argument_is_remarked_upon(old, new, said):
    assert not [e for e in report(OUTER).remarks if e.slug == "stale_parameters"]
    after = OUTER.partition("def backward")
    found = report(after[0] + after[1] + after[2].replace(old, new))
    met = [each for each in found.remarks if each.slug == "stale_parameters"]
    assert [said in each.sentence and each.place.source for each in met] == (
        ['dZ1 = (params["W2"].T @ dZ2) * (1 - A1 ** 2)'] if said else []
    )
