"""Files that a person may be given, each as its own program writes it."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from tests.campaign.valid_profile import mini_layers


def picture_of(profile: Any) -> bytes:
    from pidiff_cli.core.images import png_bytes

    record = {
        "prompt": "as a chef", "full_prompt": "a photo of a man as a chef", "seed": 5,
        "settings": {
            "base": "mini", "edits": [["smile", 1.0]], "guidance": 2.5, "steps": 2, "size": 128,
            "negative": "", "scheduler": "", "style_from": "", "subject": [], "literal": True,
            "noun": "man", "hold": 0.5, "start": 0.1, "name": "alice", "score": False,
        },
        "profile": {"id": profile.manifest.id, "fingerprint": profile.fingerprint},
        "base": {"name": "mini", "fingerprint": "0" * 16}, "versions": {"pidiff": "0.1.0"},
    }  # fmt: skip
    return png_bytes(np.zeros((8, 8, 3), np.uint8), record)


def comfy_picture() -> bytes:
    from PIL import Image, PngImagePlugin

    info = PngImagePlugin.PngInfo()
    graph = {
        "1": {"class_type": "KSampler", "inputs": {"positive": ["2", 0], "seed": 3}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a (man:1.2) as a chef"}},
    }
    info.add_text("prompt", json.dumps(graph))
    info.add_text("parameters", "a man\nNegative prompt: x\nSteps: 20, Seed: 5")
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def foreign_lora() -> bytes:
    from safetensors.torch import save

    from tests.support.lora_made import random_lora

    tensors = {}
    for path, layer in random_lora(mini_layers()).layers.items():
        tensors[f"unet.{path}.lora_A.weight"] = layer.down.contiguous()
        tensors[f"unet.{path}.lora_B.weight"] = layer.up.contiguous()
    told = {"unet.lora_alpha": 2.0, "unet.alpha_pattern": {"mid_block": 4.0}}
    return save(tensors, {"lora_adapter_metadata": json.dumps(told)})


def base_file() -> bytes:
    from safetensors.numpy import save

    inputs = "model.diffusion_model.input_blocks.0.0.weight"
    width = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    return save({inputs: np.ones((2, 4, 1, 1), np.float32), width: np.ones((1, 768), np.float32)})


def person_file() -> bytes:
    from safetensors.numpy import save

    told = {
        "format": "pidiff person 1",
        "noun": "man",
        "name": "x",
        "base": "mini",
        "family": "mini",
    }
    values = {"a.attn2.ask": np.ones((2, 2, 2), np.float32)}
    return save(values, {"pidiff": json.dumps(told)})


def pulled_json() -> bytes:
    entry = {"licence": "x", "date": "y", "source": "z", "revision": "", "fetched": {}}
    entry["files"] = {"a": {"size": 1, "sha256": "0" * 64}}
    return json.dumps({"weights": {"x": entry}}).encode()


def gallery_page() -> bytes:
    known = {"pictures": [{"key": "a-1", "thumb": "data:image/webp;base64,AAAA", "likeness": 0.5}]}
    head = b'<meta name="generator" content="pidiff gallery">'
    data = json.dumps(known).encode()
    return head + b'<script type="application/json" id="data">' + data + b"</script>"
