"""Mistakes in the Jacobians themselves: J_W = δ aᵀ, J_b = Σ δ, and the penalty."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from chainrule import expr, notation
from chainrule.checking.mutations.activations import missing
from chainrule.checking.mutations.ground import Change, Ground, forced, replaced, spelled
from chainrule.coefficient import Coefficient
from chainrule.expr import Expr, Op


def _weights(ground: Ground) -> Iterator[tuple[int, str, Expr]]:
    """Yield layer, name of the equation, and δ aᵀ, which a penalty may be added to."""
    for layer in range(1, ground.layers + 1):
        name = notation.adjoint(notation.weights(layer))
        yield layer, name, ground.delta(layer) @ ground.a(layer - 1).T


def wrong_previous(ground: Ground) -> Iterator[Change]:
    """Multiply δ with the activations of another layer, or with weighted sums."""
    for layer, name, product in _weights(ground):
        others = [(ground.a(j), f"a {j - layer}") for j in range(ground.layers + 1)]
        others += [(ground.z(j), f"z {j - layer}") for j in range(1, ground.layers + 1)]
        for other, variant in others:
            before = ground.a(layer - 1)
            if other.shape != before.shape or other == before:
                continue
            mislabelled = other.name == notation.weighted_sums(layer - 1)
            slug = "cache_mislabelled" if mislabelled else "wrong_previous_activation"
            words = f"δ{layer} is multiplied with {spelled(other)}, where a{layer - 1} belongs"
            body = _put(ground, name, product, ground.delta(layer) @ other.T)
            yield Change(slug, name, body, words, layer, variant)


def _put(ground: Ground, name: str, product: Expr, instead: Expr) -> Expr:
    return replaced(ground.equations[name].expr, product, instead)


def weight_for_activation(ground: Ground) -> Iterator[Change]:
    """Multiply δ with the weights."""
    for layer, name, product in _weights(ground):
        W, delta = ground.W(layer), ground.delta(layer)
        words = f"δ{layer} is multiplied with W{layer}, where a{layer - 1} belongs"
        summed = expr.spread(expr.sum_examples(delta), W.shape) * W
        forms = (
            summed,
            forced(Op.HADAMARD, delta, W, W.shape),
            forced(Op.MATMUL, delta, W, W.shape),
        )
        for place, form in enumerate(forms):
            body = _put(ground, name, product, form)
            yield Change("weight_for_activation", name, body, words, layer, str(place))


def product_unit_by_unit(ground: Ground) -> Iterator[Change]:
    """Multiply δ and a unit by unit: it runs only where sizes agree by chance."""
    for layer, name, product in _weights(ground):
        W, before = ground.W(layer), ground.a(layer - 1)
        words = f"∘ stands between δ{layer} and a{layer - 1}, where @ belongs"
        for place, other in enumerate((before, before.T)):
            form = forced(Op.HADAMARD, ground.delta(layer), other, W.shape)
            body = _put(ground, name, product, form)
            variant = f"product {place}"
            yield Change("matrix_for_elementwise", name, body, words, layer, variant)


def other_delta(ground: Ground) -> Iterator[Change]:
    """Use δ of another layer, or ∂C/∂a, where δ belongs: in the Jacobians only."""
    for layer, name, product in _weights(ground):
        biases = notation.adjoint(notation.biases(layer))
        others = [(ground.slope(layer), "own")]
        for j in range(1, ground.layers + 1):
            if j != layer:
                others += [(ground.delta(j), f"delta {j - layer}")]
                others += [(ground.slope(j), f"slope {j - layer}")]
        for other, variant in others:
            if other.shape != ground.delta(layer).shape:
                continue
            if variant == "own":
                slug = missing(ground, layer)
                words = f"{ground.row(layer).symbol}′(z{layer}) is left out"
            else:
                slug = "delta_not_chained"
                words = f"{spelled(other)} is used where δ{layer} belongs"
            body = _put(ground, name, product, other @ ground.a(layer - 1).T)
            yield Change(slug, name, body, words, layer, f"J {variant}")
            yield Change(slug, biases, expr.sum_examples(other), words, layer, f"J {variant}")


def biases(ground: Ground) -> Iterator[Change]:
    """Sum over too much, or sum the wrong thing."""
    for layer in range(1, ground.layers + 1):
        name = notation.adjoint(notation.biases(layer))
        delta, shape = ground.delta(layer), ground.b(layer).shape
        total = expr.spread(expr.sum_units(expr.sum_examples(delta)), shape)
        words = f"Σ δ{layer} runs over the units too, so that all entries are equal"
        yield Change("bias_summed_over_units", name, total, words, layer)
        weights = ground.delta(layer) @ ground.a(layer - 1).T
        rows = Expr(Op.SUM_EXAMPLES, (weights,), shape)  # along the rows of a matrix
        words = f"the rows of J_W{layer} are summed, where Σ δ{layer} belongs"
        shown = f"Σ over the rows of δ{layer} a{layer - 1}ᵀ"
        yield Change("bias_from_weight_gradient", name, rows, words, layer, "", shown)


PENALTIES = (
    ("penalty_missing", Fraction(0), 0, "is left out"),
    ("penalty_sign", Fraction(-1), 0, "has the wrong sign"),
    ("penalty_factor", Fraction(2), 0, "is doubled"),
    ("penalty_factor", Fraction(1, 2), 0, "is halved"),
    ("penalty_factor", Fraction(1), -1, "is divided by m"),
    ("penalty_factor", Fraction(2), -1, "is doubled and divided by m"),
    ("penalty_factor", Fraction(1), 1, "is multiplied with m"),
)
"""Slug, factor, power of m, words."""


def penalty(ground: Ground) -> Iterator[Change]:
    """Give the penalty another factor, or put it on biases."""
    if not ground.architecture.l2:
        return
    decay = Coefficient(powers=((notation.PENALTY, 1),))
    for layer, name, product in _weights(ground):
        for slug, factor, power, said in PENALTIES:
            m = ((notation.EXAMPLES, power),) if power else ()
            body = product
            if factor:
                scaled = Coefficient(factor, m) * decay
                body = body + expr.scale(scaled, ground.W(layer))
            words = f"λ W{layer} of the penalty {said}"
            yield Change(slug, name, body, words, layer, said)
    for layer in range(1, ground.layers + 1):
        name = notation.adjoint(notation.biases(layer))
        body = ground.equations[name].expr + expr.scale(decay, ground.b(layer))
        words = f"λ b{layer} is added, but the cost does not penalise biases"
        yield Change("penalty_on_bias", name, body, words, layer)


BESIDE = (
    ("sign", Fraction(-1), 0, "has the wrong sign"),
    ("missing_mean", Fraction(1), 1, "is not divided by m"),
    ("double_mean", Fraction(1), -1, "is divided by m twice"),
    ("constant_factor", Fraction(1, 2), 0, "is halved"),
    ("constant_factor", Fraction(2), 0, "is doubled"),
)
"""Slug, factor, power of m, words."""


def beside_penalty(ground: Ground) -> Iterator[Change]:
    """Spoil the data's part by a factor, or transpose it, and leave the penalty as it is.

    Without a penalty a factor is seen in the Jacobians themselves.
    """
    if not ground.architecture.l2:
        return
    start = ground.slope(ground.layers).name
    for slug, factor, power, said in BESIDE:
        by = Coefficient(factor, ((notation.EXAMPLES, power),) if power else ())
        error = notation.text(start)
        body = expr.scale(by, ground.equations[start].expr)
        words = f"{error} {said}, and with it all but the penalty"
        yield Change(slug, start, body, words, ground.layers, "data")
        for layer, name, product in _weights(ground):
            words = f"δ{layer} a{layer - 1}ᵀ {said}, the penalty beside it is right"
            body = _put(ground, name, product, expr.scale(by, product))
            yield Change(slug, name, body, words, layer, said)
    for layer, name, product in _weights(ground):
        if ground.sizes[layer] == ground.sizes[layer - 1] > 1:
            words = f"δ{layer} a{layer - 1}ᵀ is transposed, the penalty beside it is not"
            body = _put(ground, name, product, product.T)
            yield Change("transposed", name, body, words, layer)
