"""What pictures of real photographs take over: colours in CIELAB, and what the judge sees.

    python -m benchmarks.quality.photographs [FOLDER] [--tune] [--sheet OUT.png] [--drawn 18]

FOLDER holds the photographs (default ``../shared/photos``, one folder a person); the astronaut of
scikit-image is always there. Every person goes through prepare, invert, (tune with ``--tune``) and
generate. Printed are the CIELAB distances of skin and crown colour between the photos and (1) the
codes drawn again, (2) the generated pictures; the share of generated pictures in which the judge
finds what was marked by hand (MARKS); and of the codes drawn again those that smile, look to the
side and are old as marked (EACH, a mark a photo). ``--drawn`` tells how far off the codes of that
many held-out drawn people are, without any matching: what ``wplus.colours.FAR`` is chosen by.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import commands
from benchmarks.drawings import draw_set, identities, to_tensor
from benchmarks.machine import machine
from benchmarks.places import MEASUREMENTS, ROOT, WEIGHTS
from benchmarks.quality.networks import encode, redraw
from pidiff_cli.core.faces.reader import FaceReader
from pidiff_cli.core.images import read_photo, save_png
from pidiff_cli.core.metrics.judge import load_judge
from pidiff_cli.core.wplus.colours import Colours, colours_of
from pidiff_cli.profile import Profile

pidiff = partial(commands.pidiff, threads=1)  # more threads than free cores spin
RESULTS = MEASUREMENTS / "photographs.json"
PROMPTS = ("smiling", "in the snow", "in a garden", "as a doctor", "in a business suit",
           "in the forest")  # fmt: skip
SEEDS = (900, 901)
#: By hand, from looking at the photographs: hair, beard, glasses.
MARKS: dict[str, dict[str, str]] = {
    "person_a": {"noun": "man", "hair": "short black hair", "beard": "", "glasses": ""},
    "person_b": {"noun": "man", "hair": "short white hair", "beard": "", "glasses": ""},
    "astronaut": {"noun": "woman", "hair": "short blond hair", "beard": "", "glasses": ""},
}
#: By hand, photo by photo: does it smile, where is the head turned to, and is the person old.
EACH: dict[str, dict[str, tuple[Any, ...]]] = {
    "person_a": {"smile": (True, False, False), "turn": ("front", "right", "left"),
                 "old": (False, False, False)},
    "person_b": {"smile": (True, True), "turn": ("front", "left"), "old": (True, True)},
    "astronaut": {"smile": (True,), "turn": ("front",), "old": (False,)},
}  # fmt: skip
TURNED, SMILES, SPEAKS, OLD = 0.12, 0.05, 0.35, 0.3  # read, from these on
#: What the judge chooses from: the marked words first, then what they may be taken for.
OTHERS = {
    "hair": ("short black hair", "short white hair", "short blond hair", "short brown hair",
             "short red hair", "long black hair", "long white hair", "long blond hair",
             "long brown hair", "long red hair", "a bald head"),
    "beard": ("", "and a long beard", "and a moustache"),
    "glasses": ("", "wearing glasses", "wearing sunglasses"),
}  # fmt: skip


def photos_of(name: str, folder: Path, home: Path) -> Path | None:
    """The folder of one person's photographs; None where it is not at hand."""
    if name == "astronaut":
        from skimage import data

        (home / "astronaut").mkdir(parents=True, exist_ok=True)
        save_png(home / "astronaut" / "astronaut.png", np.asarray(data.astronaut()))
        return home / "astronaut"
    return folder / name if (folder / name).is_dir() else None


def distances(ones: list[Colours], other: Colours) -> dict[str, float]:
    """Median CIELAB distances of skin and hair from several faces to one."""
    gaps = {
        part: [np.linalg.norm(getattr(one, part) - getattr(other, part)) for one in ones]
        for part in ("skin", "hair")
    }
    return {part: round(float(np.nanmedian(found)), 1) for part, found in gaps.items()}


def mean_colours(faces: np.ndarray) -> Colours:
    """Of several aligned faces on white, u8 (P, S, S, 3): the mean of what is seen."""
    found = [colours_of(face) for face in to_tensor(faces)]
    return Colours(*(np.nanmean([getattr(c, p) for c in found], axis=0) for p in ("skin", "hair")))


def seen_in(picture: np.ndarray, reader: Any) -> Colours | None:
    """Colours of the face in a generated picture; None where no face is found."""
    face = reader.detect(picture)
    if face is None:
        return None
    head = reader.mask(face.aligned)[..., None]
    white = np.rint(face.aligned * head + 255 * (1 - head)).astype(np.uint8)
    return colours_of(to_tensor(white[None])[0])


def agreement(judge: Any, pictures: list[np.ndarray], marks: dict[str, str]) -> dict[str, float]:
    """Share of the pictures in which the judge prefers the marked words, by attribute."""
    shares = {}
    for what, options in OTHERS.items():
        begin = "a photo of a {noun}".format(**marks)
        joint = {"hair": " with ", "beard": f" with {marks['hair']} ", "glasses": ", "}[what]
        captions = [(begin + joint + option).rstrip(" ,") for option in options]
        best = judge.text_image(pictures, captions).argmax(1).tolist()
        shares[what] = round(float(np.mean([options[b] == marks[what] for b in best])), 2)
    return shares


