"""Codes moved until drawings have the measures of a photographed person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pidiff_cli.core.wplus.seeker import FILE, Seeker, load_seeker
from pidiff_cli.core.wplus.seeking import EDGE, as_photographed, sought_shift
from pidiff_cli.errors import InputError

ROWS, DIM = 2, 3
FACTORS = ("jaw", "nose_length", "skin", "hair_bald", "hair_curls", "glasses_round")
MEASURES = ("jaw_width", "nose_length", "skin_L")


def _seeker() -> Seeker:
    """A world in which the first two factors are the first two measures and numbers of the code."""
    k, j = len(FACTORS), len(MEASURES)
    measured = torch.zeros(j, k)
    measured[0, 0] = measured[1, 1] = 2.0
    place = torch.eye(ROWS * DIM).view(k, ROWS, DIM)
    tensors = {
        "photo_mean": torch.tensor([1.0, 2.0, 60.0]),
        "photo_between": torch.tensor([0.1, 0.2, 9.0]),
        "photo_within": torch.tensor([0.01, 0.02, 9.0]),
        "drawn_mean": torch.tensor([0.0, 0.0, 50.0]),
        "drawn_spread": torch.ones(j), "measured": measured, "measured_none": torch.zeros(j),
        "unexplained": torch.full((j,), 0.05), "factor_mean": torch.zeros(k),
        "factor_spread": 0.3 * torch.eye(k), "coded": place, "read": place,
        "read_none": torch.zeros(k), "misread": torch.full((k,), 0.01),
        "axis": torch.tensor([1.0, 1.0, 0.0]), "bound": torch.tensor(1.5),
    }  # fmt: skip
    return Seeker(MEASURES, FACTORS, **{name: value.double() for name, value in tensors.items()})


def _vector(jaw: float, nose: float, skin: float = 60.0) -> dict[str, float]:
    return dict(zip(MEASURES, (jaw, nose, skin), strict=True))


def test_what_lies_above_the_mean_of_photographs_lies_above_the_mean_of_drawings() -> None:
    seeker, code = _seeker(), torch.zeros(ROWS, DIM)
    wide = sought_shift(seeker, [_vector(1.15, 2.0)], code, exaggerate=1.0)
    assert wide[0, 0] > 0.4 and abs(float(wide[0, 1])) < 0.05
    average = sought_shift(seeker, [_vector(1.0, 2.0)], code, exaggerate=1.0)
    assert average.abs().max() < 1e-6, "the mean of photographs is the mean of drawings"
    long = sought_shift(seeker, [_vector(1.0, 2.3)], code, exaggerate=1.0)
    assert long[0, 1] > 0.4


def test_a_caricature_goes_further_but_not_off_the_world() -> None:
    seeker, code = _seeker(), torch.zeros(ROWS, DIM)
    plain, far = (
        sought_shift(seeker, [_vector(1.05, 2.0)], code, exaggerate=e)[0, 0] for e in (1.0, 2.0)
    )
    assert far == pytest.approx(2 * float(plain), rel=1e-5)
    assert sought_shift(seeker, [_vector(1.3, 2.0)], code, exaggerate=9.0)[0, 0] <= EDGE + 1e-6


def test_more_photos_are_believed_more_and_one_odd_one_is_not() -> None:
    seeker, code = _seeker(), torch.zeros(ROWS, DIM)
    seeker = replace(seeker, photo_within=10 * seeker.photo_within)
    one = sought_shift(seeker, [_vector(1.1, 2.0)], code, exaggerate=1.0)[0, 0]
    four = sought_shift(seeker, 4 * [_vector(1.1, 2.0)], code, exaggerate=1.0)[0, 0]
    assert four > one > 0
    odd = sought_shift(seeker, [*4 * [_vector(1.1, 2.0)], _vector(9.0, 2.0)], code, exaggerate=1.0)[
        0, 0
    ]
    assert odd == pytest.approx(float(four), rel=0.1)


def test_skin_stays_and_glasses_that_are_a_shadow_go() -> None:
    seeker, code = _seeker(), torch.zeros(ROWS, DIM)
    code[0, 2], code[1, 2] = 0.5, 0.4  # skin, glasses
    shift = sought_shift(seeker, [_vector(1.0, 2.0, skin=90.0)], code)
    assert abs(float(shift[0, 2])) < 0.1, "a photo's light says little of skin"
    assert (code + shift)[1, 2] == pytest.approx(0, abs=1e-6)
    code[1, 2] = 0.9
    assert sought_shift(seeker, [_vector(1.0, 2.0)], code)[1, 2] == pytest.approx(0, abs=1e-6)


def test_no_face_moves_nothing_and_is_no_photograph() -> None:
    seeker, code = _seeker(), torch.zeros(ROWS, DIM)
    assert not sought_shift(seeker, [None], code).any()
    assert not as_photographed(seeker, [None, None])


def test_what_no_photo_shows_is_left_open() -> None:
    seeker, code = _seeker(), torch.zeros(ROWS, DIM)
    shift = sought_shift(seeker, [_vector(float("nan"), 2.3)], code, exaggerate=1.0)
    assert abs(float(shift[0, 0])) < 1e-3 and shift[0, 1] > 0.4


def test_photographs_lie_on_their_side_of_the_bound() -> None:
    seeker = _seeker()
    assert as_photographed(seeker, [_vector(1.0, 2.0), None])
    assert not as_photographed(seeker, [_vector(0.1, 0.2)])
    assert not as_photographed(seeker, [_vector(0.9, 0.9)]), "half way is a drawing"


def test_the_file_gives_it_back_and_a_damaged_one_is_said(tmp_path: Path) -> None:
    assert load_seeker(tmp_path) is None
    seeker = _seeker()
    seeker.save(tmp_path / FILE)
    again = load_seeker(tmp_path)
    assert again is not None and again.measures == MEASURES and again.factors == FACTORS
    assert torch.allclose(again.coded, seeker.coded, atol=1e-3)
    (tmp_path / FILE).write_bytes(b"no tensors")
    with pytest.raises(InputError, match="damaged"):
        load_seeker(tmp_path)


def test_a_beard_is_what_is_dark_whatever_the_jaw() -> None:
    seeker = _seeker()
    seeker = replace(
        seeker,
        measures=("jaw_width", "nose_length", "moustache_L"),
        factors=("jaw", "nose_length", "skin", "hair_bald", "hair_curls", "moustache"),
        photo_mean=torch.tensor([1.0, 2.0, -10.0]).double(),
        photo_between=torch.tensor([0.1, 0.2, 8.0]).double(),
    )
    tied = seeker.factor_spread.clone()
    tied[0, 5] = tied[5, 0] = 0.25  # who has a broad jaw has a beard, among drawn people
    seeker, code = replace(seeker, factor_spread=tied), torch.zeros(ROWS, DIM)

    def beard(darkness: float) -> float:
        vector = dict(zip(seeker.measures, (1.2, 2.0, darkness), strict=True))
        return float(sought_shift(seeker, [vector], code)[1, 2])

    assert beard(-8.0) == pytest.approx(0, abs=1e-6)
    assert beard(-40.0) == pytest.approx(1, abs=1e-6)
    assert 0.2 < beard(-20.0) < 0.8
