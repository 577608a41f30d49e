"""Which networks find faces here and tell whose they are: the one place that chooses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.choice import FILES, KINDS, holds
from pidiff_cli.core.faces.detect import find_faces, published_faces
from pidiff_cli.core.faces.drawn import are_drawn
from pidiff_cli.core.faces.nets import FOLDER, FaceEmbedder, open_net
from pidiff_cli.core.faces.published import find_file
from pidiff_cli.core.faces.reader import SIDE, FaceReader
from pidiff_cli.core.faces.recognise import Recogniser, embed_faces, open_recogniser
from pidiff_cli.profile.world import DRAWINGS, PHOTOGRAPHS
from pidiff_cli.weights.bundled import free_faces, lack_told
from pidiff_cli.weights.records import file_sha256

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
        places = sorted(self.find(picture), key=_area, reverse=True)
        if not places:
            return []
        codes = {one.name: one.embed(picture, places) for one in self.encoders}
        return [
            SeenFace(points, {name: found[i] for name, found in codes.items()})
            for i, points in enumerate(places)
        ]


def _area(points: np.ndarray) -> float:
    return float(np.ptp(points, axis=0).prod())


def readers_for(
    photos: Sequence[np.ndarray], home: Path, device: str = "cpu", several: bool = False
) -> Readers:
    """The networks for a person's photos, uint8 (H, W, 3) each.

    Photographs are read by the published networks of the home, else by the free ones that come with
    the set-up; drawn portraits as mini draws them by mini's own, which tell those apart better.

    Args:
        several: whether a picture may hold several people.
    """
    own, free = published_faces(home / "models"), free_faces(home)
    folders = [folder for folder in (own, free) if folder]
    if not folders:
        lack = f"Faces are read by mini's own networks, which know drawings: {lack_told(home)}"
        return _mini(several, lack)

    def find(picture: np.ndarray) -> list[np.ndarray]:
        return [face.landmarks for face in find_faces(picture, folders[0], device=device)]

    encoders = tuple(_encoders([*folders, home / "models" / "faces"], device))
    readers = Readers(PHOTOGRAPHS, find, encoders)
    return _mini(several) if _drawn(photos, readers) else readers


def _drawn(photos: Sequence[np.ndarray], readers: Readers) -> bool:
    """Whether photos are drawn portraits: SFace's own space tells (`core.faces.drawn`). Where it
    sees nobody, mini's networks look."""
    names = [one.name for one in readers.encoders if one.name.startswith(TITLES["sface"])]
    faces = [face for photo in photos[:LOOKED_AT] for face in readers.faces(photo)[:1]]
    codes = [face.codes[name] for face in faces for name in names[:1]]
    return are_drawn(np.stack(codes)) if codes else not faces


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
        return np.asarray(net.embed_at(picture, places).numpy())

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
