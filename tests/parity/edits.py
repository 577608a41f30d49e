"""GANSpace, InterfaceGAN and stored directions."""

from __future__ import annotations

from pathlib import Path
from string import ascii_lowercase

from pidiff_cli.core.wplus.editing import GanSpaceEdit, add_direction, ganspace_delta
from tests.parity import rule


def check(path: Path, folder: Path) -> tuple[float, float]:
    """Largest error of the edited codes."""
    v = rule.read(path)
    w, factor = v["in.w"], float(v["in.factor"])
    made = {
        "interfacegan.w": add_direction(w, v["in.interfacegan_dir"], factor),
        "interfacegan18.w": add_direction(w, v["in.interfacegan_dir18"], factor),
        "latentdirection_first8.w": add_direction(w, v["in.latent_dir"].double(), factor, (0, 8)),
    }
    for name, row in zip(ascii_lowercase, v["in.ganspace_cfg"].tolist(), strict=False):
        edit = GanSpaceEdit(*row)
        basis = v["in.pca_mean"], v["in.pca_comp"], v["in.pca_std"]
        made[f"ganspace_delta.att_{name}"] = ganspace_delta(w, *basis, edit)
    return max(rule.gaps(made, v).values()), *rule.tolerances(folder, "edits", 1e-5)
