"""mini's training takes the wide world from its bank, end to end, and tells it to the program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pidiff_cli.core.diffusion.base import open_base
from pidiff_cli.core.faces.nets import FaceEmbedder, LandmarkNet, load_net
from pidiff_cli.core.metrics.judge import load_judge
from pidiff_cli.core.wplus.weights import load_directions, load_encoder, load_generator
from pidiff_cli.mini.train import all as chain_command
from pidiff_cli.mini.train import diffusion_data, faces, faces_data, judge, sizes, strangers, text
from pidiff_cli.mini.train.aligned import ALIGNED, open_aligned
from pidiff_cli.mini.train.common import BANK, WEIGHTS
from pidiff_cli.mini.train.faces_augment import Textures
from pidiff_cli.mini.train.layout import Layout
from pidiff_cli.mini.train.links import STATE
from pidiff_cli.mini.world import bank as bank_module
from pidiff_cli.mini.world import registry
from pidiff_cli.mini.world.bank import Bank
from pidiff_cli.mini.world.camera import Camera
from pidiff_cli.mini.world.captions_wide import vocabulary
from pidiff_cli.mini.world.combinations import is_held_out
from pidiff_cli.mini.world.context import Companion, Context
from pidiff_cli.mini.world.factors import NAMES, names
from pidiff_cli.mini.world.worlds import NARROW, WIDE
from tests.tiny_bank import main_of, working_in
from tests.tiny_person import make_profile

PLAN = ["--pictures", "16", "--steps", "1", "--batch", "4", "--workers", "1", "--weights", "new"]
PLAN += ["--unet", "large"]
FEW = Textures(0, 4, real=False)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """All of the chain on sixteen pictures, a step each; the world is asked for once."""
    with pytest.MonkeyPatch.context() as patch, working_in(tmp_path_factory.mktemp("wide")) as at:
        patch.setattr(strangers, "COUNT", 2)
        patch.setattr(faces, "Textures", lambda seed, count=0: FEW)
        assert not chain_command.main([*PLAN, "--world", "wide", "--minutes-per-call", "0.0001"])
        assert chain_command.main(PLAN)
        yield at


def test_every_network_says_what_it_needs_of_its_world(work: Path) -> None:
    generator, mean = load_generator("new")
    encoder = load_encoder("new")
    base = open_base(Path("new/diffusers"), Path("new/identity"))
    assert mean.shape == (12, 128) == (encoder.rows, encoder.style_dim) == (base.rows, base.dim)
    assert load_directions("new").shape == (116, 12, 128)
    assert generator.synthesise(mean[None]).shape == (1, 3, 128, 128)
    sizes = json.loads(Path("new/wplus.json").read_text())
    assert sizes["world"] == "wide" and tuple(sizes["factors"]) == names(WIDE)
    told = load_judge(Path("new/judge"))
    assert set(told.class_names["role"]) == set(registry.roles(WIDE))
    assert {"occluder", "light", "company"} <= set(told.class_names)
    assert tuple(told.factor_names) == names(WIDE) and "harbour" in told.words
    landmarks = load_net(LandmarkNet, Path("new/faces/landmarks"))
    assert landmarks(torch.zeros(1, 3, 128, 128))[1].shape == (1, 7, 64, 64)
    load_net(FaceEmbedder, Path("new/faces/embedder"))
    assert strangers.world_of(Path("new/faces")) == WIDE
    for word in vocabulary(WIDE):
        assert len(base.tokenizer(word, add_special_tokens=False).input_ids) == 1


def test_the_largest_networks_of_the_wide_world_keep_to_the_limits(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes.main(["--weights", "new"])  # ends with an error where a file or all are too large
    told = capsys.readouterr().out
    assert "| diffusers/unet/diffusion_pytorch_model.safetensors | 8," in told
    rows = sizes.sizes(Path("new"))
    assert sum(row.size for row in rows) <= 40_000_000
    assert max(row.size for row in rows) < 16 * 2**20
    encoder = {row.name: row for row in rows}["e4e.safetensors"]
    net = load_encoder("new")
    assert encoder.values == sum(value.numel() for value in net.state_dict().values())


def test_old_weights_say_nothing_and_are_of_the_narrow_world() -> None:
    from pidiff_cli.stages.codes import factor_names

    assert factor_names(WEIGHTS) == NAMES and load_directions(WEIGHTS).shape == (79, 12, 80)
    assert strangers.world_of(WEIGHTS / "faces") == NARROW
    net = load_net(LandmarkNet, WEIGHTS / "faces" / "landmarks")
    assert net(torch.zeros(1, 3, 128, 128))[1].shape[1] == 6 and "labels" not in net.config


def test_edits_go_by_the_names_that_the_weights_tell(work: Path) -> None:
    from pidiff_cli.stages.codes import factor_names

    assert factor_names(Path("new")) == names(WIDE) and "scar" in factor_names(Path("new"))


def test_codes_fit_the_weights_or_not(tmp_path: Path) -> None:
    from pidiff_cli.stages.invert import fits

    profile = make_profile(tmp_path)
    assert not fits(profile, "mini", tmp_path)
    codes = np.zeros((3, 12, 80), np.float32)
    keys = tuple(photo.key for photo in profile.photos[:3])
    profile.save_identity(codes, np.full(3, 1 / 3, np.float32), codes[0], keys)
    assert fits(profile, "mini", tmp_path)


def test_without_weights_the_codes_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pidiff_cli.stages import invert

    parts = SimpleNamespace(wplus=tmp_path / "gone")
    monkeypatch.setattr(invert.hub, "base_parts", lambda base, home: parts)
    assert invert.fits(make_profile(tmp_path), "sd15", tmp_path)


def test_the_world_is_asked_for_once(work: Path) -> None:
    assert chain_command.known_world(fresh=False) == chain_command.known_world(fresh=True) == "wide"
    with pytest.raises(SystemExit, match="--world wide"):
        chain_command.main([*PLAN, "--world", "narrow"])
    with pytest.raises(SystemExit, match="another world"):
        bank_module.main(["--world", "narrow"])


def test_what_was_begun_before_there_were_two_worlds_is_narrow(tmp_path: Path) -> None:
    with working_in(tmp_path):
        assert chain_command.known_world(fresh=False) == "narrow"
        STATE.parent.mkdir()
        STATE.write_text(json.dumps({"settings": {"pictures": 16}, "done": []}))
        assert chain_command.known_world(fresh=False) == "narrow"
        list(bank_module.make(BANK, bank_module.Plan(2, 2), workers=1))
        assert main_of("aligned")([])
        with np.load(ALIGNED / "index.npz") as index:
            kept = {name: index[name] for name in index.files if name != "clear"}
        np.savez(ALIGNED / "index.npz", **kept)
        (ALIGNED / "world.json").unlink()
        bank = open_aligned()
    assert bank.layout == Layout.of(NARROW) and bank.clear.all() and len(bank.clear) == 2


def test_few_steps_can_be_taught(work: Path) -> None:
    options = ["--steps", "1", "--batch", "2", "--from", "16", "--to", "8", "--weights", "new"]
    assert main_of("distil")([*options, "--unet", "large"])
    assert open_base(Path("new/diffusers"), Path("new/identity")).dim == 128


def test_the_aligned_bank_knows_its_world_and_what_is_clear(work: Path) -> None:
    bank, lines = open_aligned(), Bank.open(BANK).meta
    assert bank.layout == Layout.of(WIDE) and bank.factors.shape == (16, 116)
    for clear, line in zip(bank.clear, lines, strict=True):
        assert clear == (line["occluder"] == "none" and line["camera"]["motion"] == 0)


def test_z_holds_the_factors_their_groups_and_a_constant() -> None:
    for world, width in ((NARROW, 80), (WIDE, 128)):
        layout, count = Layout.of(world), len(names(world))
        z = layout.z(np.full((2, count), 3.0))
        assert z.shape == (2, width) == (2, layout.width)
        assert (z[:, :count] == 3).all() and (z[:, count:-1] == 0).all() and (z[:, -1] == 1).all()
        masks = layout.masks()
        assert masks.shape == (3, width) and (masks[:, -1] == 1).all()
        assert (masks[:, :count].sum(0) == 1).all() and masks[:, count:-1].sum() == 0


def test_no_caption_for_training_has_a_held_out_combination() -> None:
    facts = text.known_facts(WIDE)
    role, scene = (list(facts.values).index(name) for name in ("role", "scene"))
    _, rows = text.draw_captions(1000, np.random.default_rng(0), facts)
    for row in rows.tolist():
        pair = facts.values["role"][row[role]], facts.values["scene"][row[scene]]
        assert not is_held_out(*pair, WIDE)
    context = Context(role="astronaut", scene="beach", world="wide")
    assert "forest" not in judge.other_values("scene", context, facts)
    assert len(judge.other_values("light", context, facts)) == 11


# -- what only the wide world has ----------------------------------------------------------------
def test_facts_tell_a_second_person_light_and_things_before_the_face() -> None:
    facts = text.known_facts(WIDE)
    context = Context(companion=Companion(7, Context()), light="neon", occluder="mug")
    row = facts.encode("girl", context)
    told = {name: facts.values[name][k] for name, k in zip(facts.values, row, strict=True)}
    assert (told["company"], told["light"], told["occluder"]) == ("True", "neon", "mug")
    assert set(text.known_facts().values) == set(facts.values) - {"company", "light", "occluder"}


@pytest.mark.parametrize(
    ("camera", "told"),
    [
        (Camera(), True), (Camera(defocus=1.2), True), (Camera(motion=3.0), True),
        (Camera(defocus=0.7), False), (Camera(motion=1.5), False), (Camera(noise=0.03), False),
        (Camera(jpeg=30), False), (Camera(jpeg=80, noise=0.008), True),
    ],
)  # fmt: skip
def test_the_unet_sees_only_faults_that_a_caption_tells(camera: Camera, told: bool) -> None:
    assert diffusion_data.is_told(Context(camera=camera, world="wide")) == told


def test_two_people_are_no_ones_place(work: Path) -> None:
    pictures = diffusion_data.Pictures(BANK, 0, Path("new"))
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained("new/diffusers/tokenizer")
    texts = ["a photo of two people with another man", "a photo of a man with a woman behind"]
    ids = np.asarray(tokenizer(texts, padding="max_length").input_ids, np.int32)
    pictures.ids = np.stack([ids, ids], 1)
    for seed in range(4):
        _, subject = pictures._captions(np.arange(2), np.random.default_rng(seed))
        assert subject[0].sum() == 0 and subject[1].sum() <= 1


def test_a_second_head_that_comes_along_is_marked(tmp_path: Path) -> None:
    plan = bank_module.Plan(4, world=WIDE)
    assert list(bank_module.make(tmp_path / "bank", plan, workers=1)) == [4]
    bank = faces_data.open_bank(tmp_path / "bank")
    assert bank.before == 6 and bank.others is not None
    others = np.full((4, 68, 2), np.nan, np.float32)
    others[0] = np.asarray(bank.points[0]) + [20, 0]
    alone = faces_data.Bank(**{**vars(bank), "others": others})
    assert alone.other(1) is None
    picture, place = np.zeros((160, 160, 3), np.uint8), (60.0, 80.0, 50.0)
    found = []
    for seed in range(12):
        _, second = faces_data._paste(picture, alone, 0, place, np.random.default_rng(seed))
        found.append(second)
    assert any(second is not None for second in found) and None in found  # whole pictures alone
    for second in filter(None, found):
        assert 5 < np.hypot(second[0] - 60, second[1] - 80) < 60
        assert second[2] == pytest.approx(50, rel=0.01)
