"""The choices of one person, drawn from a seed, and the words in which they put each step.

A step of the backward pass is a piece of text here (`slope`, `sent`, `outer`, …), so that a mistake
can name the text that it replaces. What is chosen has a key, and is drawn by the seed and the key
alone: two forms that differ in one choice are the same in all others.
"""

from __future__ import annotations

import random
import re
from typing import Any

Lines = list[str]


class Words:
    """One person's way to write, examples in columns.

    Parameters
    ----------
    seed : int
    forced : str to object
        Choices that are not drawn.
    """

    style = ""
    rows = False
    depths: tuple[int, ...] = (2, 3, 2, 4)
    products: tuple[str, ...] = ("@", "np.dot", ".dot", "np.matmul", "einsum", "loop")
    outputs: tuple[str, ...] = ("squared", "binary", "softmax")

    def __init__(self, seed: int, **forced: Any) -> None:
        self.seed, self.forced = seed, forced
        self.layers = int(self.pick("layers", *self.depths))
        self.cost = self.pick("cost", *self.outputs)
        self.hidden = self.pick("hidden", "sigmoid", "tanh", "relu")
        self.scale = self.pick("scale", "m", "m", "m", "sum", "cells")
        if self.cost != "squared" and self.scale == "cells":
            self.scale = "m"
        self.half = self.cost == "squared" and self.pick("half", True, False)
        self.divide = self.pick("divide", "end", "start") if self.scale != "sum" else "none"
        self.short = self.cost == "softmax" or (
            self.cost == "binary" and bool(self.pick("short", True, True, False))
        )
        self.slopes = self.pick("slopes", "z", "a", "inline")
        self.product = self.pick("product", *self.products)
        self.merged = self.pick("merged", True, False)
        self.with_cost = self.pick("with_cost", True, True, True, False)
        self.penalty = self.pick("penalty", 0, 0, 0, 0.1, 0.7) if self.with_cost else 0
        self.square = self.pick("square", False)
        self.output = {
            "squared": self.pick("output", self.hidden, "sigmoid", "identity"),
            "binary": "sigmoid",
            "softmax": "softmax",
        }[self.cost]
        if self.output == "relu":
            self.output = "identity"
        self.sizes = self.own_sizes()

    def pick(self, key: str, *options: Any) -> Any:
        """Return one of the options: the same one whenever this key is asked for."""
        if key in self.forced:
            return self.forced[key]
        return random.Random(f"{self.style} {self.seed} {key}").choice(options)

    def own_sizes(self) -> tuple[int, ...]:
        """Return the sizes that the person tries it with."""
        if self.square:
            return (4,) * (self.layers + 1)
        hidden = [self.pick(f"n{layer}", 4, 5, 3, 6, 10) for layer in range(1, self.layers)]
        last = {"squared": self.pick("n_y", 1, 2, 3), "binary": 1, "softmax": 3}[self.cost]
        return (self.pick("n_x", 2, 3, 5), *hidden, last)

    @property
    def examples(self) -> int:
        """Number of examples that the person tries it with."""
        return int(self.pick("examples", 5, 8, 20, 1) if not self.square else 4)

    # names ------------------------------------------------------------------------------------

    m = "m"
    x, y = "x", "y"

    def W(self, layer: int) -> str:  # noqa: N802 - its name on paper
        return f"W{layer}"

    def b(self, layer: int) -> str:
        return f"b{layer}"

    def z(self, layer: int) -> str:
        return f"z{layer}"

    def a(self, layer: int) -> str:
        return f"a{layer}"

    def da(self, layer: int) -> str:
        return f"da{layer}"

    def dz(self, layer: int) -> str:
        return f"delta{layer}"

    def name_of_cost(self) -> str:
        """Return what the person calls the cost."""
        return str(self.pick("name of cost", *self.costs))

    costs: tuple[str, ...] = ("cost",)

    def home(self, entry: str) -> str | None:
        """Return the function that computes an entry alone; ``None`` if one computes all."""
        return None

    def target(self, entry: str) -> str:
        """Return the name that the Jacobian of an entry is given."""
        return f"d{entry}"

    # pieces -----------------------------------------------------------------------------------

    def T(self, matrix: str) -> str:  # noqa: N802 - its name on paper
        return self.pick("T", "{}.T", "{}.T", "{}.transpose()", "np.transpose({})").format(matrix)

    def dot(self, left: str, right: str, kind: str = "") -> str:
        kind = kind or self.product
        return {
            "@": f"{left} @ {right}",
            "np.dot": f"np.dot({left}, {right})",
            ".dot": f"{left}.dot({right})",
            "np.matmul": f"np.matmul({left}, {right})",
            "einsum": f'np.einsum("ij,jk->ik", {left}, {right})',
            "loop": f"np.dot({left}, {right})",
        }[kind]

    def times(self, left: str, right: str) -> str:
        if self.pick("times", "*", "*", "multiply") == "*":
            return f"{_tight(left)} * {_factor(right)}"
        return f"np.multiply({left}, {right})"

    def function(self, name: str) -> str:
        """Return what the person calls an activation."""
        return str(
            self.pick(f"name of {name}", *_FUNCTIONS[name])
            if self.hidden == self.output or name != "sigmoid"
            else "sigmoid"
        )

    def derivative(self, name: str) -> str:
        """Return what the person calls its derivative."""
        function = self.function(name)
        shapes = ("d_{}", "{}_prime", "{}_derivative", "{}_deriv")
        return str(self.pick("name of derivatives", *shapes).format(function))

    def row(self, layer: int) -> str:
        return self.output if layer == self.layers else self.hidden

    def activate(self, layer: int, of: str) -> str:
        name = self.row(layer)
        return of if name == "identity" else f"{self.function(name)}({of})"

    def slope(self, layer: int) -> str:
        """Return f′ of a layer."""
        name, z, a = self.row(layer), self.z(layer), self.a(layer)
        if self.slopes == "inline":
            return str(self.pick(f"inline {name}", *_INLINE[name]).format(z=z, a=a))
        return f"{self.derivative(name)}({z if self.slopes == 'z' else a})"

    def error(self) -> str:
        """Return ∂C/∂a of the last layer, or δ of it where the person knows the shortcut."""
        a, y = self.a(self.layers), self.y
        if self.cost == "squared":
            forms = (
                ("{a} - {y}", "-({y} - {a})")
                if self.half
                else (
                    "2 * ({a} - {y})",
                    "-2 * ({y} - {a})",
                    "2.0 * ({a} - {y})",
                )
            )
        elif self.short:
            forms = ("{a} - {y}", "-({y} - {a})")
        else:
            forms = (
                "-{y} / {a} + (1 - {y}) / (1 - {a})",
                "-(np.divide({y}, {a}) - np.divide(1 - {y}, 1 - {a}))",
                "({a} - {y}) / ({a} * (1 - {a}))",
            )
        found = str(self.pick("error", *forms).format(a=a, y=y))
        return self.mean(found) if self.divide == "start" else found

    def count(self) -> str:
        """Return what the person divides by."""
        return self.m if self.scale == "m" else f"{self.y}.size"

    def mean(self, what: str) -> str:
        form = self.pick("mean", "{} / {}", "{} / {}", "1 / {1} * {0}", "(1. / {1}) * {0}")
        return str(form.format(_tight(what), self.count()))

    def averaged(self, what: str) -> str:
        return self.mean(what) if self.divide == "end" else what

    def affine(self, layer: int) -> str:
        W, a = self.W(layer), self.a(layer - 1)
        return f"{self.dot(a, W) if self.rows else self.dot(W, a)} + {self.b(layer)}"

    def sent(self, layer: int) -> str:
        """Return what the layer above sends back: Wᵀ δ."""
        return self.through_weights(layer, self.dz(layer + 1))

    def through_weights(self, layer: int, delta: str) -> str:
        W = self.T(self.W(layer + 1))
        return self.dot(delta, W) if self.rows else self.dot(W, delta)

    def upstream(self, layer: int) -> str:
        """Return what stands before f′ in the line of δ."""
        if not self.merged:
            return self.da(layer)
        return self.error() if layer == self.layers else self.sent(layer)

    def through(self, layer: int) -> str:
        """Return δ of a layer."""
        if self.row(layer) == "identity":
            return self.upstream(layer)
        return self.times(self.upstream(layer), self.slope(layer))

    def outer(self, layer: int) -> str:
        """Return δ aᵀ."""
        return self.outer_of(self.dz(layer), self.a(layer - 1))

    def outer_of(self, delta: str, a: str) -> str:
        if self.product == "loop":
            return f"sum_of_outer({a}, {delta})" if self.rows else f"sum_of_outer({delta}, {a})"
        if self.product == "einsum":
            return (
                f'np.einsum("mi,mj->ij", {a}, {delta})'
                if self.rows
                else f'np.einsum("im,jm->ij", {delta}, {a})'
            )
        return self.dot(self.T(a), delta) if self.rows else self.dot(delta, self.T(a))

    def summed(self, layer: int) -> str:
        """Return Σ δ."""
        return str(self.pick("summed", *self.sums).format(self.dz(layer)))

    sums: tuple[str, ...] = (
        "np.sum({}, axis=1, keepdims=True)",
        "np.sum({}, axis=1, keepdims=True)",
        "{}.sum(axis=1, keepdims=True)",
        "np.sum({}, axis=1).reshape(-1, 1)",
        "{}.sum(axis=1)[:, np.newaxis]",
    )

    def decay(self, layer: int) -> str:
        """Return what the penalty adds to a Jacobian; C has (λ/2) ‖W‖²."""
        return f" + lambd * {self.W(layer)}" if self.penalty else ""

    # statements -------------------------------------------------------------------------------

    def error_lines(self) -> Lines:
        if self.short or (self.output == "identity" and self.merged):
            return [f"{self.dz(self.layers)} = {self.error()}"]
        if self.merged:
            return [f"{self.dz(self.layers)} = {self.through(self.layers)}"]
        return [
            f"{self.da(self.layers)} = {self.error()}",
            f"{self.dz(self.layers)} = {self.through(self.layers)}",
        ]

    def sent_lines(self, layer: int) -> Lines:
        before = [] if self.merged else [f"{self.da(layer)} = {self.sent(layer)}"]
        return [*before, f"{self.dz(layer)} = {self.through(layer)}"]

    def jacobian_of_weights(self, layer: int) -> str:
        return f"{self.averaged(self.outer(layer))}{self.decay(layer)}"

    def jacobian_of_biases(self, layer: int) -> str:
        averages = self.divide == "end" and self.scale == "m" and self.style != "classes"
        if averages and self.pick("average of the deltas", False, False, True):
            axes = "axis=0" if self.rows else "axis=1, keepdims=True"
            keep = ", keepdims=True" if "keepdims" in self.sums[0] and self.rows else ""
            return f"np.mean({self.dz(layer)}, {axes}{keep})"
        return self.averaged(self.summed(layer))

    def docstring(self, text: str) -> Lines:
        """Return lines for the head of a function, if the person writes such."""
        form = self.pick("docstrings", "", "", "one", "many")
        if not form:
            return []
        if form == "one":
            return [f'    """{text}"""']
        return ['    """', f"    {text}", "", "    Arguments: see the exercise.", '    """']

    def penalty_in_cost(self) -> str:
        if not self.penalty:
            return ""
        squares = " + ".join(f"np.sum({self.W(layer)}**2)" for layer in range(1, self.layers + 1))
        return f" + lambd / 2 * ({squares})"

    def cost_value(self, a: str) -> str:
        """Return the cost of outputs, without a penalty."""
        y = self.y
        mean = {"m": f" / {self.m}", "sum": "", "cells": f" / {y}.size"}[self.scale]
        half = " / 2" if self.half else ""
        if self.cost == "squared":
            if self.scale == "cells" and self.pick("np.mean", True, False):
                return f"np.mean(({a} - {y})**2){half}"
            form = self.pick(
                "squares",
                "np.sum(({a} - {y})**2)",
                "np.linalg.norm({a} - {y})**2",
                "np.sum(np.square({y} - {a}))",
                "np.sum(np.power({a} - {y}, 2))",
            )
            return str(form.format(a=a, y=y)) + half + mean
        if self.cost == "binary":
            form = self.pick(
                "binary",
                "-np.sum({y} * np.log({a}) + (1 - {y}) * np.log(1 - {a}))",
                "np.sum(-{y} * np.log({a}) - (1 - {y}) * np.log(1 - {a}))",
                "-np.sum(np.multiply(np.log({a}), {y}) + np.multiply(1 - {y}, np.log(1 - {a})))",
            )
        else:
            form = self.pick("softmax", "-np.sum({y} * np.log({a}))", "np.sum(-{y} * np.log({a}))")
        return self._safe(str(form.format(a=a, y=y)), a) + mean

    def _safe(self, value: str, a: str) -> str:
        """Keep logarithms away from 0, as some do."""
        safe = self.pick("safe logarithms", "", "", "", "eps", "clip")
        if safe == "eps":
            return value.replace(f"np.log({a})", f"np.log({a} + 1e-15)").replace(
                f"np.log(1 - {a})", f"np.log(1 - {a} + 1e-15)"
            )
        clipped = f"np.clip({a}, 1e-12, 1.0)"
        return value.replace(f"np.log({a})", f"np.log({clipped})") if safe else value

    def functions(self) -> Lines:
        """Return the definitions of the activations and their derivatives."""
        lines: Lines = []
        for name in dict.fromkeys([self.hidden, self.output]):
            if name == "identity":
                continue
            lines += self._define(self.function(name), "z", self.value_of(name))
            if name != "softmax" and self.slopes != "inline":
                lines += self._define(self.derivative(name), self.slopes, self.derivative_of(name))
        return lines

    def _define(self, name: str, argument: str, body: str) -> Lines:
        if self.pick("lambda", True, False, False) and "\n" not in body:
            return [f"{name} = lambda {argument}: {body.removeprefix('return ')}", ""]
        return [f"def {name}({argument}):", *(f"    {line}" for line in body.split("\n")), "", ""]

    def value_of(self, name: str) -> str:
        """Return the body of an activation."""
        return str(self.pick(f"value of {name}", *_VALUES[name])).replace(
            "AXIS", str(int(self.rows))
        )

    def derivative_of(self, name: str) -> str:
        """Return the body of its derivative."""
        form = "a" if self.slopes == "a" else "z"
        body = self.pick(f"derivative of {name}", *_DERIVATIVES[name, form])
        return str(body.replace("SELF", self.function(name)))

    def loop_helper(self) -> Lines:
        if self.product != "loop":
            return []
        axis, take = (1, "[i]") if self.rows else (0, "[:, i]")
        return [
            "def sum_of_outer(left, right):",
            f"    total = np.zeros((left.shape[{axis}], right.shape[{axis}]))",
            f"    for i in range(left.shape[{1 - axis}]):",
            f"        total += np.outer(left{take}, right{take})",
            "    return total",
            "",
            "",
        ]

    def comment(self, text: str) -> Lines:
        return [f"# {text}"] if self.pick("comments", True, True, False) else []


