"""The JSON documents: keys may be added, never renamed. And what goes to stdout, what to stderr."""

from __future__ import annotations

import json

import pytest
from PIL import Image

pytestmark = pytest.mark.usefixtures("stages")


@pytest.fixture
def alice(pidiff, photos):
    """A tuned profile."""
    assert pidiff("tune", photos, "--name", "alice").code == 0


def test_prepare(pidiff, photos):
    ran = pidiff("--json", "prepare", photos, "--name", "alice")
    assert ran.code == 0
    assert {"profile", "kept", "rejected", "advice"} <= ran.json.keys()
    assert {"file", "quality"} <= ran.json["kept"][0].keys()
    assert {"file", "reason"} <= ran.json["rejected"][0].keys()


def test_invert(pidiff, alice):
    ran = pidiff("--json", "invert", "alice")
    assert {"profile", "preview", "likeness"} <= ran.json.keys()


def test_codes_of_another_size_are_made_anew(pidiff, alice, stages):
    """mini's weights may be newer than a profile's codes."""
    run, calls = stages["invert"].run, []
    stages["invert"].run = lambda *given: calls.append(given) or run(*given)
    assert pidiff("invert", "alice").code == 0 and not calls
    stages["invert"].fits = lambda profile, wplus, file: False
    assert pidiff("invert", "alice").code == 0 and len(calls) == 1


def test_tune(pidiff, photos):
    document = pidiff("--json", "tune", photos, "--name", "alice").json
    keys = {"profile", "base", "recipe", "steps", "seconds", "peak_mb", "likeness", "report"}
    assert keys <= document.keys()
    assert (document["base"], document["recipe"]) == ("mini", "mini-cpu")
    assert isinstance(document["likeness"], dict)


def test_generate(pidiff, alice, tmp_path):
    ran = pidiff("--json", "generate", "alice", "as a knight", "-n", "2", "--out", tmp_path)
    images = ran.json["images"]
    assert len(images) == 2 and ran.json["notes"] == []
    assert all({"path", "prompt", "seed", "likeness"} <= image.keys() for image in images)


def test_notes_of_prompts_are_in_the_document(pidiff, alice, stages, feed):
    """Of one prompt in its document, of prompts from stdin each in its own."""
    from pidiff_cli.stages.results import PromptNote

    plain = stages["generate"].run

    def noting(profile, config, parts, progress, calls, prompts):
        def each():
            for prompt in prompts or config.prompts:
                calls.on_notes((PromptNote(prompt, "cut"),) if "viking" in prompt else ())
                yield prompt

        return plain(profile, config, parts, progress, calls, each())

    stages["generate"].run = noting
    feed(b"as a viking\nas a chef\n")
    first, second = pidiff("--json", "generate", "alice", "-").out.splitlines()
    assert json.loads(first)["notes"] == [{"prompt": "as a viking", "text": "cut"}]
    assert json.loads(second)["notes"] == [] and json.loads(second)["images"]


def test_gallery(pidiff, home, tmp_path):
    (tmp_path / "pics").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "pics" / "a.png")
    (tmp_path / "pics" / "b.png").write_text("no picture")
    ran = pidiff("--json", "gallery", tmp_path / "pics")
    assert ran.code == 0 and {"page", "pictures", "left_out"} == ran.json.keys()
    keys = {"path", "kind", "prompt", "seed", "profile", "likeness", "date"}
    assert keys == ran.json["pictures"][0].keys() and ran.json["pictures"][0]["kind"] == "other"
    assert ran.json["left_out"] == [{"file": "b.png", "reason": "not a picture (it holds text)"}]
    ran = pidiff("gallery", tmp_path / "pics", "--out", tmp_path / "my.html")
    assert ran.out == f"{tmp_path / 'my.html'}\n" and "Left out: b.png" in ran.err
    assert pidiff("gallery", tmp_path / "nothing").code == 3
    assert pidiff("gallery", tmp_path / "pics", "--in", tmp_path).code == 2


def test_stylemix(pidiff, alice, photos):
    (photos / "three.jpg").write_bytes(b"3")
    pidiff("tune", photos, "--name", "bob")
    ran = pidiff("--json", "stylemix", "alice", "bob", "--coarse", "b", "--fine", "0.5")
    assert {"sheet", "images", "profile"} <= ran.json.keys()


def test_evaluate(pidiff, alice, tmp_path):
    ran = pidiff("--json", "evaluate", "alice", "--out", tmp_path, "--seed", "3")
    keys = {"profile", "base", "measures", "prompts", "seeds", "pictures", "report", "table"}
    assert ran.code == 0 and keys <= ran.json.keys()
    measure = {"value", "plus_minus", "beside", "beside_is", "why"}
    assert all(measure <= row.keys() for row in ran.json["measures"].values())
    assert ran.json["seeds"][0]["seed"] == 3
    plain = pidiff("evaluate", "alice", "--out", tmp_path)
    assert plain.out.splitlines()[-1] == str(tmp_path / "alice.html")
    assert plain.out.startswith("measure ") and "measure" not in plain.err


def test_an_error(pidiff):
    ran = pidiff("--json", "generate", "nobody", "as a chef")
    assert ran.code == 3
    assert ran.json.keys() == {"error", "hint", "exit_code"}
    assert ran.json["exit_code"] == 3
    assert ran.json["error"] in ran.err


def test_a_usage_error(pidiff):
    ran = pidiff("--json", "generate")
    assert (ran.code, ran.json["exit_code"]) == (2, 2)


def test_lines_on_stdout_are_paths(pidiff, photos, home):
    ran = pidiff("tune", photos, "--name", "alice")
    assert ran.out.splitlines() == [str(home / "profiles" / "alice")]
    assert "prepare  2 photos → 1 kept" in ran.err
    assert 'Try: pidiff generate alice "as an astronaut"' in ran.err


def test_generate_from_stdin_gives_json_lines(pidiff, alice, feed):
    feed(b"as an astronaut\n\nas a chef, smiling\n")
    ran = pidiff("--json", "generate", "alice", "-", "-n", "2")
    documents = [json.loads(line) for line in ran.out.splitlines()]
    assert [item["images"][0]["prompt"] for item in documents] == [
        "as an astronaut",
        "as a chef, smiling",
    ]
    assert all(len(item["images"]) == 2 for item in documents)


def test_profile_list_and_show(pidiff, alice):
    rows = pidiff("--json", "profile", "list").json["profiles"]
    keys = {"name", "path", "noun", "created", "photos", "base", "recipe", "steps", "likeness"}
    assert keys | {"size_mb"} <= rows[0].keys()
    assert pidiff("--json", "profile", "show", "alice").json["name"] == "alice"
    listed = pidiff("profile", "list").out.splitlines()
    assert listed[0].split() == ["name", "noun", "base", "size", "likeness"]
    assert listed[1].startswith("alice ")
    assert rows[0]["path"] in pidiff("profile", "show", "alice").out


def test_recipes(pidiff):
    names = pidiff("recipes", "list").out.split()
    assert "mini-cpu" in names
    shown = pidiff("--json", "recipes", "show", "mini-cpu").json
    assert shown["tune"]["steps"] > 0


def test_global_options_may_follow_the_command(pidiff, alice):
    assert pidiff("profile", "list", "--json").json == pidiff("--json", "profile", "list").json


def test_quiet_says_nothing_but_the_result(pidiff, photos):
    ran = pidiff("-q", "tune", photos, "--name", "alice", "--consent", "self")
    assert ran.err == ""
    assert ran.out.count("\n") == 1
