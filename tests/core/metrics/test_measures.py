"""The measures' formulas: known pictures, known answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.wording import complete
from pidiff_cli.core.identity.adapter import identity_tokens
from pidiff_cli.core.metrics import measures
from pidiff_cli.core.metrics.branch_energy import branch_energy, spread, watched
from pidiff_cli.core.metrics.pose import SPREAD, copied, pose_of
from tests.support.tiny_base import DIM, ROWS, SIZE


def _square(side: int, low: int, high: int) -> np.ndarray:
    """(side, side), 1 in the square from low to high."""
    mask = np.zeros((side, side), np.float32)
    mask[low:high, low:high] = 1
    return mask


def test_overlap_is_one_for_the_head_itself_and_half_for_half_of_it() -> None:
    head = _square(64, 16, 48)
    assert measures.overlap(_square(8, 2, 6), head) > 0.95
    half = head.copy()
    half[:, 32:] = 0
    assert measures.overlap(half, head) == 0.5
    assert measures.overlap(1 - head, head) == 0
    assert measures.overlap(np.zeros((8, 8), np.float32), np.zeros((64, 64), np.float32)) == 0


def test_energy_off_the_head_is_a_share() -> None:
    head = _square(64, 0, 32)  # a quarter
    assert measures.off_face_share(np.ones((8, 8), np.float32), head) == pytest.approx(0.75)
    assert measures.off_face_share(_square(8, 0, 4), head) == pytest.approx(0)
    assert measures.off_face_share(np.zeros((8, 8), np.float32), head) is None


def test_only_what_is_off_every_head_counts_as_background() -> None:
    plain = np.full((8, 8, 3), 100, np.uint8)
    image = plain.copy()
    image[:4], image[4:6] = 200, 151
    heads = [_square(8, 0, 0), np.zeros((8, 8), np.float32)]
    heads[0][:4] = 1
    expected = (51 / 255) * 0.5
    assert measures.off_face_change(image, plain, heads) == pytest.approx(expected)
    assert measures.off_face_change(image, plain, [np.ones((8, 8), np.float32)]) is None


def test_feature_distance_weighs_places_and_forgets_lengths() -> None:
    one = torch.zeros(2, 4, 4)
    one[0] = 1
    other = one.clone()
    other[:, :2] = other[:, :2].flip(0) * 5  # another direction in the upper half
    assert measures.feature_distance([one], [one * 3]) == pytest.approx(0)
    assert measures.feature_distance([one], [other]) == pytest.approx(1.0)
    lower = np.zeros((8, 8), np.float32)
    lower[4:] = 1
    assert measures.feature_distance([one], [other], lower) == pytest.approx(0)
    assert measures.feature_distance([one], [other], 1 - lower) == pytest.approx(2.0)
    assert measures.feature_distance([one], [other], 0 * lower) is None


def test_means_leave_out_what_is_not_there() -> None:
    assert measures.mean_of([1.0, None, 3.0]) == 2.0 and measures.mean_of([None]) is None
    assert measures.plus_minus([1.0, None, 3.0]) is None
    assert measures.plus_minus([0.0, 1.0, 2.0]) == pytest.approx(1.96 / 3**0.5)


def test_copy_paste_is_zero_for_the_base_s_pose_and_one_for_the_photos() -> None:
    rng = np.random.default_rng(0)
    plain = list(rng.standard_normal((12, 4)))
    photos = list(rng.standard_normal((3, 4)) + 3)
    centre = np.mean(photos, axis=0)
    found = copied(plain, plain, photos)
    assert found and found.value == pytest.approx(0)
    found = copied([centre] * 12, plain, photos)
    assert found and found.value == pytest.approx(1) and found.plus_minus
    half = [(pose + centre) / 2 for pose in plain]
    found = copied(half, plain, photos)
    assert found and found.value == pytest.approx(0.5)


def test_a_face_that_turns_at_random_copies_nothing() -> None:
    rng = np.random.default_rng(1)
    plain, drawn = rng.standard_normal((2, 2000, 4))
    found = copied(list(drawn), list(plain), [np.array([2.0, 0, 0, 0])])
    assert found and abs(found.value) < 0.05


def test_copy_paste_says_nothing_where_the_photos_are_as_the_base_draws() -> None:
    plain = [np.zeros(4)] * 4
    assert copied(plain, plain, [np.full(4, 0.3)]) is None
    assert copied([], [], [np.ones(4)]) is None and copied(plain, plain, []) is None


def _face() -> np.ndarray:
    """68 points of a plain face, 100 px between the eyes."""
    points = np.zeros((68, 2))
    points[0:17, 0] = np.linspace(-90, 90, 17)
    points[17:22], points[22:27] = (-50, -40), (50, -40)
    points[36:42], points[42:48] = (-50, 0), (50, 0)
    points[27:36] = (0, 40)
    points[48:68] = (0, 80)
    points[48], points[54] = (-30, 80), (30, 80)
    return points


@pytest.mark.parametrize(
    ("index", "move", "number"),
    [([48, 54], (0, -8), 1), ([66], (0, 15), 2), (list(range(20, 24)), (0, -6), 3)],
)
def test_each_expression_moves_its_own_number(
    index: list[int], move: tuple[int, int], number: int
) -> None:
    face = _face()
    changed = face.copy()
    changed[index] += move
    difference = np.abs(pose_of(changed) - pose_of(face))
    assert difference[number] > 0.5 and difference.argmax() == number


def test_pose_forgets_place_size_and_tilt_but_not_the_turn() -> None:
    face = _face()
    tilt = np.array([[np.cos(0.2), np.sin(0.2)], [-np.sin(0.2), np.cos(0.2)]])
    assert np.allclose(pose_of(face @ tilt * 2 + 30), pose_of(face))
    turned = face.copy()
    turned[27:36, 0] += 20
    assert (pose_of(turned) - pose_of(face))[0] * SPREAD[0] == pytest.approx(2.5 * 2 * 20 / 157.5)
    assert np.isfinite(pose_of(np.zeros((68, 2)))).all()


@pytest.fixture(scope="module")
def base(disc_base: Path) -> Base:
    return load_base(disc_base)


def test_the_probe_sees_exactly_what_the_branch_adds(base: Base) -> None:
    """Against the processor's own sum, computed by hand in one layer."""
    from pidiff_cli.core.diffusion.prompts import subjects, text_states
    from pidiff_cli.core.identity.attention import IdentityAttnProcessor
    from pidiff_cli.core.training.step import identity_on

    prompt = encode_prompt(base, complete("as a chef", "woman"), "woman")
    text = text_states(base, [prompt])
    tokens = identity_tokens(base.unet, torch.randn(1, ROWS, DIM))
    by_hand: list[torch.Tensor] = []
    real = IdentityAttnProcessor._identity

    def spy(self: IdentityAttnProcessor, attn: object, f: torch.Tensor) -> torch.Tensor:
        out = real(self, attn, f)
        by_hand.append(out)
        return out

    IdentityAttnProcessor._identity = spy  # type: ignore[method-assign]
    try:
        with torch.no_grad(), watched(base.unet) as added:
            identity_on(base.context, tokens, subjects([prompt], base.device))
            base.context.use_map = False  # M = 1
            x, t = torch.randn(1, 4, SIZE // 8, SIZE // 8), torch.tensor([500])
            base.unet(x, t, encoder_hidden_states=text.tokens)
    finally:
        IdentityAttnProcessor._identity = real  # type: ignore[method-assign]
        base.context.clear()
    assert len(added) == len(by_hand) > 0
    for one, other in zip(added, by_hand, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_energy_repeats_and_leaves_the_base_as_it_was(base: Base) -> None:
    prompt = encode_prompt(base, complete("as a chef", "woman"), "woman")
    image = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3)).astype(np.uint8)
    w = torch.randn(ROWS, DIM, generator=torch.Generator().manual_seed(0))
    first, again = (branch_energy(base, prompt, w, image) for _ in range(2))
    assert first.shape == (SIZE // 8, SIZE // 8) and (first >= 0).all() and first.sum() > 0
    assert np.array_equal(first, again)
    assert not base.context.active and not base.context.maps
    assert not base.unet._forward_pre_hooks


def test_every_layer_keeps_its_sum_when_it_is_spread() -> None:
    coarse, fine = torch.randn(2, 16, 5), torch.randn(2, 64, 3)
    total = spread([coarse, fine], 8, 8)
    assert total.sum() == pytest.approx(
        float(coarse.square().sum() + fine.square().sum()), rel=1e-5
    )


def test_strangers_are_in_the_words_of_the_embedder_that_is_here(tmp_path: Path) -> None:
    """Fails when the embedder is trained anew: python -m mini.train.faces.strangers."""
    from safetensors.torch import load_file

    from mini.train.faces.strangers import COUNT, FACES, FILE, FIRST, portrait
    from pidiff_cli.core.faces.reader import FaceReader

    kept = load_file(FACES / FILE)["embeddings"].float()
    assert len(kept) == COUNT
    drawn = FaceReader.open(FACES).embed([portrait(FIRST), portrait(FIRST + 7)])
    assert (drawn @ kept[[0, 7]].T).diagonal().min() > 0.99
