"""Architecture → Derivation: the forward equations, the backward sweep, the rewrites.

The whole of backpropagation is the function `sweep`: walk the forward equations from the last
to the first; give the derivative of the cost with respect to each left-hand side a name; pass it
back through the right-hand side by the rules, one operation at a time; where several ways lead
to the same quantity, add. Depth, width, a different function in every layer, penalties, weights
of examples, dropout, derivatives of the outputs in place of the cost: the sweep sees none of
these, only equations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from operator import add

from chainrule import expr, notation
from chainrule.architecture import Architecture
from chainrule.coefficient import PER_EXAMPLE, PER_WEIGHT, Coefficient, decimal
from chainrule.derivation import Derivation
from chainrule.equation import Equation
from chainrule.expr import Expr, Op
from chainrule.parameters import shapes
from chainrule.rewrites import REWRITES, Facts, Rewrite, rewrite
from chainrule.rules import RULES

HALF_PENALTY = Coefficient(Fraction(1, 2), ((notation.PENALTY, 1),))


def derive(
    architecture: Architecture,
    *,
    weights: bool = False,
    dropout: bool = True,
    inputs: bool = False,
    rewrites: tuple[Rewrite, ...] = REWRITES,
) -> Derivation:
    """Derive the Jacobian of the cost with respect to every weight and bias.

    Parameters
    ----------
    architecture : Architecture
        The network; its activations and its cost may be undefined functions.
    weights : bool, optional
        Whether the examples are weighted.
    dropout : bool, optional
        Whether units are left out, where the architecture has rates of dropout.
    inputs : bool, optional
        Whether the Jacobian with respect to the inputs is derived too.
    rewrites : tuple of Rewrite, optional
        Which rewrites to use; all where nothing is said. With none, the equations are what the
        rules produce: right, and neither pretty nor safe from overflow.

    Returns
    -------
    Derivation
    """
    chain, prediction = _chain(architecture, dropout)
    forward = [*chain, _cost_equation(architecture, prediction, weights)]
    return _derivation(architecture, forward, notation.COST, inputs, rewrites)


def derive_outputs(architecture: Architecture) -> Derivation:
    """Derive the Jacobian of the outputs with respect to inputs, weights and biases.

    What is differentiated is s = Σ v ∘ a_L, which with v = 1 at one output of one example, and
    0 elsewhere, is that output.

    Parameters
    ----------
    architecture : Architecture
        The network. Its cost, penalty and dropout play no part.

    Returns
    -------
    Derivation
        With ``ds_da0``, ``ds_dW1``, …
    """
    chain, prediction = _chain(architecture, dropout=False)
    selector = expr.symbol(notation.SELECTOR, prediction.shape)
    reason = "the outputs that v selects: v is 1 at one of them, and 0 elsewhere"
    chosen = Equation(notation.OUTPUT, expr.total(selector * prediction), reason)
    return _derivation(architecture, [*chain, chosen], notation.OUTPUT, inputs=True)


def _derivation(
    architecture: Architecture,
    forward: list[Equation],
    scalar: str,
    inputs: bool,
    rewrites: tuple[Rewrite, ...] = REWRITES,
) -> Derivation:
    wanted = notation.parameter_names(architecture.layers)
    if inputs:
        wanted = (*wanted, notation.activations(0))
    backward = sweep(forward, scalar, wanted)
    facts = Facts()
    finished = []
    for equation in forward + backward:
        changed, reasons = rewrite(equation.expr, facts, rewrites)
        reason = "; ".join(filter(None, [equation.reason, *reasons]))
        finished.append(replace(equation, expr=changed, reason=reason))
        facts.learn(equation.name, equation.expr)
    count = len(forward)
    jacobians = [notation.adjoint(name, scalar) for name in wanted]
    return Derivation(
        architecture, tuple(finished[:count]), tuple(_needed(finished[count:], jacobians))
    )


def _chain(architecture: Architecture, dropout: bool) -> tuple[list[Equation], Expr]:
    """Return the equations z1, a1, …, zL, aL, and the last activations."""
    layout = shapes(architecture.sizes)
    equations = []
    inputs = expr.symbol(notation.activations(0), (architecture.inputs, notation.EXAMPLES))
    for layer, activation in enumerate(architecture.activations, start=1):
        W, b = (
            expr.symbol(name, layout[name])
            for name in (notation.weights(layer), notation.biases(layer))
        )
        product = W @ inputs
        z = Equation(
            notation.weighted_sums(layer),
            product + expr.spread(b, product.shape),
            "the activations before, weighed, plus the biases",
        )
        kind = "unit by unit" if activation.elementwise else "over the units of each example"
        value = activation.of(expr.symbol(z.name, z.shape))
        a = Equation(notation.activations(layer), value, f"{activation.name}, {kind}")
        equations += [z, a]
        if dropout and architecture.drops(layer):
            equations.append(_dropout(layer, a, architecture.dropout[layer - 1]))
        inputs = expr.symbol(equations[-1].name, z.shape)
    return equations, inputs


def _dropout(layer: int, a: Equation, rate: float) -> Equation:
    """Return the equation of inverted dropout (Srivastava et al. 2014, section 10)."""
    mask = expr.symbol(notation.mask(layer), a.shape)
    factor = Coefficient(1 / (1 - decimal(rate)))
    value = expr.scale(factor, mask * expr.symbol(a.name, a.shape))
    name = notation.text(mask.name)
    stays = f"{float(1 - decimal(rate)):g}"
    reason = (
        f"dropout: {name} is 1 with probability {stays}, else 0; divided by {stays}, "
        "so that the mean stays as it is"
    )
    return Equation(notation.kept(layer), value, reason)


def _cost_equation(architecture: Architecture, prediction: Expr, weighted: bool) -> Equation:
    y = expr.symbol(notation.TARGETS, prediction.shape)
    losses = expr.loss(architecture.cost, prediction, y)
    title = architecture.cost.title or architecture.cost.name
    if weighted:
        w = expr.symbol(notation.EXAMPLE_WEIGHTS, (1, notation.EXAMPLES))
        losses = expr.spread(w, prediction.shape) * losses
        cost = expr.scale(PER_WEIGHT, expr.total(losses))
        reason = f"{title}: summed over the outputs, averaged over the examples by their weights w"
    else:
        cost = expr.scale(PER_EXAMPLE, expr.total(losses))
        reason = f"{title}: summed over the outputs, averaged over the m examples"
    if architecture.l2:
        layout = shapes(architecture.sizes)
        squares = [
            expr.total(expr.square(expr.symbol(name, dims)))
            for name, dims in layout.items()
            if notation.is_weights(name)
        ]
        cost = cost + expr.scale(HALF_PENALTY, _balanced(squares))
        reason += "; plus the penalty on the weights"
    return Equation(notation.COST, cost, reason)


def _balanced(terms: list[Expr]) -> Expr:
    """Return a sum whose depth grows with the logarithm of its length."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return _balanced(terms[:half]) + _balanced(terms[half:])


