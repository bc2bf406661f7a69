"""What newcomers met: each is said once, where it is, and nothing is called right unseen."""

import numpy as np
import pytest
from click.testing import CliRunner

from chainrule import InvalidType, InvalidValue, diagnose_function
from chainrule.cli import main
from judging import judged, slugs

PLAIN = """
import numpy as np
def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)
def forward(W1, b1, W2, b2, X):
    Z1 = W1 @ X + b1
    A1 = np.maximum(Z1, 0)
    Z2 = W2 @ A1 + b2
    return Z1, A1, Z2, softmax(Z2)
def backward(Z1, A1, Z2, A2, W1, W2, X, Y):
    m = X.shape[1]
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m
    db2 = np.sum(dZ2) / m
    dZ1 = (W2.T @ dZ2) * (Z1 > 0)
    dW1 = dZ1 @ X.T / m
    db1 = np.sum(dZ1) / m
    return dW1, db1, dW2, db2
"""

KEPT = """
import numpy as np
class MLP:
    def __init__(self, n_in, n_hidden, n_out, lam=0.01):
        self.W1 = np.random.randn(n_hidden, n_in)
        self.b1 = np.zeros((n_hidden, 1))
        self.W2 = np.random.randn(n_out, n_hidden)
        self.b2 = np.zeros((n_out, 1))
        self.lam = lam
    def forward(self, X):
        self.A1 = np.tanh(self.W1 @ X + self.b1)
        return self.W2 @ self.A1 + self.b2
    def cost(self, X, Y):
        m = X.shape[1]
        penalty = self.lam / 2 * ((self.W1**2).sum() + (self.W2**2).sum())
        return np.sum((self.forward(X) - Y) ** 2) / m + penalty
    def backward(self, X, Y):
        m = X.shape[1]
        d2 = 2 * (self.forward(X) - Y) / m
        d1 = (self.W2.T @ d2) * (1 - self.A1**2)
        self.dW2 = d2 @ self.A1.T + self.lam * self.W2
        self.db2 = d2.sum(axis=1, keepdims=True)
        self.dW1 = d1 @ X.T + self.lam * self.W1
        self.db1 = d1.sum(axis=1, keepdims=True)
"""


def test_one_habit_in_two_places_is_one_finding():
    """Summed over the units of a softmax, a bias is zero: that alone would be a dead parameter."""
    report = judged(PLAIN)
    (finding,) = report.findings
    assert finding.slug == "bias_summed_over_units"
    assert set(finding.entries) == {"b1", "b2"}


def test_a_penalty_that_an_object_keeps_is_looked_at():
    assert judged(KEPT).status == 0
    without = judged(KEPT.replace(" + self.lam * self.W1", ""))
    assert without.status == 1
    assert "penalty_missing" in slugs(without)


def test_dropout_that_was_switched_off_is_said():
    source = PLAIN.replace("W2, b2, X):", "W2, b2, X, keep_prob=0.5):")
    assert "dropout" in {each.slug for each in judged(source).remarks}
    assert "dropout" not in {each.slug for each in judged(PLAIN).remarks}


@pytest.mark.parametrize("option", ["--cost", "--gradient"])
def test_names_without_parameters_are_refused(option, tmp_path):
    path = tmp_path / "solution.py"
    path.write_text(PLAIN)
    found = CliRunner().invoke(main, ["check", str(path), option, "nope"])
    assert found.exit_code == 2
    assert "--parameters" in found.output


def test_a_cost_without_the_parameters_is_no_witness(tmp_path):
    path = tmp_path / "solution.py"
    text = PLAIN + "\ndef mse(A, Y):\n    return np.mean((A - Y) ** 2)\n"
    path.write_text(text + "W1, b1 = np.ones((2, 3)), np.ones((2, 1))\n")
    words = ["--gradient", "backward", "--cost", "mse", "--parameters", "W1,b1"]
    found = CliRunner().invoke(main, ["check", str(path), *words])
    assert found.exit_code == 2
    assert "wrong" not in found.output


def test_a_cost_that_draws_numbers_judges_nothing():
    rng = np.random.default_rng(0)
    with pytest.raises(InvalidValue, match="not the same twice"):
        diagnose_function(
            lambda p, x: float(np.sum(p["w"] * x) + rng.normal()),
            lambda p, x: {"w": x},
            {"w": np.ones(3)},
            (np.arange(3.0),),
        )


@pytest.mark.parametrize(
    ("parameters", "data", "words"),
    [(np.ones(3), (1,), "parameters is ndarray"), ({"w": np.ones(3)}, 5.0, "data is float")],
)
def test_arguments_of_another_kind_are_named(parameters, data, words):
    with pytest.raises(InvalidType, match=words):
        diagnose_function(lambda p, x: 1.0, lambda p, x: {}, parameters, data)
