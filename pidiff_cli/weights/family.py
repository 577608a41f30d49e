"""Which family a checkpoint belongs to, told from names and shapes; no torch, nothing unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pidiff_cli.errors import InputError
from pidiff_cli.reading import tensors
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import read_json

SINGLE_FILES = (".safetensors", ".ckpt")
SUPPORTED = "pidiff draws with Stable Diffusion 1.x and XL: a diffusers folder or one file."
_WIDTHS = {768: "sd15", 2048: "sdxl"}
_OTHERS = {1024: "Stable Diffusion 2", 1280: "the SDXL refiner", 4096: "a T5-guided model"}
_TENSOR_MODULES = frozenset(
    ("torch", "torch._utils", "torch.storage", "torch.nn.parameter", "collections", "numpy",
     "numpy.core.multiarray", "numpy._core.multiarray", "_codecs")
)  # fmt: skip
_PLAIN = tuple(f"{m}.{n}" for m in ("builtins", "__builtin__") for n in ("set", "bytearray"))


def family_of(path: Path) -> str:
    """The family, "sd15" or "sdxl", of a diffusers folder or a single checkpoint file.

    Raises:
        InputError: missing, damaged, or something else; says what it probably is.
    """
    if path.is_dir():
        return _of_folder(path)
    if not path.is_file():
        raise InputError(f"{path} is not there.", "Check the path.")
    if path.suffix not in SINGLE_FILES:
        raise InputError(f"{path.name} is neither a .safetensors nor a .ckpt file.", SUPPORTED)
    shapes = read_header(path) if path.suffix == ".safetensors" else _names_in_pickle(path)
    return _of_keys(shapes, path)


def read_header(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes in a safetensors file, read from its header alone.

    Raises:
        InputError: not a safetensors file, or shorter than its header says.
    """
    try:
        return tensors.read_header(path).shapes
    except Refused as error:
        raise InputError(
            f"{path.name} is damaged or cut off ({error.reason}).",
            "Fetch it again, then compare its size or sha256.",
        ) from error


def _of_folder(folder: Path) -> str:
    try:
        path = folder / "unet" / "config.json"
        config = read_json(path, dict[str, Any]) if path.exists() else None
    except Refused as error:
        raise InputError(f"unet/config.json in {folder} cannot be read.", SUPPORTED) from error
    if config is None:
        kind = _class_in(folder / "model_index.json")
        what = f"is a {kind}" if kind else "is no diffusers folder"
        raise InputError(f"{folder} {what}: it has no unet/config.json.", SUPPORTED)
    inputs = config.get("in_channels", 4)
    if "cross_attention_dim" not in config or not isinstance(inputs, int):
        raise InputError(f"unet/config.json in {folder} cannot be read.", SUPPORTED)
    return _by_width(config["cross_attention_dim"], inputs, folder)


def _class_in(index: Path) -> str:
    try:
        return str(read_json(index, dict[str, Any]).get("_class_name", ""))
    except Refused:
        return ""


def _by_width(width: object, inputs: int, path: Path) -> str:
    if inputs != 4:
        kind = {9: "an inpainting model", 8: "an editing (pix2pix) model"}.get(
            inputs, f"a model of {inputs} input channels"
        )
        raise InputError(f"{path.name} is {kind}.", SUPPORTED)
    if isinstance(width, int) and width in _WIDTHS:
        return _WIDTHS[width]
    what = _OTHERS.get(width) if isinstance(width, int) else None
    raise InputError(f"{path.name} is {what or 'of no family known here'}.", SUPPORTED)


def _of_keys(shapes: dict[str, tuple[int, ...]], path: Path) -> str:
    """By the names in a checkpoint, and by shapes where they are known (they are () in a .ckpt)."""
    if any(".joint_blocks." in key for key in shapes):
        raise InputError(f"{path.name} is Stable Diffusion 3.", SUPPORTED)
    if any("double_blocks." in key for key in shapes):
        raise InputError(f"{path.name} is FLUX.", SUPPORTED)
    if any(key.startswith("lora_") or ".lora_" in key for key in shapes):
        raise InputError(f"{path.name} is a LoRA, not a whole checkpoint.", SUPPORTED)
    unet = {k: v for k, v in shapes.items() if k.startswith("model.diffusion_model.")}
    if not unet:
        raise InputError(f"{path.name} holds no Stable Diffusion UNet.", SUPPORTED)
    inputs = unet.get("model.diffusion_model.input_blocks.0.0.weight", ())
    widths = [v[-1] for k, v in unet.items() if k.endswith("attn2.to_k.weight") and v]
    if widths:
        return _by_width(max(widths), inputs[1] if len(inputs) == 4 else 4, path)
    for mark, family in (
        ("conditioner.embedders.1.", "sdxl"),
        ("cond_stage_model.transformer.", "sd15"),
    ):
        if any(key.startswith(mark) for key in shapes):
            return family
    second = any(key.startswith("cond_stage_model.model.") for key in shapes)
    raise InputError(
        f"{path.name} is {'Stable Diffusion 2' if second else 'of no family known here'}.",
        SUPPORTED,
    )


def _names_in_pickle(path: Path) -> dict[str, tuple[int, ...]]:
    """Text in a checkpoint's pickle, without its shapes; the pickle is read, never run.

    Raises:
        InputError: damaged, or it would call what is no part of a tensor.
    """
    import zipfile

    broken = InputError(
        f"{path.name} is damaged or no torch checkpoint.",
        "Prefer the .safetensors file of the same model.",
    )
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(item for item in archive.namelist() if item.endswith("data.pkl"))
            names, called = _read_program(archive.read(name))
    except (OSError, zipfile.BadZipFile, StopIteration, ValueError, IndexError) as error:
        raise broken from error
    for module, what in called:
        if module not in _TENSOR_MODULES and f"{module}.{what}" not in _PLAIN:
            raise InputError(
                f"{path.name} is a pickle that would call {module}.{what}: refused, nothing was "
                "run.",
                "Take the file from its authors, or a .safetensors of it.",
            )
    return dict.fromkeys(names, ())


def _read_program(program: bytes) -> tuple[list[str], list[tuple[str, str]]]:
    """The texts in a pickle, and the (module, name) of everything that it would import."""
    import pickletools

    texts: list[str] = []
    memo: dict[object, str] = {}
    pushed: list[str] = []  # texts in the order in which they come onto the stack
    called: list[tuple[str, str]] = []
    for code, arg, _ in pickletools.genops(program):
        if code.name in ("GLOBAL", "INST"):
            module, _, name = str(arg).partition(" ")
            called.append((module, name))
        elif code.name == "STACK_GLOBAL":
            called.append((pushed[-2], pushed[-1]))
        elif "GET" in code.name and arg in memo:
            pushed.append(memo[arg])
        elif code.name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            memo[len(memo) if arg is None else arg] = pushed[-1] if pushed else ""
        elif isinstance(arg, str):
            texts.append(arg)
            pushed.append(arg)
    return texts, called
