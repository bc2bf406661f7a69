"""The parts of a solution in functions: which is forward, cost, backward and update, by the source.

A backward pass is a function that returns gradients by names such as ``dW1``, and that no other
such function calls: helpers for one layer are not it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from chainrule.solutions import roles, slopes
from chainrule.solutions.space import Space
from chainrule.solutions.styles import binding

PENALTIES = (
    "lambd",
    "lambda_",
    "lam",
    "Lambda",
    "reg",
    "reg_lambda",
    "l2",
    "lmbda",
    "weight_decay",
)
GRADIENT = re.compile(
    r"^(?:(?:d|D|grad|gradient|delta|nabla|dL|dJ|dC|dE|g)_?)+(?:d|D)?_?"
    r"(W|w|b|B|theta|Theta|weights?|bias(?:es)?)_?(\d+)$"
)
PARAMETER = re.compile(r"^(W|w|b|B|theta|Theta|weights?|bias(?:es)?)_?(\d+)$")
STEM = re.compile(r"^(?:d|grad_?)?_?(W|w|b|B|weights?|bias)_?$")
BACKWARD = re.compile(r"back|grad|deriv|bprop|train_step|step", re.IGNORECASE)
UPDATE = re.compile(r"update|descent|apply_grad|optimi[sz]e|sgd", re.IGNORECASE)
LAYER_HELPER = re.compile(
    r"linear|single|layer_|sigmoid|relu|tanh|softmax|check|vector", re.IGNORECASE
)
USES = re.compile(r"predict|accura|evaluat|test|check|plot|train|fit$|^nn_model", re.IGNORECASE)
"""What calls a forward pass, and is none, or one that rounds."""
GENERIC = 3
"""Layers to try where the code takes any number of them."""


@dataclass(frozen=True)
class Parts:
    """What was found.

    Parameters
    ----------
    names : mapping of str to str
        Functions by role: ``"forward"``, ``"cost"``, ``"backward"``, ``"update"``; empty if none.
    layers : int
    entries : tuple of str
    gradient_names, keys, arguments : mapping of str to str
        How they call the gradient of an entry, its parameter in a dictionary, and as an argument.
    biases : bool
    updates : bool
        Whether the backward pass returns updated parameters.
    penalty : bool
        Whether cost and backward pass both take the strength of a penalty.
    """

    names: Mapping[str, str]
    layers: int
    entries: tuple[str, ...]
    gradient_names: Mapping[str, str]
    keys: Mapping[str, str]
    arguments: Mapping[str, str]
    biases: bool
    updates: bool
    penalty: bool


def entry_of(name: str, *, gradient: bool = True) -> str | None:
    """Return our entry for a name: ``"W1"`` of ``"dW1"``; of a parameter, that itself."""
    match = (GRADIENT if gradient else PARAMETER).match(name)
    if match is None:
        return None
    return f"{'b' if match[1][0] in 'bB' else 'W'}{int(match[2])}"


def found(space: Space, known: str = "") -> Parts | None:
    """Return the parts of a solution; ``None`` if there is no backward pass.

    Parameters
    ----------
    space : Space
    known : str, optional
        The backward pass, where it is known.
    """
    chosen = (known, False) if known else _backward(space)
    if chosen is None:
        return None
    backward, updates = chosen
    functions = space.definitions.found
    words = _words(space)
    layers = _layers(space, backward)
    biases = any(PARAMETER.match(w) and w[0] in "bB" for w in words) or any(
        (m := STEM.match(w)) and m[1][0] in "bB" for w in words
    )
    kinds = "Wb" if biases else "W"
    entries = tuple(f"{kind}{layer}" for layer in range(1, layers + 1) for kind in kinds)
    whole = tuple(f"{kind}{layer}" for layer in range(1, layers + 1) for kind in "Wb")
    taken = {backward}
    forward = _outermost(space, roles.FORWARD, r"forward|feed|fwd", backward)
    takes_penalty = _takes(space, backward)
    cost = _cost(space, takes_penalty, {*taken, forward or ""})
    update = next(
        (
            name
            for name, each in functions.items()
            if UPDATE.search(name)
            and name not in taken
            and len(each.arguments) >= 2
            and not _loops_over(each.node, forward or "")
        ),
        "",
    )
    spelled = roles.parameter_names(space, layers)
    slope = roles.first(functions, roles.SLOPE, taken)
    activation = slopes.matching(slope, functions) or roles.first(functions, roles.ACTIVATION)
    names = {
        "forward": forward or "",
        "cost": cost or "",
        "backward": backward,
        "update": update,
        "derivative": slope or "",
        "activation": activation or "",
    }
    return Parts(
        names,
        layers,
        entries,
        {entry: _spelled(words, entry, gradient=True) for entry in whole},
        {entry: _spelled(words, entry, gradient=False) for entry in whole},
        spelled,
        biases,
        updates,
        bool(cost) and takes_penalty and _takes(space, cost or ""),
    )


def _backward(space: Space) -> tuple[str, bool] | None:
    """Return the backward pass, and whether it returns updated parameters."""
    candidates = []
    for name, definition in space.definitions.found.items():
        if not isinstance(definition.node, ast.FunctionDef) or name not in space:
            continue
        returned = set(binding.returned(space, name))
        strings = set(_strings(definition.node))
        held = {*returned, *strings, *_keys(definition.node)}
        gradients = any(GRADIENT.match(word) for word in held) or bool(
            {"dW", "dw"} & strings and not {"dW", "dw"} & returned
        )
        keyed = "back" in name.lower() or "grad" in name.lower()
        if not gradients and keyed and not set(definition.arguments) & set(binding.RATES):
            gradients = len(_put(definition.node, definition.arguments)) > 1
        if gradients and (BACKWARD.search(name) or any(GRADIENT.match(word) for word in returned)):
            candidates.append((name, False))
        elif any(map(PARAMETER.match, returned)) and BACKWARD.search(name):
            candidates += [(name, True)] if set(definition.arguments) & set(binding.RATES) else []
    called = {
        node.func.id
        for name, _ in candidates
        for node in ast.walk(space.definitions.found[name].node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    candidates = [
        (name, updates)
        for name, updates in candidates
        if not LAYER_HELPER.search(name) and not UPDATE.search(name)
    ] or candidates
    outer = [each for each in candidates if each[0] not in called] or candidates
    outer.sort(key=lambda each: (each[1], "back" not in each[0].lower(), "reg" in each[0].lower()))
    return outer[0] if outer else None


def _put(node: ast.AST, arguments: Collection[str]) -> set[str]:
    """Return keys such as ``"W1"`` under which a function puts into what it was not given."""
    found: list[ast.expr | None] = []
    for each in ast.walk(node):
        if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store):
            base = each.value
            found += [each.slice] if getattr(base, "id", "") not in arguments else []
        elif isinstance(each, ast.Return) and isinstance(each.value, ast.Dict):
            found += each.value.keys
    keys = {str(each.value) for each in found if isinstance(each, ast.Constant)}
    return {each for each in keys if PARAMETER.match(each)}


def _keys(node: ast.AST) -> Iterator[str]:
    """Yield names that a function assigns, and the keywords of ``dict(…)``."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            yield from (keyword.arg for keyword in each.keywords if keyword.arg)


