"""Tiny Stable Diffusion 1.x and XL from folders and single files: what is read, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pidiff_cli.core.diffusion.base import Base, open_base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.errors import InputError, MissingWeightError
from tests.support.tiny_families import FAMILIES, PROMPT, W
from tests.support.tiny_real import SIZE, ldm_state, make_folder, use_tiny_configs


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_a_single_file_is_the_folder(
    folders: dict[str, Path],
    bases: dict[str, Base],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    family: str,
    suffix: str,
) -> None:
    use_tiny_configs(monkeypatch, tmp_path / "configs")
    monkeypatch.setattr("socket.socket.connect", _no_network)
    state, path = ldm_state(folders[family], family), tmp_path / f"model{suffix}"
    if suffix == ".ckpt":
        torch.save({"state_dict": state, "global_step": 7}, path)
    else:
        save_file(state, path)
    base, other = open_base(path, None, W, family=family), bases[family]
    for part in ("unet", "vae", "text_encoder", "second_encoder"):
        if getattr(other, part) is None:
            assert getattr(base, part) is None
            continue
        own, wanted = getattr(base, part).state_dict(), getattr(other, part).state_dict()
        assert own.keys() == wanted.keys()
        assert all(torch.equal(own[key], wanted[key]) for key in wanted), part
    one, two = encode_prompt(base, PROMPT, "woman"), encode_prompt(other, PROMPT, "woman")
    assert torch.equal(one.ids, two.ids) and torch.equal(one.subject, two.subject)
    settings = DrawSettings(2, size=SIZE)
    pictures = [draw(b, p, None, [3], settings).images for b, p in ((base, one), (other, two))]
    apart = np.abs(pictures[0].astype(int) - pictures[1])
    assert apart.max() <= 1  # weights lie elsewhere in memory: last bits differ on a CPU


def test_half_precision_files_and_shards(folders: dict[str, Path], tmp_path: Path) -> None:
    import json
    import shutil

    folder = tmp_path / "half"
    shutil.copytree(folders["sdxl"], folder)
    unet = folder / "unet" / "diffusion_pytorch_model.safetensors"
    state = load_file(unet)
    unet.unlink()
    save_file({k: v.half() for k, v in state.items()}, unet.with_suffix(".fp16.safetensors"))
    vae = folder / "vae" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(vae)
    vae.unlink()
    keys = list(tensors)
    weight_map = {}
    for i, part in enumerate((keys[::2], keys[1::2])):
        name = f"diffusion_pytorch_model-0000{i + 1}-of-00002.safetensors"
        save_file({k: tensors[k] for k in part}, vae.with_name(name))
        weight_map |= dict.fromkeys(part, name)
    index = vae.with_name("diffusion_pytorch_model.safetensors.index.json")
    index.write_text(json.dumps({"weight_map": weight_map}))
    base = open_base(folder, None, W, dtype=torch.float16)
    assert next(base.unet.parameters()).dtype == torch.float16
    assert next(base.vae.parameters()).dtype == torch.float32  # it overflows in float16
    full = open_base(folder, None, W)
    for key, value in full.vae.state_dict().items():
        assert torch.equal(value, tensors[key])


def test_v_prediction_is_read_from_folder_and_file(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pidiff_cli.core.training.schedule import NoiseSchedule

    folder = make_folder(tmp_path / "v", "sd15", prediction_type="v_prediction")
    assert NoiseSchedule.of(open_base(folder, None, W)).prediction == "v_prediction"
    use_tiny_configs(monkeypatch, tmp_path / "configs")
    marks = {"v_pred": torch.tensor([]), "ztsnr": torch.tensor([])}
    save_file(ldm_state(folders["sdxl"], "sdxl") | marks, tmp_path / "v.safetensors")
    scheduler = open_base(tmp_path / "v.safetensors", None, W).scheduler("dpm++")
    assert scheduler.config.prediction_type == "v_prediction"
    assert scheduler.config.rescale_betas_zero_snr


def test_v_prediction_of_a_file_that_says_so_beside_its_weights(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_tiny_configs(monkeypatch, tmp_path / "configs")
    path, beside = tmp_path / "v.safetensors", tmp_path / "v.yaml"
    state = ldm_state(folders["sd15"], "sd15")

    def prediction() -> str:
        return str(open_base(path, None, W).scheduler().config.prediction_type)

    save_file(state, path, metadata={"modelspec.prediction_type": "v"})
    assert prediction() == "v_prediction"
    save_file(state, path)
    assert prediction() == "epsilon"
    for text, wanted in (
        ("model: {params: {parameterization: v}}", "v_prediction"),
        ("model: {params: {parameterization: eps}}", "epsilon"),
        ("model: {target: ldm.models.diffusion.ddpm.LatentDiffusion}", "epsilon"),
        ("name: a recipe of the same name", "epsilon"),
    ):
        beside.write_text(text)
        assert prediction() == wanted
    beside.write_text("model: {params: [")
    with pytest.raises(InputError, match=r"v\.yaml, the configuration beside v\.safetensors"):
        open_base(path, None, W)


def test_what_is_predicted_has_to_be_known(folders: dict[str, Path], tmp_path: Path) -> None:
    from pidiff_cli.core.training.schedule import NoiseSchedule

    folder = make_folder(tmp_path / "x0", "sd15", prediction_type="sample")
    with pytest.raises(InputError, match="predict sample") as caught:
        NoiseSchedule.of(open_base(folder, None, W))
    assert "v_prediction" in caught.value.hint


def test_faults_are_sentences(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_tiny_configs(monkeypatch, tmp_path / "configs")
    xl = ldm_state(folders["sdxl"], "sdxl")

    def save(name: str, state: Any) -> Path:
        save_file(state, tmp_path / name)
        return tmp_path / name

    whole = save("xl.safetensors", xl)
    with pytest.raises(InputError, match="holds Stable Diffusion XL, not Stable Diffusion 1"):
        open_base(whole, None, W, family="sd15")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(whole.read_bytes()[:-1000])
    with pytest.raises(InputError, match="damaged or cut off"):
        open_base(cut, None, W)
    no_vae = {k: v for k, v in xl.items() if not k.startswith("first_stage_model")}
    with pytest.raises(InputError, match="holds no vae"):
        open_base(save("novae.safetensors", no_vae), None, W)
    odd = dict(list(xl.items())[5:])
    with pytest.raises(InputError, match="weights of its unet are missing"):
        open_base(save("odd.safetensors", odd), None, W)
    (tmp_path / "broken").mkdir()
    with pytest.raises((InputError, MissingWeightError)):
        open_base(tmp_path / "broken", None, W)


class _Evil:
    """What its pickle would run is set by the test."""


def test_a_pickle_with_code_is_refused_and_not_run(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_tiny_configs(monkeypatch, tmp_path / "configs")
    mark = tmp_path / "ran"
    monkeypatch.setattr(
        _Evil, "__reduce__", lambda self: (eval, (f"open({str(mark)!r}, 'w').close()",))
    )
    state = ldm_state(folders["sd15"], "sd15")
    torch.save({"state_dict": state, "callbacks": _Evil()}, tmp_path / "evil.ckpt")
    with pytest.raises(InputError, match="refused, nothing was run"):
        open_base(tmp_path / "evil.ckpt", None, W)
    assert not mark.exists()


def _no_network(*_: object) -> None:
    raise AssertionError("the network was asked")
