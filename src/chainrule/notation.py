"""The symbols of the derivation and how each is spelled. No other module builds a name.

=============  ==========  ============  ==============================================
symbol         in code     shape         meaning
=============  ==========  ============  ==============================================
a⁰ = x         ``a0``      n0 × m        inputs, one example per column
Wˡ             ``W1``      nₗ × nₗ₋₁     weights of layer l
bˡ             ``b1``      nₗ × 1        biases
zˡ             ``z1``      nₗ × m        weighted sums, zˡ = Wˡ aˡ⁻¹ + bˡ
aˡ             ``a1``      nₗ × m        activations, aˡ = fˡ(zˡ)
y              ``y``       n_L × m       targets
C              ``C``       scalar        cost
w              ``w``       1 × m         weights of examples, where they are weighted
rˡ             ``r1``      nₗ × m        dropout: 1 where a unit is kept, 0 where it is left out
hˡ             ``h1``      nₗ × m        activations after dropout, hˡ = rˡ ∘ aˡ / (1 − p)
∂C/∂aˡ         ``dC_da1``  nₗ × m        Jacobian of the cost with respect to activations
δˡ             ``delta1``  nₗ × m        ∂C/∂zˡ
∂C/∂Wˡ         ``J_W1``    as Wˡ         Jacobian of the cost with respect to weights
∂C/∂bˡ         ``J_b1``    as bˡ         Jacobian of the cost with respect to biases
=============  ==========  ============  ==============================================
"""

from __future__ import annotations

import re
from functools import cache

TARGETS = "y"
COST = "C"
EXAMPLES = "m"
PENALTY = "lam"  # lambda is a word of Python
EXAMPLE_WEIGHTS = "w"
TOTAL_WEIGHT = "sum_w"
OUTPUT = "s"  # one output, or outputs weighed by v: what is differentiated where it is not the cost
SELECTOR = "v"
ROOT_2, ROOT_2_PI, LOG_2 = "root_2", "root_2_pi", "log_2"

_ADJOINT_OF = {"W": "J_W", "b": "J_b", "z": "delta", "a": "dC_da", "h": "dC_dh"}
_CONSTANTS = {
    PENALTY: "λ",
    TOTAL_WEIGHT: "Σw",
    ROOT_2: "√2",
    ROOT_2_PI: "√(2π)",
    LOG_2: "log 2",
}
_SPELLED_CONSTANTS = {spelled: name for name, spelled in _CONSTANTS.items()}
_NAME = re.compile(r"(?P<kind>[A-Za-z_]+?)(?P<layer>\d*)\Z")
_DERIVATIVE = re.compile(r"d(?P<what>[Cs])_d(?P<by>\w+)\Z")
_SPELLED_DERIVATIVE = re.compile(r"∂(?P<what>[Cs])/∂(?P<by>\w+)\Z")


def weights(layer: int) -> str:
    """Return the name of the weights of a layer, counted from 1."""
    return f"W{layer}"


def biases(layer: int) -> str:
    """Return the name of the biases of a layer."""
    return f"b{layer}"


def weighted_sums(layer: int) -> str:
    """Return the name of the weighted sums of a layer."""
    return f"z{layer}"


def activations(layer: int) -> str:
    """Return the name of the activations of a layer; layer 0 is the input."""
    return f"a{layer}"


def mask(layer: int) -> str:
    """Return the name of the dropout mask of a layer."""
    return f"r{layer}"


def kept(layer: int) -> str:
    """Return the name of the activations of a layer after dropout."""
    return f"h{layer}"


def is_mask(name: str) -> bool:
    """Return whether a quantity is a dropout mask."""
    return split(name)[0] == "r"


def is_weights(name: str) -> bool:
    """Return whether a parameter is a matrix of weights.

    Examples
    --------
    >>> is_weights("W2"), is_weights("b2")
    (True, False)
    """
    return split(name)[0] == "W"


def parameter_names(layers: int) -> tuple[str, ...]:
    """Return all parameter names in their order in memory: weights first, then biases.

    Examples
    --------
    >>> parameter_names(2)
    ('W1', 'W2', 'b1', 'b2')
    """
    numbers = range(1, layers + 1)
    return (*map(weights, numbers), *map(biases, numbers))


