"""Whatever is mistyped: a sentence and an exit code, before torch is read, and nothing is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.speed.mistyped import MISTAKES, make_place, typed
from pidiff_cli.cli import commands
from tests.support.places import ROOT

#: All of them in one process in which torch, diffusers and others cannot be imported.
CODE = """
import contextlib, io, json, os, sys
for name in ("torch", "diffusers", "transformers", "peft", "cv2", "skimage", "matplotlib"):
    sys.modules[name] = None
from pidiff_cli.cli.app import run

def files():
    return {os.path.join(at, name): os.stat(os.path.join(at, name)).st_mtime_ns
            for at, folders, names in os.walk(".") for name in names
            if not name.endswith(".lock")} | {
            os.path.join(at, name): 0
            for at, folders, names in os.walk(".") for name in folders if name != ".locks"}

told, before = [], files()
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words)
    told.append([code, out.getvalue(), err.getvalue(), files() == before])
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("place")
    make_place(root)
    return root


@pytest.fixture(scope="module")
def answers(place: Path) -> dict[str, list]:
    """Each line's exit code, stdout, stderr, and whether no file came or went."""
    lines = MISTAKES
    words = [[os.fsdecode(word) for word in typed(line)] for line in lines]
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(words)], cwd=place, capture_output=True,
        env={**os.environ, "PIDIFF_HOME": str(place / "home"), "PYTHONPATH": str(ROOT)},
        encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(zip(lines, json.loads(done.stdout.splitlines()[-1]), strict=True))


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_answered(answers: dict[str, list], line: str) -> None:
    code, out, err, clean = answers[line]
    assert code in (2, 3, 4), err
    assert err.strip() and not out
    assert "Traceback" not in err and "inside pidiff" not in err
    assert clean


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('generate alice "as a chef" --scheduler eular', "For example: euler"),
        ('generate alice "as a chef" --edit agee=1', "Near it: age"),
        ('generate alice "as a chef" --edit smile=1', "smile shows nothing on mini"),
        ('generate alice "as a chef" --seed abc', "a whole number or random is expected."),
        ('generate alice "as a chef" --guidance 4,5', "With a point: 4.5"),
        ('generate photo.jpg "as a chef"', "pidiff tune photo.jpg --name NAME"),
        ('generate photos "as a chef"', "is a folder of photos"),
        ('generate nowhere.jpg "as a chef"', "There is no nowhere.jpg."),
        ("tune alice --noun man", "pidiff tune alice --noun man --restart"),
        ("again stranger.png", "--profile"),
        ("profile import nowhere.pidiff", "There is no nowhere.pidiff."),
        ("--home ~nouser profile list", "PIDIFF_HOME"),
        ("prepare photos --name ALICE", "A profile named alice is there already"),
    ],
)
def test_in_our_own_words(answers: dict[str, list], line: str, words: str) -> None:
    assert words in answers[line][2]


def test_every_number_and_path_is_read_by_us() -> None:
    """An option of another parser would be told in the words of a library, or keep its `~`."""
    found, seen = [], 0
    for name in commands.COMMANDS:
        command = commands._load(name)
        for part in (command, *getattr(command, "commands", {}).values()):
            for parameter in part.params:
                kind = getattr(parameter, "type_descriptor", None)
                leaf = str(getattr(kind, "annotation", ""))
                if any(word in leaf for word in ("int", "float", "Path")):
                    seen += 1
                    if kind.parameter_info.parser is None:
                        found.append(f"{name} {parameter.name}")
    assert not found and seen > 40
