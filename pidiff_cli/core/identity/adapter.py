"""The person's adapter: every trainable parameter, managed by PEFT. The only file that knows it.

LoRA sits on Q†, K†, V† of every cross-attention and on the token projection; Δw is a module of its
own that PEFT saves whole. All of it is one PEFT directory.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from weakref import WeakKeyDictionary

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pidiff_cli.core.identity.attention import BRANCH, cross_attentions
from pidiff_cli.core.identity.tokens import CodeDelta, WPlusProjector
from pidiff_cli.errors import InputError
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.lora_config import BRANCH_TARGETS, LoraConfig, check_adapter
from pidiff_cli.reading.tensors import Tensors

BLOCKS = {"all": ".*", "mid_up": "(mid_block|up_blocks).*", "up": "up_blocks.*"}
_SETTINGS = ("r", "lora_alpha", "target_modules", "modules_to_save", "use_rslora", "use_dora")
_MEMORY: WeakKeyDictionary[nn.Module, dict[str, Tensor]] = WeakKeyDictionary()
PROJECTOR, CODE = "identity_projector", "identity_code"  # names on the UNet


def place_projector(unet: nn.Module, projector: WPlusProjector) -> None:
    """Hang the projector and a zero Δw on the UNet, where one PEFT model reaches them."""
    setattr(unet, PROJECTOR, projector)
    device = projector.norm.weight.device
    setattr(unet, CODE, CodeDelta(projector.rows, projector.dim).to(device))
    for part in (projector, getattr(unet, CODE)):
        part.requires_grad_(False)


def identity_tokens(unet: nn.Module, w: Tensor, correct: bool = True) -> Tensor:
    """Tokens (B, N, C) of W+ codes (B, L, D), with the adapter's Δw unless ``correct`` is off."""
    code = cast(Any, getattr(unet, CODE))(w) if correct else w
    return cast(Tensor, cast(Any, getattr(unet, PROJECTOR))(code))


def add_adapter(
    unet: nn.Module, rank: int, alpha: float, tune_code: bool = True, blocks: str = "all"
) -> nn.Module:
    """Put a fresh trainable adapter on a UNet that has the branch and the projector.

    ``blocks``: "all", "mid_up" or "up" are those whose branch learns: no gradient goes further,
    that of Δw included, which is learnt from those layers alone.
    Freezes everything else. Returns the PEFT model (the UNet itself is changed in place).
    """
    from peft import LoraConfig, get_peft_model

    unet.requires_grad_(False)
    config = LoraConfig(
        r=rank,
        lora_alpha=cast(Any, alpha),
        target_modules=dict(zip(BLOCKS, BRANCH_TARGETS, strict=True))[blocks],
        modules_to_save=[CODE] if tune_code else None,
    )
    model = get_peft_model(cast(Any, unet), config)
    _mark_learning(unet)
    return model


def _mark_learning(unet: nn.Module) -> None:
    """Tell the processors which layers have an adapter of their own."""
    for _, attn in cross_attentions(unet):
        branch = [cast(Any, attn).get_submodule(name) for name in BRANCH]
        own = [name for part in branch for name, _ in part.named_parameters() if "lora_" in name]
        cast(Any, attn.processor).learns = bool(own)


def save_adapter(model: nn.Module, folder: Path, half: bool = False) -> None:
    """Write the PEFT directory: ``adapter_config.json``, ``adapter_model.safetensors``.

    ``half``: in fp16, which is finer than the bf16 that such a base computes in; Δw too.
    """
    own = ["default"]  # PEFT would write the LoRA beside it, too, in a folder of its name
    cast(Any, model).save_pretrained(folder, safe_serialization=True, selected_adapters=own)
    if half:
        file = folder / "adapter_model.safetensors"
        save_file({k: v.half() for k, v in load_file(file).items()}, file, {"format": "pt"})
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card


