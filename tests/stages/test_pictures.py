"""Pictures as files: whose they are, names of their own, and none that shows nothing."""

from __future__ import annotations

import json
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pidiff_cli import api
from pidiff_cli.config import StylemixConfig
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.images import read_record, save_png
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import Profile
from pidiff_cli.stages import person
from tests.support.opened import run_generate, run_stylemix, short_drawing
from tests.support.tiny_base import SIZE
from tests.support.tiny_person import Notes

BLACK = torch.full((1, 3, SIZE, SIZE), -1.0)


@pytest.fixture
def home(tuned_home: Path, tmp_path: Path) -> Path:
    """A home of one's own: people move in it."""
    return Path(shutil.copytree(tuned_home, tmp_path / "home"))


def pixels(path: Path) -> bytes:
    from PIL import Image

    return Image.open(path).tobytes()


def drawn(home: Path, prompt: str = "as a chef", **settings) -> Path:
    values = {"steps": 2, "size": SIZE, "seed": 3, "out": home.parent / "pics", **settings}
    return api.generate("alice", prompt, home=home, **values).images[0].path


@pytest.mark.parametrize("prompt", ["as a chef", "alice as a chef", "a photo of ALICE"])
def test_a_record_names_nobody(home: Path, prompt: str) -> None:
    style = f"{home / 'profiles' / 'bob'}:fine=0.5"
    path = drawn(home, prompt, style_from=style)
    text = json.dumps(read_record(path)).lower()
    for word in ("alice", "bob", str(home), "/"):
        assert word not in text.replace("image/", "")
    assert read_record(path)["profile"]["id"] == Profile.open("alice", home).manifest.id
    again = api.again(path, home=home, out=home.parent / "again").images[0].path
    assert pixels(again) == pixels(path)


def test_a_sheet_and_a_mix_name_nobody(home: Path) -> None:
    config = StylemixConfig(
        home=home, a="alice", b="bob", out=home.parent / "mix", name="mix", prompt="as a chef",
        size=SIZE, steps=1, between=2,
    )  # fmt: skip
    result = run_stylemix(config, Notes())
    kept = [read_record(result.sheet), read_record(result.images[0].path)]
    kept.append(Profile.open("mix", home).stage_state("stylemix"))
    text = json.dumps(kept)
    assert "alice" not in text and "bob" not in text and str(home) not in text
    other = run_stylemix(replace(config, name="", prompt="", fine=0.25), Notes())
    assert other.sheet != result.sheet and result.sheet.is_file()  # nothing is drawn over


def test_again_finds_who_was_renamed_or_moved(home: Path, tmp_path: Path) -> None:
    path, out = drawn(home), tmp_path / "again"
    before = pixels(path)
    folder = home / "profiles" / "alice"
    folder.rename(home / "profiles" / "eve")
    assert pixels(api.again(path, home=home, out=out).images[0].path) == before
    away = tmp_path / "away" / "eve"
    away.parent.mkdir()
    shutil.move(home / "profiles" / "eve", away)
    with pytest.raises(InputError, match="not among the profiles") as told:
        api.again(path, home=home, out=out)
    assert "--profile" in told.value.hint
    found = api.again(path, home=home, out=out, profile=away).images[0].path
    assert pixels(found) == before


def test_again_reads_records_of_before(home: Path, tmp_path: Path) -> None:
    record = read_record(drawn(home))
    del record["profile"]["id"], record["settings"]["noun"]
    record["settings"]["name"] = "alice"
    old = save_png(tmp_path / "old.png", np.zeros((8, 8, 3), np.uint8), record)
    assert api.again(old, home=home, out=tmp_path).images[0].path.is_file()
    settings = record["settings"]
    for damage in (
        {"seed": None},
        {"settings": {**settings, "edits": [["smile"]]}},
        {"settings": {**settings, "edits": 5}},
        {"settings": {**settings, "size": "large"}},
        {"prompt": 5},
    ):
        nothing = np.zeros((8, 8, 3), np.uint8)
        path = save_png(tmp_path / "broken.png", nothing, {**record, **damage})
        with pytest.raises((InputError, UsageError)):
            api.again(path, home=home, out=tmp_path)


