"""One .safetensors or .ckpt file of a Stable Diffusion 1.x or XL checkpoint, with no network.

Names are turned into those of diffusers by its own single-file converters; the sizes come from
`configs/` beside this file, as a checkpoint says nothing of them. It brings no tokenizer either:
`configs/clip_merges.txt.gz` is the used part of OpenAI's `bpe_simple_vocab_16e6.txt` (MIT licence,
copyright 2021 OpenAI), the one list of merges that Stable Diffusion 1.x and XL share.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pidiff_cli.core.diffusion.parts import WHOLE, Parts, build, read_json, text_encoder
from pidiff_cli.core.lazy import UNUSED, import_lazily
from pidiff_cli.core.tensors.lazy import LazyTensors
from pidiff_cli.errors import InputError
from pidiff_cli.reading.bytes_of import Refused, read_bytes
from pidiff_cli.reading.text import YAML_BYTES, parse_yaml
from pidiff_cli.weights.family import SUPPORTED, family_of

CONFIGS = Path(__file__).parent / "configs"
MERGES = "clip_merges.txt.gz"
_SECOND = "conditioner.embedders.1.model."


def read_single(path: Path, dtype: torch.dtype) -> Parts:
    """The parts in a single file.

    Raises:
        InputError: damaged, a pickle with code in it, another family, or weights are missing.
    """
    import_lazily(*UNUSED)
    from diffusers.loaders import single_file_utils as convert
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    family = family_of(path)
    config = read_json(CONFIGS / f"{family}.json")
    state = read_checkpoint(path)
    where = f"in {path.name}"

    def load(cls: Any, part: str, converter: Any, mark: str) -> nn.Module:
        _need(state, mark, part, path)
        settings = config[part]
        try:
            own = converter(_under(state, mark), config=settings)
        except (KeyError, AttributeError) as error:  # a converter asked for a missing weight
            reason = f"weights of its {part} are missing"
            raise InputError(
                f"{path.name} is damaged or of another kind: {reason}.", WHOLE
            ) from error
        return build(lambda: cls.from_config(settings), own, dtype, f"{part} {where}")

    unet = load(
        UNet2DConditionModel, "unet", convert.convert_ldm_unet_checkpoint, "model.diffusion_model."
    )
    vae = load(AutoencoderKL, "vae", convert.convert_ldm_vae_checkpoint, "first_stage_model.")
    first = _first_encoder(state, path)
    encoders = [text_encoder(config["text_encoder"], first, dtype, False, f"text encoder {where}")]
    tokenizers = [_tokenizer(config["text_encoder"])]
    if family == "sdxl":
        _need(state, _SECOND, "second text encoder", path)
        own = _second_encoder(state, config["text_encoder_2"], convert)
        encoders.append(
            text_encoder(config["text_encoder_2"], own, dtype, True, f"second text encoder {where}")
        )
        tokenizers.append(_tokenizer(config["text_encoder_2"], pad="!"))
    return Parts(
        unet, vae, tuple(encoders), tuple(tokenizers), _scheduler(config["scheduler"], state, path),
        bool(config["force_zeros_for_empty_prompt"]),
    )  # fmt: skip


def read_checkpoint(path: Path) -> Mapping[str, Tensor]:
    """All tensors of a checkpoint by name; a .ckpt only through the restricted unpickler."""
    if path.suffix == ".safetensors":
        return LazyTensors([path])
    from pidiff_cli.core.tensors.pickles import read_pickle, tensors_in

    whole = read_pickle(path)
    inner = whole.get("state_dict", whole) if isinstance(whole, Mapping) else whole
    return tensors_in(inner)


def _under(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key: state[key] for key in state if key.startswith(prefix)}


def _need(state: Mapping[str, Tensor], prefix: str, part: str, path: Path) -> None:
    if not any(key.startswith(prefix) for key in state):
        raise InputError(f"{path.name} holds no {part}.", SUPPORTED)


def _first_encoder(state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    for prefix in ("cond_stage_model.transformer.", "conditioner.embedders.0.transformer."):
        found = _under(state, prefix)
        if found:
            return {key.removeprefix(prefix): value for key, value in found.items()}
    raise InputError(f"{path.name} holds no text encoder.", SUPPORTED)


def _second_encoder(
    state: Mapping[str, Tensor], settings: dict[str, Any], convert: Any
) -> dict[str, Tensor]:
    """OpenCLIP's names and joined projections as CLIP's of transformers."""
    from types import SimpleNamespace

    shape = SimpleNamespace(config=SimpleNamespace(hidden_size=settings["hidden_size"]))
    converted: dict[str, Tensor] = convert.convert_open_clip_checkpoint(
        shape, _under(state, _SECOND), prefix=_SECOND
    )
    return converted


def _tokenizer(settings: dict[str, Any], **more: str) -> Any:
    return clip_tokenizer(CONFIGS / MERGES, length=settings["max_position_embeddings"], **more)


def _scheduler(settings: dict[str, Any], state: Mapping[str, Tensor], path: Path) -> dict[str, Any]:
    """The family's schedule, and what the checkpoint says of its prediction.

    v-prediction is told by two empty tensors (XL), by the header's ``modelspec.prediction_type``,
    or by a .yaml of the same name beside the file (``parameterization: v``).
    """
    changed = dict(settings)
    told = getattr(state, "metadata", {}).get("modelspec.prediction_type", "")
    if "v_pred" in state or told in ("v", "v_prediction") or _parameterization(path) == "v":
        changed["prediction_type"] = "v_prediction"
    if "ztsnr" in state:
        changed |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    return changed


def _parameterization(path: Path) -> str:
    """What the configuration beside a checkpoint says the UNet predicts; "" where there is none.

    Raises:
        InputError: a .yaml that is none.
    """
    beside = path.with_suffix(".yaml")
    if not beside.is_file():
        return ""
    try:
        text = read_bytes(beside, YAML_BYTES).decode("utf-8")
        told = parse_yaml(text, object, beside.name)
    except (Refused, UnicodeDecodeError) as error:
        raise InputError(
            f"{beside.name}, the configuration beside {path.name}, cannot be read.",
            "Mend or remove it.",
        ) from error
    for key in ("model", "params", "parameterization"):
        told = told.get(key) if isinstance(told, dict) else None
    return str(told or "")


START, END = "<|startoftext|>", "<|endoftext|>"


def clip_tokenizer(merges: Path, pad: str = END, length: int = 77) -> Any:
    """A CLIP tokenizer: 512 bytes, one token a merge, start and end (49,408 as published).

    Args:
        merges: gzip text, one merge of two parts a line, in order.
        pad: what fills a short prompt; SDXL's second tokenizer takes "!".
        length: tokens of a prompt, start and end among them.
    """
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    lines = gzip.decompress(merges.read_bytes()).decode().split("\n")
    pairs = [tuple(line.split()) for line in lines if line]
    letters = byte_letters()
    words = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(p) for p in pairs)]
    ids = {word: i for i, word in enumerate([*words, START, END])}
    return CLIPTokenizer(vocab=ids, merges=pairs, pad_token=pad, model_max_length=length)


def byte_letters() -> list[str]:
    """The printable letter that stands for each byte, in the order of the vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + i) for i in range(len(others))]
