"""Image-text scores of photographs by CLIP, for bases that have no judge of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from torch import Tensor

from pidiff_cli.errors import MissingWeightError

FILES = ("config.json", "model.safetensors", "vocab.json", "merges.txt")
LAYERS = (0.25, 0.5, 0.75, 1.0)  # of the vision tower's depth: whose features are compared
MEAN = (0.48145466, 0.4578275, 0.40821073)  # of the pictures that CLIP was trained on, as published
STD = (0.26862954, 0.26130258, 0.27577711)


class ClipScore:
    """CLIP (Radford 2021), with the judge's methods.

    Args:
        model: a transformers ``CLIPModel``. tokenizer: its tokenizer.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model.eval().requires_grad_(False), tokenizer
        self.side = int(model.config.vision_config.image_size)

    @torch.inference_mode()
    def text_image(self, images: Sequence[np.ndarray] | np.ndarray, captions: list[str]) -> Tensor:
        """CLIP-T: cosine of every picture (H, W, 3) uint8 with every caption, (B, T) float32."""
        length = int(self.model.config.text_config.max_position_embeddings)
        words = self.tokenizer(
            captions, padding=True, truncation=True, max_length=length, return_tensors="pt"
        )
        device = self.model.device
        inputs = {key: value.to(device) for key, value in words.items()}
        texts = self.model.text_projection(self.model.text_model(**inputs).pooler_output)
        vision = self.model.vision_model(pixel_values=self._pixels(images))
        pictures = self.model.visual_projection(vision.pooler_output)
        cosines = F.normalize(pictures, dim=-1) @ F.normalize(texts, dim=-1).T
        return cosines.float().cpu()

    @torch.inference_mode()
    def maps(self, images: Sequence[np.ndarray] | np.ndarray) -> list[Tensor]:
        """Feature maps (B, C, h, w) of a few depths of the vision tower."""
        out = self.model.vision_model(pixel_values=self._pixels(images), output_hidden_states=True)
        states = out.hidden_states[1:]
        chosen = [states[round(share * len(states)) - 1][:, 1:] for share in LAYERS]  # (B, T, C)
        side = round(chosen[0].shape[1] ** 0.5)
        return [x.transpose(1, 2).unflatten(2, (side, side)).float().cpu() for x in chosen]

    def _pixels(self, images: Sequence[np.ndarray] | np.ndarray) -> Tensor:
        """(B, 3, side, side) as CLIP reads them."""
        rows = []
        for image in images:
            x = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float() / 255
            size = (self.side, self.side)
            rows.append(F.interpolate(x, size, mode="bicubic", antialias=True).clamp(0, 1))
        mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
        return ((torch.cat(rows) - mean) / std).to(self.model.device)


def load_clip(folder: Path, device: str = "cpu") -> ClipScore:
    """CLIP from a folder of FILES.

    Raises:
        MissingWeightError: a file is not there, or does not load.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    hint = "Fetch it once: pidiff models pull clip"
    if missing:
        raise MissingWeightError(f"CLIP's {missing[0]} is not in {folder}.", hint)
    from transformers.models.clip.modeling_clip import CLIPModel
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    try:
        model = CLIPModel.from_pretrained(folder, local_files_only=True)
        tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise MissingWeightError(f"CLIP in {folder} does not load: {error}.", hint) from error
    return ClipScore(model.to(device), tokenizer)
