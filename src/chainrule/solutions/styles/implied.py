"""Which network a cost is of, where outputs are not to be had: told from the cost alone."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.network import Network
from chainrule.solutions.meaning import cost_named
from chainrule.solutions.reading import Array, Probe

HIDDEN = ("sigmoid", "relu", "tanh", "leaky_relu(0.01)", "identity")
OUTPUT = ("softmax", "sigmoid", "identity", "tanh", "relu")


def activations(reading: Any, probe: Probe) -> tuple[str, ...] | None:
    """Return the activations, layer by layer, of the network whose cost a reading's is.

    Parameters
    ----------
    reading : Reading
    probe : Probe
    """
    from chainrule.solutions.judgement import probe as another

    sizes = probe.params.sizes
    probes = [probe, reading.adapt(another(sizes, 13, 11))]
    values = [reading.cost(each) for each in probes]
    if not all(isinstance(value, float) and np.isfinite(value) for value in values):
        return None
    for hidden, out in itertools.product(HIDDEN if len(sizes) > 2 else ("identity",), OUTPUT):
        names = (*[hidden] * (len(sizes) - 2), out)
        try:
            if cost_named(names, probes, values) is not None:
                return names
        except ChainruleError:  # no such pair of activation and cost
            continue
    return None


def outputs(names: tuple[str, ...], probe: Probe) -> Array:
    """Return the outputs of a network with these activations, units × examples."""
    net = Network(probe.params.sizes, activation=list(names), cost="squared_error")
    return np.asarray(net.forward(probe.params, probe.x))
