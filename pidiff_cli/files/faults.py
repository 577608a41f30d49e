"""What a person is told when the disk refuses."""

from __future__ import annotations

import errno
from pathlib import Path

from pidiff_cli.errors import InputError

ELSEWHERE = "Choose another place with --home (or PIDIFF_HOME) or --out."
_REASONS = {
    errno.ENOSPC: ("The disk is full: {path} was not written.", "Make room, then run it again."),
    errno.EDQUOT: ("The disk quota is used up: {path} was not written.", "Make room, then again."),
    errno.EROFS: ("{path} is on a read-only disk.", ELSEWHERE),
    errno.EACCES: ("{path} may not be written.", ELSEWHERE),
    errno.EPERM: ("{path} may not be written.", ELSEWHERE),
    errno.ENOTDIR: ("{path} cannot be: a part of its path is a file.", ELSEWHERE),
    errno.ENAMETOOLONG: ("The name of {path} is too long for this disk.", "Choose a shorter one."),
}


def explain(error: OSError, path: Path) -> InputError:
    """The sentence a person gets for an OSError while writing `path`; nothing old was lost."""
    message, hint = _REASONS.get(
        error.errno or 0, ("{path} could not be written: " + (error.strerror or str(error)), "")
    )
    return InputError(message.format(path=path), hint)
