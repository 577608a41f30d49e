"""pull against a real server: licences, tokens, repositories of every shape, and verify."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from pidiff_cli.weights import locate, records
from pidiff_cli.weights.table import WEIGHTS
from tests.support.hub_pull import SD15, UNET, left_over
from tests.support.hub_server import COMMIT, diffusers_repo


def test_sd15_and_all_that_may_go_with_it(pidiff, server, converts, home):
    ran = pidiff("--json", "models", "pull", "sd15", "--with", "wplus", "--accept-license")
    assert ran.code == 0, ran.err
    assert ran.json["models"] == [
        "sd15-base",
        "nudity",
        "yunet",
        "sface-int8",
        "facemesh",
        "e4e",
        "sd15-identity",
    ]
    parts = locate.base_parts("sd15", home)
    assert parts.diffusers == home / "models/sd15/diffusers" and parts.identity is not None
    whole = server.repos[SD15]
    half = whole["unet/diffusion_pytorch_model.fp16.safetensors"]
    assert (parts.diffusers / UNET).read_bytes() == half
    names = {p.relative_to(parts.diffusers).as_posix() for p in parts.diffusers.rglob("*.*")}
    assert not any("non_ema" in n or n.endswith(".bin") or "safety" in n for n in names)
    entry = records.read_entries(parts.diffusers)["sd15-base"]
    assert entry.revision == COMMIT and entry.licence == "creativeml-openrail-m"
    assert entry.files[UNET] == records.FileRecord(len(half), hashlib.sha256(half).hexdigest())
    assert not list((home / "models").rglob("*.part"))
    assert pidiff("models", "verify").code == 0
    rows = {r["name"]: r for r in pidiff("--json", "models", "list").json["weights"]}
    assert rows["e4e"]["ready"]
    assert not rows["stylegan2-ffhq"]["ready"]  # the generator that lies there came with e4e
    server.seen.clear()
    again = pidiff("models", "pull", "sd15", "--with", "wplus")
    assert again.code == 0 and "here already" in again.err and not server.seen


def test_licences_are_shown_and_have_to_be_accepted(pidiff, server, home):
    ran = pidiff("models", "pull", "sd15", "--with", "wplus")
    assert ran.code == 4
    assert "creativeml-openrail-m" in ran.err and "Forbids commercial use" in ran.err
    assert "--accept-license" in ran.err
    assert not server.seen and not (home / "models").exists()


def test_name_size_licence_and_address_are_told_before_it_asks(pidiff, server, monkeypatch):
    ran = pidiff("models", "pull", "sd15", "directions")
    assert ran.code == 4 and not server.seen
    assert "sd15-base       2.1 GB, creativeml-openrail-m." in ran.err
    assert f"  {server.url}/{SD15} at 451f4fe16113" in ran.err  # the mirror's, where there is one
    for file in (*WEIGHTS["yunet"].files, *WEIGHTS["directions"].files):
        assert file.url in ran.err
    ran = pidiff("models", "pull", "e4e", "--from", __file__)
    assert f"1.2 GB, NVIDIA, non-commercial. {WEIGHTS['e4e'].says}" in ran.err
    assert f"  {__file__}\n" in ran.err


def test_what_the_table_has_of_the_hub_is_pinned():
    for weight in WEIGHTS.values():
        assert not weight.repo or re.fullmatch("[0-9a-f]{40}", weight.revision)
        for file in weight.files if weight.folder else ():
            commit = re.search("huggingface.co/.*/resolve/([^/]+)/", file.url)
            pinned = commit and re.fullmatch("[0-9a-f]{40}", commit[1])
            assert not commit or pinned or (file.sure and len(file.sha256) == 64)


def test_a_terminal_asks(pidiff, server, monkeypatch, home):
    import typer

    from pidiff_cli.cli import streams

    monkeypatch.setattr(streams, "can_ask", lambda: True)
    asked = []
    monkeypatch.setattr(typer, "confirm", lambda text, **_: asked.append(text))
    ran = pidiff("-q", "models", "pull", "sd15-base")
    assert ran.code == 4 and "not accepted" in ran.err and not server.seen
    monkeypatch.setattr(typer, "confirm", lambda text, **_: True)
    assert pidiff("-q", "models", "pull", "sd15-base").code == 0
    assert asked == ["Accept the licences of sd15-base?"]


def test_permissive_weights_ask_nothing(pidiff, server, home):
    assert pidiff("models", "pull", "sface").code == 0
    assert (home / "models/faces/face_recognition_sface_2021dec.onnx").is_file()


def test_a_gated_repository(pidiff, server, monkeypatch, home):
    server.gated.add(SD15)
    ran = pidiff("models", "pull", "sd15-base", "--accept-license")
    assert ran.code == 4 and "HF_TOKEN" in ran.err and f"{server.url}/{SD15}" in ran.err
    assert left_over(home) == []
    monkeypatch.setenv("HF_TOKEN", "wrong")
    assert "this token" in pidiff("models", "pull", "sd15-base", "--accept-license").err
    monkeypatch.setenv("HF_TOKEN", "right")
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0


def test_the_token_stays_with_the_hub(pidiff, server, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "right")
    monkeypatch.setenv("HF_ENDPOINT", server.url.replace("127.0.0.1", "localhost"))
    assert pidiff("models", "pull", "sface").code == 0
    assert not any("authorization" in headers for _, _, headers in server.seen)


def test_the_token_does_not_follow_a_redirect_elsewhere(pidiff, server, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "right")
    server.cdn = server.url.replace("127.0.0.1", "localhost")
    server.blobs = False
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    assert all("authorization" not in h for _, path, h in server.seen if path.startswith("/cdn/"))
    asked = server.asked("unet/config.json")
    assert any(headers.get("authorization") == "Bearer right" for headers in asked)


def test_sizes_that_the_listing_keeps_to_itself(pidiff, server, home):
    server.blobs = False
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    assert server.asked("unet/diffusion_pytorch_model.fp16.safetensors", "HEAD")


def test_shards_and_bf16_of_a_repository(pidiff, server, home):
    plain = diffusers_repo()
    unet = "unet/diffusion_pytorch_model"
    shards = [f"{unet}.bf16-0000{i}-of-00002.safetensors" for i in (1, 2)]
    weights = {name: name.encode() * 99 for name in shards}
    for name in list(plain):
        if name.startswith((unet, "vae/diffusion")):
            del plain[name]
    kept = f"{unet}.safetensors.index.json"
    server.repos["someone/shards"] = (
        plain
        | weights
        | {
            f"{unet}.safetensors.index.bf16.json": b'{"weight_map": {"a": "b"}}',
            f"{unet}-00001-of-00002.safetensors": b"one of two",
            kept: b'{"weight_map": {}}',
            "vae/diffusion_pytorch_model.bf16.safetensors": b"vae",
        }
    )
    ran = pidiff("models", "pull", "someone/shards", "--accept-license")
    assert ran.code == 0, ran.err
    folder = home / "models/someone--shards/diffusers"
    names = {p.name for p in (folder / "unet").iterdir()}
    assert names == {"config.json", Path(kept).name, *(Path(name).name for name in shards)}
    assert b'"a"' in (folder / kept).read_bytes()
    assert (folder / "vae/diffusion_pytorch_model.safetensors").read_bytes() == b"vae"
    del server.repos["someone/shards"][shards[1]]
    ran = pidiff("models", "pull", "someone/shards", "--again", "--accept-license")
    assert ran.code == 3 and "no whole .safetensors weights of its unet" in ran.err


def test_a_checkpoint_from_the_hub(pidiff, server, home):
    server.repos["someone/dreams"] = diffusers_repo()
    assert pidiff("models", "pull", "someone/dreams", "--accept-license").code == 0
    folder = home / "models/someone--dreams/diffusers"
    assert locate.find_diffusers("someone/dreams", home) == folder
    assert pidiff("models", "verify").code == 0
    (folder / UNET).write_bytes(b"cut off")
    ran = pidiff("models", "verify")
    assert ran.code == 4 and "someone/dreams" in ran.err and "--again" in ran.err


@pytest.mark.parametrize(("width", "told"), [(1024, "Stable Diffusion 2"), (1280, "refiner")])
def test_a_checkpoint_of_another_family(pidiff, server, home, width, told):
    server.repos["someone/two"] = diffusers_repo(width)
    ran = pidiff("models", "pull", "someone/two", "--accept-license")
    assert ran.code == 3 and told in ran.err
    assert not server.asked(".safetensors") and left_over(home) == []


def test_repositories_that_cannot_be_used(pidiff, server, home):
    server.repos["a/pickles"] = {
        k: v for k, v in diffusers_repo().items() if not k.endswith("safetensors")
    }
    server.repos["a/single"] = {"model.safetensors": b"x", "README.md": b"x"}
    server.repos["a/escape"] = diffusers_repo() | {"../../evil.json": b"{}"}
    for name, told in (
        ("pickles", "no whole .safetensors"),
        ("single", "--base FILE"),
        ("none", "is private"),
    ):
        ran = pidiff("models", "pull", f"a/{name}", "--accept-license")
        assert ran.code in (3, 4) and told in ran.err
    assert "outside" in pidiff("models", "pull", "a/escape", "--accept-license").err
    assert left_over(home) == []


def test_a_changed_byte_is_found(pidiff, server, home):
    assert pidiff("models", "pull", "sface").code == 0
    path = home / "models/faces/face_recognition_sface_2021dec.onnx"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    ran = pidiff("models", "verify", "sface")
    assert ran.code == 4 and "sha256 has changed" in ran.err
    assert pidiff("models", "pull", "--again", "sface").code == 0
    assert pidiff("models", "verify", "sface").code == 0


def test_words_that_name_nothing(pidiff, server):
    assert pidiff("models", "pull", "sd16").code == 2
    ran = pidiff("models", "pull", "rmbg")
    assert ran.code == 2 and "does not fetch" in ran.err


def test_the_list_tells_licences(pidiff, server, home):
    ran = pidiff("--json", "models", "list", "--all")
    rows = {row["name"]: row for row in ran.json["weights"]}
    assert rows["e4e"]["commercial"] == "no" and not rows["e4e"]["ready"]
    assert set(rows) == set(WEIGHTS)
    assert "FORBIDDEN" in pidiff("models", "list").err
    assert json.dumps(ran.json)
