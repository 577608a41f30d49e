"""What links measures of faces, factors of the drawn world and W+ codes: learnt, and its file."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

from msgspec import Struct
from torch import Tensor

from pidiff_cli.core.tensors.load import read_metadata, read_tensors, write_tensors
from pidiff_cli.core.tensors.packed import pack
from pidiff_cli.reading.text import parse_json

FILE = "seeking.safetensors"


@dataclass(frozen=True)
class Seeker:
    """What `mini/train/wplus/seeking.py` learnt; J measures, K factors, codes of L rows of D.

    Attributes:
        measures, factors: their names. The tensors are float64.
        photo_mean, photo_between, photo_within: (J,) of photographed people: the mean, and the
            deviations between people and between photos of one.
        drawn_mean, drawn_spread: (J,) of drawn people.
        measured: (J, K) what a factor's unit adds to a measure, in drawn deviations; and for no
            factors at all `measured_none` (J,). unexplained: (J,) variance that factors leave.
        factor_mean (K,), factor_spread (K, K): of drawn people, and their covariance.
        coded: (K, L, D) what a factor's unit adds to a code.
        read: (K, L, D) and read_none (K,): factors from a code; misread (K,) the error's variance.
        axis (J,), bound (): photographs lie above the bound along the axis, in deviations.
    """

    measures: tuple[str, ...]
    factors: tuple[str, ...]
    photo_mean: Tensor
    photo_between: Tensor
    photo_within: Tensor
    drawn_mean: Tensor
    drawn_spread: Tensor
    measured: Tensor
    measured_none: Tensor
    unexplained: Tensor
    factor_mean: Tensor
    factor_spread: Tensor
    coded: Tensor
    read: Tensor
    read_none: Tensor
    misread: Tensor
    axis: Tensor
    bound: Tensor

    def save(self, path: Path) -> None:
        """As a safetensors file, one byte a value of what is large."""
        tensors = {name: getattr(self, name) for name in _TENSORS}
        small = {k: v for k, v in tensors.items() if v.ndim < 2 or k == "factor_spread"}
        large = {k: v for k, v in tensors.items() if k not in small}
        # One entry: several are written in any order, and the same numbers are to be one file.
        told = {"names": json.dumps({"measures": self.measures, "factors": self.factors})}
        write_tensors(path, {k: v.float() for k, v in small.items()} | pack(large), told)


class _Names(Struct):
    measures: tuple[str, ...]
    factors: tuple[str, ...]


_TENSORS = tuple(field.name for field in fields(Seeker) if field.type == "Tensor")


def load_seeker(folder: Path | str) -> Seeker | None:
    """Of a folder of W+ weights; None where it has none.

    Raises:
        InputError: it is damaged.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return None
    tensors, told = read_tensors(path), read_metadata(path)
    names: _Names = parse_json(told.get("names", ""), _Names, path.name)
    return Seeker(names.measures, names.factors, *(tensors[name].double() for name in _TENSORS))
