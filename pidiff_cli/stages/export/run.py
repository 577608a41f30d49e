"""A profile travels: written as one file or for other programs, and read back in."""

from __future__ import annotations

import os
import re
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from pidiff_cli import files
from pidiff_cli.errors import InputError, PidiffError, UsageError
from pidiff_cli.profile import Profile, age, archive, check_name, making, profile_folder
from pidiff_cli.profile.encrypting import decrypted, write_encrypted
from pidiff_cli.profile.leaving import leaving
from pidiff_cli.profile.locked import check_unlocked
from pidiff_cli.profile.steps import StepOf
from pidiff_cli.stages.progress import Progress
from pidiff_cli.values import OWN
from pidiff_cli.weights import locate

LORAS = ("diffusers-lora", "kohya", "comfyui")  # of the second part, the base's own attention
FORMATS = ("pidiff", "peft", "diffusers", *LORAS)
REFUSED = {
    "ip-adapter": "An IP-Adapter file cannot hold {name}: its attention asks with a layer's input, "
    "the identity branch with what the text attention answered, and only where the person is.",
}
INSTEAD = "For a stock diffusers pipeline: pidiff profile export {name} --format diffusers"


@dataclass(frozen=True)
class ExportResult:
    """What was written.

    Attributes:
        profile: its folder. path: the file or folder written. format: of FORMATS.
        photos: whether photos went along. base: the base it needs; None before tuning.
        mb: size, decimal MB. word: of a LoRA, what a prompt calls the person.
    """

    profile: Path
    path: Path
    format: str
    photos: bool
    base: str | None
    mb: float
    word: str | None = None


@dataclass(frozen=True)
class ImportResult:
    """What came in.

    Attributes:
        profile: its folder. name: as it is called here. base: the base it needs; None before
            tuning. base_ready: whether that base is on this machine.
        files: how many. photos: how many of the person.
        layers: of a LoRA, how many came in; left_out: how many modules of what kind did not.
    """

    profile: Path
    name: str
    base: str | None
    base_ready: bool
    files: int
    photos: int
    layers: int = 0
    left_out: dict[str, int] = field(default_factory=dict)


def run_export(
    profile: Profile,
    kind: str,
    out: Path | None,
    photos: bool,
    home: Path,
    progress: Progress,
    title: str = "",
    force: bool = False,
    keys: age.Keys | None = None,
    steps: bool = False,
) -> ExportResult:
    """Write a profile for another place or program, and read it back before it counts.

    Args:
        force: replace an export that is there.
        kind: one of FORMATS, or one that cannot hold a profile and is refused with the reason.
        out: the file or folder to write; inside it, where it is a folder of other things.
        photos: False leaves photos and reports out. Only "pidiff" holds any.
        title: of a LoRA, for its header; the profile's name when empty.
        keys: encrypt a "pidiff" file with them.
        steps: of "pidiff", whether the other kept steps of the tuning go along; not without photos.

    Raises:
        UsageError: a format that cannot hold the identity branch, or none at all.
        InputError: the profile is damaged or in use, has no such part, or the place is taken.
        MissingWeightError: the base that the check needs is not here.
    """
    target = place_of(profile, kind, out, keys is not None)
    if target.exists() and not force:
        raise InputError(f"{target} is there already.", "Replace it: --force. Or another --out.")
    word = None
    with profile.lock() if _is_open(profile.folder) else nullcontext():
        if kind == "pidiff":
            with leaving(home, target) as (temporary, scratch):

                def write_checked(path: Path) -> None:
                    plain = scratch / "plain" if keys else path
                    archive.write_archive(profile, plain, photos, steps)
                    (read := scratch / "read").mkdir(mode=0o700)
                    archive.unpack(plain, read)  # what cannot come in does not go out
                    if keys:
                        write_encrypted(plain, path, keys)

                files.write_file(target, write_checked, temporary=temporary)
        elif kind in LORAS:
            from pidiff_cli.stages.export.lora import write_lora

            word = write_lora(profile, kind, target, home, title)
        else:
            from pidiff_cli.stages.export import diffusers as _interop

            write = _interop.write_peft if kind == "peft" else _interop.write_diffusers
            _interop.export(profile, home, target, write, progress)
    base = profile.manifest.base.get("name")
    kept = photos and kind == "pidiff" and bool(profile.photos)
    size = round(_size(target) / 1e6, 3)
    return ExportResult(profile.folder, target, kind, kept, base, size, word)


def place_of(profile: Profile, kind: str, out: Path | None, encrypted: bool = False) -> Path:
    """The file or folder that an export is written to, as `run_export` takes its arguments.

    Raises:
        UsageError: a format that cannot hold the identity branch, or none at all. InputError: the
            place is taken by something that is no such export.
    """
    name = profile.name
    if kind in REFUSED:
        raise UsageError(REFUSED[kind].format(name=name), INSTEAD.format(name=name))
    if kind not in FORMATS:
        raise UsageError(
            f"There is no format {kind!r}.", f"It can be {', '.join((*FORMATS, *REFUSED))}."
        )
    if encrypted and kind != "pidiff":
        raise UsageError(
            f"Only profile files can be encrypted; other programs could not read a {kind} file.",
            f"Encrypt it by itself: age -p -o {name}.age FILE",
        )
    step = f"-{profile.step}" if isinstance(profile, StepOf) else ""
    return _place(out, name + step + _ending(kind) + age.SUFFIX * encrypted, kind)


