"""Where dlib finds faces and eyes in photographs: what the program's finds are measured against.

    python -m venv ../truth
    ../truth/bin/pip install dlib-bin face-recognition-models==0.3.0 pillow setuptools
    ../truth/bin/python benchmarks/quality/photoset/truth.py FOLDER TRUTH.json

To be run in an environment of its own, by file: it knows nothing of this project, which knows
nothing of dlib. For measuring only: the 68-point model is for research, never a dependency.
Faces are those of the frontal detector (histograms of gradients, with points) and what else the
convolutional one sees, which knows profiles and masks (no points).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

#: px, the longer side at which a detector looks: by gradients; by convolutions, which cost seconds,
#: beside a face that is found already, and alone.
SIDE, BESIDE, ALONE = 1600, 480, 800
MODELS = "face_recognition_models/models"


def main() -> None:
    """Write file name -> faces, each {"box": x0 y0 x1 y1, "eyes": two places or null}, in px."""
    import dlib

    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    models = next(Path(p) / MODELS for p in sys.path if (Path(p) / MODELS).is_dir())
    frontal = dlib.get_frontal_face_detector()
    any_face = dlib.cnn_face_detection_model_v1(str(models / "mmod_human_face_detector.dat"))
    shape = dlib.shape_predictor(str(models / "shape_predictor_68_face_landmarks.dat"))
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json":
            continue
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
        rgb = np.array((upright or image).convert("RGB"))
        small, factor = shrunk(rgb, SIDE)
        boxes = [scaled(box, factor) for box in frontal(small, 1 if factor == 1 else 0)]
        faces = [face(box, shape(rgb, box)) for box in boxes]
        small, factor = shrunk(rgb, BESIDE if faces else ALONE)
        seen = [face(scaled(match.rect, factor)) for match in any_face(small)]
        found[path.name] = faces + [s for s in seen if not any(near(s, f) for f in faces)]
        print(path.name, len(faces), len(found[path.name]), flush=True)
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def shrunk(rgb: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """The picture at most so long, and the original's pixels a pixel of it."""
    factor = max(1.0, max(rgb.shape[:2]) / side)
    size = (round(rgb.shape[1] / factor), round(rgb.shape[0] / factor))
    return np.array(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS)), factor


def scaled(rect: Any, factor: float) -> Any:
    """A rectangle of the shrunk picture in the original's pixels."""
    import dlib

    edges = (rect.left(), rect.top(), rect.right(), rect.bottom())
    return dlib.rectangle(*(round(edge * factor) for edge in edges))


def face(box: Any, points: Any = None) -> dict[str, Any]:
    """One face of the file."""
    eyes = None
    if points is not None:
        at = np.array([[p.x, p.y] for p in points.parts()], float)
        eyes = [at[36:42].mean(0).tolist(), at[42:48].mean(0).tolist()]
    return {"box": [box.left(), box.top(), box.right(), box.bottom()], "eyes": eyes}


def near(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two boxes are of one face: the middles lie within half of the larger one's side."""
    a, b = np.array(one["box"], float), np.array(other["box"], float)
    apart = np.abs((a[:2] + a[2:]) / 2 - (b[:2] + b[2:]) / 2).max()
    return bool(apart < 0.5 * max(a[2] - a[0], b[2] - b[0]))


if __name__ == "__main__":
    main()
