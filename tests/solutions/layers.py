"""Mistakes on the way through a layer: through its activation, through its weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from solutions.swaps import Swap, needs, replaced


def delta(words: Any, layer: int, new: Callable[[str, str], str]) -> list[Swap]:
    """Replace δ of a layer, given what stands upstream and the slope."""
    needs(words.row(layer) not in ("identity", "softmax"))
    # Without a cost, another slope of the output may be right for another cost.
    needs(layer < words.layers or (words.with_cost and not words.short))
    needs(not (layer < words.layers and getattr(words, "masked", False)))
    old = f"{words.dz(layer)} = {words.through(layer)}"
    changed = f"{words.dz(layer)} = {new(words.upstream(layer), words.slope(layer))}"
    return [Swap(old, changed, where(words, layer))]


def where(words: Any, layer: int) -> str | None:
    """Return one function of those that pass a layer, or everywhere."""
    if words.style != "column" or words.pick("everywhere", True, False):
        return None
    below = [f"{kind}{k}" for k in range(1, layer + 1) for kind in "Wb"]
    return str(words.home(words.pick("one function", *below)))


def missing_derivative(words: Any, layer: int) -> list[Swap]:
    if getattr(words, "masked", False) and layer < words.layers:
        return [Swap(words.mask(layer), f"{words.dz(layer)} = 1.0 * {words.dz(layer)}")]
    return delta(words, layer, lambda upstream, _: upstream)


def output_derivative(words: Any, layer: int) -> list[Swap]:
    needs(layer == words.layers)
    return missing_derivative(words, layer)


def hidden_derivative(words: Any, layer: int) -> list[Swap]:
    needs(layer < words.layers)
    return missing_derivative(words, layer)


def slope_instead(make: Callable[[Any, int], str]) -> Callable[[Any, int], list[Swap]]:
    return lambda words, k: delta(words, k, lambda up, _: words.times(up, make(words, k)))


def at_activation(words: Any, layer: int) -> str:
    needs(words.slopes == "z" and words.row(layer) != "relu")
    return f"{words.derivative(words.row(layer))}({words.a(layer)})"


def form_at_sum(words: Any, layer: int) -> str:
    needs(words.slopes != "z" and words.row(layer) != "relu")
    return str(replaced(words.slope(layer), words.a(layer), words.z(layer)))


def function(words: Any, layer: int) -> str:
    return f"{words.function(words.row(layer))}({words.z(layer)})"


def other_layer(words: Any, layer: int) -> str:
    needs(words.square and words.row(layer) != "softmax" and words.layers > 2)
    if words.style == "classes":
        needs(layer < words.layers)
        return str(replaced(words.slope(layer), "z", "zs[-l + 1]"))
    others = [k for k in range(1, words.layers + 1) if k != layer]
    other = words.pick("other layer", *others)
    slope = replaced(words.slope(layer), words.a(layer), words.a(other))
    return str(replaced(slope, words.z(layer), words.z(other)))


def other_function(words: Any, layer: int) -> str:
    a, name = words.a(layer), words.row(layer)
    others = {"sigmoid": f"(1 - {a}**2)", "tanh": f"({a} * (1 - {a}))", "relu": f"(1 - {a}**2)"}
    return others[name]


def square_only(make: Callable[[str, str], str]) -> Callable[[Any, int], list[Swap]]:
    def change(words: Any, layer: int) -> list[Swap]:
        needs(words.square)
        return delta(words, layer, make)

    return change


def matrix_in_derivative(words: Any, layer: int) -> list[Swap]:
    needs(words.square and words.row(layer) == "sigmoid" and words.slopes != "z")
    a = words.a(layer)
    return delta(words, layer, lambda up, _: words.times(up, f"np.dot({a}, 1 - {a})"))


def formula(words: Any, layer: int) -> list[Swap]:
    needs(words.slopes != "inline")
    name = words.row(layer)
    needs(name in ("sigmoid", "tanh", "relu"))
    form = "a" if words.slopes == "a" else "z"
    wrong = {
        ("sigmoid", "z"): ("SELF(z) * (1 + SELF(z))", "np.exp(-z) / (1 + np.exp(-z))"),
        ("sigmoid", "a"): ("a * (1 + a)", "a * (a - 1) ** 2"),
        ("tanh", "z"): ("1 - np.tanh(z)", "1 + np.tanh(z)**2"),
        ("tanh", "a"): ("1 - a", "1 + a**2"),
        ("relu", "z"): ("np.where(z > 0, 1, 0.01)", "np.where(z > 0, 1, -1)"),
        ("relu", "a"): ("np.where(a > 0, 1, 0.01)", "np.where(a > 0, 1, -1)"),
    }[name, form]
    body = words.pick("wrong formula", *wrong).replace("SELF", words.function(name))
    right = words.derivative_of(name)
    if "\n" in right:
        _, last = right.split("\n")
        return [Swap(last, f"return {body}", words.derivative(name))]
    if words.pick("lambda", True, False, False):
        right = right.removeprefix("return ")
        return [Swap(f"lambda {form}: {right}", f"lambda {form}: {body}")]
    return [Swap(right, f"return {body}", words.derivative(name))]


def sent(words: Any, layer: int, new: str) -> list[Swap]:
    """Replace what the layer above sends back."""
    needs(layer < words.layers)
    old = words.sent(layer)
    left = words.dz(layer) if words.merged or getattr(words, "masked", False) else words.da(layer)
    if words.merged and not getattr(words, "masked", False):
        upstream = words.times(old, words.slope(layer))
        return [
            Swap(
                f"{left} = {upstream}",
                f"{left} = {words.times(new, words.slope(layer))}",
                where(words, layer),
            )
        ]
    return [Swap(f"{left} = {old}", f"{left} = {new}", where(words, layer))]


def not_transposed(words: Any, layer: int) -> list[Swap]:
    needs(words.square)
    above = "self.weights[-l + 1]" if words.style == "classes" else words.W(layer + 1)
    delta = words.dz(layer + 1)
    return sent(words, layer, words.dot(delta, above) if words.rows else words.dot(above, delta))


def missing_weight(words: Any, layer: int) -> list[Swap]:
    needs(words.square)
    return sent(words, layer, words.dz(layer + 1))


def bias_for_weight(words: Any, layer: int) -> list[Swap]:
    above = "self.biases[-l + 1]" if words.style == "classes" else words.b(layer + 1)
    return sent(words, layer, words.dot(f"{above}.T", words.dz(layer + 1)))


def raw_error(words: Any, layer: int) -> list[Swap]:
    above = layer + 1
    needs(above <= words.layers and words.row(above) != "identity")
    needs(words.with_cost or above < words.layers)
    needs(not (above == words.layers and words.short))
    if getattr(words, "chain", False):
        old = f"{words.dz(above)} = {words.through(above)}"
        return [
            Swap(old, f"J = {words.upstream(above)}", words.home(f"{kind}{k}"))
            for k in range(1, above)
            for kind in "Wb"
        ]
    needs(words.style != "classes")
    if words.merged:
        needs(above == words.layers)
        raw = f"({words.error()})"
    else:
        raw = words.da(above)
    needs(raw != words.dz(above))
    return sent(words, layer, words.through_weights(layer, raw))


def not_chained(words: Any, layer: int) -> list[Swap]:
    needs(words.square and layer + 2 <= words.layers and words.style != "classes")
    needs(not getattr(words, "chain", False))
    return sent(words, layer, words.through_weights(layer, words.dz(words.layers)))
