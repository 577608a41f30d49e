"""What a drawing's settings ask for, looked up before anything is loaded; knows no torch.

A configuration alone says whether a value can be; here is whether it can be on this machine, with
this profile and this base: device, sampler, size, edits, another person's layers, a likeness that
can be measured, a folder that can be written. What is found out only later is told by the stages.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pidiff_cli.config import SIZE_UNIT, DrawingConfig, StylemixConfig
from pidiff_cli.core.diffusion.schedulers import check_scheduler
from pidiff_cli.core.faces.choice import choose_face_models, holds
from pidiff_cli.core.sniff import holds_text
from pidiff_cli.errors import InputError, MissingWeightError, UsageError
from pidiff_cli.files import can_be_folder, said
from pidiff_cli.marks.keys import known_credential
from pidiff_cli.marks.marker import NONE
from pidiff_cli.profile import Profile, profile_folder
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import read_json
from pidiff_cli.safety.prompts import check_prompts
from pidiff_cli.stages.edits import check_edits
from pidiff_cli.stages.noun import check_noun
from pidiff_cli.values import style_layers
from pidiff_cli.weights.locate import BaseParts
from pidiff_cli.weights.nudity import check_nudity

_CONFIGS = Path(__file__).parents[1] / "core" / "diffusion" / "configs"  # of single files


def check_drawing(
    config: DrawingConfig, profile: Profile, parts: BaseParts, recorded: bool = False
) -> None:
    """Everything of a drawing that can be known before a weight is read.

    Args:
        recorded: it is drawn again, and earlier versions had more edits.

    Raises:
        UsageError, InputError, MissingWeightError: as the stages would, later; InputError for an
            intimate prompt, too.
    """
    noun = getattr(config, "noun", "") or profile.manifest.noun
    check_prompts((*getattr(config, "prompts", ()), getattr(config, "prompt", "")), noun)
    check_scheduler(getattr(config, "scheduler", ""))
    check_size(config.size, parts)
    if profile.parts:
        check_tuned_on(profile, parts)
    edits, style = getattr(config, "edits", ()), getattr(config, "style_from", "")
    if edits or style:
        check_has_code(profile)
    if edits:
        parts.need_wplus("--edit")
        check_edits([name for name, _ in edits], parts, recorded)
    if style:
        check_same_space(profile, Profile.open(style_layers(style)[0], config.home))
    if getattr(config, "best", 0) or getattr(config, "min_likeness", 0):
        check_measurable(config, profile, has_networks(parts), has_faces(profile))
    check_signing(config)
    if parts.family != "mini" and getattr(config, "nudity_filter", False):
        check_nudity(config.home)
    can_be_folder(Path(getattr(config, "out", ".")))


def check_mixing(a: Profile, b: Profile, config: StylemixConfig, parts: BaseParts) -> None:
    """Everything of a style mix that can be known before a weight is read.

    Raises:
        InputError: no code, codes of different bases, the name is taken. MissingWeightError: the
            W+ networks are not here. UsageError: a size that the base cannot draw.
    """
    there = profile_folder(config.home, config.name)
    if config.name and not config.force and there.exists():
        raise InputError(
            f"A profile named {there.name} is there already.",
            "Take another --name, or replace it: --force",
        )
    for profile in (a, b):
        if profile.manifest.base.get("wplus") == "off":
            raise InputError(
                f"{profile.name} was learnt without W+ networks, and style mixes need them.",
                f"Learn with them: pidiff tune {profile.name} --wplus on --retune",
            )
    parts.need_wplus("stylemix")
    check_same_space(a, b)
    check_signing(config)
    if config.prompt:
        check_drawing(config, a, parts)
    can_be_folder(config.out)


def check_signing(config: DrawingConfig) -> None:
    """Raise InputError where pictures are to be signed with a certificate that cannot be used."""
    if getattr(config, "mark", NONE) != NONE:
        known_credential(config.home)


def check_inverting(profile: Profile, parts: BaseParts, asked: bool) -> None:
    """What can be known before faces are read into codes.

    Args:
        asked: codes of other settings than those that may be there.

    Raises:
        InputError: no photos to make codes of. MissingWeightError: no W+ networks.
    """
    parts.need_wplus("invert")
    if not has_faces(profile) and (asked or not profile.has_code()):
        raise InputError(
            f"{profile.name} holds no photos.",
            f"Give it some: pidiff prepare PHOTOS --name {profile.name} --force",
        )


def check_learning(profile: Profile | None, parts: BaseParts, anew: bool, noun: str | None) -> None:
    """What can be known of a tuning before photos are read.

    Args:
        profile: the one that goes on; None where it is made anew. anew: the tuning begins again.

    Raises:
        InputError: no photo, or it is tuned on another base. UsageError: as another noun.
    """
    if profile is None:
        return
    if not any(not photo.held_out for photo in profile.photos):
        raise InputError(
            f"{profile.name} holds no photo to learn from.",
            f"Add some: pidiff tune PHOTOS --name {profile.name}",
        )
    check_base(profile, parts, anew)
    check_noun(profile, noun, anew)


def check_is_made(profile: Profile, **asked: object) -> None:
    """Raise UsageError for options of a profile that is made of photos now, where one is given.

    Args:
        asked: option → whether it was given, or its value.
    """
    given = [f"--{name.replace('_', '-')}" for name, value in asked.items() if value]
    if given:
        name = profile.name
        raise UsageError(
            f"{' and '.join(given)} say how a profile is made of photos; {name} is one already.",
            f"Give the photos and --name {name}. To tune anew: pidiff tune {name} --restart",
        )


def check_tuned_on(profile: Profile, parts: BaseParts) -> None:
    """Raise InputError for a profile whose adapter belongs to a base of another family."""
    base = profile.manifest.base
    family = base.get("family") or base.get("name")
    if family and family != parts.family:
        raise InputError(
            f"{profile.name} was tuned on {base.get('name')}, not on {parts.name}.",
            f"Draw with --base {base.get('name')}, or tune it anew: "
            f"pidiff tune {profile.name} --base {parts.name} --retune",
        )


def check_base(profile: Profile, parts: BaseParts, replace: bool, weights: str = "") -> None:
    """Raise InputError where a tuning on another base would be lost without a word.

    Another base is one of another family, or another checkpoint (``weights`` is its fingerprint)
    under another name; the same name with newer weights is not. ``replace``: it is to be lost.
    """
    before = profile.manifest.base
    family = before.get("family") or before.get("name")
    other = bool(family) and family != parts.family
    if weights and before.get("fingerprint"):
        other = other or (before["fingerprint"] != weights and before.get("name") != parts.name)
    if profile.parts and other and not replace:
        raise InputError(
            f"{profile.name} is tuned on {before.get('name')}; a profile holds one tuning.",
            f"Replace it: pidiff tune {profile.name} --base {parts.name} --retune",
        )


def check_has_code(profile: Profile) -> None:
    """Raise InputError where edits and layers of others have no W+ code to work on."""
    learnt = profile.manifest.base.get("wplus") != "off"
    if not learnt and "lora" in profile.parts:
        name = profile.name
        raise InputError(
            f"{name} was learnt without W+ networks, and edits and style mixes need them.",
            f"Leave out --edit and --style-from, or: pidiff tune {name} --wplus on --retune",
        )


def check_same_space(a: Profile, b: Profile) -> None:
    """Raise InputError unless two people's W+ codes are there and of one base."""
    first, second = a.load_identity().mean.shape, b.load_identity().mean.shape
    if first != second:
        raise InputError(
            f"{a.name} and {b.name} have codes of other bases ({first} and {second}).",
            "Mix two profiles that were made with the same base.",
        )


