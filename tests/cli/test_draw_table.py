"""`generate --csv`: rows of different people on one base, each as if it were drawn alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.opened import run_tune, short_tuning
from tests.support.tiny_base import SIZE
from tests.support.tiny_person import Notes, install, make_profile

DRAWN = ("--size", str(SIZE), "--steps", "2", "--no-mark")  # a mark tells when it was made


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory, disc_base: Path) -> Path:
    """alice and bob with parts of the same sizes, carl with others, dora with the branch alone."""
    home = tmp_path_factory.mktemp("people")
    kinds = {"alice": (2, 2), "bob": (2, 2), "carl": (3, 2), "dora": (2, 0)}
    with pytest.MonkeyPatch.context() as patch:
        install(patch, disc_base)
        for number, (name, (rank, lora)) in enumerate(kinds.items()):
            make_profile(home, name)
            given = {"rank": rank, "lora_rank": lora, "seed": number, "steps": 2}
            run_tune(short_tuning(home, name=name, learning_rate=0.1, **given), Notes())
    return home


@pytest.fixture
def home(people: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(monkeypatch, disc_base)
    return people


def test_rows_are_as_if_drawn_alone(pidiff, home, tmp_path, monkeypatch):
    from pidiff_cli.stages import base as bases

    loaded, original = [], bases.open_base
    monkeypatch.setattr(bases, "open_base", lambda *a: loaded.append(a) or original(*a))
    table = tmp_path / "rows.csv"
    rows = ["alice,as a chef,1", "bob,as a chef,1", "carl,smiling,2", "dora,sad,3", "alice,sad,4"]
    table.write_text("name,prompt,seed\n" + "\n".join(rows) + "\n")
    done = pidiff("--json", "generate", "--csv", table, *DRAWN, "--out", tmp_path / "t")
    assert done.code == 0, done.err
    documents = [json.loads(line) for line in done.out.splitlines()]
    assert [one["row"] for one in documents] == [2, 3, 4, 5, 6]
    assert len(loaded) == 1, "one base for all"
    for row, document in zip(rows, documents, strict=True):
        name, prompt, seed = row.split(",")
        alone = pidiff("generate", name, prompt, "--seed", seed, *DRAWN, "--out", tmp_path / "a")
        assert alone.code == 0, alone.err
        (image,) = document["images"]
        assert Path(image["path"]).read_bytes() == Path(alone.out.strip()).read_bytes(), row
        assert image["likeness"] is not None


def test_a_path_a_line_and_options_for_all_rows(pidiff, home, tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("prompt,n,edit,keep-background\nas a chef,2,,\nsmiling,,,0.5\n")
    words = ("generate", "alice", "--csv", table, *DRAWN, "--out", tmp_path / "o")
    done = pidiff(*words)
    assert done.code == 0, done.err
    paths = done.out.splitlines()
    assert len(paths) == 3 and all(Path(path).is_file() for path in paths)


def test_the_table_is_checked_whole_before_anything_is_loaded(pidiff, home, tmp_path, monkeypatch):
    from pidiff_cli.stages import base as bases

    monkeypatch.setattr(bases, "open_base", lambda *a: pytest.fail("it was loaded"))
    table = tmp_path / "rows.csv"
    table.write_text("name,prompt,seed,steps\nalice,as a chef,x,2\nalice,,1,2\nbob,smiling,1,2\n")
    done = pidiff("generate", "--csv", table, *DRAWN)
    assert done.code == 3 and done.out == ""
    told = done.err.splitlines()  # a line each
    assert told[0].endswith("2 of 3 rows are at fault.") and told[-1].startswith("Mend them")
    assert told[1].startswith("row 2: seed is") and told[2].startswith("row 3: there is no prompt")
    failed = json.loads(pidiff("--json", "generate", "--csv", table, *DRAWN).out)
    assert failed["error"].splitlines() == told[:-1]
    table.write_text("name,prompt,steps\nalice,as a chef,0\nnobody,smiling,2\n")
    done = pidiff("generate", "--csv", table, *DRAWN)
    assert done.code == 3 and "row 2: " in done.err and "row 3: " in done.err
    assert pidiff("generate", "alice").code == 2
