"""How far a computed cost and gradient may be from the true ones, element by element.

Running error analysis in float64: every quantity goes together with a bound on its error in an
arithmetic of unit roundoff u, by the standard model fl(a ∘ b) = (a ∘ b)(1 + ε), |ε| ≤ u. A sum of
n products, in whatever order and with or without fused multiply-adds, is off by at most
γ_K Σ|terms|, γ_K = K u / (1 − K u), K = n + 1 (N. J. Higham, "Accuracy and Stability of Numerical
Algorithms", 2002, sections 3.1 and 3.3). docs/decisions/0010-how-close-engines-are.md derives the
rest. The values are computed here too, by formulas of this file's own: a third opinion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from chainrule import notation

SLACK = 1.01  # for the roundings of this file itself


@dataclass(frozen=True)
class Near:
    """A value, and how far what an engine computes may be from it."""

    value: np.ndarray
    error: np.ndarray | float = 0.0

    @property
    def size(self):
        return np.abs(self.value) + self.error

    @property
    def T(self):  # noqa: N802
        error = self.error if np.ndim(self.error) == 0 else np.transpose(self.error)
        return Near(self.value.T, error)

    def off(self, error):
        return Near(self.value, self.error + error)


class Arithmetic:
    """Operations on values that are known nearly; every result is rounded in one dtype."""

    def __init__(self, dtype):
        info = np.finfo(dtype)
        self.u = float(info.eps) / 2
        self.tiny = float(info.smallest_normal)  # what underflow may lose, and flushing to 0

    def gamma(self, roundings):
        return roundings * self.u / (1 - roundings * self.u)

    def plus(self, a, b, sign=1):
        value = a.value + sign * b.value
        return Near(value, a.error + b.error + self.u * (np.abs(value) + a.error + b.error))

    def times(self, a, b, roundings=1):
        error = np.abs(a.value) * b.error + a.error * b.size
        error = error + self.gamma(roundings) * a.size * b.size + self.tiny
        return Near(a.value * b.value, error)

    def product(self, a, b, more=0):
        """Of matrices; `more` roundings may come on top of those of the sums."""
        inner = a.value.shape[1]
        spread = [np.broadcast_to(each.error, each.value.shape) for each in (a, b)]
        error = np.abs(a.value) @ spread[1] + spread[0] @ b.size
        error = error + self.gamma(inner + 1 + more) * (a.size @ b.size) + (inner + 1) * self.tiny
        return Near(a.value @ b.value, error)

    def total(self, a, axis=None, more=0):
        spread = np.broadcast_to(a.error, a.value.shape)
        count = a.value.size if axis is None else a.value.shape[axis]
        rounded = self.gamma(count + more) * np.sum(a.size, axis=axis, keepdims=True)
        error = np.sum(spread, axis=axis, keepdims=True) + rounded
        return Near(np.sum(a.value, axis=axis, keepdims=True), error)


# Activations: values and slopes. Errors of the functions are those of native/tests/ulp.cpp, an ulp
# being at most 2 u, and a unit or two for each operation around them. z² u is what the rounding of
# z² does to exp(−z²/2). -----------------------------------------------------------------------


def _normal(z):
    return special.ndtr(z), np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def _gelu_parts(z):
    below, density = _normal(z)
    return z * below, below + z * density, below, density


def _nearly_normal(z):
    steep = 2 * np.sqrt(2 / np.pi)
    inside = steep * (z + 0.044715 * z**3)
    below, above = special.expit(inside), special.expit(-inside)
    turn = steep * (1 + 3 * 0.044715 * z * z)
    return inside, below, above, turn


def activate(x, name, number, z):
    """Return activations and slopes."""
    u, value, e = x.u, z.value, z.error
    beyond_kink = np.abs(value) > e  # on the same side of 0 whatever the error
    if name == "identity":
        return z, Near(np.ones_like(value))
    if name in ("relu", "leaky_relu"):
        below = number if name == "leaky_relu" else 0.0
        slope = np.where(value > 0, 1.0, below)
        widest = np.where(beyond_kink, slope, max(1.0, below))
        a = np.where(value < 0, below * value, value)
        jump = np.where(beyond_kink, 2 * u * below, abs(1 - below) + 2 * u * below)
        return Near(a, widest * e + 3 * u * (np.abs(a) + widest * e) + x.tiny), Near(slope, jump)
    if name == "elu":
        steep = np.where(value > 0, 1.0, number * np.exp(np.minimum(value, 0)))
        widest = np.where(beyond_kink, steep, max(1.0, number))
        a = np.where(value > 0, value, number * np.expm1(np.minimum(value, 0)))
        off = widest * e + number * e * e + 8 * u * (np.abs(a) + widest * e) + x.tiny
        wrong = off + 10 * u * (np.abs(a) + number) + np.where(beyond_kink, 0, abs(1 - number))
        return Near(a, off), Near(steep, np.where((value > 0) & beyond_kink, 0, wrong))
    if name == "exp":
        a = np.exp(value)
        near = Near(a, a * (np.expm1(e) + 4 * u * np.exp(e)) + x.tiny)
        return near, near
    if name == "sigmoid":
        a = special.expit(value)
        off = a * (1 - a) * e + 0.05 * e * e + 6 * u * a + x.tiny
        near = Near(a, off)
        return near, Near(a * (1 - a), np.abs(1 - 2 * a) * off + off * off + 3 * u * (a + a * a))
    if name == "tanh":
        a = np.tanh(value)
        off = (1 - a * a) * e + 0.4 * e * e + 6 * u * np.abs(a) + x.tiny
        near = Near(a, off)
        return near, Near(1 - a * a, 2 * np.abs(a) * off + off * off + 3 * u * (1 + a * a))
    size = np.abs(value)
    if name == "softplus":
        a, slope = np.logaddexp(0, value), special.expit(value)
        return _smooth(x, z, a, slope, 0.25, 8 * u * a, 6 * u * slope)
    if name == "sin":
        a, slope = np.sin(value), np.cos(value)
        return _smooth(x, z, a, slope, 1.0, 4 * u * np.abs(a), 4 * u * np.abs(slope))
    if name == "silu":
        below, above = special.expit(value), special.expit(-value)
        a, slope = value * below, below + value * below * above
        off = 16 * u * (below + size * below * above)
        return _smooth(x, z, a, slope, 0.5, 8 * u * np.abs(a), off)
    if name == "gelu":
        a, slope, below, density = _gelu_parts(value)
        tail = 1 + value * value
        off = 12 * u * tail * (below + size * density)
        return _smooth(x, z, a, slope, 0.8, 12 * u * tail * np.abs(a), off)
    if name == "gelu_tanh":
        inside, below, above, turn = _nearly_normal(value)
        a, slope = value * below, below + value * below * above * turn
        relative = 8 * u * (1 + np.abs(inside))  # through σ, from the rounding of its argument
        off = relative * (below + 2 * size * below * above * turn)
        return _smooth(x, z, a, slope, 1.2, relative * np.abs(a) + 2 * u * np.abs(a), off)
    raise KeyError(name)


def _smooth(x, z, a, slope, curvature, value_off, slope_off):
    """Of a function whose second derivative is nowhere larger than `curvature`."""
    e = z.error
    a_off = np.abs(slope) * e + curvature / 2 * e * e + value_off + x.tiny
    return Near(a, a_off), Near(slope, curvature * e + slope_off + x.tiny)


def soft(x, z):
    """Softmax over units: errors of exponentials are relative, and shifts of all z cancel."""
    top = np.max(z.value, axis=0, keepdims=True)
    p = special.softmax(z.value, axis=0)
    relative = np.expm1(z.error + x.u * (np.abs(z.value - top) + 2 * np.max(z.error)) + 4 * x.u)
    mean = np.sum(p * relative, axis=0, keepdims=True)
    return Near(p, 1.1 * p * (relative + mean + x.gamma(len(p) + 2)) + x.tiny)


def chain_soft(x, g, p):
    mean = x.total(x.times(g, p), axis=0)
    return x.times(p, x.plus(g, mean, -1))


# Costs: losses, and slopes with respect to the prediction -------------------------------------


def lose(x, name, number, a, y):
    u, r = x.u, x.plus(a, Near(y), -1)
    value, e = r.value, r.error
    size, sure = np.abs(value), np.abs(value) > r.error
    if name == "squared_error":
        return x.times(r, r), Near(2 * value, 2 * e)
    if name == "absolute_error":
        return Near(size, e), Near(np.sign(value), np.where(sure, 0, 2))
    if name == "huber":
        slope = np.clip(value, -number, number)
        inside = np.where(size <= number, value**2 / 2, number * (size - number / 2))
        return Near(inside, np.abs(slope) * e + e * e + 8 * u * inside), Near(slope, e + u * number)
    if name == "quantile":
        slope = np.where(value > 0, 1 - number, -number)
        off = np.where(sure, u, 1 + u)
        loss = slope * value
        return Near(loss, e + 3 * u * np.abs(loss)), Near(slope, off)
    if name == "log_cosh":
        loss = np.where(
            size > 1,
            size + np.log1p(np.exp(-2 * size)) - np.log(2),
            -0.5 * np.log1p(-(np.tanh(np.minimum(size, 1)) ** 2)),
        )
        slope = np.tanh(value)
        off = np.abs(slope) * e + e * e + 40 * u * loss + 4 * u * np.where(size > 1, size + 1, 0)
        return Near(loss, off), Near(slope, e + 6 * u * np.abs(slope))
    raise KeyError(name)


def lose_with_output(x, name, z, a, y):
    """Losses of the costs that meet one activation only, from its weighted sums."""
    u, target = x.u, Near(y)
    if name == "poisson":
        return x.plus(a, x.times(target, z), -1)
    if name == "binary_cross_entropy":
        loss = np.logaddexp(0, z.value) - y * z.value
        terms = np.abs(z.value) + 1
        slope = np.abs(special.expit(z.value) - y)
        return Near(loss, slope * z.error + z.error**2 + 10 * u * terms)
    assert name == "categorical_cross_entropy"
    logarithm = special.logsumexp(z.value, axis=0, keepdims=True)
    widest = np.max(np.broadcast_to(z.error, z.value.shape), axis=0, keepdims=True)
    terms = np.abs(z.value) + np.abs(logarithm) + np.max(np.abs(z.value), axis=0, keepdims=True) + 1
    off = y * (z.error + widest + x.gamma(len(y) + 12) * terms)
    return Near(y * (logarithm - z.value), off)


# A network ------------------------------------------------------------------------------------


def name_and_number(row):
    name, _, inside = row.name.rstrip(")").partition("(")
    return name, float(inside.rpartition("=")[2] or 0)


def analyse(net, params, x, y, *, weights=None, masks=None, dtype):
    """Return the cost and the flat gradient as `Near`, for an engine that works in `dtype`.

    `params`, `x`, `y`, `weights` and `masks` are taken as exact.
    """
    near, architecture = Arithmetic(dtype), net.architecture
    layers = architecture.layers
    wide = {name: Near(view.astype(np.float64)) for name, view in params.items()}
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    m = x.shape[1]
    share = np.ones((1, m)) / m
    if weights is not None:
        weights = np.asarray(weights, np.float64).reshape(1, m)
        share = weights / (weights.sum() or 1.0)
    share = Near(share, near.gamma(m + 3) * share)
    rates = (*architecture.dropout, *(layers - len(architecture.dropout)) * (0.0,))
    z, a, slope, kept = [None], [Near(x)], [None], [None]
    for l in range(1, layers + 1):  # noqa: E741
        name, number = name_and_number(architecture.activations[l - 1])
        bias = Near(np.ones((1, m)))
        rows = Near(np.vstack([a[-1].value, bias.value]), _stacked(a[-1]))
        columns = Near(np.hstack([wide[f"W{l}"].value, wide[f"b{l}"].value]))
        z.append(near.product(columns, rows))
        value, steep = (
            (soft(near, z[l]), None) if name == "softmax" else activate(near, name, number, z[l])
        )
        kept.append(value)
        mask = (masks or {}).get(notation.mask(l))
        if mask is not None:
            factor = Near(np.asarray(mask, np.float64) / (1 - rates[l - 1]))
            value = near.times(value, factor, 3)
            steep = factor if steep is None else near.times(steep, factor, 3)
        a.append(value)
        slope.append(steep)
    cost_name, cost_number = name_and_number(architecture.cost)
    if architecture.cost.outputs:
        loss = lose_with_output(near, cost_name, z[-1], a[-1], y)
        delta = near.times(share, near.plus(a[-1], Near(y), -1))
    else:
        loss, steep = lose(near, cost_name, cost_number, a[-1], y)
        delta = _through(near, near.times(share, steep), kept[-1], slope[-1])
    terms = near.times(Near(np.broadcast_to(share.value, loss.value.shape), share.error), loss)
    cost = near.total(terms, more=2)
    found = {}
    for l in range(layers, 0, -1):  # noqa: E741
        found[f"W{l}"] = near.product(delta, a[l - 1].T, more=1)
        found[f"b{l}"] = near.total(delta, axis=1, more=1)
        if architecture.l2:
            W, l2 = wide[f"W{l}"].value, architecture.l2
            off = near.gamma(3) * l2 * np.abs(W) + near.u * found[f"W{l}"].size
            found[f"W{l}"] = Near(found[f"W{l}"].value + l2 * W, found[f"W{l}"].error + off)
            penalty = l2 / 2 * np.sum(W * W)
            cost = Near(cost.value + penalty, cost.error + near.gamma(W.size + 4) * penalty)
        if l > 1:
            masked = (masks or {}).get(notation.mask(l - 1)) is not None
            passed = near.product(wide[f"W{l}"].T, delta)
            if (
                slope[l - 1] is not None
                and name_and_number(architecture.activations[l - 2])[0] == "softmax"
            ):
                passed = near.times(passed, slope[l - 1], 3) if masked else passed
                delta = chain_soft(near, passed, kept[l - 1])
            else:
                delta = _through(near, passed, kept[l - 1], slope[l - 1])
    cost = Near(float(cost.value[0, 0]), SLACK * float(np.max(cost.error)) + near.u)
    flat = [np.broadcast_to(found[name].value, params[name].shape).ravel() for name in params]
    off = [np.broadcast_to(found[name].error, params[name].shape).ravel() for name in params]
    return cost, Near(np.concatenate(flat), SLACK * np.concatenate(off))


def _stacked(a):
    error = np.broadcast_to(a.error, a.value.shape)
    return np.vstack([error, np.zeros((1, error.shape[1]))])


def _through(near, passed, value, slope):
    return chain_soft(near, passed, value) if slope is None else near.times(passed, slope)