@pytest.mark.parametrize("decoded", [BLACK, BLACK + 0.9, torch.nan + BLACK, torch.inf - BLACK])
def test_a_picture_that_shows_nothing_is_an_error_and_no_file(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoded: torch.Tensor
) -> None:
    monkeypatch.setattr(Base, "decode", lambda self, z: decoded)
    config = short_drawing(home, tmp_path)
    with pytest.raises(InputError, match="The picture of seed 7 came out empty"):
        run_generate(config, Notes())
    assert not list(config.out.iterdir())


def test_a_wrong_wish_leaves_no_folder(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "pics"
    for settings in ({"edits": {"smail": 1}}, {"scheduler": "foo"}, {"size": 8}):
        with pytest.raises(UsageError):
            api.generate("alice", "as a chef", home=home, out=out, **settings)
    assert not out.parent.exists()


@pytest.mark.parametrize("links", [True, False])
def test_many_at_once_lose_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """Four threads, thirty pictures each, all of one prompt and seed."""
    if not links:

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError("no links here")

        monkeypatch.setattr(os, "link", refuse)
    image, written = np.zeros((4, 4, 3), np.uint8), []

    def write(thread: int) -> None:
        for number in range(30):
            record = {
                "prompt": "a", "full_prompt": "a", "seed": 0, "which": [thread, number],
            }  # fmt: skip
            written.append(person.write_picture(tmp_path, "alice", image, record, None).path)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = {tuple(read_record(path)["which"]) for path in tmp_path.iterdir()}
    assert len(set(written)) == len(kept) == 120
    assert all(path.suffix == ".png" and path.name[0] != "." for path in tmp_path.iterdir())


def test_the_same_picture_again_takes_no_new_name(tmp_path: Path) -> None:
    image, record = np.zeros((4, 4, 3), np.uint8), {"prompt": "a", "full_prompt": "a", "seed": 0}
    paths = {person.write_picture(tmp_path, "alice", image, record, None).path for _ in range(3)}
    assert paths == {tmp_path / "alice-a-0.png"}


def test_a_long_name_fits_on_the_disk(tmp_path: Path) -> None:
    image, record = np.zeros((4, 4, 3), np.uint8), {"prompt": "a", "full_prompt": "a", "seed": 0}
    path = person.write_picture(tmp_path, "愛" * 64, image, record, None).path
    assert path.is_file() and len(path.name.encode()) < 255


def test_a_noun_for_some_pictures(home: Path) -> None:
    path = drawn(home, noun="man")
    record = read_record(path)
    assert record["full_prompt"] == "a photo of a man as a chef"
    assert Profile.open("alice", home).manifest.noun == "woman"
    again = api.again(path, home=home, out=home.parent / "again").images[0].path
    assert read_record(again)["full_prompt"] == record["full_prompt"]


def test_a_noun_is_taken_or_refused(home: Path) -> None:
    notes = Notes()
    with pytest.raises(UsageError, match="alice is tuned as a woman, not as a man") as told:
        api.tune("alice", noun="man", home=home)
    assert "--restart" in told.value.hint and "generate alice" in told.value.hint
    with pytest.raises(UsageError, match="it can be person, man"):
        api.tune("bob", noun="lady", home=home)
    short = {"steps": 1, "batch": 1, "rank": 2, "size": SIZE, "preview_every": 0}
    api.tune("bob", noun="boy", home=home, progress=notes, **short)
    assert Profile.open("bob", home).manifest.noun == "boy"
    assert any("bob is called a boy from now on" in line for line in notes.lines)
    api.tune("alice", noun="woman", home=home)  # as it is: nothing to say
    api.tune("alice", noun="man", restart=True, home=home, **short)
    assert Profile.open("alice", home).manifest.noun == "man"
