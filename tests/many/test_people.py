"""Who is to be learnt: read whole, every fault told with its row, before anything is begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidiff_cli.errors import InputError
from pidiff_cli.many.people import read_people


def folders(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / "one.jpg").write_bytes(b"x")
    return root


def table(root: Path, text: str) -> Path:
    path = root / "people.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_a_folder_a_person_named_as_it_is(tmp_path: Path) -> None:
    found = read_people(folders(tmp_path / "class", "bob", "alice", ".hidden"))
    assert [one.name for one in found] == ["alice", "bob"]
    assert found[0].photos == (tmp_path / "class" / "alice",)


def test_a_table_says_more_and_its_paths_are_beside_it(tmp_path: Path) -> None:
    folders(tmp_path, "a", "b")
    text = "name, photos, noun, consent\nal,a/one.jpg; b,woman,agreed\n,,,\n,b,,\n"
    found = read_people(table(tmp_path, text))
    assert found[0].name == "al" and found[0].photos == (tmp_path / "a/one.jpg", tmp_path / "b")
    assert found[0].settings == {"noun": "woman", "consent": "agreed"}
    assert found[1].name == "b" and found[1].settings == {}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("nowhere,bob,,,", "row 3: No such file or folder"),
        ("b,a?b,,,", "row 3: 'a?b' cannot be"),
        ("b,AL,,,", "row 3: AL is in row 2 already"),
        ("b,bob,duck,,", "row 3: noun is 'duck'"),
        ("b,bob,,nothing,", "row 3: "),
        ("b,bob,,,maybe", "row 3: consent is 'maybe'"),
        (",bob,,,", "row 3: no photos"),
    ],
)
def test_every_fault_is_told_with_its_row(tmp_path: Path, row: str, told: str) -> None:
    folders(tmp_path, "a", "b")
    text = f"photos,name,noun,recipe,consent\na,al,,,\n{row}\nnope,carl,,,\n"
    with pytest.raises(InputError) as error:
        read_people(table(tmp_path, text))
    assert told.split("'a?b'")[0] in error.value.message and "row 4: " in error.value.message


@pytest.mark.parametrize("head", ["name", "photos,age", "photos,photos"])
def test_columns_are_known_and_each_there_once(tmp_path: Path, head: str) -> None:
    with pytest.raises(InputError, match="column"):
        read_people(table(tmp_path, f"{head}\na,b\n"))


def test_one_person_s_photos_are_no_list_of_people(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(b"x")
    with pytest.raises(InputError) as error:
        read_people(tmp_path)
    assert "pidiff tune" in error.value.hint