def load_adapter(unet: nn.Module, folder: Path, trainable: bool = False) -> nn.Module:
    """Put a saved adapter on the UNet; returns the PEFT model.

    Raises:
        InputError: the directory is damaged or belongs to another base.
    """
    from peft import PeftModel

    parts = (folder / "adapter_config.json", folder / "adapter_model.safetensors")
    if not all(part.is_file() for part in parts):  # PEFT would go on to a pickle, then to the web
        raise InputError(f"There is no adapter in {folder}.", "Train it again with --restart.")
    try:
        settings, told = check_adapter(folder)
        _check_cost(unet, settings, told)
        model = PeftModel.from_pretrained(
            cast(Any, unet), str(folder), is_trainable=trainable, local_files_only=True,
            config=_for_peft(settings, trainable),
        )  # fmt: skip
        _mark_learning(unet)
        _check_matched(model, parts[1])
        return model
    except (
        Refused, OSError, ValueError, TypeError, RuntimeError, KeyError, SafetensorError
    ) as error:  # fmt: skip
        raise InputError(
            f"The adapter in {folder} does not load ({_first_line(error)}).",
            "It is damaged or of another base; train it again with --restart.",
        ) from error


def swap_adapter(model: nn.Module, folder: Path) -> nn.Module:
    """Put another saved adapter in the place of a loaded one; returns the PEFT model.

    Where rank, alpha and places agree the weights are copied into the layers that are there, else
    the old adapter is taken off and the new one put on. A swap that fails changes nothing or, in
    the second case, leaves the general branch alone on the UNet.

    Args:
        model: from ``load_adapter`` or ``swap_adapter``.

    Raises:
        InputError: the directory is damaged or belongs to another base.
    """
    if copy_adapter(model, folder):
        return model
    return load_adapter(remove_adapter(model), folder)  # says what is wrong


@torch.no_grad()
def copy_adapter(model: nn.Module, folder: Path) -> bool:
    """Copy a saved adapter's weights into the layers of a loaded one, where rank, alpha and places
    agree; False, and nothing changed, where they do not or where it does not load."""
    try:
        new = _for_peft(check_adapter(folder)[0], False)
        given = load_file(folder / "adapter_model.safetensors")
    except (Refused, OSError, ValueError, TypeError, SafetensorError):
        return False
    here, old = _own_memory(model), cast(Any, model).peft_config["default"]
    agree = all(_plain(getattr(new, key, None)) == _plain(getattr(old, key)) for key in _SETTINGS)
    shapes = {key: value.shape for key, value in given.items()}
    if not agree or shapes != {key: value.shape for key, value in here.items()}:
        return False
    for key, value in here.items():
        value.copy_(given[key])
    return True


def _own_memory(model: nn.Module) -> dict[str, Tensor]:
    """The memory of a PEFT model's adapter by the names in its file; asked for once a model, since
    PEFT goes through the whole network for it."""
    from peft import get_peft_model_state_dict

    if model not in _MEMORY:
        _MEMORY[model] = get_peft_model_state_dict(cast(Any, model))
    return _MEMORY[model]


def _plain(value: Any) -> Any:
    """A setting of PEFT's; the order of layers' names means nothing."""
    return sorted(value) if isinstance(value, (set, list, tuple)) else value


def remove_adapter(model: nn.Module) -> nn.Module:
    """Take the adapter off; returns the UNet as it was before."""
    unet = cast(Any, model).unload()
    for _, attn in cross_attentions(unet):
        cast(Any, attn.processor).learns = True
    rows, dim = unet.identity_code.delta.shape  # PEFT leaves the tuned Δw in place
    setattr(unet, CODE, CodeDelta(rows, dim).to(unet.identity_code.delta).requires_grad_(False))
    if hasattr(unet, "peft_config"):
        del unet.peft_config
    return cast(nn.Module, unet)


def has_adapter(unet: nn.Module) -> bool:
    """Whether an adapter lies on the branch, or a LoRA on the base's attention."""
    return any("lora_A" in name for name, _ in unet.named_parameters())


def trainable_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """The adapter's parameters by name, in a stable order."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


@torch.no_grad()
def reset_adapter(model: nn.Module) -> None:
    """Set LoRA's B matrices and Δw to zero: the adapter stays and changes nothing."""
    for name, parameter in trainable_parameters(model).items():
        if "lora_B" in name or CODE in name:
            parameter.zero_()


def code_delta(model: nn.Module) -> Tensor | None:
    """The trainable Δw (L, D), with gradient; None when it is not tuned."""
    for name, parameter in trainable_parameters(model).items():
        if CODE in name:
            return parameter
    return None


