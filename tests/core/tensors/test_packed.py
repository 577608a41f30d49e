"""Weights in one byte a value: keys, shapes and values survive."""

from __future__ import annotations

import torch
from torch import nn

from pidiff_cli.core.tensors.packed import SCALE, pack, unpack


def test_packing_keeps_keys_shapes_and_values() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(8, 32, 3), nn.BatchNorm2d(32), nn.Flatten(), nn.Linear(64, 40))
    state = net.state_dict()
    again = unpack(pack(state))
    assert again.keys() == state.keys()
    for key, value in state.items():
        assert again[key].shape == value.shape
        gap = (again[key].float() - value.float()).norm()
        assert gap <= 0.01 * value.float().norm() + 1e-6, key
    net.load_state_dict(again)


def test_large_weights_take_one_byte_and_plain_files_pass_through() -> None:
    state = {"w": torch.randn(64, 64), "b": torch.randn(64), "n": torch.tensor(3)}
    packed = pack(state)
    assert packed["w"].dtype == torch.int8 and packed["w" + SCALE].shape == (64,)
    assert packed["b"].dtype == torch.float16 and packed["n"].item() == 3
    plain = unpack({"w": state["w"].half(), "gain.scale": torch.ones(2)})
    assert set(plain) == {"w", "gain.scale"} and plain["w"].dtype == torch.float32
