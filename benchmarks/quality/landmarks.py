"""Landmark error on real photographs against points marked by hand.

    python -m benchmarks.quality.landmarks [FOLDER] [--draw OUT]

FOLDER holds the photographs (default `../shared/photos`); `--draw` writes the pictures with boxes
and points. The error is the mean distance of the marked points, in percent of the distance between
the outer eye corners.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from benchmarks.commands import command_line
from benchmarks.places import ROOT
from pidiff_cli.core.faces.detect import Face, find_faces
from pidiff_cli.core.images import read_photo, save_png

MARKS = ROOT / "tests" / "data" / "photo_landmarks.json"


def marked() -> dict[str, dict[int, tuple[float, float]]]:
    """Photo -> iBUG index -> place."""
    raw = json.loads(MARKS.read_text(encoding="utf-8"))
    raw.pop("about")
    return {name: {int(k): tuple(v) for k, v in points.items()} for name, points in raw.items()}


def open_photo(name: str, folder: Path) -> np.ndarray | None:
    """uint8 (H, W, 3), or None where the photograph is not at hand."""
    if name == "astronaut":
        from skimage import data

        return np.asarray(data.astronaut())
    return read_photo(folder / name) if (folder / name).is_file() else None


def errors(face: Face, points: dict[int, tuple[float, float]]) -> dict[int, float]:
    """Index -> distance in percent of the distance between the outer eye corners."""
    unit = np.hypot(*np.subtract(points[45], points[36]))
    return {
        k: 100 * float(np.hypot(*(face.landmarks[k] - place)) / unit) for k, place in points.items()
    }


def draw(rgb: np.ndarray, faces: list[Face], path: Path) -> None:
    """The picture with every face's box and points."""
    import cv2

    out = rgb.copy()
    size = max(1, max(rgb.shape) // 500)
    for face in faces:
        x0, y0, x1, y1 = (int(v) for v in face.box)
        cv2.rectangle(out, (x0, y0), (x1, y1), (255, 255, 0), size)
        cv2.putText(out, f"{face.score:.2f}", (x0, y0 - 4), 0, 0.4 * size, (255, 255, 0), size)
        for x, y in face.landmarks:
            cv2.circle(out, (int(x), int(y)), size, (0, 255, 0), -1)
    save_png(path, out)


def main() -> None:
    """Print one line a photograph and the mean."""
    parser = command_line("benchmarks.quality.landmarks", __doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT.parent / "shared" / "photos")
    parser.add_argument("--draw", type=Path)
    args = parser.parse_args()
    means = []
    for name, points in marked().items():
        rgb = open_photo(name, args.folder)
        if rgb is None:
            continue
        faces = find_faces(rgb)
        if args.draw:
            args.draw.mkdir(parents=True, exist_ok=True)
            draw(rgb, faces, args.draw / (name.replace("/", "_").split(".")[0] + ".png"))
        if not faces:
            print(f"{name:18} no face found")
            continue
        found = [errors(face, points) for face in faces]
        best = min(found, key=lambda e: float(np.mean(list(e.values()))))
        means.append(float(np.mean(list(best.values()))))
        detail = " ".join(f"{k}:{v:.1f}" for k, v in best.items())
        print(f"{name:18} {len(faces)} faces, error {means[-1]:5.1f} %   {detail}")
    if means:
        print(f"mean of {len(means)} photographs: {np.mean(means):.1f} % of the eye distance")


if __name__ == "__main__":
    main()
