"""What a profile file is made of."""

from __future__ import annotations

import re

SUFFIX = ".pidiff"
INDEX, FORMAT, VERSION = "export.json", "pidiff profile", 1
PARTS = re.compile(
    r"profile\.json|identity\.safetensors"
    r"|(steps/[0-9]{1,6}/)?(adapter|lora)/adapter_(config\.json|model\.safetensors)"
    r"|photos/[\w-]+\.png|reports/[\w-]+\.(png|json|jsonl)",
    re.ASCII,
)
PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".joblib", ".npy", ".npz")
NOT_OURS = "A file that pidiff profile export wrote is never like that: do not trust it."
