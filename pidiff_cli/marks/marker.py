"""What marks a picture on its way to the disk: first the watermark, then the signed manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pidiff_cli.marks.c2pa import picture_digests, signed
from pidiff_cli.marks.keys import Credential, credential

if TYPE_CHECKING:
    import numpy as np

ALL, MANIFEST, NONE = "all", "manifest", "none"
WITHOUT = (
    "Without marks: no C2PA manifest and no watermark tell that a model drew these pictures. "
    "Whoever publishes them has to say so (EU AI Act, Article 50): docs/responsible-use.md"
)


@dataclass(frozen=True)
class Marker:
    """Marks pictures. `noted` and `watermarked` come before the PNG is made, `sealed` after it."""

    by: Credential
    watermark: bool = True

    @classmethod
    def open(cls, home: Path, marks: str) -> Marker | None:
        """The marker of a home; None for the marks ``none``. Makes the home's key if it is missing.

        Raises:
            InputError: the key, or the user's certificate, cannot be used.
        """
        return None if marks == NONE else cls(credential(home), marks == ALL)

    @property
    def doubt(self) -> str:
        """What a person has to know before the first picture; "" mostly."""
        if self.by.origin != "passing":
            return ""
        return "The home keeps no key: these pictures are signed with one that is thrown away."

    def noted(self, pixels: np.ndarray, record: dict[str, Any]) -> dict[str, Any]:
        """A record that says which marks its picture was given: ``marks``."""
        from pidiff_cli.marks.watermark import fits

        also = ["watermark"] if self.watermark and fits(*pixels.shape[:2]) else []
        return {**record, "marks": ["c2pa", *also]}

    def watermarked(self, pixels: np.ndarray, record: dict[str, Any]) -> np.ndarray:
        """The pixels (H, W, 3) uint8 with the watermark that a record notes; else as they are."""
        if "watermark" not in record["marks"]:
            return pixels
        from pidiff_cli.marks.watermark import embedded, payload_of

        return embedded(pixels, payload_of(record))

    def sealed(self, png: bytes, pixels: np.ndarray, record: dict[str, Any], text: str) -> bytes:
        """The PNG with its manifest. ``text``: the record as it stands in the PNG."""
        base = record.get("base")
        name = base.get("name", "") if isinstance(base, dict) else ""
        return signed(png, self.by, str(name), picture_digests(pixels.tobytes(), text))
