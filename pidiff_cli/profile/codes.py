"""`identity.safetensors`: the W+ codes of a profile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pidiff_cli.errors import InputError

if TYPE_CHECKING:
    import numpy as np


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
    """Read the file of the profile `name`. Raises InputError when it is damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            keys = tuple(filter(None, (file.metadata() or {}).get("photos", "").split(",")))
            codes, weights, mean = (file.get_tensor(key) for key in ("codes", "weights", "mean"))
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path.name} of {name} is damaged.", f"Make it anew: pidiff invert {name}"
        ) from error
    return Identity(codes, weights, mean, keys)
