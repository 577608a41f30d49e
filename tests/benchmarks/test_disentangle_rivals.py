"""The rivals of the comparison train what they say and leave the shared base as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.rivals import shop as shop_module
from benchmarks.rivals import train, words
from benchmarks.rivals.cases import Case, table_people
from pidiff_cli.core.diffusion.sampling import DrawSettings
from tests.support.tiny_base import SIZE, make_base

CASE = Case(table_people()[0], 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def shop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import logging

    monkeypatch.setattr(shop_module, "WEIGHTS", folder)
    monkeypatch.setattr(shop_module, "SIDE", SIZE)
    monkeypatch.setattr(words, "RARE", "white")
    monkeypatch.setattr(words, "TEMPLATES", ("a photo of a {}", "a painting of a {}"))
    monkeypatch.setattr(words, "full_prompts", lambda _: ["a photo of a person as a chef"])
    monkeypatch.setattr(words, "all_seeds", lambda _: [7])
    picture = np.full((1, SIZE, SIZE, 3), 90, np.uint8)
    monkeypatch.setattr(words, "photos_of", lambda _: SimpleNamespace(rgb=picture))
    made = shop_module.Shop()
    made.settings = DrawSettings(steps=2, guidance=3.0)
    monkeypatch.setattr(made, "class_latents", lambda: torch.zeros(2, 4, SIZE // 8, SIZE // 8))
    yield made
    logging.disable(logging.NOTSET)


def base_picture(shop: Any) -> np.ndarray:
    pictures: np.ndarray = shop.draw(shop.pipe, ["a photo of a person as a chef"], [7])
    return pictures


@pytest.mark.parametrize(
    ("fit", "settings", "parameters"),
    [
        (words.textual_inversion, {"vectors": 2}, 2 * 32),
        (words.dreambooth_lora, {"rank": 2, "text": 0}, None),
        (words.dreambooth_lora, {"rank": 2, "text": 1}, None),
        (words.custom_diffusion, {}, None),
    ],
)
def test_a_rival_changes_its_pictures_and_not_the_base(
    shop: Any, fit: Any, settings: dict[str, Any], parameters: int | None
) -> None:
    before = base_picture(shop)
    kept = {k: v.clone() for k, v in shop.pipe.text_encoder.state_dict().items()}
    words_before = len(shop.pipe.tokenizer)
    given = {"steps": 3, "rate": 0.05, "batch": 2, "looks": [1], **settings}
    made = list(fit(shop, CASE, given))
    assert [one.steps for one in made] == [1, 3]
    assert made[1].seconds > made[0].seconds > 0
    assert parameters in (None, made[0].parameters) and made[0].parameters > 0
    assert (made[0].images != made[1].images).any()  # it went on learning
    assert (base_picture(shop) == before).all()
    assert len(shop.pipe.tokenizer) == words_before
    assert all((v == kept[k]).all() for k, v in shop.pipe.text_encoder.state_dict().items())


def test_an_untrained_rival_draws_as_the_base(shop: Any) -> None:
    """A step of no size: what remains is the placeholder that starts as the noun."""
    before = base_picture(shop)
    given = {"steps": 1, "rate": 0.0, "batch": 1, "vectors": 1}
    made = list(words.textual_inversion(shop, CASE, given))
    assert (made[0].images == before).all()


def test_textual_inversion_moves_its_own_words_only(shop: Any) -> None:
    own = words._Words(shop)
    table, places = own.add_words(["<face>", "<face>_1"], "person")
    kept = table.detach().clone()
    plan = train.Plan(steps=2, rate=0.1, decay=0.0)
    data = torch.zeros(1, 4, SIZE // 8, SIZE // 8)
    run = train.fine_tune(
        own.pipe.unet, train.ddpm(own.pipe), [table], data,
        lambda count, _: own.states(["a photo of a <face>"] * count), plan,
    )  # fmt: skip
    assert [step for step, _ in run] == [2]
    moved = (table.detach() != kept).any(dim=1)
    assert moved[places].all() and int(moved.sum()) == 2


def test_the_same_seed_draws_the_same_whoever_stands_beside(shop: Any) -> None:
    prompts = ["a photo of a person as a chef", "a photo of a person in snow"]
    pair = shop.draw(shop.pipe, prompts, [7, 8])
    alone = shop.draw(shop.pipe, prompts[1:], [8])
    assert np.abs(pair[1].astype(int) - alone[0]).max() <= 1


def test_custom_diffusion_trains_keys_values_and_one_word(shop: Any) -> None:
    made = next(words.custom_diffusion(shop, CASE, {"steps": 1, "rate": 0.01, "batch": 1}))
    layers = [m for n, m in shop.pipe.unet.named_modules() if n.endswith("attn2")]
    whole = sum(m.to_k.weight.numel() + m.to_v.weight.numel() for m in layers)
    assert made.parameters == whole + shop.pipe.unet.config.cross_attention_dim
