"""What programs write into pictures beside C2PA: IPTC's source type, settings of generators."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pidiff_cli.marks.c2pa import PROVENANCE

if TYPE_CHECKING:
    from PIL.Image import Image

MOST = 4_000_000  # characters of one text, more is no metadata
_SOURCE = re.compile(r"digitalsourcetype/([A-Za-z]{3,60})")
_XMP = ("xmp", "XML:com.adobe.xmp", "Raw profile type xmp")
_USER_COMMENT, _EXIF, _DESCRIPTION, _SOFTWARE = 0x9286, 0x8769, 0x010E, 0x0131
#: Which text of a PNG is whose, and what must be in it.
_PROGRAMS = (
    ("Automatic1111 (or one of its kind)", "parameters", "Steps:"),
    ("Fooocus", "fooocus_scheme", ""),
    ("ComfyUI", "workflow", '"nodes"'),
    ("ComfyUI", "prompt", '"class_type"'),
    ("InvokeAI", "invokeai_metadata", ""),
    ("InvokeAI", "sd-metadata", ""),
    ("InvokeAI", "Dream", ""),
    ("NovelAI", "Software", "NovelAI"),
    ("Draw Things", "XML:com.adobe.xmp", "Draw Things"),
)


#: XMP that says the same, for small copies of drawn pictures.
DRAWN_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    'syntax-ns#"><rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmp'
    f'Ext/2008-02-29/" Iptc4xmpExt:DigitalSourceType="{PROVENANCE}"/></rdf:RDF></x:xmpmeta>'
).encode()


@dataclass(frozen=True)
class Carried:
    """Texts of a picture's file; a stranger's, to be cleaned before they show.

    Attributes:
        texts: by their names. source: IPTC digital source type, "" where none is told.
        programs: whose settings are in it, by names of ours.
    """

    texts: dict[str, str]
    source: str
    programs: tuple[str, ...]


def carried(image: Image) -> Carried:
    """What an opened picture's metadata tell."""
    texts = {str(k): text for k, v in image.info.items() if (text := _text(v))}
    texts |= _exif(image)
    told = (texts.get("DigitalSourceType", ""), *(texts.get(name, "") for name in _XMP))
    source = next((found.group(1) for text in told if (found := _SOURCE.search(text))), "")
    named = [who for who, name, part in _PROGRAMS if name in texts and part in texts[name]]
    return Carried(texts, source, tuple(dict.fromkeys(named)))


def _exif(image: Image) -> dict[str, str]:
    """The texts of EXIF in which programs keep settings, by the names that a PNG has for them."""
    try:
        exif = image.getexif()
        comment = exif.get_ifd(_EXIF).get(_USER_COMMENT)
        found = {"parameters": comment, "Software": exif.get(_SOFTWARE)}
        found["description"] = exif.get(_DESCRIPTION)
    except Exception:  # whatever a damaged EXIF block makes of it
        return {}
    return {name: text for name, value in found.items() if (text := _text(value))}


def _text(value: Any) -> str:
    """A text of metadata; "" for what is none or too long."""
    if isinstance(value, bytes):
        if len(value) > MOST:
            return ""
        head, body = value[:8], value[8:]
        if head.startswith(b"UNICODE"):
            return body.decode("utf-16-be" if b"\0" in body[:1] else "utf-16-le", "replace")
        return (body if head.startswith(b"ASCII") else value).decode("utf-8", "replace")
    return value if isinstance(value, str) and len(value) <= MOST else ""
