"""Everything behind the page: people, pictures, drafts, and the jobs that work on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pidiff_cli.config import NOUNS, GenerateConfig
from pidiff_cli.ui.drafts import Drafts
from pidiff_cli.ui.drawing import Drawing
from pidiff_cli.ui.jobs import Jobs
from pidiff_cli.ui.learning import CONSENT, Learning
from pidiff_cli.ui.people import People
from pidiff_cli.ui.pictures import Pictures


class Work:
    """What one server serves.

    Args:
        out: the folder of the pictures. ready: whether to load, before anything is asked for,
            what the first picture will need.
    """

    def __init__(self, home: Path, out: Path, device: str, ready: bool = True) -> None:
        self.people, self.drafts = People(home), Drafts(home)
        self.pictures = Pictures(out.absolute(), home)
        self._device = device
        self.jobs = Jobs(self._make_ready if ready else None)
        self.drawing = Drawing(self.jobs, self.people, self.pictures, device)
        self.learning = Learning(self.jobs, self.people, self.drafts, device)

    def state(self) -> dict[str, Any]:
        """What the page knows when it opens, jobs aside."""
        usual = GenerateConfig()
        return {
            "people": self.people.told(), "nouns": NOUNS, "consent": CONSENT,
            "folder": str(self.pictures.folder),
            "usual": {"seed": usual.seed, "identity_scale": usual.identity_scale},
        }  # fmt: skip

    def close(self) -> None:
        """Stop what runs where it can be gone on with; remove uploaded photos."""
        self.jobs.close()
        self.drafts.close()

    def _make_ready(self) -> None:
        """Import what computes, and load the first person who can be drawn."""
        import torch

        from pidiff_cli.core.lazy import import_never

        if not torch.cuda.is_available():
            import_never("bitsandbytes")  # a second and 100 MB for nothing
        from pidiff_cli.stages.generate import run  # noqa: F401  diffusers

        drawable = [row for row in self.people.told() if row.get("drawable")]
        if drawable:
            self.drawing.load(drawable[0]["id"])
