"""Mistakes in one Jacobian: its outer product, its sum, its mean, its penalty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from solutions.swaps import Swap, needs


def weights(words: Any, layer: int, new: str) -> list[Swap]:
    entry = f"W{layer}"
    target = words.target(entry)
    old = f"{target} = {words.jacobian_of_weights(layer)}"
    return [Swap(old, f"{target} = {new}", words.home(entry))]


def biases(words: Any, layer: int, new: str) -> list[Swap]:
    entry = f"b{layer}"
    target = words.target(entry)
    old = f"{target} = {words.jacobian_of_biases(layer)}"
    return [Swap(old, f"{target} = {new}", words.home(entry))]


def data_part(make: Callable[[Any, int], str]) -> Callable[[Any, int], list[Swap]]:
    """Return a change of what stands before the penalty in the Jacobian of weights."""
    return lambda words, k: weights(words, k, f"{make(words, k)}{words.decay(k)}")


def bias(make: Callable[[Any, int], str]) -> Callable[[Any, int], list[Swap]]:
    return lambda words, k: biases(words, k, make(words, k))


def missing_mean(words: Any, layer: int) -> str:
    needs(words.divide == "end" and words.scale == "m")
    return str(words.outer(layer))


def double_mean(words: Any, layer: int) -> str:
    needs(words.scale == "m")
    return f"{words.averaged(words.outer(layer))} / {words.m}"


def wrong_divisor(words: Any, layer: int) -> str:
    needs(words.divide == "end" and words.scale == "m")
    inputs = f"{words.x}.shape[{1 if words.rows else 0}]"
    return f"{words.outer(layer)} / {words.pick('divisor', inputs, f'{words.x}.size')}"


def swapped(words: Any, layer: int) -> str:
    needs(words.square or not words.decay(layer))
    delta, before = words.dz(layer), words.a(layer - 1)
    if words.style == "classes":
        before = "activations[-2]" if layer == words.layers else "activations[-l - 1]"
    return str(words.averaged(words.outer_of(before, delta)))


def weight_for_activation(words: Any, layer: int) -> str:
    delta = words.dz(layer)
    total = f"np.sum({delta}, axis=0)" if words.rows else f"np.sum({delta}, axis=1, keepdims=True)"
    return str(words.averaged(f"{total} * {words.W(layer)}"))


def one_example(words: Any, layer: int) -> str:
    pick = "{}[:1]" if words.rows else "{}[:, :1]"
    delta, before = pick.format(words.dz(layer)), pick.format(words.a(layer - 1))
    return str(words.averaged(words.outer_of(delta, before)))


def wrong_previous(words: Any, layer: int) -> str:
    others = [k for k in range(words.layers + 1) if k != layer - 1]
    other = words.a(words.pick("other activation", *others))
    needs(words.style != "classes" and not (other == "probs" and not words.square))
    return str(words.averaged(words.outer_of(words.dz(layer), other)))


def axes(words: Any) -> str:
    return "axis=0" if words.rows else "axis=1, keepdims=True"


def mean_again(words: Any, layer: int) -> str:
    needs(words.scale == "m")
    return str(words.averaged(f"np.mean({words.dz(layer)}, {axes(words)})"))


def from_weights(words: Any, layer: int) -> str:
    needs(not words.decay(layer))
    if words.style == "column":
        return str(words.averaged(f"np.sum({words.outer(layer)}, axis=1, keepdims=True)"))
    return f"np.sum({words.target(f'W{layer}')}, {axes(words)})"


def over_units(words: Any, layer: int) -> str:
    needs(words.sizes[layer] > 1)
    total = f"np.sum({words.dz(layer)})"
    whole = words.pick("spread", total, f"{total} * np.ones_like({words.b(layer)})")
    return str(words.averaged(whole))


def dead(words: Any, layer: int) -> list[Swap]:
    if words.pick("dead", True, False) and not words.decay(layer):
        return weights(words, layer, f"np.zeros_like({words.W(layer)})")
    return biases(words, layer, f"np.zeros_like({words.b(layer)})")


def no_transpose(words: Any, layer: int) -> str:
    needs(words.product != "loop" and words.product != "einsum" and not words.square)
    before = words.a(layer - 1)
    if words.style == "classes":
        before = "activations[-2]" if layer == words.layers else "activations[-l - 1]"
        needs(len(set(words.sizes)) == len(words.sizes) and 1 not in words.sizes)
    delta = words.dz(layer)
    return str(words.averaged(words.dot(before, delta) if words.rows else words.dot(delta, before)))


def penalty(make: Callable[[Any, int, str, str], str]) -> Callable[[Any, int], list[Swap]]:
    def change(words: Any, layer: int) -> list[Swap]:
        needs(words.decay(layer))
        data, decay = words.averaged(words.outer(layer)), words.decay(layer)
        return weights(words, layer, make(words, layer, data, decay))

    return change


def other_strength(words: Any, layer: int, data: str, decay: str) -> str:
    return f"{data} + 3 *{decay.removeprefix(' +')}"


def on_bias(words: Any, layer: int) -> list[Swap]:
    needs(words.decay(layer))
    decay = words.decay(layer).replace(words.W(layer), words.b(layer))
    return biases(words, layer, f"{words.jacobian_of_biases(layer)}{decay}")


def in_update(words: Any, _: int) -> list[Swap]:
    needs(words.penalty and not words.pick("loop of updates", True, False))
    swaps = []
    for k in range(1, words.layers + 1):
        data = words.averaged(words.outer(k))
        swaps += weights(words, k, data)
        old = f'W{k} = W{k} - learning_rate * grads["dW{k}"]'
        swaps.append(Swap(old, f"{old} - learning_rate * {words.penalty} * W{k}"))
    return swaps