def check_steps(kind: str, step: int, every: bool, photos: bool) -> None:
    """Raise UsageError where kept steps cannot go along as asked.

    Args:
        step: one in the place of the one that draws, or ``OWN``. every: all of them.
    """
    if step != OWN and kind == "pidiff":
        raise UsageError(
            "A profile file holds the step that draws; --checkpoint is for other programs.",
            "All kept steps go along with: --with-checkpoints",
        )
    if every and kind != "pidiff":
        raise UsageError(
            f"A {kind} export holds one step.", "Choose which: --checkpoint STEP, once for each"
        )
    if every and not photos:
        raise UsageError(
            "A step that learnt for long may hold a photo nearly as it is: other steps than the "
            "one that draws go along with the photos alone.",
            "Leave out --no-photos or --with-checkpoints.",
        )


def is_lora(path: Path) -> bool:
    """Whether a file to import is a LoRA (or a pickle, refused as one); else it is a profile."""
    if path.suffix.lower() in (".safetensors", *archive.PICKLES):
        return True
    try:
        with path.open("rb") as file:
            return file.read(9)[8:] == b"{"  # safetensors: 8 bytes of length, then JSON
    except OSError:
        return False


def name_of(path: Path) -> str:
    """A profile's name made of a LoRA file's."""
    return re.sub(r"[^\w-]+", "-", path.stem).strip("-_")[:64]


def lora_result(
    profile: Profile, home: Path, layers: int, left_out: dict[str, int]
) -> ImportResult:
    """What came in with a LoRA and photos."""
    manifest = profile.manifest
    base = manifest.base.get("name")
    return ImportResult(
        profile.folder, profile.name, base, base is None or _is_here(base, home),
        len(manifest.files), len(manifest.photos), layers, left_out,
    )  # fmt: skip


def run_import(
    path: Path, home: Path, name: str = "", force: bool = False, keys: age.Keys | None = None
) -> ImportResult:
    """Read a profile file in, whole or not at all.

    Args:
        name: what it is called here; its own name when empty.
        force: replace a profile of that name.
        keys: what an encrypted one opens with; `age.kind_of` tells it.

    Raises:
        InputError: the file is refused (see `archive.unpack`), or the name is taken.
    """
    if keys is None:
        return _import(path, home, name, force)
    with leaving(home, path) as (_, scratch):
        (scratch / "plain").mkdir(mode=0o700)
        plain = scratch / "plain" / path.name.removesuffix(age.SUFFIX)
        decrypted(path, plain, keys)
        name = name or archive.peek(plain).name
        return _import(plain, home, name, force)


def _import(path: Path, home: Path, name: str, force: bool) -> ImportResult:
    name = name or archive.peek(path).name
    check_name(name)
    folder = profile_folder(home, name)
    _check_free(folder, name, path, force)
    with making(folder, force) as aside, files.private_writing():
        archive.unpack(path, aside, name)
    manifest = Profile(folder).manifest
    base = manifest.base.get("name") or None
    return ImportResult(
        folder, name, base, base is None or _is_here(base, home), len(manifest.files),
        len(manifest.photos),
    )  # fmt: skip


def _ending(kind: str) -> str:
    """What an export's name ends in."""
    if kind == "pidiff":
        return archive.SUFFIX
    return f"-{kind}.safetensors" if kind in LORAS else f"-{kind}"


def _place(out: Path | None, default: str, kind: str) -> Path:
    """Where to write; never over something that is not an export of this kind."""
    target = files.expanded(out or Path(default))
    if target.is_dir() and not _is_export(target, kind):
        target = target / default
    if kind in LORAS and target.suffix != ".safetensors":  # other programs go by it
        target = target.with_name(f"{target.name}.safetensors")
    files.can_be_folder(target.parent)
    if not target.exists() or _is_export(target, kind):
        return target
    raise InputError(f"{target} is there already and is no such export.", "Choose another --out.")


def _is_export(path: Path, kind: str) -> bool:
    if kind in LORAS:
        return path.is_file() and _is_our_lora(path)
    if kind != "pidiff":
        from pidiff_cli.stages.export.diffusers import FILES

        inside = {item.name for item in path.iterdir()} if path.is_dir() else set()
        return bool(inside) and inside <= set(FILES[kind])
    try:
        if path.name.endswith(age.SUFFIX):
            return path.is_file() and bool(age.kind_of(path))
        return path.is_file() and bool(archive.peek(path))
    except InputError:
        return False


def _is_our_lora(path: Path) -> bool:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            return (file.metadata() or {}).get("pidiff", "").startswith("lora ")
    except (OSError, SafetensorError):
        return False


def _check_free(folder: Path, name: str, path: Path, force: bool) -> None:
    check_unlocked(folder)
    if folder.exists() and not force:
        raise InputError(
            f"A profile named {name} is there already.",
            f"Keep both: pidiff profile import {path.name} --name OTHER. Replace it: --force",
        )


def _is_open(folder: Path) -> bool:
    """Whether anybody could change the profile: where nobody may write it needs no lock."""
    return os.access(folder, os.W_OK) and os.access(folder.parent, os.W_OK)


def _is_here(base: str, home: Path) -> bool:
    """Whether a base can be drawn with now."""
    try:
        locate.base_parts(locate.recorded_base(base, home), home)
    except PidiffError:
        return False
    return True


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(item.stat().st_size for item in files if item.is_file())
