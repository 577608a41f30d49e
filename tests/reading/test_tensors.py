"""Tensors and pictures of strangers: sizes are known before a value is read, values are sound."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch

from pidiff_cli.core.images import png_bytes
from pidiff_cli.errors import InputError
from pidiff_cli.profile.codes import Identity, encode_identity, read_identity
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.lora_config import check_adapter, check_config, scales_of
from pidiff_cli.reading.pictures import check_png
from pidiff_cli.reading.tensors import check_values, read_header
from tests.support.bombs import png_bomb

ODD = [np.nan, np.inf, -np.inf, 1e38, -1e38]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("part", ["codes", "mean", "weights"])
def test_codes_that_are_no_numbers(tmp_path: Path, odd: float, part: str) -> None:
    values = {"codes": np.zeros((1, 3, 4), np.float32), "mean": np.zeros((3, 4), np.float32)}
    values["weights"] = np.ones(1, np.float32)
    values[part].flat[0] = odd
    (tmp_path / "x").write_bytes(encode_identity(Identity(**values)))
    with pytest.raises(InputError, match="no number"):
        read_identity(tmp_path / "x", "alice")


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_every_precision_is_looked_at(tmp_path: Path, dtype: str, odd: float) -> None:
    import torch

    value = torch.zeros(5000, dtype=getattr(torch, dtype))
    save_torch({"a": value}, tmp_path / "x")
    check_values(tmp_path / "x", read_header(tmp_path / "x"), 10.0)
    value[4999] = odd
    save_torch({"a": value}, tmp_path / "x")
    with pytest.raises(Refused, match="a holds"):
        check_values(tmp_path / "x", read_header(tmp_path / "x"), 10.0)


def _file(path: Path, header: object, body: bytes = b"") -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


HEADERS = [
    {"a": {"dtype": "F32", "shape": [1000000000], "data_offsets": [0, 4]}},
    {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}},
    {"a": {"dtype": "X", "shape": [1], "data_offsets": [0, 4]}},
    {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], "more": 1}},
    {"a": {"dtype": "F32", "shape": [[1]], "data_offsets": [0, 4]}},
    {"a": 5}, {"__metadata__": {"a": 1}}, {"__metadata__": []}, [],
    {n: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for n in "ab"},
]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS, ids=range(len(HEADERS)))
def test_a_header_that_does_not_fit_its_file(tmp_path: Path, header: object) -> None:
    with pytest.raises(Refused):
        read_header(_file(tmp_path / "x", header, b"\0" * 4))


PLAIN = {"peft_type": "LORA", "r": 2, "lora_alpha": 2.0, "target_modules": ["a.to_q"]}
CONFIGS = [
    {"target_modules": "(a+)+$"}, {"target_modules": [".*"]}, {"target_modules": []},
    {"target_modules": 5}, {"r": 1_000_000}, {"r": 0}, {"r": "2"}, {"r": True},
    {"lora_alpha": None}, {"lora_alpha": 1e300}, {"rank_pattern": {"(a+)+$": 4}},
    {"alpha_pattern": {"a": "x"}},
    {"modules_to_save": ["conv_in"]}, {"bias": "all"}, {"use_dora": True}, {"layers_pattern": "x"},
    {"megatron_config": {"a": 1}}, {"megatron_core": "os"}, {"init_lora_weights": "pissa"},
    {"auto_mapping": {"parent_library": "os"}}, {"auto_mapping": {"parent_library": "diffusers.;"}},
    {"base_model_name_or_path": "/x"}, {"peft_type": "IA3"}, {"revision": "x"}, {"later": 1},
]  # fmt: skip


@pytest.mark.parametrize("change", CONFIGS, ids=str)
def test_settings_that_are_no_plain_lora_s(change: dict) -> None:
    check_config(PLAIN, "x")
    with pytest.raises(Refused):
        check_config({**PLAIN, **change}, "x")


@pytest.mark.parametrize("data", [{}, {"lora_alpha": 1, "alpha_pattern": {"(a+)+$": 1}}, None, 5])
def test_foreign_settings_are_numbers_and_plain_names(data: object) -> None:
    with pytest.raises(Refused):
        scales_of(data, "x")


def test_ranks_of_file_and_settings_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps(PLAIN))
    for rank, fits in ((2, True), (3, False)):
        parts = {"a.to_q.lora_A.weight": (rank, 4), "a.to_q.lora_B.weight": (4, rank)}
        made = {name: np.ones(shape, np.float32) for name, shape in parts.items()}
        save_file(made, tmp_path / "adapter_model.safetensors")
        if fits:
            check_adapter(tmp_path)
            continue
        with pytest.raises(Refused, match="rank"):
            check_adapter(tmp_path)


def test_pictures(tmp_path: Path) -> None:
    plain = png_bytes(np.zeros((8, 9, 3), np.uint8))
    (tmp_path / "x.png").write_bytes(plain)
    assert check_png(tmp_path / "x.png", 9, 10_000) == 72
    text = struct.pack(">I", 9_000_000) + b"tEXt" + b"x" * 9_000_004
    for bad in (png_bomb(9990, 9990), png_bomb(0, 5), plain[:-20], plain[:33] + text, b"GIF89a"):
        (tmp_path / "x.png").write_bytes(bad)
        with pytest.raises(Refused):
            check_png(tmp_path / "x.png", 4096, 20_000_000)
