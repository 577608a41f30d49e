"""The prior of codes: its directions, its file, and codes sought along them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pidiff_cli.core.wplus.inversion import picture_error
from pidiff_cli.core.wplus.prior import READ, CodePrior, fit, load_prior, place_weights, re_encode
from pidiff_cli.core.wplus.weights import PRIOR_FILE
from pidiff_cli.errors import InputError

ROWS, DIM, SIDE = 3, 4, 16


def _codes(count: int = 400) -> Tensor:
    """Codes whose first numbers spread most, about a middle of 2."""
    torch.manual_seed(0)
    spread = torch.linspace(2, 0.05, ROWS * DIM)
    return (2 + torch.randn(count, ROWS * DIM) * spread).view(count, ROWS, DIM)


class Painter(nn.Module):
    """Stands for the generator: three numbers of the code are a picture's colour."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(0.3))

    def synthesise(self, codes: Tensor) -> Tensor:
        colour = torch.tanh(self.gain * (codes[:, 0, :3] - 2))  # (B, 3)
        return colour[..., None, None].expand(-1, -1, SIDE, SIDE)


def test_directions_are_those_of_the_greatest_spread() -> None:
    codes = _codes()
    prior = CodePrior.of(codes, 5)
    assert prior.mean.shape == (ROWS, DIM) and prior.basis.shape == (5, ROWS, DIM)
    lengths = prior.basis.flatten(1).norm(dim=1)
    assert (lengths[:-1] >= lengths[1:]).all() and lengths[0] == pytest.approx(2, rel=0.15)
    product = prior.basis.flatten(1) @ prior.basis.flatten(1).T
    assert torch.allclose(product, torch.diag(lengths**2), atol=1e-4)
    places = prior.places(codes)
    assert torch.allclose(places.std(0), torch.ones(5), atol=1e-3), "in units of their spread"


def test_all_directions_give_a_code_back_and_few_the_nearest() -> None:
    codes = _codes()
    whole, few = CodePrior.of(codes), CodePrior.of(codes, 2)
    assert len(whole.basis) == ROWS * DIM, "as many as there are"
    assert torch.allclose(whole.codes(whole.places(codes)), codes, atol=1e-4)
    near = few.codes(few.places(codes))
    assert torch.allclose(few.places(near), few.places(codes), atol=1e-4)
    assert len(CodePrior.of(codes[:4]).basis) == 3, "four codes span three directions"


def test_the_file_keeps_a_prior_to_a_hundredth(tmp_path: Path) -> None:
    torch.manual_seed(1)
    prior = CodePrior.of(torch.randn(200, 12, 100), 20)
    prior.save(tmp_path / PRIOR_FILE)
    found = load_prior(tmp_path)
    assert found is not None and found.basis.dtype == torch.float32
    assert (found.basis - prior.basis).norm() < 0.01 * prior.basis.norm()
    (tmp_path / PRIOR_FILE).write_bytes(b"no tensors")
    with pytest.raises(InputError, match="damaged"):
        load_prior(tmp_path)
    assert load_prior(tmp_path / "elsewhere") is None


def test_a_fitted_code_draws_the_face_and_stays_likely() -> None:
    painter: Any = Painter()
    prior = CodePrior.of(_codes())
    wanted = prior.codes(torch.tensor([[1.5, -0.8] + [0.0] * 10, [-1.0, 0.6] + [0.0] * 10]))
    faces = painter.synthesise(wanted).detach()
    begun = prior.mean.expand(2, -1, -1)
    seen: list[float] = []
    found = fit(painter, prior, begun, faces, 60, lambda _, loss: seen.append(loss))
    assert len(seen) == 60 and found.error_after < 0.2 * found.error_before
    places = prior.places(found.codes)
    assert places.abs().max() < 2 and places[:, 3:].abs().mean() < 0.1, "hardly what is not seen"
    assert not found.codes.requires_grad and painter.gain.requires_grad
    assert painter.gain.grad is None, "the generator learns nothing"


def test_an_unlikely_code_comes_nearer_to_the_middle() -> None:
    painter: Any = Painter()
    prior = CodePrior.of(_codes())
    far = prior.codes(torch.full((1, 12), 4.0))
    found = fit(painter, prior, far, painter.synthesise(prior.mean[None]).detach(), 40)
    assert prior.places(found.codes).square().mean() < 0.7 * 16


class Reader(nn.Module):
    """Stands for the encoder: the colour of a picture's middle in the code's first numbers."""

    side = 8

    def forward(self, faces: Tensor) -> Tensor:
        assert faces.shape[-1] == self.side
        codes = torch.zeros(len(faces), ROWS, DIM)
        codes[:, 0, :3] = faces[:, :, 4, 4]
        return codes


def test_sought_codes_move_together_half_way_to_what_is_read() -> None:
    painter: Any = Painter()
    reader: Any = Reader()
    codes, average = _codes(3), torch.full((ROWS, DIM), 2.0)
    moved = re_encode(painter, reader, average, codes)
    mean = codes.mean(0)
    read = average.clone()
    read[0, :3] += painter.synthesise(mean[None])[0, :, 0, 0]
    assert torch.allclose(moved.mean(0), mean + READ * (read - mean), atol=1e-5)
    assert torch.allclose(moved - moved.mean(0), codes - mean, atol=1e-5), "apart as before"
    assert not moved.requires_grad


def test_mouth_and_eyes_count_more_than_cheeks() -> None:
    weight = place_weights(64)[0, 0]
    mouth, eye, cheek, corner = weight[45, 32], weight[30, 24], weight[40, 14], weight[0, 0]
    assert mouth > 8 and eye > 4 and cheek < 1.5 and corner == pytest.approx(1)
    assert torch.allclose(weight, weight.flip(1), atol=0.7), "left as right"
    made, faces = torch.zeros(2, 3, 64, 64), torch.zeros(2, 3, 64, 64)
    faces[..., 44:48, 28:36] = 1.0  # a difference at the mouth
    plain, weighed = (picture_error(made, faces, w) for w in (None, place_weights(64)))
    assert weighed > 3 * plain
    flat = torch.full((1, 1, 64, 64), 7.0)
    assert torch.allclose(picture_error(made, faces, flat), plain)
