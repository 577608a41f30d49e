"""What was found in a picture that tells how it was made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class VerifiedPicture:
    """What `verify` found in one picture.

    Attributes:
        verdict: "signed" (and not changed), "changed" since it was signed, "stripped" of the
            manifest that it had, "declared" (a record or metadata say how it was made, nothing
            signs it), "unmarked".
        says: the same in words, a sentence each.
        c2pa: "generator", "actions", "sources", "signer", "this_home" (its key signed), "failures"
            (the reader's codes), "changed"; None where there is no manifest.
        source: IPTC digital source type. programs: whose settings are in it.
        record: whether pidiff's record is there.
        watermark: whether pidiff's is there; watermark_score: in standard deviations;
            watermark_possible: whether the picture is large enough for one.
    """

    path: Path
    verdict: str
    says: tuple[str, ...]
    c2pa: dict[str, Any] | None
    source: str
    programs: tuple[str, ...]
    record: bool
    watermark: bool
    watermark_score: float
    watermark_possible: bool