def face_of(aligned: np.ndarray, tools: tuple[Any, Any]) -> dict[str, Any] | None:
    """Smile, turn and age of one aligned face u8 (S, S, 3); None where none is found.

    Turn: the nose tip off the middle between the jaw's ends, in half of their distance. A smile:
    mouth corners above the middle of the lips, in mouth widths, by SMILES and the mouth not wide
    open. Old: by the judge's reading of the world's age, which it knows with an R squared of 0.39.
    """
    judge, reader = tools
    seen = reader.detect(aligned)
    if seen is None:
        return None
    at = seen.landmarks
    turn = (at[30, 0] - at[[0, 16], 0].mean()) / (np.ptp(at[[0, 16], 0]) / 2)
    width = np.hypot(*(at[54] - at[48]))
    lift, gap = (at[[62, 66], 1].mean() - at[[48, 54], 1].mean()) / width, at[66, 1] - at[62, 1]
    age = judge.factors(to_tensor(aligned[None]))[0, judge.factor_names.index("age")]
    side = "right" if turn > TURNED else "left" if turn < -TURNED else "front"
    return {"turn": side, "smile": bool(lift >= SMILES and gap / width < SPEAKS),
            "old": bool(age >= OLD), "turned": round(float(turn), 2)}  # fmt: skip


def taken_over(
    name: str, photos: np.ndarray, again: np.ndarray, tools: tuple[Any, Any]
) -> dict[str, Any]:
    """How many of the codes drawn again (P, S, S, 3) are as each photo was marked, of how many;
    and by how much the turns of photo and drawing differ, the mean."""
    seen = [face_of(face, tools) for face in again]
    told: dict[str, Any] = {
        what: [sum(bool(s and s[what] == m) for s, m in zip(seen, marks, strict=True)), len(marks)]
        for what, marks in EACH[name].items()
    }
    pairs = [(face_of(photo, tools), s) for photo, s in zip(photos, seen, strict=True)]
    gaps = [abs(a["turned"] - b["turned"]) for a, b in pairs if a and b]
    return told | {"turn_gap": round(float(np.mean(gaps)), 3) if gaps else None}


def measure(name: str, photos: Path, home: Path, tune: bool, tools: tuple[Any, Any]) -> Any:
    """The row of one person, and a strip of pictures (H, W, 3)."""
    judge, reader = tools
    marks, out = MARKS[name], home / "pictures" / name
    pidiff("prepare", str(photos), "--name", name, "--noun", marks["noun"], "--force", home=home)
    pidiff("invert", name, home=home)
    if tune:
        pidiff("tune", name, "--restart", "--steps", "150", home=home)  # by itself it learns none
    done = pidiff("--json", "generate", name, "-", "-n", str(len(SEEDS)), "--seed", str(SEEDS[0]),
                  "--out", str(out), home=home, stdin="\n".join(PROMPTS) + "\n")  # fmt: skip
    pictures = [read_photo(i["path"]) for line in done.document() for i in line["images"]]
    strip = read_photo(home / "profiles" / name / "reports" / "inversion.png")
    side = strip.shape[0] // 2
    top, bottom = (np.stack(np.split(row, strip.shape[1] // side, 1)) for row in np.split(strip, 2))
    target = mean_colours(top[:-1])  # the last place of the upper row is empty
    found = [c for c in (seen_in(p, reader) for p in pictures) if c is not None]
    row = {
        "photos": len(Profile.open(name, home).photos),
        "code": distances([colours_of(to_tensor(bottom[-1:])[0])], target),
        "pictures": distances(found, target) if found else None,
        "faces": f"{len(found)} of {len(pictures)}",
        "agreement": agreement(judge, pictures, marks),
        "again": taken_over(name, top[:-1], bottom[:-1], tools),
        "likeness": [i["likeness"] for line in done.document() for i in line["images"]],
    }
    return row, np.concatenate([top[0], bottom[-1], *pictures], axis=1)


def drawn_people(count: int) -> list[float]:
    """For each of ``count`` held-out drawn people, how far the codes' colours are off."""
    people = identities(count, first=300)
    drawn = draw_set("colours", people, 4, style="photo", headgear=False)
    again = redraw(WEIGHTS, encode(WEIGHTS, drawn.white))
    pairs = zip(to_tensor(drawn.white), again, strict=True)
    off = np.array([colours_of(a).distance(colours_of(b)) for a, b in pairs])
    return sorted(np.round(off.reshape(count, 4).mean(1), 1).tolist())


def main() -> None:
    """Print a line a person; write the JSON and, if asked, the sheet."""
    parser = commands.command_line("benchmarks.quality.photographs", __doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT.parent / "shared" / "photos")
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--home", type=Path, default=Path(".mini/photographs").resolve())
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--drawn", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()

    torch.manual_seed(0)
    tools = load_judge(WEIGHTS / "judge"), FaceReader.open(WEIGHTS / "faces")
    people, strips = {}, []
    for name in MARKS:
        if photos := photos_of(name, args.folder, args.home):
            people[name], strip = measure(name, photos, args.home, args.tune, tools)
            strips.append(strip)
            print(name, people[name], flush=True)
    results = json.loads(args.out.read_text()) if args.out.is_file() else {}
    results["tuned" if args.tune else "untuned"] = {"people": people, "on": machine()}
    if args.drawn:
        results["drawn"] = {"off": drawn_people(args.drawn), "on": machine()}
        print("drawn people:", results["drawn"]["off"])
    args.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if args.sheet:
        width = max(strip.shape[1] for strip in strips)
        save_png(args.sheet, np.concatenate(
            [np.pad(s, ((0, 0), (0, width - s.shape[1]), (0, 0))) for s in strips]))  # fmt: skip


if __name__ == "__main__":
    main()
