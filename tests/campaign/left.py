"""A person goes through every command, then is forgotten: what is left is searched for names,
hashes, ids and faces. The photos themselves are the person's own and stay."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from tests.campaign.registry import Outcome
from tests.campaign.world import workplace

NAME, SOURCE = "zofia", "Lanzarote 2019"  # of the profile, in each photo's file name
ALIKE = 4  # bits of 64 that the hashes of one picture saved twice may differ in
_DATA = re.compile(rb"data:image/\w+;base64,([A-Za-z0-9+/]+=*)")
LINES: tuple[str, ...] = (
    "tune photos --name zofia --base mini --noun man --steps 4",
    "profile export zofia --out all.pidiff",
    "profile export zofia --no-photos --out lean.pidiff",
    "profile export zofia --format diffusers --out branch",
    "generate zofia zofia_in_the_snow -n 2 --gallery",
    "stylemix zofia zofia",
    "evaluate zofia --prompt smiling -n 1 --steps 2",
    "evaluate --pictures pics --photos photos",
    "gallery zofia",
)


@dataclass
class Traces:
    """What identifies somebody: words, digests, hashes of pictures, faces."""

    words: dict[str, bytes] = field(default_factory=dict)
    looks: list[int] = field(default_factory=list)
    is_face: Callable[[np.ndarray], bool] = lambda _: False

    def found(self, folder: Path, but: tuple[Path, ...] = ()) -> list[str]:
        """Everything below a folder that holds one of them, a line each."""
        told = []
        for path in sorted(folder.rglob("*")):
            if any(path == own or own in path.parents for own in but):
                continue
            name = str(path.relative_to(folder)).encode()
            content = path.read_bytes() if path.is_file() else b""
            kinds = [k for k, word in self.words.items() if word in content or word in name]
            kinds += sorted({k for image in _images(path, content) for k in self._seen(image)})
            told += [f"{path.relative_to(folder)} ({', '.join(kinds)})"] if kinds else []
        return told

    def _seen(self, image: np.ndarray) -> Iterator[str]:
        if any((look_of(image) ^ own).bit_count() <= ALIKE for own in self.looks):
            yield "a photo"
        if self.is_face(image):
            yield "the face"


def run(count: int, seed: int) -> list[Outcome]:
    """Once; count and seed change nothing."""
    with workplace() as root:
        return search(root)


def search(root: Path) -> list[Outcome]:
    """Make a person below a folder, forget them, look."""
    photos, home = root / "photos", root / "home"
    make_photos(photos)
    for line in LINES:
        pidiff(root, *line.split())
    traces = traces_of(root)
    names = Outcome("names, paths, hashes in records and in an export without photos", "0", 1)
    names.add("told", [*in_records(root, traces), *in_lean_export(root, traces)])
    before = traces.found(root, (photos,))
    photo = Outcome("what forget leaves of the photos in the profile", "0", 1)
    pidiff(root, "profile", "forget", NAME, "--yes")
    of_photos = Traces({k: v for k, v in traces.words.items() if k[0] != "="}, traces.looks)
    photo.add("left", of_photos.found(home))
    pidiff(root, "prepare", "photos", "--name", NAME)
    pidiff(root, "profile", "forget", NAME, "--all", "--yes")
    everything = Outcome("what forget --all leaves that identifies somebody", "nothing", 1)
    # an export for another program holds no id, and is said to stay
    everything.add("left", traces.found(root, (photos, root / "branch")))
    if len(before) < 12:
        everything.add("the search", [f"finds only {before} before"])
    everything.figure += f" ({len(before)} files before)"
    return [names, photo, everything]


def make_photos(folder: Path) -> None:
    """Four portraits of one drawn person, under names of their own."""
    from pidiff_cli.stages.demo import PORTRAITS

    folder.mkdir()
    for number, path in enumerate(sorted(PORTRAITS.glob("*.png")), start=1):
        (folder / f"{SOURCE} {number}.png").write_bytes(path.read_bytes())


def pidiff(root: Path, *words: str) -> None:
    """Run a command in the folder, in a process of its own."""
    words = tuple(word.replace("_", " ") for word in words)
    line = [sys.executable, "-m", "pidiff_cli", "--home", "home", "--device", "cpu", *words]
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(line, cwd=root, env=here, capture_output=True, text=True)
    if ran.returncode:
        raise RuntimeError(f"{' '.join(words)}: {ran.stderr}")


def traces_of(root: Path) -> Traces:
    """What identifies the person, before they are forgotten; "=" marks what forget keeps."""
    from pidiff_cli.core.faces.reader import FaceReader
    from pidiff_cli.core.faces.thresholds import threshold_of
    from pidiff_cli.profile import Profile
    from pidiff_cli.weights.locate import base_parts

    profile = Profile.open(NAME, root / "home")
    words = {"=the name": NAME.encode(), "=the id": profile.manifest.id.encode()}
    words |= {"a file name": SOURCE.encode(), "=the path": str(root).encode()}
    pictures = []
    own = [*(root / "photos").iterdir(), *(profile.folder / "photos").iterdir()]
    for path in own:
        digest = hashlib.sha256(path.read_bytes())
        words[f"sha256 of {path.name}"] = digest.hexdigest().encode()
        words[f"bytes of {path.name}"] = digest.digest()
        if path.suffix == ".png" and "mask" not in path.name:
            pictures.append(np.asarray(Image.open(path).convert("RGB")))
    reader = FaceReader.open(base_parts("mini", root / "home").faces)
    known = [face for face in map(reader.embedding, pictures) if face is not None]

    least = threshold_of("mini").pair

    def is_face(image: np.ndarray) -> bool:
        face = reader.embedding(image)
        return face is not None and max(float(face @ one) for one in known) > least

    return Traces(words, [look_of(picture) for picture in pictures], is_face)


def look_of(image: np.ndarray) -> int:
    """A difference hash: 64 bits that a picture keeps when it is saved or scaled anew."""
    small = np.asarray(Image.fromarray(image).convert("L").resize((9, 8)), np.int16)
    bits = (small[:, 1:] > small[:, :-1]).flatten()
    return int("".join("1" if bit else "0" for bit in bits), 2)


def _images(path: Path, content: bytes) -> Iterator[np.ndarray]:
    """A picture file, or those inside a page."""
    if path.suffix == ".png":
        found = [content]
    else:
        found = [base64.b64decode(data) for data in _DATA.findall(content)]
    for data in found:
        try:
            with Image.open(io.BytesIO(data)) as image:
                yield np.asarray(image.convert("RGB"))
        except OSError:
            continue


def in_records(root: Path, traces: Traces) -> list[str]:
    """What the records in the pictures tell beyond the id."""
    words = {kind: word for kind, word in traces.words.items() if kind != "=the id"}
    told = []
    for path in sorted((root / "pics").glob("*.png")):
        with Image.open(path) as image:
            record = str(image.info.get("pidiff", "")).encode()
        told += [f"{path.name}: {kind}" for kind, word in words.items() if word in record]
    return told


def in_lean_export(root: Path, traces: Traces) -> list[str]:
    """What an export without photos tells of them, and of the machine."""
    content = (root / "lean.pidiff").read_bytes()
    kept = ("=the name", "=the id")
    return [f"export: {k}" for k, word in traces.words.items() if k not in kept and word in content]
