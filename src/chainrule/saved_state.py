"""A `TrainingState` as tensors by name and as JSON, and back: what a file of it holds.

Whatever is read is checked against the network before it is used: a file may come from anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from chainrule.arrays import Array
from chainrule.errors import InvalidValue
from chainrule.history import History, Record
from chainrule.parameters import Parameters
from chainrule.randomness import Streams
from chainrule.resuming import TrainingState
from chainrule.schedules import PlateauMemory

PREFIX = "state."
COLUMNS = ("iteration", "cost", "validation_cost", "learning_rate", "gradient_norm")


def to_file(state: TrainingState) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a state as arrays by name, and as what JSON can hold.

    Parameters
    ----------
    state : TrainingState

    Returns
    -------
    tensors : dict of str to ndarray
        All names begin with `PREFIX`.
    numbers : dict
    """
    tensors: dict[str, Any] = {
        f"{PREFIX}params": state.params.flat,
        f"{PREFIX}last_good": state.last_good.flat,
        f"{PREFIX}order": state.order,
    }
    tensors |= {f"{PREFIX}slot{k}": np.atleast_1d(each) for k, each in enumerate(state.slots)}
    for column in COLUMNS:
        tensors[f"{PREFIX}history.{column}"] = getattr(state.history, column)
    memories = []
    for k, memory in enumerate(state.watchers):
        arrays = {name: each for name, each in memory.items() if isinstance(each, np.ndarray)}
        tensors |= {f"{PREFIX}watcher{k}.{name}": each for name, each in arrays.items()}
        numbers = {n: _text(v) for n, v in memory.items() if n not in arrays}
        memories.append({"numbers": numbers, "arrays": sorted(arrays)})
    return tensors, {
        "described": dict(state.described),
        "iteration": state.iteration,
        "slots": len(state.slots),
        "streams": state.streams,
        "position": state.position,
        "plateau": {name: _text(value) for name, value in asdict(state.plateau).items()},
        "costs": [_text(state.costs[0]), state.costs[1]],
        "record_every": state.record_every,
        "ended": state.ended,
        "watchers": memories,
    }


def from_file(
    tensors: Mapping[str, Array], numbers: Mapping[str, Any], params: Parameters
) -> TrainingState:
    """Return the state of a file.

    Parameters
    ----------
    tensors : mapping of str to ndarray
    numbers : mapping
        As `to_file` made them.
    params : Parameters
        Of the model in the file.

    Raises
    ------
    InvalidValue, KeyError, TypeError, ValueError
        If they are no state of a network with such parameters.
    """

    def tensor(name: str) -> Array:
        return tensors[f"{PREFIX}{name}"]

    slots = tuple(tensor(f"slot{k}") for k in range(_count(numbers["slots"], "slots", 16)))
    for k, slot in enumerate(slots):
        if slot.shape not in ((1,), params.flat.shape) or slot.dtype.kind != "f":
            raise InvalidValue(
                f"slot {k} of the optimizer has shape {slot.shape} and dtype {slot.dtype}, wanted "
                f"{params.flat.shape} or (1,) of floats"
            )
    order = np.asarray(tensor("order"), dtype=np.int64)
    watchers = tuple(
        {name: _number(value) for name, value in memory["numbers"].items()}
        | {name: tensor(f"watcher{k}.{name}") for name in memory["arrays"]}
        for k, memory in enumerate(numbers["watchers"])
    )
    columns = [tensor(f"history.{column}") for column in COLUMNS]
    records = [
        Record(int(iteration), float(cost), float(validation), float(rate), norms)
        for iteration, cost, validation, rate, norms in zip(*columns, strict=True)
    ]
    seen = {name: _number(numbers["plateau"][name]) for name in asdict(PlateauMemory())}
    plateau = PlateauMemory(
        float(seen["factor"]), float(seen["best"]), int(seen["waited"]), int(seen["resting"])
    )
    described = {str(name): str(value) for name, value in numbers["described"].items()}
    Streams.of(numbers["streams"])  # raises, if they are none
    return TrainingState(
        described,
        _count(numbers["iteration"], "iteration"),
        Parameters(params.sizes, np.array(tensor("params"), dtype=params.dtype)),
        Parameters(params.sizes, np.array(tensor("last_good"), dtype=params.dtype)),
        slots,
        numbers["streams"],
        order,
        _count(numbers["position"], "position"),
        plateau,
        (_number(numbers["costs"][0]), _count(numbers["costs"][1], "costs")),
        _count(numbers["record_every"], "record_every"),
        History(records),
        watchers,
        str(numbers["ended"]),
    )


def _text(number: float) -> Any:
    """Return a number, as a text where JSON has no spelling for it."""
    return number if math.isfinite(number) else str(number)


def _number(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        raise InvalidValue(f"{given!r} stands where a number is wanted")
    return float(given) if isinstance(given, str) else given


def _count(given: Any, name: str, most: int = 2**62) -> int:
    if type(given) is not int or not 0 <= given <= most:
        raise InvalidValue(f"{name} is {given!r}, wanted a whole number from 0 to {most}")
    return given
