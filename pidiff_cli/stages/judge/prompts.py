"""The prompt that a picture was drawn from, as far as the picture or a text beside it tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from pidiff_cli.core.record import LARGEST, RECORD_KEY
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import parse_json

MOST = 20_000  # characters of a text file that are read
_USER_COMMENT, _EXIF = 0x9286, 0x8769
_EXTRA = re.compile(r"<(?:lora|lyco|hypernet|embedding):[^>]*>", re.IGNORECASE)
_BRACKETS = (re.compile(r"\(([^()]*?)(?::[\d.]+)?\)"), re.compile(r"\[([^\[\]]*)\]"))
_SETTINGS = re.compile(r"^(?:Negative prompt:|Steps: )", re.MULTILINE)
_SEED = re.compile(r"\bSeed: (\d+)")
_TEXTS = ("text", "text_g", "t5xxl", "clip_l", "string", "value", "prompt", "text_l")
_LINKS = (*_TEXTS, "positive", "conditioning", "conditioning_1", "conditioning_to")


@dataclass(frozen=True)
class FoundPrompt:
    """A prompt, where it was found in words, and the seed where that is told too."""

    text: str = ""
    source: str = ""
    seed: int | None = None
    asked: str = ""  # what a person typed, where that is less than the whole prompt


def prompt_of(path: Path) -> FoundPrompt:
    """The prompt of a picture: its own record, A1111's or ComfyUI's or InvokeAI's text in it, else
    a `.txt` beside it of the same name. Empty where none can be read; never raises."""
    info = _info(path)
    for read in (_own, _a1111, _comfy, _invoke):
        if (found := read(info)).text:
            return found
    beside = path.with_suffix(".txt")
    try:
        text = _start_of(beside) if beside.is_file() else ""
    except OSError:
        text = ""
    return FoundPrompt(_plain(text), "a text beside it") if text.strip() else FoundPrompt()


def _start_of(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(MOST)


def _info(path: Path) -> dict[str, str]:
    """The texts in a picture; what a JPEG's or WebP's comment says stands as "parameters"."""
    try:
        if path.stat().st_size > LARGEST:
            return {}
        with Image.open(path) as image:
            texts = {str(k): v for k, v in image.info.items() if isinstance(v, str)}
            # Pillow decodes a whole PNG to look for EXIF that comes after its pixels.
            early = image.format != "PNG" or "exif" in image.info
            comment = image.getexif().get_ifd(_EXIF).get(_USER_COMMENT) if early else None
    except Exception:  # a damaged picture is told of by who reads its pixels
        return {}
    if isinstance(comment, bytes) and "parameters" not in texts:
        texts["parameters"] = _comment(comment)
    return texts


def _comment(raw: bytes) -> str:
    """EXIF's UserComment: eight bytes name the encoding."""
    head, rest = raw[:8], raw[8:]
    if head.startswith(b"UNICODE"):
        little = rest[1:2] == b"\0"
        return rest.decode("utf-16-le" if little else "utf-16-be", "replace").strip("\0 ")
    return (
        (rest if head.startswith((b"ASCII", b"\0")) else raw)
        .decode("utf-8", "replace")
        .strip("\0 ")
    )


def _own(info: Mapping[str, str]) -> FoundPrompt:
    record = _json(info.get(RECORD_KEY))
    text, seed = record.get("full_prompt") or record.get("prompt"), record.get("seed")
    known = seed if isinstance(seed, int) else None
    if not isinstance(text, str):
        return FoundPrompt()
    return FoundPrompt(text, "its record", known, str(record.get("prompt") or text))


def _a1111(info: Mapping[str, str]) -> FoundPrompt:
    text = info.get("parameters", "")
    if swarm := _json(text).get("sui_image_params"):
        given = swarm.get("prompt") if isinstance(swarm, dict) else None
        return (
            FoundPrompt(_plain(given), "its parameters")
            if isinstance(given, str)
            else FoundPrompt()
        )
    settings = _SETTINGS.search(text)
    seed = _SEED.search(text)
    prompt = _plain(text[: settings.start()] if settings else text)
    return FoundPrompt(prompt, "its parameters", int(seed[1]) if seed else None)


def _invoke(info: Mapping[str, str]) -> FoundPrompt:
    data = _json(info.get("invokeai_metadata"))
    text = data.get("positive_prompt")
    return (
        FoundPrompt(_plain(text), "its InvokeAI data") if isinstance(text, str) else FoundPrompt()
    )


def _comfy(info: Mapping[str, str]) -> FoundPrompt:
    """The text that reaches a sampler's `positive`, or a guider's `conditioning`."""
    nodes = _json(info.get("prompt"))
    for node in nodes.values():
        kind = str(node.get("class_type", "")) if isinstance(node, dict) else ""
        inputs = _inputs(node)
        start = inputs.get("positive") or (inputs.get("conditioning") if "Guider" in kind else None)
        if start and ("Sampler" in kind or "Guider" in kind) and (text := _follow(nodes, start)):
            seed = inputs.get("seed", inputs.get("noise_seed"))
            return FoundPrompt(
                _plain(text), "its ComfyUI graph", seed if isinstance(seed, int) else None
            )
    return FoundPrompt()


def _follow(nodes: Mapping[str, Any], link: Any, deep: int = 0) -> str:
    """The first text that a link leads to."""
    if not isinstance(link, list) or not link or deep > 20:
        return ""
    inputs = _inputs(nodes.get(str(link[0])))
    for key in _TEXTS:
        if isinstance(value := inputs.get(key), str) and value.strip():
            return value
    for key in _LINKS:
        if found := _follow(nodes, inputs.get(key), deep + 1):
            return found
    return ""


def _inputs(node: Any) -> dict[str, Any]:
    found = node.get("inputs") if isinstance(node, dict) else None
    return found if isinstance(found, dict) else {}


def _json(text: str | None) -> dict[str, Any]:
    try:
        return parse_json(text, dict[str, Any], "text") if text else {}
    except Refused:
        return {}


def _plain(prompt: str) -> str:
    """A prompt as CLIP may read it: no LoRA tags, no attention weights, one line."""
    text = _EXTRA.sub(" ", prompt).replace("\\(", "\0").replace("\\)", "\1")
    for _ in range(6):  # as deep as weights are nested
        for brackets in _BRACKETS:
            text = brackets.sub(r"\1", text)
    text = text.replace("\0", "(").replace("\1", ")").replace(" BREAK", ",")
    return re.sub(r"\s+", " ", text).strip(" ,")
