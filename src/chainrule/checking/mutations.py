"""Mistakes as transformations of the derivation: each changes the right-hand side of one equation.

A row has the slug of the catalogue and a function that yields every place where the mistake can be
made, with the equation as it then reads. Nothing is known here of numbers: `hypotheses` gives the
changed derivations values and `search` holds these against what a person's code returned.

Shapes are those of the equation, unless a row says what it makes of them: some mistakes are only
seen by their shape, others run only where sizes agree by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chainrule import expr, notation
from chainrule.activations import ACTIVATIONS, Activation
from chainrule.architecture import Architecture
from chainrule.coefficient import PER_EXAMPLE
from chainrule.costs import COSTS
from chainrule.derive import derive
from chainrule.expr import Expr, Op


@dataclass(frozen=True)
class Change:
    """One mistake, made in one place.

    Parameters
    ----------
    slug : str
        Name in the catalogue.
    equation : str
        Name of the equation that it changes.
    expr : Expr
        Its right-hand side then.
    words : str
        What was done, to follow "here": ``"σ′ is taken at a2 in the place of z2"``.
    layer : int
    """

    slug: str
    equation: str
    expr: Expr
    words: str
    layer: int


class Ground:
    """The derivation that mistakes are made in, by its parts.

    Parameters
    ----------
    architecture : Architecture
    """

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        derivation = derive(architecture, dropout=False, rewrites=())
        self.forward, self.backward = derivation.forward, derivation.backward
        self.equations = {each.name: each for each in derivation}
        self.layers = architecture.layers
        self.sizes = architecture.sizes

    def symbol(self, name: str) -> Expr:
        """Return a named quantity with its shape."""
        if name in self.equations:
            return expr.symbol(name, self.equations[name].shape)
        kind, layer = notation.split(name)
        number = int(layer) if layer else 0
        if name == notation.TARGETS:
            return expr.symbol(name, (self.sizes[-1], notation.EXAMPLES))
        if name == notation.activations(0):
            return expr.symbol(name, (self.sizes[0], notation.EXAMPLES))
        rows = self.sizes[number]
        columns = self.sizes[number - 1] if kind == "W" else 1
        return expr.symbol(name, (rows, columns))

    def z(self, layer: int) -> Expr:
        """Return the weighted sums of a layer."""
        return self.symbol(notation.weighted_sums(layer))

    def a(self, layer: int) -> Expr:
        """Return the activations of a layer; of layer 0, the inputs."""
        return self.symbol(notation.activations(layer))

    def W(self, layer: int) -> Expr:  # noqa: N802 - its name on every page
        """Return the weights into a layer."""
        return self.symbol(notation.weights(layer))

    def b(self, layer: int) -> Expr:
        """Return the biases of a layer."""
        return self.symbol(notation.biases(layer))

    def slope(self, layer: int) -> Expr:
        """Return ∂C/∂a of a layer."""
        return self.symbol(notation.adjoint(notation.activations(layer)))

    def delta(self, layer: int) -> Expr:
        """Return δ of a layer."""
        return self.symbol(notation.adjoint(notation.weighted_sums(layer)))

    def row(self, layer: int) -> Activation:
        """Return the activation of a layer."""
        return self.architecture.activations[layer - 1]


Maker = Callable[[Ground], Iterator[Change]]


@dataclass(frozen=True)
class Mutation:
    """One row.

    Parameters
    ----------
    slugs : tuple of str
        What it may be called.
    make : callable
        Yields all places of the mistake in a derivation.
    """

    slugs: tuple[str, ...]
    make: Maker


def _name(layer: int) -> str:
    return notation.adjoint(notation.weighted_sums(layer))


def _text(node: Expr) -> str:
    return notation.text(node.name)


# Through the activation: δ = ∂C/∂a ∘ f′(z) ---------------------------------------------------


def _through(
    ground: Ground, slug: str, at: Callable[[int], Iterator[tuple[Expr, str]]]
) -> Iterator[Change]:
    """Yield δ of every layer with something else in the place of f′(z)."""
    for layer in range(1, ground.layers + 1):
        if not ground.row(layer).elementwise:
            continue
        for factor, words in at(layer):
            yield Change(slug, _name(layer), ground.slope(layer) * factor, words, layer)


def _missing_derivative(ground: Ground) -> Iterator[Change]:
    for layer in range(1, ground.layers + 1):
        last = layer == ground.layers
        slug = "missing_output_derivative" if last else "missing_hidden_derivative"
        words = f"{ground.row(layer).symbol}′(z{layer}) is left out"
        yield Change(slug, _name(layer), ground.slope(layer), words, layer)


def _at_activation(ground: Ground) -> Iterator[Change]:
    def at(layer: int) -> Iterator[tuple[Expr, str]]:
        row = ground.row(layer)
        words = f"{row.symbol}′ is taken at a{layer} in the place of z{layer}"
        yield expr.derivative(row, ground.a(layer)), words

    return _through(ground, "derivative_at_activation", at)


def _form_at_sum(ground: Ground) -> Iterator[Change]:
    def at(layer: int) -> Iterator[tuple[Expr, str]]:
        row = ground.row(layer)
        if row.derivative_of_value is not None and row.derivative_of_value.symbols():
            form = expr.substitute(row.derivative_of_value, {"a": ground.z(layer)})
            yield form, f"the form of {row.symbol}′ for the value a{layer} is given z{layer}"

    return _through(ground, "activation_form_at_sum", at)


def _function_for_derivative(ground: Ground) -> Iterator[Change]:
    def at(layer: int) -> Iterator[tuple[Expr, str]]:
        symbol = ground.row(layer).symbol
        yield ground.a(layer), f"{symbol}(z{layer}) stands where {symbol}′(z{layer}) belongs"

    return _through(ground, "function_for_derivative", at)


def _wrong_layer(ground: Ground) -> Iterator[Change]:
    def at(layer: int) -> Iterator[tuple[Expr, str]]:
        row = ground.row(layer)
        for other in range(1, ground.layers + 1):
            if other != layer and ground.sizes[other] in (1, ground.sizes[layer]):
                point = expr.derivative(row, ground.z(other))
                if ground.sizes[other] != ground.sizes[layer]:
                    point = expr.spread(point, ground.z(layer).shape)
                yield point, f"{row.symbol}′ is taken at z{other} in the place of z{layer}"

    return _through(ground, "derivative_wrong_layer", at)


def _other_function(ground: Ground) -> Iterator[Change]:
    def at(layer: int) -> Iterator[tuple[Expr, str]]:
        row = ground.row(layer)
        for name, other in ACTIVATIONS.items():
            if other.elementwise and other.derivative is not None and other != row:
                if name == "identity":
                    continue  # that is a derivative left out
                words = f"the derivative of {name} stands where that of {row.name} belongs"
                yield expr.derivative(other, ground.z(layer)), words
                if other.derivative_of_value is not None and other.derivative_of_value.symbols():
                    form = expr.substitute(other.derivative_of_value, {"a": ground.a(layer)})
                    yield form, f"{words}, of the value a{layer}"

    return _through(ground, "derivative_of_other_function", at)


def _reciprocal(ground: Ground) -> Iterator[Change]:
    def at(layer: int) -> Iterator[tuple[Expr, str]]:
        row = ground.row(layer)
        slope = expr.derivative(row, ground.z(layer))
        words = f"1/{row.symbol}′(z{layer}) stands where {row.symbol}′(z{layer}) belongs"
        yield expr.lift(1) / slope, words

    return _through(ground, "derivative_reciprocal", at)


def _twice(ground: Ground) -> Iterator[Change]:
    def at(layer: int) -> Iterator[tuple[Expr, str]]:
        row = ground.row(layer)
        slope = expr.derivative(row, ground.z(layer))
        yield expr.square(slope), f"{row.symbol}′(z{layer}) is applied twice"

    return _through(ground, "derivative_twice", at)


def _matrix_for_elementwise(ground: Ground) -> Iterator[Change]:
    """Put a matrix product in the place of ∘: it runs only where m and the size agree."""
    for layer in range(1, ground.layers + 1):
        if not ground.row(layer).elementwise:
            continue
        slope = expr.derivative(ground.row(layer), ground.z(layer))
        forms = {
            "matrix_for_elementwise": ((ground.slope(layer), slope), "@ stands where ∘ belongs"),
            "matrix_in_derivative": (
                (ground.slope(layer), _matrix(ground.a(layer), expr.lift(1) - ground.a(layer))),
                f"a{layer} @ (1 − a{layer}) stands where a{layer} ∘ (1 − a{layer}) belongs",
            ),
        }
        for slug, ((left, right), words) in forms.items():
            whole = _matrix(left, right) if slug == "matrix_for_elementwise" else left * right
            yield Change(slug, _name(layer), whole, words, layer)


def _matrix(left: Expr, right: Expr) -> Expr:
    """Return a matrix product whatever the shapes: values tell whether there is one."""
    return Expr(Op.MATMUL, (left, right), left.shape)


# The output: ∂C/∂a, softmax, shortcuts -------------------------------------------------------


def _other_cost(ground: Ground) -> Iterator[Change]:
    """Take the gradient of another cost: most of all a − y, kept where it does not belong."""
    last = ground.layers
    a, y = ground.a(last), ground.symbol(notation.TARGETS)
    words = f"a{last} − y is δ{last} of cross-entropy, and stands here though the cost is another"
    shortcut = expr.scale(PER_EXAMPLE, a - y)
    yield Change("shortcut_for_other_cost", _name(last), shortcut, words, last)
    for row in COSTS.values():
        if row == ground.architecture.cost or row.derivative is None:
            continue
        slope = expr.scale(PER_EXAMPLE, expr.loss_derivative(row, a, y))
        name = ground.slope(last).name
        words = f"this is the derivative of another cost: {row.title or row.name}"
        yield Change("shortcut_for_other_cost", name, slope, words, last)


def _softmax(ground: Ground) -> Iterator[Change]:
    for layer in range(1, ground.layers + 1):
        if ground.row(layer).elementwise:
            continue
        p = ground.a(layer)
        words = "softmax is passed through unit by unit, p (1 − p), and not by its whole Jacobian"
        diagonal = ground.slope(layer) * (p * (expr.lift(1) - p))
        yield Change("softmax_elementwise", _name(layer), diagonal, words, layer)
        yield Change("softmax_elementwise", _name(layer), ground.slope(layer) * p, words, layer)


# Through the weights: ∂C/∂a = Wᵀ δ -----------------------------------------------------------


def _below(ground: Ground) -> Iterator[tuple[int, str]]:
    for layer in range(1, ground.layers):
        yield layer, ground.slope(layer).name


def _raw_error(ground: Ground) -> Iterator[Change]:
    for layer, name in _below(ground):
        above = layer + 1
        words = f"∂C/∂a{above} is sent back through W{above}, where δ{above} belongs"
        yield Change(
            "raw_error_propagated", name, ground.W(above).T @ ground.slope(above), words, layer
        )


def _not_chained(ground: Ground) -> Iterator[Change]:
    """Put a quantity of another layer where that of the layer above belongs."""
    for layer, name in _below(ground):
        above = layer + 1
        for other in range(1, ground.layers + 1):
            for quantity in (ground.delta(other), ground.slope(other)):
                fits = ground.sizes[other] == ground.sizes[above] and other != above
                if fits and other > layer:
                    words = f"{_text(quantity)} is used again where δ{above} belongs"
                    yield Change(
                        "delta_not_chained", name, ground.W(above).T @ quantity, words, layer
                    )
        for other in range(layer + 2, ground.layers + 1):
            if ground.sizes[other - 1] == ground.sizes[layer]:
                words = f"W{other}ᵀ δ{other} is used again where W{above}ᵀ δ{above} belongs"
                product = ground.W(other).T @ ground.delta(other)
                yield Change("delta_not_chained", name, product, words, layer)


def _missing_weight(ground: Ground) -> Iterator[Change]:
    for layer, name in _below(ground):
        above = layer + 1
        rows = (1, ground.sizes[layer])
        words = f"the step through W{above} is left out"
        if ground.sizes[above] in rows:
            delta = ground.delta(above)
            if ground.sizes[above] != ground.sizes[layer]:
                delta = expr.spread(delta, ground.a(layer).shape)
            yield Change("missing_weight", name, delta, words, layer)
        total = expr.spread(expr.sum_units(ground.delta(above)), ground.a(layer).shape)
        yield Change("missing_weight", name, total, words, layer)


def _not_transposed(ground: Ground) -> Iterator[Change]:
    for layer, name in _below(ground):
        above = layer + 1
        if ground.sizes[above] == ground.sizes[layer]:
            words = f"W{above} stands where W{above}ᵀ belongs"
            product = ground.W(above) @ ground.delta(above)
            yield Change("weight_not_transposed", name, product, words, layer)


def _bias_for_weight(ground: Ground) -> Iterator[Change]:
    for layer, name in _below(ground):
        above = layer + 1
        words = f"b{above} stands where W{above} belongs"
        shape = ground.a(layer).shape
        product = expr.spread(ground.b(above).T @ ground.delta(above), shape)
        yield Change("bias_for_weight", name, product, words, layer)
        if ground.sizes[above] == ground.sizes[layer]:
            both = expr.spread(ground.b(above), shape) * ground.delta(above)
            yield Change("bias_for_weight", name, both, words, layer)


# The Jacobians: δ aᵀ and Σ δ -----------------------------------------------------------------


def _weights(ground: Ground) -> Iterator[tuple[int, str, Expr]]:
    """Yield layer, name of the equation, and what is added to δ aᵀ in it (the penalty)."""
    for layer in range(1, ground.layers + 1):
        name = notation.adjoint(notation.weights(layer))
        yield layer, name, ground.delta(layer) @ ground.a(layer - 1).T


def _with_rest(ground: Ground, name: str, product: Expr, instead: Expr) -> Expr:
    """Put something in the place of δ aᵀ, and leave a penalty as it is."""

    def put(node: Expr) -> Expr:
        return instead if node == product else node.map(put)

    return put(ground.equations[name].expr)


def _wrong_previous(ground: Ground) -> Iterator[Change]:
    for layer, name, product in _weights(ground):
        others = [ground.a(j) for j in range(ground.layers + 1) if j != layer - 1]
        others += [ground.z(j) for j in range(1, ground.layers + 1)]
        for other in others:
            if other.shape != ground.a(layer - 1).shape:
                continue
            mislabelled = other.name == notation.weighted_sums(layer - 1)
            slug = "cache_mislabelled" if mislabelled else "wrong_previous_activation"
            words = f"δ{layer} is multiplied with {_text(other)}, where a{layer - 1} belongs"
            instead = ground.delta(layer) @ other.T
            yield Change(slug, name, _with_rest(ground, name, product, instead), words, layer)


def _weight_for_activation(ground: Ground) -> Iterator[Change]:
    for layer, name, product in _weights(ground):
        shape = ground.W(layer).shape
        summed = expr.spread(expr.sum_examples(ground.delta(layer)), shape)
        words = f"δ{layer} is multiplied with W{layer}, where a{layer - 1} belongs"
        instead = summed * ground.W(layer)
        yield Change(
            "weight_for_activation", name, _with_rest(ground, name, product, instead), words, layer
        )


def _other_delta(ground: Ground) -> Iterator[Change]:
    """δ of another layer, or ∂C/∂a, where δ belongs: in the Jacobians only."""
    for layer in range(1, ground.layers + 1):
        weights, biases = (
            notation.adjoint(make(layer)) for make in (notation.weights, notation.biases)
        )
        product = ground.delta(layer) @ ground.a(layer - 1).T
        others = [ground.delta(j) for j in range(1, ground.layers + 1) if j != layer]
        others += [ground.slope(j) for j in range(1, ground.layers + 1) if j != layer]
        for other in [ground.slope(layer), *others]:
            if other.shape != ground.delta(layer).shape:
                continue
            own = other == ground.slope(layer)
            if own:
                last = layer == ground.layers
                slug = "missing_output_derivative" if last else "missing_hidden_derivative"
                words = f"{ground.row(layer).symbol}′(z{layer}) is left out"
            else:
                slug = "delta_not_chained"
                words = f"{_text(other)} is used where δ{layer} belongs"
            instead = other @ ground.a(layer - 1).T
            changed = _with_rest(ground, weights, product, instead)
            yield Change(slug, weights, changed, words, layer)
            yield Change(slug, biases, expr.sum_examples(other), words, layer)


def _biases(ground: Ground) -> Iterator[Change]:
    for layer in range(1, ground.layers + 1):
        name = notation.adjoint(notation.biases(layer))
        delta, shape = ground.delta(layer), ground.b(layer).shape
        total = expr.spread(expr.total(delta), shape)
        words = f"Σ δ{layer} runs over the units too, so that all entries are equal"
        yield Change("bias_summed_over_units", name, total, words, layer)
        weights = ground.delta(layer) @ ground.a(layer - 1).T
        rows = Expr(Op.SUM_EXAMPLES, (weights,), shape)  # along the rows of a matrix
        words = f"the rows of J_W{layer} are summed, where Σ δ{layer} belongs"
        yield Change("bias_from_weight_gradient", name, rows, words, layer)


MUTATIONS: tuple[Mutation, ...] = (
    Mutation(("missing_output_derivative", "missing_hidden_derivative"), _missing_derivative),
    Mutation(("derivative_at_activation",), _at_activation),
    Mutation(("weight_not_transposed",), _not_transposed),
    Mutation(("shortcut_for_other_cost",), _other_cost),
    Mutation(("raw_error_propagated",), _raw_error),
    Mutation(("wrong_previous_activation", "cache_mislabelled"), _wrong_previous),
    Mutation(("activation_form_at_sum",), _form_at_sum),
    Mutation(("function_for_derivative",), _function_for_derivative),
    Mutation(("derivative_wrong_layer",), _wrong_layer),
    Mutation(("missing_weight",), _missing_weight),
    Mutation(("delta_not_chained",), _not_chained),
    Mutation(("derivative_twice",), _twice),
    Mutation(("softmax_elementwise",), _softmax),
    Mutation(("bias_for_weight",), _bias_for_weight),
    Mutation(("weight_for_activation",), _weight_for_activation),
    Mutation(("bias_summed_over_units", "bias_from_weight_gradient"), _biases),
    Mutation(("derivative_of_other_function",), _other_function),
    Mutation(("derivative_reciprocal",), _reciprocal),
    Mutation(("matrix_for_elementwise", "matrix_in_derivative"), _matrix_for_elementwise),
    Mutation(
        ("delta_not_chained", "missing_output_derivative", "missing_hidden_derivative"),
        _other_delta,
    ),
)
"""The rows, the most common mistake first: ties are listed in this order."""


def changes(ground: Ground) -> list[Change]:
    """Return every mistake in every place, the most common first."""
    seen: set[tuple[str, Expr]] = set()
    found = []
    for row in MUTATIONS:
        for change in row.make(ground):
            key = (change.equation, change.expr)
            if key not in seen:
                seen.add(key)
                found.append(change)
    return found
