"""What every method of the comparison works with, opened once a process."""

from __future__ import annotations

import copy
import hashlib
import logging
import shutil
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import pidiff_cli
from benchmarks.drawings import to_tensor
from benchmarks.places import WEIGHTS
from benchmarks.rivals.cases import HOME, NOUN, Case, gallery_drawings, photos_of, wishes_of
from benchmarks.rivals.traits.judge import TraitJudge
from benchmarks.tuning import drawing
from pidiff_cli.core.diffusion.base import Base, load_base, open_base
from pidiff_cli.core.diffusion.sampling import DrawSettings
from pidiff_cli.core.diffusion.wording import complete
from pidiff_cli.core.faces.reader import FaceReader
from pidiff_cli.core.metrics.judge import Judge, load_judge
from pidiff_cli.core.wplus.weights import PRIOR_FILE
from pidiff_cli.profile import Profile
from pidiff_cli.recipe import load_recipe

CLASS_PICTURES = 64  # of the base's own, for prior preservation
SIDE = 128


@dataclass(frozen=True)
class Made:
    """What a method made of a case.

    Attributes:
        images: (N, 128, 128, 3) u8, wish by wish, the seeds of a wish side by side.
        maps: (N, h, w) localisation maps in [0, 1], or None.
        seconds: CPU seconds of making the person known, drawing not counted.
        parameters: trained for this person.
        steps: optimizer steps.
    """

    images: np.ndarray
    maps: np.ndarray | None = None
    seconds: float = 0.0
    parameters: int = 0
    steps: int = 0


def weights_digest(folder: Path = WEIGHTS) -> str:
    """Changes with any of mini's weights or settings that a rival draws with."""
    judge, everything = folder / "judge", folder.rglob("*")
    drawing = [p for p in everything if not p.is_relative_to(judge) and p.name != PRIOR_FILE]
    return _digest(drawing, folder)[:16]


def judge_digest(folder: Path = WEIGHTS) -> str:
    """Changes with the judge: it measures pictures and draws none."""
    return _digest((folder / "judge").rglob("*"), folder)[:8]


