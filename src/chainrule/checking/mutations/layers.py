"""Mistakes on the way back through the weights, ∂C/∂a = Wᵀ δ."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule import expr
from chainrule.checking.mutations.ground import Change, Ground, forced, spelled
from chainrule.expr import Expr, Op


def _below(ground: Ground) -> Iterator[tuple[int, int, str]]:
    """Yield layer, the one above, and the name of the equation of ∂C/∂a."""
    for layer in range(1, ground.layers):
        yield layer, layer + 1, ground.slope(layer).name


def raw_error(ground: Ground) -> Iterator[Change]:
    """Send ∂C/∂a back, not δ."""
    for layer, above, name in _below(ground):
        words = f"∂C/∂a{above} is sent back through W{above}, where δ{above} belongs"
        body = ground.W(above).T @ ground.slope(above)
        yield Change("raw_error_propagated", name, body, words, layer)


def not_chained(ground: Ground) -> Iterator[Change]:
    """Use a quantity of another layer where that of the layer above belongs."""
    slug = "delta_not_chained"
    for layer, above, name in _below(ground):
        for other in range(above + 1, ground.layers + 1):
            for quantity in (ground.delta(other), ground.slope(other)):
                words = f"{spelled(quantity)} is used again where δ{above} belongs"
                kind = f"{quantity.name[:2]} {other - above}"
                if ground.sizes[other] == ground.sizes[above]:
                    body = ground.W(above).T @ quantity
                    yield Change(slug, name, body, words, layer, kind)
            if ground.sizes[other - 1] == ground.sizes[layer]:
                words = f"W{other}ᵀ δ{other} is used again where W{above}ᵀ δ{above} belongs"
                body = ground.W(other).T @ ground.delta(other)
                yield Change(slug, name, body, words, layer, f"whole {other - above}")
            if other - 1 > above and ground.sizes[other - 1] == ground.sizes[above]:
                quantity = ground.slope(other - 1)
                words = f"{spelled(quantity)} is used again where δ{above} belongs"
                body = ground.W(above).T @ quantity
                yield Change(slug, name, body, words, layer, f"slope {other - above}")


def missing_weight(ground: Ground) -> Iterator[Change]:
    """Leave the step through the weights out."""
    slug = "missing_weight"
    for layer, above, name in _below(ground):
        delta, shape = ground.delta(above), ground.a(layer).shape
        words = f"the step through W{above} is left out"
        if ground.sizes[above] in (1, ground.sizes[layer]):
            same = ground.sizes[above] == ground.sizes[layer]
            yield Change(slug, name, delta if same else expr.spread(delta, shape), words, layer)
        total = expr.spread(expr.sum_units(delta), shape)
        yield Change(slug, name, total, f"{words}, δ{above} summed up", layer, "sum")


def not_transposed(ground: Ground) -> Iterator[Change]:
    """Use W, not its transpose."""
    for layer, above, name in _below(ground):
        if ground.sizes[above] == ground.sizes[layer]:
            words = f"W{above} stands where W{above}ᵀ belongs"
            body = ground.W(above) @ ground.delta(above)
            yield Change("weight_not_transposed", name, body, words, layer)


def other_weights(ground: Ground) -> Iterator[Change]:
    """Go back through the weights of another layer."""
    for layer, above, name in _below(ground):
        for other in range(1, ground.layers + 1):
            W = ground.W(other)
            if other == above:
                continue
            words = f"W{other} stands where W{above} belongs"
            for matrix, kind in ((W.T, "T"), (W, "")):
                if matrix.shape == ground.W(above).T.shape:
                    body = matrix @ ground.delta(above)
                    variant = f"W {other - above} {kind}"
                    yield Change("cache_mislabelled", name, body, words, layer, variant)


def bias_for_weight(ground: Ground) -> Iterator[Change]:
    """Use b where W belongs."""
    slug = "bias_for_weight"
    for layer, above, name in _below(ground):
        words = f"b{above} stands where W{above} belongs"
        shape, delta = ground.a(layer).shape, ground.delta(above)
        product = expr.spread(ground.b(above).T @ delta, shape)
        yield Change(slug, name, product, words, layer)
        if ground.sizes[above] == ground.sizes[layer]:
            both = expr.spread(ground.b(above), shape) * delta
            yield Change(slug, name, both, words, layer, "unit by unit")


def weights_unit_by_unit(ground: Ground) -> Iterator[Change]:
    """Multiply W and δ unit by unit: it runs only where sizes agree by chance."""
    for layer, above, name in _below(ground):
        words = f"∘ stands between W{above} and δ{above}, where @ belongs"
        for kind, matrix in (("T", ground.W(above).T), ("", ground.W(above))):
            body = forced(Op.HADAMARD, matrix, ground.delta(above), ground.a(layer).shape)
            slug = "matrix_for_elementwise"
            yield Change(slug, name, body, words, layer, f"weights {kind}")


def lost_units(ground: Ground) -> Iterator[Change]:
    """Count some of the units above only: = for +=, or a loop that ends too early."""
    for layer, above, name in _below(ground):
        units = ground.sizes[above]
        if units < 2:
            continue
        W, delta = ground.W(above), ground.delta(above)
        for first, place in ((True, 1), (False, units)):
            alone = unit(above, place, units)
            kept = W.T @ (expr.spread(alone, delta.shape) * delta)
            words = f"of the ways from layer {layer} to layer {above}, that to unit {place} alone"
            end = "first" if first else "last"
            shown = f"W{above}[{place},·]ᵀ δ{above}[{place}]"
            yield Change(
                "lost_path", name, kept, f"{words} is counted: = for +=?", layer, end, shown
            )
            rest = W.T @ (expr.spread(expr.lift(1) - alone, delta.shape) * delta)
            words = f"unit {place} of layer {above} is left out of W{above}ᵀ δ{above}"
            shown = f"Σ of W{above}[i,·]ᵀ δ{above}[i] over i ≠ {place}"
            yield Change("row_skipped", name, rest, words, layer, end, shown)


def unit(layer: int, place: int, units: int) -> Expr:
    """Return the column that is 1 at one unit of a layer, and 0 elsewhere.

    Parameters
    ----------
    layer, place, units : int
        The first place is 1.
    """
    return expr.symbol(f"unit_{layer}_{place}_of_{units}_", (units, 1))
