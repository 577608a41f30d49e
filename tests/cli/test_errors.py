"""Bad input: a sentence, the right exit code, and nothing lost."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace

import pytest

from pidiff_cli.errors import InputError
from tests.support.places import beside

pytestmark = pytest.mark.usefixtures("stages")


@pytest.fixture
def alice(pidiff, photos):
    """A tuned profile."""
    assert pidiff("tune", photos, "--name", "alice").code == 0


@pytest.mark.parametrize("name", ["a/b", "..", "a.b", ".hidden", "a\\b", "", "con", "a+b", "-x y"])
def test_a_name_with_slashes_or_dots(pidiff, photos, home, name):
    ran = pidiff("prepare", photos, f"--name={name}")
    assert ran.code == 3
    assert "cannot name a profile" in ran.err
    assert not list(home.rglob("*"))


def test_a_taken_name_says_how_to_go_on(pidiff, photos, alice, tmp_path, home):
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.jpg").write_bytes(b"x")
    before = (home / "profiles/alice/profile.json").read_bytes()
    ran = pidiff("prepare", other, "--name", "alice")
    assert ran.code == 3
    assert "pidiff tune alice" in ran.err and "--force" in ran.err
    assert (home / "profiles/alice/profile.json").read_bytes() == before
    assert pidiff("prepare", other, "--name", "alice", "--force").code == 0


def test_the_same_photos_again_keep_the_profile(pidiff, photos, alice, home):
    before = (home / "profiles/alice/photos/01.png").stat().st_mtime_ns
    assert pidiff("tune", photos, "--name", "alice").code == 0
    assert (home / "profiles/alice/photos/01.png").stat().st_mtime_ns == before


def test_more_photos_make_the_profile_anew(pidiff, photos, alice, home):
    (photos / "three.jpg").write_bytes(b"3")
    assert pidiff("tune", photos, "--name", "alice").code == 0


def test_a_failing_force_gives_the_old_profile_back(pidiff, stages, photos, alice, home):
    def fail(config, folder, progress, seen=None):
        from pidiff_cli.profile import Profile

        Profile.create_in(folder, config.name, config.noun).write("photos/02.png", b"half")
        raise InputError("No face found in any of the 2 pictures.")

    stages["prepare"].run = fail
    ran = pidiff("prepare", photos, "--name", "alice", "--force")
    assert ran.code == 3
    assert (home / "profiles/alice/photos/01.png").read_bytes() == b"face"
    assert beside(home) == ["alice"]


def test_a_failing_new_profile_leaves_nothing(pidiff, stages, photos, home):
    def fail(config, folder, progress, seen=None):
        from pidiff_cli.profile import Profile

        Profile.create_in(folder, config.name, config.noun)
        raise InputError("No face found in any of the 2 pictures.")

    stages["prepare"].run = fail
    assert pidiff("tune", photos, "--name", "bob").code == 3
    assert not beside(home)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "may not be written"),
    ],
)
def test_a_disk_that_refuses_in_mid_write(pidiff, photos, alice, home, monkeypatch, number, words):
    folder = home / "profiles/alice"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    original = os.open

    def refuse(path, *more, **named):
        if "inversion" in str(path):
            raise OSError(number, os.strerror(number), str(path))
        return original(path, *more, **named)

    monkeypatch.setattr(os, "open", refuse)
    ran = pidiff("invert", "alice", "--refine", "5")
    monkeypatch.undo()
    assert ran.code == 3
    assert words in ran.err
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    assert pidiff("profile", "show", "alice").code == 0


def test_a_newer_profile(pidiff, alice, home):
    path = home / "profiles/alice/profile.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 99'))
    ran = pidiff("generate", "alice", "as a chef")
    assert ran.code == 3
    assert "newer pidiff" in ran.err


def test_no_such_profile_names_a_near_one(pidiff, alice):
    ran = pidiff("generate", "alcie", "as a chef")
    assert ran.code == 3
    assert "Did you mean alice?" in ran.err


def test_no_such_photos(pidiff, tmp_path):
    ran = pidiff("tune", tmp_path / "nowhere", "--name", "bob")
    assert ran.code == 3
    assert "There is no" in ran.err


def test_photos_without_a_name(pidiff, photos):
    ran = pidiff("tune", photos)
    assert ran.code == 2
    assert "--name" in ran.err


def test_a_prompt_without_quotes_says_how_to_write_it(pidiff, alice):
    ran = pidiff("generate", "alice", "as", "an", "astronaut")
    assert ran.code == 2
    assert "extra argument" in ran.err
    assert 'Quote the prompt: pidiff generate NAME "as a chef"' in ran.err and "@FILE" in ran.err
    ran = pidiff("stylemix", "alice", "bob", "eve")
    assert ran.code == 2 and "See: pidiff stylemix --help" in ran.err


@pytest.mark.parametrize("prompt", ["", "   "])
def test_an_empty_prompt(pidiff, alice, prompt):
    ran = pidiff("generate", "alice", prompt)
    assert ran.code == 2
    assert "prompt is empty" in ran.err


def test_a_prompt_of_ten_thousand_characters(pidiff, alice):
    ran = pidiff("generate", "alice", "x" * 10_000)
    assert ran.code == 2
    assert "10000 characters" in ran.err


def test_prompts_that_are_not_utf8(pidiff, alice, feed, stages):
    feed(b"as a chef\nas a \xff\xfe\n")
    ran = pidiff("generate", "alice", "-")
    assert ran.code == 3
    assert "Line 2 of the prompts is not UTF-8" in ran.err
    feed(b"as a \xff\xfe\n")
    configs = len(stages["generate"].configs)
    assert pidiff("generate", "alice", "-").code == 3
    assert len(stages["generate"].configs) == configs  # nothing is loaded for it


def test_prompts_from_a_file(pidiff, alice, stages, tmp_path):
    file = tmp_path / "wishes.txt"
    file.write_bytes("\ufeffas a chef\n\nin the snow\n".encode())
    ran = pidiff("--json", "generate", "alice", f"@{file}", "-n", "2")
    document = json.loads(ran.out)
    assert stages["generate"].configs[-1].prompts == ("as a chef", "in the snow")
    assert [image["prompt"] for image in document["images"]] == [
        "as a chef", "as a chef", "in the snow", "in the snow",
    ]  # fmt: skip
    drawn = len(stages["generate"].configs)
    for content, told in ((b" \n", "No prompt is in"), (b"as a \xff", "Line 1 of the prompts")):
        file.write_bytes(content)
        ran = pidiff("generate", "alice", f"@{file}")
        assert ran.code == 3 and told in ran.err
    ran = pidiff("generate", "alice", f"@{tmp_path / 'gone.txt'}")
    assert ran.code == 3 and "Cannot read the prompts" in ran.err
    assert len(stages["generate"].configs) == drawn


def test_no_prompt_on_stdin(pidiff, alice, feed):
    feed(b"\n \n")
    ran = pidiff("generate", "alice", "-")
    assert ran.code == 3
    assert "No prompt" in ran.err


def test_no_picture_wanted(pidiff, alice):
    ran = pidiff("generate", "alice", "as a chef", "-n", "0")
    assert ran.code == 2
    assert "count is 0; 1 is the least" in ran.err


def test_every_fault_is_told_at_once(pidiff, alice):
    ran = pidiff("generate", "alice", "as a chef", "-n", "0", "--guidance", "-1", "--start", "2")
    assert all(word in ran.err for word in ("count", "guidance", "start"))


@pytest.mark.parametrize("edit", ["smile", "=1", "smile=much"])
def test_an_edit_of_the_wrong_form(pidiff, alice, edit):
    assert pidiff("generate", "alice", "as a chef", "--edit", edit).code == 2


def test_a_base_whose_weights_are_not_here(pidiff, photos, home):
    ran = pidiff("tune", photos, "--name", "alice", "--base", "sd15")
    assert ran.code == 4
    assert "not on this machine" in ran.err and "pidiff models pull sd15" in ran.err
    assert not (home / "profiles").exists()


def test_an_unknown_base_and_recipe(pidiff, photos):
    assert pidiff("tune", photos, "--name", "a", "--base", "sd3").code == 2
    assert pidiff("tune", photos, "--name", "a", "--recipe", "slow").code == 2


def test_an_unknown_device(pidiff):
    assert pidiff("--device", "tpu", "doctor").code == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, ZeroDivisionError])
def test_what_is_raised_in_a_stage(pidiff, stages, photos, home, error):
    def fail(*given):
        raise error("inside")

    stages["tune"].run = fail
    ran = pidiff("tune", photos, "--name", "alice")
    codes = {KeyboardInterrupt: 130, MemoryError: 5, ZeroDivisionError: 1}
    assert ran.code == codes[error]
    assert "Traceback" not in ran.err
    assert ran.out == ""
    assert pidiff("profile", "show", "alice").code == 0  # what was made stays


def test_interrupted_while_preparing(pidiff, stages, photos, home):
    def stop(config, folder, progress, seen=None):
        from pidiff_cli.profile import Profile

        Profile.create_in(folder, config.name, config.noun)
        raise KeyboardInterrupt

    stages["prepare"].run = stop
    assert pidiff("tune", photos, "--name", "alice").code == 130
    assert pidiff("profile", "list").out == ""


def test_verbose_shows_the_traceback(pidiff, stages, photos):
    def fail(config, folder, progress, seen=None):
        raise ZeroDivisionError("inside")

    stages["tune"].run = fail
    assert "Traceback" in pidiff("-v", "tune", photos, "--name", "alice").err


def test_a_cuda_memory_error_is_told_as_memory(pidiff, stages, photos):
    kind = type("OutOfMemoryError", (RuntimeError,), {})

    def fail(*given):
        raise kind("CUDA out of memory")

    stages["tune"].run = fail
    assert pidiff("tune", photos, "--name", "alice").code == 5


def test_a_closed_pipe_ends_the_run_quietly(pidiff, stages, alice, monkeypatch):
    from pidiff_cli.cli.output import Output

    def closed(self, text):
        raise BrokenPipeError

    monkeypatch.setattr(Output, "_write", closed)
    monkeypatch.setattr("pidiff_cli.cli.app.close_quietly", lambda: None)
    ran = pidiff("generate", "alice", "as a chef", "-n", "3")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_forgetting_needs_a_yes(pidiff, alice, home, feed):
    feed(b"")
    assert pidiff("profile", "forget", "alice").code == 2
    assert pidiff("profile", "forget", "alice", "--yes").code == 0
    left = sorted(item.name for item in (home / "profiles/alice").iterdir())
    assert "photos" not in left and "reports" not in left
    assert pidiff("profile", "verify", "alice").code == 0


def test_a_recipe_file_with_faults_tells_them_all(pidiff, photos, tmp_path):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("name: mine\nbase: mini\ntune: {steps: 0, rnk: 3}\nspeed: 2\n")
    ran = pidiff("tune", photos, "--name", "alice", "--recipe", recipe)
    assert ran.code == 3
    assert all(word in ran.err for word in ("tune.steps", "tune.rnk", "speed"))


def test_models(pidiff):
    listed = pidiff("models", "list")
    assert listed.out.startswith("base ") and "mini " in listed.out and "weight " in listed.out
    assert "weight " not in listed.err
    assert pidiff("models", "pull", "sd15").code == 4
    assert pidiff("models", "pull", "mini").code == 0
    ran = pidiff("models", "verify")  # the stand-in weights lack nearly everything
    assert ran.code == 4
    assert "unet" in ran.err


def test_interrupted_while_drawing_keeps_what_is_drawn(pidiff, stages, alice, tmp_path):
    original = stages["generate"].run

    def stop(profile, config, parts, progress, calls, prompts):
        def draw_one(path):
            calls.on_written(path)
            raise KeyboardInterrupt

        told = replace(calls, on_written=draw_one)
        return original(profile, config, parts, progress, told, prompts)

    stages["generate"].run = stop
    ran = pidiff("generate", "alice", "as a chef", "-n", "3", "--out", tmp_path / "pics")
    assert ran.code == 130
    assert len(ran.out.splitlines()) == 1
    assert "Traceback" not in ran.err
