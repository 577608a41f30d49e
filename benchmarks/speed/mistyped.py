"""The mistakes of mistakes.txt, and the place in which they are typed."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np

#: A line each, as typed in a shell; the four characters \xff stand for a byte that is no UTF-8.
MISTAKES = Path(__file__).with_name("mistakes.txt").read_text(encoding="utf-8").strip().splitlines()


def typed(line: str) -> list[bytes]:
    """The words of a line, with the bytes that it stands for."""
    return [word.encode().replace(rb"\xff", b"\xff") for word in shlex.split(line)]


def make_place(root: Path) -> None:
    """A home with profiles, and files beside it."""
    from PIL import Image

    from pidiff_cli.core.images import save_png
    from pidiff_cli.profile import Photo, Profile

    home = root / "home"
    for folder in ("photos", "empty"):
        (root / folder).mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    for path in (root / "photo.jpg", root / "photos" / "one.jpg"):
        Image.fromarray(noise).save(path)
    (root / "latin.txt").write_bytes(b"in a caf\xe9\n")
    (root / "broken.yaml").write_text("name: a\nbase: mini\ntune: {rnk: 3}\n", encoding="utf-8")
    (root / "nan.yaml").write_text(
        "name: a\nbase: mini\ngenerate: {guidance: .nan, start: .inf}\n", encoding="utf-8"
    )
    for name in ("alice", "forgotten", "bob"):
        profile = Profile.create(home, name, "woman")
        if name == "bob":
            continue
        code = np.zeros((1, 12, 80), np.float32)
        profile.save_identity(code, np.ones(1, np.float32), code[0], ("01",))
        profile.write("lora/adapter_config.json", b"{}")
        profile.update(base={"name": "mini"}, recipe={"name": "mini-cpu"})
        if name == "alice":
            profile.write("photos/01_face.png", lambda path: save_png(path, noise) and None)
            profile.update(photos=(Photo("01", "one.jpg", face="photos/01_face.png"),))
            profile.update_stage("prepare", inputs=["0" * 64], kept=[["other.jpg", 1.0, False]])
    key = Profile.open("alice", home).manifest.id
    for name, whose in (("drawn", key), ("stranger", "0" * 32)):
        record = {
            "prompt": "a woman",
            "full_prompt": "a woman",
            "seed": 1,
            "settings": {"size": 128},
        }
        save_png(root / f"{name}.png", noise, {**record, "profile": {"id": whose}})
