"""A person's branch by itself on stock pipelines, and adapters whose weights match nothing."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pidiff_cli.core.diffusion.base import Base, load_base, open_base
from pidiff_cli.core.diffusion.person_branch import (
    PersonBranch,
    attach_person,
    person_branch,
    read_person,
    save_person,
)
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity.adapter import (
    add_adapter,
    load_adapter,
    remove_adapter,
    save_adapter,
    trainable_parameters,
)
from pidiff_cli.errors import InputError
from pidiff_cli.stages.export.diffusers import _DIFFUSERS
from tests.support.places import ROOT
from tests.support.tiny_base import DIM, ROWS
from tests.support.tiny_real import PIPELINES, SIZE

PROMPT = "a photo of a woman in snow"


@pytest.fixture(scope="module")
def folders(folders: dict[str, Path], disc_base: Path) -> dict[str, Path]:
    return {"mini": disc_base / "diffusers", **folders}


def _open(folders: dict[str, Path], family: str) -> Base:
    folder = folders[family]
    return load_base(folder.parent) if family == "mini" else open_base(folder, None, (ROWS, DIM))


def _shake(base: Base, tune_code: bool = True) -> torch.nn.Module:
    torch.manual_seed(0)
    model = add_adapter(base.unet, rank=2, alpha=2.0, tune_code=tune_code)
    with torch.no_grad():
        for parameter in trainable_parameters(model).values():
            parameter.normal_(std=0.2)
    return model


def _w() -> torch.Tensor:
    return torch.randn(ROWS, DIM, generator=torch.Generator().manual_seed(5))


def _write(base: Base, family: str, path: Path) -> PersonBranch:
    person = PersonBranch(person_branch(base.unet, _w()), "woman", "alice", family, family)
    save_person(person, path)
    return person


def _stock(folder: Path, family: str) -> Any:
    import diffusers

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        name = PIPELINES.get(family, "StableDiffusionPipeline")
        pipe = getattr(diffusers, name).from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _call(pipe: Any, guidance: float, images: int = 1) -> np.ndarray:
    generators = [torch.Generator().manual_seed(9 + i) for i in range(images)]
    out = pipe(
        PROMPT, num_inference_steps=3, guidance_scale=guidance, height=SIZE, width=SIZE,
        num_images_per_prompt=images, generator=generators, output_type="np",
    ).images  # fmt: skip
    return (out * 255).round().astype(int)


@pytest.mark.parametrize("family", ["mini", "sd15", "sdxl"])
def test_a_stock_pipeline_draws_the_person(
    folders: dict[str, Path], tmp_path: Path, family: str
) -> None:
    base = _open(folders, family)
    _shake(base)
    prompt = encode_prompt(base, PROMPT, "woman")
    file = tmp_path / "person.safetensors"
    _write(base, family, file)
    pipe = _stock(folders[family], family)
    plain = _call(pipe, 4.0)
    person = attach_person(pipe.unet, tmp_path)
    for guidance in (4.0, 1.0):
        settings = DrawSettings(3, guidance, size=SIZE)
        wanted = draw(base, prompt, _w(), [9], settings).images.astype(int)
        person.aim(PROMPT, pipe.tokenizer, getattr(pipe, "tokenizer_2", None), 1, guidance > 1)
        assert np.abs(_call(pipe, guidance) - wanted).max() <= 1, guidance
    wanted = draw(base, prompt, _w(), [9], DrawSettings(3, 4.0, size=SIZE)).images.astype(int)
    assert np.abs(wanted - plain).max() > 3  # the person shows
    person.aim(PROMPT, pipe.tokenizer, getattr(pipe, "tokenizer_2", None), images=2)
    assert np.abs(_call(pipe, 4.0, 2)[0] - wanted[0]).max() <= 1
    person.context.scale = 0.0
    person.aim(PROMPT, pipe.tokenizer)
    assert np.array_equal(_call(pipe, 4.0), plain)
    person.context.scale = 1.0
    person.detach()
    assert np.array_equal(_call(pipe, 4.0), plain)


def test_the_same_numbers_without_the_map_and_with_levels(folders: dict[str, Path]) -> None:
    base = _open(folders, "mini")
    _shake(base)
    prompt, w = encode_prompt(base, PROMPT, "woman"), _w()
    levels = (1.0, 0.5, 2.0, 0.0, 1.0, 0.3)
    settings = DrawSettings(2, 1.0, 0.7, size=SIZE, use_map=False, levels=levels)
    wanted = draw(base, prompt, w, [3], settings).images.astype(int)
    person = PersonBranch(person_branch(base.unet, w), "woman", "alice", "mini", "mini")
    path = folders["mini"].parent / "levels.safetensors"
    save_person(person, path)
    base.context = attach_person(base.unet, path).context
    assert np.abs(draw(base, prompt, w, [3], settings).images - wanted).max() <= 1


def test_the_file_is_small_deterministic_and_holds_no_code(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    base = _open(folders, "mini")
    _shake(base)
    _write(base, "mini", tmp_path / "a.safetensors")
    _write(base, "mini", tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert {key.rsplit(".", 1)[1] for key in load_file(tmp_path / "a.safetensors")} == {
        "ask",
        "answer",
    }
    assert read_person(tmp_path / "a.safetensors").noun == "woman"


def test_a_person_of_another_base_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    file = tmp_path / "person.safetensors"
    _write(_open(folders, "sd15"), "sd15", file)
    pipe = _stock(folders["sdxl"], "sdxl")
    before = pipe.unet.attn_processors
    with pytest.raises(InputError, match="1 of 8 weights") as caught:
        attach_person(pipe.unet, file)
    assert "sd15" in caught.value.hint
    assert {k: type(v) for k, v in pipe.unet.attn_processors.items()} == {
        k: type(v) for k, v in before.items()
    }


@pytest.mark.parametrize("fault", ["renamed", "missing", "more", "shape", "tokens", "empty"])
def test_weights_that_do_not_all_match_are_refused(
    folders: dict[str, Path], tmp_path: Path, fault: str
) -> None:
    base = _open(folders, "sd15")
    tensors = person_branch(base.unet, _w())
    first = next(iter(tensors))
    if fault == "renamed":
        tensors = {f"unet.{key}": value for key, value in tensors.items()}
    elif fault == "missing":
        del tensors[first]
    elif fault == "more":
        tensors["other.ask"] = tensors[first].clone()
    elif fault == "shape":
        tensors[first] = tensors[first][..., :-1].contiguous()
    elif fault == "tokens":
        tensors[first] = tensors[first][:, :-1].contiguous()
    else:
        tensors = {}
    save_person(PersonBranch(tensors, "woman", "alice", "sd15", "sd15"), tmp_path / "p.safetensors")
    with pytest.raises(InputError, match="does not fit"):
        attach_person(base.unet, tmp_path / "p.safetensors")


def test_files_that_are_no_person(folders: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(InputError, match="not there"):
        read_person(path)
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="damaged"):
        read_person(path)
    save_file({"a": torch.ones(1)}, path)
    with pytest.raises(InputError, match="no person"):
        read_person(path)
    told = json.dumps({"format": "pidiff person 2"})
    save_file({"a": torch.ones(1)}, path, metadata={"pidiff": told})
    with pytest.raises(InputError, match="newer"):
        read_person(path)


def test_a_prompt_without_the_person_is_a_sentence(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    base = _open(folders, "mini")
    _write(base, "mini", tmp_path / "person.safetensors")
    person = attach_person(base.unet, tmp_path)
    with pytest.raises(InputError, match="names no woman"):
        person.aim("a house on the beach", base.tokenizer)


def test_the_readme_s_snippet_runs(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ten lines of the exported README, as they stand there."""
    monkeypatch.chdir(tmp_path)
    base = _open(folders, "sd15")
    _shake(base)
    _write(base, "sd15", tmp_path / "person.safetensors")
    text = _DIFFUSERS.format(name="alice", noun="woman", base="sd15")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert code.count("\n") <= 11
    page = (ROOT / "docs" / "profiles.md").read_text()
    (shown,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert set(shown.replace('"alice-diffusers"', '"."').splitlines()) <= set(code.splitlines())
    code = code.replace('"BASE"', repr(str(folders["sd15"])))
    names: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(code, names)
    assert names["picture"].size == (SIZE, SIZE)


@pytest.mark.filterwarnings("ignore:Found missing adapter keys")
@pytest.mark.parametrize("fault", ["renamed", "one missing", "one more", "empty", "pickle"])
def test_an_adapter_whose_weights_do_not_match_is_refused(
    folders: dict[str, Path], tmp_path: Path, fault: str
) -> None:
    """PEFT itself loads most of these without an error, with weights that do nothing."""
    base = _open(folders, "mini")
    model = _shake(base, tune_code=False)
    save_adapter(model, tmp_path)
    unet = remove_adapter(model)
    file = tmp_path / "adapter_model.safetensors"
    state = load_file(file)
    first = next(iter(state))
    if fault == "renamed":
        state = {key.replace("base_model.", "unet."): value for key, value in state.items()}
    elif fault == "one missing":
        del state[first]
    elif fault == "one more":
        state["base_model.model.other.lora_A.weight"] = torch.ones(2, 2)
    elif fault == "empty":
        state = {}
    save_file(state, file)
    if fault == "pickle":
        torch.save(state, tmp_path / "adapter_model.bin")
        file.unlink()
    told = {
        "pickle": "no adapter",
        "renamed": "0 of its 36 weights fit 36",
        "empty": "more than it holds",
    }
    with pytest.raises(InputError, match=told.get(fault, "does not load")):
        load_adapter(unet, tmp_path)


def test_an_adapter_of_another_base_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    save_adapter(_shake(_open(folders, "sd15")), tmp_path)
    with pytest.raises(InputError, match="does not load"):
        load_adapter(_open(folders, "sdxl").unet, tmp_path)
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    (tmp_path / "adapter_config.json").write_text(json.dumps({**config, "target_modules": "none"}))
    with pytest.raises(InputError, match="does not load"):
        load_adapter(_open(folders, "sd15").unet, tmp_path)
    shutil.rmtree(tmp_path)
