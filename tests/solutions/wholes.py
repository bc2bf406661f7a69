"""Mistakes of a whole function: error, cost, forward pass, cache, and what does not run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from solutions.entries import biases, data_part
from solutions.swaps import Swap, bracketed, needs


def error(words: Any, new: Callable[[str], str]) -> list[Swap]:
    """Replace the error in its statement."""
    needs(not getattr(words, "labels", False) and words.with_cost)
    last = words.layers
    left = words.dz(last) if words.merged or words.short else words.da(last)
    if words.merged and not words.short and words.output != "identity":
        old = words.times(words.error(), words.slope(last))
        return [
            Swap(
                f"{left} = {old}", f"{left} = {words.times(new(words.error()), words.slope(last))}"
            )
        ]
    return [Swap(f"{left} = {words.error()}", f"{left} = {new(words.error())}")]


def sign_everywhere(words: Any, _: int) -> list[Swap]:
    a, y = words.a(words.layers), words.y
    old = words.error()
    needs(words.style != "classes" and old.count(f"{a} - {y}") + old.count(f"{y} - {a}") == 1)
    flipped = (
        old.replace(f"{a} - {y}", "@")
        .replace(f"{y} - {a}", f"{a} - {y}")
        .replace("@", f"{y} - {a}")
    )
    return error(words, lambda _old: flipped)


def sign(words: Any, layer: int) -> list[Swap]:
    if words.pick("sign everywhere", True, False):
        return sign_everywhere(words, layer)
    return data_part(lambda w, k: f"-{bracketed(w.averaged(w.outer(k)))}")(words, layer)


def constant(words: Any, layer: int) -> list[Swap]:
    """Twice, in one Jacobian: in all of them it would be the cost that differs."""
    if words.pick("constant in a bias", True, False):
        return biases(words, layer, f"2 * {bracketed(words.jacobian_of_biases(layer))}")
    return data_part(lambda w, k: f"0.5 * {bracketed(w.averaged(w.outer(k)))}")(words, layer)


def mismatch(words: Any, _: int) -> list[Swap]:
    needs(words.with_cost and not words.penalty)
    cost = words.cost_value(words.a(words.layers))
    needs(words.style in ("column", "dictionaries"))
    return [
        Swap(
            cost,
            f"2 * {bracketed(cost)}" if words.scale == "sum" else f"{cost} / 2",
            words.name_of_cost(),
        )
    ]


def shortcut(words: Any, _: int) -> list[Swap]:
    needs(words.cost == "squared" and words.output in ("sigmoid",) and words.with_cost)
    a, y, last = words.a(words.layers), words.y, words.layers
    old = "\n    ".join(words.error_lines())
    wanted = f"{a} - {y}"
    new = words.mean(wanted) if words.divide == "start" else wanted
    return [Swap(old, f"{words.dz(last)} = {new}")]


def count(words: Any, _: int) -> list[Swap]:
    needs(words.style == "dictionaries" and words.scale == "m" and words.with_cost)
    return [
        Swap(
            "m = X.shape[1]",
            f"m = {words.pick('count', 'X_train.shape[1]', '1000')}",
            words.backward,
        ),
        Swap(
            "# %%\nnp.random.seed(1)", "# %%\nX_train = np.random.randn(3, 50)\nnp.random.seed(1)"
        ),
    ]


def normalisation(words: Any, _: int) -> list[Swap]:
    needs(words.scale == "m" and words.with_cost and words.m == "m" and words.sizes[0] > 1)
    return [Swap(f"m = {words._count()}", "m = x.size")]


def softmax_axis(words: Any, _: int) -> list[Swap]:
    needs(words.cost == "softmax" and words.with_cost)
    right, wrong = (1, 0) if words.rows else (0, 1)
    name = words.function("softmax")
    if words.style == "losses" and not words.pick("softmax function", True, False):
        return [
            Swap(
                "np.sum(exp_scores, axis=1, keepdims=True)",
                "np.sum(exp_scores, axis=0, keepdims=True)",
            )
        ]
    if words.style == "manual" and words.steps:
        return [Swap("counts.sum(axis=1, keepdims=True)", "counts.sum(axis=0, keepdims=True)")]
    return [
        Swap(
            f"np.sum(e, axis={right}, keepdims=True)",
            f"np.sum(e, axis={wrong}, keepdims=True)",
            name,
        )
    ]


def softmax_alone(words: Any, _: int) -> list[Swap]:
    needs(words.cost == "softmax" and not getattr(words, "labels", False) and words.with_cost)
    if getattr(words, "steps", False):
        return [Swap("dlogits = dcounts * counts", "dlogits = dprobs * probs * (1 - probs)")]
    a, y = words.a(words.layers), words.y

    def unit_by_unit(old: str) -> str:
        new = f"-{y} / {a} * {a} * (1 - {a})"
        return words.mean(f"({new})") if words.divide == "start" else new

    return error(words, unit_by_unit)


def forward(words: Any, layer: int) -> list[Swap]:
    needs(layer < words.layers and words.style in ("column", "dictionaries", "losses"))
    needs(words.with_cost)
    old = f"{words.a(layer)} = {words.activate(layer, words.z(layer))}"
    other = {"sigmoid": "np.tanh({})", "tanh": "1 / (1 + np.exp(-{}))", "relu": "np.tanh({})"}
    new = other[words.hidden].format(words.z(layer))
    return [Swap(old, f"{words.a(layer)} = {new}")]


def cache(words: Any, layer: int) -> list[Swap]:
    needs(layer < words.layers)
    z, a = words.z(layer), words.a(layer)
    if words.style == "column":
        return [
            Swap(
                f"return {words._unpacked()}",
                f"return {words._unpacked()}".replace(f"{z}, {a}", f"{a}, {z}"),
            )
        ]
    if words.tuples:
        return [
            Swap(f"cache = ({z}, {a}", f"cache = ({a}, {z}")
            if layer == 1
            else Swap(f"b{layer - 1}, {z}, {a}", f"b{layer - 1}, {a}, {z}", words.forward)
        ]
    return [Swap(f'"{a}": {a}', f'"{a}": {z}')]


def too_early(words: Any, layer: int) -> list[Swap]:
    needs(layer > 1)
    target = words.target(f"b{layer}")
    old = f"{target} = {words.jacobian_of_biases(layer)}"
    W = words.W(layer)
    return [Swap(old, f"{old}\nINDENT{W} = {W} - 0.1 * {words.target(f'W{layer}')}")]


def in_place(words: Any, _: int) -> list[Swap]:
    a, y, delta = words.a(words.layers), words.y, words.dz(words.layers)
    needs(words.short and words.error() == f"{a} - {y}")
    return [Swap(f"{delta} = {a} - {y}", f"{delta} = {a}\nINDENT{delta} -= {y}")]


def stale(words: Any, _: int) -> list[Swap]:
    needs("parameters" in words.order)
    sizes = ", ".join(map(str, words.sizes))
    call = f"[{sizes}]" if words.pick("list of sizes", True, False) else sizes
    return [
        Swap(
            "m = X.shape[1]",
            f"m = X.shape[1]\nINDENTparameters = start\nINDENT_, cache = {words.forward}(X, start)",
            words.backward,
        ),
        Swap(
            "# %%\nnp.random.seed(1)",
            f"# %%\nstart = initialize_parameters({call})\nnp.random.seed(1)",
        ),
    ]


def skipped(words: Any, _: int) -> list[Swap]:
    needs(words.product == "loop")
    axis = 0 if words.rows else 1
    return [
        Swap(
            f"range(left.shape[{axis}])",
            words.pick(
                "off by one", f"range(1, left.shape[{axis}])", f"range(left.shape[{axis}] - 1)"
            ),
        )
    ]


def lost(words: Any, _: int) -> list[Swap]:
    needs(words.steps)
    return [Swap("dcounts = dcounts + dcounts_sum\n", "")]


def not_expanded(words: Any, _: int) -> list[Swap]:
    needs(words.steps)
    full = "(-counts / counts_sum**2 * dprobs)"
    return [Swap(f"{full}.sum(axis=1, keepdims=True)", full)]


def picked(words: Any, _: int) -> list[Swap]:
    needs(words.labels)
    where = f"[np.arange({words.m}), y]"
    return [
        Swap(
            f"dscores = probs.copy()\n    {' ' * 4 * words.method}dscores{where} -= 1",
            f"dscores = np.zeros_like(probs)\nINDENTdscores{where} = probs{where} - 1",
        )
    ]


def scattered(words: Any, _: int) -> list[Swap]:
    needs(words.labels)
    return [Swap(f"dscores[np.arange({words.m}), y] -= 1", "dscores[:, y] -= 1")]


def last_line(words: Any) -> tuple[str, str | None]:
    if words.style == "column":
        entry = f"W{words.pick('which', *range(1, words.layers + 1))}"
        return f"return {words.target(entry)}", words.home(entry)
    return {
        "dictionaries": "return grads",
        "losses": "return loss, grads",
        "classes": "return (nabla_b, nabla_w)",
    }[words.style], None


def returns(make: Callable[[str], str]) -> Callable[[Any, int], list[Swap]]:
    def change(words: Any, _: int) -> list[Swap]:
        old, within = last_line(words)
        return [Swap(old, make(old.removeprefix("return ")), within)]

    return change


def undefined(words: Any, layer: int) -> list[Swap]:
    entry = f"W{layer}"
    target = words.target(entry)
    old = words.jacobian_of_weights(layer)
    return [Swap(f"{target} = {old}", f"{target} = {old} * learning_rte", words.home(entry))]


def definition_missing(words: Any, layer: int) -> list[Swap]:
    needs(words.slopes != "inline" and words.row(layer) in ("sigmoid", "tanh", "relu"))
    name = words.derivative(words.row(layer))
    if words.pick("lambda", True, False, False) and "\n" not in words.derivative_of(
        words.row(layer)
    ):
        return [Swap(f"{name} = lambda", f"unused_{name} = lambda")]
    return [Swap(f"def {name}(", f"def unused_{name}(")]


def own_assert(words: Any, layer: int) -> list[Swap]:
    entry = f"W{layer}"
    target = words.target(entry)
    old = f"{target} = {words.jacobian_of_weights(layer)}"
    return [Swap(old, f"{old}\nINDENTassert {target}.shape == (1, 1)", words.home(entry))]


def misplaced(words: Any, layer: int) -> list[Swap]:
    """Move the derivative into the function above it, behind its return."""
    needs(words.slopes != "inline" and words.row(layer) in ("sigmoid", "tanh", "relu"))
    needs(not words.pick("lambda", True, False, False))
    name = words.row(layer)
    body = words.derivative_of(name).split("\n")
    argument = words.slopes
    head = f"def {words.derivative(name)}({argument}):"
    old = "\n".join([head, *(f"    {line}" for line in body)])
    return [Swap(f"\n\n{old}", "\n" + "\n".join(f"    {line}" for line in old.split("\n")))]


def single(words: Any, layer: int) -> list[Swap]:
    entry = f"W{layer}"
    target = words.target(entry)
    old = f"{target} = {words.jacobian_of_weights(layer)}"
    return [Swap(old, f"{old}\nINDENT{target} = {target}.astype(np.float32)", words.home(entry))]
