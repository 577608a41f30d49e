"""One frozen dataclass a command: every setting with its help, unit and range.

The command line, the recipes, the record inside a picture and the tests read the same fields,
so a setting is described in one place. A configuration is checked when it is made, and reports
every fault at once.
"""

from __future__ import annotations

from pidiff_cli.config.drawing import (
    MARKS,
    RANDOM,
    SEED,
    DrawingConfig,
    GenerateConfig,
    StylemixConfig,
)
from pidiff_cli.config.learning import SIZE_UNIT, WPLUS, PretrainConfig, TuneConfig
from pidiff_cli.config.measuring import EvaluateConfig, JudgeConfig
from pidiff_cli.config.photos import CONSENTS, NOUNS, InvertConfig, PrepareConfig
from pidiff_cli.config.setting import DEVICES, CommonConfig, check_values, problems, setting

__all__ = [
    "CONSENTS", "DEVICES", "MARKS", "NOUNS", "RANDOM", "SEED", "SIZE_UNIT", "WPLUS", "CommonConfig",
    "DrawingConfig", "EvaluateConfig", "GenerateConfig", "InvertConfig", "JudgeConfig",
    "PrepareConfig", "PretrainConfig", "StylemixConfig", "TuneConfig", "check_values", "problems",
    "setting",
]  # fmt: skip
