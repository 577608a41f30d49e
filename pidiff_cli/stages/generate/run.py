"""generate: pictures of a profile's person."""

from __future__ import annotations

from collections.abc import Iterable

from pidiff_cli.config import GenerateConfig
from pidiff_cli.profile import Profile
from pidiff_cli.stages.generate.best import none_kept
from pidiff_cli.stages.generate.calls import Calls
from pidiff_cli.stages.generate.drawing import draw_all
from pidiff_cli.stages.generate.loading import load
from pidiff_cli.stages.generate.safeguards import Safeguards
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import GenerateResult
from pidiff_cli.weights.locate import BaseParts


def run(
    profile: Profile,
    config: GenerateConfig,
    parts: BaseParts,
    progress: Progress,
    calls: Calls = Calls(),
    prompts: Iterable[str] | None = None,
) -> GenerateResult:
    """Draw every prompt ``count`` times and write the pictures.

    On a GPU a few pictures are drawn at once, of the configuration's prompts also across prompts.

    Args:
        prompts: instead of the configuration's; the next one is taken when the last one is drawn,
            so they may come from somebody who looks at the pictures first.

    Raises:
        InputError: no W+ code, the folder cannot be written, or no picture of any prompt is as
            alike as was asked for.
        MissingWeightError: no such weights here, or none to measure the likeness that was asked
            for.
        UsageError: a setting that cannot mean anything.
    """
    safeguards = Safeguards.of(config, parts, progress)
    loaded = load(profile, config, parts, progress)
    drawn = draw_all(loaded, config, safeguards, progress, calls, prompts)
    if not drawn.images:
        raise none_kept(config, [*drawn.fell])
    return drawn
