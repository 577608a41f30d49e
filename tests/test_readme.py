"""README.md and "my first friend" do what they say: every command of theirs runs as it is written.

What computes for long is replaced (`tests/support/stages_fake.py`: the stages write what they must
and draw nothing), all before and after it is the program's own: the command line, its checks,
profiles, pictures with records, pages. What reaches for the network, installs, or takes minutes by
nature (`git clone`, `pip install`, `make`, `pidiff demo`, `pidiff models pull`) is looked at
otherwise: the target is in the Makefile, the script in the package, the line can be parsed.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from docs.make_words import written
from tests.cli.test_help import EVERY, parsed
from tests.support.places import ROOT

PAGES = (ROOT / "README.md", ROOT / "docs" / "my_first_friend.md")
NOT_RUN = ("pidiff models pull", "pidiff demo")


def lines_of(page: Path) -> list[str]:
    """The commands of a page's blocks, in order, without what is said beside them."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)
    return [re.sub(r"  # .*", "", line) for block in blocks for line in block.splitlines()]


@pytest.fixture
def place(
    tmp_path: Path, home: Path, stages: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder to type in, a home folder with photos, and stages that compute nothing."""
    user = tmp_path / "user"
    for folder in ("my_photos", "photos_of_bob"):
        (user / folder).mkdir(parents=True)
        for name in ("one.jpg", "two.jpg"):
            (user / folder / name).write_bytes(f"{folder}{name}".encode())
    tokenizer = Path("diffusers") / "tokenizer"
    shutil.copytree(ROOT / "pidiff_cli/weights/mini" / tokenizer, tmp_path / "weights" / tokenizer)
    monkeypatch.setenv("HOME", str(user))
    monkeypatch.setenv("PIDIFF_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stages["generate"], "run", with_pictures(stages["generate"].run))
    return tmp_path


def with_pictures(run: Callable[..., Any]) -> Callable[..., Any]:
    """A stage that writes pictures with their records where it says that it did."""
    from dataclasses import asdict

    from pidiff_cli.stages import person
    from pidiff_cli.stages.generate.record import NOT_RECORDED

    def drawn(profile: Any, config: Any, parts: Any, progress: Any, *told: Any) -> Any:
        settings = {k: v for k, v in asdict(config).items() if k not in NOT_RECORDED}
        out = person.make_folder(config.out)
        result = run(profile, config, parts, progress, *told)
        for picture in result.images:
            record = {
                "prompt": picture.prompt, "full_prompt": picture.prompt, "seed": picture.seed,
                "settings": settings, "profile": {"id": profile.manifest.id},
            }  # fmt: skip
            grey = np.full((8, 8, 3), 90, np.uint8)
            person.write_picture(out, profile.name, grey, record, None)
        return result

    return drawn


def typed(line: str, capfd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run one line: its parts by the shell, but for `pidiff`, which runs here."""
    from pidiff_cli.cli.app import run

    handed = b""
    for part in split_pipe(line):
        words = shlex.split(part)
        if words[0] == "pidiff":
            stdin = io.TextIOWrapper(io.BytesIO(handed), encoding="utf-8")
            monkeypatch.setattr(sys, "stdin", stdin)
            capfd.readouterr()
            code = run([str(Path(w).expanduser()) if w.startswith("~") else w for w in words[1:]])
            out, err = capfd.readouterr()
            assert code == 0, f"{line}\n{err}"
            handed = out.encode()
        elif shutil.which(words[0]):
            done = subprocess.run(["sh", "-c", part], input=handed, capture_output=True)
            assert done.returncode == 0, f"{line}\n{done.stderr!r}"
            handed = done.stdout
            assert handed or ">" in part, line


def split_pipe(line: str) -> Iterator[str]:
    """The commands of a pipe."""
    lexer = shlex.shlex(line, posix=False, punctuation_chars="|")
    lexer.whitespace_split = True
    part: list[str] = []
    for word in [*lexer, "|"]:
        if word == "|":
            yield " ".join(part)
            part = []
        else:
            part.append(word)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_runs_as_written(
    page: Path, place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, ran = lines_of(page), 0
    assert lines[:5] == [
        "git clone REPOSITORY pidiff", "cd pidiff", "python3 -m venv .venv",
        ". .venv/bin/activate", "pip install .",
    ]  # fmt: skip
    for line in lines[5:]:
        if line.startswith("make "):
            assert re.search(rf"^{line.split()[1]}:", (ROOT / "Makefile").read_text(), re.M), line
        elif line.startswith(NOT_RUN):
            parsed(line)
        else:
            typed(line, capfd, monkeypatch)
            ran += 1
    assert ran > 12
    assert '[project.scripts]\npidiff = "' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_stands_in_the_text_can_be_typed(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace("\n", " ")
    found = re.findall(r"`(pidiff [^`]+)`", text)
    assert found
    for line in found:  # the name of a command alone speaks of it
        if line.removeprefix("pidiff ").removesuffix(" --help") not in EVERY:
            parsed(line)


def test_what_mini_is_stands_in_the_first_lines() -> None:
    first = PAGES[0].read_text(encoding="utf-8")[:600]
    assert all(word in first for word in ("128 px", "drawn", "not photographs", "mini"))


def test_the_list_of_words_is_what_mini_knows() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    assert written(text) == text, "run: make docs"
