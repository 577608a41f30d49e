"""verify: what a picture carries that tells how it was made, and whether it was changed since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pidiff_cli.core.record import RECORD_KEY
from pidiff_cli.errors import InputError, PidiffError
from pidiff_cli.marks.c2pa import UNREADABLE, UNTRUSTED, Manifest, picture_digests, read_manifest
from pidiff_cli.marks.keys import known_credential
from pidiff_cli.marks.others import Carried, carried
from pidiff_cli.marks.texts import one_line, parsed_record
from pidiff_cli.marks.watermark import SMALLEST, Found, fits, looked_for, payload_of
from pidiff_cli.stages.results import VerifiedPicture

#: Verdicts, worst last; those of WRONG make the command's exit code 6.
UNMARKED, DECLARED, SIGNED, STRIPPED, CHANGED = VERDICTS = (
    "unmarked", "declared", "signed", "stripped", "changed",
)  # fmt: skip
WRONG = (STRIPPED, CHANGED)
MOST_BYTES = 512_000_000
_MIMES = {
    "PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "WEBP": "image/webp",
    "TIFF": "image/tiff", "AVIF": "image/avif", "HEIF": "image/heic", "GIF": "image/gif",
}  # fmt: skip


def run(pictures: list[Path], home: Path) -> Iterator[VerifiedPicture | PidiffError]:
    """Each picture's result, or why it cannot be read."""
    for path in pictures:
        try:
            yield verified(path, home)
        except PidiffError as error:
            yield error


def verified(path: Path, home: Path) -> VerifiedPicture:
    """What one picture carries; nothing is asked of the network.

    Args:
        home: whose key is told apart from others'.

    Raises:
        InputError: it is not there, or not a picture that can be read.
    """
    opened = _opened(path)
    manifest = read_manifest(opened.content, opened.mime) if opened.mime else None
    record = parsed_record(opened.carried.texts.get(RECORD_KEY))
    mark = looked_for(opened.pixels)
    by_us = manifest is not None and _is_home(manifest, home)
    lines, verdict = _judged(opened, manifest, record, mark, by_us)
    return VerifiedPicture(
        path=path,
        verdict=verdict,
        says=tuple(one_line(line) for line in (*lines, *_others(opened.carried))),
        c2pa=_told(manifest, by_us) if manifest else None,
        source=one_line(opened.carried.source),
        programs=opened.carried.programs,
        record=record is not None,
        watermark=mark.there,
        watermark_score=round(mark.score, 1),
        watermark_possible=fits(*opened.pixels.shape[:2]),
    )


@dataclass(frozen=True)
class _Opened:
    content: bytes
    mime: str
    pixels: np.ndarray
    carried: Carried


def _opened(path: Path) -> _Opened:
    from PIL import Image

    from pidiff_cli.core.images import read_photo

    if path.is_file() and path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path.name} is too large: over {MOST_BYTES / 1e6:.0f} MB.")
    pixels = read_photo(path)
    with Image.open(path) as image:
        return _Opened(
            path.read_bytes(), _MIMES.get(image.format or "", ""), pixels, carried(image)
        )


def _judged(
    opened: _Opened, manifest: Manifest | None, record: dict[str, Any] | None, mark: Found,
    by_us: bool,
) -> tuple[list[str], str]:  # fmt: skip
    """What is told, a sentence each, and the verdict."""
    seen = [*_of_watermark(opened, record, mark)]
    if manifest is not None and UNREADABLE in manifest.failures:
        return ["Its C2PA manifest is damaged and cannot be read.", *seen], CHANGED
    if manifest is not None:
        lines = [_signer(manifest, by_us)]
        if manifest.changed:
            what = _what_changed(opened, manifest)
            return [*lines, f"Changed since it was signed: {what}.", *seen], CHANGED
        if odd := [code for code in manifest.failures if code != UNTRUSTED]:
            return [*lines, f"The manifest is not sound: {', '.join(odd)}.", *seen], CHANGED
        return [*lines, "Not changed since it was signed.", *seen], SIGNED
    noted = record.get("marks") if record else None
    noted = noted if isinstance(noted, list) else []
    lines = []
    if "c2pa" in noted or mark.there:
        why = "its record notes one" if "c2pa" in noted else "the watermark is there"
        lines.append(f"The C2PA manifest was taken away ({why}).")
        if record and mark.there and "watermark" in noted and mark.payload != payload_of(record):
            lines.append("The record was changed: it is not the one that the watermark tells.")
        return [*lines, *seen], STRIPPED
    if record is not None or opened.carried.source:
        if record is not None:
            lines.append("Drawn by pidiff, as its record says; nothing signs it.")
        return [*lines, *seen], DECLARED
    return [*seen, "No manifest, and nothing says how it was made."], UNMARKED


def _signer(manifest: Manifest, by_us: bool) -> str:
    """Who signed, and what they say of its making."""
    made = "a trained model drew it" if "trainedAlgorithmicMedia" in manifest.sources else ""
    made = made or ", ".join(manifest.actions) or "nothing of its making"
    base = f" by the base {manifest.ours['base']}" if manifest.ours.get("base") else ""
    trust = ", a signer on no trust list" if UNTRUSTED in manifest.failures else ""
    trust = ", the key of this home" if by_us else trust
    return (
        f"C2PA manifest of {manifest.generator or 'an unnamed program'}: {made}{base}; "
        f"signed by {manifest.signer or 'somebody'}{trust}."
    )


def _what_changed(opened: _Opened, manifest: Manifest) -> str:
    """Which part of a picture of ours is another one."""
    if not manifest.ours.get("pixels"):
        return "the file is not the one that was signed"
    text = opened.carried.texts.get(RECORD_KEY, "")
    now = picture_digests(opened.pixels.tobytes(), text)
    names = {"pixels": "the picture", "record": "the record"}
    found = [name for key, name in names.items() if now[key] != manifest.ours.get(key)]
    return " and ".join(found) if found else "what stands beside the picture in the file"


def _of_watermark(opened: _Opened, record: dict[str, Any] | None, mark: Found) -> Iterator[str]:
    height, width = opened.pixels.shape[:2]
    noted = record.get("marks") if record else None
    if mark.there:
        yield f"pidiff's watermark is in it ({mark.score:.1f} deviations)."
    elif isinstance(noted, list) and "watermark" in noted:
        yield "Its record notes a watermark, and there is none: other pixels, or too much changed."
    elif not fits(height, width):
        yield f"{width} x {height} px hold no robust watermark: {SMALLEST} px are needed."
    elif min(height, width) < 2 * SMALLEST:
        yield f"No watermark of pidiff's; in {width} x {height} px one holds only where it is calm."
    else:
        yield "No watermark of pidiff's."


def _others(there: Carried) -> Iterator[str]:
    if there.source:
        yield f"Its metadata say how it was made: {there.source}."
    for program in there.programs:
        yield f"Settings of {program} are in it."


def _is_home(manifest: Manifest, home: Path) -> bool:
    """Whether this home's key signed it, as far as its serial number tells."""
    try:
        known = known_credential(home)
    except InputError:
        return False
    return known is not None and known.serial == manifest.serial


def _told(manifest: Manifest, home: bool) -> dict[str, Any]:
    return {
        "generator": one_line(manifest.generator),
        "actions": [one_line(action) for action in manifest.actions],
        "sources": [one_line(source) for source in manifest.sources],
        "signer": one_line(manifest.signer),
        "this_home": home,
        "failures": [one_line(code) for code in manifest.failures],
        "changed": manifest.changed,
    }
