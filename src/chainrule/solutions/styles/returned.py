"""What a backward pass returned → gradients by our names.

The name in the return statement says which parameter a gradient is of: ``dW1``, ``grad_w_out``,
``w1_gradient``. Where it does not, the name that the caller gives it, then the shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.solutions.forms import array_of
from chainrule.solutions.reading import Array
from chainrule.solutions.styles.arrangements import Arrangement, Template, kind_of, taken
from chainrule.solutions.styles.signatures import Names

BEFORE = (
    r"(d|g|grads?|gradients?|delta|del|nabla|partial|deriv(ative)?|of|wrt|der|jacobian|"
    r"d(l|j|c|e|loss|cost|error)d?|(l|j|c|e|loss|cost)d)*"
)
AFTER = r"(d|grads?|gradients?|delta|der|deriv(ative)?|updates?|error)?"


@dataclass(frozen=True)
class Part:
    """One thing that was returned.

    Parameters
    ----------
    name : str
        In the return statement, or of the caller, or the key in a dictionary.
    value : object
    caller : str
        What the caller calls it.
    """

    name: str
    value: Any
    caller: str = ""


def nested(names: Names, value: Any, templates: Mapping[str, Template]) -> Template | None:
    """Return the template of all that was returned; ``None`` if there is something else in it."""
    if isinstance(names, str):
        return templates.get(names)
    if not isinstance(value, (tuple, list)) or len(value) != len(names):
        return None
    inner = [nested(name, each, templates) for name, each in zip(names, value, strict=True)]
    found = [each for each in inner if each is not None]
    return found if len(found) == len(inner) else None


def parts(names: Names, value: Any, taken_as: Names = "") -> Iterator[Part]:
    """Yield what was returned, one by one, each with its name.

    Parameters
    ----------
    names : str or tuple
        In the return statement.
    value : object
    taken_as : str or tuple
        The caller's names.
    """
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield Part(str(key), each)
        return
    if not isinstance(value, (tuple, list)):
        name = names if isinstance(names, str) else ""
        caller = taken_as if isinstance(taken_as, str) else ""
        yield Part(name or caller, value, caller)
        return
    inner = names if isinstance(names, tuple) and len(names) == len(value) else None
    outer = taken_as if isinstance(taken_as, tuple) and len(taken_as) == len(value) else None
    if inner is None and (outer is None or isinstance(value, list)):
        caller = taken_as if isinstance(taken_as, str) else ""
        yield Part(names if isinstance(names, str) and names else caller, value, caller)
        return
    for place, each in enumerate(value):
        yield from parts(inner[place] if inner else "", each, outer[place] if outer else "")


def entry_named(name: str, known: Mapping[str, str]) -> tuple[str, bool] | None:
    """Return which parameter a name is about, and whether it is its gradient or itself.

    Parameters
    ----------
    name : str
    known : mapping of str to str
        Our names, by those of their variables.

    Examples
    --------
    >>> known = {"W1": "W1", "w_out": "W2"}
    >>> entry_named("dW1", known), entry_named("grad_w_out", known), entry_named("W1", known)
    (('W1', True), ('W2', True), ('W1', False))
    """
    low = _plain(name)
    for theirs, ours in known.items():
        if low == _plain(theirs):
            return ours, False
    for theirs, ours in known.items():
        stem = re.escape(_plain(theirs))
        if re.fullmatch(f"{BEFORE}{stem}{AFTER}", low):
            return ours, True
    return None


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


@dataclass(frozen=True)
class Gathered:
    """Gradients by our names, as their code has them.

    Parameters
    ----------
    arrays : mapping of str to object
    names : mapping of str to str
        What each is called in their code.
    moved : frozenset of str
        Entries that came as the parameter after a step, not as a gradient.
    templates : mapping of str to Template
        How they are nested, by what was returned.
    result : object
        All that was returned, as it came.
    """

    arrays: Mapping[str, Any]
    names: Mapping[str, str]
    moved: frozenset[str]
    templates: Mapping[str, Template]
    result: Any = None


def gathered(
    found: list[Part], arrangement: Arrangement, shapes: Mapping[str, tuple[int, ...]]
) -> Gathered:
    """Return which of the parts are gradients of which parameters.

    Parameters
    ----------
    found : list of Part
    arrangement : Arrangement
    shapes : mapping of str to tuple of int
        Of the parameters, as their code has them.
    """
    arrays: dict[str, Any] = {}
    names: dict[str, str] = {}
    moved: set[str] = set()
    templates: dict[str, Template] = {}
    known = {**{entry: entry for entry in arrangement.entries}, **arrangement.names}
    left: list[Part] = []
    for part in found:
        if isinstance(part.value, (list, tuple)) or _objects(part.value):
            gradients, itself, template = _of_list(part, arrangement, shapes)
            if gradients:
                templates[part.name] = template
            arrays |= {entry: each for entry, each in gradients.items() if entry not in arrays}
            names |= {
                entry: f"{part.name}[{_place(template, entry)}]" if part.name else ""
                for entry in gradients
            }
            moved |= set(gradients) if itself else set()
            continue
        meant = entry_named(part.name, known) or entry_named(part.caller, known)
        if meant is not None and meant[0] in shapes and meant[0] not in arrays:
            arrays[meant[0]], names[meant[0]] = part.value, part.name
            templates[part.name] = meant[0]
            moved |= set() if meant[1] else {meant[0]}
        elif not part.name or part.name[0] in "dgD" or "grad" in part.name.lower():
            left.append(part)
    for part in left:
        array = array_of(part.value)
        if array is None or not array.ndim:
            continue
        kinds = _gradient_kind(part.name)
        fitting = [
            entry
            for entry, shape in shapes.items()
            if entry not in arrays and entry[0] in kinds and _like(array, shape)
        ]
        if len(fitting) == 1 or (fitting and kinds != "Wb"):
            arrays[fitting[0]], names[fitting[0]] = part.value, part.name
            templates[part.name] = fitting[0]
    if moved and any(entry not in moved for entry in arrays):  # gradients, and parameters beside
        arrays = {entry: each for entry, each in arrays.items() if entry not in moved}
        moved = set()
    return Gathered(arrays, names, frozenset(moved), templates)


def _gradient_kind(name: str) -> str:
    """Return which kinds of parameters a name like ``dw`` or ``grad_out`` may be a gradient of."""
    low = _plain(name)
    match = re.fullmatch(rf"{BEFORE}([wb]|weights?|bias(es)?).*", low)
    if match is None:
        return "Wb"
    rest = re.sub(rf"^{BEFORE}(?=[wb])", "", low)
    return kind_of(rest) or "Wb"


def _place(template: Template, entry: str) -> int:
    """Return where an entry stands in the outermost list."""
    return next(i for i, each in enumerate(template) if entry in taken_names(each))


def taken_names(template: Template) -> set[str]:
    """Return the entries of a template."""
    if isinstance(template, str):
        return {template}
    return set().union(*map(taken_names, template))


def _objects(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == object


def _like(array: Array, shape: tuple[int, ...]) -> bool:
    return array.shape == shape or (
        array.size == int(np.prod(shape))
        and array.squeeze().shape == tuple(n for n in shape if n > 1)
    )


def _of_list(
    part: Part, arrangement: Arrangement, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[dict[str, Any], bool, Template]:
    """Return the gradients in a list: the nest of the parameters, of one kind, or as shapes say."""
    values = list(part.value)
    options: list[tuple[Template, bool]] = []
    for name, template in arrangement.templates.items():
        meant = entry_named(part.name, {name: name})
        if not isinstance(template, str) and meant is not None:
            options.insert(0, (template, not meant[1]))
        elif not isinstance(template, str):
            options.append((template, False))
    numbers = range(1, arrangement.layers + 1)
    for kind in _gradient_kind(part.name):
        options.append(([f"{kind}{layer}" for layer in numbers], False))
    options.append((list(arrangement.entries), False))
    options.append(([f"{kind}{layer}" for kind in "Wb" for layer in numbers], False))
    options.append(([(f"W{layer}", f"b{layer}") for layer in numbers], False))
    best: tuple[int, dict[str, Any], bool, Template] = (-1, {}, False, [])
    for template, itself in options:
        for backwards in (False, True):
            turned = list(template)[::-1] if backwards else template
            found = {e: v for e, v in taken(turned, values).items() if e in shapes}
            arrays = {entry: array_of(value) for entry, value in found.items()}
            fits = sum(
                array is not None and _like(array, shapes[entry]) for entry, array in arrays.items()
            )
            if found and fits > best[0]:
                best = fits, found, itself, turned
    return best[1], best[2], best[3]
