"""Under which heading of `--help` an option stands. A test looks that none is forgotten."""

from __future__ import annotations

LAST = "Also"  # heading of --help itself, and of what is named nowhere
_NEW = {
    "Whom": ("--name", "--noun", "--person", "--like", "--consent"),
    "Photos": ("--min-face", "--min-sharpness", "--hold-out", "--no-photos", "--show"),
    "A profile that is there": ("--force",),
}
_WHERE = ("--out", "--gallery")
_SAFE = {"Marks and checks": ("--no-mark", "--no-filter")}

#: By the command's words: heading → options, in this order.
HEADINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "": {
        "Where": ("--home", "--device", "--offline"),
        "What is printed": ("--json", "--quiet", "--verbose", "--version"),
        "Completion": ("--install-completion", "--show-completion"),
    },
    "prepare": _NEW,
    "invert": {"How": ("--refine", "--seed", "--base")},
    "tune": {
        "Whom": ("--name", "--noun", "--person", "--like", "--consent", "--no-photos"),
        "On what": ("--base", "--recipe", "--wplus", "--memory", "--dry-run"),
        "How long": ("--steps", "--preview-every", "--resume"),
        "What stays of it": ("--keep-checkpoints",),
        "What is there already": ("--restart", "--retune", "--force"),
        "How it learns (left out: as the recipe says)": (
            "--batch", "--rank", "--lora-rank", "--learning-rate", "--optimizer", "--seed",
        ),
    },
    "tune-many": {
        "Whom": ("--retry", "--noun", "--consent", "--no-photos"),
        "How many at a time": ("--workers", "--memory"),
        "On many machines": ("--engine", "--address", "--store"),
        "On what": ("--base", "--recipe", "--wplus"),
        "How long": ("--steps", "--preview-every"),
        "What stays of it": ("--keep-checkpoints",),
        "How it learns (left out: as the recipe says)": (
            "--batch", "--rank", "--lora-rank", "--learning-rate", "--optimizer", "--seed",
        ),
    },
    "generate": {
        "How many, and which": ("--csv", "--count", "--seed", "--best", "--min-likeness"),
        "The person": ("--noun", "--identity-scale", "--checkpoint", "--edit", "--style-from"),
        "The picture": ("--size", "--steps", "--negative", "--literal"),
        "How it is drawn (left out: as the recipe says)": (
            "--guidance", "--prompt-pull", "--start", "--keep-background", "--scheduler",
        ),
        "Where": _WHERE,
        **_SAFE,
    },
    "stylemix": {
        "How much of B": ("--coarse", "--medium", "--fine", "--between"),
        "Pictures of the mix": ("--prompt", "--count", "--seed", "--identity-scale"),
        "Where": ("--out", "--name", "--force"),
        **_SAFE,
    },
    "evaluate": {
        "A profile": ("--prompt", "--count", "--seed", "--identity-scale", "--steps"),
        "Pictures that are there": ("--pictures", "--photos", "--held-out", "--by-step"),
        "What comes of it": ("--compare", "--gate", "--out"),
    },
    "again": {"What is other": ("--set", "--profile"), "Where": ("--out",), **_SAFE},
    "gallery": {"Which": ("--in", "--likeness"), "Where": ("--out",)},
    "profile export": {
        "What": ("--format", "--no-photos", "--with-checkpoints", "--checkpoint", "--title"),
        "Where": ("--out", "--force"),
        "Encrypted": ("--encrypt", "--passphrase-file", "--recipient"),
    },
    "profile import": {
        "As what": ("--name", "--noun", "--consent", "--force"),
        "A LoRA of another program": ("--photos", "--base"),
        "An encrypted file": ("--passphrase-file", "--identity"),
    },
    "profile forget": {"What": ("--all", "--pictures", "--keep-pictures", "--yes")},
    "profile lock": {"By what": ("--passphrase-file", "--recipient")},
    "profile unlock": {"By what": ("--passphrase-file", "--identity")},
    "profile rename": {"What": ("--new-id",)},
    "profile delete": {"What": ("--yes",)},
    "profile use-checkpoint": {"What": ("--only",)},
    "models list": {"Which": ("--all",)},
    "models pull": {
        "What": ("--with", "--again"),
        "From where": ("--from", "--sha256"),
        "Licences": ("--accept-license",),
    },
    "demo": {"How": ("--steps", "--no-mark"), "Where": ("--out",)},
    "ui": {"The address": ("--port", "--no-browser"), "Where": ("--out",)},
    "pretrain": {
        "What": ("--base", "--data", "--out"),
        "How": (
            "--steps", "--batch", "--size", "--buckets", "--learning-rate", "--checkpoint-every",
            "--seed", "--restart",
        ),
    },
}  # fmt: skip
