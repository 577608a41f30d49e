"""Which networks find faces here and tell whose they are: the one place that chooses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.choice import FILES, KINDS, holds
from pidiff_cli.core.faces.detect import find_faces, published_faces
from pidiff_cli.core.faces.finder import open_finder
from pidiff_cli.core.faces.nets import FOLDER, FaceEmbedder, LandmarkNet, open_net
from pidiff_cli.core.faces.published import find_file
from pidiff_cli.core.faces.reader import SIDE, FaceReader
from pidiff_cli.core.faces.recognise import (
    Recogniser,
    crop_face,
    embed_faces,
    five_points,
    open_recogniser,
)
from pidiff_cli.core.faces.refinement import refine_landmarks
from pidiff_cli.weights.bundled import free_faces, lack_told
from pidiff_cli.weights.records import file_sha256

PHOTOGRAPHS, DRAWINGS = "photographs", "drawings"
#: mini draws small pictures, and its landmark net is surest of those: of 100 drawings 95 score
#: 0.975 and more, of 134 photographs a quarter does 0.979 and more, and those are larger.
DRAWN_SCORE, DRAWN_SIDE = 0.978, 300
LOOKED_AT = 12  # photos from which it is told what they are
TITLES = {"sface": "SFace", "sface-int8": "SFace (int8)", "arcface": "ArcFace IR-SE50"}
Finds = Callable[[np.ndarray], list[np.ndarray]]
Embeds = Callable[[np.ndarray, Sequence[np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class Encoder:
    """What tells whose face it is.

    Attributes:
        sha256: of its weight file. same: the cosine from which its publisher takes two faces for
            one person's; None where none is published.
        embed: a picture uint8 (H, W, 3) and the points (68, 2) of its faces to (F, E) float32 of
            unit length.
    """

    name: str
    file: str
    sha256: str
    same: float | None
    embed: Embeds


@dataclass(frozen=True)
class SeenFace:
    """A face in a picture: its points (68, 2) px, and what each encoder says, (E,) unit length."""

    landmarks: np.ndarray
    codes: dict[str, np.ndarray]

    @property
    def size(self) -> float:
        """Area of the points' box, px²."""
        return float(np.ptp(self.landmarks, axis=0).prod())


@dataclass(frozen=True)
class Readers:
    """Finder and encoders; the first encoder is the one that the verdict speaks of.

    Attributes:
        world: photographs or drawings. note: what a person should know of the choice; may be "".
        find: picture uint8 (H, W, 3) → points (68, 2) of every face.
    """

    world: str
    find: Finds
    encoders: tuple[Encoder, ...]
    note: str = ""

    def faces(self, picture: np.ndarray) -> list[SeenFace]:
        """Every face of a picture, uint8 (H, W, 3), the largest first."""
        places = _largest_first(self.find(picture))
        if not places:
            return []
        codes = {one.name: one.embed(picture, places) for one in self.encoders}
        return [
            SeenFace(points, {name: found[i] for name, found in codes.items()})
            for i, points in enumerate(places)
        ]


def readers_for(
    photos: Sequence[np.ndarray], home: Path, device: str = "cpu", several: bool = False
) -> Readers:
    """The networks for a person's photos, uint8 (H, W, 3) each.

    Photographs are read by the published networks of the home, else by the free ones that come with
    the set-up; drawn portraits as mini draws them by mini's own, which tell those apart better.

    Args:
        several: whether a picture may hold several people.
    """
    folders = [folder for folder in (published_faces(home / "models"), free_faces(home)) if folder]
    if not folders:
        lack = f"Faces are read by mini's own networks, which know drawings: {lack_told(home)}"
        return _mini(several, lack)
    find = _published(folders[0], device)
    if _drawn(photos, find):
        return _mini(several)
    encoders = tuple(_encoders([*folders, home / "models" / "faces"], device))
    return Readers(PHOTOGRAPHS, find, encoders)


def _published(folder: Path, device: str) -> Finds:
    finder = open_finder(folder, device)
    return lambda picture: [np.asarray(points) for points, _ in finder.find(picture)]


def _drawn(photos: Sequence[np.ndarray], find: Finds) -> bool:
    """Whether photos are drawn portraits, as mini draws them: its landmark net knows those."""
    net, scores = open_net(LandmarkNet, FOLDER, "landmarks"), []
    for photo in photos[:LOOKED_AT]:
        for points in _largest_first(find(photo))[:1]:
            face = align_face(photo, points, 256)
            looks = refine_landmarks(net, face, [(128, 128, 256)], least=0.0)
            scores.append(looks[0].score if looks else 0.0)
    small = float(np.median([max(photo.shape) for photo in photos])) <= DRAWN_SIDE
    return small and (not scores or float(np.median(scores)) >= DRAWN_SCORE)


def _largest_first(places: list[np.ndarray]) -> list[np.ndarray]:
    return sorted(places, key=lambda points: -float(np.ptp(points, axis=0).prod()))


def _encoders(folders: Sequence[Path], device: str) -> list[Encoder]:
    """The likeness networks of folders, the preferred first; SFace once, whole before int8."""
    found: dict[str, Encoder] = {}
    for name in KINDS["likeness"]:
        folder = next((f for f in folders if name in FILES and name in holds(f)), None)
        if folder is None or (name == "sface-int8" and "sface" in found):
            continue
        path, net = find_file(folder, name), open_recogniser(folder, device, likeness=name)
        title = TITLES.get(name, name)
        found[name] = Encoder(title, path.name, file_sha256(path), net.same, _embeds(net))
    return list(found.values())


def _embeds(net: Recogniser) -> Embeds:
    """Embedded from the picture itself, not from an aligned square cut out of it."""

    def embed(picture: np.ndarray, places: Sequence[np.ndarray]) -> np.ndarray:
        raw = net.features([crop_face(picture, five_points(points)) for points in places])
        return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), np.float32)

    return embed


def _mini(several: bool, note: str = "") -> Readers:
    """mini's own networks; it draws one person, whose head it knows to be in the middle."""
    net, reader = open_net(FaceEmbedder, FOLDER, "embedder"), FaceReader.open(FOLDER)

    def find(picture: np.ndarray) -> list[np.ndarray]:
        found = find_faces(picture, FOLDER) if several else reader.find(picture)
        return [np.asarray(face.landmarks) for face in found]

    def embed(picture: np.ndarray, places: Sequence[np.ndarray]) -> np.ndarray:
        return embed_faces(net, [align_face(picture, points, SIDE) for points in places])

    path = FOLDER / "embedder.safetensors"
    encoder = Encoder("mini's embedder", path.name, file_sha256(path), None, embed)
    return Readers(DRAWINGS, find, (encoder,), note)
