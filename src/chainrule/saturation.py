"""Saturation: a last layer so flat that no Jacobian is left, though the cost could be lower.

One update that is much too long carries the weighted sums of a sigmoid out to where it is exactly 0
or 1. There every Jacobian is exactly 0, and training goes on without learning anything. The cost
is finite, so nothing else would tell.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from chainrule import notation
from chainrule.arrays import Array
from chainrule.engines import Problem, State
from chainrule.history import History
from chainrule.network import Network
from chainrule.parameters import Parameters
from chainrule.second_order import SecondOrder


def remark(problem: Problem, state: State, history: History) -> str:
    """Return what to say at the end of a training that is saturated, or an empty text.

    Parameters
    ----------
    problem : Problem
    state : State
        At the end.
    history : History
        With the end recorded; it costs nothing more where a Jacobian there is not 0.
    """
    if not history.has(state.iteration):
        return ""
    first, last = history.records[0], history.records[-1]
    if last.gradient_norm.any() or not saturated(problem.network, state.params, problem.values):
        return ""
    if not first.gradient_norm.any() or isinstance(problem.optimizer, SecondOrder):
        advice = "start elsewhere, with smaller weights"
    else:
        rate = problem.optimizer.learning_rate / 10
        advice = (
            "the steps were probably too long: start anew with a smaller learning rate, for "
            f"instance a tenth of it ({rate:g})"
        )
    name = problem.network.architecture.activations[-1].name
    return (
        f"training is saturated at its end: after {state.iteration} updates every Jacobian is "
        f"exactly 0, though the cost, {last.cost:.3g}, could be lower; the {name} of the last "
        f"layer is flat in every example, and nothing more is learnt; {advice}, or scale x and y "
        "to about 1"
    )


def saturated(net: Network, params: Parameters, values: Mapping[str, Array]) -> bool:
    """Return whether nothing passes back through the last layer, though an output should move.

    That a Jacobian is 0 is no sign by itself: it is so at every minimum. Here the derivative by an
    output is not 0, the output is not the target (to half of the digits), and the range of the
    activation goes on to where the output should move; but all of δ is exactly 0.

    Parameters
    ----------
    net : Network
    params : Parameters
        Of the network.
    values : mapping of str to ndarray
        Inputs, targets and perhaps weights by name, as `Network.batch` gives them.

    Returns
    -------
    bool
        False for costs with a logarithm that undoes the flatness, as cross-entropy has; and for
        an activation of one's own, whose range nobody has said.

    Examples
    --------
    >>> net = Network([1, 1], activation="sigmoid", cost="squared_error")
    >>> far = Parameters.from_arrays(W1=[[1000.0]], b1=[[0.0]])
    >>> wrong, right = [net.batch([[-1.0]], [[y]], np.dtype(float)) for y in (1.0, 0.0)]
    >>> saturated(net, far, wrong), saturated(net, far, right)
    (True, False)
    """
    last, row = net.architecture.layers, net.architecture.activations[-1]
    if row.by_hand is not None:
        return False
    output = notation.activations(last)
    by_output, delta = notation.adjoint(output), notation.adjoint(notation.weighted_sums(last))
    if by_output not in net.derive().names:
        return False
    with np.errstate(all="ignore"):
        a, slope, passed = net.equations.evaluate((output, by_output, delta), params, values)
    y = values[notation.TARGETS]
    if np.any(passed) or (not row.elementwise and np.any(a * (1 - a))):  # softmax: at a corner?
        return False
    least, most = row.range
    free = np.where(slope < 0, a < most, a > least)
    digits = np.sqrt(np.finfo(a.dtype).eps) * np.maximum(1, np.abs(y))
    return bool(np.any((slope != 0) & free & (np.abs(a - y) > digits)))
