"""JSON and YAML of strangers: bounded before they are built, and of the kind that is asked for."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from pidiff_cli.reading.bytes_of import Refused, read_bytes, refuse_links
from pidiff_cli.reading.text import ITEMS, parse_json, parse_yaml, read_json, read_lines

HOSTILE = {
    "[" * 200_000: "deep", '{"a":' * 200_000: "deep", "9" * 5000: "digits",
    "[" + "0," * ITEMS: "more",
    '{"a": 1, "a": 2}': "twice", "[1": "no JSON", "\xff": "no JSON", " " * 5_000_000: "large",
    "[[[[[[[[[[[[[[1]]]]]]]]]]]]]]": "deeper",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=list(HOSTILE.values()))
def test_json_is_refused_before_it_costs(text: str) -> None:
    began = time.process_time()
    with pytest.raises(Refused, match=HOSTILE[text]):
        parse_json(text, Any, "x")
    assert time.process_time() - began < 1


def test_no_numbers_are_null_but_in_a_sampler_s_settings() -> None:
    assert parse_json("[NaN, -Infinity, 1]", list, "x") == [None, None, 1]
    assert parse_json("[-Infinity]", list, "x", infinite=True) == [float("-inf")]


def test_what_does_not_fit_is_told_with_its_place() -> None:
    with pytest.raises(Refused, match=r"x is refused: Expected `int`, got `str`.*\$\[1\]"):
        parse_json('[1, "a"]', list[int], "x")


BOMB = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"b{i}: &b{i} [{', '.join([f'*b{i - 1}' if i else '*a'] * 8)}]\n" for i in range(9)
)
YAML = {
    BOMB: "anchor", "a: *b": "alias", "a: !!python/object/apply:os.system [ls]": "tag",
    "a: !!binary aGk=": "tag", "a: 1\na: 2": "twice", "[" * 30_000: "deeper",
    "- " * 30_000: "deeper",
    "a: 'x": "line", "a: 1\n" * 20_000: "large",
}  # fmt: skip


@pytest.mark.parametrize("text", YAML, ids=range(len(YAML)))
def test_yaml_that_builds_more_than_settings(text: str) -> None:
    began = time.process_time()
    with pytest.raises(Refused, match=YAML[text]):
        parse_yaml(text, object, "x")
    assert time.process_time() - began < 2


def test_yaml_of_settings_is_read_as_ever_and_a_date_is_text() -> None:
    text = "a: 1\nb: 1.5\nc: 1e-3\nd: true\ne: null\nf: [1, x]\ng: 2020-01-01\nh: 1:20\n<<: x"
    assert parse_yaml(text, dict, "x") == {
        "a": 1, "b": 1.5, "c": 0.001, "d": True, "e": None, "f": [1, "x"], "g": "2020-01-01",
        "h": "1:20", "<<": "x",
    }  # fmt: skip


def test_only_plain_files_up_to_a_size_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * 100)
    for name, told in (("pipe", "plain"), ("large", "large"), ("none", "read")):
        with pytest.raises(Refused, match=told):
            read_bytes(tmp_path / name, 10)
    with pytest.raises(Refused):
        read_json(Path("/dev/zero"), dict)


def test_lines(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b'{"a": 1}\n\n{"a": 2}\n')
    assert read_lines(tmp_path / "x", dict[str, float], 1000) == [{"a": 1}, {"a": 2}]


def test_nothing_is_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to("/etc")
    (tmp_path / "in" / "real").write_bytes(b"")
    assert refuse_links(tmp_path, "in/real").is_file()
    for name in ("in/link", "in/link/passwd", "../x", "/etc/passwd"):
        with pytest.raises(Refused):
            refuse_links(tmp_path, name)
