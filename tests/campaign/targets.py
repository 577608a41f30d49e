"""Every reader of what may come from a stranger, with a valid input for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.campaign import mutate, typed
from tests.campaign import read_files as files
from tests.campaign import read_profiles as profiles
from tests.campaign import valid_files as valid
from tests.campaign.valid_profile import make_profile

Mutate = Callable[[bytes, Random], bytes]
Read = Callable[[Path], object]
RECIPE = Path(__file__).parents[2] / "recipes" / "mini-cpu.yaml"


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
    read: Read
    dear: bool = False


def make(home: Path) -> list[Target]:
    """The targets, around a home with a valid profile ``alice`` in it, which is made."""
    made = make_profile(home)
    picture = valid.picture_of(made)
    return [*_of_profile(made.folder), *_of_files(home / "alice.pidiff", picture)]


def _of_profile(folder: Path) -> list[Target]:
    def entry(name: str, how: Mutate, *reads: Read) -> list[Target]:
        content, place = (folder / name).read_bytes(), f"profiles/alice/{name}"
        return [
            Target(f"{name} by {read.__name__.strip('_')}", place, content, how, read)
            for read in reads
        ]

    def on_mini(label: str, name: str, how: Mutate) -> Target:
        content = (folder / name).read_bytes()
        return Target(label, f"profiles/alice/{name}", content, how, profiles.on_mini, True)

    json, tensors = mutate.of_json, mutate.of_tensors
    adapter = ("adapter/adapter_config.json", "adapter/adapter_model.safetensors")
    shown = (typed.cli_show, typed.cli_verify)
    return [
        *entry("profile.json", json, profiles.open_, profiles.listed, *shown),
        *entry("identity.safetensors", tensors, profiles.codes, profiles.contents),
        *entry(adapter[0], json, profiles.adapter, profiles.contents),
        *entry(adapter[1], tensors, profiles.adapter, profiles.contents),
        *entry("lora/adapter_config.json", json, profiles.lora),
        *entry("lora/adapter_model.safetensors", tensors, profiles.lora),
        *entry("photos/01_face.png", mutate.of_png, profiles.faces, profiles.contents),
        *entry("reports/loss.jsonl", mutate.of_bytes, profiles.log),
        *entry("checkpoint/state.json", json, profiles.checkpoint),
        *entry("checkpoint/optimizer.safetensors", tensors, profiles.checkpoint),
        on_mini("adapter config on mini", adapter[0], json),
        on_mini("adapter on mini", adapter[1], tensors),
    ]


def _of_files(exported: Path, picture: bytes) -> list[Target]:
    archive, recipe = exported.read_bytes(), RECIPE.read_bytes()
    json, tensors, png = mutate.of_json, mutate.of_tensors, mutate.of_png
    single, bases = "x.safetensors", b'{"a.safetensors": "/x"}'
    pulled = "models/x/pulled.json"
    return [
        Target("export", "x.pidiff", archive, mutate.of_zip, files.import_),
        Target("export on the command line", "x.pidiff", archive, mutate.of_zip, typed.cli_import),
        Target("recipe", "x.yaml", recipe, mutate.of_yaml, files.recipe),
        Target("recipe on the command line", "x.yaml", recipe, mutate.of_yaml, typed.cli_recipe),
        Target("record", "x.png", picture, png, files.record),
        Target("record in a gallery", "x.png", picture, png, files.gallery),
        Target("again on the command line", "x.png", picture, png, typed.cli_again),
        Target("verify on the command line", "x.png", picture, png, typed.cli_picture),
        Target("prompt of any picture", "x.png", valid.comfy_picture(), _of_comfy, files.prompt),
        Target("foreign LoRA", single, valid.foreign_lora(), tensors, files.read_foreign),
        Target("person file", single, valid.person_file(), tensors, files.read_person),
        Target("base file", single, valid.base_file(), tensors, files.family),
        Target("ids elsewhere", "cache/profiles.json", b'{"abc": "/x"}', json, files.find),
        Target("pace", "cache/pace.json", b'{"a": 1.5}', json, files.pace),
        Target("paths of bases", "models/paths.json", bases, json, files.paths),
        Target("what was fetched", pulled, valid.pulled_json(), json, files.read_pulled),
        Target("earlier gallery", "gallery.html", valid.gallery_page(), _of_page, files.earlier),
    ]


def _of_comfy(data: bytes, rng: Random) -> bytes:
    if rng.random() < 0.2:
        return mutate.of_bytes(data, rng)
    return mutate.of_png(data, rng, b"prompt")


def _of_page(data: bytes, rng: Random) -> bytes:
    head, mark, rest = data.partition(b'id="data">')
    inner, end, tail = rest.partition(b"</script>")
    if rng.random() < 0.2:
        return mutate.of_bytes(data, rng)
    return head + mark + mutate.of_json(inner, rng) + end + tail
