"""Published checkpoints: pickles read without running anything in them, and what they look like.

Only conversion at pull time comes here; nothing unpickles when pictures are made.
"""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pidiff_cli.errors import InputError, MissingWeightError

AGAIN = "Fetch it again, then compare its size or sha256."
Shapes = Mapping[str, "torch.Size | tuple[int, ...]"]


def read_pickle(path: Path | str) -> Any:
    """What a published `.pt`, `.pth`, `.pth.tar` or `.bin` holds: tensors and plain values.

    Read with torch's restricted unpickler, which knows tensors and containers and no more.

    Raises:
        MissingWeightError: no such file.
        InputError: damaged, cut off, no checkpoint at all, or a pickle with code in it.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingWeightError(f"{path} is missing.", "Check the path.")
    head = path.open("rb").read(512).lstrip().lower()
    if head.startswith((b"<!doctype", b"<html")):
        raise InputError(f"{path.name} is a web page, not a checkpoint.", AGAIN)
    try:
        zipped = zipfile.is_zipfile(path)
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped or None)
    except pickle.UnpicklingError as error:
        named = re.search(r"(?:GLOBAL|class|function) ([\w.]*\w)", str(error))
        if named and "magic number" not in str(error):
            raise _would_call(path, named[1]) from None
        raise _broken(path) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise _broken(path) from error
    except (AttributeError, AssertionError, UnicodeDecodeError) as error:
        raise _broken(path) from error


def tensors_in(value: Any) -> dict[str, Tensor]:
    """The tensors of a state dict, not copied; other entries are left out."""
    if not isinstance(value, Mapping):
        return {}
    return {str(k): v.detach() for k, v in value.items() if isinstance(v, Tensor)}


def shapes_of(build: Callable[[], nn.Module]) -> dict[str, torch.Size]:
    """Names and shapes of a network's state, without memory for its weights."""
    with torch.device("meta"):
        return {name: value.shape for name, value in build().state_dict().items()}


def fit(
    tensors: Mapping[str, Tensor], wanted: Shapes, path: Path, what: str, whole: Any, hint: str
) -> dict[str, Tensor]:
    """Exactly the wanted weights, in their order.

    Counters of batch norms may be missing, as published files leave them out.

    Args:
        tensors: what was found; wanted: name -> shape.
        what: what the file should have been; whole: all that was in it, to guess what it is.

    Raises:
        InputError: which weights are missing, unknown or of another shape, how many, and what
            the file probably is.
    """
    found = dict(tensors)
    counters = [name for name in wanted if name.endswith("num_batches_tracked")]
    if found.keys() & wanted.keys():
        found |= {n: torch.zeros((), dtype=torch.int64) for n in counters if n not in found}
    missing = [name for name in wanted if name not in found]
    unknown = [name for name in found if name not in wanted]
    other = [
        f"{name} is {tuple(value.shape)}, not {tuple(wanted[name])}"
        for name, value in found.items()
        if name in wanted and value.shape != torch.Size(wanted[name])
    ]
    faults = [
        f"{len(names)} of {len(wanted)} weights {word} ({_few(names)})"
        for names, word in ((missing, "are missing"), (other, "have another shape"))
        if names
    ]
    if unknown:
        words = "weights do" if len(unknown) > 1 else "weight does"
        faults.append(f"{len(unknown)} {words} not belong to it ({_few(unknown)})")
    if faults:
        guess = what_it_is(whole)
        looks = f" It looks like {guess}." if guess else ""
        raise InputError(f"{path.name} is not {what}: {'; '.join(faults)}.{looks}", hint)
    return {name: found[name] for name in wanted}


def what_it_is(value: Any) -> str:
    """What a checkpoint probably is, for people; "" when nothing is recognised."""
    if isinstance(value, Tensor):
        return f"a single tensor of shape {tuple(value.shape)} (a W+ code or an edit direction)"
    if not isinstance(value, Mapping):
        return ""
    top = {str(key) for key in value}
    if kind := _by_top(top, value):
        return kind
    state = value.get("state_dict", value.get("params_ema", value))
    names = {str(key) for key in state} if isinstance(state, Mapping) else top
    return next((kind for kind, mark in _MARKS if any(re.match(mark, n) for n in names)), "")


