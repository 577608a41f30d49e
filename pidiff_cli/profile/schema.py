"""What `profile.json` may hold, by schema number; a released schema stays here as it is.

Keys that a schema does not know are refused, in every part but two: settings of a recipe and of a
mix are names with single values, since every version has its own.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import fitted

MOST = 1e12  # of any number in a manifest
Number = Annotated[float, Meta(ge=-MOST, le=MOST)]
Count = Annotated[int, Meta(ge=0, le=10_000_000_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Word = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=4000)]
Key = Annotated[str, Meta(pattern=r"^\w{1,16}\Z")]
Place = Annotated[str, Meta(max_length=201)]  # `manifest.path_fault` looks at it
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Setting = Annotated[str, Meta(pattern=r"^[\w-]{1,64}\Z")]
Value = str | Number | bool | None
Settings = dict[Setting, Value | Annotated[list[Value], Meta(max_length=100)]]
Likeness = dict[Setting, Number | bool | Word | None]


class _Strict(Struct, forbid_unknown_fields=True, frozen=True):
    pass


class Info1(_Strict, frozen=True):
    """Of a photo: face box, sharpness, turn of the head, likeness, place of the face (px)."""

    box: Annotated[list[Number], Meta(min_length=4, max_length=4)] | None = None
    approximate: bool = False
    sharpness: Number | None = None
    turn: Number | None = None
    likeness: Number | None = None
    place: Annotated[list[Number], Meta(min_length=3, max_length=3)] | UnsetType = UNSET


class Photo1(_Strict, frozen=True):
    """As `manifest.Photo`."""

    key: Key
    source: Annotated[str, Meta(max_length=1000)]
    quality: Share = 1.0
    held_out: bool = False
    face: Place = ""
    mask: Place = ""
    picture: Place = ""
    picture_mask: Place = ""
    info: Info1 = Info1()


class Base1(_Strict, frozen=True):
    """The base it was tuned on."""

    name: Text | None = None
    fingerprint: Word | None = None
    family: Word | None = None
    identity: Word | None = None
    wplus: Word | None = None
    licences: Annotated[dict[Word, Text], Meta(max_length=100)] | None = None


class Prepare1(_Strict, frozen=True):
    """Of `prepare`: hashes of the photos, what came of each, who was asked for."""

    inputs: Annotated[list[Sha256], Meta(max_length=100_000)] | UnsetType = UNSET
    kept: Annotated[list[list[str | Number | bool | list[Text]]], Meta(max_length=100_000)] = []
    rejected: Annotated[list[tuple[Text, Text]], Meta(max_length=100_000)] = []
    advice: Text = ""
    world: Word = ""
    whose: dict[Word, Sha256 | Count] = {}


class Invert1(_Strict, frozen=True):
    """Of `invert`."""

    base: Text = "mini"
    refine: Count = 0
    photos: Annotated[list[Key], Meta(max_length=100_000)] = []
    seed: Count = 0
    preview: Place | None = None
    likeness: Number | None = None


class Result1(_Strict, frozen=True):
    """Of a finished tuning."""

    steps: Count
    base: Text = ""
    recipe: Word = ""
    seconds: Number = 0.0
    peak_mb: Number = 0.0
    likeness: Likeness = {}


class Kept1(_Strict, frozen=True):
    """Of a step whose parts are there: what its previews said."""

    step: Count
    likeness: Number | None = None
    held_out: Number | None = None
    text_loss: Number | None = None


class Tune1(_Strict, frozen=True):
    """Of `tune`, begun or done; ``chosen`` is the step that draws, one of ``kept``."""

    done: bool = False
    digest: Word = ""
    recipe: Word = ""
    base: Text = ""
    by_hand: Settings = {}
    result: Result1 | None = None
    planned: Count = 0
    photos: Annotated[list[Key], Meta(max_length=100_000)] | None = None
    kept: Annotated[list[Kept1], Meta(max_length=1000)] | UnsetType = UNSET
    chosen: Count | UnsetType = UNSET


class Lora1(_Strict, frozen=True):
    """Of a LoRA that was trained elsewhere."""

    origin: Text = ""
    dialect: Word = ""
    base: Text = ""
    family: Word = ""
    layers: Count = 0
    left_out: dict[Text, Count] = {}
    rank: Count = 0
    trigger: Word = ""
    sha256: Word = ""
    weights: Word = ""


class Stages1(_Strict, frozen=True):
    """What each stage noted."""

    prepare: Prepare1 = Prepare1()
    invert: Invert1 = Invert1()
    invert_draft: Invert1 | UnsetType = UNSET  # of codes that a tuning under way learns with
    tune: Tune1 = Tune1()
    lora: Lora1 = Lora1()
    stylemix: Settings = {}


class Manifest1(_Strict, frozen=True):
    """Schema 1."""

    name: Word
    noun: Word
    id: Annotated[str, Meta(pattern=r"^[\w-]{1,64}\Z")]
    created: Annotated[str, Meta(max_length=64)]
    schema: int = 1
    base: Base1 = Base1()
    recipe: Settings = {}
    consent: Text = ""
    consented: Annotated[str, Meta(max_length=64)] = ""
    photos: Annotated[list[Photo1], Meta(max_length=10_000)] = []
    stages: Stages1 = Stages1()
    files: Annotated[dict[Place, Sha256], Meta(max_length=40_000)] = {}
    pending: Annotated[list[Place], Meta(max_length=40_000)] = []


SCHEMAS: dict[int, Any] = {1: Manifest1}


def check_manifest(data: dict[str, Any], schema: int) -> None:
    """Raise Refused unless a manifest's JSON values are what its schema says."""
    found = fitted(data, SCHEMAS[schema], "profile.json")
    for item in found.stages.prepare.kept:
        if not _is_kept(item):
            raise Refused("profile.json", "a kept photo is told otherwise than by name and quality")
    for name in ("held_out", "learnt_from", "photos"):
        result = found.stages.tune.result
        value = result.likeness.get(name) if result else None
        if isinstance(value, (str, bool)):
            raise Refused("profile.json", f"the likeness {name} is no number")
    for settings in (data.get("recipe") or {}, (data.get("base") or {})):
        if not isinstance(settings.get("name") or "", str):
            raise Refused("profile.json", "a name is no text")


def _is_kept(item: list[Any]) -> bool:
    kinds: tuple[Any, ...] = (str, (int, float), bool, list)
    return 2 <= len(item) <= 4 and all(isinstance(v, k) for v, k in zip(item, kinds))
