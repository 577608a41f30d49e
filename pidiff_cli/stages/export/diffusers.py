"""Exports for other programs: written, read back by the program they are for, and compared."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from pidiff_cli import files
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.person_branch import (
    PERSON,
    PersonBranch,
    attach_person,
    person_branch,
    save_person,
)
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity.adapter import load_adapter, remove_adapter
from pidiff_cli.core.identity.lora_files import read_peft
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile
from pidiff_cli.profile.consent import CONSENTS, consent_kind
from pidiff_cli.profile.leaving import leaving
from pidiff_cli.stages.base import load_parts
from pidiff_cli.stages.checks import check_tuned_on
from pidiff_cli.stages.progress import Progress
from pidiff_cli.weights import locate

README, CODE = "README.md", "code.safetensors"
FILES = {
    "peft": ("adapter_config.json", "adapter_model.safetensors", CODE, README),
    "diffusers": (PERSON, README),
}
CHECK_STEPS, CHECK_SIDE = 2, 256  # denoising steps and px of the compared pictures, at most


@dataclass
class Loaded:
    """A person on their base, everything in float32.

    Attributes:
        model: the PEFT model; None where the profile is not tuned.
        w: (L, D) before Δw. picture: (1, H, W, 3) uint8, what the profile draws.
    """

    profile: Profile
    base: Base
    parts: locate.BaseParts
    model: nn.Module | None
    w: Tensor
    picture: np.ndarray


Write = Callable[[Loaded, Path], None]


def export(profile: Profile, home: Path, target: Path, write: Write, progress: Progress) -> None:
    """Write one export folder, all or nothing; ``write`` also reads it back and compares.

    Raises:
        InputError: no W+ code or adapter, or the pictures differ. MissingWeightError: no base.
    """
    progress.start("export", None)
    loaded = _load(profile, home)
    with leaving(home, target) as (temporary, _):
        files.write_folder(target, lambda folder: write(loaded, folder), temporary)
    progress.finish("export", "read back: the same picture")
    if "lora" in profile.parts and read_peft(profile.stored("lora")).changes:
        progress.warn(
            f"This is the identity branch; the LoRA of {profile.name} is a file of its own: "
            f"pidiff profile export {profile.name} --format diffusers-lora"
        )


def write_peft(loaded: Loaded, folder: Path) -> None:
    """The PEFT directory and the W+ code it goes with."""
    if loaded.model is None:
        name = loaded.profile.name
        if "lora" in loaded.profile.parts:
            raise InputError(
                f"What {name} has learnt is a LoRA; its identity branch is the general one.",
                f"Export the LoRA: pidiff profile export {name} --format diffusers-lora",
            )
        raise InputError(f"{name} is not tuned yet.", f"Tune it: pidiff tune {name}")
    for name in FILES["peft"][:2]:
        shutil.copyfile(loaded.profile.stored(f"adapter/{name}"), folder / name)
    save_file({"w": loaded.w.contiguous()}, folder / CODE)
    (folder / README).write_text(_told(loaded, _PEFT), encoding="utf-8")
    unet = remove_adapter(loaded.model)
    loaded.model = load_adapter(unet, folder)
    _compare(loaded, "peft")


def write_diffusers(loaded: Loaded, folder: Path) -> None:
    """The person's branch by itself, for a stock pipeline."""
    profile, parts = loaded.profile, loaded.parts
    noun = profile.manifest.noun
    tensors = person_branch(loaded.base.unet, loaded.w)
    person = PersonBranch(tensors, noun, profile.name, _base_name(parts), parts.family)
    save_person(person, folder / PERSON)
    (folder / README).write_text(_told(loaded, _DIFFUSERS), encoding="utf-8")
    if loaded.model is not None:
        remove_adapter(loaded.model)
    loaded.base.context = attach_person(loaded.base.unet, folder).context
    _compare(loaded, "diffusers")


