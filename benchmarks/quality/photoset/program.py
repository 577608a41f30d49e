"""What of the program is measured: the functions that `prepare` calls, with its own settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pidiff_cli.config import PrepareConfig
from pidiff_cli.core.faces.detect import Face
from pidiff_cli.core.faces.networks import FaceNetworks
from pidiff_cli.stages.prepare.photos import Album, PhotoCandidate, read_album
from pidiff_cli.stages.prepare.select import select_photos

BLURRED = ("blurred", "soft")  # in the reason of a photo that is left out for it


@dataclass(frozen=True)
class Seen:
    """The faces that `prepare` finds in a photograph, the largest first; None: cannot be read."""

    candidate: PhotoCandidate | None
    networks: FaceNetworks

    @property
    def faces(self) -> tuple[Face, ...]:
        return self.candidate.faces if self.candidate else ()

    @property
    def turned(self) -> int:
        """Quarter turns that brought the faces upright, in whose picture they are told."""
        return self.candidate.turned if self.candidate else 0

    @property
    def codes(self) -> np.ndarray:
        """(F, E) float32, unit length."""
        return self.candidate.codes if self.candidate else np.zeros((0, 1), np.float32)


Sight = dict[str, Seen]


class Program:
    """`prepare`'s eyes in a home of its own.

    Args:
        home: where profiles and models are looked for; an empty folder is a fresh installation.
    """

    def __init__(self, home: Path) -> None:
        self.config = PrepareConfig(home=home, photos=(home,), name="measured")

    def see(self, paths: Iterable[Path]) -> Sight:
        """File name -> what is seen in it, all read as one folder: `prepare` takes the networks
        for drawings or for photographs by what the whole shows."""
        paths = list(paths)
        album = read_album(self.config, paths, lambda: None)
        sight = {path.name: Seen(None, album.networks) for path in paths}
        return sight | {c.path.name: Seen(c, album.networks) for c in album.candidates}

    def reason(self, seen: Seen, good: Seen, place: int) -> str:
        """Why `prepare` leaves out a photo beside a good one of the person; "" where it is kept.

        Args:
            place: of the person's face in the good one, which is given as if it were alone there.
        """
        if seen.candidate is None:
            return "cannot be read"
        left_out = self._left_out([_alone(good, place), seen.candidate], good.networks)
        return left_out.get(str(seen.candidate.path), "")

    def told(self, seen: Seen, place: int) -> bool:
        """Whether `prepare` leaves out, as blurred, a photo that shows this face alone."""
        one = _alone(seen, place)
        return is_blur(self._left_out([one], seen.networks).get(str(one.path), ""))

    def told_at(self, copy: Path, factor: float, seen: Seen, place: int) -> bool:
        """The same of a copy `factor` as large, in which the face is known to lie as in `seen`."""
        face = seen.faces[place]
        points = (face.landmarks + 0.5) * factor - 0.5
        box = (*points.min(0).tolist(), *points.max(0).tolist())
        one = replace(
            _alone(seen, place), path=copy, faces=(replace(face, box=box, landmarks=points),)
        )
        return is_blur(self._left_out([one], seen.networks).get(str(copy), ""))

    def _left_out(self, candidates: list[PhotoCandidate], networks: FaceNetworks) -> dict[str, str]:
        album = Album(candidates, [], networks)
        return {item.file: item.reason for item in select_photos(self.config, album).rejected}


def is_blur(reason: str) -> bool:
    """Whether a photo is left out because it is blurred."""
    return any(word in reason for word in BLURRED)


def _alone(seen: Seen, place: int) -> PhotoCandidate:
    """The photo with this face only, whole."""
    whole = seen.candidate
    if whole is None:
        raise ValueError("nothing could be read")
    return replace(
        whole, faces=(whole.faces[place],), inside=(True,), codes=whole.codes[place : place + 1]
    )
