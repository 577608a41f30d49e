"""Pictures by a step that was kept: again, in tables, on a base that stays loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from pidiff_cli import api
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile, at_step, kept_steps, use_step


def test_a_step_draws_again_and_after_another_has_taken_its_place(
    home: Path, alice: Profile
) -> None:
    """Pictures of a kept step, of the own one, and of both once they have changed places."""
    from pidiff_cli.core.images import read_photo, read_record

    own = next(one.step for one in kept_steps(alice) if one.own)
    other = next(one.step for one in kept_steps(alice) if not one.own)
    how = {"home": home, "device": "cpu", "steps": 2, "size": 64, "mark": "none", "seed": 7}

    def picture(out: str, **more: object) -> Path:
        return api.generate("alice", "as a chef", out=home / out, **how, **more).images[0].path

    plain, early = picture("own"), picture("early", checkpoint=other)
    assert picture("same", checkpoint=own).read_bytes() != plain.read_bytes()  # the record says it
    assert np.array_equal(read_photo(home / "same" / plain.name), read_photo(plain))
    assert not np.array_equal(read_photo(early), read_photo(plain))
    assert "checkpoint" not in read_record(plain)["settings"]
    assert read_record(early)["settings"]["checkpoint"] == other
    prints = [read_record(path)["profile"]["fingerprint"] for path in (plain, early)]
    assert prints == [alice.fingerprint, at_step(alice, other).fingerprint]

    def again(path: Path, **changes: object) -> np.ndarray:
        made = api.again(path, {"mark": "none", **changes}, out=home / "again", home=home,
                         device="cpu")  # fmt: skip
        return read_photo(made.images[0].path)

    assert np.array_equal(again(early), read_photo(early))
    kept = shutil.copytree(alice.folder, home / "kept")
    use_step(alice, other)
    assert np.array_equal(again(plain), read_photo(plain))  # by its fingerprint
    assert np.array_equal(again(plain, checkpoint=-1), read_photo(early))
    assert np.array_equal(read_photo(picture("now")), read_photo(early))
    use_step(alice, other, only=True)
    assert np.array_equal(again(early), read_photo(early))  # no number is kept: by its fingerprint
    assert np.array_equal(again(picture("alone")), read_photo(early))
    shutil.rmtree(alice.folder)
    shutil.copytree(kept, alice.folder)
    use_step(alice, own, only=True)
    with pytest.raises(InputError, match="No other step of alice") as caught:
        again(early)
    assert "checkpoint=own" in caught.value.hint
    with pytest.raises(InputError, match="No other step"):
        picture("none", checkpoint=other)


def test_a_table_draws_several_steps_on_one_base(home: Path, alice: Profile) -> None:
    from pidiff_cli.core.images import read_photo

    how = {"steps": 2, "size": 64, "mark": "none", "seed": 7, "prompts": "as a chef"}
    rows = {
        f"row {step}": {"profile": "alice", "checkpoint": step, "out": home / str(step), **how}
        for step in (2, 4, 6)
    }
    made = api.generate_rows(rows, home=home, device="cpu")
    drawn = [read_photo(one.path) for one in made.images]
    assert len({picture.tobytes() for picture in drawn}) == 3
    for step, picture in zip((2, 4, 6), drawn, strict=True):
        alone = api.generate("alice", how["prompts"], out=home / "alone", home=home, device="cpu",
                             checkpoint=step, steps=2, size=64, mark="none", seed=7)  # fmt: skip
        assert np.array_equal(read_photo(alone.images[0].path), picture)
    assert alice.verify() == []


def test_a_step_that_moves_before_its_row_is_drawn_is_the_same(home: Path, alice: Profile) -> None:
    """Rows are opened before the first is drawn, which may be hours earlier."""
    from pidiff_cli.core.images import read_photo
    from pidiff_cli.stages.generate import rows

    how = {"steps": 2, "size": 64, "mark": "none", "seed": 7, "prompts": "as a chef"}
    own = next(one.step for one in kept_steps(alice) if one.own)
    other = next(one.step for one in kept_steps(alice) if not one.own)
    asked = {
        f"row {at}": {"profile": "alice", "out": home / f"pics{at}", **how, **more}
        for at, more in enumerate(({}, {"checkpoint": other}, {}))
    }
    made = api.generate_rows(asked, home=home, device="cpu").images
    quiet = [read_photo(one.path) for one in made]
    load, done = rows.load, []

    def moved(*given: object) -> object:
        done.append(given)
        if len(done) == 2:
            use_step(alice, other)
        return load(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "load", moved)
        made = api.generate_rows(asked, home=home, device="cpu").images
    drawn = [read_photo(one.path) for one in made]
    assert np.array_equal(drawn[1], quiet[1])
    assert np.array_equal(drawn[0], quiet[0]) and np.array_equal(drawn[2], quiet[1])
    assert own != other


def test_on_a_base_that_stays_loaded_steps_change_places(
    home: Path, alice: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the page draws them side by side: the base is loaded once, the pictures are the same."""
    from pidiff_cli.core.images import read_photo
    from pidiff_cli.stages.person import adapted

    how = {"home": home, "device": "cpu", "steps": 2, "size": 64, "mark": "none", "seed": 7}

    def picture(out: str, who: str = "alice", **more: object) -> np.ndarray:
        made = api.generate(who, "as a chef", out=home / out, **how, **more)
        return read_photo(made.images[0].path)

    asked = [("alice", step) for step in (2, 4, 6, 2)]
    alone = [picture("alone", who, checkpoint=step) for who, step in asked]
    loads: list[str] = []
    load = adapted._loaded
    monkeypatch.setattr(adapted, "_loaded", lambda p, *a: (loads.append(p.name), load(p, *a))[1])
    with api.keep_loaded():
        kept = [picture("kept", who, checkpoint=step) for who, step in asked]
        assert loads == ["alice"]
        picture("kept", "bob")  # without adapters: loaded anew
        again = picture("kept", checkpoint=2)
    assert loads == ["alice", "bob", "alice"]
    assert all(
        np.array_equal(a, b) for a, b in zip((*alone, alone[0]), (*kept, again), strict=True)
    )
    assert alice.verify() == []


def test_a_step_that_is_damaged_leaves_nobody_loaded(home: Path, alice: Profile) -> None:
    how = {"home": home, "device": "cpu", "steps": 2, "size": 64, "mark": "none", "out": home / "p"}
    own = next(one.step for one in kept_steps(alice) if one.own)
    other = next(one.step for one in kept_steps(alice) if not one.own)
    before = api.generate("alice", "as a chef", **how).images[0].path.read_bytes()
    (alice.folder / f"steps/{other}/lora/adapter_model.safetensors").write_bytes(b"damaged")
    with api.keep_loaded():
        api.generate("alice", "as a chef", **how)
        with pytest.raises(InputError):
            api.generate("alice", "as a chef", checkpoint=other, **how)
        after = api.generate("alice", "as a chef", **how).images[0].path.read_bytes()
    assert before == after and own != other