def sweep(forward: Sequence[Equation], scalar: str, wanted: Sequence[str]) -> list[Equation]:
    """Return the equations of the derivative of `scalar` with respect to every `wanted` quantity.

    Parameters
    ----------
    forward : sequence of Equation
        In an order in which each uses earlier ones only; one of them is named `scalar`.
    scalar : str
        Name of what is differentiated: the cost, or an output.
    wanted : sequence of str
        Names of quantities that the equations use.

    Returns
    -------
    list of Equation
        In the order of the sweep: from the scalar back to the inputs.
    """
    active = _depending_on(forward, wanted)
    uses = Counter(name for eq in forward for name in eq.expr.symbols())
    contributions: dict[str, list[tuple[Expr, str]]] = {name: [] for name in active}
    backward: list[Equation] = []

    def adjoint(name: str) -> Expr:
        terms = contributions[name][::-1]  # the way through the network first, the penalty last
        reasons = dict.fromkeys(reason for _, reason in terms if reason)
        total = reduce(add, (term for term, _ in terms))
        backward.append(Equation(notation.adjoint(name, scalar), total, "; ".join(reasons)))
        return expr.symbol(backward[-1].name, total.shape)

    for equation in reversed(forward):
        if equation.name not in active:
            continue
        g = expr.constant(1) if equation.name == scalar else adjoint(equation.name)
        for name, term, reason in _pass_back(equation.expr, g, active):
            contributions[name].append((term, reason))
        for name in sorted(equation.expr.symbols() & set(wanted)):
            uses[name] -= 1
            if uses[name] == 0:  # no earlier equation can add to it
                adjoint(name)
    return backward


def _pass_back(
    node: Expr, g: Expr, active: set[str], reason: str = ""
) -> Iterator[tuple[str, Expr, str]]:
    """Yield what `g`, the derivative of the cost by `node`, contributes to each quantity in it."""
    if node.op is Op.SYMBOL:
        yield node.name, g, reason
        return
    rule = RULES[node.op]
    for place, (arg, back) in enumerate(zip(node.args, rule.backward(node, g), strict=True)):
        if back is not None and arg.symbols() & active:
            yield from _pass_back(arg, back, active, rule.reason(node, place) or reason)


def _depending_on(forward: Sequence[Equation], wanted: Sequence[str]) -> set[str]:
    active = set(wanted)
    for equation in forward:
        if equation.expr.symbols() & active:
            active.add(equation.name)
    return active


def _needed(equations: Sequence[Equation], wanted: Sequence[str]) -> list[Equation]:
    """Drop what no wanted equation uses: a shortcut passes by the derivative it replaces."""
    used, kept = set(wanted), []
    for equation in reversed(equations):
        if equation.name in used:
            used |= equation.expr.symbols()
            kept.append(equation)
    return kept[::-1]
