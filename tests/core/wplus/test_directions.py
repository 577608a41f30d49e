"""Edit directions from the public formats."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from pidiff_cli.core.wplus import editing
from pidiff_cli.core.wplus.directions import apply_edits, load_directions
from pidiff_cli.errors import InputError, UsageError
from tests.support.places import LAYOUTS


@pytest.fixture
def unit() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.nn.functional.normalize(torch.randn(1, 512))


def test_a_folder_becomes_a_list_of_names(tmp_path: Path, unit: torch.Tensor) -> None:
    torch.save(unit.requires_grad_(True), tmp_path / "age.pt")
    torch.save(unit[None].repeat(1, 18, 1), tmp_path / "Pose.pt")
    np.save(tmp_path / "big smile.npy", np.ones((18, 512)))
    np.save(tmp_path / "row.npy", np.ones((1, 512), np.float32))
    torch.save([torch.ones(1, 18, 512)] * 2, tmp_path / "att.pth")
    (tmp_path / "README.md").write_text("not a direction")
    found = load_directions(tmp_path)
    assert list(found) == ["age", "att_01", "att_02", "big_smile", "pose", "row"]
    assert {d.shift.dtype for d in found.values()} == {torch.float32}
    w = torch.randn(18, 512)
    moved = apply_edits(w, [("age", 2.0), ("big_smile", -0.5)], found)
    assert torch.allclose(moved, w + 2 * unit.detach() - 0.5, atol=1e-6)
    assert moved.dtype == torch.float32
    batch = apply_edits(w[None].repeat(3, 1, 1), [("age", 2.0)], found)
    assert batch.shape == (3, 18, 512)
    assert torch.allclose(batch[1], w + 2 * unit.detach(), atol=1e-6)


def test_a_pickle_is_converted_once_and_never_read_again(
    tmp_path: Path, unit: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(unit, tmp_path / "age.pt")
    first = load_directions(tmp_path)["age"].shift

    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("unpickled at run time")

    monkeypatch.setattr(torch, "load", never)
    assert torch.equal(load_directions(tmp_path)["age"].shift, first)
    monkeypatch.undo()
    torch.save(2 * unit, tmp_path / "age.pt")  # a newer one under the same name
    os.utime(tmp_path / "age.pt", (2e9, 2e9))
    assert torch.equal(load_directions(tmp_path)["age"].shift, 2 * first)


def pca(count: int = 5) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    basis = torch.linalg.qr(torch.randn(512, count))[0].T.contiguous()
    return {"mean": torch.randn(1, 512), "comp": basis[:, None], "std": torch.rand(count) + 1}


@pytest.mark.parametrize("kind", ["pt", "npz", "pkl"])
def test_ganspace_from_its_three_homes(tmp_path: Path, kind: str) -> None:
    parts = pca()
    arrays = {k: v.numpy() for k, v in parts.items()}
    if kind == "pt":
        torch.save(parts, tmp_path / "ffhq_pca.pt")
    elif kind == "pkl":
        (tmp_path / "ffhq_pca.pkl").write_bytes(pickle.dumps(arrays))
    else:
        names = {"mean": "lat_mean", "comp": "lat_comp", "std": "lat_stdev"}
        more = {"act_mean": arrays["mean"] * 9, "var_ratio": np.ones(5)}
        np.savez(tmp_path / "ffhq.npz", **{names[k]: v for k, v in arrays.items()}, **more)
    assert list(load_directions(tmp_path)) == ["pc0", "pc1", "pc2", "pc3", "pc4"]
    (tmp_path / "ganspace_configs.csv").write_text("Eye Openness\t3\t0\t8\t-4\nlook\t1\t2\t18\t5\n")
    found = load_directions(tmp_path)
    assert sorted(found) == ["eye_openness", "look"]
    w = torch.randn(2, 18, 512)
    edit = editing.GanSpaceEdit(3, 0, 8, -4.0)
    delta = editing.ganspace_delta(w, parts["mean"], parts["comp"], parts["std"], edit)
    moved = found["eye_openness"].apply(w, 1.0)
    assert torch.allclose(moved, w + delta, atol=1e-5)
    assert torch.equal(moved[:, 8:], w[:, 8:]) and not torch.equal(moved[:, :8], w[:, :8])
    assert torch.allclose(found["eye_openness"].apply(moved, 1.0), moved, atol=1e-4)  # absolute
    assert found["eye_openness"].apply(w, 0.0) is w
    one = found["look"].apply(w[0], 1.0)
    assert torch.allclose(one, found["look"].apply(w, 1.0)[0], atol=1e-6)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.ones((1, 256)), r"\(1, 256\); a direction for this base is \(1, 512\) or \(18, 512\)"),
        (np.ones((14, 512)), r"\(14, 512\)"),
        (np.ones(()), r"\(1,\); a direction"),
        (np.full((1, 512), np.nan), "not numbers"),
    ],
)
def test_a_wrong_shape_says_what_was_expected(
    tmp_path: Path, value: np.ndarray, words: str
) -> None:
    np.save(tmp_path / "odd.npy", value)
    with pytest.raises(InputError, match=f"odd.npy .*{words}"):
        load_directions(tmp_path)


def test_another_base_has_other_shapes(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((1, 16)))
    assert load_directions(tmp_path, rows=12, dim=16)["a"].shift.shape == (1, 16)


def test_the_published_files_of_directions_are_read(tmp_path: Path) -> None:
    told = json.loads((LAYOUTS / "w_direction_files.json").read_text())
    parts = {
        key: torch.randn(value[0])
        for key, value in told["w_direction/gan_space/ffhq_pca.pt"].items()
        if isinstance(value, list)
    }
    torch.save(parts, tmp_path / "ffhq_pca.pt")
    rows = "".join(f"edit {i}\t{i}\t0\t18\t{-i}\n" for i in range(42))
    (tmp_path / "ganspace_configs.csv").write_text(rows)
    one = told["w_direction/interfacegan_directions/{age,smile}.pt"][0]
    for name in ("age", "smile"):
        torch.save(torch.randn(one), tmp_path / f"{name}.pt")
    pose = told["e4e editings/interfacegan_directions/pose.pt"][0]
    torch.save(torch.randn(pose), tmp_path / "pose.pt")
    for i in range(21):
        shape, dtype, _ = told["w_direction/latent_directions/*.npy"]
        np.save(tmp_path / f"latent{i}.npy", np.ones(shape, dtype))
    many = [torch.randn(1, 18, 512, requires_grad=True) for _ in range(17)]
    torch.save(many, tmp_path / "att_direction_scale.pth")
    found = load_directions(tmp_path)
    assert len(found) == 42 + 3 + 21 + 17
    w = torch.randn(18, 512)
    for name, direction in found.items():
        moved = direction.apply(w, 1.0)
        assert moved.dtype == torch.float32 and moved.shape == w.shape, name
        assert bool(moved.isfinite().all()) and not torch.equal(moved, w), name


def test_unknown_names_list_the_known(tmp_path: Path, unit: torch.Tensor) -> None:
    torch.save(unit, tmp_path / "smile.pt")
    torch.save(unit, tmp_path / "age.pt")
    found, w = load_directions(tmp_path), torch.zeros(18, 512)
    with pytest.raises(UsageError) as caught:
        apply_edits(w, [("smiel", 1.0)], found)
    assert "smile" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        apply_edits(w, [("xyz", 1.0)], found)
    assert "age, smile" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        apply_edits(w, [("age", 1.0)], load_directions(tmp_path / "nowhere"))
    assert "directions/" in caught.value.hint


class Trap:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("name", ["evil.pt", "evil.pkl"])
def test_code_is_refused_and_not_run(tmp_path: Path, name: str) -> None:
    mark = tmp_path / "ran"
    if name.endswith(".pt"):
        torch.save({"mean": Trap(mark)}, tmp_path / name)
    else:
        (tmp_path / name).write_bytes(pickle.dumps({"mean": Trap(mark)}))
    with pytest.raises(InputError, match="system: refused"):
        load_directions(tmp_path)
    assert not mark.exists() and not (tmp_path / "evil.safetensors").exists()


def test_edit_on_a_real_base_takes_the_folder(tmp_path: Path, unit: torch.Tensor) -> None:
    from pidiff_cli.stages.codes import edited
    from pidiff_cli.weights import locate

    (tmp_path / "directions").mkdir()
    torch.save(unit, tmp_path / "directions" / "age.pt")
    parts = locate.BaseParts("sd15", "sd15", tmp_path, tmp_path, tmp_path, None, None)
    w = torch.zeros(18, 512)
    moved = edited(w, (("age", -1.5),), parts)
    assert torch.allclose(moved, -1.5 * unit.expand(18, 512), atol=1e-6)
    with pytest.raises(UsageError, match="smile"):
        edited(w, (("smile", 1.0),), parts)


def test_damaged_files_clashes_and_bad_tables(tmp_path: Path, unit: torch.Tensor) -> None:
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01")
    with pytest.raises(InputError, match="a.npy is damaged"):
        load_directions(tmp_path)
    np.save(tmp_path / "a.npy", np.array([{"not": "numbers"}], dtype=object))
    with pytest.raises(InputError, match="a.npy is damaged, or no direction"):
        load_directions(tmp_path)
    np.save(tmp_path / "a.npy", np.ones((1, 512)))
    torch.save(unit, tmp_path / "a.pt")
    with pytest.raises(InputError, match="Two files give the direction 'a'"):
        load_directions(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    torch.save(pca(), other / "pca.pt")
    (other / "t.csv").write_text("smile\t9\t0\t8\t3\n")
    with pytest.raises(InputError, match="Line 1 of t.csv"):
        load_directions(other)
    torch.save({"state_dict": {"output_layer.3.weight": unit}}, tmp_path / "b.pt")
    (tmp_path / "a.npy").unlink()
    with pytest.raises(InputError, match="b.pt is no edit direction: it looks like an ArcFace"):
        load_directions(tmp_path)
