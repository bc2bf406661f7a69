"""Every function of the tables once more, as a textbook writes it: the oracle of many laws.

One line each, in plain arithmetic over any library of functions: mpmath with many digits, HIPS
autograd, SymPy. Nothing of the package is used. Whoever adds a row adds its line here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import autograd.numpy as anp
import autograd.scipy.special as asp
import mpmath


@dataclass(frozen=True)
class Library:
    exp: Any
    log: Any
    tanh: Any
    sin: Any
    erf: Any
    sqrt: Any
    where: Any
    pi: Any


DIGITS = Library(
    mpmath.exp,
    mpmath.log,
    mpmath.tanh,
    mpmath.sin,
    mpmath.erf,
    mpmath.sqrt,
    lambda test, then, otherwise: then if test else otherwise,
    mpmath.pi,
)
AUTOGRAD = Library(anp.exp, anp.log, anp.tanh, anp.sin, asp.erf, anp.sqrt, anp.where, anp.pi)

ACTIVATIONS: dict[str, Callable[[Library, Any], Any]] = {
    "sigmoid": lambda f, z: 1 / (1 + f.exp(-z)),
    "tanh": lambda f, z: f.tanh(z),
    "relu": lambda f, z: f.where(z > 0, z, 0 * z),
    "leaky_relu": lambda f, z: f.where(z > 0, z, z / 100),
    "elu": lambda f, z: f.where(z > 0, z, f.exp(f.where(z > 0, 0 * z, z)) - 1),
    "gelu": lambda f, z: z * (1 + f.erf(z / f.sqrt(2))) / 2,
    "gelu_tanh": lambda f, z: z * (1 + f.tanh(f.sqrt(2 / f.pi) * (z + 44715 * z**3 / 1000000))) / 2,
    "silu": lambda f, z: z / (1 + f.exp(-z)),
    "softplus": lambda f, z: f.log(1 + f.exp(z)),
    "sin": lambda f, z: f.sin(z),
    "exp": lambda f, z: f.exp(z),
    "identity": lambda f, z: z,
}

COSTS: dict[str, Callable[[Library, Any, Any], Any]] = {
    "squared_error": lambda f, a, y: (a - y) ** 2,
    "absolute_error": lambda f, a, y: f.where(a > y, a - y, y - a),
    "huber": lambda f, a, y: f.where(
        (a - y) ** 2 > 1, f.where(a > y, a - y, y - a) - 1 / 2, (a - y) ** 2 / 2
    ),
    "quantile": lambda f, a, y: f.where(a > y, a - y, y - a) / 2,
    "log_cosh": lambda f, a, y: f.log((f.exp(a - y) + f.exp(y - a)) / 2),
    "poisson": lambda f, a, y: a - y * f.log(a),
    "binary_cross_entropy": lambda f, a, y: -(y * f.log(a) + (1 - y) * f.log(1 - a)),
    "categorical_cross_entropy": lambda f, a, y: -y * f.log(a),
}