def _digest(paths: Iterable[Path], folder: Path) -> str:
    """Of the names and the bytes of files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


def code_digest() -> str:
    """Changes with the program's own code: what PIDiff drew with other code is another thing."""
    digest = hashlib.sha256((WEIGHTS / PRIOR_FILE).read_bytes())  # of how codes are read
    package = Path(pidiff_cli.__file__).parent
    for part in ("core", "stages"):
        for path in sorted((package / part).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def full_prompts(case: Case) -> list[str]:
    """Completed prompts, each as often as there are seeds."""
    asked = [complete(wish, NOUN) for wish in wishes_of(case.situation).asked]
    return [text for text in asked for _ in case.seeds]


def all_seeds(case: Case) -> list[int]:
    """A seed for each of ``full_prompts``."""
    return [seed for _ in wishes_of(case.situation).asked for seed in case.seeds]


class Shop:
    """Base, pipeline, face reader and judge; nobody keeps changes in them."""

    @cached_property
    def base(self) -> Base:
        """mini with its general branch."""
        return load_base(WEIGHTS)

    @cached_property
    def pipe(self) -> Any:
        """The stock pipeline on mini's diffusers folder."""
        warnings.filterwarnings("ignore")
        logging.disable(logging.WARNING)
        from diffusers import StableDiffusionPipeline

        pipe = StableDiffusionPipeline.from_pretrained(
            WEIGHTS / "diffusers", local_files_only=True, torch_dtype=torch.float32
        )
        pipe.set_progress_bar_config(disable=True)
        for part in (pipe.unet, pipe.vae, pipe.text_encoder):
            part.requires_grad_(False)
        return pipe

    @cached_property
    def reader(self) -> FaceReader:
        """The program's own face networks."""
        return FaceReader.open(WEIGHTS / "faces")

    @cached_property
    def judge(self) -> Judge:
        """Networks that nothing trains against."""
        return load_judge(WEIGHTS / "judge")

    @cached_property
    def trait_judge(self) -> TraitJudge:
        """The judge of people with traits."""
        return TraitJudge(self.judge)

    @cached_property
    def settings(self) -> DrawSettings:
        """How pictures are drawn: as `generate` does with the default recipe."""
        return drawing(DrawSettings(), load_recipe("mini-cpu").generate)

    @cached_property
    def digest(self) -> str:
        """Of the weights that draw."""
        return weights_digest()

    @cached_property
    def judged(self) -> str:
        """Of the judge."""
        return judge_digest()

    @cached_property
    def code(self) -> str:
        """Of the program's code."""
        return code_digest()

    def references(self, people: list[int]) -> Tensor:
        """Unit embeddings (P, 4, E) of the gallery's portraits, by the judge; kept in a file."""
        path = HOME / "gallery" / f"{self.judged}-{people[0]}-{len(people)}.npy"
        if not path.is_file():
            vectors = self.judge.embed(to_tensor(gallery_drawings(people).plain))
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, vectors.view(len(people), 4, -1).numpy())
        return torch.from_numpy(np.load(path))

    def own_unet(self) -> Any:
        """A copy of the stock UNet, to change at will."""
        return copy.deepcopy(self.pipe.unet)

    def own_base(self, base: Base | None = None) -> Base:
        """A base whose UNet is a copy, to change at will."""
        base = base or self.base
        unet, context = copy.deepcopy((base.unet, base.context))
        return replace(base, unet=unet, context=context)

    def bare_base(self, codes: tuple[int, int] | None = None) -> Base:
        """A base without the general branch; ``codes``: L and D of one begun by the text's."""
        base = open_base(WEIGHTS / "diffusers", None, codes)
        general = self.base
        return replace(base, closed_vocabulary=general.closed_vocabulary, framing=general.framing)

    def encode(self, pictures: np.ndarray) -> Tensor:
        """Pictures u8 (N, S, S, 3) of any size to scaled latents (N, C, h, w)."""
        x = torch.nn.functional.interpolate(to_tensor(pictures), (SIDE, SIDE), mode="area")
        return self.base.encode(x)

    def draw(self, pipe: Any, prompts: list[str], seeds: list[int], **more: Any) -> np.ndarray:
        """Pictures u8 (N, 128, 128, 3) by a stock pipeline."""
        out = pipe(
            prompt=prompts,
            generator=[torch.Generator().manual_seed(seed) for seed in seeds],
            num_inference_steps=self.settings.steps, guidance_scale=self.settings.guidance,
            height=SIDE, width=SIDE, output_type="np", **more,
        )  # fmt: skip
        return np.rint(out.images * 255).astype(np.uint8)

    def class_latents(self) -> Tensor:
        """Latents of the base's own pictures of ``a photo of a person``, for the prior."""
        path = HOME / "class" / f"{self.digest}-{CLASS_PICTURES}.npy"
        if not path.is_file():
            parts = []
            for start in range(0, CLASS_PICTURES, 16):
                prompts = [f"a photo of a {NOUN}"] * 16
                parts.append(self.draw(self.pipe, prompts, list(range(start, start + 16))))
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, np.concatenate(parts))
        return self.encode(np.load(path))

    def profile(self, case: Case) -> Profile:
        """The case's photos prepared and inverted by the program, none held back."""
        from pidiff_cli import api
        from pidiff_cli.core.images import save_png

        home = HOME / "home" / f"{self.digest}-{self.code}"
        if (home / "profiles" / case.name / "identity.safetensors").is_file():
            return Profile.open(case.name, home)
        folder = HOME / "photos" / case.name
        folder.mkdir(parents=True, exist_ok=True)
        for place, picture in enumerate(photos_of(case).rgb):
            save_png(folder / f"photo{place:02d}.png", picture)
        shutil.rmtree(home / "profiles" / case.name, ignore_errors=True)  # of a stopped run
        api.prepare(folder, case.name, noun=NOUN, hold_out=0, home=home, offline=True)
        api.invert(case.name, home=home, offline=True)
        return Profile.open(case.name, home)
