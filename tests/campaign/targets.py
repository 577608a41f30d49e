"""Every reader of what may come from a stranger, with a valid input for it."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from tests.campaign import mutate

Mutate = Callable[[bytes, Random], bytes]


@dataclass(frozen=True)
class Target:
    """A reader.

    Attributes:
        name: of the file to change, below the working folder. valid: its bytes.
        mutate: how they are changed. read: what reads the working folder.
        dear: it loads a network; tried less often.
    """

    label: str
    name: str
    valid: bytes
    mutate: Mutate
    read: Callable[[Path], object]
    dear: bool = False


def make(home: Path) -> list[Target]:
    """The targets, around a home with a valid profile ``alice`` in it, which is made."""
    made = _profile(home)
    exported = home / "alice.pidiff"
    picture = _picture(home, made)
    folder = made.folder

    def entry(name: str, how: Mutate, *reads: Callable[[Path], object]) -> list[Target]:
        valid = (folder / name).read_bytes()
        return [
            Target(
                f"{name} by {read.__name__.strip('_')}", f"profiles/alice/{name}", valid, how, read
            )
            for read in reads
        ]

    recipe = (Path(__file__).parents[2] / "recipes" / "mini-cpu.yaml").read_bytes()
    return [
        *entry("profile.json", mutate.of_json, _open, _listed, _cli_show, _cli_verify),
        *entry("identity.safetensors", mutate.of_tensors, _codes, _contents),
        *entry("adapter/adapter_config.json", mutate.of_json, _adapter, _contents),
        *entry("adapter/adapter_model.safetensors", mutate.of_tensors, _adapter, _contents),
        *entry("lora/adapter_config.json", mutate.of_json, _lora),
        *entry("lora/adapter_model.safetensors", mutate.of_tensors, _lora),
        *entry("photos/01_face.png", mutate.of_png, _faces, _contents),
        *entry("reports/loss.jsonl", mutate.of_bytes, _log),
        *entry("checkpoint/state.json", mutate.of_json, _checkpoint),
        *entry("checkpoint/optimizer.safetensors", mutate.of_tensors, _checkpoint),
        Target("adapter config on mini", "profiles/alice/adapter/adapter_config.json",
               (folder / "adapter/adapter_config.json").read_bytes(), mutate.of_json,
               _on_mini, True),
        Target("adapter on mini", "profiles/alice/adapter/adapter_model.safetensors",
               (folder / "adapter/adapter_model.safetensors").read_bytes(), mutate.of_tensors,
               _on_mini, True),
        Target("export", "x.pidiff", exported.read_bytes(), mutate.of_zip, _import),
        Target("export on the command line", "x.pidiff", exported.read_bytes(), mutate.of_zip,
               _cli_import),
        Target("recipe", "x.yaml", recipe, mutate.of_yaml, _recipe),
        Target("recipe on the command line", "x.yaml", recipe, mutate.of_yaml, _cli_recipe),
        Target("record", "x.png", picture, mutate.of_png, _record),
        Target("record in a gallery", "x.png", picture, mutate.of_png, _gallery),
        Target("again on the command line", "x.png", picture, mutate.of_png, _cli_again),
        Target("verify on the command line", "x.png", picture, mutate.of_png, _cli_picture),
        Target("prompt of any picture", "x.png", _comfy(), _of_comfy, _prompt),
        Target("foreign LoRA", "x.safetensors", _foreign(), mutate.of_tensors, _read_foreign),
        Target("person file", "x.safetensors", _person(), mutate.of_tensors, _read_person),
        Target("base file", "x.safetensors", _base(), mutate.of_tensors, _family),
        Target("ids elsewhere", "cache/profiles.json", b'{"abc": "/x"}', mutate.of_json, _find),
        Target("pace", "cache/pace.json", b'{"a": 1.5}', mutate.of_json, _pace),
        Target("paths of bases", "models/paths.json", b'{"a.safetensors": "/x"}', mutate.of_json,
               _paths),
        Target("what was fetched", "models/x/pulled.json", _pulled(), mutate.of_json, _read_pulled),
        Target("earlier gallery", "gallery.html", _page(), _of_page, _earlier),
    ]  # fmt: skip


def _profile(home: Path) -> Any:
    """alice: photos, codes, adapters that fit mini, a log and a checkpoint; exported."""
    import torch
    from safetensors.torch import save_file

    from pidiff_cli.core.images import png_bytes
    from pidiff_cli.profile import Photo, Profile
    from pidiff_cli.profile.archive import write_archive

    fixture = Path(__file__).parents[1] / "fixtures" / "tuned_0_1_0" / "profile"
    shutil.copytree(fixture, home / "profiles" / "alice")
    profile = Profile.open("alice", home)
    told = {"step": 2, "digest": "x", "losses": [{"loss": 0.5}]}
    state = {"loop": told, "optimizer": {"0/step": 2.0}}
    face = png_bytes(np.full((16, 16, 3), 90, np.uint8))
    profile.write("photos/01_face.png", face)
    info = {"box": [1.0, 2.0, 3.0, 4.0], "place": [8.0, 8.0, 4.0], "turn": 0.1}
    profile.update(photos=(Photo("01", "one.jpg", 0.5, face="photos/01_face.png", info=info),))
    profile.write("reports/loss.jsonl", b'{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.25}\n')
    _write_lora(profile)
    write_archive(profile, home / "alice.pidiff", True)
    profile.write("checkpoint/state.json", json.dumps(state).encode())
    tensors = {"0/exp_avg": torch.zeros(3), "0/exp_avg_sq": torch.zeros(3)}
    tensors["generator"] = torch.Generator().get_state()
    profile.write("checkpoint/optimizer.safetensors", lambda path: save_file(tensors, path))
    return profile


def _write_lora(profile: Any) -> None:
    from pidiff_cli.core.identity.lora_files import write_peft
    from tests.support.lora_made import random_lora

    unet = _layers()
    profile.write_folder("lora", lambda folder: write_peft(random_lora(unet), folder))


def _layers() -> Any:
    from pidiff_cli.core.diffusion.unet_layers import unet_layers
    from pidiff_cli.weights.locate import PACKAGE_WEIGHTS

    return unet_layers(PACKAGE_WEIGHTS / "diffusers", "mini")


def _picture(home: Path, profile: Any) -> bytes:
    from pidiff_cli.core.images import png_bytes

    record = {
        "prompt": "as a chef", "full_prompt": "a photo of a man as a chef", "seed": 5,
        "settings": {
            "base": "mini", "edits": [["smile", 1.0]], "guidance": 2.5, "steps": 2, "size": 128,
            "negative": "", "scheduler": "", "style_from": "", "subject": [], "literal": True,
            "noun": "man", "hold": 0.5, "start": 0.1, "name": "alice", "score": False,
        },
        "profile": {"id": profile.manifest.id, "fingerprint": profile.fingerprint},
        "base": {"name": "mini", "fingerprint": "0" * 16}, "versions": {"pidiff": "0.1.0"},
    }  # fmt: skip
    return png_bytes(np.zeros((8, 8, 3), np.uint8), record)


def _comfy() -> bytes:
    from PIL import Image, PngImagePlugin

    info = PngImagePlugin.PngInfo()
    graph = {
        "1": {"class_type": "KSampler", "inputs": {"positive": ["2", 0], "seed": 3}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a (man:1.2) as a chef"}},
    }
    info.add_text("prompt", json.dumps(graph))
    info.add_text("parameters", "a man\nNegative prompt: x\nSteps: 20, Seed: 5")
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def _of_comfy(data: bytes, rng: Random) -> bytes:
    if rng.random() < 0.2:
        return mutate.of_bytes(data, rng)
    return mutate.of_png(data, rng, b"prompt")


def _foreign() -> bytes:
    from safetensors.torch import save

    from tests.support.lora_made import random_lora

    tensors = {}
    for path, layer in random_lora(_layers()).layers.items():
        tensors[f"unet.{path}.lora_A.weight"] = layer.down.contiguous()
        tensors[f"unet.{path}.lora_B.weight"] = layer.up.contiguous()
    told = {"unet.lora_alpha": 2.0, "unet.alpha_pattern": {"mid_block": 4.0}}
    return save(tensors, {"lora_adapter_metadata": json.dumps(told)})


def _base() -> bytes:
    from safetensors.numpy import save

    inputs = "model.diffusion_model.input_blocks.0.0.weight"
    width = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    return save({inputs: np.ones((2, 4, 1, 1), np.float32), width: np.ones((1, 768), np.float32)})


def _person() -> bytes:
    from safetensors.numpy import save

    told = {
        "format": "pidiff person 1",
        "noun": "man",
        "name": "x",
        "base": "mini",
        "family": "mini",
    }
    values = {"a.attn2.ask": np.ones((2, 2, 2), np.float32)}
    return save(values, {"pidiff": json.dumps(told)})


def _pulled() -> bytes:
    entry = {"licence": "x", "date": "y", "source": "z", "revision": "", "fetched": {}}
    entry["files"] = {"a": {"size": 1, "sha256": "0" * 64}}
    return json.dumps({"weights": {"x": entry}}).encode()


def _page() -> bytes:
    known = {"pictures": [{"key": "a-1", "thumb": "data:image/webp;base64,AAAA", "likeness": 0.5}]}
    head = b'<meta name="generator" content="pidiff gallery">'
    data = json.dumps(known).encode()
    return head + b'<script type="application/json" id="data">' + data + b"</script>"


def _of_page(data: bytes, rng: Random) -> bytes:
    head, mark, rest = data.partition(b'id="data">')
    inner, end, tail = rest.partition(b"</script>")
    if rng.random() < 0.2:
        return mutate.of_bytes(data, rng)
    return head + mark + mutate.of_json(inner, rng) + end + tail


def _open(root: Path) -> object:
    from pidiff_cli.cli.profiles import describe
    from pidiff_cli.profile import Profile
    from pidiff_cli.stages.prepare.once import told_again

    profile = Profile.open("alice", root)
    profile.verify()
    told_again(profile)
    return describe(profile), profile.fingerprint, profile.photos


def _listed(root: Path) -> object:
    from pidiff_cli.profile import find_by_id, list_profiles

    return [item.folder for item in list_profiles(root)], find_by_id("abc", root, "x")


def _codes(root: Path) -> object:
    from pidiff_cli.profile import Profile

    return Profile.open("alice", root).load_identity()


def _contents(root: Path) -> object:
    from pidiff_cli.profile.contents import check_content

    folder = root / "profiles" / "alice"
    files = [
        path for path in folder.rglob("*") if path.is_file() and "checkpoint" not in path.parts
    ]
    return [check_content(path, path.relative_to(folder).as_posix()) for path in files]


def _adapter(root: Path) -> object:
    from pidiff_cli.reading.lora_config import check_adapter

    return check_adapter(root / "profiles" / "alice" / "adapter")


def _lora(root: Path) -> object:
    from pidiff_cli.core.identity.lora_files import read_peft

    return read_peft(root / "profiles" / "alice" / "lora")


_MINI: list[Any] = []


def _on_mini(root: Path) -> object:
    """As `generate` loads it."""
    import copy

    import torch

    from pidiff_cli.core.identity.adapter import load_adapter
    from pidiff_cli.stages.base import load_parts
    from pidiff_cli.weights.locate import base_parts

    if not _MINI:
        _MINI.append(load_parts(base_parts("mini", root), torch.device("cpu"), torch.float32).unet)
    return load_adapter(copy.deepcopy(_MINI[0]), root / "profiles" / "alice" / "adapter")


def _faces(root: Path) -> object:
    from pidiff_cli.profile import Profile
    from pidiff_cli.stages.faces import aligned_faces

    return aligned_faces(Profile.open("alice", root))


def _log(root: Path) -> object:
    from pidiff_cli.profile import Profile
    from pidiff_cli.stages.report.html import curve
    from pidiff_cli.stages.tune.log import read_log

    return curve(read_log(Profile.open("alice", root)))


def _checkpoint(root: Path) -> object:
    import torch

    from pidiff_cli.core.training.checkpoint import load_checkpoint, read_state
    from pidiff_cli.stages.tune.loop import Run, SavedRun

    folder = root / "profiles" / "alice" / "checkpoint"
    saved = read_state(folder, SavedRun)
    if saved is not None:
        saved.pop("digest")
        Run(**saved)
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(3))])
    return load_checkpoint(folder, optimizer, torch.Generator())


def _import(root: Path) -> object:
    from pidiff_cli.stages.export.run import run_import

    return run_import(root / "x.pidiff", root / "into", "bob", force=True)


def _recipe(root: Path) -> object:
    from pidiff_cli.config import GenerateConfig, TuneConfig
    from pidiff_cli.recipe import load_recipe, settings_for

    recipe = load_recipe(str(root / "x.yaml"))
    values = settings_for(recipe, "generate")
    return TuneConfig(**settings_for(recipe, "tune")), GenerateConfig(**values)


def _record(root: Path) -> object:
    from pidiff_cli.config import GenerateConfig
    from pidiff_cli.core.record import read_record
    from pidiff_cli.stages.opening import base_of
    from pidiff_cli.stages.recorded import recorded_person, recorded_settings

    record = read_record(root / "x.png")
    values = recorded_settings(record, root / "x.png", root)
    person = recorded_person(record, root)
    base_of(root, person, values.get("base", ""))
    return GenerateConfig(**values, name=person.name)


def _gallery(root: Path) -> object:
    from pidiff_cli.stages.gallery.entry import read_entry, shown

    return shown(read_entry(root / "x.png", {}, 64), "x", root / "page.html")


def _prompt(root: Path) -> object:
    from pidiff_cli.stages.judge.prompts import prompt_of

    return prompt_of(root / "x.png")


def _read_foreign(root: Path) -> object:
    from pidiff_cli.core.identity.lora_foreign import read_foreign

    return read_foreign(root / "x.safetensors", _layers())


def _read_person(root: Path) -> object:
    from pidiff_cli.core.diffusion.person_branch import read_person

    return read_person(root / "x.safetensors")


def _family(root: Path) -> object:
    from pidiff_cli.weights.family import family_of

    return family_of(root / "x.safetensors")


def _find(root: Path) -> object:
    from pidiff_cli.profile import find_by_id

    return find_by_id("abc", root)


def _pace(root: Path) -> object:
    from pidiff_cli.stages.tune.pace import known

    return known(root, "a")


def _paths(root: Path) -> object:
    from pidiff_cli.weights.locate import known_labels, recorded_base

    return known_labels(root), recorded_base("a.safetensors", root)


def _read_pulled(root: Path) -> object:
    from pidiff_cli.weights.records import read_entries

    return read_entries(root / "models" / "x")


def _earlier(root: Path) -> object:
    from pidiff_cli.stages.gallery.earlier import read_earlier

    return read_earlier(root / "gallery.html")


def command(root: Path, *words: str) -> str:
    """A command line in this process; AssertionError: an internal error, or a raw control sign."""
    from pidiff_cli.cli import app as program

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = program.run(["--home", str(root), *words])
    text = out.getvalue() + err.getvalue()
    if code == 1 or "went wrong" in text:
        raise AssertionError(f"{words[:2]}: {text[-300:]}")
    if any(sign in text for sign in "\x1b\x07\x9b\u202e"):
        raise AssertionError(f"{words[:2]}: a control sign was printed")
    return text


def _cli_show(root: Path) -> object:
    return command(root, "profile", "show", "alice"), command(root, "--json", "profile", "list")


def _cli_verify(root: Path) -> object:
    return command(root, "profile", "list"), command(root, "profile", "verify", "alice")


def _cli_import(root: Path) -> object:
    return command(root, "profile", "import", str(root / "x.pidiff"), "--name", "eve", "--force")


def _cli_picture(root: Path) -> object:
    return command(root, "verify", str(root / "x.png"))


def _cli_recipe(root: Path) -> object:
    return command(root, "tune", "alice", "--recipe", str(root / "x.yaml"), "--dry-run")


def _cli_again(root: Path) -> object:
    """Up to the drawing itself."""
    from pidiff_cli.errors import InputError
    from pidiff_cli.stages.generate import run as generate

    def drawn(*args: object, **more: object) -> object:
        raise InputError("It would be drawn now.")

    real, generate.run = generate.run, drawn
    try:
        return command(root, "again", str(root / "x.png"), "--out", str(root / "out"))
    finally:
        generate.run = real
