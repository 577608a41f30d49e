"""C2PA manifests: one is put into each picture, and what a picture holds is read. Offline.

Nothing is asked of the network: no time-stamp authority, no OCSP, no manifest that lies elsewhere.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field
from typing import Any

from pidiff_cli import __version__
from pidiff_cli.errors import InputError
from pidiff_cli.marks.keys import Credential

# The IPTC word for a picture that a trained model drew.
PROVENANCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
ASSERTION = "org.pidiff.picture"
UNTRUSTED = "signingCredential.untrusted"
UNREADABLE = "manifest.unreadable"  # a word of ours
#: What a reader says where pixels, record or another part of the file are not those signed.
CHANGED = frozenset(
    ("claimSignature.mismatch", *(f"assertion.{part}.mismatch" for part in
     ("dataHash", "hashedURI", "boxesHash", "bmffHash")))
)  # fmt: skip
_OFFLINE: dict[str, Any] = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
    "builder": {"thumbnail": {"enabled": False}},
}


@dataclass(frozen=True)
class Manifest:
    """What a picture's C2PA manifest says; texts are a stranger's, to be cleaned before they show.

    Attributes:
        generator: who wrote it, with its version. actions: what was done, by C2PA's names.
        sources: digital source types of those actions, the last part of the IPTC address.
        signer: common name or organisation of the certificate; serial: of the certificate.
        failures: the reader's codes; `signingCredential.untrusted` alone is no change.
        ours: what pidiff noted: sha256 of pixels and record, base; empty in others' pictures.
    """

    generator: str
    actions: tuple[str, ...]
    sources: tuple[str, ...]
    signer: str
    serial: str
    failures: tuple[str, ...]
    ours: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether the file is not the one that was signed."""
        return bool(CHANGED.intersection(self.failures))


def signed(png: bytes, by: Credential, base: str, digests: dict[str, str]) -> bytes:
    """A PNG with a manifest that says how it was made, in a chunk of its own (caBX).

    Args:
        base: what drew it. digests: of its pixels and its record, see `picture_digests`.

    Raises:
        InputError: the certificate is not one that C2PA takes.
    """
    from c2pa import Builder, C2paError, C2paSignerInfo, Context, Signer

    out = io.BytesIO()
    info = C2paSignerInfo(by.algorithm.encode(), by.chain, by.private, None)
    try:
        context, signer = Context.from_dict(_OFFLINE), Signer.from_info(info)
        Builder(_definition(base, digests), context).sign(signer, "image/png", io.BytesIO(png), out)
    except C2paError as error:
        raise InputError(
            f"The picture cannot be signed: {error}.",
            "Sign with a key of this home: pidiff keys new. Without marks: --no-mark",
        ) from error
    return out.getvalue()


def _definition(base: str, digests: dict[str, str]) -> dict[str, Any]:
    tool = {"name": "pidiff", "version": __version__}
    created = {
        "action": "c2pa.created", "digitalSourceType": PROVENANCE, "softwareAgent": tool,
        "parameters": {"org.pidiff.base": base},
    }  # fmt: skip
    return {
        "claim_generator_info": [tool],
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [created]}},
            {"label": ASSERTION, "data": {"base": base, **digests}},
        ],
    }


def read_manifest(content: bytes, mime: str) -> Manifest | None:
    """The active manifest inside a file's bytes; None where there is none. One that is damaged has
    the failure UNREADABLE.

    Args:
        mime: the file's type, such as image/png.
    """
    from c2pa import C2paError, Context, Reader

    try:
        context = Context.from_dict(_OFFLINE)
        reader = Reader.try_create(mime, io.BytesIO(content), context=context)
        if reader is None:
            return None
        with reader:
            told = json.loads(reader.json())
    except (C2paError.Verify, C2paError.Decoding, C2paError.Json, ValueError, RecursionError):
        return Manifest("", (), (), "", "", (UNREADABLE,))
    except C2paError:  # a kind of file that holds none, or a manifest that lies elsewhere
        return None
    try:
        return _read(told)
    except (KeyError, TypeError, AttributeError, IndexError):  # of other kinds than the format has
        return Manifest("", (), (), "", "", (UNREADABLE,))


def _read(told: dict[str, Any]) -> Manifest | None:
    active = told.get("manifests", {}).get(told.get("active_manifest"))
    if not isinstance(active, dict):
        return None
    actions = _actions(active)
    made = (active.get("claim_generator_info") or [{}])[0]
    by = active.get("signature_info") or {}
    ours: Any = next((a["data"] for a in active["assertions"] if a.get("label") == ASSERTION), {})
    return Manifest(
        generator=f"{made.get('name', '')} {made.get('version', '')}".strip()
        or str(active.get("claim_generator", "")),
        actions=tuple(str(one.get("action", "")) for one in actions),
        sources=tuple(
            str(one["digitalSourceType"]).rsplit("/", 1)[-1]
            for one in actions
            if one.get("digitalSourceType")
        ),
        signer=str(by.get("common_name") or by.get("issuer") or ""),
        serial=str(by.get("cert_serial_number", "")),
        failures=tuple(str(one.get("code", "")) for one in told.get("validation_status") or ()),
        ours={str(k): str(v) for k, v in ours.items()} if isinstance(ours, dict) else {},
    )


def _actions(active: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        action
        for assertion in active.get("assertions", ())
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in (assertion.get("data") or {}).get("actions", ())
        if isinstance(action, dict)
    ]


def picture_digests(pixels: bytes, record: str) -> dict[str, str]:
    """sha256 of a picture's pixels (uint8 RGB, row by row) and of its record's text."""
    return {
        "pixels": hashlib.sha256(pixels).hexdigest(),
        "record": hashlib.sha256(record.encode()).hexdigest(),
    }
