"""The published stage-2 loss and its parts."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file

from pidiff_cli.core.identity.losses import train_wild_loss


def check(path: Path, folder: Path) -> tuple[float, float]:
    """Largest absolute error over the loss, its parts and the region, and the tolerance."""
    data = load_file(path)
    disentangle, preserve = data["in.lambda_disen_preserve"].tolist()
    out = train_wild_loss(
        data["in.noise_pred"], data["in.noise"], data["in.pred_augmented"],
        data["in.pred_scale0"], data["in.wild_masks_u8"].float() / 255, disentangle, preserve,
    )  # fmt: skip
    wanted = {
        "loss": "out.loss", "rec": "out.loss_rec", "disen": "out.loss_disen",
        "preserve": "out.loss_preserve", "region": "out.mask_region",
    }  # fmt: skip
    return max((out[k] - data[v]).abs().max().item() for k, v in wanted.items()), 1e-5
