"""The sheet of a mix, at once: by the generator alone, nothing is written."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from pidiff_cli import api
from pidiff_cli.ui.asking import number, text
from pidiff_cli.ui.people import People

GROUPS = ("coarse", "medium", "fine")


def mix_sheet(asked: Mapping[str, Any], people: People) -> bytes:
    """The contact sheet of two people as a WebP: "a", "b" (ids), "coarse", "medium", "fine".

    Raises:
        PidiffError: as `api.mix_sheet`.
    """
    from PIL import Image

    a, b = (people.find(text(asked, key)) for key in ("a", "b"))
    shares = {name: float(number(asked, name, 0.0, 0, 1)) for name in GROUPS}
    sheet = api.mix_sheet(a.folder, b.folder, home=people.home, **shares)
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "WEBP", quality=88)
    return buffer.getvalue()
