"""Load a base from its folder: the diffusers parts and the general identity branch.

Only the needed submodules are imported; the stock pipeline class costs seconds and is not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pidiff_cli.core.identity.adapter import place_projector
from pidiff_cli.core.identity.attention import (
    IdentityContext,
    attach,
    branch_state,
    load_branch,
)
from pidiff_cli.core.identity.tokens import WPlusProjector
from pidiff_cli.errors import MissingWeightError, UsageError


@dataclass
class Base:
    """A loaded base with its identity branch attached and switched off.

    Attributes:
        unet: with ``identity_projector`` and ``identity_code`` hung on it; all frozen.
        vae: AutoencoderTiny or AutoencoderKL. tokenizer: CLIP's.
        scheduler_config: of ``scheduler/``, class name included.
        context: what the identity blocks read.
        rows, dim: L and D of the W+ codes that the projector takes.
        closed_vocabulary: every known word is one token; others were never trained.
        device, dtype: of the networks.
    """

    unet: nn.Module
    vae: nn.Module
    text_encoder: nn.Module
    tokenizer: Any
    scheduler_config: dict[str, Any]
    context: IdentityContext
    rows: int
    dim: int
    closed_vocabulary: bool
    device: torch.device
    dtype: torch.dtype

    @property
    def projector(self) -> WPlusProjector:
        """The general token projector (an adapter may sit on its linears)."""
        return cast(WPlusProjector, self.unet.identity_projector)

    @property
    def latent_channels(self) -> int:
        """Channels of the latents."""
        return int(cast(Any, self.unet).config.in_channels)

    @property
    def vae_factor(self) -> int:
        """Pixels a latent position covers, along one side."""
        config = cast(Any, self.vae).config
        blocks = getattr(config, "encoder_block_out_channels", None) or config.block_out_channels
        return int(2 ** (len(blocks) - 1))

    def encode(self, x: Tensor) -> Tensor:
        """Images (B, 3, H, W) in [-1, 1] to scaled latents (B, C, h, w); no sampling."""
        vae = cast(Any, self.vae)
        with torch.no_grad():
            out = vae.encode(x.to(self.device, self.dtype))
        latents = out.latents if hasattr(out, "latents") else out.latent_dist.mode()
        return cast(Tensor, latents * vae.config.scaling_factor)

    def decode(self, latents: Tensor) -> Tensor:
        """Scaled latents (B, C, h, w) to images (B, 3, H, W), nominally in [-1, 1]."""
        vae = cast(Any, self.vae)
        with torch.no_grad():
            return cast(Tensor, vae.decode(latents / vae.config.scaling_factor).sample)

    def scheduler(self) -> Any:
        """A fresh scheduler of the base's class and configuration."""
        import diffusers.schedulers as schedulers

        config = dict(self.scheduler_config)
        return getattr(schedulers, config["_class_name"]).from_config(config)


def load_base(
    folder: Path, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> Base:
    """Load ``folder/diffusers`` and ``folder/identity``.

    Raises:
        MissingWeightError: a file is missing or does not fit.
    """
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers.models.clip.modeling_clip import CLIPTextModel

    _hush()
    parts = folder / "diffusers"
    try:
        settings = _read_json(folder / "identity" / "identity.json")
        unet = _load(UNet2DConditionModel, parts / "unet")
        vae = _load(_vae_class(parts / "vae"), parts / "vae")
        text_encoder = CLIPTextModel.from_pretrained(parts / "text_encoder", local_files_only=True)
        tokenizer = _tokenizer(parts / "tokenizer")
        scheduler_config = _read_json(parts / "scheduler" / "scheduler_config.json")
        context = attach(unet, settings["token_dim"])
        with torch.no_grad():
            load_branch(unet, load_file(folder / "identity" / "branch.safetensors"))
        projector = WPlusProjector(
            settings["rows"], settings["dim"], settings["groups"], settings["token_dim"]
        )
        projector.load_state_dict(load_file(folder / "identity" / "wproj.safetensors"))
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise MissingWeightError(
            f"The base in {folder} does not load: {reason}",
            "Fetch or install its weights again: pidiff doctor",
        ) from error
    place_projector(unet, projector)
    for part in (unet, vae, text_encoder):
        cast(nn.Module, part).to(device=device, dtype=dtype).eval().requires_grad_(False)
    return Base(
        unet, vae, cast(nn.Module, text_encoder), tokenizer, scheduler_config, context,
        settings["rows"], settings["dim"], bool(settings.get("closed_vocabulary", False)),
        torch.device(device), dtype,
    )  # fmt: skip


def save_identity_branch(
    folder: Path,
    unet: nn.Module,
    projector: WPlusProjector,
    dtype: torch.dtype = torch.float16,
    closed_vocabulary: bool = False,
) -> None:
    """Write a general branch as ``folder/{branch,wproj}.safetensors`` and ``identity.json``."""
    folder.mkdir(parents=True, exist_ok=True)

    def plain(state: dict[str, Tensor]) -> dict[str, Tensor]:
        return {k: v.detach().to("cpu", dtype).contiguous().clone() for k, v in state.items()}

    weights = {"branch": branch_state(unet), "wproj": projector.state_dict()}
    for name, state in weights.items():
        path = folder / f"{name}.safetensors"
        save_file(plain(state), path)
        path.chmod(0o644)  # package data: all who can run the program may read it
    settings = {
        "rows": projector.rows,
        "dim": projector.dim,
        "groups": projector.groups,
        "token_dim": projector.out_dim,
        "closed_vocabulary": closed_vocabulary,
    }
    (folder / "identity.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def _hush() -> None:
    """Keep the libraries' loading bars and advice off the terminal."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for library in (diffusers_logging, transformers_logging):
        library.set_verbosity_error()
        library.disable_progress_bar()


def _load(cls: Any, folder: Path) -> nn.Module:
    """A diffusers model from its folder, in float32, every key matched."""
    model = cls.from_config(_read_json(folder / "config.json"))
    state = load_file(folder / "diffusion_pytorch_model.safetensors")
    model.load_state_dict({key: value.float() for key, value in state.items()})
    return cast(nn.Module, model)


def _vae_class(folder: Path) -> Any:
    if _read_json(folder / "config.json")["_class_name"] == "AutoencoderTiny":
        from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

        return AutoencoderTiny
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    return AutoencoderKL


def _tokenizer(folder: Path) -> Any:
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    return CLIPTokenizer.from_pretrained(folder, local_files_only=True)


def _read_json(path: Path) -> dict[str, Any]:
    return cast(dict[str, Any], json.loads(path.read_text(encoding="utf-8")))


def pick_device(
    name: str = "auto", precision: str = "auto"
) -> tuple[torch.device, torch.dtype, torch.dtype | None]:
    """Device, dtype of the frozen networks, and autocast dtype (None is off).

    Args:
        name: auto, cpu, cuda or mps. precision: auto (bf16 on CUDA), fp32 or bf16.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("There is no CUDA GPU here.", "Leave --device out.")
    device = torch.device(name)
    half = precision == "bf16" or (precision == "auto" and name == "cuda")
    if not half:
        return device, torch.float32, None
    return device, torch.bfloat16 if name == "cuda" else torch.float32, torch.bfloat16
