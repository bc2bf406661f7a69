"""Law: the loss that a function returns is the cost of the gradients that it returns beside it."""

from __future__ import annotations

import pytest

from judging import entries, judged, slugs

RECURRENT = """
import numpy as np
text = open('words.txt', 'r').read()
letters = sorted(set(text))
vocab_size = len(letters)
hidden_size = 90
U = np.random.randn(hidden_size, vocab_size) * 0.01
V = np.random.randn(hidden_size, hidden_size) * 0.01
R = np.random.randn(vocab_size, hidden_size) * 0.01
c = np.zeros((hidden_size, 1))
e = np.zeros((vocab_size, 1))

def unrolled(inputs, targets, h_prev):
    hot, h, p = {}, {-1: np.copy(h_prev)}, {}
    loss = 0
    for t in range(len(inputs)):
        hot[t] = np.zeros((vocab_size, 1))
        hot[t][inputs[t]] = 1
        h[t] = np.tanh(U @ hot[t] + V @ h[t - 1] + c)
        s = R @ h[t] + e
        p[t] = np.exp(s) / np.sum(np.exp(s))
        loss += -np.log(p[t][targets[t], 0])
    dU, dV, dR = np.zeros_like(U), np.zeros_like(V), np.zeros_like(R)
    dc, de = np.zeros_like(c), np.zeros_like(e)
    later = np.zeros_like(h[0])
    for t in reversed(range(len(inputs))):
        ds = np.copy(p[t])
        ds[targets[t]] -= 1
        dR += ds @ h[t].T
        de += ds
        dh = R.T @ ds + later
        dz = (1 - h[t] ** 2) * dh
        dc += dz
        dU += dz @ hot[t].T
        dV += dz @ h[t - 1].T
        later = V.T @ dz
    for each in [dU, dV, dR, dc, de]:
        np.clip(each, -0.1, 0.1, out=each)
    return loss, dU, dV, dR, dc, de, h[len(inputs) - 1]
"""

VECTORS = """
import numpy as np

def sampled_loss_and_gradient(center_vec, outside_idx, outside_vectors, dataset, K=6):
    drawn = [dataset.sampleTokenIdx() for _ in range(K)]
    s = lambda z: 1 / (1 + np.exp(-z))
    right = s(outside_vectors[outside_idx] @ center_vec)
    wrong = s(-outside_vectors[drawn] @ center_vec)
    loss = -np.log(right) - np.sum(np.log(wrong))
    grad_center_vec = (right - 1) * outside_vectors[outside_idx]
    grad_center_vec += (1 - wrong) @ outside_vectors[drawn]
    grad_outside_vecs = np.zeros_like(outside_vectors)
    grad_outside_vecs[outside_idx] += (right - 1) * center_vec
    np.add.at(grad_outside_vecs, drawn, np.outer(1 - wrong, center_vec))
    return loss, grad_center_vec, grad_outside_vecs
"""


@pytest.mark.parametrize(("source", "count"), [(RECURRENT, 5), (VECTORS, 2)])
def test_right_gradients_of_the_returned_loss_raise_no_alarm(source, count):
    report = judged(source)
    assert not report.findings
    assert list(entries(report).values()) == ["right"] * count


@pytest.mark.parametrize(
    ("source", "old", "new", "slug"),
    [
        (RECURRENT, "R.T @ ds + later", "R.T @ ds", "lost_path"),
        (RECURRENT, "de += ds", "de = ds", "lost_path"),
        (RECURRENT, "(1 - h[t] ** 2)", "(1 - h[t])", "derivative_formula"),
        (RECURRENT, "dz @ h[t - 1].T", "dz @ h[t].T", "wrong_previous_activation"),
        (RECURRENT, "later = V.T @ dz", "later = V @ dz", "weight_not_transposed"),
        (RECURRENT, "ds[targets[t]] -= 1", "ds[targets[t]] += 1", "sign"),
        (
            VECTORS,
            "np.add.at(grad_outside_vecs, drawn, np.outer(1 - wrong, center_vec))",
            "grad_outside_vecs[drawn] += np.outer(1 - wrong, center_vec)",
            "index_scatter",
        ),
        (VECTORS, "grad_center_vec += (1 - wrong)", "grad_center_vec -= (1 - wrong)", "sign"),
    ],
)
def test_planted_mistake_is_found_at_its_line(source, old, new, slug):
    wrong = source.replace(old, new)
    assert wrong != source
    report = judged(wrong)
    assert len(report.findings) == 1
    assert slug in slugs(report)
    assert new in wrong.split("\n")[report.findings[0].place.line - 1]


def test_one_factor_in_all_gradients_is_a_convention():
    report = judged(VECTORS.replace("return loss,", "return loss / 3,"))
    assert not report.findings
    assert set(entries(report).values()) == {"right up to a constant"}
    assert "cost_gradient_mismatch" in {each.slug for each in report.remarks}


SLICED = """
import numpy as np
U = np.ones((7, 3)) * 0.3
b = np.zeros(7)
X = np.arange(12.0).reshape(3, 4) / 12

def passed(targets):
    loss = 0.0
    dU, db = np.zeros_like(U), np.zeros_like(b)
    for t in range(4):
        a = np.tanh(U @ X[:, t] + b)
        loss += 0.5 * np.sum((a - 0.3) ** 2)
        dz = (a - 0.3) * (1 - a * a)
        for i in range(3):
            dU[:, i] += dz * X[i, t]
        db[0:] += dz
    return loss, dU, db
"""


def test_slices_are_looked_through():
    """A colon in an index is neither an argument nor a number to add to."""
    assert set(entries(judged(SLICED)).values()) == {"right"}
    report = judged(SLICED.replace("(1 - a * a)", "np.cos(a) ** 3"))  # no change mends it
    assert entries(report) == {"dU": "wrong, cause unknown", "db": "wrong, cause unknown"}
    report = judged(SLICED.replace("dz * X[i, t]", "dz * X[i - 1, t]"))
    assert [each.slug for each in report.findings] == ["wrong_previous_activation"]
    assert "dz * X[i, t]" in report.findings[0].right
