"""Going on to new things: pictures of nothing new are held to what the weights before predict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pidiff_cli.mini.train import common, diffusion
from pidiff_cli.mini.train.diffusion_data import Batch
from pidiff_cli.mini.train.machine import machine
from pidiff_cli.mini.train.remember import known_rows, recall

B, SIDE = 3, 16


def _batch(known: list[int]) -> Batch:
    generator = torch.Generator().manual_seed(3)

    def some(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    subject = torch.zeros(B, 32)
    subject[:, 4] = 1
    return Batch(
        some(B, diffusion.LATENTS, SIDE, SIDE), some(B, 1, SIDE, SIDE).sigmoid(),
        torch.zeros(B, 32, dtype=torch.long), subject, some(B, diffusion.ROWS, 80),
        torch.tensor([1.0, 0.0, 1.0]), known=torch.tensor(known),
    )  # fmt: skip


def test_a_role_a_scene_or_a_style_that_the_narrow_world_lacks_is_new() -> None:
    plain = {"role": "chef", "scene": "beach", "style": "photo"}
    metas = [plain, {**plain, "role": "pilot"}, {**plain, "scene": "harbour"}]
    metas += [{**plain, "style": "woodblock"}, {**plain, "style": "oil"}]
    assert known_rows(metas).tolist() == [True, False, False, False, True]


def test_known_rows_ask_the_weights_before_and_the_others_do_not() -> None:
    batch, asked = _batch([1, 0, 1]), []

    def before(noisy: Tensor, t: Tensor, text: Tensor, part: Batch) -> Tensor:
        asked.append((t.tolist(), text[:, 0, 0].tolist(), part.on.tolist()))
        return 2 * noisy

    noisy, target = torch.ones(B, 1, 2, 2), torch.zeros(B, 1, 2, 2)
    text = torch.arange(B).float().view(B, 1, 1)
    got = recall(before, batch, text, noisy, torch.tensor([5, 6, 7]), target)
    assert got[:, 0, 0, 0].tolist() == [2, 0, 2]
    assert asked == [([5, 7], [0.0, 2.0], [1.0, 1.0])]
    nothing = replace(batch, known=torch.zeros(B))
    assert recall(before, nothing, text, noisy, torch.zeros(B), target) is target
    assert len(asked) == 1


@pytest.mark.parametrize(("known", "moves"), [([1, 1, 1], False), ([1, 0, 1], True)])
def test_the_weights_before_have_nothing_to_learn_of_what_they_know(
    known: list[int], moves: bool
) -> None:
    args = common.arguments("x", "x").parse_args([])
    where = machine(args, 64, 768)
    model = diffusion.Model()
    assert diffusion.take_over(model)
    before = diffusion.as_it_was(model, common.WEIGHTS, where)
    assert not any(p.requires_grad for p in before.parameters())
    batch, text = _batch(known), torch.randn(B, 32, diffusion.TOKEN_DIM)
    t, noise = torch.tensor([100, 500, 900]), torch.randn_like(batch.latents)
    alphas = torch.linspace(0.999, 0.01, 1000)
    _, parts = diffusion.losses(model, batch, text, alphas, t, noise, before=before)
    assert (float(parts["text"]) > 0.01) == moves  # row 1 is the one without an identity
    assert float(parts["identity"]) < 0.001  # bf16 differs with the rows of a batch


def test_weights_of_another_size_are_refused(tmp_path: Path) -> None:
    where = machine(common.arguments("x", "x").parse_args([]), 64, 768)
    with pytest.raises(SystemExit, match="no UNet and identity branch of this size"):
        diffusion.as_it_was(diffusion.Model(), tmp_path, where)
