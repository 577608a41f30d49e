"""A profile that is not as it should be: told by its fault, never followed out of its folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile, find_by_id, list_profiles, profile_folders
from pidiff_cli.stages.faces import aligned_faces, stored_picture
from tests.support.bombs import png_bomb
from tests.support.profile_file import PICTURE, export, make_alice, manifest_of, refused, rewritten
from tests.support.tiny_person import make_profile


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A picture that belongs to nobody's profile."""
    path = tmp_path / "outside.png"
    path.write_bytes(PICTURE)
    return path


def test_one_bad_profile_is_listed_with_its_fault(home: Path, pidiff, tmp_path: Path) -> None:
    make_profile(home, "alice")
    for name, content in {
        "array": b"[]", "cut": b'{"name": "cut"', "bytes": b"\xff\xfe", "deep": b"[" * 100_000,
        "large": b" " * 15_000_000, "newer": b'{"schema": 9}', "noname": b'{"schema": 1}',
        "kind": json.dumps({"schema": 1, "name": 5}).encode(),
    }.items():  # fmt: skip
        (home / "profiles" / name).mkdir()
        (home / "profiles" / name / "profile.json").write_bytes(content)
    (home / "profiles" / "away").symlink_to(tmp_path)
    (home / "profiles" / "pointed").mkdir()
    (home / "profiles" / "pointed" / "profile.json").symlink_to("/dev/zero")
    ran = pidiff("profile", "list")
    assert ran.code == 0 and ran.out.count("\n") == 2 and "alice" in ran.out
    document = json.loads(pidiff("--json", "profile", "list").out)
    assert [row["name"] for row in document["profiles"]] == ["alice"]
    faulty = {row["name"]: row["fault"] for row in document["faulty"]}
    assert faulty.keys() == {
        "array", "cut", "bytes", "deep", "large", "newer", "noname", "kind", "away", "pointed",
    }  # fmt: skip
    assert all(f"{name}: " in ran.err for name in faulty)
    key = Profile.open("alice", home).manifest.id
    assert find_by_id(key, home).name == "alice" and "alice" in [  # type: ignore[union-attr]
        one.folder.name for one in list_profiles(home)
    ]
    assert len(profile_folders(home)) == 11


def test_nothing_behind_a_link_is_read(home: Path, outside: Path, tmp_path: Path) -> None:
    alice = make_profile(home)
    face = alice.photos[0].face
    alice.path(face).unlink()
    alice.path(face).symlink_to(outside)
    for read in (
        lambda: aligned_faces(alice),
        lambda: stored_picture(alice, face),
        lambda: export(alice, tmp_path / "x.pidiff"),
    ):
        with pytest.raises(InputError, match="it is a link"):
            read()
    assert any("it is a link" in line for line in alice.verify())
    assert outside.read_bytes() == PICTURE


def test_nor_behind_a_folder_that_is_one(home: Path, tmp_path: Path) -> None:
    alice = make_profile(home)
    shutil.move(alice.folder / "photos", tmp_path / "photos")
    (alice.folder / "photos").symlink_to(tmp_path / "photos")
    with pytest.raises(InputError, match="photos is refused: it is a link"):
        aligned_faces(alice)
    assert alice.size_mb(photos=True) < 0.1


def test_a_profile_that_is_a_link_is_told(home: Path, tmp_path: Path) -> None:
    alice = make_profile(home)
    shutil.move(alice.folder, tmp_path / "real")
    alice.folder.symlink_to(tmp_path / "real")
    with pytest.raises(InputError, match="alice is a link") as told:
        Profile.open("alice", home)
    assert "its own path" in told.value.hint
    assert Profile.open(tmp_path / "real", home).name == "alice"


def test_pictures_that_are_larger_than_any_face(home: Path) -> None:
    alice = make_profile(home)
    alice.write(alice.photos[0].face, png_bomb(9990, 9990))
    with pytest.raises(InputError, match="9990 x 9990"):
        aligned_faces(alice)


def test_bombs_are_refused_by_their_directory(home: Path, tmp_path: Path) -> None:
    import zipfile

    file = export(make_alice(home), tmp_path / "alice.pidiff")
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for i in range(300):  # each is small, and packs 1000 : 1
            archive.writestr(f"photos/{i:03d}_face.png", bytes(900_000))
    refused(file, home, "unpacks to far more")


def test_fourteen_pictures_that_would_not_fit(home: Path, tmp_path: Path) -> None:
    file = export(make_alice(home), tmp_path / "alice.pidiff")
    more = {f"photos/{i:02d}_face.png": png_bomb(9990, 9990) for i in range(2, 16)}
    refused(rewritten(file, lambda e: e.update(more)), home, "9990 x 9990")


CHANGES = {
    "later": 1, "photos": [{"key": "01", "source": "x", "quality": 1e38}],
    "stages": {"tune": {"result": {"steps": 1, "likeness": {"held_out": "x"}}}},
    "recipe": {"name": ["x"]}, "files": {"../x": "0" * 64}, "noun": "a\x1b[31m",
    "base": {"name": {"a": 1}}, "id": "a/b", "created": 5,
}  # fmt: skip


@pytest.mark.parametrize("key", CHANGES)
def test_a_manifest_that_its_schema_does_not_know(home: Path, tmp_path: Path, key: str) -> None:
    file = export(make_alice(home), tmp_path / "alice.pidiff")
    changed = rewritten(file, lambda e: manifest_of(e, **{key: CHANGES[key]}))
    refused(changed, home, "damaged|outside|verify|cannot")


def test_what_could_not_be_read_again_is_not_written(home: Path) -> None:
    alice = make_profile(home)
    before = (alice.folder / "profile.json").read_bytes()
    with pytest.raises(InputError):
        alice.update_stage("tune", later=1)
    assert (alice.folder / "profile.json").read_bytes() == before
    alice.update_stage("invert", likeness=float("nan"))  # null: it could not be measured
    assert alice.stage_state("invert")["likeness"] is None
