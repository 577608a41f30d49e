"""The published generator and encoder files: strict, once, whole, and nothing run from them."""

from __future__ import annotations

import io
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from pidiff_cli.core.tensors import pickles
from pidiff_cli.core.wplus import published, weights
from pidiff_cli.core.wplus.e4e import Encoder
from pidiff_cli.core.wplus.stylegan2 import Generator
from pidiff_cli.errors import InputError, MissingWeightError
from tests.support import published_fake as fake

E4E, FFHQ = "e4e_ffhq_encode.pt", "stylegan2-ffhq-config-f.pt"
SMALL: dict[str, Any] = {
    "size": 32, "style_dim": 8, "n_mlp": 2, "rows": 8,
    "channels": {"4": 8, "8": 8, "16": 4, "32": 4},
    "encoder": {
        "side": 64, "widths": [4, 4, 8, 8], "units": [1, 1, 1, 1], "coarse": 2, "middle": 4,
        "deltas": True, "reduction": 2, "stride": 1,
    },
}  # fmt: skip


def small_nets() -> tuple[Generator, Encoder]:
    torch.manual_seed(0)
    widths = {int(k): v for k, v in SMALL["channels"].items()}
    return Generator(32, 8, 2, widths), Encoder(8, 8, **SMALL["encoder"])


def small_e4e() -> dict[str, Any]:
    generator, encoder = small_nets()
    state = {f"encoder.{k}": v for k, v in encoder.state_dict().items()}
    state |= {f"decoder.{k}": v for k, v in generator.state_dict().items()}
    opts = {"encoder_type": "Encoder4Editing", "stylegan_size": 32}
    return {"state_dict": state, "latent_avg": torch.randn(8, 8), "opts": opts}


def test_e4e_becomes_what_the_networks_load(tmp_path: Path) -> None:
    whole = small_e4e()
    published.convert_e4e(fake.save(tmp_path, whole), tmp_path / "ffhq", SMALL)
    generator, mean = weights.load_generator(tmp_path / "ffhq")
    encoder = weights.load_encoder(tmp_path / "ffhq")
    first, second = small_nets()
    for made, wanted in ((generator, first), (encoder, second)):
        for key, value in made.state_dict().items():
            assert torch.equal(value, wanted.state_dict()[key]), key
    assert torch.equal(mean, whole["latent_avg"])
    assert sorted(p.name for p in (tmp_path / "ffhq").iterdir()) == [
        "e4e.safetensors", "stylegan2.safetensors", "wplus.json",
    ]  # fmt: skip


def test_the_plain_generator_leaves_the_encoder_alone(tmp_path: Path) -> None:
    published.convert_e4e(fake.save(tmp_path, small_e4e()), tmp_path / "ffhq", SMALL)
    before = (tmp_path / "ffhq/e4e.safetensors").read_bytes()
    other = Generator(32, 8, 2, {int(k): v for k, v in SMALL["channels"].items()})
    whole = {"g_ema": other.state_dict(), "latent_avg": torch.ones(8), "d": {"x": torch.ones(1)}}
    published.convert_generator(fake.save(tmp_path, whole, "g.pt"), tmp_path / "ffhq", SMALL)
    net, mean = weights.load_generator(tmp_path / "ffhq")
    assert torch.equal(net.input.input, other.input.input)
    assert mean.shape == (8, 8) and bool((mean == 1).all())
    assert (tmp_path / "ffhq/e4e.safetensors").read_bytes() == before


@pytest.mark.parametrize("counters", [True, False])
def test_the_real_layouts_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counters: bool
) -> None:
    """Every key and shape of the published files; their batch norms' counters may be missing."""
    written: dict[str, dict[str, torch.Tensor]] = {}
    monkeypatch.setattr(published, "write_tensors", lambda p, t: written.update({p.name: t}))
    whole = fake.checkpoint(E4E)
    if not counters:
        state = whole["state_dict"]
        for key in [key for key in state if key.endswith("num_batches_tracked")]:
            del state[key]
    published.convert_e4e(fake.save(tmp_path, whole), tmp_path)
    assert len(written["e4e.safetensors"]) == 621
    assert len(written["stylegan2.safetensors"]) == 171 + 1
    published.convert_generator(fake.save(tmp_path, fake.checkpoint(FFHQ)), tmp_path)
    assert written["stylegan2.safetensors"]["latent_avg"].shape == (18, 512)
    sizes = json.loads((tmp_path / "wplus.json").read_text())
    assert (sizes["size"], sizes["rows"], sizes["encoder"]["side"]) == (1024, 18, 256)


def test_the_64_px_layout_fits_its_network() -> None:
    wanted = pickles.shapes_of(lambda: Generator(64))
    assert {k: tuple(v) for k, v in wanted.items()} == fake.shapes("stylegan2_generator_64")


