"""The judge: measures pictures with two networks that nothing else ever trains against.

``clip`` is a small image-text model over the caption words of mini's world; ``embedder`` is a
second face embedder.  Both also name what they see: classes (role, scene, style, ...) and
the continuous factors of the drawn world.  The judge is for measuring only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from pidiff_cli.core.metrics.judge_nets import SIDE, CaptionReader, ImageTower
from pidiff_cli.core.tensors.packed import unpack
from pidiff_cli.errors import InputError, MissingWeightError
from pidiff_cli.reading.text import read_json, short

BATCH = 64
PAD, UNKNOWN = 0, 1  # word ids before the vocabulary's own


def caption_words(caption: str) -> list[str]:
    """The lower-case letter runs of a caption, in order."""
    return re.findall(r"[^\W\d_]+", caption.lower())


def encode_captions(captions: Sequence[str], words: Mapping[str, int], max_words: int) -> Tensor:
    """Word ids (T, max_words) int64, padded with 0; unknown words are 1.

    An empty caption becomes one unknown word, so that every row holds something.
    """
    ids = torch.full((len(captions), max_words), PAD, dtype=torch.long)
    for row, caption in enumerate(captions):
        found = [words.get(word, UNKNOWN) for word in caption_words(caption)] or [UNKNOWN]
        found = found[:max_words]
        ids[row, : len(found)] = torch.tensor(found)
    return ids


class Judge:
    """Scores pictures; made by :func:`load_judge`.

    Attributes:
        class_names: head name -> its class names (role, scene, style, expression, ...).
        factor_names: the names of the world's factors, in order.
        factor_r2: (79,) how well the judge reads each factor on held-out drawings (R squared).
        words: the caption words it knows.
    """

    def __init__(
        self,
        clip: ImageTower,
        reader: CaptionReader,
        embedder: ImageTower,
        settings: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._clip, self._reader, self._embedder = clip.eval(), reader.eval(), embedder.eval()
        self.words: list[str] = list(settings["clip"]["words"])
        self._ids = {word: index + 2 for index, word in enumerate(self.words)}
        self._max_words = int(settings["clip"]["max_words"])
        self.class_names: dict[str, list[str]] = dict(settings["clip"]["classes"])
        self.factor_names: list[str] = list(settings["embedder"]["factors"])
        self.factor_r2 = np.asarray(settings["embedder"]["factor_r2"], dtype=np.float32)
        self._mean = torch.tensor(settings["embedder"]["factor_mean"])
        self._std = torch.tensor(settings["embedder"]["factor_std"])

    @torch.inference_mode()
    def text_image(self, images: Sequence[np.ndarray] | np.ndarray, captions: list[str]) -> Tensor:
        """Cosine of every picture with every caption.

        Args:
            images: B pictures, uint8 (H, W, 3) each (or one NHWC array), any size.
            captions: T captions.

        Returns:
            (B, T) float32 in [-1, 1].
        """
        pictures = self._clip.embed(self.features(images))
        texts = self._reader(encode_captions(captions, self._ids, self._max_words))
        out: Tensor = pictures @ texts.T
        return out

    @torch.inference_mode()
    def features(self, images: Sequence[np.ndarray] | np.ndarray) -> Tensor:
        """(B, F) float32 trunk features of uint8 pictures, for diversity and Fréchet distance."""
        parts = [
            self._clip.features(picture_batch(images[start : start + BATCH]))
            for start in range(0, len(images), BATCH)
        ]
        return torch.cat(parts)

    @torch.inference_mode()
    def maps(self, images: Sequence[np.ndarray] | np.ndarray) -> list[Tensor]:
        """Feature maps (B, C, h, w) float32 after every stage of the trunk, finest first."""
        found: list[Tensor] = []
        x = picture_batch(images)
        for layer in self._clip.trunk.body:
            x = layer(x)
            if found and x.shape[-1] == found[-1].shape[-1]:
                found[-1] = x  # the stage is not over yet
            else:
                found.append(x)
        return [maps.float() for maps in found]

    @torch.inference_mode()
    def classes(self, images: Sequence[np.ndarray] | np.ndarray) -> dict[str, Tensor]:
        """Head name -> (B, C) probabilities over ``class_names[head]``."""
        features = self.features(images)
        return {name: self._clip.heads[name](features).softmax(-1) for name in self.class_names}

    @torch.inference_mode()
    def embed(self, aligned: Tensor) -> Tensor:
        """Identity embedding of aligned faces.

        Args:
            aligned: (B, 3, 128, 128) float32 in [-1, 1], FFHQ-aligned crops; the background
                may be anything.

        Returns:
            (B, E) float32 of unit length.
        """
        return torch.cat([self._embedder.embed(part) for part in self._face_features(aligned)])

    @torch.inference_mode()
    def factors(self, aligned: Tensor) -> Tensor:
        """The world's factors as read from aligned faces: (B, 79) float32, in their own units."""
        head = self._embedder.heads["factors"]
        scores = torch.cat([head(part) for part in self._face_features(aligned)])
        return scores * self._std + self._mean

    def _face_features(self, aligned: Tensor) -> list[Tensor]:
        if aligned.shape[-1] != SIDE:
            aligned = F.interpolate(aligned, size=(SIDE, SIDE), mode="area")
        return [self._embedder.features(part) for part in aligned.split(BATCH)]


