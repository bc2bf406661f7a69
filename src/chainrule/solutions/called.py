"""What a mistake is called of which no more is known than the change that mends it."""

from __future__ import annotations

import ast
import re

from chainrule.solutions.changes import Change
from chainrule.solutions.slots import named, product

WEIGHTS = re.compile(r"^(W|weights?|[Tt]heta|syn)_?\w{0,3}$|^w_?\d*$|\[['\"]W\d+['\"]\]$")
BIASES = re.compile(r"^(b|bias(es)?)_?\d*$")
GRADIENTS = re.compile(
    r"^(d_?[A-Z]|d[a-z]_?\d|d(scores|out|logits|hidden|[xzha])|delta|grad|nabla)|_(delta|grad|error)$"
)
NUMBERS = re.compile(
    r"^(m|n|N|k|K|lr|eta|alpha|reg|lam|lambd?a?|lmbda|batch_size|(num|n)_\w+|learning_rate)$"
)
SLOPE = re.compile(r"prime|deriv|grad|slope|^d_", re.IGNORECASE)
ALWAYS = {
    "signs": "sign",
    "reversed": "sign",
    "gathered": "sign",
    "slopes": "missing_hidden_derivative",
    "penalties": "penalty_missing",
    "powers": "derivative_formula",
    "scattered": "index_scatter",
}
"""Kinds of changes that are asked for by one mistake alone."""


def called(change: Change) -> str:  # noqa: PLR0911 (one return for each mistake)
    """Return the slug of the mistake that a change takes back, ``"unknown"`` where it has none.

    Parameters
    ----------
    change : Change
        Not in place.
    """
    old, new = change.slot.get(), change.new
    if change.kind in ALWAYS:
        return ALWAYS[change.kind]
    if change.kind in ("names", "wholes"):
        return _of_names(change, named(old) or ast.unparse(old), named(new) or ast.unparse(new))
    if change.kind == "turned":
        return "weight_not_transposed" if WEIGHTS.match(_last(_turned(new))) else "transposed"
    match old, new:
        case ast.BinOp(_, ast.Mult(), _), ast.BinOp(_, ast.MatMult(), _):
            return "matrix_for_elementwise"
        case _, ast.BinOp(left, ast.Mult(), _) if left is not old and list(product(old)):
            return "matrix_for_elementwise"
        case ast.BinOp(_, ast.Add() | ast.Sub(), _), ast.BinOp(_, ast.Add() | ast.Sub(), _):
            return "sign"
        case _, ast.BinOp(left, ast.Div(), _) if left is old and change.kind == "counted":
            return "missing_mean"
        case _, ast.BinOp(ast.Constant(), ast.Mult(), right) if right is old:
            return "constant_factor"
        case ast.Call() | ast.Name(), ast.Name(id=name) if change.kind == "functions":
            slope = SLOPE.search(name)
            return "function_for_derivative" if slope else "derivative_of_other_function"
    return "unknown"


def _of_names(  # noqa: PLR0911 (one return for each mistake)
    change: Change, met: str, wanted: str
) -> str:
    """Return what it is called to take one variable for another."""
    met, wanted = _last(met), _last(wanted)
    if NUMBERS.match(met) or NUMBERS.match(wanted):
        return "wrong_divisor" if _divides(change) else "unknown"
    gradients = [bool(GRADIENTS.search(each)) for each in (met, wanted)]
    weights = [bool(WEIGHTS.search(each)) for each in (met, wanted)]
    if all(gradients):
        return "delta_not_chained"
    if any(gradients):
        return "unknown"
    if all(weights):
        return "cache_mislabelled"
    if BIASES.match(met) and weights[1]:
        return "bias_for_weight"
    if weights[0]:
        return "weight_for_activation"
    return "wrong_previous_activation" if _multiplied(change) else "derivative_wrong_layer"


def _last(name: str) -> str:
    return name.rpartition(".")[2].strip("'\"")


def _turned(node: ast.AST) -> str:
    """Return the name of what a transposition is of, or of what stands without one."""
    inner = node.value if isinstance(node, ast.Attribute) and node.attr == "T" else node
    return named(inner) or ast.unparse(inner)


def _divides(change: Change) -> bool:
    old = change.slot.get()
    return any(
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and node.right is old
        for node in ast.walk(change.statement)
    )


def _multiplied(change: Change) -> bool:
    """Return whether it is a factor of a matrix product, or an argument beside a gradient."""
    old = change.slot.get()
    for node in ast.walk(change.statement):
        factors = [each.get() for each in product(node)]
        own = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if isinstance(node, ast.Call) and (own or ast.unparse(node.func) == "np.outer"):
            factors += node.args
        if any(part is old for factor in factors for part in ast.walk(factor)):
            return True
    return False