def make_optimizer(
    parameters: list[nn.Parameter] | list[dict[str, Any]],
    device: torch.device | str,
    learning_rate: float,
    eight_bit: bool | None = None,
    paged: bool = False,
    warn: Callable[[str], None] = lambda text: None,
) -> torch.optim.Optimizer:
    """AdamW: 8-bit (bitsandbytes) on CUDA, torch's fused one elsewhere.

    Where bitsandbytes is missing or does not compute here, torch's takes its place.

    Args:
        parameters: what to train, the PEFT adapter's; or groups of it with a rate each.
        device: where they are.
        learning_rate: the first learning rate.
        eight_bit: True or False decides it; None leaves it to the device.
        paged: 8-bit states that may leave the GPU for main memory; CUDA only, else as 8-bit.
        warn: told what the fallback costs.
    """
    device = torch.device(device)
    settings: dict[str, Any] = {"lr": learning_rate, "betas": (0.9, 0.99), "weight_decay": 0.01}
    if device.type == "cuda" if eight_bit is None else eight_bit:
        try:
            chosen = _eight_bit_adamw(device, paged and device.type == "cuda")
            return cast(torch.optim.Optimizer, chosen(parameters, **settings))
        except Exception as error:  # a library built for another CUDA fails in many ways
            more = 6 * sum(p.numel() for p in _all(parameters)) / 1e6  # 8 bytes for 2 a number
            warn(
                f"bitsandbytes does not work here ({_first_line(error)}): the optimizer is torch's "
                f"AdamW, its states take {more:.1f} MB more."
            )
    return torch.optim.AdamW(parameters, fused=True, **settings)


def _eight_bit_adamw(device: torch.device, paged: bool) -> Any:
    """bitsandbytes' optimizer class, tried on one small tensor: importing it proves little."""
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    from bitsandbytes.optim import AdamW8bit, PagedAdamW8bit

    probe = nn.Parameter(torch.zeros(4096, device=device))  # fewer numbers stay in float32
    probe.grad = torch.ones_like(probe)
    AdamW8bit([probe]).step()
    return PagedAdamW8bit if paged else AdamW8bit


def _all(parameters: list[nn.Parameter] | list[dict[str, Any]]) -> list[nn.Parameter]:
    found: list[nn.Parameter] = []
    for item in parameters:
        found += item["params"] if isinstance(item, dict) else [item]
    return found


def _for_peft(settings: LoraConfig, trainable: bool) -> Any:
    """PEFT's own settings, made of those that were looked at and of nothing else in the file."""
    from peft import LoraConfig as PeftLora

    return PeftLora(
        r=settings.r, lora_alpha=cast(Any, settings.lora_alpha),
        target_modules=settings.target_modules, rank_pattern=dict(settings.rank_pattern),
        alpha_pattern=dict(settings.alpha_pattern), modules_to_save=settings.modules_to_save,
        use_rslora=settings.use_rslora, inference_mode=not trainable,
    )  # fmt: skip


def _check_cost(unet: nn.Module, config: LoraConfig, told: Tensors) -> None:
    """Raise ValueError where PEFT would make more weights than the file holds."""
    targets = config.target_modules
    if isinstance(targets, str):
        match = re.compile(targets).fullmatch
    else:
        match = re.compile(r"(?:.*\.)?(?:" + "|".join(map(re.escape, targets)) + ")").fullmatch
    linear = [m for n, m in unet.named_modules() if isinstance(m, nn.Linear) and match(n)]
    made = config.r * sum(one.in_features + one.out_features for one in linear)
    held = sum(math.prod(shape) for shape in told.shapes.values())
    if made > held:
        raise ValueError(f"{len(linear)} layers of rank {config.r} are more than it holds")


def _check_matched(model: nn.Module, file: Path) -> None:
    """Raise ValueError unless the file holds just the adapter's weights; PEFT only warns of it."""
    from peft import get_peft_model_state_dict

    with safe_open(file, framework="pt") as opened:
        given = set(opened.keys())
    wanted = set(get_peft_model_state_dict(cast(Any, model)))
    if given != wanted:
        raise ValueError(f"{len(given & wanted)} of its {len(given)} weights fit {len(wanted)}")


def _first_line(error: Exception) -> str:
    text = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
    return f"{text} is missing" if isinstance(error, KeyError) else text
