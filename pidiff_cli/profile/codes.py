"""`identity.safetensors`: the W+ codes of a profile."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pidiff_cli.errors import InputError
from pidiff_cli.reading.bytes_of import MB, Refused, read_bytes
from pidiff_cli.reading.tensors import check_values, read_header

if TYPE_CHECKING:
    import numpy as np

BYTES = 64 * MB  # 1700 photos in W+ of 18 x 512
PHOTOS, LAYERS, WIDTH = 10_000, 64, 4096
MOST = 1e4  # of a value; W+ codes stay within some tens


@dataclass(frozen=True)
class Identity:
    """W+ codes of one person.

    Attributes:
        codes: (P, L, D) float32, one code a photo.
        weights: (P,) float32, each photo's share in the mean; sums to 1.
        mean: (L, D) float32, the person's code.
        keys: the photo key of each code, in order; empty when unknown.
    """

    codes: np.ndarray
    weights: np.ndarray
    mean: np.ndarray
    keys: tuple[str, ...] = ()


def encode_identity(identity: Identity) -> bytes:
    """The file's bytes. Raises ValueError when the shapes do not fit each other."""
    from safetensors.numpy import save

    codes, weights, mean = identity.codes, identity.weights, identity.mean
    if codes.ndim != 3 or weights.shape != codes.shape[:1] or mean.shape != codes.shape[1:]:
        raise ValueError(f"shapes do not fit: {codes.shape}, {weights.shape}, {mean.shape}")
    tensors = {"codes": codes, "weights": weights, "mean": mean}
    plain = {key: value.astype("float32", order="C") for key, value in tensors.items()}
    return save(plain, metadata={"photos": ",".join(identity.keys)})


def read_identity(path: Path, name: str) -> Identity:
    """Read the file of the profile `name`.

    Raises:
        InputError: it is damaged, or holds values that no code has.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    mend = f"Make it anew: pidiff invert {name}"
    try:
        keys = _check(path)
        found = load(read_bytes(path, BYTES))
    except Refused as error:
        raise InputError(f"{path.name} of {name} is damaged: {error.reason}.", mend) from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise InputError(f"{path.name} of {name} is damaged.", mend) from error
    return Identity(found["codes"], found["weights"], found["mean"], keys)


def _check(path: Path) -> tuple[str, ...]:
    """The photo keys of a file whose every part fits. Raises Refused."""
    told = read_header(path, BYTES)
    codes, mean = told.shapes.get("codes", ()), told.shapes.get("mean", ())
    if told.shapes.keys() != {"codes", "weights", "mean"} or set(told.kinds.values()) != {"F32"}:
        raise Refused(path.name, "codes, weights and mean in float32 are expected")
    sizes_fit = len(codes) == 3 and codes[1:] == mean and told.shapes["weights"] == codes[:1]
    if not (
        sizes_fit and 0 < codes[0] <= PHOTOS and 0 < mean[0] <= LAYERS and 0 < mean[1] <= WIDTH
    ):
        raise Refused(path.name, f"its shapes do not fit: {codes}, {mean}")
    check_values(path, told, MOST)
    keys = tuple(filter(None, told.words.get("photos", "").split(",")))
    if told.words.keys() > {"photos"} or not all(re.fullmatch(r"\w{1,16}", key) for key in keys):
        raise Refused(path.name, "its metadata is no list of photos")
    return keys


def blank_codes(path: Path) -> None:
    """Put the mean in the place of each photo's code, in the bytes that the file has already: a
    kill leaves it whole, and the mean is not touched.

    Raises:
        OSError: the disk refuses.
    """
    try:
        with path.open("r+b") as file:
            told = read_header(path, BYTES)
            (first, _), (low, high) = told.places["codes"], told.places["mean"]
            file.seek(low)
            mean = file.read(high - low)
            for row in range(told.shapes["codes"][0]):
                file.seek(first + row * len(mean))
                file.write(mean)
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return
    except (Refused, KeyError, IndexError):
        return  # unreadable: nobody reads a code from it