@cache
def adjoint(name: str, of: str = COST) -> str:
    """Return the name of the derivative of the cost with respect to a quantity.

    Parameters
    ----------
    name : str
        The quantity.
    of : str, optional
        What is differentiated, where it is not the cost.

    Examples
    --------
    >>> [adjoint(name) for name in ("W3", "b3", "z3", "a2")]
    ['J_W3', 'J_b3', 'delta3', 'dC_da2']
    >>> adjoint("W3", of="s")
    'ds_dW3'
    """
    if of != COST:
        return f"d{of}_d{name}"
    kind, layer = split(name)
    return f"{_ADJOINT_OF[kind]}{layer}"


def split(name: str) -> tuple[str, str]:
    """Split a name into its kind and its layer (both text; the layer may be empty).

    Examples
    --------
    >>> split("delta12"), split("C")
    (('delta', '12'), ('C', ''))
    """
    match = _NAME.match(name)
    return (match["kind"], match["layer"]) if match else (name, "")


def code(name: str) -> str:
    """Return the name in code of a name as it is printed; names in code stay as they are.

    Examples
    --------
    >>> [code(name) for name in ("δ3", "∂C/∂a2", "J_W1", "x")]
    ['delta3', 'dC_da2', 'J_W1', 'a0']
    """
    if name == "x":
        return activations(0)
    if name in _SPELLED_CONSTANTS:
        return _SPELLED_CONSTANTS[name]
    spelled = _SPELLED_DERIVATIVE.match(name)
    if spelled:
        return f"d{spelled['what']}_d{spelled['by']}"
    return f"delta{name[1:]}" if name.startswith("δ") else name


def text(name: str) -> str:
    """Spell a name for people, in plain Unicode.

    Examples
    --------
    >>> [text(name) for name in ("delta3", "dC_da2", "J_W1", "W1", "lam", "ds_dW1")]
    ['δ3', '∂C/∂a2', 'J_W1', 'W1', 'λ', '∂s/∂W1']
    """
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    derivative = _DERIVATIVE.match(name)
    if derivative:
        return f"∂{derivative['what']}/∂{text(derivative['by'])}"
    kind, layer = split(name)
    return f"δ{layer}" if kind == "delta" else name


_LATEX_CONSTANTS = {
    PENALTY: r"\lambda",
    TOTAL_WEIGHT: r"\textstyle\sum w",
    ROOT_2: r"\sqrt{2}",
    ROOT_2_PI: r"\sqrt{2\pi}",
    LOG_2: r"\log 2",
}
_MATHML_CONSTANTS = {
    PENALTY: "<mi>λ</mi>",
    TOTAL_WEIGHT: "<mrow><mo>∑</mo><mi>w</mi></mrow>",
    ROOT_2: "<msqrt><mn>2</mn></msqrt>",
    ROOT_2_PI: "<msqrt><mrow><mn>2</mn><mi>π</mi></mrow></msqrt>",
    LOG_2: "<mrow><mi>log</mi><mn>2</mn></mrow>",
}


def latex(name: str) -> str:
    r"""Spell a name in LaTeX, for mathematical mode.

    Examples
    --------
    >>> print(latex("W1"), latex("delta3"), latex("dC_da2"), latex("J_b1"))
    W_{1} \delta_{3} \frac{\partial C}{\partial a_{2}} J_{b_{1}}
    """
    if name in _LATEX_CONSTANTS:
        return _LATEX_CONSTANTS[name]
    derivative = _DERIVATIVE.match(name)
    if derivative:
        return rf"\frac{{\partial {derivative['what']}}}{{\partial {latex(derivative['by'])}}}"
    kind, layer = split(name)
    if kind.startswith("J_"):
        return f"J_{{{latex(kind[2:] + layer)}}}"
    letter = r"\delta" if kind == "delta" else kind
    return f"{letter}_{{{layer}}}" if layer else letter


def mathml(name: str) -> str:
    """Spell a name in MathML.

    Examples
    --------
    >>> mathml("W1"), mathml("C")
    ('<msub><mi>W</mi><mn>1</mn></msub>', '<mi>C</mi>')
    """
    if name in _MATHML_CONSTANTS:
        return _MATHML_CONSTANTS[name]
    derivative = _DERIVATIVE.match(name)
    if derivative:
        by = mathml(derivative["by"])
        above = f"<mrow><mi>∂</mi><mi>{derivative['what']}</mi></mrow>"
        return f"<mfrac>{above}<mrow><mi>∂</mi>{by}</mrow></mfrac>"
    kind, layer = split(name)
    if kind.startswith("J_"):
        return f"<msub><mi>J</mi>{mathml(kind[2:] + layer)}</msub>"
    letter = f"<mi>{'δ' if kind == 'delta' else kind}</mi>"
    return f"<msub>{letter}<mn>{layer}</mn></msub>" if layer else letter
