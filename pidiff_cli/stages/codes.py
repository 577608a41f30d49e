"""W+ codes of profiles as the stages use them: decode, mix, edit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.core.images import to_uint8
from pidiff_cli.core.wplus import editing
from pidiff_cli.core.wplus.directions import apply_edits
from pidiff_cli.core.wplus.directions import load_directions as published_directions
from pidiff_cli.core.wplus.stylegan2 import Generator
from pidiff_cli.core.wplus.weights import load_directions, load_generator
from pidiff_cli.profile import Profile
from pidiff_cli.stages.edits import factor_names, full_name
from pidiff_cli.values import style_layers
from pidiff_cli.weights.locate import BaseParts


@dataclass(frozen=True)
class Decoder:
    """A base's StyleGAN2 generator and mean code (L, D)."""

    net: Generator
    mean: Tensor

    @classmethod
    def open(cls, wplus: Path) -> Decoder:
        """Of the W+ networks' folder. Raises MissingWeightError when it is not there."""
        return cls(*load_generator(wplus))

    def pictures(self, codes: Tensor) -> np.ndarray:
        """W+ codes (B, L, D) to faces (B, S, S, 3) uint8."""
        with torch.no_grad():
            made = [self.net.synthesise(part) for part in codes.split(8)]
        return to_uint8(torch.cat(made))


def code_of(profile: Profile) -> Tensor:
    """The person's W+ code (L, D). Raises InputError when there is none."""
    return torch.from_numpy(np.array(profile.load_identity().mean))


def mixed_from(code: Tensor, wish: str, home: Path) -> Tensor:
    """A code with layers of another profile: ``bob:fine`` or ``bob:fine=0.5``."""
    name, group, share = style_layers(wish)
    return editing.mix(code, code_of(Profile.open(name, home)), [group], share)


def edited(code: Tensor, edits: tuple[tuple[str, float], ...], parts: BaseParts) -> Tensor:
    """A code (L, D) moved along the base's directions, one (name, strength) after another.

    Raises:
        MissingWeightError: the W+ networks are not here. UsageError: no such edit.
    """
    wplus = parts.need_wplus("--edit")
    if parts.family != "mini":
        return apply_edits(code, edits, published_directions(wplus / "directions", *code.shape))
    directions, names = load_directions(wplus), factor_names(wplus)
    for name, strength in edits:
        place = names.index(full_name(name, names))
        code = editing.add_direction(code, directions[place], strength)
    return code
