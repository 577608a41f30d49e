"""C2PA manifests by the library's own reader, and what of a file they bind."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from pidiff_cli.core.images import png_bytes
from pidiff_cli.errors import InputError
from pidiff_cli.marks import c2pa
from pidiff_cli.marks.keys import Credential, new_credential
from tests.support.chunks import chunks_of, png_of

PIXELS = np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3)
RECORD = {"prompt": "as a chef", "seed": 7}


@pytest.fixture(scope="module")
def key() -> Credential:
    return new_credential("home")


@pytest.fixture
def signed(key: Credential) -> bytes:
    digests = c2pa.picture_digests(PIXELS.tobytes(), json.dumps(RECORD, sort_keys=True))
    return c2pa.signed(png_bytes(PIXELS, RECORD), key, "mini", digests)


def test_the_reader_finds_no_failure_but_an_untrusted_signer(signed: bytes) -> None:
    found = c2pa.read_manifest(signed, "image/png")
    assert found is not None and found.failures == (c2pa.UNTRUSTED,) and not found.changed
    assert found.sources == ("trainedAlgorithmicMedia",) and found.actions == ("c2pa.created",)
    assert found.generator.startswith("pidiff ") and found.ours["base"] == "mini"


def test_no_network_is_asked(key: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    assert c2pa._OFFLINE["verify"] == {
        "remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False,
    }  # fmt: skip
    made = c2pa.signed(png_bytes(PIXELS, RECORD), key, "mini", {})
    assert c2pa.read_manifest(made, "image/png") is not None


def test_only_a_chunk_is_added_and_the_picture_reads_as_before(signed: bytes) -> None:
    rest = [chunk for chunk in chunks_of(signed) if chunk[0] != b"caBX"]
    assert rest == chunks_of(png_bytes(PIXELS, RECORD))
    with Image.open(io.BytesIO(signed)) as image:
        assert json.loads(image.info["pidiff"]) == RECORD
        assert np.array_equal(np.asarray(image), PIXELS)


def edited_record(png: bytes) -> bytes:
    return png_of([(n, body.replace(b"chef", b"thief"[:4])) if n == b"tEXt" else (n, body)
                   for n, body in chunks_of(png)])  # fmt: skip


def other_pixels(png: bytes) -> bytes:
    other = dict(chunks_of(png_bytes(255 - PIXELS, RECORD)))[b"IDAT"]
    return png_of([(n, other if n == b"IDAT" else body) for n, body in chunks_of(png)])


def one_more_text(png: bytes) -> bytes:
    chunks = chunks_of(png)
    return png_of([*chunks[:-1], (b"tEXt", b"Comment\0mine"), chunks[-1]])


@pytest.mark.parametrize("change", [edited_record, other_pixels, one_more_text])
def test_whatever_is_changed_shows(signed: bytes, change: Callable[[bytes], bytes]) -> None:
    found = c2pa.read_manifest(change(signed), "image/png")
    assert found is not None and found.changed


def test_a_file_without_one_and_a_damaged_one_have_none(signed: bytes) -> None:
    assert c2pa.read_manifest(png_bytes(PIXELS, RECORD), "image/png") is None
    for size in (100, 1500):
        cut = [(n, body[:size] if n == b"caBX" else body) for n, body in chunks_of(signed)]
        found = c2pa.read_manifest(png_of(cut), "image/png")
        assert found is not None and found.failures == (c2pa.UNREADABLE,)
    assert c2pa.read_manifest(b"", "image/png") is None


def test_a_certificate_that_c2pa_refuses_is_told() -> None:
    good = new_credential("own")
    wrong = Credential(good.private, b"", "es256", "own")
    with pytest.raises(InputError, match="cannot be signed") as caught:
        c2pa.signed(png_bytes(PIXELS, RECORD), wrong, "mini", {})
    assert "pidiff keys new" in caught.value.hint
