"""One function per Jacobian, parameters in globals, examples in columns: the notebook's way."""

from __future__ import annotations

from typing import Any

from solutions.words import Lines, Words, indented


class Column(Words):
    style = "column"
    products = ("@", "@", "np.dot", ".dot", "np.matmul", "einsum", "loop")
    outputs = ("squared", "squared", "squared", "binary")
    costs = ("cost", "cost", "loss", "C")
    depths = (3, 2, 3, 4)

    def __init__(self, seed: int, **forced: Any) -> None:
        super().__init__(seed, **forced)
        self.chain = self.pick("chain", True, True, False)  # J = J * …, or deltas with names
        if self.chain:
            self.merged = False
        self.m = self.pick("m", "m", "m", "x.shape[1]")
        self.arguments = self.pick("arguments", "x, y", "y", "x, y")
        self.names = self.pick("names", "J_{}", "J_{}", "d{}", "grad_{}", "dC_d{}")

    def da(self, layer: int) -> str:
        return "J" if self.chain else f"da{layer}"

    def dz(self, layer: int) -> str:
        return "J" if self.chain else f"delta{layer}"

    def home(self, entry: str) -> str | None:
        return str(self.names.format(entry))

    def target(self, entry: str) -> str:
        return "J" if self.chain else f"{entry[0]}_gradient"

    @property
    def forward(self) -> str:
        return str(self.pick("forward", "feed_forward", "feed_forward", "forward", "feedforward"))

    def through_weights(self, layer: int, delta: str) -> str:
        if self.product == "@" and self.pick("sent the notebook's way", True, False):
            return f"({delta}.T @ {self.W(layer + 1)}).T"
        return super().through_weights(layer, delta)

    def source(self) -> Lines:
        parts = [self._small(), self._cost(), *self._jacobians()]
        own = [self._data(), self._forward(), self._reset(), self._descent()]
        head = ["import numpy as np"]
        if self.pick("plots", True, False):
            head.append("import matplotlib.pyplot as plt")
        ordered = (
            [*parts, *own]
            if self.pick("Jacobians first", True, False)
            else [*own[:3], *parts, own[3]]
        )
        lines: Lines = [*head, ""]
        for part in filter(None, ordered):
            lines += ["# %%", *part, ""]
        return [*lines, "# %%", *self._run()]

    def _small(self) -> Lines:
        return [
            *self.comment("The activation function and its derivative."),
            *self.functions(),
            *self.loop_helper(),
        ]

    def _unpacked(self) -> str:
        pairs = ", ".join(f"{self.z(k)}, {self.a(k)}" for k in range(1, self.layers + 1))
        return f"{self.a(0)}, {pairs}"

    def _cost(self) -> Lines:
        if not self.with_cost:
            return []
        outputs = f"{self.forward}(x)[-1]"
        count = [f"    m = {self._count()}"] if self.pick("count in cost", True, False) else []
        return [
            f"def {self.name_of_cost()}(x, y):",
            *count,
            f"    a{self.layers} = {outputs}",
            f"    return {self.cost_value(self.a(self.layers))}{self.penalty_in_cost()}",
        ]

    def _count(self) -> str:
        return str(self.pick("count", "x.shape[1]", "y.shape[1]", "x.shape[1]", "len(x.T)"))

    def _jacobians(self) -> list[Lines]:
        parts = []
        for layer in range(self.layers, 0, -1):
            part: Lines = self.comment(f"LAYER {layer}")
            for kind in ("W", "b"):
                part += [*self._jacobian(kind, layer), ""]
            parts.append(part)
        return parts

    def _jacobian(self, kind: str, layer: int) -> Lines:
        body = [f"{self._unpacked()} = {self.forward}(x)"]
        body += [*self.comment("dC/da of the output"), *self.error_lines()]
        for below in range(self.layers - 1, layer - 1, -1):
            body += [*self.comment(f"back through W{below + 1}"), *self.sent_lines(below)]
        name = self.target(f"{kind}{layer}")
        make = self.jacobian_of_weights if kind == "W" else self.jacobian_of_biases
        body.append(f"{name} = {make(layer)}")
        if self.pick("prints", True, False, False):
            body.append(f'print("shape of {kind}{layer}:", {name}.shape)')
        return [
            f"def {self.home(f'{kind}{layer}')}({self.arguments}):",
            *self.docstring(f"Jacobian of the cost with respect to {kind}{layer}."),
            *indented([*body, f"return {name}"]),
        ]

    def _data(self) -> Lines:
        n, k, m = self.sizes[0], self.sizes[-1], self.examples
        targets = (
            f"(np.random.rand({k}, M) > 0.5) * 1.0"
            if self.cost == "binary"
            else f"np.random.rand({k}, M)"
        )
        return [
            "np.random.seed(1)",
            "",
            f"def training_data(M={m}):",
            f"    x = np.random.randn({n}, M)",
            f"    y = {targets}",
            f"    m = {self._count()}",
            "    return x, y, m",
        ]

    def _forward(self) -> Lines:
        lines = [f"def {self.forward}({self.a(0)}):"]
        for layer in range(1, self.layers + 1):
            lines += indented(self.comment(f"{self.sizes[layer]} units"))
            lines.append(f"    {self.z(layer)} = {self.affine(layer)}")
            lines.append(f"    {self.a(layer)} = {self.activate(layer, self.z(layer))}")
        return [*lines, f"    return {self._unpacked()}"]

    def _reset(self) -> Lines:
        names = ", ".join(f"{kind}{k}" for kind in "Wb" for k in range(1, self.layers + 1))
        lines = ["def reset_network():", f"    global {names}"]
        for k in range(1, self.layers + 1):
            lines.append(f"    W{k} = np.random.randn({self.sizes[k]}, {self.sizes[k - 1]}) / 2")
            lines.append(f"    b{k} = np.random.randn({self.sizes[k]}, 1) / 2")
        return lines

    def _descent(self) -> Lines:
        entries = [f"{kind}{k}" for kind in "Wb" for k in range(1, self.layers + 1)]
        lines = [
            "def train(x, y, iterations=3, rate=0.1):",
            f"    global {', '.join(entries)}",
            "    for i in range(iterations):",
        ]
        lines += [f"        j_{e} = {self.home(e)}({self.arguments})" for e in entries]
        return [*lines, *(f"        {e} = {e} - rate * j_{e}" for e in entries)]

    def _run(self) -> Lines:
        lam = [f"lambd = {self.penalty}"] if self.penalty else []
        return [
            *lam,
            "reset_network()",
            "x, y, m = training_data()",
            "train(x, y)",
            f"print({self.forward}(x)[-1])",
        ]
