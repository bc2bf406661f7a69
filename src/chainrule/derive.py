"""Architecture → Derivation: the forward equations, the backward sweep, the rewrites.

The whole of backpropagation is the function `sweep`: walk the forward equations from the last
to the first; give the derivative of the cost with respect to each left-hand side a name; pass it
back through the right-hand side by the rules, one operation at a time; where several ways lead
to the same quantity, add. Depth, width, a different function in every layer, penalties: the
sweep sees none of these, only equations.
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
from chainrule.derivation import Derivation, Equation
from chainrule.expr import Coefficient, Expr, Op
from chainrule.parameters import shapes
from chainrule.rewrites import REWRITES, Facts, Rewrite, rewrite
from chainrule.rules import RULES

HALF_PENALTY = Coefficient(Fraction(1, 2), ((notation.PENALTY, 1),))


def derive(architecture: Architecture, rewrites: tuple[Rewrite, ...] | None = None) -> Derivation:
    """Derive the Jacobian of the cost with respect to every weight and bias.

    Parameters
    ----------
    architecture : Architecture
        The network; its activations and its cost may be undefined functions.
    rewrites : tuple of Rewrite, optional
        Which rewrites to use; all where nothing is said. With none, the equations are what the
        rules produce: right, and neither pretty nor safe from overflow.

    Returns
    -------
    Derivation
    """
    forward = list(forward_equations(architecture))
    parameters = notation.parameter_names(architecture.layers)
    backward = sweep(forward, notation.COST, parameters)
    used = REWRITES if rewrites is None else rewrites
    facts = Facts()
    finished = []
    for equation in forward + backward:
        changed, reasons = rewrite(equation.expr, facts, used)
        reason = "; ".join(filter(None, [equation.reason, *reasons]))
        finished.append(replace(equation, expr=changed, reason=reason))
        facts.learn(equation.name, equation.expr)
    count = len(forward)
    jacobians = [notation.adjoint(name) for name in parameters]
    return Derivation(
        architecture, tuple(finished[:count]), tuple(_needed(finished[count:], jacobians))
    )


def forward_equations(architecture: Architecture) -> Iterator[Equation]:
    """Yield z1, a1, …, zL, aL and C."""
    layout = shapes(architecture.sizes)
    parameters = {name: expr.symbol(name, dims) for name, dims in layout.items()}
    a = expr.symbol(notation.activations(0), (architecture.inputs, notation.EXAMPLES))
    for layer, activation in enumerate(architecture.activations, start=1):
        W, b = parameters[notation.weights(layer)], parameters[notation.biases(layer)]
        product = W @ a
        z = Equation(
            notation.weighted_sums(layer),
            product + expr.spread(b, product.shape),
            "the activations before, weighed, plus the biases",
        )
        yield z
        kind = "unit by unit" if activation.elementwise else "over the units of each example"
        value = activation.of(expr.symbol(z.name, z.shape))
        yield Equation(notation.activations(layer), value, f"{activation.name}, {kind}")
        a = expr.symbol(notation.activations(layer), z.shape)
    yield _cost_equation(architecture, a, list(parameters.values())[: architecture.layers])


def _cost_equation(architecture: Architecture, prediction: Expr, weights: list[Expr]) -> Equation:
    y = expr.symbol(notation.TARGETS, prediction.shape)
    losses = expr.loss(architecture.cost, prediction, y)
    cost = expr.scale(expr.PER_EXAMPLE, expr.total(losses))
    title = architecture.cost.title or architecture.cost.name
    reason = f"{title}: summed over the outputs, averaged over the m examples"
    if architecture.l2:
        squares = _balanced([expr.total(expr.square(W)) for W in weights])
        cost = cost + expr.scale(HALF_PENALTY, squares)
        reason += "; plus the penalty on the weights"
    return Equation(notation.COST, cost, reason)


def _balanced(terms: list[Expr]) -> Expr:
    """Return a sum whose depth grows with the logarithm of its length."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return _balanced(terms[:half]) + _balanced(terms[half:])


def sweep(forward: Sequence[Equation], cost: str, wanted: Sequence[str]) -> list[Equation]:
    """Return the equations of the derivative of `cost` with respect to every `wanted` quantity.

    Parameters
    ----------
    forward : sequence of Equation
        In an order in which each uses earlier ones only; one of them is named `cost`.
    cost : str
        Name of a scalar.
    wanted : sequence of str
        Names of quantities that the equations use.

    Returns
    -------
    list of Equation
        In the order of the sweep: from the cost back to the inputs.
    """
    active = _depending_on(forward, wanted)
    uses = Counter(name for eq in forward for name in eq.expr.symbols())
    contributions: dict[str, list[tuple[Expr, str]]] = {name: [] for name in active}
    backward: list[Equation] = []

    def adjoint(name: str) -> Expr:
        terms = contributions[name][::-1]  # the way through the network first, the penalty last
        reasons = dict.fromkeys(reason for _, reason in terms if reason)
        total = reduce(add, (term for term, _ in terms))
        backward.append(Equation(notation.adjoint(name), total, "; ".join(reasons)))
        return expr.symbol(backward[-1].name, total.shape)

    for equation in reversed(forward):
        if equation.name not in active:
            continue
        g = expr.constant(1) if equation.name == cost else adjoint(equation.name)
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
