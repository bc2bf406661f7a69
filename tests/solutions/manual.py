"""Gradients step by step, in statements of the notebook itself, examples in rows."""

from __future__ import annotations

from typing import Any

from solutions.words import Lines, Words


class Manual(Words):
    style = "manual"
    rows = True
    products = ("@", "@", "np.dot", ".dot")
    outputs = ("softmax", "softmax", "squared")
    depths = (2, 2, 3)
    x, y = "X", "Y"
    sums = ("{}.sum(axis=0, keepdims=True)", "np.sum({}, axis=0, keepdims=True)")

    def __init__(self, seed: int, **forced: Any) -> None:
        super().__init__(seed, **{"with_cost": True, "penalty": 0, **forced})
        self.output = "softmax" if self.cost == "softmax" else "identity"
        if self.scale == "cells":
            self.scale = "m"
        self.m = "n"
        self.divide = "start" if self.scale == "m" else "none"
        self.merged = False
        self.slopes = "inline"
        self.steps = self.cost == "softmax" and self.pick("steps", True, False)
        self.flat = self.pick("flat biases", True, False)
        if self.flat:
            self.sums = ("{}.sum(axis=0)", "np.sum({}, axis=0)", "{}.sum(0)")

    def z(self, layer: int) -> str:
        return "logits" if layer == self.layers else f"h{layer}_pre"

    def a(self, layer: int) -> str:
        if layer == self.layers:
            return "probs" if self.cost == "softmax" else "logits"
        return f"h{layer}" if layer else "X"

    def da(self, layer: int) -> str:
        return "dlogits" if layer == self.layers else f"dh{layer}"

    def dz(self, layer: int) -> str:
        return "dlogits" if layer == self.layers else f"dh{layer}_pre"

    def source(self) -> Lines:
        head = ["import numpy as np", "", "# %%", *self.functions()]
        return [
            *head,
            "# %%",
            *self._data(),
            "",
            "# %%",
            *self._forward(),
            "",
            "# %%",
            *self._backward(),
            "",
            "# %%",
            "print(loss, dW1.shape)",
        ]

    def _data(self) -> Lines:
        n, k, m = self.sizes[0], self.sizes[-1], max(2, self.examples)
        lines = ["rng = np.random.default_rng(42)", f"n = {m}", f"X = rng.normal(size=(n, {n}))"]
        if self.cost == "squared":
            lines.append(f"Y = rng.normal(size=(n, {k}))")
        else:
            lines += [f"labels = rng.integers({k}, size=n)", f"Y = np.eye({k})[labels]"]
        for layer in range(1, self.layers + 1):
            size = self.sizes[layer]
            lines.append(f"W{layer} = rng.normal(size=({self.sizes[layer - 1]}, {size}))")
            lines.append(
                f"b{layer} = rng.normal(size={size if self.flat else f'(1, {size})'}) * 0.1"
            )
        return lines

    def _forward(self) -> Lines:
        lines = []
        for k in range(1, self.layers):
            lines += [f"h{k}_pre = {self.affine(k)}", f"h{k} = {self.activate(k, f'h{k}_pre')}"]
        lines.append(f"logits = {self.affine(self.layers)}")
        mean = " / n" if self.scale == "m" else ""
        if self.cost == "squared":
            return [
                *lines,
                "diff = logits - Y",
                f"loss = (diff**2).sum(){' / 2' if self.half else ''}{mean}",
            ]
        if self.steps:
            return [
                *lines,
                "counts = np.exp(logits)",
                "counts_sum = counts.sum(axis=1, keepdims=True)",
                "probs = counts / counts_sum",
                "logprobs = np.log(probs)",
                f"loss = -(Y * logprobs).sum(){mean}",
            ]
        return [*lines, "probs = softmax(logits)", f"loss = -np.sum(Y * np.log(probs)){mean}"]

    def error_lines(self) -> Lines:
        mean = " / n" if self.scale == "m" else ""
        if self.cost == "squared":
            return [f"ddiff = {'' if self.half else '2 * '}diff{mean}", "dlogits = ddiff"]
        if not self.steps:
            return [f"dlogits = {self.error()}"]
        return [
            f"dlogprobs = -Y{mean}",
            "dprobs = dlogprobs / probs",
            "dcounts = dprobs / counts_sum",
            "dcounts_sum = (-counts / counts_sum**2 * dprobs).sum(axis=1, keepdims=True)",
            "dcounts = dcounts + dcounts_sum",
            "dlogits = dcounts * counts",
        ]

    def _backward(self) -> Lines:
        lines = self.error_lines()
        for k in range(self.layers, 0, -1):
            if k < self.layers:
                lines += self.sent_lines(k)
            lines += [
                f"dW{k} = {self.jacobian_of_weights(k)}",
                f"db{k} = {self.jacobian_of_biases(k)}",
            ]
        return lines
