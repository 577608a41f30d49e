"""Prompts as the programs that people use write them into pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from pidiff_cli.core.images import save_png
from pidiff_cli.stages.judge.prompts import FoundPrompt, prompt_of
from tests.support.panels import panels

A1111 = (
    "(ohwx woman:1.2) in [the [snow]], \\(film\\) <lora:ohwx:0.8>\nNegative prompt: ugly\n"
    "Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 1234, Size: 512x512"
)
COMFY = {
    "3": {"class_type": "KSampler", "inputs": {
        "seed": 77, "positive": ["9", 0], "negative": ["7", 0], "model": ["4", 0]}},
    "9": {"class_type": "FluxGuidance", "inputs": {"conditioning": ["6", 0], "guidance": 3.5}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["12", 0], "clip": ["4", 1]}},
    "12": {"class_type": "PrimitiveString", "inputs": {"value": "a woman in the snow"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "ugly"}},
}  # fmt: skip
FLUX = {
    "1": {"class_type": "SamplerCustomAdvanced", "inputs": {"guider": ["2", 0]}},
    "2": {"class_type": "BasicGuider", "inputs": {"conditioning": ["3", 0]}},
    "3": {"class_type": "CLIPTextEncodeFlux", "inputs": {"clip_l": "", "t5xxl": "a chef"}},
}


def _png(path: Path, **texts: str) -> Path:
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_itxt(key, text)
    Image.fromarray(panels((9, 9, 9))).save(path, pnginfo=info)
    return path


@pytest.mark.parametrize(
    ("texts", "prompt", "source", "seed"),
    [
        ({"parameters": A1111}, "ohwx woman in the snow, (film)", "its parameters", 1234),
        ({"parameters": "a chef"}, "a chef", "its parameters", None),
        ({"parameters": json.dumps({"sui_image_params": {"prompt": "a cook"}})}, "a cook",
         "its parameters", None),
        ({"prompt": json.dumps(COMFY), "workflow": "{}"}, "a woman in the snow",
         "its ComfyUI graph", 77),
        ({"prompt": json.dumps(FLUX)}, "a chef", "its ComfyUI graph", None),
        ({"invokeai_metadata": json.dumps({"positive_prompt": "a knight"})}, "a knight",
         "its InvokeAI data", None),
    ],
)  # fmt: skip
def test_what_other_programs_wrote(
    tmp_path: Path, texts: dict[str, str], prompt: str, source: str, seed: int | None
) -> None:
    found = prompt_of(_png(tmp_path / "a.png", **texts))
    assert (found.text, found.source, found.seed) == (prompt, source, seed)


def test_our_own_record(tmp_path: Path) -> None:
    record = {"prompt": "smiling", "full_prompt": "a photo of a woman, smiling", "seed": 4}
    path = save_png(tmp_path / "a.png", panels((9, 9, 9)), record)
    found = prompt_of(path)
    assert (found.text, found.asked, found.seed) == (record["full_prompt"], "smiling", 4)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_jpegs_comment(tmp_path: Path, kind: str) -> None:
    image, path = Image.fromarray(panels((9, 9, 9))), tmp_path / f"a.{kind.lower()}"
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + A1111.encode("utf-16-be")
    image.save(path, kind, exif=exif)
    assert prompt_of(path).text == "ohwx woman in the snow, (film)"


def test_a_text_beside_it_comes_last(tmp_path: Path) -> None:
    path = _png(tmp_path / "a.png")
    assert prompt_of(path) == FoundPrompt()
    (tmp_path / "a.txt").write_text("a woman,\n  in the snow")
    assert prompt_of(path) == FoundPrompt("a woman, in the snow", "a text beside it")


@pytest.mark.parametrize(
    "texts",
    [
        {"prompt": "{"}, {"prompt": "[1, 2]"}, {"prompt": '{"1": 5}'}, {"pidiff": "no json"},
        {"prompt": json.dumps({"1": {"class_type": "KSampler", "inputs": {"positive": ["1", 0]}}})},
        {"parameters": "Negative prompt: ugly"},
    ],
)  # fmt: skip
def test_nonsense_is_no_prompt_and_no_fault(tmp_path: Path, texts: dict[str, Any]) -> None:
    assert prompt_of(_png(tmp_path / "a.png", **texts)).text == ""
    (tmp_path / "b.png").write_bytes(b"no picture")
    assert prompt_of(tmp_path / "b.png") == FoundPrompt()
