"""Photos -> a profile with aligned, masked faces; a reason for each photo left out."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from pidiff_cli.config import PrepareConfig
from pidiff_cli.core.faces import triage
from pidiff_cli.core.faces.align import align_face, points_in_square, unwarp_mask
from pidiff_cli.core.faces.detect import (
    Face,
    alignment_is_approximate,
    candidates,
    find_faces,
    published_faces,
    shrink,
)
from pidiff_cli.core.faces.embed import embed_faces, load_embedder
from pidiff_cli.core.faces.framing import place_of
from pidiff_cli.core.faces.mask import head_mask
from pidiff_cli.core.images import SUFFIXES, PhotoError, png_bytes, read_photo
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Photo, Profile
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import Kept, PrepareResult, Rejected

WORK_SIDE = 1024  # px, longer side of the working copies
MOST_PHOTOS = 500
STRANGER = 0.35  # cosine to the main person below which a face is somebody else's
SMALL_PICTURE = 0.15  # in a small picture a face of this share of its short side is enough


@dataclass(frozen=True)
class Shot:
    """A photo that could be read, its faces, and what triage needs to know about it."""

    path: Path
    work: np.ndarray  # uint8 (H, W, 3), longer side at most 1024
    needs: float  # px of the original, smallest face allowed
    faces: tuple[Face, ...]  # in pixels of the original
    aligned: tuple[np.ndarray, ...]  # uint8 (S, S, 3) of each face
    inside: tuple[bool, ...]  # whether each face lies in the picture
    factor: float  # original over working copy
    hash: np.ndarray
    largest_candidate: float  # px, face height of the best doubtful place


@dataclass(frozen=True)
class Choice:
    """The person's face in a photo."""

    shot: Shot
    face: Face
    aligned: np.ndarray
    inside: bool
    sharp: float
    code: np.ndarray
    likeness: float

    @property
    def quality(self) -> float:
        """0 to 1 from sharpness, size, frontality and the detector's score."""
        size = min(1.0, self.face.height / 200)
        front = 1 - 0.4 * abs(triage.turn_of(self.face.landmarks))
        return round(float(np.clip(min(1, 1.4 * self.sharp) * front * (0.6 + 0.4 * size), 0, 1)), 3)


def run(config: PrepareConfig, progress: Progress) -> PrepareResult:
    """Read, find, choose, check, align and mask; write the profile.

    Raises:
        InputError: no photo is left; the message says why and what would work.
    """
    paths = list_photos(config.photos)
    progress.start("prepare", len(paths))
    shots: list[Shot] = []
    rejected: list[Rejected] = []
    for path in paths:
        try:
            shots.append(_look(path, config))
        except PhotoError as error:
            rejected.append(Rejected(str(path), error.reason))
        progress.advance("prepare")
    _need_faces(config, paths, shots, rejected)
    kept, left_out = _triage(config, shots)
    rejected = sorted(rejected + left_out, key=lambda r: [str(p) for p in paths].index(r.file))
    if not kept:
        reasons = "; ".join(f"{Path(r.file).name}: {r.reason}" for r in rejected[:6])
        raise InputError(f"None of the {len(paths)} photos can be used. {reasons}.", _HINT)
    profile = Profile.create(config.home, config.name, config.noun)
    _write(profile, kept, config)
    advice = triage.advice(
        [c.face.landmarks for c in kept],
        [c.sharp for c in kept],
        [float(c.aligned[64:-64:4, 64:-64:4].mean()) / 255 for c in kept],
    )
    result = PrepareResult(
        profile.folder,
        tuple(Kept(str(c.shot.path), c.quality) for c in kept),
        tuple(rejected),
        advice,
    )
    _tell(
        progress, result, held_count(len(kept), config.hold_out), len(paths), config.home / "models"
    )
    return result


def list_photos(given: tuple[Path, ...]) -> list[Path]:
    """Files as given, folders by their picture files (not deeper), in order, each once.

    Raises:
        InputError: nothing given, no such path, a folder without pictures, or far too many.
    """
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if _is_picture_name(p))
            if not inside:
                raise InputError(
                    f"No picture in the folder {path}.",
                    "Pictures are files like .jpg, .png, .webp, .heic, .tif.",
                )
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise InputError(f"No such file or folder: {path}.", "Check the path.")
    if not found:
        raise InputError("No photos given.", "Give files or a folder: pidiff prepare ./my_photos")
    unique = list(dict.fromkeys(found))
    if len(unique) > MOST_PHOTOS:
        raise InputError(
            f"{len(unique)} photos are too many ({MOST_PHOTOS} at most).",
            "Eight good ones of different days are enough.",
        )
    return unique


