"""Cached pictures, the noise schedule and the losses of one training step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.faces.framing import Framing, Place
from pidiff_cli.core.identity.adapter import add_adapter, code_delta, trainable_parameters
from pidiff_cli.core.identity.lora import add_lora
from pidiff_cli.core.images import to_tensor
from pidiff_cli.core.training.dataset import (
    LatentSet,
    _window,
    cache_latents,
    face_variants,
    photo_variants,
)
from pidiff_cli.core.training.fast_step import free_conv_inputs
from pidiff_cli.core.training.losses import face_loss, locate_loss, min_snr_weight, preserve_loss
from pidiff_cli.core.training.schedule import NoiseSchedule
from pidiff_cli.core.training.step import LossSettings, TrainingStep
from tests.support.tiny_base import DIM, ROWS, SIZE
from tests.support.tiny_person import disc


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_face_variants_are_white_off_the_head_and_repeatable() -> None:
    face, mask = disc(96, (200, 120, 80), 0)
    x, m = face_variants(face, mask, SIZE, 6, _generator())
    assert x.shape == (6, 3, SIZE, SIZE) and m.shape == (6, 1, SIZE, SIZE)
    off = (m < 0.01).expand_as(x)
    assert x[off].min() > 0.97 and x.min() >= -1 and x.max() <= 1
    assert 0.05 < m.mean() < 0.35
    again, _ = face_variants(face, mask, SIZE, 6, _generator())
    assert torch.equal(x, again) and not torch.equal(x[0], x[1])


def test_photo_variants_keep_the_head_in_view() -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    mask = np.zeros((200, 300), np.float32)
    picture[60:120, 200:250], mask[60:120, 200:250] = 255, 1
    framing = Framing((0.20, 0.25), (0.4, 0.6), (0.5, 0.6))
    x, m = photo_variants(picture, mask, SIZE, 8, _generator(), framing)
    share = (m > 0.5).any(3).float().sum(2)[:, 0] / SIZE
    assert (share > 0.6).all() and (share < 0.85).all()
    assert ((x[:, :1] > 0) == (m > 0.5)).float().mean() > 0.97


def test_photo_variants_put_the_face_where_the_base_draws_it() -> None:
    picture = np.zeros((300, 400, 3), np.uint8)
    mask = np.zeros((300, 400), np.float32)
    picture[140:160, 90:110], mask[140:160, 90:110] = 255, 1  # a square about the face's middle
    framing = Framing((0.2, 0.2), (0.25, 0.25), (0.5, 0.5))
    _, m = photo_variants(picture, mask, SIZE, 2, _generator(), framing, Place(100, 150, 40))
    rows, columns = (m[0, 0] > 0.5).nonzero(as_tuple=True)
    assert abs(rows.float().mean() + 0.5 - 0.5 * SIZE) < 1
    assert abs(columns.float().mean() + 0.5 - 0.25 * SIZE) < 1
    assert abs((m[0] > 0.5).float().mean() - (20 / 200) ** 2) < 0.004


def test_a_photo_that_is_framed_already_is_taken_whole_in_its_own_colours() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (2 * SIZE, 2 * SIZE, 3)).astype(np.uint8)
    mask = np.ones(picture.shape[:2], np.float32)
    framing = Framing((0.2, 0.2), (0.4, 0.6), (0.4, 0.6))
    place = Place(SIZE, SIZE, 0.4 * SIZE)  # a fifth of the side, in the middle
    x, _ = photo_variants(picture, mask, SIZE, 3, _generator(), framing, place)
    whole = torch.nn.functional.interpolate(to_tensor(picture), (SIZE, SIZE), mode="area")
    assert torch.equal(x, whole.expand_as(x))


def test_crops_stay_within_the_photo_where_the_framing_allows_it() -> None:
    framing = Framing((0.1, 0.3), (0.3, 0.7), (0.3, 0.7))
    near, corner = Place(60, 70, 30), Place(4, 4, 30)
    for place, whole in ((near, True), (corner, False)):
        for seed in range(20):
            x0, y0, side = _window(torch.Size((200, 200)), framing, place, _generator(seed))
            held = min(x0, y0) >= 0 and max(x0, y0) + side <= 200
            assert held == whole
            assert 0.3 - 1e-6 <= (place.x - x0) / side <= 0.7 + 1e-6  # framed in either case


def test_framing_is_read_back_and_nonsense_refused() -> None:
    framing = Framing((0.1, 0.2), (0.3, 0.4), (0.5, 0.6))
    assert Framing.read(framing.values()) == framing
    with pytest.raises(ValueError, match="shares"):
        Framing.read({**framing.values(), "span": [0.4, 0.1]})


def test_latents_keep_count_of_their_photo(base: Base) -> None:
    face, mask = disc(96, (200, 120, 80), 0)
    parts = [face_variants(face, mask, SIZE, n, _generator()) for n in (2, 3)]
    data = cache_latents(base, parts)
    assert data.latents.shape == (5, 4, SIZE // 8, SIZE // 8)
    assert data.masks.shape == (5, 1, SIZE // 8, SIZE // 8)
    assert data.photo.tolist() == [0, 0, 1, 1, 1]
    z, m, area, photo = data.pick(4, _generator())
    assert torch.equal(area, m)
    assert len(z) == len(m) == len(photo) == 4


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_the_target_gives_the_picture_back(kind: str) -> None:
    schedule = NoiseSchedule(torch.linspace(0.99, 0.01, 100), kind)
    z, noise, t = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), torch.tensor([3, 90])
    a = schedule.alphas[t].view(-1, 1, 1, 1)
    noisy, target = schedule.noisy(z, noise, t), schedule.target(z, noise, t)
    if kind == "epsilon":
        back = (noisy - (1 - a).sqrt() * target) / a.sqrt()
    else:
        back = a.sqrt() * noisy - (1 - a).sqrt() * target
    assert torch.allclose(back, z, atol=1e-3)


def test_min_snr_caps_the_easy_steps() -> None:
    alpha = torch.tensor([0.99, 0.5])  # snr 99 and 1
    assert torch.allclose(min_snr_weight(alpha, 5, "epsilon"), torch.tensor([5 / 99, 1.0]))
    assert torch.allclose(min_snr_weight(alpha, 5, "v_prediction"), torch.tensor([0.05, 0.5]))
    assert min_snr_weight(alpha, 0, "epsilon").tolist() == [1, 1]


def test_masked_losses_look_where_they_should() -> None:
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    a, b = torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 4)
    b[..., 2:] = 1  # wrong off the face only
    assert face_loss(a, b, mask, 0.0) == 0 and face_loss(a, b, mask, 1.0) == pytest.approx(0.5)
    assert preserve_loss(a, b, mask) == pytest.approx(1.0)
    good, bad = locate_loss([mask], mask), locate_loss([1 - mask], mask)
    assert good < 0.01 < bad


def _training_step(base: Base, **settings: float) -> tuple[TrainingStep, torch.nn.Module]:
    torch.manual_seed(0)
    model = add_adapter(base.unet, 2, 2.0)
    codes = torch.randn(2, ROWS, DIM, generator=_generator(1))
    caption = encode_prompt(base, "a photo of a woman", "woman")
    return TrainingStep(
        base, codes, codes.mean(0), [caption], LossSettings(**settings), code_delta(model)
    ), model


def test_one_step_has_all_parts_and_a_gradient_for_every_parameter(base: Base) -> None:
    training_step, model = _training_step(
        base, preserve_share=1.0, drop_text=0, drop_identity=0, drop_both=0
    )
    with torch.no_grad():
        for parameter in trainable_parameters(model).values():
            parameter.add_(0.05)
    face, mask = disc(96, (200, 120, 80), 0)
    data = cache_latents(base, [face_variants(face, mask, SIZE, 4, _generator())] * 2)
    losses = training_step.loss(training_step.sample(data, 4, _generator(2)))
    assert losses.keys() == {"loss", "face", "preserve", "locate", "code"}
    losses["loss"].backward()
    grads = {n: p.grad for n, p in trainable_parameters(model).items()}
    assert all(g is not None and torch.isfinite(g).all() and g.any() for g in grads.values())
    frozen = [n for n, p in model.named_parameters() if p.grad is not None and n not in grads]
    assert frozen == []


def test_gradient_checkpointing_changes_no_gradient(folder: Path) -> None:
    face, mask = disc(96, (200, 120, 80), 0)
    found = []
    for checkpointing in (False, True):
        base = load_base(folder)
        if checkpointing:
            base.unet.enable_gradient_checkpointing()
            base.unet.train()
        training_step, model = _training_step(base, preserve_share=1.0)
        data = cache_latents(base, [face_variants(face, mask, SIZE, 4, _generator())] * 2)
        training_step.loss(training_step.sample(data, 4, _generator(2)))["loss"].backward()
        found.append([p.grad.clone() for p in trainable_parameters(model).values()])
    assert all(torch.allclose(a, b, atol=1e-7) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("seed", [2, 5])
def test_a_batch_in_parts_gives_the_gradient_of_the_whole(folder: Path, seed: int) -> None:
    face, mask = disc(96, (200, 120, 80), 0)
    found = []
    for part in (5, 2):
        base = load_base(folder)
        training_step, model = _training_step(base, preserve_share=1.0, drop_text=0.3)
        data = cache_latents(base, [face_variants(face, mask, SIZE, 4, _generator())] * 2)
        batch = training_step.sample(data, 5, _generator(seed))
        for some in batch.split(part):
            (training_step.loss(some)["loss"] * len(some) / len(batch)).backward()
        found.append([p.grad.clone() for p in trainable_parameters(model).values()])
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*found, strict=True))
    assert any(bool(grad.abs().max() > 1e-4) for grad in found[0])


def test_a_checkpointed_backward_records_no_maps_again(folder: Path) -> None:
    base = load_base(folder)
    base.unet.enable_gradient_checkpointing()
    base.unet.train()
    training_step, _ = _training_step(base)
    face, mask = disc(96, (200, 120, 80), 0)
    data = cache_latents(base, [face_variants(face, mask, SIZE, 4, _generator())] * 2)
    training_step.loss(training_step.sample(data, 4, _generator(2)))["loss"].backward()
    assert base.context.active and base.context.maps == []


def test_a_step_is_repeatable(base: Base) -> None:
    training_step, _ = _training_step(base)
    face, mask = disc(96, (200, 120, 80), 0)
    data = cache_latents(base, [face_variants(face, mask, SIZE, 4, _generator())] * 2)
    first, second = (
        training_step.loss(training_step.sample(data, 4, _generator(2)))["loss"] for _ in range(2)
    )
    assert torch.equal(first, second)


def test_lean_convolutions_change_no_gradient(folder: Path) -> None:
    face, mask = disc(96, (200, 120, 80), 0)
    found, kept = [], []
    for lean in (False, True):
        base = load_base(folder)
        assert not lean or free_conv_inputs(base.unet) > 10
        training_step, model = _training_step(base, preserve_share=1.0)
        data = cache_latents(base, [face_variants(face, mask, SIZE, 4, _generator())] * 2)
        sizes: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda x, sizes=sizes: sizes.append(x.numel()) or x, lambda x: x
        ):
            loss = training_step.loss(training_step.sample(data, 4, _generator(2)))["loss"]
        loss.backward()
        kept.append(sum(sizes))
        found.append([p.grad.clone() for p in trainable_parameters(model).values()])
    assert all(torch.allclose(a, b, atol=1e-7) for a, b in zip(*found, strict=True))
    assert kept[1] < 0.95 * kept[0]
    layer = torch.nn.Conv2d(3, 3, 3)
    assert free_conv_inputs(layer) == 0 and type(layer) is torch.nn.Conv2d, "it learns: left alone"


def test_without_the_map_s_loss_nobody_looks_for_the_subject(bare: Base) -> None:
    bare.lora = add_lora(bare.unet, 2, 2.0)
    caption = encode_prompt(bare, "a photo of a woman", "woman")
    face, mask = disc(96, (200, 120, 80), 0)
    data = cache_latents(bare, [face_variants(face, mask, SIZE, 4, _generator())])
    for locate in (0.0, 0.05):
        settings = LossSettings(preserve_share=1.0, locate=locate, code=0.0)
        training_step = TrainingStep(bare, None, None, [caption], settings, None)
        losses = training_step.loss(training_step.sample(data, 4, _generator(2)))
        assert ("locate" in losses) == bare.context.active == (locate > 0)
        losses["loss"].backward()
    assert all(parameter.grad is not None for parameter in bare.lora.parameters())


@pytest.mark.parametrize("batch", [1, 3, 4])
def test_half_of_the_kept_pictures_have_another_caption(base: Base, batch: int) -> None:
    captions = [encode_prompt(base, text, "woman") for text in ("a photo of a woman", "a woman")]
    settings = LossSettings(preserve_share=1.0, drop_text=0, drop_identity=0, drop_both=0, others=1)
    step = TrainingStep(base, None, None, captions, settings, None)
    z = torch.randn(6, 4, 8, 8)
    data = LatentSet(z, torch.ones(6, 1, 8, 8), torch.zeros(6, dtype=torch.long))
    generator = torch.Generator().manual_seed(0)
    drawn = torch.cat([step.sample(data, batch, generator).which for _ in range(60)])
    assert 0.35 < float((drawn == 1).float().mean()) < 0.65


def test_a_photo_learns_under_the_captions_told_of_it(base: Base) -> None:
    texts = ("a photo of a woman", "a woman", "a photo of a woman, smiling", "in a garden")
    captions = [encode_prompt(base, text, "woman") for text in texts]
    settings = LossSettings(preserve_share=0.0, drop_text=0, drop_identity=0, drop_both=0, others=1)
    told = torch.tensor([[0, 1], [2, 2]])
    step = TrainingStep(base, None, None, captions, settings, None, told=told)
    data = LatentSet(
        torch.arange(6.0).view(6, 1, 1, 1), torch.ones(6, 1, 1, 1), torch.arange(6) % 2
    )
    batch = step.sample(data, 64, torch.Generator().manual_seed(0))
    second = batch.latents.flatten() % 2 == 1
    assert set(batch.which[second].tolist()) == {2}
    assert set(batch.which[~second].tolist()) == {0, 1}
