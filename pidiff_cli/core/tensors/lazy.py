"""Tensors of safetensors files, opened, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from safetensors import safe_open
from torch import Tensor


class LazyTensors(Mapping[str, Tensor]):
    """The tensors of safetensors files by name, read one at a time when they are asked for."""

    def __init__(self, files: list[Path]) -> None:
        self._files = [safe_open(file, framework="pt") for file in files]
        self._where = {key: file for file in self._files for key in file.keys()}

    @property
    def metadata(self) -> dict[str, str]:
        """What the files' headers say of themselves."""
        return {k: v for file in self._files for k, v in (file.metadata() or {}).items()}

    def __getitem__(self, key: str) -> Tensor:
        return cast(Tensor, self._where[key].get_tensor(key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)
