"""Law: what stands in for PyTorch where it is absent does the same, or says what it lacks."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.solutions.pytorch import module
from judging import entries, judged

STEPS = """
import torch
import torch.nn.functional as F

g = torch.Generator().manual_seed(7)
n = 6
ix = torch.randint(0, 9, (n, 2), generator=g)
Y = torch.randint(0, 9, (n,), generator=g)
E = torch.randn((9, 3), generator=g)
W = torch.randn((6, 9), generator=g)
b = torch.randn(9, generator=g)
emb = E[ix]
flat = emb.view(emb.shape[0], -1)
logits = flat @ W + b
top = logits.max(1, keepdim=True).values
low = logits - top
counts = low.exp()
total = counts.sum(1, keepdims=True)
inverse = total ** -1
probs = counts * inverse
logprobs = probs.log()
loss = -logprobs[range(n), Y].mean()
for p in [E, W, b]:
    p.grad = None
loss.backward()

def cmp(name, mine, theirs):
    print(name, torch.all(mine == theirs.grad).item())

dlogprobs = torch.zeros_like(logprobs)
dlogprobs[range(n), Y] = -1.0 / n
dprobs = dlogprobs / probs
dinverse = (counts * dprobs).sum(1, keepdim=True)
dcounts = inverse * dprobs
dtotal = -(total ** -2) * dinverse
dcounts += torch.ones_like(counts) * dtotal
dlow = counts * dcounts
dtop = -dlow.sum(1, keepdim=True)
dlogits = dlow.clone()
dlogits += F.one_hot(logits.max(1).indices, num_classes=logits.shape[1]) * dtop
dflat = dlogits @ W.T
dW = flat.T @ dlogits
db = dlogits.sum(0)
demb = dflat.view(emb.shape)
dE = torch.zeros_like(E)
dE.index_add_(0, ix.view(-1), demb.view(-1, 3))
cmp('W', dW, W)
"""
TRAINED = """
for step in range(200000):
    loss = F.cross_entropy(E[ix].view(n, -1) @ W + b, Y)
    loss.backward()
    for p in [E, W, b]:
        p.data += -0.1 * p.grad
"""


@pytest.mark.parametrize("source", [STEPS, STEPS + TRAINED])
def test_steps_of_tensors_are_judged_and_training_is_left_out(source):
    report = judged(source)
    assert not report.findings
    assert set(entries(report).values()) == {"right"}
    assert len(entries(report)) == 13


def test_wrong_step_of_tensors_is_found():
    report = judged(STEPS.replace("db = dlogits.sum(0)", "db = dlogits.mean(0)"))
    assert [name for name, verdict in entries(report).items() if verdict != "right"] == ["db"]


def test_what_the_stand_in_lacks_is_no_mistake_of_theirs():
    report = judged(STEPS.replace("dlogits.sum(0)", "dlogits.nansum(0)"))
    assert not report.findings
    assert entries(report)["db"] in ("not judged", "right")  # right where PyTorch is installed


def test_reductions_follow_the_axis_as_in_pytorch():
    torch = module("torch")
    x = torch.arange(12).view(3, 4).float()
    assert x.max(1).indices.tolist() == [3, 3, 3]
    assert x.var(0).tolist() == [16.0] * 4  # by n - 1
    assert x.var(0, unbiased=False).tolist() == pytest.approx([32 / 3] * 4)
    assert x.mean(1, keepdim=True).shape == (3, 1)
    assert x.size(0) == 3
    np.testing.assert_allclose(torch.softmax(x, dim=1).sum(1), 1)
