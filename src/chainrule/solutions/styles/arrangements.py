"""Which argument of a forward pass holds which parameters: ``W1, b1``, lists, lists of pairs.

A *template* is the nest in which a person keeps parameters, with our names at its leaves:
``"W1"``, ``["W1", "W2"]``, ``[("W1", "b1"), ("W2", "b2")]``. An *arrangement* gives one for every
name that holds parameters. They are proposals: the forward pass is run with each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.solutions.styles.arguments import role
from chainrule.solutions.styles.signatures import Signature
from chainrule.solutions.styles.usage import Use, use_of

Template = str | list["Template"] | tuple["Template", ...]

DEEP, SHALLOW = 3, 2
"""Layers to try of code that takes any number of them."""

WEIGHT = re.compile(
    r"w|ws|wts?|w_?\d+|w_?[a-z]{1,3}_?\d*|w_?(in|out|hid|input|output|hidden)\w*|\w*weights?\w*|"
    r"theta_?\d*|thetas|syn(apse)?_?\d*|kernel_?\d*|[uv]_?\d?|coef\w*",
    re.IGNORECASE,
)
BIAS = re.compile(
    r"bs?|b_?\d+|b_?[a-z]{1,3}_?\d*|b_?(in|out|hid|input|output|hidden)\w*|\w*bias(es)?\w*|"
    r"c_?\d|intercepts?\w*",
    re.IGNORECASE,
)
NEITHER = re.compile(
    r"d[wb].*|grad.*|.*grads?|batch.*|beta\d?|with_?.*|width|bool|v_?d[wb].*|.*decay"
)
BOTH = re.compile(
    r"(model_?)?param(eter)?s?|theta|model|network|net|layers|weights?_?and_?biases|p", re.I
)


@dataclass(frozen=True)
class Arrangement:
    """Where parameters are kept.

    Parameters
    ----------
    templates : mapping of str to Template
        By argument of the forward pass, or by global name.
    names : mapping of str to str
        By single variables, also those that an argument is taken apart into, our name.
    layers : int
    biased : bool
        Whether there are biases.
    """

    templates: Mapping[str, Template]
    names: Mapping[str, str]
    layers: int
    biased: bool

    @property
    def entries(self) -> tuple[str, ...]:
        """Our names of all parameters."""
        kinds = "Wb" if self.biased else "W"
        return tuple(f"{kind}{layer}" for layer in range(1, self.layers + 1) for kind in kinds)


def built(template: Template, leaf: Callable[[str], Any]) -> Any:
    """Return the nest of a template with values at its leaves.

    Examples
    --------
    >>> built([("W1", "b1")], str.lower)
    [('w1', 'b1')]
    """
    if isinstance(template, str):
        return leaf(template)
    return type(template)(built(each, leaf) for each in template)


def taken(template: Template, value: Any) -> dict[str, Any]:
    """Return what stands where a template has its leaves; nothing if it is another nest."""
    if isinstance(template, str):
        return {template: value}
    if not isinstance(value, (list, tuple)) or len(value) != len(template):
        return {}
    found: dict[str, Any] = {}
    for inner, each in zip(template, value, strict=True):
        found |= taken(inner, each)
    return found


def kind_of(name: str) -> str:
    """Return ``"W"`` or ``"b"`` for a name of weights or biases; else nothing.

    Examples
    --------
    >>> kind_of("w_hidden"), kind_of("b2"), kind_of("batch_size"), kind_of("bias_out")
    ('W', 'b', '', 'b')
    """
    if NEITHER.fullmatch(name.lower()) or role(name) in ("x", "rate", "count", "penalty"):
        return ""
    if BIAS.fullmatch(name):
        return "b"
    return "W" if WEIGHT.fullmatch(name) else ""


def arrangements(forward: Signature, candidates: Sequence[str]) -> Iterator[Arrangement]:
    """Yield how parameters may be kept, the most likely first.

    Parameters
    ----------
    forward : Signature
    candidates : sequence of str
        Arguments of it, or globals that it reads.
    """
    uses = {name: use_of(forward, name) for name in candidates}
    if any(use.keyed for use in uses.values()):
        return  # dictionaries: another style
    listed = [name for name in candidates if uses[name].listed]
    if not listed:
        yield from _single(forward, candidates)
    elif len(listed) == 1 and (kind_of(listed[0]) or BOTH.fullmatch(listed[0])):
        yield from _one_list(forward, listed[0], uses[listed[0]])
    elif len(listed) > 1:
        yield from _two_lists(listed, uses)


def ordered(names: Sequence[str], forward: Signature) -> list[str]:
    """Return names in the order of the layers: by their numbers, else as the text reads them."""
    numbers = [tuple(map(int, re.findall(r"\d+", name))) for name in names]
    if all(numbers) and len(set(numbers)) == len(names):
        return [name for _, name in sorted(zip(numbers, names, strict=True))]
    loads = forward.loads()
    return sorted(names, key=lambda name: loads.index(name) if name in loads else len(loads))


def _single(forward: Signature, names: Sequence[str]) -> Iterator[Arrangement]:
    weights = ordered([name for name in names if kind_of(name) == "W"], forward)
    biases = ordered([name for name in names if kind_of(name) == "b"], forward)
    if not weights or len(biases) not in (0, len(weights)):
        return
    found = {name: f"W{layer}" for layer, name in enumerate(weights, 1)}
    found |= {name: f"b{layer}" for layer, name in enumerate(biases, 1)}
    yield Arrangement(found, found, len(weights), bool(biases))


def _two_lists(listed: Sequence[str], uses: Mapping[str, Use]) -> Iterator[Arrangement]:
    weights = next((name for name in listed if kind_of(name) == "W"), None)
    biases = next((name for name in listed if kind_of(name) == "b"), None)
    if weights is None or biases is None:
        return
    for layers in _layers(uses[weights], 1):
        numbers = range(1, layers + 1)
        templates: dict[str, Template] = {
            weights: [f"W{layer}" for layer in numbers],
            biases: [f"b{layer}" for layer in numbers],
        }
        names = _unpacked(uses[weights], "W") | _unpacked(uses[biases], "b")
        yield Arrangement(templates, names, layers, True)


def _unpacked(use: Use, kind: str) -> dict[str, str]:
    return {name: f"{kind}{place}" for place, name in enumerate(use.unpacked, 1) if name}


def _layers(use: Use, each: int) -> tuple[int, ...]:
    """Return numbers of layers to try, where each has so many places in a list."""
    count = len(use.unpacked) or (0 if use.looped else use.largest + 1)
    if count:
        return (count // each,) if count % each == 0 else ()
    return (DEEP, SHALLOW)


def _one_list(forward: Signature, name: str, use: Use) -> Iterator[Arrangement]:
    if all(use.unpacked) and use.unpacked:
        for found in _single(forward, use.unpacked):
            template = tuple(found.names[each] for each in use.unpacked if each in found.names)
            if len(template) == len(use.unpacked):
                yield Arrangement({name: template}, found.names, found.layers, found.biased)
        return
    shapes: list[tuple[int, bool, Callable[[int], Template]]] = [
        (2, True, lambda n: [part for i in range(1, n + 1) for part in (f"W{i}", f"b{i}")]),
        (2, True, lambda n: [f"{kind}{i}" for kind in "Wb" for i in range(1, n + 1)]),
    ]
    alone: tuple[int, bool, Callable[[int], Template]] = (
        1,
        False,
        lambda n: [f"W{i}" for i in range(1, n + 1)],
    )
    shapes = [alone, *shapes] if kind_of(name) == "W" else [*shapes, alone]
    if use.pairs:
        shapes.insert(0, (1, True, lambda n: [(f"W{i}", f"b{i}") for i in range(1, n + 1)]))
    for each, biased, nest in shapes:
        for layers in _layers(use, each):
            if layers:
                yield Arrangement({name: nest(layers)}, {}, layers, biased)
