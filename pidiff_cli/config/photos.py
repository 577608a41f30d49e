"""Of photos, and of the faces in them: prepare, invert."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pidiff_cli.config.setting import CommonConfig, setting

NOUNS = ("person", "man", "woman", "boy", "girl")
CONSENTS = ("self", "agreed", "synthetic", "unstated")  # as in profile/consent.py


@dataclass(frozen=True, kw_only=True)
class PrepareConfig(CommonConfig):
    """Photos → detected, triaged, aligned and masked faces in a profile."""

    photos: tuple[Path, ...] = setting((), "photos, or folders of photos")
    name: str = setting("", "name of the profile")
    noun: str = setting("person", "what a prompt calls the person", choices=NOUNS)
    min_face: int = setting(96, "smallest face kept, brow to chin", unit="px", low=16, high=4096)
    min_sharpness: float = setting(0.35, "least sharpness kept, 0 to 1", low=0, high=1)
    face_size: int = setting(256, "side of the aligned face", unit="px", low=128, high=1024)
    hold_out: int = setting(
        1,
        "least photos held back for the likeness report; one in five are, none of 3 and fewer; "
        "0 holds none back",
        low=0,
        high=20,
    )
    keep_photos: bool = setting(True, "keep working copies of the photos in the profile")
    max_pixels: int = setting(
        178_000_000, "largest picture decoded", unit="pixels", low=1_000_000, high=2_000_000_000
    )
    person: int = setting(
        0, "whose face: 1 is who most photos show, 2 the next; 0 asks where it is not plain",
        low=0, high=99,
    )  # fmt: skip
    like: Path | None = setting(None, "whose face: the person in this photo")
    consent: str = setting(
        "", "whose face: mine, an adult's who agreed, a made-up person's; asked on a terminal",
        choices=("", *CONSENTS),
    )  # fmt: skip
    faces: tuple[tuple[Path, int], ...] = setting(
        (), "faces chosen by hand: a photo, and which of its faces (0 is the largest)"
    )


@dataclass(frozen=True, kw_only=True)
class InvertConfig(CommonConfig):
    """Aligned faces → W+ codes."""

    name: str = setting("", "profile: a name, or a path to a directory")
    base: str = setting("mini", "base model that they are for")
    refine: int = setting(
        0,
        "steps that bring the codes nearer to the photos; 0 is quick",
        unit="steps",
        low=0,
        high=5000,
    )
    seed: int = setting(0, "seed of those steps", low=0, high=2**31 - 1)
