"""Law: what was saved is loaded, bit for bit; nothing else is; and no file is half-written."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from cases import CASES, draw
from chainrule import ChainruleError, Network, Parameters, load, register_activation, save

NET = Network([2, 3, 1], activation="tanh", cost="squared_error", l2=0.25)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_network_comes_back_bit_for_bit(case, dtype, tmp_path):
    net = case.network()
    params, _, _ = draw(net, 1, dtype=dtype)
    path = save(tmp_path / "model.safetensors", net, params)
    again, loaded = load(path)
    assert again == net
    assert loaded == params
    assert loaded.flat.flags.writeable


def test_other_programs_can_read_the_file(tmp_path):
    params = NET.initialize(0)
    tensors = load_file(save(tmp_path / "model", NET, params))
    assert set(tensors) == set(params)
    assert all(np.array_equal(tensors[name], params[name]) for name in params)


def test_the_same_model_is_the_same_file(tmp_path):
    first, second = (save(tmp_path / name, NET, NET.initialize(0)) for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_a_file_that_cannot_be_finished_leaves_what_was_there(tmp_path, monkeypatch):
    path = save(tmp_path / "model", NET, NET.initialize(0))
    before = path.read_bytes()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("chainrule.storage.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        save(path, NET, NET.initialize(1))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_function_of_ones_own_is_known_by_its_name(tmp_path):
    row = register_activation("cubed", lambda z: z**3, lambda z: 3 * z**2)
    net = Network([2, 1], activation=row, cost="squared_error")
    path = save(tmp_path / "model", net, net.initialize(0))
    assert load(path)[0] == net
    content = path.read_bytes().replace(b"cubed", b"sixth")
    path.write_bytes(content)
    with pytest.raises(ChainruleError, match=r"sixth.*register it first"):
        load(path)


def rewritten(tmp_path, described=None, tensors=None):
    """A file with some of its contents replaced."""
    path = save(tmp_path / "model", NET, NET.initialize(0))
    kept = dict(load_file(path))
    if described is None:
        content = path.read_bytes()
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        described = header["__metadata__"]
    save_file(kept if tensors is None else tensors, path, described)
    return path


def described(version=1, **changes):
    usual = {"sizes": [2, 3, 1], "activation": ["tanh"] * 2, "cost": "squared_error"}
    network = {**usual, "l2": 0.0, "dropout": 0.0, **changes}
    return {"chainrule": json.dumps({"version": version, "network": network})}


BAD = {
    "not described": ({"format": "pt"}, None, r"W1, W2, b1, b2.*from_arrays"),
    "of a later version": (described(version=9), None, r"version 9, wanted 1"),
    "description is no JSON": ({"chainrule": "{"}, None, r"cannot be read"),
    "description is a list": ({"chainrule": "[]"}, None, r"cannot be read"),
    "description lacks sizes": ({"chainrule": '{"version": 1}'}, None, r"cannot be read"),
    "activation unknown": (described(activation=["tanh", "tahn"]), None, r"tahn"),
    "sizes of another network": (described(sizes=[2, 4, 1]), None, r"another network"),
    "code for a name": (described(cost="__import__('os')"), None, r"not known"),
    "tensor missing": (None, {"W1": np.ones((1, 2))}, "b1 is missing"),
    "not finite": (None, {**NET.initialize(0), "b2": np.array([[np.nan]])}, "b2.*nan"),
}


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    with pytest.raises(ChainruleError, match="is a folder, wanted the name of a file"):
        save(tmp_path, NET, NET.initialize(0))


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_ours_or_damaged_is_refused(name, tmp_path):
    metadata, tensors, part = BAD[name]
    path = rewritten(tmp_path, metadata, tensors)
    with pytest.raises(ChainruleError, match=part):
        load(path)


def test_a_file_in_a_precision_that_numpy_lacks_is_refused(tmp_path):
    header = json.dumps({"W1": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    path = tmp_path / "model"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(2))
    with pytest.raises(ChainruleError, match="model is no safetensors file"):
        load(path)


@pytest.mark.parametrize("end", [0, 4, 8, 100, -1])
def test_a_file_cut_off_anywhere_is_refused(end, tmp_path):
    path = save(tmp_path / "model", NET, NET.initialize(0))
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(ChainruleError, match="model is no safetensors file, or is cut off"):
        load(path)


def test_only_a_network_and_its_parameters_are_saved(tmp_path):
    with pytest.raises(ChainruleError, match="another network"):
        save(tmp_path / "model", NET, Parameters([1, 1]))
    with pytest.raises(ChainruleError, match="wanted a Network"):
        save(tmp_path / "model", "net", Parameters([1, 1]))
    assert not list(tmp_path.iterdir())
