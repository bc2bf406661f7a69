"""The mistakes of the catalogue, as changes of the text of a right solution.

A row of `PLANTED` has the slug, the styles in which people make it, and a function that says for
one layer which text stands where, and what is put there instead. A change that finds nothing to
replace is no change: `planted` then says so by `NotHere`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from solutions.words import Words

ALL = ("column", "dictionaries", "classes", "losses", "manual")
COLUMNS = ("column", "dictionaries", "classes")
NAMED = ("dictionaries", "losses", "manual")
ROWS_OR_COLUMNS = ("column", "dictionaries", "losses")
BATCHES = ("column", "dictionaries", "losses", "manual")


class NotHere(Exception):
    """This mistake cannot be made in this solution."""


@dataclass(frozen=True)
class Swap:
    """A piece of text, and what is put in its place.

    Parameters
    ----------
    old, new : str
    within : str or None
        The function in which it is replaced; ``None`` for everywhere.
    """

    old: str
    new: str
    within: str | None = None


@dataclass(frozen=True)
class Row:
    """One mistake.

    Parameters
    ----------
    styles : tuple of str
    make : callable
        Takes words and a layer, returns the swaps; raises `NotHere`.
    also : tuple of str
        Slugs that say the same of it, or that cannot be told from it.
    forced : dict
        Choices of the person without which it cannot be made.
    remark : bool
        Whether it spoils no gradient.
    """

    styles: tuple[str, ...]
    make: Callable[[Any, int], list[Swap]]
    also: tuple[str, ...] = ()
    forced: tuple[tuple[str, Any], ...] = ()
    remark: bool = False


def needs(condition: Any) -> None:
    """Raise `NotHere` unless something holds."""
    if not condition:
        raise NotHere


# a Jacobian alone -----------------------------------------------------------------------------


def _weights(words: Any, layer: int, new: str) -> list[Swap]:
    entry = f"W{layer}"
    target = words.target(entry)
    old = f"{target} = {words.jacobian_of_weights(layer)}"
    return [Swap(old, f"{target} = {new}", words.home(entry))]


def _biases(words: Any, layer: int, new: str) -> list[Swap]:
    entry = f"b{layer}"
    target = words.target(entry)
    old = f"{target} = {words.jacobian_of_biases(layer)}"
    return [Swap(old, f"{target} = {new}", words.home(entry))]


def _data_part(make: Callable[[Any, int], str]) -> Callable[[Any, int], list[Swap]]:
    """Return a change of what stands before the penalty in the Jacobian of weights."""
    return lambda words, k: _weights(words, k, f"{make(words, k)}{words.decay(k)}")


def _bias(make: Callable[[Any, int], str]) -> Callable[[Any, int], list[Swap]]:
    return lambda words, k: _biases(words, k, make(words, k))


def _missing_mean(words: Any, layer: int) -> str:
    needs(words.divide == "end" and words.scale == "m")
    return str(words.outer(layer))


def _double_mean(words: Any, layer: int) -> str:
    needs(words.scale == "m")
    return f"{words.averaged(words.outer(layer))} / {words.m}"


def _wrong_divisor(words: Any, layer: int) -> str:
    needs(words.divide == "end" and words.scale == "m")
    inputs = f"{words.x}.shape[{1 if words.rows else 0}]"
    return f"{words.outer(layer)} / {words.pick('divisor', inputs, f'{words.x}.size')}"


def _swapped(words: Any, layer: int) -> str:
    needs(words.square or not words.decay(layer))
    delta, before = words.dz(layer), words.a(layer - 1)
    if words.style == "classes":
        before = "activations[-2]" if layer == words.layers else "activations[-l - 1]"
    return str(words.averaged(words.outer_of(before, delta)))


def _weight_for_activation(words: Any, layer: int) -> str:
    delta = words.dz(layer)
    total = f"np.sum({delta}, axis=0)" if words.rows else f"np.sum({delta}, axis=1, keepdims=True)"
    return str(words.averaged(f"{total} * {words.W(layer)}"))


def _one_example(words: Any, layer: int) -> str:
    pick = "{}[:1]" if words.rows else "{}[:, :1]"
    delta, before = pick.format(words.dz(layer)), pick.format(words.a(layer - 1))
    return str(words.averaged(words.outer_of(delta, before)))


def _wrong_previous(words: Any, layer: int) -> str:
    others = [k for k in range(words.layers + 1) if k != layer - 1]
    other = words.a(words.pick("other activation", *others))
    needs(words.style != "classes" and not (other == "probs" and not words.square))
    return str(words.averaged(words.outer_of(words.dz(layer), other)))


def _axes(words: Any) -> str:
    return "axis=0" if words.rows else "axis=1, keepdims=True"


def _mean_again(words: Any, layer: int) -> str:
    needs(words.scale == "m")
    return str(words.averaged(f"np.mean({words.dz(layer)}, {_axes(words)})"))


def _from_weights(words: Any, layer: int) -> str:
    needs(not words.decay(layer))
    if words.style == "column":
        return str(words.averaged(f"np.sum({words.outer(layer)}, axis=1, keepdims=True)"))
    return f"np.sum({words.target(f'W{layer}')}, {_axes(words)})"


def _over_units(words: Any, layer: int) -> str:
    needs(words.sizes[layer] > 1)
    total = f"np.sum({words.dz(layer)})"
    whole = words.pick("spread", total, f"{total} * np.ones_like({words.b(layer)})")
    return str(words.averaged(whole))


def _dead(words: Any, layer: int) -> list[Swap]:
    if words.pick("dead", True, False) and not words.decay(layer):
        return _weights(words, layer, f"np.zeros_like({words.W(layer)})")
    return _biases(words, layer, f"np.zeros_like({words.b(layer)})")


def _no_transpose(words: Any, layer: int) -> str:
    needs(words.product != "loop" and words.product != "einsum" and not words.square)
    before = words.a(layer - 1)
    if words.style == "classes":
        before = "activations[-2]" if layer == words.layers else "activations[-l - 1]"
        needs(len(set(words.sizes)) == len(words.sizes) and 1 not in words.sizes)
    delta = words.dz(layer)
    return str(words.averaged(words.dot(before, delta) if words.rows else words.dot(delta, before)))


# through the activation ------------------------------------------------------------------------


def _delta(words: Any, layer: int, new: Callable[[str, str], str]) -> list[Swap]:
    """Replace δ of a layer, given what stands upstream and the slope."""
    needs(words.row(layer) not in ("identity", "softmax"))
    needs(not (layer == words.layers and words.short))
    needs(not (layer < words.layers and getattr(words, "masked", False)))
    old = f"{words.dz(layer)} = {words.through(layer)}"
    changed = f"{words.dz(layer)} = {new(words.upstream(layer), words.slope(layer))}"
    return [Swap(old, changed, _where(words, layer))]


def _where(words: Any, layer: int) -> str | None:
    """Return one function of those that pass a layer, or everywhere."""
    if words.style != "column" or words.pick("everywhere", True, False):
        return None
    below = [f"{kind}{k}" for k in range(1, layer + 1) for kind in "Wb"]
    return str(words.home(words.pick("one function", *below)))


def _missing_derivative(words: Any, layer: int) -> list[Swap]:
    if getattr(words, "masked", False) and layer < words.layers:
        return [Swap(words.mask(layer), "pass" if False else f"{words.dz(layer)} = 1.0 * {words.dz(layer)}")]
    return _delta(words, layer, lambda upstream, _: upstream)


def _output_derivative(words: Any, layer: int) -> list[Swap]:
    needs(layer == words.layers)
    return _missing_derivative(words, layer)


def _hidden_derivative(words: Any, layer: int) -> list[Swap]:
    needs(layer < words.layers)
    return _missing_derivative(words, layer)


def _slope_instead(make: Callable[[Any, int], str]) -> Callable[[Any, int], list[Swap]]:
    return lambda words, k: _delta(words, k, lambda up, _: words.times(up, make(words, k)))


def _at_activation(words: Any, layer: int) -> str:
    needs(words.slopes == "z" and words.row(layer) != "relu")
    return f"{words.derivative(words.row(layer))}({words.a(layer)})"


def _form_at_sum(words: Any, layer: int) -> str:
    needs(words.slopes != "z" and words.row(layer) != "relu")
    return str(_replaced(words.slope(layer), words.a(layer), words.z(layer)))


def _function(words: Any, layer: int) -> str:
    return f"{words.function(words.row(layer))}({words.z(layer)})"


def _other_layer(words: Any, layer: int) -> str:
    needs(words.square and words.row(layer) != "softmax" and words.layers > 2)
    if words.style == "classes":
        needs(layer < words.layers)
        return str(_replaced(words.slope(layer), "z", "zs[-l + 1]"))
    others = [k for k in range(1, words.layers + 1) if k != layer]
    other = words.pick("other layer", *others)
    slope = _replaced(words.slope(layer), words.a(layer), words.a(other))
    return str(_replaced(slope, words.z(layer), words.z(other)))


def _other_function(words: Any, layer: int) -> str:
    a, name = words.a(layer), words.row(layer)
    others = {"sigmoid": f"(1 - {a}**2)", "tanh": f"({a} * (1 - {a}))", "relu": f"(1 - {a}**2)"}
    return others[name]


def _square_only(make: Callable[[str, str], str]) -> Callable[[Any, int], list[Swap]]:
    def change(words: Any, layer: int) -> list[Swap]:
        needs(words.square)
        return _delta(words, layer, make)

    return change


def _matrix_in_derivative(words: Any, layer: int) -> list[Swap]:
    needs(words.square and words.row(layer) == "sigmoid" and words.slopes != "z")
    a = words.a(layer)
    return _delta(words, layer, lambda up, _: words.times(up, f"np.dot({a}, 1 - {a})"))


def _formula(words: Any, layer: int) -> list[Swap]:
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
        first, last = right.split("\n")
        return [Swap(last, f"return {body}", words.derivative(name))]
    if words.pick("lambda", True, False, False):
        right = right.removeprefix("return ")
        return [Swap(f"lambda {form}: {right}", f"lambda {form}: {body}")]
    return [Swap(right, f"return {body}", words.derivative(name))]


# through the weights ---------------------------------------------------------------------------


def _sent(words: Any, layer: int, new: str) -> list[Swap]:
    """Replace what the layer above sends back."""
    needs(layer < words.layers)
    old = words.sent(layer)
    left = words.dz(layer) if words.merged or getattr(words, "masked", False) else words.da(layer)
    if words.merged and not getattr(words, "masked", False):
        upstream = words.times(old, words.slope(layer))
        return [Swap(f"{left} = {upstream}", f"{left} = {words.times(new, words.slope(layer))}",
                     _where(words, layer))]
    return [Swap(f"{left} = {old}", f"{left} = {new}", _where(words, layer))]


def _not_transposed(words: Any, layer: int) -> list[Swap]:
    needs(words.square)
    above = "self.weights[-l + 1]" if words.style == "classes" else words.W(layer + 1)
    delta = words.dz(layer + 1)
    return _sent(words, layer, words.dot(delta, above) if words.rows else words.dot(above, delta))


def _missing_weight(words: Any, layer: int) -> list[Swap]:
    needs(words.square)
    return _sent(words, layer, words.dz(layer + 1))


def _bias_for_weight(words: Any, layer: int) -> list[Swap]:
    above = "self.biases[-l + 1]" if words.style == "classes" else words.b(layer + 1)
    return _sent(words, layer, words.dot(f"{above}.T", words.dz(layer + 1)))


def _raw_error(words: Any, layer: int) -> list[Swap]:
    above = layer + 1
    needs(above <= words.layers and words.row(above) != "identity")
    needs(not (above == words.layers and words.short))
    if getattr(words, "chain", False):
        old = f"{words.dz(above)} = {words.through(above)}"
        return [Swap(old, f"J = {words.upstream(above)}", words.home(f"{kind}{k}"))
                for k in range(1, above) for kind in "Wb"]
    needs(words.style != "classes")
    if words.merged:
        needs(above == words.layers)
        raw = f"({words.error()})"
    else:
        raw = words.da(above)
    needs(raw != words.dz(above))
    return _sent(words, layer, words.through_weights(layer, raw))


def _not_chained(words: Any, layer: int) -> list[Swap]:
    needs(words.square and layer + 2 <= words.layers and words.style != "classes")
    needs(not getattr(words, "chain", False))
    return _sent(words, layer, words.through_weights(layer, words.dz(words.layers)))


# the whole function ----------------------------------------------------------------------------


def _error(words: Any, new: Callable[[str], str]) -> list[Swap]:
    """Replace the error in its statement."""
    needs(not getattr(words, "labels", False) and words.with_cost)
    last = words.layers
    left = words.dz(last) if words.merged or words.short else words.da(last)
    if words.merged and not words.short and words.output != "identity":
        old = words.times(words.error(), words.slope(last))
        return [Swap(f"{left} = {old}",
                     f"{left} = {words.times(new(words.error()), words.slope(last))}")]
    return [Swap(f"{left} = {words.error()}", f"{left} = {new(words.error())}")]


def _sign_everywhere(words: Any, _: int) -> list[Swap]:
    a, y = words.a(words.layers), words.y
    old = words.error()
    needs(words.style != "classes" and old.count(f"{a} - {y}") + old.count(f"{y} - {a}") == 1)
    flipped = old.replace(f"{a} - {y}", "@").replace(f"{y} - {a}", f"{a} - {y}").replace("@", f"{y} - {a}")
    return _error(words, lambda _old: flipped)


def _sign(words: Any, layer: int) -> list[Swap]:
    if words.pick("sign everywhere", True, False):
        return _sign_everywhere(words, layer)
    return _data_part(lambda w, k: f"-{_bracketed(w.averaged(w.outer(k)))}")(words, layer)


def _constant(words: Any, layer: int) -> list[Swap]:
    """Twice, in one Jacobian: in all of them it would be the cost that differs."""
    if words.pick("constant in a bias", True, False):
        return _biases(words, layer, f"2 * {_bracketed(words.jacobian_of_biases(layer))}")
    return _data_part(lambda w, k: f"0.5 * {_bracketed(w.averaged(w.outer(k)))}")(words, layer)


def _mismatch(words: Any, _: int) -> list[Swap]:
    needs(words.with_cost and words.style != "manual")
    cost = words.cost_value(words.a(words.layers))
    needs(words.style in ("column", "dictionaries"))
    return [Swap(cost, f"3 * {_bracketed(cost)}" if words.scale == "sum" else f"{cost} / 2",
                 words.name_of_cost())]


def _shortcut(words: Any, _: int) -> list[Swap]:
    needs(words.cost == "squared" and words.output in ("sigmoid",) and words.with_cost)
    a, y, last = words.a(words.layers), words.y, words.layers
    old = "\n    ".join(words.error_lines())
    wanted = f"{a} - {y}"
    new = words.mean(wanted) if words.divide == "start" else wanted
    return [Swap(old, f"{words.dz(last)} = {new}")]


def _count(words: Any, _: int) -> list[Swap]:
    needs(words.style == "dictionaries" and words.scale == "m" and words.with_cost)
    return [Swap("m = X.shape[1]", f"m = {words.pick('count', 'X_train.shape[1]', '1000')}",
                 words.backward),
            Swap("# %%\nnp.random.seed(1)",
                 "# %%\nX_train = np.random.randn(3, 50)\nnp.random.seed(1)")]


def _normalisation(words: Any, _: int) -> list[Swap]:
    needs(words.scale == "m" and words.with_cost and words.m == "m" and words.sizes[0] > 1)
    return [Swap(f"m = {words._count()}", "m = x.size")]


def _softmax_axis(words: Any, _: int) -> list[Swap]:
    needs(words.cost == "softmax" and words.with_cost)
    right, wrong = (1, 0) if words.rows else (0, 1)
    name = words.function("softmax")
    if words.style == "losses" and not words.pick("softmax function", True, False):
        return [Swap("np.sum(exp_scores, axis=1, keepdims=True)",
                     "np.sum(exp_scores, axis=0, keepdims=True)")]
    if words.style == "manual" and words.steps:
        return [Swap("counts.sum(axis=1, keepdims=True)", "counts.sum(axis=0, keepdims=True)")]
    return [Swap(f"np.sum(e, axis={right}, keepdims=True)", f"np.sum(e, axis={wrong}, keepdims=True)",
                 name)]


def _softmax_alone(words: Any, _: int) -> list[Swap]:
    needs(words.cost == "softmax" and not getattr(words, "labels", False) and words.with_cost)
    if getattr(words, "steps", False):
        return [Swap("dlogits = dcounts * counts", "dlogits = dprobs * probs * (1 - probs)")]
    a, y = words.a(words.layers), words.y
    def unit_by_unit(old: str) -> str:
        new = f"-{y} / {a} * {a} * (1 - {a})"
        return words.mean(f"({new})") if words.divide == "start" else new
    return _error(words, unit_by_unit)


def _forward(words: Any, layer: int) -> list[Swap]:
    needs(layer < words.layers and words.style in ("column", "dictionaries", "losses"))
    needs(words.with_cost)
    old = f"{words.a(layer)} = {words.activate(layer, words.z(layer))}"
    other = {"sigmoid": "np.tanh({})", "tanh": "1 / (1 + np.exp(-{}))", "relu": "np.tanh({})"}
    new = other[words.hidden].format(words.z(layer))
    return [Swap(old, f"{words.a(layer)} = {new}")]


def _cache(words: Any, layer: int) -> list[Swap]:
    needs(layer < words.layers)
    z, a = words.z(layer), words.a(layer)
    if words.style == "column":
        return [Swap(f"return {words._unpacked()}",
                     f"return {words._unpacked()}".replace(f"{z}, {a}", f"{a}, {z}"))]
    if words.tuples:
        return [Swap(f"cache = ({z}, {a}", f"cache = ({a}, {z}") if layer == 1 else
                Swap(f"b{layer - 1}, {z}, {a}", f"b{layer - 1}, {a}, {z}", words.forward)]
    return [Swap(f'"{a}": {a}', f'"{a}": {z}')]


def _too_early(words: Any, layer: int) -> list[Swap]:
    needs(layer > 1)
    target = words.target(f"b{layer}")
    old = f"{target} = {words.jacobian_of_biases(layer)}"
    W = words.W(layer)
    return [Swap(old, f"{old}\nINDENT{W} = {W} - 0.1 * {words.target(f'W{layer}')}")]


def _in_place(words: Any, _: int) -> list[Swap]:
    a, y, delta = words.a(words.layers), words.y, words.dz(words.layers)
    needs(words.short and words.error() == f"{a} - {y}")
    return [Swap(f"{delta} = {a} - {y}", f"{delta} = {a}\nINDENT{delta} -= {y}")]


def _stale(words: Any, _: int) -> list[Swap]:
    needs("parameters" in words.order)
    sizes = ", ".join(map(str, words.sizes))
    call = f"[{sizes}]" if words.pick("list of sizes", True, False) else sizes
    head = f"def {words.backward}({words.order}):"
    return [Swap(f"{head}\n    m = X.shape[1]",
                 f"{head}\n    m = X.shape[1]\n    parameters = start"
                 f"\n    _, cache = {words.forward}(X, start)"),
            Swap("# %%\nnp.random.seed(1)",
                 f"# %%\nstart = initialize_parameters({call})\nnp.random.seed(1)")]


def _skipped(words: Any, _: int) -> list[Swap]:
    needs(words.product == "loop")
    axis = 0 if words.rows else 1
    return [Swap(f"range(left.shape[{axis}])", words.pick(
        "off by one", f"range(1, left.shape[{axis}])", f"range(left.shape[{axis}] - 1)"))]


def _lost(words: Any, _: int) -> list[Swap]:
    needs(words.steps)
    return [Swap("dcounts = dcounts + dcounts_sum\n", "")]


def _not_expanded(words: Any, _: int) -> list[Swap]:
    needs(words.steps)
    full = "(-counts / counts_sum**2 * dprobs)"
    return [Swap(f"{full}.sum(axis=1, keepdims=True)", full)]


def _picked(words: Any, _: int) -> list[Swap]:
    needs(words.labels)
    where = f"[np.arange({words.m}), y]"
    return [Swap(f"dscores = probs.copy()\n    {' ' * 4 * words.method}dscores{where} -= 1",
                 f"dscores = np.zeros_like(probs)\nINDENTdscores{where} = probs{where} - 1")]


def _scattered(words: Any, _: int) -> list[Swap]:
    needs(words.labels)
    return [Swap(f"dscores[np.arange({words.m}), y] -= 1", "dscores[:, y] -= 1")]


# the penalty -----------------------------------------------------------------------------------


def _penalty(make: Callable[[Any, int, str, str], str]) -> Callable[[Any, int], list[Swap]]:
    def change(words: Any, layer: int) -> list[Swap]:
        needs(words.decay(layer))
        data, decay = words.averaged(words.outer(layer)), words.decay(layer)
        return _weights(words, layer, make(words, layer, data, decay))

    return change


def _other_strength(words: Any, layer: int, data: str, decay: str) -> str:
    return f"{data} + 3 *{decay.removeprefix(' +')}"


def _on_bias(words: Any, layer: int) -> list[Swap]:
    needs(words.decay(layer))
    decay = words.decay(layer).replace(words.W(layer), words.b(layer))
    return _biases(words, layer, f"{words.jacobian_of_biases(layer)}{decay}")


def _in_update(words: Any, _: int) -> list[Swap]:
    needs(words.penalty and not words.pick("loop of updates", True, False))
    swaps = []
    for k in range(1, words.layers + 1):
        data = words.averaged(words.outer(k))
        swaps += _weights(words, k, data)
        old = f'W{k} = W{k} - learning_rate * grads["dW{k}"]'
        swaps.append(Swap(old, f"{old} - learning_rate * {words.penalty} * W{k}"))
    return swaps


# what does not run -----------------------------------------------------------------------------


def _last_line(words: Any) -> tuple[str, str | None]:
    if words.style == "column":
        entry = f"W{words.pick('which', *range(1, words.layers + 1))}"
        return f"return {words.target(entry)}", words.home(entry)
    return {"dictionaries": "return grads", "losses": "return loss, grads",
            "classes": "return (nabla_b, nabla_w)"}[words.style], None


def _returns(make: Callable[[str], str]) -> Callable[[Any, int], list[Swap]]:
    def change(words: Any, _: int) -> list[Swap]:
        old, within = _last_line(words)
        return [Swap(old, make(old.removeprefix("return ")), within)]

    return change


def _undefined(words: Any, layer: int) -> list[Swap]:
    entry = f"W{layer}"
    target = words.target(entry)
    old = words.jacobian_of_weights(layer)
    return [Swap(f"{target} = {old}", f"{target} = {old} * learning_rte", words.home(entry))]


def _definition_missing(words: Any, layer: int) -> list[Swap]:
    needs(words.slopes != "inline" and words.row(layer) in ("sigmoid", "tanh", "relu"))
    name = words.derivative(words.row(layer))
    if words.pick("lambda", True, False, False) and "\n" not in words.derivative_of(words.row(layer)):
        return [Swap(f"{name} = lambda", f"unused_{name} = lambda")]
    return [Swap(f"def {name}(", f"def unused_{name}(")]


def _own_assert(words: Any, layer: int) -> list[Swap]:
    entry = f"W{layer}"
    target = words.target(entry)
    old = f"{target} = {words.jacobian_of_weights(layer)}"
    return [Swap(old, f"{old}\nINDENTassert {target}.shape == (1, 1)", words.home(entry))]


def _misplaced(words: Any, layer: int) -> list[Swap]:
    """Move the derivative into the function above it, behind its return."""
    needs(words.slopes != "inline" and words.row(layer) in ("sigmoid", "tanh", "relu"))
    needs(not words.pick("lambda", True, False, False))
    name = words.row(layer)
    body = words.derivative_of(name).split("\n")
    argument = words.slopes
    head = f"def {words.derivative(name)}({argument}):"
    old = "\n".join([head, *(f"    {line}" for line in body)])
    return [Swap(f"\n\n{old}", "\n" + "\n".join(f"    {line}" for line in old.split("\n")))]


def _single(words: Any, layer: int) -> list[Swap]:
    entry = f"W{layer}"
    target = words.target(entry)
    old = f"{target} = {words.jacobian_of_weights(layer)}"
    return [Swap(old, f"{old}\nINDENT{target} = {target}.astype(np.float32)", words.home(entry))]


# helpers ---------------------------------------------------------------------------------------


def _bracketed(text: str) -> str:
    return f"({text})"


def _replaced(text: str, old: str, new: str) -> str:
    return re.sub(rf"(?<![\w.]){re.escape(old)}(?!\w)", new.replace("\\", r"\\"), text)


SQUARE = (("square", True),)
DEEP = (("square", True), ("layers", 3))
PENALISED = (("penalty", 0.7), ("with_cost", True))

PLANTED: dict[str, Row] = {
    "missing_mean": Row(ROWS_OR_COLUMNS, _data_part(_missing_mean)),
    "double_mean": Row(BATCHES, _data_part(_double_mean)),
    "wrong_divisor": Row(ROWS_OR_COLUMNS, _data_part(_wrong_divisor)),
    "constant_factor": Row(ALL, _constant),
    "sign": Row(ALL, _sign),
    "transposed": Row(("column", "dictionaries", "classes", "manual"), _data_part(_swapped)),
    "missing_output_derivative": Row(
        ("column", "dictionaries", "classes"), _output_derivative, ("shortcut_for_other_cost",)
    ),
    "missing_hidden_derivative": Row(ALL, _hidden_derivative),
    "derivative_at_activation": Row(("column", "dictionaries", "classes"), _slope_instead(_at_activation)),
    "activation_form_at_sum": Row(BATCHES, _slope_instead(_form_at_sum)),
    "function_for_derivative": Row(ALL, _slope_instead(_function)),
    "derivative_wrong_layer": Row(ALL, _slope_instead(_other_layer), forced=DEEP),
    "derivative_of_other_function": Row(ALL, _slope_instead(_other_function)),
    "derivative_formula": Row(("column", "dictionaries", "classes"), _formula),
    "derivative_reciprocal": Row(ALL, lambda w, k: _delta(w, k, lambda up, slope: f"{up} / ({slope})")),
    "derivative_twice": Row(
        ALL, lambda w, k: _delta(w, k, lambda up, slope: w.times(w.times(up, slope), slope))
    ),
    "matrix_for_elementwise": Row(
        ("column", "dictionaries"), _square_only(lambda up, slope: f"np.dot({up}, {slope})"), forced=SQUARE
    ),
    "matrix_in_derivative": Row(("column", "dictionaries"), _matrix_in_derivative, forced=SQUARE),
    "wrong_previous_activation": Row(
        BATCHES, _data_part(_wrong_previous), ("cache_mislabelled",), SQUARE
    ),
    "cache_mislabelled": Row(
        ("column", "dictionaries"), _cache, ("wrong_previous_activation",)
    ),
    "weight_for_activation": Row(BATCHES, _data_part(_weight_for_activation)),
    "one_example_only": Row(BATCHES, _data_part(_one_example)),
    "bias_for_weight": Row(("column", "dictionaries", "classes"), _bias_for_weight),
    "missing_weight": Row(ALL, _missing_weight, forced=SQUARE),
    "weight_not_transposed": Row(ALL, _not_transposed, forced=SQUARE),
    "raw_error_propagated": Row(("column", "dictionaries", "losses"), _raw_error),
    "delta_not_chained": Row(("column", "dictionaries", "losses", "manual"), _not_chained, forced=DEEP),
    "bias_not_summed": Row(BATCHES, _bias(lambda w, k: w.averaged(w.dz(k)))),
    "bias_mean_again": Row(BATCHES, _bias(_mean_again)),
    "bias_summed_over_units": Row(BATCHES, _bias(_over_units)),
    "bias_from_weight_gradient": Row(("column", "dictionaries"), _bias(_from_weights)),
    "kept_dimension": Row(
        ("column", "dictionaries"), _bias(lambda w, k: w.averaged(f"np.sum({w.dz(k)}, axis=1)"))
    ),
    "dead_parameter": Row(ALL, _dead),
    "row_skipped": Row(("column", "dictionaries", "losses"), _skipped),
    "penalty_missing": Row(
        ("column", "dictionaries", "losses"), _penalty(lambda w, k, data, decay: data),
        ("lost_path",), PENALISED,
    ),
    "penalty_factor": Row(
        ("column", "dictionaries", "losses"), _penalty(_other_strength), (), PENALISED
    ),
    "penalty_sign": Row(
        ("column", "dictionaries", "losses"),
        _penalty(lambda w, k, data, decay: f"{data} -{decay.removeprefix(' +')}"), (), PENALISED,
    ),
    "penalty_on_bias": Row(("column", "dictionaries", "losses"), _on_bias, (), PENALISED),
    "penalty_in_update": Row(("dictionaries",), _in_update, ("penalty_missing",), PENALISED),
    "softmax_axis": Row(("dictionaries", "losses"), _softmax_axis, ("forward_wrong",)),
    "softmax_elementwise": Row(("dictionaries", "losses", "manual"), _softmax_alone),
    "shortcut_for_other_cost": Row(
        ("column", "dictionaries"), _shortcut, ("missing_output_derivative",),
        (("cost", "squared"), ("output", "sigmoid"), ("with_cost", True)),
    ),
    "cost_gradient_mismatch": Row(("column", "dictionaries"), _mismatch, ("constant_factor",)),
    "global_count": Row(("dictionaries",), _count, ("cost_gradient_mismatch",)),
    "cost_normalisation": Row(("column",), _normalisation, remark=True),
    "forward_wrong": Row(
        ("column", "dictionaries", "losses"), _forward,
        ("derivative_of_other_function", "derivative_formula"),
    ),
    "updated_too_early": Row(("dictionaries", "losses"), _too_early),
    "in_place": Row(("dictionaries",), _in_place),
    "stale_parameters": Row(("dictionaries",), _stale),
    "lost_path": Row(("manual",), _lost, forced=(("steps", True),)),
    "not_expanded": Row(("manual",), _not_expanded, forced=(("steps", True),)),
    "picked_entries": Row(("losses",), _picked),
    "index_scatter": Row(("losses",), _scattered),
    "returns_none": Row(("column", "dictionaries", "classes", "losses"), _returns(lambda what: what)),
    "wrong_type": Row(("column", "dictionaries"), _returns(lambda what: f'return "{what}"')),
    "not_defined": Row(ALL, _undefined, ("missing_definition",)),
    "missing_definition": Row(("column", "dictionaries", "classes"), _definition_missing, ("not_defined",)),
    "misplaced_definition": Row(("column", "dictionaries", "classes"), _misplaced),
    "own_assert_fails": Row(("column", "dictionaries", "classes", "losses"), _own_assert),
    "raises": Row(("column", "dictionaries", "losses"), _data_part(_no_transpose)),
    "precision": Row(("column", "dictionaries", "losses"), _single, remark=True),
}
"""The rows, by slug."""

ELSEWHERE = {
    "checker_wrong": "it is in a check of the person's own, which no template writes",
    "one_dimensional_input": "it is in the data that the person gives, and the judge gives its own",
    "aggression": "a remark on the seed notebook's update, tested with it",
    "unused_argument": "a remark, tested with the seed notebook",
}
"""Slugs of the catalogue that are not planted here, and why."""


def planted(words: Words, source: str, slug: str, layer: int) -> str:
    """Return a source with a mistake in it.

    Raises
    ------
    NotHere
        If the text that it changes does not stand there.
    """
    row = PLANTED[slug]
    needs(words.style in row.styles)
    for swap in row.make(words, layer):
        source = _swapped_in(source, swap)
    return source


def _swapped_in(source: str, swap: Swap) -> str:
    start, end = _block(source, swap.within)
    block = source[start:end]
    first = r"(?<!\w)" if re.match(r"\w", swap.old) else ""
    last = r"(?!\w)" if re.search(r"\w\Z", swap.old) else ""
    if "\n" in swap.old:
        parts = [re.escape(part) for part in re.split(r"\n {4,}", swap.old)]
        pattern = first + r"\n *".join(parts) + last
    else:
        pattern = first + re.escape(swap.old) + last

    def put(match: re.Match[str]) -> str:
        line = block[: match.start()].rpartition("\n")[2]
        indent = line[: len(line) - len(line.lstrip())] if line.strip() else line
        return swap.new.replace("INDENT", indent)

    found, count = re.subn(pattern, put, block)
    needs(count and found != block)
    return source[:start] + found + source[end:]


def _block(source: str, name: str | None) -> tuple[int, int]:
    """Return where a function begins and ends."""
    if name is None:
        return 0, len(source)
    match = re.search(rf"^( *)(def {re.escape(name)}\(|{re.escape(name)} = lambda)", source, re.M)
    needs(match)
    assert match is not None
    body = source.find("\n", match.end()) + 1
    after = re.compile(rf"^ {{0,{len(match[1])}}}[^\s#)]", re.M).search(source, body)
    return match.start(), after.start() if after else len(source)
