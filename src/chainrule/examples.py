"""What a caller hands to a network, checked: parameters, and a batch of examples by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule import notation
from chainrule.architecture import Architecture
from chainrule.arrays import Array, cast, examples_in_columns, finite, real_array
from chainrule.errors import InvalidType, InvalidValue, ShapeError
from chainrule.parameters import Parameters
from chainrule.randomness import Source

Values = dict[str, Array]
Dtype = np.dtype[np.floating]


def owned(architecture: Architecture, params: Any) -> Parameters:
    """Return `params` if they are finite parameters of a network; `Network.owns` says the rest."""
    if not isinstance(params, Parameters):
        raise InvalidType(
            f"params is a {type(params).__name__}, wanted Parameters: make them with "
            "net.initialize(), or Parameters.from_arrays(W1=…, b1=…, …)"
        )
    if params.sizes != architecture.sizes:
        met, wanted = ("-".join(map(str, sizes)) for sizes in (params.sizes, architecture.sizes))
        raise ShapeError("params", met, wanted, "these parameters belong to another network")
    for name, view in params.items():
        finite(name, view)
    return params


def inputs(architecture: Architecture, x: Any, dtype: Dtype) -> Values:
    """Return checked inputs by name."""
    return {
        notation.activations(0): examples_in_columns("x", x, architecture.inputs, dtype, "inputs")
    }


def batch(
    architecture: Architecture,
    x: Any,
    y: Any,
    dtype: Dtype,
    weights: Any = None,
    masks: Mapping[str, Any] | None = None,
) -> Values:
    """Return a checked batch by name; `Network.batch` documents the arguments."""
    values = inputs(architecture, x, dtype)
    examples = values[notation.activations(0)].shape[1]
    targets = examples_in_columns("y", y, architecture.outputs, dtype, "outputs", examples=examples)
    cost = architecture.cost
    violation = cost.domain.violation(targets)
    if violation:
        raise InvalidValue(
            f"{violation}, but {cost.symbol} wants {cost.domain.wanted}: {cost.domain.remedy}"
        )
    values[notation.TARGETS] = targets
    if weights is not None:
        values[notation.EXAMPLE_WEIGHTS] = _weights(weights, examples, dtype)
    if masks is not None and not (isinstance(masks, Mapping) and not masks):
        values |= _masks(architecture, masks, examples, dtype)
    return values


def draw_masks(architecture: Architecture, rng: Source, examples: int, dtype: Dtype) -> Values:
    """Draw the dropout masks of one batch; `Network.draw_masks` documents the arguments."""
    masks = {}
    for name, units in architecture.masks.items():
        rate = architecture.dropout[int(notation.split(name)[1]) - 1]
        drawn = rng.random((units, examples))
        masks[name] = (drawn >= rate).astype(dtype)
    return masks


def _weights(weights: Any, examples: int, dtype: Dtype) -> Array:
    given = real_array("weights", weights)
    if given.shape not in ((examples,), (1, examples)):
        remedy = f"x has {examples} examples (columns); give one weight for each"
        raise ShapeError("weights", given.shape, f"({examples},)", remedy)
    found = cast("weights", given.reshape(1, examples), dtype)
    if (found < 0).any():
        place = int(np.argmax(found[0] < 0))
        raise InvalidValue(
            f"weights[{place}] is {found[0, place]:g}, wanted 0 or larger: an example may count "
            "for nothing, but not against itself"
        )
    if not found.any():
        raise InvalidValue("weights are all 0, wanted at least one example that counts")
    limit = float(np.sqrt(np.finfo(dtype).max))
    if not 1 / limit < found.max() < limit:
        raise InvalidValue(
            f"the largest of the weights is {found.max():g}, wanted between {1 / limit:.0e} and "
            f"{limit:.0e}: only their ratios count, so divide them by their mean"
        )
    return found


def _masks(
    architecture: Architecture, masks: Mapping[str, Any], examples: int, dtype: Dtype
) -> Values:
    wanted = architecture.masks
    if not isinstance(masks, Mapping):
        raise InvalidType(
            f"masks is a {type(masks).__name__}, wanted what net.draw_masks(rng, m) returns"
        )
    if set(masks) != set(wanted):
        raise InvalidValue(
            f"masks are {', '.join(masks) or 'none'}, wanted {', '.join(wanted) or 'none'}: one "
            "for every layer with dropout, as net.draw_masks(rng, m) draws them"
        )
    found = {}
    for name, units in wanted.items():
        given = real_array(name, masks[name])
        if given.shape != (units, examples):
            remedy = "one entry per unit and example, as net.draw_masks(rng, m) draws them"
            raise ShapeError(name, given.shape, (units, examples), remedy)
        if not np.isin(given, (0, 1)).all():
            raise InvalidValue(f"{name} has entries that are neither 0 nor 1, wanted a mask")
        found[name] = cast(name, given, dtype)
    return found
