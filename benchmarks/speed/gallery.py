"""A gallery of many pictures: the time to write its page, its size, and how quick it is to use.

    python -m benchmarks.speed.gallery FOLDER

Every picture of the folder is read for the first page; the second one finds the small copies in the
page before. CPU seconds, since the cores may be shared with others. Without Chromium on PATH the
page is not opened.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.commands import command_line
from benchmarks.machine import machine
from benchmarks.speed.help_start import seconds
from tests.support.chromium import NAMES, browser

READY = (
    "(({domContentLoadedEventEnd: end, navigationStart: start}) => end - start)(performance.timing)"
)
PAINT = "performance.getEntriesByType('paint').map((one) => one.startTime)[0]"
SET = (
    "(() => {{ const began = performance.now(); const f = document.forms.filter;"
    " f.elements.{field}.value = '{value}'; f.dispatchEvent(new Event('input'));"
    " return performance.now() - began; }})()"
)


def writing(folder: Path, page: Path) -> dict[str, float]:
    """CPU seconds of the first and of the second page, and MB."""
    words = ("-m", "pidiff_cli", "-q", "gallery", str(folder), "--out", str(page))
    first, again = seconds(words)[1], seconds(words)[1]
    return {"first_s": first, "again_s": again, "mb": page.stat().st_size / 1e6}


def using(page: Path) -> dict[str, Any]:
    """Milliseconds in the browser: to paint, to be ready, to filter, to sort."""
    with tempfile.TemporaryDirectory() as data, browser(Path(data)) as opened:
        opened.open(page)
        return {
            "pictures": opened.eval("all.length"),
            "ready_ms": opened.eval(READY),
            "paint_ms": opened.eval(PAINT),
            "filter_ms": opened.eval(SET.format(field="q", value="a")),
            "sort_ms": opened.eval(SET.format(field="sort", value="prompt")),
        }


def main() -> None:
    """Measure and print."""
    parser = command_line("benchmarks.speed.gallery", __doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as place:
        page = Path(place) / "gallery.html"
        found: dict[str, Any] = {**machine(), **writing(folder, page)}
        if any(map(shutil.which, NAMES)):
            found |= using(page)
    json.dump(found, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
