"""A profile as one file: a zip whose bytes depend on the profile alone, and its careful reading.

The file holds `export.json` (format, version, size and sha256 of every other entry), `profile.json`
and what the profile is made of. Nothing of it is trusted when it is read.
"""

from __future__ import annotations

from pidiff_cli.profile.archive.format import PICKLES, SUFFIX
from pidiff_cli.profile.archive.unpacking import peek, unpack
from pidiff_cli.profile.archive.writing import write_archive

__all__ = ["PICKLES", "SUFFIX", "peek", "unpack", "write_archive"]
