"""The W+ code that a prompt is drawn with."""

from __future__ import annotations

import torch
from torch import Tensor

from pidiff_cli.config import GenerateConfig
from pidiff_cli.stages.checks import check_has_code
from pidiff_cli.stages.codes import edited, mixed_from
from pidiff_cli.stages.person import LoadedPerson
from pidiff_cli.stages.reading import Edits


def own_code(config: GenerateConfig, loaded: LoadedPerson) -> Tensor | None:
    """The person's W+ code (L, D) with the wished layers of others; None without a branch."""
    code = loaded.code
    if code is None:
        if config.edits or config.style_from:
            check_has_code(loaded.profile)
        return None
    if config.style_from:
        code = mixed_from(code, config.style_from, config.home)
    return edited(code, config.edits, loaded.parts) if config.edits else code


def code_with(
    code: Tensor | None, words: Edits, config: GenerateConfig, loaded: LoadedPerson
) -> Tensor | None:
    """A code with what a prompt's words ask for; an edit that was given comes before them."""
    if code is None:
        return None
    more = more_edits(words, config)
    code = edited(code, more, loaded.parts) if more else code
    return code.to(torch.float32)


def more_edits(words: Edits, config: GenerateConfig) -> Edits:
    """The edits that words become, without those that were given."""
    given = {name for name, _ in config.edits}
    return tuple(edit for edit in words if edit[0] not in given)
