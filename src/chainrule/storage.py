"""Models on disk: one safetensors file with the parameters and the description of the network.

Safetensors holds names, shapes and numbers, and nothing that could run. A file is written beside
its goal and put in its place in one step, so that none is ever half-written.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from chainrule import saved_state
from chainrule.arrays import Array
from chainrule.errors import ChainruleError, InvalidType, InvalidValue, UnknownName
from chainrule.files import write_whole
from chainrule.network import Network
from chainrule.parameters import Parameters
from chainrule.resuming import TrainingState

KEY = "chainrule"
VERSION = 1


def save(
    path: str | os.PathLike[str],
    net: Network,
    params: Parameters,
    *,
    state: TrainingState | None = None,
) -> Path:
    """Write a network and its parameters to a file.

    Parameters
    ----------
    path : str or path
        Where; ``.safetensors`` is the usual suffix. A file that is there is replaced, at once and
        only when the new one is complete.
    net : Network
        A person's own functions are written by name, and must be registered again before `load`.
    params : Parameters
        Of this network.
    state : TrainingState, optional
        The ``.state`` of a training result, so that training can go on (`load_checkpoint`).

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    ChainruleError
        If the parameters are not of this network, or there is no such folder.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> net = Network([2, 3, 1], activation="tanh", cost="huber(1.5)")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save(f"{folder}/model.safetensors", net, net.initialize(0))
    ...     again, params = load(path)
    >>> again == net, params == net.initialize(0)
    (True, True)
    """
    from safetensors.numpy import save as as_bytes

    if not isinstance(net, Network):
        raise InvalidType(f"net is {net!r}, wanted a Network")
    description = {"version": VERSION, "network": net.architecture.described()}
    tensors = {name: np.ascontiguousarray(view) for name, view in net.owns(params).items()}
    if state is not None:
        more, description["training"] = saved_state.to_file(state)
        tensors |= {name: np.ascontiguousarray(each) for name, each in more.items()}
    # One entry: several would come in an order that differs from run to run.
    metadata = {KEY: json.dumps(description)}
    content = as_bytes(tensors, metadata=metadata)

    def write(part: Path) -> None:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    return write_whole(Path(path), write)


def load(path: str | os.PathLike[str]) -> tuple[Network, Parameters]:
    """Read a network and its parameters from a file that `save` wrote.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    net : Network
        Made anew from its description.
    params : Parameters
        Bit for bit what was saved.

    Raises
    ------
    InvalidValue
        If the file is none of ours, damaged, or of a later version.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> load("nowhere.safetensors")
    Traceback (most recent call last):
        ...
    FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.safetensors'
    """
    net, params, _tensors, _described = _load(path)
    return net, params


def load_checkpoint(path: str | os.PathLike[str]) -> tuple[Network, TrainingState]:
    """Read the state of a training run from a file that a `Checkpoint` wrote.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    net : Network
        Made anew from its description.
    state : TrainingState
        For ``train(net, state.params, x, y, …, resume=state)``.

    Raises
    ------
    InvalidValue
        If the file is none of ours, damaged, of a later version, or has no state of training.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from chainrule import Checkpoint, GradientDescent, train
    >>> net = Network([1, 1], activation="identity", cost="squared_error")
    >>> x, y, descent = [[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]], GradientDescent(0.2)
    >>> start = net.initialize(0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kept = Checkpoint(f"{folder}/run.safetensors")
    ...     first = train(net, start, x, y, optimizer=descent, iterations=10, checkpoint=kept)
    ...     net, state = load_checkpoint(kept.path)
    >>> rest = train(net, start, x, y, optimizer=descent, iterations=30, resume=state)
    >>> straight = train(net, start, x, y, optimizer=descent, iterations=30)
    >>> rest.params == straight.params
    True
    """
    net, params, tensors, described = _load(path)
    name = Path(path).name
    if "training" not in described:
        raise InvalidValue(
            f"{name} holds a model, and no state of training, wanted a file that a Checkpoint "
            "wrote, or save(…, state=result.state)"
        )
    try:
        return net, saved_state.from_file(tensors, described["training"], params)
    except (ChainruleError, KeyError, TypeError, ValueError, AttributeError) as problem:
        raise InvalidValue(f"the state of training in {name} cannot be read: {problem}") from (
            problem
        )


def _load(
    path: str | os.PathLike[str],
) -> tuple[Network, Parameters, dict[str, Array], dict[str, Any]]:
    content = Path(path).read_bytes()
    name = Path(path).name
    tensors, metadata = _read(name, content)
    if KEY not in metadata:
        raise InvalidValue(
            f"{name} holds the tensors {', '.join(sorted(tensors)) or 'none'} and no description "
            "of a network, wanted a file that chainrule.save wrote: read it with "
            "safetensors.numpy, and make parameters with Parameters.from_arrays or "
            "interchange.from_state_dict"
        )
    try:
        described = json.loads(metadata[KEY])
        version = int(described["version"])
        if version > VERSION:
            raise InvalidValue(
                f"it is of version {version}, wanted {VERSION}: a later chainrule wrote it; "
                "update this one"
            )
        net = Network(**described["network"])
        ours = {k: v for k, v in tensors.items() if not k.startswith(saved_state.PREFIX)}
        params = Parameters.from_arrays(ours)
        net.owns(params)
    except UnknownName as problem:
        raise InvalidValue(
            f"{name} names what is not known here: {problem} If it is a function of your own, "
            "register it first, with register_activation or register_cost."
        ) from problem
    except (ChainruleError, KeyError, TypeError, ValueError) as problem:
        raise InvalidValue(f"{name} cannot be read: {problem}") from problem
    return net, params, tensors, described


def _read(name: str, content: bytes) -> tuple[dict[str, Array], dict[str, str]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    try:
        tensors = from_bytes(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except (SafetensorError, KeyError, ValueError) as problem:
        raise InvalidValue(
            f"{name} is no safetensors file, or is cut off ({problem}), wanted one that "
            "chainrule.save wrote"
        ) from problem
    return tensors, header.get("__metadata__", {})
