"""Load a base from its folder: the diffusers parts and the general identity branch.

Only the needed submodules are imported; the stock pipeline class costs seconds and is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from pidiff_cli.core.diffusion.parts import Parts, read_folder
from pidiff_cli.core.diffusion.quantise import quantise
from pidiff_cli.core.diffusion.schedulers import make_scheduler
from pidiff_cli.core.faces.framing import Framing
from pidiff_cli.core.identity.adapter import CODE, place_projector
from pidiff_cli.core.identity.attention import attach, load_branch
from pidiff_cli.core.identity.context import IdentityContext
from pidiff_cli.core.identity.files import read_identity, save_identity_branch
from pidiff_cli.core.identity.lora import PersonLora
from pidiff_cli.core.identity.tokens import WPlusProjector, fresh_projector
from pidiff_cli.errors import InputError, MissingWeightError, PidiffError
from pidiff_cli.weights.family import family_of

__all__ = ["Base", "load_base", "open_base", "save_identity_branch"]

TILE = 512  # px of a picture that the autoencoder works on at once when it tiles
TITLES = {"sd15": "Stable Diffusion 1.x", "sdxl": "Stable Diffusion XL"}


@dataclass
class Base:
    """A loaded base with its identity branch attached and switched off.

    Attributes:
        unet: with ``identity_projector`` and ``identity_code`` hung on it; all frozen.
        vae: AutoencoderTiny or AutoencoderKL. tokenizer: CLIP's.
        scheduler_config: of ``scheduler/``, class name included.
        context: what the identity blocks read.
        rows, dim: L and D of the W+ codes that the projector takes; 0 without a branch.
        lora: the person's LoRA on the base's own attention; None where there is none.
        closed_vocabulary: every known word is one token; others were never trained.
        device, dtype: of the networks; the autoencoder is float32 where they are float16,
            as it overflows there.
        second_encoder, second_tokenizer: SDXL's second pair; None on other bases.
        zero_empty: an empty prompt is all zeros (SDXL).
        framing: where the base is used to seeing a face.
        parked: autoencoder and text encoders wait on the CPU and come over when needed.
        texts: the last encoded prompts (``prompts.text_states``).
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
    second_encoder: nn.Module | None = None
    second_tokenizer: Any = None
    zero_empty: bool = False
    framing: Framing = Framing()
    parked: bool = False
    texts: dict[str, Any] = field(default_factory=dict)
    lora: PersonLora | None = None

    def park(self) -> None:
        """Send autoencoder and text encoders to the CPU, to leave the device to the UNet.

        The autoencoder comes back for every call without gradient; text is encoded where it is.
        """
        self.parked = self.device.type != "cpu"
        for part in (self.vae, self.text_encoder, self.second_encoder):
            if self.parked and part is not None:
                part.to("cpu")

    @contextmanager
    def _present(self) -> Iterator[Any]:
        """The autoencoder on the device, as long as it takes."""
        if self.parked:
            self.vae.to(self.device)
        try:
            yield self.vae
        finally:
            if self.parked:
                self.vae.to("cpu")

    def rest(self) -> None:
        """Be the base alone again: no identity, no LoRA."""
        self.context.clear()
        if self.lora is not None:
            self.lora.switch(0.0)

    @property
    def has_branch(self) -> bool:
        """Whether it can read W+ codes."""
        return self.rows > 0

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
        with torch.no_grad(), self._present() as vae:
            out = vae.encode(x.to(self.device, vae.dtype))
        latents = out.latents if hasattr(out, "latents") else out.latent_dist.mode()
        return cast(Tensor, (latents * vae.config.scaling_factor).to(self.dtype))

    def decode(self, latents: Tensor) -> Tensor:
        """Scaled latents (B, C, h, w) to images (B, 3, H, W), nominally in [-1, 1].

        Where memory does not suffice they are decoded one picture at a time, and then by tiles,
        from then on; tiles change a picture a little.

        Raises:
            torch.OutOfMemoryError: not even so.
        """
        with torch.no_grad(), self._present() as vae:
            scaled = latents.to(vae.dtype) / vae.config.scaling_factor
            for with_less in (vae.enable_slicing, self._tile):
                try:
                    return cast(Tensor, vae.decode(scaled).sample)
                except torch.OutOfMemoryError:
                    with_less()
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()
            return cast(Tensor, vae.decode(scaled).sample)

    def _tile(self) -> None:
        """Let the autoencoder work by tiles; its own are as large as the base's pictures."""
        vae = cast(Any, self.vae)
        vae.enable_tiling()
        vae.tile_sample_min_size = min(vae.tile_sample_min_size, TILE)
        vae.tile_latent_min_size = vae.tile_sample_min_size // self.vae_factor

    def scheduler(self, name: str = "") -> Any:
        """A fresh scheduler: the base's own, or one by name (``schedulers.SCHEDULERS``)."""
        return make_scheduler(self.scheduler_config, name)


