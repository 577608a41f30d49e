"""The manifest of a profile that travels: no path of a machine, no original file name, and where
the photos stay behind not a word of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import PurePosixPath
from typing import Any

from pidiff_cli.profile.forgotten import without_photos
from pidiff_cli.profile.manifest import Manifest
from pidiff_cli.profile.parts import STEPS, without_steps

_STAYS = ("tune", "lora", "stylemix")  # states of stages that say nothing of single photos
_PATH = re.compile(r"[/~\\]|\.\.?[/\\]|[A-Za-z]:[/\\]|.*\\")


def portable(manifest: Manifest, files: dict[str, str]) -> Manifest:
    """The manifest without paths (a base given by its file has that file's name)."""
    values = asdict(manifest)
    plain = {key: _mapped(values[key], _pathless) for key in ("base", "recipe", "stages")}
    return replace(manifest, files=dict(files), pending=(), **plain)


def leaving_home(manifest: Manifest, photos: bool, files: dict[str, str]) -> Manifest:
    """What an export says: with photos they are named by their keys, without none is told of; of
    other steps of the tuning only where their files go along."""
    if not any(name.startswith(f"{STEPS}/") for name in files):
        manifest = replace(manifest, stages=without_steps(manifest.stages))
    if photos:
        return portable(_renamed(manifest), files)
    bare = without_photos(manifest)
    stages = {key: bare.stages[key] for key in _STAYS if key in bare.stages}
    return portable(replace(bare, stages=stages), files)


def _renamed(manifest: Manifest) -> Manifest:
    """Photos and those that were left out under names that say nothing, wherever they are told."""
    names = {photo.source: f"{photo.key}.png" for photo in manifest.photos}
    told = manifest.stages.get("prepare", {})
    others = [item[0] for part in ("kept", "rejected") for item in told.get(part, ())]
    for number, name in enumerate(dict.fromkeys(map(str, others)), start=1):
        names.setdefault(name, f"left-out-{number}.png")
    names.pop("", None)
    if not names:
        return manifest
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    anywhere = re.compile(rf"(?<![\w.-])({words})(?![\w-])")

    def nameless(text: str) -> str:
        return anywhere.sub(lambda found: names[found[0]], text)

    photos = tuple(
        replace(photo, source=f"{photo.key}.png", info=_mapped(photo.info, nameless))
        for photo in manifest.photos
    )
    return replace(manifest, photos=photos, stages=_mapped(manifest.stages, nameless))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """JSON values with every text changed."""
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mapped(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _pathless(text: str) -> str:
    if not _PATH.match(text):
        return text
    return PurePosixPath(text.replace("\\", "/").rstrip("/")).name or "base"
