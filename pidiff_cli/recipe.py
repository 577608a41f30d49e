"""Recipes: one YAML file a setting, checked whole before anything is computed.

A recipe has the keys `name`, `base`, `about`, and the sections `tune` and `generate`, whose keys
are fields of TuneConfig and GenerateConfig. Unknown keys are refused, all errors told at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pidiff_cli.config import CommonConfig, GenerateConfig, TuneConfig
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.files import expanded
from pidiff_cli.reading.bytes_of import Refused, read_bytes
from pidiff_cli.reading.text import YAML_BYTES, parse_yaml, short
from pidiff_cli.values import shown, value_problems
from pidiff_cli.weights.bases import BASES

_INSIDE = Path(__file__).parent / "recipes"  # in an installed wheel
_BESIDE = Path(__file__).parent.parent / "recipes"  # in a checkout
MOST = 30  # faults told
OF_A_CARD = 0.85  # of a card's memory: what a screen and CUDA itself leave free
_SECTIONS: dict[str, type[CommonConfig]] = {"tune": TuneConfig, "generate": GenerateConfig}
#: Keys of earlier recipes that are read over: what failed, and what is no recipe's to set.
DROPPED = frozenset(
    "warmup precision at_once lean self_attention skip_dropped tune_code min_snr off_face_weight"
    " locate_weight code_rate code_weight drop_text drop_identity drop_both patience text_loss"
    " report_prompts feedback likeness_weight likeness_share flips channels_last compile".split()
)
_NOT_IN_RECIPES = {
    *(item.name for item in fields(CommonConfig)),
    *(
        "name",
        "base",
        "recipe",
        "wplus",
        "resume",
        "restart",
        "retune",
        "noun",
        "prompts",
        "count",
        "seed",
        "out",
        "best",
        "min_likeness",
    ),
    *("edits", "style_from", "checkpoint"),
}


@dataclass(frozen=True)
class Recipe:
    """A checked recipe: the base it is for, and settings for `tune` and `generate`.

    ``dropped``: keys of its file that no longer exist and were left out.
    """

    name: str
    base: str
    about: str = ""
    tune: dict[str, Any] = field(default_factory=dict)
    generate: dict[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()


def recipes_folder() -> Path:
    """The folder of the shipped recipes."""
    return _INSIDE if _INSIDE.is_dir() else _BESIDE


def recipe_names() -> list[str]:
    """The names of the shipped recipes, sorted."""
    return sorted(path.stem for path in recipes_folder().glob("*.yaml"))


def load_recipe(name_or_path: str, base: str = "mini", free_gb: float | None = None) -> Recipe:
    """A shipped recipe by name, or one by the path of its YAML file.

    `auto` picks by `base`, and by the GPU's free memory where `free_gb` is given.

    Raises:
        UsageError: no such recipe.
        InputError: the file has faults; all of them are listed.
    """
    name = _automatic(base, free_gb) if name_or_path == "auto" else name_or_path
    if name in recipe_names():
        return parse_recipe(_read(recipes_folder() / f"{name}.yaml"), name)
    path = expanded(name)
    if path.suffix.lower() in (".yaml", ".yml"):
        if not path.exists():
            raise UsageError(f"There is no {path}.", "See the shipped ones: pidiff recipes list")
        return parse_recipe(_read(path), path.name)
    raise UsageError(f"There is no recipe {name!r}.", "See them all: pidiff recipes list")


def recipe_of(name: str, base: str) -> Recipe:
    """The shipped recipe a profile was tuned with; the base's own where that was a file, which a
    profile does not name.
    """
    return load_recipe(name if name in recipe_names() else "auto", base)


def parse_recipe(text: str, where: str) -> Recipe:
    """Check a recipe's text. Raises InputError that lists every fault."""
    try:
        data: Any = parse_yaml(text, object, where)
    except Refused as error:
        raise InputError(f"The recipe {where} cannot be read: {error.reason}.") from error
    if not isinstance(data, dict):
        raise InputError(f"The recipe {where} is no table of settings.")
    found = _faults(data)
    if found:
        more = [f"And {len(found) - MOST} more."] if len(found) > MOST else []
        raise InputError(f"The recipe {where} has faults: " + " ".join([*found[:MOST], *more]))
    tune = data.get("tune") or {}
    dropped = tuple(key for key in tune if key in DROPPED)
    kept = {key: value for key, value in tune.items() if key not in DROPPED}
    sections = {"tune": kept, "generate": data.get("generate") or {}}
    return Recipe(**{**data, "about": data.get("about") or "", **sections, "dropped": dropped})


def settings_for(recipe: Recipe, section: str, **given: Any) -> dict[str, Any]:
    """The recipe's settings of a section under the ones a person gave (None is not given)."""
    chosen = dict(getattr(recipe, section))
    chosen.update({key: value for key, value in given.items() if value is not None})
    return chosen


def _faults(data: dict[Any, Any]) -> list[str]:
    found = [f"{short(str(key), 60)} is no recipe key." for key in data if key not in _top_keys()]
    for key in ("name", "base"):
        if not isinstance(data.get(key), str):
            found.append(f"{key} is missing.")
    for key, most in (("name", 64), ("about", 2000)):
        value = data.get(key) or ""
        if not isinstance(value, str) or len(value) > most:
            found.append(f"{key} is {shown(value)}; text of at most {most} characters is expected.")
    if isinstance(data.get("base"), str) and data["base"] not in BASES:
        found.append(f"base is {shown(data['base'])}; known: {', '.join(BASES)}.")
    for section, config in _SECTIONS.items():
        found += _section_faults(section, config, data.get(section) or {})
    return found


def _section_faults(section: str, config: type[CommonConfig], values: Any) -> list[str]:
    if not isinstance(values, dict):
        return [f"{section} is no table of settings."]
    known = {item.name: item for item in fields(config) if item.name not in _NOT_IN_RECIPES}
    found = []
    for key, value in values.items():
        if section == "tune" and isinstance(key, str) and key in DROPPED:
            continue
        if key not in known:
            found.append(f"{section}.{short(str(key), 60)} is unknown.")
        elif not _same_kind(value, known[key].default):
            found.append(
                f"{section}.{key} is {shown(value)}; {_kind(known[key].default)} is expected."
            )
        else:
            checked = value_problems(key, value, {**known[key].metadata, "option": key})
            found += [f"{section}.{text}" for text in checked]
    return found


def _same_kind(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, float):
        return isinstance(value, (int, float))
    return isinstance(value, type(default))


def _kind(default: Any) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
    return names.get(type(default), type(default).__name__)


def _top_keys() -> set[str]:
    return {item.name for item in fields(Recipe)} - {"dropped"}


def _automatic(base: str, free_gb: float | None) -> str:
    """`mini-cpu`, or of `base-4gb`, `base-8gb`, … the largest that the free memory holds."""
    if base == "mini":
        return "mini-cpu"
    sizes = {}
    for name in recipe_names():
        if found := re.fullmatch(rf"{re.escape(base)}-(\d+)gb", name):
            sizes[int(found[1])] = name
    if not sizes:
        raise UsageError(f"No recipe for the base {base} is in this version yet.")
    if free_gb is None:
        return sizes[max(sizes)]
    fitting = [size for size in sizes if size * OF_A_CARD <= free_gb]
    return sizes[max(fitting, default=min(sizes))]


def _read(path: Path) -> str:
    try:
        return read_bytes(path, YAML_BYTES).decode("utf-8")
    except Refused as error:
        raise InputError(f"The recipe {path} cannot be read: {error.reason}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"The recipe {path} cannot be read.") from error