NAMED = {
    FFHQ: "a StyleGAN2 generator file",
    "stylegan2_generator_64": "a StyleGAN2 generator",
    "model_ir_se50.pth": "an ArcFace embedder",
    "parse_multi_iter_90000.pth": r"a face parser \(ParseNet\)",
    "s3fd-619a316812.pth": "the S3FD face detector",
    "2DFAN4-11f355bf06.pth.tar": "face-alignment's landmark net",
    "wplus_adapter.bin": "a W\\+ adapter",
    "ip-adapter_sd15": "an IP-Adapter",
    "ip-adapter-faceid_sd15": "an IP-Adapter FaceID",
    "wplus_unet_tiny": "a W\\+ adapter",
}


@pytest.mark.parametrize("name", sorted(set(fake.NAMES) - {E4E}))
def test_another_published_file_is_named(tmp_path: Path, name: str) -> None:
    path = fake.save(tmp_path, fake.checkpoint(name), name)
    with pytest.raises(InputError, match=NAMED[name]) as caught:
        published.convert_e4e(path, tmp_path / "out")
    assert "are missing" in caught.value.message and "pidiff models pull" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_e4e_given_as_the_generator_is_named(tmp_path: Path) -> None:
    path = fake.save(tmp_path, fake.checkpoint(E4E))
    with pytest.raises(InputError, match="a W\\+ encoder file"):
        published.convert_generator(path, tmp_path)


def test_psp_has_the_same_names_and_is_refused(tmp_path: Path) -> None:
    whole = small_e4e()
    whole["opts"]["encoder_type"] = "GradualStyleEncoder"
    with pytest.raises(InputError, match="a pSp encoder .*codes would be wrong"):
        published.convert_e4e(fake.save(tmp_path, whole), tmp_path, SMALL)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("encoder.styles.3.linear.bias"), "1 of .* missing .encoder.styles.3"),
        (lambda s: s.update({"encoder.extra": torch.ones(1)}), "1 weight does not belong"),
        (lambda s: s.update({"decoder.input.input": torch.ones(1, 8, 4, 2)}), "another shape"),
    ],
)
def test_one_wrong_weight_is_named(tmp_path: Path, change: Any, words: str) -> None:
    whole = small_e4e()
    change(whole["state_dict"])
    with pytest.raises(InputError, match=words):
        published.convert_e4e(fake.save(tmp_path, whole), tmp_path / "out", SMALL)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("mean", [None, torch.ones(7), torch.ones(8, 4)])
def test_a_missing_or_odd_mean_code_is_said(tmp_path: Path, mean: Any) -> None:
    whole = small_e4e() | {"latent_avg": mean}
    with pytest.raises(InputError, match="mean code"):
        published.convert_e4e(fake.save(tmp_path, whole), tmp_path, SMALL)


class Trap:
    """What a malicious checkpoint holds: a call."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("kind", ["zip", "legacy", "bare", "opts"])
def test_code_in_a_pickle_is_refused_and_not_run(tmp_path: Path, kind: str) -> None:
    mark, path = tmp_path / "ran", tmp_path / "evil.pt"
    trap = Trap(mark)
    if kind == "bare":
        path.write_bytes(pickle.dumps(trap))
    else:
        value = small_e4e() | {"opts": {"x": trap}} if kind == "opts" else {"state_dict": trap}
        torch.save(value, path, _use_new_zipfile_serialization=kind != "legacy")
    with pytest.raises(InputError) as caught:
        published.convert_e4e(path, tmp_path / "out", SMALL)
    assert not mark.exists() and not (tmp_path / "out").exists()
    if kind != "bare":  # torch does not even look into a pickle that is not its own
        assert "system" in caught.value.message and "refused" in caught.value.message
    pickle.loads(pickle.dumps(trap))  # noqa: S301  the trap does work
    assert mark.exists()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_cut_off_file_is_one_sentence(tmp_path: Path, share: float, zipped: bool) -> None:
    buffer = io.BytesIO()
    torch.save(small_e4e(), buffer, _use_new_zipfile_serialization=zipped)
    path = tmp_path / "e4e.pt"
    path.write_bytes(buffer.getvalue()[: int(share * len(buffer.getvalue()))])
    with pytest.raises(InputError, match=r"^e4e\.pt is damaged, cut off") as caught:
        published.convert_e4e(path, tmp_path / "out", SMALL)
    assert caught.value.hint and not (tmp_path / "out").exists()


def test_a_web_page_and_no_file(tmp_path: Path) -> None:
    path = tmp_path / "e4e.pt"
    path.write_text("<!DOCTYPE html><html>Google Drive - Virus scan warning")
    with pytest.raises(InputError, match="web page"):
        published.convert_e4e(path, tmp_path)
    with pytest.raises(MissingWeightError):
        published.convert_e4e(tmp_path / "none.pt", tmp_path)


def test_a_full_disk_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published.convert_e4e(fake.save(tmp_path, small_e4e()), tmp_path / "ffhq", SMALL)
    before = {p.name: p.read_bytes() for p in (tmp_path / "ffhq").iterdir()}

    def full(tensors: object, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(InputError, match="disk is full"):
        published.convert_e4e(tmp_path / "checkpoint.pt", tmp_path / "ffhq", SMALL)
    assert {p.name: p.read_bytes() for p in (tmp_path / "ffhq").iterdir()} == before
