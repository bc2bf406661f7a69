"""Law: after long training, where single runs have parted, both engines end equally well."""

from __future__ import annotations

import os

import numpy as np
import pytest
from scipy.stats import ks_2samp

from chainrule import GradientDescent, Network, data, train

HEART = Network([1, 6, 7, 2], activation="sigmoid", cost="squared_error")
X, Y = data.heart(100)
SEEDS = 20


def ends(engine, updates):
    """Costs at the end of training from each of the seeds."""
    options = {"optimizer": GradientDescent(7.0), "iterations": updates, "record_every": updates}
    starts = [HEART.initialize(seed, scheme="normal") for seed in range(SEEDS)]
    runs = [train(HEART, start, X, Y, engine=engine, **options) for start in starts]
    return np.array([run.history.cost[-1] for run in runs])


@pytest.mark.slow
@pytest.mark.skipif("CHAINRULE_SOAK" not in os.environ, reason="minutes; part of make soak")
def test_final_costs_over_seeds_have_the_same_distribution():
    native, reference = ends("native", 50_000), ends("reference", 50_000)
    print("native", np.sort(native), "reference", np.sort(reference), sep="\n")
    assert not np.array_equal(native, reference)  # they have parted, else this would say nothing
    assert ks_2samp(native, reference).pvalue > 0.05


def test_an_engine_that_ends_elsewhere_would_be_seen():
    """A control: with fewer updates, the two samples of costs are told apart."""
    whole, fewer = ends("native", 4_000), ends("native", 1_500)
    assert ks_2samp(whole, fewer).pvalue < 0.05