def _tight(text: str) -> str:
    """Put a sum into brackets, where it becomes part of a product."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if not depth and letter in "+-" and text[place - 1 : place] == " ":
            return f"({text})"
    return text


def _factor(text: str) -> str:
    simple = re.fullmatch(r"[\w.]+(\(.*\))?", text) or (text[0] == "(" and text[-1] == ")")
    return text if simple or re.fullmatch(r"[\w\[\]\".-]+ \* \(.*\)", text) else f"({text})"


def indented(lines: Lines, by: int = 4) -> Lines:
    """Return lines moved to the right."""
    return [f"{' ' * by}{line}" if line else line for line in lines]


_FUNCTIONS = {
    "sigmoid": ("sigmoid", "sigma", "sigmoid"),
    "tanh": ("tanh", "tanh"),
    "relu": ("relu", "relu", "ReLU"),
    "softmax": ("softmax",),
}
_VALUES = {
    "sigmoid": (
        "return 1 / (1 + np.exp(-z))",
        "return 1.0 / (1.0 + np.exp(-z))",
        "s = 1 / (1 + np.exp(-z))\nreturn s",
    ),
    "tanh": (
        "return np.tanh(z)",
        "return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))",
    ),
    "relu": (
        "return np.maximum(0, z)",
        "return np.maximum(z, 0)",
        "return np.where(z > 0, z, 0)",
        "return z * (z > 0)",
    ),
    "softmax": (
        "e = np.exp(z)\nreturn e / np.sum(e, axis=AXIS, keepdims=True)",
        "e = np.exp(z - np.max(z, axis=AXIS, keepdims=True))\n"
        "return e / np.sum(e, axis=AXIS, keepdims=True)",
    ),
}
_DERIVATIVES = {
    ("sigmoid", "z"): (
        "return SELF(z) * (1 - SELF(z))",
        "s = SELF(z)\nreturn s * (1 - s)",
        "return np.cosh(z / 2)**(-2) / 4",
        "return np.exp(-z) / (1 + np.exp(-z))**2",
    ),
    ("sigmoid", "a"): ("return a * (1 - a)", "return a * (1.0 - a)", "return a - a**2"),
    ("tanh", "z"): (
        "return 1 - np.tanh(z)**2",
        "return 1 / np.cosh(z)**2",
        "t = SELF(z)\nreturn 1 - t**2",
    ),
    ("tanh", "a"): ("return 1 - a**2", "return 1 - np.power(a, 2)", "return 1.0 - a * a"),
    ("relu", "z"): (
        "return np.where(z > 0, 1, 0)",
        "return (z > 0).astype(float)",
        "return 1.0 * (z > 0)",
    ),
    ("relu", "a"): ("return np.where(a > 0, 1, 0)", "return (a > 0).astype(float)"),
}
_INLINE = {
    "sigmoid": ("{a} * (1 - {a})", "({a} * (1 - {a}))"),
    "tanh": ("(1 - {a}**2)", "(1 - np.power({a}, 2))"),
    "relu": ("({z} > 0)", "({a} > 0)", "np.where({z} > 0, 1, 0)"),
}