def load_base(
    folder: Path, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> Base:
    """Load ``folder/diffusers`` and ``folder/identity``, as mini's weights are laid out.

    Raises:
        MissingWeightError: a file is missing or does not fit.
    """
    return open_base(folder / "diffusers", folder / "identity", device=device, dtype=dtype)


def open_base(
    diffusers: Path,
    identity: Path | None,
    wplus: tuple[int, int] | None = None,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    family: str = "",
    parked: bool = False,
    nf4: bool = False,
) -> Base:
    """Load a base and attach the identity branch, switched off.

    Args:
        diffusers: a diffusers folder, or one .safetensors or .ckpt file.
        identity: folder of the general identity branch; None starts one from the base's text
            keys and values (docs/method.md, section 4) with a projector of seed 0.
        wplus: L and D of the W+ codes, where ``identity`` is None; None of both leaves the
            branch out: a person is then what a LoRA says (docs/method.md, section 5.2).
        family: "sd15" or "sdxl" where the weights must be of one.
        parked: autoencoder and text encoders never leave the CPU but for a call.
        nf4: the UNet's frozen linear layers in 4 bits (bitsandbytes).

    Raises:
        InputError: a file or folder of another family. MissingWeightError: does not load.
    """
    _hush()
    _check_family(diffusers, family)
    try:
        parts = _read(diffusers, dtype)
        width = int(cast(Any, parts.unet).config.cross_attention_dim)
        found = read_identity(identity) if identity else None
        started = width if wplus else None
        context = attach(parts.unet, found.projector.out_dim if found else started)
        if found:
            with torch.no_grad():
                load_branch(parts.unet, found.branch)
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise _unloadable(diffusers, reason.strip("'\"")) from error
    except InputError as error:
        if diffusers.is_file():
            raise
        raise _unloadable(diffusers, error.message.rstrip(".")) from error
    projector = found.projector if found else None
    if projector is None and wplus:
        projector = fresh_projector(*wplus, width)
    base = _assemble(
        parts, projector, context, found is not None and found.closed_vocabulary,
        torch.device(device), dtype, parked, nf4,
    )  # fmt: skip
    return replace(base, framing=found.framing) if found else base


def _read(path: Path, dtype: torch.dtype) -> Parts:
    if path.is_file():
        from pidiff_cli.core.diffusion.single_file import read_single

        return read_single(path, dtype)
    return read_folder(path, dtype)


def _assemble(
    parts: Parts,
    projector: WPlusProjector | None,
    context: IdentityContext,
    closed_vocabulary: bool,
    device: torch.device,
    dtype: torch.dtype,
    parked: bool,
    nf4: bool,
) -> Base:
    """Hang the projector on the UNet, move everything to its device, freeze it."""
    if projector is not None:
        place_projector(parts.unet, projector)
    exact = torch.float32 if dtype == torch.float16 else dtype
    for part in (parts.unet, *parts.text_encoders, parts.vae):
        part.to(dtype=exact if part is parts.vae else dtype).eval().requires_grad_(False)
    if nf4:
        quantise(parts.unet, dtype)
    waiting = torch.device("cpu") if parked else device
    for part in (parts.vae, *parts.text_encoders):
        part.to(waiting)
    parts.unet.to(device)
    if projector is not None:
        getattr(parts.unet, CODE).float()  # Δw learns in small steps
    rows, dim = (projector.rows, projector.dim) if projector else (0, 0)
    encoders, tokenizers = (*parts.text_encoders, None), (*parts.tokenizers, None)
    first = cast(nn.Module, encoders[0])
    return Base(
        parts.unet, parts.vae, first, tokenizers[0], parts.scheduler, context,
        rows, dim, closed_vocabulary, device, dtype,
        encoders[1], tokenizers[1], parts.zero_empty, parked=waiting != device,
    )  # fmt: skip


def _check_family(path: Path, family: str) -> None:
    """Raise InputError where a base of another family lies."""
    if family not in TITLES:
        return
    found = family_of(path)
    if found != family:
        raise InputError(
            f"{path} holds {TITLES[found]}, not {TITLES[family]}.", f"Use it with --base {found}."
        )


def _unloadable(path: Path, reason: str) -> PidiffError:
    return MissingWeightError(
        f"The base in {path} does not load: {reason}.",
        "Fetch or install its weights again: pidiff doctor",
    )


def _hush() -> None:
    """Keep the libraries' loading bars and advice off the terminal, and the network out."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for library in (diffusers_logging, transformers_logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
