"""What stages return. The fields are the keys of the JSON that `--json` prints, a contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Kept:
    """A photo that was kept.

    `file` is the path it was read from, `quality` 0 to 1, `held_out` whether it is held back for
    the likeness report, `notes` what is worth knowing of it.
    """

    file: str
    quality: float
    held_out: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RejectedPhoto:
    """A photo that was not kept, and why, in the words a person reads."""

    file: str
    reason: str


@dataclass(frozen=True)
class PrepareResult:
    """Result of `prepare`: the profile's folder, what was kept, and which photo to add next.

    `sheet` is a picture of all photos, with the faces that were seen in them, None where no working
    copies are kept; `world` is "photographs" or "drawings", by what the photos are.
    """

    profile: Path
    kept: tuple[Kept, ...]
    rejected: tuple[RejectedPhoto, ...]
    advice: str = ""
    sheet: Path | None = None
    world: str = ""


@dataclass(frozen=True)
class InvertResult:
    """Result of `invert`: the preview strip, and the likeness of redrawn to photographed faces.

    `likeness` is a mean cosine in [-1, 1], None where no embedder is at hand.
    """

    profile: Path
    preview: Path | None
    likeness: float | None


@dataclass(frozen=True)
class PlanResult:
    """Result of `tune --dry-run`: how the tuning would be computed.

    Attributes:
        size: of the pictures, px. batch: pictures a step.
        plan: "at_once", "checkpointing", "parked", "tiled", "nf4", "peak_mb", "free_mb";
            decimal MB, 0 where the base's sizes are unknown; "others_mb" of the card, "seconds"
            of all steps as measured here before, or None.
    """

    base: str
    recipe: str
    size: int
    batch: int
    plan: dict[str, Any]


@dataclass(frozen=True)
class TuneResult:
    """Result of `tune`.

    Attributes:
        steps: steps done in all, resumed ones among them.
        seconds: of training. peak_mb: largest memory, decimal MB (resident, or CUDA's).
        likeness: mean cosines or None: "held_out" photos, or "learnt_from" where none was held
            back; "photos", the person's own among themselves; other measures beside them.
        report: the HTML report; None where it is not there, after an import.
    """

    profile: Path
    base: str
    recipe: str
    steps: int
    seconds: float
    peak_mb: float
    likeness: dict[str, Any] = field(default_factory=dict)
    report: Path | None = None


@dataclass(frozen=True)
class RejectedPicture:
    """A picture that was drawn and not kept, and why, in the words a person reads."""

    prompt: str
    seed: int
    likeness: float | None
    reason: str


@dataclass(frozen=True)
class Picture:
    """One picture that was drawn; `likeness` is None where it was not measured."""

    path: Path
    prompt: str
    seed: int
    likeness: float | None = None


@dataclass(frozen=True)
class PromptNote:
    """What was told of a prompt: words that were cut, not known (with what comes nearest), or read
    as something else. `prompt` is as it was typed; "" of the negative one."""

    prompt: str
    text: str


@dataclass(frozen=True)
class GenerateResult:
    """Result of `generate`: the pictures in order, the kept ones only; and those that fell.

    `gallery` is the page that shows them, where one was asked for; `notes` is what was told of the
    prompts.
    """

    images: tuple[Picture, ...]
    fell: tuple[RejectedPicture, ...] = ()
    gallery: Path | None = None
    notes: tuple[PromptNote, ...] = ()


@dataclass(frozen=True)
class GalleryPicture:
    """One picture of a gallery.

    Attributes:
        kind: "drawn", which `again` can draw again; "mix", of stylemix; "other", without a record.
        prompt: "" and seed: None without a record. profile: the person's name, as far as known.
        likeness: None where it was not measured. date: of the file, seconds (Unix).
    """

    path: Path
    kind: str
    prompt: str
    seed: int | None
    profile: str
    likeness: float | None
    date: int


@dataclass(frozen=True)
class GalleryResult:
    """Result of `gallery`: the page, its pictures (newest first), and files that it left out."""

    page: Path
    pictures: tuple[GalleryPicture, ...]
    left_out: tuple[RejectedPhoto, ...] = ()


@dataclass(frozen=True)
class EvaluateResult:
    """Result of `evaluate`.

    Attributes:
        measures: name -> {"value", "plus_minus", "beside", "beside_is", "why"}; a value is None
            where it was not measured, and "why" says why.
        prompts, seeds: the pictures' means by prompt and by seed. pictures: one row a picture.
        report: the HTML page. table: the same numbers as JSON.
        gates: as in `JudgeResult`, with what is measured here.
    """

    profile: Path
    base: str
    measures: dict[str, dict[str, Any]]
    prompts: tuple[dict[str, Any], ...]
    seeds: tuple[dict[str, Any], ...]
    pictures: tuple[dict[str, Any], ...]
    report: Path
    table: Path
    gates: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class JudgeResult:
    """Result of `judge_pictures`, the judge of pictures that any program made.

    A measure is {"value", "low", "high", "n", "beside", "why"}: mean over pictures, 95 % interval,
    pictures that count, yardsticks by name; the value is None where it was not measured, and "why"
    says why.

    Attributes:
        verdict: what the numbers say, a sentence each.
        sets: {"name", "pictures", "against", "likeness_against", "measures", "encoders", "people",
            "each", "nearer_than_own_photos", "left_out"} of each folder, profile or step; sets with
            the same "against" share their photos; "encoders" has what depends on the encoder by
            its name, "each" a row for every picture.
        differences: of every two sets in every measure, with an interval.
        gates: {"gate", "of", "value", "passed", "why", "told"}; passed: whether all of them were.
        people: {"name", "learnt_from", "held_out", "spread", "left_out", "unsure"}.
        world: "photographs" or "drawings", as the people's photos were taken for.
        encoders: {"name", "file", "sha256", "same"}, the first is the one that "measures" and
            verdict speak of; text_scorer: likewise, or None.
        report: the HTML page. table: the same numbers as JSON.
    """

    verdict: tuple[str, ...]
    sets: tuple[dict[str, Any], ...]
    differences: tuple[dict[str, Any], ...]
    gates: tuple[dict[str, Any], ...]
    people: tuple[dict[str, Any], ...]
    world: str
    encoders: tuple[dict[str, Any], ...]
    text_scorer: dict[str, Any] | None
    passed: bool
    report: Path
    table: Path


@dataclass(frozen=True)
class VerifiedPicture:
    """What `verify` found in one picture.

    Attributes:
        verdict: "signed" (and not changed), "changed" since it was signed, "stripped" of the
            manifest that it had, "declared" (a record or metadata say how it was made, nothing
            signs it), "unmarked".
        says: the same in words, a sentence each.
        c2pa: "generator", "actions", "sources", "signer", "this_home" (its key signed), "failures"
            (the reader's codes), "changed"; None where there is no manifest.
        source: IPTC digital source type. programs: whose settings are in it.
        record: whether pidiff's record is there.
        watermark: whether pidiff's is there; watermark_score: in standard deviations;
            watermark_possible: whether the picture is large enough for one.
    """

    path: Path
    verdict: str
    says: tuple[str, ...]
    c2pa: dict[str, Any] | None
    source: str
    programs: tuple[str, ...]
    record: bool
    watermark: bool
    watermark_score: float
    watermark_possible: bool


@dataclass(frozen=True)
class StylemixResult:
    """Result of `stylemix`: the contact sheet, diffusion pictures, the stored mix's folder."""

    sheet: Path
    images: tuple[Picture, ...] = ()
    profile: Path | None = None


@dataclass(frozen=True)
class KnownWords:
    """Result of `words`: kinds of things → phrases that are drawn; looks that edits draw; edits →
    what they do."""

    about: str
    groups: dict[str, list[str]]
    looks: tuple[str, ...]
    edits: dict[str, str]


@dataclass(frozen=True)
class ReadWords:
    """Result of `words PROMPT`: the words that are drawn, edits that others become, what is not
    known (with what comes nearest), and what else is to be said."""

    prompt: str
    drawn: tuple[str, ...]
    edits: tuple[str, ...]
    unknown: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class BaseState:
    """One base: whether it can be used now, and what is missing in words.

    Attributes:
        wplus: whether its W+ networks are here.
        commercial: whether a commercial user may use it: yes, no or unclear; commercial_with: with
            what each `models pull --with` adds; commercial_says: both in words.
    """

    name: str
    ready: bool
    note: str
    wplus: bool = False
    commercial: str = ""
    commercial_with: dict[str, str] = field(default_factory=dict)
    commercial_says: str = ""


@dataclass(frozen=True)
class DoctorResult:
    """What `doctor` found.

    Attributes:
        device: what would be used, "cpu" or "cuda"; device_name: in words.
        free_mb: free memory of that device, decimal MB; None when it cannot be told.
        cores: CPU cores of the machine; threads: how many torch computes with.
        bf16: whether the GPU computes in bf16; None without a GPU.
        bases: every base of the table.
        auto: what `--base auto` takes, as a sentence.
        landmarks, likeness: which networks find and compare faces on photographs.
        free_faces: whether the free face networks are here, or the command that brings them.
        fits: what of the other bases' usual tunings the free memory holds, a line a base.
        optimizer: the default one here.
        profiles: names of the profiles.
        home: the folder that holds them.
        next: the command to type now.
    """

    device: str
    device_name: str
    free_mb: int | None
    cores: int
    threads: int
    bf16: bool | None
    bases: tuple[BaseState, ...]
    auto: str
    landmarks: str
    likeness: str
    free_faces: str
    fits: tuple[str, ...]
    optimizer: str
    profiles: tuple[str, ...]
    home: str
    next: str
    versions: dict[str, str]
