"""Records may come from strangers: what a page tells of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from pidiff_cli.core.images import RECORD_KEY
from pidiff_cli.stages.gallery.told import ToldRecord, plain_text, told_record
from tests.stages.gallery.conftest import picture, record


def of_text(path: Path, text: str) -> ToldRecord:
    """What is told of a picture whose record is this text."""
    info = PngImagePlugin.PngInfo()
    info.add_text(RECORD_KEY, text)
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
    return told_record(path)


def test_a_record_is_told_whole(tmp_path: Path) -> None:
    told = told_record(picture(tmp_path / "a.png", record("as a chef", 2**63 - 1)))
    assert (told.kind, told.prompt, told.seed) == ("drawn", "as a chef", "9223372036854775807")
    assert told.full == "a photo of a woman as a chef" and told.profile == "a" * 32
    assert told.settings == {
        "identity_scale": "1", "steps": "14", "guidance": "2.5", "keep_background": "0.07",
        "negative": "",
    }  # fmt: skip
    assert told.more == {"base": "mini", "pidiff": "0.1.0", "torch": "2.13.0"}


def test_a_mix_cannot_be_drawn_again(tmp_path: Path) -> None:
    mix = record("as a chef", 1, stylemix={"a": "1", "b": "2"})
    assert told_record(picture(tmp_path / "a.png", mix)).kind == "mix"


def test_what_can_be_changed_is_what_again_takes() -> None:
    from pidiff_cli.cli.again import parse_changes
    from pidiff_cli.stages.gallery.told import CHANGES

    texts = [f"{name}=1" for name in CHANGES.values()]
    assert len(parse_changes([*texts, "seed=1", "prompt=x"])) == len(CHANGES) + 2


@pytest.mark.parametrize(
    "text",
    [
        "", "no JSON", "[]", "null", "3", "[" * 100_000, '{"seed": ' + "9" * 5000 + "}",
        '{"prompt": 5, "seed": true, "settings": [1], "profile": "x", "base": 3, "versions": null}',
        '{"prompt": "x", "seed": NaN, "settings": {}}', '{"prompt": "x", "seed": 1.5}',
        '{"prompt": "x", "seed": 99999999999999999999, "settings": {"edits": [[1, 2], 3, []]}}',
    ],
)  # fmt: skip
def test_an_odd_record_is_none(tmp_path: Path, text: str) -> None:
    told = of_text(tmp_path / "odd.png", text)
    assert told.kind == "other" and told.settings == {} and told.more == {}


def test_only_values_of_the_right_kind_and_no_path(tmp_path: Path) -> None:
    odd: dict[str, Any] = {
        "prompt": "a\x1b[201~\nb\u202ec\ud800", "seed": 1,
        "settings": {
            "name": "/home/jo/alice", "style_from": "/home/jo/bob:fine", "steps": float("inf"),
            "guidance": [1], "size": 128, "edits": [["smile", 1.5], ["x", float("nan")]],
        },
        "profile": {"id": "<b>", "name": "C:\\Users\\jo\\alice"}, "base": {"name": "/models/own"},
    }  # fmt: skip
    told = of_text(tmp_path / "a.png", json.dumps(odd))
    assert told.prompt == "a[201~ bc" and told.profile == "" and told.name == "alice"
    assert told.settings == {"size": "128"}
    assert told.more == {"edits": "smile=1.5", "style from": "bob:fine", "base": "own"}


def test_long_text_is_cut_and_joined_signs_stay() -> None:
    assert plain_text("x" * 9000) == "x" * 1999 + "…"
    assert plain_text("👩\u200d🚀 in\n\n space") == "👩\u200d🚀 in space"
