"""What the count of entered files takes note of, and that commands make each configuration once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.speed.entered import watching
from pidiff_cli.config import GenerateConfig
from tests.support.tiny_base import SIZE, make_base
from tests.support.tiny_person import install, make_profile

RECIPE = f"""name: tiny
base: mini
tune: {{steps: 1, batch: 1, rank: 2, size: {SIZE}, preview_every: 0}}
generate: {{steps: 1, size: {SIZE}}}
"""


def test_a_called_function_enters_its_file_and_a_check_is_counted() -> None:
    config = GenerateConfig(name="alice", prompts=("as a chef",))
    with watching() as seen:
        replace(config, count=2)
    assert seen.files["config/setting.py"] and not any(
        file.startswith("core/") for file in seen.files
    )
    assert seen.made == {"GenerateConfig": 1} and seen.checked == {"GenerateConfig": 1}


def test_what_is_not_the_package_s_own_is_not_counted() -> None:
    with watching() as seen:
        sorted([2, 1], key=lambda number: number)
    assert not seen.files and not seen.arrows and not seen.made and not seen.checked


def test_tune_and_generate_make_each_configuration_once(
    home: Path, tmp_path: Path, pidiff: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, make_base(tmp_path / "base", values=3.0))
    make_profile(home)
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(RECIPE)
    commands = {
        ("tune", "alice", "--recipe", recipe): {"InvertConfig": 1, "TuneConfig": 1},
        ("generate", "alice", "as a chef", "--out", tmp_path, "--size", SIZE): {
            "GenerateConfig": 1
        },
    }
    for words, once in commands.items():
        with watching() as seen:
            ran = pidiff(*words)
        assert ran.code == 0, ran.err
        assert seen.made == seen.checked == once
