"""`pidiff ui` where the extra is not installed."""

from __future__ import annotations

import importlib.util

import pytest


def test_without_the_extra_it_is_a_sentence_with_the_command(pidiff, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "uvicorn" else found(name, *a)
    )
    ran = pidiff("ui", "--no-browser")
    assert ran.code == 4 and "pip install 'pidiff-cli[ui]'" in ran.err and not ran.out


@pytest.mark.parametrize("port", ["-1", "70000", "x"])
def test_a_port_that_cannot_be_is_refused(pidiff, port):
    assert pidiff("ui", "--port", port).code == 2
