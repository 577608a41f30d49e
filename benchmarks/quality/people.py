"""The part of the table that tunes: held-out people through the commands, judged afterwards."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import commands
from benchmarks.drawings import draw_set, identities, to_tensor
from benchmarks.quality.networks import gallery
from pidiff_cli.core.diffusion.wording import complete
from pidiff_cli.core.faces.reader import FaceReader
from pidiff_cli.core.images import read_photo, save_png
from pidiff_cli.core.metrics.judge import Judge
from pidiff_cli.core.metrics.measures import mean_of, off_face_change

PROMPTS = (
    "as an astronaut", "as a chef", "as a pirate",
    "at the beach", "in the snow", "in a city at night", "smiling", "oil painting",
)  # fmt: skip
DISTRACTORS = (
    "as a wizard", "as a doctor", "as a knight", "as a cowboy", "as a firefighter", "as a king",
    "as a diver", "as a police officer", "as an athlete", "in a business suit",
    "in the forest", "in space", "in a library", "in a garden", "in the desert", "underwater",
    "in the mountains", "in front of a castle", "looking sad", "looking angry", "laughing",
    "pencil sketch", "watercolour painting", "pop art picture",
)  # fmt: skip
SEEDS = (500, 501)
WORKERS = os.cpu_count() or 1  # people at a time, one thread each
pidiff = partial(commands.pidiff, threads=1)


@dataclass(frozen=True)
class Picture:
    """One generated picture (H, W, 3) u8 with the prompt that was asked for, and its seed."""

    rgb: np.ndarray
    wish: str
    prompt: str
    seed: int


def write_photos(person: int, folder: Path) -> Path:
    """Four 256 px portraits of a held-out person, apart from those of the gallery."""
    drawn = draw_set(f"photos-{person}", [person], 4, size=256, style="photo", headgear=False)
    folder.mkdir(parents=True, exist_ok=True)
    for index, picture in enumerate(drawn.rgb):
        save_png(folder / f"photo{index}.png", picture)
    return folder


def generated(name: str, home: Path, out: Path, *options: str) -> list[Picture]:
    """All prompts with all seeds of one profile, by `pidiff generate NAME -`."""
    words = ("--json", "generate", name, "-", "-n", str(len(SEEDS)), "--seed", str(SEEDS[0]))
    done = pidiff(*words, "--out", str(out), *options, home=home, stdin="\n".join(PROMPTS) + "\n")
    lines = done.document()
    images = [
        image
        for line in (lines if isinstance(lines, list) else [lines])
        for image in line["images"]
    ]
    if len(images) != len(PROMPTS) * len(SEEDS):
        raise RuntimeError(f"{len(images)} pictures came, not {len(PROMPTS) * len(SEEDS)}")
    wishes = [wish for wish in PROMPTS for _ in SEEDS]
    return [
        Picture(read_photo(image["path"]), wish, image["prompt"], image["seed"])
        for image, wish in zip(images, wishes, strict=True)
    ]


def without_paths(tuned: Any) -> dict[str, Any]:
    """What `tune` said, less where it lies on this machine: results are kept in the repository."""
    return {k: v for k, v in tuned.document().items() if k not in ("profile", "report")}


def person_pictures(person: int, home: Path, fresh: bool) -> dict[str, Any]:
    """Prepare, invert, generate, tune and generate again, for one held-out person."""
    name = f"p{person}"
    if fresh:
        shutil.rmtree(home / "profiles" / name, ignore_errors=True)
    photos = write_photos(person, home / "photos" / name)
    pictures = home / "pictures" / name
    pidiff("prepare", str(photos), "--name", name, "--force", home=home)
    pidiff("invert", name, home=home)
    before = generated(name, home, pictures / "before")
    tuned = pidiff("--json", "tune", name, home=home)
    return {
        "before": before,
        "after": generated(name, home, pictures / "after"),
        "plain": generated(name, home, pictures / "plain", "--identity-scale", "0"),
        "tune": {"seconds": tuned.seconds, "peak_mb": tuned.peak_mb, **without_paths(tuned)},
    }


def rank1_of(
    judge: Judge, reader: Any, reference: Any, right: int, pictures: Sequence[Picture]
) -> dict[str, float]:
    """Rank-1 of pictures of the person at place ``right``; a picture without a face is wrong."""
    hits, found, alike = 0, 0, []
    for picture in pictures:
        face = reader.detect(picture.rgb)
        if face is None:
            continue
        found += 1
        scores = (judge.embed(to_tensor(face.aligned[None])) @ reference.T)[0]
        hits += int(scores.argmax()) == right
        alike.append(float(scores[right]))
    return {"rank1": hits / len(pictures), "faces": found / len(pictures),
            "cosine": float(np.mean(alike)) if alike else 0.0}  # fmt: skip


def right_prompt(judge: Judge, noun: str, pictures: Sequence[Picture]) -> float:
    """Share of pictures whose own prompt wins among 32."""
    wishes = [*PROMPTS, *DISTRACTORS]
    scores = judge.text_image([p.rgb for p in pictures], [complete(w, noun) for w in wishes])
    best = scores.argmax(1).tolist()
    return float(np.mean([wishes[b] == p.wish for b, p in zip(best, pictures, strict=True)]))


def background_change(
    reader: Any, after: Sequence[Picture], plain: Sequence[Picture]
) -> float | None:
    """Mean absolute difference off the heads of both pictures, as a share of the range."""
    changes = []
    for one, other in zip(after, plain, strict=True):
        faces = [reader.detect(one.rgb), reader.detect(other.rgb)]
        heads = [face.head for face in faces if face is not None]
        if heads:
            changes.append(off_face_change(one.rgb, other.rgb, heads))
    return mean_of(changes)


def measure_people(
    judge: Judge, folder: Path, home: Path, count: int, fresh: bool
) -> dict[str, Any]:
    """The rows of the table about tuned people."""
    people = identities()
    reference, reader = gallery(judge, people), FaceReader.open(folder / "faces")
    rows = []
    with ThreadPoolExecutor(WORKERS) as pool:
        everything = list(
            pool.map(partial(person_pictures, home=home, fresh=fresh), people[:count])
        )
    for place, (person, made) in enumerate(zip(people[:count], everything, strict=True)):
        row: dict[str, Any] = {"person": person, "tune": made["tune"]}
        for kind in ("before", "after", "plain"):
            row[kind] = rank1_of(judge, reader, reference, place, made[kind])
            row[kind]["right_of_32"] = right_prompt(judge, "person", made[kind])
        row["background"] = background_change(reader, made["after"], made["plain"])
        print(
            f"  {person}: rank-1 {row['before']['rank1']:.2f} -> {row['after']['rank1']:.2f}",
            flush=True,
        )
        rows.append(row)
    backgrounds = [row["background"] for row in rows if row["background"] is not None]
    means = {
        f"{kind}_{figure}": float(np.mean([row[kind][figure] for row in rows]))
        for kind in ("before", "after", "plain")
        for figure in ("rank1", "faces", "cosine", "right_of_32")
    }
    return {
        "people": rows,
        **means,
        "background": float(np.mean(backgrounds)) if backgrounds else None,
        "tune_seconds": [row["tune"]["seconds"] for row in rows],
        "tune_peak_mb": max(row["tune"]["peak_mb"] for row in rows),
    }  # fmt: skip
