"""The rivals that read a face vector: their networks, one step of training, save and load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.rivals import general
from benchmarks.rivals import shop as shop_module
from benchmarks.rivals.train import ddpm
from mini.train.diffusion.data import Batch
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity.attention import branch_state
from tests.support.tiny_base import SIZE, WIDTH, make_base

DIM = 10  # of the face vector
TEXT = "a photo of a person as a chef"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("base"), values=8.0)


@pytest.fixture
def shop(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    import logging

    monkeypatch.setattr(shop_module, "WEIGHTS", folder)
    monkeypatch.setattr(shop_module, "SIDE", SIZE)
    monkeypatch.setattr(general, "HOME", tmp_path)
    monkeypatch.setattr(general, "BATCH", 4)
    made = shop_module.Shop()
    made.settings = DrawSettings(steps=2, guidance=3.0, size=SIZE)
    made.digest = "digest"
    yield made
    logging.disable(logging.NOTSET)


class Data:
    """A batch of noise in the place of the bank."""

    vectors = np.zeros((4, DIM), np.float16)
    count = 4

    def faces_batch(self, step: int, size: int) -> tuple[Batch, torch.Tensor]:
        g = torch.Generator().manual_seed(step)
        side = SIZE // 8
        latents, head = (
            torch.randn(size, 4, side, side, generator=g),
            torch.ones(size, 1, side, side),
        )
        subject = torch.zeros(size, 32)
        subject[:, 3] = 1
        none = torch.zeros(size, 12, 16)
        batch = Batch(latents, head, torch.zeros(size, 32).long(), subject, none, torch.ones(size))
        return batch, torch.randn(size, DIM, generator=g)

    def text(self, ids: torch.Tensor) -> torch.Tensor:
        return torch.randn(len(ids), 32, WIDTH, generator=torch.Generator().manual_seed(1))


def trained(kind: str, shop: Any) -> torch.nn.Module:
    """One large step of general training, saved; the module as it was before."""
    projector = general.fresh_projector(shop, DIM)
    unet, base = shop.own_unet(), shop.own_base()
    if kind == "ip":
        general.add_ip(unet, projector, branch_state(base.unet))
        module = general._ip_module(unet)
    else:
        module = general._vector_module(base, projector)
    module.requires_grad_(True)
    data: Any = Data()
    loss = general._loss(kind, unet, base, projector, data, ddpm(shop.pipe), 0)
    loss.backward()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
            parameter.sub_(0.5 * parameter.grad.sign())
    folder = general.folder_of(kind, shop)
    folder.mkdir(parents=True)
    general._save(module, folder, {"steps": 1})
    return module


def test_an_ip_adapter_comes_back_as_it_was_trained(shop: Any) -> None:
    module = trained("ip", shop)
    unet, parameters = general.ip_unet(shop)
    kept = module.state_dict()
    back = general._ip_module(unet).state_dict()
    assert all((value == kept[key]).all() for key, value in back.items())
    assert sum(p.numel() for p in parameters) == sum(p.numel() for p in module.parameters())
    assert general.training_of("ip", shop) == {"steps": 1}


def test_an_ip_adapter_follows_the_vector_by_its_scale(shop: Any) -> None:
    trained("ip", shop)
    unet, _ = general.ip_unet(shop)
    pipe = type(shop.pipe)(**{**shop.pipe.components, "unet": unet}, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)

    def picture(vector: torch.Tensor, scale: float) -> np.ndarray:
        for layer in unet.attn_processors.values():
            if hasattr(layer, "scale"):
                layer.scale = [scale]
        given = [torch.cat([torch.zeros_like(vector), vector])]
        pictures: np.ndarray = shop.draw(pipe, [TEXT], [7], ip_adapter_image_embeds=given)
        return pictures

    one, other = torch.randn(1, 1, DIM), torch.randn(1, 1, DIM)
    own = shop.draw(shop.pipe, [TEXT], [7])
    assert np.abs(picture(one, 0.0).astype(int) - own).max() <= 1
    assert (picture(one, 1.0) != picture(other, 1.0)).any()


def test_the_vector_branch_draws_as_pidiff_does(shop: Any) -> None:
    trained("vector", shop)
    base = general.vector_base(shop)
    assert (base.rows, base.dim) == (len(shop.base.projector.groups), DIM)
    prompt = encode_prompt(base, TEXT, "person")
    one, other = (general.rows_of(torch.randn(1, DIM), base.rows)[0] for _ in range(2))
    drawn = [draw(base, prompt, w, [7], shop.settings).images for w in (one, other, None)]
    assert (drawn[0] != drawn[1]).any() and (drawn[0] != drawn[2]).any()
    assert (shop.base.projector.dim, shop.base.unet) != (DIM, base.unet)  # the shared one stays


def test_a_method_waits_for_its_general_training(shop: Any, monkeypatch: Any) -> None:
    from benchmarks.rivals import run

    monkeypatch.setattr(run, "shop", lambda: shop)
    assert run.ready("dreambooth") and not run.ready("ip")
    folder = general.folder_of("ip", shop)
    folder.mkdir(parents=True)
    (folder / "training.json").write_text(json.dumps({"steps": 3}))
    assert run.ready("ip")