def _load(profile: Profile, home: Path) -> Loaded:
    if profile.manifest.base.get("wplus") == "off":
        raise InputError(
            f"{profile.name} was learnt without W+ networks and has no identity branch.",
            f"Export the LoRA: pidiff profile export {profile.name} --format diffusers-lora",
        )
    own = locate.recorded_base(str(profile.manifest.base.get("name") or "mini"), home)
    name = locate.base_name(own, home)
    parts = locate.base_parts(name, home)
    check_tuned_on(profile, parts)
    w = torch.from_numpy(np.array(profile.load_identity().mean))
    base = load_parts(parts, torch.device("cpu"), torch.float32)
    if w.shape != (base.rows, base.dim):
        raise InputError(f"The W+ code of {profile.name} is not of the base {name}.")
    adapted = "adapter" in profile.parts
    model = load_adapter(base.unet, profile.stored("adapter")) if adapted else None
    base.unet.requires_grad_(False)
    loaded = Loaded(profile, base, parts, model, w, np.zeros(0))
    loaded.picture = _draw(loaded)
    return loaded


def _draw(loaded: Loaded) -> np.ndarray:
    """A short picture (1, H, W, 3) uint8 of the person."""
    base, noun = loaded.base, loaded.profile.manifest.noun
    side = min(CHECK_SIDE, int(base.unet.config.sample_size) * base.vae_factor)  # type: ignore[union-attr, arg-type]
    prompt = encode_prompt(base, f"a photo of a {noun}", noun)
    return draw(base, prompt, loaded.w, [0], DrawSettings(steps=CHECK_STEPS, size=side)).images


def _compare(loaded: Loaded, kind: str) -> None:
    """Raise InputError where the export draws another picture than the profile."""
    off = int(np.abs(_draw(loaded).astype(int) - loaded.picture.astype(int)).max())
    if off > 1:
        raise InputError(f"Read back as {kind}, {loaded.profile.name} looks other by {off}/255.")


def _told(loaded: Loaded, text: str) -> str:
    profile, parts = loaded.profile, loaded.parts
    told = text.format(name=profile.name, noun=profile.manifest.noun, base=_base_name(parts))
    kind = consent_kind(profile.manifest)
    return f"{told.rstrip()}\n\nConsent of the person: {kind} ({CONSENTS[kind]}).\n"


def _base_name(parts: locate.BaseParts) -> str:
    """The base's name, of one that was given by its path the last part only."""
    return parts.name if locate.is_hub_id(parts.name) else Path(parts.name).name


_PEFT = """# {name}: a PEFT adapter for the identity branch of {base}

It sits on the branch that `pidiff_cli` adds to a UNet, not on the UNet's own weights: without the
branch there is nothing it could be loaded into.

```python
from pathlib import Path
import torch
from peft import PeftModel
from pidiff_cli.core.diffusion.base import open_base

base = open_base(Path("DIFFUSERS_FOLDER"), Path("IDENTITY_FOLDER"))  # as pidiff keeps them
model = PeftModel.from_pretrained(base.unet, ".")
```

`code.safetensors` holds `w` (L, D), the W+ code that the adapter was tuned with.
"""
_DIFFUSERS = """# {name}: an identity branch for a stock diffusers pipeline of {base}

```python
import torch
from diffusers import DiffusionPipeline
from pidiff_cli import attach_person

pipe = DiffusionPipeline.from_pretrained("BASE")
person = attach_person(pipe.unet, ".")
person.context.scale = 1.0  # the identity scale
prompt = "a photo of a {noun} as an astronaut"  # the noun is the person
person.aim(prompt, pipe.tokenizer, getattr(pipe, "tokenizer_2", None))
picture = pipe(prompt, generator=torch.Generator().manual_seed(0)).images[0]
person.detach()  # the pipeline is stock again
```

The file holds no photo and no W+ code, only what the branch asks and answers for this one person.
It draws the person all the same: pass it on only as they agreed to.
"""
