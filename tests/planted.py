"""A backward pass by hand in plain NumPy, of any depth, with a place for every mistake.

Written as people write it, without the package's expressions: what the engine of diagnosis predicts
is held against what this computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from chainrule import Network, Parameters

# activations: value, derivative at z, derivative as a form of a ---------------------------------


def sigmoid(z):
    with np.errstate(over="ignore"):  # 1/∞ is 0
        return 1 / (1 + np.exp(-z))


def softmax(z, axis=0):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


VALUE = {
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "identity": lambda z: z,
    "softmax": softmax,
}
SLOPE = {
    "sigmoid": lambda z: sigmoid(z) * (1 - sigmoid(z)),
    "tanh": lambda z: 1 / np.cosh(z) ** 2,
    "relu": lambda z: (z > 0) * 1.0,
    "identity": np.ones_like,
}
FORM = {"sigmoid": lambda a: a * (1 - a), "tanh": lambda a: 1 - a**2}
SLIPPED = {"sigmoid": lambda a: a * (1 - a**2), "tanh": lambda a: 1 - a}

# costs: derivative by the prediction, of one example ---------------------------------------------

ERROR = {
    "squared_error": lambda a, y: 2 * (a - y),
    "binary_cross_entropy": lambda a, y: (a - y) / (a * (1 - a)),
    "categorical_cross_entropy": lambda a, y: -y / a,
}


@dataclass(frozen=True)
class Slip:
    """A mistake: what stands in the place of each step, by step and layer.

    Steps are ``z``, ``a``, ``error`` (∂C/∂a of the output), ``delta``, ``back`` (∂C/∂a of a hidden
    layer), ``JW`` and ``Jb``. Each gets the state so far and returns what the code computes.
    """

    slug: str
    steps: Mapping[tuple[str, int], Callable[[Any], Any]] = field(default_factory=dict)
    after: Callable[[str, Any, Any], Any] = lambda entry, jacobian, state: jacobian
    note: str = ""

    def __str__(self) -> str:
        return f"{self.slug} {self.note} {sorted(self.steps)}"


RIGHT = Slip("")


def together(first: Slip, second: Slip) -> Slip:
    return Slip(
        f"{first.slug}+{second.slug}",
        {**first.steps, **second.steps},
        lambda entry, jacobian, state: second.after(
            entry, first.after(entry, jacobian, state), state
        ),
        f"{first} and {second}",
    )


def gradients(net: Network, params, x, y, slip: Slip = RIGHT) -> dict[str, np.ndarray]:
    """Jacobians by hand, with a mistake; ``state`` and intermediates are in ``trace``."""
    jacobians, _ = trace(net, params, x, y, slip)
    return jacobians


def trace(net: Network, params, x, y, slip: Slip = RIGHT):
    s = SimpleNamespace()
    names = [row.name for row in net.architecture.activations]
    L, s.m, s.L = len(names), x.shape[1], len(names)
    s.names = [None, *names]
    s.W = [None, *(params[f"W{layer}"] for layer in range(1, L + 1))]
    s.b = [None, *(params[f"b{layer}"] for layer in range(1, L + 1))]
    s.lam, s.y = net.architecture.l2, y
    s.z, s.a = [None] * (L + 1), [x] + [None] * L
    s.slope, s.delta, s.JW, s.Jb = ([None] * (L + 1) for _ in range(4))
    step = slip.steps.get
    for layer in range(1, L + 1):
        usual = s.W[layer] @ s.a[layer - 1] + s.b[layer]
        s.z[layer] = step(("z", layer), lambda _, usual=usual: usual)(s)
        usual = VALUE[names[layer - 1]](s.z[layer])
        s.a[layer] = step(("a", layer), lambda _, usual=usual: usual)(s)
    error = ERROR[net.architecture.cost.name]
    for layer in range(L, 0, -1):
        with np.errstate(all="ignore"):
            if layer == L:
                usual = error(s.a[L], y) / s.m
                s.slope[L] = step(("error", L), lambda _, usual=usual: usual)(s)
            else:
                usual = s.W[layer + 1].T @ s.delta[layer + 1]
                s.slope[layer] = step(("back", layer), lambda _, usual=usual: usual)(s)
            s.delta[layer] = step(("delta", layer), lambda s, layer=layer: delta(s, layer))(s)
            usual = s.delta[layer] @ s.a[layer - 1].T + s.lam * s.W[layer]
            s.JW[layer] = step(("JW", layer), lambda _, usual=usual: usual)(s)
            usual = s.delta[layer].sum(axis=1, keepdims=True)
            s.Jb[layer] = step(("Jb", layer), lambda _, usual=usual: usual)(s)
    found = {f"W{layer}": s.JW[layer] for layer in range(1, L + 1)}
    found |= {f"b{layer}": s.Jb[layer] for layer in range(1, L + 1)}
    return {entry: slip.after(entry, of, s) for entry, of in found.items()}, s


def delta(s, layer):
    g, name = s.slope[layer], s.names[layer]
    if name == "softmax":
        p = s.a[layer]
        return p * (g - np.sum(p * g, axis=0))
    return g * SLOPE[name](s.z[layer])


# the mistakes --------------------------------------------------------------------------------


def slips(net: Network, examples: int) -> Iterator[Slip]:
    """Every mistake in every layer in which this network can have it.

    Where an example is left out of one, nothing is left: that is another mistake.
    """
    for slip in _slips(net):
        if examples > 1 or slip.note != "example":
            yield slip


def _slips(net: Network) -> Iterator[Slip]:
    L = net.architecture.layers
    yield from scaled(net)
    for layer in range(1, L + 1):
        yield from through(net, layer)
        yield from jacobians(net, layer)
    for layer in range(1, L):
        yield from back(net, layer)
    yield from output(net)
    yield from forward(net)
    yield from everywhere(net)


def scaled(net):
    sizes = net.architecture.sizes
    d, k = sizes[0], sizes[-1]
    if net.architecture.l2 == 0:
        for slug, factor in {
            "missing_mean": lambda s: s.m,
            "double_mean": lambda s: 1 / s.m,
            "constant_factor": lambda s: 0.5,
            "sign": lambda s: -1.0,
            "wrong_divisor": lambda s: s.m / d,
            "global_count": lambda s: s.m / 1009,
        }.items():
            yield Slip(slug, after=lambda e, J, s, factor=factor: J * factor(s))
        yield Slip("wrong_divisor", after=lambda e, J, s: J / d, note="x.size")
        yield Slip("wrong_divisor", after=lambda e, J, s: J / k, note="a.size")
        yield Slip("constant_factor", after=lambda e, J, s: J * 3.7, note="3.7")
    else:
        for slug, factor in {
            "sign": lambda s: -1.0,
            "missing_mean": lambda s: s.m,
            "double_mean": lambda s: 1 / s.m,
            "constant_factor": lambda s: 0.5,
        }.items():
            yield data_part(net, slug, factor)
    yield Slip("bias_mean_again", after=lambda e, J, s: J / s.m if e.startswith("b") else J)
    for layer in range(1, net.architecture.layers + 1):
        weights, biases = f"W{layer}", f"b{layer}"
        yield Slip("dead_parameter", after=lambda e, J, s, w=weights: 0 * J if e == w else J)
        yield Slip("transposed", after=lambda e, J, s, w=weights: J.T if e == w else J)
        yield Slip("kept_dimension", after=lambda e, J, s, b=biases: J.ravel() if e == b else J)


def data_part(net, slug, factor):
    """All but the penalty."""
    L, error = net.architecture.layers, ERROR[net.architecture.cost.name]
    return Slip(slug, {("error", L): lambda s: factor(s) * error(s.a[L], s.y) / s.m})


def through(net, layer):
    L, names = net.architecture.layers, [row.name for row in net.architecture.activations]
    name, sizes = names[layer - 1], net.architecture.sizes
    missing = "missing_output_derivative" if layer == L else "missing_hidden_derivative"

    def put(slug, factor, note=""):
        return Slip(slug, {("delta", layer): lambda s: s.slope[layer] * factor(s)}, note=note)

    yield put(missing, lambda s: 1)
    if name == "softmax":
        yield put("softmax_elementwise", lambda s: s.a[layer] * (1 - s.a[layer]))
        return
    slope = SLOPE[name]
    yield put("derivative_at_activation", lambda s: slope(s.a[layer]))
    yield put("function_for_derivative", lambda s: s.a[layer])
    yield put("derivative_twice", lambda s: slope(s.z[layer]) ** 2)
    yield put("derivative_reciprocal", lambda s: 1 / slope(s.z[layer]))
    if name in FORM:
        yield put("activation_form_at_sum", lambda s: FORM[name](s.z[layer]))
    if name in SLIPPED:
        yield put("derivative_formula", lambda s: SLIPPED[name](s.a[layer]), "exponent")
    for other, function in SLOPE.items():
        if other not in (name, "identity"):
            slug = "derivative_of_other_function"
            yield put(slug, lambda s, function=function: function(s.z[layer]), other)
    for other, form in FORM.items():
        if other != name:
            slug = "derivative_of_other_function"
            yield put(slug, lambda s, form=form: form(s.a[layer]), f"{other} of a")
    for j in range(1, L + 1):
        if j != layer and sizes[j] == sizes[layer]:
            slug = "derivative_wrong_layer"
            yield put(slug, lambda s, j=j: slope(s.z[j]), f"{j} for {layer}")
    yield Slip(
        "matrix_for_elementwise", {("delta", layer): lambda s: s.slope[layer] @ slope(s.z[layer])}
    )
    yield put("matrix_in_derivative", lambda s: s.a[layer] @ (1 - s.a[layer]))


def jacobians(net, layer):
    L, sizes, lam = net.architecture.layers, net.architecture.sizes, net.architecture.l2

    def put(slug, product, note=""):
        return Slip(slug, {("JW", layer): lambda s: product(s) + s.lam * s.W[layer]}, note=note)

    for j in range(L + 1):
        if j != layer - 1 and sizes[j] == sizes[layer - 1]:
            slug = "wrong_previous_activation"
            yield put(slug, lambda s, j=j: s.delta[layer] @ s.a[j].T, f"a{j}")
    if lam:
        yield put("sign", lambda s: -s.delta[layer] @ s.a[layer - 1].T)
        yield put("missing_mean", lambda s: s.m * s.delta[layer] @ s.a[layer - 1].T)
        if sizes[layer] == sizes[layer - 1]:
            yield put("transposed", lambda s: s.a[layer - 1] @ s.delta[layer].T)
    if layer > 1:
        yield put("cache_mislabelled", lambda s: s.delta[layer] @ s.z[layer - 1].T)
    yield put(
        "weight_for_activation",
        lambda s: s.delta[layer].sum(axis=1, keepdims=True) * s.W[layer],
    )
    for j in range(layer + 1, L + 1):
        if sizes[j] == sizes[layer]:
            yield put("delta_not_chained", lambda s, j=j: s.delta[j] @ s.a[layer - 1].T, f"δ{j}")
    yield Slip(
        "bias_summed_over_units",
        {("Jb", layer): lambda s: np.full_like(s.b[layer], s.delta[layer].sum())},
    )
    yield Slip(
        "bias_from_weight_gradient",
        {("Jb", layer): lambda s: (s.delta[layer] @ s.a[layer - 1].T).sum(1, keepdims=True)},
    )
    yield Slip("bias_not_summed", {("Jb", layer): lambda s: s.delta[layer]})
    if sizes[layer] > 2:

        def skipped(s):
            found = s.delta[layer] @ s.a[layer - 1].T + s.lam * s.W[layer]
            found[-1] = 0
            return found

        yield Slip("row_skipped", {("JW", layer): skipped}, note="last row")
    yield put("row_skipped", lambda s: s.delta[layer][:, 1:] @ s.a[layer - 1][:, 1:].T, "example")
    yield put("lost_path", lambda s: s.delta[layer][:, -1:] @ s.a[layer - 1][:, -1:].T, "example")
    yield Slip(
        "penalty_on_bias",
        {
            ("Jb", layer): lambda s: (
                s.delta[layer].sum(1, keepdims=True) + (lam or 0.17) * s.b[layer]
            )
        },
    )
    if lam:
        for slug, factor in (
            ("penalty_missing", 0),
            ("penalty_sign", -1),
            ("penalty_factor", 2),
            ("penalty_factor", 0.731),
        ):
            yield Slip(
                slug,
                {
                    ("JW", layer): lambda s, factor=factor: (
                        s.delta[layer] @ s.a[layer - 1].T + factor * s.lam * s.W[layer]
                    )
                },
                note=str(factor),
            )


def back(net, layer):
    L, sizes = net.architecture.layers, net.architecture.sizes
    above = layer + 1

    def put(slug, passed, note=""):
        return Slip(slug, {("back", layer): passed}, note=note)

    yield put("raw_error_propagated", lambda s: s.W[above].T @ s.slope[above])
    if sizes[layer] == sizes[above]:
        yield put("weight_not_transposed", lambda s: s.W[above] @ s.delta[above])
        yield put("missing_weight", lambda s: s.delta[above])
    yield put(
        "missing_weight",
        lambda s: np.tile(s.delta[above].sum(axis=0), (sizes[layer], 1)),
        "summed",
    )
    yield put(
        "bias_for_weight", lambda s: np.tile(s.b[above].T @ s.delta[above], (sizes[layer], 1))
    )
    for j in range(above + 1, L + 1):
        if sizes[j] == sizes[above]:
            yield put("delta_not_chained", lambda s, j=j: s.W[above].T @ s.delta[j], f"δ{j}")
    for j in range(1, L + 1):
        if j != above and net.architecture.sizes[j - 1 : j + 1] == sizes[layer : above + 1]:
            yield put("cache_mislabelled", lambda s, j=j: s.W[j].T @ s.delta[above], f"W{j}")
    if sizes[above] > 1:
        yield put("lost_path", lambda s: s.W[above][-1:].T @ s.delta[above][-1:], "units")
        yield put("row_skipped", lambda s: s.W[above][:-1].T @ s.delta[above][:-1], "unit")
    step = 0.37

    def early(s, layer):
        return (s.W[layer + 1] - step * s.JW[layer + 1]).T @ s.delta[layer + 1]

    yield Slip(
        "updated_too_early",
        {("back", j): lambda s, j=j: early(s, j) for j in range(1, layer + 1)},
    )


def output(net):
    L, cost = net.architecture.layers, net.architecture.cost.name
    last = net.architecture.activations[-1].name
    slug = "shortcut_for_other_cost"
    if cost == "squared_error":
        yield Slip(slug, {("delta", L): lambda s: (s.a[L] - s.y) / s.m})
    else:
        yield Slip(slug, {("error", L): lambda s: 2 * (s.a[L] - s.y) / s.m})
    if cost == "binary_cross_entropy":
        yield Slip("lost_path", {("error", L): lambda s: -s.y / s.a[L] / s.m})
    if last == "softmax":

        def wrong(s):
            return softmax(s.z[L], axis=1)

        shortcut = {("delta", L): lambda s: (s.a[L] - s.y) / s.m}
        if cost == "categorical_cross_entropy":
            yield Slip("softmax_axis", {("a", L): wrong, **shortcut})


def forward(net):
    L, cost = net.architecture.layers, net.architecture.cost.name
    names = [row.name for row in net.architecture.activations]
    shortcut = {} if cost == "squared_error" else {("delta", L): lambda s: (s.a[L] - s.y) / s.m}
    for layer in range(1, L + 1):
        yield Slip(
            "forward_wrong",
            {("z", layer): lambda s, layer=layer: s.W[layer] @ s.a[layer - 1], **shortcut},
            note="no bias",
        )
        for other in ("sigmoid", "tanh", "relu"):
            if other != names[layer - 1] and (layer < L or not shortcut):
                yield Slip(
                    "forward_wrong",
                    {
                        ("a", layer): lambda s, layer=layer, other=other: VALUE[other](s.z[layer]),
                        **shortcut,
                    },
                    note=f"{other} in {layer}",
                )


def everywhere(net):
    """The same mistake in all layers, or in all hidden ones: one habit."""
    L = net.architecture.layers
    names = [None, *(row.name for row in net.architecture.activations)]
    if L < 2:
        return
    for layers in (range(1, L + 1), range(1, L)):
        usable = [layer for layer in layers if names[layer] in SLOPE]
        if len(usable) < 2:
            continue
        for slug, factor in {
            "derivative_at_activation": lambda s, i: SLOPE[s.names[i]](s.a[i]),
            "function_for_derivative": lambda s, i: s.a[i],
            "derivative_twice": lambda s, i: SLOPE[s.names[i]](s.z[i]) ** 2,
        }.items():
            yield Slip(
                slug,
                {
                    ("delta", i): lambda s, i=i, factor=factor: s.slope[i] * factor(s, i)
                    for i in usable
                },
                note=f"layers {usable}",
            )


@dataclass(frozen=True)
class Setting:
    """A network with parameters and data at which mistakes show."""

    name: str
    sizes: tuple[int, ...]
    activation: Any
    cost: str
    examples: int
    l2: float = 0.0

    def draw(self, seed: int = 0):
        net = Network(self.sizes, activation=self.activation, cost=self.cost, l2=self.l2)
        rng = np.random.default_rng(seed)
        params = Parameters(self.sizes)
        for name, view in params.items():
            scale = 1.75 / np.sqrt(view.shape[1]) if name.startswith("W") else 0.7
            view[...] = scale * rng.standard_normal(view.shape)
        x = rng.uniform(-1.0, 1.0, (self.sizes[0], self.examples))
        y = net.architecture.cost.domain.sample(rng, self.sizes[-1], self.examples)
        return net, params, x, y


SETTINGS = (
    Setting("three_sigmoid", (3, 5, 7, 2), "sigmoid", "squared_error", 11),
    Setting("square", (4, 4, 4, 4), "sigmoid", "squared_error", 7),
    Setting("classes", (3, 5, 7, 4), ("relu", "tanh", "softmax"), "cross_entropy", 11),
    Setting("deep", (2, 7, 5, 3, 1), ("tanh", "relu", "tanh", "sigmoid"), "cross_entropy", 13, 0.3),
    Setting("single", (5, 3), "tanh", "squared_error", 7),
    Setting("all_alike", (3, 3, 3), "tanh", "squared_error", 3),
    Setting("penalised", (4, 6, 3), ("relu", "identity"), "squared_error", 5, 0.1),
    Setting("penalised_square", (3, 3, 3), "tanh", "squared_error", 7, 0.2),
    Setting("softmax_squared", (3, 5, 4), ("sigmoid", "softmax"), "squared_error", 7),
    Setting("notebook", (5, 3, 2, 2), "sigmoid", "squared_error", 1),
)
