"""A base with a person's adapters on it, loaded or taken over from who was drawn before."""

from __future__ import annotations

from torch import Tensor, nn

from pidiff_cli.core.device import pick_device
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.identity.adapters import load_adapters, swap_adapters
from pidiff_cli.profile import Profile
from pidiff_cli.stages.base import fuse_lora, load_parts
from pidiff_cli.stages.person.loaded import LoadedPerson
from pidiff_cli.weights.locate import BaseParts


def adapted_base(
    profile: Profile,
    parts: BaseParts,
    device: str,
    mean: Tensor | None,
    last: LoadedPerson | None,
) -> tuple[Base, nn.Module]:
    """The base with the person's adapters, if any, and what holds the branch's.

    Args:
        mean: the person's W+ code (L, D).
        last: who was drawn on the same base before, and will not be any more.
    """
    return _swapped(last, profile) or _loaded(profile, parts, device, mean)


def taken_over(
    before: LoadedPerson, profile: Profile, parts: BaseParts, device: str
) -> tuple[Base, nn.Module] | None:
    """The base of who was drawn before, with this person's adapters in place of theirs; None where
    it is another base, device or arithmetic, or the adapters are of other sizes."""
    where, dtype, _ = pick_device(device, family=parts.family)
    if (before.parts, before.base.device, before.base.dtype) != (parts, where, dtype):
        return None
    return _swapped(before, profile)


def _swapped(last: LoadedPerson | None, profile: Profile) -> tuple[Base, nn.Module] | None:
    """The base of who was drawn before with this person's adapters in place of theirs."""
    if last is None or not profile.parts:
        return None
    last.base.rest()
    if not swap_adapters(last.model, last.base.lora, profile.stored):
        return None
    return last.base, last.model


def _loaded(
    profile: Profile, parts: BaseParts, device: str, mean: Tensor | None
) -> tuple[Base, nn.Module]:
    """The base with the person's adapters, if any, and what holds the branch's."""
    tuned = profile.parts
    where, dtype, _ = pick_device(device, family=parts.family)
    begun = mean.shape if mean is not None and "adapter" in tuned else None
    base = load_parts(parts, where, dtype, codes=begun)
    if not tuned or (mean is not None and base.has_branch and not fits(base, mean)):
        return base, base.unet
    model, base.lora = load_adapters(base.unet, profile.stored)
    base.unet.requires_grad_(False)
    fuse_lora(base, parts.family)
    return base, model


def fits(base: Base, mean: Tensor) -> bool:
    """Whether a W+ code is of the size that the base's branch takes."""
    return mean.shape == (base.rows, base.dim)