def _by_top(top: set[str], value: Mapping[Any, Any]) -> str:
    if "wplus_adapter" in top:
        return "a W+ adapter (wplus_adapter.bin, of stage 1 or 2)"
    if "ip_adapter" in top or "image_proj" in top:
        inside = {str(key) for key in value.get("ip_adapter", {})}
        face = any("lora" in name for name in inside)
        return "an IP-Adapter FaceID file" if face else "an IP-Adapter"
    if {"mean", "comp", "std"} <= top:
        return "a GANSpace PCA (edit directions)"
    if "g_ema" in top:
        return "a StyleGAN2 generator file"
    opts, state = value.get("opts"), value.get("state_dict")
    if not isinstance(state, Mapping) or "latent_avg" not in top:
        return ""
    kind = str(opts.get("encoder_type", "")) if isinstance(opts, Mapping) else ""
    stem = state.get("encoder.input_layer.0.weight")
    if isinstance(stem, Tensor) and stem.ndim == 4 and stem.shape[1] == 6:
        return "a ReStyle encoder (it reads six channels)"
    if kind and kind != "Encoder4Editing":
        return f"a pSp encoder ({kind})" if "Gradual" in kind else f"an encoder called {kind}"
    return ""


#: First match wins: what it is, and the beginning of a weight's name that only it has.
_MARKS = (
    ("a HyperStyle file", r"hypernet\."),
    ("a ReStyle encoder", r"encoder\.(conv1|res_blocks|layer\d)\b"),
    ("a W+ encoder file (e4e or pSp)", r"encoder\.styles\.\d+\.convs"),
    ("a bare e4e or pSp encoder", r"styles\.\d+\.convs"),
    ("an ArcFace embedder (IR-SE50)", r"output_layer\.\d+\.weight"),
    ("a StyleGAN2 generator", r"to_rgbs\.\d+\.conv\.modulation"),
    ("a StyleGAN2 discriminator", r"final_linear\.0\."),
    ("the S3FD face detector", r"conv3_3_norm\."),
    ("face-alignment's landmark net (FAN)", r"top_m_0\.|m0\.b1_4"),
    ("a face parser (ParseNet)", r"out_mask_conv\."),
    ("a face parser (BiSeNet)", r"cp\.resnet\.|ffm\."),
    ("a W+ adapter's processors, without its projector", r"\d+\.to_[kqv]_wplus\."),
    ("a W+ adapter's training checkpoint", r"(w_proj_model|adapter_modules)\."),
    ("an IP-Adapter", r"(\d+\.to_[kv]_ip\.)|image_proj\.|ip_adapter\."),
    ("a Stable Diffusion checkpoint", r"model\.diffusion_model\."),
    ("a diffusers UNet", r"(down|up)_blocks\.\d+\.attentions"),
    ("a LoRA", r".*lora_"),
)


def _few(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def _would_call(path: Path, name: str) -> InputError:
    return InputError(
        f"{path.name} is a pickle that would call {name}: refused, nothing was run.",
        "Take the file from its authors, or a .safetensors of it.",
    )


def _broken(path: Path) -> InputError:
    return InputError(f"{path.name} is damaged, cut off, or no checkpoint at all.", AGAIN)


_ARRAYS = {
    ("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode"),
    ("collections", "OrderedDict"),
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core")
      for name in ("_reconstruct", "scalar")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
}  # fmt: skip


class _ArraysOnly(pickle.Unpickler):
    """Knows what a NumPy array is made of, and refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ARRAYS:
            return super().find_class(module, name)
        raise _Refused(f"{module}.{name}")


class _Refused(Exception):
    """A pickle names something that is not data."""


def read_arrays(path: Path | str) -> Any:
    """A plain pickle (`.pkl`) of NumPy arrays in lists and dicts; everything else is refused.

    Raises:
        MissingWeightError, InputError: as `read_pickle`.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingWeightError(f"{path} is missing.", "Check the path.")
    try:
        with path.open("rb") as file:
            return _ArraysOnly(file, encoding="latin1").load()
    except _Refused as error:
        raise _would_call(path, str(error)) from None
    except Exception as error:  # whatever a damaged pickle can raise
        raise _broken(path) from error