def picture_batch(images: Sequence[np.ndarray] | np.ndarray) -> Tensor:
    """uint8 pictures (H, W, 3) of any size -> (B, 3, 128, 128) float32 in [-1, 1]."""
    rows = []
    for image in images:
        x = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float()
        if x.shape[-2:] != (SIDE, SIDE):
            x = F.interpolate(x, size=(SIDE, SIDE), mode="area")
        rows.append(x / 127.5 - 1.0)
    return torch.cat(rows)


def build_clip(settings: Mapping[str, Any]) -> tuple[ImageTower, CaptionReader]:
    """The image and the text network of ``clip.json``'s settings, weights not loaded."""
    heads = {name: len(names) for name, names in settings["classes"].items()}
    tower = ImageTower(settings["widths"], settings["depths"], settings["dim"], heads)
    reader = CaptionReader(
        len(settings["words"]) + 2,
        settings["dim"],
        settings["text_width"],
        settings["text_layers"],
        settings["max_words"],
    )
    return tower, reader


def build_embedder(settings: Mapping[str, Any]) -> ImageTower:
    """The face embedder of ``embedder.json``'s settings, weights not loaded."""
    heads = {"factors": len(settings["factors"]), **settings["extra_heads"]}
    return ImageTower(settings["widths"], settings["depths"], settings["dim"], heads, "places")


def _load(folder: Path, name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    path = folder / f"{name}.json"
    try:
        path.stat()
        state = load_file(folder / f"{name}.safetensors")
    except OSError as error:
        raise MissingWeightError(
            f"The judge's {name} network is not in {folder}.",
            "Train it with `pidiff pretrain mini`, or reinstall the package.",
        ) from error
    return read_json(path, dict[str, Any]), unpack(state)


def load_judge(folder: Path) -> Judge:
    """Open the judge (``clip.*`` and ``embedder.*``, json and safetensors) in ``folder``.

    Raises:
        MissingWeightError: a file is not there. InputError: its settings are damaged.
    """
    folder = Path(folder)
    clip_settings, clip_state = _load(folder, "clip")
    face_settings, face_state = _load(folder, "embedder")
    try:
        (tower, reader), embedder = build_clip(clip_settings), build_embedder(face_settings)
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"The settings in {folder} are of no judge: {short(str(error))}."
        ) from error
    tower.load_state_dict(_under(clip_state, "tower."))
    reader.load_state_dict(_under(clip_state, "reader."))
    embedder.load_state_dict(face_state)
    return Judge(tower, reader, embedder, {"clip": clip_settings, "embedder": face_settings})


def _under(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)
    }
