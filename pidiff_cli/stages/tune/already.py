"""A profile that is tuned already: what another `tune` may change, and what it has to ask for."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from pidiff_cli.config import TuneConfig
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile, kept_steps
from pidiff_cli.recipe import Recipe
from pidiff_cli.stages.tune.as_it_is import learns
from pidiff_cli.weights.locate import BaseParts

#: Fields of a configuration that say nothing of what is learnt.
HIDDEN = frozenset(("home", "device", "offline", "name", "resume", "restart", "retune"))
#: Fields that change neither what is learnt nor how: how it is computed, and how far.
FREE = frozenset(
    ("recipe", "base", "wplus", "steps", "always", "memory", "checkpointing", "quantise",
     "checkpoint_every", "preview_every", "keep_checkpoints")
)  # fmt: skip


def by_hand(config: TuneConfig, recipe: Recipe) -> dict[str, Any]:
    """The settings that are neither the recipe's nor a default: the profile remembers them."""
    usual = {item.name: item.default for item in fields(TuneConfig)} | dict(recipe.tune)
    values = {k: v for k, v in asdict(config).items() if k not in HIDDEN}
    free = {"recipe", "base", "wplus", "memory"}
    return {k: v for k, v in values.items() if k not in free and v != usual[k]}


def remembered(
    profile: Profile | None, base: str, recipe: str, given: dict[str, Any]
) -> dict[str, Any]:
    """The settings by hand of the profile's last tuning on this base and recipe, under those given
    now; none where it begins again."""
    if profile is None or given.get("restart") or given.get("retune"):
        return given
    state = profile.stage_state("tune")
    same = state.get("base", base) == base and state.get("recipe", recipe) == recipe
    before = dict(state.get("by_hand", {})) if same else {}
    return {**before, **{key: value for key, value in given.items() if value is not None}}


def check_kept(
    profile: Profile, config: TuneConfig, parts: BaseParts, given: dict[str, Any]
) -> str:
    """What keeps a finished tuning as it is, in words; "" where nothing does.

    Photos that came later and settings of a newer recipe are told, a setting given by hand is
    refused: a finished adapter is replaced only by ``restart`` or ``retune``.

    Args:
        given: the settings that were given by hand now.

    Raises:
        InputError: other settings were given, or more steps of what has changed since.
    """
    state = profile.stage_state("tune")
    if config.restart or config.retune or not config.resume:
        return ""
    if not (is_done(state) and profile.parts and state.get("base") == parts.name):
        return ""
    before = profile.manifest.recipe
    changed = {
        key: f"{key.replace('_', '-')} {before[key]} → {value}"
        for key, value in asdict(config).items()
        if key in before and key not in HIDDEN | FREE and before[key] != value
    }
    asked = [words for key, words in changed.items() if given.get(key) is not None]
    again = f"Learn it anew: pidiff tune {profile.name} --retune"
    if asked:
        raise InputError(
            f"{profile.name} is tuned already, with other settings ({', '.join(asked)}).",
            f"{again}, with the same settings. Until it is done the old one draws.",
        )
    since = _since(profile, state, changed)
    trains = state["result"]["steps"] or learns(profile, config, parts)
    if since and trains and config.steps > max(state["result"]["steps"], state.get("planned", 0)):
        raise InputError(f"{profile.name} cannot go on: {since}.", again)
    return f"{profile.name} stays as it is tuned: {since}. {again}" if since else ""


def is_stale(profile: Profile, config: TuneConfig, state: dict[str, Any], digest: str) -> bool:
    """Whether a finished tuning is of what a new one would not be of: another version's settings,
    other weights of the base, codes that were read anew. It stays until it is to be replaced.

    Args:
        state: what the tuning noted. digest: of the tuning that is asked for.
    """
    if config.restart or config.retune or not config.resume:
        return False
    return bool(is_done(state) and profile.parts and state.get("digest") != digest)


def is_done(state: dict[str, Any]) -> bool:
    """Whether what `tune` noted is of a finished tuning, with its result."""
    return bool(state.get("done") and state.get("result"))


def lacks_steps(
    profile: Profile, config: TuneConfig, recipe: Recipe, state: dict[str, Any]
) -> bool:
    """Whether a finished tuning keeps fewer steps than are asked for, and learning anew may keep
    more: none is kept, or it was asked for fewer, or looked at others."""
    others = max(len(kept_steps(profile)) - 1, 0)
    before, now = state.get("by_hand", {}), by_hand(config, recipe)
    asked = any(before.get(key) != now.get(key) for key in ("keep_checkpoints", "preview_every"))
    return others < config.keep_checkpoints and (asked or not others)


def stale_told(name: str) -> str:
    """What is said of it."""
    return (
        f"{name} stays as it is tuned; the program, the base or its codes have changed since. "
        f"Learn it anew: pidiff tune {name} --retune"
    )


def _since(profile: Profile, state: dict[str, Any], changed: dict[str, str]) -> str:
    """What is new since the tuning: photos, or the recipe's settings."""
    learnt = state.get("photos")
    new = [p for p in profile.photos if learnt is not None and p.key not in learnt]
    if new:
        return f"{len(new)} new photo{'s are' if len(new) > 1 else ' is'} not learnt yet"
    return f"settings have changed since ({', '.join(changed.values())})" if changed else ""
