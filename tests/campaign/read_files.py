"""What reads files beside profiles; each takes the folder in which they lie."""

from __future__ import annotations

from pathlib import Path

from tests.campaign.valid_profile import mini_layers


def import_(root: Path) -> object:
    from pidiff_cli.stages.export.run import run_import

    return run_import(root / "x.pidiff", root / "into", "bob", force=True)


def recipe(root: Path) -> object:
    from pidiff_cli.config import GenerateConfig, TuneConfig
    from pidiff_cli.recipe import load_recipe, settings_for

    recipe = load_recipe(str(root / "x.yaml"))
    values = settings_for(recipe, "generate")
    return TuneConfig(**settings_for(recipe, "tune")), GenerateConfig(**values)


def record(root: Path) -> object:
    from pidiff_cli.config import GenerateConfig
    from pidiff_cli.core.record import read_record
    from pidiff_cli.stages.opening import base_of
    from pidiff_cli.stages.recorded import recorded_person, recorded_settings

    record = read_record(root / "x.png")
    values = recorded_settings(record, root / "x.png", root)
    person = recorded_person(record, root)
    base_of(root, person, values.get("base", ""))
    return GenerateConfig(**values, name=person.name)


def gallery(root: Path) -> object:
    from pidiff_cli.stages.gallery.entry import read_entry, shown

    return shown(read_entry(root / "x.png", {}, 64), "x", root / "page.html")


def prompt(root: Path) -> object:
    from pidiff_cli.stages.judge.prompts import prompt_of

    return prompt_of(root / "x.png")


def read_foreign(root: Path) -> object:
    from pidiff_cli.core.identity.lora_foreign import read_foreign

    return read_foreign(root / "x.safetensors", mini_layers())


def read_person(root: Path) -> object:
    from pidiff_cli.core.diffusion.person_branch import read_person

    return read_person(root / "x.safetensors")


def family(root: Path) -> object:
    from pidiff_cli.weights.family import family_of

    return family_of(root / "x.safetensors")


def find(root: Path) -> object:
    from pidiff_cli.profile import find_by_id

    return find_by_id("abc", root)


def pace(root: Path) -> object:
    from pidiff_cli.stages.tune.pace import known

    return known(root, "a")


def paths(root: Path) -> object:
    from pidiff_cli.weights.locate import known_labels, recorded_base

    return known_labels(root), recorded_base("a.safetensors", root)


def read_pulled(root: Path) -> object:
    from pidiff_cli.weights.records import read_entries

    return read_entries(root / "models" / "x")


def earlier(root: Path) -> object:
    from pidiff_cli.stages.gallery.earlier import read_earlier

    return read_earlier(root / "gallery.html")
