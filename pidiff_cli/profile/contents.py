"""Is a file of an imported profile what its name says? Nothing is decoded or run to find out."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from pidiff_cli.errors import InputError
from pidiff_cli.profile.codes import encode_identity, read_identity
from pidiff_cli.weights.family import read_header

PNG = b"\x89PNG\r\n\x1a\n"
MAX_SIDE, MAX_PIXELS = 20_000, 100_000_000
_UNSAFE = ("megatron_config", "layer_replication", "base_model_name_or_path")


def check_content(path: Path, name: str) -> None:
    """Look at one unpacked file.

    Args:
        path: where it lies. name: its place in the profile.

    Raises:
        InputError: it is of another kind, damaged, or a picture of a size that no photo has.
    """
    try:
        if name.endswith(".png"):
            _check_png(path)
        elif name.endswith(".safetensors"):
            read_header(path)
        elif name.endswith(".jsonl"):
            for line in path.read_text(encoding="utf-8").splitlines():
                json.loads(line)
        else:
            data = json.loads(path.read_text(encoding="utf-8"))
            if name.endswith("/adapter_config.json"):
                _check_adapter(data)
        if name == "identity.safetensors":
            identity = read_identity(path, "the profile")
            encode_identity(identity)
            if not all(bool((abs(v) < 1e6).all()) for v in (identity.codes, identity.weights)):
                raise ValueError("a code is not a number")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InputError) as error:
        raise InputError(f"{name} is damaged or not what its name says.") from error


def _check_png(path: Path) -> None:
    """Raise ValueError for what is no PNG or would not fit into memory."""
    with path.open("rb") as file:
        head = file.read(24)
    if len(head) < 24 or not head.startswith(PNG) or head[12:16] != b"IHDR":
        raise ValueError("no PNG")
    width, height = struct.unpack(">II", head[16:24])
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ValueError("too many pixels")


def _check_adapter(data: dict[str, Any]) -> None:
    """Raise ValueError unless PEFT reads it as a plain LoRA that loads nothing else."""
    if data.get("peft_type") != "LORA" or any(data.get(key) for key in _UNSAFE):
        raise ValueError("no plain LoRA")
    library = (data.get("auto_mapping") or {}).get("parent_library", "diffusers")
    if library.split(".")[0] != "diffusers":  # PEFT can import what this names
        raise ValueError("another library")