def held_count(kept: int, wanted: int) -> int:
    """How many photos to hold back: none below four, one in five, `wanted` at least."""
    return 0 if kept < 4 or wanted == 0 else min(max(wanted, kept // 5), kept - 3)


_HINT = "Photos where the face is sharp and fills more of the picture will work."


def _is_picture_name(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _look(path: Path, config: PrepareConfig) -> Shot:
    rgb = read_photo(path, config.max_pixels)
    height, width = rgb.shape[:2]
    if min(height, width) < 32:
        raise PhotoError(path, f"too small ({width} x {height} px)")
    faces = tuple(find_faces(rgb, models=config.home / "models"))
    largest = 0.0
    if not faces:
        largest = max((c.side for c in candidates(rgb)), default=0.0) * 0.5
    work, factor = shrink(rgb, WORK_SIDE)
    return Shot(
        path=path,
        work=np.ascontiguousarray(work),
        needs=min(config.min_face, max(32.0, SMALL_PICTURE * min(height, width))),
        faces=faces,
        aligned=tuple(align_face(rgb, f.landmarks, config.face_size) for f in faces),
        inside=tuple(not triage.cut_off(f.landmarks, height, width) for f in faces),
        factor=factor,
        hash=triage.picture_hash(rgb),
        largest_candidate=largest,
    )


def _need_faces(
    config: PrepareConfig, paths: list[Path], shots: list[Shot], rejected: list[Rejected]
) -> None:
    if any(shot.faces for shot in shots):
        return
    where = f" of {config.photos[0]}" if len(config.photos) == 1 else ""
    if not shots:
        if len(rejected) == 1:
            raise InputError(f"{Path(rejected[0].file).name}: {rejected[0].reason}.")
        lines = "; ".join(f"{Path(r.file).name}: {r.reason}" for r in rejected[:6])
        raise InputError(
            f"None of the {len(paths)} files{where} can be read as a picture. {lines}."
        )
    largest = max(shot.largest_candidate for shot in shots)
    if largest < config.min_face:
        hint = f"Largest candidates were under {max(40, int(largest) + 1)} px " + (
            f"(needs {config.min_face}): {_HINT[0].lower()}{_HINT[1:]}"
        )
    else:
        hint = _HINT
    count = f"any of the {len(shots)} pictures{where}" if len(shots) > 1 else shots[0].path.name
    raise InputError(f"No face found in {count}.", hint)


def _triage(config: PrepareConfig, shots: list[Shot]) -> tuple[list[Choice], list[Rejected]]:
    published = published_faces(config.home / "models")
    embedder = load_embedder(published) if published else load_embedder()
    codes = [embed_faces(embedder, list(shot.aligned)) for shot in shots]
    seen = [
        triage.Seen(i, face.height, codes[i][k])
        for i, shot in enumerate(shots)
        for k, face in enumerate(shot.faces)
    ]
    person = triage.main_person(seen, len(shots))
    if person is None:
        raise InputError(
            "Several people are in these photos, and none stands out.",
            "Add a photo that shows the person alone, or cut the others away.",
        )
    kept: list[Choice] = []
    rejected: list[Rejected] = []
    for shot, shot_codes in zip(shots, codes, strict=True):
        choice = _choose(shot, shot_codes, person)
        reason = _fault(choice, shot, config)
        if reason or choice is None:
            rejected.append(Rejected(str(shot.path), reason))
        else:
            kept.append(choice)
    return _drop_duplicates(kept, rejected)


def _choose(shot: Shot, codes: np.ndarray, person: np.ndarray) -> Choice | None:
    if not shot.faces:
        return None
    alike = codes @ person
    best = int(np.argmax(alike))
    return Choice(
        shot,
        shot.faces[best],
        shot.aligned[best],
        shot.inside[best],
        triage.sharpness(shot.aligned[best]),
        codes[best],
        float(alike[best]),
    )


def _fault(choice: Choice | None, shot: Shot, config: PrepareConfig) -> str:
    """Why a photo is left out; empty when it serves."""
    if choice is None:
        size = shot.largest_candidate
        return f"no face found (largest candidate {size:.0f} px)" if size else "no face found"
    if choice.likeness < STRANGER:
        return f"another person (likeness {choice.likeness:.2f}, needs {STRANGER:.2f})"
    if choice.face.height < shot.needs:
        place = shot.faces.index(choice.face)
        small = f"too small ({choice.face.height:.0f} px, needs {shot.needs:.0f})"
        if place == 0:
            return f"the face is {small}"
        return f"another person is nearer the camera; {config.name} is {small}"
    if not choice.inside:
        return "the face is cut off by the picture's edge"
    if choice.sharp < config.min_sharpness:
        return f"too blurred (sharpness {choice.sharp:.2f}, needs {config.min_sharpness:.2f})"
    return ""


def _drop_duplicates(
    kept: list[Choice], rejected: list[Rejected]
) -> tuple[list[Choice], list[Rejected]]:
    """Of pictures that are nearly the same the best stays."""
    best: list[Choice] = []
    for one in sorted(kept, key=lambda c: (-c.quality, -c.shot.factor, kept.index(c))):
        twin = next((other for other in best if _twins(one, other)), None)
        if twin is None:
            best.append(one)
        else:
            name = twin.shot.path.name
            rejected.append(Rejected(str(one.shot.path), f"near duplicate of {name}"))
    return [c for c in kept if c in best], rejected


def _twins(one: Choice, other: Choice) -> bool:
    if triage.hash_distance(one.shot.hash, other.shot.hash) < triage.SAME_HASH:
        return True
    faces = triage.hash_distance(
        triage.picture_hash(one.aligned), triage.picture_hash(other.aligned)
    )
    return faces < 0.6 * triage.SAME_HASH and float(one.code @ other.code) > 0.97


def _write(profile: Profile, kept: list[Choice], config: PrepareConfig) -> None:
    held = held_count(len(kept), config.hold_out)
    # The held-back photos: of middling quality, so that neither training nor the measure suffers.
    order = sorted(range(len(kept)), key=lambda i: -kept[i].quality)
    middle = (len(kept) - held) // 2
    held_back = set(order[middle : middle + held])
    photos = []
    for i, choice in enumerate(kept):
        key = f"{i + 1:02d}"
        face_mask = _head(choice, config)
        parts = {"face": choice.aligned, "mask": _grey(face_mask)}
        if config.keep_photos:
            points = (choice.face.landmarks + 0.5) / choice.shot.factor - 0.5
            whole = unwarp_mask(face_mask, points, *choice.shot.work.shape[:2])
            parts |= {"picture": choice.shot.work, "picture_mask": _grey(whole)}
        names = {}
        for part, pixels in parts.items():
            names[part] = f"photos/{key}_{part}.png"
            profile.write(names[part], png_bytes(pixels))
        photos.append(
            Photo(
                key=key,
                source=choice.shot.path.name,
                quality=choice.quality,
                held_out=i in held_back,
                info=_info(choice),
                **names,
            )
        )
    profile.update(photos=tuple(photos))


def _head(choice: Choice, config: PrepareConfig) -> np.ndarray:
    """The head mask (S, S) of the chosen face."""
    published = published_faces(config.home / "models")
    if published is None:
        return head_mask(choice.aligned)
    points = points_in_square(choice.face.landmarks, choice.aligned.shape[0])
    return head_mask(choice.aligned, published, points=points)


def _info(choice: Choice) -> dict[str, object]:
    place = place_of((choice.face.landmarks + 0.5) / choice.shot.factor - 0.5)
    return {
        "box": [round(v, 1) for v in choice.face.box],
        "approximate": choice.face.approximate,
        "sharpness": round(choice.sharp, 3),
        "turn": round(triage.turn_of(choice.face.landmarks), 3),
        "likeness": round(choice.likeness, 3),
        "place": [round(v, 1) for v in astuple(place)],  # in the working copy
    }


def _grey(mask: np.ndarray) -> np.ndarray:
    return np.rint(mask * 255).astype(np.uint8)


def _tell(progress: Progress, result: PrepareResult, held: int, total: int, models: Path) -> None:
    progress.finish("prepare", f"{total} photo{'s' * (total != 1)} → {len(result.kept)} kept")
    for item in result.rejected:
        progress.line(f"{Path(item.file).name}  {item.reason}")
    if alignment_is_approximate(models):
        progress.line("Face points are approximate: found without face-alignment's weights.")
    note = f"{held} of {len(result.kept)} held back for the likeness report." if held else ""
    if note or result.advice:
        progress.line(" ".join(part for part in (note, result.advice) if part))
