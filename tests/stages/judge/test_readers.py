"""Which networks read whom, on real ones: drawings by mini's, photographs by the free ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mini.world.context import sample_context
from mini.world.people import sample_person
from mini.world.render import draw
from pidiff_cli.core.faces.nets import FOLDER
from pidiff_cli.core.images import save_png
from pidiff_cli.profile.world import DRAWINGS, PHOTOGRAPHS
from pidiff_cli.stages.judge.inputs import AskedPerson
from pidiff_cli.stages.judge.people import know
from pidiff_cli.stages.judge.readers import readers_for
from pidiff_cli.weights import bundled

pytestmark = pytest.mark.skipif(
    not (FOLDER / "landmarks.safetensors").is_file(), reason="no face nets here"
)
free = pytest.mark.skipif(bundled.bundled_faces() is None, reason="no free face networks here")


def _portraits(person: int, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(person)
    return [
        draw(sample_person(person), sample_context(rng, style="photo")).rgb for _ in range(count)
    ]


def test_drawings_are_read_by_minis_networks_and_people_told_apart(tmp_path: Path) -> None:
    photos = [_portraits(1_700_000 + i, 3) for i in range(2)]
    readers = readers_for(photos[0], tmp_path)
    assert readers.world == DRAWINGS
    (encoder,) = readers.encoders
    assert encoder.name == "mini's embedder" and len(encoder.sha256) == 64
    codes = [readers.faces(photo)[0].codes[encoder.name] for some in photos for photo in some]
    alike = np.stack(codes) @ np.stack(codes).T
    assert np.allclose(np.diag(alike), 1, atol=1e-4)
    assert alike[:3, :3].min() > alike[:3, 3:].max()


@free
def test_photographs_are_read_by_the_free_networks(tmp_path: Path) -> None:
    from skimage import data

    photo = np.asarray(data.astronaut())
    readers = readers_for([photo], tmp_path)
    assert readers.world == PHOTOGRAPHS and readers.encoders[0].same == 0.363
    assert readers.encoders[0].sha256.startswith("fb143eea")
    (face,) = readers.faces(photo)
    small = np.ascontiguousarray(photo[::2, ::2])
    (again,) = readers.faces(small)
    name = readers.encoders[0].name
    assert float(face.codes[name] @ again.codes[name]) > 0.8
    assert not readers.faces(np.asarray(data.chelsea()))


def test_without_the_free_networks_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundled, "FOLDER", tmp_path / "none")
    readers = readers_for(_portraits(1_700_002, 1), tmp_path)
    assert readers.world == DRAWINGS and "pidiff models pull free-faces" in readers.note


def test_a_person_is_known_by_photos_with_a_spread(tmp_path: Path) -> None:
    files = []
    for i, rgb in enumerate(_portraits(1_700_003, 3)):
        files.append(save_png(tmp_path / f"{i}.png", rgb))
    readers, done = readers_for(_portraits(1_700_003, 2), tmp_path), []
    person = know(
        AskedPerson("", tuple(files[:2]), tuple(files[2:])), readers, lambda: done.append(1)
    )
    spread = person.spread["mini's embedder"]
    assert (person.count, person.held, spread.pairs, len(done)) == (2, 1, 3, 3)
    assert spread.median and spread.lowest and 0.2 < spread.lowest <= spread.median
