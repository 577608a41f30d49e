"""Who may speak with the page's server."""

from __future__ import annotations

import pytest

from tests.support.places import ROOT
from tests.ui.conftest import BASE, PORT, TOKEN, Opened

STATIC = ROOT / "pidiff_cli" / "ui" / "static"


def test_without_the_token_nothing_is_told(bare: Opened):
    for path in ("/", "/api/state", "/static/main.js", f"/?token={TOKEN}x", "/?token="):
        assert bare.get(path).status_code == 403
    assert bare.client.post("/api/drafts").status_code == 403


def test_the_first_visit_leaves_a_cookie_that_reads_and_cannot_write(bare: Opened):
    first = bare.get(f"/?token={TOKEN}")
    kept = first.headers["set-cookie"]
    assert f"pidiff-{PORT}=" in kept and "HttpOnly" in kept and "SameSite" in kept
    assert TOKEN not in kept and TOKEN not in first.text
    assert bare.get("/api/state").status_code == 200
    assert bare.client.post("/api/drafts").status_code == 403  # the cookie alone
    assert bare.post("/api/drafts").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1:1", ""])
def test_another_name_of_this_address_is_refused(page: Opened, host: str):
    headers = {"host": host}
    assert page.get("/api/state", headers=headers).status_code == 403
    assert page.get(f"/?token={TOKEN}", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_sites_page_is_refused(page: Opened, headers: dict[str, str]):
    assert page.get("/api/state", headers=headers).status_code == 403
    assert page.post("/api/drafts", headers=headers).status_code == 403


def test_every_answer_forbids_the_network_and_frames(page: Opened):
    for path in ("/", "/api/state", "/static/main.js", "/nothing"):
        headers = page.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "http:" not in policy and "https:" not in policy and "*" not in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_the_page_names_no_address_elsewhere(page: Opened):
    from pidiff_cli.ui.routes import SCRIPTS

    texts = [page.get("/").text, page.get("/static/ui.css").text]
    texts += [page.get(f"/static/{name}").text for name in SCRIPTS]
    assert all(len(text) > 200 for text in texts)
    assert {path.name for path in STATIC.glob("*.js")} == set(SCRIPTS)
    assert not [text for text in texts if "://" in text.replace(BASE, "")]


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2f..%2fserver.py", "/static/../server.py", "/static/server.py",
        "/pictures/..%2f..%2fetc%2fpasswd", "/people/..%2f..%2fetc/face", "/people/x/manifest",
        "/drafts/x/..%2fphoto", "/api/drafts/..%2fx",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file(page: Opened, path: str):
    answer = page.get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text
