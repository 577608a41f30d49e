"""The published W+ adapter: strict, atomic, and the same numbers as the reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

from pidiff_cli.core.diffusion import single_file
from pidiff_cli.core.identity.attention import attach, branch_state
from pidiff_cli.core.identity.files import read_identity
from pidiff_cli.core.identity.published import LAYERS, convert_wplus_adapter, layout
from pidiff_cli.errors import InputError, MissingWeightError
from tests.support.places import LAYOUTS, SHARED


def _published(name: str) -> dict[str, Any]:
    found = [folder / name for folder in (LAYOUTS, SHARED / "layouts") if (folder / name).is_file()]
    if not found:
        pytest.skip(f"{name} is not here")
    return json.loads(found[0].read_text())


def _file(path: Path, dtype: torch.dtype = torch.float16, **changes: Any) -> dict[str, Any]:
    """A file of the published layout, every tensor one number that tells it from the others."""
    parts: dict[str, Any] = {"w_proj": {}, "wplus_adapter": {}}
    for i, (name, shape) in enumerate(layout().items()):
        part, key = name.split(".", 1)
        parts[part][key] = torch.tensor(i / 64, dtype=dtype).expand(shape).clone()
    parts |= changes
    torch.save(parts, path)
    return parts


def test_the_layout_is_the_published_one() -> None:
    wanted = _published("wplus_adapter.bin.json")
    told = {
        f"{part}.{key}": tuple(value[0])
        for part in ("w_proj", "wplus_adapter")
        for key, value in wanted[part].items()
    }
    assert layout() == told
    order = wanted["index_to_layer"]
    for i, (layer, _) in enumerate(LAYERS):
        assert order[str(2 * i + 1)] == f"{layer}.transformer_blocks.0.attn2.processor"


def test_the_layers_are_those_of_the_shipped_configuration() -> None:
    config = json.loads((single_file.CONFIGS / "sd15.json").read_text())["unet"]
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(config)
        attach(unet, 768)
    order = [name.removesuffix(".processor") for name in unet.attn_processors]
    shapes = {}
    for key, value in branch_state(unet).items():
        layer, part, last = key.rsplit(".", 2)
        name = f"{order.index(layer)}.{part.removesuffix('_id')}_wplus.{last}"
        shapes[f"wplus_adapter.{name}"] = tuple(value.shape)
    published = {k: tuple(v) for k, v in layout().items() if k.startswith("wplus_adapter.")}
    assert published == shapes


def test_sdxl_has_the_order_of_its_layout() -> None:
    config = json.loads((single_file.CONFIGS / "sdxl.json").read_text())["unet"]
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(config)
    order = _published("sdxl_attn_order.json")["index_to_layer"]
    assert list(unet.attn_processors) == [order[str(i)] for i in range(140)]
    assert sum(p.numel() for p in unet.parameters()) == 2_567_463_684


def test_convert_writes_a_folder_that_loads(tmp_path: Path) -> None:
    parts = _file(tmp_path / "wplus_adapter.bin")
    convert_wplus_adapter(tmp_path / "wplus_adapter.bin", tmp_path / "identity")
    names = sorted(p.name for p in (tmp_path / "identity").iterdir())
    assert names == ["branch.safetensors", "identity.json", "wproj.safetensors"]
    found = read_identity(tmp_path / "identity")
    assert found.projector.groups == ((0, 4), (4, 8), (8, 12), (12, 18))
    key = "mid_block.attentions.0.transformer_blocks.0.attn2.to_v_id.weight"
    assert torch.equal(found.branch[key], parts["wplus_adapter"]["31.to_v_wplus.weight"])
    assert torch.equal(found.projector.norm.bias, parts["w_proj"]["norm.bias"].float())
    assert len(found.branch) == 48 and not found.closed_vocabulary


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"image_proj": {}, "ip_adapter": {"1.to_k_ip.weight": torch.zeros(2)}}, "IP-Adapter"),
        ({"w_proj": {}, "wplus_adapter": {}}, "54 of 54 weights are missing"),
        ({"state_dict": {"model.diffusion_model.x": torch.zeros(1)}}, "Stable Diffusion"),
        (torch.zeros(1, 18, 512), "W\\+ code"),
    ],
)
def test_another_file_is_told_apart(tmp_path: Path, content: Any, words: str) -> None:
    torch.save(content, tmp_path / "a.bin")
    with pytest.raises(InputError, match=words):
        convert_wplus_adapter(tmp_path / "a.bin", tmp_path / "identity")
    assert not (tmp_path / "identity").exists()


def test_stage_one_is_told_by_its_name(tmp_path: Path) -> None:
    for name in ("wplus_adapter_stage1.bin", "Stage-1.bin", "stage_one.bin"):
        _file(tmp_path / name)
        with pytest.raises(InputError, match="training stage 1: the same layout") as caught:
            convert_wplus_adapter(tmp_path / name, tmp_path / "identity")
        assert "pidiff models pull sd15" in caught.value.hint
    assert not (tmp_path / "identity").exists()
    _file(tmp_path / "stage2.bin")
    convert_wplus_adapter(tmp_path / "stage2.bin", tmp_path / "identity")


def test_one_wrong_shape_is_named_and_the_old_folder_stays(tmp_path: Path) -> None:
    _file(tmp_path / "good.bin")
    convert_wplus_adapter(tmp_path / "good.bin", tmp_path / "identity")
    before = (tmp_path / "identity" / "branch.safetensors").read_bytes()
    parts = _file(tmp_path / "bad.bin")
    parts["wplus_adapter"]["13.to_k_wplus.weight"] = torch.zeros(320, 768)
    torch.save(parts, tmp_path / "bad.bin")
    with pytest.raises(InputError, match=r"1 of 54 .*13\.to_k_wplus.* is \(320, 768\)"):
        convert_wplus_adapter(tmp_path / "bad.bin", tmp_path / "identity")
    assert (tmp_path / "identity" / "branch.safetensors").read_bytes() == before
    (tmp_path / "cut.bin").write_bytes((tmp_path / "good.bin").read_bytes()[:1000])
    with pytest.raises(InputError, match="damaged"):
        convert_wplus_adapter(tmp_path / "cut.bin", tmp_path / "identity")
    with pytest.raises(MissingWeightError):
        convert_wplus_adapter(tmp_path / "none.bin", tmp_path / "identity")
