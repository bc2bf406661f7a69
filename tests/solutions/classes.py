"""A class with lists of weights and biases, and ``backprop(x, y)`` for one example."""

from __future__ import annotations

from typing import Any

from solutions.words import Lines, Words, indented


class Classes(Words):
    style = "classes"
    products = ("np.dot", "np.dot", "np.dot", "@", ".dot", "np.matmul")
    outputs = ("squared", "squared", "binary")
    depths = (2, 3, 2, 4)
    sums = ("{}", "{}")

    def __init__(self, seed: int, **forced: Any) -> None:
        chosen = {"scale": "sum", "penalty": 0, "half": True, **forced}
        chosen.setdefault("slopes", "z")
        super().__init__(seed, **chosen)
        self.output = "sigmoid" if self.cost == "binary" else self.hidden
        if self.output == "relu":
            self.hidden = self.output = "sigmoid"
        if self.cost == "binary":
            self.hidden = "sigmoid"
        self.half = True
        self.merged = self.pick("merged", True, True, False)

    def W(self, layer: int) -> str:  # noqa: N802 - its name on paper
        return f"self.weights[{self._index(layer)}]"

    def b(self, layer: int) -> str:
        return f"self.biases[{self._index(layer)}]"

    def z(self, layer: int) -> str:
        return "zs[-1]" if layer == self.layers else "z"

    def a(self, layer: int) -> str:
        return f"activations[{self._index(layer)}]"

    def da(self, layer: int) -> str:
        return "error"

    def dz(self, layer: int) -> str:
        return "delta"

    def _index(self, layer: int) -> str:
        return "-1" if layer == self.layers else "-l"

    def target(self, entry: str) -> str:
        return f"nabla_{entry[0].lower()}[{self._index(int(entry[1:]))}]"

    def outer(self, layer: int) -> str:
        before = "activations[-2]" if layer == self.layers else "activations[-l - 1]"
        return self.outer_of("delta", before)

    def through_weights(self, layer: int, delta: str) -> str:
        return self.dot(self.T("self.weights[-l + 1]"), delta)

    def source(self) -> Lines:
        lines: Lines = ["import numpy as np", "import random", ""]
        lines += ["# %%", *self._class(), "", "# %%", *self.functions(), "", "# %%", *self._run()]
        return lines

    def _class(self) -> Lines:
        base = self.pick("object", "", "(object)")
        name = self.pick("class", "Network", "Network", "NeuralNetwork")
        parts = [
            self._init(),
            self._feedforward(),
            self._cost(),
            self._sgd(),
            self._update(),
            self._backprop(),
            self._cost_derivative(),
        ]
        lines = [f"class {name}{base}:", ""]
        for part in filter(None, parts):
            lines += [*indented(part), ""]
        return lines

    def _init(self) -> Lines:
        return [
            "def __init__(self, sizes):",
            "    self.num_layers = len(sizes)",
            "    self.sizes = sizes",
            "    self.biases = [np.random.randn(y, 1) for y in sizes[1:]]",
            "    self.weights = [np.random.randn(y, x) for x, y in zip(sizes[:-1], sizes[1:])]",
        ]

    def _feedforward(self) -> Lines:
        f = self.function(self.hidden)
        return [
            f"def {self.pick('feedforward', 'feedforward', 'feedforward', 'forward')}(self, a):",
            "    for b, w in zip(self.biases, self.weights):",
            f"        a = {f}({self.dot('w', 'a')} + b)",
            "    return a",
        ]

    costs = ("cost", "cost", "loss")

    def _cost(self) -> Lines:
        if not self.with_cost:
            return []
        forward = self.pick("feedforward", "feedforward", "feedforward", "forward")
        if self.cost == "squared":
            value = self.pick("value", "0.5 * np.linalg.norm(a - y)**2", "np.sum((a - y)**2) / 2")
        else:
            value = "np.sum(np.nan_to_num(-y * np.log(a) - (1 - y) * np.log(1 - a)))"
        return [
            f"def {self.name_of_cost()}(self, x, y):",
            f"    a = self.{forward}(x)",
            f"    return {value}",
        ]

    def _sgd(self) -> Lines:
        return [
            "def SGD(self, training_data, epochs, mini_batch_size, eta):",
            "    n = len(training_data)",
            "    for j in range(epochs):",
            "        random.shuffle(training_data)",
            "        for k in range(0, n, mini_batch_size):",
            "            self.update_mini_batch(training_data[k:k + mini_batch_size], eta)",
            '        print("Epoch {0} complete".format(j))',
        ]

    def _update(self) -> Lines:
        return [
            "def update_mini_batch(self, mini_batch, eta):",
            "    nabla_b = [np.zeros(b.shape) for b in self.biases]",
            "    nabla_w = [np.zeros(w.shape) for w in self.weights]",
            "    for x, y in mini_batch:",
            "        delta_nabla_b, delta_nabla_w = self.backprop(x, y)",
            "        nabla_b = [nb + dnb for nb, dnb in zip(nabla_b, delta_nabla_b)]",
            "        nabla_w = [nw + dnw for nw, dnw in zip(nabla_w, delta_nabla_w)]",
            "    self.weights = [w - (eta / len(mini_batch)) * nw",
            "                    for w, nw in zip(self.weights, nabla_w)]",
            "    self.biases = [b - (eta / len(mini_batch)) * nb",
            "                   for b, nb in zip(self.biases, nabla_b)]",
        ]

    def error(self) -> str:
        if self.pick("cost_derivative", True, True, False) and self.cost == "squared":
            return "self.cost_derivative(activations[-1], y)"
        return super().error()

    def _backprop(self) -> Lines:
        f = self.function(self.hidden)
        body = [
            "nabla_b = [np.zeros(b.shape) for b in self.biases]",
            "nabla_w = [np.zeros(w.shape) for w in self.weights]",
            *self.comment("feedforward"),
            "activation = x",
            "activations = [x]",
            "zs = []",
            "for b, w in zip(self.biases, self.weights):",
            f"    z = {self.dot('w', 'activation')} + b",
            "    zs.append(z)",
            f"    activation = {f}(z)",
            "    activations.append(activation)",
            *self.comment("backward pass"),
            *self.error_lines(),
            f"nabla_b[-1] = {self.jacobian_of_biases(self.layers)}",
            f"nabla_w[-1] = {self.jacobian_of_weights(self.layers)}",
            "for l in range(2, self.num_layers):",
            "    z = zs[-l]",
            *indented(self.sent_lines(1)),
            f"    nabla_b[-l] = {self.jacobian_of_biases(1)}",
            f"    nabla_w[-l] = {self.jacobian_of_weights(1)}",
            "return (nabla_b, nabla_w)",
        ]
        return ["def backprop(self, x, y):", *indented(body)]

    def _cost_derivative(self) -> Lines:
        if "cost_derivative" not in self.error():
            return []
        form = self.pick("difference", "{} - y", "({} - y)")
        return [
            "def cost_derivative(self, output_activations, y):",
            f"    return {form.format('output_activations')}",
        ]

    def _run(self) -> Lines:
        n, k, m = self.sizes[0], self.sizes[-1], self.examples
        targets = (
            f"np.random.rand({k}, 1)"
            if self.cost == "squared"
            else f"1.0 * (np.random.rand({k}, 1) > 0.5)"
        )
        name = self.pick("class", "Network", "Network", "NeuralNetwork")
        return [
            "np.random.seed(0)",
            f"data = [(np.random.randn({n}, 1), {targets}) for i in range({m})]",
            f"net = {name}([{', '.join(map(str, self.sizes))}])",
            "net.SGD(data, 2, 4, 0.5)",
        ]
