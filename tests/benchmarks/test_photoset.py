"""The benchmark of real photographs: its list, its folders and its figures, on made-up files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality import real_photographs
from benchmarks.quality.photoset import blurring, folders, gather, labels, pairs
from benchmarks.quality.photoset.labels import Labelled

LIST = """# A list

- not | yet
## owner/shop @ {commit}

- faces/a b.jpg | frontal | anna
- faces/c.jpg | none
- gone.jpg | frontal
## owner/away @ 1234

- d.jpg | group
"""


@pytest.fixture
def gits(tmp_path: Path) -> tuple[Path, str]:
    """A clone with two files, and its commit."""
    clone = tmp_path / "gits" / "owner+shop"
    (clone / "faces").mkdir(parents=True)
    for name in ("a b.jpg", "c.jpg"):
        (clone / "faces" / name).write_bytes(name.encode())

    def git(*words: str) -> str:
        who = ("-c", "user.name=n", "-c", "user.email=e@e")
        done = subprocess.run(
            ["git", *who, *words], cwd=clone, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "x")
    return clone.parent, git("rev-parse", "HEAD")


def test_a_list_is_gathered_and_what_is_missing_is_told(
    tmp_path: Path, gits: tuple[Path, str]
) -> None:
    listing, out = tmp_path / "list.md", tmp_path / "set"
    listing.write_text(LIST.format(commit=gits[1]))
    count, lacking = gather.gather(listing, gits[0], out)
    assert count == 2 and lacking == ["owner/shop: gone.jpg", "owner/away: d.jpg"]
    assert (out / "shop__faces_a b.jpg").read_bytes() == b"a b.jpg"
    first, second = labels.read_labels(out)
    assert (first.kind, first.person, second.person) == ("frontal", "anna", "")


def some(person: str, count: int, kind: str = "frontal") -> list[Labelled]:
    return [Labelled(Path(f"{person}{i}.jpg"), kind, person) for i in range(count)]


def test_folders_are_own_photos_strangers_and_a_strangers_group() -> None:
    known = Labelled(Path("deepface__tests_unit_dataset_couple.jpg"), "group", "")
    unknown = Labelled(Path("x__party.jpg"), "group", "")
    photos = [*some("anna", 7), *some("bert", 3), *some("carl", 5, "tight crop"), known, unknown]
    made = list(folders.mixed_folders(photos, False, 5))
    assert len(made) == 5 and made == list(folders.mixed_folders(photos, False, 5))
    for mixed in made:
        assert 4 <= len(mixed.own) <= 6 and {p.person for p in mixed.own} == {"anna"}
        assert 1 <= len(mixed.strangers) <= 2 and mixed.group == (unknown,)
        assert {p.person for p in mixed.strangers} == {"bert"}


def test_a_wrong_main_person_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = [*some("anna", 4), *some("bert", 2)]

    def stranger_wins(mixed: folders.Mixed, home: Path) -> dict[str, str]:
        own = {str(p.path): "another person (likeness 0.1)" for p in mixed.own}
        return own | {str(p.path): "" for p in mixed.strangers}

    monkeypatch.setattr(folders, "prepare", stranger_wins)
    found = folders.measure(photos, False, tmp_path, seeds=2)
    assert found["wrong_main_person"] == ["anna 0", "anna 1"] and found["own_kept"] == 0
    assert found["own_left_out"] == {"another person": 8}
    rows = real_photographs.rows({"folders": found})
    assert {"figure": "folders: wrong main person", "measured": "2 of 2"} in rows


def test_auc_counts_ties_half() -> None:
    assert pairs.auc(np.array([1.0, 2.0]), np.array([0.0, 0.5])) == 1
    assert pairs.auc(np.array([1.0]), np.array([1.0])) == 0.5
    assert pairs.auc(np.array([0.0, 3.0]), np.array([1.0, 2.0])) == 0.5


@pytest.mark.parametrize("degrees", [0, 30, 90])
def test_a_motion_kernel_is_a_streak(degrees: float) -> None:
    kernel = blurring.motion_kernel(41, degrees)
    y, x = np.mgrid[: len(kernel), : len(kernel)] - len(kernel) // 2
    along = x * np.cos(np.deg2rad(degrees)) + y * np.sin(np.deg2rad(degrees))
    across = y * np.cos(np.deg2rad(degrees)) - x * np.sin(np.deg2rad(degrees))
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert np.sqrt((kernel * along**2).sum()) == pytest.approx(41 / np.sqrt(12), rel=0.1)
    assert np.sqrt((kernel * across**2).sum()) < 1
