"""W+ codes of profiles as the stages use them: decode, mix, edit."""

from __future__ import annotations

import difflib
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
from pidiff_cli.core.wplus.weights import load_directions, load_generator, read_sizes
from pidiff_cli.errors import UsageError
from pidiff_cli.profile import Profile
from pidiff_cli.weights.locate import BaseParts

SHORT = {"smile": "mood_corner", "turn": "yaw", "nod": "pitch", "tilt": "roll"}
"""Handy names of edits beside the factors' own."""


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
    name, _, rest = wish.rpartition(":")
    group, _, amount = rest.partition("=")
    if not name or group not in editing.GROUPS:
        raise UsageError(
            f"{wish!r} names no layers of a profile.",
            "Write it so: --style-from bob:fine, or bob:coarse=0.5",
        )
    try:
        share = float(amount) if amount else 1.0
    except ValueError:
        raise UsageError(f"{amount!r} is no amount.", "It can be 0 to 1.") from None
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
        full = SHORT.get(name, name)
        if full not in names:
            near = difflib.get_close_matches(name, [*SHORT, *names], n=3)
            raise UsageError(
                f"There is no edit called {name!r}.",
                f"Near it: {', '.join(near)}" if near else f"For example: {', '.join(SHORT)}",
            )
        code = editing.add_direction(code, directions[names.index(full)], strength)
    return code


def factor_names(folder: Path) -> tuple[str, ...]:
    """What mini's directions are called, in their order, as its weights say."""
    return tuple(read_sizes(folder)["factors"])
