"""The W+ networks as an option: found, insisted on, left out; who needs them says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from pidiff_cli.config import InvertConfig, PretrainConfig, StylemixConfig
from pidiff_cli.errors import MissingWeightError
from pidiff_cli.profile import Profile
from pidiff_cli.stages import base as stage_base
from pidiff_cli.stages.codes import edited
from pidiff_cli.stages.invert import inverted
from pidiff_cli.stages.invert import run as run_invert
from pidiff_cli.stages.opening import open_base
from pidiff_cli.stages.pretrain import run as pretrain
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.stylemix import run as run_stylemix
from pidiff_cli.weights import locate
from pidiff_cli.weights.locate import BaseParts
from tests.support.weights_fake import fill, record


@pytest.fixture
def plain(home: Path) -> Path:
    """A home with sd15 as a plain pull leaves it."""
    fill(home, "sd15-base", "yunet", "sface")
    return home


def test_what_is_missing_is_none_unless_it_is_insisted_on(plain: Path) -> None:
    assert locate.is_ready("sd15", plain)
    for wplus in ("auto", "off"):
        assert locate.base_parts("sd15", plain, wplus).wplus is None
    with pytest.raises(MissingWeightError, match="are not here") as caught:
        locate.base_parts("sd15", plain, "on")
    assert caught.value.hint.endswith("pidiff models pull sd15 --with wplus")
    fill(plain, "e4e", "sd15-identity")
    for wplus in ("auto", "on"):
        parts = locate.base_parts("sd15", plain, wplus)
        assert parts.wplus == plain / "models/ffhq"
        assert parts.identity == plain / "models/sd15/identity"
    without = locate.base_parts("sd15", plain, "off")
    assert without.wplus is without.identity is None


@pytest.mark.parametrize("recorded", [True, False])
def test_what_is_damaged_is_an_error_unless_it_is_left_out(plain: Path, recorded: bool) -> None:
    fill(plain, "e4e")
    if recorded:
        record(plain, "e4e")
    name = "e4e.safetensors" if recorded else "stylegan2.safetensors"
    (plain / "models/ffhq" / name).unlink()
    for wplus in ("auto", "on"):
        with pytest.raises(MissingWeightError, match=f"not whole: {name} is missing") as caught:
            locate.base_parts("sd15", plain, wplus)
        assert caught.value.hint == "Fetch them again: pidiff models pull sd15 --with wplus"
    assert not locate.is_ready("sd15", plain)
    assert locate.base_parts("sd15", plain, "off").wplus is None


def test_the_plain_generator_alone_is_no_w_plus(plain: Path) -> None:
    fill(plain, "stylegan2-ffhq")
    record(plain, "stylegan2-ffhq")
    assert locate.base_parts("sd15", plain).wplus is None


def test_a_checkpoint_by_its_path_names_the_networks_alone(
    home: Path, folders: dict[str, Path]
) -> None:
    with pytest.raises(MissingWeightError) as caught:
        locate.base_parts(str(folders["sdxl"]), home, "on")
    assert caught.value.hint.endswith("pidiff models pull wplus")


def test_mini_without_them_has_no_general_branch(home: Path) -> None:
    assert locate.base_parts("mini", home).identity is not None
    parts = locate.base_parts("mini", home, "off")
    assert parts.wplus is parts.identity is None and parts.judge is not None
    with pytest.raises(MissingWeightError, match="mini was opened without") as caught:
        parts.need_wplus("stylemix")
    assert caught.value.hint == "Leave out: --wplus off"


def test_opened_to_learn_on_it_has_no_branch_that_nobody_can_be_read_for(plain: Path) -> None:
    fill(plain, "sd15-identity")
    assert locate.base_parts("sd15", plain).identity is not None  # draws who was tuned with it
    assert open_base(plain, "cpu", "sd15", Progress()).identity is None
    fill(plain, "e4e")
    assert open_base(plain, "cpu", "sd15", Progress()).identity is not None
    assert open_base(plain, "cpu", "sd15", Progress(), wplus="off").wplus is None


def test_who_needs_them_says_so_with_the_command_and_the_licence(plain: Path) -> None:
    parts = locate.base_parts("sd15", plain)
    alice = Profile.create(plain, "alice", "woman")
    reading, mixing = InvertConfig(home=plain), StylemixConfig(home=plain)
    works: dict[str, Any] = {
        "invert": lambda: inverted(alice, reading, parts, Progress()),
        "invert ": lambda: run_invert(alice, reading, parts, Progress()),
        "stylemix": lambda: run_stylemix(alice, alice, mixing, parts, Progress()),
        "--edit": lambda: edited(torch.zeros(18, 512), (("smile", 1.0),), parts),
        "pretrain identity": lambda: pretrain.run(
            PretrainConfig(home=plain, base="sd15"), Progress()
        ),
    }
    for who, work in works.items():
        with pytest.raises(MissingWeightError) as caught:
            work()
        error = caught.value
        assert error.message.startswith(f"{who.strip()} needs the W+ networks"), who
        assert "NVIDIA, non-commercial" in error.message and "forbids commercial" in error.message
        assert error.hint.endswith("pidiff models pull sd15 --with wplus")


@pytest.mark.parametrize("sizes", [None, (12, 16)])
def test_a_base_is_loaded_with_sizes_only_where_the_networks_are(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, int] | None
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(stage_base, "open_base", lambda *given: asked.append(given))
    wplus = tmp_path if sizes else None
    (tmp_path / "wplus.json").write_text('{"rows": 12, "style_dim": 16}')
    parts = BaseParts("sd15", "sd15", tmp_path, wplus, tmp_path, None, None)
    stage_base.load_parts(parts, torch.device("cpu"), torch.float32)
    assert asked[0][1:3] == (None, sizes)


def test_doctor_tells_whether_they_are_here_and_whole(pidiff: Any, plain: Path) -> None:
    lacks = "; lacks the nudity filter: pidiff models pull nudity"
    told = "sd15 ready, without the W+ networks"
    assert f"{told}{lacks} · commercial use: yes" in pidiff("doctor").out
    fill(plain, "nudity")
    assert f"{told} · commercial use: yes" in pidiff("doctor").out
    fill(plain, "e4e")
    assert "sd15 ready · commercial use" in pidiff("doctor").out
    (plain / "models/ffhq/wplus.json").unlink()
    mends = "sd15 has damaged W+ networks: pidiff models pull sd15 --with wplus"
    found = pidiff("--json", "doctor").json
    found = {base["name"]: base for base in found["bases"]}["sd15"]
    assert mends in pidiff("doctor").out and not found["ready"] and not found["wplus"]