def check_measurable(
    config: Any, profile: Profile, networks: bool | None, faces: bool | None
) -> None:
    """Raise where pictures are to be kept by a likeness that cannot be measured.

    Args:
        config: a GenerateConfig. networks: whether face networks are here; None where that is not
            known yet. faces: whether the profile holds faces to compare with.
    """
    asked = "--min-likeness" if config.min_likeness else "--best"
    if networks is False:
        raise MissingWeightError(
            f"{asked} needs face networks to measure the likeness; there are none here.",
            "Fetch them once: pidiff models pull faces",
        )
    if faces is False:
        raise InputError(
            f"{asked} compares with photos, and {profile.name} holds none.",
            f"Draw without {asked}.",
        )


def has_networks(parts: BaseParts) -> bool | None:
    """Whether networks that compare faces are here; None where only opening them tells."""
    if parts.family == "mini" or not choose_face_models(parts.faces).real or holds(parts.faces):
        return None
    return False


def has_faces(profile: Profile) -> bool:
    """Whether a profile holds an aligned face."""
    return any(photo.face and profile.stored(photo.face).is_file() for photo in profile.photos)


def size_unit(parts: BaseParts) -> int | None:
    """Pixels that a picture's side must be a multiple of; None where the files do not say."""
    try:
        unet, vae = (_config_of(parts, name) for name in ("unet", "vae"))
        blocks = vae.get("encoder_block_out_channels") or vae["block_out_channels"]
        return int(2 ** (len(blocks) - 1 + len(unet["block_out_channels"]) - 1))
    except (Refused, ValueError, KeyError, TypeError, AttributeError):
        return None


