"""Functions that hand on dictionaries: ``parameters``, ``cache``, ``grads``."""

from __future__ import annotations

from typing import Any

from solutions.words import Lines, Words, indented


class Dictionaries(Words):
    style = "dictionaries"
    products = ("np.dot", "np.dot", "np.dot", "@", ".dot", "np.matmul", "einsum", "loop")
    outputs = ("binary", "binary", "squared", "softmax")
    costs = ("compute_cost", "compute_cost", "cost")
    depths = (2, 2, 3, 4)
    x, y = "X", "Y"

    def __init__(self, seed: int, **forced: Any) -> None:
        super().__init__(seed, **forced)
        self.backward = self.pick(
            "backward", "backward_propagation", "backward_propagation", "backward", "backprop"
        )
        self.forward = self.pick(
            "forward", "forward_propagation", "forward_propagation", "forward", "forward_pass"
        )
        self.tuples = self.pick("tuples", False, False, True)
        order = self.pick(
            "arguments",
            "parameters, cache, X, Y",
            "parameters, cache, X, Y",
            "X, Y, cache" if self.tuples else "X, Y, parameters, cache",
        )
        self.order = f"{order}, lambd" if self.penalty else order

    def z(self, layer: int) -> str:
        return f"Z{layer}"

    def a(self, layer: int) -> str:
        return f"A{layer}" if layer else "X"

    def da(self, layer: int) -> str:
        return f"dA{layer}"

    def dz(self, layer: int) -> str:
        return f"dZ{layer}"

    def penalty_in_cost(self) -> str:
        found = super().penalty_in_cost()
        return found.replace("lambd / 2", "lambd / (2 * m)") if self.scale == "m" else found

    def decay(self, layer: int) -> str:
        found = super().decay(layer)
        return f"{found} / m" if found and self.scale == "m" else found

    def source(self) -> Lines:
        lines: Lines = ["import numpy as np", ""]
        for part in (
            [*self.functions(), *self.loop_helper()],
            self._initialize(),
            self._forward(),
            self._cost(),
            self._backward(),
            self._update(),
            self._model(),
            self._run(),
        ):
            if part:
                lines += ["# %%", *part, ""]
        return lines

    def _names(self) -> list[str]:
        return [f"{kind}{k}" for k in range(1, self.layers + 1) for kind in "Wb"]

    def _initialize(self) -> Lines:
        if self.pick("list of sizes", True, False):
            return [
                "def initialize_parameters(layer_dims):",
                "    np.random.seed(3)",
                "    parameters = {}",
                "    for l in range(1, len(layer_dims)):",
                "        shape = layer_dims[l], layer_dims[l - 1]",
                '        parameters["W" + str(l)] = np.random.randn(*shape) * 0.5',
                '        parameters["b" + str(l)] = np.zeros((layer_dims[l], 1))',
                "    return parameters",
            ]
        names = self._sizes()
        lines = [f"def initialize_parameters({', '.join(names)}):", "    np.random.seed(2)"]
        for k in range(1, self.layers + 1):
            lines.append(f"    W{k} = np.random.randn({names[k]}, {names[k - 1]}) * 0.1")
            lines.append(f"    b{k} = np.zeros(shape=({names[k]}, 1))")
        pairs = ", ".join(f'"{name}": {name}' for name in self._names())
        return [*lines, f"    parameters = {{{pairs}}}", "    return parameters"]

    def _sizes(self) -> list[str]:
        hidden = [f"n_h{k}" if self.layers > 2 else "n_h" for k in range(1, self.layers)]
        return ["n_x", *hidden, "n_y"]

    def _unpack(self, names: list[str], of: str = "parameters") -> Lines:
        quote = self.pick("quotes", '"', "'")
        return [f"    {name} = {of}[{quote}{name}{quote}]" for name in names]

    def _forward(self) -> Lines:
        lines = [f"def {self.forward}(X, parameters):", *self._unpack(self._names())]
        for k in range(1, self.layers + 1):
            lines += [
                f"    {self.z(k)} = {self.affine(k)}",
                f"    {self.a(k)} = {self.activate(k, self.z(k))}",
            ]
        if self.pick("own assert", True, False):
            lines.append(f"    assert A{self.layers}.shape[1] == X.shape[1]")
        if self.tuples:
            cached = ", ".join(self._cached())
            lines.append(f"    cache = ({cached})")
        else:
            pairs = ", ".join(f'"{name}": {name}' for name in self._values())
            lines.append(f"    cache = {{{pairs}}}")
        return [*lines, f"    return A{self.layers}, cache"]

    def _values(self) -> list[str]:
        return [f"{kind}{k}" for k in range(1, self.layers + 1) for kind in "ZA"]

    def _cached(self) -> list[str]:
        return [f"{kind}{k}" for k in range(1, self.layers + 1) for kind in "ZAWb"]

    def _cost(self) -> Lines:
        if not self.with_cost:
            return []
        last = f"A{self.layers}"
        more = ", parameters, lambd" if self.penalty else ""
        lines = [f"def {self.name_of_cost()}({last}, Y{more}):", "    m = Y.shape[1]"]
        if self.penalty:
            lines += self._unpack([f"W{k}" for k in range(1, self.layers + 1)])
        lines.append(f"    cost = {self.cost_value(last)}{self.penalty_in_cost()}")
        squeezed = self.pick("squeeze", "np.squeeze(cost)", "float(np.squeeze(cost))", "cost")
        return [*lines, f"    return {squeezed}"]

    def _backward(self) -> Lines:
        lines = [
            f"def {self.backward}({self.order}):",
            *self.docstring("Backpropagation; returns the gradients in a dictionary."),
            "    m = X.shape[1]",
        ]
        if self.tuples:
            lines.append(f"    ({', '.join(self._cached())}) = cache")
        else:
            weights = [f"W{k}" for k in range(1 if self.penalty else 2, self.layers + 1)]
            lines += self._unpack(weights)
            lines += self._unpack(self._values(), "cache")
        body: Lines = self.error_lines()
        for k in range(self.layers, 0, -1):
            if k < self.layers:
                body += [*self.comment(f"layer {k}"), *self.sent_lines(k)]
            body += [
                f"dW{k} = {self.jacobian_of_weights(k)}",
                f"db{k} = {self.jacobian_of_biases(k)}",
            ]
        pairs = ", ".join(f'"d{name}": d{name}' for name in self._names())
        return [*lines, *indented(body), f"    grads = {{{pairs}}}", "    return grads"]

    def _update(self) -> Lines:
        lines = ["def update_parameters(parameters, grads, learning_rate=0.5):"]
        if self.pick("loop of updates", True, False):
            lines += [
                f"    for l in range(1, {self.layers + 1}):",
                *(
                    f'        parameters["{k}" + str(l)] = parameters["{k}" + str(l)]'
                    f' - learning_rate * grads["d{k}" + str(l)]'
                    for k in "Wb"
                ),
                "    return parameters",
            ]
            return lines
        lines += self._unpack(self._names())
        lines += [f'    {n} = {n} - learning_rate * grads["d{n}"]' for n in self._names()]
        pairs = ", ".join(f'"{name}": {name}' for name in self._names())
        return [*lines, f"    return {{{pairs}}}"]

    def _model(self) -> Lines:
        lam = ", lambd" if self.penalty else ""
        sizes = ", ".join(map(str, self.sizes))
        call = f"[{sizes}]" if self.pick("list of sizes", True, False) else sizes
        last = f"A{self.layers}"
        cost = (
            []
            if not self.with_cost
            else [
                f"        value = {self._cost()[0].split('(')[0].removeprefix('def ')}"
                f"({last}, Y{', parameters, lambd' if self.penalty else ''})",
                "        if i % 100 == 0:",
                '            print("Cost after iteration %i: %f" % (i, value))',
            ]
        )
        return [
            f"def nn_model(X, Y, num_iterations=3{', lambd=0.1' if lam else ''}):",
            f"    parameters = initialize_parameters({call})",
            "    for i in range(num_iterations):",
            f"        {last}, cache = {self.forward}(X, parameters)",
            *cost,
            f"        grads = {self.backward}({self.order})",
            "        parameters = update_parameters(parameters, grads)",
            "    return parameters",
        ]

    def _run(self) -> Lines:
        n, k, m = self.sizes[0], self.sizes[-1], self.examples
        targets = {
            "squared": f"np.random.rand({k}, {m})",
            "binary": f"(np.random.rand(1, {m}) > 0.5) * 1.0",
            "softmax": f"np.eye({k})[np.random.randint({k}, size={m})].T",
        }[self.cost]
        return [
            "np.random.seed(1)",
            f"X = np.random.randn({n}, {m})",
            f"Y = {targets}",
            "parameters = nn_model(X, Y)",
        ]
