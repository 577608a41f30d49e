"""A LoRA that was trained elsewhere becomes the second part of a profile."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pidiff_cli.core.identity.adapters import LORA
from pidiff_cli.core.identity.lora_files import write_peft
from pidiff_cli.core.identity.lora_foreign import ForeignLora, check_suffix, read_foreign
from pidiff_cli.core.identity.lora_kinds import text_width
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import Profile, profile_folder
from pidiff_cli.reading.lora_config import WEIGHTS
from pidiff_cli.stages.export.lora import BaseLayers, base_layers, origin_of
from pidiff_cli.stages.export.run import ImportResult, lora_result
from pidiff_cli.weights import locate
from pidiff_cli.weights.family import read_header

_AUTO = {768: "sd15", 2048: "sdxl"}


@dataclass(frozen=True)
class FoundLora:
    """A LoRA file, read and checked against a base; nothing is written yet.

    Attributes:
        digest: sha256 of the file.
    """

    lora: ForeignLora
    base: BaseLayers
    digest: str


def find_lora(path: Path, base: str, name: str, home: Path, force: bool) -> FoundLora:
    """Read a LoRA file for a base and a profile; nothing is written yet.

    Args:
        base: its name or path; "auto" tells it by the width of the text states.
        name: of the profile, which may be there. force: it is to be replaced.

    Raises:
        InputError: as `read_foreign`, or the profile would lose what it has.
        UsageError: the file fits several bases.
        MissingWeightError: a base that is not here, and none of the table.
    """
    check_suffix(path)
    if base == "auto":
        base = _told_base(path, home)
    here = base_layers(locate.base_name(base, home), home)
    lora = read_foreign(path, here.unet)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    found = FoundLora(lora, here, digest)
    if not force:
        _check_free(found, profile_folder(home, name))
    return found


def _check_free(found: FoundLora, folder: Path) -> None:
    """Raise InputError where a profile would lose what it has: another LoRA, or its base."""
    if not (folder / "profile.json").is_file():
        return
    profile = Profile(folder)
    before = profile.manifest.base
    family = before.get("family") or before.get("name")
    replace = "Choose another --name, or replace the whole profile: --force"
    if family and family != found.base.family:
        raise InputError(
            f"{profile.name} is tuned on {before.get('name')}, the LoRA is for {found.base.name}.",
            replace,
        )
    own = origin_of(profile).get("sha256")
    if LORA in profile.parts and own != found.digest:
        raise InputError(f"{profile.name} has a LoRA already.", replace)


def put_lora(profile: Profile, found: FoundLora, home: Path) -> ImportResult:
    """Write `lora/` and note what it is: for which base, from elsewhere, what was left out."""
    with profile.changing():
        _write(profile, found)
    layers, left_out = len(found.lora.weights.layers), found.lora.left_out
    return lora_result(profile, home, layers, left_out)


def _write(profile: Profile, found: FoundLora) -> None:
    lora, base = found.lora, found.base
    profile.write_folder(LORA, lambda folder: write_peft(lora.weights, folder))
    if not profile.manifest.base:
        family = {} if base.family == "mini" else {"family": base.family}
        profile.update(base={"name": base.name, **family, "wplus": "off"})
    profile.update_stage(
        LORA, origin="trained elsewhere", dialect=lora.dialect, base=base.name, family=base.family,
        layers=len(lora.weights.layers), left_out=lora.left_out, rank=lora.weights.rank,
        trigger=lora.trigger, sha256=found.digest,
        weights=profile.manifest.files[f"{LORA}/{WEIGHTS}"],
    )  # fmt: skip


def _told_base(path: Path, home: Path) -> str:
    """The base of the table that a LoRA fits; by the width of its text layers, else by all sizes.

    Where none fits it is one whose refusal tells what the file is for.
    """
    width = text_width(read_header(path))
    if width:
        return _AUTO.get(width, "mini" if width in _widths(base_layers("mini", home)) else "sd15")
    fits = [name for name in ("mini", *_AUTO.values()) if _fits(path, name, home)]
    if len(fits) > 1:
        raise UsageError(
            f"{path.name} fits {' and '.join(fits)}.", f"Say which base: --base {fits[0]}"
        )
    return fits[0] if fits else "sd15"


def _widths(base: BaseLayers) -> set[int]:
    return {shape[1] for path, shape in base.unet.linears.items() if path.endswith("attn2.to_k")}


def _fits(path: Path, base: str, home: Path) -> bool:
    try:
        return bool(read_foreign(path, base_layers(base, home).unet))
    except InputError:
        return False
