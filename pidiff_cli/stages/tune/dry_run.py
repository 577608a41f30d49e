"""plan: what a tuning would take, told before anything is loaded (`tune --dry-run`)."""

from __future__ import annotations

from pidiff_cli.config import TuneConfig, check
from pidiff_cli.core.diffusion.base import pick_device
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import PlanResult
from pidiff_cli.stages.tune.plan import line, make_plan, rounded
from pidiff_cli.weights import locate


def run(config: TuneConfig, progress: Progress) -> PlanResult:
    """Say which plan `tune` would take on this machine now.

    Raises:
        MissingWeightError: the base is not on this machine.
        OutOfMemoryError: no plan fits; says what the smallest needs.
    """
    check(config)
    config = rounded(config, progress)
    parts = locate.base_parts(locate.choose_base(config.base, config.home), config.home)
    device, dtype, _ = pick_device(config.device, config.precision, parts.family)
    planned = make_plan(config, parts.family, device, dtype)
    progress.line(line(planned, config))
    return PlanResult(parts.name, config.recipe, config.size, config.batch, planned.document())
