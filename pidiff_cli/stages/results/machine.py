"""What a machine can do."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class BaseState:
    """One base: whether it can be used now, and what is missing in words.

    Attributes:
        wplus: whether its W+ networks are here.
        commercial: whether a commercial user may use it: yes, no or unclear; commercial_with: with
            what each `models pull --with` adds; commercial_says: both in words.
    """

    name: str
    ready: bool
    note: str
    wplus: bool = False
    commercial: str = ""
    commercial_with: dict[str, str] = field(default_factory=dict)
    commercial_says: str = ""


@dataclass(frozen=True)
class DoctorResult:
    """What `doctor` found.

    Attributes:
        device: what would be used, "cpu" or "cuda"; device_name: in words.
        free_mb: free memory of that device, decimal MB; None when it cannot be told.
        cores: CPU cores of the machine; threads: how many torch computes with.
        bf16: whether the GPU computes in bf16; None without a GPU.
        bases: every base of the table.
        auto: what `--base auto` takes, as a sentence.
        landmarks, likeness: which networks find and compare faces on photographs.
        free_faces: whether the free face networks are here, or the command that brings them.
        fits: what of the other bases' usual tunings the free memory holds, a line a base.
        optimizer: the default one here.
        profiles: names of the profiles.
        home: the folder that holds them.
        next: the command to type now.
    """

    device: str
    device_name: str
    free_mb: int | None
    cores: int
    threads: int
    bf16: bool | None
    bases: tuple[BaseState, ...]
    auto: str
    landmarks: str
    likeness: str
    free_faces: str
    fits: tuple[str, ...]
    optimizer: str
    profiles: tuple[str, ...]
    home: str
    next: str
    versions: dict[str, str]
