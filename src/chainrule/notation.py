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
∂C/∂aˡ         ``dC_da1``  nₗ × m        Jacobian of the cost with respect to activations
δˡ             ``delta1``  nₗ × m        ∂C/∂zˡ
∂C/∂Wˡ         ``J_W1``    as Wˡ         Jacobian of the cost with respect to weights
∂C/∂bˡ         ``J_b1``    as bˡ         Jacobian of the cost with respect to biases
=============  ==========  ============  ==============================================
"""

from __future__ import annotations

import re

TARGETS = "y"
COST = "C"
EXAMPLES = "m"
PENALTY = "lam"  # lambda is a word of Python

_ADJOINT_OF = {"W": "J_W", "b": "J_b", "z": "delta", "a": "dC_da"}
_TEXT = {"delta": "δ", "dC_da": "∂C/∂a", "lam": "λ"}
_NAME = re.compile(r"(?P<kind>[A-Za-z_]+?)(?P<layer>\d*)\Z")


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


def adjoint(name: str) -> str:
    """Return the name of the derivative of the cost with respect to a quantity.

    Examples
    --------
    >>> [adjoint(name) for name in ("W3", "b3", "z3", "a2")]
    ['J_W3', 'J_b3', 'delta3', 'dC_da2']
    """
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
    for kind, spelled in _TEXT.items():
        if name.startswith(spelled):
            return kind + name.removeprefix(spelled)
    return name


def text(name: str) -> str:
    """Spell a name for people, in plain Unicode.

    Examples
    --------
    >>> [text(name) for name in ("delta3", "dC_da2", "J_W1", "W1")]
    ['δ3', '∂C/∂a2', 'J_W1', 'W1']
    """
    kind, layer = split(name)
    return f"{_TEXT.get(kind, kind)}{layer}"
