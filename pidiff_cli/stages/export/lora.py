"""A profile's second part, the LoRA in `lora/`, as one file for other programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pidiff_cli import files
from pidiff_cli.core.diffusion.unet_layers import unet_layers
from pidiff_cli.core.identity.adapters import LORA
from pidiff_cli.core.identity.lora_files import LoraWeights, read_peft
from pidiff_cli.core.identity.lora_foreign import read_foreign
from pidiff_cli.core.identity.lora_formats import FORMATS, LoraTold
from pidiff_cli.core.identity.lora_names import UnetLayers
from pidiff_cli.errors import InputError, MissingWeightError
from pidiff_cli.profile import Profile
from pidiff_cli.profile.consent import consent_kind
from pidiff_cli.profile.leaving import leaving
from pidiff_cli.reading.lora_config import WEIGHTS
from pidiff_cli.weights import locate
from pidiff_cli.weights.bases import BASES
from pidiff_cli.weights.family import family_of

LOST = (
    "Elsewhere the LoRA changes the whole picture; here it acts only where the person is, and the "
    "identity branch, which no LoRA file can hold, acts with it."
)
_FINE = 0.02  # of a layer's largest change: what rounding to fp16 or bf16 may move


@dataclass(frozen=True)
class BaseLayers:
    """A base by its name, its family, and the layers of its UNet."""

    name: str
    family: str
    unet: UnetLayers


def base_layers(name: str, home: Path, family: str = "") -> BaseLayers:
    """The UNet's layers of a base, whose weights need not be here.

    Args:
        family: of a base that was given by its path and may be gone.

    Raises:
        UsageError, InputError: as `locate.find_diffusers`. MissingWeightError: a base whose
            sizes are not known, and that is not here.
    """
    if name == "mini":
        return BaseLayers(name, name, unet_layers(locate.PACKAGE_WEIGHTS / "diffusers", name))
    try:
        place: Path | None = locate.find_diffusers(name, home)
    except (MissingWeightError, InputError):
        if name not in BASES and not family:
            raise
        place = None
    family = name if name in BASES else family or family_of(place or Path())
    return BaseLayers(name, family, unet_layers(place, family))


def origin_of(profile: Profile) -> dict[str, Any]:
    """What an import noted of the LoRA; empty where another has taken its place since."""
    state = profile.stage_state(LORA)
    return state if state.get("weights") == profile.manifest.files.get(f"{LORA}/{WEIGHTS}") else {}


def write_lora(profile: Profile, kind: str, target: Path, home: Path, title: str) -> str:
    """Write one file, read back before it counts; returns the word for prompts.

    Args:
        kind: of `FORMATS`. title: for the file's header.

    Raises:
        InputError: the profile has no `lora/`, or one that changes nothing or does not fit its
            base.
    """
    manifest = profile.manifest
    if LORA not in profile.parts:
        raise InputError(
            f"{profile.name} has no LoRA, its second part: the identity branch alone is no LoRA.",
            f"Tune one: pidiff tune {profile.name}. Or take the branch: --format diffusers",
        )
    base = manifest.base
    own = locate.recorded_base(str(base.get("name") or "mini"), home)
    here = base_layers(own, home, str(base.get("family") or ""))
    weights = read_peft(profile.stored(LORA))
    if not weights.changes:
        raise _changes_nothing(profile)
    word = origin_of(profile).get("trigger") or manifest.noun
    hint = f"Write {word!r} in the prompt."
    size, date = BASES[here.family].size, manifest.created[:10]
    told = LoraTold(
        title or manifest.name, word, hint, here.family, size, date, consent_kind(manifest)
    )
    content = FORMATS[kind](weights, told, here.unet)
    with leaving(home, target) as (temporary, scratch):
        _check(content, weights, here, scratch / f"{profile.name}.safetensors")
        files.write_file(target, content, temporary=temporary)
    return str(word)


def _changes_nothing(profile: Profile) -> InputError:
    """The refusal where the general branch draws as it is, or no step did good."""
    name = profile.name
    branch = f"Take the branch, which draws {name}: pidiff profile export {name} --format diffusers"
    learn = f"Learn it anew, from other photos: pidiff tune {name} --retune"
    return InputError(
        f"{name} has learnt nothing in its LoRA: the file would change no picture.",
        learn if profile.manifest.base.get("wplus") == "off" else branch,
    )


def _check(content: bytes, weights: LoraWeights, here: BaseLayers, path: Path) -> None:
    """Raise InputError unless the file, read as any other program's, is the same LoRA."""
    files.write_file(path, content)
    again = read_foreign(path, here.unet).weights
    for path_of, layer in weights.layers.items():
        back, own = again.layers.get(path_of), layer.delta()
        if back is None or (back.delta() - own).abs().max() > _FINE * own.abs().max():
            raise InputError(f"Read back, the LoRA of {path.stem} is another one at {path_of}.")
