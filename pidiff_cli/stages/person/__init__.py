"""What `generate` and `stylemix` share: open a person on a base, draw, score, write pictures."""

from __future__ import annotations

from pidiff_cli.stages.person.drawing import (
    alike,
    draw_pictures,
    draw_settings,
    drawn_side,
    enlarged,
    prompt_reader,
)
from pidiff_cli.stages.person.loaded import LoadedPerson
from pidiff_cli.stages.person.loading import load_person
from pidiff_cli.stages.person.writing import (
    make_folder,
    open_marker,
    write_new_png,
    write_picture,
)

__all__ = [
    "LoadedPerson", "alike", "draw_pictures", "draw_settings", "drawn_side", "enlarged",
    "load_person", "make_folder", "open_marker", "prompt_reader", "write_new_png", "write_picture",
]  # fmt: skip
