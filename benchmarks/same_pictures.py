"""Whether two versions of the sampler draw the same pictures.

    python benchmarks/same_pictures.py NAME --home HOME --write before.npz   # at one commit
    python benchmarks/same_pictures.py NAME --home HOME --against before.npz # at another

NAME is a tuned profile of mini. It is drawn tuned and by the general branch alone, with and without
`hold`, at guidance 1 and 3, one picture and four at a time; without the localisation map, with a
late start, and at identity scale 0. Told are the largest difference of a channel (of 255) and the
PSNR of the whole, and of its worst picture.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from pidiff_cli.core.diffusion.base import load_base  # noqa: E402
from pidiff_cli.core.diffusion.prompts import encode_prompt  # noqa: E402
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw  # noqa: E402
from pidiff_cli.core.identity.adapter import load_adapter  # noqa: E402
from pidiff_cli.profile import Profile  # noqa: E402

WEIGHTS = ROOT / "pidiff_cli" / "mini" / "weights"


def cases() -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Name, count of pictures, and what is changed of the settings."""
    for hold in (0.0, 0.25):
        for guidance in (1.0, 3.0):
            for count in (1, 4):
                yield (
                    f"hold {hold}, guidance {guidance}, {count} at a time", count,
                    {"hold": hold, "guidance": guidance, "chunk": count},
                )  # fmt: skip
    for changes in ({"use_map": False}, {"start": 0.25}, {"identity_scale": 0.0}):
        yield " ".join(f"{key} {value}" for key, value in changes.items()), 1, changes


def drawn(name: str, home: Path) -> dict[str, np.ndarray]:
    """Every case's pictures (B, H, W, 3) u8, untuned and tuned."""
    profile = Profile.open(name, home)
    code = torch.from_numpy(np.array(profile.load_identity().mean)).float()
    base = load_base(WEIGHTS)
    prompt = encode_prompt(base, "a photo of a person as an astronaut", "person")
    plain: dict[str, Any] = {"steps": 20, "guidance": 3.0, "size": 128}
    made = {}
    for kind in ("untuned", "tuned"):
        if kind == "tuned":
            load_adapter(base.unet, profile.folder / "adapter")
            base.unet.requires_grad_(False)
        for case, count, changes in cases():
            settings = DrawSettings(**{**plain, **changes})
            made[f"{kind}, {case}"] = draw(base, prompt, code, list(range(count)), settings).images
    return made


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """In dB; infinite where they are equal."""
    error = float(((one.astype(float) - other) ** 2).mean())
    return float("inf") if error == 0 else 10 * float(np.log10(255**2 / error))


def print_table(here: dict[str, np.ndarray], there: Any) -> None:
    """Differences as Markdown."""
    print("| pictures | largest difference | PSNR, dB | worst picture |\n|---|---|---|---|")
    for case, images in here.items():
        other = there[case]
        largest = int(np.abs(images.astype(int) - other).max())
        worst = min(psnr(*pair) for pair in zip(images, other, strict=True))
        print(f"| {case} | {largest} | {psnr(images, other):.1f} | {worst:.1f} |")


def main() -> None:
    """Draw; keep or compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("name")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--against", type=Path)
    args = parser.parse_args()
    made = drawn(args.name, args.home)
    if args.write:
        np.savez(args.write, **made)  # type: ignore[arg-type]
    if args.against:
        with np.load(args.against) as there:
            print_table(made, there)


if __name__ == "__main__":
    main()
