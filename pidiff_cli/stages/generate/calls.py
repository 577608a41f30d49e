"""Who is called while pictures are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pidiff_cli.stages.results import Picture, PromptNote


@dataclass(frozen=True)
class Calls:
    """What is called as soon as there is something to tell; None calls nothing.

    Attributes:
        on_picture: with each picture that is written, its likeness known.
        on_prompt: when the pictures of a prompt are written and told.
        on_written: with each file before its likeness is measured, where that decides nothing;
            otherwise with each that is kept.
        on_notes: with what was told of a prompt, before its pictures.
    """

    on_picture: Callable[[Picture], None] | None = None
    on_prompt: Callable[[], None] | None = None
    on_written: Callable[[Path], None] | None = None
    on_notes: Callable[[tuple[PromptNote, ...]], None] | None = None
