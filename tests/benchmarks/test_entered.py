"""What the count of entered files takes note of."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.speed.entered import watching
from pidiff_cli.config import GenerateConfig, check


def test_a_called_function_enters_its_file_and_a_check_is_counted() -> None:
    config = GenerateConfig(name="alice", prompts=("as a chef",))
    with watching() as seen:
        check(replace(config, count=2))
    assert seen.files["config.py"] and not any(file.startswith("core/") for file in seen.files)
    assert seen.made == {"GenerateConfig": 1} and seen.checked == {"GenerateConfig": 1}


def test_what_is_not_the_package_s_own_is_not_counted() -> None:
    with watching() as seen:
        sorted([2, 1], key=lambda number: number)
        replace(GenerateConfig(name="alice"))
    assert not seen.files and not seen.arrows and seen.made == {"GenerateConfig": 2}
