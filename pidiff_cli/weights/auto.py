"""`--base auto`: the best base that this machine can draw with now, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pidiff_cli.weights import locate, records
from pidiff_cli.weights.bases import BASES, base_spec
from pidiff_cli.weights.table import weights_of


@dataclass(frozen=True)
class Choice:
    """The base taken, the sentence that says so, and what else could be done."""

    name: str
    why: str
    advice: str = ""


def choose_base(home: Path, gpu_mb: float | None) -> Choice:
    """The base for a machine.

    SD 1.5 goes before SDXL, which has no published identity branch, unless one trained here
    lies beside SDXL's weights.

    Args:
        gpu_mb: free memory of the CUDA GPU, decimal MB; None where there is none.
    """
    mini = f"mini, {base_spec('mini').title}"
    if gpu_mb is None:
        return Choice(
            "mini", f"Without a CUDA GPU: using {mini}.", "For photographs: pidiff doctor"
        )
    free = f"{gpu_mb / 1000:.1f} GB free"
    room = [name for name in ("sd15", "sdxl") if gpu_mb >= BASES[name].needs_mb]
    if not room:
        return Choice(
            "mini",
            f"The GPU has {free}, sd15 needs {BASES['sd15'].needs_mb / 1000:.1f}: using {mini}.",
        )
    ready = [name for name in room if locate.is_ready(name, home)]
    if "sdxl" in ready and locate.base_parts("sdxl", home).identity is not None:
        ready = ["sdxl"]
    if ready:
        name = ready[0]
        return Choice(
            name, f"Using {name}, {base_spec(name).title}: it is here and the GPU has {free}."
        )
    return Choice(
        "mini",
        f"Using {mini}. The GPU ({free}) has room for sd15, its weights are not here.",
        f"Fetch them once ({gigabytes('sd15', home)}): pidiff models pull sd15",
    )


def gigabytes(word: str, home: Path) -> str:
    """What `models pull WORD` would still fetch, as "3.7 GB"."""
    left = sum(w.mb for w in weights_of(word) if not records.is_here(w, home))
    return f"{left / 1000:.1f} GB"
