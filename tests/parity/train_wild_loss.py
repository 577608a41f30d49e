"""The published stage-2 loss and its parts."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.core.training.losses import train_wild_loss
from tests.parity import rule


def check(path: Path, folder: Path) -> tuple[float, float]:
    """Largest absolute error over the loss, its parts and the region, and the tolerance."""
    data = rule.read(path)
    disentangle, preserve = data["in.lambda_disen_preserve"].tolist()
    out = train_wild_loss(
        data["in.noise_pred"], data["in.noise"], data["in.pred_augmented"],
        data["in.pred_scale0"], data["in.wild_masks_u8"].float() / 255, disentangle, preserve,
    )  # fmt: skip
    names = {
        "loss": "loss", "rec": "loss_rec", "disen": "loss_disen", "preserve": "loss_preserve",
    }  # fmt: skip
    made = {name: out[key].reshape(1) for key, name in names.items()}
    made["mask_region"] = out["region"]
    error = max(rule.gaps(made, data).values())
    return error, *rule.tolerances(folder, "train_wild_loss", 1e-5)