def _config_of(parts: BaseParts, name: str) -> dict[str, Any]:
    """One network's configuration: of a diffusers folder, or of a single file's family."""
    if parts.diffusers.is_dir():
        return read_json(parts.diffusers / name / "config.json", dict[str, Any])
    return read_json(_CONFIGS / f"{parts.family}.json", dict[str, Any])[name]


def only_side(parts: BaseParts) -> int | None:
    """The one side in px that a base draws at; None where it is free to choose.

    mini never saw its pieces in other proportions: above 128 px it fuses several heads.
    """
    try:
        sizes = _config_of(parts, "unet") if parts.family == "mini" else {}
    except Refused:  # who loads it says what is missing
        return None
    return int(sizes["sample_size"]) * SIZE_UNIT if "sample_size" in sizes else None


def check_size(size: int, parts: BaseParts) -> None:
    """Raise UsageError for a side that the base does not draw."""
    if (side := only_side(parts)) is not None:
        if size < side:
            raise UsageError(
                f"size is {size}; {parts.name} draws at {side} px, and {side} px is the least.",
                f"Leave out --size, or take more: {2 * side} is enlarged from {side}.",
            )
        return
    unit = size_unit(parts)
    if unit and size % unit:
        raise UsageError(
            f"size is {size}; it must be a multiple of {unit} here.",
            f"Take {max(unit, round(size / unit) * unit)}.",
        )


def check_pictures(photos: Sequence[Path], like: Path | None = None) -> None:
    """Say before anything is loaded that a list, a note or a settings file is no photo.

    Args:
        photos: files and folders; where there are others among them, those are told later.
        like: the photo of who is meant.

    Raises:
        InputError: all that was given is text, or ``like`` is.
    """
    files = [path for path in photos if path.is_file()]
    wrong = files if len(files) == len(photos) and all(map(_text, files)) else []
    wrong += [like] if like is not None and like.is_file() and _text(like) else []
    if wrong:
        raise InputError(
            f"{said(wrong[0])} is no picture: it holds text.",
            "Photos are files like .jpg, .png, .webp, .heic, .tif, or a folder of them.",
        )


def _text(path: Path) -> bool:
    try:
        return holds_text(path)
    except OSError:
        return False  # told where it is read
