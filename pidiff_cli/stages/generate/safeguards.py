"""What every picture passes before it is a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pidiff_cli.config import GenerateConfig
from pidiff_cli.marks.marker import Marker
from pidiff_cli.stages import person
from pidiff_cli.stages.decent import open_filter
from pidiff_cli.stages.progress import Progress
from pidiff_cli.weights.locate import BaseParts


@dataclass(frozen=True)
class Safeguards:
    """What every picture meets before it is written: ``marker`` marks it, ``looks`` looks at it."""

    marker: Marker | None
    looks: Any

    @classmethod
    def of(cls, config: GenerateConfig, parts: BaseParts, progress: Progress) -> Safeguards:
        """As the settings ask for; what is left out is told."""
        return cls(person.open_marker(config, progress), open_filter(config, parts, progress))
