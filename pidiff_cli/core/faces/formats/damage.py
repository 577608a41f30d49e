"""What the readers of published network files share: files read within limits, one error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.errors import InputError, MissingWeightError

#: Bytes of the largest file that is read whole; SFace as float32 has 38.7 MB.
LARGEST = 64 << 20
#: Entries of any list in a file: nodes, tensors, fields of a message.
MOST = 8192

Read = TypeVar("Read")


class Damaged(ValueError):
    """The bytes are not what the format says, or say what is not known here."""


def read_whole(path: Path, parse: Callable[[bytes], Read], what: str) -> Read:
    """A published file through `parse`, which may raise Damaged.

    Args:
        what: the network in the user's words.

    Raises:
        MissingWeightError: no such file.
        InputError: too large, damaged, or another kind of file; says where it goes wrong.
    """
    if not path.is_file():
        raise MissingWeightError(f"{path} is missing.", "Check the path.")
    try:
        if path.stat().st_size > LARGEST:
            raise Damaged(f"it has more than {LARGEST >> 20} MB")
        return parse(path.read_bytes())
    except (Damaged, OSError) as error:
        raise InputError(
            f"{path.name} is damaged, or not {what}: {error}.",
            "Fetch it again, then compare its size or sha256.",
        ) from error


def as_weight(value: np.ndarray) -> Tensor:
    """Weights as float32 memory of their own; raises Damaged where one is no number."""
    with np.errstate(over="ignore", invalid="ignore"):
        own = np.array(value, np.float32)
    if not np.isfinite(own).all():
        raise Damaged("some of its weights are no numbers")
    return torch.from_numpy(own)
