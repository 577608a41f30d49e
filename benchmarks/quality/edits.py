"""What each edit of mini does to drawn people: how much of the head changes, and which way.

    python -m benchmarks.quality.edits --people 1 --ways 1 --sheets .mini/edits
    python -m benchmarks.quality.edits --people 1,6 --listed  # what is offered, both ways

Validation people (of no table), tuned by the default recipe, each edit by itself at one strength
either way, and the looks that words in prompts become. Of each picture beside the one without the
edit: the mean absolute difference on the head and off it, as a share of the range; what the judge
reads of the edit's own factor, in standard deviations of people (with how well it reads it); and
how alike it stays. Writes docs/measurements/edits.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.commands import command_line
from benchmarks.drawings import to_tensor
from benchmarks.machine import machine
from benchmarks.places import MEASUREMENTS
from benchmarks.quality.default_seed import Studio
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import draw
from pidiff_cli.core.metrics.measures import off_face_change
from pidiff_cli.files import write_file
from pidiff_cli.stages.codes import edited
from pidiff_cli.weights.known import known_of

RESULTS = MEASUREMENTS / "edits.json"
PROMPT, NOUN, SEED = "a photo of a person", "person", 3
Edits = tuple[tuple[str, float], ...]


class Sitting:
    """One person's picture, and the same with edits."""

    def __init__(self, studio: Studio, place: int) -> None:
        self.studio, (self.loaded, self.settings) = studio, studio.person(place)
        self.plain = self.picture(())
        self.face = self.seen(self.plain)

    def picture(self, edits: Edits) -> np.ndarray:
        """(H, W, 3) uint8."""
        loaded = self.loaded
        code = loaded.code
        if edits and code is not None:
            code = edited(code, edits, loaded.parts)
        prompt = encode_prompt(loaded.base, PROMPT, NOUN)
        return draw(loaded.base, prompt, code, [SEED], self.settings).images[0]

    def seen(self, image: np.ndarray) -> Any:
        """The face in a picture, None where none is found."""
        return self.loaded.reader.detect(image) if self.loaded.reader else None

    def factors(self, face: Any) -> np.ndarray:
        """The judge's reading (79,) in standard deviations."""
        read = self.studio.judge.factors(to_tensor(face.aligned[None]))[0].numpy()
        return read / np.asarray(self.studio.judge._std)

    def row(self, edits: Edits, image: np.ndarray) -> dict[str, Any]:
        """What an edit did."""
        face, head = self.seen(image), np.asarray(self.face.head) > 0.5
        apart = np.abs(image.astype(float) - self.plain).mean(-1) / 255
        row: dict[str, Any] = {
            "head": round(float(apart[head].mean()), 4),
            "off_head": round(off_face_change(image, self.plain, [self.face.head]) or 0.0, 4),
            "alike": self.alike(face),
        }
        names = self.studio.judge.factor_names
        if face is not None and len(edits) == 1 and edits[0][0] in names:
            moved = self.factors(face) - self.factors(self.face)
            row["read"] = round(float(moved[names.index(edits[0][0])]), 2)
        return row

    def alike(self, face: Any) -> float | None:
        """The judge's cosine with the picture without the edit."""
        if face is None:
            return None
        one, other = (
            self.studio.judge.embed(to_tensor(f.aligned[None]))[0] for f in (face, self.face)
        )
        return round(float(one @ other), 3)


def wanted(args: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Edits]:
    """Every edit both ways, and the looks of prompts."""
    known = known_of("mini")
    if args.only:
        return {text: _edits(text) for text in args.only.split(",")}
    if args.listed and known:
        names = tuple(edit.name for edit in known.edits)
    ways = [1, -1][: args.ways]
    both = [(name, sign * args.strength) for sign in ways for name in names]
    single: dict[str, Edits] = {f"{name}={x:+g}": ((name, x),) for name, x in both}
    return single | {look.phrase: look.edits for look in (known.looks if known else ())}


def _edits(text: str) -> Edits:
    """``hair_r=2+hair_g=2`` as pairs."""
    pairs = (one.partition("=") for one in text.split("+"))
    return tuple((name, float(amount)) for name, _, amount in pairs)


def main() -> None:
    """Draw, look, save."""
    parser = command_line("benchmarks.quality.edits", __doc__)
    parser.add_argument("--people", default="1,6", help="places among the validation people")
    parser.add_argument("--strength", type=float, default=4.0)
    parser.add_argument("--ways", type=int, default=2, help="1: more of everything only")
    parser.add_argument("--listed", action="store_true", help="only edits that are offered")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--only", default="", help="age=4,hair_r=2+hair_g=2")
    parser.add_argument("--home", type=Path, default=Path(".mini/seeds/home").resolve())
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    places = [int(text) for text in args.people.split(",")]
    studio = Studio(args.home, args.steps, max(places) + 1)
    table: dict[str, Any] = {}
    if args.out.is_file():  # a run goes on where the last one stopped
        table = json.loads(args.out.read_text())["edits"]
    for place in places:
        sitting = Sitting(studio, place)
        pictures = [("", sitting.plain)]
        names = tuple(studio.judge.factor_names)
        for name, edits in wanted(args, names).items():
            who = str(studio.people[place])
            if who in table.get(name, {}).get("people", {}):
                continue
            image = sitting.picture(edits)
            pictures.append((name, image))
            if args.sheets:
                _sheet(args.sheets / f"{who}.png", pictures)
            entry = table.setdefault(name, {"edits": dict(edits), "people": {}})
            entry["people"][who] = sitting.row(edits, image)
            told = json.dumps({"edits": table, "on": machine()}, indent=1) + "\n"
            write_file(args.out, told.encode())


def _sheet(path: Path, pictures: list[tuple[str, np.ndarray]], columns: int = 12) -> None:
    side, title = 128, 14
    size = columns * side, -(-len(pictures) // columns) * (side + title)
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    for i, (name, image) in enumerate(pictures):
        x, y = i % columns * side, i // columns * (side + title)
        pen.text((x + 2, y + 1), name[:22], fill="black")
        sheet.paste(Image.fromarray(image), (x, y + title))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


if __name__ == "__main__":
    main()
