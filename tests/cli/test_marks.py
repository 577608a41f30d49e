"""verify, keys, consent and refused prompts on the command line."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from pidiff_cli.cli import consent
from pidiff_cli.cli.output import Output
from pidiff_cli.cli.session import Session
from pidiff_cli.core.images import marked_png
from pidiff_cli.marks.marker import Marker


@pytest.fixture
def marked(home, tmp_path):
    image = np.full((140, 140, 3), 120, np.uint8)
    path = tmp_path / "marked.png"
    path.write_bytes(marked_png(image, {"seed": 1}, Marker.open(home, "all"))[0])
    return path


def test_verify_has_exit_codes(pidiff, marked, tmp_path):
    ran = pidiff("--json", "verify", marked)
    assert ran.code == 0 and ran.json["pictures"][0]["verdict"] == "signed"
    keys = {"path", "verdict", "says", "c2pa", "source", "programs", "record", "watermark"}
    assert keys <= ran.json["pictures"][0].keys()
    stripped = tmp_path / "stripped.jpg"
    Image.open(marked).save(stripped, quality=90)
    (tmp_path / "text.png").write_text("no picture")
    ran = pidiff("verify", marked, stripped, tmp_path / "text.png")
    assert ran.code == 6
    assert "marked.png  signed" in ran.out and "stripped.jpg  stripped" in ran.out
    assert "text.png: not a picture" in ran.err
    assert pidiff("verify", tmp_path / "text.png").code == 3


def test_keys_are_shown_made_and_taken(pidiff, home, tmp_path):
    assert pidiff("--json", "keys", "show").json == {"key": None}
    first = pidiff("--json", "keys", "new").json["key"]
    assert first["origin"] == "home" and first["algorithm"] == "es256"
    assert pidiff("--json", "keys", "show").json["key"] == first
    other = pidiff("--json", "keys", "new").json["key"]
    assert other["fingerprint"] != first["fingerprint"]
    pem = tmp_path / "mine.pem"
    pem.write_bytes((home / "keys" / "signing.pem").read_bytes())
    assert pidiff("keys", "use", pem, pem).code == 0
    assert pidiff("keys", "use", pem, tmp_path / "none.pem").code == 3


def test_an_intimate_prompt_is_refused_before_anything(pidiff, home):
    from pidiff_cli.profile import Profile

    alice = Profile.create(home, "alice", "woman")
    alice.save_identity(
        np.zeros((1, 12, 80), np.float32), np.ones(1, np.float32), np.zeros((12, 80), np.float32)
    )
    ran = pidiff("generate", "alice", "naked at the beach")
    assert ran.code == 3 and "“naked”" in ran.err


def test_consent_is_set_and_shown(pidiff, home):
    from pidiff_cli.profile import Profile

    Profile.create(home, "alice", "woman")
    assert pidiff("--json", "profile", "show", "alice").json["consent"] == "unstated"
    ran = pidiff("--json", "profile", "consent", "alice", "agreed")
    assert ran.json["consent"] == "agreed"
    assert "an adult who agreed" in pidiff("profile", "show", "alice").out
    assert pidiff("profile", "consent", "alice", "maybe").code == 2


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Somebody on a terminal, and what is typed."""
    (tmp_path / "photos").mkdir()
    monkeypatch.setattr(consent.streams, "can_ask", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("9\n2\n"))
    return Session(given_home=tmp_path / "home", output=Output())


def test_it_is_asked_once_until_it_is_answered(asked, tmp_path):
    photos = [tmp_path / "photos"]
    assert consent.ask_consent(asked, photos, "alice", None, False) == "agreed"


@pytest.mark.parametrize(
    ("name", "given", "where"),
    [("alice", "self", "photos"), (None, None, "photos"), ("alice", None, "missing")],
)
def test_it_is_not_asked_where_it_is_said_or_nothing_is_made(asked, tmp_path, name, given, where):
    assert consent.ask_consent(asked, [tmp_path / where], name, given, False) == given


def test_a_profile_that_knows_is_not_asked_again(asked, tmp_path):
    from pidiff_cli.profile import Profile
    from pidiff_cli.stages.consent import keep

    keep(Profile.create(asked.home, "alice", "woman"), "self")
    assert consent.ask_consent(asked, [tmp_path / "photos"], "alice", None, False) is None
    assert consent.ask_consent(asked, [tmp_path / "photos"], "alice", None, True) == "agreed"


def test_nothing_is_asked_in_a_pipe(monkeypatch, asked, tmp_path):
    monkeypatch.setattr(consent.streams, "can_ask", lambda: False)
    assert consent.ask_consent(asked, [tmp_path / "photos"], "alice", None, False) is None
