"""Law: weights from scikit-learn and PyTorch give the outputs that they gave there."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from chainrule import ChainruleError, Network, Parameters
from chainrule.interchange import from_sklearn, from_state_dict, to_sklearn, to_state_dict

SEQUENTIAL = json.loads((Path(__file__).parent / "recorded" / "sequential.json").read_text())
RNG = np.random.default_rng(0)
X = RNG.standard_normal((30, 4))


class Tensor:
    """As much of a tensor as is needed: on a device, with a graph, in some precision."""

    def __init__(self, values, dtype="torch.float64", steps=()):
        self.values, self.dtype, self.steps = values, dtype, steps

    def _next(self, name, dtype=None):
        return Tensor(self.values, dtype or self.dtype, (*self.steps, name))

    def detach(self):
        return self._next("detach")

    def cpu(self):
        return self._next("cpu")

    def float(self):
        return self._next("float", "torch.float32")

    def numpy(self):
        assert self.steps[:2] == ("detach", "cpu")
        assert self.dtype != "torch.bfloat16", "NumPy has no such dtype"
        dtype = {"torch.float64": np.float64, "torch.float32": np.float32}[self.dtype]
        return np.array(self.values, dtype=dtype)


def fitted(kind, y, **options):
    model = kind(hidden_layer_sizes=(5, 3), max_iter=3, random_state=0, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic", "identity"])
def test_regressor_predicts_the_same_here(activation):
    model = fitted(MLPRegressor, RNG.standard_normal((30, 2)), activation=activation)
    name = {"logistic": "sigmoid"}.get(activation, activation)
    params = from_sklearn(model)
    net = Network(params.sizes, activation=name, output="usual", cost="squared_error")
    np.testing.assert_allclose(net.forward(params, X.T).T, model.predict(X), rtol=1e-12)


@pytest.mark.parametrize(("classes", "output"), [(2, "sigmoid"), (3, "softmax")])
def test_classifier_gives_the_same_probabilities_here(classes, output):
    model = fitted(MLPClassifier, np.arange(30) % classes, activation="tanh")
    params = from_sklearn(model)
    net = Network(params.sizes, activation="tanh", output=output, cost="cross_entropy")
    found, wanted = net.forward(params, X.T).T, model.predict_proba(X)
    np.testing.assert_allclose(found, wanted[:, -found.shape[1] :], rtol=1e-12)


def test_scikit_learn_predicts_the_same_with_our_weights():
    model = fitted(MLPRegressor, RNG.standard_normal(30), activation="tanh")
    net = Network([4, 5, 3, 1], activation="tanh", output="usual", cost="squared_error")
    params = net.initialize(3, scheme="normal")
    model.coefs_, model.intercepts_ = to_sklearn(params)
    np.testing.assert_allclose(model.predict(X), net.forward(params, X.T)[0], rtol=1e-12)


@pytest.mark.parametrize("wrapped", [np.array, Tensor], ids=["arrays", "tensors"])
def test_sequential_of_pytorch_gives_the_same_outputs_here(wrapped):
    params = from_state_dict({name: wrapped(v) for name, v in SEQUENTIAL["state"].items()})
    net = Network(params.sizes, activation=["tanh", "sigmoid"], cost="squared_error")
    outputs = net.forward(params, np.transpose(SEQUENTIAL["x"]))
    np.testing.assert_allclose(outputs.T, SEQUENTIAL["outputs"], rtol=1e-12)
    back = to_state_dict(params)
    assert list(back) == list(SEQUENTIAL["state"])
    for name, value in back.items():
        assert np.array_equal(value, SEQUENTIAL["state"][name])


def test_layers_come_in_the_order_of_their_numbers():
    """Ten layers, whose names a sort of texts would mix up; whatever the order of the mapping."""
    params = Parameters([2] * 11, np.arange(60.0))
    state = to_state_dict(params, [f"net.{k}" for k in range(10)])
    assert from_state_dict(dict(reversed(state.items()))) == params


def test_layers_with_words_for_names_come_in_the_order_of_the_mapping():
    params = Parameters([2, 3, 1], np.arange(13.0))
    assert from_state_dict(to_state_dict(params, ["hidden", "fc"])) == params


def test_half_precision_becomes_float32_and_no_bias_one_of_zeros():
    params = from_state_dict({"fc.weight": Tensor([[1.5, 2.0]], "torch.bfloat16")})
    assert params.dtype == np.float32
    assert params.b1 == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_there_and_back_changes_no_bit(dtype):
    params = Network([3, 4, 2], activation="tanh", cost="squared_error").initialize(0, dtype=dtype)
    assert from_sklearn(*to_sklearn(params)) == params
    assert from_state_dict(to_state_dict(params)) == params
    to_sklearn(params)[0][0][...] = 7
    to_state_dict(params)["0.weight"][...] = 7
    assert not (params.W1 == 7).any()


BAD = {
    "not fitted": (lambda: from_sklearn(MLPClassifier()), "call fit first"),
    "lists of unequal length": (lambda: from_sklearn([[[1.0]]], []), "one of each per layer"),
    "coef with one axis": (lambda: from_sklearn([[1.0]], [[1.0]]), "coefs[0]"),
    "intercept too long": (lambda: from_sklearn([[[1.0]]], [[1.0, 2.0]]), "intercepts[0]"),
    "no mapping": (lambda: from_state_dict([1]), "model.state_dict()"),
    "empty": (lambda: from_state_dict({}), "at least one"),
    "normalisation": (
        lambda: from_state_dict({"0.weight": [[1.0]], "1.running_mean": [0.0]}),
        "1.running_mean",
    ),
    "convolution": (lambda: from_state_dict({"0.weight": np.ones((1, 1, 3, 3))}), "0.weight"),
    "bias alone": (lambda: from_state_dict({"0.bias": [1.0]}), "0.weight is missing"),
    "layers that do not fit": (
        lambda: from_state_dict({"0.weight": np.ones((3, 2)), "2.weight": np.ones((1, 4))}),
        "W2",
    ),
    "names of layers": (lambda: to_state_dict(Parameters([1, 1]), ["a", "b"]), "one per layer"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_chain_of_layers_is_refused_with_its_name(name):
    call, part = BAD[name]
    with pytest.raises(ChainruleError) as refusal:
        call()
    assert part in str(refusal.value)
