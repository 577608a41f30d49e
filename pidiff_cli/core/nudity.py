"""Looks for nudity in pictures that a real base drew: a published image classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from pidiff_cli.core.images import to_tensor
from pidiff_cli.errors import MissingWeightError

LABEL = "nsfw"
HINT = "Fetch it again: pidiff models pull nudity"


class NudityFilter:
    """A transformers ``ViTForImageClassification`` that knows the label ``nsfw``."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._side = int(model.config.image_size)
        names = {str(name).lower(): int(key) for key, name in model.config.id2label.items()}
        self._label = names[LABEL]

    @torch.no_grad()
    def score(self, picture: np.ndarray) -> float:
        """How surely a picture uint8 (H, W, 3) RGB shows nudity, 0 to 1."""
        side = (self._side, self._side)
        x = to_tensor(picture)  # [-1, 1] is what it was trained on: mean and deviation 0.5
        x = torch.nn.functional.interpolate(x, side, mode="bilinear", antialias=True)
        device = next(self._model.parameters()).device
        return float(self._model(x.to(device)).logits.softmax(-1)[0, self._label])


def load_filter(folder: Path, device: str = "cpu") -> NudityFilter:
    """The filter from a folder of config.json and model.safetensors.

    Raises:
        MissingWeightError: a file is missing, damaged, or another network's.
    """
    from safetensors import SafetensorError
    from transformers.models.vit.modeling_vit import ViTForImageClassification

    try:
        model, told = ViTForImageClassification.from_pretrained(
            folder, local_files_only=True, output_loading_info=True
        )
        if told["missing_keys"] or told["mismatched_keys"]:  # they would be random numbers
            raise ValueError("weights are missing")
        return NudityFilter(model.eval().to(device))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        message = f"The nudity filter in {folder} does not load: {error}."
        raise MissingWeightError(message, HINT) from error
