"""Layers one after the other, each with its cache: ``L_model_forward``, ``linear_backward``."""

from __future__ import annotations

from typing import Any

from solutions.words import Lines, Words, indented


class Caches(Words):
    style = "caches"
    products = ("np.dot", "np.dot", "@", ".dot", "np.matmul")
    outputs = ("binary",)
    depths = (2, 3, 4)
    x, y = "X", "Y"
    costs = ("compute_cost",)

    def __init__(self, seed: int, **forced: Any) -> None:
        chosen = {"scale": "m", "divide": "end", "penalty": 0, "short": False, **forced}
        super().__init__(seed, **{"slopes": "z", "merged": False, **chosen})
        self.slopes = "z"
        if self.hidden == "sigmoid":
            self.hidden = self.pick("hidden but for sigmoid", "relu", "tanh")

    # One text for all layers: what is wrong in it is wrong in all of them.

    def W(self, layer: int) -> str:  # noqa: N802 - its name on paper
        return "W"

    def b(self, layer: int) -> str:
        return "b"

    def z(self, layer: int) -> str:
        return "Z"

    def a(self, layer: int) -> str:
        return "A_prev" if layer < self.layers else "AL"

    def da(self, layer: int) -> str:
        return "dA_prev" if layer < self.layers else "dAL"

    def dz(self, layer: int) -> str:
        return "dZ"

    def upstream(self, layer: int) -> str:
        return "dA"

    def slope(self, layer: int) -> str:
        name = self.row(layer)
        if name == "relu":
            return "(Z > 0)"
        return "s * (1 - s)" if name == "sigmoid" else "(1 - s**2)"

    def jacobian_of_biases(self, layer: int) -> str:
        return self.averaged(self.summed(layer))

    def source(self) -> Lines:
        lines: Lines = ["import numpy as np", ""]
        for part in (
            self._activations(),
            self._initialize(),
            self._forward(),
            self._cost(),
            self._backward(),
            self._update(),
            self._run(),
        ):
            if part:
                lines += ["# %%", *part, ""]
        return lines

    def _activations(self) -> Lines:
        lines: Lines = []
        for name in (self.hidden, "sigmoid"):
            layer = self.layers if name == "sigmoid" else 1
            body = self.value_of(name).removeprefix("s = ").replace("\nreturn s", "")
            lines += [
                f"def {name}(Z):",
                f"    A = {body.removeprefix('return ').replace('z', 'Z')}",
                "    cache = Z",
                "    return A, cache",
                "",
                f"def {name}_backward(dA, cache):",
                "    Z = cache",
            ]
            if name == "sigmoid":
                lines.append("    s = 1 / (1 + np.exp(-Z))")
            elif name == "tanh":
                lines.append("    s = np.tanh(Z)")
            if name == "relu" and self.pick("copied", True, False):
                lines += ["    dZ = np.array(dA, copy=True)", "    dZ[Z <= 0] = 0"]
            else:
                lines.append(f"    dZ = {self.through(layer)}")
            lines += ["    return dZ", ""]
        return lines

    def _initialize(self) -> Lines:
        return [
            "def initialize_parameters_deep(layer_dims):",
            "    np.random.seed(3)",
            "    parameters = {}",
            "    L = len(layer_dims)",
            "    for l in range(1, L):",
            "        shape = layer_dims[l], layer_dims[l - 1]",
            "        scale = 1 / np.sqrt(layer_dims[l - 1])",
            "        parameters['W' + str(l)] = np.random.randn(*shape) * scale",
            "        parameters['b' + str(l)] = np.zeros((layer_dims[l], 1))",
            "    return parameters",
        ]

    def _forward(self) -> Lines:
        return [
            "def linear_forward(A, W, b):",
            f"    Z = {self.dot('W', 'A')} + b",
            "    cache = (A, W, b)",
            "    return Z, cache",
            "",
            "def linear_activation_forward(A_prev, W, b, activation):",
            "    Z, linear_cache = linear_forward(A_prev, W, b)",
            '    if activation == "sigmoid":',
            "        A, activation_cache = sigmoid(Z)",
            f'    elif activation == "{self.hidden}":',
            f"        A, activation_cache = {self.hidden}(Z)",
            "    cache = (linear_cache, activation_cache)",
            "    return A, cache",
            "",
            "def L_model_forward(X, parameters):",
            "    caches = []",
            "    A = X",
            "    L = len(parameters) // 2",
            "    for l in range(1, L):",
            "        A_prev = A",
            "        A, cache = linear_activation_forward(",
            "            A_prev, parameters['W' + str(l)], parameters['b' + str(l)],"
            f' "{self.hidden}")',
            "        caches.append(cache)",
            "    AL, cache = linear_activation_forward(",
            "        A, parameters['W' + str(L)], parameters['b' + str(L)], \"sigmoid\")",
            "    caches.append(cache)",
            "    return AL, caches",
        ]

    def _cost(self) -> Lines:
        if not self.with_cost:
            return []
        return [
            "def compute_cost(AL, Y):",
            *self.docstring("Cross-entropy."),
            "    m = Y.shape[1]",
            f"    cost = {self.cost_value('AL')}",
            "    cost = np.squeeze(cost)",
            "    return cost",
        ]

    def _backward(self) -> Lines:
        L = "(L - 1)" if self.pick("brackets", True, False) else "(L-1)"
        return [
            "def linear_backward(dZ, cache):",
            "    A_prev, W, b = cache",
            "    m = A_prev.shape[1]",
            f"    dW = {self.jacobian_of_weights(1)}",
            f"    db = {self.jacobian_of_biases(1)}",
            f"    dA_prev = {self.sent(1)}",
            "    return dA_prev, dW, db",
            "",
            "def linear_activation_backward(dA, cache, activation):",
            "    linear_cache, activation_cache = cache",
            f'    if activation == "{self.hidden}":',
            f"        dZ = {self.hidden}_backward(dA, activation_cache)",
            '    elif activation == "sigmoid":',
            "        dZ = sigmoid_backward(dA, activation_cache)",
            "    dA_prev, dW, db = linear_backward(dZ, linear_cache)",
            "    return dA_prev, dW, db",
            "",
            "def L_model_backward(AL, Y, caches):",
            *self.docstring("Gradients of all layers."),
            "    grads = {}",
            "    L = len(caches)",
            "    Y = Y.reshape(AL.shape)",
            *indented(self._seed()),
            "    current_cache = caches[L - 1]",
            '    grads["dA" + str(L - 1)], grads["dW" + str(L)], grads["db" + str(L)] = '
            'linear_activation_backward(dAL, current_cache, "sigmoid")',
            f"    for l in reversed(range{L}):",
            "        current_cache = caches[l]",
            "        dA_prev, dW, db = linear_activation_backward(",
            f'            grads["dA" + str(l + 1)], current_cache, "{self.hidden}")',
            '        grads["dA" + str(l)] = dA_prev',
            '        grads["dW" + str(l + 1)] = dW',
            '        grads["db" + str(l + 1)] = db',
            "    return grads",
        ]

    def _seed(self) -> Lines:
        return [f"dAL = {self.error()}"]

    def target(self, entry: str) -> str:
        return f"d{entry[0]}"

    def _update(self) -> Lines:
        return [
            "def update_parameters(parameters, grads, learning_rate):",
            "    L = len(parameters) // 2",
            "    for l in range(L):",
            *(
                f'        parameters["{k}" + str(l + 1)] = parameters["{k}" + str(l + 1)]'
                f' - learning_rate * grads["d{k}" + str(l + 1)]'
                for k in "Wb"
            ),
            "    return parameters",
        ]

    def _run(self) -> Lines:
        n, m = self.sizes[0], self.examples
        cost = ["    print(compute_cost(AL, Y))"] if self.with_cost else []
        return [
            "np.random.seed(1)",
            f"X = np.random.randn({n}, {m})",
            f"Y = (np.random.rand(1, {m}) > 0.5) * 1.0",
            f"parameters = initialize_parameters_deep([{', '.join(map(str, self.sizes))}])",
            "for i in range(3):",
            "    AL, caches = L_model_forward(X, parameters)",
            *cost,
            "    grads = L_model_backward(AL, Y, caches)",
            "    parameters = update_parameters(parameters, grads, 0.01)",
        ]