def _strings(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def _words(space: Space) -> set[str]:
    """Return all strings, names of arguments and names assigned in the file's functions."""
    words: set[str] = set()
    for definition in space.definitions.found.values():
        for each in ast.walk(definition.node):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                if len(each.value) < 24:
                    words.add(each.value)
            elif isinstance(each, ast.Name):
                words.add(each.id)
            elif isinstance(each, ast.arg):
                words.add(each.arg)
    return words


def _layers(space: Space, backward: str) -> int:
    """Return the number of layers that the backward pass names, or a usual one if it names none."""
    node = space.definitions.found[backward].node
    words = {*_strings(node), *binding.returned(space, backward), *_keys(node)}
    words |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    numbers = [
        int(match[2])
        for word in words
        for match in (GRADIENT.match(word) or PARAMETER.match(word),)
        if match and word[-1].isdigit()
    ]
    return max(numbers, default=GENERIC)


def _spelled(words: set[str], entry: str, *, gradient: bool) -> str:
    """Return how they call a parameter, or its gradient."""
    usual = f"d{entry}" if gradient else entry
    if usual in words:
        return usual
    fits = sorted(word for word in words if entry_of(word, gradient=gradient) == entry)
    if fits:
        return fits[0]
    stems = [m[1] for word in words if (m := STEM.match(word)) and (word[0] in "dg") == gradient]
    same = [stem for stem in stems if (stem[0] in "bB") == (entry[0] == "b")]
    if same and entry[0] not in same:
        return f"{'d' if gradient else ''}{min(same)}{entry[1:]}"
    return usual


def _outermost(space: Space, names: tuple[str, ...], pattern: str, backward: str) -> str | None:
    """Return a function of one of the names, or like it, that no other like it calls.

    One that is called as the backward pass is goes first: ``forward_propagation_n`` beside
    ``backward_propagation_n``. What only makes use of a forward pass, such as ``predict``, is
    taken where there is nothing else.
    """
    functions = space.definitions.found
    like = [
        name
        for name, each in functions.items()
        if name != backward
        and isinstance(each.node, ast.FunctionDef)
        and (name in names or re.search(pattern, name, re.IGNORECASE))
        and "back" not in name.lower()
    ]
    like = [name for name in like if not USES.search(name)] or like
    twins = [name for name in like if _tail(name) and _tail(name) == _tail(backward)]
    if len(twins) == 1:
        return twins[0]
    called = {
        node.func.id
        for name in like
        for node in ast.walk(functions[name].node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    for options in ([name for name in like if name not in called], like):
        known = [name for name in names if name in options] or options
        if known:
            return known[0]
    return None


def _tail(name: str) -> str:
    """Return what a name says behind forward or backward: ``"_propagation_n"``."""
    return re.sub(r"^.*?(forward|backward|back|feed_?|fwd|bwd)s?", "", name.lower())


def _takes(space: Space, name: str) -> bool:
    """Return whether a function takes, or reads, the strength of a penalty."""
    if name not in space.definitions.found:
        return False
    read = {*space.definitions.found[name].arguments, *space.reads(name)}
    return bool(read & set(PENALTIES))


def _cost(space: Space, penalty: bool, taken: set[str]) -> str | None:
    """Return the cost, with a penalty where the backward pass has one."""
    functions = space.definitions.found
    like = [
        name
        for name in functions
        if name not in taken
        and isinstance(functions[name].node, (ast.FunctionDef, ast.Assign))
        and callable(space.names.get(name))
        and (name in roles.COST or re.search(r"cost|loss|entropy|mse", name, re.IGNORECASE))
        and not re.search(r"deriv|prime|grad|back|plot|^d_?|_der\b", name, re.IGNORECASE)
    ]
    fits = [name for name in like if _takes(space, name) == penalty] or like
    return next((name for name in roles.COST if name in fits), fits[0] if fits else None)


def _loops_over(node: ast.AST, name: str) -> bool:
    """Return whether a function calls another: a training loop, and no step."""
    return any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == name
        for each in ast.walk(node)
    )
