"""What this machine can do."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.stages.results import DoctorResult


def doctor(home: Path) -> DoctorResult:
    """What this machine can do; changes nothing, needs no weights and no network."""
    from pidiff_cli.stages import doctor as stage
    from pidiff_cli.stages.tune.told import fits

    return stage.run(home, fits(home))
