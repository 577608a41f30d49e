"""The steps that make mini from nothing, in order; each resumes where it was stopped."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """One command of the training: a module, its options, what it is for."""

    module: str
    options: tuple[str, ...]
    about: str

    @property
    def command(self) -> str:
        """The command line, for people."""
        return " ".join(["python -m", self.module, *self.options])


_TRAIN = "pidiff_cli.mini.train"

#: Minutes are those of the weights in the package: one core each, the UNet one to two.
STEPS: tuple[Step, ...] = (
    Step(
        "pidiff_cli.mini.world.bank",
        ("--world", "broad", "--pictures", "20000", "--workers", "2"),
        "draw the bank",
    ),
    Step(f"{_TRAIN}.aligned", (), "align it for the face networks"),
    Step(f"{_TRAIN}.autoencoder", ("--minutes", "14"), "the autoencoder"),
    Step(f"{_TRAIN}.latents", (), "cache the latents"),
    Step(f"{_TRAIN}.text", ("--minutes", "13"), "tokenizer and text encoder"),
    Step(f"{_TRAIN}.stylegan", ("--minutes", "14"), "the StyleGAN2 generator"),
    Step(f"{_TRAIN}.e4e", ("--minutes", "19.5"), "the W+ encoder"),
    Step(f"{_TRAIN}.codes", ("--source", "encoder"), "cache the W+ codes"),
    Step(f"{_TRAIN}.more_codes", ("--workers", "2"), "read more photos of everybody"),
    Step(f"{_TRAIN}.faces", ("landmarks", "--minutes", "9"), "landmarks and head mask"),
    Step(f"{_TRAIN}.faces", ("embedder", "--minutes", "7"), "the likeness embedder"),
    Step(f"{_TRAIN}.faces", ("finder", "--minutes", "3"), "the face finder"),
    Step(f"{_TRAIN}.judge", ("--minutes", "14.5"), "the judge's image-text model"),
    Step(f"{_TRAIN}.judge_embedder", ("--minutes", "9"), "the judge's face embedder"),
    Step(f"{_TRAIN}.diffusion", ("--minutes", "184"), "the UNet and its general identity branch"),
)
