"""Mistakes in the forward pass: everything that comes after is then right for another network."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule import expr
from chainrule.activations import ACTIVATIONS, Activation
from chainrule.checking.mutations.ground import Change, Ground, delta_of
from chainrule.coefficient import PER_EXAMPLE
from chainrule.expr import Expr

USUAL = ("sigmoid", "tanh", "relu", "identity")
SLUG = "forward_wrong"

Joint = tuple[Change, ...]


def forward(ground: Ground) -> Iterator[Joint]:
    """Yield mistakes in the forward pass, each with what the backward pass makes of them."""
    for layer in range(1, ground.layers + 1):
        for change in (*_sums(ground, layer), *_softmax_axis(ground, layer)):
            yield (change, *_output(ground))
        for name in USUAL:
            row = ACTIVATIONS[name]
            if row != ground.row(layer):
                yield from _activation(ground, layer, row)


def _output(ground: Ground) -> Joint:
    """Write δ of the output as people do, a − y where that is right: it never divides by 0."""
    cost, last = ground.architecture.cost, ground.layers
    if cost.shortcut is None or not cost.may_meet(ground.row(last)):
        return ()
    body = expr.scale(PER_EXAMPLE, ground.a(last) - ground.y())
    return (Change(SLUG, delta_of(last), body, "", last),)


def _sums(ground: Ground, layer: int) -> Iterator[Change]:
    z, W, b, before = ground.z(layer), ground.W(layer), ground.b(layer), ground.a(layer - 1)
    product = W @ before
    words = f"b{layer} is not added in the forward pass"
    yield Change(SLUG, z.name, product, words, layer, "no bias")
    for other in range(1, ground.layers + 1):
        if other == layer:
            continue
        if ground.W(other).shape == W.shape:
            body = ground.W(other) @ before + expr.spread(b, product.shape)
            words = f"the forward pass has W{other} where W{layer} belongs"
            yield Change(SLUG, z.name, body, words, layer, f"W {other - layer}")
        if ground.b(other).shape == b.shape:
            body = product + expr.spread(ground.b(other), product.shape)
            words = f"the forward pass has b{other} where b{layer} belongs"
            yield Change(SLUG, z.name, body, words, layer, f"b {other - layer}")
    for other in range(ground.layers):
        if other != layer - 1 and ground.a(other).shape == before.shape and other < layer:
            body = W @ ground.a(other) + expr.spread(b, product.shape)
            words = (
                f"the forward pass feeds a{other} into layer {layer}, where a{layer - 1} belongs"
            )
            yield Change(SLUG, z.name, body, words, layer, f"a {other - layer}")
    if W.shape[0] == W.shape[1]:
        body = W.T @ before + expr.spread(b, product.shape)
        words = f"the forward pass has W{layer}ᵀ where W{layer} belongs"
        yield Change(SLUG, z.name, body, words, layer, "transposed")


def _softmax_axis(ground: Ground, layer: int) -> Iterator[Change]:
    if ground.row(layer).elementwise:
        return
    body = expr.softmax(ground.z(layer).T).T
    words = "softmax runs over the examples of each unit, not over the units of each example"
    shown = f"softmax over the examples of z{layer}"
    yield Change("softmax_axis", ground.a(layer).name, body, words, layer, "", shown)


def _activation(ground: Ground, layer: int, row: Activation) -> Iterator[Joint]:
    """Yield another activation in a layer: with its own derivative, and with that of ours."""
    z, a, own = ground.z(layer), ground.a(layer), ground.row(layer)
    words = f"the forward pass has {row.name} in layer {layer}, where {own.name} belongs"
    first = Change(SLUG, a.name, row.of(z), words, layer, row.name)
    shortcut = _output(ground) if layer == ground.layers else ()
    yield (first, *(shortcut or _output(ground)))
    if not row.elementwise or shortcut:
        return
    if not own.elementwise:
        g = ground.slope(layer)
        body = a * (g - expr.spread(expr.sum_units(g * a), g.shape))
        yield (first, *_output(ground), Change(SLUG, delta_of(layer), body, "", layer, row.name))
    slopes: list[Expr] = [expr.derivative(row, z)]
    for each in (own, row):
        form = each.derivative_of_value
        if form is not None and form.symbols():
            slopes.append(expr.substitute(form, {"a": a}))
    for slope in slopes:
        body = ground.slope(layer) * slope
        yield (first, *_output(ground), Change(SLUG, delta_of(layer), body, "", layer, row.name))
