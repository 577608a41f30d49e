"""Which base a profile belongs to; the shipped sizes and words of the published bases."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pidiff_cli.core.diffusion import single_file
from pidiff_cli.core.diffusion.base import load_base
from pidiff_cli.core.diffusion.single_file import clip_tokenizer
from pidiff_cli.core.identity.lora import add_lora
from pidiff_cli.core.wplus.weights import load_directions
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile
from pidiff_cli.stages.base import fingerprint, fuse_lora, identity_fingerprint
from pidiff_cli.stages.checks import check_base, check_tuned_on
from pidiff_cli.stages.edits import SHORT, factor_names
from pidiff_cli.weights.locate import BaseParts, base_parts


@pytest.fixture
def parts(tmp_path: Path) -> BaseParts:
    folder = tmp_path / "diffusers"
    folder.mkdir()
    (folder / "a.safetensors").write_bytes(bytes(5_000_000))
    identity = tmp_path / "identity"
    identity.mkdir()
    (identity / "branch.safetensors").write_bytes(b"branch")
    return BaseParts("sd15", "sd15", folder, tmp_path, tmp_path, identity, None)


def test_a_profile_of_another_base_says_which(tmp_path: Path, parts: BaseParts) -> None:
    profile = Profile.create(tmp_path, "alice", "woman")
    check_tuned_on(profile, parts)  # never tuned
    profile.update(base={"name": "sdxl", "fingerprint": "0" * 16})
    with pytest.raises(InputError, match="alice was tuned on sdxl, not on sd15") as caught:
        check_tuned_on(profile, parts)
    assert "pidiff tune alice --base sd15 --retune" in caught.value.hint
    profile.update(base={"name": "realistic", "family": "sd15", "fingerprint": "0" * 16})
    check_tuned_on(profile, parts)


def test_another_checkpoint_asks_for_retune(tmp_path: Path, parts: BaseParts) -> None:
    profile = Profile.create(tmp_path, "alice", "woman")
    profile.write("adapter/adapter_config.json", b"{}")
    profile.update(base={"name": "dream.ckpt", "family": "sd15", "fingerprint": "0" * 16})
    check_base(profile, replace(parts, name="dream.ckpt"), False, "1" * 16)  # newer weights
    check_base(profile, parts, False, "0" * 16)  # the same file elsewhere
    with pytest.raises(InputError, match="alice is tuned on dream.ckpt") as caught:
        check_base(profile, parts, False, "1" * 16)
    assert "pidiff tune alice --base sd15 --retune" in caught.value.hint
    check_base(profile, parts, True, "1" * 16)


def test_fingerprints_change_with_the_weights(parts: BaseParts) -> None:
    before, branch = fingerprint(parts), identity_fingerprint(parts)
    assert len(before) == 16 and fingerprint(parts) == before != branch
    data = bytearray(5_000_000)
    data[2_500_000] = 1
    (parts.diffusers / "a.safetensors").write_bytes(bytes(data))
    assert fingerprint(parts) != before and identity_fingerprint(parts) == branch
    (Path(str(parts.identity)) / "branch.safetensors").write_bytes(b"Branch")
    assert identity_fingerprint(parts) != branch
    assert identity_fingerprint(replace(parts, identity=None)) == ""
    one = replace(parts, diffusers=parts.diffusers / "a.safetensors")
    assert len(fingerprint(one)) == 16


def test_mini_is_the_base_that_earlier_profiles_name(tmp_path: Path) -> None:
    """Its names of edits stand in a file that no fingerprint covers."""
    mini = base_parts("mini", tmp_path)
    assert fingerprint(mini) == "d25356ba249440c4"
    names = factor_names(mini.wplus)
    assert len(names) == len(load_directions(mini.wplus)) == 79
    assert {*SHORT.values()} <= set(names) and names[0] == "yaw"


@pytest.mark.parametrize(
    ("family", "counts"),
    [
        ("sd15", {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480}),
        (
            "sdxl",
            {
                "unet": 2_567_463_684, "vae": 83_653_863, "text_encoder": 123_060_480,
                "text_encoder_2": 694_659_840,
            },
        ),
    ],
)  # fmt: skip
def test_the_shipped_sizes_are_the_published_ones(family: str, counts: dict[str, int]) -> None:
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel, CLIPTextModelWithProjection

    config = json.loads((single_file.CONFIGS / f"{family}.json").read_text())
    for part, count in counts.items():
        with torch.device("meta"):
            if part in ("unet", "vae"):
                cls = UNet2DConditionModel if part == "unet" else AutoencoderKL
                model = cls.from_config(config[part])
            else:
                second = part.endswith("2")
                kind = CLIPTextModelWithProjection if second else CLIPTextModel
                model = kind(CLIPTextConfig(**config[part]))
        assert sum(p.numel() for p in model.parameters()) == count, part


def test_the_shipped_words_give_the_published_ids() -> None:
    tokenizer = clip_tokenizer(single_file.CONFIGS / single_file.MERGES)
    assert tokenizer("a photo of a cat").input_ids == [49406, 320, 1125, 539, 320, 2368, 49407]
    padded = tokenizer("a cat", padding="max_length", max_length=77).input_ids
    assert len(padded) == 77 and padded[-1] == 49407 and len(tokenizer) == 49408
    second = clip_tokenizer(single_file.CONFIGS / single_file.MERGES, pad="!")
    padded = second("a cat", padding="max_length", max_length=77).input_ids
    assert padded[-1] == 0


@pytest.mark.parametrize(("device", "free", "fused"), [("cpu", 0, True), ("cuda", 1 << 40, True),
                                                       ("cuda", 1000, False)])  # fmt: skip
def test_a_lora_is_fused_where_its_weights_have_room(
    disc_base: Path, monkeypatch: pytest.MonkeyPatch, device: str, free: int, fused: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 1 << 40))
    base = load_base(disc_base)
    fuse_lora(base, "mini")  # nobody's
    base.lora = add_lora(base.unet, 2, 2.0)
    fuse_lora(replace(base, device=torch.device(device)), "mini")
    assert bool(base.lora._fused) == fused
    assert base.lora.copied_bytes == sum(
        4 * one.get_base_layer().weight.numel() for one in base.lora.layers.values()
    )
