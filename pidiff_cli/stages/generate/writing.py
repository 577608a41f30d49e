"""The pictures of a prompt as files: measured, chosen, marked, recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pidiff_cli.config import GenerateConfig
from pidiff_cli.marks.marker import Marker
from pidiff_cli.stages import person
from pidiff_cli.stages.generate.best import PictureCandidate, keep_best
from pidiff_cli.stages.generate.record import record_of
from pidiff_cli.stages.reading import Reading
from pidiff_cli.stages.results import Picture, RejectedPicture


@dataclass(frozen=True)
class PictureWriter:
    """Writes the pictures of one configuration into the folder ``out``.

    Attributes:
        on_written: called with each file as soon as it is there.
        fell: what was not kept so far, and why.
    """

    loaded: person.LoadedPerson
    config: GenerateConfig
    out: Path
    marker: Marker | None
    on_written: Callable[[Path], None] | None = None
    fell: list[RejectedPicture] = field(default_factory=list)

    def written(
        self, reading: Reading, drawn: Iterator[tuple[int, np.ndarray]]
    ) -> Iterator[Picture]:
        """The pictures of one prompt that are kept, written; with ``best`` once all are drawn.

        Args:
            drawn: seeds and pictures (H, W, 3) uint8.
        """
        record = record_of(reading, self.config, self.loaded)
        if self.config.best:
            yield from self._chosen(record, [self._measured(*item) for item in drawn])
        elif self.config.min_likeness:
            for item in drawn:
                yield from self._chosen(record, [self._measured(*item)])
        else:
            for seed, image in drawn:
                picture = self._write(record, seed, image, None)
                yield replace(picture, likeness=person.alike(self.loaded, image))

    def _measured(self, seed: int, image: np.ndarray) -> PictureCandidate:
        return PictureCandidate(seed, image, person.alike(self.loaded, image))

    def _chosen(
        self, record: dict[str, Any], candidates: list[PictureCandidate]
    ) -> Iterator[Picture]:
        """Those to keep, written; the others are noted down."""
        kept, others = keep_best(candidates, self.config.best, self.config.min_likeness)
        self.fell.extend(
            RejectedPicture(record["prompt"], c.seed, c.likeness, reason) for c, reason in others
        )
        for c in kept:
            yield self._write(record, c.seed, c.image, c.likeness)

    def _write(
        self, record: dict[str, Any], seed: int, image: np.ndarray, alike: float | None
    ) -> Picture:
        whole = person.enlarged(image, self.config.size)
        record, name = {**record, "seed": seed}, self.loaded.profile.name
        picture = person.write_picture(self.out, name, whole, record, alike, self.marker)
        if self.on_written:
            self.on_written(picture.path)
        return picture
