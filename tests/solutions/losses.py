"""Loss and gradients from one function or method, examples in rows, with a regularisation."""

from __future__ import annotations

from typing import Any

from solutions.words import Lines, Words, indented


class Losses(Words):
    style = "losses"
    rows = True
    products = (".dot", ".dot", "np.dot", "@", "np.matmul", "loop")
    outputs = ("softmax", "softmax", "squared")
    depths = (2, 2, 2, 3)
    x, y = "X", "y"
    sums = ("np.sum({}, axis=0)", "np.sum({}, axis=0)", "{}.sum(axis=0)", "np.sum({}, 0)")

    def __init__(self, seed: int, **forced: Any) -> None:
        chosen = {"hidden": "relu", "penalty": 0, **forced}
        if "hidden" not in forced:
            chosen.pop("hidden")
        super().__init__(seed, **chosen)
        self.output = "softmax" if self.cost == "softmax" else "identity"
        if self.scale == "cells":
            self.scale = "m"
        self.m = self.pick("m", "N", "N", "num_train")
        self.method = self.pick("method", True, True, False)
        self.labels = self.cost == "softmax" and self.pick("labels", True, True, False)
        self.full = self.pick("factor of the penalty", True, False)  # reg ΣW² or ½ reg ΣW²
        if "hidden" not in forced:
            self.hidden = self.pick("hidden", "relu", "relu", "tanh", "sigmoid")
        if self.slopes != "inline" and self.hidden == "relu":
            self.slopes = "inline"
        self.masked = self.hidden == "relu" and self.pick("masked", True, True, False)

    def z(self, layer: int) -> str:
        return "scores" if layer == self.layers else f"z{layer}"

    def a(self, layer: int) -> str:
        if layer == self.layers:
            return "probs" if self.cost == "softmax" else "scores"
        return f"h{layer}" if layer else "X"

    def da(self, layer: int) -> str:
        return f"dh{layer}"

    def dz(self, layer: int) -> str:
        return "dscores" if layer == self.layers else f"dz{layer}"

    def target(self, entry: str) -> str:
        return f"grads['{entry}']"

    def decay(self, layer: int) -> str:
        return f" + {'2 * ' if self.full else ''}reg * {self.W(layer)}"

    def penalty_in_cost(self) -> str:
        squares = " + ".join(
            f"np.sum({self.W(k)} * {self.W(k)})" for k in range(1, self.layers + 1)
        )
        return f" + {'' if self.full else '0.5 * '}reg * ({squares})"

    def error_lines(self) -> Lines:
        if not self.labels:
            return [f"dscores = {self.error()}"]
        lines = ["dscores = probs.copy()", f"dscores[np.arange({self.m}), y] -= 1"]
        return [*lines, f"dscores /= {self.m}"] if self.divide == "start" else lines

    def sent_lines(self, layer: int) -> Lines:
        if not self.masked:
            return super().sent_lines(layer)
        return [f"{self.dz(layer)} = {self.sent(layer)}", self.mask(layer)]

    def mask(self, layer: int) -> str:
        """Return the statement that stops a gradient where a unit is off."""
        by = self.pick("mask", "h", "z")
        return f"{self.dz(layer)}[{by}{layer} <= 0] = 0"

    @property
    def names(self) -> list[str]:
        return [f"{kind}{k}" for k in range(1, self.layers + 1) for kind in "Wb"]

    def source(self) -> Lines:
        helpers = [*self.functions(), *self.loop_helper()]
        if self.method:
            main = [
                "class TwoLayerNet(object):" if self.layers == 2 else "class Net(object):",
                "",
                *indented(self._init()),
                "",
                *indented(self._loss()),
                "",
                *indented(self._train()),
            ]
        else:
            main = self._loss()
        return [
            "import numpy as np",
            "",
            "# %%",
            *helpers,
            "",
            "# %%",
            *main,
            "",
            "# %%",
            *self._run(),
        ]

    def _init(self) -> Lines:
        if self.layers == 2:
            arguments = "input_size, hidden_size, output_size"
        else:
            hidden = ", ".join(f"hidden{k}" for k in range(1, self.layers))
            arguments = f"input_size, {hidden}, output_size"
        sizes = arguments.split(", ")
        lines = [f"def __init__(self, {arguments}, std=1e-1):", "    self.params = {}"]
        for k in range(1, self.layers + 1):
            lines.append(
                f"    self.params['W{k}'] = std * np.random.randn({sizes[k - 1]}, {sizes[k]})"
            )
            lines.append(f"    self.params['b{k}'] = np.zeros({sizes[k]})")
        return lines

    def _loss(self) -> Lines:
        if self.method:
            head = ["def loss(self, X, y=None, reg=0.0):"]
            unpack = [f"{name} = self.params['{name}']" for name in self.names]
        else:
            head = [f"def {self.name_of_cost()}({', '.join(self.names)}, X, y, reg):"]
            unpack = []
        body = [*unpack, f"{self.m} = X.shape[0]", *self.comment("forward pass")]
        for k in range(1, self.layers):
            body += [f"z{k} = {self.affine(k)}", f"h{k} = {self.activate(k, f'z{k}')}"]
        body.append(f"scores = {self.affine(self.layers)}")
        if self.method:
            body += ["if y is None:", "    return scores"]
        body += [*self.comment("loss"), *self._value(), *self.comment("backward pass")]
        if not self.method:
            body.append("grads = {}")
        else:
            body.append("grads = {}")
        body += self.error_lines()
        for k in range(self.layers, 0, -1):
            if k < self.layers:
                body += self.sent_lines(k)
            body += [
                f"grads['W{k}'] = {self.jacobian_of_weights(k)}",
                f"grads['b{k}'] = {self.jacobian_of_biases(k)}",
            ]
        return [*head, *indented([*body, "return loss, grads"])]

    costs = ("loss_and_grads", "loss", "compute_loss_and_gradients")

    def _value(self) -> Lines:
        mean = f" / {self.m}" if self.scale == "m" else ""
        if self.cost == "squared":
            half = " / 2" if self.half else ""
            value = [f"loss = np.sum((scores - y)**2){half}{mean}"]
        else:
            value = [*self._softmax()]
            if self.labels:
                value.append(f"loss = -np.sum(np.log(probs[np.arange({self.m}), y])){mean}")
            else:
                value.append(f"loss = -np.sum(y * np.log(probs)){mean}")
        return [*value, f"loss +={self.penalty_in_cost()[2:]}"]

    def _softmax(self) -> Lines:
        if self.pick("softmax function", True, False):
            return ["probs = softmax(scores)"]
        lines = (
            ["scores = scores - np.max(scores, axis=1, keepdims=True)"]
            if self.pick("shift", True, False)
            else []
        )
        return [
            *lines,
            "exp_scores = np.exp(scores)",
            "probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)",
        ]

    def _train(self) -> Lines:
        steps = [f"        self.params['{n}'] -= learning_rate * grads['{n}']" for n in self.names]
        return [
            "def train(self, X, y, learning_rate=1e-2, reg=1e-3, num_iters=3):",
            "    history = []",
            "    for it in range(num_iters):",
            "        loss, grads = self.loss(X, y=y, reg=reg)",
            "        history.append(loss)",
            *steps,
            "    return history",
        ]

    def _run(self) -> Lines:
        n, k, m = self.sizes[0], self.sizes[-1], self.examples
        targets = (
            f"np.random.randn({m}, {k})"
            if self.cost == "squared"
            else f"np.random.randint({k}, size={m})"
            if self.labels
            else f"np.eye({k})[np.random.randint({k}, size={m})]"
        )
        lines = ["np.random.seed(0)", f"X = np.random.randn({m}, {n})", f"y = {targets}"]
        if self.method:
            name = "TwoLayerNet" if self.layers == 2 else "Net"
            return [
                *lines,
                f"net = {name}({', '.join(map(str, self.sizes))})",
                "print(net.train(X, y))",
            ]
        for k in range(1, self.layers + 1):
            lines += [
                f"W{k} = np.random.randn({self.sizes[k - 1]}, {self.sizes[k]})",
                f"b{k} = np.zeros({self.sizes[k]})",
            ]
        return [
            *lines,
            f"loss_value, grads = {self.name_of_cost()}({', '.join(self.names)}, X, y, 0.1)",
            "print(loss_value)",
        ]
