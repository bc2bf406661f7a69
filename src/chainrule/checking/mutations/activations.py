"""Mistakes on the way through an activation, δ = ∂C/∂a ∘ f′(z), and at the cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from chainrule import expr
from chainrule.activations import ACTIVATIONS
from chainrule.checking.mutations.ground import Change, Ground, delta_of, forced
from chainrule.coefficient import PER_EXAMPLE
from chainrule.costs import COSTS
from chainrule.expr import Expr, Op
from chainrule.render import text

Factors = Iterator[tuple[Expr, str]]


def _through(ground: Ground, slug: str, at: Callable[[int], Factors]) -> Iterator[Change]:
    """Yield δ of every layer with something else in the place of f′(z)."""
    for layer in range(1, ground.layers + 1):
        if not ground.row(layer).elementwise:
            continue
        for place, (factor, words) in enumerate(at(layer)):
            body = ground.slope(layer) * factor
            yield Change(slug, delta_of(layer), body, words, layer, str(place))


def missing_derivative(ground: Ground) -> Iterator[Change]:
    """Leave f′(z) out."""
    for layer in range(1, ground.layers + 1):
        words = f"{ground.row(layer).symbol}′(z{layer}) is left out"
        slug = missing(ground, layer)
        yield Change(slug, delta_of(layer), ground.slope(layer), words, layer)


def missing(ground: Ground, layer: int) -> str:
    """Return the slug of a derivative that is left out in a layer."""
    return "missing_output_derivative" if layer == ground.layers else "missing_hidden_derivative"


def at_activation(ground: Ground) -> Iterator[Change]:
    """Take f′ at a."""

    def at(layer: int) -> Factors:
        row = ground.row(layer)
        words = f"{row.symbol}′ is taken at a{layer} in the place of z{layer}"
        yield expr.derivative(row, ground.a(layer)), words

    return _through(ground, "derivative_at_activation", at)


def at_gradient(ground: Ground) -> Iterator[Change]:
    """Take f′ at ∂C/∂a, as who masks what comes back by its own sign: dZ[dA <= 0] = 0."""

    def at(layer: int) -> Factors:
        row, slope = ground.row(layer), ground.slope(layer)
        if row.name in ("relu", "leaky_relu"):
            words = f"{row.symbol}′ is taken at ∂C/∂a{layer} in the place of z{layer}"
            yield expr.derivative(row, slope), f"{words}: the mask is that of the gradient itself"

    return _through(ground, "derivative_at_activation", at)


def form_at_sum(ground: Ground) -> Iterator[Change]:
    """Give z to the form of f′ that wants a."""

    def at(layer: int) -> Factors:
        row = ground.row(layer)
        if row.derivative_of_value is not None and row.derivative_of_value.symbols():
            form = expr.substitute(row.derivative_of_value, {"a": ground.z(layer)})
            yield form, f"the form of {row.symbol}′ for the value a{layer} is given z{layer}"

    return _through(ground, "activation_form_at_sum", at)


def function_for_derivative(ground: Ground) -> Iterator[Change]:
    """Use f, or the cost, where its derivative belongs."""

    def at(layer: int) -> Factors:
        symbol = ground.row(layer).symbol
        yield ground.a(layer), f"{symbol}(z{layer}) stands where {symbol}′(z{layer}) belongs"

    yield from _through(ground, "function_for_derivative", at)
    last = ground.layers
    cost = expr.scale(PER_EXAMPLE, expr.loss(ground.architecture.cost, ground.a(last), ground.y()))
    words = "the cost of each output stands where its derivative belongs"
    name = ground.slope(last).name
    yield Change("function_for_derivative", name, cost, words, last, "cost")


def wrong_layer(ground: Ground) -> Iterator[Change]:
    """Take f′ at the weighted sums of another layer, or at the inputs."""
    for layer in range(1, ground.layers + 1):
        row = ground.row(layer)
        if not row.elementwise:
            continue
        for other in range(ground.layers + 1):
            if other == layer or ground.sizes[other] not in (1, ground.sizes[layer]):
                continue
            at = ground.z(other) if other else ground.a(0)
            factor = expr.derivative(row, at)
            if ground.sizes[other] != ground.sizes[layer]:
                factor = expr.spread(factor, ground.z(layer).shape)
            words = f"{row.symbol}′ is taken at {at.name} in the place of z{layer}"
            body = ground.slope(layer) * factor
            variant = str(other - layer)
            yield Change("derivative_wrong_layer", delta_of(layer), body, words, layer, variant)


def other_function(ground: Ground) -> Iterator[Change]:
    """Take the derivative of another activation."""
    for layer in range(1, ground.layers + 1):
        row = ground.row(layer)
        if not row.elementwise:
            continue
        for name, other in ACTIVATIONS.items():
            if not other.elementwise or other.derivative is None or other == row:
                continue
            if name == "identity":
                continue  # that is a derivative left out
            words = f"the derivative of {name} stands where that of {row.name} belongs"
            factors = [(expr.derivative(other, ground.z(layer)), words, name)]
            if other.derivative_of_value is not None and other.derivative_of_value.symbols():
                form = expr.substitute(other.derivative_of_value, {"a": ground.a(layer)})
                factors.append((form, f"{words}, of the value a{layer}", f"{name} of a"))
            for factor, said, variant in factors:
                body = ground.slope(layer) * factor
                slug = "derivative_of_other_function"
                yield Change(slug, delta_of(layer), body, said, layer, variant)


def slipped(ground: Ground) -> Iterator[Change]:
    """Write the form of f′ for the value a with a slip: an exponent, or a sign.

    1 − a for 1 − a², or a (1 + a) for a (1 − a).
    """

    def at(layer: int) -> Factors:
        row = ground.row(layer)
        if row.derivative_of_value is None or not row.derivative_of_value.symbols():
            return
        form = expr.substitute(row.derivative_of_value, {"a": ground.a(layer)})
        for slip in dict.fromkeys(_slips(form)):
            if slip.symbols():
                words = f"{text.inline(slip)} stands where {row.symbol}′(z{layer}) belongs"
                yield slip, f"{words}, which is {text.inline(form)}"

    return _through(ground, "derivative_formula", at)


def _slips(node: Expr) -> Iterator[Expr]:
    """Yield an expression with one slip in it: an exponent lost, or one too many, or a sign."""
    if node.op is Op.SQUARE:
        yield node.args[0]
    if node.op is Op.SUBTRACT:
        yield replace(node, op=Op.ADD)
    for place, arg in enumerate(node.args):
        others = list(_slips(arg))
        if node.op is Op.HADAMARD or (node.op is Op.SUBTRACT and arg.op is Op.SYMBOL):
            others.append(expr.square(arg))
        for other in others:
            yield replace(node, args=(*node.args[:place], other, *node.args[place + 1 :]))


def reciprocal(ground: Ground) -> Iterator[Change]:
    """Divide by f′."""

    def at(layer: int) -> Factors:
        row = ground.row(layer)
        slope = expr.derivative(row, ground.z(layer))
        words = f"1/{row.symbol}′(z{layer}) stands where {row.symbol}′(z{layer}) belongs"
        yield expr.lift(1) / slope, words

    return _through(ground, "derivative_reciprocal", at)


def twice(ground: Ground) -> Iterator[Change]:
    """Apply f′ twice."""

    def at(layer: int) -> Factors:
        row = ground.row(layer)
        slope = expr.derivative(row, ground.z(layer))
        yield expr.square(slope), f"{row.symbol}′(z{layer}) is applied twice"

    return _through(ground, "derivative_twice", at)


def matrix_for_elementwise(ground: Ground) -> Iterator[Change]:
    """Put a matrix product in the place of ∘: it runs only where sizes agree by chance."""
    for layer in range(1, ground.layers + 1):
        row, slope, a = ground.row(layer), ground.slope(layer), ground.a(layer)
        if not row.elementwise:
            continue
        factor, shape = expr.derivative(row, ground.z(layer)), slope.shape
        words = f"@ stands between ∂C/∂a{layer} and {row.symbol}′(z{layer}), where ∘ belongs"
        for place, (left, right) in enumerate(((slope, factor), (factor, slope))):
            body = forced(Op.MATMUL, left, right, shape)
            slug = "matrix_for_elementwise"
            yield Change(slug, delta_of(layer), body, words, layer, f"through {place}")
        rest = expr.lift(1) - a
        words = f"a matrix product of a{layer} and 1 − a{layer} stands where ∘ belongs"
        products = (forced(Op.MATMUL, a, rest, shape), forced(Op.MATMUL, a.T, rest, shape))
        for place, product in enumerate(products):
            body = slope * product
            slug = "matrix_in_derivative"
            yield Change(slug, delta_of(layer), body, words, layer, f"inside {place}")


HALVES = ("squared_error", "huber")
"""Costs of which a − y is the derivative, up to a factor, where it is not clipped."""


def other_cost(ground: Ground) -> Iterator[Change]:
    """Take the gradient of another cost: most of all a − y, kept where it does not belong."""
    last = ground.layers
    a, y, slug = ground.a(last), ground.y(), "shortcut_for_other_cost"
    own = ground.architecture.cost
    words = (
        f"a{last} − y is δ{last} of cross-entropy, and stands here though the cost is {_say(own)}"
    )
    shortcut = expr.scale(PER_EXAMPLE, a - y)
    yield Change(slug, delta_of(last), shortcut, words, last, "shortcut")
    if own.name not in HALVES:  # far more usual than a Huber cost, which has the same slope inside
        words = (
            f"it starts from a{last} − y, the derivative of half the squared error, though the "
            f"cost is {_say(own)}"
        )
        yield Change(slug, ground.slope(last).name, shortcut, words, last, "squared_error half")
    for row in COSTS.values():
        if row == own or row.derivative is None:
            continue
        slope = expr.scale(PER_EXAMPLE, expr.loss_derivative(row, a, y))
        words = f"it starts from the derivative of {_say(row)}, though the cost is {_say(own)}"
        yield Change(slug, ground.slope(last).name, slope, words, last, row.name)


def _say(cost: expr.Function) -> str:
    return cost.symbol or cost.name


def picked_entries(ground: Ground) -> Iterator[Change]:
    """Write a − y at the labelled units only, and leave zeros at the others.

    Of softmax and its cross-entropy alone; for targets of 0 and 1 it is p (1 − p) as well.
    """
    last = ground.layers
    if ground.architecture.cost.name != "categorical_cross_entropy":
        return
    a, y = ground.a(last), ground.y()
    body = expr.scale(PER_EXAMPLE, y * (a - expr.lift(1)))
    words = f"a{last} − y stands at the labelled units only, the others are left 0"
    yield Change("picked_entries", delta_of(last), body, words, last)


def lost_half(ground: Ground) -> Iterator[Change]:
    """Leave out one of the two terms of the binary cross-entropy."""
    if ground.architecture.cost.name != "binary_cross_entropy":
        return
    last = ground.layers
    a, y, name = ground.a(last), ground.y(), ground.slope(last).name
    words = "the term of (1 − y) log(1 − a) is left out"
    first = expr.scale(PER_EXAMPLE, -(y / a))
    yield Change("lost_path", name, first, words, last, "first term")
    words = "the term of y log a is left out"
    second = expr.scale(PER_EXAMPLE, (expr.lift(1) - y) / (expr.lift(1) - a))
    yield Change("lost_path", name, second, words, last, "second term")


def softmax_elementwise(ground: Ground) -> Iterator[Change]:
    """Pass through softmax unit by unit."""
    for layer in range(1, ground.layers + 1):
        if ground.row(layer).elementwise:
            continue
        p = ground.a(layer)
        slug = "softmax_elementwise"
        words = "softmax is passed through unit by unit, p (1 − p), and not by its whole Jacobian"
        diagonal = ground.slope(layer) * (p * (expr.lift(1) - p))
        yield Change(slug, delta_of(layer), diagonal, words, layer, "p (1 − p)")
        words = "softmax is passed through unit by unit, by p alone: the sum over the units is lost"
        yield Change(slug, delta_of(layer), ground.slope(layer) * p, words, layer, "p")
